#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What depends on where output goes: as wide as the terminal, colours, the pager.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
program=build/user/slotscope
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset COLUMNS NO_COLOR PAGER SLOTSCOPE_PAGER LESS
export TERM=xterm

# Files whose views differ: the slot of the RAM above 1 MiB was never asked for
fixture=selftests/fixtures/pc/pc-nodefaults
sed '/^#### snapshot/q' $fixture/ioctls.txt | grep -v 'gpa=0x100000 ' >"$work/slots"
check=("$program" check --mtree "$fixture/mtree-Do.txt" --slots "$work/slots")
too_wide() { awk -v max="$1" 'length > max && !/ next: | next +/'; } # what is to be typed is not broken
escapes() { grep -c "$(printf '\033')\[3[0-9]m" || true; }

# As wide as where it goes
for columns in 80 100 132; do
	run env COLUMNS=$columns "${check[@]}"
	is "$(too_wide $columns <<<"$out")" "" "COLUMNS=$columns: check is not wider"
	shown=$(selftests/pty -l 1000 -w $columns -- "${check[@]}")
	is "$(tr -d '\r' <<<"$shown" | sed 's/\x1b\[[0-9]*m//g')" "$out" "a terminal of $columns columns: the same"
done
run "${check[@]}"
is "$(COLUMNS=100 "${check[@]}")" "$out" "a pipe: 100 columns"
is "$status" 1 "a mismatch: status 1"
is "$(COLUMNS=x "${check[@]}")" "$out" "COLUMNS that is no number says nothing"
narrow=$(COLUMNS=60 "${check[@]}" | sed '/^$/q')
wide=$(COLUMNS=60 "${check[@]}" --wide | sed '/^$/q')
like "$narrow" '\.\.\.' "what does not fit is cut, and that is shown"
unlike "$wide" '\.\.\.' "--wide: nothing is cut"

# Colours: on a terminal; NO_COLOR as no-color.org has it; options before it
plain=$("${check[@]}")
is "$(escapes <<<"$plain")" 0 "a pipe: no colours"
colored() { is "$("${@:3}" | escapes | sed 's/[1-9][0-9]*/some/')" "$1" "$2"; }
pty=(selftests/pty -l 1000 --)
colored some "a terminal: colours" "${pty[@]}" "${check[@]}"
colored 0 "NO_COLOR=1: none" env NO_COLOR=1 "${pty[@]}" "${check[@]}"
colored 0 "NO_COLOR=0: none" env NO_COLOR=0 "${pty[@]}" "${check[@]}"
colored some "NO_COLOR empty: as without" env NO_COLOR= "${pty[@]}" "${check[@]}"
colored 0 "TERM=dumb: none" env TERM=dumb "${pty[@]}" "${check[@]}"
colored 0 "TERM not set: none" env -u TERM "${pty[@]}" "${check[@]}"
colored some "--color=always in a pipe" "${check[@]}" --color=always
colored some "--color alone, too" "${check[@]}" --color
colored 0 "--color=never on a terminal" "${pty[@]}" "${check[@]}" --color=never
colored some "--color=always before NO_COLOR" env NO_COLOR=1 "${check[@]}" --color=always
colored some "doctor has colours" "$program" doctor --color=always
colored some "diff has colours" "$program" diff --color=always "$work/slots" "$work/slots"
colored 0 "--report's file is no terminal" "${pty[@]}" sh -c "${check[*]} --report $work/report; cat $work/report"
is "$("${check[@]}" --color=always | sed 's/\x1b\[[0-9]*m//g')" "$plain" "colours apart, the text is the same"
head=$("${check[@]}" --color=always)
like "$head" "$(printf '\033')\[31mmismatch" "the verdict is red"
like "$head" "^$(printf '\033')\[31mmissing" "so is a finding's name"
like "$head" "$(printf '\033')\[32magree" "a range that agrees is green"

# JSON, broken into lines: as jq has it
for command in 'explain missing' doctor "check --mtree "$fixture/mtree-Do.txt" --slots $work/slots" "trace -i $work/slots"; do
	# shellcheck disable=SC2086 # words
	"$program" --pretty $command >"$work/pretty"
	# of the same run: what doctor measures differs from one to the next
	is "$(md5sum <"$work/pretty")" "$(jq . "$work/pretty" | md5sum)" "--pretty $command: as jq"
	is "$(wc -l <"$work/pretty" | sed 's/^1$/one line/; s/^[0-9]*$/lines/')" lines "--pretty $command: in lines"
done

# The pager: where it is long and a terminal
seen() { printf '#!/bin/sh\necho "pager: $*"\ncat\n' >"$work/pager"; chmod +x "$work/pager"; }
seen
long=(selftests/pty -l 24 --) short=(selftests/pty -l 1000 --)
export PAGER=$work/pager
like "$("${long[@]}" "$program" help)" '^pager: ' "longer than the terminal: \$PAGER"
unlike "$("${short[@]}" "$program" help)" '^pager: ' "it fits: none"
is "$("${short[@]}" "$program" help)" "$("$program" help)" "... and nothing of it is lost"
unlike "$("$program" help)" '^pager: ' "a pipe: none"
unlike "$("${long[@]}" "$program" --no-pager help)" '^pager: ' "--no-pager: none"
unlike "$(SLOTSCOPE_PAGER="cat" "${long[@]}" "$program" help)" '^pager: ' "SLOTSCOPE_PAGER goes before PAGER; cat: none"
like "$(PAGER=/none SLOTSCOPE_PAGER="$work/pager -x" "${long[@]}" "$program" help)" '^pager: -x' "it may have options"
unlike "$(TERM=dumb "${long[@]}" "$program" help)" '^pager: ' "TERM=dumb: none"
long=(selftests/pty -l 10 --)
unlike "$("${long[@]}" "${check[@]}" --report "$work/report")" '^pager: ' "--report: none"
"${long[@]}" "${check[@]}" >"$work/shown"
is "$?" 1 "the exit status is check's, not the pager's"
like "$(cat "$work/shown")" '^pager: ' "check is paged"
like "$(cat "$work/shown")" "$(printf '\033')\[31m" "in the colours of a terminal"
printf '#!/bin/sh\nexit 0\n' >"$work/pager"
run "${long[@]}" "$program" help
is "$status $out" "0 " "who quits the pager has seen enough: no error"
unset PAGER
if command -v less >/dev/null; then
	selftests/pty -l 10 -s 'COMMAND' 'q' -- "$program" help >"$work/shown"
	is "$?" 0 "less, without a pager named: q ends it"
	unlike "$(cat "$work/shown")" 'Exit status' "... before all was shown"
fi
# Progress: on a terminal, once nothing came for a second; what is read is a pipe that waits
mkfifo "$work/fifo"
export program work fixture
# shellcheck disable=SC2016 # the inner shell's; a line from the terminal lets it go on
waits='exec 3<&0; { head -1 <&3 >/dev/null; cat $fixture/ioctls.txt; } >$work/fifo & $program repro "$@" $work/fifo'
repro=$("$program" repro $fixture/ioctls.txt | tail -n +3)
shown=$(selftests/pty -s 'reading events \.\.\. [0-9]+ s' '\r' -- sh -c "$waits" | sed 's/\r$//')
like "$shown" "reading events ... 1 s" "what takes a second is told"
like "$(cat -v <<<"$shown")" '\^M\^\[\[K/\* SPDX' "... and erased before anything else is printed"
is "$(sed -n '/^ \*\//,$p' <<<"$shown")" "$(sed -n '/^ \*\//,$p' <<<"$repro")" "... which is whole"
# Elsewhere there is none, however long it takes
# shellcheck disable=SC2016
slowly='{ sleep 1.5; cat $fixture/ioctls.txt; } >$work/fifo & $program "$@" repro $work/fifo'
unlike "$(selftests/pty -- sh -c "$slowly 2>$work/err"; cat "$work/err")" 'reading events' "standard error is no terminal: none"
unlike "$(selftests/pty -- sh -c "$slowly" sh --json)" 'reading events' "JSON: none"
unlike "$(TERM=dumb selftests/pty -- sh -c "$slowly")" 'reading events' "TERM=dumb: none"

# With the rights of another: no shell, no editor, no other program than less
cat >"$work/less" <<'END'
#!/bin/sh
echo "less: LESS=$LESS LESSSECURE=$LESSSECURE"
cat
END
seen
chmod +x "$work/less"
PATH=$work:$PATH
like "$(env -u SUDO_UID "${long[@]}" "$program" help)" '^less: LESS=FRSX' "less has git's options"
like "$(PAGER=/none/x "${long[@]}" "$program" help)" '^less: ' "so has it for a pager that is not there"
like "$(LESS=M "${long[@]}" "$program" help)" '^less: LESS=M' "unless somebody chose others"
if [ "$(id -u)" = 0 ]; then
	like "$("${long[@]}" "$program" help)" 'LESSSECURE=1' "root: LESSSECURE"
	like "$(SUDO_UID=1000 PAGER=$work/pager "${long[@]}" "$program" help)" '^less: ' "sudo: less alone"
else
	skip "root: LESSSECURE" "not root"
fi
done_testing
