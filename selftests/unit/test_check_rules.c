// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The errno rules one by one, and what they leave open where something is not
 * known. That KVM has the same rules is selftests/kernel/errno-rules.c's matter.
 */
#include <errno.h>

#include <slotscope/rules.h>

#include "view_make.h"

#define PAGE	 4096ULL
#define GPA_LAST ((1ULL << 40) - 1)
#define HVA_END	 ((1ULL << 47) - PAGE)

enum { RAM, ROM, LOGGED, GMEM, FREE, HIDDEN = 32766 };

static const struct request_gmem gmem[] = {
	{ .fd = 20, .open = true, .ours = true, .size = 16 * PAGE },
	{ .fd = 21, .open = true },
	{ .fd = 22 },
};

static const struct request_limits limits = {
	.page_size = PAGE,
	.nr_slots = 32764,
	.nr_as = 2,
	.max_pages = (1ULL << 31) - 1,
	.hva_end = HVA_END,
	.gpa_last = GPA_LAST,
	.gpa_error = EINVAL,
	.gmem_bound_error = EEXIST,
	.gmem_drop = CAN_NOT,
	.region2 = CAN,
	.readonly = CAN,
	.guest_memfd = CAN,
	.gmem = gmem,
	.nr_gmem = ARRAY_SIZE(gmem),
};

/* A slot of each kind in address space 0, one in 1; KVM's own in both */
static void before_make(struct slot_state *state)
{
	struct slot slot;

	state_make(state, PARTY_KERNEL, 2);
	state_add(state, slot_of(0, RAM, 0, MiB, HVA, 0));
	state_add(state, slot_of(0, ROM, 2 * MiB, MiB, HVA, SLOT_READONLY));
	state_add(state, slot_of(0, LOGGED, 4 * MiB, MiB, HVA, SLOT_LOG_DIRTY));
	slot = slot_of(0, GMEM, 6 * MiB, 4 * PAGE, HVA, SLOT_GUEST_MEMFD);
	slot.gmem_fd = 20;
	slot.gmem_offset = 8 * PAGE;
	state_add(state, slot);
	state_add(state, slot_of(1, RAM, 16 * MiB, MiB, HVA, 0));
	for (int as_id = 0; as_id < 2; as_id++) {
		slot = slot_of(as_id, HIDDEN, 0xfee00000, PAGE, HVA, 0);
		slot.hidden = true;
		state_add(state, slot);
	}
	slot_state_sort(state);
}

static struct slot_request ask(uint32_t slot, gpa_t gpa, uint64_t size,
			       hva_t hva, uint32_t flags)
{
	return (struct slot_request){
		.slot = slot,
		.gpa = gpa,
		.size = size,
		.hva = hva,
		.flags = flags,
		.gmem_fd = -1,
		/* the rules do not look at it */
		.result = -ENOSPC,
	};
}

/* With a guest_memfd */
static struct slot_request ask2(uint32_t slot, gpa_t gpa, uint64_t size,
				uint32_t flags, int fd, uint64_t offset)
{
	struct slot_request request = ask(slot, gpa, size, HVA, flags);

	request.region2 = true;
	request.gmem_fd = fd;
	request.gmem_offset = offset;
	return request;
}

/* Exactly this comes of it, and is in the way */
static void assert_comes(const struct slot_state *before,
			 const struct request_limits *l,
			 struct slot_request request, enum request_rule rule,
			 int error, int other)
{
	struct request_foresight f;

	request_foresee(before, &request, l, &f);
	if (f.nr != 1 || f.may[0].rule != rule || f.may[0].error != error) {
		for (size_t i = 0; i < f.nr; i++)
			print_message("foreseen: %s %d\n",
				      request_rule_name(f.may[i].rule),
				      f.may[i].error);
		fail_msg("not %s %d alone", request_rule_name(rule), error);
	}
	if (other < 0)
		assert_null(f.may[0].other);
	else
		assert_int_equal(f.may[0].other->id, other);
}

#define NOBODY (-1)
#define COMES(request, rule, error, other) \
	assert_comes(&before, &limits, request, rule, error, other)
#define REFUSED(request, rule) COMES(request, rule, -EINVAL, NOBODY)

static void words_alone(void **unused)
{
	struct slot_request r;
	struct slot_state before;

	before_make(&before);
	REFUSED(ask(32764, GiB, PAGE, HVA, 0), RULE_SLOT_ID);
	REFUSED(ask(0xffff, GiB, PAGE, HVA, 0), RULE_SLOT_ID);
	COMES(ask(32763, GiB, PAGE, HVA, 0), REQUEST_CREATES, 0, NOBODY);
	r = ask2(FREE, GiB, PAGE, 8, -1, 0);
	REFUSED(r, RULE_FLAGS);
	r.flags = 1U << 16;
	REFUSED(r, RULE_FLAGS);
	r.region2 = false;
	REFUSED(r, RULE_V1_FLAGS);
	r.flags = SLOT_GUEST_MEMFD;
	REFUSED(r, RULE_V1_FLAGS);
	REFUSED(ask(FREE, GiB, PAGE + 1, HVA, 0), RULE_SIZE_ALIGN);
	REFUSED(ask(FREE, GiB + 1, PAGE, HVA, 0), RULE_GPA_ALIGN);
	REFUSED(ask(FREE, GiB, PAGE, HVA + PAGE / 2, 0), RULE_HVA_ALIGN);
	REFUSED(ask(FREE, GiB, PAGE, HVA_END, 0), RULE_HVA_RANGE);
	COMES(ask(FREE, GiB, PAGE, HVA_END - PAGE, 0), REQUEST_CREATES, 0,
	      NOBODY);
	REFUSED(ask(FREE, GiB, PAGE, HVA | 1ULL << 62, 0), RULE_HVA_RANGE);
	REFUSED(ask(FREE, GiB, PAGE, -PAGE, 0), RULE_HVA_RANGE);
	/* a deletion has no memory, and its address is tested all the same */
	REFUSED(ask(RAM, 0, 0, HVA_END + PAGE, 0), RULE_HVA_RANGE);
	COMES(ask(RAM, 0, 0, HVA_END, 0), REQUEST_DELETES, 0, RAM);
	REFUSED(ask(2 << 16 | FREE, GiB, PAGE, HVA, 0), RULE_AS_ID);
	COMES(ask(1 << 16 | FREE, GiB, PAGE, HVA, 0), REQUEST_CREATES, 0,
	      NOBODY);
	REFUSED(ask(FREE, -PAGE, PAGE, HVA, 0), RULE_GPA_WRAP);
	REFUSED(ask(FREE, GiB, PAGE << 31, PAGE, 0), RULE_MAX_PAGES);
	REFUSED(ask(FREE, GPA_LAST + 1, PAGE, HVA, 0), RULE_GPA_RANGE);
	REFUSED(ask(FREE, GPA_LAST + 1 - PAGE, 2 * PAGE, HVA, 0),
		RULE_GPA_RANGE);
	COMES(ask(FREE, GPA_LAST + 1 - PAGE, PAGE, HVA, 0), REQUEST_CREATES, 0,
	      NOBODY);
	slot_state_deinit(&before);
}

static void what_kernels_can(void **unused)
{
	struct request_limits old = limits;
	struct slot_state before;

	before_make(&before);
	old.region2 = CAN_NOT;
	old.guest_memfd = CAN_NOT;
	assert_comes(&before, &old, ask2(FREE, GiB, PAGE, 0, -1, 0),
		     RULE_REGION2, -ENOTTY, NOBODY);
	assert_comes(&before, &old, ask(FREE, GiB, PAGE, HVA, 4), RULE_GMEM_CAP,
		     -EINVAL, NOBODY);
	assert_comes(&before, &old, ask(FREE, GiB, PAGE, HVA, 8), RULE_FLAGS,
		     -EINVAL, NOBODY);
	old = limits;
	old.readonly = CAN_NOT;
	assert_comes(&before, &old, ask(FREE, GiB, PAGE, HVA, SLOT_READONLY),
		     RULE_READONLY_CAP, -EINVAL, NOBODY);
	/* arm64 says so for what lies beyond the guest's addresses */
	old = limits;
	old.gpa_error = EFAULT;
	assert_comes(&before, &old, ask(FREE, 2 * GPA_LAST + 2, PAGE, HVA, 0),
		     RULE_GPA_RANGE, -EFAULT, NOBODY);
	/* pages of 16 KiB */
	old = limits;
	old.page_size = 4 * PAGE;
	assert_comes(&before, &old, ask(FREE, GiB, PAGE, HVA, 0),
		     RULE_SIZE_ALIGN, -EINVAL, NOBODY);
	slot_state_deinit(&before);
}

static void slots_that_stand(void **unused)
{
	const uint32_t log_rom = SLOT_READONLY | SLOT_LOG_DIRTY;
	struct slot_state before;

	before_make(&before);
	COMES(ask(RAM, 0, MiB, HVA, 0), REQUEST_NOTHING, 0, RAM);
	COMES(ask(RAM, 0, MiB, HVA, SLOT_LOG_DIRTY), REQUEST_REFLAGS, 0, RAM);
	COMES(ask(LOGGED, 4 * MiB, MiB, HVA, 0), REQUEST_REFLAGS, 0, LOGGED);
	COMES(ask(ROM, 2 * MiB, MiB, HVA, log_rom), REQUEST_REFLAGS, 0, ROM);
	COMES(ask(RAM, GiB, MiB, HVA, 0), REQUEST_MOVES, 0, RAM);
	/* half over itself */
	COMES(ask(RAM, MiB / 2, MiB, HVA, 0), REQUEST_MOVES, 0, RAM);
	COMES(ask(RAM, 0, 0, 0, 0), REQUEST_DELETES, 0, RAM);
	COMES(ask(GMEM, 0, 0, 0, 0), REQUEST_DELETES, 0, GMEM);
	REFUSED(ask(FREE, 0, 0, 0, 0), RULE_DELETE_ABSENT);
	/* the other address space has no such slot */
	REFUSED(ask(1 << 16 | ROM, 0, 0, 0, 0), RULE_DELETE_ABSENT);
	COMES(ask(RAM, 0, MiB, HVA + PAGE, 0), RULE_HVA_CHANGED, -EINVAL, RAM);
	COMES(ask(RAM, 0, 2 * MiB, HVA, 0), RULE_SIZE_CHANGED, -EINVAL, RAM);
	COMES(ask(RAM, 0, MiB, HVA, SLOT_READONLY), RULE_READONLY_CHANGED,
	      -EINVAL, RAM);
	COMES(ask(ROM, 2 * MiB, MiB, HVA, 0), RULE_READONLY_CHANGED, -EINVAL,
	      ROM);
	COMES(ask(GMEM, 6 * MiB, 4 * PAGE, HVA, 0), RULE_GMEM_DROPPED, -EINVAL,
	      GMEM);
	COMES(ask2(GMEM, 6 * MiB, 4 * PAGE, SLOT_GUEST_MEMFD, 20, 8 * PAGE),
	      RULE_GMEM_IMMUTABLE, -EINVAL, GMEM);
	slot_state_deinit(&before);
}

static void others_in_the_way(void **unused)
{
	struct request_foresight f;
	struct slot_request r;
	struct slot_state before;

	before_make(&before);
	COMES(ask(FREE, MiB - PAGE, PAGE, HVA, 0), RULE_OVERLAP, -EEXIST, RAM);
	COMES(ask(FREE, MiB, MiB, HVA, 0), REQUEST_CREATES, 0, NOBODY);
	COMES(ask(FREE, MiB, MiB + PAGE, HVA, 0), RULE_OVERLAP, -EEXIST, ROM);
	COMES(ask(RAM, 2 * MiB, MiB, HVA, 0), RULE_OVERLAP, -EEXIST, ROM);
	/* not in the other address space */
	COMES(ask(1 << 16 | FREE, 0, MiB, HVA, 0), REQUEST_CREATES, 0, NOBODY);
	/* KVM's own */
	COMES(ask(FREE, 0xfee00000, PAGE, HVA, 0), RULE_OVERLAP, -EEXIST,
	      HIDDEN);
	/* tested before what the architecture says of the address */
	COMES(ask(FREE, 0, GPA_LAST + 1 + PAGE, PAGE, 0), RULE_OVERLAP, -EEXIST,
	      RAM);
	r = ask(FREE, 0, GiB, HVA, 0);
	request_foresee(&before, &r, &limits, &f);
	assert_int_equal(f.may[0].more, 3);
	slot_state_deinit(&before);
}

static void guest_memfd(void **unused)
{
	const uint32_t flag = SLOT_GUEST_MEMFD;
	struct request_limits l = limits;
	struct slot_state before;

	before_make(&before);
	COMES(ask2(FREE, GiB, 4 * PAGE, flag, 20, 0), REQUEST_CREATES, 0,
	      NOBODY);
	REFUSED(ask2(FREE, GiB, PAGE, flag | SLOT_LOG_DIRTY, 20, 0),
		RULE_GMEM_DIRTY);
	REFUSED(ask2(FREE, GiB, PAGE, flag | SLOT_READONLY, 20, 0),
		RULE_GMEM_READONLY);
	REFUSED(ask2(FREE, GiB, PAGE, flag, 20, 1), RULE_GMEM_ALIGN);
	REFUSED(ask2(FREE, GiB, PAGE, flag, 20, -PAGE), RULE_GMEM_WRAP);
	REFUSED(ask2(FREE, GiB, PAGE, flag, 21, 0), RULE_GMEM_FOREIGN);
	REFUSED(ask2(FREE, GiB, PAGE, flag, 20, 16 * PAGE), RULE_GMEM_END);
	COMES(ask2(FREE, GiB, PAGE, flag, 22, 0), RULE_GMEM_FD, -EBADF, NOBODY);
	COMES(ask2(FREE, GiB, PAGE, flag, -1, 0), RULE_GMEM_FD, -EBADF, NOBODY);
	COMES(ask2(FREE, GiB, PAGE, flag, 20, 11 * PAGE), RULE_GMEM_BOUND,
	      -EEXIST, GMEM);
	COMES(ask2(FREE, GiB, PAGE, flag, 20, 12 * PAGE), REQUEST_CREATES, 0,
	      NOBODY);
	/* without the flag the file does not matter */
	COMES(ask2(FREE, GiB, PAGE, 0, 22, 1), REQUEST_CREATES, 0, NOBODY);
	/* an overlap is found before the file is looked at */
	COMES(ask2(FREE, 0, PAGE, flag, 22, 0), RULE_OVERLAP, -EEXIST, RAM);
	l.gmem_bound_error = EINVAL;
	assert_comes(&before, &l, ask2(FREE, GiB, PAGE, flag, 20, 8 * PAGE),
		     RULE_GMEM_BOUND, -EINVAL, GMEM);
	/* the first kernels with guest_memfd let a slot drop it */
	l.gmem_drop = CAN;
	assert_comes(&before, &l, ask(GMEM, 6 * MiB, 4 * PAGE, HVA, 0),
		     REQUEST_REFLAGS, 0, GMEM);
	slot_state_deinit(&before);
}

/* Of two broken rules the one that the kernel tests first is named */
static void the_first_one_counts(void **unused)
{
	struct slot_state before;

	before_make(&before);
	REFUSED(ask(0xffff, 1, 1, 1, 0xff), RULE_V1_FLAGS);
	REFUSED(ask2(0xffff, 1, 1, 0xff, -1, 1), RULE_SLOT_ID);
	REFUSED(ask2(FREE, 1, 1, 0xff, -1, 1), RULE_FLAGS);
	REFUSED(ask(9 << 16 | FREE, 1, 1, 1, 0), RULE_SIZE_ALIGN);
	REFUSED(ask(9 << 16 | FREE, 1, PAGE, 1, 0), RULE_GPA_ALIGN);
	REFUSED(ask(9 << 16 | FREE, -PAGE, PAGE, 1, 0), RULE_HVA_ALIGN);
	REFUSED(ask(9 << 16 | FREE, -PAGE, PAGE, 0, 0), RULE_AS_ID);
	REFUSED(ask(FREE, -PAGE, PAGE << 31, 0, 0), RULE_GPA_WRAP);
	COMES(ask(RAM, 2 * MiB, PAGE, HVA + PAGE, SLOT_READONLY),
	      RULE_HVA_CHANGED, -EINVAL, RAM);
	slot_state_deinit(&before);
}

/* KVM counts pages in an unsigned long. Slots so large are not to be had */
static void all_pages_are_counted(void **unused)
{
	struct request_limits l = limits;
	struct slot_state before;
	int id;

	l.max_pages = 1ULL << 52;
	state_make(&before, PARTY_KERNEL, 1);
	for (id = 0; id < 4096; id++)
		state_add(&before, slot_of(0, id, 0, -PAGE, 0, 0));
	/* 2^64 - 4096 pages; now 2^64 - 2 */
	state_add(&before, slot_of(0, id++, 0, 4094 * PAGE, 0, 0));
	assert_comes(&before, &l, ask(id, 0, PAGE, 0, 0), RULE_OVERLAP, -EEXIST,
		     0);
	state_add(&before, slot_of(0, id++, 0, PAGE, 0, 0));
	assert_comes(&before, &l, ask(id, 0, PAGE, 0, 0), RULE_TOTAL_PAGES,
		     -EINVAL, NOBODY);
	slot_state_deinit(&before);
}

static bool may_be(const struct request_foresight *f, enum request_rule rule)
{
	for (size_t i = 0; i < f->nr; i++)
		if (f->may[i].rule == rule)
			return true;
	return false;
}

/* What the views do not cover stays open, and no more than that */
static void not_known(void **unused)
{
	struct request_limits l = { .page_size = PAGE };
	struct request_foresight f;
	struct slot_state before;
	struct slot_request r;

	/* no slots at all: the words alone decide, or nothing does */
	assert_comes(NULL, &limits, ask(FREE, 1, PAGE, HVA, 0), RULE_GPA_ALIGN,
		     -EINVAL, NOBODY);
	r = ask(FREE, GiB, PAGE, HVA, 0);
	request_foresee(NULL, &r, &limits, &f);
	assert_true(may_be(&f, RULE_HVA_CHANGED));
	assert_true(may_be(&f, RULE_OVERLAP));
	assert_true(may_be(&f, REQUEST_CREATES));
	assert_true(may_be(&f, REQUEST_NOTHING));
	assert_false(may_be(&f, RULE_GPA_RANGE));

	/* no limits: the errno is certain in spite of that, or open */
	before_make(&before);
	r = ask(RAM, 0, MiB, HVA, SLOT_READONLY);
	request_foresee(&before, &r, &l, &f);
	assert_int_equal(f.may[f.nr - 1].rule, RULE_READONLY_CHANGED);
	for (size_t i = 0; i < f.nr; i++)
		assert_int_equal(f.may[i].error, -EINVAL);
	r = ask(FREE, GiB, PAGE, HVA, 0);
	request_foresee(&before, &r, &l, &f);
	assert_true(may_be(&f, RULE_SLOT_ID));
	assert_true(may_be(&f, RULE_HVA_RANGE));
	assert_true(may_be(&f, REQUEST_CREATES));
	assert_false(may_be(&f, RULE_OVERLAP));

	/* events lost: any slot may have come or gone */
	before.coverage.lost = 1;
	r = ask(RAM, 0, 0, 0, 0);
	request_foresee(&before, &r, &limits, &f);
	assert_int_equal(f.nr, 2);
	r = ask(FREE, 0, MiB, HVA, 0);
	request_foresee(&before, &r, &limits, &f);
	assert_true(may_be(&f, RULE_OVERLAP));
	assert_true(may_be(&f, REQUEST_CREATES));
	before.coverage.lost = 0;

	/* KVM's own slots out of sight */
	before.coverage.fields &= ~SLOT_FIELD_HIDDEN;
	r = ask(FREE, GiB, PAGE, HVA, 0);
	request_foresee(&before, &r, &limits, &f);
	assert_int_equal(f.nr, 2);
	assert_int_equal(f.may[0].rule, RULE_OVERLAP);
	assert_int_equal(f.may[1].rule, REQUEST_CREATES);
	before.coverage.fields |= SLOT_FIELD_HIDDEN;

	/* an address space that is not covered; a part that is not */
	assert_int_equal(coverage_add_blind(&before.coverage, 0, GiB, MiB, "?"),
			 0);
	request_foresee(&before, &r, &limits, &f);
	assert_true(may_be(&f, RULE_OVERLAP));
	COMES(ask(RAM, 8 * MiB, MiB, HVA, 0), REQUEST_MOVES, 0, RAM);
	before.as[1].covered = false;
	r = ask(1 << 16 | FREE, GiB, PAGE, HVA, 0);
	request_foresee(&before, &r, &limits, &f);
	assert_true(may_be(&f, RULE_OVERLAP));

	/* a descriptor of which nobody knows what it is */
	r = ask2(FREE, 8 * MiB, PAGE, SLOT_GUEST_MEMFD, 77, 0);
	before.coverage.nr_blind = 0;
	request_foresee(&before, &r, &limits, &f);
	assert_int_equal(f.nr, 5);
	before.coverage.nr_blind = 1;
	slot_state_deinit(&before);
}

static void assert_says(const struct slot_state *before,
			struct slot_request request, int result,
			const struct request_limits *l, bool sure,
			const char *what)
{
	char buf[REQUEST_SAY_MAX];

	if (request_explain(before, &request, result, l, buf) != sure ||
	    !strstr(buf, what))
		fail_msg("not \"%s\": %s", what, buf);
}

static void explanations(void **unused)
{
	struct request_limits nothing = { 0 };
	struct slot_state before;

	before_make(&before);
	assert_says(&before, ask(FREE, 0, GiB, HVA, 0), -EEXIST, &limits, true,
		    "slot 0 at 0x0-0xfffff (1 MiB) is in the way, and 3 more "
		    "(rule overlap)");
	assert_says(&before, ask(FREE, 0xfee00000, PAGE, HVA, 0), -EEXIST,
		    &limits, true, "KVM's own slot 32766 at 0xfee00000");
	assert_says(&before, ask(RAM, 0, MiB, HVA, 2), -EINVAL, &limits, true,
		    "slot 0 is read-write");
	/* a result rules out the rest: only an unseen slot says EEXIST */
	assert_says(NULL, ask(FREE, 0, GiB, HVA, 0), -EEXIST, &nothing, true,
		    "one of KVM's own");
	assert_says(NULL, ask(FREE, 0, 0, HVA, 0), -EINVAL, &limits, true,
		    "no slot 4 to delete");
	assert_says(NULL, ask(FREE, 0, GiB, HVA, 0), -EINVAL, &limits, false,
		    "leaves open which rule it broke: hva-changed, "
		    "size-changed, readonly-changed or gmem-dropped");
	/* not a matter of rules */
	assert_says(&before, ask(FREE, GiB, MiB, HVA, 0), -ENOMEM, &limits,
		    false, "no memory");
	/* against the rules: said, and not made up */
	assert_says(&before, ask(FREE, GiB, MiB, HVA, 0), -EINVAL, &limits,
		    false, "no rule explains it");
	assert_says(&before, ask(FREE, 0, MiB, HVA, 0), -EINVAL, &limits, false,
		    "EEXIST (File exists) was to come (rule overlap)");
	/* whether this VM may have read-only slots: it has one */
	nothing = limits;
	nothing.readonly = CAN_UNKNOWN;
	assert_says(&before, ask(RAM, 0, MiB, HVA, 2), -EINVAL, &nothing, true,
		    "readonly-changed");
	assert_says(NULL, ask(FREE, GiB, 0, HVA, 2), -EINVAL, &nothing, false,
		    "readonly-cap or delete-absent");
	slot_state_deinit(&before);
}

static void names_are_told(void **unused)
{
	struct request_outcome outcome = { 0 };
	struct slot_request r = ask(FREE, 0, GiB, HVA, 0);
	char buf[REQUEST_SAY_MAX];

	for (int rule = 0; rule < REQUEST_OUTCOMES; rule++) {
		assert_non_null(request_rule_name(rule));
		assert_non_null(request_rule_function(rule));
		for (int other = 0; other < rule; other++)
			assert_string_not_equal(request_rule_name(rule),
						request_rule_name(other));
		outcome.rule = rule;
		request_outcome_say(buf, &r, &limits, &outcome);
		if (rule < REQUEST_RULES)
			assert_non_null(strstr(buf, request_rule_name(rule)));
	}
}

/* However many rules it may have been, all of them are named */
static void all_that_it_may_be(void **unused)
{
	const struct request_limits nothing = { 0 };
	const struct slot_request request = {
		.region2 = true,
		.slot = 1U << 16 | 500,
		.flags = SLOT_GUEST_MEMFD,
		.gpa = 4096,
		.size = 1ULL << 40,
		.hva = 1ULL << 46,
		.gmem_fd = 7,
	};
	struct request_foresight foresight;
	char words[REQUEST_SAY_MAX];

	request_foresee(NULL, &request, &nothing, &foresight);
	assert_true(request_foresight_keep(&foresight, -EINVAL) > 8);
	assert_false(request_explain(NULL, &request, -EINVAL, &nothing, words));
	for (size_t i = 0; i < foresight.nr; i++)
		assert_non_null(strstr(
			words, request_rule_name(foresight.may[i].rule)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_it_may_be),
		cmocka_unit_test(words_alone),
		cmocka_unit_test(what_kernels_can),
		cmocka_unit_test(slots_that_stand),
		cmocka_unit_test(others_in_the_way),
		cmocka_unit_test(guest_memfd),
		cmocka_unit_test(the_first_one_counts),
		cmocka_unit_test(all_pages_are_counted),
		cmocka_unit_test(not_known),
		cmocka_unit_test(explanations),
		cmocka_unit_test(names_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
