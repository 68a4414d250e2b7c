#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Wherever the interrupt controllers are: the guest runs, its end is seen, and a
# reset begins it anew. With several vCPUs too.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"

passed='guest: firmware: passed: RAM holds'

# busy_ticks - how much CPU it takes in half a second, in ticks of 10 ms
busy_ticks() {
	local before after
	before=$(awk '{print $14 + $15}' "/proc/$vm/stat")
	sleep 0.5
	after=$(awk '{print $14 + $15}' "/proc/$vm/stat")
	echo $((after - before))
}

for mode in on split off; do
	for smp in 1 3; do
		what="kernel-irqchip=$mode, $smp vCPUs"
		run timeout 30 "$program" vm -M "pc,kernel-irqchip=$mode" -m 64M \
			--smp $smp --debugcon --exit-after-halt
		is "$status" 0 "$what: status 0"
		like "$out" "$passed" "$what: the firmware passes"
		like "$err" 'has halted, after 69 port and 1 memory exit$' \
			"$what: its end is seen"
		case $mode$smp in
		on*) unlike "$err" 'there is no|alone ever runs' "$what: nothing is missing" ;;
		split*) like "$err" 'there is no timer .* local APICs' "$what: it says what is missing" ;;
		off3) like "$err" 'vCPU 0 alone ever runs' "$what: it says who never runs" ;;
		off*) unlike "$err" 'alone ever runs' "$what: all there is runs" ;;
		esac
	done

	start_vm -M "pc,kernel-irqchip=$mode" -m 64M --smp 2 --debugcon
	wait_for halted
	is "$(busy_ticks | awk '{print ($1 < 10) ? "rests" : "busy " $1}')" rests \
		"$mode: halted, it takes no time"
	is "$(qmp system_reset)" "{}" "$mode: system_reset is answered"
	for _ in $(seq 100); do
		[ "$(grep -c halted "$work/vm.err")" = 2 ] && break
		sleep 0.05
	done
	is "$(grep -c halted "$work/vm.err")" 2 "$mode: it halts once more after a reset"
	is "$(grep -c "$passed" "$work/vm.out")" 2 "$mode: the firmware ran twice, and passed"
	qmp stop hmp:system_reset >"$work/answers"
	sleep 0.3
	is "$(grep -c "$passed" "$work/vm.out")" 2 "$mode: reset while paused, it stays paused"
	qmp cont >"$work/answers"
	for _ in $(seq 100); do
		[ "$(grep -c halted "$work/vm.err")" = 3 ] && break
		sleep 0.05
	done
	is "$(grep -c "$passed" "$work/vm.out")" 3 "$mode: and runs anew after cont"
	kill -TERM "$vm"
	wait_vm
	is "$status" 0 "$mode: it ends when told to"
done

# A guest that only waits for an interrupt has not ended: sti; hlt; jmp
firmware "$work/bios" "fb f4 ebfd"
start_vm -M pc -m 64M --bios "$work/bios"
sleep 1.5
unlike "$(cat "$work/vm.err")" halted "a guest that waits for an interrupt has not ended"
like "$(qmp query-status)" '"running"' "and runs"
kill -TERM "$vm"
wait_vm
is "$status" 0 "it ends when told to"

run timeout 60 "$program" vm --smp 16 --exit-after-halt
is "$status" 0 "16 vCPUs run, and their end is seen"
max=$(python3 -c 'import fcntl
print(fcntl.ioctl(open("/dev/kvm"), 0xae03, 66))') # KVM_CAP_MAX_VCPUS
if [ "$max" -lt 255 ]; then
	refused "takes $max at the most" --smp $((max + 1))
else
	skip "too many vCPUs" "this KVM takes $max, and --smp no more than 255"
fi
done_testing
