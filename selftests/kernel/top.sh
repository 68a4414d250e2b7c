#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope top tells of each VM of the machine what is known to be so: slots, changes,
# refusals, vCPUs, verdict; of VMs that were there, and of those that come and go.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
# Each by its whole name: what a test names below build/ is built for it
rawvmm=$PWD/build/kernel/tools/rawvmm
vms=$PWD/build/kernel/tools/vms
refuse=$PWD/build/kernel/tools/refuse
stops=$PWD/build/kernel/tools/stops
pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT

said() { grep -qs "$2" "$work/$1"; }
# start NAME WORD COMMAND... - in the background, until it has said WORD; sets $pid
start() {
	local name=$1 word=$2
	shift 2
	"$@" >"$work/$name" 2>&1 < <(exec sleep 1000) &
	pid=$!
	pids+=("$pid")
	await said "$name" "$word" || diag "$name: $(cat "$work/$name")"
}
# row PID FILTER - of the last frame in $out
row() { tail -1 <<<"$out" | jq -r --argjson pid "$1" ".vms[] | select(.vm.tgid == \$pid) | $2"; }

run slotscope --json top -n 1
is "$status $(jq -c .vms <<<"$out")" "0 []" "no VM: nothing to be said against"

start good ready "$rawvmm" anon shared
good=$pid
start empty ready "$rawvmm"
empty=$pid
run slotscope --json top -b -n 2 -d 0.5
is "$(jq -s length <<<"$out")" 2 "two frames, two documents"
is "$(row "$good" '[.slots, .bytes, .changes, .failed, .lost, .verdict, .state] | join(" ")')" \
	"2 0x800000 0 0 0 agree empty" "one that was there: its slots, and nothing since"
is "$(row "$good" '.changes_per_second == 0') $(head -1 <<<"$out" | jq -c '[.vms[].changes_per_second]')" \
	"true [null,null]" "a rate takes two frames"
is "$(row "$empty" .verdict) $status" "not-compared 2" "of one without slots nothing is said to agree"
kill -9 "$empty"
wait "$empty" 2>/dev/null
run slotscope top -b -n 1
# Whether there is a note (hugepage) is up to where its memory came to lie
is "$status $(tail -1 <<<"$out" | awk '{ sub(",", "", $11); print $1, $2, $4, $5, $6, $8, $9, $11 }')" \
	"0 $good rawvmm empty 2 8M 0 0/0/0 agree" "the same as a line; all agree" || diag "$out"

# Those that come while it looks: their lives are known whole
: >"$work/frames"
slotscope --json top -d 0.3 >"$work/frames" 2>"$work/err" &
top=$!
pids+=("$top")
# settled - a frame that was begun after the first $lines has looked at all as it is; sets $out
settled() {
	[ "$(wc -l <"$work/frames")" -gt $((lines + 1)) ] || return
	out=$(tail -1 "$work/frames")
	jq -e '[.vms[] | .looked_ns != null and (.changed_since | not)] | all' <<<"$out" >/dev/null 2>&1
}
lines=-1
await settled
start vms made "$vms" 1000 3 5
vms=$pid
start refuse made "$refuse" retries
refuse=$pid
lines=$(wc -l <"$work/frames")
await settled
is "$(row "$vms" '[.slots, .changes, .failed, .verdict] | join(" ")' | paste -sd,)" \
	"3 3 0 agree,5 5 0 agree" "two VMs of a process, with so many changes each"
is "$(row "$vms" .vcpus | paste -sd,)" "null,null" "... whose vCPUs are of one or the other"
is "$(row "$refuse" '[.slots, .changes, .failed, .lost, .verdict] | join(" ")')" "1 3 1 0 agree" \
	"one that was refused: made, deleted, made; once in vain" || diag "$(cat "$work/err")"
kill -9 "$vms"
wait "$vms" 2>/dev/null
lines=$(wc -l <"$work/frames")
await settled
kill -INT "$top"
wait "$top"
is "$?" 0 "ends at SIGINT, and all agree"
is "$(row "$vms" .verdict)" "" "what has ended is not shown"

# vCPUs: one in the guest, one that waits for a page that nobody brings
start well runs "$stops" well
well=$pid
start uffd 'runs\|userfaultfd' "$stops" uffd
uffd=$pid
in_run() { grep -q '^16 .* 0xae80 ' "/proc/$1/syscall"; }
await in_run "$well"
asleep() { grep -q handle_userfault "/proc/$1/task/"*/stack; }
said uffd userfaultfd || await asleep "$uffd"
start file 'came back' "$stops" file
file=$pid
kill -STOP "$good"
stopped() { [ "$(awk '{ print $3 }' "/proc/$1/stat")" = T ]; }
await stopped "$good"
run slotscope --json top -b -n 1 -d 60
is "$(row "$well" '[.state, .vcpus.in_run, .vcpus.stuck, .verdict] | join(" ")')" "run 1 0 agree" \
	"a vCPU that goes on"
if said uffd userfaultfd; then
	skip "a vCPU that sleeps" "no userfaultfd here"
else
	is "$(row "$uffd" '[.state, .vcpus.stuck] | join(" ")')" "stuck 1" "a vCPU that sleeps" || diag "$out"
fi
is "$(row "$file" '[.vcpus.in_run, .vcpus.outside, .notes > 0] | join(" ")')" "0 1 true" \
	"a vCPU that came back: its VMM does not run it" || diag "$out"
is "$(row "$good" .state)" held "a process that is stopped"
kill -9 "${pids[@]}" 2>/dev/null
wait "${pids[@]}" 2>/dev/null

# A terminal is left as it was found, after the key and after a signal
cat >"$work/terminal.py" <<'PY'
import os, pty, select, signal, sys, termios, time
master, slave = pty.openpty()
found = termios.tcgetattr(slave)
pid = os.fork()
if not pid:
    os.setsid()
    for fd in 0, 1, 2:
        os.dup2(slave, fd)
    os.execvp("slotscope", ["slotscope", "top", "-d", "0.3"])
seen = b""
def until(word):
    global seen
    end = time.time() + 60
    while word not in seen and time.time() < end:
        if select.select([master], [], [], 0.1)[0]:
            seen += os.read(master, 4096)
until(b"VERDICT")
raw = not termios.tcgetattr(slave)[3] & (termios.ECHO | termios.ICANON)
if sys.argv[1] == "q":
    os.write(master, b"mq")
else:
    os.kill(pid, signal.SIGTERM)
until(b"\033[?1049l")
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(status, raw, b"\033[?1049h" in seen, seen.endswith(b"\033[?25h\033[?1049l"),
      termios.tcgetattr(slave) == found)
PY
for how in q TERM; do
	is "$(python3 "$work/terminal.py" "$how" 2>&1)" "0 True True True True" \
		"on a terminal, ended by $how: as it was found"
done
done_testing
