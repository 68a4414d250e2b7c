#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The monitor's events: the same as those of a real QEMU, which is asked the same
# here and now, for what its user and its guest do.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"

# events ADDRESS WORD... - a word is a command, "wait:EVENT", or "hmp:LINE". Prints
# the events, whose time has to be that of now; of several alike in a row one
events() {
	timeout 30 /usr/bin/python3 -I -S - "$@" <<-'END'
		import json, socket, sys, time
		address = sys.argv[1]
		for i in range(100):
		    s = socket.socket(socket.AF_UNIX)
		    try:
		        s.connect("\0" + address[1:] if address[0] == "@" else address)
		        break
		    except OSError:
		        time.sleep(0.1)
		f = s.makefile("rw")
		last = None
		def line():
		    global last
		    try:
		        text = f.readline()
		    except ConnectionResetError:
		        text = ""
		    if not text:
		        return None
		    a = json.loads(text)
		    if "event" in a:
		        stamp = a.pop("timestamp")
		        assert abs(stamp["seconds"] - time.time()) < 60, stamp
		        assert 0 <= stamp["microseconds"] < 1000000, stamp
		        if a != last:
		            print(json.dumps(a, sort_keys=True), flush=True)
		        last = a
		    return a
		line()
		for word in sys.argv[2:]:
		    if word.startswith("wait:"):
		        while last is None or last["event"] != word[5:]:
		            line()
		        continue
		    command = {"execute": word}
		    if word.startswith("{"):
		        command = json.loads(word)
		    if word.startswith("hmp:"):
		        command = {"execute": "human-monitor-command",
		                   "arguments": {"command-line": word[4:]}}
		    f.write(json.dumps(command) + "\n")
		    f.flush()
		    while "event" in (a := line()):
		        pass
		    assert "error" not in a, a
		while line():
		    pass
	END
}

# Firmware that does one thing. The reset is the board's (port 0xcf9); to switch
# off, the PIIX4's power management is given ports and told to sleep for good
firmware "$work/idle" fbf4ebfc
firmware "$work/reset" baf90cb002eeb006eef4
firmware "$work/off" baf80c66b8400b008066efbafc0c66b801b0000066efbaf80c66b8800b008066efbafc0cb001eeba04b0b80020eff4
firmware "$work/triple" 0f011e0001cc # lidt of what is 0: int3 has no handler

start_vm -m 64M --paused --bios "$work/idle"
wait_for 'qmp @'
ours=$(events "@slotscope-qmp-$vm" qmp_capabilities stop cont cont stop stop \
	cont hmp:stop hmp:cont system_reset wait:RESET stop quit)
end_vm
like "$ours" '"event": "SHUTDOWN"' "events come, to the last"

# Before qmp_capabilities nobody is told anything
start_vm -m 64M --bios "$work/idle"
wait_for 'qmp @'
is "$(python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect("\0slotscope-qmp-" + sys.argv[1])
o = socket.socket(socket.AF_UNIX)
o.connect("\0slotscope-qmp-" + sys.argv[1])
o.sendall(b"{\"execute\": \"qmp_capabilities\"}{\"execute\": \"stop\"}")
seen = b""
while b"STOP" not in seen or seen.count(b"return") < 2:
    seen += o.recv(4096)
s.setblocking(False)
print(s.recv(4096).count(b"\n"))' "$vm")" 1 "without qmp_capabilities there is the greeting alone"
# shellcheck disable=SC2016 # words of JSON
like "$(events "@slotscope-qmp-$vm" qmp_capabilities quit)" \
	'"reason": "host-qmp-quit"' "quit is told, and why"
wait_vm

start_vm -m 64M --bios "$work/idle"
wait_for 'qmp @'
: >"$work/events"
events "@slotscope-qmp-$vm" qmp_capabilities stop >"$work/events" &
client=$!
await grep -q STOP "$work/events"
sleep 0.3
kill -TERM "$vm"
wait $client
like "$(tail -1 "$work/events")" '^{"data": {"guest": false, "reason": "host-signal"}, "event": "SHUTDOWN"}$' \
	"a signal is told as one"
wait_vm

start_vm -m 64M --paused --bios "$work/triple"
wait_for 'qmp @'
is "$(events "@slotscope-qmp-$vm" qmp_capabilities cont wait:STOP stop query-status quit | jq -r .event | xargs)" \
	"RESUME STOP SHUTDOWN" "a guest that cannot run on has stopped, once"
wait_vm

start_vm -m 64M,slots=1,maxmem=1G --bios "$work/idle"
wait_for 'qmp @'
is "$(events "@slotscope-qmp-$vm" qmp_capabilities hmp:object_add\ memory-backend-ram,id=m0,size=64M \
	hmp:device_add\ pc-dimm,id=d0,memdev=m0 '{"execute": "device_del", "arguments": {"id": "d0"}}' quit | sed -n 1p)" \
	'{"data": {"device": "d0", "path": "/machine/peripheral/d0"}, "event": "DEVICE_DELETED"}' \
	"a DIMM that is gone is told of"
wait_vm

# A guest that resets all the time, and one that switches itself off
start_vm -m 64M --bios "$work/reset"
wait_for 'is reset'
events "@slotscope-qmp-$vm" qmp_capabilities wait:RESET quit >"$work/ours.reset"
wait_vm
is "$status" 0 "a reset loop ends by quit"
start_vm -m 64M --paused --bios "$work/off"
wait_for 'qmp @'
events "@slotscope-qmp-$vm" qmp_capabilities cont >"$work/ours.off"
wait_vm

command -v qemu-system-x86_64 >"$work/null" || {
	skip "the events of a real QEMU" "no QEMU (package qemu-system-x86)"
	done_testing
}

# qemu BIOS WORD... - the same of QEMU
qemu() {
	local bios=$1
	shift
	qemu-system-x86_64 -accel kvm -M pc -m 64M -nodefaults -display none -S \
		-bios "$work/$bios" -qmp "unix:$work/qemu.sock,server=on,wait=off" 2>"$work/qemu.err" &
	events "$work/qemu.sock" "$@"
	wait $!
	rm -f "$work/qemu.sock"
}
is "$ours" "$(qemu idle qmp_capabilities stop cont cont stop stop cont hmp:stop \
	hmp:cont system_reset wait:RESET stop quit)" "what the user does: as in QEMU"
is "$(cat "$work/ours.reset")" "$(qemu reset qmp_capabilities cont wait:RESET quit | grep -v RESUME)" \
	"a guest that resets itself: as in QEMU"
is "$(cat "$work/ours.off")" "$(qemu off qmp_capabilities cont)" \
	"a guest that switches itself off: as in QEMU"
done_testing
