// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of producers: which row speaks for a party */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "session/producers.h"

static unsigned int probed;

static int can(void *ctx, struct slotscope_error *err)
{
	probed++;
	return 0;
}

static int cannot(void *ctx, struct slotscope_error *err)
{
	probed++;
	return error_set(err, ENOENT, "probe");
}

static int slots_1(void *ctx, const struct slot_state *upto,
		   struct slot_state *out, struct slotscope_error *err)
{
	return -ENOSYS;
}

static int slots_2(void *ctx, const struct slot_state *upto,
		   struct slot_state *out, struct slotscope_error *err)
{
	return -ENOSYS;
}

/* What speaks for a MODEL that has these two rows; a KERNEL comes after it */
static const struct producer *
two_rows(int (*probe_1)(void *, struct slotscope_error *),
	 int (*probe_2)(void *, struct slotscope_error *), uint32_t without)
{
	static struct producer out[PRODUCERS_MAX];
	const struct way table[] = {
		{ "one",
		  { .party = PARTY_MODEL, .probe = probe_1, .slots = slots_1 } },
		{ "two",
		  { .party = PARTY_MODEL, .probe = probe_2, .slots = slots_2 } },
		{ "kernel", { .party = PARTY_KERNEL, .slots = slots_1 } },
	};
	struct subject subject = {};

	probed = 0;
	assert_int_equal(producers_choose(table, 3, without, &subject, out), 2);
	assert_int_equal(out[0].party, PARTY_MODEL);
	assert_int_equal(out[1].party, PARTY_KERNEL);
	assert_ptr_equal(out[1].slots, slots_1);
	return out;
}

static void the_first_that_can(void **unused)
{
	assert_ptr_equal(two_rows(can, can, 0)->slots, slots_1);
	assert_int_equal(probed, 1);
	assert_ptr_equal(two_rows(cannot, can, 0)->slots, slots_2);
	assert_ptr_equal(two_rows(cannot, NULL, 0)->slots, slots_2);
	/* None can: the last has the words */
	assert_ptr_equal(two_rows(cannot, cannot, 0)->slots, slots_2);
	assert_ptr_equal(two_rows(cannot, cannot, 0)->probe, cannot);
}

static void what_nobody_asks_for(void **unused)
{
	const struct producer *model = two_rows(can, can, 1U << PARTY_MODEL);

	assert_null(model->slots);
	assert_null(model->probe);
	assert_int_equal(probed, 0);
}

/* Of each party of the program's own table there is a way, and one at the least */
static void the_table(void **unused)
{
	uint32_t parties = 0;
	size_t i;

	for (i = 0; i < nr_ways; i++) {
		const struct producer *producer = &ways[i].producer;

		/* Rows of a party are side by side */
		if (!i || ways[i - 1].producer.party != producer->party)
			assert_false(parties & 1U << producer->party);
		parties |= 1U << producer->party;
		assert_true(!producer->slots != !producer->map);
		assert_int_equal(!!producer->map,
				 !!(party_of(producer->party)->traits &
				    PARTY_GROUND));
		assert_true(ways[i].name[0]);
	}
	assert_true(i <= PRODUCERS_MAX);
	assert_int_equal(parties, 1U << PARTY_MODEL | 1U << PARTY_TRACED |
					  1U << PARTY_KERNEL |
					  1U << PARTY_BACKING);
}

/* A process that is no VMM: that it has no model to tell is no failure */
static void one_that_is_no_qemu(void **unused)
{
	struct slotscope_error err = {};
	struct process process;
	struct subject subject = { .process = &process };

	assert_int_equal(process_open(getpid(), &process, &err), 0);
	assert_int_equal(qemu_probe(&subject, &err), -ENOENT);
	assert_non_null(strstr(err.why, "no QEMU"));
	/* Where the user names a monitor, it is asked */
	subject.qmp = "/none";
	assert_int_equal(qemu_probe(&subject, &err), 0);
	process_close(&process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_can),
		cmocka_unit_test(what_nobody_asks_for),
		cmocka_unit_test(the_table),
		cmocka_unit_test(one_that_is_no_qemu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
