// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The board q35 against real QEMU: the same view and tree at reset, by the same
 * requests to KVM, in the same order.
 */
#include "machine_make.h"

static void equals_qemu(void **unused)
{
	compare_qemu(&machine_q35, "selftests/fixtures/pc", "q35-128M");
}

static void equals_more_qemus(void **unused)
{
	static const char *const names[] = {
		"q35-3G", "q35-4G", "q35-6T", "q35-irqchip-split", "sysreset",
	};

	compare_more(&machine_q35, names, sizeof(names) / sizeof(names[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_qemu),
		NEEDS_FIXTURES(equals_more_qemus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
