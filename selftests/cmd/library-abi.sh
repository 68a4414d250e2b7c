#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The ABI of libslotscope.so is the one that was kept.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
kept=user/libslotscope.abi

run selftests/abi
is "$status" 0 "the ABI can be told" || diag "$err"
now=$out
is "$(grep -c '^LIBSLOTSCOPE_' <<<"$now")" "$(wc -l <build/user/public.names)" \
	"it has each function, with a symbol version"
like "$now" '^FINDING_MISSING = 0$' "it has values of enumerators"
like "$now" '^struct slot \{$' "it has types"
changed=$(diff "$kept" - <<<"$now")
is "$changed" "" "it is as $kept has it" ||
	diag "lines that went (<) break programs: Documentation/api.md;" \
		"if all is meant so: selftests/abi >$kept"
done_testing
