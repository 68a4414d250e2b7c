#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A QEMU that libvirt runs: libvirt has its monitor, and is asked through it.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
for program in libvirtd virsh; do
	type -P $program >/dev/null || skip_all "$program is not installed"
done
load_module
trap 'kill -9 $daemon; end_vm; rm -rf "$work"' EXIT

# Nothing of this machine's is changed: /etc, /run and /var are the lab's own copies
mkdir -p /etc/libvirt /run/libvirt /var/lib/libvirt
cat >/etc/libvirt/qemu.conf <<'END'
stdio_handler = "file"
security_driver = "none"
user = "root"
group = "root"
namespaces = []
cgroup_controllers = []
remember_owner = 0
END
libvirtd >"$work/libvirtd" 2>&1 &
daemon=$!
await virsh -q list >/dev/null 2>&1 || diag "$(cat "$work/libvirtd")"
# A name that is a number, and one that no shell likes
define() { # define NAME - prints the pid
	cat >"$work/xml" <<-END
		<domain type='kvm'>
		  <name>$1</name>
		  <memory unit='MiB'>64</memory>
		  <vcpu>1</vcpu>
		  <os><type arch='x86_64' machine='pc'>hvm</type></os>
		  <devices>
		    <emulator>/usr/bin/qemu-system-x86_64</emulator>
		    <memballoon model='none'/>
		  </devices>
		</domain>
	END
	virsh -q create --paused "$work/xml" >"$work/create" 2>&1 || diag "$(cat "$work/create")"
	cat "/run/libvirt/qemu/$1.pid" 2>/dev/null
}
other=$(define "2")
vm=$(define "it's a &quot;\$(name)")
[ -n "$vm" ] || vm=$(cat /run/libvirt/qemu/it*.pid)

for pid in "$other" "$vm"; do
	run slotscope --json check --pid "$pid" --no-trace
	is "$status $(jq -r '.verdict, (.findings[] | .id)' <<<"$out" | xargs)" "0 agree" \
		"asked through libvirt: agree" || diag "$out $err"
	like "$(jq -r '.compared | join(" ")' <<<"$out")" 'model-kernel' "... and MODEL was compared"
	like "$(jq -r '.rows[].model.name' <<<"$out" | sort -u)" '^pc.ram$' "... which has the RAM"
done
# Of the right one, and it is a MODEL: what KVM lacks is missing
read -r slot gpa size < <(jq -r '[.rows[] | select(.model.name == "pc.ram")][0] |
	"\(.kernel.id) \(.gpa) \(.size)"' <<<"$out")
build/kernel/tools/faultctl "$vm" region 0 "$slot" 0 0 0 0 >/dev/null
run slotscope --json check --pid "$vm" --no-trace
is "$status $(ids mismatch)" "1 missing" "a slot deleted: missing" || diag "$gpa $size $out"
run slotscope --json check --pid "$other" --no-trace
is "$status" 0 "... in that domain alone"

# shellcheck disable=SC2123  # virsh is not to be found
run env PATH=/nonexistent "$PWD/build/user/slotscope" --json check --pid "$vm" --no-trace
is "$status $(ids unknown)" "2 unread" "without virsh: cannot tell"
like "$(jq -r '.findings[].sentence' <<<"$out")" 'through libvirt.*there is no virsh' "without virsh: it says so"
kill -STOP $daemon
run slotscope --json check --pid "$vm" --no-trace
is "$status $(ids unknown)" "2 unread" "a libvirt that hangs: cannot tell"
kill -CONT $daemon
run slotscope --json check --pid "$other" --no-trace
is "$status" 0 "once it goes on: agree"
kill "$other"
done_testing
