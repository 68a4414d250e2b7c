# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the tests of slotscope check in the lab: source it from the project's root.

# shellcheck source=selftests/tap.sh
. selftests/tap.sh
# shellcheck source=selftests/load-module.sh
. selftests/load-module.sh
PATH=$PWD/build/user:$PATH
work=$(mktemp -d)

# ids KIND - of the findings of that kind in the last JSON document of $out
# shellcheck disable=SC2154  # run sets $out
ids() {
	tail -1 <<<"$out" | jq -r --arg kind "$1" \
		'[.findings[] | select(.kind == $kind).id] | unique | join(" ")' 2>&1
}

# start_vm ARGS... - our VMM, waiting to be traced; sets $vm
start_vm() {
	slotscope vm --stopped "$@" >"$work/vm.out" 2>&1 &
	vm=$!
	local i
	for ((i = 0; i < 1200; i++)); do
		[ "$(awk '{print $3}' "/proc/$vm/stat" 2>/dev/null)" = T ] && return
		sleep 0.05
	done
	diag "slotscope vm did not stop: $(cat "$work/vm.out")"
}

end_vm() {
	kill -9 "$vm" 2>/dev/null
	wait "$vm" 2>/dev/null
}

# programs - how many BPF programs are loaded
programs() { bpftool prog list -j | jq length; }

# hmp LINE... - of the human monitor of the QEMU whose QMP is at $work/qmp; prints what
# it answers
hmp() {
	/usr/bin/python3 -I -S - "$work/qmp" "$@" <<-'END'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(60)
		s.connect(sys.argv[1])
		f = s.makefile("rw")
		def ask(command, **arguments):
		    f.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
		    f.flush()
		    while "event" in (answer := json.loads(f.readline())):
		        pass
		    if answer.get("return", "") not in ("", {}):
		        print(answer["return"] if "return" in answer else answer)
		f.readline()
		ask("qmp_capabilities")
		for line in sys.argv[2:]:
		    ask("human-monitor-command", **{"command-line": line})
	END
}
