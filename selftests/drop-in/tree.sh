#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# selftests/kselftest in a kernel's tree (Debian's linux-source), copied and
# linked: builds, installs, packs and runs as kselftest's own do; and by itself.
#
#   selftests/drop-in/tree.sh KERNEL
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
k=$1
source=$(selftests/vm/fetch -q -k "$k" --source) || skip_all "no source of $k"
work=$PWD/build/drop-in/$k
progs=$(sed -n 's/^TEST_GEN_PROGS := //p' selftests/kselftest/Makefile | tr ' ' '\n' |
	sort | xargs)

# tree NAME - as much of a kernel's tree as kselftest needs
tree() {
	rm -rf "${work:?}/$1"
	mkdir -p "$work/$1/tools/testing/selftests" "$work/$1/scripts"
	(cd "$source" && cp -r --parents Makefile scripts/subarch.include \
		tools/testing/selftests/{Makefile,lib.mk,*kselftest*} "$work/$1/")
	there=$work/$1/tools/testing/selftests
}

# selftests ARGS... - as a kernel developer would, from the top of the tree
selftests() {
	(cd "${there%/tools*}" && run make -C tools/testing/selftests \
		TARGETS=slotscope "$@"; echo "$status"; printf '%s\n' "$out" "$err")
}

# built DIR - the programs that are there
built() { (cd "$1" 2>/dev/null && find . -maxdepth 1 -type f -perm /100 -printf '%f\n') | sort | xargs; }

for how in copied linked; do
	tree $how
	if [ $how = copied ]; then
		cp -r selftests/kselftest "$there/slotscope"
	else
		cp -r selftests/kselftest "$work/$how/elsewhere"
		ln -s "$work/$how/elsewhere" "$there/slotscope"
	fi
	said=$(selftests)
	is "$(head -n 1 <<<"$said") $(built "$there/slotscope/")" "0 $progs" "$how: built"
	unlike "$said" '(warning|error):' "$how: without a warning"
	is "$(selftests clean | head -n 1) $(built "$there/slotscope/")" "0 " "$how: cleaned"
	is "$(selftests O="$work/$how/out" install | head -n 1)" 0 "$how: installed, O="
	is "$(built "$there/slotscope/")" "" "$how, O=: the tree stays clean"
	install=$work/$how/out/kselftest/kselftest_install
	is "$(built "$install/slotscope")" "$progs" "$how, O=: the programs are installed"
	is "$(sed -n 's/^slotscope://p' "$install/kselftest-list.txt" | sort | xargs)" \
		"$progs" "$how, O=: and listed"
	is "$(selftests O="$work/$how/out" gen_tar | head -n 1)" 0 "$how, O=: packed"
	is "$(tar -tf "$install"/kselftest-packages/kselftest.tar.gz |
		sed -n 's,^\./slotscope/\(.\),\1,p' | sort | xargs)" \
		"$(xargs -n 1 <<<"$progs config settings" | sort | xargs)" \
		"$how, O=: what the package has"
done

cp -r selftests/kselftest "$work/alone.src" && rm -rf "$work/alone" &&
	mv "$work/alone.src" "$work/alone"
is "$(make -s -C "$work/alone" install INSTALL_PATH="$work/alone/to" 2>&1; built "$work/alone/to")" \
	"$progs" "by itself: built and installed"

# In the lab, where the module is; the programs are those built above
in_lab() {
	selftests/vm/run -q -t 600 -k "$k" -- bash -c \
		"insmod build/kmod/\$(uname -r)/slotscope.ko && $1" 2>&1
}
passed() { sed -n 's/^ok [0-9]* \(selftests: \)\?slotscope: \([a-z_]*\)\( *#.*\)\?$/\2/p' | sort | xargs; }
said=$(in_lab "cd $work/copied && make -s -C tools/testing/selftests TARGETS=slotscope O=$work/copied/out run_tests")
is "$(passed <<<"$said")" "$progs" "run_tests: all pass" || diag "$said"
said=$(in_lab "$work/linked/out/kselftest/kselftest_install/run_kselftest.sh -t slotscope:slots;
	make -s -C $work/alone run_tests TEST_GEN_PROGS=refused && echo alone: passed")
is "$(passed <<<"$said")" slots "run_kselftest.sh: passes" || diag "$said"
like "$said" '^alone: passed' "by itself: run_tests passes" || diag "$said"
said=$(selftests/vm/run -q -k "$k" -- "$work/alone/slots"; echo "status $?")
is "$said" "TAP version 13
1..0 # SKIP open /dev/slotscope: No such file or directory (load slotscope.ko)
# memslots: compared 0 times, 0 differed
status 4" "without the module: skipped by name"
done_testing
