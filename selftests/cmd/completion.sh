#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the completion offers, asked as bash asks it.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
# shellcheck source=Documentation/completion/slotscope.bash
. Documentation/completion/slotscope.bash

# offered WORD... - what is offered for the last word, in order, on one line
offered() {
	COMP_WORDS=(slotscope "$@")
	COMP_CWORD=$#
	COMPREPLY=(left over)
	_slotscope
	printf '%s\n' "${COMPREPLY[@]}" | sort -u | xargs
}

is "$(offered ch)" check "a command"
is "$(offered --json sl)" slots "a command behind an option"
is "$(offered check --re)" "--record --report --resume" "options of a command"
is "$(offered slots --from '')" "bpf module" "values of an option"
is "$(offered slots --from = m)" module "values behind an equals sign"
is "$(offered vm --dirty-log '')" "bitmap clear ring" "ways to log"
is "$(offered vm -machine p)" pc "an option with QEMU's one dash"
for option in 'check --at' 'check --fd' 'trace --vm' 'vm -m' 'vm --smp'; do
	# shellcheck disable=SC2086 # two words
	is "$(offered $option '')" "" "$option: no option is its value"
done

is "$(offered check -- mkfif)" mkfifo "a command behind --"
is "$(offered trace --json -- mkfif)" mkfifo "behind options, too"
is "$(offered check -- true --re)" "" "options behind -- are the command's"
is "$(offered check -- cat READ)" README.md "its words are files where bash knows no better"
is "$(offered model replay READ)" README.md "model replay takes files"
is "$(offered model mtree READ)" README.md "so does model mtree"
is "$(offered diff READ)" README.md "so does diff"
is "$(offered model re)" replay "model takes a word first"
is "$(offered check --expect READ)" README.md "an option that takes a file"

# What holds a VM is offered, whatever its name; what has a VMM's name is not
(exec -a qemu-system-x86_64 sleep 60) &
decoy=$!
if [ -w /dev/kvm ]; then
	build/user/slotscope vm -m 16M --paused 2>/dev/null &
	vmm=$!
	for ((i = 0; i < 600; i++)); do
		[[ $(readlink "/proc/$vmm/fd"/* 2>/dev/null) != *anon_inode:kvm-vm* ]] || break
		sleep 0.1
	done
	pids=" $(offered check --pid '') "
	like "$pids" " $vmm " "--pid: a process that holds a VM"
	unlike "$pids" " $decoy " "--pid: none that has a VMM's name alone"
	kill "$vmm"
else
	skip "--pid: processes that hold a VM" "no /dev/kvm here"
fi
kill "$decoy"
wait 2>/dev/null
done_testing
