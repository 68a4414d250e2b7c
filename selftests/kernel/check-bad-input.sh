#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What can be missing or in the way: one clear message, the right exit status,
# and no partial verdict passed off as whole.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh

# shellcheck disable=SC2317  # run calls it
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

slotscope vm -M pc -m 64M >/dev/null 2>&1 &
vm=$!
sleep 1

# No module: the BPF iterator stands in
run slotscope --json check --pid $vm
is "$status" 0 "no module: the iterator reads KERNEL: status 0"
run slotscope slots --pid $vm --from module
is "$status" 3 "no module, but asked for: status 3"
# shellcheck disable=SC2016 # backquotes are meant
like "$err" '`insmod [^`]*`$' "it says what to do, in one piece"
# shellcheck disable=SC2016 # likewise
run sh -c "$(sed -n 's/.*`\(.*\)`$/\1/p' <<<"$err")"
is "$status $(find /dev/slotscope)" "0 /dev/slotscope" "what it says loads the module"
load_module

run slotscope check --pid $vm
is "$status" 0 "all there: status 0"
like "$out" 'MODEL.*TRACED.*KERNEL.*BACKING' "the table has its columns"
is "$(awk 'length > 99' <<<"$out")" "" "no line is 100 columns wide"

# Not a VMM, gone, a kernel thread, nobody's
run slotscope check --pid $$
is "$status" 3 "not a VMM: status 3"
like "$err" 'no VM|not a VMM|holds no' "it says so"
sleep 0 &
gone=$!
wait $gone
run slotscope check --pid $gone
is "$status" 3 "a pid that is gone: status 3"
like "$err" "$gone" "it names the pid"
run slotscope check --pid 2
is "$status" 3 "a kernel thread: status 3"

run as_nobody "$PWD/build/user/slotscope" check --pid $vm
is "$status" 3 "not root: status 3"
like "$err" '[Rr]oot|CAP_|permi' "it says what is lacking"
is "$out" "" "no verdict is printed"
run as_nobody "$PWD/build/user/slotscope" list
like "$status" '^[23]$' "list, not root: does not claim there are no VMs"

# No BTF: what needs it says so; the rest goes on, and is told to be less
mount -t tmpfs none /sys/kernel/btf
run slotscope --json check --pid $vm
is "$status" 2 "no BTF: status 2"
is "$(ids unknown)" unread "no BTF: TRACED is unread"
run slotscope --json check --pid $vm --no-trace
is "$status" 0 "no BTF, --no-trace: status 0"
run slotscope trace --pid $vm --for 0.1
is "$status" 3 "no BTF: trace fails"
like "$err" BTF "it names BTF"
umount /sys/kernel/btf

run slotscope list
is "$status" 0 "list: status 0"
rmmod slotscope
mount -t tmpfs none /sys/kernel/btf
run slotscope list
is "$status" 2 "no BTF, no module: list: status 2"
like "$out" 'slots of 1 could not be read: slotscope -v' "it says what it lacks"
umount /sys/kernel/btf
load_module

# No function can be hooked: requests are seen all the same, changes are not
sysctl -q kernel.ftrace_enabled=0
run slotscope trace --pid $vm --for 0.1
is "$status" 2 "no ftrace: trace: status 2"
like "$err" 'no changes can be seen.*doctor' "no ftrace: trace: says what is not seen"
sysctl -q kernel.ftrace_enabled=1

# A QMP socket that is closed, silent, or speaks nonsense
run slotscope --json check --pid $vm --qmp "$work/none"
is "$status" 2 "no such QMP socket: status 2"
is "$(ids unknown)" unread "no such QMP socket: unread"
for words in 'hello' '{"QMP": 1}' '{"QMP": {"version": {}, "capabilities": []}}' ''; do
	# Under its name only once it listens: whoever comes before is refused
	python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1] + ".new")
s.listen()
os.rename(sys.argv[1] + ".new", sys.argv[1])
c, _ = s.accept()
c.sendall(sys.argv[2].encode() + b"\r\n")
c.close()' "$work/nonsense" "$words" &
	server=$!
	await [ -S "$work/nonsense" ]
	run slotscope --json check --pid $vm --qmp "$work/nonsense"
	is "$status" 2 "QMP socket that says '$words': status 2"
	is "$(ids unknown)" unread "QMP socket that says '$words': unread"
	wait $server
	rm -f "$work/nonsense"
done
end_vm

# A disk that is full behind the recording: the error is of that, whatever failed
# before. 64 KiB are kept before they are written, so it takes many events
mkdir "$work/full"
mount -t tmpfs -o size=4k none "$work/full"
run slotscope check --no-model --at 3 --record "$work/full/rec" -- python3 -c '
import fcntl, os, struct, time
vm = fcntl.ioctl(os.open("/dev/kvm", os.O_RDWR), 0xae01, 0)
for i in range(400):
    fcntl.ioctl(vm, 0x4020ae46, struct.pack("IIQQQ", i, 0, i << 13, 4096, 1 << 32))
time.sleep(9)'
is "$status $out" "3 " "recording on a full disk: status 3, no verdict"
like "$err" "write recording $work/full/rec: No space" "recording on a full disk: it says so"
umount "$work/full"

# A process without a VM: nothing will come, and it says so
sleep 30 &
idle=$!
run slotscope trace --pid $idle --for 0.1
is "$status" 2 "trace: a process that made no VM: status 2"
like "$err" "process $idle has no VM yet" "trace: says that it has none"
like "$err" "made none meanwhile" "trace: says at the end that it made none"
kill $idle

# A SIGINT of the terminal goes to the command too, at whatever moment
for delay in 0.02 0.1 0.2 0.3 0.4 0.6; do
	run timeout -s INT $delay slotscope trace -- sleep 30
	unlike "$err" 'Broken pipe' "interrupted after $delay s: no broken pipe"
done

# The VMM vanishes while it is looked at: an error or a verdict, no crash
for delay in 0 0.02 0.05 0.1 0.2 0.3; do
	slotscope vm -M pc -m 64M >/dev/null 2>&1 &
	vm=$!
	sleep 0.5
	(sleep $delay; kill -9 $vm) &
	run slotscope --json check --pid $vm
	like "$status" '^[0123]$' "killed after $delay s: a status of ours"
	is "$(jq -r type <<<"$out" 2>&1)" object "killed after $delay s: the output is JSON"
	wait
done

# VMs that come and go while they are listed: none of them could not be read
python3 -c '
import fcntl, os, time
kvm = os.open("/dev/kvm", os.O_RDWR)
while True:
    vm = fcntl.ioctl(kvm, 0xae01, 0)
    time.sleep(0.004)
    os.close(vm)' &
vm=$!
sleep 0.5
statuses=
for ((i = 0; i < 20; i++)); do
	run slotscope list
	statuses+=$status
done
is "${statuses//0/}" "" "list: VMs that end meanwhile are left out"
end_vm

# No KVM
rmmod slotscope
modprobe -r kvm_amd kvm
run slotscope vm -M pc -m 64M
is "$status" 3 "no KVM: vm: status 3"
like "$err" '/dev/kvm' "it names /dev/kvm"
run slotscope doctor
is "$status" 2 "no KVM: doctor: status 2"
like "$out" 'NO +KVM' "doctor says so"
run slotscope list
is "$status" 0 "no KVM: list: no VMs"
done_testing
