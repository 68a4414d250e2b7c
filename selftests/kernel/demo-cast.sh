#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The recording in Documentation/demo is current: the scenes, run again, print the same but
# for what is of each run: pids, times, where memory lies, how often it was asked for.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
trap 'rm -rf "$work"' EXIT
# Rows of tables, findings that are no notes, what owns an address; notes depend on the run
firm() {
	sed -nE 's/0x7f[0-9a-f]{10}/HVA/g; s/--pid [0-9]+/--pid PID/; s/^process [0-9]+ (.*), after.*/process PID \1/
		/^(@@| [01] |AS |PID |process|guest |  (MODEL|TRACED|KERNEL|flat range|region|RAMBlock|verdict) )/p
		s/^ *([a-z-]+) \((mismatch|unknown)\):.*/\1 \2/p; s/^(agree|mismatch|cannot tell): ([0-9]+ ranges, [0-9]+ mismatch).*/\1 \2/p'
}
selftests/demo/scenes >"$work/now" 2>"$work/err"
is $? 0 "the scenes run" || diag "$(cat "$work/err")"
then=$(selftests/demo/make-cast --text Documentation/demo/slotscope.cast | firm)
is "$(firm <"$work/now")" "$then" "they show what the recording shows"
like "$then" '^ignored-failure mismatch$' "... which is a fault that was found"
done_testing
