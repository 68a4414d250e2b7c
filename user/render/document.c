// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "render/document.h"

static void to_file(void *out, const char *text, size_t len)
{
	fwrite(text, 1, len, out);
}

void render_json_begin(struct json_writer *w, FILE *out)
{
	json_writer_init(w, to_file, out);
}

void render_json_end(struct json_writer *w)
{
	json_writer_flush(w);
	to_file(w->opaque, "\n", 1);
}

int render_document(FILE *out, struct json_object *obj)
{
	const char *text = NULL;

	if (obj)
		text = json_object_to_json_string_ext(
			obj, JSON_C_TO_STRING_PLAIN |
				     JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text) {
		/* still JSON: whoever reads standard output can parse it */
		fputs("{\"error\":{\"code\":12,\"tried\":\"print JSON\","
		      "\"why\":\"out of memory\",\"next\":null}}\n",
		      out);
		json_object_put(obj);
		return -ENOMEM;
	}
	fprintf(out, "%s\n", text);
	json_object_put(obj);
	return 0;
}
