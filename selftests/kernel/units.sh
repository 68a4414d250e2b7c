#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The units, started by systemd: what they are shut off from, and that they do their work
# all the same. A manager of root's own runs them: it treats services as PID 1 does, and is
# given PID 1's folders, but needs no machine that was booted by it.
# shellcheck disable=SC2317 # await calls them
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
command -v /lib/systemd/systemd >"$work/which" || skip_all "no systemd here"
pids=()
end() {
	systemctl --user --no-block exit 2>/dev/null
	{ kill -9 "${pids[@]}" && wait "${pids[@]}"; } 2>/dev/null
	rm -rf "$work"
}
trap end EXIT

# As installed. /tmp is none of the units' business (PrivateTmp)
prefix=/usr/local state=/var/lib/slotscope prom=/var/lib/prometheus/node-exporter/slotscope.prom
cp build/user/slotscope build/user/slotscope-vm $prefix/bin
mkdir -p "$work/units" "${prom%/*}" /run/systemd/system /sys/fs/cgroup/manager
for unit in metrics record; do
	sed "s,@PREFIX@,$prefix," user/slotscope-$unit.service.in >"$work/units/slotscope-$unit.service"
done
for target in basic default sysinit shutdown sockets timers paths; do
	printf '[Unit]\nDefaultDependencies=no\n' >"$work/units/$target.target"
done
echo +memory +pids +cpu >/sys/fs/cgroup/cgroup.subtree_control
export XDG_RUNTIME_DIR=/run XDG_CONFIG_HOME=/var/lib SYSTEMD_UNIT_PATH=$work/units
# shellcheck disable=SC2016 # for that shell
sh -c 'echo $$ >/sys/fs/cgroup/manager/cgroup.procs && exec /lib/systemd/systemd --user' >"$work/manager" 2>&1 &
pids+=("$!")
ctl() { systemctl --user --no-pager "$@"; }
await ctl show >"$work/show" 2>&1 || diag "$(cat "$work/manager" "$work/show")"

load_module
slotscope vm -m 32M --paused >"$work/vm" 2>&1 </dev/null &
mine=$!
# dac_override: for /dev/kvm, which is root's here
setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all,+dac_override \
	--ambient-caps=-all,+dac_override $prefix/bin/slotscope vm -m 32M --paused >"$work/vm2" 2>&1 </dev/null &
theirs=$!
pids+=("$mine" "$theirs")
await grep -q 'qmp @' "$work/vm"
await grep -q 'qmp @' "$work/vm2" || diag "$(cat "$work/vm2")"

# shut_in UNIT COMMAND... - what a command does with the settings of that unit; sets
# $status, 0 or 1, $out and $err
shut_in() {
	local unit=$1
	{
		sed -E '/^(Exec|Environment|Restart|RuntimeDir|StateDir|KillSignal|SuccessExit|\[Install|WantedBy)/d' \
			"$work/units/slotscope-$unit.service"
		printf '[Service]\nType=oneshot\nStandardOutput=truncate:/run/shut.out\nStandardError=truncate:/run/shut.err\n'
		printf 'ExecStart=%s\n' "${*:2}"
	} >"$work/units/shut.service"
	ctl daemon-reload
	status=0
	ctl start shut 2>"$work/started" || status=1
	out=$(cat /run/shut.out) err=$(cat /run/shut.err)
}
cat >/run/tries <<'END'
touch /usr/probe && echo /usr
touch /home/probe && echo /home
[ -e "$1" ] && echo /tmp
python3 -I -S -c '
import ctypes, mmap, socket
def tries(what, f):
    try:
        f()
        print(what)
    except OSError:
        pass
tries("inet", lambda: socket.socket(socket.AF_INET))
tries("write and execute", lambda: mmap.mmap(-1, 4096, prot=7))
libc = ctypes.CDLL(None, use_errno=True)
def mount():
    if libc.mount(b"x", b"/mnt", b"tmpfs", 0, None):
        raise OSError
tries("mount", mount)
tries("console", lambda: open("/dev/ttyS0", "rb", 0))
'
grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status | tr -s '\t\n' '  '
END
for unit in metrics record; do
	run bash /run/tries "$work/vm"
	like "$(xargs <<<"$out")" '^/usr /home /tmp inet write and execute mount console' "$unit: what can be done without" || diag "$out"
	umount /mnt 2>/dev/null
	rm -f /usr/probe /home/probe
	shut_in $unit /bin/bash /run/tries "$work/vm"
	is "$(xargs <<<"$out")" "NoNewPrivs: 1 Seccomp: 2" "$unit: none of it can be done there" ||
		diag "$status $out $err $(cat "$work/started")"
	# That of another user: what it takes to look into its process is kept
	for from in module bpf; do
		run slotscope slots --from $from --json --pid "$theirs"
		was="$status $(jq -cS .slots <<<"$out")"
		like "$was" '^0 .*"hva"' "slots --from $from"
		shut_in $unit $prefix/bin/slotscope slots --from $from --json --pid "$theirs"
		is "$status $(jq -cS .slots <<<"$out")" "$was" "$unit: the same from there" || diag "$err"
	done
done

# The recorder: VMs that were there, one that comes
told() {
	slotscope --json slots -i $state/flight.rec --vm "$1:" 2>/dev/null |
		jq -c 'select(.slots) | [.slots[] | [.as_id, .id, .gpa, .size, .hva, .hidden]] | sort'
}
held() {
	slotscope --json slots --pid "$1" --from bpf 2>/dev/null |
		jq -c 'select(.slots) | [.slots[] | [.as_id, .id, .gpa, .size, .hva, .hidden]] | sort'
}
is_told() { [ -n "$(told "$1")" ]; }
is_told_as_held() { [ "$(told "$1")" = "$(held "$1")" ]; }
run ctl start slotscope-record slotscope-metrics
is "$status$err" 0 "both are started"
for pid in $mine $theirs; do
	await is_told "$pid"
	is "$(told "$pid")" "$(held "$pid")" "recorded as KVM has it: $pid" || diag "$(ctl status slotscope-record)"
done
slotscope vm -m 48M --paused >"$work/vm3" 2>&1 </dev/null &
later=$!
pids+=("$later")
await grep -q 'qmp @' "$work/vm3"
await is_told_as_held $later
result $? "one that comes later, too" || diag "$(told $later)" "$(held $later)"
is "$(stat -c '%a %U' $state $state/flight.rec | xargs)" "700 root 600 root" "it is root's alone"

# The metrics: as told outside, but for what counts and what passes
of() { grep -E "^slotscope_vm_(slots|readable|verdict|info|memory)" "$1" | sort; }
all_there() { [ "$(grep -c '^slotscope_vm_info' "$prom")" = 3 ] && grep -q '^slotscope_watching{what="changes"} 1' "$prom"; }
await all_there || diag "$(ctl status slotscope-metrics)"
slotscope metrics >"$work/outside"
of $prom >"$work/of.unit"
of "$work/outside" >"$work/of.outside"
cmp "$work/of.unit" "$work/of.outside" >"$work/cmp"
result $? "metrics: of each VM as without a unit" || diag "$(diff "$work/of.unit" "$work/of.outside")"
is "$(stat -c %a $prom)" 644 "others may read them"
for unit in metrics record; do
	pid=$(ctl show -P MainPID slotscope-$unit)
	wanted=$(sed -n 's/^CapabilityBoundingSet=//p' "$work/units/slotscope-$unit.service" | tr ' ' '\n' | sort | xargs)
	is "$(capsh --decode="$(sed -n 's/^CapBnd:\s*//p' "/proc/$pid/status")" | sed 's/.*=//; s/,/\n/g' |
		tr '[:lower:]' '[:upper:]' | sort | xargs)" "$wanted" "$unit: no other capability can come back"
done

run ctl stop slotscope-record slotscope-metrics
is "$status $(ctl show -P Result -P ExecMainStatus slotscope-record slotscope-metrics | xargs)" \
	"0 success 0 success 0" "both end well" || diag "$(ctl show slotscope-record slotscope-metrics | grep -E 'Result|Status')"
[ -e $prom ]
is $? 1 "metrics: nothing that is old news is left"
run slotscope trace -i $state/flight.rec
is "$status" 0 "what was recorded is whole"
ctl start slotscope-record
await [ -e $state/flight.old.rec ]
result $? "started again it keeps what it had"
ctl stop slotscope-record

# By HTTP, as the unit says
mkdir "$work/units/slotscope-metrics.service.d"
sed -n 's/^# *\(\[Service\]\|ExecStart=.*\)$/\1/p' "$work/units/slotscope-metrics.service" \
	>"$work/units/slotscope-metrics.service.d/socket.conf"
is "$(grep -c ^ExecStart= "$work/units/slotscope-metrics.service.d/socket.conf")" 2 "how to answer HTTP is told"
ctl daemon-reload
ctl start slotscope-metrics
answers() { curl -s --max-time 60 --unix-socket /run/slotscope/metrics.sock http://x/metrics >"$work/http"; }
await answers
is "$(grep -c '^slotscope_vm_info' "$work/http")" 3 "it answers HTTP" || diag "$(ctl status slotscope-metrics)"
is "$(stat -c %a /run/slotscope/metrics.sock)" 775 "its group may connect"
ctl stop slotscope-metrics
[ -e /run/slotscope ]
is $? 1 "nothing is left of it"
done_testing
