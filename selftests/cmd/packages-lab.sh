#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian packages are built, are clean for lintian, and live on a machine: installed,
# used, at a kernel update, upgraded, removed without trace. dpkg and DKMS do it all twice:
# in a layer over this machine's files, where the module is built for two kernels; and in
# the lab on both, where it is loaded meanwhile. SLOTSCOPE_DEBS: a folder where packages
# are that are built already.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
[ "$(id -u)" = 0 ] || skip_all "this takes root"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
debs=${SLOTSCOPE_DEBS:-build/deb}
version=$(sed -n 's/^#define SLOTSCOPE_VERSION "\(.*\)"/\1/p' include/slotscope/version.h)
newer=$version.1

if [ -z "${SLOTSCOPE_DEBS-}" ]; then
	git rev-parse --git-dir >/dev/null 2>&1 || skip_all "no git here to make a tarball with"
	diag "make deb, which takes minutes"
	run make --no-print-directory deb
	is "$status" 0 "make deb" || { diag "$(tail -20 <<<"$out$err")"; done_testing; }
fi
run lintian --allow-root --fail-on error,warning "$debs"/*.changes
is "$status$out" 0 "lintian has nothing to say"

# The next version: that number in the sources and in the changelog, and another module.
# Where the other was built, so that what is the same in both is not compiled again
diag "the next version"
tree=$debs/slotscope-$version
[ -d "$tree" ] || { skip "their life" "$tree, where they were built, is not there"; done_testing; }
sed -i "s/^\(#define SLOTSCOPE_VERSION\) .*/\1 \"$newer\"/" "$tree/include/slotscope/version.h"
echo 'MODULE_INFO(next, "one");' >>"$tree/kmod/main.c"
{
	printf 'slotscope (%s) unstable; urgency=medium\n\n  * The next one.\n\n' "$newer"
	sed -n '/^ -- /{p;q}' "$tree/debian/changelog"
	echo
	cat "$tree/debian/changelog"
} >"$work/changelog"
mv "$work/changelog" "$tree/debian/changelog"
mkdir "$work/debs" "$work/built" "$work/next"
cp "$debs"/*.deb "$work/debs"
rm -f "$work/debs"/*-dbgsym_*
# shellcheck disable=SC2016 # for that shell
run env -C "$tree" -u MAKEFLAGS -u MAKELEVEL DEB_BUILD_OPTIONS=noautodbgsym \
	sh -c 'dh_clean && dpkg-buildpackage -b -nc -us -uc -j"$(nproc)"'
is "$status" 0 "the next version is built, too" || { diag "$(tail -20 <<<"$out$err")"; done_testing; }
mv "$debs"/*_"${newer}"_* "$work/next"

kernels=(6.1 6.12) releases=()
for k in "${kernels[@]}"; do
	selftests/vm/fetch -k "$k" --headers >/dev/null 2>&1 ||
		{ skip "their life" "no kernel $k"; done_testing; }
	releases+=("$(cat "${SLOTSCOPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/slotscope}/kernels/$k/release")")
done
chmod -R a+rX "$work"

# part WORDS COMMAND... - a test of its own: its lines as they come, one of ours of all
part() {
	local words=$1
	shift
	"$@" 2>"$work/err" </dev/null | tee "$work/out" | sed -uE 's/^(not )?ok [0-9]*/# &/; /^#/!d'
	[ "${PIPESTATUS[0]}" = 0 ] && grep -q '^1\.\.[1-9]' "$work/out"
	result $? "$words: $(grep -c '^ok' "$work/out") of what is asked there" || diag "$(tail -20 "$work/err")"
}
part "their life in a layer over this machine" \
	selftests/packages/world -k "${kernels[0]}" -k "${kernels[1]}" -w "$work/built" \
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
	selftests/packages/life "$work/debs" "$work/next" "${releases[@]}" "$work/built"
chmod -R a+rX "$work"
for k in "${kernels[@]}"; do
	part "with the module loaded, on $k" selftests/vm/run -k "$k" -t 1800 -- \
		env DEBIAN_FRONTEND=noninteractive \
		selftests/packages/inside "$work/debs" "$work/next" "$work/built"
done
done_testing
