#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What "make install" gives to others: headers that stand alone, a pkg-config
# file that tells the truth, and a library that the example builds with.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=/opt/slotscope-test
root=$work/root
lib=$root$prefix/lib
top=$PWD

run make --no-print-directory -C user install DESTDIR="$root" PREFIX="$prefix"
is "$status" 0 "make install with DESTDIR and PREFIX"
[ "$status" = 0 ] || { diag "$err"; done_testing; }

# The flight recorder's unit, where systemd is
unit=$root$prefix/lib/systemd/system/slotscope-record.service
if [ -e "$unit" ] && command -v systemd-analyze >"$work/null"; then
	# It would look for the program where it is not
	sed "s,^ExecStart=,&$root," "$unit" >"$work/slotscope-record.service"
	run systemd-analyze verify --man=no --recursive-errors=no "$work/slotscope-record.service"
	is "$status$err" 0 "systemd has nothing against slotscope-record.service"
else
	skip "systemd has nothing against slotscope-record.service" "no systemd here"
fi

# Only what lies in $root is found; the project's own tree is not on any path
cd "$work" || exit 1
pc() {
	env -i PATH="$PATH" PKG_CONFIG_LIBDIR="$lib/pkgconfig" \
		PKG_CONFIG_SYSROOT_DIR="$root" pkg-config "$@" slotscope
}
build() { # build OUTPUT SOURCE FLAGS...
	run cc -std=gnu11 -Wall -Wextra -Werror -o "$1" "$2" "${@:3}"
}

is "$(sed -n 's/^prefix=//p' "$lib/pkgconfig/slotscope.pc")" "$prefix" \
	"slotscope.pc names the prefix, not DESTDIR"
is "slotscope $(pc --modversion)" "$("$root$prefix/bin/slotscope" --version | head -1)" \
	"slotscope.pc has the program's version"
read -ra cflags < <(pc --cflags)
read -ra libs < <(pc --libs)
read -ra static < <(pc --static --libs)

for header in "$root$prefix"/include/slotscope/*.h; do
	header=slotscope/${header##*/}
	echo "#include <$header>" >"$work/alone.c"
	run cc -std=gnu11 -Wall -Wextra -Werror -fsyntax-only "${cflags[@]}" alone.c
	is "$status$err" 0 "$header compiles on its own"
	# An empty file is no C, says -pedantic
	printf '#include <%s>\nint none;\n' "$header" >"$work/alone.c"
	run cc -std=c11 -pedantic -Wall -Wextra -Werror -fsyntax-only "${cflags[@]}" alone.c
	is "$status$err" 0 "$header is C11 to the letter"
	if command -v g++ >null; then
		run g++ -x c++ -std=c++17 -pedantic -Wall -Wextra -Werror -fsyntax-only \
			"${cflags[@]}" alone.c
		is "$status$err" 0 "$header is C++17 too"
	else
		skip "$header is C++17 too" "no g++ (package g++)"
	fi
done

# A program in C++ finds the library's names, which are those of C
cat >use.cc <<'END'
#include <slotscope/memory.h>
int main()
{
	struct slotscope_error err = {};
	struct memory_model *model;
	if (memory_model_create(nullptr, &model, &err))
		return 1;
	memory_model_destroy(model);
	return 0;
}
END
if command -v g++ >null; then
	run g++ -std=c++17 -Wall -Wextra -Werror -o use "${cflags[@]}" use.cc "${libs[@]}"
	is "$status$err" 0 "a program in C++ links with the library"
	run env LD_LIBRARY_PATH="$lib" ./use
	is "$status" 0 "it runs"
else
	skip "a program in C++" "no g++ (package g++)"
fi

# What each example prints, by the rules; the one that finds a mismatch has its status
declare -A wanted=() wanted_status=([check-views]=1)
# 64 MiB of RAM with 128 KiB of ROM over it, so RAM in two parts; the second
# part's host address is as far into the RAM as its guest address
wanted[flat-view]='       0 +   e0000 pc.ram
   e0000 +   20000 bios
  100000 + 3f00000 pc.ram
slot        0 at 7f0000000000
slot    e0000 at 7f1000000000
slot   100000 at 7f0000100000'
# The model has 64 MiB, KVM 32: what lacks is the upper half
wanted[check-views]='extent 2000000+2000000: MODEL has pc.ram at 0x0-0x3ffffff (64 MiB); KERNEL has no slot for 0x2000000-0x3ffffff (32 MiB) of it'
# 512 KiB to 1.5 MiB, where slot 3 has 0 to 640 KiB
wanted[refused]='certain: slot 3 at 0x0-0x9ffff (640 KiB) is in the way (rule overlap)'
for example in "$top"/Documentation/examples/*.c; do
	name=${example##*/} name=${name%.c}
	build example "$example" "${cflags[@]}" "${libs[@]}"
	is "$status$err" 0 "$name builds with the installed library alone"
	run env LD_LIBRARY_PATH="$lib" ./example
	is "$status $err" "${wanted_status[$name]-0} " "$name runs"
	is "$out" "${wanted[$name]-an expectation here}" "$name prints what the rules say"
	like "$(readelf -d example)" 'NEEDED.*libslotscope\.so\.0\]' "$name is linked to the shared library"
	build example-static "$example" -static "${cflags[@]}" "${static[@]}"
	is "$status$err" 0 "$name links statically by pkg-config --static"
	run ./example-static
	is "$out" "${wanted[$name]-}" "and prints the same"
done

# Every function that a public header declares, in one program: if one of them
# needed another library, slotscope.pc would have to name it
for header in "$root$prefix"/include/slotscope/*.h; do
	echo "#include <slotscope/${header##*/}>"
done >all.c
cc "${cflags[@]}" -E -P all.c | grep -oE '\b[a-z][a-z0-9_]*\(' | tr -d '(' | sort -u >declared
nm -g --defined-only "$lib/libslotscope.a" | awk 'NF == 3 {print $3}' | sort -u >defined
nm -D --defined-only "$lib/libslotscope.so" | awk '$2 != "A" {print $3}' | sort -u >shared
comm -12 declared defined >public
# Anything else could collide with a name of the program that links it
is "$(comm -13 declared defined)" "" "the library exports no name but those that its headers declare"
# A name without a version, or one that user/libslotscope.map lacks, is told here
is "$(sed 's/@@LIBSLOTSCOPE_0\.[0-9]*$//' shared)" "$(cat public)" \
	"the shared one has the same names, each with a version"
{
	echo 'extern const void *const all[];'
	echo 'const void *const all[] = {'
	sed 's/.*/(const void *)&,/' public
	echo '}; int main(void) { return !all[0]; }'
} >>all.c
build all all.c "${cflags[@]}" "${libs[@]}"
is "$status$err" 0 "all public functions link with what slotscope.pc names"
like "$(wc -l <public)" '^[1-9][0-9]{2}$' "those are at least 100"
done_testing
