// SPDX-License-Identifier: GPL-2.0-or-later
/* Several VMs: how they are numbered, named, and which one is meant */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "session/vms.h"

static struct slotscope_error err;

static void created(struct session_vms *vms, uint64_t serial, pid_t tgid,
		    int fd, const char *comm)
{
	struct slot_event event = {
		.type = SLOT_EVENT_VM_CREATE,
		.serial = serial,
		.vm = { .tgid = tgid, .start_time = 7, .fd = fd },
	};

	event.vm.serial = serial;
	/* All 16 bytes of a kernel's name may be used */
	memcpy(event.comm, comm, strnlen(comm, sizeof(event.comm)));
	assert_int_equal(session_vms_event(vms, &event), 0);
}

static struct vm_id there(pid_t tgid, int fd, uint64_t serial)
{
	struct vm_id id = { .tgid = tgid, .start_time = 7, .fd = fd };

	id.serial = serial;
	return id;
}

static void numbers_stay(void **unused)
{
	struct session_vms vms = {};
	struct vm_id a = there(10, 3, 0), b = there(10, 4, 0);

	assert_int_equal(session_vms_here(&vms, &a, "a"), 0);
	assert_int_equal(session_vms_here(&vms, &b, "b"), 0);
	session_vms_gone(&vms);
	assert_int_equal(session_vms_here(&vms, &b, "b2"), 0);
	assert_int_equal(vms.nr, 2);
	assert_int_equal(vms.vms[0].number, 1);
	assert_int_equal(vms.vms[1].number, 2);
	assert_false(vms.vms[0].here);
	assert_true(vms.vms[1].here);
	assert_string_equal(vms.vms[1].comm, "b2");
	session_vms_deinit(&vms);
}

static void events_and_descriptors_are_one(void **unused)
{
	struct session_vms vms = {};
	struct vm_id id = there(10, 3, 0);

	created(&vms, 1, 10, 3, "0123456789abcdefg");
	assert_string_equal(vms.vms[0].comm, "0123456789abcdef");
	assert_false(vms.vms[0].here);
	assert_int_equal(session_vms_here(&vms, &id, "vmm"), 0);
	assert_int_equal(vms.nr, 1);
	assert_int_equal(vms.vms[0].id.serial, 1);
	/* The descriptor is used again: another VM, and the one that is there */
	created(&vms, 2, 10, 3, "vmm");
	session_vms_gone(&vms);
	assert_int_equal(session_vms_here(&vms, &id, "vmm"), 0);
	assert_int_equal(vms.nr, 2);
	assert_false(vms.vms[0].here);
	assert_true(vms.vms[1].here);
	assert_ptr_equal(session_vms_serial(&vms, 2), &vms.vms[1]);
	assert_null(session_vms_serial(&vms, 3));
	session_vms_deinit(&vms);
}

/* What fits of VM 1 (process 10, a, 3), VM 2 (10, a, 4), VM 3 (11, 9p, 3) */
static unsigned int fits(const char *text)
{
	static const struct session_vm vms[] = {
		{ .number = 1, .id = { .tgid = 10, .fd = 3 }, .comm = "a" },
		{ .number = 2, .id = { .tgid = 10, .fd = 4 }, .comm = "a" },
		{ .number = 3, .id = { .tgid = 11, .fd = 3 }, .comm = "9p" },
	};
	struct vm_name name = { .fd = -1 };
	unsigned int which = 0;

	if (text && vm_name_parse(text, &name, &err))
		return 1U << 31;
	for (size_t i = 0; i < 3; i++)
		which |= vm_name_fits(&name, &vms[i]) << (i + 1);
	return which;
}

static void names(void **unused)
{
	static const char *const bad[] = {
		"",
		"0",
		"10:x",
		"10:-1",
		"10:3x",
		"4294967296:1",
		"1:99999999999",
		"99999999999999999999",
	};
	size_t i;

	assert_int_equal(fits(NULL), 0xe);
	assert_int_equal(fits("2"), 0x4);
	assert_int_equal(fits("4"), 0);
	assert_int_equal(fits("10:4"), 0x4);
	assert_int_equal(fits("10:"), 0x6);
	assert_int_equal(fits("11:4"), 0);
	assert_int_equal(fits("a"), 0x6);
	assert_int_equal(fits("9p"), 0x8);
	assert_int_equal(fits("nobody"), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(fits(bad[i]), 1U << 31);
		assert_null(strstr(err.why, "Invalid argument"));
	}
	assert_non_null(strstr(err.next, "PID:FD"));
}

/* What is mistyped is quoted beside what there is; a number is given once */
static void none_of_that_name(void **unused)
{
	struct session_vms vms = {};
	struct vm_name name;

	created(&vms, 1, 101, 3, "vmm");
	created(&vms, 2, 102, 3, "vmm");
	vms.vms[1].here = true;
	assert_int_equal(vm_name_parse("7", &name, &err), 0);
	error_set(&err, ENOENT, "find a VM");
	vm_name_none(&name, &vms, &err);
	assert_non_null(strstr(err.why, "no VM is \"7\"; there is VM 2: "));
	assert_false(vm_name_over(&name, &vms));
	assert_int_equal(vm_name_parse("2", &name, &err), 0);
	assert_false(vm_name_over(&name, &vms));
	assert_int_equal(vm_name_parse("1", &name, &err), 0);
	assert_true(vm_name_over(&name, &vms));
	assert_int_equal(vm_name_parse("vmm", &name, &err), 0);
	assert_false(vm_name_over(&name, &vms));
	session_vms_deinit(&vms);
}

/* Where no hook tells that a VM is made, a request is the first that is known of it */
static void learnt_of_then_found(void **unused)
{
	struct session_vms vms = {};
	const struct slot_event request = {
		.type = SLOT_EVENT_REQUEST,
		.serial = 5,
		.tgid = 10,
		.comm = "vmm",
	};
	struct vm_id id = there(10, 3, 5);

	assert_int_equal(session_vms_learn(&vms, &request), 0);
	assert_int_equal(vms.nr, 1);
	assert_int_equal(vms.vms[0].id.fd, -1);
	session_vms_gone(&vms);
	assert_int_equal(session_vms_here(&vms, &id, "vmm"), 0);
	assert_int_equal(vms.nr, 1);
	assert_true(vms.vms[0].here);
	assert_int_equal(vms.vms[0].number, 5);
	assert_int_equal(vms.vms[0].id.serial, 5);
	/* or the process would not be taken for the one that it is */
	assert_int_equal(vms.vms[0].id.start_time, 7);
	assert_int_equal(vms.vms[0].id.fd, 3);
	session_vms_deinit(&vms);
}

static void a_list(void **unused)
{
	struct session_vms vms = {};
	char text[200];

	for (int i = 1; i <= 9; i++)
		created(&vms, i, 100 + i, 3, "vmm");
	vms.vms[0].here = true;
	session_vms_list(&vms, text, sizeof(text));
	assert_non_null(strstr(
		text, "there is VM 1: process 101 (vmm), descriptor 3; "
		      "there was VM 2: process 102 (vmm), descriptor 3"));
	assert_non_null(strstr(text, "; and 6 more"));
	session_vms_deinit(&vms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_stay),
		cmocka_unit_test(events_and_descriptors_are_one),
		cmocka_unit_test(names),
		cmocka_unit_test(none_of_that_name),
		cmocka_unit_test(learnt_of_then_found),
		cmocka_unit_test(a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
