// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking at the right process: whoever a followed process makes, and whoever
 * has to do with its VMs, by whatever way they came to it.
 */
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "bpf-test.h"

#define SLOTS 7

/* A VM with slots, by whoever runs it; the diary has room for many */
static int make_vm(struct diary *diary, size_t thread)
{
	uint64_t hva = memory_new(MIB);
	int vm = vm_new();

	for (uint32_t i = 0; i < SLOTS; i++)
		ask(diary, thread, vm, slot_at(i, 0, i * MIB, PAGE, hva));
	return vm;
}

/* What a test looks at: what was told, of whom */
struct seen {
	struct diary *diary;
	struct child child;
	struct tracer *tracer;
	struct slot_log log;
};

static struct seen begin(void (*run)(const struct child *self,
				     struct diary *diary))
{
	struct seen seen = { .diary = diary_new() };
	struct tracer_options options = { 0 };

	seen.child = child_start(run, seen.diary);
	options.tgid = seen.child.pid;
	seen.tracer = tracer_new(&options);
	slot_log_init(&seen.log);
	ASSERT(tracer_hook_used(tracer_report(seen.tracer), TRACER_PROCESSES),
	       "children are not followed");
	return seen;
}

static void end(struct seen *seen)
{
	EXPECT_EQ(child_end(&seen->child), 0);
	expect_nothing_lost(seen->tracer);
	slot_log_deinit(&seen->log);
	tracer_close(seen->tracer);
	diary_free(seen->diary);
}

/* A daemon: the process that was started is gone before the VM is made */
static void daemonises(const struct child *self, struct diary *diary)
{
	diary->nr_threads = 1;
	child_step(self);
	if (!fork()) {
		setsid();
		if (!fork()) {
			close(make_vm(diary, 0));
			child_step(self);
			_exit(0);
		}
		_exit(0);
	}
	wait(NULL);
	/* The daemon takes the next steps */
	_exit(0);
}

static void a_daemon(void)
{
	struct seen seen = begin(daemonises);
	struct tracer_process *processes;
	siginfo_t info;
	pid_t tid;
	size_t nr;

	ASSERT(child_go(&seen.child), "the child failed");
	waitid(P_PID, seen.child.pid, &info, WEXITED | WNOWAIT);
	flush_to(seen.tracer, &seen.log);
	tid = seen.diary->threads[0].tid;
	EXPECT(tid && tid != seen.child.pid, "no other process did it");
	EXPECT_EQ(count_events(&seen.log, SLOT_EVENT_VM_CREATE, tid), 1);
	EXPECT_EQ(count_events(&seen.log, SLOT_EVENT_CHANGE, tid), SLOTS);
	EXPECT_EQ(count_events(&seen.log, SLOT_EVENT_VM_DESTROY, tid), 1);
	EXPECT_EQ(expect_diary(&seen.log, seen.diary), 0);
	/* The only VM is the first one */
	EXPECT_EQ(seen.log.events[0].serial, 1);
	/* It alone is left: that which was started is a zombie */
	ASSERT(!tracer_followed(seen.tracer, &processes, &nr, &bpf_err),
	       "%s: %s", bpf_err.tried, bpf_err.why);
	EXPECT_EQ(nr, 1);
	if (nr) {
		EXPECT_EQ(processes[0].tgid, tid);
		EXPECT(!strcmp(processes[0].comm, "bpf-follow"), "it is %.16s",
		       processes[0].comm);
	}
	free(processes);
	end(&seen);
}

/* One that shares the memory is made before the tracer looks, and one after */
struct sharer {
	const struct child *self;
	struct diary *diary;
	size_t thread;
	int vm;
	int go[2];
};

static int sharer_runs(void *arg)
{
	struct sharer *sharer = arg;
	char c;

	if (read(sharer->go[0], &c, 1) != 1)
		_exit(60);
	if (sharer->vm >= 0)
		ask(sharer->diary, sharer->thread, sharer->vm,
		    slot_at(0, 0, 0, 0, 0));
	else
		make_vm(sharer->diary, sharer->thread);
	_exit(0);
}

static pid_t make_sharer(struct sharer *sharer)
{
	size_t size = 64 << 10;
	char *stack = (char *)memory_new(size);
	pid_t pid;

	if (pipe(sharer->go))
		_exit(61);
	pid = clone(sharer_runs, stack + size, CLONE_VM | SIGCHLD, sharer);
	if (pid < 0)
		_exit(62);
	return pid;
}

static void let_run(struct sharer *sharer, pid_t pid)
{
	if (write(sharer->go[1], "", 1) != 1)
		_exit(63);
	waitpid(pid, NULL, 0);
}

static void shares_memory(const struct child *self, struct diary *diary)
{
	struct sharer sharers[4];
	pid_t pids[4];
	int vm;

	diary->nr_threads = 5;
	vm = make_vm(diary, 0);
	diary->threads[0].nr = 0;
	diary->vm_fd = vm;
	for (int i = 0; i < 4; i++) {
		/* Two before, two after: each asks, or makes a VM of its own */
		sharers[i] = (struct sharer){
			.self = self,
			.diary = diary,
			.thread = i + 1,
			.vm = i % 2 ? -1 : vm,
		};
		if (i == 2)
			child_step(self);
		pids[i] = make_sharer(&sharers[i]);
	}
	for (int i = 0; i < 4; i++)
		let_run(&sharers[i], pids[i]);
	child_step(self);
}

static void shared_memory(void)
{
	struct seen seen = begin(shares_memory);
	struct slot_state state, kernel;
	struct vm_id vm;

	ASSERT(child_go(&seen.child), "the child failed");
	flush_to(seen.tracer, &seen.log);
	EXPECT_EQ(expect_diary(&seen.log, seen.diary), 0);
	EXPECT_EQ(count_events(&seen.log, SLOT_EVENT_VM_CREATE, 0), 2);
	EXPECT_EQ(count_events(&seen.log, SLOT_EVENT_REQUEST, 0),
		  2 + 2 * SLOTS);
	ASSERT(!tracer_find_vm(seen.tracer, seen.child.pid, seen.diary->vm_fd,
			       &vm, &bpf_err),
	       "%s", bpf_err.why);
	ASSERT(!fold(&seen.log, &vm, &state), "fold");
	ASSERT(!tracer_snapshot(seen.tracer, &vm, PARTY_KERNEL, &kernel,
				&bpf_err),
	       "snapshot");
	EXPECT_EQ(state.nr_slots, SLOTS - 1);
	expect_same_state(&state, &kernel);
	slot_state_deinit(&state);
	slot_state_deinit(&kernel);
	end(&seen);
}

/* Through a socket to a process that nobody follows, and from one */
static void send_fd(int to, int fd)
{
	char space[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { .iov_base = space, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	if (sendmsg(to, &msg, 0) < 0)
		_exit(64);
}

static int receive_fd(int from)
{
	char space[CMSG_SPACE(sizeof(int))] = "", c;
	struct iovec iov = { .iov_base = &c, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space),
	};
	int fd;

	if (recvmsg(from, &msg, 0) < 0)
		_exit(65);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

static int sockets[2]; /* 0: the followed one's, 1: the stranger's */

static void gives_and_takes(const struct child *self, struct diary *diary)
{
	int vm;

	diary->nr_threads = 1;
	child_step(self);
	vm = make_vm(diary, 0);
	send_fd(sockets[0], vm);
	child_step(self);
	/* Not the memory of the one that made it: EIO */
	ask(diary, 0, receive_fd(sockets[0]), slot_at(0, 0, 0, PAGE, 0));
	child_step(self);
}

static void stranger(const struct child *self, struct diary *diary)
{
	int vm;

	diary->nr_threads = 1;
	child_step(self);
	vm = receive_fd(sockets[1]);
	ask(diary, 0, vm, slot_at(0, 0, 0, 0, 0));
	child_step(self);
	vm = make_vm(diary, 0);
	send_fd(sockets[1], vm);
	child_step(self);
	ask(diary, 0, vm, slot_at(3, 0, 0, 0, 0));
	child_step(self);
}

static void handed_over(void)
{
	struct diary *others = diary_new();
	struct child other;
	struct seen seen;
	size_t changes;

	ASSERT(!socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets), "socketpair");
	other = child_start(stranger, others);
	seen = begin(gives_and_takes);
	ASSERT(child_go(&seen.child) && child_go(&other), "a child failed");
	flush_to(seen.tracer, &seen.log);
	/* What a stranger asks of a VM that is traced is told */
	EXPECT_EQ(count_events(&seen.log, SLOT_EVENT_REQUEST, other.pid), 1);
	EXPECT_EQ(others->threads[0].done[0].result, -EIO);
	EXPECT_EQ(expect_diary(&seen.log, others), 0);
	/* What it does with its own is not, until one that is followed asks */
	ASSERT(child_go(&other), "the stranger failed");
	flush_to(seen.tracer, &seen.log);
	EXPECT_EQ(count_events(&seen.log, SLOT_EVENT_REQUEST, other.pid), 1);
	EXPECT_EQ(count_events(&seen.log, SLOT_EVENT_VM_CREATE, 0), 1);
	ASSERT(child_go(&seen.child), "the child failed");
	flush_to(seen.tracer, &seen.log);
	EXPECT_EQ(expect_diary(&seen.log, seen.diary), 0);
	EXPECT_EQ(count_events(&seen.log, SLOT_EVENT_BASE, 0), SLOTS);
	changes = count_events(&seen.log, SLOT_EVENT_CHANGE, other.pid);
	EXPECT_EQ(changes, 0);
	ASSERT(child_go(&other), "the stranger failed");
	flush_to(seen.tracer, &seen.log);
	EXPECT_EQ(count_events(&seen.log, SLOT_EVENT_CHANGE, other.pid), 1);
	EXPECT_EQ(child_end(&other), 0);
	diary_free(others);
	end(&seen);
	close(sockets[0]);
	close(sockets[1]);
}

/* A VM that a child inherits, another one in a namespace, two in one process */
static void inherits(const struct child *self, struct diary *diary)
{
	int vm, pid;

	diary->nr_threads = 4;
	child_step(self);
	vm = make_vm(diary, 0);
	make_vm(diary, 0);
	pid = fork();
	if (!pid) {
		ask(diary, 1, vm, slot_at(0, 0, 0, 0, 0));
		make_vm(diary, 1);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	if (unshare(CLONE_NEWPID))
		_exit(66);
	pid = fork();
	if (!pid) {
		make_vm(diary, 2);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	/* Pids in the diary are those of its namespace: 1 */
	diary->threads[2].tid = pid;
	child_step(self);
}

static void inherited(void)
{
	struct seen seen = begin(inherits);
	struct vm_id *vms;
	size_t nr;

	ASSERT(child_go(&seen.child), "the child failed");
	flush_to(seen.tracer, &seen.log);
	EXPECT_EQ(expect_diary(&seen.log, seen.diary), 0);
	EXPECT_EQ(count_events(&seen.log, SLOT_EVENT_VM_CREATE, 0), 4);
	EXPECT_EQ(count_events(&seen.log, SLOT_EVENT_VM_DESTROY, 0), 2);
	ASSERT(!tracer_list(seen.tracer, TRACER_FOLLOWED, &vms, &nr, &bpf_err),
	       "list: %s", bpf_err.why);
	EXPECT_EQ(nr, 2);
	for (size_t i = 0; i < nr; i++)
		EXPECT_EQ(vms[i].tgid, seen.child.pid);
	free(vms);
	/* Each change bears the number of its request, and of no other */
	for (size_t i = 0; i < seen.log.nr; i++) {
		const struct slot_event *event = &seen.log.events[i];

		if (event->type != SLOT_EVENT_CHANGE)
			continue;
		if (!EXPECT(i + 1 < seen.log.nr, "a change is the last"))
			break;
		EXPECT_EQ(event[1].type, SLOT_EVENT_REQUEST);
		EXPECT(event->call, "a change without a request");
		EXPECT_EQ(event[1].call, event->call);
	}
	end(&seen);
}

/* A kernel that has no end of processes: what has ended is not kept */
static void makes_many(const struct child *self, struct diary *diary)
{
	(void)diary;
	child_step(self);
	for (int i = 0; i < 211; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	child_step(self);
}

static void ended(void)
{
	struct seen seen = begin(makes_many);
	struct tracer_process *processes;
	size_t nr;

	ASSERT(child_go(&seen.child), "the child failed");
	/* The same once tracing is over: whoever started them may end them */
	for (int finished = 0; finished < 2; finished++) {
		ASSERT(!tracer_followed(seen.tracer, &processes, &nr, &bpf_err),
		       "%s: %s", bpf_err.tried, bpf_err.why);
		EXPECT_EQ(nr, 1);
		if (nr)
			EXPECT_EQ(processes[0].tgid, seen.child.pid);
		free(processes);
		ASSERT(tracer_finish(seen.tracer, tracer_to_log, &seen.log,
				     &bpf_err) >= 0,
		       "%s: %s", bpf_err.tried, bpf_err.why);
	}
	end(&seen);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a daemon", a_daemon },
		{ "processes that share memory", shared_memory },
		{ "VMs handed over", handed_over },
		{ "VMs inherited, in a namespace, two in a process",
		  inherited },
		{ "processes that have ended", ended },
	};

	return KTAP_RUN(cases);
}
