#compdef slotscope
# SPDX-License-Identifier: GPL-2.0-or-later
# zsh completion for slotscope, which says itself what may follow:
# slotscope complete, user/cmd/complete.c.

_slotscope()
{
	local line
	local -a nospace offered

	for line in "${(@f)$(${~words[1]} complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
		case $line in
		('') ;;
		(:files)
			compset -P '--[a-z-]#='
			_files
			return ;;
		(:nospace) nospace=(-S '') ;;
		(:command*)
			shift $((${line#:command } + 1)) words
			((CURRENT -= ${line#:command } + 1))
			_normal
			return ;;
		(*) offered+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
		esac
	done
	if [[ $words[CURRENT] = -* ]]; then
		_describe -V -o option offered $nospace
	else
		_describe -V slotscope offered $nospace
	fi
}

if [[ $zsh_eval_context[-1] = loadautofunc ]]; then
	_slotscope "$@"
else
	compdef _slotscope slotscope
fi
