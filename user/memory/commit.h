/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a transaction, in two halves: what may fail, and what may not */
#ifndef SLOTSCOPE_MEMORY_COMMIT_H
#define SLOTSCOPE_MEMORY_COMMIT_H

#include <slotscope/memory.h>

int commit_plan(struct memory_model *model, struct slotscope_error *err);
void commit_apply(struct memory_model *model);
int commit_view_of(struct memory_model *model, struct memory_region *root,
		   struct flat_view **out, struct slotscope_error *err);

/* ioeventfd.c */
int ioeventfds_plan(struct address_space *as, const struct flat_view *view,
		    struct slotscope_error *err);
void ioeventfds_apply(struct address_space *as);
void ioeventfds_cancel(struct address_space *as);

#endif
