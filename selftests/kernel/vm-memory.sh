#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Memory backends, NUMA nodes and DIMMs of slotscope vm: the guest's RAM is the file
# that was said, DIMMs come and go in KVM as in the model, and what cannot be had
# is said and leaves nothing behind.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"
load_module

# The program writes 'Z' to 1 MiB + 16 - 16: mov ax, 0xffff; mov ds, ax;
# mov byte [0x10], 'Z'; hlt
firmware "$work/bios" "b8ffff 8ed8 c60610005a f4"
file=memory-backend-file,id=f,size=8M,mem-path

# What the guest writes is in the file; one that was not there is made
start_vm --object $file="$work/ram",share=on -M pc,memory-backend=f --bios "$work/bios"
wait_for halted
is "$(dd if="$work/ram" bs=1 skip=$((1 << 20)) count=1 status=none)" Z \
	"a shared file holds what the guest wrote"
like "$(cat "$work/vm.err")" '-m 8M' "RAM is as large as its backend"
is "$(stat -c %s "$work/ram")" $((8 << 20)) "the file was made as large as wanted"
like "$(qmp 'hmp:info ramblock')" '^ +f +4 KiB' "its RAMBlock has the backend's name"
kill -TERM "$vm"
wait_vm
result "$([ -e "$work/ram" ]; echo $?)" "it stays once the VM has run"

# Not shared: the file keeps what it had
truncate -s 8M "$work/private"
start_vm --object $file="$work/private" -M pc,memory-backend=f --bios "$work/bios"
wait_for halted
is "$(dd if="$work/private" bs=1 skip=$((1 << 20)) count=1 status=none | od -An -tx1)" " 00" \
	"a private mapping leaves the file alone"
end_vm

# NUMA: the first MiB is node 0's, the next node 1's, at its first byte
start_vm --object memory-backend-ram,id=a,size=1M --object $file="$work/node1",share=on \
	--numa node,memdev=a --numa node,memdev=f --bios "$work/bios"
wait_for halted
is "$(dd if="$work/node1" bs=1 count=1 status=none)" Z "node 1 begins where node 0 ends"
like "$(qmp 'hmp:info mtree -f')" '0000000000100000-00000000008fffff .* ram\): f$' \
	"the view has node 1's region there"
end_vm

# DIMMs: the model's view has them and, by checking, so has KVM
in_view() { qmp 'hmp:info mtree -f' | grep -qE -e "$1"; }
start_vm -m 64M,slots=3,maxmem=1G --paused
wait_for qmp
is "$(qmp 'hmp:object_add memory-backend-ram,id=m0,size=128M' \
	'hmp:device_add pc-dimm,id=d0,memdev=m0' \
	'hmp:object_add memory-backend-memfd,id=m1,size=16M' \
	'hmp:device_add pc-dimm,id=d1,memdev=m1,addr=0x120000000,slot=2' | tr -d '\n')" "" \
	"two DIMMs are plugged"
in_view '0000000100000000-0000000107ffffff .* ram\): m0$'
result $? "the first begins at 4 GiB"
in_view '0000000120000000-0000000120ffffff .* ram\): m1$'
result $? "the second is where it was wanted"
run "$program" check --pid "$vm"
result "$status" "KVM has what the model has, with two DIMMs" || diag "$out$err"
like "$(qmp 'hmp:object_del m0')" 'm0": it is in use' "a plugged DIMM's memory stays"
like "$(qmp 'hmp:device_add pc-dimm,memdev=m0')" 'it is in use' "it cannot be plugged twice"
like "$(qmp 'hmp:device_add pc-dimm,memdev=zip')" 'no object' "nor can what is not there"
like "$(qmp 'hmp:device_add pc-dimm')" 'memdev= is missing' "nor nothing"
like "$(qmp 'hmp:device_add e1000')" 'pc-dimm is the only' "nor anything else"
like "$(qmp 'hmp:device_del zip')" 'none of that name' "no unplugging of nothing"
is "$(qmp 'hmp:device_del d0' 'hmp:object_del m0' | tr -d '\n')" "" "it is unplugged, and its memory freed"
in_view ' m0$'
is $? 1 "it is gone from the view"
run "$program" check --pid "$vm"
result "$status" "KVM has what the model has, after" || diag "$out$err"
is "$(qmp 'hmp:object_add memory-backend-ram,id=m0,size=32M' \
	'hmp:device_add pc-dimm,id=d0,memdev=m0' | tr -d '\n')" "" "another takes its place"
in_view '0000000100000000-0000000101ffffff .* ram\): m0$'
result $? "at its address"
fds() { find "/proc/$vm/fd" -type l | wc -l; }
before=$(fds) maps=$(wc -l <"/proc/$vm/maps")
for bad in size=0 size=1M,share=maybe size=1M,bogus=1 size=64P; do
	like "$(qmp "hmp:object_add memory-backend-memfd,id=x,$bad")" '^Error: ' "object_add $bad fails"
done
qmp 'hmp:object_add memory-backend-memfd,id=x,size=3M' \
	'hmp:device_add pc-dimm,id=dx,memdev=x,addr=0x100000000' >"$work/answers"
like "$(cat "$work/answers")" '"d0" is at' "no DIMM over another"
qmp 'hmp:object_del x' >"$work/null"
is "$(fds) $(wc -l <"/proc/$vm/maps")" "$before $maps" \
	"failures leave no descriptor and no mapping"
kill -TERM "$vm"
wait_vm
is "$status" 0 "it ends in order with DIMMs plugged"

# What cannot be had
truncate -s 4K "$work/short"
refused 'short.*it has 4096 bytes, and size=8388608' --object $file="$work/short"
is "$(stat -c %s "$work/short")" 4096 "the short file is as it was"
refused 'not a file' --object $file=/dev/null
refused 'No such file' --object $file=/nonexistent/ram
refused 'Invalid argument' --object $file="$work/new",policy=bind,host-nodes=63
: >"$work/empty"
refused 'pc.rom": the board has' --object memory-backend-ram,id=pc.rom,size=1M
refused 'Invalid argument' --object $file="$work/empty",policy=bind,host-nodes=63
is "$(stat -c %s "$work/empty")" 0 "an empty file is empty again"
result "$([ ! -e "$work/new" ]; echo $?)" "a file that was not there is gone again"
mkdir "$work/dir"
start_vm --object $file="$work/dir" -M pc,memory-backend=f --bios "$work/bios"
wait_for halted
result $? "of a directory comes a file without a name"
is "$(ls "$work/dir")" "" "which nobody sees"
end_vm
run bash -c 'ulimit -v 2000000; exec "$0" vm --object memory-backend-ram,id=a,size=8G,reserve=off' \
	"$program"
is "$status" 3 "no room for a backend: status 3"
like "$err" 'for a: Cannot allocate' "it names the backend"
if [ "$(id -u)" = 0 ]; then
	mkdir "$work/full"
	mount -t tmpfs -o size=1M none "$work/full"
	refused 'No space left' --object $file="$work/full/ram",share=on,prealloc=on
	is "$(ls "$work/full")" "" "a full file system has no file of ours"
	mount -o remount,ro "$work/full"
	refused 'Read-only file system' --object $file="$work/full/ram"
	umount "$work/full"
else
	skip "a full file system" "needs root to mount one"
fi

# Huge pages
huge=memory-backend-memfd,id=h,size=4M,hugetlb=on,hugetlbsize=2M
pages=/sys/kernel/mm/hugepages/hugepages-2048kB
if [ ! -d $pages ]; then
	skip "huge pages" "this kernel has none of 2 MiB"
elif [ "$(cat $pages/free_hugepages)" = 0 ]; then
	refused 'not 2 free huge pages of 2048 KiB' --object $huge
	refused 'no huge pages of 16384 KiB' \
		--object memory-backend-memfd,id=h,size=16M,hugetlb=on,hugetlbsize=16M
	if [ -d "/sys/module/9pnet" ] && echo 2 >$pages/nr_hugepages &&
		[ "$(cat $pages/free_hugepages)" = 2 ]; then
		start_vm --object $huge -M pc,memory-backend=h --bios "$work/bios"
		wait_for halted
		is "$(cat $pages/free_hugepages)" 1 "the guest's byte is on a huge page"
		like "$(qmp 'hmp:info ramblock')" ' h +2 MiB' "info ramblock says so"
		end_vm
		is "$(cat $pages/free_hugepages)" 2 "it is given back"
		echo 0 >$pages/nr_hugepages
	else
		skip "RAM on huge pages" "not in the lab, or no memory for them"
	fi
else
	skip "no huge pages" "this machine has some"
fi
done_testing
