// SPDX-License-Identifier: GPL-2.0-or-later
/* KERNEL: what KVM holds, as the module or a BPF iterator reads it */
#include "base/progress.h"
#include "session/producers.h"

int kernel_generations(void *ctx, struct slot_state *out,
		       struct slotscope_error *err)
{
	struct subject *subject = ctx;
	int ret = kernel_view_generations(subject->kernel, subject->process,
					  &subject->vm, out, err);

	subject->nr_as = out->nr_as;
	return ret;
}

int kernel_read(void *ctx, const struct slot_state *upto,
		struct slot_state *out, struct slotscope_error *err)
{
	PROGRESS("reading KVM's slots");
	struct subject *subject = ctx;
	int ret = kernel_view_read(subject->kernel, subject->process,
				   &subject->vm, out, err);

	subject->slots = ret ? NULL : out;
	return ret;
}

int kernel_stage2(void *ctx, const struct slot_state *slots,
		  struct stage2_audit *out, struct slotscope_error *err)
{
	PROGRESS("reading KVM's page tables");
	const struct subject *subject = ctx;

	if (!subject->stage2)
		return SAMPLE_NOT_ASKED;
	return kernel_view_stage2(subject->kernel, subject->process,
				  &subject->vm, slots, out, err);
}

int kernel_audit(void *ctx, struct index_audit *out,
		 struct slotscope_error *err)
{
	PROGRESS("comparing KVM's own indexes");
	const struct subject *subject = ctx;

	return kernel_view_audit(subject->kernel, subject->process,
				 &subject->vm, out, err);
}
