// SPDX-License-Identifier: GPL-2.0-or-later
/* Which VMM a program is, and what its command line calls the VM */
#include "host/qmp_cmdline.h"
#include "host/vmm.h"
#include "host_make.h"

static void is_called(const char *program, const char *text, size_t len,
		      const char *vmm, const char *name)
{
	struct vmm got;

	memset(&got, 0xa5, sizeof(got));
	vmm_of(program, text, len, &got);
	assert_string_equal(got.vmm, vmm);
	assert_string_equal(got.name, name);
}

#define CALLED(program, words, vmm, name) \
	is_called(program, words, sizeof(words) - 1, vmm, name)

#define QEMU "/usr/bin/qemu-system-x86_64"

static void qemu(void **unused)
{
	CALLED(QEMU, "qemu\0-m\0001\0", "qemu", "");
	CALLED(QEMU, "qemu\0-name\0web\0", "qemu", "web");
	CALLED(QEMU, "qemu\0-name\0web,process=x\0", "qemu", "web");
	/* the way libvirt does it; two commas are one */
	CALLED(QEMU, "qemu\0-name\0guest=a,,b,debug-threads=on\0", "qemu",
	       "a,b");
	CALLED(QEMU, "qemu\0--name\0debug-threads=on\0", "qemu", "");
	CALLED(QEMU, "qemu\0-name\0a\0-name\0debug-threads=on\0", "qemu", "a");
	CALLED(QEMU, "qemu\0-name\0a\0-name\0b\0", "qemu", "b");
	/* a value that looks like the option; one that is cut */
	CALLED(QEMU, "qemu\0-append\0-name x\0", "qemu", "");
	CALLED(QEMU, "qemu\0-name\0web", "qemu", "");
	CALLED("/usr/libexec/qemu-kvm", "x\0-name\0y\0", "qemu", "y");
	CALLED("/usr/bin/kvm", "kvm\0-name\0y\0", "qemu", "y");
	CALLED(QEMU " (deleted)", "x\0-name\0y\0", "qemu", "y");
}

static void others(void **unused)
{
	CALLED("/opt/firecracker", "fc\0--id\0vm1\0", "firecracker", "vm1");
	CALLED("firecracker-v1.7", "fc\0--id=vm1\0", "firecracker", "vm1");
	CALLED("cloud-hypervisor", "x\0--id\0vm1\0", "cloud-hypervisor", "");
	CALLED("lkvm", "lkvm\0run\0--name\0a\0", "kvmtool", "a");
	CALLED("/usr/bin/slotscope-vm", "slotscope-vm\0", "slotscope", "");
	CALLED("/usr/bin/vim", "vim\0--id\0x\0", "", "");
	CALLED("/x/qemux", "q\0-name\0x\0", "", "");
	CALLED("", "", "", "");
}

static void long_names_are_cut(void **unused)
{
	char words[600] = "q\0-name\0";
	struct vmm got;

	memset(words + 8, 'a', 500);
	vmm_of(QEMU, words, 8 + 501, &got);
	assert_int_equal(strlen(got.name), sizeof(got.name) - 1);
	memcpy(words, "q\0--id\0\0", 8);
	words[7] = 'b';
	vmm_of("firecracker", words, 8 + 501, &got);
	assert_int_equal(strlen(got.name), sizeof(got.name) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qemu),
		cmocka_unit_test(others),
		cmocka_unit_test(long_names_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
