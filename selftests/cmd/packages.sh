#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What distributions make packages of: a tarball that is the same each time, versions that
# agree, and each installed file in one Debian package. packages-lab.sh builds and uses them.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's/^#define SLOTSCOPE_VERSION "\(.*\)"/\1/p' include/slotscope/version.h)

is "$(sed -n 's/^## \([^ ,]*\).*/\1/p' CHANGELOG.md | head -1)" "$version" "CHANGELOG.md has the version"
is "$(sed -nE '1s/^slotscope \(([^)-]*)[^)]*\).*/\1/p' debian/changelog)" "$version" "so has debian/changelog"
is "$(sed -n 's/^Version: *//p' packaging/slotscope.spec)" "$version" "so has the RPM spec"
is "$(sed -n 's/^pkgver=//p' packaging/PKGBUILD)" "$version" "so has the PKGBUILD"

if git rev-parse --git-dir >/dev/null 2>&1; then
	tarball=build/dist/slotscope-$version.tar.gz
	run make --no-print-directory dist
	is "$status" 0 "make dist" || diag "$err"
	is "${out##* }" "${tarball##*/}" "it tells what it made, with its SHA-256"
	first=$(sha256sum <"$tarball")
	is "$first" "${out%% *}  -" "and that is it"
	# neither the time nor who makes it are in it
	(umask 077 && TZ=Asia/Tokyo GZIP=-1 make --no-print-directory dist >/dev/null 2>&1)
	is "$(sha256sum <"$tarball")" "$first" "made again it is the same, byte for byte"
	is "$(tar -tzf "$tarball" | grep -v '/$' | sort)" \
		"$(git ls-tree -r --name-only HEAD | sed "s,^,slotscope-$version/," | sort)" \
		"it has all that is committed, and nothing else"
else
	skip "make dist" "no git here"
fi

# As debian/rules has it
root=$work/root
run make --no-print-directory install install-dkms PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu \
	DESTDIR="$root" SYSTEMD_UNITS=/lib/systemd/system
is "$status" 0 "what debian/rules installs" || diag "$err"
(cd "$root" && find . ! -type d -printf '%P\n' | sort) >"$work/all"
for f in debian/*.install; do
	while read -r glob; do
		(cd "$root" && for p in $glob; do find "$p" ! -type d; done)
	done <"$f"
done | sort >"$work/packaged"
is "$(comm -3 "$work/all" "$work/packaged")" "" "each file is in a package"
is "$(uniq -d "$work/packaged")" "" "none is in two"
like "$(cat "$work/all")" '^usr/bin/slotscope-vm$' "slotscope-vm is among them"

# The module's sources as DKMS has them are all that it takes
source=$root/usr/src/slotscope-$version
is "$(sed -n 's/^PACKAGE_VERSION=//p' "$source/dkms.conf")" "\"$version\"" "dkms.conf has the version"
is "$(cd kmod && find . -name '*.[ch]' -printf '%P\n' -o -name Kbuild -printf '%P\n' | sort)" \
	"$(cd "$source/kmod" && find . -name '*.[ch]' -printf '%P\n' -o -name Kbuild -printf '%P\n' | sort)" \
	"it has each source of the module"
mkdir -p "$work/kdir/include/generated"
echo '#define UTS_RELEASE "6.99-test"' >"$work/kdir/include/generated/utsrelease.h"
run make --no-print-directory -C "$source/kmod" links KDIR="$work/kdir"
is "$status $(find "$source/build/kmod/6.99-test" -xtype l)" "0 " "it builds where dkms.conf says"
# shellcheck disable=SC2016 # for the shell that has these variables
is "$(kernelver=6.99-test kernel_source_dir=$work/kdir \
	bash -c '. "$1" && echo "${BUILT_MODULE_LOCATION[0]}"' - "$source/dkms.conf")" \
	"build/kmod/6.99-test" "which is there"

if command -v rpmspec >/dev/null; then
	run rpmspec -q packaging/slotscope.spec
	is "$status $(sort <<<"$out" | sed "s/-$version-.*//" | xargs)" \
		"0 libslotscope libslotscope-devel python3-slotscope slotscope slotscope-dkms" "the RPM spec is read"
else
	skip "the RPM spec is read" "no rpmspec (package rpm)"
fi
run bash -n packaging/PKGBUILD
is "$status$err" 0 "the PKGBUILD is bash"
if command -v makepkg >/dev/null; then
	mkdir "$work/arch" && cp packaging/PKGBUILD "$work/arch"
	# it does nothing for root
	as=()
	if [ "$(id -u)" = 0 ]; then
		chmod 755 "$work"
		chown nobody "$work/arch"
		as=(setpriv --reuid=nobody --clear-groups)
	fi
	run env -C "$work/arch" "${as[@]}" makepkg --printsrcinfo
	is "$status $(sed -n 's/^pkgname = //p' <<<"$out" | xargs)" "0 slotscope slotscope-dkms" \
		"makepkg reads it" || diag "$err"
else
	skip "makepkg reads it" "no makepkg"
fi
done_testing
