/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of slotscope.ko share: the module, a VM with slots, and the
 * ioctls called raw, so that it is the ABI that is tested and not our client.
 *
 * Calls that begin with two underscores return -1 and errno; those without
 * assert that they succeed.
 */
#ifndef SELFTESTS_KERNEL_KMOD_TEST_H
#define SELFTESTS_KERNEL_KMOD_TEST_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/userfaultfd.h>

#include <slotscope.h>

#include "kvm/region2.h"

#include "../kselftest/vm.h"

#define MODULE_NAME "slotscope"

/* Until it is so; fails nobody, gives up after a minute: machines may be slow */
#define AWAIT(condition)                                                   \
	do {                                                               \
		for (int tries = 0; tries < 6000 && !(condition); tries++) \
			usleep(10000);                                     \
	} while (0)

/* KVM's limit on x86, as KERNEL and VMM know it: 32767 ids, 3 of them hidden */
#define USER_SLOTS 32764

/* A child that does something and waits to be killed */
static inline pid_t child_start(void (*be)(void))
{
	int told[2];
	char byte;
	pid_t pid;

	ASSERT(!pipe(told), "pipe: %s", strerror(errno));
	pid = fork();
	ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		be();
		if (write(told[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(told[1]);
	ASSERT(read(told[0], &byte, 1) == 1, "the child died");
	close(told[0]);
	return pid;
}

static inline void child_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Load build/@where/RELEASE/@name.ko; being loaded already is as good */
static inline int __module_load(const char *where, const char *name)
{
	struct utsname uts;
	char path[256];
	int fd, ret, err;

	uname(&uts);
	snprintf(path, sizeof(path), "build/%s/%s/%s.ko", where, uts.release,
		 name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ret = syscall(SYS_finit_module, fd, "", 0);
	err = errno;
	close(fd);
	errno = err;
	return ret && err == EEXIST ? 0 : ret;
}

static inline int __slotscope_load(void)
{
	return __module_load("kmod", MODULE_NAME);
}

static inline int __module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK);
}

/* References of kvm_amd's, one of each VM; -1 if it is not loaded */
static inline int vendor_users(void)
{
	FILE *file = fopen("/sys/module/kvm_amd/refcnt", "re");
	int nr = -1;

	if (file && fscanf(file, "%d", &nr) != 1)
		nr = -1;
	if (file)
		fclose(file);
	return nr;
}

/* A page in which the kernel is stuck when it writes there, for as long as we like */
struct stuck_page {
	int uffd;
	char *page;
};

static inline struct stuck_page stuck_page_new(void)
{
	struct stuck_page new = {
		.uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK),
		.page = guest_memory(PAGE),
	};
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t) new.page, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	SKIP_IF(new.uffd < 0 || ioctl(new.uffd, UFFDIO_API, &api) ||
			ioctl(new.uffd, UFFDIO_REGISTER, &range),
		"no userfaultfd: %s", strerror(errno));
	return new;
}

static inline void stuck_page_await(const struct stuck_page *stuck)
{
	struct pollfd wait = { .fd = stuck->uffd, .events = POLLIN };

	ASSERT(poll(&wait, 1, 60000) == 1, "nobody writes to the page");
}

static inline void stuck_page_release(const struct stuck_page *stuck)
{
	struct uffdio_zeropage zero = {
		.range = { (uintptr_t)stuck->page, PAGE },
	};

	ASSERT_ERRNO(ioctl(stuck->uffd, UFFDIO_ZEROPAGE, &zero), 0);
	close(stuck->uffd);
}

/* The first thing in main(): nothing can be tested without both */
static inline void need_module_and_kvm(void)
{
	if (access("/dev/kvm", R_OK | W_OK))
		ktap_skip_all("no usable /dev/kvm: %s", strerror(errno));
	if (geteuid())
		ktap_skip_all("loading a module needs root");
	if (__slotscope_load())
		ktap_bail("loading " MODULE_NAME ".ko: %s (make -C kmod "
			  "KDIR=...)",
			  strerror(errno));
}

static inline int dev_open(void)
{
	int fd = open(SLOTSCOPE_DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT(fd >= 0, "open " SLOTSCOPE_DEVICE ": %s", strerror(errno));
	return fd;
}

#define SNAP_AS	   8
#define SNAP_SLOTS 65536

/* One snapshot and room for the largest there can be */
struct snap {
	struct slotscope_snapshot req;
	struct slotscope_as as[SNAP_AS];
	struct slotscope_slot slots[SNAP_SLOTS];
};

static inline struct snap *snap_alloc(void)
{
	return (struct snap *)guest_memory(sizeof(struct snap));
}

static inline void snap_prepare(struct snap *snap, int vm)
{
	snap->req = (struct slotscope_snapshot){
		.size = sizeof(snap->req),
		.vm_fd = vm,
		.as_addr = (uintptr_t)snap->as,
		.as_size = sizeof(snap->as[0]),
		.as_capacity = SNAP_AS,
		.slot_addr = (uintptr_t)snap->slots,
		.slot_size = sizeof(snap->slots[0]),
		.slot_capacity = SNAP_SLOTS,
	};
}

static inline int __snap_take(int dev, struct snap *snap, int vm)
{
	snap_prepare(snap, vm);
	return ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req);
}

static inline void snap_take(int dev, struct snap *snap, int vm)
{
	ASSERT(!__snap_take(dev, snap, vm), "SLOTSCOPE_SNAPSHOT: %s",
	       strerror(errno));
	ASSERT_EQ(snap->req.nr_as_copied, snap->req.nr_as);
	ASSERT_EQ(snap->req.nr_slots_copied, snap->req.nr_slots);
}

/* What is promised of every snapshot; "" or what is wrong */
static inline const char *snap_wrong(const struct snap *snap)
{
	static __thread char why[160];
	const struct slotscope_snapshot *req = &snap->req;
	uint32_t nr[SNAP_AS] = { 0 };
	uint32_t i, total = 0;

	for (i = 0; i < req->nr_slots_copied; i++) {
		const struct slotscope_slot *slot = &snap->slots[i];

		if (slot->as_id >= req->nr_as || !slot->bytes ||
		    slot->gpa % PAGE || slot->bytes % PAGE) {
			snprintf(why, sizeof(why), "slot %u is no slot", i);
			return why;
		}
		nr[slot->as_id]++;
		if (!i || slot[-1].as_id < slot->as_id)
			continue;
		if (slot[-1].as_id > slot->as_id ||
		    slot[-1].gpa + slot[-1].bytes > slot->gpa) {
			snprintf(why, sizeof(why),
				 "slots %u and %u overlap or are not in order",
				 i - 1, i);
			return why;
		}
	}
	for (i = 0; i < req->nr_as_copied; i++) {
		if (snap->as[i].as_id != i || snap->as[i].nr_copied != nr[i] ||
		    snap->as[i].generation >> 63) {
			snprintf(why, sizeof(why), "address space %u is wrong",
				 i);
			return why;
		}
		total += snap->as[i].nr_slots;
	}
	if (req->nr_as_copied == req->nr_as && total != req->nr_slots)
		return "the numbers of slots do not add up";
	if (req->end_ns < req->begin_ns)
		return "it ended before it began";
	return "";
}

/* The test-only module's @device; without it the program is skipped */
static inline int test_module_open(const char *device)
{
	int fd;

	if (__module_load("kmod-test", "slotscope_test"))
		ktap_skip_all("slotscope_test.ko: %s (make -C "
			      "selftests/kernel/test-module KDIR=...)",
			      strerror(errno));
	fd = open(device, O_RDWR | O_CLOEXEC);
	ASSERT(fd >= 0, "open %s: %s", device, strerror(errno));
	return fd;
}

#endif
