/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who called: turns the tracer's samples into stacks. It is told of threads of any
 * process, and looks at what that has mapped: now, while the thread goes on, so
 * that of a process which has ended meanwhile, and was not seen before, nothing can
 * be told.
 */
#ifndef SESSION_STACKS_H
#define SESSION_STACKS_H

#include "unwind/sample.h"
#include "view/stack.h"

struct stack_program;

/**
 * struct stacks - the stacks that there were so far
 * @table: by number
 * @lost:  samples that gave no frame
 *
 * All zero is a new one. The rest is private.
 */
struct stacks {
	struct stack_table table;
	uint64_t lost;
	struct stack_program **programs; /* the last one used comes first */
	size_t nr;
};

void stacks_deinit(struct stacks *stacks);

/** stacks_take() - a tracer_stack_fn for the struct stacks @arg */
uint64_t stacks_take(const struct stack_sample *sample, void *arg);

#endif
