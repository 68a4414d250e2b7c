# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for slotscope, which says itself what may follow:
# slotscope complete, user/cmd/complete.c.

# Behind "--": a command, and for its words what that command's completion says
_slotscope_command()
{
	local at=$1 cur=${COMP_WORDS[COMP_CWORD]}

	if ((COMP_CWORD == at)); then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$at"
	else
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}

_slotscope()
{
	local cur=${COMP_WORDS[COMP_CWORD]} line
	# the program as it was typed: a path, perhaps
	local program=${1:-slotscope}

	program=${program/#\~\//$HOME/}
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		:files)
			compopt -o filenames 2>/dev/null
			# "=" is a word of its own for bash
			[ "$cur" != = ] || cur=''
			mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
		:nospace) compopt -o nospace 2>/dev/null ;;
		:command*) _slotscope_command $((${line#:command } + 1)) ;;
		*) COMPREPLY+=("${line%%$'\t'*}") ;;
		esac
	done < <("$program" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _slotscope slotscope
