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
run sh -c "$program model replay --full - <$logs/none-64M.api.log"
is "$status" 0 "replay: reads standard input, with the full render"

# The hash of the empty view (FNV's start value), where RAM came
sed '/^add 1 0x0 3/,$s/nr=1 fnv=[0-9a-f]*/nr=0 fnv=cbf29ce484222325/' $logs/none-64M.api.log >"$tmp/log"
run $program model replay "$tmp/log"
like "$out" "QEMU's view: the call left it as it was +ours" "replay: shows QEMU's view where the log tells it"
sed '/^add 1 0x0 3/,$s/fnv=[0-9a-f]*/fnv=0/' $logs/none-64M.api.log >"$tmp/log"
run $program model replay "$tmp/log"
like "$out" "QEMU's view cannot be shown" "replay: says where it does not"

echo nonsense >"$tmp/log"
run $program model replay "$tmp/log"
is "$status" 3 "replay: what is no log gives status 3"
like "$err" 'line 1.*no line of an api.log' "replay: says which line"
run $program model replay "$tmp/none"
is "$status" 3 "replay: no file gives status 3"
run $program model frobnicate
is "$status" 3 "model: an unknown word gives status 3"

run $program model replay /dev/null
is "$status" 3 "replay: nothing to compare is not equal"
like "$err" 'nothing in it to compare' "replay: says so"
run $program model replay "$tmp"
like "$err" "read $tmp: Is a directory" "replay: a directory is called one"

snapshot=selftests/fixtures/mtree/microvm-kvm
theirs=$snapshot/mtree-f.txt
run $program model mtree $snapshot/mtree-Do.txt
is "$status" 0 "mtree: status 0"
# QEMU prints views in the order of a hash table
is "$(grep -v ^FlatView <<<"$out" | grep . | sort)" \
	"$(sed 's/ KVM$//' $theirs | grep -v ^FlatView | grep . | sort)" \
	"mtree: the lines that info mtree -f prints"
is "$(grep ^FlatView <<<"$out")" "$(grep ^FlatView $theirs)" "mtree: views are numbered from 0"
is "$(grep -A2 '#0' <<<"$out")" $'FlatView #0\n AS "memory", root: system\n AS "cpu-memory-0", root: system' \
	"mtree: what QEMU makes first stands first"
run $program --json model mtree $snapshot/mtree-Do.txt
read -r first last _ _ kind name _ < <(grep -A9 'AS "memory"' $theirs | grep -m1 '^  ' | tr -- '-():,' ' ')
is "$(jq -r '.flat_views[0].ranges[0] | "\(.first) \(.last) \(.kind) \(.name)"' <<<"$out")" \
	"$(printf '0x%x 0x%x %s %s' "0x$first" "0x$last" "$kind" "$name")" "mtree: the same as JSON"

run $program model mtree --against $theirs $snapshot/mtree-Do.txt
is "$status $out" "0 2 flat views, all equal" "mtree --against: equal, whatever the order"
tac $theirs | awk -v RS= '{n = split($0, l, "\n"); for (i = n; i; i--) print l[i]; print ""}' >"$tmp/turned"
run $program model mtree --against "$tmp/turned" $snapshot/mtree-Do.txt
is "$status $out" "0 2 flat views, all equal" "mtree --against: views the other way round are equal"
sed '0,/(prio 0, ram)/s//(prio 1, ram)/' $theirs >"$tmp/f"
run $program model mtree --against "$tmp/f" $snapshot/mtree-Do.txt
is "$status" 1 "mtree --against: a difference gives status 1"
like "$out" '^the view of memory, cpu-memory-0: differs' "mtree --against: names the view"
like "$out" '\(prio 0, ram\).*\|.*\(prio 1, ram\)' "mtree --against: puts the lines side by side"
is "$(wc -l <<<"$out")" 3 "mtree --against: prints no other lines"
run $program --json model mtree --against "$tmp/f" $snapshot/mtree-Do.txt
is "$(jq -r '"\(.equal) \(.differences | length) \(.differences[0].theirs.ranges[0].priority)"' <<<"$out")" \
	"false 1 1" "mtree --against: the same as JSON"
awk '/FlatView/ {n++} n < 2' $theirs >"$tmp/f"
run $program model mtree --against "$tmp/f" $snapshot/mtree-Do.txt
is "$status ${out%%$'\n'*}" "0 1 flat view, all equal" "mtree --against: compares the views that both texts have"
like "$out" '^not compared: the view of I/O, which only the tree has$' "mtree --against: names the others"
is "$(build/user/slotscope --json model mtree --against "$tmp/f" $snapshot/mtree-Do.txt | jq -c '[.equal, .nr_compared, (.not_compared | length)]')" \
	"[true,1,1]" "mtree --against: the same as JSON"
sed 's/AS "[^"]*"/AS "x"/; s/region: .*/region: y/' "$tmp/f" >"$tmp/other"
run $program model mtree --against "$tmp/other" $snapshot/mtree-Do.txt
is "$status ${out%%$'\n'*}" "2 no view that both have" "mtree --against: without a view that both have nothing is equal"
run $program --json model mtree --against /dev/null $snapshot/mtree-Do.txt
is "$status $(jq -r .error.why <<<"$err$out")" "3 there is none in it" "mtree --against: no views is an error, in JSON too"
run $program --json model mtree "$tmp/turned"
is "$status $(jq -r .error.code <<<"$err$out")" "3 22" "mtree: no tree is an error, in JSON too"
# Which of the two texts it is
run $program model mtree $theirs
is "$status" 3 "mtree: flat views are no tree"
like "$err" 'line 1 .*a flat view begins there \(-f\)' "mtree: says what they are"
like "$err" "next: give what 'info mtree -o -D' prints" "mtree: says what to give"
run $program model mtree --against $snapshot/mtree-Do.txt $snapshot/mtree-Do.txt
is "$status" 3 "mtree --against: a tree is no flat view"
like "$err" 'line 1 .*a tree begins there, and flat views are wanted' "mtree --against: says what it is"
like "$err" "next: give what 'info mtree -f' prints" "mtree --against: says what to give"

# What is assumed is said where it was needed. Nothing is disabled in a microvm
run $program model mtree $snapshot/mtree-Do.txt
is "$status $err" "0 " "mtree: nothing to assume, nothing said"
sed 's/ owner:{.*//; s/ orphan$//; s/ parent:{.*//' $snapshot/mtree-Do.txt >"$tmp/plain"
run $program model mtree --against $theirs "$tmp/plain"
is "$status $out" "0 2 flat views, all equal" "mtree: a plain text does as well"
like "$err" '^assumed: .*\(-o\)' "mtree: what is assumed for want of -o"
like "$err" 'assumed: [0-9]+ regions .* are registers.*\(-D\)' "mtree: what is assumed for want of -D"
run $program --json model mtree "$tmp/plain"
is "$(jq -r '.assumed | length' <<<"$out") $err" "2 " "mtree: the same as JSON"
q35=selftests/fixtures/mtree/q35-kvm-smm
run $program model mtree $q35/mtree-Do.txt
is "$status $err" "0 " "mtree: what is disabled is in the text: nothing to assume"
# As QEMU prints it without -D: nothing disabled there has anything in it
grep -v '\[disabled\]' $q35/mtree-Do.txt >"$tmp/no-D"
run $program model mtree --against $q35/mtree-f.txt "$tmp/no-D"
is "$status $err" "0 " "mtree: without -D the views are the same, and nothing is missed"

run $program model replay --against "$tmp/f" $logs/microvm.api.log
is "$status" 3 "replay: takes no --against"

# All that were captured, where they are
captured=${SLOTSCOPE_FIXTURES:-../shared/fixtures}
if [ -d "$captured" ]; then
	n=0 unequal=
	while read -r f; do
		n=$((n + 1))
		run $program model mtree --against "$f" "${f%mtree-f.txt}mtree-Do.txt"
		[[ "$status $out" == "0 "*" flat views, all equal" ]] || unequal+="$f "
	done < <(find "$captured" -name mtree-f.txt)
	is "$unequal" "" "mtree --against: all $n captured snapshots are equal"
	like "$n" '^[1-9]' "there is at least one"
else
	skip "mtree --against: captured snapshots" "no $captured (or set SLOTSCOPE_FIXTURES)"
fi

run make -s -C user install PREFIX="$tmp/usr"
is "$status" 0 "library: installs under a prefix"
# shellcheck disable=SC2046  # words are meant
run gcc -Wall -Wextra -Werror -o "$tmp/example" Documentation/examples/flat-view.c \
	$(PKG_CONFIG_PATH=$tmp/usr/lib/pkgconfig pkg-config --cflags --libs slotscope)
is "$status" 0 "library: the example builds with it alone"
run env LD_LIBRARY_PATH="$tmp/usr/lib" "$tmp/example"
like "$out" 'slot +e0000 at 7f1000000000' "library: the example says what KVM should get"
done_testing
