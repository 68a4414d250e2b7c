# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# What the lab's commands share: where things are, and how they speak.

# Debian's users have no sbin in their PATH; depmod and modprobe are there
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

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

# find_kernel K: set dir, image and release, after a fetch if need be.
find_kernel() {
	case $1 in
	6.1 | 6.12 | newest)
		dir=$lab_cache/kernels/$1
		if ! [ -e "$dir/release" ]; then
			"$lab_dir/fetch" -k "$1" || exit "$LAB_EXIT_SETUP"
		fi
		image=$dir/vmlinuz
		;;
	debug | debug-kcsan)
		dir=$lab_cache/kernels/$1
		[ -e "$dir/release" ] || die "-k $1: not built yet: $lab_dir/debug-kernel $1"
		image=$dir/vmlinuz
		;;
	*/*)
		dir=$1 image=$1/vmlinuz
		[ -d "$1" ] || dir=${1%/*} image=$1
		;;
	*) die "-k $1: not 6.1, 6.12, newest, debug, debug-kcsan or a path (write ./$1 for one here)" ;;
	esac
	[ -r "$image" ] || die "$image: no kernel image there"
	dir=$(readlink -f "$dir")
	image=$(readlink -f "$image")
	release=$(cd "$dir/lib/modules" && echo *) || exit "$LAB_EXIT_SETUP"
	[ -d "$dir/lib/modules/$release" ] ||
		die "$dir/lib/modules: not the modules of one kernel"
}
