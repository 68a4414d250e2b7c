// SPDX-License-Identifier: GPL-2.0-or-later
/* A stack as JSON: its number, its end, its frames */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/stack.h"

#define HEX_DIGITS (2 * STACK_BUILD_ID_MAX)

static void write_frame(struct json_writer *w, const struct stack_frame *frame)
{
	char hex[HEX_DIGITS + 1] = "";

	for (size_t i = 0; i < frame->nr_build_id; i++)
		snprintf(hex + 2 * i, 3, "%02x", frame->build_id[i]);
	json_begin_object(w, NULL);
	if (frame->file)
		json_write_str(w, "file", frame->file);
	if (frame->nr_build_id)
		json_write_str(w, "build_id", hex);
	json_write_hex(w, "offset", frame->offset);
	if (frame->name) {
		json_write_str(w, "name", frame->name);
		json_write_hex(w, "name_offset", frame->name_offset);
	}
	if (frame->guess)
		json_write_bool(w, "guess", true);
	json_end_object(w);
}

void slot_stack_write_json(struct json_writer *w, const char *member,
			   const struct slot_stack *stack)
{
	json_begin_object(w, member);
	json_write_u64(w, "id", stack->id);
	json_write_str(w, "end", stack_end_names[stack->end]);
	json_begin_array(w, "frames");
	for (size_t i = 0; i < stack->nr; i++)
		write_frame(w, &stack->frames[i]);
	json_end_array(w);
	json_end_object(w);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void build_id_from_json_in(const struct json_in *in,
				  struct stack_frame *frame)
{
	const char *hex = json_in_str_or(in, "build_id", "");
	size_t len = strlen(hex);

	if (len % 2 || len > HEX_DIGITS ||
	    strspn(hex, "0123456789abcdef") != len) {
		json_in_fail(in, "build_id",
			     "is not a build-id in hexadecimal");
		return;
	}
	for (size_t i = 0; i < len / 2; i++)
		frame->build_id[i] = hex_digit(hex[2 * i]) << 4 |
				     hex_digit(hex[2 * i + 1]);
	frame->nr_build_id = len / 2;
}

/* A copy of a string that need not be there; NULL then */
static char *text_from_json_in(const struct json_in *in, const char *member)
{
	const char *text = json_in_str_or(in, member, NULL);
	char *copy = text && *text ? strdup(text) : NULL;

	if (text && *text && !copy)
		json_in_nomem(in);
	return copy;
}

static void frame_from_json_in(const struct json_in *in,
			       struct stack_frame *frame)
{
	frame->file = text_from_json_in(in, "file");
	build_id_from_json_in(in, frame);
	frame->offset = json_in_hex(in, "offset", UINT64_MAX);
	frame->name = text_from_json_in(in, "name");
	frame->name_offset = json_in_hex_or(in, "name_offset", UINT64_MAX, 0);
	frame->guess = json_in_bool_or(in, "guess", false);
}

int slot_stack_from_json(struct json_object *obj, struct slot_stack *stack,
			 struct slotscope_error *err)
{
	struct json_in in, frames, frame;
	size_t nr;
	int ret;

	*stack = (struct slot_stack){ 0 };
	in = json_in_top(obj, "stack", &ret, err);
	stack->id = json_in_u64(&in, "id", UINT64_MAX);
	stack->end = json_in_name(&in, "end", stack_end_names, STACK_ENDS);
	frames = json_in_array(&in, "frames");
	nr = json_in_nr(&frames);
	if (!ret && !stack->id)
		json_in_fail(&in, "id", "is 0");
	if (!ret && nr > STACK_FRAMES_MAX)
		json_in_fail(&in, "frames", "are more than %d",
			     STACK_FRAMES_MAX);
	if (!ret && slot_stack_lost(stack) && nr)
		json_in_fail(&in, "frames", "are there, and \"end\" says not");
	if (!ret && nr) {
		stack->frames = calloc(nr, sizeof(*stack->frames));
		if (!stack->frames)
			json_in_nomem(&in);
	}
	for (; !ret && stack->nr < nr; stack->nr++) {
		frame = json_in_item(&frames, stack->nr);
		frame_from_json_in(&frame, &stack->frames[stack->nr]);
	}
	if (ret)
		slot_stack_deinit(stack);
	return ret;
}
