#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The recording in Documentation/demo: an asciicast of version 2 as players take it, under
# a minute; what is typed in it is what selftests/demo/scenes types, in its order; and the
# README's fault is the one in it. kernel-6.12/demo-cast (check-long) runs the scenes again.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
cast=Documentation/demo/slotscope.cast
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

is "$(head -1 $cast | jq -c '[.version, .width]')" "[2,80]" "the header is one of version 2, 80 columns"
like "$(head -1 $cast | jq -r .title)" 'compressed' "it says that its times are"
is "$(sed 1d $cast | jq -s 'all(.[]; length == 3 and (.[0] | type) == "number" and .[1] == "o" and (.[2] | type) == "string")')" \
	true "each line is an event"
is "$(sed 1d $cast | jq -s 'map(.[0]) | . == sort and .[-1] < 60')" true "in order, and under a minute"
selftests/demo/make-cast --text $cast >"$work/text"
wide=$(awk 'length($0) > 80 && !/^@@/' "$work/text")
is "$wide" "" "nothing printed in it is wider than the screen"

# What is typed, with pids for variables
typed=$(sed -nE 's/^@@ ([^#].*)/\1/p' "$work/text" | sed -E 's/--pid [0-9]+/--pid PID/')
script=$(sed -nE 's/^type (.*)/\1/p' selftests/demo/scenes | sed -E 's/--pid "\$[a-z]+"/--pid PID/')
is "$typed" "$script" "what is typed is what the scenes type"
said=$(sed -nE 's/^@@ (# .*)/\1/p' "$work/text")
is "$said" "$(sed -nE 's/^say "(.*)"/# \1/p' selftests/demo/scenes)" "what is said, too"
while read -r _ command _; do
	build/user/slotscope "$command" --help >/dev/null 2>&1
	is $? 0 "there is a command $command"
done <<<"$typed"

# The README shows a part of it, word by word
sed -nE '/^    \$ slotscope check --pid/,/^[^ ]/p' README.md | sed -E 's/^    //; /^\$ /d; /^$/d; /^[^ ]*##/d' >"$work/readme"
is "$(grep -vxFf "$work/text" "$work/readme" | grep -v '^## ')" "" "the README's fault is in it"
like "$(wc -l <"$work/readme")" '^[1-9][0-9]' "... all of its lines"
done_testing
