// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests in the text of other tools: which are found, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view/log_text.h"

static struct slot_log log_;
static struct slotscope_error err;

static int reads(const char *text)
{
	slot_log_deinit(&log_);
	slot_log_init(&log_);
	err = (struct slotscope_error){};
	return log_text_read(text, strlen(text), &log_, &err);
}

static const struct slot_event *event(size_t i)
{
	assert_true(i < log_.nr);
	return &log_.events[i];
}

#define REGION                                                              \
	"KVM_SET_USER_MEMORY_REGION, {slot=65539, flags=KVM_MEM_READONLY|"  \
	"KVM_MEM_LOG_DIRTY_PAGES, guest_phys_addr=0xfffc0000, memory_size=" \
	"262144, userspace_addr=0x7f95b4200000}"

static void is_region(const struct slot_request *r, int result)
{
	assert_int_equal(r->slot, 0x10003);
	assert_int_equal(r->flags, SLOT_READONLY | SLOT_LOG_DIRTY);
	assert_int_equal(r->gpa, 0xfffc0000);
	assert_int_equal(r->size, 0x40000);
	assert_int_equal(r->hva, 0x7f95b4200000);
	assert_int_equal(r->gmem_fd, -1);
	assert_int_equal(r->result, result);
	assert_false(r->unread);
}

/* One request each, whatever strace was told to print around it */
static void strace_prefixes(void **unused)
{
	static const struct {
		const char *before;
		const char *after;
		pid_t tid;
		uint64_t ns;
		uint64_t duration;
		int result;
	} lines[] = {
		{ "ioctl(9, ", ") = 0", 0, 0, 0, 0 },
		{ "[pid  1234] ioctl(9, ", ")        = 0", 1234, 0, 0, 0 },
		{ "1234  ioctl(9<anon_inode:kvm-vm>, ", ") = 0", 1234, 0, 0,
		  0 },
		{ "00:00:07 ioctl(9, ", ") = -1 EEXIST (File exists)", 0,
		  7000000000, 0, -EEXIST },
		{ "12 01:02:03.500000 ioctl(9, ", ") = 0 <0.000012>", 12,
		  3723500000000, 12000, 0 },
		{ "[pid 12] 1700000000.25 ioctl(9, ",
		  ") = -1 EINVAL (Invalid argument)", 12, 1700000000250000000,
		  0, -EINVAL },
		{ "     0.000100 ioctl(9, ", ") = 0", 0, 100000, 0, 0 },
		{ "> > ioctl(9, ", ") = 0\r", 0, 0, 0, 0 },
	};
	char text[512];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "%s" REGION "%s\n",
			 lines[i].before, lines[i].after);
		assert_int_equal(reads(text), 0);
		assert_int_equal(log_.nr, 1);
		assert_int_equal(event(0)->type, SLOT_EVENT_REQUEST);
		assert_int_equal(event(0)->tid, lines[i].tid);
		assert_int_equal(event(0)->time_ns, lines[i].ns);
		assert_int_equal(event(0)->duration_ns, lines[i].duration);
		is_region(&event(0)->request, lines[i].result);
	}
}

/* -r: since the line before, of whatever call, and whoever's */
static void strace_relative(void **unused)
{
	assert_int_equal(
		reads("     0.000000 execve(\"./vmm\", [\"./vmm\"], 0x7ff) = 0\n"
		      "     0.000300 ioctl(3, KVM_CREATE_VM, 0) = 9\n"
		      "     0.000020 openat(AT_FDCWD, \"x\", O_RDONLY) = 4\n"
		      "     1.500000 ioctl(9, " REGION ") = 0\n"
		      "     0.000001 ioctl(9, " REGION ") = 0\n"),
		0);
	assert_int_equal(log_.nr, 3);
	assert_int_equal(event(0)->time_ns, 300000);
	assert_int_equal(event(1)->time_ns, 1500320000);
	assert_int_equal(event(2)->time_ns, 1500321000);
	assert_int_equal(
		reads("[pid 1]      0.000200 ioctl(9, " REGION
		      " <unfinished ...>\n"
		      "[pid 2]      0.000300 ioctl(9, " REGION ") = 0\n"
		      "[pid 1]      0.000400 <... ioctl resumed>) = 0\n"
		      "[pid 2]      0.000500 ioctl(9, " REGION ") = 0\n"),
		0);
	assert_int_equal(log_.nr, 3);
	assert_int_equal(event(0)->time_ns, 500000);
	assert_int_equal(event(1)->time_ns, 200000);
	assert_int_equal(event(2)->time_ns, 1400000);
}

/* Of -ttt, however small: blanks are what tells -r */
static void strace_small_times(void **unused)
{
	assert_int_equal(reads("7 3.000000 ioctl(9, " REGION ") = 0\n"
			       "7 4.000000 ioctl(9, " REGION ") = 0\n"
			       "[pid 7] 5.000000 ioctl(9, " REGION ") = 0\n"),
			 0);
	assert_int_equal(log_.nr, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(event(i)->time_ns, (3 + i) * 1000000000);
}

/* Two calls that overlap; the second ends first */
static void strace_unfinished(void **unused)
{
	assert_int_equal(
		reads("[pid 1] ioctl(8, KVM_CREATE_VM, 0 <unfinished ...>\n"
		      "[pid 2] ioctl(3, FIONREAD, [0]) = 0\n"
		      "[pid 1] <... ioctl resumed>)     = 9\n"
		      "[pid 1] ioctl(9, " REGION " <unfinished ...>\n"
		      "[pid 2] ioctl(9, KVM_SET_USER_MEMORY_REGION2, {slot=1, "
		      "flags=KVM_MEM_GUEST_MEMFD, guest_phys_addr=0, "
		      "memory_size=4096, userspace_addr=0x1000, "
		      "guest_memfd_offset=0x2000, guest_memfd=12}) = 0\n"
		      "[pid 1] <... ioctl resumed> )    = -1 ENOMEM (Cannot "
		      "allocate memory)\n"),
		0);
	assert_int_equal(log_.nr, 3);
	assert_int_equal(event(0)->type, SLOT_EVENT_VM_CREATE);
	assert_int_equal(event(0)->vm.fd, 9);
	assert_true(event(1)->request.region2);
	assert_int_equal(event(1)->request.gmem_fd, 12);
	assert_int_equal(event(1)->request.gmem_offset, 0x2000);
	assert_int_equal(event(1)->tid, 2);
	is_region(&event(2)->request, -ENOMEM);
	assert_int_equal(event(2)->tid, 1);
	assert_int_equal(event(2)->serial, event(0)->serial);
}

/* What an old strace prints of a request: that there was one */
static void strace_not_decoded(void **unused)
{
	assert_int_equal(
		reads("ioctl(9, KVM_SET_USER_MEMORY_REGION, 0x7ffd10) = 0\n"
		      "ioctl(9, _IOC(_IOC_WRITE, 0xae, 0x49, 0xa0), 0x7ffd10) "
		      "= -1 EINVAL (Invalid argument)\n"
		      "ioctl(9, 0x4020ae46 /* KVM_SET_USER_MEMORY_REGION */, "
		      "0x7ffd10) = 0\n"),
		0);
	assert_int_equal(log_.nr, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(event(i)->request.unread);
	assert_true(event(1)->request.region2);
	assert_int_equal(event(1)->request.result, -EINVAL);
}

/* A descriptor is used again; two VMs of one process */
static void strace_vms(void **unused)
{
	assert_int_equal(reads("ioctl(8, KVM_CREATE_VM, 0) = 9\n"
			       "ioctl(8, KVM_CREATE_VM, 0) = 10\n"
			       "ioctl(10, " REGION ") = 0\n"
			       "ioctl(8, KVM_CREATE_VM, 0) = 9\n"
			       "ioctl(9, " REGION ") = 0\n"
			       "ioctl(11, " REGION ") = 0\n"),
			 0);
	assert_int_equal(log_.nr, 6);
	assert_int_equal(event(2)->serial, 2);
	assert_int_equal(event(4)->serial, 3);
	/* Nobody saw it made */
	assert_int_equal(event(5)->serial, 4);
	assert_int_equal(event(5)->type, SLOT_EVENT_REQUEST);
}

#define QEMU                                                       \
	"kvm_set_user_memory Slot#65539 flags=0x2 gpa=0xfffc0000 " \
	"size=0x40000 ua=0x7f2e69400000 ret=-22"

static void qemu_forms(void **unused)
{
	static const char *const forms[] = {
		QEMU,
		"kvm_set_user_memory AddrSpace#1 Slot#3 flags=0x2 "
		"gpa=0xfffc0000 size=0x40000 ua=0x7f2e69400000 guest_memfd=-1 "
		"guest_memfd_offset=0x0 ret=-22",
		"kvm_set_user_memory 12.5 pid=7 slot=0x10003 flags=0x2 "
		"guest_phys_addr=0xfffc0000 memory_size=0x40000 "
		"userspace_addr=0x7f2e69400000 ret=0xffffffea",
		"(qemu) 7@1700000000.500000:" QEMU,
		"> 7@1700000000.500000:" QEMU "\r",
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char line[512];

		snprintf(line, sizeof(line), "%s\n", forms[i]);
		assert_int_equal(reads(line), 0);
		assert_int_equal(log_.nr, 1);
		assert_int_equal(event(0)->request.slot, 0x10003);
		assert_int_equal(event(0)->request.flags, SLOT_READONLY);
		assert_int_equal(event(0)->request.gpa, 0xfffc0000);
		assert_int_equal(event(0)->request.size, 0x40000);
		assert_int_equal(event(0)->request.hva, 0x7f2e69400000);
		assert_int_equal(event(0)->request.result, -EINVAL);
		assert_int_equal(event(0)->tid, i < 2 ? 0 : 7);
		if (i > 2)
			assert_int_equal(event(0)->time_ns,
					 1700000000500000000);
	}
	assert_int_equal(
		reads("kvm_set_user_memory AddrSpace#0 Slot#3 flags=0x4 gpa=0x0 "
		      "size=0x1000 ua=0x0 guest_memfd=17 "
		      "guest_memfd_offset=0x5000 ret=0\n"),
		0);
	assert_true(event(0)->request.region2);
	assert_int_equal(event(0)->request.gmem_fd, 17);
	assert_int_equal(event(0)->request.gmem_offset, 0x5000);
}

/* Is the VM's whole life in the text? Only where something shows it */
static void qemu_life(void **unused)
{
	assert_int_equal(reads("kvm_slots_grow 0 -> 16\n" QEMU "\n"), 0);
	assert_int_equal(event(0)->type, SLOT_EVENT_VM_CREATE);
	assert_int_equal(reads("7@1.0:kvm_ioctl type 0xae01, arg 0x0\n"
			       "7@1.5:" QEMU "\n"
			       "7@1.6:kvm_slots_grow 0 -> 16\n"),
			 0);
	assert_int_equal(log_.nr, 2);
	assert_int_equal(event(0)->type, SLOT_EVENT_VM_CREATE);
	assert_int_equal(reads("kvm_ioctl type 0xae03, arg 0x0\n" QEMU "\n"),
			 0);
	assert_int_equal(log_.nr, 1);
	/* Two QEMUs in one log */
	assert_int_equal(reads("7@1.0:" QEMU "\n8@1.5:" QEMU "\n"), 0);
	assert_int_not_equal(event(0)->serial, event(1)->serial);
}

/* What is missing is a loss, and no line is passed over that is a request */
static void missing(void **unused)
{
	static const struct {
		const char *text;
		enum slot_lost_reason reason;
	} cut[] = {
		{ QEMU "\n...\n", SLOT_LOST_GAP },
		{ QEMU "\n[snip]\n", SLOT_LOST_GAP },
		{ QEMU "\nkvm_set_user_memory Slot#1 flags=0x0 gp",
		  SLOT_LOST_CUT },
		{ "ioctl(9, " REGION ") = 0\nioctl(9, KVM_SET_USER_MEMORY_REG"
		  "ION, {slot=1, fl",
		  SLOT_LOST_CUT },
		/* Inside the name; a result of fewer digits; one that seems whole */
		{ "ioctl(9, " REGION ") = 0\n100 ioctl(4, KVM_SET_USER_M",
		  SLOT_LOST_CUT },
		{ QEMU "\nkvm_set_user_memor", SLOT_LOST_CUT },
		{ QEMU "\n" QEMU, SLOT_LOST_CUT },
		{ QEMU "\n(qemu) " QEMU, SLOT_LOST_CUT },
		{ "ioctl(9, " REGION ") = 0\nioctl(9, " REGION ") = -2",
		  SLOT_LOST_CUT },
		{ "ioctl(9, " REGION ") = 0\nioctl(9, " REGION ") = 0",
		  SLOT_LOST_CUT },
		{ "ioctl(9, " REGION ") = 0\n1", SLOT_LOST_CUT },
		{ "ioctl(9, " REGION ") = 0\nioctl(9, " REGION
		  " <unfinished ...>\n",
		  SLOT_LOST_CUT },
		{ "ioctl(9, " REGION ") = 0\nioctl(9, " REGION ") = ?\n",
		  SLOT_LOST_UNREAD },
	};
	static const struct {
		const char *text;
		const char *line;
	} bad[] = {
		{ QEMU "\nkvm_set_user_memory Slot#1 flags=0x0 gp\n",
		  "read line 2" },
		{ QEMU "\n\nkvm_set_user_memory Slot#1 flags=0x0 gpa=0x0 "
		       "size=0x10000000000000000 ua=0x0 ret=0\n",
		  "read line 3" },
		{ "\nioctl(9, KVM_SET_USER_MEMORY_REGION, {slot=1}) = 0\n",
		  "read line 2" },
		{ "ioctl(9, " REGION ") = 7\n", "read line 1" },
		{ "vcpu0: ioctl(9, " REGION ") = 0\n", "read line 1" },
		{ "nothing of the kind\n", "read requests" },
		{ "", "read requests" },
	};

	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		assert_int_equal(reads(cut[i].text), 0);
		assert_int_equal(log_.nr, 2);
		assert_int_equal(event(1)->type, SLOT_EVENT_LOST);
		assert_int_equal(event(1)->lost.reason, cut[i].reason);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(reads(bad[i].text), -EINVAL);
		assert_string_equal(err.tried, bad[i].line);
		assert_true(err.why[0]);
	}
	/* What nothing can go on as a request is no such line */
	assert_int_equal(reads(QEMU "\n```"), 0);
	assert_int_equal(log_.nr, 1);
	assert_int_equal(reads(QEMU "\n(qemu) "), 0);
	assert_int_equal(log_.nr, 1);
	/* A command that was typed is no request */
	assert_int_equal(reads("$ strace -e 'ioctl(KVM_CREATE_VM' qemu\n"
			       "ioctl(9, " REGION ") = 0\n"),
			 0);
	assert_int_equal(log_.nr, 1);
}

/* A text that would cost without bound is refused */
static void hostile(void **unused)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	for (int i = 0; i < 5000; i++)
		fprintf(f, "ioctl(8, KVM_CREATE_VM, 0) = %d\n", i);
	fclose(f);
	assert_int_equal(reads(text), -E2BIG);
	free(text);
	f = open_memstream(&text, &len);
	assert_non_null(f);
	for (int i = 1; i < 5000; i++)
		fprintf(f, "[pid %d] ioctl(9, " REGION " <unfinished ...>\n",
			i);
	fclose(f);
	assert_int_equal(reads(text), -E2BIG);
	free(text);
}

static int clean(void **unused)
{
	slot_log_deinit(&log_);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(strace_prefixes, clean),
		cmocka_unit_test_teardown(strace_relative, clean),
		cmocka_unit_test_teardown(strace_small_times, clean),
		cmocka_unit_test_teardown(strace_unfinished, clean),
		cmocka_unit_test_teardown(strace_not_decoded, clean),
		cmocka_unit_test_teardown(strace_vms, clean),
		cmocka_unit_test_teardown(qemu_forms, clean),
		cmocka_unit_test_teardown(qemu_life, clean),
		cmocka_unit_test_teardown(missing, clean),
		cmocka_unit_test_teardown(hostile, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
