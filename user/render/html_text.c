// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/size_text.h"
#include "render/flags.h"
#include "render/html_text.h"

static uint32_t code_of(const char *s, size_t len)
{
	static const unsigned char first[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t code = (unsigned char)s[0] & first[len];

	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)s[i] & 0x3f);
	return code;
}

/* Control characters, those of no width, and those that turn the direction */
static bool is_unseen(uint32_t code)
{
	if (code == '\n' || code == '\t')
		return false;
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad ||
	       code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

static void put_char(FILE *out, const char *s, size_t len)
{
	switch (s[0]) {
	case '<':
		fputs("&lt;", out);
		return;
	case '>':
		fputs("&gt;", out);
		return;
	case '&':
		fputs("&amp;", out);
		return;
	case '"':
		fputs("&quot;", out);
		return;
	case '\'':
		fputs("&#39;", out);
		return;
	}
	if (is_unseen(code_of(s, len)))
		fprintf(out, "\\u{%" PRIx32 "}", code_of(s, len));
	else
		fwrite(s, 1, len, out);
}

void html_text(FILE *out, const char *text)
{
	size_t left = strlen(text), len;

	for (; left; left -= len, text += len) {
		len = utf8_len(text, left);
		if (!len) {
			fputs("\xef\xbf\xbd", out);
			len = 1;
		} else {
			put_char(out, text, len);
		}
	}
}

void html_textf(FILE *out, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) >= 0)
		html_text(out, text);
	va_end(ap);
	free(text);
}

struct json_object *html_member(struct json_object *obj, const char *member)
{
	struct json_object *value;

	if (!json_object_is_type(obj, json_type_object) ||
	    !json_object_object_get_ex(obj, member, &value))
		return NULL;
	return value;
}

const char *html_str(struct json_object *obj, const char *member)
{
	struct json_object *value = html_member(obj, member);

	return value ? json_object_get_string(value) : "";
}

uint64_t html_u64(struct json_object *obj, const char *member)
{
	struct json_object *value = html_member(obj, member);

	if (json_object_is_type(value, json_type_string))
		return strtoull(json_object_get_string(value), NULL, 0);
	return value ? json_object_get_uint64(value) : 0;
}

size_t html_nr(struct json_object *array)
{
	return json_object_is_type(array, json_type_array) ?
		       json_object_array_length(array) :
		       0;
}

void html_range(FILE *out, uint64_t gpa, uint64_t size)
{
	fprintf(out,
		"<code class=\"range\">0x%" PRIx64 "-0x%" PRIx64
		"</code> <small>%s</small>",
		gpa, gpa + size - 1, size_text((char[SIZE_TEXT]){ 0 }, size));
}

void html_flags(FILE *out, uint64_t flags)
{
	char text[FLAGS_TEXT];

	flags_rights_text(text, (uint32_t)flags, false);
	fprintf(out, " %s", text);
}

void html_left_out(FILE *out, size_t nr, size_t shown, const char *what)
{
	if (nr > shown)
		fprintf(out,
			"<p class=\"left-out\">%zu more %s are not in this "
			"table, which would be too long for a browser; the "
			"pictures and the JSON in this page have them.</p>\n",
			nr - shown, what);
}
