# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# TAP for tests written in bash: source it, call is/like/status, then done_testing.

tap_n=0
tap_failed=0

# result STATUS WORDS - one test's outcome
result() {
	local status=$1
	shift
	tap_n=$((tap_n + 1))
	if [ "$status" = 0 ]; then
		echo "ok $tap_n - $*"
	else
		echo "not ok $tap_n - $*"
		tap_failed=$((tap_failed + 1))
	fi
	return "$status"
}

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

# is GOT WANTED WORDS
is() {
	if [ "$1" = "$2" ]; then
		result 0 "$3"
	else
		result 1 "$3"
		diag "got:    $1"
		diag "wanted: $2"
	fi
}

# like TEXT EXTENDED-REGEX WORDS
like() {
	if grep -qE -e "$2" <<<"$1"; then
		result 0 "$3"
	else
		result 1 "$3"
		diag "got:         $1"
		diag "wanted like: $2"
	fi
}

# unlike TEXT EXTENDED-REGEX WORDS
unlike() {
	if grep -qE -e "$2" <<<"$1"; then
		result 1 "$3"
		diag "got:          $1"
		diag "not wanted:   $2"
	else
		result 0 "$3"
	fi
}

# skip WORDS REASON
skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

done_testing() {
	echo "1..$tap_n"
	[ "$tap_failed" = 0 ]
	exit
}

# await COMMAND... - until it succeeds; fails after a minute: a machine may be slow,
# and nobody waits who need not
await() {
	local tries
	for ((tries = 0; tries < 1200; tries++)); do
		"$@" && return
		sleep 0.05
	done
	return 1
}

# whole_calls FILE - what strace -f wrote, each call in one line where it ended:
# another thread's call cuts it in two. KVM_RUN comes where it began
whole_calls() {
	awk '/<unfinished \.\.\.>$/ {
		sub(/ *<unfinished \.\.\.>$/, "")
		if (/KVM_RUN/)
			print
		else
			begun[$1] = $0
		next
	}
	/<\.\.\. [a-z0-9_]+ resumed>/ {
		sub(/^.*resumed>/, $1 " ")
		pid = $1
		sub(/^[0-9]+ /, "")
		if (pid in begun)
			print begun[pid] $0
		delete begun[pid]
		next
	}
	{ print }' "$1"
}

# run COMMAND... - sets $out, $err and $status
# shellcheck disable=SC2034  # the test reads them
run() {
	local dir
	dir=$(mktemp -d)
	status=0
	"$@" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
	out=$(cat "$dir/out")
	err=$(cat "$dir/err")
	rm -rf "$dir"
}
