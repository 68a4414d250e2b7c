#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real QEMUs of many kinds, each left alone and each doing what moves its
# memory: where QEMU and KVM agree, so do the views, with nothing unknown.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
load_module
# The verdict, and each finding but gap: QEMU 7.2 takes RAM away and puts it back as the
# firmware switches PAM and SMRAM, which a trace tells, rightly
told='.verdict, (.findings[] | select(.id != "gap").sentence)'
vm=
trap 'end_vm; rm -rf "$work"' EXIT
echo 1 >/proc/sys/vm/overcommit_memory # guests larger than the lab touch little
truncate -s 16M "$work/ro.img"

# start NAME ARGS... - a QEMU with its monitor at $work/NAME; sets $vm
start() {
	local monitor=$work/$1 i
	shift
	qemu-system-x86_64 -accel kvm -nodefaults -display none \
		-qmp "unix:$monitor,server=on,wait=off" "$@" 2>"$work/qemu.err" &
	vm=$!
	for ((i = 0; i < 600; i++)); do [ ! -S "$monitor" ] || return; sleep 0.1; done
	diag "QEMU $*: $(cat "$work/qemu.err")"
}

# qmp NAME COMMAND... - each a JSON object, or a line for the human monitor
qmp() {
	/usr/bin/python3 -I -S - "$work/$1" "${@:2}" <<-'END'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(20)
		s.connect(sys.argv[1])
		f = s.makefile("rw")
		def answer():
		    while "event" in (a := json.loads(f.readline())):
		        pass
		    return a
		def ask(command):
		    f.write(json.dumps(command) + "\n")
		    f.flush()
		    return answer()
		answer()
		ask({"execute": "qmp_capabilities"})
		for word in sys.argv[2:]:
		    a = ask(json.loads(word) if word[0] == "{" else
		            {"execute": "human-monitor-command",
		             "arguments": {"command-line": word}})
		    if a.get("return", "") not in ("", {}):
		        print(a["return"])
		    if "error" in a:
		        sys.exit(str(a["error"]))
	END
}

# agrees WORDS CHECK-ARGS...
agrees() {
	local words=$1
	shift
	run slotscope --json check "$@"
	is "$status $(jq -r "$told" <<<"$out" | sort -u)" \
		"0 agree" "$words"
	[ "$status" = 0 ] || diag "$err"
}

# Kinds of machines and of memory, at reset: what QEMU means is complete then.
# That the thing in question is in MODEL shows that the case tests it
kind() { # kind MODEL-NAME ARGS...
	local name=$1
	shift
	start kind -S "$@"
	agrees "$1 $2, $name" --pid "$vm" --no-trace
	like "$(jq -r '.rows[].model.name' <<<"$out" | sort -u)" "^$name\$" \
		"$1 $2, $name: that is in it"
	end_vm
	rm -f "$work/kind"
}
kind microvm.ram -M microvm -m 64M
kind pc.rom -M isapc -cpu max -m 16M
kind pc.bios -M pc,kernel-irqchip=off -m 123457K
kind pc.ram -M q35,smm=off -m 5G
kind r1 -M q35 -m 128M -smp 2 -object memory-backend-ram,id=r0,size=64M \
	-object memory-backend-memfd,id=r1,size=64M,share=on \
	-numa node,memdev=r0 -numa node,memdev=r1
kind vm0 -M q35 -m 64M,maxmem=2G -object memory-backend-ram,id=vm0,size=1G \
	-device virtio-mem-pci,memdev=vm0,requested-size=256M
kind r0 -M none -m 64M -object memory-backend-ram,id=r0,size=64M \
	-machine memory-backend=r0
kind pc.ram -M pc -m 3584M -accel kvm,dirty-ring-size=1024
kind nv0 -M pc,nvdimm=on -m 64M,slots=2,maxmem=1G \
	-object "memory-backend-file,id=nv0,mem-path=$work/ro.img,size=16M,share=on,readonly=on" \
	-device nvdimm,memdev=nv0,unarmed=on
kind d0 -M pc -m 64M,slots=2,maxmem=1G -object memory-backend-ram,id=d0,size=64M \
	-device pc-dimm,memdev=d0
kind system.flash0 -M q35 -m 64M \
	-drive "if=pflash,format=raw,readonly=on,file=/usr/share/seabios/bios-256k.bin"

# Firmware that never ends: VGA memory with a dirty log, BARs, PAM, SMRAM, and a
# reset again and again, while slotscope looks. The sampler finds its moments
firmware=(-M q35 -m 64M -smp 2 -vga std -device e1000 -device virtio-rng-pci
	-boot reboot-timeout=1)
agrees "firmware without end, traced from its first ioctl" \
	--at 1 --at 2 --at 3 --at 5 -- qemu-system-x86_64 -accel kvm -nodefaults \
	-display none -qmp "unix:$work/own,server=on,wait=off" "${firmware[@]}"
start first "${firmware[@]}"
agrees "firmware without end, attached late" --pid $vm --at 0 --at 1 --at 2
qmp first system_reset
agrees "after a reset" --pid $vm
qmp first stop
agrees "stopped" --pid $vm
qmp first cont '{"execute": "migrate-set-parameters", "arguments": {"max-bandwidth": 65536}}' \
	'migrate -d "exec:cat >/dev/null"'
agrees "while it migrates" --pid $vm
like "$(jq -r '.rows[].kernel.flags' <<<"$out")" '0x[13]' "while it migrates: KVM logs dirty pages"
qmp first migrate_cancel
first=$vm

# Another one beside it, whose memory grows while it is watched
start second -M pc -m 64M,slots=2,maxmem=1G
agrees "the second VM" --pid $vm
slotscope --json check --pid $vm --at 0 --at 6 >"$work/out" 2>"$work/err" &
checker=$!
await [ -s "$work/out" ]
qmp second '{"execute": "object-add", "arguments": {"qom-type": "memory-backend-ram", "id": "m0", "size": 67108864}}' \
	'{"execute": "device_add", "arguments": {"driver": "pc-dimm", "id": "d0", "memdev": "m0"}}'
wait $checker
is "$? $(jq -r "$told" "$work/out" | sort -u)" "0 agree" \
	"a DIMM plugged while it is watched"
is "$(tail -1 "$work/out" | jq -r '.rows[] |
	select(.as_id == 0 and .model.name == "m0") | .gpa, .size, (.traced.id == .kernel.id)')" \
	"$(printf '%s\n' 0x100000000 0x4000000 true)" "the DIMM is in all views"

# The monitor of the other VM would contradict everything
run slotscope --json check --pid $vm --qmp "$work/first"
is "$status $(ids mismatch)" "2 " "the monitor of another VM: no verdict by its MODEL"
is "$(ids unknown)" unread "the monitor of another VM: MODEL is unread"
like "$out" "monitor of process $first" "it says whose it is"
end_vm
vm=$first
agrees "the first VM is untouched" --pid $vm
done_testing
