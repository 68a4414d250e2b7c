// SPDX-License-Identifier: GPL-2.0-or-later
/* What a reader of a story says, what was told, and all of it on one page */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "render/explain_summary.h"
#include "render/story_book.h"

static void words(void **unused)
{
	static const struct {
		const char *line;
		enum story_word what;
		unsigned int number;
		const char *word;
	} cases[] = {
		{ "", STORY_NEXT, 0, NULL },
		{ "  ", STORY_NEXT, 0, NULL },
		{ "b", STORY_BACK, 0, NULL },
		{ "12", STORY_NUMBER, 12, NULL },
		{ "j 12", STORY_NUMBER, 12, NULL },
		{ "j kvm_init", STORY_NAME, 0, "kvm_init" },
		{ "/two words", STORY_SEARCH, 0, "two words" },
		{ "t", STORY_TREE, 0, NULL },
		{ "s", STORY_SUMMARY, 0, NULL },
		{ "c", STORY_REST, 0, NULL },
		{ "q", STORY_END, 0, NULL },
		/* none of these may go on, or end it */
		{ "?", STORY_HELP, 0, NULL },
		{ "quit please", STORY_HELP, 0, NULL },
		{ "j", STORY_HELP, 0, NULL },
		{ "/", STORY_HELP, 0, NULL },
		{ "12x", STORY_HELP, 0, NULL },
		{ "-1", STORY_HELP, 0, NULL },
		{ "99999999999999999999", STORY_HELP, 0, NULL },
	};
	unsigned int number;
	const char *word;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		number = 0;
		word = NULL;
		if (story_word(cases[i].line, &number, &word) != cases[i].what)
			fail_msg("\"%s\"", cases[i].line);
		assert_int_equal(number, cases[i].number);
		if (cases[i].word)
			assert_string_equal(word, cases[i].word);
	}
}

static void a_book(void **unused)
{
	struct story_book book = {};

	/* before the first step there is nowhere to write it */
	assert_int_equal(story_book_add(&book, "lost"), 0);
	assert_int_equal(story_book_number(&book, 1), 0);
	story_book_begin(&book, 1, "kvm_init");
	story_book_add(&book, "opens ");
	story_book_add(&book, "/dev/kvm");
	story_book_begin(&book, 4, "kvm_arch_init");
	story_book_add(&book, "MSRs");
	assert_string_equal(book.steps[0].text, "opens /dev/kvm");
	assert_int_equal(story_book_number(&book, 4), 1);
	assert_int_equal(story_book_number(&book, 2), 2);
	assert_int_equal(story_book_named(&book, "_init", 0), 0);
	assert_int_equal(story_book_named(&book, "_init", 1), 1);
	assert_int_equal(story_book_named(&book, "vga", 0), 2);
	assert_int_equal(story_book_said(&book, "msr", 0), 1);
	assert_int_equal(story_book_said(&book, "msr", 2), 2);
	story_book_deinit(&book);
}

static const struct narrate_step step = { .function = "kvm_set_phys_mem" };

static void add_change(struct explain_summary *s, enum narrate_how how,
		       const char *name, const char *size)
{
	const struct narrate_diff diff = { .field = "memory_size",
					   .after = size };
	const struct narrate_change change = { .type = "KVMSlot",
					       .name = name,
					       .how = how,
					       .diff = &diff,
					       .nr = 1 };

	explain_summary_add(s, &(struct narrate_event){ .kind = NARRATE_CHANGE,
							.step = &step,
							.change = &change });
}

static void add_call(struct explain_summary *s, const char *request, int error)
{
	const struct narrate_call call = { .name = "ioctl",
					   .request = request,
					   .error = error };

	explain_summary_add(s, &(struct narrate_event){ .kind = NARRATE_CALL,
							.step = &step,
							.call = &call });
}

/* What is gone is not there; what came under its name again is, as it is then */
static void one_page(void **unused)
{
	struct explain_summary s = {};
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (unsigned int i = 1; i <= 3; i++)
		explain_summary_add(
			&s, &(struct narrate_event){ .kind = NARRATE_ENTER,
						     .nr = i,
						     .step = &step });
	add_call(&s, "KVM_CREATE_VM", 0);
	add_call(&s, "KVM_CREATE_VCPU", 0);
	add_call(&s, "KVM_CREATE_VCPU", 17);
	add_change(&s, NARRATE_MADE, "0", "0x1000");
	add_change(&s, NARRATE_MADE, "1", "0x2000");
	add_change(&s, NARRATE_CHANGED, "1", "0x3000");
	add_change(&s, NARRATE_GONE, "0", NULL);
	add_change(&s, NARRATE_MADE, "2", "0x4000");
	add_change(&s, NARRATE_GONE, "2", NULL);
	add_change(&s, NARRATE_MADE, "2", "0x5000");
	assert_int_equal(explain_summary_print(f, &s), 0);
	fclose(f);
	assert_non_null(strstr(text, "On one page: 3 steps"));
	assert_non_null(strstr(text, "3 requests to KVM"));
	assert_non_null(strstr(text, "1 kvm_set_phys_mem() x3"));
	assert_non_null(
		strstr(text, "KVM_CREATE_VM, KVM_CREATE_VCPU x2 (1 failed)"));
	assert_null(strstr(text, "KVMSlot 0"));
	assert_non_null(strstr(text, "KVMSlot 1: memory_size 0x3000\n"));
	assert_non_null(strstr(text, "KVMSlot 2: memory_size 0x5000\n"));
	assert_null(strstr(text, "0x2000"));
	assert_null(strstr(text, "0x4000"));
	free(text);
	explain_summary_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(a_book),
		cmocka_unit_test(one_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
