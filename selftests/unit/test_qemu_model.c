// SPDX-License-Identifier: GPL-2.0-or-later
/* MODEL of a QEMU that answers from a table; test_qemu_real.c has real ones */
#include <errno.h>

#include "qemu_fake.h"

#include "qemu/hva.h"
#include "qemu/memdevs.h"
#include "qemu/model.h"

#define A "0000000000000000"
#define B "0000000000000fff"
#define C "0000000000001000"
#define D "0000000000001fff"
#define E "0000000000002000"
#define F "0000000000002fff"

#define TREE	 "info mtree -o -D"
#define FLAT	 "info mtree -f -o"
#define GPA(gpa) "gpa2hva 0x" gpa
#define AT(gpa, name, hva) \
	"Host virtual address for 0x" gpa " (" name ") is 0x" hva "\r\n"
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A flat view of "memory" with these ranges, and a tree with these regions */
#define VIEW(ranges)                                      \
	"FlatView #0\r\n AS \"memory\", root: system\r\n" \
	" Root memory region: system\r\n" ranges "\r\n"
#define RANGE(first, last, rest) "  " first "-" last " (prio 0, " rest "\r\n"
#define SYSTEM(regions)                       \
	"address-space: memory\r\n  " A "-" F \
	" (prio 0, i/o): system owner:{obj o}\r\n" regions "\r\n"
#define REGION(first, last, rest) "  " RANGE(first, last, rest)

#define RAM_R RANGE(A, B, "ram): r owner:{obj o}")

static struct slot_state model_of(struct fake_answer *answers, size_t nr,
				  const struct qemu_model_options *options,
				  int expected)
{
	struct slotscope_error err = { 0 };
	struct slot_state state;
	struct fake_qemu fake;
	int ret;

	fake_start(&fake, answers, nr);
	ret = qemu_model_read(fake.q, options, &state, &err);
	fake_stop(&fake);
	if (ret != expected)
		fail_msg("%d: %s: %s", ret, err.tried, err.why);
	if (ret)
		assert_true(err.tried[0] && err.why[0]);
	return state;
}

static void assert_slot(const struct slot *s, int as_id, gpa_t gpa,
			uint64_t size, hva_t hva, uint32_t flags,
			uint32_t unknown)
{
	assert_int_equal(s->as_id, as_id);
	assert_int_equal(s->id, -1);
	assert_int_equal(s->gpa, gpa);
	assert_int_equal(s->size, size);
	assert_int_equal(s->unknown, unknown);
	if (!(unknown & SLOT_FIELD_HVA))
		assert_int_equal(s->hva, hva);
	if (!(unknown & SLOT_FIELD_READONLY))
		assert_int_equal(s->flags, flags);
	assert_int_equal(s->gmem_fd, -1);
	assert_false(s->hidden);
}

static void test_one_range(void **state)
{
	struct fake_answer answers[] = {
		{ FLAT, VIEW(RAM_R), 0 },
		{ TREE, SYSTEM(REGION(A, B, "ram): r owner:{obj o}")), 0 },
		{ GPA("0"), AT("0", "r", "7f0000000000"), 0 },
	};
	struct slot_state s = model_of(answers, 3, NULL, 0);

	assert_int_equal(s.party, PARTY_MODEL);
	assert_int_equal(s.nr_as, 1);
	assert_true(s.as[0].covered);
	assert_int_equal(s.coverage.fields, SLOT_FIELD_GPA | SLOT_FIELD_SIZE |
						    SLOT_FIELD_HVA |
						    SLOT_FIELD_READONLY);
	assert_true(s.coverage.at_ns);
	assert_int_equal(s.nr_slots, 1);
	assert_slot(&s.slots[0], 0, 0, 0x1000, 0x7f0000000000, 0, 0);
	assert_string_equal(s.slots[0].name, "r");
	slot_state_deinit(&s);
	/* Read before and after; each host address once */
	assert_int_equal(answers[0].used, 2);
	assert_int_equal(answers[2].used, 1);
}

/* Read-only is the region's own, whatever the flat view says */
static void test_readonly(void **state)
{
	static const struct {
		const char *range, *tree;
		int slots;
		uint32_t flags, unknown;
		const char *answer; /* NULL: not RAM */
	} cases[] = {
		/* PAM: RAM shown read-only */
		{ "rom", "ram): r owner:{obj o}", 1, 0, 0, "r" },
		{ "rom", "rom): r owner:{obj o}", 1, SLOT_READONLY, 0, "r" },
		{ "romd", "romd): r owner:{obj o}", 1, SLOT_READONLY, 0, "r" },
		{ "rom", "romd): r owner:{obj o}", 1, SLOT_READONLY, 0, "r" },
		{ "ramd", "ramd): r owner:{obj o}", 1, 0, 0, "r" },
		{ "nv-ram", "nv-ram): r owner:{obj o}", 1, 0, 0, "r" },
		{ "nv-rom", "nv-ram): r owner:{obj o}", 1, 0, 0, "r" },
		{ "i/o", "i/o): r owner:{obj o}", 0, 0, 0, NULL },
		/* Registers shown read-only */
		{ "rom", "i/o): r owner:{obj o}", 0, 0, 0, NULL },
		/* A RAM device's own flag is not printed */
		{ "rom", "ramd): r owner:{obj o}", 1, 0, SLOT_FIELD_READONLY,
		  "r" },
		/* The tree has it not, or another owner's: gpa2hva decides */
		{ "rom", "rom): r owner:{obj other}", 1, 0, SLOT_FIELD_READONLY,
		  "r" },
		{ "rom", "ram): x owner:{obj o}", 0, 0, 0, NULL },
		/* Sure to be RAM, but not any more: no address */
		{ "ram", "ram): r owner:{obj o}", 1, 0, SLOT_FIELD_HVA, NULL },
	};
	char flat[512], tree[512], answer[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fake_answer answers[] = { { FLAT, flat, 0 },
						 { TREE, tree, 0 },
						 { GPA("0"), answer, 0 } };
		struct slot_state s;

		snprintf(flat, sizeof(flat),
			 VIEW(RANGE(A, B, "%s): r owner:{obj o}")),
			 cases[i].range);
		snprintf(tree, sizeof(tree), SYSTEM(REGION(A, B, "%s")),
			 cases[i].tree);
		snprintf(answer, sizeof(answer),
			 cases[i].answer ? AT("0", "r", "7f0000000000") :
					   "Memory at address 0x0is not RAM");
		s = model_of(answers, 3, NULL, 0);
		if ((int)s.nr_slots != cases[i].slots)
			fail_msg("case %zu: %zu slots", i, s.nr_slots);
		if (s.nr_slots)
			assert_slot(&s.slots[0], 0, 0, 0x1000, 0x7f0000000000,
				    cases[i].flags, cases[i].unknown);
		assert_int_equal(s.coverage.nr_blind, 0);
		slot_state_deinit(&s);
	}
}

/* Two regions that a flat view cannot tell apart, of different kinds */
static void test_ambiguous(void **state)
{
	struct fake_answer answers[] = {
		{ FLAT,
		  VIEW(RAM_R RANGE(C, D, "rom): r owner:{obj o}")
			       RANGE(E, F, "rom): q owner:{obj o}")),
		  0 },
		{ TREE,
		  SYSTEM(REGION(A, B, "ram): r owner:{obj o}")
				 REGION(C, D, "rom): r owner:{obj o}") REGION(
					 E, F, "rom): q owner:{obj o}")
					 REGION(E, F, "i/o): q owner:{obj o}")),
		  0 },
		{ GPA("0"), AT("0", "r", "7f0000000000"), 0 },
		{ GPA("1000"), AT("1000", "r", "7f0000100000"), 0 },
		{ GPA("2000"), "mumble", 0 },
	};
	char *notes;
	size_t len;
	struct qemu_model_options options = { .notes = open_memstream(&notes,
								      &len) };
	struct slot_state s = model_of(answers, 5, &options, 0);

	fclose(options.notes);
	assert_int_equal(s.nr_slots, 2);
	assert_slot(&s.slots[0], 0, 0, 0x1000, 0x7f0000000000, 0, 0);
	assert_slot(&s.slots[1], 0, 0x1000, 0x1000, 0x7f0000100000, 0,
		    SLOT_FIELD_READONLY);
	/* Not even that q is memory can be told */
	assert_int_equal(s.coverage.nr_blind, 1);
	assert_int_equal(s.coverage.blind[0].gpa, 0x2000);
	assert_non_null(strstr(notes, "read-only flag of r at 0x1000"));
	assert_non_null(strstr(notes, "does not answer gpa2hva"));
	slot_state_deinit(&s);
	free(notes);
}

/* Not asked again for each range by whom it does not know it */
static void test_no_gpa2hva(void **state)
{
	struct fake_answer answers[] = {
		{ FLAT, VIEW(RAM_R RANGE(C, D, "ram): q owner:{obj o}")), 0 },
		{ TREE, SYSTEM(""), 0 },
		{ GPA("0"), "unknown command: 'gpa2hva'\r\n", 0 },
		{ GPA("1000"), "unknown command: 'gpa2hva'\r\n", 0 },
	};
	struct slot_state s = model_of(answers, 4, NULL, 0);

	assert_int_equal(s.nr_slots, 2);
	assert_int_equal(s.slots[0].unknown, SLOT_FIELD_HVA);
	assert_int_equal(s.slots[1].unknown, SLOT_FIELD_HVA);
	assert_int_equal(answers[3].used, 0);
	slot_state_deinit(&s);
}

static void test_changing(void **state)
{
	/* Changed between the readings, then not: the second try counts */
	struct fake_answer once[] = {
		{ FLAT, VIEW(RAM_R), 0 },
		{ FLAT, VIEW(RANGE(C, D, "ram): r owner:{obj o}")), 0 },
		{ TREE, SYSTEM(""), 0 },
		{ GPA("0"), AT("0", "r", "7f0000000000"), 0 },
		{ GPA("1000"), AT("1000", "r", "7f0000000000"), 0 },
	};
	/* Another region is there by the time of gpa2hva */
	struct fake_answer other[] = {
		{ FLAT, VIEW(RAM_R), 0 },
		{ TREE, SYSTEM(""), 0 },
		{ GPA("0"), AT("0", "rr", "7f0000000000"), 0 },
		{ GPA("0"), AT("0", "r", "7f0000000000"), 0 },
	};
	struct fake_answer always[] = {
		{ FLAT, VIEW(RAM_R), 0 },
		{ TREE, SYSTEM(""), 0 },
		{ GPA("0"), AT("0", "x", "7f0000000000"), 0 },
	};
	const struct qemu_model_options three = { .tries = 3 };
	struct slot_state s = model_of(once, 5, NULL, 0);

	assert_int_equal(s.nr_slots, 1);
	assert_int_equal(s.slots[0].gpa, 0x1000);
	slot_state_deinit(&s);
	s = model_of(other, 4, NULL, 0);
	assert_int_equal(s.nr_slots, 1);
	slot_state_deinit(&s);
	s = model_of(always, 3, &three, -EAGAIN);
	assert_int_equal(always[2].used, 3);
	slot_state_deinit(&s);
}

/* QEMU's slot table is no source: with and without its mark, one MODEL */
static void test_kvm_mark_ignored(void **state)
{
	struct fake_answer answers[] = {
		{ FLAT, VIEW(RANGE(A, B, "ram): r owner:{obj o} KVM")), 0 },
		{ FLAT, VIEW(RAM_R), 0 },
		{ TREE, SYSTEM(""), 0 },
		{ GPA("0"), AT("0", "r", "7f0000000000"), 0 },
	};
	struct slot_state s = model_of(answers, 4, NULL, 0);

	assert_int_equal(s.nr_slots, 1);
	assert_int_equal(answers[2].used, 1); /* no change: one try */
	slot_state_deinit(&s);
}

/* One that knows neither -o nor -D */
static void test_old_qemu(void **state)
{
	struct fake_answer answers[] = {
		{ FLAT, "mtree: extraneous characters at the end of line\r\n",
		  0 },
		{ "info mtree -f",
		  VIEW(RANGE(A, B, "rom): r") RANGE(C, D, "ram): q")), 0 },
		{ TREE, "mtree: extraneous characters\r\n", 0 },
		{ "info mtree -o", "mtree: unsupported option -o\r\n", 0 },
		{ "info mtree",
		  "address-space: memory\r\n  " A "-" F
		  " (prio 0, i/o): system\r\n" REGION(A, B, "rom): r")
			  REGION(C, D, "ram): q") "\r\n",
		  0 },
		{ GPA("0"), AT("0", "r", "7f0000000000"), 0 },
		{ GPA("1000"), AT("1000", "q", "7f0000100000"), 0 },
	};
	struct slot_state s = model_of(answers, 7, NULL, 0);

	assert_int_equal(s.nr_slots, 2);
	assert_slot(&s.slots[0], 0, 0, 0x1000, 0x7f0000000000, SLOT_READONLY,
		    0);
	slot_state_deinit(&s);
}

static void test_nonsense(void **state)
{
	struct fake_answer nothing[] = { { FLAT, "", 0 } };
	struct fake_answer words[] = {
		{ FLAT, "sorry\r\n", 0 },
		{ "info mtree -f", "unknown command: 'info'\r\n", 0 },
	};
	struct fake_answer cut[] = { { FLAT, "FlatView #0\r\n" RAM_R, 0 } };
	struct fake_answer no_memory[] = {
		{ FLAT, "FlatView #0\r\n AS \"I/O\", root: io\r\n\r\n", 0 },
		{ TREE, SYSTEM(""), 0 },
	};
	struct fake_answer twice[] = { { FLAT, VIEW(RAM_R) VIEW(RAM_R), 0 },
				       { TREE, SYSTEM(""), 0 } };
	struct fake_answer no_tree[] = { { FLAT, VIEW(RAM_R), 0 } };
	struct fake_answer endless[] = {
		{ FLAT,
		  VIEW(RANGE(A, "ffffffffffffffff", "ram): r owner:{obj o}")),
		  0 },
		{ TREE, SYSTEM(""), 0 },
		{ GPA("0"), AT("0", "r", "7f0000000000"), 0 },
	};
	struct slot_state s;

#define REFUSED(answers)                                                   \
	do {                                                               \
		s = model_of(answers, ARRAY_SIZE(answers), NULL, -EPROTO); \
		slot_state_deinit(&s);                                     \
	} while (0)
	REFUSED(nothing);
	REFUSED(words);
	REFUSED(cut);
	REFUSED(no_memory);
	REFUSED(twice);
	REFUSED(no_tree);
	REFUSED(endless);
}

/* Address spaces that QEMU never listens on have no slot, and that is known */
static void test_nr_as(void **state)
{
	struct fake_answer answers[] = {
		{ FLAT, VIEW(RAM_R), 0 },
		{ TREE, SYSTEM(""), 0 },
		{ GPA("0"), AT("0", "r", "7f0000000000"), 0 },
	};
	const struct qemu_model_options options = { .nr_as = 2 };
	struct slot_state s = model_of(answers, 3, &options, 0);

	assert_int_equal(s.nr_as, 2);
	assert_true(s.as[1].covered);
	assert_int_equal(s.nr_slots, 1);
	slot_state_deinit(&s);
}

/*
 * A real q35 with SMM: in SMM the CPU sees RAM where the screen is. gpa2hva does
 * not know that address space; its host addresses follow from the first one's
 */
static void test_smm(void **state)
{
	static const struct {
		gpa_t gpa;
		uint64_t size;
		hva_t hva;
		uint32_t flags;
	} smm[] = {
		{ 0x0, 0xc0000, 0x7f0000000000, 0 },
		{ 0xc0000, 0xa000, 0x7f00000c0000, 0 },
		{ 0xca000, 0x3000, 0x7f00000ca000, 0 },
		{ 0xcd000, 0x1b000, 0x7f00000cd000, 0 },
		{ 0xe8000, 0x8000, 0x7f00000e8000, 0 },
		{ 0xf0000, 0x10000, 0x7f00000f0000, 0 },
		{ 0x100000, 0x3f00000, 0x7f0000100000, 0 },
		{ 0xfd000000, 0x1000000, 0x7d0000000000, 0 },
		{ 0xfffc0000, 0x40000, 0x7e0000000000, SLOT_READONLY },
	};
	size_t len, i;
	char *flat = read_own("q35-kvm-smm/mtree-fo.txt", &len);
	char *tree = read_own("q35-kvm-smm/mtree-Do.txt", &len);
	struct fake_answer answers[] = {
		{ FLAT, flat, 0 },
		{ TREE, tree, 0 },
		{ GPA("0"), AT("0", "pc.ram", "7f0000000000"), 0 },
		{ GPA("c0000"), AT("c0000", "pc.ram", "7f00000c0000"), 0 },
		{ GPA("ca000"), AT("ca000", "pc.ram", "7f00000ca000"), 0 },
		{ GPA("cd000"), AT("cd000", "pc.ram", "7f00000cd000"), 0 },
		{ GPA("e8000"), AT("e8000", "pc.ram", "7f00000e8000"), 0 },
		{ GPA("f0000"), AT("f0000", "pc.ram", "7f00000f0000"), 0 },
		{ GPA("100000"), AT("100000", "pc.ram", "7f0000100000"), 0 },
		{ GPA("fd000000"), AT("fd000000", "vga.vram", "7d0000000000"),
		  0 },
		{ GPA("fffc0000"), AT("fffc0000", "pc.bios", "7e0000000000"),
		  0 },
	};
	char *notes;
	struct qemu_model_options options = { .notes = open_memstream(&notes,
								      &len) };
	struct slot_state s =
		model_of(answers, ARRAY_SIZE(answers), &options, 0);

	fclose(options.notes);
	/* All learnt, and our rendering of the tree equals QEMU's views */
	assert_string_equal(notes, "");
	assert_int_equal(s.nr_as, 2);
	assert_int_equal(s.nr_slots, 2 * ARRAY_SIZE(smm));
	assert_slot(&s.slots[0], 0, 0, 0xa0000, 0x7f0000000000, 0, 0);
	for (i = 0; i < ARRAY_SIZE(smm); i++)
		assert_slot(&s.slots[ARRAY_SIZE(smm) + i], 1, smm[i].gpa,
			    smm[i].size, smm[i].hva, smm[i].flags, 0);
	for (i = 2; i < ARRAY_SIZE(answers); i++)
		assert_int_equal(answers[i].used, 1);
	slot_state_deinit(&s);
	free(notes);
	free(flat);
	free(tree);
}

static void test_hva_parse(void **state)
{
	hva_t hva;

	assert_int_equal(hva_parse(AT("fffc0000", "a (b) is c", "7fffabc0"),
				   0xfffc0000, "a (b) is c", &hva),
			 HVA_FOUND);
	assert_int_equal(hva, 0x7fffabc0);
	assert_int_equal(hva_parse("No memory is mapped at address 0x0\n", 0,
				   "r", &hva),
			 HVA_NOT_RAM);
	/* Some forget a space here */
	assert_int_equal(hva_parse("Memory at address 0x0is not RAM\n", 0, "r",
				   &hva),
			 HVA_NOT_RAM);
	assert_int_equal(hva_parse(AT("0", "q", "7f00"), 0, "r", &hva),
			 HVA_OTHER);
	assert_int_equal(hva_parse(AT("1000", "r", "7f00"), 0, "r", &hva),
			 HVA_NOT_A_WORD);
	assert_int_equal(hva_parse(AT("0", "r", "0"), 0, "r", &hva),
			 HVA_NOT_A_WORD);
	assert_int_equal(hva_parse(AT("0", "r", "7f00x"), 0, "r", &hva),
			 HVA_NOT_A_WORD);
	assert_int_equal(hva_parse(AT("0", "r", "11111111111111111"), 0, "r",
				   &hva),
			 HVA_NOT_A_WORD);
	assert_int_equal(hva_parse(AT("0", "r", "-1"), 0, "r", &hva),
			 HVA_NOT_A_WORD);
	assert_int_equal(hva_parse("", 0, "r", &hva), HVA_NOT_A_WORD);
}

/*
 * Firmware moved a region while the tree was read, and back: the views before and
 * after are the same, and the tree is of neither. That is no difference between
 * QEMU's rendering and ours.
 */
static void test_tree_of_a_moment(void **state)
{
	size_t len;
	char *flat = read_own("q35-kvm-smm/mtree-fo.txt", &len);
	char *tree = read_own("q35-kvm-smm/mtree-Do.txt", &len);
	char *moved = strdup(tree), *at, *notes;
	struct fake_answer answers[] = { { FLAT, flat, 0 },
					 { TREE, moved, 0 },
					 { TREE, tree, 0 } };
	struct qemu_model_options options = { .notes = open_memstream(&notes,
								      &len) };
	struct slot_state s;

	while ((at = strstr(moved, "fd000000-00000000fdffffff")))
		memcpy(at, "fc000000-00000000fcffffff", 25);
	assert_string_not_equal(moved, tree);
	s = model_of(answers, ARRAY_SIZE(answers), &options, 0);
	fclose(options.notes);
	assert_int_equal(answers[1].used, 1);
	assert_null(strstr(notes, "rendering"));
	/* What is so each time is still said */
	assert_non_null(strstr(notes, "gpa2hva"));
	slot_state_deinit(&s);
	free(notes);
	free(flat);
	free(tree);
	free(moved);
}

static void test_memdevs(void **state)
{
	static const char text[] =
		"[{\"id\":\"m0\",\"share\":true,\"size\":4096},"
		"{\"size\":1,\"share\":true}, 7, {\"id\":\"m1\"},"
		"{\"id\":\"m2\",\"share\":false},{\"id\":\"m3\",\"share\":1}]";
	struct json_object *all = json_tokener_parse(text);

	assert_non_null(all);
#define SHARE(owner) memdevs_share(all, owner)
	assert_int_equal(SHARE("obj path=/objects/m0"), SLOT_SHARE_ON);
	assert_int_equal(SHARE("obj path=/objects/m2"), SLOT_SHARE_OFF);
	/* not said, or not as it should be */
	assert_int_equal(SHARE("obj path=/objects/m1"), SLOT_SHARE_UNKNOWN);
	assert_int_equal(SHARE("obj path=/objects/m3"), SLOT_SHARE_UNKNOWN);
	/* a device may have a region of that name */
	assert_int_equal(SHARE("dev id=m0"), SLOT_SHARE_UNKNOWN);
	assert_int_equal(SHARE("obj path=/objects/m0/x"), SLOT_SHARE_UNKNOWN);
	assert_int_equal(SHARE(NULL), SLOT_SHARE_UNKNOWN);
	json_object_put(all);
	all = json_tokener_parse("{\"id\":\"m0\",\"share\":true}");
	assert_int_equal(SHARE("obj path=/objects/m0"), SLOT_SHARE_UNKNOWN);
	json_object_put(all);
	all = NULL;
	assert_int_equal(SHARE("obj path=/objects/m0"), SLOT_SHARE_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memdevs),
		cmocka_unit_test(test_one_range),
		cmocka_unit_test(test_readonly),
		cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_no_gpa2hva),
		cmocka_unit_test(test_changing),
		cmocka_unit_test(test_kvm_mark_ignored),
		cmocka_unit_test(test_old_qemu),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_nr_as),
		cmocka_unit_test(test_smm),
		cmocka_unit_test(test_tree_of_a_moment),
		cmocka_unit_test(test_hva_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
