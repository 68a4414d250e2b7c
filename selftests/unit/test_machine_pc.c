// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pc board against real QEMU: for each machine in the fixtures, the board
 * with the same options has to show the same view at reset, by the same
 * requests to KVM, in the same order. No KVM is needed: RAM is a number here.
 */
#include <errno.h>
#include <inttypes.h>

#include <slotscope/kvm_slots.h>
#include <slotscope/mtree.h>

#include "machine/pc.h"
#include "machine/ram.h"

#include "mtree_fixture.h"

#define KIB 1024ULL
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

#define REQUESTS_MAX 64
#define BLOCKS_MAX   3

/* A board, and what KVM would have been asked while it was built */
struct built {
	struct machine machine;
	struct kvm_slots *slots;
	struct kvm_slot_request requests[REQUESTS_MAX];
	size_t nr_requests;
	const char *blocks[BLOCKS_MAX];
	uint64_t sizes[BLOCKS_MAX];
	size_t nr_blocks;
	size_t fail_at; /* refuse this RAMBlock; counted from 1 */
	size_t problems;
};

/* Each RAMBlock far from the others, and not where its guest addresses are */
static hva_t hva_of(size_t block)
{
	return 0x100000000000ULL * (block + 1);
}

static int alloc(void *opaque, const char *name, uint64_t size,
		 struct ram_block_options *ram, struct slotscope_error *err)
{
	struct built *b = opaque;

	assert_in_range(b->nr_blocks, 0, BLOCKS_MAX - 1);
	if (b->nr_blocks + 1 == b->fail_at)
		return error_set(err, ENOMEM, "allocate %s", name);
	b->blocks[b->nr_blocks] = name;
	b->sizes[b->nr_blocks] = size;
	ram->hva = hva_of(b->nr_blocks++);
	return 0;
}

static int note_request(void *opaque, const struct kvm_slot_request *request)
{
	struct built *b = opaque;

	assert_in_range(b->nr_requests, 0, REQUESTS_MAX - 1);
	b->requests[b->nr_requests++] = *request;
	return 0;
}

static void note_problem(void *opaque, const struct slotscope_error *problem)
{
	struct built *b = opaque;

	b->problems++;
	print_message("problem: %s: %s\n", problem->tried, problem->why);
}

static int build(struct built *b, const struct machine_options *wanted)
{
	const struct kvm_slots_options kvm = {
		.request = note_request,
		.problem = note_problem,
		.opaque = b,
	};
	const struct machine_ops ops = { .alloc = alloc, .opaque = b };
	struct slotscope_error err = {};
	int ret;

	assert_int_equal(memory_model_create(NULL, &b->machine.model, &err), 0);
	assert_int_equal(memory_map_init(b->machine.model, &b->machine, &err),
			 0);
	assert_int_equal(
		kvm_slots_create(b->machine.memory, &kvm, &b->slots, &err), 0);
	ret = machine_init(&b->machine, &machine_pc, wanted, &ops, &err);
	assert_int_equal(ret, -err.code);
	return ret;
}

static void destroy(struct built *b)
{
	/* The deletions at the end are not the board's */
	b->nr_requests = 0;
	kvm_slots_destroy(b->slots);
	memory_model_destroy(b->machine.model);
	machine_deinit(&b->machine);
}

/* The ranges below "Root memory region: system"; the caller frees them */
static char *system_view(const char *text)
{
	const char *from = strstr(text, "\n Root memory region: system\n"), *to;

	assert_non_null(from);
	from = strchr(from + 1, '\n') + 1;
	to = strstr(from, "\n\n");
	return to ? strndup(from, to + 1 - from) : strdup(from);
}

/* QEMU marks what is in its slot table; our model does not know of one */
static void cut_marks(char *text)
{
	char *mark;

	while ((mark = strstr(text, " KVM\n")))
		memmove(mark, mark + 4, strlen(mark + 4) + 1);
}

static char *print_model(struct built *b, unsigned int flags)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(mtree_print(out, b->machine.model, flags), 0);
	fclose(out);
	return text;
}

static char *our_view(struct built *b)
{
	char *text = print_model(b, MTREE_FLATVIEW);
	char *view = system_view(text);

	free(text);
	return view;
}

static void compare_views(struct built *b, const char *dir)
{
	char path[256], *text, *theirs, *ours;
	size_t len;

	snprintf(path, sizeof(path), "%s/mtree-f.txt", dir);
	text = read_file(path, &len);
	assert_non_null(text);
	theirs = system_view(text);
	cut_marks(theirs);
	ours = our_view(b);
	assert_string_equal(ours, theirs);
	free(ours);
	free(theirs);
	free(text);
}

/* Owners are objects of QEMU's, which has more of them */
static void cut_owners(char *text)
{
	static const char *const words[] = { " owner:{", " parent:{" };
	char *from, *to;
	size_t i;

	for (i = 0; i < 2; i++) {
		while ((from = strstr(text, words[i]))) {
			to = strchr(from, '}') + 1;
			memmove(from, to, strlen(to) + 1);
		}
	}
}

/* The tree below "system", with what is disabled, in order; of the caller */
static char *system_tree(const char *text)
{
	const char *from = strstr(text, "address-space: memory\n"), *to;

	assert_non_null(from);
	to = strstr(from, "\n\n");
	assert_non_null(to);
	return strndup(from, to + 1 - from);
}

static int nr_trees; /* compared so far */

static void compare_trees(struct built *b, const char *dir)
{
	char path[256], *text, *theirs, *ours;
	size_t len;

	snprintf(path, sizeof(path), "%s/mtree-Do.txt", dir);
	text = read_file(path, &len);
	if (!text)
		return; /* not kept of every machine */
	theirs = system_tree(text);
	free(text);
	cut_owners(theirs);
	text = print_model(b, MTREE_DISABLED);
	ours = system_tree(text);
	assert_string_equal(ours, theirs);
	nr_trees++;
	free(ours);
	free(theirs);
	free(text);
}

static size_t block_of(const struct kvm_slot_request *request)
{
	size_t i;

	for (i = 0; i < BLOCKS_MAX; i++)
		if (request->hva - hva_of(i) < hva_of(0))
			return i;
	fail_msg("a request for host address 0x%" PRIx64, request->hva);
	return 0;
}

/*
 * Slot, flags, address and size have to be equal. Host addresses cannot be: for
 * each of our RAMBlocks there has to be one place in QEMU where it would lie.
 */
static void compare_request(const struct kvm_slot_request *ours,
			    const char *line, uint64_t *theirs_base)
{
	uint64_t gpa, size, hva, base;
	unsigned int slot, flags;
	size_t block;

	assert_int_equal(sscanf(line,
				"kvm_set_user_memory Slot#%u flags=0x%x "
				"gpa=0x%" SCNx64 " size=0x%" SCNx64
				" ua=0x%" SCNx64,
				&slot, &flags, &gpa, &size, &hva),
			 5);
	assert_int_equal(ours->slot, slot);
	assert_int_equal(ours->flags, flags);
	assert_int_equal(ours->gpa, gpa);
	assert_int_equal(ours->size, size);
	block = block_of(ours);
	base = hva - (ours->hva - hva_of(block));
	if (!theirs_base[block])
		theirs_base[block] = base;
	assert_int_equal(theirs_base[block], base);
}

static void compare_requests(struct built *b, const char *dir)
{
	uint64_t theirs_base[BLOCKS_MAX] = {};
	char path[256], *text, *line, *save;
	size_t nr = 0, len;
	bool reset = false;

	snprintf(path, sizeof(path), "%s/ioctls.txt", dir);
	text = read_file(path, &len);
	assert_non_null(text);
	for (line = strtok_r(text, "\n", &save); line && !reset;
	     line = strtok_r(NULL, "\n", &save)) {
		reset = !strncmp(line, "#### snapshot: reset", 20);
		if (strncmp(line, "kvm_set_user_memory ", 20))
			continue;
		assert_in_range(nr, 0, b->nr_requests - 1);
		compare_request(&b->requests[nr++], line, theirs_base);
	}
	assert_true(reset);
	/* A machine that asks for nothing would agree with anything */
	assert_in_range(nr, 6, REQUESTS_MAX);
	assert_int_equal(b->nr_requests, nr);
	free(text);
}

/* Our options for a machine, from its own command line */
static void read_options(const char *dir, struct machine_options *options)
{
	struct slotscope_error err = {};
	char path[256], *text, *size;
	size_t len;

	snprintf(path, sizeof(path), "%s/cmdline", dir);
	text = read_file(path, &len);
	assert_non_null(text);
	size = strstr(text, " -m ");
	assert_non_null(size);
	size += strlen(" -m ");
	*options = (struct machine_options){
		.bios_size = PC_BIOS_SIZE_DEFAULT,
		.irqchip = strstr(text, "kernel-irqchip=off") ?
				   MACHINE_IRQCHIP_OFF :
				   MACHINE_IRQCHIP_ON,
		.vga_window = !strstr(text, "-nodefaults") &&
			      !strstr(text, "-vga none"),
	};
	if (strstr(text, "max-ram-below-4g=1G"))
		options->max_below_4g = GIB;
	size[strcspn(size, " \n")] = '\0';
	assert_int_equal(ram_parse_size(size, &options->ram_size, &err), 0);
	free(text);
}

static void compare(const char *root, const char *name)
{
	struct machine_options options;
	struct built b = {};
	char dir[200];

	snprintf(dir, sizeof(dir), "%s/%s", root, name);
	print_message("# %s\n", dir);
	read_options(dir, &options);
	assert_int_equal(build(&b, &options), 0);
	assert_int_equal(b.problems, 0);
	compare_views(&b, dir);
	compare_trees(&b, dir);
	compare_requests(&b, dir);
	destroy(&b);
}

static void equals_qemu(void **unused)
{
	static const char *const names[] = {
		"pc-nodefaults",
		"pc-5G",
		"pc-3.5G",
		"pc-irqchip-off",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		compare("selftests/fixtures/pc", names[i]);
	assert_int_equal(nr_trees, 1);
}

static void equals_more_qemus(void **unused)
{
	static const char *const names[] = {
		"pc-128M",    "pc-64G",	     "pc-odd-size",   "pc-vga-none",
		"pc-vga-std", "storage-zoo", "pc-maxbelow1G",
	};
	char root[200];
	size_t i, len;
	char *probe;

	snprintf(root, sizeof(root), "%s/qemu-7.2", shared_fixtures());
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s/%s/cmdline", root, names[i]);
		probe = read_file(path, &len);
		if (!probe) {
			print_message("# SKIP no %s: the large set of fixtures "
				      "is not here\n",
				      path);
			skip();
		}
		free(probe);
		compare(root, names[i]);
	}
}

/* Which byte of pc.bios a guest address shows; -1 if none of it */
static int64_t bios_offset(struct built *b, gpa_t gpa)
{
	const struct flat_view *view =
		address_space_get_flat_view(b->machine.memory);
	const struct flat_range *r = flat_view_lookup(view, gpa);
	int64_t offset = -1;

	if (r && !strcmp(memory_region_info(r->region)->name, "pc.bios"))
		offset = r->offset_in_region + (gpa - r->addr);
	flat_view_unref(view);
	return offset;
}

static void maps_firmware_of_each_size(void **unused)
{
	static const uint64_t sizes[] = { 64 * KIB, 128 * KIB, 192 * KIB,
					  256 * KIB, 16 * MIB };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct machine_options o = { .ram_size = 64 * MIB,
					     .bios_size = sizes[i] };
		uint64_t low = sizes[i] < 128 * KIB ? sizes[i] : 128 * KIB;
		struct built b = {};

		assert_int_equal(build(&b, &o), 0);
		/* The last byte, the first, and what is before it */
		assert_int_equal(bios_offset(&b, 4 * GIB - 1), sizes[i] - 1);
		assert_int_equal(bios_offset(&b, 4 * GIB - sizes[i]), 0);
		assert_int_equal(bios_offset(&b, 4 * GIB - sizes[i] - 1), -1);
		/* Once more below 1 MiB, at most 128 KiB of its end */
		assert_int_equal(bios_offset(&b, MIB - 1), sizes[i] - 1);
		assert_int_equal(bios_offset(&b, MIB - low), sizes[i] - low);
		assert_int_equal(bios_offset(&b, MIB - low - 1), -1);
		destroy(&b);
	}
}

static void refuses_firmware_of_bad_size(void **unused)
{
	static const uint64_t sizes[] = { 0, 1, 64 * KIB - 1, 64 * KIB + 1,
					  16 * MIB + 64 * KIB };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct machine_options o = { .ram_size = 64 * MIB,
					     .bios_size = sizes[i] };
		struct built b = {};

		assert_int_equal(build(&b, &o), -EINVAL);
		assert_int_equal(b.nr_requests, 0);
		destroy(&b);
	}
}

static void passes_on_failed_allocations(void **unused)
{
	static const char *const blocks[] = { "pc.ram", "pc.bios", "pc.rom" };
	const struct machine_options o = { .ram_size = 5 * GIB,
					   .bios_size = PC_BIOS_SIZE_DEFAULT };
	struct built b = {};
	size_t i;

	for (i = 1; i <= BLOCKS_MAX; i++) {
		b = (struct built){ .fail_at = i };
		assert_int_equal(build(&b, &o), -ENOMEM);
		assert_int_equal(b.nr_blocks, i - 1);
		destroy(&b);
	}
	b = (struct built){};
	assert_int_equal(build(&b, &o), 0);
	for (i = 0; i < BLOCKS_MAX; i++)
		assert_string_equal(b.blocks[i], blocks[i]);
	assert_int_equal(b.sizes[0], 5 * GIB);
	assert_int_equal(b.sizes[1], PC_BIOS_SIZE_DEFAULT);
	destroy(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_qemu),
		cmocka_unit_test(equals_more_qemus),
		cmocka_unit_test(maps_firmware_of_each_size),
		cmocka_unit_test(refuses_firmware_of_bad_size),
		cmocka_unit_test(passes_on_failed_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
