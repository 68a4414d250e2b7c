#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# "slotscope vm" becomes slotscope-vm: the one beside it, with the options that stood
# before the command; and says what is missing where there is none.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bin="$work/some where/bin"
mkdir -p "$bin" "$work/path"
cp build/user/slotscope "$bin"
version=$("$bin/slotscope" --version | head -1)

# another one, which must not be found by PATH
printf '#!/bin/sh\necho wrong one\n' >"$work/path/slotscope-vm"
chmod +x "$work/path/slotscope-vm"
PATH=$work/path:$PATH

run "$bin/slotscope" vm -m 16M
is "$status" 3 "none beside it: status 3"
like "$err" "run $bin/slotscope-vm: No such file" "it says which one it looked for"
like "$err" 'make install' "and what puts one there"
run "$bin/slotscope" --json vm
# 2: ENOENT
is "$(jq -r '"\(.error.code) \(.error.tried)"' <<<"$out" 2>&1)" "2 run $bin/slotscope-vm" \
	"JSON: the error is JSON"

# one that tells what it is given
printf '#!/bin/sh\nprintf "<%%s>" "$@"\n' >"$bin/slotscope-vm"
chmod +x "$bin/slotscope-vm"
run "$bin/slotscope" vm -m '1 G' --json
is "$out" '<-m><1 G><--json>' "what stands behind the command is handed on"
run "$bin/slotscope" --json -v vm --help
is "$out" '<--json><--verbose><--help>' "so are the options before it"
ln -s "$bin/slotscope" "$work/path/link"
run link vm one
is "$out" '<one>' "by a link, it is beside what the link leads to"

run build/user/slotscope vm --version
is "$out" "slotscope-vm ${version#* }" "slotscope-vm has the same version"
run build/user/slotscope-vm --help
is "$out" "$(build/user/slotscope vm --help)" "and the same help, called by itself"
done_testing
