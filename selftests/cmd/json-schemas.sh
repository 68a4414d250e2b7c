#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What each command prints with --json is as Documentation/schema has it, in every mode
# that works on this machine; and Documentation/json.md names each member. Members that
# no schema has are refused there, so that none comes without being described.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
slotscope=build/user/slotscope
fixtures=selftests/fixtures
work=$(mktemp -d)
vm=
trap '[ -z "$vm" ] || kill $vm; rm -rf "$work"' EXIT

/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || skip_all "no python3-jsonschema"

# keeps NAME STATUSES COMMAND... - its output, and the notices among what it says
keeps() {
	local name=$1 statuses=$2 status
	shift 2
	timeout 60 "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	is "$(selftests/json-schema "$name" "$work/out" 2>&1)" "" "$name: ${*//$work\//}"
	like "$statuses" "\\b$status\\b" "... status $status"
	grep '^slotscope: \|^{' "$work/err" >"$work/notices" || return
	is "$(selftests/json-schema notice "$work/notices" 2>&1)" "" "... and notices are JSON"
}

# breaks NAME SED - what was printed last, changed, is seen to be wrong
breaks() {
	sed "$2" "$work/out" >"$work/broken"
	cmp -s "$work/out" "$work/broken" && diag "$2 changes nothing"
	selftests/json-schema "$1" "$work/broken" >/dev/null 2>&1
	is $? 1 "$1: $2 breaks it"
}

# Files
q35=$fixtures/mtree/q35-kvm-smm
pc=$fixtures/pc/pc-nodefaults
sed '/^#### snapshot/q' $pc/ioctls.txt >"$work/log"
sed 's/ret=0/ret=-17/' "$work/log" >"$work/failed"
printf '%s\n' '5000-6000 rw-p 00000000 00:00 0' >"$work/maps"
{
	echo '12 1.000000 ioctl(8, KVM_CREATE_VM, 0) = 9'
	for i in '1 0x0 0x100000 0' '2 0x80000 0x1000 -1 EEXIST (File exists)' '1 0x0 0 0'; do
		# shellcheck disable=SC2086
		set -- $i
		echo "12 1.00${1}000 ioctl(9, KVM_SET_USER_MEMORY_REGION, {slot=$1, flags=0, guest_phys_addr=$2, memory_size=$3, userspace_addr=0x7f0000000000}) = ${*:4} <0.000100>"
	done
} >"$work/strace"
keeps check "2" $slotscope check --json --mtree $q35/mtree-Do.txt
breaks check 's/"verdict":"unknown"/"verdict":"maybe"/'
breaks check 's/"places":/"palces":/'
breaks check 's/"address":"0x0"/"address":0/'
keeps check "2" $slotscope check --json --mtree $q35/mtree-f.txt
keeps check "2" $slotscope check --json --mtree $q35/mtree-Do.txt --mtree $q35/mtree-f.txt
keeps check "0" $slotscope check --json --mtree $pc/mtree-Do.txt --slots "$work/log"
keeps check "1" $slotscope check --json --mtree $pc/mtree-Do.txt --slots "$work/failed"
breaks check 's/"errno":"EEXIST"/"errno":true/'
keeps check "1" $slotscope check --json --mtree $pc/mtree-Do.txt --slots "$work/log" --maps "$work/maps"
keeps check "0 1 2" $slotscope check --json --slots "$work/strace" --maps "$work/maps"
keeps check "3" $slotscope check --json --mtree /nonexistent
breaks check 's/"why":/"reason":/'
keeps trace "0" $slotscope trace --json -i "$work/strace"
breaks trace 's/"errno":"EEXIST"//;s/,,/,/'
breaks trace 's/"as_id":0,"id"/"id"/'
breaks trace 's/"tid":[0-9]*/&,"mood":"bad"/'
breaks trace 's/"tid":[0-9]*/&,"tid":7/'
keeps trace-summary "0" $slotscope trace -c --json -i "$work/strace"
keeps slots "0" $slotscope slots --json -i "$work/strace"
keeps addr "0 2" $slotscope addr --json -i "$work/strace" 0x1000
keeps addr "0 2" $slotscope addr --json --mtree $q35/mtree-Do.txt 0xfee00000
keeps why "0 2" $slotscope why --json -i "$work/strace"
keeps diff "0 1 2" $slotscope diff --json "$work/strace" "$work/log"
keeps map "0 2" $slotscope map --json --mtree $q35/mtree-Do.txt
keeps map "0 1 2" $slotscope map --json --mtree $pc/mtree-Do.txt --slots "$work/failed" --maps "$work/maps"
keeps tree "0 2" $slotscope tree --json --mtree $q35/mtree-Do.txt
keeps mtree "0" $slotscope model mtree --json $q35/mtree-Do.txt
keeps mtree "0" $slotscope model mtree --json $q35/mtree-Do.txt --against $q35/mtree-f.txt
keeps mtree "1" $slotscope model mtree --json $q35/mtree-Do.txt --against $pc/mtree-f.txt
keeps replay "0" $slotscope model replay --json $fixtures/api-log/*.api.log
keeps hooks "0 2 3" $slotscope trace --json --dry-run --all
keeps explain "0" $slotscope explain --json
keeps learn "0" $slotscope learn --json
keeps learn "0" $slotscope learn --json 3
keeps learn "1" $slotscope learn --json 3 --check '0-fff pc.ram'
keeps learn "0" $slotscope learn --json 4 --check '0-6fff ram, 7000-7fff vga, 8000-9fff optrom, a000-dfff ram+a000, e000-11fff bios'
keeps learn "0" $slotscope learn --json 2 --start "$work/lesson"
keeps quiz "0" $slotscope quiz --json -n 20
keeps quiz "0" $slotscope quiz --json -n 20 --answers
keeps quiz "2" $slotscope quiz --json -n 2 -c
keeps doctor "0 2" $slotscope doctor --json
keeps list "0 2" $slotscope list --json
{ head -3 "$work/strace"; echo ...; } >"$work/cut"
$slotscope --json repro "$work/cut" >"$work/out" 2>"$work/err"
is "$? $(selftests/json-schema notice "$work/err")" "2 " "repro of a log that is not whole: the notice is JSON"
like "$(cat "$work/err")" 'the log is not whole' "... and says so"
is "$(grep -c notice "$work/out")" 0 "... and is not in the program"
$slotscope --json export --perfetto -i "$work/cut" >"$work/out" 2>"$work/err"
is "$? $(selftests/json-schema notice "$work/err")" "2 " "export likewise"
jq -e .traceEvents "$work/out" >/dev/null
result $? "... and what it writes is one JSON document"

# A made-up recording: what no kernel of this machine may tell
make -s -C selftests "$PWD/build/kernel/tools/recorded" >/dev/null
build/kernel/tools/recorded "$work/made"
keeps trace "0 1 2" $slotscope trace --json -i "$work/made"
keeps trace-summary "0 1 2" $slotscope trace -c --json -i "$work/made"
keeps check "0 1 2" $slotscope check --json -i "$work/made" --vm 1
keeps slots "0 1 2" $slotscope slots --json -i "$work/made"
keeps map "0 1 2" $slotscope map --json -i "$work/made" --vm 1
keeps why "0 1 2" $slotscope why --json -i "$work/made" --vm 1
keeps diff "0 1 2" $slotscope diff --json "$work/made" "$work/strace"

# A VM
if [ -w /dev/kvm ]; then
	own="$slotscope vm -m 64M --exit-after-halt"
	# shellcheck disable=SC2086
	{
		keeps vm "0" $slotscope vm --json -m 64M --exit-after-halt
		keeps vm "0" $slotscope vm --json --explain -m 64M --exit-after-halt
		keeps trace "0 2" $slotscope trace --json --stacks -- $own
		keeps trace-summary "0 2" $slotscope trace --json -c -- $own
		keeps check-watch "0 2" $slotscope check --json --watch -- $own
		$slotscope record -o "$work/rec" -- $own >"$work/out" 2>&1
		keeps check "0 2" $slotscope check --json -i "$work/rec"
		keeps slots "0" $slotscope slots --json -i "$work/rec"
		keeps trace "0 2" $slotscope trace --json -i "$work/rec"
	}
	$slotscope vm -m 64M >"$work/vm.out" 2>&1 </dev/null &
	vm=$!
	for ((i = 0; i < 600; i++)); do
		grep -q halted "$work/vm.out" && break
		sleep 0.1
	done
	keeps list "0 2" $slotscope list --json
	keeps top "0 1 2" $slotscope top --json -n 2 -d 0.1
	if [ "$(id -u)" = 0 ]; then
		keeps check "0 1 2 3" $slotscope check --json --pid $vm
		keeps check "0 1 2 3" $slotscope check --json --stage2 --no-trace --pid $vm
		keeps slots "0 2 3" $slotscope slots --json --details --pid $vm
		keeps slots "0 2 3" $slotscope slots --json --stage2 all --pid $vm
		keeps addr "0 2 3" $slotscope addr --json --pid $vm 0x1000
		keeps addr "0 2 3" $slotscope addr --json --pid $vm region:pc.ram
		keeps why "0 2 3" $slotscope why --json --pid $vm
		keeps map "0 1 2 3" $slotscope map --json --pid $vm
		keeps tree "0 1 2 3" $slotscope tree --json --pid $vm
	else
		skip "views of a VM" "not root"
	fi
	if command -v qemu-system-x86_64 >/dev/null && [ "$(id -u)" = 0 ]; then
		keeps check "0 1 2 3" $slotscope check --json -- \
			qemu-system-x86_64 -accel kvm -m 64 -display none -nodefaults \
			-qmp "unix:$work/qmp,server=on,wait=off"
	fi
else
	skip "commands on a VM" "no /dev/kvm"
fi

# Each member is described
selftests/json-schema --members >"$work/members"
undescribed=
while read -r schema member; do
	grep -qE "(^|[^\`]*)\`([^\`]*[^a-z_])?$member([^a-z_][^\`]*)?\`" Documentation/json.md ||
		undescribed="$undescribed $schema:$member"
done <"$work/members"
is "$undescribed" "" "Documentation/json.md names each member of the schemas"
for schema in Documentation/schema/*; do
	grep -qF "(schema/${schema##*/})" Documentation/json.md
	result $? "Documentation/json.md names ${schema##*/}"
done
done_testing
