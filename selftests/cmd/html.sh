#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --html: pages of check, trace and vm --explain. What is in the files; then a browser opens
# them, and what they show is held against --json: selftests/browser/pages.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
slotscope=${SLOTSCOPE:-$PWD/build/user/slotscope}
fixtures=$PWD/selftests/fixtures
pages=$PWD/selftests/browser/pages.py
churn=$PWD/selftests/kernel/tools/churn.c
make -s -C selftests "$PWD/build/kernel/tools/recorded" >/dev/null || exit 1
recorded=$PWD/build/kernel/tools/recorded
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# page NAME STATUS ARGS... - a page and the JSON, by two runs
page() {
	"$slotscope" "${@:3}" --html "$1.html" >"$1.out" 2>"$1.err"
	is "$?" "$2" "$1: its status is that of the command"
	"$slotscope" --json "${@:3}" >"$1.json" 2>>"$1.err"
	"$slotscope" "${@:3}" >"$1.plain" 2>>"$1.err"
	cmp -s "$1.out" "$1.plain"
	result $? "$1: what is printed is the same with a page"
}
page files 1 check --mtree "$fixtures/pc/pc-5G/mtree-f.txt" --slots "$fixtures/pc/pc-5G/ioctls.txt"
q35=$fixtures/mtree/q35-kvm-smm
page q35 2 check --mtree "$q35/mtree-Do.txt" --mtree "$q35/mtree-f.txt"
"$slotscope" --json map --mtree "$q35/mtree-Do.txt" --mtree "$q35/mtree-f.txt" >q35-map.json 2>&1
sed -e 's,vga\.mmio,</script><img src=x onerror="pwned=1"><!--,; s,kvm-ioapic,"'\''><svg onload=pwned=1>,' \
	-e $'s,edid,a\u202eb\u200bc,; s,pc\\.bios,<script>pwned=1</script>,' "$q35/mtree-Do.txt" >hostile.txt
# Of another moment: the flat view does not bear the tree out
sed 's/: pc\.bios/: pc.soib/' "$q35/mtree-f.txt" >other.txt
page other 2 check --mtree "$q35/mtree-Do.txt" --mtree other.txt
# Of two that overlap, ours takes the one behind as mapped later
cat >newer.txt <<EOF
address-space: memory
  0000000000000000-ffffffffffffffff (prio 0, i/o): system
    0000000000000000-0000000000001fff (prio 0, ram): earlier
    0000000000001000-0000000000003fff (prio 0, ram): later
EOF
page newer 2 check --mtree newer.txt
page hostile 2 check --mtree hostile.txt
"$recorded" recording
page recording 2 trace -i recording
"$recorded" many 32000
page many 2 trace -i many
page recorded-check 2 check -i recording --vm 1
like "$(cat recorded-check.html)" 'id="e19"' "check -i: its events are in the page, too"

echo 'ioctl(9, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=KVM_MEM_LOG_DIRTY_PAGES|KVM_MEM_READONLY, guest_phys_addr=0, memory_size=0x1000, userspace_addr=0x7f0000000000}) = 0' >flags
"$slotscope" trace -i flags --html flags.html >out 2>&1
like "$(cat flags.html)" '@0x7f0000000000 ro,log<' "flags are as on a terminal"

# However JSON looks that is printed, in the page it is the same
"$slotscope" --pretty check -i recording --vm 1 --html pretty.html >out 2>&1
cmp -s <(grep -vE '^<title>|<h1>' pretty.html) <(grep -vE '^<title>|<h1>' recorded-check.html)
result $? "a page does not depend on how JSON is printed"

# What is in a file
csp=$(grep -o 'Content-Security-Policy" content="[^"]*' files.html)
like "$csp" "default-src 'none'.*script-src 'sha256-[^ ]*'; style-src 'sha256-[^ ]*'\$" "a page may run its own script alone"
unlike "$(grep -vF '"documents"' files.html | grep -oE '(src|href)="[^#][^"]*"')" . "nothing is fetched"
is "$(grep -c '</script' hostile.html)" 2 "no name ends the script that it is in"

# Errors: a page is not lost, and loses nothing
echo old >old.html
cp old.html before
"$slotscope" trace -i recording --nonsense --html old.html >out 2>&1
is "$? $(cat old.html)" "3 old" "a command line that is wrong: the page is what it was"
cp recording before
"$slotscope" trace -i recording --html recording >out 2>&1
is "$?" 3 "the recording as its own page: refused"
like "$(tr -s ' \n' ' ' <out)" 'same file' "... which is said"
cmp -s recording before
result $? "... and it is what it was"
"$slotscope" trace -i recording --html report --report report >out 2>&1
is "$?" 3 "a report that is also the page: refused"
"$slotscope" trace -i recording --html /dev/full >out 2>err
is "$?" 3 "no room for the page: status 3"
like "$(tr -s ' \n' ' ' <err)" 'write the page to /dev/full: No space' "... which names the file"
"$slotscope" trace -i recording --html /nowhere/page.html >out 2>err
is "$?" 3 "a page that cannot be made: status 3"
like "$(tr -s ' \n' ' ' <err)" 'write the page to /nowhere/page.html: No such' "... and why"
for option in --html --report; do
	"$slotscope" trace -i recording "$option" - >out 2>&1
	like "$? $(tr -s ' \n' ' ' <out)" '^3.* to -: .*\./-' "$option -: refused, and what to do is said"
	[ ! -e ./- ]
	result $? "... and no file is made"
done
"$slotscope" trace -i none --html none.html >out 2>&1
like "$? $(cat none.html)" '^3.*|open none' "an error is in the page, in place of an old verdict"
"$slotscope" vm --html page.html >out 2>&1
is "$?" 3 "vm: a page is of --explain"

"$slotscope" check --watch --html page.html -- true >out 2>&1
is "$?" 3 "check --watch: a page is of a check"
"$slotscope" trace -c -i recording --html summary.html >out 2>&1
like "$(cat summary.html)" 'id="e19"' "trace -c: the page has the events that the summary is of"

if [ -w /dev/kvm ]; then
	"${CC:-gcc}" -O1 -o churn "$churn" || exit 1
	"$slotscope" record --ptrace -o ours --html live.html -- ./churn 3 >out 2>&1
	is "$?" 0 "record: a page"
	"$slotscope" trace -i ours --html later.html >out 2>&1
	cmp -s <(sed -n '/id="data"/,/^]}/p' live.html) <(sed -n '/id="data"/,/^]}/p' later.html)
	result $? "record: its page has what one of the recording has"
	is "$(sed -n '/id="data"/,/^]}/p' live.html | grep -c '"type":"request"')" 8 "record: each request"
	"$slotscope" record --ptrace -o both --html both -- ./churn 3 >out 2>&1
	is "$? $([ -e both ] && echo there)" "3 " "record: the recording as its own page is refused"
	timeout 60 "$slotscope" vm --json --explain -m 64M --exit-after-halt --html story.html >story.all 2>story.err
	is "$?" 0 "vm --explain: a page"
	jq -c 'select(has("step"))' story.all >story.json
fi

if command -v chromium >/dev/null; then
	/usr/bin/python3 -I -B "$pages" "$work" "$slotscope" >browser.out 2>browser.err
	status=$?
	while read -r line; do
		case $line in
		ok*) result 0 "${line#*- }" ;;
		not*) result 1 "${line#*- }" ;;
		'#'*) echo "$line" ;;
		esac
	done <browser.out
	[ $status = 0 ] || diag "$(tail -5 browser.err)"
	is "$status" 0 "the browser's part ran to its end"
else
	skip "the pages in a browser" "no chromium"
fi
done_testing
