// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "host/proc_file.h"
#include "host/proc_stat.h"
#include "host/process_tree.h"

#define STAT_MAX 65536

static int by_parent(const void *a, const void *b)
{
	const struct tree_process *x = a, *y = b;

	if (x->ppid != y->ppid)
		return x->ppid < y->ppid ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Return: the first child of @parent; @nr if it has none */
static size_t first_child(const struct tree_process *all, size_t nr,
			  pid_t parent)
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (all[mid].ppid < parent)
			low = mid + 1;
		else
			high = mid;
	}
	return low < nr && all[low].ppid == parent ? low : nr;
}

int process_tree_of(struct tree_process *all, size_t nr, pid_t root,
		    struct process_tree *out)
{
	size_t i, next;

	*out = (struct process_tree){ 0 };
	/* Each is put there once at the most: it has one parent */
	out->processes = calloc(nr ? nr : 1, sizeof(*out->processes));
	if (!out->processes)
		return -ENOMEM;
	if (nr)
		qsort(all, nr, sizeof(*all), by_parent);
	for (i = 0; i < nr && !out->nr; i++)
		if (all[i].pid == root)
			out->processes[out->nr++] = all[i];
	for (next = 0; next < out->nr; next++) {
		pid_t parent = out->processes[next].pid;

		for (i = first_child(all, nr, parent);
		     i < nr && all[i].ppid == parent && out->nr < nr; i++)
			if (all[i].pid != root)
				out->processes[out->nr++] = all[i];
	}
	return 0;
}

static int read_one(int proc, const char *name, struct proc_stat *stat)
{
	struct proc_text file;
	char path[32];
	int ret;

	snprintf(path, sizeof(path), "%.20s/stat", name);
	ret = proc_read(proc, path, STAT_MAX, &file);
	if (ret)
		return ret;
	ret = proc_stat_parse(file.text, file.len, stat);
	free(file.text);
	return ret;
}

static int read_all(DIR *dir, struct tree_process **all, size_t *nr)
{
	struct tree_process *more;
	struct dirent *entry;
	struct proc_stat stat;
	size_t cap = 0;
	int ret;

	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		ret = read_one(dirfd(dir), entry->d_name, &stat);
		if (ret == -ENOMEM)
			return ret;
		if (ret || stat.kthread)
			continue; /* it has ended, or has no parent of use */
		more = grown(*all, *nr, &cap, sizeof(*more));
		if (!more)
			return -ENOMEM;
		*all = more;
		more[(*nr)++] = (struct tree_process){ stat.pid, stat.ppid,
						       stat.start_time };
	}
}

int process_tree_read(pid_t root, struct process_tree *out,
		      struct slotscope_error *err)
{
	struct tree_process *all = NULL;
	size_t nr = 0;
	DIR *dir;
	int ret;

	*out = (struct process_tree){ 0 };
	ret = proc_opendir(AT_FDCWD, "/proc", &dir);
	if (!ret) {
		ret = read_all(dir, &all, &nr);
		closedir(dir);
	}
	if (!ret)
		ret = process_tree_of(all, nr, root, out);
	free(all);
	return ret ? error_set(err, ret, "look for what comes from process %d",
			       root) :
		     0;
}

bool process_tree_has(const struct process_tree *tree,
		      const struct tree_process *process)
{
	for (size_t i = 0; i < tree->nr; i++)
		if (tree->processes[i].pid == process->pid &&
		    tree->processes[i].start_time == process->start_time)
			return true;
	return false;
}

int tree_process_open(const struct tree_process *at, struct process *process,
		      struct slotscope_error *err)
{
	int ret = process_open(at->pid, process, err);

	if (ret || process->start_time == at->start_time)
		return ret;
	ret = process_failed(process, -ESRCH, "look at what was started", err);
	process_close(process);
	return ret;
}

void process_tree_deinit(struct process_tree *tree)
{
	free(tree->processes);
	*tree = (struct process_tree){ 0 };
}
