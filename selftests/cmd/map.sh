#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# map and tree on files of a real QEMU, and on what runs here: what they draw is what
# QEMU's own text says, and what could not be looked at is said.
# shellcheck disable=SC2016 # variables of jq
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
slotscope=$PWD/build/user/slotscope
fixtures=selftests/fixtures
work=$(mktemp -d)
trap 'kill $qemu 2>/dev/null; rm -rf "$work"' EXIT
qemu=''
unset COLUMNS
export LC_ALL=C.UTF-8

pc=$fixtures/pc/pc-nodefaults
sed '/^#### snapshot/q' $pc/ioctls.txt >"$work/trace"
both=(--mtree "$pc/mtree-Do.txt" --mtree "$pc/mtree-f.txt")
# First bytes of the flat ranges of "memory", as QEMU prints them
flat=$(sed -n '/AS "memory"/,/^$/s/^  0*\([0-9a-f]*[0-9a-f]\)-.*/\1/p' $pc/mtree-f.txt)
width() { wc -L <<<"$1"; }

run "$slotscope" map "${both[@]}" --slots "$work/trace"
is "$status" 0 "map of a tree, flat views and requests: status 0"
is "$err" "" "... without a word of error"
memory=$(sed -n '/^address space 0/,/^$/p' <<<"$out")
drawn=$(awk '{ print $1 }' <<<"$memory")
is "$(grep -vxF -e "$drawn" <<<"$flat")" "" "a line begins at each flat range of QEMU"
like "$(head -2 <<<"$memory" | tail -1)" "address +regions .*flat view +asked +verdict" "regions, flat view and requests are columns"
unlike "$(head -2 <<<"$memory" | tail -1)" "held|host|stage 2" "what no file tells is none"
is "$(sed -n 's/^not drawn: //p' <<<"$memory")" "held, host: it was not asked for
stage 2: no file tells of it" "... and is named, and a reason is told once"
# A lane in which nothing is, and one that nobody can fill
echo '0/0 0x0+0x1000 @0x7f0000000000' >"$work/slot"
echo '600000000000-600000001000 rw-p 00000000 00:00 0' >"$work/other"
run "$slotscope" map --slots "$work/slot" --maps "$work/other"
like "$out" '^not drawn: host: nothing is mapped' "memory that is not mapped is said to be so"
run "$slotscope" map "${both[@]}" --maps "$work/other"
like "$out" '^not drawn: host: no view' "without host addresses it cannot be told"
like "$memory" "⋮ nothing: " "a hole is a break"
[ "$(width "$out")" -le 100 ]
result $? "in a pipe no line is wider than 100"
for columns in 80 132 200; do
	got=$(COLUMNS=$columns "$slotscope" map "${both[@]}" --slots "$work/trace")
	[ "$(width "$got")" -le $columns ]
	result $? "COLUMNS=$columns: no line is wider"
done
for how in "env LC_ALL=C $slotscope map" "$slotscope map --ascii"; do
	got=$($how "${both[@]}" --slots "$work/trace")
	is "$(LC_ALL=C grep -c '[^ -~]' <<<"$got")" 0 "ASCII: ${how##*/}"
	like "$got" '\+ram-below-4g-* ' "... boxes are drawn all the same"
done

# The request for RAM above 1 MiB is taken out: nothing was asked for there
grep -v 'gpa=0x100000 ' "$work/trace" >"$work/less"
is "$(($(wc -l <"$work/trace") - $(wc -l <"$work/less")))" 1 "(one request is taken out)"
run "$slotscope" map "${both[@]}" --slots "$work/less"
is "$status" 1 "a request is missing: status 1"
like "$out" '^ *100000 .*! missing$' "... marked where it is"
like "$out" '^! missing: ' "... and told beneath"
unlike "$(grep -v '^ *100000 ' <<<"$out" | grep '! ' | grep -v '^! ')" . "... nothing else is"

run "$slotscope" map "${both[@]}" --gpa 0xc0000+128k
is "$(awk '$1 ~ /^[0-9a-f]+$/ { print $1 }' <<<"$(sed -n '/^address space 0/,/^$/p' <<<"$out")" | sed -n '1p;$p' | paste -sd' ')" \
	"c0000 dffff" "--gpa: from its first byte to its last"
run "$slotscope" map "${both[@]}" -s 0x900000000-0x900000fff
is "$status" 2 "nothing there: status 2"
like "$out" "nothing that was looked at is there" "... and said"
run "$slotscope" map "${both[@]}" --as 7
is "$status" 2 "an address space that is not there: status 2"

run "$slotscope" --json map "${both[@]}" --slots "$work/trace"
j() { jq -r "$1" <<<"$out"; }
is "$(j '[.address_spaces[0].lanes[] | select(.lane == "flat view").boxes[].gpa] | join("\n")')" \
	"0x${flat//$'\n'/$'\n'0x}" "--json: the flat view's boxes are QEMU's ranges"
is "$(j '[.address_spaces[0].lanes[] | select(.none).lane] | join(" ")')" "held stage 2 host" "... what is not there says why"
hex='def n: ltrimstr("0x") | explode | reduce .[] as $c (0; . * 16 + (if $c > 57 then $c - 87 else $c - 48 end));'
is "$(j "$hex [.address_spaces[0].scale as \$s | range(1; \$s | length) | select((\$s[.].gpa | n) != (\$s[. - 1].gpa | n) + (\$s[. - 1].size | n))] | length")" \
	0 "... pieces of the scale without a gap"
run "$slotscope" map --mtree $pc/mtree-f.txt
like "$out" "not drawn: regions: there is no text of the tree" "flat views alone: regions are not known"
for args in "" "--pid 1 --mtree x" "-i x --stage2" "--mtree x --at 1"; do
	# shellcheck disable=SC2086 # several words
	run "$slotscope" map $args
	is "$status" 3 "usage: map $args"
done
run "$slotscope" map --gpa hva:0x1000 --mtree $pc/mtree-f.txt
like "$status $err" "^3 .*no range of guest addresses" "--gpa of a host address is refused"

# tree
run "$slotscope" tree "${both[@]}"
is "$status" 0 "tree: status 0"
like "$out" '^    0-[0-9a-f]+ ram-below-4g: alias of pc\.ram\+0, ' "an alias, with what it shows"
# Each region of QEMU's tree of "memory" has its line
names=$(sed -n '/^address-space: memory$/,/^$/s/^ .*(prio [^)]*): //p' $pc/mtree-Do.txt |
	sed 's/^alias //; s/ \(owner\|parent\):{.*//; s/ \[disabled\]//; s/ @.*//' | sort -u)
lacks=$(while read -r name; do grep -qF " $name: " <<<"$out" || echo "$name"; done <<<"$names")
is "$lacks" "" "each region of the text has a line"
[ "$(wc -l <<<"$names")" -ge 10 ]
result $? "(there are enough of them)"
# What PAM has in front of RAM: by QEMU's rule a higher priority hides
like "$out" 'c0000-c3fff hidden by pam-[a-z]*: priority 1 is above 0' "what hides it, and why"
like "$out" '[0-9a-f]+-[0-9a-f]+ pam-[a-z]+: .*, disabled$' "what is disabled"
# A window of 16 KiB into "pci", of which QEMU's text has what lies elsewhere in it
is "$(grep -A1 '^    ec000-effff pam-pci: alias of pci' <<<"$out" | sed 's/^ *//' | tail -1)" \
	"outside of pam-pci, not seen: pc.rom, pc.bios" "what lies outside of an alias: its names, in one line"
unlike "$out" "no place" "... and no more of it"
like "$out" '^address spaces that KVM has no slots of: .*I/O' "address spaces that are left out are named"
unlike "$out" "not all is known" "QEMU's flat view bears it out"
# The same tree beside a flat view of another moment
sed 's/: pc\.rom\( @[0-9a-f]*\)\{0,1\}/: pc.mor\1/' $pc/mtree-f.txt >"$work/other"
run "$slotscope" tree --mtree $pc/mtree-Do.txt --mtree "$work/other"
like "$out" "not all is known" "... and where it does not, that is said"
run "$slotscope" tree --mtree $pc/mtree-f.txt
like "$status $err" "^2 .*no text of the tree" "flat views alone: there is no tree, status 2"
unlike "$out" . "... and nothing that looks like one"
run "$slotscope" --json tree "${both[@]}"
is "$(jq -r '.tree.regions[0].name' <<<"$out")" system "--json: check's Tree"
for args in "" "-m 1G" "--pid 1 -M pc"; do
	# shellcheck disable=SC2086 # several words
	run "$slotscope" tree $args
	is "$status" 3 "usage: tree $args"
done
run "$slotscope" tree --pid $$
like "$status $err" "^3 .*(monitor|QMP)" "a process without a monitor: an error, not an empty tree"

if [ -w /dev/kvm ]; then
	run timeout 120 "$slotscope" tree -M pc -m 5G
	is "$status" 0 "tree -M pc -m 5G: our own VMM"
	like "$out" '^    100000000-17fffffff ram-above-4g: alias of pc\.ram\+c0000000, 2 GiB of its 5 GiB' "... RAM above 4 GiB"
	like "$out" "slots: #|slots were not looked at: " "... its slots, or why not"
	run timeout 120 "$slotscope" map --no-trace --at 0 -- "$slotscope" vm --paused
	like "$out" "^address space 0" "map of a COMMAND"
	unlike "$status" 3 "... is no error"
else
	skip "our own VMM" "there is no /dev/kvm"
fi
if type qemu-system-x86_64 >/dev/null 2>&1; then
	qemu-system-x86_64 -M q35 -m 64 -display none -S -nodefaults -qmp "unix:$work/qmp,server=on,wait=off" &
	qemu=$!
	# shellcheck disable=SC2034 # counts
	for try in $(seq 600); do [ -S "$work/qmp" ] && break; sleep 0.1; done
	run timeout 120 "$slotscope" tree --pid $qemu
	is "$status" 0 "tree of a QEMU that runs without KVM"
	like "$out" '^    0-3ffffff ram-below-4g: alias of pc\.ram\+0, RAM, priority 0' "... has its RAM"
	like "$out" "slots were not looked at: the process has no VM of KVM" "... and no slots, which is said"
else
	skip "tree of a QEMU" "there is no qemu-system-x86_64"
fi
# A command that makes no VM, and one that is none
for command in map tree; do
	run "$slotscope" $command -- true
	is "$status $out" "2 " "$command -- true: no VM, status 2"
	run "$slotscope" $command -- "$work/nonesuch"
	is "$status $out" "3 " "$command -- what is not there: status 3"
done
done_testing
