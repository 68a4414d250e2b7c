// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A guest_memfd that is closed: KVM takes it from all slots that have it, which is no
 * change of theirs.
 */
#include "state.h"

#include <linux/ptrace.h>
#include <bpf/bpf_tracing.h>

#include "compat.h"

static __always_inline void gmem_closed(const struct file *file)
{
	struct vm *vm = vm_find(compat_gmem_kvm(file));
	struct gmem_record *rec;

	if (!vm || !vm->traced || ending)
		return;
	rec = record_reserve(struct gmem_record, RECORD_GMEM_CLOSE, vm->serial,
			     bpf_ktime_get_ns());
	if (!rec)
		return;
	rec->head.duration_ns = 0;
	rec->inode = BPF_CORE_READ(file, f_inode, i_ino);
	rec->dev = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	rec->pad = 0;
	record_submit(rec);
}

SEC("slotscope.fentry/kvm_gmem_release")
int BPF_PROG(gmem_fentry, struct inode *inode, struct file *file)
{
	gmem_closed(file);
	return 0;
}

SEC("kprobe/kvm_gmem_release")
int BPF_KPROBE(gmem_kprobe, struct inode *inode, struct file *file)
{
	gmem_closed(file);
	return 0;
}
