/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was printed, and what must hold of all that is printed for people */
#ifndef RENDER_MAKE_H
#define RENDER_MAKE_H

#include "view_make.h"
#include "render/text.h"

struct printed {
	FILE *out;
	char *text;
	size_t len;
};

static inline void print_begin(struct printed *p)
{
	p->text = NULL;
	p->out = open_memstream(&p->text, &p->len);
	assert_non_null(p->out);
}

static inline const char *print_end(struct printed *p)
{
	fclose(p->out);
	assert_int_equal(strlen(p->text), p->len);
	return p->text;
}

/* Under 100 columns, printable ASCII, whole lines */
static inline void assert_for_people(const char *text)
{
	size_t column = 0;

	for (const char *c = text; *c; c++) {
		if (*c == '\n') {
			column = 0;
			continue;
		}
		if (*c < ' ' || *c > '~')
			fail_msg("byte %02x in \"%s\"", (unsigned char)*c,
				 text);
		if (++column >= RENDER_COLUMNS)
			fail_msg("a line is too wide in \"%s\"", text);
	}
	assert_int_equal(column, 0);
}

/* The line that begins with @words, ignoring how many spaces are between */
static inline void assert_line(const char *text, const char *words)
{
	const char *line = text;
	const char *c, *w;

	for (; *line; line = strchr(line, '\n') + 1) {
		for (c = line, w = words;;) {
			c += strspn(c, " ");
			w += strspn(w, " ");
			if (!*w)
				return;
			if (*c != *w)
				break;
			for (; *w && *w != ' ' && *c == *w; c++, w++)
				;
			if (*w && *w != ' ')
				break;
			if (*c != ' ' && *c != '\n')
				break;
		}
	}
	fail_msg("no line \"%s\" in:\n%s", words, text);
}

#endif
