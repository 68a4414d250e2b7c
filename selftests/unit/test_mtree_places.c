// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where regions stand, what is seen of them, and what hides the rest. Small trees have
 * their answers from QEMU's rules of rendering; of real QEMUs' trees the flat view,
 * which is the same QEMU's, must come out.
 */
#include "mtree/places.h"

#include "mtree_fixture.h"

struct laid {
	struct mtree_tree tree;
	struct mtree_flatviews views;
	struct mtree_match match;
	struct mtree_places places;
};

static const char *const names[] = { "memory", "KVM-SMRAM" };

static void lay_out(struct laid *laid, const char *tree, const char *flat)
{
	struct mtree_space spaces[2];
	struct slotscope_error err = { 0 };

	*laid = (struct laid){};
	if (mtree_tree_parse(tree, strlen(tree), &laid->tree, &err) ||
	    mtree_flatviews_parse(flat, strlen(flat), &laid->views, &err) ||
	    mtree_match(&laid->tree, NULL, &laid->match, &err))
		fail_msg("%s: %s", err.tried, err.why);
	for (uint16_t i = 0; i < 2; i++) {
		spaces[i] = (struct mtree_space){
			i, -1, mtree_flatviews_find(&laid->views, names[i])
		};
		for (size_t k = 0; k < laid->tree.nr_as; k++)
			if (!strcmp(laid->tree.as[k].name, names[i]))
				spaces[i].root =
					laid->match
						.root[laid->tree.as[k].section];
	}
	assert_int_equal(mtree_places_init(&laid->tree, &laid->match, spaces, 2,
					   &laid->places),
			 0);
	assert_false(laid->places.cut);
}

static void clean_up(struct laid *laid)
{
	mtree_places_deinit(&laid->places);
	mtree_match_deinit(&laid->match);
	mtree_flatviews_deinit(&laid->views);
	mtree_tree_deinit(&laid->tree);
}

static const char *name_of(const struct laid *laid, int32_t place)
{
	const struct mtree_places *p = &laid->places;

	return laid->tree.nodes[p->regions[p->places[place].region].node].name;
}

/* "0-fff shown, 1000-1fff by dev: priority" of the nth place of a region */
static const char *pieces(const struct laid *laid, const char *region,
			  size_t nth)
{
	static char text[512];
	const struct mtree_places *p = &laid->places;
	const struct mtree_place *place = NULL;
	FILE *f = fmemopen(text, sizeof(text), "w");

	for (size_t i = 0; i < p->nr_places && !place; i++)
		if (!strcmp(name_of(laid, i), region) && !nth--)
			place = &p->places[i];
	assert_non_null(place);
	for (size_t i = 0; i < place->nr_pieces; i++) {
		const struct mtree_piece *piece = &place->pieces[i];

		fprintf(f, "%s%lx-%lx ", i ? ", " : "", piece->first,
			piece->last);
		if (piece->shown)
			fputs("shown", f);
		else
			fprintf(f, "by %s: %s",
				piece->by < 0 ? "nothing" :
						name_of(laid, piece->by),
				mtree_why_name(piece->why) ?: "?");
	}
	fclose(f);
	return text;
}

static const char *kind(const struct laid *laid, const char *region)
{
	const struct mtree_places *p = &laid->places;

	for (size_t i = 0; i < p->nr_regions; i++)
		if (!strcmp(laid->tree.nodes[p->regions[i].node].name, region))
			return mtree_region_kind_name(p->regions[i].kind);
	fail_msg("no region %s", region);
	return NULL;
}

#define TREE                                                                    \
	"address-space: memory\n"                                               \
	"  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n"           \
	"    0000000000000000-0000000000ffffff (prio 0, ram): alias low @ram "  \
	"0000000000000000-0000000000ffffff\n"                                   \
	"    00000000000a0000-00000000000bffff (prio 1, i/o): vga\n"            \
	"      00000000000a0000-00000000000a0fff (prio 0, i/o): regs\n"         \
	"    00000000000c0000-00000000000cffff (prio 1, ram): alias pam @ram "  \
	"00000000000c0000-00000000000cffff\n"                                   \
	"    0000000002000000-0000000002000fff (prio 0, i/o): older\n"          \
	"    0000000002000800-0000000002001fff (prio 0, i/o): newer\n"          \
	"    0000000003000000-0000000003000fff (prio 0, i/o): off [disabled]\n" \
	"    0000000004000000-0000000004000fff (prio 0, i/o): box\n"            \
	"      0000000004000000-0000000004001fff (prio 0, i/o): wide\n"         \
	"      0000000004000000-00000000040007ff (prio 2, rom): rom\n"          \
	"    0000000005000000-0000000005000fff (prio -1, i/o): under\n"         \
	"    0000000005000000-0000000005000fff (prio 0, rom): over\n"           \
	"\nmemory-region: ram\n"                                                \
	"  0000000000000000-0000000000ffffff (prio 0, ram): ram\n\n"
#define FLAT                                                         \
	"FlatView #0\n AS \"memory\", root: system\n"                \
	" Root memory region: system\n"                              \
	"  0000000000000000-000000000009ffff (prio 0, ram): ram\n"   \
	"  00000000000a0000-00000000000a0fff (prio 0, i/o): regs\n"  \
	"  00000000000a1000-00000000000bffff (prio 1, i/o): vga "    \
	"@0000000000001000\n"                                        \
	"  00000000000c0000-0000000000ffffff (prio 0, ram): ram "    \
	"@00000000000c0000\n"                                        \
	"  0000000002000000-00000000020007ff (prio 0, i/o): older\n" \
	"  0000000002000800-0000000002001fff (prio 0, i/o): newer\n" \
	"  0000000004000000-00000000040007ff (prio 2, rom): rom\n"   \
	"  0000000004000800-0000000004000fff (prio 0, i/o): wide "   \
	"@0000000000000800\n"                                        \
	"  0000000005000000-0000000005000fff (prio 0, rom): over\n\n"

static void test_pieces(void **state)
{
	struct laid laid;

	lay_out(&laid, TREE, FLAT);
	/* Seen through two aliases, the second with the higher priority */
	assert_string_equal(pieces(&laid, "ram", 0), "c0000-cffff shown");
	assert_string_equal(pieces(&laid, "ram", 1),
			    "0-9ffff shown, a0000-a0fff by regs: priority, "
			    "a1000-bffff by vga: priority, "
			    "c0000-cffff by ram: priority, "
			    "d0000-ffffff shown");
	assert_string_equal(pieces(&laid, "low", 0),
			    "0-9ffff shown, d0000-ffffff shown");
	assert_string_equal(pieces(&laid, "vga", 0),
			    "a0000-a0fff by regs: subregion, "
			    "a1000-bffff shown");
	assert_string_equal(pieces(&laid, "older", 0),
			    "2000000-20007ff shown, "
			    "2000800-2000fff by newer: order");
	assert_string_equal(pieces(&laid, "off", 0),
			    "3000000-3000fff by nothing: disabled");
	/* Cut to what is around it */
	assert_string_equal(pieces(&laid, "wide", 0),
			    "4000000-40007ff by rom: priority, "
			    "4000800-4000fff shown");
	assert_string_equal(pieces(&laid, "under", 0),
			    "5000000-5000fff by over: priority");
	clean_up(&laid);
}

static void test_kinds(void **state)
{
	struct laid laid;

	lay_out(&laid, TREE, FLAT);
	assert_string_equal(kind(&laid, "system"), "container");
	assert_string_equal(kind(&laid, "low"), "alias");
	assert_string_equal(kind(&laid, "ram"), "ram");
	assert_string_equal(kind(&laid, "rom"), "rom");
	assert_string_equal(kind(&laid, "vga"), "mmio");
	assert_string_equal(kind(&laid, "wide"), "mmio");
	/* Nothing of it is seen, and nothing is a hole: either */
	assert_string_equal(kind(&laid, "under"), "i/o");
	assert_string_equal(kind(&laid, "off"), "i/o");
	clean_up(&laid);
}

/* What nobody has said is not told */
static void test_not_told(void **state)
{
	struct laid laid;

	/* The flat view has what the tree has not */
	lay_out(&laid, TREE,
		"FlatView #0\n AS \"memory\", root: system\n"
		" Root memory region: system\n"
		"  0000000000000000-0000000000ffffff (prio 0, ram): other\n\n");
	assert_string_equal(pieces(&laid, "ram", 1), "0-ffffff by nothing: ?");
	assert_int_equal(laid.places.seen[0].place, -1);
	clean_up(&laid);
}

/* All that a QEMU shows is found, and is seen of one place */
static void check_real(const char *tree_name, const char *flat_name,
		       const char *const seen[][2])
{
	size_t len, shown, n = 0;
	char *tree = read_own(tree_name, &len),
	     *flat = read_own(flat_name, &len);
	struct laid laid;

	lay_out(&laid, tree, flat);
	for (size_t i = 0; i < laid.places.nr_seen; i++) {
		const struct mtree_seen *s = &laid.places.seen[i];

		if (!s->range)
			continue;
		n++;
		if (s->place < 0)
			fail_msg("%s: nothing shows %s at 0x%lx", tree_name,
				 s->range->name, s->first);
		assert_string_equal(name_of(&laid, s->place), s->range->name);
		shown = 0;
		for (size_t k = 0; k < laid.places.nr_places; k++) {
			const struct mtree_place *p = &laid.places.places[k];
			enum mtree_region_kind kind =
				laid.places.regions[p->region].kind;

			for (size_t j = 0; j < p->nr_pieces; j++)
				shown += p->as_id == s->as_id &&
					 kind != MTREE_REGION_ALIAS &&
					 kind != MTREE_REGION_CONTAINER &&
					 p->pieces[j].shown &&
					 p->pieces[j].first <= s->first &&
					 p->pieces[j].last >= s->last;
		}
		if (shown != 1)
			fail_msg("%s: %zu places show %s at 0x%lx", tree_name,
				 shown, s->range->name, s->first);
	}
	assert_true(n > 10);
	for (size_t i = 0; seen[i][0]; i++)
		assert_string_equal(kind(&laid, seen[i][0]), seen[i][1]);
	clean_up(&laid);
	free(tree);
	free(flat);
}

static void test_real(void **state)
{
	static const char *const q35[][2] = {
		{ "system", "container" },     { "pci", "container" },
		{ "pc.ram", "ram" },	       { "pc.bios", "rom" },
		{ "pam-rom", "alias" },	       { "pcie-mmcfg-mmio", "mmio" },
		{ "smbase-blackhole", "i/o" }, { "vga-lowmem", "mmio" },
		{ "vga.mmio", "mmio" },	       { NULL, NULL },
	};
	static const char *const any[][2] = {
		{ "system", "container" },
		{ NULL, NULL },
	};
	static const char *const pc[][2] = {
		{ "system", "container" },
		{ "pc.ram", "ram" },
		{ "pc.rom", "rom" },
		{ NULL, NULL },
	};

	check_real("q35-kvm-smm/mtree-Do.txt", "q35-kvm-smm/mtree-f.txt", q35);
	check_real("microvm-kvm/mtree-Do.txt", "microvm-kvm/mtree-f.txt", any);
	check_real("../pc/pc-nodefaults/mtree-Do.txt",
		   "../pc/pc-nodefaults/mtree-f.txt", pc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_not_told),
		cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
