#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope check -i of VMMs that ended behind a vCPU that could not go on: what they died of.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
slotscope=${SLOTSCOPE:-$PWD/build/user/slotscope}
make -s -C selftests "$PWD/build/kernel/tools/recorded" >/dev/null || exit 1
recorded=$PWD/build/kernel/tools/recorded
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# died OF - $found: ID or CAUSE>ID of each mismatch; $said: of the stop
died() {
	"$recorded" "$1" died "$1" || exit 1
	run "$slotscope" --json check -i "$1"
	found=$(jq -r '.findings as $all | [$all[] | select(.kind == "mismatch") |
		(if .cause == null then "" else $all[.cause].id + ">" end) + .id] | join(" ")' <<<"$out")
	said=$(jq -r '.findings[] | select(.id == "stopped").sentence' <<<"$out")
}

died efault
is "$status $found" "1 stopped" "KVM_RUN failed: it is what the VMM died of"
like "$said" 'KVM_RUN failed with EFAULT .*guest address 0x9f000 at rip 0x7c00.*[mu]s later it ended with status 1$' \
	"... where, and how it ended, as the log has it"
died internal
is "$status $found" "1 stopped" "an internal error where no memory is"
like "$said" 'KVM_EXIT_INTERNAL_ERROR.*no slot there.* later it ended with status 1$' "... is told so"
died elsewhere
is "$status $found" "1 stopped" "behind a refusal elsewhere: it died of the stop alone"
is "$(jq -r '[.findings[] | select(.id == "refused")] | length' <<<"$out")" 1 "... and the refusal is a note"
died there
is "$status $found" "1 fatal-refusal fatal-refusal>stopped" "where memory was refused: beneath the refusal"
died mmio
is "$status $found" "2 " "an access to registers is no stop, where nothing says that memory was meant"

# A process that has a VM, and ends before the check: as one between two checks
if [ -w /dev/kvm ] && [ "$(id -u)" = 0 ]; then
	"$slotscope" vm -m 16M --paused --qmp "@died-$$" >vm.log 2>&1 &
	vm=$!
	listens() { grep -q "@died-$$" /proc/net/unix; }
	await listens
	"$slotscope" check --no-trace --no-model --at 600 --pid $vm >out 2>err &
	check=$!
	# It has looked, and sleeps until it is time
	waits() { grep -q '^230 ' "/proc/$check/syscall"; }
	await waits
	kill -KILL $vm
	wait $check
	is $? 2 "a VM that ends before --at: cannot tell" || diag "$(cat out err)"
	like "$(tr -s '\n ' ' ' <err)" 'the VM was gone after' "... and that is said"
else
	skip "a VM that ends before --at" "no /dev/kvm, or not root"
fi
done_testing
