// SPDX-License-Identifier: GPL-2.0-or-later
/* How dirty pages are found: what KVM can do, and switching it on. */
#include <errno.h>
#include <sys/ioctl.h>
#include <linux/kvm.h>

#include "kvm/kvm.h"
#include "kvm/watch.h"

#define RING_DEFAULT 4096
#define RING_MIN     1024 /* less, and vCPUs do little but come out */

static int init_ring(struct kvm_state *s, unsigned int size,
		     struct slotscope_error *err)
{
	int cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, max, ret;

	max = kvm_check_extension(s, cap);
	if (!max) {
		/* x86 kernels before 6.1 know it by this name alone */
		cap = KVM_CAP_DIRTY_LOG_RING;
		max = kvm_check_extension(s, cap);
	}
	size = size ? size : RING_DEFAULT;
	error_set(err, max ? EINVAL : ENOTSUP,
		  "have each vCPU log dirty pages to a ring of %u entries",
		  size);
	if (!max) {
		error_why(err, "this KVM lacks KVM_CAP_DIRTY_LOG_RING");
		return error_next(err, "use --dirty-log clear or bitmap");
	}
	error_next(err, "give a power of 2 from %d to %zu: --dirty-log ring=N",
		   RING_MIN, max / sizeof(struct kvm_dirty_gfn));
	if (size & (size - 1))
		return error_why(err, "that is no power of 2");
	if (size < RING_MIN || size > max / sizeof(struct kvm_dirty_gfn))
		return error_why(err,
				 "KVM has room for %zu, and fewer than "
				 "%d are of no use",
				 max / sizeof(struct kvm_dirty_gfn), RING_MIN);
	ret = kvm_enable_cap(s, cap, size * sizeof(struct kvm_dirty_gfn));
	if (ret)
		return error_set(err, ret,
				 "switch the dirty rings on (KVM_ENABLE_CAP)");
	*err = (struct slotscope_error){};
	s->dirty = KVM_DIRTY_RING;
	s->ring_size = size;
	return 0;
}

static int init_clear(struct kvm_state *s, bool must,
		      struct slotscope_error *err)
{
	uint64_t flags =
		kvm_check_extension(s, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2);
	int ret = -ENOTSUP;

	/* All pages dirty at first: what KVM need not write-protect at once */
	flags &= KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE |
		 KVM_DIRTY_LOG_INITIALLY_SET;
	if (flags)
		ret = kvm_enable_cap(s, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
				     flags);
	s->dirty = ret ? KVM_DIRTY_BITMAP : KVM_DIRTY_CLEAR;
	if (!ret || !must)
		return 0;
	error_set(err, ret, "have dirty pages cleared apart");
	if (!flags)
		error_why(err, "this KVM lacks "
			       "KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2");
	return error_next(err, "use --dirty-log bitmap");
}

int kvm_dirty_init(struct kvm_state *s, const struct kvm_options *options,
		   struct slotscope_error *err)
{
	NARRATE(KVM_DIRTY_INIT, watch_kvm_state, s, "%s", "");

	switch (options->dirty) {
	case KVM_DIRTY_RING:
		return init_ring(s, options->ring_size, err);
	case KVM_DIRTY_BITMAP:
		s->dirty = KVM_DIRTY_BITMAP;
		return 0;
	default:
		return init_clear(s, options->dirty == KVM_DIRTY_CLEAR, err);
	}
}
