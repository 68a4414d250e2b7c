#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian packages are built, are clean for lintian, and live in the lab's Debian:
# installed, used, upgraded, removed without trace; the module built by DKMS for two
# kernels. SLOTSCOPE_DEBS: a folder with packages that are built already.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
debs=${SLOTSCOPE_DEBS:-build/deb}

if [ -z "${SLOTSCOPE_DEBS-}" ]; then
	git rev-parse --git-dir >/dev/null 2>&1 || skip_all "no git here to make a tarball with"
	diag "make deb, which takes minutes"
	run make --no-print-directory deb
	is "$status" 0 "make deb" || { diag "$(tail -20 <<<"$out$err")"; done_testing; }
fi
as=(--allow-root)
run lintian "${as[@]}" --fail-on error,warning "$debs"/*.changes
is "$status$out" 0 "lintian has nothing to say"

# repack DEB FOLDER VERSION - the same in another version: all that has it in its name
# or text
repack() {
	local dir=$work/unpacked old
	rm -rf "$dir"
	dpkg-deb -R "$1" "$dir"
	old=$(dpkg-deb -f "$1" Version)
	sed -i "/^\(Version\|Depends\)/s/\b${old//./\\.}\b/$3/g" "$dir/DEBIAN/control"
	if [ -d "$dir/usr/src" ]; then
		mv "$dir/usr/src/slotscope-$old" "$dir/usr/src/slotscope-$3"
		sed -i "s/\"$old\"/\"$3\"/" "$dir/usr/src/slotscope-$3/dkms.conf"
		sed -i "s/\b${old//./\\.}\b/$3/g" "$dir"/DEBIAN/{postinst,prerm}
	fi
	(cd "$dir" && find . -type f -path './usr/*' -printf '%P\0' | sort -z | xargs -0 -r md5sum) \
		>"$work/md5sums" && mv "$work/md5sums" "$dir/DEBIAN/md5sums"
	dpkg-deb --root-owner-group -b "$dir" "$2" >/dev/null
}

mkdir "$work/debs" "$work/next"
for deb in "$debs"/*.deb; do
	[[ $deb != *-dbgsym_* ]] || continue
	cp "$deb" "$work/debs"
	repack "$deb" "$work/next" 0.1.1
done
is "$(find "$work/next" -name '*.deb' | wc -l)" "$(grep -c '^Package:' debian/control)" \
	"each package, and a newer version of it"

for k in 6.1 6.12; do
	selftests/vm/fetch -k $k --headers >/dev/null 2>&1 ||
		{ skip "their life in the lab" "no kernel $k"; done_testing; }
done
modules=$(echo "$(readlink -f "${SLOTSCOPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/slotscope}/kernels/6.1")"/lib/modules/*)
chmod -R a+rX "$work"
diag "in the lab, an hour at most; each line as it is done there"
selftests/vm/run -k 6.12 -m 2G -t 3600 -- \
	selftests/packages/inside "$work/debs" "$work/next" "$modules" 2>"$work/err" |
	tee "$work/inside" | sed -uE 's/^(not )?ok [0-9]*/# &/; /^#/!d'
[ "${PIPESTATUS[0]}" = 0 ] && grep -q '^1\.\.[1-9]' "$work/inside"
result $? "their life in the lab's Debian: $(grep -c '^ok' "$work/inside") of what is asked there" ||
	diag "$(cat "$work/err")"
done_testing
