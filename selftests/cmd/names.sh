#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Documentation/names.md: each name of the articles has its row, and what a row says is
# shown, is shown: its command is run, and prints that word.
# shellcheck disable=SC2016 # backquotes of Markdown
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
slotscope=$PWD/build/user/slotscope
page=Documentation/names.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

listed=$(grep -v '^#' Documentation/names.list | sed 's/^[AB] [a-z]* //')
rows=$(grep -E '^\| `[^`]+` \|' $page)
named=$(sed -E 's/^\| `([^`]+)` .*/\1/' <<<"$rows")
is "$(sort <<<"$named")" "$(sort <<<"$listed")" "each name of the list has one row, and no other has"
[ "$(wc -l <<<"$listed")" -ge 162 ]
result $? "(all of them)"
is "$(awk -F' \\| ' 'NF != 6' <<<"$rows")" "" "a row has six columns"
# What is nowhere in the newest says what became of it
is "$(awk -F' \\| ' '$4 ~ /^(none|gone)$/ && $5 == ""' <<<"$rows")" "" "what is gone says what became of it"
# Either it is shown, or it is said why not
is "$(grep -vE '\| (explain[^`]*: `[^`]+`|tree: `[^`]+`|not shown[ :].*) \|$' <<<"$rows")" "" \
	"the last column is a command and its word, or why there is none"
[ "$(grep -cE '\| (explain|tree)[^`]*: `' <<<"$rows")" -ge 100 ]
result $? "most are shown"

if [ ! -w /dev/kvm ]; then
	skip "what is shown" "there is no /dev/kvm"
	done_testing
fi
# show COMMAND - what it prints, each once, in one line without the breaks of the page
show() {
	local file=$work/${1//[^a-z0-9]/_}

	[ -e "$file" ] || case $1 in
	tree) timeout 120 "$slotscope" tree -M pc -m 5G </dev/null ;;
	*)
		# shellcheck disable=SC2086 # several words
		timeout 120 "$slotscope" vm -m 5G --exit-after-halt --explain ${1#explain} </dev/null ;;
	esac 2>/dev/null | tr -s ' \n' ' ' >"$file"
	cat "$file"
}
lacks=''
while IFS= read -r row; do
	# shellcheck disable=SC2016 # backquotes of Markdown
	[[ $row =~ \|\ ((explain|tree)[^\`]*):\ \`([^\`]+)\`\ \|$ ]] || continue
	grep -qF -e "${BASH_REMATCH[3]}" <<<"$(show "${BASH_REMATCH[1]}")" || lacks+="${BASH_REMATCH[1]}: ${BASH_REMATCH[3]}; "
done <<<"$rows"
is "$lacks" "" "each command prints its word"
unlike "$(show explain)" "no-such-word" "(and not every word)"
done_testing
