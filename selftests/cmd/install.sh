#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# "make install" brings all that is cited, and "make uninstall" takes all of it away, and
# nothing else.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
list() { (cd "$root" && find . ! -type d -o -name '*slotscope*' | sort); }

# As a new machine has it, and somebody else's files
mkdir -p "$root"/usr/local/{bin,lib,include,share/{man/man3,doc}}
echo theirs | tee "$root"/usr/local/{bin/other,lib/libother.so,share/man/man3/other.3} >/dev/null
before=$(list)
run make --no-print-directory install DESTDIR="$root"
is "$status" 0 "make install" || diag "$err"
prefix=$root/usr/local

for f in include/slotscope/*.h; do
	is "$(cmp "$f" "$prefix/$f" 2>&1)" "" "$f is installed"
done
run "$prefix/bin/slotscope" vm --version
like "$out" '^slotscope-vm [0-9]' "the installed slotscope finds its slotscope-vm"
for p in slotscope slotscope-vm; do
	is "$(readelf -d "$prefix/bin/$p" | grep -E 'RPATH|RUNPATH')" "" "$p looks for no library here"
done
for c in $(build/user/slotscope complete -- '' | cut -f1 | grep -vxE 'help|version'); do
	[ -s "$prefix/share/man/man1/slotscope-$c.1" ] || missing+="slotscope-$c.1 "
done
while read -r name; do
	[ -s "$prefix/share/man/man3/$name.3slotscope" ] || missing+="$name.3slotscope "
done <build/user/public.names
is "${missing-}" "" "each command and each public function has a man page"

# What the programs, man pages and headers name, whoever has installed them can read
cited=$({
	strings "$prefix"/bin/slotscope "$prefix"/bin/slotscope-vm
	cat "$prefix"/share/man/man*/slotscope* "$prefix"/include/slotscope/*.h
} | sed 's/\\-/-/g' | grep -ohE 'Documentation/[A-Za-z0-9_./-]+\.[a-z]+' | sort -u)
like "$cited" 'errno-rules\.md' "documents are cited"
for d in $cited; do
	[ -s "$prefix/share/doc/slotscope/$d" ] || not_there+="$d "
done
is "${not_there-}" "" "each of them is installed"

run make --no-print-directory uninstall DESTDIR="$root"
is "$status" 0 "make uninstall" || diag "$err"
is "$(list)" "$before" "nothing is left, and nothing else is gone"
is "$(cat "$prefix/share/man/man3/other.3")" theirs "what others put there is"
is "$(cd "$root" && find . -type d -empty | sort)" "./usr/local/include
./usr/local/share/doc" "no empty folder is left but those that were there"
done_testing
