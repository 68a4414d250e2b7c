# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# What the lab's commands share: where things are, and how they speak.

lab_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab_build=$(cd "$lab_dir/../.." && pwd)/build/vm
lab_cache=${SLOTSCOPE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/slotscope}
lab_me=${0##*/}

# Usage errors and what goes wrong before a guest runs; README.md lists all.
LAB_EXIT_SETUP=126

say() {
	[ "${LAB_QUIET:-}" ] || printf '%s: %s\n' "$lab_me" "$*" >&2
}

die() {
	printf '%s: %s\n' "$lab_me" "$*" >&2
	exit "$LAB_EXIT_SETUP"
}

# need COMMAND PACKAGE: one clear message instead of "command not found".
need() {
	command -v "$1" >/dev/null ||
		die "the command '$1' is missing: apt-get install $2"
}

# step MESSAGE CMD...: run a long step, say what it is and what it took.
step() {
	local what=$1 start=${EPOCHREALTIME/[.,]/} took
	shift
	"$@" || die "$what: failed"
	took=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
	say "$(printf '%s (%d.%03d s)' "$what" $((took / 1000)) $((took % 1000)))"
}

# kernel_dir K: the directory of an unpacked kernel, whether it is there or not.
kernel_dir() {
	case $1 in
	6.1 | 6.12 | newest) printf '%s\n' "$lab_cache/kernels/$1" ;;
	*/*) printf '%s\n' "$1" ;;
	*) die "-k $1: not 6.1, 6.12, newest or a path (write ./$1 for a directory here)" ;;
	esac
}
