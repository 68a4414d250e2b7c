#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope learn N --check: right of what is right, and of everything else what it is:
# wrong, unfinished, or not to be judged, and why.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
slotscope=build/user/slotscope
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
solved=$work/solved
mkdir "$work/tmp" "$solved"
export TMPDIR=$work/tmp
for name in slot errno dirty; do
	selftests/course/solve $name >"$solved/$name.c" || exit 1
done

# The list, the lessons, what is there to begin with
run $slotscope learn
is "$(grep -cE '^[1-8]  [A-Z0-9]' <<<"$out")" 8 "learn lists eight lessons"
is "$($slotscope --json learn | jq length)" 8 "as JSON, too"
for n in 1 2 3 4 5 6 7 8; do
	run $slotscope learn $n
	like "$out" '^## Predict' "lesson $n says what to predict"
	like "$out" "^slotscope learn $n --check" "and how to ask if one is right"
	like "$out" '^## Read on' "and where to read on"
	unlike "$out" 'SPDX|<!--|\]\(' "and nothing that is not for its reader"
	[ "$status" = 0 ] || result 1 "lesson $n: status $status"
done
is "$($slotscope --json learn 3 | jq -r .title)" "$(sed -n 's/^# 3\. //p' Documentation/course/3-*.md)" \
	"a lesson as JSON has its title"
run $slotscope learn 2 --start "$work/two"
is "$status $(cmp "$work/two/slot.c" Documentation/course/start/slot.c && echo same)" "0 same" "--start copies its file"
echo mine >"$work/two/slot.c"
run $slotscope learn 2 --start "$work/two"
is "$status $(cat "$work/two/slot.c")" "3 mine" "and writes over nothing"
like "$err" 'name another folder' "... and says what to do"
run $slotscope learn 1 --start "$work/one"
is "$status" 3 "a lesson without a file says so"
for bad in '9' 'x' '--check' '1 word' '1 --check' '2 --start d --check x' '--start d'; do
	# shellcheck disable=SC2086 # several words
	run $slotscope learn $bad
	is "$status" 3 "learn $bad: status 3"
done

# checked N STATUS LIKE WORDS ANSWER... - what is said of an answer
checked() {
	local n=$1 wanted=$2 pattern=$3 words=$4
	shift 4
	run $slotscope learn "$n" --check "$@"
	is "$status" "$wanted" "lesson $n, $words: status $wanted" || diag "$out"
	like "$(tr '\n' ' ' <<<"$out" | tr -s ' ')" "$pattern" "and it says what it is"
}

# The Chinese index of names is the English one, row by row
rows() { sed -n 's/^\(| `[^|]*|[^|]*|[^|]*|[^|]*|\).*/\1/p' "$1"; }
is "$(rows Documentation/course/zh/names.md)" "$(rows Documentation/names.md)" "zh/names.md has the rows of names.md"
unlike "$(rows Documentation/names.md | wc -l)" '^0$' "and there are some"

# Ranges need nothing but thought
checked 3 0 '^right: .*next: slotscope learn 4' right '0-bfffffff pc.ram, 100000000-11fffffff pc.ram+c0000000'
checked 3 1 '^not yet: ' wrong '0-dfffffff pc.ram'
checked 4 0 '^right: ' 'right, in several words' 0-6fff ram, 7000-7fff vga, 8000-9fff optrom, \
	a000-dfff ram+a000, e000-11fff bios
checked 4 2 '^cannot judge it: ' 'not to be read' hello
checked 5 0 '^right: ' right 'del e0000-fffff, del 100000-7ffffff, add e0000-effff pc.bios+20000, add f0000-7ffffff pc.ram+f0000'
checked 5 2 '^cannot judge it: .*del FIRST' 'without what becomes of it' '0-fff pc.ram'
is "$(echo '0-dfffffff pc.ram' | $slotscope --json learn 3 --check - | jq -r .verdict)" wrong \
	"an answer by standard input, and JSON"

checked 2 2 'FILL_IN, the first in line [0-9]+' 'as it was begun' Documentation/course/start/slot.c
checked 2 2 '^cannot judge it: .*No such file' 'a file that is not there' "$work/none.c"
[ -w /dev/kvm ] || { skip "programs and VMs" "no /dev/kvm"; done_testing; }
echo 'int main(void) { return 0 }' >"$work/broken.c"
checked 2 1 'does not compile:.*error' 'what does not compile' "$work/broken.c"
echo 'int main(void) { return 0; }' >"$work/nothing.c"
checked 2 1 'made no VM' 'what makes no VM' "$work/nothing.c"
CC=$work/no-such-compiler checked 2 2 '^cannot judge it: .*compil' 'without a compiler' "$solved/slot.c"
if unshare -m true 2>/dev/null; then
	out=$(unshare -m sh -c 'mount -t tmpfs none /dev && exec "$@"' sh \
		$slotscope learn 2 --check "$solved/slot.c")
	is "$?" 2 "without /dev/kvm: status 2"
	like "$out" '^cannot judge it: .*/dev/kvm' "and it says so"
else
	skip "without /dev/kvm" "no right to mount"
fi

# What watches it is ours, not a mistake of its writer
sed 's/^#define PAGE/int ioctl(int, unsigned long, ...);\n&/' "$solved/slot.c" >"$work/declares.c"
checked 2 2 '^cannot judge it: .*declare none' 'what declares ioctl() itself' "$work/declares.c"

# wrong N FILE SED LIKE WORDS - a solution, made wrong
wrong() {
	sed -E "$3" "$solved/$2" >"$work/$2"
	if cmp -s "$solved/$2" "$work/$2"; then
		result 1 "$2, $5: the solution has no such line"
		return
	fi
	checked "$1" 1 "$4" "$5" "$work/$2"
}
checked 2 0 '^right: .*learn 3' right "$solved/slot.c"
wrong 2 slot.c 's/(set_slot\(vm, 1, )0x8000/\10x9000/' 'guest address 0x8000' 'the data elsewhere'
wrong 2 slot.c 's/^.*set_slot\(vm, 0.*//' 'guest address 0x1000' 'no code'
wrong 2 slot.c 's/(set_slot\(vm, 1.*)data_page/\1code_page/' 'does it have that number' 'the wrong page of ours'
wrong 2 slot.c 's/memory_size = PAGE/memory_size = 42/' 'EINVAL.*size' 'no whole page'
wrong 2 slot.c 's/ioctl\(vm, KVM_SET_USER/ioctl(vm + 100, KVM_SET_USER/' 'EBADF|three descriptors' 'the wrong descriptor'
wrong 2 slot.c 's/userspace_addr = \(unsigned long\)host/userspace_addr = guest/' 'userspace_addr.*the guest.s or this' 'an address of the guest'
wrong 2 slot.c 's/(set_slot\(vm, 0, 0x1000, )code_page/\1data_page/; s/(set_slot\(vm, 1, 0x8000, )data_page/\1code_page/' 'said nothing.*finds at 0x1000' 'the pages swapped'
wrong 2 slot.c 's/ioctl\(vm, KVM_CREATE_VCPU/ioctl(kvm, KVM_CREATE_VCPU/' 'three descriptors' 'a vCPU of KVM'
wrong 2 slot.c 's/printf\("the guest said.*/printf("the guest said 42\\n"+0*/' 'guest said 42: is data_page' 'an answer by heart'
wrong 2 slot.c 's/(data_page\[0\] = ).*/\16;/' 'guest said 7: is data_page' 'the second answer by heart'
checked 6 0 '^right: ' right "$solved/errno.c"
wrong 6 errno.c '/\/\* overlap \*\//,/;/d' '10 of 11.*Left: overlap' 'a rule is left out'
wrong 6 errno.c '/\/\* hva-changed \*\//,/\/\* overlap/d' 'Left: hva-changed, size-changed' 'three are'
checked 7 0 '^right: ' right "$solved/dirty.c"
wrong 7 dirty.c 's/KVM_MEM_LOG_DIRTY_PAGES/0/' 'logs no write' 'without the flag'
wrong 7 dirty.c 's/KVM_MEM_LOG_DIRTY_PAGES/KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY/' 'exit reason 6' 'a slot that is read-only'
wrong 7 dirty.c 's/\.slot = 1/.slot = 0/' 'which slot has the data' 'the log of another slot'
wrong 7 dirty.c 's/ioctl\(vm, KVM_GET_DIRTY/ioctl(0, KVM_GET_DIRTY/' 'three descriptors' 'the log of another descriptor'
wrong 7 dirty.c 's/^(\tprintf\("dirty:)"/\1 2 5 6"/; s/^\t\tif \(bitmap.*/\t\tif (0)/' '^not yet' 'an answer by heart'
wrong 7 dirty.c 's/atoi\(argv\[i\]\)/"\\2\\5\\6"[i - 1]/' 'pages 0 3 7' 'pages by heart'
tac "$solved/dirty.c" | sed '0,/fetch(vm, &bitmap);/d' | tac >"$work/once.c"
printf '\tprintf("dirty:\\n");\n\treturn 0;\n}\n' >>"$work/once.c"
checked 7 1 'told once' 'the second one made up' "$work/once.c"
is "$(ls "$TMPDIR")" "" "nothing is left behind"

# Of a VM
$slotscope vm -M pc,smm=off -m 5G --smp 2 --fault seed=1 >"$work/vm" 2>&1 &
vm=$!
await grep -q 'find it' "$work/vm"
fd() { find /proc/$vm/fd -lname "$1" -printf '%f\n' | sort -n | paste -sd,; }
kvm=$(fd /dev/kvm) its_vm=$(fd anon_inode:kvm-vm) vcpus=$(fd 'anon_inode:kvm-vcpu:*')
checked 1 0 '^right: ' right $vm "kvm=$kvm" "vm=$its_vm" "vcpu=$vcpus" "slots=$its_vm"
checked 1 1 'not all of them' 'one vCPU of two' $vm "kvm=$kvm" "vm=$its_vm" "vcpu=${vcpus%,*}" "slots=$its_vm"
checked 1 1 'which you call' 'turned round' $vm "kvm=$its_vm" "vm=$kvm" "vcpu=$vcpus" "slots=$its_vm"
checked 1 2 'no descriptor of KVM' 'a process that is no VMM' $$ kvm=3
checked 1 2 '^cannot judge it: ' 'no process' 999999999 kvm=3
unlike "$(cat "$work/vm")" 'skip-slot|unmap|refusal|wrong-hva|short-slot|read-only|late-delete' \
	"a VM with a fault to be found does not tell it"
checked 8 0 '^right: .*slotscope quiz' right $vm late-delete 100000000
checked 8 1 'it is not unmap' 'another kind' $vm unmap 140000000
checked 8 1 'nothing is wrong at' 'another place' $vm late-delete a0000
checked 8 2 'no VM of this lesson' 'another process' $$ unmap 0
kill $vm
wait $vm 2>/dev/null
$slotscope vm -M pc,smm=off -m 4G --fault seed=1 >"$work/vm" 2>&1 &
vm=$!
await grep -q 'find it' "$work/vm"
checked 8 2 'no VM of this lesson' 'a VM of another size' $vm skip-slot 100000000
kill $vm
wait $vm 2>/dev/null
# The faults are what they are called
for fault in wrong-hva:wrong-hva short-slot:extent read-only:flags late-delete:missing; do
	: >"$work/vm" # what the VM before said is not awaited
	$slotscope vm -M pc,smm=off -m 5G --fault ${fault%:*} >"$work/vm" 2>&1 &
	vm=$!
	await grep -q 'fault' "$work/vm"
	run $slotscope slots --pid $vm
	readable=$status
	run $slotscope --json check --no-trace --pid $vm
	kill $vm
	wait $vm 2>/dev/null
	if [ "$readable" != 0 ]; then
		skip "${fault%:*} is found" "KVM's slots cannot be read here"
		continue
	fi
	is "$(jq -r '[.findings[] | select(.kind == "mismatch").id] | join(" ")' <<<"$out")" \
		"${fault#*:}" "${fault%:*} is found as ${fault#*:}"
done
done_testing
