# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for slotscope; the words are those of --help and the man pages
# (selftests/cmd/docs-in-sync.sh holds the three together).

_slotscope()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local common='--json --verbose --help' words='' i command=''

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done

	case $prev in
	--pid)
		# shellcheck disable=SC2207  # pids hold no blanks
		COMPREPLY=($(compgen -W "$(pgrep -f 'qemu|firecracker|cloud-hyp|slotscope vm')" -- "$cur"))
		return ;;
	--from)
		mapfile -t COMPREPLY < <(compgen -W 'module bpf' -- "$cur")
		return ;;
	--fault)
		mapfile -t COMPREPLY < <(compgen -W 'skip-slot unmap ignore-refusal' -- "$cur")
		return ;;
	-M | --machine)
		mapfile -t COMPREPLY < <(compgen -W 'pc q35 microvm isapc' -- "$cur")
		return ;;
	-o | --output | --record | --report | --read | --against | --expect | -bios | --bios | --qmp)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	esac

	case $command in
	'') words="check list slots trace vm model doctor --version $common" ;;
	check) words="--pid --fd --vm --qmp --at --resume --to-end --report --expect --no-trace --no-model --record $common" ;;
	list | doctor) words=$common ;;
	model) words="replay mtree --full --against $common" ;;
	slots) words="--pid --fd --from $common" ;;
	trace) words="--pid --vm --report --for --output --read $common" ;;
	vm) words="--machine --memory --object --numa --smp --accel --dirty-log --bios --vga-window --guest-memfd --keep-vcpus-out --test-device --qmp --paused --stopped --exit-after-halt --explain --step --debugcon --fault $common" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _slotscope slotscope
