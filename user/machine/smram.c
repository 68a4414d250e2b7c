// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/smram.h"

#define PRIORITY 10 /* over the system's memory, which has 0 */

/* All but the last byte: so they are in QEMU, and so `info mtree` has them */
#define SIZE ((memory_size_t)UINT64_MAX)

int smram_address_space_create(struct machine *m, struct address_space **out,
			       struct slotscope_error *err)
{
	struct memory_region *root, *system;
	int ret;

	ret = memory_region_create(m->model, "mem-container-smram", SIZE, &root,
				   err);
	if (ret)
		return ret;
	ret = memory_region_create_alias(
		m->model, "mem-smram", m->system_memory, 0, SIZE, &system, err);
	if (!ret)
		ret = memory_region_add_subregion_overlap(root, 0, 0, system,
							  err);
	if (!ret)
		ret = memory_region_add_subregion_overlap(root, 0, PRIORITY,
							  m->smram, err);
	if (!ret)
		ret = address_space_create(m->model, "KVM-SMRAM", root, out,
					   err);
	return ret;
}
