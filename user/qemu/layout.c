// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "qemu/layout.h"
#include "qemu/mtree_fetch.h"
#include "qemu/ram_blocks.h"

void layout_none(struct layout *layout, const struct slotscope_error *why)
{
	*layout = (struct layout){ .no_flat = *why,
				   .no_tree = *why,
				   .no_blocks = *why };
}

void layout_read(struct qmp *q, struct layout *out)
{
	int ret;

	*out = (struct layout){};
	fetch_flatviews(q, &out->flat, &out->no_flat);
	fetch_tree(q, &out->tree, &out->no_tree);
	ret = ram_blocks_read(q, &out->blocks, &out->no_blocks);
	out->nr_blocks = ret > 0 ? ret : 0;
}

void layout_deinit(struct layout *layout)
{
	if (!layout->no_flat.code)
		mtree_flatviews_deinit(&layout->flat);
	if (!layout->no_tree.code)
		mtree_tree_deinit(&layout->tree);
	free(layout->blocks);
	*layout = (struct layout){};
}
