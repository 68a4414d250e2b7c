/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_DOCUMENT_H
#define RENDER_DOCUMENT_H

#include <stdio.h>

#include <json-c/json.h>

#include "base/json_writer.h"

/**
 * render_document() - print a JSON document on a line of its own
 * @obj: released; NULL if memory ran out making it, which is then what the
 *	 document says
 *
 * Return: 0 or -ENOMEM.
 */
int render_document(FILE *out, struct json_object *obj);

/** render_json_begin() - write a document that may be long as it comes */
void render_json_begin(struct json_writer *w, FILE *out);

/** render_json_end() - its last piece, and the end of its line */
void render_json_end(struct json_writer *w);

#endif
