#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A process that holds a VM and did not make it (a child that inherited the
# descriptor): what it has at the slots' host addresses is not the VM's memory.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh

# 10 is MADV_DONTFORK, which QEMU gives its RAM: the child has nothing there
python3 -c '
import ctypes, fcntl, mmap, os, signal, struct
kvm = os.open("/dev/kvm", os.O_RDWR)
vm = fcntl.ioctl(kvm, 0xae01, 0)
ram = mmap.mmap(-1, 1 << 20)
ram.madvise(10)
hva = ctypes.addressof(ctypes.c_char.from_buffer(ram))
fcntl.ioctl(vm, 0x4020ae46, struct.pack("IIQQQ", 0, 0, 0, 1 << 20, hva))
child = os.fork()
if child:
    print(child, flush=True)
signal.pause()' >"$work/child" &
vm=$!
await [ -s "$work/child" ]
child=$(cat "$work/child")
trap 'kill -9 $child; end_vm; rm -rf "$work"' EXIT

# look BY ARGS... - both processes, and what must hold of each
look() {
	local by=$1
	shift
	run slotscope --json check --no-model "$@" --pid $vm
	is "$status" 0 "$by: who made it: status 0"
	like "$(jq -r '.compared | join(" ")' <<<"$out")" kernel-backing \
		"$by: who made it: BACKING is compared"
	run slotscope --json check --no-model "$@" --pid "$child"
	is "$status $(ids mismatch)" "2 " "$by: who holds it: no mismatch, status 2"
	is "$(ids unknown | sort -u)" unread "$by: who holds it: BACKING is unread"
	like "$out" 'did not make it' "$by: who holds it: it says why"
}

for by in iterator module; do
	[ $by = iterator ] || load_module
	look $by
	look "$by, no trace" --no-trace
done
done_testing
