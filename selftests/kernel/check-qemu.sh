#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A real QEMU, traced from its first ioctl: the views agree while its firmware
# runs and after; the requests that BPF saw are those that QEMU itself logs; and
# a slot taken from under it is found.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
load_module

qemu=(qemu-system-x86_64 -accel kvm -M pc -m 256M -nodefaults -vga std
	-display none -qmp "unix:$work/qmp,server=on,wait=off")

run slotscope --json check -o "$work/events" --at 1 --at 3 --at 10 -- \
	"${qemu[@]}" -trace kvm_set_user_memory -D "$work/qemu.log"
is "$status" 0 "QEMU, three checks: status 0"
is "$(wc -l <<<"$out")" 3 "three documents"
is "$(ids mismatch)" "" "no mismatch"
is "$(ids unknown)" "" "nothing unknown"
diag "$err"

# QEMU's own log is the other witness
theirs=$(sed -nE 's/.*Slot#([0-9]+) flags=(0x[0-9a-f]+) gpa=(0x[0-9a-f]+) size=(0x[0-9a-f]+) ua=(0x[0-9a-f]+) ret=(-?[0-9]+).*/\1 \2 \3 \4 \5 \6/p' \
	"$work/qemu.log" |
	while read -r slot rest; do printf '0x%x %s\n' "$slot" "$rest"; done)
ours=$(jq -r 'select(.type == "request").request |
	[.slot, .flags, .gpa, .size, .hva, .result] | join(" ")' \
	<<<"$(slotscope --json trace -i "$work/events")")
is "$ours" "$theirs" "BPF saw the requests that QEMU logs, in order ($(wc -l <<<"$theirs"))"
diag "requests: $(wc -l <<<"$theirs")"
like "$theirs" . "QEMU logged some"

# A QEMU without a QMP socket
"${qemu[@]:0:${#qemu[@]}-2}" &
vm=$!
sleep 3
run slotscope --json check --pid $vm
is "$status $(ids unknown)" "0 " "no QMP socket: less is compared, and nothing is unknown"
like "$(jq -r '.. | .none? // empty' <<<"$out")" 'listens on no Unix socket' "no QMP socket: that is said"
run slotscope --json check --pid $vm --no-model
is "$status" 0 "--no-model: status 0"
end_vm
done_testing
