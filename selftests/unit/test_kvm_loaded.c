// SPDX-License-Identifier: GPL-2.0-or-later
/* What loads KVM, by what the CPU says of itself */
#include "host_make.h"

#include "kvm/loaded.h"

static void by_the_cpus_flags(void **unused)
{
	static const struct {
		const char *cpuinfo, *next;
	} rows[] = {
		{ "processor\t: 0\nflags\t\t: fpu svm lm\nbugs\t\t: x\n",
		  "`modprobe kvm_amd`" },
		{ "processor\t: 0\nflags\t\t: fpu vmx lm\n",
		  "`modprobe kvm_intel`" },
		{ "flags\t\t: fpu vmx", "`modprobe kvm_intel`" },
		{ "flags\t\t: svm\n", "`modprobe kvm_amd`" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(kvm_not_loaded_next(rows[i].cpuinfo),
				    rows[i].next);
}

/* Part of another flag, or said elsewhere: no modprobe would help */
static void no_such_flag(void **unused)
{
	static const char *const texts[] = {
		"",
		"flags",
		"flags\t\t: fpu svm_lock vmx2 xsvm lm\n",
		"flags\t\t: fpu lm\nvmx flags\t: vnmi\nbugs\t\t: svm\n",
		"model name\t: svm vmx\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *next = kvm_not_loaded_next(texts[i]);

		assert_null(strstr(next, "modprobe"));
		assert_non_null(strstr(next, "firmware"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_cpus_flags),
		cmocka_unit_test(no_such_flag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
