#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The fault suite: each finding there is, brought about on a VM that is up: by system
# calls that a real QEMU makes itself without knowing (tools/faultctl.c), by what
# happens below it, by the tests' module in KVM itself. It is found, by its name, where
# it is; what follows from it stands beneath it; nothing else is told; and it is gone
# with the fault. The table of all is in Documentation/faults.md.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
test_module=build/kmod-test/$(uname -r)/slotscope_test.ko
[ -e "$test_module" ] || skip_all "no $test_module"
load_module
insmod "$test_module" || exit 1
faultctl=$PWD/build/kernel/tools/faultctl
damage=$PWD/build/kernel/tools/damage
shim=$PWD/build/cmd/kvm-shim.so
file=/dev/shm/faults-ram
table=''
vm=
trap 'end_vm; rm -rf "$work" $file' EXIT

# At reset, paused: nothing moves but what we move. q35 has SMM, so two address spaces;
# its RAM is a file that others could have mapped
truncate -s 2048 "$work/rom"
qemu-system-x86_64 -accel kvm -M q35,memory-backend=pc.ram -m 64M -nodefaults -vga none \
	-S -display none -qmp "unix:$work/qmp,server=on,wait=off" \
	-object memory-backend-file,id=pc.ram,size=64M,mem-path=$file,share=on \
	-device "e1000,addr=3,romfile=$work/rom" \
	-chardev "file,id=bios,path=$work/bios" -device isa-debugcon,iobase=0x402,chardev=bios &
vm=$!
await [ -S "$work/qmp" ]

# Attached late, TRACED begins with what KERNEL holds: it is left out, to be fast
check() { run slotscope --json check --pid "$vm" --no-trace "$@"; }

# traced COMMAND... - the checker is there before, and stands still while COMMAND runs;
# then it checks
traced() {
	local checker report=$work/traced
	rm -f "$report"
	slotscope --json check --pid "$vm" --at 0 --at 3 --report "$report" 2>"$work/err" 8>&- &
	checker=$!
	await [ -s "$report" ] || diag "$(cat "$work/err")"
	kill -STOP $checker
	[ "$(wc -l <"$report")" = 1 ] || diag "too late: it has checked before"
	"$@"
	kill -CONT $checker
	wait $checker
	status=$?
	out=$(tail -1 "$report")
	err=$(cat "$work/err")
}

# Notes that are told besides, rightly (ids): of a VM without MODEL nobody says that its
# firmware is meant to be seen twice; and whoever makes a slot anew leaves a gap
standing=''
without_standing() {
	[ ! "$standing" ] || out=$(jq -c --arg ids "$standing" '($ids | split(" ")) as $ids |
		.findings |= map(select(.id as $id | $ids | index($id) | not))' <<<"$out")
}

# found ID BENEATH WHERE FAULT [ROOT] - what the last check found: ID, with BENEATH (ids)
# beneath it, and nothing else; or with it beneath ROOT, which is all there is by itself.
# WHERE is "AS_ID:GPA+SIZE" of each ID
found() {
	local root=${5:-$1} kind words="$1: $4"
	without_standing
	kind=$(kind_of "$root")
	# shellcheck disable=SC2086  # several words
	is "$status $(jq -r '[.findings[].id] | unique | join(" ")' <<<"$out")" \
		"${exit_of[$kind]} $(printf '%s\n' "$root" "$1" $2 | sort -u | xargs)" "$words"
	is "$(jq -r --arg root "$root" '.findings as $f | [$f[] |
		if .cause == null then "\(.id) \(.kind)" else select($f[.cause].id != $root) | "\(.id) elsewhere" end] |
		unique | join(" ")' <<<"$out")" "$root $kind" "$words: what else there is is beneath"
	is "$(jq -r --arg id "$1" '[.findings[] | select(.id == $id) |
		if .gpa then "\(.as_id):\(.gpa)+\(.size)" else "-" end] | unique | join(" ")' <<<"$out")" "$3" "$words: where"
	[ "$tap_failed" = "$failed_before" ] || diag "$(jq -c '.findings[]' <<<"$out")" "$err"
	failed_before=$tap_failed
	table+="| \`$1\` | $who | $4 | ${5:+beneath \`$5\`}${2:+\`${2// /\`, \`}\`} |"$'\n'
}
declare -A exit_of=([mismatch]=1 [note]=0 [unknown]=2)
failed_before=0

# kind_of ID - as its section in what explain prints begins
kind_of() {
	awk -v id="$1" '$0 == id { on = 1 } on && /^(A|Unknown)/ {
		print tolower($0 ~ /^A / ? $2 : $1); exit }' Documentation/findings.rst | tr -d ,.
}

# gone WORDS - the fault is undone: nothing is told
gone() {
	without_standing
	is "$status $(jq -r '[.findings[].id] | join(" ")' <<<"$out")" "0 " "$1: gone"
	[ "$tap_failed" = "$failed_before" ] || diag "$(jq -c '.findings[]' <<<"$out")" "$err"
	failed_before=$tap_failed
}

# inject WANTED WORDS... - what the call returns in QEMU
inject() {
	local got
	got=$("$faultctl" "$vm" "${@:2}" 2>&1)
	[ "$got" = "$1" ] || diag "faultctl ${*:2}: $got, not $1"
}

# range AS_ID GPA SIZE [...] - as findings have it
range() {
	local words=''
	while [ $# -gt 0 ]; do
		words+="${words:+ }$(printf '%d:0x%x+0x%x' "$1" "$2" "$3")"
		shift 3
	done
	echo "$words"
}

check
gone "whole"
whole=$out

# kernel AS_ID NAME - the largest slot there whose MODEL is NAME: "id gpa size hva"
kernel() {
	jq -r --argjson space "$1" --arg name "$2" '
		def hex: ltrimstr("0x") | explode | reduce .[] as $c (0; . * 16 +
			if $c > 96 then $c - 87 else $c - 48 end);
		[.rows[] | select(.as_id == $space and .model.name == $name)] |
		max_by(.size | hex) |
		[.kernel.id, .gpa, .size, .kernel.hva] | join(" ")' <<<"$whole"
}
read -r ram ram_gpa ram_size ram_hva <<<"$(kernel 0 pc.ram)"
read -r bios bios_gpa bios_size bios_hva <<<"$(kernel 0 pc.bios)"
read -r smm smm_gpa smm_size smm_hva <<<"$(kernel 1 pc.ram)"
diag "slots: 0/$ram at $ram_gpa+$ram_size, 0/$bios at $bios_gpa+$bios_size, 1/$smm at $smm_gpa+$smm_size"
free=400            # an id that QEMU does not have yet
nowhere=0x40000000  # where it has no RAM
who="QEMU, paused"

delete() { inject 0 region "$1" "$2" 0 0 0 0; }
put_ram() { inject 0 region 0 "$ram" "$ram_gpa" "$ram_size" "$ram_hva" 0; }

delete 0 "$ram"
check
found missing '' "$(range 0 "$ram_gpa" "$ram_size")" "the slot of RAM is deleted"

inject 0 region 0 "$ram" $nowhere "$ram_size" "$ram_hva" 0
check
found moved '' "$(range 0 "$ram_gpa" "$ram_size")" "the slot of RAM is made at another guest address"
delete 0 "$ram"

inject 0 region 0 "$ram" "$ram_gpa" "$ram_size" $((ram_hva - 0x1000)) 0
check
found wrong-hva '' "$(range 0 "$ram_gpa" "$ram_size")" "the slot of RAM is made on other host memory"
delete 0 "$ram"

inject 0 region 0 "$ram" "$ram_gpa" $((ram_size / 2)) "$ram_hva" 0
check
found extent '' "$(range 0 $((ram_gpa + ram_size / 2)) $((ram_size - ram_size / 2)))" \
	"half of a slot is missing"
delete 0 "$ram"

inject 0 region 0 "$ram" "$ram_gpa" "$ram_size" "$ram_hva" 2
check
found flags '' "$(range 0 "$ram_gpa" "$ram_size")" "the slot of RAM is made read-only"
delete 0 "$ram"
put_ram
check
gone "RAM put back"

delete 0 "$bios"
inject 0 region 0 "$bios" "$bios_gpa" "$bios_size" "$bios_hva" 0
check
found flags '' "$(range 0 "$bios_gpa" "$bios_size")" "the slot of ROM is made writable"
delete 0 "$bios"
inject 0 region 0 $free "$bios_gpa" "$bios_size" "$bios_hva" 2
check
gone "ROM under another number: MODEL knows none"
slotscope --json slots --pid $vm | jq -r --argjson free $free --argjson bios "$bios" \
	'.slots[] | "\(.as_id)/\(if .id == $free then $bios else .id end) \(.gpa)+\(.size) @\(.hva) " +
	(if .flags == "0x2" then "ro" else "" end)' >"$work/expected"
check --expect "$work/expected"
found slot-id '' "$(range 0 "$bios_gpa" "$bios_size")" "the slot of ROM has another number than a file says (--expect)"
delete 0 $free
inject 0 region 0 "$bios" "$bios_gpa" "$bios_size" "$bios_hva" 2
check --expect "$work/expected"
gone "slot-id"

own=$("$faultctl" "$vm" mmap 0 0x100000)
inject 0 region 0 $free $nowhere 0x100000 "$own" 0
check
found extra '' "$(range 0 $nowhere 0x100000)" "a slot is made where no RAM is meant"
inject 0 region 0 $free $nowhere 0 "$own" 0
inject 0 munmap "$own" 0x100000

# The second address space, which only SMM sees
delete 1 "$smm"
check
found missing '' "$(range 1 "$smm_gpa" "$smm_size")" "a slot of SMM's address space is deleted"
inject 0 region 1 "$smm" "$smm_gpa" "$smm_size" $((smm_hva + 0x1000)) 0
check
found wrong-hva perms "$(range 1 "$smm_gpa" "$smm_size")" \
	"a slot of SMM's is made a page further on, where its last page has no rights"
delete 1 "$smm"
inject 0 region 1 "$smm" "$smm_gpa" "$smm_size" "$smm_hva" 0
check
gone "all slots as they were"
read -r smm_bios _ _ smm_bios_hva <<<"$(kernel 1 pc.bios)"
grep -v "^1/.* $bios_gpa+" "$work/expected" >"$work/not-in-smm"
delete 1 "$smm_bios"
check --expect "$work/not-in-smm"
gone "ROM that is not to be seen in SMM"
delete 0 "$bios"
inject 0 region 1 $free "$bios_gpa" "$bios_size" "$bios_hva" 2
check --expect "$work/not-in-smm"
found as-id aliased "$(range 0 "$bios_gpa" "$bios_size")" \
	"the slot of ROM is made in the other address space than a file says (--expect)"
delete 1 $free
inject 0 region 1 "$smm_bios" "$bios_gpa" "$bios_size" "$smm_bios_hva" 2
inject 0 region 0 "$bios" "$bios_gpa" "$bios_size" "$bios_hva" 2
check
gone "as-id"

# Below the slots. A page of RAM is in both address spaces
page=$((ram_hva + 0x200000)) at=$((ram_gpa + 0x200000))
here=$(range 0 $at 0x1000 1 $at 0x1000)
for fd in /proc/"$vm"/fd/*; do
	[ "$(readlink "$fd")" = $file ] && fd_of_file=${fd##*/}
done
whole_page() { inject $page mmap-file $page 0x1000 shared "$fd_of_file" $at; }
truncate -s 32M $file
check
found unbacked '' "$(range 0 0x2000000 0x2000000 1 0x2000000 0x2000000)" "the file under RAM is truncated"
truncate -s 64M $file
check
gone "as long as before"
fallocate --punch-hole --offset 1M --length 8M $file
check
gone "a hole in the file is filled by whoever touches it"
inject 0 munmap $page 0x1000
check
found unbacked '' "$here" "a page under RAM is unmapped"
whole_page
inject 0 mprotect $page 0x1000 1
check
found perms '' "$here" "a page under RAM is made read-only"
inject 0 mprotect $page 0x1000 0
check
found perms '' "$here" "a page under RAM has no rights"
inject 0 mprotect $page 0x1000 3
inject $page mmap $page 0x1000
check
found wrong-backing '' "$here" "anonymous memory is mapped over a page of RAM"
inject $page mmap-file $page 0x1000 shared "$fd_of_file" $((at + 0x1000))
check
found wrong-backing aliased "$here" "another page of the file is mapped there"
inject $page mmap-file $page 0x1000 private "$fd_of_file" $at
check
found wrong-backing '' "$here" "a private copy of the page is mapped there"
whole_page
inject 0 mprotect "$bios_hva" 0x1000 1
check
gone "the page as it was, and a ROM that cannot be written"
inject 0 mprotect "$bios_hva" 0x1000 3

# KVM itself
who="QEMU, paused; the module of the tests"
old=$($damage "$vm" id-hash "$ram" 0)
check
found index '' "$(range 0 "$ram_gpa" "$ram_size")" "the slot of RAM is taken out of KVM's hash of numbers"
$damage "$vm" id-hash "$ram" "$old" >/dev/null
check
gone "index"

who="QEMU, paused; the module of the tests"
inject 0 hidden make
check
gone "KVM's own slots in nobody's way"
# shellcheck disable=SC2016  # $ is sed's
sed '$a 0/401 0xfffbc000+0x1000' "$work/expected" >"$work/in-the-way"
check --expect "$work/in-the-way"
found hidden '' "$(range 0 0xfffbc000 0x1000)" \
	"a slot of KVM's own is where a file says a slot is (--expect)" missing
inject 0 hidden drop
check
gone "hidden"

# What a guest could do, and does not: a BAR of 2 KiB, at an address within a page
who="QEMU, paused"
hmp "o /w 0xcf8 0x80001830" "o /w 0xcfc 0xfe000801" "o /w 0xcf8 0x80001804" "o /h 0xcfc 2"
check
found unaligned '' "$(range 0 0xfe000800 0x800 1 0xfe000800 0x800)" "an option ROM of 2 KiB is mapped within a page"
hmp "o /w 0xcf8 0x80001804" "o /h 0xcfc 0"
check
gone "unaligned"

# Watched from before
ignored() {
	delete 0 "$ram"
	inject -22 region 0 "$ram" "$ram_gpa" "$ram_size" $((ram_hva + 1)) 0
}
traced ignored
found ignored-failure missing "$(range 0 "$ram_gpa" "$ram_size")" "a request for RAM is refused, and QEMU goes on"
put_ram
retried() {
	ignored
	put_ram
}
traced retried
found refused gap "$(range 0 "$ram_gpa" "$ram_size")" "a request for RAM is refused, and made again as it should be"
remade() {
	delete 0 "$ram"
	put_ram
}
traced remade
found gap '' "$(range 0 "$ram_gpa" "$ram_size")" "the slot of RAM is deleted, and made again as it was"
cut() {
	$damage "$vm" requests 0 1 >/dev/null
	delete 0 "$ram"
	put_ram
}
who="QEMU, paused; the module of the tests"
traced cut
standing=gap
found answered extent "$(range 0 "$ram_gpa" "$ram_size")" "KVM makes the slot a page smaller, and says that it did as it was told"
standing=''
$damage "$vm" requests 0 0 >/dev/null
delete 0 "$ram"
put_ram
check
gone "all undone"

who="QEMU, paused"
mkfifo "$work/hold"
python3 -I -S -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.recv(10)
print("connected", flush=True)
sys.stdin.read()' "$work/qmp" <"$work/hold" >"$work/connected" &
holder=$!
exec 8>"$work/hold"
await [ -s "$work/connected" ]
check
standing=aliased
found unread '' - "somebody else has its monitor"
standing=''
exec 8>&-
wait $holder
check
gone "unread"

# With a guest that has run: KVM's page tables
who="QEMU, stopped after its firmware ran; the module of the tests"
hmp cont
await grep -q "No bootable device" "$work/bios"
hmp stop
check --stage2
gone "after the firmware ran"
for ((gfn = 0xf0; gfn < 0x100; gfn++)); do
	good=$($damage "$vm" spte "$gfn" 0)
	$damage "$vm" spte "$gfn" "$good" >/dev/null
	((good >> 11 & 1)) && break
done
$damage "$vm" spte $gfn $((good ^ 0x1000)) >/dev/null
check --stage2
found stage2 '' "$(range 0 $((gfn << 12)) 0x1000)" "an entry of KVM's page tables names another host page"
$damage "$vm" spte $gfn "$good" >/dev/null
check --stage2
gone "stage2"
end_vm

# A QEMU that dies; and one that does not, as soon as it has slots
who="QEMU; a library preloaded"
with_shim() {
	run slotscope --json check --no-model --at "$2" --report "$work/report" -- \
		env KVM_SHIM_MOVES="$1" LD_PRELOAD="$shim" qemu-system-x86_64 -accel kvm -M pc \
		-m 64M -nodefaults -vga none -S -display none
	out=$(tail -1 "$work/report")
}
standing="aliased gap"
with_shim 2 60
found fatal-refusal '' "$(range 0 "$bios_gpa" "$bios_size")" \
	"the host address of its second slot is one too high, and QEMU aborts"
for seconds in 1 8 50; do
	with_shim 0 $seconds
	like "$err" '^shim: ends' "the library is there, and does nothing"
	[[ $out == *"no slots in any view"* ]] || break
done
gone "fatal-refusal"
standing=''

# VMMs without a monitor
who="a small VMM"
build/kernel/tools/rawvmm window >"$work/raw" < <(sleep 1000) 2>&1 &
vm=$!
await grep -q ready "$work/raw"
check
found sparse '' "$(range 0 0 0x400000)" "a slot over address space in which two pieces of a file are mapped"
end_vm
: >"$work/raw" # what the VM before said is not awaited
build/kernel/tools/rawvmm anon >"$work/raw" < <(sleep 1000) 2>&1 &
vm=$!
await grep -q ready "$work/raw"
read -r hva size <<<"$(slotscope --json slots --pid "$vm" | jq -r '.slots[0] | "\(.hva) \(.size)"')"
delete 0 0
gpa=$((hva & 0x1fffff)) # where both page tables can have huge pages
inject 0 region 0 0 $gpa "$size" "$hva" 0
check
gone "sparse"
inject 0 region 0 1 $nowhere 0x10000 "$hva" 0
check
found aliased '' "$(range 0 $nowhere 0x10000)" "a second slot is made over a part of the first one's memory"
delete 0 1
check
gone "aliased"
delete 0 0
gpa=$((gpa + 0x1000))
inject 0 region 0 0 $gpa "$size" "$hva" 0
check
found hugepage '' "$(range 0 $gpa "$size")" "a slot's guest address has another remainder by 2 MiB than its host address"
end_vm

cat >"$work/model" <<'JSON'
{ "version": 1, "ranges": [
	{ "gpa": "0x0", "size": "0x10000", "name": "low" },
	{ "gpa": "0x20000", "size": "0x10000", "name": "high" } ] }
JSON
build/kernel/tools/stops nothing >"$work/stops" 2>&1 &
vm=$!
await grep -q "came back" "$work/stops"
check --model "$work/model"
found stopped '' "$(range 0 0x22000 0x1000)" "a vCPU reads where a file says memory is (--model), and there is no slot" missing
end_vm
build/kernel/tools/stops well >"$work/stops" 2>&1 &
vm=$!
await grep -q runs "$work/stops"
check --model "$work/model"
gone "stopped"
end_vm

build/kernel/tools/refuse floods <"$work/hold" >"$work/made" &
vm=$!
holder=$!
exec 8>"$work/hold"
flood() {
	exec 8>&-
	await [ -s "$work/made" ]
}
traced flood
found lost '' - "the tracer stands still while 40,000 requests are made"
run slotscope --json check --pid $vm
gone "lost"
end_vm

printf '%s' "$table" | LC_ALL=C sort | sed 's/^/# /'
is "$(printf '%s' "$table" | LC_ALL=C sort)" "$(grep '^| `' Documentation/faults.md)" \
	"Documentation/faults.md has the table of what was found"
done_testing
