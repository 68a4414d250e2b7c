// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VMs: their coming and going, whose they are, which descriptor is which, and
 * that a tracer of one process tells nothing of another.
 */
#include <sys/socket.h>

#include <sys/utsname.h>

#include "bpf-test.h"

#include "kvm/prove.h"
#include "test-module/slotscope_test.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

#define SLOTS 11

static void put_slots(struct diary *diary, int vm)
{
	uint64_t hva = memory_new(MIB);

	for (uint32_t i = 0; i < SLOTS; i++)
		ask(diary, 0, vm, slot_at(i, 0, i * MIB, PAGE, hva));
}

/* One VM; told to when to create it, use it, and close it */
static void one_vm(const struct child *self, struct diary *diary)
{
	diary->nr_threads = 1;
	child_step(self);
	diary->vm_fd = vm_new();
	child_step(self);
	put_slots(diary, diary->vm_fd);
	child_step(self);
	close(diary->vm_fd);
	child_step(self);
}

static const struct slot_event *nth(const struct slot_log *log,
				    enum slot_event_type type, size_t n)
{
	for (size_t i = 0; i < log->nr; i++)
		if (log->events[i].type == type && !n--)
			return &log->events[i];
	return NULL;
}

static uint64_t start_time(pid_t pid)
{
	unsigned long long ticks = 0;
	char path[32], line[1024], *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (file && fgets(line, sizeof(line), file)) {
		/* Field 22; the second may hold anything, up to the last ')' */
		at = strrchr(line, ')') + 1;
		sscanf(at,
		       " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u "
		       "%*u %*d %*d %*d %*d %*d %*d %llu",
		       &ticks);
	}
	if (file)
		fclose(file);
	return ticks;
}

/* @avoid: a method; @but: a function that is not hooked for its end */
static void life_told(unsigned int avoid, const char *but)
{
	struct diary *diary = diary_new();
	struct child child = child_start(one_vm, diary);
	const struct tracer_options options = { .tgid = child.pid,
						.avoid = avoid,
						.avoid_target = but };
	struct tracer *tracer = tracer_new(&options);
	const struct tracer_hook *hook =
		tracer_hook_used(tracer_report(tracer), TRACER_DESTRUCTION);
	const struct slot_event *created, *destroyed;
	struct slot_log log;
	struct vm_id vm;
	char boot_id[64] = "";
	FILE *file;

	EXPECT(hook, "no hook tells its end");
	EXPECT(!but || (hook && strcmp(hook->target, but)), "it is %s", but);
	slot_log_init(&log);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	created = nth(&log, SLOT_EVENT_VM_CREATE, 0);
	ASSERT(created, "its creation is not told");
	EXPECT_EQ(log.nr, 1);
	EXPECT_EQ(created->vm.tgid, child.pid);
	EXPECT_EQ(created->vm.fd, diary->vm_fd);
	EXPECT_EQ(created->vm.start_time, start_time(child.pid));
	EXPECT_EQ(created->vm.serial, created->serial);
	EXPECT(created->serial, "no serial");
	file = fopen("/proc/sys/kernel/random/boot_id", "r");
	EXPECT(file && fscanf(file, "%63s", boot_id) == 1, "boot_id");
	EXPECT(!strcmp(created->vm.boot_id, boot_id), "boot id %s",
	       created->vm.boot_id);
	fclose(file);

	ASSERT(!tracer_find_vm(tracer, child.pid, -1, &vm, &bpf_err), "%s: %s",
	       bpf_err.tried, bpf_err.why);
	EXPECT(!memcmp(&vm, &log.events[0].vm, sizeof(vm)),
	       "it is found as another VM");
	ASSERT(child_go(&child), "the child failed");
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	destroyed = nth(&log, SLOT_EVENT_VM_DESTROY, 0);
	ASSERT(destroyed, "its end is not told");
	EXPECT(destroyed == &log.events[log.nr - 1], "something follows it");
	EXPECT(!memcmp(&destroyed->vm, &vm, sizeof(vm)), "of another VM");
	EXPECT_EQ(count_events(&log, SLOT_EVENT_CHANGE, 0), SLOTS);
	expect_diary(&log, diary);
	EXPECT_EQ(tracer_find_vm(tracer, child.pid, -1, &vm, &bpf_err),
		  -ENOENT);
	EXPECT_EQ(child_end(&child), 0);
	expect_nothing_lost(tracer);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

static void a_life(void)
{
	life_told(0, NULL);
}

/* As where the compiler made no function of it */
static void end_elsewhere_by_fentry(void)
{
	life_told(1U << TRACER_KPROBE, "kvm_destroy_vm");
}

static void end_elsewhere_by_kprobe(void)
{
	life_told(1U << TRACER_FENTRY, "kvm_destroy_vm");
}

/* Killed: the kernel destroys the VM, and the tracer tells so */
static void killed(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(one_vm, diary);
	const struct tracer_options options = { .tgid = child.pid };
	struct tracer *tracer = tracer_new(&options);
	struct slot_log log;

	slot_log_init(&log);
	ASSERT(child_go(&child) && child_go(&child), "the child failed");
	kill(child.pid, SIGKILL);
	waitpid(child.pid, NULL, 0);
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_VM_CREATE, 0), 1);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_CHANGE, 0), SLOTS);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_VM_DESTROY, 0), 1);
	/* By the process, though the last of it may be a thread of KVM's */
	EXPECT(!strncmp(log.events[log.nr - 1].comm, "bpf-vms", 8),
	       "it was destroyed by %.16s", log.events[log.nr - 1].comm);
	EXPECT_EQ(log.events[log.nr - 1].serial, 1);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

/*
 * Another process may hold the VMs by which the tracer tries its hooks: who walks
 * descriptors does so for a moment, the module, too. Here it is this one, from the end
 * of one of them on, up to the next one's, or to when all is proven.
 */
static int held = -1;
static int ends_to_hold; /* which one from now on */
static bool until_next;

static void let_go(void)
{
	if (held >= 0)
		close(held);
	held = -1;
}

void __real_kvm_proof_destroy_vm(struct kvm_proof *proof);
void __wrap_kvm_proof_destroy_vm(struct kvm_proof *proof);
void __real_arrays_zero(const struct tracer *t);
void __wrap_arrays_zero(const struct tracer *t);

void __wrap_kvm_proof_destroy_vm(struct kvm_proof *proof)
{
	if (proof->vm_fd >= 0 && ends_to_hold && !--ends_to_hold)
		held = fcntl(proof->vm_fd, F_DUPFD_CLOEXEC, 0);
	else if (proof->vm_fd >= 0 && until_next)
		let_go();
	__real_kvm_proof_destroy_vm(proof);
}

/* The last moment at which its end is still told */
void __wrap_arrays_zero(const struct tracer *t)
{
	let_go();
	__real_arrays_zero(t);
}

/* Its end is not that of the VM that has its number since */
static void proof_ends_late(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(one_vm, diary);
	const struct tracer_options options = { .tgid = child.pid };
	struct tracer *tracer;
	struct slot_log log;

	slot_log_init(&log);
	ASSERT(child_go(&child), "the child failed");
	ends_to_hold = 1;
	until_next = false;
	tracer = tracer_new(&options);
	EXPECT(!ends_to_hold && held < 0, "nothing was held");
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_CHANGE, 0), SLOTS);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_VM_DESTROY, 0), 0);
	expect_diary(&log, diary);
	expect_nothing_lost(tracer);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

/* That the end is not told at once says nothing of the hook */
static void proof_is_tried_again(void)
{
	const struct tracer_options options = { .tgid = getpid(),
						.avoid = 1U << TRACER_KPROBE };
	struct tracer *tracer;

	/* The first is that of the walk alone */
	ends_to_hold = 2;
	until_next = true;
	tracer = tracer_new(&options);
	EXPECT(!ends_to_hold && held < 0, "nothing was held");
	EXPECT(tracer_hook_used(tracer_report(tracer), TRACER_DESTRUCTION),
	       "its hook is not used");
	tracer_close(tracer);
}

static void only_one_process(void)
{
	struct diary *diary = diary_new(), *others = diary_new();
	struct child child = child_start(one_vm, diary);
	struct child other = child_start(one_vm, others);
	const struct tracer_options options = { .tgid = child.pid };
	struct tracer *tracer = tracer_new(&options);
	struct slot_log log;
	struct vm_id *vms;
	size_t nr;

	slot_log_init(&log);
	for (int i = 0; i < 2; i++)
		ASSERT(child_go(&other) && child_go(&child), "a child failed");
	/* It can look at the other process, if asked */
	ASSERT(!tracer_list(tracer, 0, &vms, &nr, &bpf_err), "%s: %s",
	       bpf_err.tried, bpf_err.why);
	EXPECT_EQ(nr, 2);
	for (size_t i = 0; i < nr; i++)
		EXPECT(vms[i].tgid == child.pid || vms[i].tgid == other.pid,
		       "a VM of process %d", vms[i].tgid);
	free(vms);
	ASSERT(!tracer_list(tracer, other.pid, &vms, &nr, &bpf_err), "list");
	EXPECT_EQ(nr, 1);
	free(vms);
	ASSERT(child_go(&other) && child_go(&child), "a child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_REQUEST, 0), SLOTS);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_REQUEST, other.pid), 0);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_VM_CREATE, 0), 1);
	for (size_t i = 0; i < log.nr; i++)
		EXPECT(log.events[i].tgid != other.pid ||
			       log.events[i].type == SLOT_EVENT_VM_DESTROY,
		       "event %zu is of the other process", i);
	EXPECT_EQ(child_end(&other), 0);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
	diary_free(others);
}

/* Several VMs, and duplicates of a descriptor */
static void three_vms(const struct child *self, struct diary *diary)
{
	int first = vm_new(), second = vm_new();

	dup2(first, 20);
	dup2(second, 30);
	dup2(first, 31);
	close(first);
	close(second);
	diary->vm_fd = 20;
	diary->nr_threads = 1;
	child_step(self);
	put_slots(diary, 30);
	child_step(self);
}

static void descriptors(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(three_vms, diary);
	const struct tracer_options options = { .tgid = child.pid };
	struct tracer *tracer = tracer_new(&options);
	struct vm_id vm20, vm30, vm31, *vms;
	struct slot_log log;
	int pidfd, dupfd;
	size_t nr;

	slot_log_init(&log);
	flush_to(tracer, &log);
	/* Two VMs of two address spaces, without slots */
	EXPECT_EQ(count_events(&log, SLOT_EVENT_BASE_END, 0), 4);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_BASE, 0), 0);
	EXPECT_EQ(tracer_find_vm(tracer, child.pid, -1, &vm20, &bpf_err),
		  -EEXIST);
	EXPECT(strstr(bpf_err.why, "20") && strstr(bpf_err.why, "30"), "%s",
	       bpf_err.why);
	EXPECT_EQ(tracer_find_vm(tracer, child.pid, 1, &vm20, &bpf_err),
		  -ENOENT);
	EXPECT_EQ(tracer_find_vm(tracer, child.pid, 99, &vm20, &bpf_err),
		  -ENOENT);
	EXPECT_EQ(tracer_find_vm(tracer, 1, -1, &vm20, &bpf_err), -ENOENT);
	ASSERT(!tracer_find_vm(tracer, child.pid, 20, &vm20, &bpf_err), "20");
	ASSERT(!tracer_find_vm(tracer, child.pid, 30, &vm30, &bpf_err), "30");
	ASSERT(!tracer_find_vm(tracer, child.pid, 31, &vm31, &bpf_err), "31");
	EXPECT_EQ(vm20.serial, vm31.serial);
	EXPECT(vm20.serial != vm30.serial, "two VMs with one number");

	/* A copy in our process does not make the VM ours */
	pidfd = syscall(SYS_pidfd_open, child.pid, 0);
	dupfd = syscall(SYS_pidfd_getfd, pidfd, 20, 0);
	ASSERT(dupfd >= 0, "pidfd_getfd: %s", strerror(errno));
	ASSERT(!tracer_list(tracer, 0, &vms, &nr, &bpf_err), "list");
	ASSERT_EQ(nr, 2);
	EXPECT(vms[0].tgid == child.pid && vms[0].fd == 20, "process %d, %d",
	       vms[0].tgid, vms[0].fd);
	EXPECT(vms[1].tgid == child.pid && vms[1].fd == 30, "process %d, %d",
	       vms[1].tgid, vms[1].fd);
	free(vms);
	ASSERT(!tracer_list(tracer, getpid(), &vms, &nr, &bpf_err), "list");
	ASSERT_EQ(nr, 1);
	EXPECT_EQ(vms[0].serial, vm20.serial);
	free(vms);

	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	for (size_t i = 0; i < log.nr; i++)
		if (log.events[i].type == SLOT_EVENT_CHANGE)
			EXPECT_EQ(log.events[i].serial, vm30.serial);
	/* The VMM dies; its first VM lives on in our hands until we let go */
	EXPECT_EQ(child_end(&child), 0);
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_VM_DESTROY, 0), 1);
	close(dupfd);
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_VM_DESTROY, 0), 2);
	EXPECT_EQ(log.events[log.nr - 1].tgid, getpid());
	EXPECT_EQ(log.events[log.nr - 1].vm.tgid, child.pid);
	EXPECT_EQ(log.events[log.nr - 1].vm.serial, vm20.serial);
	close(pidfd);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

/* A descriptor that is in a socket when the tracer looks for VMs */
static void in_a_socket(const struct child *self, struct diary *diary)
{
	char space[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { .iov_base = space, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space),
	};
	int pair[2], vm = vm_new();
	struct cmsghdr *cmsg;

	diary->nr_threads = 1;
	put_slots(diary, vm);
	diary->threads[0].nr = 0;
	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &vm, sizeof(int));
	if (sendmsg(pair[0], &msg, 0) < 0 || close(vm))
		_exit(46);
	child_step(self);
	msg.msg_controllen = sizeof(space);
	if (recvmsg(pair[1], &msg, 0) < 0)
		_exit(47);
	memcpy(&vm, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	diary->vm_fd = vm;
	ask(diary, 0, vm, slot_at(0, 0, 0, 0, 0));
	child_step(self);
}

static void hidden_at_first(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(in_a_socket, diary);
	const struct tracer_options options = { .tgid = child.pid };
	struct tracer *tracer = tracer_new(&options);
	struct slot_state state, kernel;
	struct slot_log log;
	struct vm_id vm;

	slot_log_init(&log);
	flush_to(tracer, &log);
	EXPECT_EQ(log.nr, 0);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_BASE_END, 0), 2);
	expect_diary(&log, diary);
	ASSERT(!tracer_find_vm(tracer, child.pid, -1, &vm, &bpf_err), "find");
	ASSERT(!fold(&log, &vm, &state), "fold");
	ASSERT(!tracer_snapshot(tracer, &vm, PARTY_KERNEL, &kernel, &bpf_err),
	       "snapshot");
	EXPECT_EQ(state.nr_slots, SLOTS - 1);
	EXPECT_EQ(state.coverage.lost, 0);
	expect_same_state(&state, &kernel);
	slot_state_deinit(&kernel);
	slot_state_deinit(&state);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

/* The number of a VM is never given to another, also at the same address */
static void many_vms(const struct child *self, struct diary *diary)
{
	child_step(self);
	for (int i = 0; i < 13; i++) {
		int vm = vm_new();

		ask(diary, 0, vm, slot_at(i, 0, 0, 0, 0));
		close(vm);
	}
	child_step(self);
}

static void numbers_are_new(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(many_vms, diary);
	const struct tracer_options options = { .tgid = child.pid };
	struct tracer *tracer = tracer_new(&options);
	struct slot_log log;
	uint64_t serial = 0;

	slot_log_init(&log);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(log.nr, 13 * 3);
	for (size_t i = 0; i + 2 < log.nr; i += 3) {
		EXPECT_EQ(log.events[i].type, SLOT_EVENT_VM_CREATE);
		EXPECT_EQ(log.events[i + 1].type, SLOT_EVENT_REQUEST);
		EXPECT_EQ(log.events[i + 2].type, SLOT_EVENT_VM_DESTROY);
		EXPECT(log.events[i].serial > serial, "%llu again",
		       (unsigned long long)serial);
		serial = log.events[i].serial;
		EXPECT_EQ(log.events[i + 1].serial, serial);
		EXPECT_EQ(log.events[i + 2].serial, serial);
	}
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

/* Another program in the same process: what slotscope trace -- CMD does */
static void execs(const struct child *self, struct diary *diary)
{
	char to[16], from[16];

	(void)diary;
	child_step(self);
	snprintf(to, sizeof(to), "%d", self->to);
	snprintf(from, sizeof(from), "%d", self->from);
	fcntl(self->to, F_SETFD, 0);
	fcntl(self->from, F_SETFD, 0);
	execl("/proc/self/exe", "bpf-vms", to, from, NULL);
	_exit(48);
}

static void after_exec(const struct child *self)
{
	int vm = vm_new();
	struct slot_request want = slot_at(3, 0, 0, PAGE, memory_new(PAGE));

	__ask(vm, &want);
	child_step(self);
}

static void exec_is_followed(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(execs, diary);
	const struct tracer_options options = { .tgid = child.pid };
	struct tracer *tracer = tracer_new(&options);
	struct slot_log log;

	slot_log_init(&log);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_VM_CREATE, child.pid), 1);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_REQUEST, child.pid), 1);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_CHANGE, child.pid), 1);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

/* Loaded already is as good; false: it is not built for this kernel */
static bool load_test_module(void)
{
	struct utsname uts;
	char path[256];
	int fd, ret;

	uname(&uts);
	snprintf(path, sizeof(path), "build/kmod-test/%s/slotscope_test.ko",
		 uts.release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ret = syscall(SYS_finit_module, fd, "", 0);
	ret = ret ? errno : 0;
	close(fd);
	ASSERT(!ret || ret == EEXIST, "load %s: %s", path, strerror(ret));
	return true;
}

#define OWN_SLOTS_VMS 5

/* VMs with slots of KVM's own, which KVM deletes while it destroys them */
static void with_own_slots(const struct child *self, struct diary *diary)
{
	int test = open(TEST_DEVICE, O_RDWR | O_CLOEXEC);

	diary->nr_threads = 1;
	diary->vm_fd = vm_new();
	if (ioctl(test, TEST_HIDDEN_SLOTS, diary->vm_fd))
		_exit(50);
	child_step(self);
	/* The first one was there before the tracer */
	close(diary->vm_fd);
	for (int i = 0; i < OWN_SLOTS_VMS; i++) {
		int vm = vm_new();

		if (ioctl(test, TEST_HIDDEN_SLOTS, vm))
			_exit(50);
		ask(diary, 0, vm, slot_at(0, 0, 0, PAGE, memory_new(PAGE)));
		close(vm);
	}
	child_step(self);
}

/* A VM that is gone does nothing any more, and is not taken for another */
static void own_slots_at_the_end(unsigned int avoid)
{
	struct diary *diary;
	struct tracer_options options = { .avoid = avoid };
	struct tracer *tracer;
	struct slot_log log;
	struct child child;
	uint64_t now = 1, last = 0;
	size_t vms = 0;

	if (!load_test_module())
		SKIP("slotscope_test.ko is not built for this kernel");
	diary = diary_new();
	child = child_start(with_own_slots, diary);
	options.tgid = child.pid;
	tracer = tracer_new(&options);
	slot_log_init(&log);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_VM_CREATE, 0), OWN_SLOTS_VMS);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_VM_DESTROY, 0),
		  OWN_SLOTS_VMS + 1);
	expect_diary(&log, diary);
	expect_nothing_lost(tracer);
	for (size_t i = 0; i < log.nr; i++) {
		const struct slot_event *event = &log.events[i];

		if (event->type == SLOT_EVENT_VM_CREATE) {
			EXPECT_EQ(event->serial, last + 1);
			now = event->serial;
			vms++;
		}
		/* All between its creation and its end is the VM's */
		EXPECT(event->serial == now,
		       "event %zu is of VM %llu, not %llu", i,
		       (unsigned long long)event->serial,
		       (unsigned long long)now);
		if (event->type == SLOT_EVENT_VM_DESTROY) {
			last = now;
			now = 0;
		}
	}
	EXPECT_EQ(vms, OWN_SLOTS_VMS);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

static void own_slots_by_fentry(void)
{
	own_slots_at_the_end(1U << TRACER_KPROBE);
}

static void own_slots_by_kprobe(void)
{
	own_slots_at_the_end(1U << TRACER_FENTRY);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "a VM comes and goes", a_life },
		{ "... without kvm_destroy_vm, by fentry",
		  end_elsewhere_by_fentry },
		{ "... without kvm_destroy_vm, by kprobe",
		  end_elsewhere_by_kprobe },
		{ "a VMM is killed", killed },
		{ "a VM of the tracer's own ends late", proof_ends_late },
		{ "it is tried again then", proof_is_tried_again },
		{ "one process is traced, another is not", only_one_process },
		{ "descriptors lead to VMs", descriptors },
		{ "a VM that nobody had when tracing began", hidden_at_first },
		{ "numbers are not used again", numbers_are_new },
		{ "exec is followed", exec_is_followed },
		{ "KVM deletes its own slots at the end, by fentry",
		  own_slots_by_fentry },
		{ "KVM deletes its own slots at the end, by kprobe",
		  own_slots_by_kprobe },
	};

	if (argc == 3) {
		after_exec(&(struct child){ .to = atoi(argv[1]),
					    .from = atoi(argv[2]) });
		return 0;
	}
	return KTAP_RUN(cases);
}
