#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope export --perfetto: by the format's rules, and all that is in the recording.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
slotscope=$PWD/build/user/slotscope
rules=$PWD/selftests/fixtures/trace-event
python=/usr/bin/python3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# keeps_rules FILE WORDS
keeps_rules() {
	local said
	said=$("$rules/check" "$1")
	is "$said" "" "$2: slices nest, all have names"
	if $python -c 'import jsonschema' 2>/dev/null; then
		said=$($python -W ignore -m jsonschema -i "$1" "$rules/trace-event.schema.json" 2>&1)
		is "$said" "" "$2: as the format's schema has it"
	else
		skip "$2: as the format's schema has it" "no python3-jsonschema"
	fi
}

# The rules can be broken
cat >good <<'END'
{"traceEvents":[{"ph":"M","name":"process_name","pid":1,"tid":1,"args":{"name":"p"}},
 {"ph":"M","name":"thread_name","pid":1,"tid":1,"args":{"name":"t"}},
 {"name":"a","cat":"c","ph":"X","ts":1.5,"dur":4,"pid":1,"tid":1,"sf":"1"},
 {"name":"b","cat":"c","ph":"X","ts":2,"dur":3.5,"pid":1,"tid":1}],
 "stackFrames":{"1":{"category":"f","name":"g","parent":"2"},"2":{"category":"f","name":"main"}}}
END
keeps_rules good "a trace that is well"
for broken in 's/"dur":3.5/"dur":3.501/' 's/"pid":1,"tid":1}/"pid":1,"tid":2}/' 's/"sf":"1"/"sf":"3"/' \
	's/"parent":"2"/"parent":"9"/' 's/"name":"main"/"name":"main","parent":"1"/'; do
	sed "$broken" good >bad
	is "$("$rules/check" bad >said; echo $?)" 1 "$broken breaks a rule"
done
if $python -c 'import jsonschema' 2>/dev/null; then
	for broken in 's/"ts":2,//' 's/"ph":"X"/"ph":"Q"/' 's/"dur":4/"dur":"4"/' 's/process_name/process_title/'; do
		sed "$broken" good >bad
		$python -W ignore -m jsonschema -i bad "$rules/trace-event.schema.json" >said 2>&1
		is $? 1 "$broken breaks the schema"
	done
fi

region() { # TIME SLOT FLAGS GPA SIZE RESULT US
	echo "12 $1 ioctl(9, KVM_SET_USER_MEMORY_REGION, {slot=$2, flags=$3, guest_phys_addr=$4, memory_size=$5, userspace_addr=0x7f0000000000}) = $6 <0.$7>"
}
{
	echo '12 1.000000 ioctl(8, KVM_CREATE_VM, 0) = 9'
	region 1.001000 0 0 0 0x100000 0 000100
	region 1.002000 1 KVM_MEM_READONLY 0xfffc0000 0x40000 0 000200
	region 1.003000 2 0 0x80000 0x1000 '-1 EEXIST (File exists)' 000050
	region 1.004000 0 0 0 0 0 000300
	region 1.005000 3 0 0x100000 0x1000 0 000010
} >text
run "$slotscope" export --perfetto -i text
is "$status $err" "0 " "strace's output"
printf '%s\n' "$out" >trace
keeps_rules trace "strace's output"
# of NAME - begin and length in us of what is called so
of() { jq -r --arg name "$1" '[.traceEvents[] | select(.name == $name and .ph == "X")][0] | "\(.ts) \(.dur)"' trace; }
is "$(of 'request 0/1')" "1002000 200" "a request, from when, how long"
is "$(of 'request 0/2 -EEXIST')" "1003000 50" "... that failed"
is "$(of '0x0+0x100000 rw')" "1001100 3200" "a slot: from its request's end to that of its deletion"
is "$(of '0xfffc0000+0x40000 ro')" "1002200 2810" "... that stood until the end"
is "$(jq -r '[.traceEvents[] | select(.args.open) | .name] | sort | join(", ")' trace)" \
	"0x100000+0x1000 rw, 0xfffc0000+0x40000 ro, VM 1" "what stood at the end is marked"
is "$(jq '[.traceEvents[] | select(.cat == "request")] | length' trace)" "$(grep -c REGION text)" "each request is there"
is "$(jq -c '[.traceEvents[] | select(.cat == "request" and .args.event.request.gpa == "0xfffc0000") | .args.event.request.flags]' trace)" \
	'["0x2"]' "... with its arguments"
is "$(jq -r '.traceEvents[] | select(.name == "thread_name") | .args.name' trace | sort | xargs)" \
	"VM slot 0/0 slot 0/1 slot 0/3 thread" "a track each"

{ head -3 text; echo ...; tail -2 text; } >shortened
run "$slotscope" export --perfetto -i shortened -o trace
like "$status $err" '^2 .*lacks events' "where something is missing: status 2"
is "$(jq -r '.traceEvents[] | select(.cat == "lost") | .name' trace) $(jq -c .otherData.lost trace)" \
	'LOST 1: gap {"gap":1}' "... and it is shown"
keeps_rules trace "a shortened text"

if [ -w /dev/kvm ]; then
	"$slotscope" record --ptrace --stacks -o recording -- "$slotscope" vm -m 16M --exit-after-halt >vm.out 2>&1
	run "$slotscope" export --perfetto -i recording -o trace
	is "$status" 0 "a recording with stacks" || diag "$err"
	keeps_rules trace "a recording"
	"$slotscope" trace --json -i recording >events
	is "$(jq '[.traceEvents[] | select(.cat == "request") | .args.event.seq] | sort | tostring' trace)" \
		"$(jq -s '[.[] | select(.type == "request") | .seq] | sort | tostring' events)" "... has each request"
	# of the first request: its stack, by the frames' parents, is the recording's
	is "$(jq -r '.stackFrames as $f | [.traceEvents[] | select(.cat == "request")][0].sf |
		[recurse($f[.].parent // empty) | $f[.].name | sub("\\+0x.*"; "")] | join(" ")' trace)" \
		"$(jq -rs '(map(select(.type == "request"))[0].stack) as $id |
		map(select(.type == "stack" and .stack.id == $id))[0].stack.frames |
		map(.name // .offset) | join(" ")' events)" "... and who called"
else
	skip "a recording with stacks" "no /dev/kvm"
fi

sed -E 's/^12 [0-9.]+ /12 /' text >timeless
run "$slotscope" export --perfetto -i timeless
like "$status $err" '^3 .*no times.*' "without times: status 3"
run "$slotscope" --json export --perfetto -i timeless
is "$status $(jq -r '.error.next | length > 0' <<<"$out")" "3 true" "... in JSON, with what to do"
run "$slotscope" export -i text
is "$status" 3 "no form: status 3"
run "$slotscope" export --perfetto
is "$status" 3 "no recording: status 3"
run "$slotscope" export --perfetto -i none
is "$status" 3 "no file: status 3"
done_testing
