#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the completions of bash, zsh and fish offer, asked as these ask them, and in
# those shells themselves.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
# shellcheck source=Documentation/completion/slotscope.bash
. Documentation/completion/slotscope.bash

program=build/user/slotscope

# offered WORD... - what is offered for the last word, in order, on one line
offered() {
	COMP_WORDS=("$program" "$@")
	COMP_CWORD=$#
	COMPREPLY=(left over)
	_slotscope "$program"
	printf '%s\n' "${COMPREPLY[@]}" | sort -u | xargs
}

is "$(offered ch)" check "a command"
is "$(offered --json sl)" slots "a command behind an option"
is "$(offered check --re)" "--record --report --resume" "options of a command"
is "$(offered slots --from '')" "bpf module" "values of an option"
is "$(offered slots --from = m)" module "values behind an equals sign"
is "$(offered slots --from =)" "bpf module" "right behind it, too"
is "$(offered --color = n)" never "of an option that may have a value"
is "$(offered trace --events vcpus,mm)" "vcpus,mmio" "the last of a list"
is "$(offered help ex)" "explain export" "help takes commands"
is "$(offered explain mis)" missing "explain takes findings"
is "$(offered completion '')" "bash fish zsh" "completion takes shells"
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
	like "$($program complete -- check --pid '')" "^$vmm	slotscope[a-z-]*, 1 VM\$" "... with its name"
	kill "$vmm"
else
	skip "--pid: processes that hold a VM" "no /dev/kvm here"
fi
kill "$decoy"
wait 2>/dev/null

# The shells themselves. fish tells without a terminal; the others complete on one
in_fish() { fish -c "source Documentation/completion/slotscope.fish; complete -C '$1'" | cut -f1 | sort | xargs; }
PATH=$PWD/build/user:$PATH
if command -v fish >/dev/null; then
	is "$(in_fish 'slotscope chec')" check "fish: a command"
	is "$(in_fish 'slotscope check --re')" "--record --report --resume" "fish: options"
	is "$(in_fish 'slotscope slots --from=m')" "--from=module" "fish: a value"
	is "$(in_fish 'slotscope trace --events vcpus,mm')" "vcpus,mmio" "fish: of a list"
	is "$(in_fish 'slotscope diff READ')" README.md "fish: a file"
	is "$(in_fish 'slotscope check --expect=READ')" "--expect=README.md" "fish: a file behind ="
	like " $(in_fish 'slotscope check -- mkfif') " ' mkfifo ' "fish: a command behind --"
	is "$(in_fish 'slotscope vm -machine q')" q35 "fish: an option with QEMU's one dash"
else
	skip "fish" "it is not installed"
fi

# on_terminal SHELL LINE WANTED WORDS - LINE, a tab and a blank become WANTED
on_terminal() {
	local shell=$1 line=$2 wanted=$3 words=$4 shown
	shown=$(TERM=dumb PS1='ready> ' HOME=$home selftests/pty -w 200 \
		-s 'ready> ' ". ./Documentation/completion/slotscope.$shell\\r" \
		-s 'ready> ' "$line\\t" \
		-s "$wanted" '' -k -- "${@:5}" 2>&1)
	result $? "$shell: $words" || diag "$shown"
}

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
bash=(bash --norc --noprofile -i)
on_terminal bash 'slotscope chec' 'slotscope check ' "a command" "${bash[@]}"
on_terminal bash 'slotscope slots --from=mo' '--from=module ' "a value" "${bash[@]}"
on_terminal bash 'slotscope diff READ' 'diff README.md ' "a file" "${bash[@]}"
on_terminal bash 'slotscope check -- mkfif' 'check -- mkfifo ' "a command behind --" "${bash[@]}"
if command -v zsh >/dev/null; then
	printf "%s\n" "PS1='ready> '" 'autoload -U compinit' 'compinit -D -u' \
		>"$home/.zshrc"
	zsh=(env ZDOTDIR="$home" zsh -d -i)
	on_terminal zsh 'slotscope chec' 'slotscope check ' "a command" "${zsh[@]}"
	on_terminal zsh 'slotscope slots --from=mo' '--from=module' "a value" "${zsh[@]}"
	on_terminal zsh 'slotscope diff READ' 'diff README.md' "a file" "${zsh[@]}"
	on_terminal zsh 'slotscope check -- mkfif' 'check -- mkfifo' "a command behind --" "${zsh[@]}"
	on_terminal zsh 'slotscope check --recor' 'check --record' "an option" "${zsh[@]}"
else
	skip "zsh" "it is not installed"
fi
for shell in bash zsh fish; do
	is "$($program completion $shell)" "$(cat "Documentation/completion/slotscope.$shell")" \
		"slotscope completion $shell prints the file"
done
done_testing
