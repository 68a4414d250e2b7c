#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A copy of the program that was given some capabilities, as Documentation/privileges.md
# has it, run by a user: what that lists is enough, and without any one of it the command
# fails, and says which. But DAC_OVERRIDE has DAC_READ_SEARCH in it.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
trap 'end_vm; rm -rf "$work"' EXIT
chmod 755 "$work"
cp build/user/slotscope build/user/slotscope-vm "$work"
cp build/user/slotscope "$work/given"
load_module

# dac_override: for /dev/kvm, which is root's here
setpriv --reuid=daemon --regid=daemon --clear-groups --inh-caps=-all,+dac_override \
	--ambient-caps=-all,+dac_override "$work/slotscope" vm -m 32M --paused >"$work/vm.out" 2>&1 </dev/null &
vm=$!
await grep -q 'qmp @' "$work/vm.out"

# given CAPABILITIES COMMAND... - by nobody; sets $status, $out, $err
given() {
	setcap "cap_${1//,/,cap_}+ep" "$work/given"
	run setpriv --reuid=nobody --regid=nogroup --clear-groups "$work/given" "${@:2}"
}
# takes CAPABILITIES STATUS COMMAND... - with these it ends with that status; and for each
# line of standard input, CAPABILITY REGEX, without that it says so and does not do it
takes() {
	local all=$1 wanted=$2 without words rest
	shift 2
	given "$all" "$@"
	is "$status" "$wanted" "$*: $all are enough" || diag "$out$err"
	while read -r without words; do
		rest=,$all,
		rest=${rest/,$without,/,}
		rest=${rest#,}
		given "${rest%,}" "$@"
		like "$status $(tr -s ' \n' ' ' <<<"$out$err")" "$words" "... not without $without"
	done
}

takes sys_ptrace,dac_read_search 2 list <<END
sys_ptrace      ^2 no VMs.*CAP_SYS_PTRACE
dac_read_search ^2 no VMs.*CAP_DAC_READ_SEARCH
END
given sys_ptrace,dac_read_search list
like "$out" "^ *$vm +[0-9]+ slotscope " "... the VM is there"
takes sys_ptrace,dac_read_search,sys_admin,dac_override 0 slots --from module --pid $vm <<END
sys_ptrace   ^3 .*not permitted.*CAP_SYS_PTRACE
sys_admin    ^3 .*open /dev/slotscope: CAP_SYS_ADMIN is needed
dac_override ^3 .*open /dev/slotscope: only root may
END
takes sys_ptrace,dac_read_search,sys_admin,dac_override 0 slots --from bpf --pid $vm <<END
sys_ptrace   ^3 .*not permitted.*CAP_SYS_PTRACE
sys_admin    ^3 .*load BPF programs: this needs CAP_SYS_ADMIN
dac_override ^3 .*open /dev/kvm: Permission denied
END
theirs=$(jq -c .slots <<<"$(slotscope slots --json --pid $vm)")
given sys_ptrace,dac_read_search,sys_admin,dac_override slots --json --from bpf --pid $vm
is "$(jq -c .slots <<<"$out")" "$theirs" "... and are those that root sees"
takes sys_admin,dac_override 0 trace --for 0.1 --pid $vm <<END
sys_admin    ^3 .*CAP_SYS_ADMIN
dac_override ^3 .*open /dev/kvm: Permission denied
END
takes sys_ptrace,dac_read_search,sys_admin,dac_override 0 check --no-model --pid $vm <<END
sys_ptrace   ^[23] .*CAP_SYS_PTRACE
sys_admin    ^3 .*CAP_SYS_ADMIN
dac_override ^3 .*/dev/kvm: Permission denied
END
given sys_ptrace,dac_read_search,sys_admin,dac_override check --pid $vm
like "$status $(tr -s ' \n' ' ' <<<"$out")" '^2 .*MODEL could not be had.*the VMM closed the connection' \
	"our own VMM answers its user and root alone"
done_testing
