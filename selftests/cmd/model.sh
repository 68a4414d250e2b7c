#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope model on small logs of a real QEMU, and a program that uses nothing
# but the installed library.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
program=build/user/slotscope
logs=selftests/fixtures/api-log
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

run $program model replay $logs/none-64M.api.log $logs/microvm.api.log
is "$status" 0 "replay: equal logs give status 0"
like "$out" '2 logs: .* all equal' "replay: counts what was compared"

run $program model replay $logs/refused-1.api.log
is "$status" 0 "replay: what QEMU aborts at is no difference"
like "$out" 'refused: .*differ within a page' "replay: the refusal has its reason"

sed '/^add 1 0x0 3/,$s/flags=0x0/flags=0x2/' $logs/none-64M.api.log >"$tmp/log"
run $program model replay "$tmp/log"
is "$status" 1 "replay: a difference gives status 1"
like "$out" 'line 26, after: add 1 0x0 3 prio=0' "replay: names the line and the call"
like "$out" 'ours: .*flags=0x0' "replay: prints ours"
like "$out" 'theirs: .*flags=0x2' "replay: prints theirs"
run $program --json model replay "$tmp/log"
is "$(jq -r '.[0] | "\(.equal) \(.line)"' <<<"$out")" "false 26" "replay: the same as JSON"
run $program model replay --full - <$logs/none-64M.api.log
is "$status" 0 "replay: reads standard input, with the full render"

echo nonsense >"$tmp/log"
run $program model replay "$tmp/log"
is "$status" 3 "replay: what is no log gives status 3"
like "$err" 'line 1.*no line of an api.log' "replay: says which line"
run $program model replay "$tmp/none"
is "$status" 3 "replay: no file gives status 3"
run $program model frobnicate
is "$status" 3 "model: an unknown word gives status 3"

snapshot=selftests/fixtures/mtree/microvm-kvm
run $program model mtree $snapshot/mtree-Do.txt
is "$status" 0 "mtree: status 0"
like "$out" 'FlatView #1' "mtree: prints the views"
# QEMU prints views in the order of a hash table
is "$(grep . <<<"$out" | sort)" "$(sed 's/ KVM$//' $snapshot/mtree-f.txt | grep . | sort)" \
	"mtree: the lines that info mtree -f prints"

run make -s -C user install PREFIX="$tmp/usr"
is "$status" 0 "library: installs under a prefix"
# shellcheck disable=SC2046  # words are meant
run gcc -Wall -Wextra -Werror -o "$tmp/example" Documentation/examples/flat-view.c \
	$(PKG_CONFIG_PATH=$tmp/usr/lib/pkgconfig pkg-config --cflags --libs slotscope)
is "$status" 0 "library: the example builds with it alone"
run "$tmp/example"
like "$out" 'slot +e0000 at 7f1000000000' "library: the example says what KVM should get"
done_testing
