#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab's own test, in TAP: test-lab.sh [6.1|6.12|newest]...
# No time is asserted, only shown, but for the hang, which has to end.
# shellcheck disable=SC2016 # single quotes are for the shell in the guest
set -u -o pipefail

cd "$(dirname "${BASH_SOURCE[0]}")" || exit
# shellcheck source=lib.sh
. ./lib.sh

kernels=("$@")
[ $# -gt 0 ] || kernels=(6.1 6.12 newest)

# What one round counts is checked against the plan at the end of each.
PER_KERNEL=31
count=0 failed=0
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT

# result STATUS NAME: one line of TAP; what the run said is shown on failure.
result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $k: $2"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $count - $k: $2"
	echo "# exit status $status; standard error (its end):"
	tail -n 20 "$tmp/err" | sed 's/^/# /'
}

# check NAME CONDITION...: the condition is a command.
check() {
	local name=$1
	shift
	"$@"
	result $? "$name"
}

# lab [OPTION...] CMD...: run it on the kernel under test.
lab() {
	./run -q -k "$k" "$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
}

status_is() { [ "$status" -eq "$1" ]; }
output_is() { [ "$(cat "$tmp/out")" = "$1" ]; }
shows() { grep -q -- "$1" "$tmp/out"; }
says() { grep -q -- "$1" "$tmp/err"; }
both() { "$1" "$2" && "$3" "$4"; }
differ() { [ -s "$1" ] && ! cmp -s "$1" "$2"; }

# build_module DIR: the module that misbehaves, against this kernel.
build_module() {
	local kdir
	kdir=$(./kdir -k "$k" 2>"$tmp/err") && mkdir -p "$1" && cp test-module/* "$1" &&
		make -C "$kdir" M="$1" modules >"$tmp/out" 2>"$tmp/err"
}

test_status() {
	lab true
	check "exit status 0" status_is 0
	lab sh -c 'exit 7'
	check "exit status 7" status_is 7
	lab sh -c 'kill -9 $$'
	check "a signal is 128 + its number" status_is 137
	lab no-such-command
	check "a command that is not there: 127" status_is 127
}

test_bytes() {
	head -c 1048576 /dev/urandom >"$tmp/a"
	printf 'a\0b\r\n\377no newline' >>"$tmp/a"
	lab cat "$tmp/a"
	check "1 MiB of any bytes on standard output" cmp -s "$tmp/a" "$tmp/out"
	lab sh -c 'cat "$1" >&2' sh "$tmp/a"
	check "1 MiB of any bytes on standard error, apart" cmp -s "$tmp/a" "$tmp/err"
	: >"$tmp/err"
	lab printf '<%s>' 'two words' "it's" '"$HOME"' '' $'a\nb' '*' --
	check "words reach the command as they are" \
		output_is "<two words><it's><\"\$HOME\"><>"$'<a\nb><*><-->'
	lab cat <<<unread
	check "standard input is empty" both status_is 0 output_is ''
	MAKEFLAGS=-j LAB_TEST='a b' lab sh -c 'echo "$LAB_TEST,${MAKEFLAGS:-},$PWD"'
	check "environment and directory are kept" output_is "a b,,$PWD"
	lab -i <<<"tty; exit 3"
	check "-i gives a terminal" both status_is 3 shows /dev/pts/0
}

test_files() {
	echo host >"$tmp/f"
	lab sh -c 'cat "$1" && echo guest >"$1" && cat "$1"' sh "$tmp/f"
	check "the host's file is seen and can be changed" output_is $'host\nguest'
	check "and is not changed on the host" [ "$(cat "$tmp/f")" = host ]
	mkdir -p "$tmp/w"
	lab -w "$tmp/w" sh -c 'echo guest >"$1/out"' sh "$tmp/w"
	check "-w: a directory that is changed on the host" \
		[ "$(cat "$tmp/w/out" 2>&1)" = guest ]
	lab sh -c 'hostname; cat /sys/class/net/lo/flags; modprobe -n kvm && ls -d \
		/dev/pts/ptmx /dev/shm /sys/kernel/tracing/events /sys/kernel/debug/kvm \
		/sys/fs/bpf /run/lock >&2'
	check "what a system has is mounted and up" both status_is 0 output_is $'slotlab\n0x9'
}

test_guest() {
	gcc -o "$tmp/test-kvm" test-kvm.c
	lab "$tmp/test-kvm"
	check "KVM makes a VM, a vCPU and a slot" both status_is 0 output_is "API 12"
	lab date +%s
	check "the clock is the host's" \
		[ $(($(date +%s) - $(cat "$tmp/out"))) -le 5 ]
	lab cat /proc/sys/kernel/random/boot_id
	cp "$tmp/out" "$tmp/id"
	lab cat /proc/sys/kernel/random/boot_id
	check "two runs are not the same boot" differ "$tmp/id" "$tmp/out"
}

test_trouble() {
	local ko=$tmp/m-$k/lab_warn.ko start=$SECONDS

	lab -t 3 sleep 100
	check "a hang ends at the limit: 124" both status_is 124 says 'sleep 100'
	check "and soon" [ $((SECONDS - start)) -lt 30 ]
	lab sh -c 'echo c >/proc/sysrq-trigger'
	check "a panic: 125, with its log" both status_is 125 says 'Kernel panic'
	check "a module is built against kdir" build_module "$tmp/m-$k"
	lab insmod "$ko"
	check "and loads: no warning, no failure" status_is 0
	lab insmod "$ko" act=warn
	check "a kernel warning: 125, with its log" both status_is 125 says 'lab_warn: as asked'
	lab insmod "$ko" act=oops
	check "an oops: 125, with its log" both status_is 125 says 'NULL pointer dereference'
	lab -t 3 insmod "$ko" act=spin
	check "a kernel that spins: 124, and where" both status_is 124 says 'lab_warn_init'
}

# gone PID: it ends within 10 s.
gone() {
	local i
	for ((i = 0; i < 100; i++)); do
		[ -e "/proc/$1" ] || return 0
		sleep 0.1
	done
	return 1
}

# start [OPTION...] CMD...: as lab, without waiting; sets pid, and qemu to its QEMU's.
start() {
	local i
	./run -q -k "$k" "$@" >"$tmp/out" 2>"$tmp/err" &
	pid=$!
	for ((i = 0; i < 600; i++)); do
		read -r qemu _ <"/proc/$pid/task/$pid/children"
		case $(cat "/proc/$qemu/comm" 2>/dev/null) in
		qemu*) return ;;
		esac
		sleep 0.1
	done
}

# leaves_none SIGNAL: run dies of it, and its QEMU with it.
leaves_none() {
	start sleep 100
	kill "-$1" "$pid"
	wait "$pid" 2>/dev/null
	status=$?
	[ "$qemu" ] && gone "$qemu"
}

# The kernel's text is patched while both processors run it
test_two() {
	start -s 2 sh -c 'nproc; cd /sys/kernel/tracing && echo "vfs_*" >set_ftrace_filter || exit
		(while [ ! -e /run/end ]; do cat /proc/version; done) >/dev/null &
		for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
			echo function >current_tracer && cat /proc/version >/dev/null &&
				echo nop >current_tracer || exit
		done
		>/run/end; wait'
	grep -qz ',thread=single$' "/proc/$qemu/cmdline"
	check "-s 2: the processors take turns" [ $? = 0 ]
	wait "$pid"
	status=$?
	check "-s 2: the kernel patches its text" both status_is 0 output_is 2
}

test_end() {
	check "SIGTERM leaves no QEMU behind" leaves_none TERM
	check "SIGKILL leaves no QEMU behind" leaves_none KILL
}

test_speed() {
	local start i
	start=${EPOCHREALTIME/[.,]/}
	for i in 1 2 3 4 5; do
		./run -k "$k" true 2>>"$tmp/restore" || break
	done
	check "restored from a snapshot, with no word" [ ! -s "$tmp/restore" ]
	echo "# $k: $(((${EPOCHREALTIME/[.,]/} - start) / 5000)) ms a run, $i runs"
	lab --cold true
	check "a cold boot" status_is 0
}

for k in "${kernels[@]}"; do
	before=$count
	# A mirror that is out of date or away is one failure, not one a test
	(find_kernel "$k") >"$tmp/out" 2>"$tmp/err"
	status=$?
	if [ $status -ne 0 ]; then
		result 1 "the kernel can be had (without it, its $PER_KERNEL tests are not run)"
		continue
	fi
	test_status
	test_bytes
	test_files
	test_guest
	test_trouble
	test_end
	test_two
	test_speed
	[ $((count - before)) -eq $PER_KERNEL ] ||
		echo "Bail out! $((count - before)) tests, not $PER_KERNEL"
done
echo "1..$count"
[ $failed -eq 0 ]
