#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The story that slotscope vm --explain tells: nothing in it is missing, nothing is
# made up. strace is the witness of the requests.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"

run=(timeout 60 "$program" vm -M pc -m 5G --exit-after-halt)
"${run[@]}" --explain >"$work/text" 2>"$work/err" </dev/null
result $? "--explain runs"

# What articles on QEMU's structures and on its memory under KVM name
for name in AddressSpace MemoryRegion RAMBlock FlatView FlatRange \
	MemoryRegionSection KVMSlot kvm_userspace_memory_region \
	configure_accelerator kvm_init kvm_arch_init kvm_irqchip_create \
	memory_listener_register listener_add_address_space region_add \
	kvm_set_phys_mem kvm_set_user_memory_region cpu_exec_init_all \
	memory_map_init pc_init1 pc_memory_init memory_region_init_ram \
	qemu_ram_alloc kvm_vmalloc posix_memalign memory_region_init_alias \
	ram-below-4g ram-above-4g pc.rom bios KVM_SET_USER_MEMORY_REGION \
	kvm_memory_slot dirty_log_mask romd_mode AddressSpaceDispatch subpage \
	address_space_update_topology_pass section_from_flat_range flags fd \
	qemu_get_ram_block mru_block; do
	grep -qwF -e "$name" "$work/text"
	result $? "it names $name"
done
is "$(awk 'length >= 100' "$work/text")" "" "lines are under 100 columns"
is "$(grep -c $'\033' "$work/text")" 0 "no colours in a file"

cat >"$work/story.py" <<'END'
import json, re, sys

def steps_of_json(path):
    out = []
    for line in open(path):
        event = json.loads(line)
        if event["event"] == "step":
            out.append((event["step"], event["function"], event["subject"]))
    return out

def steps_of_text(path):
    # a heading that is too long goes on in the next line
    text = re.sub(r"\n {10,}(?=[^\n]*$)", " ", open(path).read())
    return [(int(m[1]), m[2]) for m in
            re.finditer(r"^ {0,3}(\d+)  +(\w+)\(", text, re.M)]

def calls_of_json(path):
    for line in open(path):
        event = json.loads(line)
        if event["event"] != "call" or event["call"] != "ioctl":
            continue
        if event["request"] == "KVM_RUN":
            return
        yield event["fd"], event["request"], event["result"], event["errno"], event["text"]

def calls_of_strace(path):
    for line in open(path):
        m = re.match(r"\d+ +ioctl\((\d+), (\w+).*?(?:, (.*))?\) += (-?\w+)(?: (E\w+))?", line)
        if "KVM_RUN" in line:
            return
        if not m or not (m[2].startswith("KVM_") or "0xae" in line):
            continue
        text = line.split(None, 1)[1].split(") ")[0] + ")"
        yield int(m[1]), m[2], int(m[4], 0), m[5], text

def exact(call):
    # where the argument is spelled out by both
    keep = call[1] in ("KVM_CHECK_EXTENSION", "KVM_SET_USER_MEMORY_REGION",
                       "KVM_CREATE_VM", "KVM_CREATE_VCPU", "KVM_SET_TSS_ADDR")
    return call if keep else call[:4]

what, first, second = sys.argv[1:]
if what == "steps":
    a = [step[:2] for step in steps_of_json(first)]
    b = steps_of_text(second)
else:
    a = [exact(call) for call in calls_of_json(first)]
    b = [exact(call) for call in calls_of_strace(second)]
for i, (x, y) in enumerate(zip(a, b)):
    if x != y:
        sys.exit(f"at {i}: {x} and {y}")
if len(a) != len(b) or len(a) < 20:
    sys.exit(f"{len(a)} and {len(b)}")
print(len(a))
END

"${run[@]}" --explain --json >"$work/json" 2>>"$work/err" </dev/null
result $? "--explain --json runs"
"${run[@]}" --explain -v >"$work/whole" 2>>"$work/err" </dev/null
n=$(python3 "$work/story.py" steps "$work/json" "$work/whole" 2>&1)
like "$n" '^[0-9]+$' "JSON and text have the same steps"

# Every step ends, after those within it; numbers count on
cat >"$work/nest.py" <<'END'
import json, sys
open_steps, last = [], 0
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event["event"] == "step":
        last += 1
        around = open_steps[-1] if open_steps else 0
        assert event["step"] == last and event["in"] == around, event
        assert event["depth"] == len(open_steps), event
        open_steps.append(last)
    elif event["event"] == "step-end":
        assert open_steps.pop() == event["step"], event
    elif event["event"] == "change":
        assert event["step"] == open_steps[-1] and event["fields"], event
        for field in event["fields"]:
            assert event["how"] != "changed" or field["before"] != field["after"] or \
                field["before_id"] != field["after_id"], event
assert not open_steps or last, open_steps
END
python3 "$work/nest.py" "$work/json" 2>"$work/why"
result $? "steps nest, and each ends"

if command -v strace >"$work/null"; then
	for options in "--accel kvm,kernel-irqchip=on" "--accel kvm,kernel-irqchip=split" \
		"--accel kvm,kernel-irqchip=off" "--smp 2 --test-device" "-M q35 --vga-window"; do
		# shellcheck disable=SC2086  # several words
		strace -f -e trace=ioctl -o "$work/raw" "${run[@]}" --explain --json \
			$options >"$work/json" 2>>"$work/err" </dev/null
		whole_calls "$work/raw" >"$work/calls"
		n=$(python3 "$work/story.py" calls "$work/json" "$work/calls" 2>&1)
		like "$n" '^[0-9]+$' "$options: all requests are told, in order, with their results"
	done
else
	skip "all requests are told" "no strace (package strace)"
fi

steps=$(grep -cE '^ {0,3}[0-9]+  ' "$work/text")
# Enter for each step; then the end of the input; then a letter
yes '' | "${run[@]}" --step >"$work/out" 2>>"$work/err"
is "$?,$(grep -cE '^ {0,3}[0-9]+  ' "$work/out")" "0,$steps" "--step tells the same"
printf '\n\n' | "${run[@]}" --step >"$work/out" 2>>"$work/err"
is "$?,$(grep -cE '^ {0,3}[0-9]+  ' "$work/out")" "0,$steps" "--step: the end of the input is no more waiting"
# After 2 lines step 4 is the first that nobody is left to ask for
like "$(cat "$work/err")" 'standard input has ended: step 4 and all the rest are told without waiting' \
	"--step: and that is said"
printf '\n\nq\n' | "${run[@]}" --step >"$work/out" 2>>"$work/err"
is "$?,$(grep -cE '^ {0,3}[0-9]+  ' "$work/out")" 0,3 "--step: q ends it"

# The page at the end: the slots on it are those that the requests left
cat >"$work/slots.py" <<'END'
import json, re, sys
slots = {}
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event["event"] == "call" and event.get("request") == "KVM_SET_USER_MEMORY_REGION" and not event["errno"]:
        m = re.search(r"slot=(\d+), .*guest_phys_addr=(0x[0-9a-f]+|0), memory_size=(0x[0-9a-f]+|\d+)", event["text"])
        slots.pop(int(m[1]), None)
        if int(m[3], 0):
            slots[int(m[1])] = (int(m[2], 0), int(m[3], 0))
page = open(sys.argv[2]).read()
told = {int(m[1]): (int(m[2], 0), int(m[3], 0)) for m in
        re.finditer(r"KVMSlot (\d+): start_addr (0x[0-9a-f]+),\s+memory_size\s+(0x[0-9a-f]+)", page)}
print(len(told) if told == slots and len(told) > 3 else f"{told} and {slots}")
END
"${run[@]}" --explain --json >"$work/json" 2>>"$work/err" </dev/null
for how in --explain=summary --explain; do
	"${run[@]}" $how >"$work/out" 2>>"$work/err" </dev/null
	sed -n '/^On one page/,$p' "$work/out" >"$work/page"
	like "$(python3 "$work/slots.py" "$work/json" "$work/page" 2>&1)" '^[0-9]+$' "$how: the page has the slots that the requests left"
	like "$(cat "$work/page")" 'RAMBlock "pc.ram": host 0x' "... and the RAMBlocks"
	[ "$(wc -l <"$work/page")" -le 60 ]
	result $? "... and is one page"
done
is "$("${run[@]}" --explain=summary 2>/dev/null </dev/null | grep -cE '^ {0,3}[0-9]+  ')" 0 "--explain=summary tells no step"
is "$("${run[@]}" 2>/dev/null </dev/null)" "" "without --explain there is no page"
run "$program" vm --explain=novel
like "$status $err" '^3 .*novel' "--explain=novel: there is none"
run "$program" vm --json --explain=summary
like "$status $out" '^3 .*for people' "--json --explain=summary is refused: it would tell nothing"

# The reader looks back, jumps, searches. Lines that begin a step, in order
steps_told() { sed -n 's/^ \{0,3\}\([0-9][0-9]*\)  .*/\1/p' "$work/out" | paste -sd' '; }
step() { printf '%s\n' "$@" | "${run[@]}" --step >"$work/out" 2>"$work/err"; }
step '' '' b b '' '' '' q
is "$(steps_told)" "1 2 3 2 1 2 3 4" "--step: b goes back, Enter forth again"
step '' '' 1 q
is "$(steps_told)" "1 2 3 1" "a number: that step again"
step '' 9 b q
is "$(steps_told)" "1 2 9 8" "a number ahead: those before it are passed by, and can be gone back to"
like "$(cat "$work/err")" '6 steps passed by' "... and that is said"
step 'j kvm_irqchip_create' q
is "$(sed -n 's/^ *[0-9][0-9]*  *\(kvm_irqchip_create\)(.*/\1/p' "$work/out")" kvm_irqchip_create "j NAME: on to the step of that name"
step 'j no_such_function'
like "$(cat "$work/err")" 'no such step to come' "j NAME: that none came is said"
step '' nonsense '' q
is "$(steps_told)" "1 2 3" "what is no command is no next step"
like "$(cat "$work/err")" 'Enter: the next step' "... but help"
step '' '' '/KVM_CREATE_VM' '/no such words' q
like "$(cat "$work/out")" '^ +3  kvm_init\(\): ' "/WORDS: the steps that tell of them"
like "$(cat "$work/out")" 'no step that was told so far tells of "no such words"' "... or that none does"
step t 'j pc_system_firmware_init' t s q
like "$(cat "$work/err")" 'there is no address space yet' "t: no tree yet"
like "$(cat "$work/out")" '^ +0-bfffffff ram-below-4g: alias of pc.ram\+0, ' "t: the tree now"
unlike "$(cat "$work/out")" 'isa-bios: ' "... and not as it will be"
like "$(cat "$work/out")" '^On one page: ' "s: the page so far"
# On a terminal it says what it waits for
cat >"$work/onterminal.py" <<'END'
import os, pty, sys
pid, fd = pty.fork()
if not pid:
    os.execvp(sys.argv[1], sys.argv[1:])
seen, sent = b"", [b"\n", b"b\n", b"q\n"]
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    seen += part
    # a prompt for each line that is sent
    if sent and seen.count(b"?: more -- ") == 4 - len(sent):
        os.write(fd, sent.pop(0))
os.waitpid(pid, 0)
print(seen.decode(errors="replace").count("?: more -- "))
END
is "$(timeout 120 python3 "$work/onterminal.py" "$program" vm --step --exit-after-halt)" 3 "on a terminal: a prompt for each line"

# It waits: nothing more is told while nobody says so. Ends by SIGINT
mkfifo "$work/stdin"
# Open for writing as well: it does not end
exec {held}<>"$work/stdin"
for signal in INT TERM; do
	"$program" vm --step <"$work/stdin" >"$work/out" 2>"$work/vm.err" &
	vm=$!
	await [ -s "$work/out" ]
	sleep 0.3
	is "$(grep -cE '^ {0,3}[0-9]+  ' "$work/out")" 1 "--step waits at the second step"
	kill -$signal "$vm"
	wait_vm
	is "$status,$(grep -cE '^ {0,3}[0-9]+  ' "$work/out")" 0,1 "SIG$signal while it waits ends the VM"
done
# The last step waits in a vCPU's thread
for signal in INT TERM quit; do
	yes '' | head -n $((steps - 2)) >&$held
	"${run[@]:2}" --step <"$work/stdin" >"$work/out" 2>"$work/vm.err" &
	vm=$!
	for ((i = 0; i < 1200; i++)); do
		grep -q 'started\|qmp @' "$work/vm.err" && break
		sleep 0.05
	done
	sleep 0.3
	is "$(grep -c kvm_cpu_exec "$work/out")" 0 "--step waits before the guest runs"
	if [ $signal = quit ]; then
		qmp quit >"$work/null"
	else
		kill -$signal "$vm"
	fi
	wait_vm
	is "$status" 0 "$signal while a vCPU waits ends the VM"
done
exec {held}>&-

# A reader that sleeps while vCPUs tell: they have to wait, and are kicked meanwhile.
# Nothing is lost. "sleep" or a signal: what is done while the pipe is full
cat >"$work/sleeper.py" <<'END'
import atexit, fcntl, json, os, signal, socket, subprocess, sys, time
how, out, cmd = sys.argv[1], sys.argv[2], sys.argv[3:]
r, w = os.pipe()
fcntl.fcntl(w, 1031, 4096)  # F_SETPIPE_SZ
p = subprocess.Popen(cmd, stdout=w, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
atexit.register(p.kill)
os.set_blocking(r, False)
os.set_blocking(p.stderr.fileno(), False)
got = err = b""
def read(fd):
    try:
        return os.read(fd, 65536)
    except BlockingIOError:
        return None
def drain():
    global got, err
    part = read(r)
    got += part or b""
    err += read(p.stderr.fileno()) or b""
    return part
deadline = time.time() + 30
while b"qmp @" not in err and p.poll() is None and time.time() < deadline:
    drain() or time.sleep(0.01)
while drain():
    pass
def ask(f, command):
    f.write(json.dumps({"execute": command}) + "\n")
    f.flush()
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect("\0slotscope-qmp-%d" % p.pid)
f = s.makefile("rw")
f.readline()
ask(f, "qmp_capabilities")
f.readline()
fcntl.fcntl(w, fcntl.F_SETFL, os.O_NONBLOCK)
try:
    while True:
        os.write(w, b"\0")
except BlockingIOError:
    pass
fcntl.fcntl(w, fcntl.F_SETFL, 0)
os.close(w)
ask(f, "cont")
f.readline()
time.sleep(0.5)
if how == "stop":
    ask(f, "stop")
    time.sleep(0.3)
elif how != "sleep":
    p.send_signal(getattr(signal, how))
    try:
        p.wait(10)
    except subprocess.TimeoutExpired:
        sys.exit("it does not end")
# its end, or that there is no more for a while
quiet = 0
while quiet < 50 and time.time() < deadline:
    part = drain()
    if part == b"":
        break
    quiet = 0 if part else quiet + 1
    time.sleep(0.01)
if how == "stop":
    f.readline()
    ask(f, "quit")
try:
    status = p.wait(10)
except subprocess.TimeoutExpired:
    sys.exit("it does not end")
while drain():
    pass
open(out, "wb").write(got.replace(b"\0", b""))
sys.stderr.buffer.write(err)
sys.exit(status)
END
for how in sleep stop; do
	exit=--exit-after-halt
	[ $how = sleep ] || exit=
	# shellcheck disable=SC2086  # may be none
	python3 "$work/sleeper.py" $how "$work/out" "$program" vm -m 64M --smp 3 \
		--explain --paused $exit 2>"$work/err"
	is "$?" 0 "a reader that sleeps ($how): status 0"
	unlike "$(cat "$work/err")" "not told" "a reader that sleeps ($how): all is told"
	# what it returned, and what changed by that
	like "$(tail -n 3 "$work/out")" "KVMSlot [0-9]+: " \
		"a reader that sleeps ($how): to the last word"
done
python3 "$work/sleeper.py" SIGTERM "$work/out" "$program" vm -m 64M --smp 3 \
	--explain --paused 2>"$work/err"
is "$?,$(grep -c "does not end" "$work/err")" 3,0 \
	"a reader that sleeps for good: SIGTERM ends the VM, with status 3"
like "$(cat "$work/err")" "the rest is not told" "and says that not all was told"

# Nobody reads: the VM is made all the same, and it is said at the end
"${run[@]}" --explain >&- 2>"$work/err" </dev/null
is "$?" 3 "standard output closed: status 3"
like "$(cat "$work/err")" "the rest is not told" "that is said"
like "$(cat "$work/err")" "the guest has halted" "the VM ran"
"${run[@]}" --explain 2>"$work/err" </dev/null | head -1 >"$work/out"
like "$(cat "$work/err")" "the guest has halted" "a reader that goes away: the VM runs on"
is "$(grep -c 'Broken pipe' "$work/err")" 1 "that it went away is said once"
unlike "$(cat "$work/err")" "write to standard output" "and not again at the end"
# A sleeping guest later, errno is of something else
"${run[@]}" --verbose >/dev/full 2>"$work/err" </dev/null
is "$?" 3 "standard output is full: status 3"
like "$(cat "$work/err")" "^slotscope: write to standard output: No space left on device" \
	"the reason is that of the write that failed"
done_testing
