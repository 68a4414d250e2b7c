// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest that does its worst: random accesses to ports and configuration space of
 * each board, garbage and all ones included, and resets among them. Nothing may
 * crash; no two slots may ever overlap; and what KVM was asked for is what the
 * model shows, as a second machine, rendered whole at each step, shows it.
 */
#include "machine_io.h"

#define ACCESSES 100000 /* for each board; a part of them with the twin */
#define TWIN	 3000
#define LOOK	 500 /* accesses between two looks */

static uint64_t seed;

static uint64_t any(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint32_t any_value(void)
{
	switch (any() % 6) {
	case 0:
		return UINT32_MAX;
	case 1:
		return 0;
	case 2: /* an address where something is */
		return (any() % 0x1000) << 20 | (any() & 0xff);
	case 3:
		return any() & 0xff;
	default:
		return any();
	}
}

struct access {
	enum { PORT, CONFIG, WINDOW, RESET } kind;
	unsigned int devfn, offset, size;
	uint16_t port;
	gpa_t addr;
	uint32_t value;
	bool is_write;
};

static struct access any_access(void)
{
	static const uint16_t ports[] = { 0x60,	 0x61,	0x64,  0x70,  0x71,
					  0x80,	 0x92,	0xb2,  0xb3,  0x402,
					  0x510, 0x511, 0x514, 0x518, 0x600,
					  0x604, 0x608, 0x630, 0xcf8, 0xcf9,
					  0xcfc, 0xcfe };
	static const uint8_t devfns[] = { 0x00, 0x08, 0x09, 0x0b,
					  0xf8, 0xfa, 0xfb, 0x30 };
	/* Where registers move memory; others by chance */
	static const uint8_t offsets[] = { 0x04, 0x10, 0x20, 0x24, 0x40,
					   0x50, 0x58, 0x5a, 0x5c, 0x60,
					   0x64, 0x72, 0x80, 0x90, 0x94,
					   0x9c, 0x9d, 0x9e, 0xf0 };
	struct access a = { .size = 1U << any() % 3,
			    .value = any_value(),
			    .is_write = any() % 4 };
	unsigned int kind = any() % 1000;

	if (kind == 0) {
		a.kind = RESET;
	} else if (kind < 700) {
		a.kind = CONFIG;
		a.devfn = devfns[any() % sizeof(devfns)];
		a.offset = any() % 3 ? offsets[any() % sizeof(offsets)] :
				       any() % 256;
		a.offset &= ~(a.size - 1);
	} else if (kind < 710) {
		/* Put the ports of ICH9's power management where some are tried */
		a.kind = CONFIG;
		a.devfn = 0xf8;
		a.size = 4;
		a.offset = kind & 1 ? 0x40 : 0x44;
		a.value = kind & 1 ? 0x601 : 0x80;
		a.is_write = true;
	} else if (kind < 750) {
		a.kind = WINDOW;
		a.addr = 0xb0000000 + (any() & 0xfffff);
	} else {
		a.kind = PORT;
		a.port = any() % 2 ? ports[any() % 22] : any();
	}
	return a;
}

static void make_access(struct built *b, const struct access *a)
{
	struct slotscope_error err = {};
	uint32_t value = a->value;

	switch (a->kind) {
	case RESET:
		assert_int_equal(machine_reset(&b->machine, &err), 0);
		break;
	case CONFIG:
		if (a->is_write)
			config_out(b, a->devfn, a->offset, value, a->size);
		else
			config_in(b, a->devfn, a->offset, a->size);
		break;
	case WINDOW:
		address_space_rw(b->machine.memory, a->addr, &value, a->size,
				 a->is_write);
		break;
	case PORT:
		if (a->is_write)
			out(b, a->port, value, a->size);
		else
			in(b, a->port, a->size);
		break;
	}
}

/* The slots are those of the view, no more and no less */
static void compare_slots(struct built *b)
{
	const struct flat_view *view =
		address_space_get_flat_view(b->machine.memory);
	struct slot_state state;
	size_t i, j, nr = 0;

	slot_state_init(&state, PARTY_MODEL);
	assert_int_equal(slot_state_set_nr_as(&state, 1), 0);
	assert_int_equal(flat_view_slot_state(view, 0, &state), 0);
	for (i = 0; i < SLOTS_MAX; i++)
		nr += b->slots_now[i].size != 0;
	assert_int_equal(nr, state.nr_slots);
	for (i = 0; i < state.nr_slots; i++) {
		for (j = 0; j < SLOTS_MAX; j++)
			if (b->slots_now[j].size == state.slots[i].size &&
			    b->slots_now[j].gpa == state.slots[i].gpa &&
			    b->slots_now[j].hva == state.slots[i].hva)
				break;
		assert_in_range(j, 0, SLOTS_MAX - 1);
	}
	slot_state_deinit(&state);
	flat_view_unref(view);
}

static void compare_twins(struct built *b, struct built *twin)
{
	char *ours = print_model(b, MTREE_FLATVIEW);
	char *theirs = print_model(twin, MTREE_FLATVIEW);

	assert_string_equal(ours, theirs);
	free(ours);
	free(theirs);
}

static void fuzz(const struct machine_class *class)
{
	const struct machine_options o = { .ram_size = 32 * MIB,
					   .smm = true,
					   .bios_size = PC_BIOS_SIZE_DEFAULT };
	struct built b = { .real = true, .no_log = true };
	struct built twin = { .real = true,
			      .no_log = true,
			      .full_render = true };
	size_t i;

	seed = 88172645463325252ULL;
	assert_int_equal(build(&b, class, &o), 0);
	assert_int_equal(build(&twin, class, &o), 0);
	for (i = 0; i < ACCESSES; i++) {
		struct access a = any_access();

		make_access(&b, &a);
		if (i < TWIN)
			make_access(&twin, &a);
		if (i < TWIN && i % 50 == 0)
			compare_twins(&b, &twin);
		if (i % LOOK == 0)
			compare_slots(&b);
	}
	assert_int_equal(b.problems, 0);
	/* It got somewhere: some of its accesses did what they can do */
	assert_in_range(b.resets, 1, ACCESSES);
	assert_in_range(b.smis, 1, ACCESSES);
	assert_in_range(b.nr_done, 1000, SIZE_MAX);
	print_message("# %s: %zu slot requests, %zu resets asked, %zu SMIs, "
		      "%zu times off\n",
		      class->name, b.nr_done, b.resets, b.smis, b.shutdowns);
	destroy(&b);
	destroy(&twin);
}

static void pc_survives(void **unused)
{
	fuzz(&machine_pc);
}

static void q35_survives(void **unused)
{
	fuzz(&machine_q35);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pc_survives),
		cmocka_unit_test(q35_survives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
