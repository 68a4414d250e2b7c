#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The monitor of slotscope vm tells what QEMU's would, and only to whom it may.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"

# The flat view is that of a real QEMU with the same machine; only the mark
# "KVM", which is not of the view, is not printed
view() { awk '/Root memory region: system/ {on = 1; next} /^$/ {on = 0} on' | sed 's/ KVM$//'; }
start_vm -M pc,kernel-irqchip=off -m 512M --vga-window
wait_for halted
is "$(qmp 'hmp:info mtree -f' | view)" \
	"$(view <selftests/fixtures/pc/pc-irqchip-off/mtree-f.txt)" \
	"info mtree -f is that of QEMU with kernel-irqchip=off"
like "$(qmp 'hmp:info mtree -o -D')" \
	'pam-ram @pc.ram .*\[disabled\] owner:\{dev path=/machine/i440fx\}' \
	"info mtree -o -D shows owners and what is disabled"

# gpa2hva is where the guest's memory is: the firmware's pattern is there
hva=$(qmp 'hmp:gpa2hva 0x10000' | sed -n 's/.* (pc.ram) is //p')
is "$(python3 -c '
import struct, sys
with open("/proc/%s/mem" % sys.argv[1], "rb") as mem:
    mem.seek(int(sys.argv[2], 16))
    words = struct.unpack("<32768H", mem.read(65536))
print(all(w == 2 * i ^ 0xa55a for i, w in enumerate(words)))' "$vm" "$hva" 2>&1)" \
	True "gpa2hva: what the guest wrote is at that address"
is "$(qmp 'hmp:gpa2hva 0xa0000')" "Memory at address 0xa0000 is not RAM" \
	"gpa2hva: a window is not RAM"

# Clients that do not behave, one after another
for bad in 'b"hello\n"' 'b"{" * 100000' 'b"\0" * 4096' 'b"x" * 3000000' \
	'b"{\"execute\":" + b" " * 2000000' 'b""' 'bytes(range(256)) * 1000' \
	'b"{\"execute\":\"query-status\"}" * 20000'; do
	python3 - "$vm" "$bad" <<-'END' 2>/dev/null
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(2)
		s.connect("\0slotscope-qmp-" + sys.argv[1])
		s.sendall(eval(sys.argv[2]))
	END
	like "$(qmp query-status)" '"running"' "after a client that sent $bad: it answers"
done

# A client that only sits there does not keep others out
python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect("\0slotscope-qmp-" + sys.argv[1])
print("there", flush=True)
time.sleep(60)' "$vm" >"$work/idle" &
idle=$!
await [ -s "$work/idle" ]
like "$(qmp query-status)" '"running"' "beside an idle client: it answers"
kill "$idle"
wait "$idle" 2>/dev/null

# Whoever is neither of the same user nor root hears nothing
greeting='import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(10)
s.connect("\0slotscope-qmp-" + sys.argv[1])
try: print(s.recv(4096)[:7])
except ConnectionResetError: print(b"")'
if [ "$(id -u)" = 0 ]; then
	is "$(python3 -c "$greeting" "$vm")" "b'{ \"QMP\"'" "the same user is greeted"
	is "$(setpriv --reuid 65534 --regid 65534 --clear-groups \
		/usr/bin/python3 -c "$greeting" "$vm")" "b''" "another user is not"
else
	skip "another user is not greeted" "needs root to become another user"
fi

# Two monitors cannot have one name
run "$program" vm -m 64M --qmp "@slotscope-qmp-$vm"
is "$status" 3 "a name that is taken: status 3"
like "$err" "slotscope-qmp-$vm" "it names it"
kill -TERM "$vm"
wait_vm
is "$status" 0 "after all that, it ends as it should"
done_testing
