/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a thread's registers and a piece of its stack to its frames, by the tables
 * in the files that its process has mapped (.eh_frame, .debug_frame, .gopclntab), and
 * where there is none by the frame pointer, which is said. Names are from .symtab,
 * .dynsym, .gopclntab, or what debuginfo lies in /usr/lib/debug; nothing is fetched.
 *
 * What is unwound need not live any more: all there is of it is what is handed in
 * here, and its files.
 */
#ifndef UNWIND_UNWIND_H
#define UNWIND_UNWIND_H

#include <slotscope/view.h>

#include "unwind/sample.h"
#include "view/stack.h"

/**
 * unwind_open_fn - open the file behind a mapping
 *
 * Return: a descriptor, which is the unwinder's then; or a negative errno.
 */
typedef int (*unwind_open_fn)(const struct host_range *range, void *arg);

/** struct unwinder - one program in one process */
struct unwinder;

/** unwinder_new() - for processes of this machine's architecture; NULL: no memory */
struct unwinder *unwinder_new(unwind_open_fn open, void *arg);
void unwinder_free(struct unwinder *unwinder);

/**
 * unwinder_map() - what the process has mapped (now); to be called first
 * @map: copied as far as it is needed
 *
 * Files that it had before are not opened again.
 *
 * Return: 0 or -ENOMEM.
 */
int unwinder_map(struct unwinder *unwinder, const struct host_map *map);

/**
 * unwinder_stack() - the frames of @sample
 * @out: its id is 0; slot_stack_deinit() it after 0
 *
 * Return: 0; 1 if a frame lies where nothing was mapped at the last
 * unwinder_map(), so that it may have been mapped since; or -ENOMEM.
 */
int unwinder_stack(struct unwinder *unwinder, const struct stack_sample *sample,
		   struct slot_stack *out);

#endif
