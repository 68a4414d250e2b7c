// SPDX-License-Identifier: GPL-2.0-or-later
/* What is new in a check, what is gone; and that nothing that came and went is lost */
#include <errno.h>

#include "check/news.h"
#include "check_make.h"

/* A finding as a rule would make it, but for its words */
static struct finding made(enum finding_id id, int as_id, gpa_t gpa,
			   uint64_t size, int slot_id)
{
	return (struct finding){ .id = id,
				 .as_id = as_id,
				 .gpa = gpa,
				 .size = size,
				 .slot_id = slot_id,
				 .sentence = (char *)"some words",
				 .cause = FINDING_NO_CAUSE };
}

/* A check of VM 1 */
static void take(struct news *news, uint64_t now_ns, struct finding *items,
		 size_t nr)
{
	const struct findings after = { .items = items, .nr = nr };

	assert_int_equal(news_take(news, 1, &after, now_ns), 0);
}

/* N new, S stand, G gone, P past: in the order of their places */
static void assert_states(const struct news *news, const char *states)
{
	char text[32] = "";

	assert_in_range(news->nr, 0, sizeof(text) - 1);
	for (size_t i = 0; i < news->nr; i++)
		text[i] = "NSGP"[news->items[i].state];
	assert_string_equal(text, states);
}

static void comes_stays_goes(void **unused)
{
	struct finding missing = made(FINDING_MISSING, 0, MiB, MiB, -1);
	struct news news = {};

	take(&news, 10, NULL, 0);
	assert_int_equal(news.nr, 0);
	assert_int_equal(news_exit_status(&news), 0);
	take(&news, 20, &missing, 1);
	assert_states(&news, "N");
	/* other words for the same */
	missing.sentence = (char *)"other words";
	missing.views = 5;
	missing.seq = 9;
	take(&news, 30, &missing, 1);
	assert_states(&news, "S");
	assert_string_equal(news.items[0].finding.sentence, "other words");
	take(&news, 40, NULL, 0);
	assert_states(&news, "G");
	take(&news, 50, NULL, 0);
	assert_states(&news, "P");
	assert_int_equal(news.items[0].came_ns, 20);
	assert_int_equal(news.items[0].last_ns, 30);
	assert_int_equal(news.items[0].gone_ns, 40);
	assert_false(news_stands(&news.items[0]));
	/* it is not there any more, and was */
	assert_int_equal(news_exit_status(&news), 1);
	take(&news, 60, &missing, 1);
	assert_states(&news, "N");
	assert_int_equal(news.items[0].times, 2);
	assert_int_equal(news.items[0].gone_ns, 0);
	assert_int_equal(news.items[0].came_ns, 20);
	news_deinit(&news);
}

/* Each of what makes it another one; and what does not */
static void what_is_the_same(void **unused)
{
	const struct finding first = made(FINDING_FLAGS, 0, MiB, MiB, 3);
	struct finding other;
	struct news news = {};

#define ANOTHER(member, value)                                              \
	do {                                                                \
		other = first;                                              \
		take(&news, 1, &other, 1);                                  \
		other.member = value;                                       \
		take(&news, 2, &other, 1);                                  \
		assert_int_equal(news.nr, 2);                               \
		assert_int_equal(news.items[0].state + news.items[1].state, \
				 NEWS_NEW + NEWS_GONE);                     \
		news_deinit(&news);                                         \
	} while (0)
	ANOTHER(id, FINDING_EXTENT);
	ANOTHER(as_id, 1);
	ANOTHER(gpa, 2 * MiB);
	ANOTHER(size, 2 * MiB);
	ANOTHER(slot_id, 4);
	ANOTHER(elsewhere, true);
	ANOTHER(other_gpa, MiB);
	ANOTHER(other_as_id, 1);

	/* one request was refused, and then another one like it */
	other = made(FINDING_REFUSED, 0, MiB, MiB, 3);
	other.result = -EEXIST;
	other.seq = 7;
	take(&news, 1, &other, 1);
	other.seq = 8;
	take(&news, 2, &other, 1);
	assert_int_equal(news.nr, 2);
	news_deinit(&news);

	/* one view could not be read, and then another one */
	other = made(FINDING_UNREAD, 0, 0, 0, -1);
	other.views = 1;
	take(&news, 1, &other, 1);
	other.views = 2;
	take(&news, 2, &other, 1);
	assert_int_equal(news.nr, 2);
	assert_int_equal(news_exit_status(&news), 2);
	news_deinit(&news);
}

/* Two in one place (flags differ in two ways): one goes, and is one that stood */
static void two_alike(void **unused)
{
	struct finding both[] = { made(FINDING_FLAGS, 0, MiB, MiB, 3),
				  made(FINDING_FLAGS, 0, MiB, MiB, 3) };
	struct news news = {};

	take(&news, 1, both, 2);
	assert_states(&news, "NN");
	take(&news, 2, both, 1);
	assert_states(&news, "SG");
	take(&news, 3, both, 1);
	assert_states(&news, "SP");
	take(&news, 4, both, 2);
	assert_states(&news, "NS"); /* a new one, and the one that stood */
	news_deinit(&news);
}

static void several(void **unused)
{
	struct finding before[] = { made(FINDING_EXTRA, 0, 4 * MiB, MiB, 4),
				    made(FINDING_MISSING, 0, MiB, MiB, -1),
				    made(FINDING_ALIASED, 0, MiB, MiB, 1) };
	struct finding after[] = { made(FINDING_MISSING, 0, 8 * MiB, MiB, -1),
				   made(FINDING_MISSING, 0, 0, MiB, -1),
				   made(FINDING_EXTRA, 0, 4 * MiB, MiB, 4) };
	struct news news = {};

	before[1].cause = 0;
	take(&news, 1, before, 3);
	assert_states(&news, "NNN");
	assert_true(news.items[0].follows);
	assert_int_equal(news.items[0].cause, FINDING_EXTRA);
	assert_false(news.items[1].follows);
	take(&news, 2, after, 3);
	/* missing at 0, at 1 MiB, at 8 MiB; extra; aliased */
	assert_states(&news, "NGNSG");
	assert_int_equal(news_count(&news, FINDING_MISMATCH), 4);
	assert_int_equal(news_count(&news, FINDING_NOTE), 1);
	take(&news, 3, NULL, 0);
	assert_states(&news, "GPGGP");
	news_deinit(&news);
}

/* What is over does not go when its events do; what stands, and what is younger, does */
static void of_what_is_over(void **unused)
{
	struct finding found[] = {
		made(FINDING_MISSING, 0, MiB, MiB, -1),
		made(FINDING_REFUSED, 0, MiB, MiB, 3),
		made(FINDING_REFUSED, 0, MiB, MiB, 3),
		made(FINDING_GAP, 0, MiB, MiB, 3),
	};
	struct news news = { .folded = 20 };

	found[0].seq = 5;
	found[1].seq = 20;
	found[1].result = -EEXIST;
	found[2].seq = 21;
	found[2].result = -EEXIST;
	found[3].seq = 7;
	take(&news, 10, found, 4);
	assert_states(&news, "NNNN");
	take(&news, 20, NULL, 0);
	assert_states(&news, "GPGP");
	assert_true(news.items[1].folded);
	assert_false(news.items[2].folded);
	news_deinit(&news);
}

/* Each VM has its own */
static void of_two_vms(void **unused)
{
	struct finding missing = made(FINDING_MISSING, 0, MiB, MiB, -1);
	const struct findings nothing = {};
	struct news news = {};

	take(&news, 1, &missing, 1);
	assert_int_equal(news_take(&news, 2, &nothing, 2), 0);
	assert_states(&news, "N");
	assert_int_equal(
		news_take(&news, 2,
			  &(struct findings){ .items = &missing, .nr = 1 }, 3),
		0);
	assert_states(&news, "NN");
	take(&news, 4, NULL, 0);
	assert_states(&news, "GN");
	/* the second ends as it is: that is no mending */
	news_end(&news, 2);
	assert_false(news_stands(&news.items[1]));
	assert_true(news.items[1].ended);
	assert_int_equal(news.items[1].gone_ns, 0);
	assert_false(news.items[0].ended);
	news_deinit(&news);
}

/* A slot is deleted from a whole VM, and put back: the rules' own findings */
static void of_real_checks(void **unused)
{
	struct news news = {};
	struct views v;

	views_pc(&v);
	views_check(&v);
	take(&news, 1, v.found.items, v.found.nr);
	assert_int_equal(news.nr, 0);
	kvm_drop(&v, 0, MiB);
	views_check(&v);
	assert_int_equal(v.found.nr, 1);
	take(&news, 2, v.found.items, v.found.nr);
	assert_states(&news, "N");
	views_check(&v); /* the same again, by other pointers */
	take(&news, 3, v.found.items, v.found.nr);
	assert_states(&news, "S");
	kvm_add(&v, 0, 2, MiB, 255 * MiB, HVA + MiB, 0);
	views_check(&v);
	take(&news, 4, v.found.items, v.found.nr);
	assert_states(&news, "G");
	views_deinit(&v);
	/* its words are its own */
	assert_non_null(strstr(news.items[0].finding.sentence, "0x100000"));
	news_deinit(&news);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_stays_goes),
		cmocka_unit_test(what_is_the_same),
		cmocka_unit_test(two_alike),
		cmocka_unit_test(several),
		cmocka_unit_test(of_what_is_over),
		cmocka_unit_test(of_two_vms),
		cmocka_unit_test(of_real_checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
