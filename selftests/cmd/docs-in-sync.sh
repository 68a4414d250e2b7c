#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Help text, man pages and completion name the same commands and options.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
program=build/user/slotscope
completion=Documentation/completion/slotscope.bash
man=Documentation/man

# long options at the head of a line, "-x FILE, --long FILE" included
help_options() { grep -oE '^ +(-[A-Za-z]+( [A-Z]+)?, )?--[a-z-]+' | grep -oE -e '--[a-z-]+' | sort -u; }
man_options() { grep -oE '^(-[A-Za-z]+( [A-Z]+)?, )?--[a-z][a-z-]*' "$1" | grep -oE -e '--[a-z-]+' | sort -u; }
# in the main page, the common options; each command has those too
common=$(printf '%s\n' --help --json --verbose)
without_common() { grep -vxE -e '--(help|json|verbose)'; }

commands=$($program --help | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}')
in_man=$(grep -oE '^\*\*slotscope-[a-z]+' $man/slotscope.1.rst | sed 's/.*slotscope-//' | sort -u)
is "$(sort <<<"$commands")" "$in_man" "man slotscope lists the commands of --help"
in_completion=$(sed -n "s/^\t'') words=\"\(.*\)--version.*/\1/p" $completion | tr ' ' '\n' | grep . | sort)
is "$in_completion" "$(sort <<<"$commands")" "completion knows the commands of --help"

for c in $commands; do
	help=$($program "$c" --help | help_options | without_common)
	page=$(man_options "$man/slotscope-$c.1.rst" | without_common)
	is "$page" "$help" "$c: the man page has the options of --help"
	words=$(grep -E "^	([a-z]+ \| )?$c( \| [a-z]+)?\) words=" $completion |
		grep -oE -e '--[a-z-]+' | without_common | sort -u)
	is "$words" "$help" "$c: completion has the options of --help"
	all=$($program "$c" --help | help_options | grep -xE -e '--(help|json|verbose)')
	is "$all" "$common" "$c: --help names the common options"
	like "$($program "$c" --help | head -1)" "^usage: slotscope $c" "$c: --help begins with the usage"
	wide=$($program "$c" --help | awk 'length > 80')
	is "$wide" "" "$c: --help fits in 80 columns"
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
