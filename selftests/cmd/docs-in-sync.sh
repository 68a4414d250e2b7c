#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Help text, man pages and completion name the same commands and options.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
program=build/user/slotscope
man=Documentation/man

# long options at the head of a line, "-x FILE, --long FILE" included
help_options() { grep -oE '^ +(-[A-Za-z]+( [A-Z]+)?, )?--[a-z0-9-]+' | grep -oE -e '--[a-z0-9-]+' | sort -u; }
man_options() { grep -oE '^(-[A-Za-z]+( [A-Z]+)?, )?--[a-z][a-z0-9-]*' "$1" | grep -oE -e '--[a-z0-9-]+' | sort -u; }
# in the main page, the common options; each command has those too
common=$(printf '%s\n' --help --json --verbose)
without_common() { grep -vxE -e '--(help|json|verbose)'; }

# help and version are told in the main page
commands=$($program --help | awk '/^  [a-z]+ +[a-z]/ {print $1}' | grep -vxE 'help|version')
in_man=$(grep -oE '^\*\*slotscope-[a-z]+' $man/slotscope.1.rst | sed 's/.*slotscope-//' | sort -u)
is "$(sort <<<"$commands")" "$in_man" "man slotscope lists the commands of --help"
in_completion=$($program complete -- '' | cut -f1 | grep -vxE 'help|version' | sort)
is "$in_completion" "$(sort <<<"$commands")" "completion knows the commands of --help"
is "$(man_options $man/slotscope.1.rst)" "$($program --help | help_options)" \
	"man slotscope has the options of --help"
# those that each command takes, and its help leaves to that of slotscope
everywhere=$($program --help | help_options | grep -vxE -e '--(help|json|verbose|version)')

for c in $commands; do
	help=$($program "$c" --help | help_options | without_common)
	page=$(man_options "$man/slotscope-$c.1.rst" | without_common)
	is "$page" "$help" "$c: the man page has the options of --help"
	words=$($program complete -- "$c" - | cut -f1 | without_common | sort -u)
	is "$words" "$(printf '%s\n' "$help" "$everywhere" | grep . | sort -u)" "$c: completion has the options of --help"
	all=$($program "$c" --help | help_options | grep -xE -e '--(help|json|verbose)')
	is "$all" "$common" "$c: --help names the common options"
	like "$($program "$c" --help | head -1)" "^usage: slotscope $c" "$c: --help begins with the usage"
	is "$($program help "$c")" "$($program "$c" --help)" "help $c prints the same"
	for columns in 50 80 100; do
		wide=$(COLUMNS=$columns $program "$c" --help |
			awk -v max=$((columns < 80 ? columns : 80)) 'length > max && !/^(usage:|       slotscope|      and) |^ +--[a-z-]+ [^ ]+$/')
		is "$wide" "" "$c: --help fits in $columns columns, and in 80"
	done
done

# The table of errno rules: their names and order are the code's
code=$(sed -nE 's/^\t\[RULE_[A-Z0-9_]+\] = \{ "([a-z0-9-]+)", in_.*/\1/p' user/check/rules_say.c)
# shellcheck disable=SC2016 # backquotes of Markdown
doc=$(sed -nE 's/^\| `([a-z0-9-]+)` \| E.*/\1/p' Documentation/errno-rules.md)
is "$doc" "$code" "errno-rules.md has the rules of rules_say.c, in order"

# Findings: each that there is is explained, and listed with the file that makes it
sources=$(cd user/check && echo ./*.c)
places=$(sed -n '/^### Which finding/,/^## /p' Documentation/design.md)
not_explained='' not_listed=''
while read -r id name; do
	grep -q "FINDING_$id,.*Not yet" include/slotscope/check.h && continue
	grep -qE "^([a-z-]+, )*$name(, [a-z-]+)*\$" $man/slotscope.1.rst || not_explained+="$name (man) "
	grep -q "^| \`id\` .*\`$name\`" Documentation/json.md || not_explained+="$name (JSON) "
	grep -q "^| .*\`$name\`.* | .*\.c\`" <<<"$places" || not_listed+="$name "
done < <(sed -nE 's/^\t\[FINDING_([A-Z_]+)\] = \{ "([a-z-]+)",.*/\1 \2/p' user/check/finding.c)
is "$not_explained" "" "slotscope(1) and json.md have all findings"
is "$not_listed" "" "design.md tells where each finding is made"
for f in $sources; do
	grep -qF "\`${f#./}\`" <<<"$places" || not_listed+="$f "
done
is "$not_listed" "" "design.md lists the files of user/check"
done_testing
