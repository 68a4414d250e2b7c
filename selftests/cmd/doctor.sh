#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope doctor on this machine, whatever works here: an answer for each thing,
# and what there is to be typed stands in one piece.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
program=build/user/slotscope

run $program doctor
like "$status" '^[02]$' "status 0 or 2"
text=$out
is "$(awk '!/`/ && length > 99' <<<"$text")" "" "no line is 100 columns wide, but for commands"
# shellcheck disable=SC2016 # backquotes are meant
is "$(awk -F'`' 'NF % 2 == 0' <<<"$text")" "" "no command is broken over lines"
run $program --json doctor
like "$status" '^[02]$' "JSON: status 0 or 2"
is "$(jq -r '[.diagnoses[] | select(.what == "KVM" or .what == "module")] | length' <<<"$out")" 2 \
	"JSON: KVM and module are among what was tried"
is "$(jq -r '[.diagnoses[-4:][].what] | join(" ")' <<<"$out")" "MODEL TRACED KERNEL BACKING" \
	"JSON: the last four are the views"
is "$(jq -r '.works ==
	([.diagnoses[-4:][] | .works and (.how | contains("in part") | not)] | all)' <<<"$out") $status" \
	"true $(jq -r 'if .works then 0 else 2 end' <<<"$out")" "JSON: it works if they do, not in part alone, and so is the status"
# What a trace consists of, as far as there is one: what of that has a NO is named
is "$(jq -r '.diagnoses[] | select(.what == "TRACED").how | split("in part: without ")[1] // ""' <<<"$out")" \
	"$(jq -r 'if .diagnoses[] | select(.what == "TRACED").works then
		[.diagnoses[] | select(.what == ("requests", "changes", "creation", "destruction", "processes") and
			(.works | not)).what] | join(", ") else "" end' <<<"$out")" "TRACED says without what it can be had"
next=$(jq -r '.diagnoses[] | select(.what == "module") | .next // ""' <<<"$out")
if [ -e /dev/slotscope ] || [ "$(id -u)" != 0 ]; then
	skip "what loads the module" "it is loaded, or this is not root"
elif [ ! -e /proc/modules ]; then
	like "$next" 'loads no modules' "no module can be loaded: it says so"
else
	# shellcheck disable=SC2016 # likewise
	like "$next" '`[^`]+`' "one command loads the module, or gets what it is made of"
fi
# A class that this kernel cannot show takes nothing else with it
run $program trace --dry-run -- true
if [ "$status" -gt 2 ]; then
	skip "what BPF cannot show" "nothing can be traced here: $err"
else
	run $program trace --dry-run --events all -- true
	like "$status" '^[02]$' "all classes asked for: what can be traced is"
	run $program --json doctor
	is "$(jq '[.diagnoses[] | select(.what == "BPF" and .works == false)] | length' <<<"$out")" 0 \
		"doctor does not say NO to all of BPF, either"
fi
done_testing
