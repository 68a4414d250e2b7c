# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the tests of slotscope vm: source it from the project's root.

# shellcheck source=selftests/tap.sh
. selftests/tap.sh
# shellcheck source=selftests/load-module.sh
. selftests/load-module.sh
# another build may be tested, such as build/san/slotscope
program=${SLOTSCOPE:-$PWD/build/user/slotscope}
work=$(mktemp -d)
vm=
trap 'end_vm; rm -rf "$work"' EXIT

# Debian's, without what it does not need: it is started often, and the lab is slow
python3() { /usr/bin/python3 -I -S "$@"; }

# start_vm ARGS... - in the background; sets $vm; what it says is in vm.out and
# vm.err in $work. With $nice set, it leaves the CPU to others: the lab has one
start_vm() {
	: >"$work/vm.err"
	nice -n "${nice:-0}" "$program" vm "$@" >"$work/vm.out" 2>"$work/vm.err" </dev/null &
	vm=$!
}

# wait_for REGEX - until it has said so on standard error; fails after a minute
wait_for() {
	local i
	for ((i = 0; i < 1200; i++)); do
		grep -qE -e "$1" "$work/vm.err" && return 0
		kill -0 "$vm" 2>/dev/null || break
		sleep 0.05
	done
	diag "slotscope vm did not say '$1', but: $(cat "$work/vm.err")"
	return 1
}

# end_vm - kill it, whatever it does
end_vm() {
	[ -z "$vm" ] || { kill -9 "$vm" && wait "$vm"; } 2>/dev/null
	vm=
}

# wait_vm - until it has ended by itself; sets $status, 124 if it has not in a minute
# shellcheck disable=SC2034  # the test reads it
wait_vm() {
	local i
	for ((i = 0; i < 1200; i++)); do
		if ! kill -0 "$vm" 2>/dev/null; then
			status=0
			wait "$vm" || status=$?
			vm=
			return
		fi
		sleep 0.05
	done
	status=124
	end_vm
}

# qmp COMMAND... - run each at the monitor of $vm; "hmp:LINE" is one for the human
# monitor. Prints what "return" or "error" holds, a text as it is
qmp() {
	python3 - "${address:-@slotscope-qmp-$vm}" "$@" <<-'END'
		import json, socket, sys
		address = sys.argv[1]
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(10)
		s.connect("\0" + address[1:] if address[0] == "@" else address)
		f = s.makefile("rw")
		json.loads(f.readline())["QMP"]
		def ask(command):
		    f.write(json.dumps(command) + "\n")
		    f.flush()
		    while "event" in (answer := json.loads(f.readline())):
		        pass
		    return answer
		ask({"execute": "qmp_capabilities"})["return"]
		for word in sys.argv[2:]:
		    if word.startswith("hmp:"):
		        answer = ask({"execute": "human-monitor-command",
		                      "arguments": {"command-line": word[4:]}})
		    else:
		        answer = ask({"execute": word})
		    value = answer.get("return", answer.get("error"))
		    print(value if isinstance(value, str) else json.dumps(value))
	END
}

# firmware FILE HEX - 64 KiB of firmware that runs the program HEX at reset. It
# begins at CS:FF00, where CS has its base of 0xffff0000; DS, ES and SS are 0
firmware() {
	python3 - "$1" "$2" <<-'END'
		import sys
		image = bytearray(b"\xff" * 65536)
		code = bytes.fromhex(sys.argv[2])
		assert len(code) <= 0xd0
		image[0xff00:0xff00 + len(code)] = code
		image[0xffe0:0xfff0] = bytes(16)
		image[0xfff0:0xfff3] = bytes.fromhex("e90dff")  # jmp 0xff00
		open(sys.argv[1], "wb").write(image)
	END
}

# refused REGEX ARGS... - slotscope vm fails with a whole JSON error, in which the
# regular expression is found
refused() {
	local regex=$1
	shift
	run timeout 20 "$program" --json vm --exit-after-halt "$@"
	is "$status" 3 "vm $*: status 3"
	like "$(python3 -c 'import json, sys
e = json.loads(sys.stdin.read())["error"]
assert e["code"] and e["next"]
print(e["tried"] + ": " + e["why"])' <<<"$out" 2>&1)" "$regex" "vm $*: says why"
}
