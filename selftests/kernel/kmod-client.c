// SPDX-License-Identifier: GPL-2.0-or-later
/* Our own client: VMs of other processes by pid alone, and what KVM holds. */
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "host/module.h"
#include "host/vm_fds.h"

#include "kmod-test.h"

static struct slotscope_error err;
static char *memory;

/*
 * A VMM: a VM with 7 slots at descriptor 20 and its duplicates 40 and 30, one
 * with 3 slots at 25
 */
static void be_vmm(void)
{
	int seven = __vm_create(), three = __vm_create(), i;

	for (i = 0; i < 7; i++)
		if (__vm_set(seven, i, 0, i * MIB, MIB, memory + i * MIB))
			_exit(1);
	for (i = 0; i < 3; i++)
		if (__vm_set(three, i, 0, i * MIB, MIB, memory + i * MIB))
			_exit(1);
	dup2(seven, 40);
	dup2(seven, 20);
	dup2(seven, 30);
	dup2(three, 25);
	close(seven);
	close(three);
}

static int must_open(void)
{
	int fd = module_open(NULL, &err);

	ASSERT(fd >= 0, "%s: %s", err.tried, err.why);
	return fd;
}

static void vms_by_pid_alone(void)
{
	struct process process;
	struct slot_state state;
	struct vm_fds vms;
	pid_t pid = child_start(be_vmm);
	int module = must_open(), own = vm_create(), fd;
	size_t i;

	ASSERT_EQ(process_open(pid, &process, &err), 0);
	ASSERT_EQ(vm_fds_find(&process, &vms, &err), 0);
	EXPECT(vms.grouped, "kcmp() did not tell");
	ASSERT_EQ(vms.nr, 2);
	EXPECT_EQ(vms.vms[0].fd, 20);
	EXPECT_EQ(vms.vms[0].nr_fds, 3);
	EXPECT_EQ(vms.vms[1].fd, 25);
	EXPECT_EQ(vms.vms[1].nr_fds, 1);

	/* Two VMs and none named; each by any of its descriptors; neither */
	EXPECT_EQ(vm_fds_pick(&process, &vms, -1, &err), -ENOTUNIQ);
	EXPECT(strstr(err.next, "20, 25"), "next: %s", err.next);
	EXPECT_EQ(vm_fds_pick(&process, &vms, 40, &err), 20);
	EXPECT_EQ(vm_fds_pick(&process, &vms, 25, &err), 25);
	EXPECT_EQ(vm_fds_pick(&process, &vms, 0, &err), -ENOENT);
	vm_fds_deinit(&vms);

	fd = vm_fd_take(&process, 25, &err);
	ASSERT(fd >= 0, "%s: %s", err.tried, err.why);
	EXPECT(fcntl(fd, F_GETFD) & FD_CLOEXEC, "exec would inherit it");
	EXPECT_EQ(module_snapshot(module, fd, &state, &err), 0);
	EXPECT_EQ(state.nr_slots, 3);
	slot_state_deinit(&state);
	close(fd);

	fd = vm_fd_take(&process, 40, &err);
	ASSERT(fd >= 0, "%s: %s", err.tried, err.why);
	EXPECT_EQ(module_snapshot(module, fd, &state, &err), 0);
	EXPECT_EQ(state.party, PARTY_KERNEL);
	EXPECT_EQ(state.coverage.fields, SLOT_FIELDS_ALL);
	/* KVM itself answers the VM's owner alone: ask it of one of ours */
	EXPECT_EQ(state.nr_as, vm_nr_as(own));
	ASSERT_EQ(state.nr_slots, 7);
	for (i = 0; i < 7; i++) {
		EXPECT_EQ(state.slots[i].id, i);
		EXPECT_EQ(state.slots[i].gpa, i * MIB);
		EXPECT_EQ(state.slots[i].size, MIB);
		EXPECT_EQ(state.slots[i].hva, (uintptr_t)memory + i * MIB);
	}
	slot_state_deinit(&state);
	/* The VMM goes, its VM stays for us */
	child_end(pid);
	EXPECT_EQ(module_snapshot(module, fd, &state, &err), 0);
	EXPECT_EQ(state.nr_slots, 7);
	slot_state_deinit(&state);
	close(fd);
	EXPECT_EQ(vm_fd_take(&process, 20, &err), -ESRCH);
	process_close(&process);
	close(own);
	close(module);
}

static void room_grows_with_the_vm(void)
{
	int module = must_open(), vm = vm_create(), i;
	struct slot_state state;

	for (i = 0; i < 1009; i++)
		vm_set(vm, i, i & 1 ? KVM_MEM_READONLY : 0, i * MIB, PAGE,
		       memory);
	ASSERT_EQ(module_snapshot(module, vm, &state, &err), 0);
	EXPECT_EQ(state.nr_slots, 1009);
	EXPECT(!state.coverage.truncated, "truncated");
	EXPECT_EQ(state.coverage.nr_blind, 0);
	for (i = 0; i < 1009; i++)
		EXPECT_EQ(state.slots[i].flags, i & 1 ? SLOT_READONLY : 0);
	slot_state_deinit(&state);
	close(vm);
	close(module);
}

static void generations_bracket_a_change(void)
{
	struct slot_state before, between, after;
	int module = must_open(), vm = vm_create();

	vm_set(vm, 0, 0, 0, MIB, memory);
	ASSERT_EQ(module_generations(module, vm, &before, &err), 0);
	ASSERT_EQ(module_generations(module, vm, &between, &err), 0);
	EXPECT_EQ(before.nr_slots, 0);
	EXPECT_EQ(before.coverage.fields, SLOT_FIELD_GENERATION);
	EXPECT(module_same_moment(&before, &between), "nothing was changed");
	vm_set(vm, 0, 0, 0, 0, NULL);
	ASSERT_EQ(module_generations(module, vm, &after, &err), 0);
	EXPECT(!module_same_moment(&between, &after), "a slot was deleted");
	slot_state_deinit(&before);
	slot_state_deinit(&between);
	slot_state_deinit(&after);
	close(vm);
	close(module);
}

struct seen {
	pid_t wanted;
	unsigned int times;
	size_t vms;
};

static int note(const struct process *process, const struct vm_fds *vms,
		void *opaque)
{
	struct seen *seen = opaque;

	if (process->tgid == seen->wanted) {
		seen->times++;
		seen->vms = vms->nr;
	}
	return 0;
}

static int give_up(const struct process *process, const struct vm_fds *vms,
		   void *opaque)
{
	return 77;
}

static void a_list_of_all(void)
{
	struct vm_list_stats stats;
	pid_t pid = child_start(be_vmm);
	struct seen seen = { .wanted = pid };

	EXPECT_EQ(vm_list(note, &seen, &stats, &err), 0);
	EXPECT_EQ(seen.times, 1);
	EXPECT_EQ(seen.vms, 2);
	EXPECT(stats.processes >= 2, "only %zu processes", stats.processes);
	EXPECT_EQ(stats.unreadable, 0);
	EXPECT_EQ(vm_list(give_up, NULL, &stats, &err), 77);
	child_end(pid);
}

static void be_nobody(void)
{
	if (setgid(65534) || setuid(65534))
		_exit(2);
}

/* In a child without privileges: 0, or the line that went wrong */
static int look_as_nobody(pid_t vmm)
{
	struct vm_list_stats stats;
	struct process process;
	struct vm_fds vms;
	struct seen seen = { .wanted = vmm };

	be_nobody();
	if (module_open(NULL, &err) != -EACCES || !err.next[0])
		return __LINE__;
	if (process_open(vmm, &process, &err))
		return __LINE__;
	if (vm_fds_find(&process, &vms, &err) != -EACCES || !err.next[0])
		return __LINE__;
	if (vm_fd_take(&process, 20, &err) != -EPERM || !err.next[0])
		return __LINE__;
	/* Not seen is not the same as not there */
	if (vm_list(note, &seen, &stats, &err) || seen.times ||
	    !stats.unreadable)
		return __LINE__;
	return 0;
}

static void without_privileges(void)
{
	pid_t vmm = child_start(be_vmm), pid;
	int status;

	pid = fork();
	if (!pid)
		_exit(look_as_nobody(vmm) & 0xff);
	waitpid(pid, &status, 0);
	EXPECT(!status, "it went wrong in line %d (modulo 256), status 0x%x",
	       WEXITSTATUS(status), status);
	child_end(vmm);
}

static void what_is_no_vm(void)
{
	int module = must_open(), event = eventfd(0, EFD_CLOEXEC);
	struct slot_state state;

	EXPECT_EQ(module_snapshot(module, event, &state, &err), -EBADFD);
	EXPECT(strstr(err.why, "not a VM"), "why: %s", err.why);
	slot_state_deinit(&state);
	EXPECT_EQ(module_snapshot(module, -1, &state, &err), -EBADF);
	slot_state_deinit(&state);
	close(event);
	close(module);
}

static void the_module_is_not_loaded(void)
{
	char cwd[256], wanted[512];
	struct utsname name;

	ASSERT(getcwd(cwd, sizeof(cwd)) && !uname(&name), "%s",
	       strerror(errno));
	snprintf(wanted, sizeof(wanted), "insmod %s/build/kmod/%s/slotscope.ko",
		 cwd, name.release);
	ASSERT_ERRNO(__module_unload(MODULE_NAME), 0);
	EXPECT_EQ(module_open(NULL, &err), -ENOENT);
	EXPECT(strstr(err.why, "not loaded"), "why: %s", err.why);
	EXPECT(strstr(err.next, wanted), "next: %s", err.next);
	ASSERT_ERRNO(__slotscope_load(), 0);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(vms_by_pid_alone),
		KTAP_CASE(room_grows_with_the_vm),
		KTAP_CASE(generations_bracket_a_change),
		KTAP_CASE(a_list_of_all),
		KTAP_CASE(without_privileges),
		KTAP_CASE(what_is_no_vm),
		KTAP_CASE(the_module_is_not_loaded),
	};

	need_module_and_kvm();
	memory = guest_memory(16 * MIB);
	return KTAP_RUN(cases);
}
