// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes as they come: threads, zombies, one that ends while we look at it;
 * and the QMP socket of a real one. The processes are this test's own children.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "host/foreign.h"
#include "host/maps.h"
#include "host/proc_file.h"
#include "host/proc_stat.h"
#include "host/qmp_socket.h"
#include "host/vm_fds.h"
#include "host_make.h"

static struct slotscope_error err;
static char dir[] = "/tmp/slotscope-test-XXXXXX";

/* A child that waits to be killed; it has told that it is there */
static pid_t child(void (*prepare)(void))
{
	int told[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (prepare)
			prepare();
		if (write(told[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(told[1]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	close(told[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void rename_it(void)
{
	prctl(PR_SET_NAME, "a) R 1 (b");
}

static void a_child(void **unused)
{
	struct process process, again;
	pid_t pid = child(rename_it);
	struct vm_id id;

	assert_int_equal(process_open(pid, &process, &err), 0);
	assert_int_equal(process.tgid, pid);
	assert_int_equal(process.asked, pid);
	assert_string_equal(process.comm, "a) R 1 (b");
	assert_true(process.start_time > 0);
	assert_int_equal(process_alive(&process), 0);

	assert_int_equal(process_vm_id(&process, 11, &id, &err), 0);
	assert_int_equal(id.tgid, pid);
	assert_int_equal(id.fd, 11);
	assert_int_equal(id.serial, 0);
	assert_true(id.start_time == process.start_time);
	assert_int_equal(strlen(id.boot_id), 36);

	assert_int_equal(process_open(pid, &again, &err), 0);
	assert_true(again.start_time == process.start_time);
	process_close(&again);
	end(pid);
	process_close(&process);
}

static void *wait_there(void *tid)
{
	*(volatile pid_t *)tid = syscall(SYS_gettid);
	for (;;)
		pause();
	return NULL;
}

static void a_thread_leads_to_its_process(void **unused)
{
	volatile pid_t tid = 0;
	struct process process;
	pthread_t thread;

	assert_int_equal(
		pthread_create(&thread, NULL, wait_there, (void *)&tid), 0);
	while (!tid)
		usleep(1000);
	assert_int_equal(process_open(tid, &process, &err), 0);
	assert_int_equal(process.asked, tid);
	assert_int_equal(process.tgid, getpid());
	assert_true(process.asked != process.tgid);
	process_close(&process);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
}

static void nobody(void **unused)
{
	struct process process;
	pid_t pid = child(NULL);

	end(pid);
	assert_int_equal(process_open(pid, &process, &err), -ESRCH);
	assert_int_equal(err.code, ESRCH);
	assert_non_null(strstr(err.why, "no such process"));
	assert_true(err.next[0]);
	/* Above any pid_max */
	assert_int_equal(process_open(INT32_MAX, &process, &err), -ESRCH);
}

static void a_zombie(void **unused)
{
	struct process process;
	pid_t pid = child(NULL);
	siginfo_t info;

	kill(pid, SIGKILL);
	waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
	assert_int_equal(process_open(pid, &process, &err), -ESRCH);
	assert_non_null(strstr(err.why, "has ended"));
	waitpid(pid, NULL, 0);
}

static void a_thread_of_the_kernel(void **unused)
{
	struct process process;

	/* In a container of its own pid namespace it is not to be seen */
	if (process_open(2, &process, &err) == -ESRCH)
		skip();
	assert_int_equal(err.code, EINVAL);
	assert_non_null(strstr(err.why, "kernel"));
}

/* What was opened stays that process, whoever gets its number */
static void it_ends_while_we_look(void **unused)
{
	struct process process;
	struct host_map map;
	struct vm_fds vms;
	char address[QMP_ADDRESS_MAX];
	pid_t pid = child(NULL);

	assert_int_equal(process_open(pid, &process, &err), 0);
	end(pid);
	assert_int_equal(process_alive(&process), -ESRCH);
	assert_int_equal(vm_fds_find(&process, &vms, &err), -ESRCH);
	assert_int_equal(host_map_read(&process, NULL, &map, &err), -ESRCH);
	assert_int_equal(qmp_socket_find(&process, address, &err), -ESRCH);
	assert_int_equal(vm_fd_take(&process, 0, &err), -ESRCH);
	assert_non_null(strstr(err.why, "has ended"));
	process_close(&process);
}

static void its_memory_map(void **unused)
{
	const struct host_range *range;
	struct process process;
	struct host_map map;

	assert_int_equal(process_open(getpid(), &process, &err), 0);
	assert_int_equal(host_map_read(&process, NULL, &map, &err), 0);
	assert_false(map.truncated);
	assert_true(map.at_ns > 0);
	range = host_map_find(&map, (uintptr_t)&process);
	assert_non_null(range);
	assert_true(range->read && range->write && !range->shared);
	range = host_map_find(&map, (uintptr_t)dir);
	assert_non_null(range);
	assert_non_null(strstr(range->path, "test_host_process"));
	assert_null(host_map_find(&map, 0));
	host_map_deinit(&map);
	process_close(&process);
}

static void a_process_without_vms(void **unused)
{
	struct process process;
	struct vm_fds vms;

	assert_int_equal(process_open(getpid(), &process, &err), 0);
	assert_int_equal(vm_fds_find(&process, &vms, &err), 0);
	assert_int_equal(vms.nr, 0);
	assert_int_equal(vm_fds_pick(&process, &vms, -1, &err), -ENOENT);
	assert_int_equal(vm_fds_pick(&process, &vms, 0, &err), -ENOENT);
	vm_fds_deinit(&vms);
	/* Standard input is no VM, and 999 is nothing */
	assert_int_equal(vm_fd_take(&process, 0, &err), -EBADFD);
	assert_int_equal(vm_fd_take(&process, 999, &err), -EBADF);
	process_close(&process);
}

/* Have CAP_SYS_PTRACE no more, or (@on) what was there before */
static void may_look(bool on)
{
	static struct __user_cap_data_struct before[2];
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[2];

	if (!on)
		assert_int_equal(syscall(SYS_capget, &head, before), 0);
	memcpy(caps, before, sizeof(caps));
	if (!on)
		caps[0].effective &= ~(1U << CAP_SYS_PTRACE);
	assert_int_equal(syscall(SYS_capset, &head, caps), 0);
}

/*
 * Root may list the descriptors of any process, and without CAP_SYS_PTRACE see of
 * none what it is: that is no process without VMs and sockets.
 */
static void what_may_not_be_seen_is_not_absent(void **unused)
{
	struct slotscope_error fds_err, qmp_err, look_err;
	struct qmp_socket sockets[QMP_SOCKETS_MAX];
	struct process process;
	struct vm_fds vms;
	int fds, qmp, look;
	size_t nr;

	assert_int_equal(foreign_start(&process, &err), 0);
	may_look(false);
	fds = vm_fds_find(&process, &vms, &fds_err);
	qmp = qmp_sockets_find(&process, sockets, &nr, &qmp_err);
	look = foreign_look(&process, &look_err);
	may_look(true);
	assert_int_equal(fds, -EACCES);
	assert_non_null(strstr(fds_err.why, "not permitted"));
	assert_non_null(strstr(fds_err.next, "CAP_SYS_PTRACE"));
	assert_int_equal(qmp, -EACCES);
	assert_non_null(strstr(qmp_err.next, "CAP_SYS_PTRACE"));
	assert_int_equal(look, -EACCES);
	assert_non_null(strstr(look_err.next, "CAP_SYS_PTRACE"));
	if (!geteuid()) {
		assert_int_equal(foreign_look(&process, &err), 0);
		assert_int_equal(foreign_take(&process, &err), 0);
	}
	foreign_end(&process);
}

static int see_it(const struct process *process, const struct vm_fds *vms,
		  void *opaque)
{
	return 0;
}

/* A list that skipped what may not be seen says how much */
static void what_may_not_be_seen_is_counted(void **unused)
{
	struct vm_list_stats all, some;
	struct process process;

	if (geteuid())
		skip();
	assert_int_equal(foreign_start(&process, &err), 0);
	assert_int_equal(vm_list(see_it, NULL, &all, &err), 0);
	may_look(false);
	assert_int_equal(vm_list(see_it, NULL, &some, &err), 0);
	may_look(true);
	assert_true(some.unreadable > all.unreadable);
	foreign_end(&process);
}

static int listen_at(const char *name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + strlen(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(sun.sun_path, name, strlen(name));
	if (name[0] == '@')
		sun.sun_path[0] = '\0';
	else
		len++;
	if (bind(fd, (struct sockaddr *)&sun, len) || listen(fd, 1))
		_exit(2);
	return fd;
}

/* Go on as a program with this command line, the sockets still open */
static void become(char *const argv[])
{
	fcntl(3, F_SETFD, 0);
	for (int fd = 4; fd < 16; fd++)
		fcntl(fd, F_SETFD, 0);
	execv("/proc/self/exe", argv);
	_exit(3);
}

static char path[64];

static void listen_at_path(void)
{
	listen_at(path);
}

static void listen_at_own_name(void)
{
	char name[64];

	listen_at(path);
	snprintf(name, sizeof(name), "@slotscope-qmp-%d", getpid());
	listen_at(name);
}

static void a_socket_that_nobody_named(void **unused)
{
	char address[QMP_ADDRESS_MAX];
	struct process process;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/a", dir);
	pid = child(listen_at_path);
	assert_int_equal(process_open(pid, &process, &err), 0);
	assert_int_equal(qmp_socket_find(&process, address, &err), -ENOENT);
	assert_non_null(strstr(err.next, path));
	assert_non_null(strstr(err.next, "-qmp"));
	process_close(&process);
	end(pid);
	unlink(path);
}

static void no_socket_at_all(void **unused)
{
	char address[QMP_ADDRESS_MAX];
	struct process process;
	pid_t pid = child(NULL);

	assert_int_equal(process_open(pid, &process, &err), 0);
	assert_int_equal(qmp_socket_find(&process, address, &err), -ENOENT);
	assert_non_null(strstr(err.next, "-qmp unix:"));
	process_close(&process);
	end(pid);
}

static void the_name_of_our_own_vmm(void **unused)
{
	char address[QMP_ADDRESS_MAX], name[64];
	struct process process;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/b", dir);
	pid = child(listen_at_own_name);
	snprintf(name, sizeof(name), "@slotscope-qmp-%d", pid);
	assert_int_equal(process_open(pid, &process, &err), 0);
	assert_int_equal(qmp_socket_find(&process, address, &err), 0);
	assert_string_equal(address, name);
	process_close(&process);
	end(pid);
	unlink(path);
}

/* What "qemu" listens at, and what its command line says */
static void find_by_command_line(const char *bound, const char *cwd,
				 char *const argv[], int want,
				 const char *want_address)
{
	char address[QMP_ADDRESS_MAX];
	struct process process;
	struct stat st;
	int told[2], ret;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		char fd[16];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (chdir(cwd))
			_exit(1);
		close(told[0]);
		listen_at(bound);
		snprintf(fd, sizeof(fd), "%d", told[1]);
		setenv("TEST_CHILD", fd, 1);
		become(argv);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	close(told[0]);
	assert_int_equal(process_open(pid, &process, &err), 0);
	ret = qmp_socket_find(&process, address, &err);
	if (ret != want)
		fail_msg("%s: %s, %s", bound, strerror(-ret), err.why);
	if (!ret && want_address)
		assert_string_equal(address, want_address);
	if (!ret && address[0] != '@') {
		assert_int_equal(stat(address, &st), 0);
		assert_true(S_ISSOCK(st.st_mode));
	}
	process_close(&process);
	end(pid);
}

static void the_command_line_tells(void **unused)
{
	char word[128], here[96], there[96];
	char *argv[] = { "qemu", "-qmp", word, NULL };
	char *mon[] = {
		"qemu", "-chardev", word, "-mon", "c,mode=control", NULL
	};
	char *ours[] = { "slotscope-vm", NULL };

	snprintf(here, sizeof(here), "%s/q", dir);
	snprintf(word, sizeof(word), "unix:%s,server=on,wait=off", here);
	find_by_command_line(here, "/", argv, 0, here);
	unlink(here);

	snprintf(word, sizeof(word), "socket,id=c,path=%s,server=on", here);
	find_by_command_line(here, "/", mon, 0, here);
	unlink(here);

	strcpy(word, "socket,id=c,path=slotscope-test-q,abstract=on");
	find_by_command_line("@slotscope-test-q", "/", mon, 0,
			     "@slotscope-test-q");

	/* Relative to the VMM's directory, which is not ours */
	strcpy(word, "unix:q,server=on");
	find_by_command_line("q", dir, argv, 0, NULL);
	unlink(here);

	/* Named, but it listens elsewhere */
	snprintf(there, sizeof(there), "%s/other", dir);
	snprintf(word, sizeof(word), "unix:%s,server=on", here);
	find_by_command_line(there, "/", argv, -ENOTCONN, NULL);
	unlink(there);

	/* Our VMM: it will have one, whatever its command line */
	find_by_command_line(there, "/", ours, -ENOTCONN, NULL);
	unlink(there);
}

/* Under the name that a program of @name's file would have */
static int child_of_exec(const char *name, const char *fd)
{
	prctl(PR_SET_NAME, name);
	if (write(atoi(fd), "x", 1) != 1)
		return 1;
	for (;;)
		pause();
}

static int make_dir(void **unused)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **unused)
{
	return rmdir(dir);
}

static void *wait_to_be_killed(void *unused)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
	return NULL;
}

/* A socket, a VM where one can be made, and a thread that outlives main() */
static void prepare_two_threads(void)
{
	pthread_t thread;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	listen_at(path);
	if (kvm >= 0)
		ioctl(kvm, KVM_CREATE_VM, 0);
	if (pthread_create(&thread, NULL, wait_to_be_killed, NULL))
		_exit(1);
}

static void end_this_thread(int unused)
{
	syscall(SYS_exit, 0);
}

static void prepare_to_lose_main(void)
{
	prepare_two_threads();
	signal(SIGUSR1, end_this_thread);
}

static char state_of(pid_t pid)
{
	struct proc_text file;
	struct proc_stat stat = {};
	char name[32];

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	if (proc_read(AT_FDCWD, name, 4096, &file))
		return 0;
	assert_int_equal(proc_stat_parse(file.text, file.len, &stat), 0);
	free(file.text);
	return stat.state;
}

static void look_without_main(struct process *process, size_t nr_vms)
{
	char address[QMP_ADDRESS_MAX];
	struct host_map map;
	struct vm_fds vms;
	int fd;

	assert_int_equal(process_alive(process), 0);
	assert_int_equal(vm_fds_find(process, &vms, &err), 0);
	assert_int_equal(vms.nr, nr_vms);
	assert_int_equal(process_refresh(process), 0);
	assert_true(process_in_view(process));
	assert_true(process->tid != process->tgid);
	assert_int_equal(host_map_read(process, NULL, &map, &err), 0);
	assert_non_null(host_map_find(&map, (uintptr_t)dir));
	host_map_deinit(&map);
	assert_int_equal(qmp_socket_find(process, address, &err), -ENOENT);
	assert_non_null(strstr(err.next, path));
	fd = vm_fd_take(process, nr_vms ? vms.vms[0].fd : 0, &err);
	if (fd == -EOPNOTSUPP)
		assert_non_null(strstr(err.why, "first thread"));
	else if (nr_vms)
		assert_true(fd >= 0);
	else
		assert_int_equal(fd, -EBADFD);
	if (fd >= 0)
		close(fd);
	vm_fds_deinit(&vms);
}

/* main() has called pthread_exit(): the process goes on, and so has its VMs */
static void its_first_thread_has_ended(void **unused)
{
	struct process before, process;
	struct vm_fds vms;
	size_t nr_vms;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/t", dir);
	pid = child(prepare_to_lose_main);
	assert_int_equal(process_open(pid, &before, &err), 0);
	assert_int_equal(before.tid, pid);
	assert_int_equal(vm_fds_find(&before, &vms, &err), 0);
	nr_vms = vms.nr;
	vm_fds_deinit(&vms);
	syscall(SYS_tgkill, pid, pid, SIGUSR1);
	while (state_of(pid) != 'Z')
		usleep(1000);

	assert_false(process_in_view(&before));
	assert_int_equal(process_open(pid, &process, &err), 0);
	assert_int_equal(process.tgid, pid);
	assert_true(process.start_time == before.start_time);
	look_without_main(&process, nr_vms);
	look_without_main(&before, nr_vms);

	assert_int_equal(process_signal(&before, SIGSTOP), 0);
	while (!process_stopped(&before))
		usleep(1000);
	assert_true(process_stopped(&process));
	end(pid);
	assert_int_equal(process_alive(&process), -ESRCH);
	assert_int_equal(vm_fds_find(&process, &vms, &err), -ESRCH);
	process_close(&process);
	process_close(&before);
	unlink(path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child),
		cmocka_unit_test(a_thread_leads_to_its_process),
		cmocka_unit_test(nobody),
		cmocka_unit_test(a_zombie),
		cmocka_unit_test(a_thread_of_the_kernel),
		cmocka_unit_test(it_ends_while_we_look),
		cmocka_unit_test(its_memory_map),
		cmocka_unit_test(a_process_without_vms),
		cmocka_unit_test(its_first_thread_has_ended),
		cmocka_unit_test(what_may_not_be_seen_is_not_absent),
		cmocka_unit_test(what_may_not_be_seen_is_counted),
		cmocka_unit_test(a_socket_that_nobody_named),
		cmocka_unit_test(no_socket_at_all),
		cmocka_unit_test(the_name_of_our_own_vmm),
		cmocka_unit_test(the_command_line_tells),
	};

	if (argc && getenv("TEST_CHILD"))
		return child_of_exec(argv[0], getenv("TEST_CHILD"));
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
