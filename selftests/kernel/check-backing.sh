#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What lies under slots, of a real QEMU and of VMMs without a monitor: each thing
# that is not as it should be is found, by its name and alone, while it is so; and
# what is only unusual is no mismatch.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
load_module
faultctl=$PWD/build/kernel/tools/faultctl
rawvmm=$PWD/build/kernel/tools/rawvmm
vm=
trap 'end_vm; rm -rf "$work" /dev/shm/ram' EXIT

# qemu ARGS... - at reset, paused: nothing moves but what we move; sets $vm
qemu() {
	local i
	rm -f "$work/qmp"
	qemu-system-x86_64 -accel kvm -m 64M -nodefaults -vga none -S \
		-display none -qmp "unix:$work/qmp,server=on,wait=off" "$@" \
		2>"$work/qemu.err" &
	vm=$!
	await [ -S "$work/qmp" ] && return
	diag "QEMU $*: $(cat "$work/qemu.err")"
}

check() { run slotscope --json check --pid "$vm" --no-trace "$@"; }
# both STATUS MISMATCHES WORDS
both() {
	is "$status $(ids mismatch)" "$1 $2" "$3"
	is "$(ids unknown)" "" "$3: nothing unknown"
	[ "$status" != 3 ] || diag "$out $err"
}

# A file that QEMU shares with others
qemu -M pc,memory-backend=m -object \
	memory-backend-file,id=m,size=64M,mem-path=/dev/shm/ram,share=on
check
both 0 "" "shared file"
is "$(jq -r '[.rows[] | select(.model.name == "m").backing | .file_type, .reach,
	.page_size] | unique | join(" ")' <<<"$out")" "0x1000 0x4000000 regular" \
	"shared file: what it is, and how far it reaches"

truncate -s 32M /dev/shm/ram
check
both 1 unbacked "truncated under QEMU"
is "$(jq -r '.findings[] | select(.id == "unbacked" and .as_id == 0) | .gpa, .size' <<<"$out")" \
	"$(printf '0x2000000\n0x2000000')" "truncated under QEMU: what lies beyond its end"
truncate -s 64M /dev/shm/ram
check
both 0 "" "as long as before"
fallocate --punch-hole --offset 1M --length 8M /dev/shm/ram
check
both 0 "" "a hole in the file: whoever touches it fills it"

# page of RAM above 1 MiB, and QEMU's descriptor of the file
read -r gpa hva <<<"$(jq -r '.rows[] | select(.gpa == "0x100000") |
	[.gpa, .kernel.hva] | join(" ")' <<<"$out")"
page=$((hva + 0x200000)) at=$((gpa + 0x200000))
for fd in /proc/"$vm"/fd/*; do
	[ "$(readlink "$fd")" = /dev/shm/ram ] && file=${fd##*/}
done
inject() {
	local got
	got=$("$faultctl" "$vm" "$@" 2>&1)
	[ "$got" = "$page" ] || diag "faultctl $*: $got"
}
whole() { inject mmap-file $page 0x1000 shared "$file" $at; }
only_page() {
	both 1 wrong-backing "$1"
	is "$(jq -r '.findings[] | select(.id == "wrong-backing" and .as_id == 0) | .gpa, .size' <<<"$out")" \
		"$(printf '0x%x\n0x1000' $at)" "$1: that page, and no other"
	like "$(jq -r '.findings[].sentence' <<<"$out")" "$2" "$1: the sentence says what"
}
inject mmap $page 0x1000
check
only_page "an anonymous page in a shared file" "is anonymous memory"
inject mmap-file $page 0x1000 shared "$file" $((at + 0x1000))
check
only_page "another page of the file" "where it would be at"
inject mmap-file $page 0x1000 private "$file" $at
check
only_page "a private copy" "private.* shared"
whole
check
both 0 "" "the page as it was"
"$faultctl" "$vm" munmap $page 0x1000 >/dev/null
check
both 1 unbacked "a page unmapped"
whole
"$faultctl" "$vm" mprotect $page 0x1000 1 >/dev/null
check
both 1 perms "a page that cannot be written"
"$faultctl" "$vm" mprotect $page 0x1000 3 >/dev/null

# All of it private: nothing but QEMU's own word says that it is not to be
inject mmap-file $page 0x1000 shared "$file" $at
"$faultctl" "$vm" mmap-file $((hva - gpa)) 0x4000000 private "$file" 0 >/dev/null
check
both 1 wrong-backing "all of a shared file private"
end_vm
rm -f /dev/shm/ram

# What is healthy, and not everyday
healthy() { # healthy WORDS ARGS...
	local words=$1
	shift
	qemu "$@"
	check
	both 0 "" "$words"
	is "$(ids note)" "" "$words: no note"
	end_vm
}
share=memory-backend-file,id=m,size=64M,mem-path=/dev/shm/ram
healthy "a file that is not shared" -M pc,memory-backend=m -object $share,share=off
healthy "-mem-path" -M q35 -mem-path /dev/shm
healthy "memfd" -M q35,memory-backend=m -object memory-backend-memfd,id=m,size=64M
healthy "ivshmem" -M q35 -object $share,share=on -device ivshmem-plain,memdev=m
if echo 40 >/proc/sys/vm/nr_hugepages && [ "$(cat /proc/sys/vm/nr_hugepages)" = 40 ]; then
	qemu -M pc,memory-backend=m -object \
		memory-backend-memfd,id=m,size=64M,hugetlb=on,hugetlbsize=2M
	check
	both 0 "" "huge pages"
	is "$(jq -r '[.rows[] | select(.model.name == "m").backing.page_size] |
		unique | join(" ")' <<<"$out")" 0x200000 "huge pages: how large"
	end_vm
else
	skip "huge pages" "there is no memory for them"
fi
echo 0 >/proc/sys/vm/nr_hugepages

# VMMs that nobody can ask what they mean
raw() { # raw KIND... - sets $vm; false where KVM does not know them
	local i
	"$rawvmm" "$@" >"$work/raw" < <(sleep 1000) 2>&1 &
	vm=$!
	await [ -s "$work/raw" ]
	grep -q ready "$work/raw"
}
slots_of() { # slots_of FINDING - the slots that it is about
	jq -r --arg id "$1" '[.findings[] | select(.id == $id).slot_id] | unique |
		join(" ")' <<<"$out"
}
thp=/sys/kernel/mm/transparent_hugepage/enabled
echo never >$thp
raw anon window shared hole short patched uffd pfn || diag "$(cat "$work/raw")"
check --no-model
both 0 "" "without a MODEL"
is "$(slots_of sparse)" "1 3 4 5" "without a MODEL: a window, a hole, a file that ends, a patch are notes"
is "$(ids note)" sparse "without a MODEL: there are no others"
is "$(jq -r '[.rows[] | select(.kernel.id == (6, 7)).backing.vm_flags |
	join(" ")] | unique | join(", ")' <<<"$out" | sed 's/ d[de]//g')" \
	"pf io, um" "userfaultfd and memory without pages are told"
end_vm

if raw gmem gmem-nowhere gmem-private gmem-other gmem-anon gmem-closed; then
	for from in module bpf; do
		[ $from = module ] || rmmod slotscope
		check --no-model
		is "$status" 1 "guest_memfd, by $from: status"
		is "$(slots_of wrong-backing)" "3 4" \
			"guest_memfd, by $from: other bytes of it, other memory"
		is "$(slots_of unbacked)" 5 "guest_memfd, by $from: a closed one"
		is "$(ids unknown)$(ids note)" "" "guest_memfd, by $from: nothing else"
		run slotscope slots --pid "$vm" --from $from
		inode=$(awk '$5 > 0 && /kvm-gmem|guest_memfd/ { print $5 }' "/proc/$vm/maps" | tail -1)
		like "$out" "gmem-only +inode $inode\\+0x100000\$" "slots by $from: file and offset"
		like "$out" ' 0x0 rw,gmem,gmem-only ' "slots by $from: host address 0"
		like "$out" 'rw,gmem +inode' "slots by $from: private pages alone"
		like "$out" 'gmem-only closed$' "slots by $from: closed"
	done
	end_vm
	run slotscope trace -- "$rawvmm" gmem </dev/null
	like "$(tr -s '\n ' ' ' <<<"$out")" 'guest_memfd fd [0-9]+\+0x100000 = 0' "trace: what the request names"
	like "$(tr -s '\n ' ' ' <<<"$out")" 'gmem,gmem-only guest_memfd inode [0-9]+\+0x100000 gen' \
		"trace: what the change is of"
	start_vm -M pc -m 64M --guest-memfd
	run slotscope --json check --pid "$vm" --at 1.5 --resume
	end_vm
	both 0 "" "our own VMM with its RAM in a guest_memfd"
	is "$(jq -r '[.rows[] | select(.model.name == "pc.ram" and .as_id == 0) |
		.verdict, .kernel.flags] | unique | join(" ")' <<<"$out")" "0x20004 agree" \
		"our own VMM: what it has mapped is what the guest has"
else
	skip "guest_memfd" "this KVM has none that can be mapped"
fi

# One memory in two places, and where no huge page can be: notes, beside agreement
echo madvise >$thp
raw shared anon again crooked || diag "$(cat "$work/raw")"
check --no-model
both 0 "" "twice and crooked"
is "$(jq -r '.findings[] | [.id, .slot_id, .gpa, .other_gpa] | join(" ")' <<<"$out")" \
	"$(printf 'aliased 2 0x2000000 0x0\nhugepage 3 0x3000000 ')" \
	"twice and crooked: each is a note, and there is no other"
is "$(jq -r '[.rows[].verdict] | unique | join(" ")' <<<"$out")" agree "twice and crooked: all agree still"
echo never >$thp
check --no-model
is "$(ids note)" aliased "where the host has no huge pages none are lost"
end_vm
done_testing
