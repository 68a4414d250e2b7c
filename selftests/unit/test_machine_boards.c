// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The boards without PCI, and RAM in pieces, against real QEMU: the same view and
 * tree at reset, by the same requests to KVM, in the same order.
 */
#include "machine/isa_boards.h"

#include "machine_make.h"

/* As compare_qemu(), with what a command line of theirs says in other words */
static void compare_with(const struct machine_class *class, const char *name,
			 const struct machine_options *more)
{
	struct machine_options o;
	char path[256], dir[200];
	struct built b = {};
	char *probe;
	size_t len;

	snprintf(dir, sizeof(dir), "%s/qemu-7.2/%s", shared_fixtures(), name);
	snprintf(path, sizeof(path), "%s/cmdline", dir);
	probe = read_file(path, &len);
	if (!probe) {
		print_message("# SKIP no %s: the large set of fixtures is not "
			      "here\n",
			      path);
		skip();
	}
	free(probe);
	print_message("# %s\n", dir);
	read_options(dir, &o);
	o.max_ram = more->max_ram;
	o.ram_slots = more->ram_slots;
	memcpy(o.nodes, more->nodes, sizeof(o.nodes));
	o.nr_nodes = more->nr_nodes;
	o.nr_cpus = more->nr_cpus;
	if (more->bios_size)
		o.bios_size = more->bios_size;
	if (more->irqchip)
		o.irqchip = more->irqchip;
	if (class == &machine_microvm)
		o.vga_window = false;
	assert_int_equal(build(&b, class, &o), 0);
	assert_int_equal(b.problems, 0);
	compare_views(&b, dir);
	compare_trees(&b, dir);
	compare_requests(&b, dir);
	destroy(&b);
}

static void isapc_equals_qemu(void **unused)
{
	static const struct machine_options o = { .bios_size = 128 * KIB };

	compare_with(&machine_isapc, "isapc-vga", &o);
}

static void microvm_equals_qemu(void **unused)
{
	/* Which is what microvm has if nobody says */
	static const struct machine_options o = {
		.bios_size = 128 * KIB,
		.irqchip = MACHINE_IRQCHIP_SPLIT,
	};

	compare_with(&machine_microvm, "microvm", &o);
}

static void nodes_equal_qemu(void **unused)
{
	static const struct machine_options o = {
		.nodes = { { "r0", GIB }, { "r1", GIB } },
		.nr_nodes = 2,
		.nr_cpus = 2,
	};

	compare_with(&machine_q35, "numa2", &o);
}

static void room_for_dimms_equals_qemu(void **unused)
{
	static const struct machine_options o = { .max_ram = 8 * GIB,
						  .ram_slots = 4 };

	compare_with(&machine_pc, "pc-dimm-hot", &o);
}

/* Both board and firmware need no more than that */
static void builds_with_little(void **unused)
{
	static const struct machine_class *const classes[] = {
		&machine_isapc,
		&machine_microvm,
	};
	size_t i, j;

	for (i = 0; i < 2; i++) {
		struct machine_options o = { .ram_size = MIB,
					     .bios_size = 64 * KIB };
		struct built b = {};

		assert_int_equal(build(&b, classes[i], &o), 0);
		assert_int_equal(b.problems, 0);
		destroy(&b);
		for (j = 1; j <= b.nr_blocks; j++) {
			struct built f = { .fail_at = j };

			assert_int_equal(build(&f, classes[i], &o), -ENOMEM);
			destroy(&f);
		}
		o.bios_size = 1;
		b = (struct built){};
		assert_int_equal(build(&b, classes[i], &o), -EINVAL);
		destroy(&b);
		o.bios_size = 64 * KIB;
		o.max_ram = 2 * MIB;
		o.ram_slots = 1;
		b = (struct built){};
		assert_int_equal(build(&b, classes[i], &o), -EINVAL);
		destroy(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NEEDS_FIXTURES(isapc_equals_qemu),
		NEEDS_FIXTURES(microvm_equals_qemu),
		NEEDS_FIXTURES(nodes_equal_qemu),
		NEEDS_FIXTURES(room_for_dimms_equals_qemu),
		cmocka_unit_test(builds_with_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
