// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks by number, each once */
#include "view_make.h"
#include "view/stack.h"

/* Of one frame, at @offset */
static struct slot_stack stack_of(uint64_t id, uint64_t offset,
				  const char *name)
{
	struct slot_stack stack = { .id = id };

	stack.frames = calloc(1, sizeof(*stack.frames));
	assert_non_null(stack.frames);
	stack.nr = 1;
	stack.frames[0].offset = offset;
	stack.frames[0].file = strdup("/vmm");
	stack.frames[0].name = name ? strdup(name) : NULL;
	return stack;
}

static uint64_t add(struct stack_table *table, struct slot_stack stack)
{
	return stack_table_add(table, &stack);
}

static void equal_ones_have_one_number(void **unused)
{
	struct stack_table table = { 0 };
	struct slot_stack other = stack_of(0, 4096, "f");

	(void)unused;
	assert_int_equal(add(&table, stack_of(0, 4096, "f")), 1);
	assert_int_equal(add(&table, stack_of(0, 4096, "f")), 1);
	assert_int_equal(add(&table, stack_of(0, 4097, "f")), 2);
	assert_int_equal(add(&table, stack_of(0, 4096, NULL)), 3);
	other.end = STACK_CUT;
	assert_int_equal(add(&table, other), 4);
	other = stack_of(0, 4096, "f");
	other.frames[0].nr_build_id = 1;
	assert_int_equal(add(&table, other), 5);
	other = stack_of(0, 4096, "f");
	other.frames[0].guess = true;
	assert_int_equal(add(&table, other), 6);
	/* Lost ones: one a reason */
	other = (struct slot_stack){ .end = STACK_GONE };
	assert_int_equal(add(&table, other), 7);
	assert_int_equal(add(&table, other), 7);
	other.end = STACK_RING_FULL;
	assert_int_equal(add(&table, other), 8);
	assert_int_equal(table.nr, 8);
	for (uint64_t id = 1; id <= 8; id++)
		assert_int_equal(stack_table_find(&table, id)->id, id);
	assert_null(stack_table_find(&table, 0));
	assert_null(stack_table_find(&table, 9));
	stack_table_deinit(&table);
}

/* As a recording has them: in any order, with numbers of its own */
static void numbers_of_others(void **unused)
{
	static const uint64_t ids[] = { 7, 3, 5, UINT64_MAX, 1 };
	struct stack_table table = { 0 };

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		assert_int_equal(add(&table, stack_of(ids[i], ids[i], "f")),
				 ids[i]);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		const struct slot_stack *stack =
			stack_table_find(&table, ids[i]);

		assert_non_null(stack);
		assert_int_equal(stack->frames[0].offset, ids[i]);
	}
	/* The same again is no harm; another by that number is */
	assert_int_equal(add(&table, stack_of(5, 5, "f")), 5);
	assert_int_equal(add(&table, stack_of(5, 6, "f")), 0);
	assert_int_equal(table.nr, ARRAY_SIZE(ids));
	stack_table_deinit(&table);
}

/* However many there are, so much memory; what is in use stays, and keeps its number */
static void bounded(void **unused)
{
	struct stack_table table = { .max_bytes = 20000 };
	uint64_t id;

	(void)unused;
	assert_int_equal(add(&table, stack_of(0, 0, "f")), 1);
	for (uint64_t i = 1; i < 1000; i++) {
		assert_int_equal(add(&table, stack_of(0, i, "f")), i + 1);
		assert_int_equal(add(&table, stack_of(0, 0, "f")), 1);
		assert_int_equal(
			stack_table_find(&table, i + 1)->frames->offset, i);
		assert_true(table.bytes <= 20000);
	}
	assert_true(table.nr > 10 && table.nr < 1000);
	assert_int_equal(table.dropped, 1000 - table.nr);
	/* One that has gone comes again: its old number is nobody's */
	assert_null(stack_table_find(&table, 2));
	id = add(&table, stack_of(0, 1, "f"));
	assert_int_equal(id, 1001);
	assert_non_null(stack_table_first(&table, id));
	assert_null(stack_table_find(&table, 2));
	/* One that alone is too large is kept alone */
	table.max_bytes = 1;
	id = add(&table, stack_of(0, 5000, "f"));
	assert_int_equal(stack_table_find(&table, id)->id, id);
	assert_int_equal(table.nr, 1);
	stack_table_deinit(&table);
}

static void told_once(void **unused)
{
	struct stack_table table = { 0 };

	(void)unused;
	for (uint64_t i = 0; i < 40; i++)
		add(&table, stack_of(0, i, "f"));
	assert_int_equal(stack_table_first(&table, 17)->id, 17);
	assert_null(stack_table_first(&table, 17));
	assert_null(stack_table_first(&table, 41));
	assert_int_equal(stack_table_first(&table, 1)->id, 1);
	stack_table_deinit(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_ones_have_one_number),
		cmocka_unit_test(numbers_of_others),
		cmocka_unit_test(bounded),
		cmocka_unit_test(told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
