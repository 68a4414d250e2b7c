#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The programs of selftests/kselftest, but for max_slots, which takes longer
# (selftests/drop-in/tree.sh runs it).
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
# shellcheck source=selftests/load-module.sh
. selftests/load-module.sh
load_module
export SLOTSCOPE_REQUIRE=1
for program in build/kernel/drop-in/slots build/kernel/drop-in/refused \
	build/kernel/drop-in/churn; do
	run "$program"
	program=${program##*/}
	is "$status" 0 "$program" || diag "$out"
	like "$out" '^# memslots: compared [1-9][0-9]* times, 0 differed' "$program: compared"
	# what this kernel does not have
	grep ' # SKIP ' <<<"$out" | sed 's/^/# /'
done
done_testing
