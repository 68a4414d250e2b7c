#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What cannot be seen is not taken for absent: root without CAP_SYS_PTRACE, a VM of a
# child, a recording without the VM that is meant, and no KVM at all.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh

# shellcheck disable=SC2317  # run calls it
closed() { setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace "$@"; }

# said - the last error, in one line
said() { tr -s ' \n' ' ' <<<"$err"; }

# view NAME - its line in what doctor says: "ok", or "NO"
# shellcheck disable=SC2154  # run sets $out
view() { awk -v name="$1" '$2 == name { print $1 }' <<<"$out"; }
views() { echo "$(view MODEL) $(view TRACED) $(view KERNEL) $(view BACKING)"; }

sh -c 'slotscope vm -M pc -m 64M & wait' >/dev/null 2>&1 &
shell=$!
for ((i = 0; i < 600; i++)); do
	vm=$(pgrep -P $shell) && [ -n "$(find "/proc/$vm/fd" -lname '*kvm-vm' 2>/dev/null)" ] && break
	sleep 0.1
done

# May be looked into
run slotscope doctor
is "$status $(views)" "0 ok ok ok ok" "doctor: all views, status 0"
run slotscope list
is "$status" 0 "list: status 0"
is "$(awk -v vm="$vm" '$1 == vm { print $3 }' <<<"$out")" slotscope "list: the VM is there"

# May not
run closed slotscope list
is "$status" 2 "no CAP_SYS_PTRACE: list: status 2"
like "$out" 'could not be looked into: not permitted' "it says so"
like "$out" 'CAP_SYS_PTRACE' "it says what is lacking"
run closed slotscope --json list
is "$status $(jq -c '[.kvm, .processes_not_looked_into > 0]' <<<"$out")" "2 [true,true]" "in JSON too"
for command in check slots; do
	run closed slotscope $command --pid "$vm"
	is "$status" 3 "no CAP_SYS_PTRACE: $command: status 3"
	like "$(said)" 'not permitted' "it says so"
	unlike "$err" 'no descriptor' "it does not claim that there is none"
done
run closed slotscope trace --pid "$vm" --for 0.1
unlike "$err" 'no VM' "no CAP_SYS_PTRACE: trace: does not claim that there is none"
like "$out" 'stands 0/' "it traces it all the same"
run closed slotscope doctor
is "$status $(views)" "2 NO ok NO NO" "no CAP_SYS_PTRACE: doctor: all but TRACED lack it, status 2"
is "$(grep -c CAP_SYS_PTRACE <<<"$out")" 1 "the cause stands there once"
load_module
run slotscope doctor
is "$status $(views)" "0 ok ok ok ok" "with the module: all views"
like "$out" 'KERNEL +by the module' "KERNEL is the module's"
run closed slotscope doctor
is "$status $(views)" "2 NO ok NO NO" "no CAP_SYS_PTRACE, and the module: no KERNEL either"
rmmod slotscope

# A child's
for command in check slots trace; do
	args=()
	[ $command != trace ] || args=(--for 0.1)
	run slotscope $command --pid $shell "${args[@]}"
	like "$status" '^[23]$' "$command of a shell whose child has the VM: status 2 or 3"
	like "$(said)" "among what it started there is VM 1: process $vm" "it names the child"
	like "$(said)" "\-\-pid $vm" "it says what to type"
done

# A recording
slotscope record -o "$work/rec" --pid "$vm" --for 0.1
run slotscope trace -i "$work/rec"
is "$status" 0 "a recording with a VM: status 0"
for name in 2 nosuch "1:"; do
	run slotscope trace -i "$work/rec" --vm $name
	is "$status $out" "2 " "-i --vm $name, which is not in it: status 2"
	like "$(said)" "none is the one that is meant; there is VM 1: process $vm" "it names the one that is"
	run slotscope trace --json -i "$work/rec" --vm $name
	is "$status $(jq -r .error.code <<<"$out" 2>&1)" "2 2" "in JSON too"
done
run slotscope trace -i "$work/rec" --vm 1
is "$status" 0 "-i --vm 1, which is: status 0"
# The last record but the end one, of an event: its block ends with it
size=$(stat -c %s "$work/rec")
cp "$work/rec" "$work/bad"
printf '\x5a\xa5' | dd of="$work/bad" bs=1 seek=$((size - 116)) conv=notrunc status=none
run slotscope trace -i "$work/bad"
is "$status" 2 "a recording of which a byte is another: status 2"
like "$out" 'LOST 1 event: damaged' "it is damaged"
like "$err" 'the recording is damaged in 1 place' "it is said"
head -c $((size - 1)) "$work/rec" >"$work/cut"
run slotscope trace -i "$work/cut"
is "$status" 2 "the end is missing: status 2"
like "$out" 'LOST at least 1 event: cut' "it is cut"
run build/user/slotscope trace -i <(cat "$work/rec")
is "$status" 0 "a recording from a pipe: status 0"
kill "$vm"
wait $shell

# No KVM
modprobe -r kvm_amd kvm
run slotscope list
is "$status" 0 "no KVM: list: status 0, for there are none"
like "$out" 'KVM is not loaded' "it says why"
# shellcheck disable=SC2016 # backquotes are meant
like "$out" '`modprobe kvm_(amd|intel)`' "it says what to type"
run slotscope --json list
is "$(jq -c '[.kvm, .vms]' <<<"$out")" '[false,[]]' "in JSON too"
for command in check slots; do
	run slotscope $command --pid $$
	is "$status" 3 "no KVM: $command: status 3"
	like "$(said)" 'KVM is not loaded' "it says why"
done
run slotscope doctor
is "$status $(views)" "2 NO NO NO NO" "no KVM: doctor: no view, status 2"
is "$(grep -c 'KVM is not loaded' <<<"$out")" 1 "the cause stands there once"
# shellcheck disable=SC2016 # likewise
next=$(sed -n 's/.*`\(modprobe [^`]*\)`$/\1/p' <<<"$out")
run sh -c "$next"
is "$status $([ -e /dev/kvm ] && echo there)" "0 there" "what it says loads KVM"
done_testing
