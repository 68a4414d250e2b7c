// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/proc_file.h"
#include "host/proc_stat.h"
#include "host/process.h"
#include "session/stacks.h"
#include "unwind/unwind.h"

/* Each has its files' tables in memory; more than run at a time, mostly */
#define PROGRAMS_MAX 64

/*
 * Of all stacks, so that a tracer may be left on: some 10,000 of 16 frames. One that comes
 * again once it has gone is told again, by another number
 */
#define TABLE_BYTES (16UL << 20)

#define STAT_MAX 4096
#define MAPS_MAX (16UL << 20)

/**
 * struct stack_program - a program in a process, from its exec on
 * @sample: which; only what tells programs apart
 */
struct stack_program {
	struct stack_sample sample;
	struct process process;
	struct unwinder *unwinder;
};

static void program_free(struct stack_program *program)
{
	unwinder_free(program->unwinder);
	process_close(&program->process);
	free(program);
}

void stacks_deinit(struct stacks *stacks)
{
	for (size_t i = 0; i < stacks->nr; i++)
		program_free(stacks->programs[i]);
	free(stacks->programs);
	stack_table_deinit(&stacks->table);
	*stacks = (struct stacks){ 0 };
}

static bool same_program(const struct stack_sample *a,
			 const struct stack_sample *b)
{
	return a->tgid == b->tgid && a->start_code == b->start_code &&
	       a->start_stack == b->start_stack;
}

/* Does the process run now what it ran then? */
static bool runs_still(const struct stack_program *program)
{
	struct proc_stat stat;
	struct proc_text file;
	int ret;

	if (proc_read(program->process.dir, "stat", STAT_MAX, &file))
		return false;
	ret = proc_stat_parse(file.text, file.len, &stat);
	free(file.text);
	return !ret && stat.start_code == program->sample.start_code &&
	       stat.start_stack == program->sample.start_stack;
}

/*
 * By the mapping itself: its path may lead to another file by now, or, from where
 * we are, to nowhere. Without the right to that, by the path as the process has it.
 */
static int open_range(const struct host_range *range, void *arg)
{
	struct stack_program *program = arg;
	char path[64];
	struct stat st;
	int fd, root;

	snprintf(path, sizeof(path), "map_files/%" PRIx64 "-%" PRIx64,
		 range->start, range->end);
	fd = openat(program->process.dir, path,
		    O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && range->path[0] == '/') {
		root = openat(program->process.dir, "root",
			      O_PATH | O_DIRECTORY | O_CLOEXEC);
		fd = openat(root, range->path + 1,
			    O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (root >= 0)
			close(root);
		if (fd < 0)
			fd = open(range->path,
				  O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_ino == range->inode)
		return fd;
	close(fd);
	return -ENOENT;
}

/* What it has mapped now, if it is the same program before and after */
static bool look(struct stack_program *program)
{
	struct slotscope_error ignored = { 0 };
	struct host_map map;
	struct proc_text file;
	bool ok;

	if (!runs_still(program) ||
	    proc_read(program->process.dir, "maps", MAPS_MAX, &file))
		return false;
	ok = file.len && !host_map_parse(&map, file.text, file.len, &ignored);
	free(file.text);
	if (!ok)
		return false;
	ok = runs_still(program) && !unwinder_map(program->unwinder, &map);
	host_map_deinit(&map);
	return ok;
}

static struct stack_program *program_new(const struct stack_sample *sample)
{
	struct stack_program *program = calloc(1, sizeof(*program));
	struct slotscope_error ignored = { 0 };

	if (!program)
		return NULL;
	program->sample = *sample;
	if (process_open(sample->tgid, &program->process, &ignored)) {
		free(program);
		return NULL;
	}
	program->unwinder = unwinder_new(open_range, program);
	if (program->unwinder && look(program))
		return program;
	program_free(program);
	return NULL;
}

/* The program that a sample is of, now the first; NULL if it is not there any more */
static struct stack_program *program_of(struct stacks *stacks,
					const struct stack_sample *sample)
{
	struct stack_program *program = NULL;
	size_t i;

	if (!stacks->programs)
		stacks->programs =
			calloc(PROGRAMS_MAX, sizeof(struct stack_program *));
	if (!stacks->programs)
		return NULL;
	for (i = 0; i < stacks->nr; i++)
		if (same_program(&stacks->programs[i]->sample, sample))
			break;
	if (i < stacks->nr) {
		program = stacks->programs[i];
	} else {
		program = program_new(sample);
		if (!program)
			return NULL;
		if (stacks->nr == PROGRAMS_MAX)
			program_free(stacks->programs[--stacks->nr]);
		i = stacks->nr++;
	}
	memmove(&stacks->programs[1], &stacks->programs[0],
		i * sizeof(struct stack_program *));
	stacks->programs[0] = program;
	return program;
}

uint64_t stacks_take(const struct stack_sample *sample, void *arg)
{
	struct stacks *stacks = arg;
	struct slot_stack stack = { .end = sample->lost };
	struct stack_program *program;
	int ret = 0;

	if (!sample->lost) {
		program = program_of(stacks, sample);
		stack.end = STACK_GONE;
		if (program)
			ret = unwinder_stack(program->unwinder, sample, &stack);
		/* It may have loaded a library since we looked */
		if (ret > 0 && look(program)) {
			slot_stack_deinit(&stack);
			ret = unwinder_stack(program->unwinder, sample, &stack);
		}
		if (ret < 0)
			stack = (struct slot_stack){ .end = STACK_UNREAD };
	}
	stacks->table.max_bytes = TABLE_BYTES;
	stacks->lost += slot_stack_lost(&stack);
	return stack_table_add(&stacks->table, &stack);
}
