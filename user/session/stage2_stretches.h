/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What KVM's page tables map, for a picture: not where each page lies. */
#ifndef SESSION_STAGE2_STRETCHES_H
#define SESSION_STAGE2_STRETCHES_H

#include <stdbool.h>

#include "session/kernel_view.h"

/**
 * struct stage2_stretches - rows that follow each other, and are alike but for the host's
 * pages, are one
 * @rows: ascending, @nr; their @hpa and @host are of the first page
 */
struct stage2_stretches {
	struct stage2_row *rows;
	size_t nr;
	size_t cap; /* private */
	bool nomem; /* private */
};

/**
 * stage2_stretches_read() - all of a VM; @out: zero; stage2_stretches_deinit() it
 *
 * Return: as kernel_view_mappings().
 */
int stage2_stretches_read(const struct kernel_view *view,
			  const struct process *process, const struct vm_id *vm,
			  const struct slot_state *slots,
			  struct stage2_stretches *out,
			  struct slotscope_error *err);
void stage2_stretches_deinit(struct stage2_stretches *stretches);

#endif
