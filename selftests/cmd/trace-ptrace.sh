#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope trace --ptrace: the requests of a command, without root, BPF or a module,
# held against strace and against what the program itself says.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"

# Nothing that root may do, if we are root
bare() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --bounding-set=-all --inh-caps=-all "$@"
	else
		"$@"
	fi
}

# told FILE - the requests of a trace: slot, flags, gpa, size, result
told() {
	jq -r 'select(.type == "request").request |
		"\(.slot) \(.flags) \(.gpa) \(.size) \(.result)"' "$1" |
		while read -r slot flags gpa size result; do
			printf '%#x %#x %#x %#x %d\n' "$slot" "$flags" "$gpa" "$size" "$result"
		done
}

# Our own VMM, with all that it asks while its guest runs
vmm=("$program" vm -M pc -m 64M --exit-after-halt)
bare "$program" trace --ptrace --json --report "$work/trace" -- "${vmm[@]}" \
	>"$work/out" 2>"$work/err"
is "$?" 0 "a VMM of one's own: status 0"
is "$(jq -s '[.[] | select(.type == "vm-create")] | length' "$work/trace")" 1 \
	"its VM is told"
told "$work/trace" >"$work/told"
if command -v strace >"$work/null"; then
	strace -f -X raw -e trace=ioctl -o "$work/raw" "${vmm[@]}" >"$work/out" 2>&1
	sed -nE 's/.*0x4020ae46, \{slot=([^,]*), flags=([^,]*), guest_phys_addr=([^,]*), memory_size=([^,]*), .* = (-?[0-9]+).*/\1 \2 \3 \4 \5/p' \
		"$work/raw" | while read -r slot flags gpa size result; do
		printf '%#x %#x %#x %#x %d\n' "$slot" "$flags" "$gpa" "$size" "$result"
	done >"$work/strace"
	is "$(sort "$work/told")" "$(sort "$work/strace")" \
		"strace saw the same $(wc -l <"$work/strace") requests"
	[ -s "$work/strace" ]
	result $? "and there were some"
	"$program" trace -i "$work/raw" >"$work/text" 2>&1
	is "$(grep -c ' request ' "$work/text")" "$(wc -l <"$work/told")" \
		"trace -i prints strace's"
else
	echo "ok $((++tap_n)) - strace saw the same # SKIP no strace (package strace)"
fi

# Who called, without root
bare "$program" trace --ptrace --stacks --report "$work/text" -- "${vmm[@]}" \
	>"$work/out" 2>"$work/err"
is "$?" 0 "with --stacks: status 0"
like "$(cat "$work/text")" '#0 +ioctl\+0x' "a request has its stack"
like "$(cat "$work/text")" '# *[0-9]+ +(program_)?main\+0x' "which goes up to main()"

# Requests that no VM sees: the descriptor is closed, or is of something else
cat >"$work/astray.c" <<-'END'
	#include <errno.h>
	#include <fcntl.h>
	#include <linux/kvm.h>
	#include <stdio.h>
	#include <sys/ioctl.h>
	#include <unistd.h>
	int main(void)
	{
		struct kvm_userspace_memory_region r = { .slot = 3, .memory_size = 4096 };
		int vm = ioctl(open("/dev/kvm", O_RDWR), KVM_CREATE_VM, 0);
		int null = open("/dev/null", O_RDWR), where[3] = { null, vm, 99 };
		close(vm);
		for (int i = 0; i < 3; i++) {
			int ret = ioctl(where[i], KVM_SET_USER_MEMORY_REGION, &r);
			printf("1 3 %d\n", ret ? -errno : 0);
		}
		return 0;
	}
END
if gcc -o "$work/astray" "$work/astray.c" 2>"$work/gcc"; then
	bare "$program" trace --ptrace --json --report "$work/trace" -- "$work/astray" \
		>"$work/said" 2>"$work/err"
	is "$?" 0 "requests on no VM's descriptor: status 0"
	is "$(jq -r 'select(.type == "request") | "\(.serial) \(.request.slot) \(.request.result)"' \
		"$work/trace" | sed 's/0x//')" "$(cat "$work/said")" \
		"they are told, refused as the program saw it"
else
	echo "ok $((++tap_n)) - requests on no VM's descriptor # SKIP gcc cannot"
fi

# Threads, children, duplicates; dynamic and static
for kind in -no-pie -static; do
	if ! gcc $kind -O1 -pthread -o "$work/vms" selftests/fixtures/ptrace-vms.c \
		2>"$work/gcc"; then
		echo "ok $((++tap_n)) - threads and children ($kind) # SKIP gcc cannot"
		continue
	fi
	bare "$program" trace --ptrace --json --report "$work/trace" -- "$work/vms" \
		>"$work/said" 2>"$work/err"
	is "$?" 0 "threads, children, duplicates ($kind): status 0"
	is "$(jq -r 'select(.type == "request") | "\(.serial) \(.tid) \(.request.slot) " +
		"\(.request.gpa) \(.request.size) \(.request.result)"' "$work/trace" |
		while read -r vm tid slot gpa size result; do
			printf '%d %d %d %#x %#x %d\n' "$vm" "$tid" "$slot" "$gpa" "$size" "$result"
		done | sort)" \
		"$(while read -r vm tid slot gpa size result; do
			printf '%d %d %d %#x %#x %d\n' "$vm" "$tid" "$slot" "$gpa" "$size" "$result"
		done <"$work/said" | sort)" \
		"all of the program's $(wc -l <"$work/said") requests, of the VM that each is of"
	is "$(jq -s '[.[].seq] == [range(1; length + 1)]' "$work/trace")" true \
		"they are numbered without a hole"
done

# A status, a signal, a time
bare "$program" trace --ptrace -- sh -c 'exit 7' >"$work/out" 2>"$work/err"
is "$?" 2 "a command without a VM: status 2"
bare "$program" trace --ptrace --report "$work/text" -- \
	sh -c '"$@" >&2; exit 7' sh "${vmm[@]}" >"$work/out" 2>"$work/err"
is "$?" 7 "a command's own status is passed on"
bare "$program" trace --ptrace --for 1 --report "$work/text" -- \
	"$program" vm -M pc -m 64M </dev/null >"$work/out" 2>"$work/err"
is "$?" 0 "for a time: status 0"
like "$(cat "$work/text")" 'request 0/0' "what it asked meanwhile is told"
# A program is called what it likes: nothing of that moves a cursor
ln -s "$PWD/build/user/slotscope-vm" "$work/a"$'\e[31m\nb'
bare "$program" record --ptrace -o "$work/named" -- "$work/a"$'\e[31m\nb' -m 16M --exit-after-halt \
	>"$work/out" 2>&1
for command in "slots -i" "check -i" "trace -i" "trace -c -i" "map -i" "addr 0 -i"; do
	# shellcheck disable=SC2086  # words
	"$program" $command "$work/named" >"$work/out" 2>&1
	is "$(grep -c $'\e\|^b' "$work/out")" 0 "$command: a name with an escape sequence"
done
like "$("$program" slots -i "$work/named")" 'process [0-9]+ \(a\\1b\[31m' "... is shown escaped"
# What is asked by one that is told to end is answered by KVM, and told
gcc -O1 -o "$work/last" selftests/fixtures/ptrace-last.c 2>"$work/gcc" ||
	diag "gcc cannot"
asked='child create 0
child set 22
parent create 0
parent set 22'
bare "$program" record --ptrace --for 3 -o "$work/rec" -- "$work/last" \
	>"$work/said" 2>"$work/err"
is "$?" 0 "ended after a time, it asks more: status 0"
is "$(grep -v ready "$work/said" | sort)" "$asked" "and is answered by KVM"
"$program" trace -i "$work/rec" >"$work/text" 2>&1
is "$(grep -c ' request .* = -EINVAL' "$work/text")" 2 "its last requests are recorded"
is "$(grep -c ' created by ' "$work/text")" 3 "so are its last VMs"
# The process that is signalled is slotscope itself: no function in between
bare=()
[ "$(id -u)" != 0 ] || bare=(setpriv --bounding-set=-all --inh-caps=-all)
# The "ready" of the run before is none: a SIGINT before the exec is lost
: >"$work/said"
"${bare[@]}" "$program" trace --ptrace --report "$work/text" -- "$work/last" \
	>"$work/said" 2>"$work/err" &
tracer=$!
await grep -q ready "$work/said"
kill -INT $tracer
wait $tracer
is "$?" 0 "ended by SIGINT, it asks more: status 0"
is "$(grep -v ready "$work/said" | sort)" "$asked" "and is answered by KVM"
is "$(grep -c ' request .* = -EINVAL' "$work/text")" 2 "its last requests are told"
# Whoever kills the keeper: what has the filter does not live on without us
: >"$work/said"
"${bare[@]}" "$program" trace --ptrace --report "$work/text" -- "$work/last" \
	>"$work/said" 2>"$work/err" &
tracer=$!
await grep -q ready "$work/said"
pkill -KILL -P $tracer -x slotscope-keep
wait $tracer
is "$?" 2 "its keeper was killed: status 2"
unlike "$(cat "$work/said")" ' 38$' "nothing is answered by anybody but KVM"
like "$(cat "$work/err")" 'killed' "what was left is killed, and said to be"
# What KVM allows is found out by VMs of our own: none while anything is traced
if command -v strace >"$work/null"; then
	strace -e trace=ioctl,ptrace -o "$work/raw" "$program" trace --ptrace --for 1 \
		--report "$work/text" -- "$work/last" >"$work/out" 2>"$work/err"
	like "$(sed '/PTRACE_SEIZE/,$d' "$work/raw")" 'KVM_CREATE_VM' "our own VMs are made before"
	unlike "$(sed '0,/PTRACE_SEIZE/d' "$work/raw")" 'KVM_CREATE_VM' "and none meanwhile"
else
	skip "our own VMs are made before" "no strace (package strace)"
fi
# A recording, and what does not go together
bare "$program" record --ptrace -o "$work/rec" -- "${vmm[@]}" >"$work/out" 2>&1
is "$?" 0 "into a recording: status 0"
"$program" trace -i "$work/rec" >"$work/text" 2>&1
is "$(grep -c ' request ' "$work/text")" "$(wc -l <"$work/told")" "it has them all"
bare "$program" record --ptrace --stacks -o - -- sh -c '"$@" >&2' sh "${vmm[@]}" 2>"$work/err" |
	bare "$program" trace -i - >"$work/text" 2>&1
is "${PIPESTATUS[*]}" "0 0" "through a pipe, with stacks: status 0"
is "$(grep -c ' request ' "$work/text")" "$(wc -l <"$work/told")" "all came through"
like "$(cat "$work/text")" '#1 .*slotscope' "and who made them"
"$program" trace -i - <"$work/rec" >"$work/text" 2>&1
is "$(grep -c ' request ' "$work/text")" "$(wc -l <"$work/told")" "a recording as standard input"
"$program" check -i - <"$work/rec" >"$work/text" 2>&1
like "$(cat "$work/text")" "TRACED" "check reads it there, too"
"$program" trace --ptrace --pid 1 >"$work/out" 2>&1
is "$?" 3 "--ptrace with --pid is refused"
done_testing
