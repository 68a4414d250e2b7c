// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "base/json_pretty.h"
#include "render/document.h"
#include "render/style.h"

static struct json_pretty pretty; /* of the document that is being written */

static void to_file(void *out, const char *text, size_t len)
{
	if (render_style.pretty)
		json_pretty_put(&pretty, out, text, len);
	else
		fwrite(text, 1, len, out);
}

void render_json_begin(struct json_writer *w, FILE *out)
{
	pretty = (struct json_pretty){};
	json_writer_init(w, to_file, out);
}

void render_json_end(struct json_writer *w)
{
	json_writer_flush(w);
	fputc('\n', w->opaque);
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
	/* Another thread may print its own: one call, but for people */
	if (render_style.pretty) {
		flockfile(out);
		json_pretty_put(&(struct json_pretty){}, out, text,
				strlen(text));
		fputc('\n', out);
		funlockfile(out);
	} else {
		fprintf(out, "%s\n", text);
	}
	json_object_put(obj);
	return 0;
}
