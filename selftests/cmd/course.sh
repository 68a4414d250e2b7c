#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every command of Documentation/course/N-*.md and zh/N.md is run, in order, and what it prints is
# compared with what the lesson shows. A block that begins with ```console has them: what
# follows "$ " is run by one shell a lesson; a command that ends in "&" is left running,
# and waited for until it has printed what is shown. <!-- test: COMMAND --> is run, too:
# what the reader is to do by hand.
#
# Before they are compared, in both: a host address (0x and 12 digits) becomes HOST, a
# pid PID, a time TIME, a size of memory N kB, the age of a slot N; blanks become one. A
# line "..." stands for any lines, none among them.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"
command -v cc >/dev/null || skip_all "no C compiler (package gcc)"
PATH=$PWD/build/user:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SOLUTIONS=$work/solutions
mkdir "$SOLUTIONS"
for fill in selftests/course/*.fill; do
	name=$(basename "$fill" .fill)
	selftests/course/solve "$name" >"$SOLUTIONS/$name.c" || exit 1
done

normal() {
	sed -E 's/0x[0-9a-f]{12}\b/HOST/g
		s/\b(pid|process|thread) [0-9]+/\1 PID/g; s/(slotscope-qmp-)[0-9]+/\1PID/g
		s/^ +[0-9]+\.[0-9]{6} +[0-9]+ /TIME PID /; s/ [0-9]+us$/ TIME/
		s/[0-9]+ kB/N kB/; s/made [0-9]+/made N/
		s/after [0-9.]+ s$/after TIME/
		s/[[:blank:]]+/ /g; s/ $//' "$1"
}

# same WANTED GOT - files; "..." is any lines
same() {
	awk 'FILENAME == ARGV[1] { want[++w] = $0; next }
	{ got[++g] = $0 }
	function fits(i, j,  k) {
		for (; i <= w; i++) {
			if (want[i] == "...") {
				for (k = j; k <= g + 1; k++)
					if (fits(i + 1, k))
						return 1
				return 0
			}
			if (j > g || want[i] != got[j])
				return 0
			j++
		}
		return j > g
	}
	END {
		while (g && got[g] == "")
			g--
		exit !fits(1, 1)
	}' <(normal "$1") <(normal "$2")
}

# shown WANTED GOT - has all that is shown been printed by now?
shown() {
	{ cat "$2"; echo; } >"$2.now"
	same <(cat "$1"; echo ...) "$2.now"
}

# commands DOCUMENT FOLDER - N.run, N.want, N.quiet (a test's own) in FOLDER
commands() {
	awk -v dir="$2" '
	function begin(text, quiet) {
		n++
		file = sprintf("%s/%02d", dir, n)
		print text > (file ".run")
		printf "" > (file ".want")
		if (quiet)
			printf "" > (file ".quiet")
	}
	/^<!-- test: .* -->$/ { sub(/^<!-- test: /, ""); sub(/ -->$/, ""); begin($0, 1); next }
	/^```console$/ { on = 1; next }
	/^```/ { on = 0; next }
	on && /^\$ / { begin(substr($0, 3), 0); next }
	on { print > (file ".want") }' "$1"
}

# lesson FOLDER - run its commands, in this shell; prints the names of those that differ
lesson() {
	local run want out line left='' me=$BASHPID
	cd "$1" || return
	# One that waits for what never comes ends with us
	(timeout 300 tail --pid="$me" -f /dev/null || kill "$me") >"$1/watch" 2>&1 &
	for run in "$1"/[0-9][0-9].run; do
		want=${run%.run}.want out=${run%.run}.out line=$(<"$run")
		# $! is ours by now
		line=${line//'$!'/$left}
		if [[ $line == *'&' ]]; then
			eval ">$out 2>&1 ${line%&} &"
			left=$!
			await shown "$want" "$out" || echo "$run"
			continue
		fi
		eval "$line" >"$out" 2>&1 </dev/null || [ ! -e "${run%.run}.quiet" ] || echo "$run"
		[ -e "${run%.run}.quiet" ] || same "$want" "$out" || echo "$run"
	done 2>>"$1/shell"
	# shellcheck disable=SC2046 # what a lesson left running
	kill $(jobs -p) 2>/dev/null
	wait
}

slotscope vm --paused >"$work/vm" 2>&1 &
vm=$!
await grep -q pid "$work/vm"
kernel=$(slotscope slots --pid $vm 2>&1) && kernel=''
kill $vm
wait $vm 2>/dev/null

for document in Documentation/course/[1-8]-*.md Documentation/course/zh/[1-8].md; do
	name=${document#Documentation/course/} name=${name%.md} name=${name//\//-}
	# shellcheck disable=SC2016 # the lesson's
	if [ -n "$kernel" ] && grep -qE -- '--pid \$VM' "$document"; then
		skip "$name" "KVM's slots cannot be read here: $(head -1 <<<"$kernel")"
		continue
	fi
	mkdir "$work/$name"
	commands "$document" "$work/$name"
	# Descriptors as a reader's shell has them
	bad=$(for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		[ "$fd" -lt 3 ] || [ "$fd" = 255 ] || eval "exec $fd>&-"
	done 2>/dev/null
	lesson "$work/$name")
	n=$(find "$work/$name" -name '*.run' | wc -l)
	[ -z "$bad" ] && [ "$n" -gt 1 ]
	result $? "$name: its $n commands print what it shows"
	for run in $bad; do
		diag "\$ $(<"$run")"
		diag "$(diff <(normal "${run%.run}.want") <(normal "${run%.run}.out"))"
	done
done
done_testing
