#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Options that slotscope vm cannot take it refuses before it looks for KVM: what
# was tried, why it failed, what to do; status 3.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh

for m in 0 0G '' -1 1.5 5X 5GB 1016K 99999999999999999999G; do
	refused "memory size \"$m\"" -m "$m"
done
for machine in nonsense '' q36 PC; do
	refused "machine \"$machine\": there is no such board" -M "$machine"
done
refused 'no such fault' --fault nonsense
refused 'write unix:foo for a socket in this folder' --qmp foo
refused 'kernel-irqchip to "maybe"' -M pc,kernel-irqchip=maybe
refused 'colour=red of -M: -M knows no' -M pc,colour=red
refused '"kernel-irqchip" of -M: it is not name=value' -M pc,kernel-irqchip
for accel in tcg '' kvm,nonsense=1 kvm,kernel-irqchip; do
	refused "accelerator \"$accel\"" --accel "$accel"
done
refused 'kvm-shadow-mem to "-1"' --accel kvm,kvm-shadow-mem=-1
for n in 0 -1 256 1x; do
	refused "use cpus=$n of -smp" --smp "$n"
done
refused 'of -smp: cpus= is missing' --smp ''
refused 'multiply to 4, not to 2' --smp 2,sockets=2,cores=2
refused 'no vCPU is plugged' -smp cpus=2,maxcpus=4
refused 'dirty-log to "nonsense"' --dirty-log nonsense
refused 'dirty-ring-size to "x"' --dirty-log ring=x

refused "open the firmware $work/none: No such file" --bios "$work/none"
refused 'not a file' --bios "$work"
mkfifo "$work/fifo"
refused 'not a file' --bios "$work/fifo"
: >"$work/empty"
refused '0 bytes' --bios "$work/empty"
truncate -s 65535 "$work/short"
refused '65535 bytes, which is no multiple' --bios "$work/short"
truncate -s 17M "$work/large"
refused 'room for 16777216' --bios "$work/large"

# Nothing to break on purpose: all RAM is what the firmware needs
refused 'all of its RAM' -m 1M --fault skip-slot
# Memory: which option, and what is wrong with it
object=memory-backend-ram,id=a,size=1G
refused 'takes no DIMMs' -M isapc -m 1G,slots=1,maxmem=2G
refused 'takes no DIMMs' -M microvm -m 1G,slots=1,maxmem=2G
refused 'pcie=on of -M: -M knows no' -M microvm,pcie=on
refused 'bogus=1 of -M: -M knows no' -M pc,bogus=1
refused 'max-ram-below-4g.*4G is all' -M pc,max-ram-below-4g=5G
refused 'memory-backend=zip: there is no object' -M pc,memory-backend=zip
refused 'maxmem=0M: that is less' -m 1G,slots=2
refused 'maxmem=512M: that is less' -m 1G,slots=2,maxmem=512M
refused '256 slots' -m 1G,slots=257,maxmem=2G
refused 'qom-type=memory-backend-foo' --object memory-backend-foo,id=a,size=1G
refused 'size= is missing' --object memory-backend-ram,id=a
refused 'mem-path= is missing' --object memory-backend-file,id=a,size=1G
refused 'hugetlbsize=3145728.*power of 2' \
	--object memory-backend-memfd,id=a,size=4M,hugetlb=on,hugetlbsize=3M
refused 'needs host-nodes=' --object $object,policy=bind
refused 'memdev=a: there is no object' --numa node,memdev=a
refused 'nodes 0 to 1: there is no node 0' --object $object --numa node,nodeid=1,memdev=a
refused '1048576 KiB together, and -m has 2097152' \
	--object $object --numa node,memdev=a -m 2G
refused 'it has 1048576 KiB, and -m has 65536' --object $object -M pc,memory-backend=a -m 64M
done_testing
