/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a view has in a row, in JSON */
#ifndef RENDER_CELLS_H
#define RENDER_CELLS_H

#include <json-c/json.h>

#include <slotscope/check.h>

/**
 * put_cell() - as a member of @obj that is called as its party
 *
 * No member: the view says nothing; null: it says that nothing is here.
 *
 * Return: 0 or -1.
 */
int put_cell(struct json_object *obj, const struct view *view,
	     const struct row_cell *cell);

/** row_verdict() - "agree", "missing", ... */
const char *row_verdict(const struct check_row *row,
			const struct findings *findings);

#endif
