#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope trace -c: the sums are those that other programs make of the same text.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
slotscope=$PWD/build/user/slotscope
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# 101 requests of three threads, durations from 1 us to 5 s, each 7th fails
awk 'BEGIN {
	print "10 5.000000 ioctl(8, KVM_CREATE_VM, 0) = 9"
	for (i = 1; i <= 101; i++) {
		failed = i % 7 == 0
		printf "%d %.6f ioctl(9, KVM_SET_USER_MEMORY_REGION%s, {slot=%d, flags=0, guest_phys_addr=0x%x, memory_size=0x1000, userspace_addr=0x7f0000000000}) = %s <%.6f>\n",
			10 + i % 3, 5 + i / 1000, i % 10 ? "" : "2", i, i * 4096,
			failed ? "-1 EEXIST (File exists)" : "0", (i * i * i * 4 + 1) / 1000000
	}
}' >text
# us FILTER... - durations of the text in us, in order
us() { grep -E -e "$1" text | grep -oE '<[0-9.]+>$' | tr -d '<.>' | sed 's/^0*//' | sort -n; }
# of WORDS... - a row of the JSON: count failed min max sum, in us
of() { jq -r "[.summary.$1[] | select($2)][0] | [.count, .failed, .duration.min_ns / 1000, .duration.max_ns / 1000, .duration.sum_ns / 1000] | join(\" \")" <<<"$out"; }
# wanted REGEX - the same of the text
wanted() {
	echo "$(grep -cE -e "$1" text) $(grep -E -e "$1" text | grep -c EEXIST) $(us "$1" | awk '
		NR == 1 {min = $1} {max = $1; sum += $1} END {print min, max, sum}')"
}
run "$slotscope" --json trace -c -i text
is "$status $err" '0 {"notice":"it has requests alone: what KVM made of them nobody saw"}' "a text is added up"
is "$(of by_kind '.kind == "request"')" "$(wanted 'REGION,')" "requests"
is "$(of by_kind '.kind == "request2"')" "$(wanted 'REGION2,')" "... and those by REGION2"
for tid in 10 11 12; do
	is "$(of by_caller "(.kind == \"request\" and .tid == $tid)")" "$(wanted "^$tid .*REGION,")" "thread $tid"
done
is "$(jq -r '[.summary.by_errno[] | select(.errno == "EEXIST") | .count] | add' <<<"$out")" "$(grep -c EEXIST text)" "by errno"
n=$(us 'REGION,' | wc -l)
median=$(us 'REGION,' | sed -n "$(((n + 1) / 2))p")
like "$(jq --argjson m "$median" '.summary.by_kind[] | select(.kind == "request") | (.duration.median_ns / 1000 / $m - 1) * 256 | fabs <= 1' <<<"$out")" \
	'^true$' "the median, to 1 in 256"
is "$(jq .summary.events <<<"$out")" "$(wc -l <text)" "all that the text tells"

run "$slotscope" trace -c -i text
like "$out" '^102 events in 0\.101' "as a text: how many, how long"
like "$out" '^request +91 +13 ' "... the requests"
like "$out" '^EEXIST +request +13 ' "... what failed"
{ head -20 text; echo ...; tail -5 text; } >shortened
run "$slotscope" trace -c -i shortened
like "$status $out" '^2 .*LOST 1: gap' "what is missing is told: status 2"
echo '10 5.0 ioctl(9, KVM_SET_USER_MEMORY_REGION, 0x7ffe10) = 0 <0.000009>' >>text
run "$slotscope" trace -c -i text
like "$out" '^of these 1 could not be read$' "so is what could not be read"
run "$slotscope" trace -c -i text --vm 7
is "$status" 2 "without the VM that is meant: status 2"

# A run on this machine's KVM, as strace counts the same one
if [ -w /dev/kvm ] && command -v strace >/dev/null; then
	strace -f -e trace=ioctl -o straced "$slotscope" vm -m 16M --exit-after-halt >vm.out 2>&1
	run "$slotscope" --json trace -c --ptrace --report report -- "$slotscope" vm -m 16M --exit-after-halt
	is "$(jq '[.summary.by_kind[] | select(.type == "request") | .count] | add' report)" \
		"$(grep -c KVM_SET_USER_MEMORY_REGION straced)" "a command: as many requests as strace sees"
else
	skip "a command" "no /dev/kvm, or no strace"
fi
done_testing
