/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boards for tests: built with RAM that is a number (or real, see MACHINE_RAM), the
 * requests to KVM noted; and compared with a real QEMU's fixtures.
 */
#ifndef MACHINE_MAKE_H
#define MACHINE_MAKE_H

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
#define BLOCKS_MAX   4
#define SLOTS_MAX    64

/* A board, and what KVM would have been asked while it was built */
struct built {
	struct machine machine;
	struct machine_ops ops;
	struct kvm_slots *slots;
	struct kvm_slot_request requests[REQUESTS_MAX];
	size_t nr_requests;
	const char *blocks[BLOCKS_MAX];
	uint64_t sizes[BLOCKS_MAX];
	size_t nr_blocks;
	size_t fail_at; /* refuse this RAMBlock; counted from 1 */
	size_t problems;
	bool real;	  /* RAM is memory of this process */
	bool full_render; /* as struct memory_model_options */
	bool no_log;	  /* requests are not noted, only done: */
	void *host[BLOCKS_MAX];
	struct kvm_slot_request slots_now[SLOTS_MAX]; /* what KVM would have */
	size_t nr_done;				      /* requests */
	size_t resets, smis, shutdowns;
	bool smi_first;
	uint64_t now;
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
	if (b->real) {
		b->host[b->nr_blocks] = aligned_alloc(4096, size);
		assert_non_null(b->host[b->nr_blocks]);
		memset(b->host[b->nr_blocks], 0, size);
		ram->host = b->host[b->nr_blocks];
	}
	ram->hva = hva_of(b->nr_blocks++);
	return 0;
}

/* KVM's own rule: slots do not overlap, and one that goes was there */
static void do_request(struct built *b, const struct kvm_slot_request *r)
{
	size_t i;

	b->nr_done++;
	assert_in_range(r->slot, 0, SLOTS_MAX - 1);
	if (!r->size) {
		assert_true(b->slots_now[r->slot].size);
		b->slots_now[r->slot].size = 0;
		return;
	}
	for (i = 0; i < SLOTS_MAX; i++) {
		const struct kvm_slot_request *s = &b->slots_now[i];

		if (i != r->slot && s->size && s->gpa < r->gpa + r->size &&
		    r->gpa < s->gpa + s->size)
			fail_msg("slots %zu and %u overlap", i, r->slot);
	}
	b->slots_now[r->slot] = *r;
}

static int note_request(void *opaque, const struct kvm_slot_request *request)
{
	struct built *b = opaque;

	do_request(b, request);
	if (b->no_log)
		return 0;
	assert_in_range(b->nr_requests, 0, REQUESTS_MAX - 1);
	b->requests[b->nr_requests++] = *request;
	return 0;
}

static void note_reset(void *opaque)
{
	((struct built *)opaque)->resets++;
}

static void note_smi(void *opaque, bool first)
{
	struct built *b = opaque;

	b->smis++;
	b->smi_first = first;
}

static void note_shutdown(void *opaque)
{
	((struct built *)opaque)->shutdowns++;
}

static uint64_t tell_now(void *opaque)
{
	return ((struct built *)opaque)->now;
}

static void note_problem(void *opaque, const struct slotscope_error *problem)
{
	struct built *b = opaque;

	b->problems++;
	print_message("problem: %s: %s\n", problem->tried, problem->why);
}

static int build(struct built *b, const struct machine_class *class,
		 const struct machine_options *wanted)
{
	const struct kvm_slots_options kvm = {
		.request = note_request,
		.problem = note_problem,
		.opaque = b,
	};
	const struct memory_model_options model = {
		.full_render = b->full_render,
	};
	struct slotscope_error err = {};
	int ret;

	b->ops = (struct machine_ops){
		.alloc = alloc,
		.now_ns = tell_now,
		.smi = note_smi,
		.reset = note_reset,
		.shutdown = note_shutdown,
		.opaque = b,
	};
	assert_int_equal(memory_model_create(&model, &b->machine.model, &err),
			 0);
	assert_int_equal(memory_map_init(b->machine.model, &b->machine, &err),
			 0);
	assert_int_equal(
		kvm_slots_create(b->machine.memory, &kvm, &b->slots, &err), 0);
	ret = machine_init(&b->machine, class, wanted, &b->ops, &err);
	assert_int_equal(ret, -err.code);
	return ret;
}

static void destroy(struct built *b)
{
	/* The deletions at the end are not the board's */
	b->nr_requests = 0;
	b->no_log = true;
	kvm_slots_destroy(b->slots);
	memory_model_destroy(b->machine.model);
	machine_deinit(&b->machine);
	while (b->nr_blocks)
		free(b->host[--b->nr_blocks]);
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
			   strstr(text, "kernel-irqchip=split") ?
				   MACHINE_IRQCHIP_SPLIT :
				   MACHINE_IRQCHIP_ON,
		.vga_window = !strstr(text, "-nodefaults") &&
			      !strstr(text, "-vga none"),
	};
	/* That CPU says it is AMD's, wherever it runs */
	options->amd = strstr(text, "-cpu qemu64");
	if (strstr(text, "max-ram-below-4g=1G"))
		options->max_below_4g = GIB;
	size[strcspn(size, ", \n")] = '\0';
	assert_int_equal(ram_parse_size(size, &options->ram_size, &err), 0);
	free(text);
}

static void compare_qemu(const struct machine_class *class, const char *root,
			 const char *name)
{
	struct machine_options options;
	struct built b = {};
	char dir[200];

	snprintf(dir, sizeof(dir), "%s/%s", root, name);
	print_message("# %s\n", dir);
	read_options(dir, &options);
	assert_int_equal(build(&b, class, &options), 0);
	assert_int_equal(b.problems, 0);
	compare_views(&b, dir);
	compare_trees(&b, dir);
	compare_requests(&b, dir);
	destroy(&b);
}

/* Those in the large set of fixtures, if that is here */
static inline void compare_more(const struct machine_class *class,
				const char *const *names, size_t nr)
{
	char root[200], path[256], *probe;
	size_t i, len;

	snprintf(root, sizeof(root), "%s/qemu-7.2", shared_fixtures());
	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%s/%s/cmdline", root, names[i]);
		probe = read_file(path, &len);
		if (!probe) {
			print_message("# SKIP no %s: the large set of fixtures "
				      "is not here\n",
				      path);
			skip();
		}
		free(probe);
		compare_qemu(class, root, names[i]);
	}
}

#endif
