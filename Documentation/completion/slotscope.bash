# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for slotscope; the words are those of --help and the man pages
# (selftests/cmd/docs-in-sync.sh holds the three together).

# Processes that hold a descriptor of a VM, as far as we may look
_slotscope_vmms()
{
	find /proc/[0-9]*/fd -maxdepth 1 -lname anon_inode:kvm-vm 2>/dev/null |
		cut -d/ -f3 | sort -un
}

_slotscope_findings()
{
	slotscope explain 2>/dev/null | cut -d' ' -f1 | paste -sd' '
}

_slotscope_files()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# Behind "--": a command, and for its words what that command's completion says
_slotscope_command()
{
	local at=$1

	if ((COMP_CWORD == at)); then
		mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[at]}")
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$at"
	else
		_slotscope_files "${COMP_WORDS[COMP_CWORD]}"
	fi
}

# What may follow an option that takes a value; status 1: it takes none
_slotscope_value()
{
	local command=$1 option=$2 cur=$3 words=''

	# vm takes long options with one dash, too
	[[ $command != vm || $option != -[a-z]?* ]] || option=-$option
	case $command:$option in
	*:-p | *:--pid) words=$(_slotscope_vmms) ;;
	slots:--from) words='module bpf' ;;
	slots:--stage2) words='all' ;;
	vm:--fault) words='skip-slot unmap ignore-refusal wrong-hva short-slot read-only late-delete seed=' ;;
	quiz:-k | quiz:--kinds) words='view where commit slots errno' ;;
	check:--page-size) words='4k 16k 64k' ;;
	vm:-M | vm:--machine) words='pc q35 microvm isapc' ;;
	vm:--dirty-log) words='bitmap clear ring' ;;
	metrics:--format) words='text openmetrics' ;;
	*:-o | *:-i | *:--input | *:--output | *:--record | *:--report | \
		*:--against | *:--expect | *:--mtree | *:--model | *:--slots | *:--maps | \
		*:--bios | *:--qmp)
		_slotscope_files "$cur"
		return ;;
	# nobody knows these beforehand
	quiz:-s | quiz:--seed | quiz:-n | quiz:--number | *:--fd | *:--vm | *:--at | *:--as | *:--for | *:--delay | *:--listen | vm:-m | vm:--memory | vm:--object | \
		vm:--numa | vm:--smp | vm:--accel) ;;
	*) return 1 ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

_slotscope()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local common='--json --verbose --help' words='' i command='' topic=''

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--)
			case $command in
			check | trace | record)
				_slotscope_command $((i + 1))
				return ;;
			esac ;;
		-*) ;;
		*)
			if [ -z "$command" ]; then
				command=${COMP_WORDS[i]}
			elif [ -z "$topic" ]; then
				topic=${COMP_WORDS[i]}
			fi ;;
		esac
	done

	# both "--pid 12" and "--pid=12"; "=" is a word of its own for bash
	[ "$cur" != = ] || cur=''
	[ "$prev" != = ] || prev=${COMP_WORDS[COMP_CWORD - 2]}
	! _slotscope_value "$command" "$prev" "$cur" || return 0
	if [[ $command = model && -n $topic && $cur != -* ]] ||
		[[ $command = @(repro|diff) && $cur != -* ]]; then
		_slotscope_files "$cur"
		return
	fi

	case $command in
	'') words="check addr why list top metrics slots trace record diff export vm model repro explain quiz doctor --version $common" ;;
	check) words="--pid --input --fd --vm --qmp --at --watch --resume --to-end --report --expect --mtree --model --slots --maps --page-size --no-trace --events --no-model --stage2 --record $common" ;;
	addr) words="--pid --fd --vm --qmp --as --no-trace --no-model --input --mtree --model --slots --maps $common" ;;
	why) words="--pid --fd --vm --qmp --for --no-model --input $common" ;;
	repro) words="--minimize --kselftest --vm --output $common" ;;
	explain) words="$(_slotscope_findings) $common" ;;
	list | doctor) words=$common ;;
	quiz) words="--seed --number --kinds --check --answers $common" ;;
	top) words="--delay --frames --batch $common" ;;
	metrics) words="--output --delay --listen --format --details $common" ;;
	diff) words=$common ;;
	export) words="--perfetto --input --output $common" ;;
	model) words="replay mtree --full --against $common" ;;
	slots) words="--pid --fd --from --details --stage2 --input --at --vm $common" ;;
	trace) words="--pid --all --vm --ptrace --stacks --events --as --slot --gpa --failed-only --dry-run --report --for --input --summary $common" ;;
	record) words="--output --pid --all --keep --stacks --ptrace --events --as --slot --gpa --failed-only --dry-run --for $common" ;;
	vm) words="--machine --memory --object --numa --smp --accel --dirty-log --bios --vga-window --guest-memfd --keep-vcpus-out --test-device --qmp --paused --stopped --exit-after-halt --explain --step --debugcon --fault --version $common" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _slotscope slotscope
