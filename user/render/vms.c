// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>

#include <libsmartcols.h>

#include "base/json_value.h"
#include "render/document.h"
#include "render/text.h"
#include "render/vms.h"
#include "view/json.h"

enum { COL_PID, COL_COMM, COL_FD, COL_SLOTS, COL_RAM, COL_QMP };

#define CELL	 80
#define COMM_MAX 16
#define QMP_MAX	 40

/* Bytes that the guest can address; address space 1 shows the same again */
static uint64_t ram_size(const struct slot_state *state)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < state->nr_slots; i++)
		if (!state->slots[i].as_id && !state->slots[i].hidden)
			sum += state->slots[i].size;
	return sum;
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
	if (row->state) {
		snprintf(text, sizeof(text), "%zu", row->state->nr_slots);
		ret = ret ?: scols_line_set_data(line, COL_SLOTS, text);
		snprintf(text, sizeof(text), "%" PRIu64 "K",
			 ram_size(row->state) >> 10);
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

static struct json_object *row_to_json(const struct vm_row *row)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put(obj, "vm", vm_id_to_json(&row->id));
	ret |= json_put_str(obj, "comm", row->comm);
	ret |= json_put_str(obj, "qmp", row->qmp);
	ret |= row->state ?
		       json_put(obj, "state", slot_state_to_json(row->state)) :
		       json_put_null(obj, "state");
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}

int render_vms_json(FILE *out, const struct vm_row *rows, size_t nr,
		    size_t unseen)
{
	struct json_object *root = json_object_new_object();
	struct json_object *list = json_object_new_array();
	int ret = root && list ? 0 : -1;

	for (size_t i = 0; i < nr && !ret; i++)
		ret = json_add(list, row_to_json(&rows[i]));
	if (ret) {
		json_object_put(list);
		json_object_put(root);
		return render_document(out, NULL);
	}
	ret |= json_put_u64(root, "version", SLOTSCOPE_JSON_VERSION);
	ret |= json_put(root, "vms", list);
	ret |= json_put_u64(root, "processes_not_looked_into", unseen);
	if (ret) {
		json_object_put(root);
		root = NULL;
	}
	return render_document(out, root);
}
