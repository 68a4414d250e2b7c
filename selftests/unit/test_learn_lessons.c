// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the lessons' checks say: right only of what is right, and of the rest what is
 * wrong, without the answer. Their pages show the machines that they ask about.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/read_file.h"
#include "learn/lesson.h"
#include "view/fault_kind.h"

#define WORDS(...) ((char *[]){ __VA_ARGS__ })
#define NR(...)	   (sizeof(WORDS(__VA_ARGS__)) / sizeof(char *))

static const struct kvm_fd fds[] = {
	{ 4, KVM_FD_DEV },  { 5, KVM_FD_VM },	{ 7, KVM_FD_VCPU },
	{ 8, KVM_FD_VCPU }, { 9, KVM_FD_VCPU },
};

#define said(verdict_, says, ...)                                              \
	do {                                                                   \
		struct learn_word word;                                        \
		learn_descriptors(fds, 5, WORDS(__VA_ARGS__), NR(__VA_ARGS__), \
				  &word);                                      \
		assert_int_equal(word.verdict, verdict_);                      \
		if (!strstr(word.text, says))                                  \
			fail_msg("\"%s\" lacks \"%s\"", word.text, says);      \
	} while (0)

static void descriptors(void **state)
{
	(void)state;
	said(LEARN_RIGHT, "", "kvm=4", "vm=5", "vcpu=7,8,9", "slots=5");
	said(LEARN_RIGHT, "", "slots=5", "vcpu=9,7,8", "vm=5", "kvm=4");
	said(LEARN_WRONG, "descriptor 5, which you call kvm", "kvm=5", "vm=4",
	     "vcpu=7,8,9", "slots=5");
	said(LEARN_WRONG, "not all of them", "kvm=4", "vm=5", "vcpu=7",
	     "slots=5");
	said(LEARN_WRONG, "not made on that", "kvm=4", "vm=5", "vcpu=7,8,9",
	     "slots=7");
	said(LEARN_WRONG, "slots= is not among", "kvm=4", "vm=5", "vcpu=7,8,9");
	said(LEARN_WRONG, "twice", "kvm=4", "vm=5", "vcpu=7,7,8,9", "slots=5");
	said(LEARN_CANNOT, "cannot be read", "kvm=x");
	said(LEARN_CANNOT, "cannot be read", "4");
	said(LEARN_CANNOT, "cannot be read", "kvm=4,");
}

static void is(unsigned int lesson, const char *answer,
	       enum learn_verdict verdict, const char *says)
{
	struct learn_word word;

	learn_ranges(lesson, answer, &word);
	if (word.verdict != verdict || !strstr(word.text, says))
		fail_msg("%u: %s: %s", lesson, answer, word.text);
}

/* What is right was worked out by hand, from the rules that the lessons state */
static void ranges(void **state)
{
	(void)state;
	is(3, "0-bfffffff pc.ram, 100000000-11fffffff pc.ram+c0000000",
	   LEARN_RIGHT, "");
	is(3, "0-bfffffff pc.ram, 100000000-11fffffff pc.ram", LEARN_WRONG,
	   "The offset is");
	is(3, "0-dfffffff pc.ram", LEARN_WRONG, "does not end there");
	is(4,
	   "0-6fff ram, 7000-7fff vga, 8000-9fff optrom, a000-dfff ram+a000, "
	   "e000-11fff bios",
	   LEARN_RIGHT, "");
	is(4, "0-6fff ram, 7000-8fff vga, 9000-9fff apic, a000-ffff ram+a000",
	   LEARN_WRONG, "does not end there");
	is(4, "0-6fff ram, 7000-7fff apic", LEARN_WRONG, "Rule 1");
	is(4, "0-6fff ram, 7000-7fff vga, 8000-9fff vga", LEARN_WRONG,
	   "Rule 1");
	is(4, "0-6fff ram, 7000-7fff vga, 8000-9fff optrom, a000-dfff ram",
	   LEARN_WRONG, "Rule 4");
	is(4,
	   "0-6fff ram, 7000-7fff vga, 8000-9fff optrom, a000-dfff ram+a000, "
	   "e000-11fff ram+e000",
	   LEARN_WRONG, "Rule 2");
	is(4, "0-5fff ram, 6000-dfff pci", LEARN_WRONG, "is a container");
	is(3, "0-bfffffff ram", LEARN_WRONG, "no region is called ram");
	is(3, "0-bfffffff ram-below-4g", LEARN_WRONG, "is an alias");
	is(3, "0-bfffffff", LEARN_CANNOT, "Say which region");
	is(5,
	   "del e0000-fffff, 100000-7ffffff, add e0000-effff pc.bios+20000, "
	   "f0000-7ffffff pc.ram+f0000",
	   LEARN_RIGHT, "");
	is(5,
	   "del e0000-fffff, del 100000-7ffffff, add e0000-effff pc.bios+20000, "
	   "add f0000-7ffffff pc.ram+f0000",
	   LEARN_RIGHT, "");
	is(5, "add f0000-fffff pc.ram+f0000", LEARN_WRONG, "what is deleted");
	is(5, "f0000-fffff pc.ram+f0000", LEARN_CANNOT, "del FIRST-LAST");
	is(4, "what?", LEARN_CANNOT, "FIRST-LAST");
	is(4, "nothing", LEARN_WRONG, "nothing was said");
}

/* Each line that scene_print() prints stands in the lesson, in order */
static void pages_show_the_scene(void **state)
{
	(void)state;
	for (size_t i = 3; i < 5; i++) {
		struct slotscope_error err = {};
		char *text, *page, path[80];
		struct scene scene;
		size_t len;
		FILE *out;

		assert_true(learn_scene(lessons[i].number, &scene));
		snprintf(path, sizeof(path), "Documentation/course/%s",
			 lessons[i].file);
		assert_int_equal(read_file(path, &page, &len, &err), 0);
		out = open_memstream(&text, &len);
		scene_print(&scene, out, "");
		fclose(out);
		if (!strstr(page, text))
			fail_msg("%s does not show\n%s", path, text);
		free(text);
		free(page);
	}
}

static void faults(void **state)
{
	static const char *const where[KVM_FAULT_KINDS] = {
		[KVM_FAULT_SKIP_SLOT] = "100000000",
		[KVM_FAULT_UNMAP] = "0x140000000",
		[KVM_FAULT_IGNORE_REFUSAL] = "gpa:0x100000000",
		[KVM_FAULT_WRONG_HVA] = "100000000-17fffffff",
		[KVM_FAULT_SHORT_SLOT] = "140000000",
		[KVM_FAULT_READ_ONLY] = "100000000",
		[KVM_FAULT_LATE_DELETE] = "100000000",
	};

	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		enum kvm_fault_kind kind = kvm_fault_of_seed(seed);

		for (int k = 1; k < KVM_FAULT_KINDS; k++) {
			char *name = (char *)kvm_fault_name(k);
			struct learn_word word;

			learn_fault(seed, WORDS(name, (char *)where[kind]), 2,
				    &word);
			assert_int_equal(word.verdict, k == (int)kind ?
							       LEARN_RIGHT :
							       LEARN_WRONG);
			/* of a wrong one the right one is not told */
			if (k != (int)kind)
				assert_null(strstr(word.text,
						   kvm_fault_name(kind)));
			learn_fault(seed, WORDS(name, "a0000"), 2, &word);
			assert_int_equal(word.verdict, LEARN_WRONG);
		}
	}
}

/* Of a slot that is half there, or half unmapped, the other half is well */
static void halves(void **state)
{
	struct learn_word word;

	(void)state;
	for (uint64_t seed = 1; seed <= 7; seed++) {
		enum kvm_fault_kind kind = kvm_fault_of_seed(seed);
		char *name = (char *)kvm_fault_name(kind);

		learn_fault(seed, WORDS(name, "100000000"), 2, &word);
		assert_int_equal(word.verdict,
				 kind == KVM_FAULT_SHORT_SLOT ||
						 kind == KVM_FAULT_UNMAP ?
					 LEARN_WRONG :
					 LEARN_RIGHT);
		learn_fault(seed, WORDS(name, "140200000"), 2, &word);
		assert_int_equal(word.verdict, kind == KVM_FAULT_UNMAP ?
						       LEARN_WRONG :
						       LEARN_RIGHT);
	}
}

static void unreadable_faults(void **state)
{
	struct learn_word word;

	(void)state;
	learn_fault(1, WORDS("none", "0"), 2, &word);
	assert_int_equal(word.verdict, LEARN_WRONG);
	learn_fault(1, WORDS("gap", "0"), 2, &word);
	assert_int_equal(word.verdict, LEARN_CANNOT);
	assert_non_null(strstr(word.text, "short-slot"));
	learn_fault(1, WORDS("unmap", "here"), 2, &word);
	assert_int_equal(word.verdict, LEARN_CANNOT);
	learn_fault(1, WORDS("unmap"), 1, &word);
	assert_int_equal(word.verdict, LEARN_CANNOT);
}

static void sources(void **state)
{
	struct learn_word word;

	(void)state;
	assert_true(
		learn_source("int main(void) { return 0; } // FILL_IN", &word));
	assert_true(learn_source(
		"/* FILL_IN */ char *s = \"FILL_IN \\\" FILL_IN\";", &word));
	assert_false(learn_source(
		"a\n/* FILL_IN\n */ b = FILL_IN;\nc = FILL_IN;", &word));
	assert_int_equal(word.verdict, LEARN_UNFINISHED);
	assert_non_null(strstr(word.text, "2 places"));
	assert_non_null(strstr(word.text, "line 3"));
	assert_true(learn_source("/* no end", &word));
	assert_true(learn_source("\"no end", &word));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors),
		cmocka_unit_test(ranges),
		cmocka_unit_test(pages_show_the_scene),
		cmocka_unit_test(faults),
		cmocka_unit_test(halves),
		cmocka_unit_test(unreadable_faults),
		cmocka_unit_test(sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
