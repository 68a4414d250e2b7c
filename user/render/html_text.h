/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of a page share: text in markup, and members of JSON. */
#ifndef RENDER_HTML_TEXT_H
#define RENDER_HTML_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

/**
 * html_text() - @text, such that it is text in a browser, also in an attribute
 *
 * What cannot be seen, or turns the direction of what is around it, is shown as \u{..}.
 */
void html_text(FILE *out, const char *text);

/** html_textf() - the same of what is printed */
void html_textf(FILE *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** html_member() - NULL if @obj has none, or null, or is none itself */
struct json_object *html_member(struct json_object *obj, const char *member);
/** html_str() - "" if there is none. A number or boolean as JSON has it */
const char *html_str(struct json_object *obj, const char *member);
/** html_u64() - of a number, or of "0x..."; 0 if there is none */
uint64_t html_u64(struct json_object *obj, const char *member);
/** html_nr() - how long an array is; 0: there is none */
size_t html_nr(struct json_object *array);

/** html_range() - "0x100000-0xfffffff", with its size behind it */
void html_range(FILE *out, uint64_t gpa, uint64_t size);

/** html_flags() - of a slot, as on a terminal: " rw,log" */
void html_flags(FILE *out, uint64_t flags);

/** html_left_out() - say that a list of @nr is shown to @shown; nothing if that is all */
void html_left_out(FILE *out, size_t nr, size_t shown, const char *what);

#endif
