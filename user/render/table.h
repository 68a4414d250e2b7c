/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables, as util-linux prints them and by its library: columns that may be chosen
 * (-o LIST), and --raw for scripts. Small ones are printed here; what is too large to be
 * held in memory asks for the order of its columns alone.
 */
#ifndef RENDER_TABLE_H
#define RENDER_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include <slotscope/error.h>

#include "render/color.h"

#define TABLE_COLUMNS 16

/**
 * struct table_column - a column that a table can have
 * @key:   what it is called in a list of columns, and above a raw table
 * @head:  what stands above it
 * @right: numbers stand at the right
 */
struct table_column {
	const char *key;
	const char *head;
	bool right;
};

/**
 * table_choose() - have these columns alone, in this order
 * @list: their keys with commas between; small or capital letters
 * @nr:	  of @columns: all that there can be
 *
 * Counts for every table that is printed from now on.
 *
 * Return: 0, or -EINVAL with @err filled.
 */
int table_choose(const char *list, const struct table_column *columns,
		 size_t nr, struct slotscope_error *err);

/** table_is_chosen() - was a choice made? */
bool table_is_chosen(void);

/**
 * table_order() - the columns that are shown, in order
 * @shown: 1 << each that is shown if nobody has chosen
 *
 * Return: how many, in @order.
 */
size_t table_order(size_t nr, unsigned int shown, size_t order[TABLE_COLUMNS]);

/**
 * table_cell_fn - the text of a cell
 * @color: COLOR_NONE, unless set
 */
typedef void table_cell_fn(char *text, size_t size, size_t column,
			   const void *row, enum color *color);

/**
 * table_text() - what a cell says of others' making: as text_clean()
 *
 * In a raw table it stays as it is, up to the end of @dst: libsmartcols escapes it there.
 */
void table_text(char *dst, size_t size, size_t max, const char *src);

/**
 * table_print() - print a table
 * @shown: as in table_order()
 * @rows:  @nr_rows things of @size bytes, for @cell
 *
 * Return: 0 or -ENOMEM.
 */
int table_print(FILE *out, const struct table_column *columns, size_t nr,
		unsigned int shown, const void *rows, size_t nr_rows,
		size_t size, table_cell_fn *cell);

/** table_new_column() - in libsmartcols' own words, for who fills one by himself */
struct libscols_table;
struct libscols_column *table_new_column(struct libscols_table *table,
					 const struct table_column *column);

/** table_new() - likewise: as wide as output is, in its colours, raw if that was said */
struct libscols_table *table_new(FILE *out);

#endif
