#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The ABI's structs: no holes, and the same layout for 32-bit and 64-bit callers.
# The offsets here are counted by hand from the members' sizes: whoever changes
# them breaks the programs that exist.
set -u
cd "$(dirname "$0")/../.." || exit 1

# Types alone are needed, so the headers of the 64-bit libc do for both
try() { # try NAME FLAGS...
	nr=$((nr + 1))
	name=$1
	shift
	if out=$(printf '%s\n' "$program" | gcc -fsyntax-only -Werror -Wpadded \
		-Iinclude/uapi "-I/usr/include/$(uname -m)-linux-gnu" "$@" \
		-x c - 2>&1); then
		echo "ok $nr $name"
	else
		echo "$out" | sed 's/^/# /'
		echo "not ok $nr $name"
		failed=1
	fi
}

program='
#include <stddef.h>
#include <slotscope.h>
#define AT(type, member, at) \
	_Static_assert(offsetof(struct type, member) == at, #member)
#define SIZE(type, size) _Static_assert(sizeof(struct type) == size, #type)
AT(slotscope_info, flags, 4);
AT(slotscope_info, major, 8);
AT(slotscope_info, minor, 12);
AT(slotscope_info, features, 16);
AT(slotscope_info, max_as, 24);
AT(slotscope_info, slot_size, 44);
SIZE(slotscope_info, 48);
AT(slotscope_as, generation, 0);
AT(slotscope_as, as_id, 8);
AT(slotscope_as, nr_copied, 20);
AT(slotscope_as, last_gpa, 24);
AT(slotscope_as, nr_dirty_logging, 32);
SIZE(slotscope_as, 40);
AT(slotscope_slot, gpa, 0);
AT(slotscope_slot, hva, 16);
AT(slotscope_slot, gmem_offset, 24);
AT(slotscope_slot, id, 32);
AT(slotscope_slot, flags, 44);
AT(slotscope_slot, gmem_ino, 48);
AT(slotscope_slot, gmem_minor, 60);
SIZE(slotscope_slot, 64);
AT(slotscope_snapshot, vm_fd, 8);
AT(slotscope_snapshot, as_addr, 16);
AT(slotscope_snapshot, slot_addr, 24);
AT(slotscope_snapshot, as_size, 32);
AT(slotscope_snapshot, slot_capacity, 44);
AT(slotscope_snapshot, nr_as, 48);
AT(slotscope_snapshot, nr_slots_copied, 60);
AT(slotscope_snapshot, end_ns, 72);
AT(slotscope_snapshot, nr_pages, 80);
AT(slotscope_snapshot, vm_type, 100);
AT(slotscope_snapshot, pid, 104);
AT(slotscope_snapshot, owner, 108);
AT(slotscope_snapshot, detail_addr, 112);
AT(slotscope_snapshot, detail_size, 120);
SIZE(slotscope_snapshot, 128);
AT(slotscope_mapping, gpa, 0);
AT(slotscope_mapping, hpa, 16);
AT(slotscope_mapping, flags, 32);
SIZE(slotscope_mapping, 40);
AT(slotscope_stage2, vm_fd, 8);
AT(slotscope_stage2, as_id, 12);
AT(slotscope_stage2, gpa, 16);
AT(slotscope_stage2, mapping_addr, 32);
AT(slotscope_stage2, mapping_size, 40);
AT(slotscope_stage2, nr_copied, 48);
AT(slotscope_stage2, next_gpa, 56);
AT(slotscope_stage2, end_ns, 80);
SIZE(slotscope_stage2, 88);
AT(slotscope_huge, nr_disallowed, 8);
SIZE(slotscope_huge, 12);
AT(slotscope_detail, nr_dirty, 8);
AT(slotscope_detail, nr_write_tracked, 16);
AT(slotscope_detail, huge, 24);
SIZE(slotscope_detail, 72);
AT(slotscope_member, built_offset, 48);
AT(slotscope_member, size, 60);
SIZE(slotscope_member, 64);
AT(slotscope_layout, member_addr, 16);
AT(slotscope_layout, nr_members, 32);
AT(slotscope_layout, error, 44);
SIZE(slotscope_layout, 48);
AT(slotscope_fault, id, 12);
AT(slotscope_fault, expected, 32);
SIZE(slotscope_fault, 40);
AT(slotscope_audit, fault_addr, 16);
AT(slotscope_audit, nr_faults, 32);
AT(slotscope_audit, end_ns, 56);
SIZE(slotscope_audit, 64);
AT(slotscope_vm, fd, 8);
AT(slotscope_vm, nr_pages, 24);
AT(slotscope_vm, vm_type, 44);
AT(slotscope_vm, comm, 48);
AT(slotscope_vm, user_bytes, 64);
SIZE(slotscope_vm, 72);
AT(slotscope_vms, vm_addr, 8);
AT(slotscope_vms, nr_records, 24);
SIZE(slotscope_vms, 40);
'

echo "TAP version 13"
if [ "$(uname -m)" != x86_64 ]; then
	echo "1..0 # SKIP only x86-64 has a 32-bit mode of gcc here"
	exit 4
fi
echo 1..2
nr=0 failed=0
try layout_64_bit -m64
try layout_32_bit -m32
exit $failed
