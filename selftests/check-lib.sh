# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the tests of slotscope check in the lab: source it from the project's root.

# shellcheck source=selftests/tap.sh
. selftests/tap.sh
PATH=$PWD/build/user:$PATH
kmod=build/kmod/$(uname -r)/slotscope.ko
work=$(mktemp -d)

# field EXPRESSION - of the last JSON document in $out, by Python: d is the
# document, ids() the ids of its findings that are of a kind
field() {
	python3 -c '
import json, sys
d = json.loads(sys.stdin.read().strip().splitlines()[-1])
def ids(kind="mismatch"):
	return " ".join(sorted({f["id"] for f in d["findings"] if f["kind"] == kind}))
print(eval(sys.argv[1]))' "$1" <<<"$out" 2>&1
}

load_module() {
	[ -e /dev/slotscope ] || insmod "$kmod"
}

# start_vm ARGS... - our VMM, waiting to be traced; sets $vm
start_vm() {
	slotscope vm --stopped "$@" >"$work/vm.out" 2>&1 &
	vm=$!
	local i
	for ((i = 0; i < 100; i++)); do
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
programs() {
	bpftool prog list -j | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))'
}
