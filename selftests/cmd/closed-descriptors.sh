#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A command is started with those of its descriptors 0 to 2 closed that our caller
# closed, and with no others: so is it without us.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PATH=$PWD/build/user:$PATH

# It makes no VM, which ends each of these at once
# shellcheck disable=SC2016  # $ is the command's
found='for fd in 0 1 2; do [ -e /proc/self/fd/$fd ] && all+="$fd "; done; echo "$all" >"$1/found"'
# as WORDS REDIRECTIONS WANTED - what a command finds open
as() {
	eval "timeout 60 slotscope check --no-trace --at 0 --report '$work/report' \
		-- bash -c '$found' bash '$work' $2"
	is "$(xargs <"$work/found")" "$3" "$1"
}
as "all are open" ">/dev/null 2>&1" "0 1 2"
as "standard input is closed" "<&- >/dev/null 2>&1" "1 2"
as "standard output is closed" ">&- 2>/dev/null" "0 2"
as "standard error is closed" ">/dev/null 2>&-" "0 1"
as "all are closed" "<&- >&- 2>&-" ""
done_testing
