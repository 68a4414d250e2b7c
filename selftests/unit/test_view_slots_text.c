// SPDX-License-Identifier: GPL-2.0-or-later
/* Slots as people write them: what is read, and what is refused by its line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "view/slots_text.h"

static struct slot_state state;
static struct slotscope_error err;

static int reads(const char *text)
{
	char copy[256];

	slot_state_deinit(&state);
	slot_state_init(&state, PARTY_MODEL);
	assert_int_equal(slot_state_set_nr_as(&state, 2), 0);
	err = (struct slotscope_error){};
	snprintf(copy, sizeof(copy), "%s", text);
	return slots_from_text(copy, &state, &err);
}

static void whole_lines(void **unused)
{
	const struct slot *s;

	assert_int_equal(reads("# two\n\n"
			       " 1/3 0xfffc0000+0x40000 @0x7f00 ro,log # ROM\n"
			       "0/7\t4096+8192\r\n"),
			 0);
	assert_int_equal(state.nr_slots, 2);
	s = &state.slots[0];
	assert_int_equal(s->as_id, 0);
	assert_int_equal(s->id, 7);
	assert_int_equal(s->gpa, 4096);
	assert_int_equal(s->size, 8192);
	assert_int_equal(s->flags, 0);
	assert_int_equal(s->unknown, SLOT_FIELD_HVA);
	s = &state.slots[1];
	assert_int_equal(s->as_id, 1);
	assert_int_equal(s->id, 3);
	assert_int_equal(s->gpa, 0xfffc0000);
	assert_int_equal(s->size, 0x40000);
	assert_int_equal(s->hva, 0x7f00);
	assert_int_equal(s->flags, SLOT_READONLY | SLOT_LOG_DIRTY);
	assert_int_equal(s->unknown, 0);
	assert_true(state.as[0].covered && state.as[1].covered);
	/* KVM's own slots, and generations, nobody can expect */
	assert_int_equal(state.coverage.fields &
				 (SLOT_FIELD_HIDDEN | SLOT_FIELD_GENERATION),
			 0);
}

/* As slotscope slots prints them */
static void flags_as_printed(void **unused)
{
	assert_int_equal(reads("0/0 0x0+0x1000 rw\n0/1 0x1000+0x1000 rw,log\n"),
			 0);
	assert_int_equal(state.slots[0].flags, 0);
	assert_int_equal(state.slots[1].flags, SLOT_LOG_DIRTY);
	assert_int_equal(reads("0/0 0x0+0x1000 ro,rx\n"), -EINVAL);
	assert_non_null(strstr(err.why, "\"rx\""));
}

static void without_a_number(void **unused)
{
	assert_int_equal(reads("0/* 0x0+0x1000 gmem\n"), 0);
	assert_int_equal(state.slots[0].id, -1);
	assert_int_equal(state.slots[0].unknown,
			 SLOT_FIELD_ID | SLOT_FIELD_HVA);
	assert_int_equal(state.slots[0].flags, SLOT_GUEST_MEMFD);
}

/* That there is no slot is an expectation, too */
static void none(void **unused)
{
	assert_int_equal(reads(""), 0);
	assert_int_equal(state.nr_slots, 0);
	assert_true(state.as[0].covered);
}

/* 0x100 may have been 0x10000: what is not there is not told, and it is said */
static void cut(void **unused)
{
	assert_int_equal(reads("0/0 0x0+0x1000\n0/1 0x100000+0x100"), 0);
	assert_int_equal(state.nr_slots, 1);
	assert_true(state.coverage.truncated);
	assert_int_equal(reads("0/0 0x0+0x1000\n0/1"), 0);
	assert_true(state.coverage.truncated);
	assert_int_equal(reads("0/0 0x0+0x1000\n  "), 0);
	assert_false(state.coverage.truncated);
}

static void refused(void **unused)
{
	static const char *const lines[] = {
		"0 0x0+0x1000",
		"0/1",
		"0/1 0x0",
		"0/1 0x0+0",
		"0/1 0x0+-1",
		"0/1 -1+0x1000",
		"0/1 0xfffffffffffff000+0x2000",
		"0/1 0x0+0x1000 @",
		"0/1 0x0+0x1000 @0x1000z",
		"0/1 0x0+0x1000 rx",
		"0/1 0x0+0x1000 ro log",
		"0/99999999999 0x0+0x1000",
		"2/0 0x0+0x1000",
		"65536/0 0x0+0x1000",
		"/0 0x0+0x1000",
	};
	char text[96];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "0/0 0x0+0x1000\n%s\n", lines[i]);
		if (reads(text) != -EINVAL)
			fail_msg("'%s' was read", lines[i]);
		assert_string_equal(err.tried, "read line 2");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_lines),
		cmocka_unit_test(flags_as_printed),
		cmocka_unit_test(without_a_number),
		cmocka_unit_test(none),
		cmocka_unit_test(cut),
		cmocka_unit_test(refused),
	};
	int ret;

	slot_state_init(&state, PARTY_MODEL);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	slot_state_deinit(&state);
	return ret;
}
