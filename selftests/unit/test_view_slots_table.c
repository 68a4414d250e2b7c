// SPDX-License-Identifier: GPL-2.0-or-later
/* What slotscope slots prints is read as it was; a part of it is known for one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "render/slots.h"
#include "view/slots_table.h"

static const struct slot slots[] = {
	{ .gpa = 0, .size = 0xa0000, .hva = 0x7f0000000000, .gmem_fd = -1 },
	{ .id = 7,
	  .gpa = 0xfffc0000,
	  .size = 0x40000,
	  .hva = 0x7f1000000000,
	  .flags = SLOT_READONLY | SLOT_LOG_DIRTY,
	  .gmem_fd = -1 },
	{ .id = 32764,
	  .gpa = 0xfee00000,
	  .size = 0x1000,
	  .hva = 0x7f2000000000,
	  .hidden = true,
	  .gmem_fd = -1 },
	{ .as_id = 1, .id = 3, .gpa = 0x1000, .size = 0x1000, .gmem_fd = -1 },
};

static char *printed;

static void print(void)
{
	struct slot_state state;
	size_t len;
	FILE *f;

	slot_state_init(&state, PARTY_KERNEL);
	assert_int_equal(slot_state_set_nr_as(&state, 2), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(slot_state_add(&state, &slots[i]), 0);
	slot_state_sort(&state);
	state.as[0].generation = 34;
	state.as[1].generation = 35;
	state.as[1].updating = true;
	state.coverage.fields = SLOT_FIELDS_ALL;
	free(printed);
	f = open_memstream(&printed, &len);
	render_slots(f, &state);
	fputs("read by the module\n", f);
	fclose(f);
	slot_state_deinit(&state);
}

static void reads_what_is_printed(void **unused)
{
	struct slotscope_error err = {};
	struct slot_state state;

	print();
	assert_true(slots_table_is(printed, strlen(printed)));
	assert_int_equal(
		slots_table_read(printed, strlen(printed), &state, &err), 0);
	assert_int_equal(state.nr_slots, 4);
	/* by address: the hidden one stands before the ROM */
	for (size_t i = 0; i < 4; i++) {
		const struct slot *wanted = &slots[i == 1 ? 2 : i == 2 ? 1 : i];

		assert_int_equal(state.slots[i].as_id, wanted->as_id);
		assert_int_equal(state.slots[i].id, wanted->id);
		assert_int_equal(state.slots[i].gpa, wanted->gpa);
		assert_int_equal(state.slots[i].size, wanted->size);
		assert_int_equal(state.slots[i].hva, wanted->hva);
		assert_int_equal(state.slots[i].flags, wanted->flags);
		assert_int_equal(state.slots[i].hidden, wanted->hidden);
	}
	assert_int_equal(state.nr_as, 2);
	assert_true(state.as[0].covered && state.as[1].covered);
	assert_int_equal(state.as[0].generation, 34);
	assert_true(state.as[1].updating);
	assert_false(state.coverage.truncated);
	assert_int_equal(state.coverage.lost, 0);
	slot_state_deinit(&state);
}

static void parts_are_parts(void **unused)
{
	struct slotscope_error err = {};
	struct slot_state state;
	char *end;

	print();
	/* The last lines are missing */
	end = strstr(printed, "address space");
	assert_int_equal(slots_table_read(printed, end - printed, &state, &err),
			 0);
	assert_true(state.coverage.truncated);
	slot_state_deinit(&state);
	/* So is the end of the last: generation 8 may have been 80 */
	end = strrchr(printed, '\n');
	assert_int_equal(slots_table_read(printed, end - printed, &state, &err),
			 0);
	assert_true(state.coverage.truncated);
	slot_state_deinit(&state);
	static const char quoted[] = "> AS SLOT GUEST ADDRESSES SIZE\n> ...\n"
				     "> address space 0: generation 8\n";
	assert_int_equal(
		slots_table_read(quoted, sizeof(quoted) - 1, &state, &err), 0);
	assert_int_equal(state.coverage.lost, 1);
	slot_state_deinit(&state);
	/* The size is not that of the range; a line that is none */
	static const char bad[] =
		"AS SLOT GUEST ADDRESSES\n"
		" 0    1 0000000000000000-0000000000000fff 0x2000 0x0 rw\n";
	assert_int_equal(slots_table_read(bad, sizeof(bad) - 1, &state, &err),
			 -EINVAL);
	assert_string_equal(err.tried, "read line 2");
	slot_state_deinit(&state);
}

static int clean(void **unused)
{
	free(printed);
	printed = NULL;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(reads_what_is_printed, clean),
		cmocka_unit_test_teardown(parts_are_parts, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
