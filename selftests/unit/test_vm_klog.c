// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the lab takes for a fault in a kernel's log, and whose a data race is. The
 * form of a report of KCSAN's is that of the kernel's kernel/kcsan/report.c.
 */
#include "host_make.h"

#include "../vm/klog.h"

/* What of @nr lines is not nothing, as letters in their order */
static const char *read_lines(const char *const *lines, size_t nr)
{
	static const char letters[] = {
		[KLOG_NOTHING] = 0,
		[KLOG_PROBLEM] = 'P',
		[KLOG_RACE] = 'r',
		[KLOG_OUR_RACE] = 'O',
	};
	struct klog_reader reader = { 0 };
	static char said[64];
	size_t i, len = 0;
	char letter;

	for (i = 0; i < nr && len < sizeof(said) - 1; i++) {
		letter = letters[klog_read(&reader, lines[i])];
		if (letter)
			said[len++] = letter;
	}
	said[len] = '\0';
	return said;
}

#define READ(...)                                                 \
	read_lines((const char *const[]){ __VA_ARGS__ },          \
		   sizeof((const char *const[]){ __VA_ARGS__ }) / \
			   sizeof(const char *))

#define BAR "=================================================================="

static void a_report_of_trouble(void **unused)
{
	assert_string_equal(
		READ("BUG: KASAN: slab-use-after-free in f+0x1/0x2"), "P");
	assert_string_equal(READ("[    2.5] WARNING: CPU: 0 PID: 1 at f.c:3"),
			    "P");
	assert_string_equal(READ("[    2.5][   T12] kernel BUG at f.c:3!"),
			    "P");
	/* A driver's word, of no fault of the kernel's */
	assert_string_equal(READ("ttyS0: WARNING: no such speed"), "");
	assert_string_equal(READ(" f+0x1/0x2 [slotscope]"), "");
}

static void a_race_of_the_kernels_own(void **unused)
{
	assert_string_equal(
		READ(BAR, "BUG: KCSAN: data-race in f / g [kvm]", "",
		     "write to 0xffff888003cc07a0 of 8 bytes by task 59 on cpu 1:",
		     " g+0x1b2/0x280 [kvm]", " svm_vcpu_run+0x1/0x2 [kvm_amd]",
		     " vfs_ioctl+0x1/0x2", " entry_SYSCALL_64+0x1/0x2", "",
		     "read to 0xffff888003cc07a0 of 8 bytes by task 60 on cpu 0:",
		     " f+0x1/0x2", "", "value changed: 0x0 -> 0x1", "",
		     "Reported by Kernel Concurrency Sanitizer on:",
		     "CPU: 0 UID: 0 PID: 60 Comm: kmod-million Tainted: G O 6.12",
		     BAR, " later_report+0x1/0x2 [slotscope]"),
		"r");
}

static void a_race_in_which_we_take_part(void **unused)
{
	/* As the one that wrote, on a console */
	assert_string_equal(
		READ("[    2.5] " BAR,
		     "[    2.5] BUG: KCSAN: data-race in f / ours [slotscope]",
		     "[    2.5] ",
		     "[    2.5] write to 0xffff8880 of 8 bytes by task 59 on cpu 1:",
		     "[    2.5]  ours+0x1b2/0x280 [slotscope]",
		     "[    2.5]  more_of_ours+0x1b2/0x280 [slotscope]",
		     "[    2.5] " BAR),
		"rO");
	/* As who calls a function of the kernel's, in the second stack */
	assert_string_equal(
		READ(BAR, "BUG: KCSAN: data-race in f / g", "",
		     "write to 0xffff8880 of 8 bytes by task 59 on cpu 1:",
		     " f+0x1b2/0x280", "",
		     "read to 0xffff8880 of 8 bytes by task 60 on cpu 0:",
		     " g+0x1/0x2", " snapshot+0x1/0x2 [slotscope]", BAR),
		"rO");
	/* Of a module that nobody named, this test's among them */
	assert_string_equal(READ("BUG: KCSAN: data-race in f [other] / g",
				 " f+0x1b2/0x280 [other]"),
			    "rO");
	assert_string_equal(READ("BUG: KCSAN: data-race in f [kvm2] / g",
				 " f+0x1b2/0x280 [kvm2]"),
			    "rO");
}

static void a_race_in_an_interrupt(void **unused)
{
	/* We were interrupted, and did nothing */
	assert_string_equal(
		READ("BUG: KCSAN: data-race in tick / tock", "",
		     "write to 0xffff8880 of 8 bytes by interrupt on cpu 1:",
		     " tick+0x1b2/0x280",
		     " sysvec_apic_timer_interrupt+0x1/0x2",
		     " asm_sysvec_apic_timer_interrupt+0x1/0x2",
		     " ours+0x1/0x2 [slotscope]", "",
		     "read to 0xffff8880 of 8 bytes by task 60 on cpu 0:",
		     " tock+0x1/0x2", BAR),
		"r");
	/* But the other is ours */
	assert_string_equal(
		READ("BUG: KCSAN: data-race in tick / ours", "",
		     "write to 0xffff8880 of 8 bytes by interrupt on cpu 1:",
		     " tick+0x1b2/0x280",
		     " asm_sysvec_apic_timer_interrupt+0x1/0x2",
		     " ours+0x1/0x2 [slotscope]", "",
		     "read to 0xffff8880 of 8 bytes by task 60 on cpu 0:",
		     " ours+0x1/0x2 [slotscope]", BAR),
		"rO");
}

static void a_marked_access(void **unused)
{
	/* KVM's own plain one is none of ours */
	assert_string_equal(
		READ("BUG: KCSAN: data-race in f [kvm] / ours [slotscope]", "",
		     "write to 0xffff8880 of 8 bytes by task 59 on cpu 1:",
		     " f+0x1/0x2 [kvm]", "",
		     "read (marked) to 0xffff8880 of 8 bytes by task 60 on cpu 0:",
		     " ours+0x1/0x2 [slotscope]", BAR),
		"r");
	assert_string_equal(
		READ("BUG: KCSAN: data-race in f [kvm] / ours [slotscope]", "",
		     "read-write (marked, reordered) to 0xffff8880 of 8 bytes by task 59 on cpu 1:",
		     " f+0x1/0x2 [kvm]", "",
		     "read to 0xffff8880 of 8 bytes by task 60 on cpu 0:",
		     " ours+0x1/0x2 [slotscope]", BAR),
		"rO");
	assert_string_equal(
		READ("BUG: KCSAN: data-race in ours+0x1/0x2 [slotscope]", "",
		     "race at unknown origin, with read to 0xffff8880 of 8 bytes by task 60 on cpu 0:",
		     " ours+0x1/0x2 [slotscope]", BAR),
		"rO");
}

static void one_report_after_another(void **unused)
{
	assert_string_equal(
		READ("BUG: KCSAN: data-race in f / g", " f+0x1/0x2", BAR,
		     "BUG: KCSAN: data-race in f / ours", " f+0x1/0x2",
		     " ours+0x1/0x2 [slotscope]", " ours+0x1/0x2 [slotscope]",
		     BAR, "BUG: KASAN: use-after-free in f",
		     "BUG: KCSAN: data-race in f / g", " f+0x1/0x2", BAR),
		"rrOPr");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_of_trouble),
		cmocka_unit_test(a_race_of_the_kernels_own),
		cmocka_unit_test(a_race_in_which_we_take_part),
		cmocka_unit_test(a_race_in_an_interrupt),
		cmocka_unit_test(a_marked_access),
		cmocka_unit_test(one_report_after_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
