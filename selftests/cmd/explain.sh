#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope explain: every finding has its story, of the right kind; the man page has
# the same.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
slotscope=build/user/slotscope
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run $slotscope --json explain
is "$status" 0 "explain: status 0"
printf '%s\n' "$out" >"$work/all"
none='' kind='' parts=''
while read -r id wanted; do
	got=$(jq -r --arg id "$id" '.[] | select(.id == $id).kind' "$work/all")
	[ -n "$got" ] || none+="$id "
	[ "$got" = "${wanted,,}" ] || kind+="$id: $got, not ${wanted,,}; "
done < <(sed -nE 's/^\t\[FINDING_[A-Z_0-9]+\] = \{ "([a-z0-9-]+)", FINDING_([A-Z]+) \},/\1 \2/p' user/check/finding.c)
is "$none" "" "each finding of the program has a story"
is "$kind" "" "of its kind"
for id in missing extra moved wrong-hva extent flags answered slot-id as-id ignored-failure unbacked perms \
	wrong-backing index stage2 refused fatal-refusal gap stopped unaligned aliased hugepage hidden lost unread sparse; do
	run $slotscope explain $id
	[ "$status" = 0 ] && grep -q '^How it comes about: ' <<<"$out" && grep -q '^Which it is: ' <<<"$out" &&
		[ "$(grep -c '^  ' <<<"$out")" -ge 1 ] || parts+="$id "
done
is "$parts" "" "each tells how it comes about, which cause it is, and has a drawing"
run $slotscope explain
is "$(grep -c '^[^ ]' <<<"$out")" "$(jq length "$work/all")" "without an ID: one after the other"
wide=$(for id in '' $(jq -r '.[].id' "$work/all"); do COLUMNS=80 $slotscope explain ${id:+"$id"} | grep -v '^  ' |
	awk 'length > 80'; done)
is "$wide" "" "no line is wider than the terminal"
is "$(COLUMNS=60 $slotscope quiz -s 7 -n 20 | grep -v '^ ' | awk 'length > 60')" "" "nor is one of a problem's words"
run $slotscope explain missing
unlike "$out" '::' "no mark of the source is printed"
is "$(head -1 <<<"$out")" missing "begins with its name"
run $slotscope explain no-such
like "$status $err" '^3 .*no such finding' "what there is none of: status 3"
# Words alone: the page is set anew
words() { tr -s ' \n' '\n' | grep -E '^[a-z]{4,}$'; }
make -s -C Documentation "$PWD/build/man/slotscope-explain.1" 2>/dev/null
lacks=$(comm -23 <($slotscope explain missing unread | words | sort -u) \
	<(man -l --nh --nj build/man/slotscope-explain.1 2>/dev/null | col -bx | words | sort -u))
is "$lacks" "" "the man page has the same words" || diag "$lacks"
done_testing
