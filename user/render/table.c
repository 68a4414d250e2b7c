// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libsmartcols.h>

#include "base/nearest.h"
#include "render/style.h"
#include "render/table.h"
#include "render/text.h"

#define CELL 256

static size_t chosen[TABLE_COLUMNS];
static size_t nr_chosen;

static int unknown_column(const char *word, size_t len,
			  const struct table_column *columns, size_t nr,
			  struct slotscope_error *err)
{
	const char *keys[TABLE_COLUMNS + 1], *near;
	char bare[48], all[256];
	size_t at = 0;

	for (size_t i = 0; i < nr; i++) {
		keys[i] = columns[i].key;
		at += snprintf(all + at, sizeof(all) - at, "%s%s",
			       i ? ", " : "", keys[i]);
	}
	keys[nr] = NULL;
	snprintf(bare, sizeof(bare), "%.*s", (int)len, word);
	near = nearest(bare, keys);
	error_set(err, EINVAL, "show the column \"%s\"", bare);
	error_why(err, "there is none like that");
	return error_next(err, "%s%s%sthere are %s",
			  near ? "did you mean " : "", near ? near : "",
			  near ? "? " : "", all);
}

int table_choose(const char *list, const struct table_column *columns,
		 size_t nr, struct slotscope_error *err)
{
	size_t len, at;

	nr_chosen = 0;
	do {
		len = strcspn(list, ",");
		for (at = 0; at < nr; at++)
			if (!strncasecmp(columns[at].key, list, len) &&
			    !columns[at].key[len] && len)
				break;
		if (at == nr)
			return unknown_column(list, len, columns, nr, err);
		if (nr_chosen == TABLE_COLUMNS) {
			error_set(err, E2BIG, "show so many columns");
			return error_why(err, "%d are the most", TABLE_COLUMNS);
		}
		chosen[nr_chosen++] = at;
		list += len;
	} while (*list++);
	return 0;
}

bool table_is_chosen(void)
{
	return nr_chosen;
}

size_t table_order(size_t nr, unsigned int shown, size_t order[TABLE_COLUMNS])
{
	size_t found = 0;

	if (nr_chosen) {
		memcpy(order, chosen, sizeof(chosen));
		return nr_chosen;
	}
	for (size_t i = 0; i < nr; i++)
		if (shown & 1U << i)
			order[found++] = i;
	return found;
}

struct libscols_table *table_new(FILE *out)
{
	struct libscols_table *table = scols_new_table();

	if (!table)
		return NULL;
	scols_table_set_stream(table, out);
	scols_table_enable_colors(table, render_style.color);
	scols_table_enable_raw(table, render_style.raw);
	return table;
}

struct libscols_column *table_new_column(struct libscols_table *table,
					 const struct table_column *column)
{
	return scols_table_new_column(
		table, render_style.raw ? column->key : column->head, 0,
		column->right ? SCOLS_FL_RIGHT : 0);
}

void table_text(char *dst, size_t size, size_t max, const char *src)
{
	if (render_style.raw)
		snprintf(dst, size, "%s", src);
	else
		text_clean(dst, size, max, src);
}

static int add_row(struct libscols_table *table, const void *row,
		   const size_t *order, size_t nr, table_cell_fn *cell)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char text[CELL];
	enum color color;
	int ret = line ? 0 : -ENOMEM;

	for (size_t i = 0; i < nr && !ret; i++) {
		color = COLOR_NONE;
		cell(text, sizeof(text), order[i], row, &color);
		ret = scols_line_set_data(line, i, text);
		if (!ret && color_scols(color))
			ret = scols_cell_set_color(scols_line_get_cell(line, i),
						   color_scols(color));
	}
	return ret;
}

int table_print(FILE *out, const struct table_column *columns, size_t nr,
		unsigned int shown, const void *rows, size_t nr_rows,
		size_t size, table_cell_fn *cell)
{
	struct libscols_table *table = table_new(out);
	size_t order[TABLE_COLUMNS];
	int ret = table ? 0 : -ENOMEM;

	if (ret)
		return ret;
	nr = table_order(nr, shown, order);
	for (size_t i = 0; i < nr && !ret; i++)
		ret = table_new_column(table, &columns[order[i]]) ? 0 : -ENOMEM;
	for (size_t i = 0; i < nr_rows && !ret; i++)
		ret = add_row(table, (const char *)rows + i * size, order, nr,
			      cell);
	if (!ret)
		ret = scols_print_table(table);
	scols_unref_table(table);
	return ret;
}
