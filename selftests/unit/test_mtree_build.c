// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Trees of info mtree, rebuilt, rendered and printed again by our own code:
 * equal to QEMU's own flat views, and to its trees.
 */
#include <dirent.h>
#include <errno.h>

#include <slotscope/mtree.h>

#include "mtree_fixture.h"

#define A "0000000000000000"
#define B "0000000000000fff"
#define C "0000000000001000"
#define D "0000000000001fff"

/* The flat views of a tree's text, and what had to be assumed */
static int convert(const char *text, size_t len, char **flat, char **notes,
		   struct slotscope_error *err)
{
	struct memory_model *model;
	struct mtree_tree tree;
	size_t n;
	FILE *f = open_memstream(flat, &n), *g = open_memstream(notes, &n);
	int ret;

	memset(err, 0, sizeof(*err));
	ret = mtree_tree_parse(text, len, &tree, err);
	if (!ret) {
		ret = mtree_build(&tree, MTREE_REFUSE_MISSING, g, &model, err);
		mtree_tree_deinit(&tree);
	}
	if (!ret) {
		assert_int_equal(mtree_print(f, model, MTREE_FLATVIEW), 0);
		memory_model_destroy(model);
	}
	fclose(f);
	fclose(g);
	if (ret) {
		assert_int_equal(ret, -err->code);
		assert_true(err->tried[0] && err->why[0]);
	}
	return ret;
}

static char *print(struct memory_model *model, unsigned int flags)
{
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_int_equal(mtree_print(f, model, flags), 0);
	fclose(f);
	return text;
}

static void compare_print(struct memory_model *model, unsigned int flags,
			  const char *dir, const char *name)
{
	char path[4096], *ours, *theirs;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	theirs = read_file(path, &len);
	if (!theirs) /* not every folder has every form */
		return;
	ours = print(model, flags);
	assert_same_mtree(path, ours, theirs);
	free(ours);
	free(theirs);
}

/* One snapshot: its richest text, rebuilt, printed in every form */
static void check_snapshot(const char *dir)
{
	struct slotscope_error err = { 0 };
	struct memory_model *model;
	char path[4096], *text;
	struct mtree_tree tree;
	size_t len;

	snprintf(path, sizeof(path), "%s/mtree-Do.txt", dir);
	text = read_file(path, &len);
	assert_non_null(text);
	if (mtree_tree_parse(text, len, &tree, &err) ||
	    mtree_build(&tree, MTREE_REFUSE_MISSING, NULL, &model, &err))
		fail_msg("%s: %s: %s", path, err.tried, err.why);
	free(text);
	compare_print(model, MTREE_FLATVIEW, dir, "mtree-f.txt");
	compare_print(model, MTREE_FLATVIEW | MTREE_OWNER, dir, "mtree-fo.txt");
	compare_print(model, MTREE_OWNER | MTREE_DISABLED, dir, "mtree-Do.txt");
	compare_print(model, 0, dir, "mtree.txt");
	memory_model_destroy(model);
	mtree_tree_deinit(&tree);
}

/* Call @check for each folder with a tree, below @dir; how many */
static int walk(const char *dir, void (*check)(const char *dir))
{
	struct dirent *entry;
	char path[4096];
	DIR *d = opendir(dir);
	int n = 0;
	FILE *f;

	if (!d)
		return 0;
	snprintf(path, sizeof(path), "%s/mtree-Do.txt", dir);
	f = fopen(path, "r");
	if (f) {
		fclose(f);
		check(dir);
		n = 1;
	}
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.' || entry->d_type == DT_REG)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		n += walk(path, check);
	}
	closedir(d);
	return n;
}

static void test_own_snapshots(void **state)
{
	assert_int_equal(walk(OWN_FIXTURES, check_snapshot), 2);
}

static void test_shared_snapshots(void **state)
{
	int n = walk(shared_fixtures(), check_snapshot);

	if (!n)
		skip();
	print_message("# %d snapshots of %s\n", n, shared_fixtures());
}

/* Plain `info mtree`: it says what it assumes, and need not be exact */
static void check_poor(const char *dir)
{
	struct slotscope_error err;
	char path[4096], *text, *flat, *notes;
	size_t len;

	snprintf(path, sizeof(path), "%s/mtree.txt", dir);
	text = read_file(path, &len);
	if (!text)
		return;
	if (convert(text, len, &flat, &notes, &err))
		fail_msg("%s: %s: %s", path, err.tried, err.why);
	assert_non_null(strstr(notes, "(-o)"));
	/* A board of RAM alone has nothing that could be taken for registers */
	if (!strstr(dir, "none-64M") && !strstr(notes, "registers"))
		fail_msg("%s: -D is not missed: %s", path, notes);
	free(flat);
	free(notes);
	free(text);
}

static void test_shared_poor_texts(void **state)
{
	if (!walk(shared_fixtures(), check_poor))
		skip();
}

static void expect_flat(const char *tree, const char *flat, const char *note)
{
	struct slotscope_error err;
	char *ours, *notes;

	if (convert(tree, strlen(tree), &ours, &notes, &err))
		fail_msg("%s: %s", err.tried, err.why);
	assert_same_mtree("flat views", ours, flat);
	if (note && !strstr(notes, note))
		fail_msg("no \"%s\" in the notes: %s", note, notes);
	free(ours);
	free(notes);
}

/* Two bridges: names repeat, and owners tell whose window shows what */
#define BRIDGE(n, at)                                                        \
	"    " at " (prio 1, i/o): alias pci_bridge_mem @pci_bridge_pci " at \
	" owner:{dev id=br" n "}\n"
#define ROOT_MEM(n)                                 \
	"memory-region: pci_bridge_pci\n  " A "-" D \
	" (prio 0, i/o): pci_bridge_pci owner:{dev id=br" n "}\n"

static void test_repeated_names(void **state)
{
	expect_flat(
		"address-space: memory\n"
		"  " A "-" D
		" (prio 0, i/o): system owner:{obj x}\n" BRIDGE("1", A "-" B)
			BRIDGE("2", C "-" D) "\n" ROOT_MEM(
				"1") "    " A "-" D
				     " (prio 0, ram): one owner:{dev id=br1}\n\n" ROOT_MEM(
					     "2") "    " A "-" D
						  " (prio 0, ram): two owner:{dev id=br2}\n\n",
		"FlatView #0\n AS \"memory\", root: system\n"
		" Root memory region: system\n"
		"  " A "-" B " (prio 0, ram): one\n"
		"  " C "-" D " (prio 0, ram): two @" C "\n\n",
		NULL);
}

/* The same without owners: where it may be either the first is taken, and that is said */
static void test_repeated_names_without_owners(void **state)
{
	expect_flat("address-space: memory\n"
		    "  " A "-" D " (prio 0, i/o): system\n"
		    "    " A "-" A " (prio 0, ram): alias a @r " A "-" A "\n"
		    "    " B "-" B " (prio 0, ram): alias b @r " A "-" A "\n"
		    "    " C "-" D " (prio 0, ram): alias c @r " C "-" D "\n\n"
		    "memory-region: r\n  " A "-" B " (prio 0, ram): r\n\n"
		    "memory-region: r\n  " A "-" D " (prio 0, ram): r\n\n",
		    "FlatView #0\n AS \"memory\", root: system\n"
		    " Root memory region: system\n"
		    "  " A "-" A " (prio 0, ram): r\n"
		    "  " B "-" B " (prio 0, ram): r\n"
		    "  " C "-" D " (prio 0, ram): r @" C "\n\n",
		    "regions are named r: alias b");
}

/*
 * Of equal priority the newest hides the others, and which that is shows at one
 * address alone. The later one is taken for the newer
 */
static void test_overlap(void **state)
{
	expect_flat("address-space: memory\n"
		    "  " A "-" D " (prio 0, i/o): system owner:{obj x}\n"
		    "    " A "-" D " (prio 0, rom): rom owner:{dev id=a}\n"
		    "    " C "-" D " (prio 0, i/o): dev owner:{dev id=b}\n\n",
		    "FlatView #0\n AS \"memory\", root: system\n"
		    " Root memory region: system\n"
		    "  " A "-" B " (prio 0, rom): rom\n"
		    "  " C "-" D " (prio 0, i/o): dev\n\n",
		    "dev at " C " is newer than rom at " A);
}

/* What devices have at one address elsewhere tells which of them is the newer */
static void test_overlap_of_devices(void **state)
{
	expect_flat("address-space: memory\n"
		    "  " A "-" D " (prio 0, i/o): system owner:{obj x}\n"
		    "    " A "-" D " (prio 0, i/o): big owner:{dev id=a}\n"
		    "    " C "-" D " (prio 0, i/o): small owner:{dev id=b}\n\n"
		    "address-space: other\n"
		    "  " A "-" D " (prio 0, i/o): bus owner:{obj x}\n"
		    "    " A "-" B " (prio 1, i/o): new owner:{dev id=a}\n"
		    "    " A "-" D " (prio 1, i/o): old owner:{dev id=b}\n\n",
		    "FlatView #0\n AS \"memory\", root: system\n"
		    " Root memory region: system\n"
		    "  " A "-" D " (prio 0, i/o): big\n\n"
		    "FlatView #1\n AS \"other\", root: bus\n"
		    " Root memory region: bus\n"
		    "  " A "-" B " (prio 1, i/o): new\n"
		    "  " C "-" D " (prio 1, i/o): old @" C "\n\n",
		    NULL);
}

#define DMA_TREE                             \
	"  " A "-" D " (prio 0, i/o): dma\n" \
	"    " C "-" D " (prio 0, i/o): iommu\n\n"
#define DMA(n) "address-space: dma" n "\n" DMA_TREE
#define DMA_VIEW                     \
	" Root memory region: dma\n" \
	"  " C "-" D " (prio 0, i/o): iommu\n\n"

/*
 * A text that prints a root once for all its address spaces has as many roots as
 * it prints, though two of them be alike
 */
static void test_roots_that_are_alike(void **state)
{
	static const char tree[] =
		"address-space: cpu-memory-0\naddress-space: memory\n"
		"  " A "-" D " (prio 0, i/o): system\n\n" DMA("0")
			DMA("1") "address-space: pci\n"
				 "  " A "-" D " (prio 0, i/o): master\n"
				 "    " A "-" D
				 " (prio 0, i/o): alias bus @dma " A "-" D
				 "\n\n"
				 "memory-region: dma\n" DMA_TREE;

	expect_flat(tree,
		    "FlatView #0\n AS \"memory\", root: system\n"
		    " AS \"cpu-memory-0\", root: system\n"
		    " Root memory region: (none)\n  No rendered FlatView\n\n"
		    "FlatView #1\n AS \"dma0\", root: dma\n"
		    " AS \"pci\", root: master\n" DMA_VIEW
		    "FlatView #2\n AS \"dma1\", root: dma\n" DMA_VIEW,
		    "dma0 is the one whose root an alias shows");
}

/* Where each is printed for itself, they are one */
static void test_root_of_two_spaces(void **state)
{
	expect_flat(DMA("0") DMA("1"),
		    "FlatView #0\n AS \"dma0\", root: dma\n"
		    " AS \"dma1\", root: dma\n" DMA_VIEW,
		    NULL);
}

/* As many sections are left as aliases: each alias has one of its own */
static void test_one_section_for_each_alias(void **state)
{
	expect_flat("address-space: memory\n"
		    "  " A "-" D " (prio 0, i/o): system owner:{obj x}\n"
		    "    " A "-" B " (prio 0, ram): alias a @r " A "-" B
		    " owner:{dev id=a}\n"
		    "    " C "-" D " (prio 0, ram): alias b @r " C "-" D
		    " owner:{dev id=b}\n\n"
		    "memory-region: r\n  " A "-" B
		    " (prio 0, ram): r owner:{obj x}\n\n"
		    "memory-region: r\n  " A "-" D
		    " (prio 0, ram): r owner:{obj x}\n\n",
		    "FlatView #0\n AS \"memory\", root: system\n"
		    " Root memory region: system\n"
		    "  " A "-" B " (prio 0, ram): r\n"
		    "  " C "-" D " (prio 0, ram): r @" C "\n\n",
		    NULL);
}

/* Newer QEMUs print "container" for what is mapped nowhere, registers as well */
static void test_container_kind(void **state)
{
	expect_flat("address-space: I/O\n"
		    "  " A "-" D " (prio 0, container): io\n"
		    "    " A "-" B " (prio 0, i/o): port\n\n",
		    "FlatView #0\n AS \"I/O\", root: io\n"
		    " Root memory region: io\n"
		    "  " A "-" B " (prio 0, i/o): port\n"
		    "  " C "-" D " (prio 0, i/o): io @" C "\n\n",
		    NULL);
}

/* The BIOS below 1 MiB of a flash, which itself can be written */
static void test_isa_bios_of_flash(void **state)
{
	expect_flat("address-space: memory\n"
		    "  " A "-" D " (prio 0, i/o): system\n"
		    "    " A "-" B " (prio 1, romd): alias isa-bios @flash " A
		    "-" B "\n"
		    "    " C "-" D " (prio 0, romd): flash\n\n"
		    "memory-region: flash\n"
		    "  " C "-" D " (prio 0, romd): flash\n\n",
		    "FlatView #0\n AS \"memory\", root: system\n"
		    " Root memory region: system\n"
		    "  " A "-" B " (prio 0, rom): flash\n"
		    "  " C "-" D " (prio 0, romd): flash\n\n",
		    NULL);
}

/* QEMU 2.8: rights only, an alias's own among them. What is memory is not guessed */
static void test_rights(void **state)
{
	expect_flat("address-space: memory\n"
		    "  " A "-" D " (prio 0, RW): system\n"
		    "    " A "-" B " (prio 1, R-): alias pam @pc.ram " A "-" B
		    "\n"
		    "    " C "-" D " (prio 0, RW): dev\n\n"
		    "memory-region: pc.ram\n"
		    "  " A "-" D " (prio 0, RW): pc.ram\n\n",
		    "FlatView #0\n AS \"memory\", root: system\n"
		    " Root memory region: system\n"
		    "  " A "-" B " (prio 0, rom): pc.ram\n"
		    "  " C "-" D " (prio 0, i/o): dev\n\n",
		    "memory and registers are not told apart");
}

/* What is not printed because it is disabled shows nothing */
static void test_disabled_target(void **state)
{
	expect_flat("address-space: smm\n"
		    "  " A "-" D " (prio 0, i/o): root\n"
		    "    " A "-" B " (prio 0, i/o): alias s @smram " A "-" B
		    "\n"
		    "    " C "-" D " (prio 0, i/o): dev\n\n"
		    "address-space: off\n\n"
		    "memory-region: smram\n"
		    "    " A "-" B " (prio 0, ram): below\n\n",
		    "FlatView #0\n AS \"smm\", root: root\n"
		    " Root memory region: root\n"
		    "  " C "-" D " (prio 0, i/o): dev\n\n"
		    "FlatView #1\n AS \"off\", root: (disabled)\n"
		    " Root memory region: (none)\n  No rendered FlatView\n\n",
		    "below one that is not shown");
}

static void test_impossible_trees(void **state)
{
	static const struct {
		int code;
		const char *text;
	} bad[] = {
		{ EINVAL, "" },
		{ EINVAL, "memory-region: x\n\n" },
		/* The section of the target is missing: cut off */
		{ EINVAL, "address-space: a\n  " A "-" B
			  " (prio 0, ram): alias x @gone " A "-" B "\n\n" },
		/* Two aliases of each other */
		{ ELOOP, "address-space: a\n  " A "-" B
			 " (prio 0, i/o): alias x @y " A "-" B "\n\n"
			 "memory-region: y\n  " A "-" B
			 " (prio 0, i/o): alias y @z " A "-" B "\n\n"
			 "memory-region: z\n  " A "-" B
			 " (prio 0, i/o): alias z @y " A "-" B "\n\n" },
		/* A window to what it is in itself, as some Arm boards have */
		{ EINVAL,
		  "address-space: a\n  " A "-" D " (prio 0, i/o): board\n    " C
		  "-" D " (prio 0, i/o): alias x @board " A "-" B "\n\n"
		  "memory-region: board\n  " A "-" D
		  " (prio 0, i/o): board\n    " C "-" D
		  " (prio 0, i/o): alias x @board " A "-" B "\n\n" },
		/* 2^64 bytes of RAM */
		{ EINVAL, "address-space: a\n  " A "-ffffffffffffffff"
			  " (prio 0, ram): x\n\n" },
	};
	struct slotscope_error err;
	char *flat, *notes;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int ret = convert(bad[i].text, strlen(bad[i].text), &flat,
				  &notes, &err);

		if (ret != -bad[i].code)
			fail_msg("%zu: %d: %s: %s", i, ret, err.tried, err.why);
		free(flat);
		free(notes);
	}
}

/* Cut after any line and in the middle of each, and with bytes changed */
static void test_damaged_texts(void **state)
{
	uint64_t x = 88172645463325252ULL;
	struct slotscope_error err;
	size_t whole, len, i;
	char *text = read_own("q35-kvm-smm/mtree-Do.txt", &whole);
	char *flat, *notes, *bytes = malloc(whole);

	for (len = 0; len < whole; len++) {
		if (len % 61 && len && text[len - 1] != '\n')
			continue;
		convert(text, len, &flat, &notes, &err);
		free(flat);
		free(notes);
	}
	for (i = 0; i < 1000; i++) {
		int changes = 1 + i % 4;

		memcpy(bytes, text, whole);
		while (changes--) {
			static const char some[] = "0f -@\n1ramo}ile:";

			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			bytes[x % whole] = some[(x >> 40) % 16];
		}
		convert(bytes, whole, &flat, &notes, &err);
		free(flat);
		free(notes);
	}
	free(bytes);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_snapshots),
		NEEDS_FIXTURES(test_shared_snapshots),
		NEEDS_FIXTURES(test_shared_poor_texts),
		cmocka_unit_test(test_repeated_names),
		cmocka_unit_test(test_repeated_names_without_owners),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_overlap_of_devices),
		cmocka_unit_test(test_roots_that_are_alike),
		cmocka_unit_test(test_root_of_two_spaces),
		cmocka_unit_test(test_one_section_for_each_alias),
		cmocka_unit_test(test_container_kind),
		cmocka_unit_test(test_isa_bios_of_flash),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_disabled_target),
		cmocka_unit_test(test_impossible_trees),
		cmocka_unit_test(test_damaged_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
