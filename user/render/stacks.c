// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "render/document.h"
#include "render/stacks.h"
#include "render/text.h"

/* C++ has longer names; those are cut, and have an ellipsis */
#define FRAME_TEXT 512

static const char *const ends[STACK_ENDS] = {
	[STACK_CUT] = "it goes on beyond what was copied of the stack",
	[STACK_NO_TABLE] = "nothing tells who called this: no unwind table",
	[STACK_DEEP] = "it goes on; so many frames are enough",
	[STACK_RING_FULL] = "lost: stacks came faster than they were read",
	[STACK_UNREAD] = "lost: it could not be read",
	[STACK_GONE] = "lost: its process ended before it was looked into",
	[STACK_FOREIGN] = "lost: its program is another processor's, or 32-bit",
};

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void print_frame(FILE *out, const struct stack_frame *frame)
{
	if (frame->guess)
		fputs("? ", out);
	if (frame->name)
		fprintf(out, "%s+0x%" PRIx64, frame->name, frame->name_offset);
	else
		fprintf(out, "0x%" PRIx64, frame->offset);
	if (!frame->file) {
		fputs(" (no file)", out);
		return;
	}
	fprintf(out, " (%s", last_part(frame->file));
	/* Enough to have the name by, elsewhere */
	if (!frame->name && frame->nr_build_id) {
		fputs(" build-id ", out);
		for (size_t i = 0; i < frame->nr_build_id; i++)
			fprintf(out, "%02x", frame->build_id[i]);
	}
	fputc(')', out);
}

void render_stack(FILE *out, const struct slot_stack *stack, int indent)
{
	char clean[FRAME_TEXT];

	for (size_t i = 0; i < stack->nr; i++) {
		char *text = NULL;
		size_t len = 0;
		FILE *line = open_memstream(&text, &len);

		if (!line)
			return;
		print_frame(line, &stack->frames[i]);
		fclose(line);
		text_clean(clean, sizeof(clean), sizeof(clean) - 1, text);
		fprintf(out, "%*s#%-2zu %s\n", indent, "", i, clean);
		free(text);
	}
	if (ends[stack->end])
		fprintf(out, "%*s    %s\n", indent, "", ends[stack->end]);
}

void render_stack_json(FILE *out, const struct slot_stack *stack)
{
	struct json_writer w;

	render_json_begin(&w, out);
	json_begin_object(&w, NULL);
	json_write_str(&w, "type", "stack");
	slot_stack_write_json(&w, "stack", stack);
	json_end_object(&w);
	render_json_end(&w);
}
