#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Tables for scripts: columns that are chosen, and --raw; what they say is what JSON says.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
program=build/user/slotscope
fixture=selftests/fixtures/pc/pc-nodefaults
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

slots=("$program" slots -i "$fixture/ioctls.txt")
check=("$program" check --mtree "$fixture/mtree-Do.txt" --slots "$fixture/ioctls.txt")

# raw: a word a column, by its blanks
is "$("${slots[@]}" --raw | awk '{print NF}' | uniq)" 6 "slots --raw: as many words in each line"
is "$("${slots[@]}" --raw | sed 1d | awk '{print $1, $2, $4, $5}')" \
	"$("${slots[@]}" --json | jq -r '.slots[] | "\(.as_id) \(.id) \(.size) \(.hva)"')" \
	"... they say what --json says"
is "$("${slots[@]}" --raw | head -1)" "as slot gpa size hva flags" "... keys stand above"
is "$("${check[@]}" --raw | awk '{print NF}' | uniq)" 6 "check --raw: as many words in each line, blanks are escaped"
is "$("${check[@]}" --raw | sed 1d | awk '{print $1, $NF}')" \
	"$("${check[@]}" --json | jq -r '.rows[] | "\(.gpa) \(.size) \(.verdict)"' |
		while read -r gpa size verdict; do
			printf '%x-%x %s\n' "$gpa" $((gpa + size - 1)) "$verdict"
		done)" "... ranges and verdicts are those of --json"
"${check[@]}" --json >"$work/json"
wanted=$?
run "${check[@]}" --raw
is "$status" $wanted "... so is the exit status"

# columns, in the order in which they are named
is "$("${slots[@]}" --raw -o hva,slot)" "$("${slots[@]}" --raw | awk '{print $5, $2}')" "-o: these, in this order"
is "$("${slots[@]}" --raw --columns SLOT,Slot)" "$("${slots[@]}" --raw | awk 'NR == 1 {print "slot slot"; next} {print $2, $2}')" \
	"capitals will do; a column may come twice"
is "$("${check[@]}" --raw --columns verdict,range)" "$("${check[@]}" --raw | awk '{print $NF, $1}')" "check: --columns"
is "$("${check[@]}" --raw --columns range,verdict,range)" \
	"$("${check[@]}" --raw | awk '{print $1, $NF, $1}')" "check: a column may come twice, too"
is "$("${check[@]}" --raw --columns as | uniq)" "$(printf 'as\n0')" "a column that is not shown otherwise"
like "$("${check[@]}" --columns verdict | head -1)" '^VERDICT *$' "without --raw, too"
like "$("${check[@]}" --columns verdict)" '^mismatch' "... then all else is as it was"

# What there is: each key is taken, another is not; completion offers these
for command in list slots check top; do
	run "$program" $command --columns nothing
	is "$status" 3 "$command: a column that is none"
	like "${err//$'\n'/ }" 'column "nothing".*next: .*there are' "... is named, and what there is"
	keys=$(tr '\n' ' ' <<<"$err" | sed 's/.*there are //; s/,//g' | xargs)
	is "$("$program" complete -- $command --columns '' | grep -v ^: | cut -f1 | xargs)" "$keys" "$command: completion offers these"
	run "$program" $command --columns "${keys// /,}" --frobnicate
	like "$err" frobnicate "$command: each of them is taken"
	like "$("$program" $command --help | tr -s ' \n' ' ')" "these columns.*alone, with commas between: ${keys// /, }" \
		"$command: the help names them"
done
run "${slots[@]}" -o slot,gap
like "$err" 'did you mean gpa' "a mistyped one: the one that was meant"
run "${slots[@]}" -o ''
is "$status" 3 "an empty list is none"
run "$program" check --watch --raw --pid 1
like "${err//$'\n'/ }" 'which --watch does not +print' "--watch prints no table"
run "$program" slots --raw --details --pid 1
like "$err" 'one table' "--details are another table"

# A list without VMs has its head alone; a script sees that there is no row
if [ -w /dev/kvm ]; then
	"$program" vm -m 16M --paused --qmp "@tables-$$" 2>/dev/null &
	vmm=$!
	for ((i = 0; i < 600; i++)); do
		[[ $(readlink "/proc/$vmm/fd"/* 2>/dev/null) != *anon_inode:kvm-vm* ]] || break
		sleep 0.1
	done
	is "$("$program" list --raw -o pid,fd 2>/dev/null | grep -c "^$vmm ")" 1 "list --raw: a line a VM"
	is "$("$program" list --raw -o pid 2>/dev/null | grep -vxE '[0-9]+')" pid "... and nothing else"
	kill $vmm
	wait 2>/dev/null
else
	skip "list --raw" "no /dev/kvm here"
fi
done_testing
