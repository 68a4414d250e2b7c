/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_STACKS_H
#define RENDER_STACKS_H

#include <stdio.h>

#include "view/stack.h"

/**
 * render_stack() - one stack, a frame a line
 * @indent: blanks before each line
 *
 * A frame is its function, or without a name the address in its file; and that
 * file's name. "?" stands before what is a guess. Where the stack does not end at
 * where its thread began, a last line says why.
 */
void render_stack(FILE *out, const struct slot_stack *stack, int indent);

/** render_stack_json() - one stack, one line */
void render_stack_json(FILE *out, const struct slot_stack *stack);

#endif
