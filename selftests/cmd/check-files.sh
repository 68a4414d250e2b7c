#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# check on files: what a real QEMU printed and traced, as people paste it; and what
# must not be called agreement. No KVM and no root are needed.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
slotscope=build/user/slotscope
fixtures=selftests/fixtures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() { run $slotscope --json check "$@"; }
ids() { jq -r --arg kind "$1" '[.findings[] | select(.kind == $kind).id] | unique | join(" ")' <<<"$out"; }
verdict() { jq -r '.verdict' <<<"$out"; }
compared() { jq -r '.compared | join(" ")' <<<"$out"; }

pc=$fixtures/pc/pc-nodefaults
# The trees are of the reset
sed '/^#### snapshot/q' $pc/ioctls.txt >"$work/trace"
check --mtree $pc/mtree-Do.txt --slots "$work/trace"
is "$status $(verdict) $(compared)" "0 agree model-traced" "a QEMU's tree and its trace log: agree"
is "$(jq '[.rows[] | select(.verdict != "agree")] | length' <<<"$out")" 0 "in every range"
check --mtree $pc/mtree-Do.txt --mtree $pc/mtree-f.txt --slots "$work/trace"
is "$status $(jq '[.rows[] | select(.verdict != "agree")] | length' <<<"$out")" "0 0" "tree and flat views, two files: the same"
# The tree, to be drawn: what it says is QEMU's text
tree() { jq -r ".views.model.tree | $1" <<<"$out"; }
# 00000000000c0000-00000000000c3fff (prio 1, i/o): alias pam-pci @pci 00000000000c0000-...
is "$(tree '[.regions[] | select(.name == "pam-pci" and .enabled and .address == "0xc0000")][] | "\(.address) \(.size) \(.priority) \(.kind) \(.alias.name) \(.alias.offset)"')" \
	"0xc0000 0x4000 1 alias pci 0xc0000" "tree: an alias, as the text has it"
is "$(tree '[.regions[].id] == [range(.regions | length)]')" true "... each region has its place for an id"
is "$(tree '[.flat_views[] | select(.as_id == 0).ranges[] | select(.kind != "hole") | "\(.gpa) \(.name)"] | join(",")')" \
	"$(sed -n '/AS "memory"/,/^$/s/^  0*\([0-9a-f]*\)\([0-9a-f]\)-[0-9a-f]* ([^)]*): \([^@]*[^ @]\)\( @.*\)*$/0x\1\2 \3/p' $pc/mtree-f.txt |
		sed 's/ KVM$//' | paste -sd,)" "... the flat view is QEMU's"
is "$(tree '[.flat_views[].ranges[] | select(.kind != "hole" and .region == null)] | length')" 0 "... all that is seen is in the tree"
# shellcheck disable=SC2016  # jq's
is "$(tree '. as $t | [.flat_views[].ranges[] | select(.kind != "hole") | select($t.regions[.region].name != .name)] | length')" 0 \
	"... by its name"
is "$(tree '.flat_from')" vmm "... and is QEMU's own view"
cat $pc/mtree-Do.txt $pc/mtree-f.txt >"$work/both"
check --mtree "$work/both" --slots "$work/trace"
is "$status $(jq '[.rows[] | select(.verdict != "agree")] | length' <<<"$out")" "0 0" "both in one file: the same"
for machine in pc-3.5G pc-5G q35-128M; do
	sed '/^#### snapshot/q' $fixtures/pc/$machine/ioctls.txt >"$work/other"
	check --mtree $fixtures/pc/$machine/mtree-f.txt --slots "$work/other"
	is "$status $(ids mismatch)" "0 " "$machine: the flat views alone contradict nothing"
done

# The same requests as strace prints them
awk 'BEGIN { print "ioctl(8, KVM_CREATE_VM, 0) = 9" }
	/^kvm_set_user_memory/ {
		split($2, slot, "#"); split($3, flags, "="); split($4, gpa, "=")
		split($5, size, "="); split($6, ua, "=")
		printf "[pid 77] ioctl(9, KVM_SET_USER_MEMORY_REGION, {slot=%s, flags=%s, guest_phys_addr=%s, memory_size=%s, userspace_addr=%s}) = 0\n",
			slot[2], flags[2] == "0x2" ? "KVM_MEM_READONLY" : flags[2], gpa[2], size[2], ua[2]
	}' "$work/trace" >"$work/strace"
check --mtree $pc/mtree-Do.txt --slots "$work/strace"
is "$status $(verdict) $(compared)" "0 agree model-traced" "strace's output instead: agree"
check --mtree $pc/mtree-Do.txt --slots $fixtures/kvm-init-pc-72.strace.txt
is "$(compared)" "model-traced" "what strace printed of a whole start of QEMU is read"

# pasted WORDS SED - the same text as somebody has it
pasted() {
	sed "$2" $pc/mtree-Do.txt >"$work/pasted"
	sed "$2" "$work/trace" >"$work/trace-pasted"
	check --mtree "$work/pasted" --slots "$work/trace-pasted"
	is "$status $(verdict)" "0 agree" "$1: agree" || diag "$err $(head -3 "$work/pasted")"
}
pasted "quoted" 's/^/> /'
pasted "indented" 's/^/    /'
pasted "with CRLF" 's/$/\r/'
# shellcheck disable=SC2016  # no shell's
pasted "in a fence" '1i```
$a```'
{ echo '(qemu) info mtree -o -D'; cat $pc/mtree-Do.txt; echo '(qemu) '; } >"$work/prompt"
check --mtree "$work/prompt" --slots "$work/trace"
is "$status $(verdict)" "0 agree" "with the monitor's prompt: agree"
{ echo "QEMU 7.2.22 monitor - type 'help' for more information"; cat "$work/prompt"; } >"$work/banner"
check --mtree "$work/banner" --slots "$work/trace"
is "$status $(verdict)" "0 agree" "with the monitor's banner: agree"
jq -Rsc '{return: .}' $pc/mtree-Do.txt >"$work/qmp"
check --mtree "$work/qmp" --slots "$work/trace"
is "$status $(verdict)" "0 agree" "QMP's JSON: agree"
sed 's/ owner:{.*//; s/ orphan$//; s/ parent:{.*//' $pc/mtree-Do.txt | grep -v '\[disabled\]' >"$work/plain"
check --mtree "$work/plain" --slots "$work/trace"
is "$status $(ids mismatch)" "0 " "without -o and -D: nothing is contradicted"

# wrong WORDS ID SED - a trace log that does something else
wrong() {
	sed "$3" "$work/trace" >"$work/wrong"
	cmp -s "$work/trace" "$work/wrong" && diag "$3 changes nothing"
	check --mtree $pc/mtree-Do.txt --slots "$work/wrong"
	is "$status $(ids mismatch)" "1 $2" "$1" || diag "$(jq -r '.findings[].sentence' <<<"$out")"
}
last=$(grep -n kvm_set_user_memory "$work/trace" | tail -1 | cut -d: -f1)
wrong "a slot that is not made" missing "${last}d"
wrong "a slot that is read-only" flags "${last}s/flags=0x0/flags=0x2/"
wrong "a slot that nothing explains" extra \
	"${last}a kvm_set_user_memory Slot#99 flags=0x0 gpa=0x700000000 size=0x1000 ua=0x7f0000000000 ret=0"
wrong "a request that failed, and why" "ignored-failure missing" "${last}s/ret=0/ret=-17/"
like "$(jq -r '.findings[0].sentence' <<<"$out")" 'failed with EEXIST' "... is told"

# What is missing is not known, and is no agreement
sed 's/^kvm_slots_grow.*//' "$work/trace" >"$work/late"
run $slotscope check --mtree $pc/mtree-Do.txt --slots "$work/late"
like "$status $(tr '\n' ' ' <<<"$out")" '^0 .*TRACED .*began after the VM did' "a log that may have begun late has no history"
sed "${last}d; \$a..." "$work/trace" >"$work/elided"
check --mtree $pc/mtree-Do.txt --slots "$work/elided"
is "$status $(ids unknown)" "2 lost" "a log of which a part was left out: cannot tell"
head -c $(($(head -"$last" "$work/trace" | wc -c) - 8)) "$work/trace" >"$work/cut"
check --mtree $pc/mtree-Do.txt --slots "$work/cut"
is "$status $(ids unknown)" "2 lost" "a log that ends within a line: cannot tell"
awk '/^address-space: memory/ { at = NR } at && NR == at + 2 { print "    ..."; next } 1' $pc/mtree-Do.txt >"$work/left-out"
check --mtree "$work/left-out" --slots "$work/trace"
is "$status $(ids mismatch)" "2 " "a tree of which a line was left out: cannot tell, and nothing is contradicted" ||
	diag "$(jq -r '.findings[].sentence' <<<"$out")"
check --mtree $pc/mtree-Do.txt
is "$status $(ids unknown)" "2 unread" "a file alone: nothing is compared, which is no agreement"
cat >"$work/rights" <<'END'
address-space: memory
  0000000000000000-ffffffffffffffff (prio 0, RW): system
    0000000000000000-0000000007ffffff (prio 0, RW): alias ram-below-4g @pc.ram 0000000000000000-0000000007ffffff
    00000000000a0000-00000000000bffff (prio 1, RW): vga-lowmem

END
check --mtree "$work/rights" --slots "$work/trace"
is "$status $(jq '[.rows[] | select(.verdict == "agree")] | length' <<<"$out") $(ids mismatch)" "1 0 extent extra" \
	"a tree of rights alone: what is memory is not guessed; where nothing is, nothing is"
run $slotscope model mtree "$work/rights"
like "$out" 'prio 0, not known\): pc.ram$' "model mtree: an alias's target that is missing, of a kind that is not known"

# The flat view alone: which slots follow, for which pages, and why there is no mark
cat >"$work/flat" <<'END'
FlatView #0
 AS "memory", root: system
 Root memory region: system
  0000000000000000-000000000009ffff (prio 0, ram): board.ram KVM
  0000000080000000-0000000080007fff (prio 0, ramd): dev BAR KVM
  0000000080010040-00000000801fffff (prio 0, ramd): dev BAR @0000000000010040
  00000000fed00080-00000000fed00fff (prio 0, ram): small
  00000000fee00000-00000000fee00fff (prio 0, i/o): regs

END
check --mtree "$work/flat"
# of FIRST - the slots for pages of 4, 16 and 64 KiB
of() { jq -r --arg first "$1" '.forecast[] | select(.first == $first).slots | map(.gpa // "none") | join(" ")' <<<"$out"; }
is "$(of 0x0)" "0x0 0x0 0x0" "flat view alone: whole pages of every size"
is "$(of 0x80000000)" "0x80000000 0x80000000 none" "32 KiB: no slot where pages are of 64 KiB"
is "$(of 0x80010040)" "0x80011000 0x80014000 0x80020000" "a ragged begin is rounded up"
is "$(of 0xfed00080)" "none none none" "no whole page: no slot"
is "$(jq '.forecast | length' <<<"$out")" 4 "registers are not among them"
run $slotscope check --mtree "$work/flat"
like "$out" 'no mark: it asks for the exact range' "why a range that has a slot has no mark"
like "$out" 'no mark: it holds no whole page, so no slot' "why one without has none"
sed -n '/Root memory/,$p' "$work/flat" >"$work/headless"
check --mtree "$work/headless"
is "$(of 0x80010040)" "0x80011000 0x80014000 0x80020000" "from the root's line on: the same"
sed 's/ KVM/ kvm/; s/^FlatView.*/address-space (flat view): memory/; /^ AS/d; /^ Root/d' "$work/flat" >"$work/old"
check --mtree "$work/old"
is "$(jq -r '[.forecast[] | select(.marked).first] | join(" ")' <<<"$out")" "0x0 0x80000000" "heads of 2.9, marks of 4.1"

# What a VMM has written down
cat >"$work/model" <<'END'
{ "version": 1, "vmm": "a test",
  "ranges": [
    { "name": "ram", "gpa": "0x0", "size": "0x100000", "hva": "0x7f0000000000", "readonly": false },
    { "name": "rom", "gpa": "0xfffc0000", "size": "0x40000", "readonly": true } ],
  "unknown": [ { "gpa": "0x200000", "size": "0x1000", "why": "a balloon" } ] }
END
printf '0/0 0x0+0x100000 @0x7f0000000000\n0/1 0xfffc0000+0x40000 @0x7f0000200000 ro\n0/2 0x200000+0x1000 @0x7f0000300000\n' >"$work/slots"
check --model "$work/model" --slots "$work/slots"
is "$status $(verdict) $(compared)" "0 agree model-kernel" "--model: agree"
is "$(jq -r '[.rows[] | .verdict] | join(" ")' <<<"$out")" "agree not-compared agree" "... but for what it does not know"
sed 's/@0x7f0000000000/@0x7f0000001000/' "$work/slots" >"$work/hva"
check --model "$work/model" --slots "$work/hva"
is "$status $(ids mismatch)" "1 wrong-hva" "--model: another host address"
sed 's/"0x100000"/"0x100001"/; s/"0x0"/0/' "$work/model" >"$work/bad"
check --model "$work/bad" --slots "$work/slots"
like "$status $out" '^3 .*ranges.*gpa' "--model: names the member that is wrong"
sed '3s/,//' "$work/model" >"$work/bad"
check --model "$work/bad"
like "$status $out" "^3 .*$work/bad.*line 3" "--model: names file and line"
if command -v jsonschema >/dev/null; then
	run jsonschema -i "$work/model" Documentation/model.schema.json
	is "$status" 0 "--model: the schema has it" || diag "$out $err"
fi
is "$(jq -r '.properties.ranges.items.properties | keys | join(" ")' Documentation/model.schema.json)" \
	"as_id gpa guest_memfd hva id log_dirty name offset readonly shared size" "the schema names the members that are read"

# What is mapped
cat >"$work/maps" <<'END'
7f0000000000-7f0000080000 rw-p 00000000 00:00 0 
7f0000200000-7f0000240000 r--p 00000000 00:00 0 
7f0000300000-7f0000301000 rw-p 00000000 00:00 0 
END
check --model "$work/model" --slots "$work/slots" --maps "$work/maps"
is "$status $(ids mismatch)" "1 unbacked" "--maps: half of a slot has nothing under it"
sed '1s/0080000 /0100000 /' "$work/maps" >"$work/whole"
check --slots "$work/slots" --maps "$work/whole"
is "$status $(verdict)" "0 agree" "--maps: agree"
echo '00001000-00002000 rw-p 00000000 00:00 0' >"$work/others"
check --slots "$work/slots" --maps "$work/others"
is "$status $(ids mismatch)" "1 unbacked" "--maps of another process: nothing of any slot is mapped"
like "$(jq -r '.findings[0].sentence' <<<"$out")" 'memory map of another process' "... and that may be why"
sed '2s/00:00 0/00:01 77 \/memfd:x/' "$work/whole" >"$work/file"
check --slots "$work/slots" --maps "$work/file"
is "$status $(ids unknown)" "2 unread" "--maps: how far a file reaches it does not tell: cannot tell"
sed '2s/.*/.../' "$work/whole" >"$work/gap"
check --slots "$work/slots" --maps "$work/gap"
is "$status $(ids mismatch) $(ids unknown)" "2  unread" "--maps: behind what was left out nothing is known"

# refused WORDS REGEX ARGS... - status 3, with words
refused() {
	run $slotscope check "${@:3}"
	like "$status $(tr -s '\n ' ' ' <<<"$err")" "^3 .*$2" "$1" || diag "$out"
}
printf 'nothing\n' >"$work/nothing"
head -c 3000 /dev/urandom >"$work/noise"
: >"$work/empty"
for f in nothing noise empty none; do
	for option in mtree slots maps model; do
		{ [ "$f" = nothing ] || [ "$f" = noise ]; } && [ $option = mtree ] && continue
		refused "--$option of $f: an error that names the file" "$work/$f" --$option "$work/$f"
	done
done
refused "--mtree of what is none" 'line 1' --mtree "$work/nothing"
sed "${last}s/flags=0x0/flags=oh/" "$work/trace" >"$work/bad"
refused "--slots: names file and line of a request" "$work/bad: read line $last" --slots "$work/bad"
sed '2s/-7f/=7f/' "$work/maps" >"$work/bad"
refused "--maps: names file and line" "$work/bad: read line 2" --maps "$work/bad"
{ printf '$ cat /proc/1/maps\n\n' && cat "$work/bad"; } >"$work/prompt"
refused "--maps: the line as it is numbered in the file" "$work/prompt: read line 4" --maps "$work/prompt"
refused "a kind that is named twice: none is left out" "was named for the same before" --slots "$work/slots" --slots "$work/slots"
refused "two trees" 'read already' --mtree $pc/mtree-Do.txt --mtree $pc/mtree-Do.txt
refused "two models" "either --mtree's or --model's" --mtree $pc/mtree-Do.txt --model "$work/model"
refused "a page size that is none" 'power of 2' --page-size 5000 --mtree "$work/flat"
refused "--slots of a VM that runs" 'not looked at' --pid 1 --slots "$work/slots"
cat "$work/strace" <(sed '1s/= 9/= 10/; s/ioctl(9/ioctl(10/' "$work/strace") >"$work/two"
refused "several VMs in a log" 'name one: --vm 1' --slots "$work/two" --mtree $pc/mtree-Do.txt
check --vm 2 --slots "$work/two" --mtree $pc/mtree-Do.txt
is "$status $(verdict)" "0 agree" "--vm 2: the second of them"
# What is two things is not read as one
$slotscope slots -i "$work/trace" >"$work/table"
check --slots "$work/table" --mtree $pc/mtree-Do.txt
is "$status $(verdict)" "0 agree" "what slots -i prints is read"
cat "$work/table" "$work/table" >"$work/tables"
check --slots "$work/tables" --mtree $pc/mtree-Do.txt
is "$status" 3 "two tables in one text are refused"
like "$(jq -r .error.why <<<"$out")" 'a second table begins here' "... by that"
printf '0/3 0x0+0x1000 @0x7f0000000000 rw\n0/3 0x1000+0x1000 @0x7f0000001000 rw\n' >"$work/twice"
check --slots "$work/twice" --mtree $pc/mtree-Do.txt
is "$status $(jq -r .error.why <<<"$out")" "3 it stands there twice, at 0x0 and 0x1000" "a slot that stands there twice is refused"
sed -n '1,3p; 3p; 4,$p' "$work/table" >"$work/twice"
check --slots "$work/twice" --mtree $pc/mtree-Do.txt
like "$status $(jq -r .error.why <<<"$out")" '^3 it stands there twice' "... in a table, too"
model() { echo "$1" >"$work/model.json"; check --model "$work/model.json" --slots "$work/trace"; }
model '{"version": 1, "ranges": [{"gpa": "0x0", "size": "0x1000", "read_only": true}]}'
is "$status" 3 "a member of --model that is not known is refused"
like "$(jq -r .error.why <<<"$out")" 'read_only.*not known: did you mean "readonly"' "... and the one that was meant is named"
model '{"version": 1, "ranges": [], "rages": []}'
is "$status" 3 "... at the top, too"
model '{"version": 1, "ranges": [], "unknown": [{"gpa": "0x0", "size": "0x1000", "because": "x"}]}'
is "$status" 3 "... and in unknown"

# A recording without a VM: nothing is known of any, whoever asks
printf '100 ioctl(3, KVM_CREATE_VM, 0) = -1 ENOMEM (Cannot allocate memory)\n' >"$work/no-vm"
for command in 'addr 0x1000' why slots check trace; do
	# shellcheck disable=SC2086 # two words
	run $slotscope $command -i "$work/no-vm"
	is "$status" 2 "$command -i FILE without a VM: status 2"
done
done_testing
