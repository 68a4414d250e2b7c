// SPDX-License-Identifier: GPL-2.0-or-later
/* RAM with a ROM over it: the flat view, and the slots that KVM should get. */
#include <stdio.h>
#include <stdlib.h>
#include <slotscope/memory.h>

static struct slotscope_error err;

static void must(int r)
{
	if (r) {
		fprintf(stderr, "%s: %s\n", err.tried, err.why);
		exit(1);
	}
}

int main(void)
{
	struct ram_block_options ram = { .hva = 0x7f0000000000 };
	struct ram_block_options rom = { .hva = 0x7f1000000000 };
	struct memory_region *system, *pc_ram, *bios;
	const struct flat_range *range;
	const struct flat_view *view;
	struct memory_model *model;
	struct address_space *as;
	struct slot_state slots;
	size_t i;

	must(memory_model_create(NULL, &model, &err));
	must(memory_region_create(model, "system", MEMORY_SIZE_2_64, &system,
				  &err));
	must(address_space_create(model, "memory", system, &as, &err));

	must(memory_region_create_ram(model, "pc.ram", 64 << 20, &ram, &pc_ram,
				      &err));
	must(memory_region_create_rom(model, "bios", 128 << 10, &rom, &bios,
				      &err));
	memory_model_begin(model);
	must(memory_region_add_subregion(system, 0, pc_ram, &err));
	must(memory_region_add_subregion_overlap(system, 0xe0000, 1, bios,
						 &err));
	must(memory_model_commit(model, &err));

	view = address_space_get_flat_view(as);
	flat_view_for_each(range, view)
		printf("%8llx +%8llx %s\n", (unsigned long long)range->addr,
		       (unsigned long long)range->size,
		       memory_region_info(range->region)->name);

	slot_state_init(&slots, PARTY_MODEL);
	if (slot_state_set_nr_as(&slots, 1) ||
	    flat_view_slot_state(view, 0, &slots))
		return 1;
	for (i = 0; i < slots.nr_slots; i++)
		printf("slot %8llx at %llx\n",
		       (unsigned long long)slots.slots[i].gpa,
		       (unsigned long long)slots.slots[i].hva);
	slot_state_deinit(&slots);
	flat_view_unref(view);
	memory_model_destroy(model);
	return 0;
}
