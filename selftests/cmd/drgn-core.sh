#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A host that "crashed": a guest of the lab with a VM in it is dumped by its QEMU, and
# slotscope-drgn reads of the dump what the module had told before; check takes it as KERNEL.
# Types are those of slotscope.ko's debug info; kvm's vm_list is where /proc/kallsyms had it.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
kernel=6.12
/usr/bin/python3 -c 'import drgn' 2>/dev/null || skip_all "no drgn (python3-drgn)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make --no-print-directory -s -C selftests program "$PWD/build/kernel/tools/rawvmm" >&2
selftests/vm/fetch -k $kernel --headers >&2
make --no-print-directory -s -C kmod KDIR="$(selftests/vm/kdir -k $kernel)" >&2

# shellcheck disable=SC2016 # the guest's shell
selftests/vm/run -k $kernel --cold -t 400 -w "$work" --qemu-arg -device --qemu-arg vmcoreinfo \
	--qemu-arg -qmp --qemu-arg "unix:$work/qmp,server=on,wait=off" -- bash -c '
	modprobe qemu_fw_cfg # the kernel tells QEMU where its VMCOREINFO is
	insmod build/kmod/"$(uname -r)"/slotscope.ko || exit
	build/kernel/tools/rawvmm anon shared anon >/dev/shm/said < <(exec sleep 1000) &
	vmm=$!
	until grep -qs ready /dev/shm/said; do sleep 0.1; done
	grep "vm_list.*\[kvm\]" /proc/kallsyms >"$1/kallsyms"
	build/user/slotscope slots --json --pid $vmm >"$1/slots"
	cat /proc/$vmm/maps >"$1/maps"
	uname -r >"$1/release"
	echo $vmm >"$1/vmm"
	until [ -e "$1/dumped" ]; do sleep 0.2; done
' bash "$work" >"$work/log" 2>&1 &
lab=$!
ready() { [ -s "$work/vmm" ] || ! kill -0 "$lab" 2>/dev/null; }
for _ in 1 2 3 4 5; do ! await ready || break; done
/usr/bin/python3 -I - "$work" <<-'END' >>"$work/log" 2>&1
	import json, socket, sys
	qmp = socket.socket(socket.AF_UNIX)
	qmp.connect(sys.argv[1] + "/qmp")
	file = qmp.makefile("rw")
	file.readline()
	for command in ({"execute": "qmp_capabilities"},
	                {"execute": "dump-guest-memory", "arguments":
	                 {"paging": True, "protocol": f"file:{sys.argv[1]}/vmcore"}}):
	    file.write(json.dumps(command) + "\n")
	    file.flush()
	    while "event" in (answer := json.loads(file.readline())):
	        pass
	    print(answer)
END
: >"$work/dumped"
wait $lab
is $? 0 "the guest is dumped" || diag "$(cat "$work/log")"
read -r address _ <"$work/kallsyms"
by_drgn() {
	run /usr/bin/python3 -B bindings/drgn/slotscope-drgn -c "$work/vmcore" \
		-s "build/kmod/$(cat "$work/release")/slotscope.ko" "$@"
}
by_drgn --vm-list "$address" --pid "$(cat "$work/vmm")"
is "$status $(jq -cS '[.address_spaces, .slots]' <<<"$out")" "0 $(jq -cS '[.address_spaces, .slots]' "$work/slots")" \
	"the slots are those that the module told" || diag "$err"
printf '%s\n' "$out" >"$work/core"
said() {
	run build/user/slotscope check --json --slots "$1" --maps "$work/maps"
	echo "$status $(jq -c '[(.rows | length), [.findings[] | .id, .sentence]]' <<<"$out")"
}
module=$(said "$work/slots")
is "$(said "$work/core")" "$module" "check says of them what it says of the module's"
like "$module" '^[0-2] \[[1-9]' "... which is not nothing"
by_drgn
is "$status" 3 "without the address: an error"
like "$err" '\-\-vm-list' "... that says what is lacking"
done_testing
