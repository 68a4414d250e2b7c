// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SLOTSCOPE_VMS, and the file in debugfs that shows the same. Each case begins and
 * ends without a VM, so that what it made is all there is.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <linux/capability.h>

#include "kmod-test.h"

#define FILE_NAME "/sys/kernel/debug/slotscope/vms"
#define VMS	  8192

static int dev;
static char *memory;
static struct slotscope_vm vms[VMS];
static struct slotscope_vms req;
static sem_t holds;

static void find(void)
{
	memset(vms, 0xa5, sizeof(vms));
	req = (struct slotscope_vms){
		.size = sizeof(req),
		.vm_addr = (uintptr_t)vms,
		.vm_size = sizeof(vms[0]),
		.vm_capacity = VMS,
	};
	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_VMS, &req), 0);
	ASSERT_EQ(req.nr_copied, req.nr_records);
}

/* A VM is destroyed by whoever holds it last, be it an interrupted look at it */
static void expect_none(void)
{
	int i;

	for (i = 0; i < 600; i++, usleep(100000)) {
		find();
		if (!req.nr_records)
			return;
	}
	EXPECT_EQ(req.nr_records, 0);
}

static void none_at_first(void)
{
	expect_none();
	EXPECT_EQ(req.nr_vms, 0);
}

static void be_vmm(void)
{
	int three = __vm_create(), none = __vm_create(), i;

	prctl(PR_SET_NAME, "a\\b c");
	for (i = 0; i < 3; i++)
		__vm_set(three, i, 0, i * MIB, 7 * PAGE, memory + i * MIB);
	ioctl(three, KVM_CREATE_VCPU, 0);
	dup2(none, 50);
	dup2(three, 70);
	dup2(three, 60);
	dup2(three, 9000);
	close(three);
	close(none);
}

static void two_vms_of_a_process(void)
{
	pid_t pid = child_start(be_vmm);

	find();
	ASSERT_EQ(req.nr_records, 2);
	EXPECT_EQ(req.nr_vms, 2);
	EXPECT_EQ(vms[0].vm, 1);
	EXPECT_EQ(vms[0].pid, pid);
	EXPECT_EQ(vms[0].fd, 50);
	EXPECT_EQ(vms[0].nr_fds, 1);
	EXPECT_EQ(vms[0].owner, SLOTSCOPE_OWNER_YES);
	EXPECT_EQ(vms[0].nr_slots, 0);
	EXPECT_EQ(vms[0].nr_vcpus, 0);
	EXPECT_EQ(vms[1].vm, 2);
	EXPECT_EQ(vms[1].pid, pid);
	EXPECT_EQ(vms[1].fd, 60);
	/* 9000 is above the limit of descriptors here */
	EXPECT(vms[1].nr_fds == 2 || vms[1].nr_fds == 3, "%u descriptors",
	       vms[1].nr_fds);
	EXPECT_EQ(vms[1].nr_slots, 3);
	EXPECT_EQ(vms[1].nr_pages, 21);
	EXPECT_EQ(vms[1].user_bytes, 21 * PAGE);
	EXPECT_EQ(vms[1].nr_vcpus, 1);
	EXPECT_EQ(vms[1].users, 2);
	EXPECT(!strcmp(vms[1].comm, "a\\b c"), "comm %.16s", vms[1].comm);
	child_end(pid);
	expect_none();
}

static int shared;

static void be_nobody(void)
{
}

static void one_vm_of_two_processes(void)
{
	pid_t pid;

	shared = vm_create();
	pid = child_start(be_nobody);
	find();
	ASSERT_EQ(req.nr_records, 2);
	EXPECT_EQ(req.nr_vms, 1);
	EXPECT_EQ(vms[0].vm, vms[1].vm);
	EXPECT_EQ(vms[0].pid, getpid());
	EXPECT_EQ(vms[0].fd, shared);
	EXPECT_EQ(vms[0].owner, SLOTSCOPE_OWNER_YES);
	EXPECT_EQ(vms[1].pid, pid);
	EXPECT_EQ(vms[1].owner, SLOTSCOPE_OWNER_NO);
	close(shared);
	child_end(pid);
	expect_none();
}

static int in_thread;

static void *hold_alone(void *unused)
{
	prctl(PR_SET_NAME, "not-the-first");
	if (!unshare(CLONE_FILES))
		in_thread = dup2(__vm_create(), 77);
	sem_post(&holds);
	for (;;)
		pause();
	return NULL;
}

static void be_thread_without_first(void)
{
	pthread_t thread;

	sem_init(&holds, 0, 0);
	pthread_create(&thread, NULL, hold_alone, NULL);
	while (sem_wait(&holds))
		;
	if (in_thread != 77)
		_exit(1);
}

/* A table that is not the first thread's; /proc/PID/fd does not show it */
static void a_thread_with_a_table_of_its_own(void)
{
	pid_t pid = child_start(be_thread_without_first);
	uint32_t i;

	find();
	EXPECT_EQ(req.nr_vms, 1);
	ASSERT(req.nr_records, "no record");
	/* what dup2() was given stays open, too */
	for (i = 0; i < req.nr_records; i++) {
		EXPECT_EQ(vms[i].pid, pid);
		EXPECT_EQ(vms[i].nr_fds, 2);
		/* The process's name is its first thread's */
		EXPECT(!strcmp(vms[i].comm, "kmod-vms"), "comm %.16s",
		       vms[i].comm);
	}
	child_end(pid);
	expect_none();
}

static void *hold_the_same(void *unused)
{
	if (!unshare(CLONE_FILES))
		sem_post(&holds);
	for (;;)
		pause();
	return NULL;
}

static void be_two_tables(void)
{
	pthread_t thread;

	sem_init(&holds, 0, 0);
	__vm_create();
	pthread_create(&thread, NULL, hold_the_same, NULL);
	while (sem_wait(&holds))
		;
}

/* One number in two tables is one descriptor to whoever asks by pid and number */
static void two_tables_with_one_number(void)
{
	pid_t pid = child_start(be_two_tables);

	find();
	ASSERT_EQ(req.nr_records, 1);
	EXPECT_EQ(vms[0].pid, pid);
	EXPECT_EQ(vms[0].nr_fds, 1);
	child_end(pid);
	expect_none();
}

/* In a child, the first process of its namespace: 0, or the line that went wrong */
static int look_from_within(void)
{
	uint32_t i, own = 0, outside = 0;
	int vm = __vm_create();

	if (vm < 0 || getpid() != 1)
		return __LINE__;
	req = (struct slotscope_vms){
		.size = sizeof(req),
		.vm_addr = (uintptr_t)vms,
		.vm_size = sizeof(vms[0]),
		.vm_capacity = VMS,
	};
	if (ioctl(dev, SLOTSCOPE_VMS, &req) || req.nr_copied != 4)
		return __LINE__;
	for (i = 0; i < req.nr_copied; i++) {
		own += vms[i].pid == 1 && vms[i].fd == vm;
		outside += vms[i].pid == 0;
	}
	return own == 1 && outside == 2 ? 0 : __LINE__;
}

/* Pids are as the caller sees them; who is in no namespace of his has none */
static void from_a_pid_namespace(void)
{
	int status = -1;
	pid_t pid, child;

	/* Inherited by both, one of them without */
	shared = vm_create();
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWPID))
			_exit(255);
		child = fork();
		if (!child)
			_exit(look_from_within() & 0xff);
		waitpid(child, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 254);
	}
	AWAIT(waitpid(pid, &status, WNOHANG) == pid);
	EXPECT(status == 0, "line %d (modulo 256)", WEXITSTATUS(status));
	close(shared);
	expect_none();
}

/* More of one VM, and of VMs, than are looked at in one hold */
static void be_many(void)
{
	struct rlimit limit = { 65536, 65536 };
	int vm, i;

	setrlimit(RLIMIT_NOFILE, &limit);
	vm = __vm_create();
	if (dup2(vm, 40000) < 0)
		_exit(1);
	for (i = 0; i < 1000; i++)
		if (dup(vm) < 0)
			_exit(1);
	for (i = 0; i < 301; i++)
		if (dup2(__vm_create(), 2000 + 2 * i) < 0)
			_exit(1);
}

static void many(void)
{
	pid_t pid = child_start(be_many);
	uint32_t i;

	find();
	ASSERT_EQ(req.nr_vms, 302);
	ASSERT_EQ(req.nr_records, 302);
	EXPECT_EQ(vms[0].nr_fds, 1002);
	for (i = 1; i < 302; i++) {
		EXPECT_EQ(vms[i].vm, i + 1);
		EXPECT_EQ(vms[i].nr_fds, 2);
		EXPECT(vms[i].fd > vms[i - 1].fd, "out of order at %u", i);
	}
	child_end(pid);
	expect_none();
}

static void the_request_is_checked(void)
{
	struct slotscope_vms ok = {
		.size = sizeof(ok),
		.vm_size = sizeof(vms[0]),
	}, bad;

	shared = vm_create();
	bad = ok;
	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_VMS, &bad), 0);
	EXPECT_EQ(bad.nr_records, 1);
	EXPECT_EQ(bad.nr_copied, 0);
	bad = ok;
	bad.size -= 8;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_VMS, &bad), EINVAL);
	bad = ok;
	bad.size = SLOTSCOPE_SIZE_MAX + 8;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_VMS, &bad), E2BIG);
	bad = ok;
	bad.flags = 1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_VMS, &bad), EINVAL);
	bad = ok;
	bad.reserved = 1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_VMS, &bad), EINVAL);
	bad = ok;
	/* of 1.2, the first that had it, and no less */
	bad.vm_size = offsetof(struct slotscope_vm, user_bytes);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_VMS, &bad), 0);
	bad.vm_size -= 8;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_VMS, &bad), EINVAL);
	bad = ok;
	bad.vm_capacity = 1;
	bad.vm_addr = 8;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_VMS, &bad), EFAULT);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_VMS, NULL), EFAULT);
	close(shared);
	expect_none();
}

/* What the file says of the VM at descriptor 60 of process @pid */
static int file_says(pid_t pid, char *line, size_t size)
{
	FILE *file = fopen(FILE_NAME, "re");
	int nr = 0, seen_pid, fd;
	unsigned int vm;

	ASSERT(file, "open %s: %s", FILE_NAME, strerror(errno));
	line[0] = '\0';
	for (char text[256]; fgets(text, sizeof(text), file); nr++)
		if (sscanf(text, "%u %d %d ", &vm, &seen_pid, &fd) == 3 &&
		    seen_pid == pid && fd == 60)
			snprintf(line, size, "%s", text);
	fclose(file);
	return nr;
}

static void the_file(void)
{
	pid_t pid = child_start(be_vmm);
	char line[256], wanted[256];

	EXPECT_EQ(file_says(pid, line, sizeof(line)), 3);
	find();
	snprintf(wanted, sizeof(wanted),
		 "2 %d 60 %u yes 3 %llu 1 2 0 0 a\\134b\\040c\n", pid,
		 vms[1].nr_fds, 21 * PAGE);
	EXPECT(!strcmp(line, wanted), "%s", line);
	EXPECT_EQ(system("[ \"$(cut -d' ' -f3 " FILE_NAME
			 " | tr '\\n' ,)\" = fd,50,60, ]"),
		  0);
	/* Many lines, by small reads */
	EXPECT_EQ(system("[ $(dd if=" FILE_NAME " bs=7 2>/dev/null | wc -l)"
			 " = 3 ]"),
		  0);
	child_end(pid);
	expect_none();
	EXPECT_EQ(file_says(pid, line, sizeof(line)), 1);
}

/* Root without the capability; it is asked for at open alone */
static void who_may(void)
{
	struct stat stat;
	int status;
	pid_t pid;

	ASSERT_ERRNO(lstat(FILE_NAME, &stat), 0);
	EXPECT_EQ(stat.st_mode & 07777, 0400);
	EXPECT_EQ(stat.st_uid, 0);
	pid = fork();
	if (!pid) {
		prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN);
		dup2(open("/dev/null", O_WRONLY), 2);
		execl("/bin/cat", "cat", FILE_NAME, NULL);
		_exit(2);
	}
	waitpid(pid, &status, 0);
	EXPECT_EQ(WEXITSTATUS(status), 1);
}

/* While VMs come and go in many processes, and readers with them */
static void churn(void)
{
	pid_t pids[4];
	int i, nr = 0;

	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		while (!pids[i]) {
			int vm = __vm_create();

			__vm_set(vm, 0, 0, 0, MIB, memory);
			if (i == 3 && !fork())
				_exit(0);
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
			close(vm);
		}
	}
	for (i = 0; i < 200; i++) {
		find();
		nr += req.nr_records;
		EXPECT(req.nr_vms <= req.nr_records, "%u VMs in %u records",
		       req.nr_vms, req.nr_records);
	}
	ktap_diag("%d records in 200 looks", nr);
	for (i = 0; i < 4; i++)
		child_end(pids[i]);
	expect_none();
}

/* What the kernel has handed out of those of its caches whose names begin so */
static long slab_bytes(const char *name)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	long sum = 0, nr, size;
	char line[512], seen[64];

	SKIP_IF(!file, "/proc/slabinfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %ld %*d %ld", seen, &nr, &size) == 3 &&
		    !strncmp(seen, name, strlen(name)))
			sum += nr * size;
	fclose(file);
	return sum;
}

/* Records of 302 VMs are 20 KiB and more, forty times */
static void nothing_is_kept(void)
{
	pid_t pid = child_start(be_many);
	long before, kept;
	int i;

	find();
	before = slab_bytes("kmalloc");
	for (i = 0; i < 40; i++)
		find();
	kept = slab_bytes("kmalloc") - before;
	ktap_diag("%ld bytes", kept);
	EXPECT(kept < 400000, "%ld bytes are kept", kept);
	child_end(pid);
	expect_none();
}

/* All that was looked at was given back; and the file goes with the module */
static void all_is_given_back(void)
{
	SKIP_IF(vendor_users() < 0, "no kvm_amd whose users could be counted");
	/* The last steps of a VM's end come after close() */
	AWAIT(!vendor_users());
	EXPECT_EQ(vendor_users(), 0);
	close(dev);
	ASSERT_ERRNO(__module_unload(MODULE_NAME), 0);
	EXPECT(access(FILE_NAME, F_OK), "the file is still there");
	ASSERT_ERRNO(__slotscope_load(), 0);
	EXPECT(!access(FILE_NAME, F_OK), "there is no file again");
	dev = dev_open();
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(none_at_first),
		KTAP_CASE(two_vms_of_a_process),
		KTAP_CASE(one_vm_of_two_processes),
		KTAP_CASE(a_thread_with_a_table_of_its_own),
		KTAP_CASE(two_tables_with_one_number),
		KTAP_CASE(from_a_pid_namespace),
		KTAP_CASE(many),
		KTAP_CASE(nothing_is_kept),
		KTAP_CASE(the_request_is_checked),
		KTAP_CASE(the_file),
		KTAP_CASE(who_may),
		KTAP_CASE(churn),
		KTAP_CASE(all_is_given_back),
	};

	need_module_and_kvm();
	dev = dev_open();
	memory = guest_memory(16 * MIB);
	return KTAP_RUN(cases);
}
