// SPDX-License-Identifier: GPL-2.0-or-later
/* TRACED: what was asked for and changed, folded */
#include "session/producers.h"

int traced_read(void *ctx, const struct slot_state *upto,
		struct slot_state *out, struct slotscope_error *err)
{
	struct subject *subject = ctx;
	int ret;

	slot_state_init(out, PARTY_TRACED);
	if (!subject->tracer) {
		*err = *subject->no_tracer;
		return -err->code;
	}
	ret = subject->catch_up(subject->owner, err);
	if (ret < 0)
		return ret;
	ret = tracer_find_vm(subject->tracer, subject->vm.tgid, subject->vm.fd,
			     &subject->vm, err);
	if (ret)
		return ret;
	ret = fold_until(subject->log, &subject->vm, upto, out);
	return ret ? error_set(err, ret, "fold the trace") : 0;
}
