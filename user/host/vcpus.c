// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "base/grow.h"
#include "host/maps.h"
#include "host/proc_file.h"
#include "host/vcpus.h"

/* The name that KVM gives the file of a vCPU (virt/kvm/kvm_main.c) */
#define VCPU_LINK "anon_inode:kvm-vcpu:"

/* Linux 6.7 */
#define EXIT_MEMORY_FAULT 39

/* As the union in struct kvm_run has it, which older headers lack */
struct memory_fault {
	uint64_t flags;
	uint64_t gpa;
	uint64_t size;
};

bool vcpus_parse_maps(const char **text, int32_t *id, hva_t *start)
{
	const char *line, *end, *name;
	char path[64];

	while (**text) {
		line = *text;
		end = strchrnul(line, '\n');
		*text = *end ? end + 1 : end;
		name = strstr(line, VCPU_LINK);
		if (!name || name >= end || end - name >= (int)sizeof(path))
			continue;
		memcpy(path, name, end - name);
		path[end - name] = '\0';
		if (sscanf(path + strlen(VCPU_LINK), "%" SCNd32, id) == 1 &&
		    sscanf(line, "%" SCNx64 "-", start) == 1)
			return true;
	}
	return false;
}

int vcpus_parse_call(const char *text)
{
	unsigned long fd, cmd, pc;
	long nr;

	/*
	 * A worker of KVM's is a thread of the VMM, too, and bears the registers of
	 * the vCPU's that it was made from; but it has no place in user space
	 */
	if (sscanf(text, "%ld %lx %lx %*x %*x %*x %*x %*x %lx", &nr, &fd, &cmd,
		   &pc) != 4 ||
	    nr != SYS_ioctl || cmd != KVM_RUN || !pc)
		return -1;
	return (int)fd;
}

bool vcpus_exit_of(const struct kvm_run *run, struct slot_exit *out)
{
	struct memory_fault fault;

	*out = (struct slot_exit){ 0 };
	switch (run->exit_reason) {
	case KVM_EXIT_MMIO:
		out->reason = SLOT_EXIT_MMIO;
		out->gpa = run->mmio.phys_addr;
		out->len = run->mmio.len;
		out->write = run->mmio.is_write;
		return true;
	case EXIT_MEMORY_FAULT:
		memcpy(&fault, &run->mmio, sizeof(fault));
		out->reason = SLOT_EXIT_MEMORY_FAULT;
		out->gpa = fault.gpa;
		out->len = fault.size;
		out->flags = fault.flags;
		return true;
	case KVM_EXIT_INTERNAL_ERROR:
		out->reason = SLOT_EXIT_INTERNAL_ERROR;
		out->flags = run->internal.suberror;
		return true;
	case KVM_EXIT_SHUTDOWN:
		out->reason = SLOT_EXIT_SHUTDOWN;
		return true;
	default:
		return false;
	}
}

/* What is shared with KVM is read as any of the VMM's memory */
static void read_run(const struct process *process, hva_t at,
		     struct vcpu_word *word)
{
	struct kvm_run run;
	int fd = openat(process->dir, "mem", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (pread(fd, &run, sizeof(run), (off_t)at) == (ssize_t)sizeof(run)) {
		word->told = true;
		word->has_exit = vcpus_exit_of(&run, &word->exit);
		word->exit.vcpu = word->id;
		word->exit_reason = run.exit_reason;
	}
	close(fd);
}

static int find_vcpus(const struct process *process, struct vcpu_word **out,
		      size_t *nr)
{
	struct vcpu_word *words;
	struct proc_text maps;
	const char *text;
	size_t cap = 0;
	hva_t start;
	int32_t id;
	int ret = proc_read(process->dir, "maps", HOST_MAP_TEXT_MAX, &maps);

	if (ret)
		return ret;
	for (text = maps.text; vcpus_parse_maps(&text, &id, &start);) {
		/* Of the pages of one mapping, the first is struct kvm_run */
		if (*nr && (*out)[*nr - 1].id == id)
			continue;
		words = grown(*out, *nr, &cap, sizeof(*words));
		if (!words) {
			ret = -ENOMEM;
			break;
		}
		*out = words;
		words[*nr] = (struct vcpu_word){ .id = id };
		read_run(process, start, &words[(*nr)++]);
	}
	free(maps.text);
	return ret;
}

/* The vCPU behind a descriptor, or -1 */
static int32_t vcpu_of_fd(const struct process *process, int fd)
{
	char name[32], link[64];
	int32_t id;

	snprintf(name, sizeof(name), "fd/%d", fd);
	if (proc_readlink(process->dir, name, link, sizeof(link)) < 0 ||
	    strncmp(link, VCPU_LINK, strlen(VCPU_LINK)) ||
	    sscanf(link + strlen(VCPU_LINK), "%" SCNd32, &id) != 1)
		return -1;
	return id;
}

static bool sleeps_in_userfaultfd(int tasks, const char *tid)
{
	struct proc_text stack;
	char name[64];
	bool sleeps;

	snprintf(name, sizeof(name), "%.16s/stack", tid);
	if (proc_read(tasks, name, 1 << 16, &stack))
		return false;
	sleeps = strstr(stack.text, "handle_userfault");
	free(stack.text);
	return sleeps;
}

/* Return: 1; 0 if it runs, so that it may be in any; or a negative errno */
static int look_at_thread(const struct process *process, int tasks,
			  const char *tid, struct vcpu_word *words, size_t nr)
{
	struct proc_text call;
	char name[64];
	int32_t id = -1;
	int ret, fd;

	snprintf(name, sizeof(name), "%.16s/syscall", tid);
	ret = proc_read(tasks, name, 4096, &call);
	if (ret == -ESRCH || ret == -ENOENT)
		return 1; /* it ended */
	if (ret)
		return ret;
	ret = strncmp(call.text, "running", 7) ? 1 : 0;
	fd = ret ? vcpus_parse_call(call.text) : -1;
	free(call.text);
	if (fd >= 0)
		id = vcpu_of_fd(process, fd);
	for (size_t i = 0; i < nr && id >= 0; i++) {
		if (words[i].id != id)
			continue;
		words[i].where = VCPU_IN_RUN;
		words[i].tid = (pid_t)strtol(tid, NULL, 10);
		words[i].asleep = sleeps_in_userfaultfd(tasks, tid);
	}
	return ret;
}

static void look_at_threads(const struct process *process,
			    struct vcpu_word *words, size_t nr)
{
	const struct dirent *entry;
	bool all = true;
	DIR *dir;

	if (proc_opendir(process->dir, "task", &dir))
		return;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    look_at_thread(process, dirfd(dir), entry->d_name, words,
				   nr) <= 0)
			all = false;
	closedir(dir);
	/* Only where no thread is left that may be in it */
	for (size_t i = 0; i < nr && all; i++)
		if (words[i].where == VCPU_ANYWHERE)
			words[i].where = VCPU_OUTSIDE;
}

int vcpus_read(const struct process *process, struct vcpu_word **out,
	       size_t *nr, struct slotscope_error *err)
{
	int ret;

	*out = NULL;
	*nr = 0;
	ret = find_vcpus(process, out, nr);
	if (!ret) {
		look_at_threads(process, *out, *nr);
		return 0;
	}
	free(*out);
	*out = NULL;
	*nr = 0;
	return process_failed(process, ret, "look at the vCPUs of", err);
}
