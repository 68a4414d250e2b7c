// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who keeps whom alive: the module, kvm.ko and its vendor module, VMs, VMMs that
 * are killed, and readers that are killed. In the end all can be unloaded, and
 * no memory is gone.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "kmod-test.h"

static struct snap *snap;
static char *memory;
static const char *vendor; /* kvm_amd or kvm_intel; NULL if KVM is built in */

static void find_vendor(void)
{
	if (!access("/sys/module/kvm_amd/refcnt", R_OK))
		vendor = "kvm_amd";
	else if (!access("/sys/module/kvm_intel/refcnt", R_OK))
		vendor = "kvm_intel";
}

/* References of a module; -1 if it is not loaded */
static int refcnt(const char *name)
{
	char path[128];
	FILE *file;
	int n = -1;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &n) != 1)
		n = -1;
	fclose(file);
	return n;
}

/* The last steps of a VM's end come after close() */
static int refcnt_settled(const char *name)
{
	AWAIT(refcnt(name) <= 0);
	return refcnt(name);
}

static void load_kvm(void)
{
	char command[64];

	snprintf(command, sizeof(command), "modprobe %s", vendor);
	ASSERT(!system(command), "%s failed", command);
	ASSERT(!access("/dev/kvm", R_OK), "there is no /dev/kvm again");
}

static void unload_kvm(void)
{
	ASSERT_EQ(refcnt_settled(vendor), 0);
	ASSERT_ERRNO(__module_unload(vendor), 0);
	ASSERT_ERRNO(__module_unload("kvm"), 0);
}

static void unload(void)
{
	ASSERT_EQ(refcnt(MODULE_NAME), 0);
	ASSERT_ERRNO(__module_unload(MODULE_NAME), 0);
	EXPECT(access(SLOTSCOPE_DEVICE, F_OK), "the device is still there");
}

static void load(void)
{
	ASSERT(!__slotscope_load(), "loading the module again: %s",
	       strerror(errno));
}

static void an_open_device_keeps_the_module(void)
{
	int dev = dev_open();

	EXPECT_EQ(refcnt(MODULE_NAME), 1);
	EXPECT_ERRNO(__module_unload(MODULE_NAME), EWOULDBLOCK);
	close(dev);
	unload();
	load();
}

static void loaded_and_unloaded_many_times(void)
{
	int vm = vm_create(), dev, i;

	vm_set(vm, 0, 0, 0, MIB, memory);
	for (i = 0; i < 23; i++) {
		dev = dev_open();
		snap_take(dev, snap, vm);
		EXPECT_EQ(snap->req.nr_slots, 1);
		close(dev);
		unload();
		load();
	}
	close(vm);
}

static void neither_needs_nor_pins_kvm(void)
{
	int event = eventfd(0, EFD_CLOEXEC), dev, vm;

	SKIP_IF(!vendor, "KVM is built in");
	/* With the module loaded and its device open, KVM can go and come */
	dev = dev_open();
	unload_kvm();
	snap_prepare(snap, event);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), EBADFD);
	close(dev);
	/* The module can be loaded first */
	unload();
	load();
	dev = dev_open();
	load_kvm();
	vm = vm_create();
	vm_set(vm, 0, 0, 0, MIB, memory);
	snap_take(dev, snap, vm);
	EXPECT_EQ(snap->req.nr_slots, 1);
	/* ... and goes with a VM still there */
	close(dev);
	unload();
	EXPECT(refcnt(vendor) > 0, "the VM does not pin %s", vendor);
	close(vm);
	unload_kvm();
	load_kvm();
	load();
	close(event);
}

/* A VMM with @nr slots: its pid, and its descriptor of the VM in @fd */
static pid_t start_vmm(unsigned int nr, int *fd)
{
	int told[2], vm;
	unsigned int i;
	pid_t pid;

	ASSERT(!pipe(told), "pipe: %s", strerror(errno));
	pid = fork();
	ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		vm = __vm_create();
		for (i = 0; i < nr && vm >= 0; i++)
			if (__vm_set(vm, i, 0, 2 * i * PAGE, PAGE,
				     memory + i * PAGE))
				vm = -1;
		if (write(told[1], &vm, sizeof(vm)) != sizeof(vm))
			_exit(1);
		for (;;)
			pause();
	}
	ASSERT_EQ(read(told[0], fd, sizeof(*fd)), sizeof(*fd));
	close(told[0]);
	close(told[1]);
	ASSERT(*fd >= 0, "the VMM could not make its VM");
	return pid;
}

static int take_fd(pid_t pid, int fd)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	int taken = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	ASSERT(taken >= 0, "pidfd_getfd: %s", strerror(errno));
	close(pidfd);
	return taken;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static atomic_bool stop;
static atomic_ulong taken, wrong;

static void *read_on(void *fds)
{
	struct snap *mine = snap_alloc();
	int *fd = fds;

	while (!stop) {
		if (__snap_take(fd[0], mine, fd[1]) ||
		    mine->req.nr_slots != 127 || *snap_wrong(mine))
			wrong++;
		taken++;
	}
	munmap(mine, sizeof(*mine));
	return NULL;
}

static void the_vmm_is_killed_meanwhile(void)
{
	pthread_t readers[2];
	int fds[2], fd, i;
	unsigned long before;
	pid_t pid;

	pid = start_vmm(127, &fd);
	fds[0] = dev_open();
	fds[1] = take_fd(pid, fd);
	stop = false;
	taken = wrong = 0;
	for (i = 0; i < 2; i++)
		pthread_create(&readers[i], NULL, read_on, fds);
	AWAIT(taken > 100);
	end(pid);
	before = taken;
	AWAIT(taken > before + 100);
	stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(readers[i], NULL);
	EXPECT(before > 0 && taken > before, "%lu snapshots, %lu of them alive",
	       taken, before);
	EXPECT_EQ(wrong, 0);
	/* Our duplicate alone keeps the VM now */
	snap_take(fds[0], snap, fds[1]);
	EXPECT_EQ(snap->req.nr_slots, 127);
	if (vendor)
		EXPECT(refcnt(vendor) > 0, "the VM does not pin %s", vendor);
	close(fds[1]);
	close(fds[0]);
	if (vendor)
		EXPECT_EQ(refcnt_settled(vendor), 0);
}

static void readers_are_killed(void)
{
	int fd, i;
	pid_t vmm = start_vmm(1009, &fd);

	for (i = 0; i < 29; i++) {
		pid_t pid = fork();

		ASSERT(pid >= 0, "fork: %s", strerror(errno));
		if (!pid) {
			int dev = open(SLOTSCOPE_DEVICE, O_RDWR);
			int pidfd = syscall(SYS_pidfd_open, vmm, 0);
			int vm = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

			while (!__snap_take(dev, snap, vm))
				;
			_exit(1);
		}
		usleep(7000 + i * 1000);
		end(pid);
	}
	EXPECT_EQ(refcnt(MODULE_NAME), 0);
	end(vmm);
	if (vendor)
		EXPECT_EQ(refcnt_settled(vendor), 0);
}

static long available_kib(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long kib = -1;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %ld kB", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

/* Each other request that takes memory; an audit takes the most, and the longest */
static void ask_all_else(int dev, int vm, bool audit)
{
	static struct slotscope_detail details[SNAP_SLOTS];
	struct slotscope_fault fault;
	struct slotscope_mapping mapping;
	struct slotscope_stage2 stage2 = {
		.size = sizeof(stage2),
		.vm_fd = vm,
		.bytes = PAGE,
		.mapping_addr = (uintptr_t)&mapping,
		.mapping_size = sizeof(mapping),
		.mapping_capacity = 1,
	};
	struct slotscope_audit request = {
		.size = sizeof(request),
		.vm_fd = vm,
		.fault_addr = (uintptr_t)&fault,
		.fault_size = sizeof(fault),
	};

	snap_prepare(snap, vm);
	snap->req.flags = SLOTSCOPE_DETAIL;
	snap->req.detail_addr = (uintptr_t)details;
	snap->req.detail_size = sizeof(details[0]);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), 0);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_STAGE2, &stage2), 0);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_STAGE2, &stage2), 0);
	if (audit)
		EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_AUDIT, &request), 0);
}

/*
 * 4,099 records are 192 KiB: one in ten that leaked would be 5 MiB and more; of all
 * others, each
 */
static void no_memory_leaks(void)
{
	int dev = dev_open(), vm = vm_create(), i;
	long before, after;

	for (i = 0; i < 4099; i++)
		vm_set(vm, i, 0, 2 * i * PAGE, PAGE, memory + i * PAGE);
	snap_take(dev, snap, vm);
	ask_all_else(dev, vm, true);
	before = available_kib();
	for (i = 0; i < 300; i++) {
		ask_all_else(dev, vm, i % 15 == 0);
		snap_take(dev, snap, vm);
		/* The records cannot be copied out */
		snap_prepare(snap, vm);
		snap->req.slot_addr = 8;
		EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req),
			     EFAULT);
	}
	after = available_kib();
	EXPECT(before > 0 && before - after < 4096, "%ld KiB are gone",
	       before - after);
	close(vm);
	close(dev);
}

static void all_can_be_unloaded(void)
{
	unload();
	if (vendor)
		unload_kvm();
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(an_open_device_keeps_the_module),
		KTAP_CASE(loaded_and_unloaded_many_times),
		KTAP_CASE(neither_needs_nor_pins_kvm),
		KTAP_CASE(the_vmm_is_killed_meanwhile),
		KTAP_CASE(readers_are_killed),
		KTAP_CASE(no_memory_leaks),
		KTAP_CASE(all_can_be_unloaded),
	};

	need_module_and_kvm();
	find_vendor();
	snap = snap_alloc();
	memory = guest_memory(64 * MIB);
	return KTAP_RUN(cases);
}
