// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is said of a program of lessons 2, 6 and 7, by what it asked of KVM and what it
 * printed: each thing that makes it wrong, alone.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "learn/lesson.h"

#define PAGE	  0x1000ULL
#define HVA	  0x7f0000000000ULL
#define EXITED(n) ((n) << 8) /* as waitpid(2) has it */

static struct slot_log asked;
static const struct request_limits limits = {
	.page_size = PAGE,
	.nr_slots = 32764,
	.nr_as = 1,
	.max_pages = (1ULL << 31) - 1,
	.hva_end = 0x7ffffffff000,
	.gpa_last = (1ULL << 36) - 1,
	.gpa_error = EINVAL,
	.gmem_drop = CAN_NOT,
	.region2 = CAN,
	.readonly = CAN,
	.guest_memfd = CAN_NOT,
};

static void add(struct slot_event event)
{
	event.seq = asked.nr + 1;
	event.serial = 1;
	assert_int_equal(slot_log_add(&asked, &event), 0);
}

static int new_vm(void **state)
{
	(void)state;
	slot_log_init(&asked);
	add((struct slot_event){ .type = SLOT_EVENT_VM_CREATE });
	return 0;
}

static int no_vm(void **state)
{
	(void)state;
	slot_log_deinit(&asked);
	return 0;
}

static void ask(uint32_t slot, uint32_t flags, gpa_t gpa, uint64_t size,
		hva_t hva, int result)
{
	add((struct slot_event){ .type = SLOT_EVENT_REQUEST,
				 .request = { .slot = slot,
					      .flags = flags,
					      .gpa = gpa,
					      .size = size,
					      .hva = hva,
					      .gmem_fd = -1,
					      .result = result } });
}

static void judged(unsigned int lesson, struct learn_ran ran,
		   enum learn_verdict verdict, const char *says)
{
	struct learn_word word = { .verdict = LEARN_CANNOT };

	ran.log = &asked;
	ran.limits = &limits;
	learn_program(lesson, &ran, &word);
	if (word.verdict != verdict || !strstr(word.text, says))
		fail_msg("%d, \"%s\" and not \"%s\"", word.verdict, word.text,
			 says);
}

#define SAID	"the guest said 42\n"
#define DIRTY	"dirty: 2 5 6\ndirty:\n"
#define FETCHED "1 0\n1 0\n"

/* Run with 41 */
static struct learn_ran said(const char *output, int status)
{
	return (struct learn_ran){ .ended = true,
				   .status = status,
				   .args = { 41 },
				   .nr_args = 1,
				   .output = output };
}

/* Run with 2 5 6 */
static struct learn_ran told(const char *output, const char *calls, int status)
{
	return (struct learn_ran){ .ended = true,
				   .status = status,
				   .args = { 2, 5, 6 },
				   .nr_args = 3,
				   .output = output,
				   .calls = calls };
}

static void two_slots(void **state)
{
	struct learn_ran endless = said(SAID, 0);

	(void)state;
	ask(0, 0, 0x1000, PAGE, HVA, 0);
	judged(2, said(SAID, 0), LEARN_WRONG, "guest address 0x8000");
	ask(1, 0, 0x8000, PAGE, HVA + PAGE, 0);
	judged(2, said(SAID, 0), LEARN_RIGHT, "two slots");
	judged(2, said(SAID, EXITED(1)), LEARN_WRONG, "ended with status 1");
	judged(2, said(SAID, SIGSEGV), LEARN_WRONG, "killed by SIGSEGV");
	endless.ended = false;
	judged(2, endless, LEARN_WRONG, "did not end");
	judged(2, said("", 0), LEARN_WRONG, "said nothing");
	/* The same number elsewhere: it is not there any more */
	ask(1, 0, 0x9000, PAGE, HVA + PAGE, 0);
	judged(2, said(SAID, 0), LEARN_WRONG, "guest address 0x8000");
}

static void an_address_of_the_guest(void **state)
{
	(void)state;
	ask(0, 0, 0x1000, PAGE, HVA, 0);
	ask(1, 0, 0x8000, PAGE, 0x8000, 0);
	judged(2, said(SAID, 0), LEARN_WRONG, "the guest's or this");
}

static void no_slot_is_refused(void **state)
{
	(void)state;
	ask(0, 0, 0x1000, PAGE, HVA, 0);
	ask(1, 0, 0x8000, PAGE / 2, HVA, -EINVAL);
	judged(2, said(SAID, 0), LEARN_WRONG, "EINVAL");
	judged(7, said(SAID, 0), LEARN_WRONG, "EINVAL");
}

static void no_vm_at_all(void **state)
{
	(void)state;
	asked.nr = 0;
	for (unsigned int lesson = 2; lesson <= 7;
	     lesson += lesson == 2 ? 4 : 1)
		judged(lesson, said(SAID, 0), LEARN_WRONG, "made no VM");
}

/* One request for each rule, by the rules' own document */
static void each_errno(void **state)
{
	const struct learn_ran ran = { .ended = true, .output = "" };

	(void)state;
	judged(6, ran, LEARN_WRONG, "0 of 11");
	ask(0, 0, 0x10000, 4 * PAGE, HVA, 0);
	ask(1, 0, 0x20000, PAGE / 2, HVA, -EINVAL);
	ask(32764, 0, 0x20000, PAGE, HVA, -EINVAL);
	ask(1, 1U << 15, 0x20000, PAGE, HVA, -EINVAL);
	ask(1, 0, 0x20800, PAGE, HVA, -EINVAL);
	ask(1, 0, 0x20000, PAGE, HVA + 1, -EINVAL);
	ask(1, 0, 0ULL - PAGE, 2 * PAGE, HVA, -EINVAL);
	ask(1, 0, 0x20000, 0, 0, -EINVAL);
	ask(0, 0, 0x10000, 4 * PAGE, HVA + PAGE, -EINVAL);
	ask(0, 0, 0x10000, 5 * PAGE, HVA, -EINVAL);
	ask(0, SLOT_READONLY, 0x10000, 4 * PAGE, HVA, -EINVAL);
	judged(6, ran, LEARN_WRONG, "10 of 11 rules. Left: overlap.");
	ask(1, 0, 0x13000, PAGE, HVA, -EEXIST);
	judged(6, ran, LEARN_RIGHT, "");
	judged(6, (struct learn_ran){ .ended = true, .status = EXITED(1) },
	       LEARN_WRONG, "status 1");
}

static void a_dirty_log(void **state)
{
	(void)state;
	ask(0, 0, 0x1000, PAGE, HVA, 0);
	judged(7, told(DIRTY, FETCHED, 0), LEARN_WRONG, "where the data is");
	ask(1, SLOT_LOG_DIRTY, 0x8000, 8 * PAGE, HVA + PAGE, 0);
	judged(7, told(DIRTY, FETCHED, 0), LEARN_RIGHT, "");
	judged(7, told("dirty: 2 5\ndirty:\n", FETCHED, 0), LEARN_WRONG,
	       "was printed first");
	judged(7, told("dirty: 2 5 6 7\ndirty:\n", FETCHED, 0), LEARN_WRONG,
	       "was printed first");
	judged(7, told("dirty: 2 5 6\ndirty: 2 5 6\n", FETCHED, 0), LEARN_WRONG,
	       "forgets what it tells");
	judged(7, told(DIRTY, "1 0\n1 -1\n", 0), LEARN_WRONG, "told once");
	judged(7, told(DIRTY, "", 0), LEARN_WRONG, "never told");
	judged(7, told(DIRTY, "0 -1\n1 0\n", 0), LEARN_WRONG, "log of slot 0");
	judged(7, told(DIRTY, FETCHED, EXITED(1)), LEARN_WRONG, "status 1");
	ask(1, 0, 0x8000, 8 * PAGE, HVA + PAGE, 0);
	judged(7, told(DIRTY, FETCHED, 0), LEARN_WRONG, "logs no write");
}

/* Each program that is run is run with numbers that it was not told before */
static void runs(void **state)
{
	unsigned int first[8], second[8];

	(void)state;
	assert_int_equal(learn_runs(2, 0, first), 1);
	assert_int_equal(learn_runs(2, 1, second), 1);
	assert_int_not_equal(first[0], second[0]);
	assert_int_equal(learn_runs(7, 0, first), 3);
	assert_int_equal(learn_runs(7, 1, second), 3);
	assert_memory_not_equal(first, second, 3 * sizeof(first[0]));
	assert_int_equal(learn_runs(6, 0, first), 0);
	assert_int_equal(learn_runs(2, 2, first), -1);
	assert_int_equal(learn_runs(6, 1, first), -1);
	assert_int_equal(learn_runs(7, 2, first), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(two_slots, new_vm, no_vm),
		cmocka_unit_test_setup_teardown(an_address_of_the_guest, new_vm,
						no_vm),
		cmocka_unit_test_setup_teardown(no_slot_is_refused, new_vm,
						no_vm),
		cmocka_unit_test_setup_teardown(no_vm_at_all, new_vm, no_vm),
		cmocka_unit_test_setup_teardown(each_errno, new_vm, no_vm),
		cmocka_unit_test_setup_teardown(a_dirty_log, new_vm, no_vm),
		cmocka_unit_test(runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
