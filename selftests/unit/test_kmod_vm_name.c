// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * By which name the module knows a VM's file. No kernel of the lab has KVM built
 * in, so that only this tests the second.
 */
#include "host_make.h"

#include "../../kmod/vm_name.h"

static void kvm_is_a_module_or_built_in(void **unused)
{
	bool is_module = false;

	assert_true(name_is_vms("kvm_vm_ioctl [kvm]", &is_module));
	assert_true(is_module);
	assert_true(name_is_vms("kvm_vm_ioctl", &is_module));
	assert_false(is_module);
}

static void what_is_no_vm(void **unused)
{
	static const char *const names[] = {
		"kvm_vm_ioctl [kvm_amd]",
		"kvm_vm_ioctl [slotscope_test]",
		"kvm_vm_ioctl [kvm2]",
		"kvm_vm_ioctl ",
		"kvm_vm_ioctl2",
		"kvm_vm_compat_ioctl [kvm]",
		"kvm_vcpu_ioctl [kvm]",
		"0xffffffff81000000",
		"",
	};
	bool is_module;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_false(name_is_vms(names[i], &is_module));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kvm_is_a_module_or_built_in),
		cmocka_unit_test(what_is_no_vm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
