// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "session/stage2_stretches.h"

static bool goes_on(const struct stage2_row *last, const struct stage2_row *row)
{
	const struct stage2_mapping *a = &last->map, *b = &row->map;

	return a->as_id == b->as_id && a->gpa + a->size == b->gpa &&
	       last->page == row->page && a->writable == b->writable &&
	       a->executable == b->executable && a->shadow == b->shadow &&
	       last->kind == row->kind && last->slot == row->slot;
}

static void add(void *opaque, const struct stage2_row *row)
{
	struct stage2_stretches *s = opaque;
	struct stage2_row *rows;

	if (s->nr && goes_on(&s->rows[s->nr - 1], row)) {
		s->rows[s->nr - 1].map.size += row->map.size;
		return;
	}
	rows = grown(s->rows, s->nr, &s->cap, sizeof(*rows));
	s->nomem |= !rows;
	if (!rows)
		return;
	s->rows = rows;
	rows[s->nr++] = *row;
}

int stage2_stretches_read(const struct kernel_view *view,
			  const struct process *process, const struct vm_id *vm,
			  const struct slot_state *slots,
			  struct stage2_stretches *out,
			  struct slotscope_error *err)
{
	uint32_t tables = 0;
	int ret = kernel_view_mappings(view, process, vm, slots, 0, 1ULL << 52,
				       &tables, add, out, err);

	if (!ret && out->nomem)
		ret = error_set(err, ENOMEM, "keep what KVM's page tables map");
	return ret;
}

void stage2_stretches_deinit(struct stage2_stretches *stretches)
{
	free(stretches->rows);
	*stretches = (struct stage2_stretches){};
}
