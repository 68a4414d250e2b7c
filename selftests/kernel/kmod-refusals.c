// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What slotscope.ko refuses, with which errno, and what it leaves untouched:
 * the rules in the comment of <slotscope.h>, one by one.
 */
#include <grp.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <linux/capability.h>

#include "kmod-test.h"

static int dev, vm;
static struct snap *snap;
static char *memory;

static int __snapshot(void)
{
	return ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req);
}

/* Two pages of which the second is not there */
static char *edge(void)
{
	static char *page;

	if (!page) {
		page = guest_memory(2 * PAGE);
		munmap(page + PAGE, PAGE);
	}
	return page + PAGE;
}

static void unknown_ioctls(void)
{
	char buf[128] = { 0 };

	EXPECT_ERRNO(ioctl(dev, _IO(SLOTSCOPE_IOC, 0xff), buf), ENOTTY);
	EXPECT_ERRNO(ioctl(dev, _IO(SLOTSCOPE_IOC, 0x7f), buf), ENOTTY);
	EXPECT_ERRNO(ioctl(dev, _IO('S', 0x01), buf), ENOTTY);
	/* The size is in the struct and not in the number */
	EXPECT_ERRNO(
		ioctl(dev,
		      _IOWR(SLOTSCOPE_IOC, 0x01, struct slotscope_snapshot),
		      buf),
		ENOTTY);
	EXPECT_ERRNO(ioctl(dev, KVM_GET_API_VERSION, 0), ENOTTY);
}

static void descriptors_that_are_no_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	struct {
		const char *what;
		int fd, error;
	} try[] = {
		{ "-1", -1, EBADF },
		{ "a closed one", 999, EBADF },
		{ "INT_MIN", -0x7fffffff - 1, EBADF },
		{ "O_PATH", open("/dev/kvm", O_PATH | O_CLOEXEC), EBADF },
		{ "/dev/kvm", kvm, EBADFD },
		{ "a vCPU", vcpu, EBADFD },
		{ "an eventfd", eventfd(0, EFD_CLOEXEC), EBADFD },
		{ "a directory", open("/", O_RDONLY | O_CLOEXEC), EBADFD },
		{ "a file", open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
		  EBADFD },
		{ "the module's own device", dev, EBADFD },
	};
	unsigned int i;

	ASSERT(kvm >= 0 && vcpu >= 0, "no vCPU: %s", strerror(errno));
	for (i = 0; i < sizeof(try) / sizeof(try[0]); i++) {
		if (try[i].error == EBADFD)
			ASSERT(try[i].fd >= 0, "%s could not be opened",
			       try[i].what);
		snap_prepare(snap, try[i].fd);
		if (!EXPECT_ERRNO(__snapshot(), try[i].error))
			ktap_diag("with %s", try[i].what);
		if (try[i].fd >= 0 && try[i].fd != dev)
			close(try[i].fd);
	}
}

static void sizes_of_the_struct(void)
{
	struct {
		struct slotscope_snapshot req;
		char more[8192];
	} *big = (void *)guest_memory(sizeof(*big));
	const uint32_t known = sizeof(struct slotscope_snapshot);
	const uint32_t first = 80, second = 112; /* of version 1.0, 1.1 */

	snap_prepare(snap, vm);
	snap->req.size = 0;
	EXPECT_ERRNO(__snapshot(), EINVAL);
	snap->req.size = 4;
	EXPECT_ERRNO(__snapshot(), EINVAL);
	snap->req.size = first - 1;
	EXPECT_ERRNO(__snapshot(), EINVAL);

	/* One of version 1.0: nothing is read or written behind it */
	snap_prepare(snap, vm);
	big->req = snap->req;
	memset((char *)&big->req + first, 0xa5, known - first);
	big->req.size = first;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &big->req), 0);
	EXPECT_EQ(big->req.nr_as, vm_nr_as(vm));
	EXPECT_EQ(big->req.nr_pages, 0xa5a5a5a5a5a5a5a5);
	EXPECT_EQ(big->req.vm_type, 0xa5a5a5a5);

	/* One of version 1.1 */
	snap_prepare(snap, vm);
	big->req = snap->req;
	memset((char *)&big->req + second, 0xa5, known - second);
	big->req.size = second;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &big->req), 0);
	EXPECT_EQ(big->req.nr_as, vm_nr_as(vm));
	EXPECT_EQ(big->req.users, 1);
	EXPECT_EQ(big->req.detail_addr, 0xa5a5a5a5a5a5a5a5);
	EXPECT_EQ(big->req.detail_size, 0xa5a5a5a5);
	/* ... cannot ask for what it has no members for */
	big->req.flags = SLOTSCOPE_DETAIL;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &big->req), EINVAL);

	/* One from the future, which asks for nothing new */
	snap_prepare(snap, vm);
	big->req = snap->req;
	big->req.size = known + 8;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &big->req), 0);
	EXPECT_EQ(big->req.nr_as, vm_nr_as(vm));
	EXPECT_EQ(big->more[0], 0);
	big->req.size = SLOTSCOPE_SIZE_MAX;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &big->req), 0);

	/* One that does */
	big->more[4] = 1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &big->req), E2BIG);
	big->req.size = known + 8;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &big->req), E2BIG);
	/* ... beyond what it says that it is large */
	big->req.size = known + 4;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &big->req), 0);

	memset(big->more, 0, sizeof(big->more));
	big->req.size = SLOTSCOPE_SIZE_MAX + 1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &big->req), E2BIG);
	big->req.size = UINT32_MAX;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &big->req), E2BIG);
	munmap(big, sizeof(*big));
}

static void sizes_of_info(void)
{
	struct slotscope_info info = { .size = sizeof(info) - 1 };

	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_INFO, &info), EINVAL);
	EXPECT_EQ(info.major, 0);
	info.size = sizeof(info);
	info.flags = 1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_INFO, &info), EINVAL);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_INFO, NULL), EFAULT);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_INFO, edge() - 2), EFAULT);
	memcpy(edge() - 8, &(uint32_t[]){ sizeof(info), 0 }, 8);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_INFO, edge() - 8), EFAULT);
}

static void flags_and_reserved(void)
{
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		snap_prepare(snap, vm);
		snap->req.reserved = 1U << bit;
		EXPECT_ERRNO(__snapshot(), EINVAL);
		snap_prepare(snap, vm);
		snap->req.flags = 1U << bit;
		/* One of those that exist is refused for the room for slots */
		EXPECT_ERRNO(__snapshot(),
			     snap->req.flags == SLOTSCOPE_TORN_OK ? 0 : EINVAL);
	}
	snap_prepare(snap, vm);
	snap->req.flags = SLOTSCOPE_NO_SLOTS | SLOTSCOPE_TORN_OK;
	snap->req.slot_capacity = 0;
	EXPECT_ERRNO(__snapshot(), 0);
	snap->req.flags = SLOTSCOPE_NO_SLOTS;
	EXPECT_ERRNO(__snapshot(), 0);
}

/* sizeof(struct slotscope_slot) in version 1.0 */
#define SLOT_SIZE_1_0 48

static void sizes_of_records(void)
{
	static const uint32_t wrong[] = {
		0, 1, 8, 16, UINT32_MAX, SLOTSCOPE_SIZE_MAX + 8
	};
	const uint32_t as = 24; /* of version 1.0 */
	const uint32_t slot = sizeof(struct slotscope_slot);
	const uint32_t wide = slot + 16, first = SLOT_SIZE_1_0;
	char *records = memory;
	uint32_t i, j;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snap_prepare(snap, vm);
		snap->req.as_size = wrong[i];
		EXPECT_ERRNO(__snapshot(), EINVAL);
		snap_prepare(snap, vm);
		snap->req.slot_size = wrong[i];
		EXPECT_ERRNO(__snapshot(), EINVAL);
	}
	snap_prepare(snap, vm);
	snap->req.as_size = as - 8;
	EXPECT_ERRNO(__snapshot(), EINVAL);
	snap->req.as_size = as + 4;
	EXPECT_ERRNO(__snapshot(), EINVAL);
	snap_prepare(snap, vm);
	snap->req.slot_size = first - 8;
	EXPECT_ERRNO(__snapshot(), EINVAL);

	/* Records of a program from the future: padded with zeros */
	for (i = 0; i < 3; i++)
		vm_set(vm, i, 0, i * MIB, PAGE, memory + i * PAGE);
	memset(records, 0xa5, 4 * wide);
	snap_prepare(snap, vm);
	snap->req.slot_size = wide;
	snap->req.slot_addr = (uintptr_t)records;
	ASSERT_ERRNO(__snapshot(), 0);
	ASSERT_EQ(snap->req.nr_slots_copied, 3);
	for (i = 0; i < 3; i++) {
		struct slotscope_slot seen;

		memcpy(&seen, records + i * wide, sizeof(seen));
		EXPECT_EQ(seen.id, i);
		EXPECT_EQ(seen.gpa, i * MIB);
		for (j = slot; j < wide; j++)
			EXPECT_EQ(records[i * wide + j], 0);
	}
	EXPECT_EQ((unsigned char)records[3 * wide], 0xa5);

	/* Records of a program of version 1.0: cut, and nothing behind them */
	memset(records, 0xa5, 4 * first);
	snap_prepare(snap, vm);
	snap->req.slot_size = first;
	snap->req.slot_addr = (uintptr_t)records;
	ASSERT_ERRNO(__snapshot(), 0);
	ASSERT_EQ(snap->req.nr_slots_copied, 3);
	for (i = 0; i < 3; i++) {
		struct slotscope_slot seen;

		memcpy(&seen, records + i * first, first);
		EXPECT_EQ(seen.id, i);
		EXPECT_EQ(seen.gpa, i * MIB);
		EXPECT_EQ(seen.flags, 0);
	}
	EXPECT_EQ((unsigned char)records[3 * first], 0xa5);
	for (i = 0; i < 3; i++)
		vm_set(vm, i, 0, 0, 0, NULL);
}

static void addresses_that_fault(void)
{
	const uint64_t bad[] = { 0, 8, (uintptr_t)edge(), 1ULL << 63,
				 UINT64_MAX };
	uint32_t i;

	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, NULL), EFAULT);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, edge()), EFAULT);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, UINT64_MAX), EFAULT);

	vm_set(vm, 0, 0, 0, PAGE, memory);
	vm_set(vm, 1, 0, MIB, PAGE, memory);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snap_prepare(snap, vm);
		snap->req.as_addr = bad[i];
		EXPECT_ERRNO(__snapshot(), EFAULT);
		EXPECT_EQ(snap->req.nr_as, 0);
		snap_prepare(snap, vm);
		snap->req.slot_addr = bad[i];
		EXPECT_ERRNO(__snapshot(), EFAULT);
		EXPECT_EQ(snap->req.nr_slots, 0);
		snap->req.slot_size += 8;
		EXPECT_ERRNO(__snapshot(), EFAULT);
	}
	/* The first record fits, the second does not */
	snap_prepare(snap, vm);
	snap->req.slot_addr = (uintptr_t)edge() - sizeof(struct slotscope_slot);
	EXPECT_ERRNO(__snapshot(), EFAULT);
	snap->req.slot_capacity = 1;
	EXPECT_ERRNO(__snapshot(), 0);
	vm_set(vm, 0, 0, 0, 0, NULL);
	vm_set(vm, 1, 0, 0, 0, NULL);
}

/* Nothing is read or written behind a struct: there is nothing there */
static void structs_at_the_edge_of_memory(void)
{
	struct slotscope_snapshot *req =
		(void *)(edge() - sizeof(struct slotscope_snapshot));
	struct slotscope_info *info =
		(void *)(edge() - sizeof(struct slotscope_info));

	snap_prepare(snap, vm);
	*req = snap->req;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, req), 0);
	EXPECT_EQ(req->nr_as, vm_nr_as(vm));
	*info = (struct slotscope_info){ .size = sizeof(*info) };
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_INFO, info), 0);
	EXPECT_EQ(info->major, SLOTSCOPE_MAJOR);
}

static void read_only_request(void)
{
	struct slotscope_snapshot *req = (void *)guest_memory(PAGE);

	snap_prepare(snap, vm);
	*req = snap->req;
	mprotect(req, PAGE, PROT_READ);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, req), EFAULT);
	munmap(req, PAGE);
}

static void the_largest_capacity(void)
{
	vm_set(vm, 4, 0, 0, PAGE, memory);
	snap_prepare(snap, vm);
	snap->req.as_capacity = snap->req.slot_capacity = UINT32_MAX;
	EXPECT_ERRNO(__snapshot(), 0);
	EXPECT_EQ(snap->req.nr_slots_copied, 1);
	EXPECT_EQ(snap->slots[0].id, 4);
	vm_set(vm, 4, 0, 0, 0, NULL);
}

/* errno of open() in a child that @become() has made somebody else */
static int open_as(void (*become)(void))
{
	pid_t pid = fork();
	int status;

	ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		become();
		_exit(open(SLOTSCOPE_DEVICE, O_RDWR) < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	ASSERT(WIFEXITED(status), "the child died");
	return WEXITSTATUS(status);
}

static void as_root(void)
{
}

static void as_root_without_capability(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data))
		_exit(99);
	data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective &=
		~CAP_TO_MASK(CAP_SYS_ADMIN);
	if (syscall(SYS_capset, &header, data))
		_exit(98);
}

static void as_root_of_a_user_namespace(void)
{
	if (unshare(CLONE_NEWUSER))
		_exit(97);
}

static void as_nobody(void)
{
	if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
		_exit(96);
}

static void without_the_capability(void)
{
	struct stat st;
	char line[256];
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	ASSERT(!stat(SLOTSCOPE_DEVICE, &st), "stat: %s", strerror(errno));
	EXPECT_EQ(st.st_mode & 07777, 0600);
	ASSERT(kmsg >= 0, "/dev/kmsg: %s", strerror(errno));
	lseek(kmsg, 0, SEEK_END);

	EXPECT_EQ(open_as(as_root), 0);
	EXPECT_EQ(open_as(as_root_without_capability), EPERM);
	EXPECT_EQ(open_as(as_root_of_a_user_namespace), EPERM);
	EXPECT_EQ(open_as(as_nobody), EACCES);

	EXPECT(read(kmsg, line, sizeof(line) - 1) < 0 && errno == EAGAIN,
	       "something was logged");
	close(kmsg);
}

/* The descriptor is the right to use it */
static void privileges_dropped_after_open(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		as_nobody();
		_exit(__snap_take(dev, snap, vm) ? errno : 0);
	}
	waitpid(pid, &status, 0);
	EXPECT_EQ(status, 0);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(unknown_ioctls),
		KTAP_CASE(descriptors_that_are_no_vm),
		KTAP_CASE(sizes_of_the_struct),
		KTAP_CASE(sizes_of_info),
		KTAP_CASE(flags_and_reserved),
		KTAP_CASE(sizes_of_records),
		KTAP_CASE(addresses_that_fault),
		KTAP_CASE(structs_at_the_edge_of_memory),
		KTAP_CASE(read_only_request),
		KTAP_CASE(the_largest_capacity),
		KTAP_CASE(without_the_capability),
		KTAP_CASE(privileges_dropped_after_open),
	};

	need_module_and_kvm();
	dev = dev_open();
	snap = snap_alloc();
	memory = guest_memory(16 * MIB);
	vm = vm_create();
	return KTAP_RUN(cases);
}
