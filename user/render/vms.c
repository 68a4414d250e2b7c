// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>

#include <libsmartcols.h>

#include "render/document.h"
#include "render/text.h"
#include "render/vms.h"
#include "view/json.h"

enum { COL_PID, COL_COMM, COL_FD, COL_SLOTS, COL_RAM, COL_QMP };

#define CELL	 80
#define COMM_MAX 16
#define QMP_MAX	 40

void vm_row_count(struct vm_row *row)
{
	const struct slot_state *state = row->state;

	row->counted = true;
	row->nr_slots = state->nr_slots;
	row->bytes = 0;
	for (size_t i = 0; i < state->nr_slots; i++)
		if (!state->slots[i].as_id && !state->slots[i].hidden)
			row->bytes += state->slots[i].size;
}

static int add_row(struct libscols_table *table, const struct vm_row *row)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char text[CELL];
	int ret;

	if (!line)
		return -ENOMEM;
	snprintf(text, sizeof(text), "%d", row->id.tgid);
	ret = scols_line_set_data(line, COL_PID, text);
	text_clean(text, sizeof(text), COMM_MAX, row->comm);
	ret = ret ?: scols_line_set_data(line, COL_COMM, text);
	snprintf(text, sizeof(text), "%d", row->id.fd);
	ret = ret ?: scols_line_set_data(line, COL_FD, text);
	if (row->counted) {
		snprintf(text, sizeof(text), "%" PRIu64, row->nr_slots);
		ret = ret ?: scols_line_set_data(line, COL_SLOTS, text);
		snprintf(text, sizeof(text), "%" PRIu64 "K", row->bytes >> 10);
		ret = ret ?: scols_line_set_data(line, COL_RAM, text);
	} else {
		ret = ret ?: scols_line_set_data(line, COL_SLOTS, "?");
		ret = ret ?: scols_line_set_data(line, COL_RAM, "?");
	}
	text_clean(text, sizeof(text), QMP_MAX, row->qmp ? row->qmp : "none");
	return ret ?: scols_line_set_data(line, COL_QMP, text);
}

int render_vms(FILE *out, const struct vm_row *rows, size_t nr)
{
	struct libscols_table *table = scols_new_table();
	size_t i;
	int ret = 0;

	if (!table)
		return -ENOMEM;
	scols_table_set_stream(table, out);
	if (!scols_table_new_column(table, "PID", 0, SCOLS_FL_RIGHT) ||
	    !scols_table_new_column(table, "COMMAND", 0, 0) ||
	    !scols_table_new_column(table, "FD", 0, SCOLS_FL_RIGHT) ||
	    !scols_table_new_column(table, "SLOTS", 0, SCOLS_FL_RIGHT) ||
	    !scols_table_new_column(table, "IN SLOTS", 0, SCOLS_FL_RIGHT) ||
	    !scols_table_new_column(table, "QMP", 0, 0))
		ret = -ENOMEM;
	for (i = 0; i < nr && !ret; i++)
		ret = add_row(table, &rows[i]);
	if (!ret)
		ret = scols_print_table(table);
	scols_unref_table(table);
	return ret;
}

static void write_row(struct json_writer *w, const struct vm_row *row)
{
	json_begin_object(w, NULL);
	vm_id_write_json(w, "vm", &row->id);
	json_write_str(w, "comm", row->comm);
	json_write_str(w, "qmp", row->qmp);
	if (row->state)
		slot_state_write_json(w, "state", row->state);
	else
		json_write_null(w, "state");
	json_end_object(w);
}

void render_vms_json(FILE *out, const struct vm_row *rows, size_t nr,
		     size_t unseen, bool kvm)
{
	struct json_writer w;

	render_json_begin(&w, out);
	json_begin_object(&w, NULL);
	json_write_u64(&w, "version", SLOTSCOPE_JSON_VERSION);
	json_begin_array(&w, "vms");
	for (size_t i = 0; i < nr; i++)
		write_row(&w, &rows[i]);
	json_end_array(&w);
	json_write_u64(&w, "processes_not_looked_into", unseen);
	json_write_bool(&w, "kvm", kvm);
	json_end_object(&w);
	render_json_end(&w);
}
