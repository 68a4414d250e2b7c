// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>

#include <libsmartcols.h>

#include "render/document.h"
#include "render/look.h"
#include "render/text.h"
#include "render/vms.h"
#include "view/json.h"

#define CELL	     80
#define VMM_COLUMNS  12
#define NAME_COLUMNS 20

enum column {
	COL_PID,
	COL_FD,
	COL_VMM,
	COL_NAME,
	COL_MEMORY,
	COL_SLOTS,
	COL_STATE,
	COL_VERDICT,
	NR_COLUMNS,
};

/* Slots of each address space, KVM's own among them: "9/7" */
static void say_slots(char text[CELL], const struct top_look *look)
{
	size_t len = 0;

	snprintf(text, CELL, "?");
	for (size_t i = 0; look->counted && i < look->nr_as && len < CELL; i++)
		len += snprintf(text + len, CELL - len, "%s%" PRIu64,
				i ? "/" : "",
				look->as[i].nr + look->as[i].hidden_nr);
}

/* A program that is no VMM that we know goes by its process's name */
static void say_vmm(char text[CELL], const struct vm_row *row)
{
	text_clean(text, CELL, VMM_COLUMNS, row->vmm[0] ? row->vmm : row->comm);
}

static void say_name(char text[CELL], const struct vm_row *row)
{
	text_clean(text, CELL, NAME_COLUMNS, row->name[0] ? row->name : "-");
}

static void say_memory(char text[CELL], const struct vm_row *row)
{
	if (row->look.counted)
		look_say_bytes(text, row->look.bytes);
	else
		snprintf(text, CELL, "?");
}

static void say_cell(char text[CELL], enum column column,
		     const struct vm_row *row)
{
	switch (column) {
	case COL_PID:
		snprintf(text, CELL, "%d", row->id.tgid);
		break;
	case COL_FD:
		snprintf(text, CELL, "%d", row->id.fd);
		break;
	case COL_VMM:
		say_vmm(text, row);
		break;
	case COL_NAME:
		say_name(text, row);
		break;
	case COL_MEMORY:
		say_memory(text, row);
		break;
	case COL_SLOTS:
		say_slots(text, &row->look);
		break;
	case COL_STATE:
		snprintf(text, CELL, "%s",
			 top_state_name(top_state(&row->look)));
		break;
	default:
		if (row->look.at_ns)
			look_say_verdict(text, &row->look);
		else
			snprintf(text, CELL, "?");
		break;
	}
}

static const struct {
	const char *name;
	int flags;
} columns[NR_COLUMNS] = {
	[COL_PID] = { "PID", SCOLS_FL_RIGHT },
	[COL_FD] = { "FD", SCOLS_FL_RIGHT },
	[COL_VMM] = { "VMM", 0 },
	[COL_NAME] = { "NAME", 0 },
	[COL_MEMORY] = { "MEMORY", SCOLS_FL_RIGHT },
	[COL_SLOTS] = { "SLOTS", SCOLS_FL_RIGHT },
	[COL_STATE] = { "STATE", 0 },
	[COL_VERDICT] = { "VERDICT", 0 },
};

static int add_row(struct libscols_table *table, const struct vm_row *row)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char text[CELL];
	int ret = line ? 0 : -ENOMEM;

	for (int i = 0; i < NR_COLUMNS && !ret; i++) {
		say_cell(text, (enum column)i, row);
		ret = scols_line_set_data(line, i, text);
	}
	return ret;
}

int render_vms(FILE *out, const struct vm_row *rows, size_t nr)
{
	struct libscols_table *table = scols_new_table();
	int ret = 0;

	if (!table)
		return -ENOMEM;
	scols_table_set_stream(table, out);
	for (int i = 0; i < NR_COLUMNS && !ret; i++)
		if (!scols_table_new_column(table, columns[i].name, 0,
					    columns[i].flags))
			ret = -ENOMEM;
	for (size_t i = 0; i < nr && !ret; i++)
		ret = add_row(table, &rows[i]);
	if (!ret)
		ret = scols_print_table(table);
	scols_unref_table(table);
	return ret;
}

static void write_as(struct json_writer *w, const struct top_look *look)
{
	if (!look->counted) {
		json_write_null(w, "slots_by_as");
		return;
	}
	json_begin_array(w, "slots_by_as");
	for (size_t i = 0; i < look->nr_as; i++) {
		json_begin_object(w, NULL);
		json_write_u64(w, "slots", look->as[i].nr);
		json_write_hex(w, "bytes", look->as[i].bytes);
		json_write_u64(w, "kvm_slots", look->as[i].hidden_nr);
		json_write_hex(w, "kvm_bytes", look->as[i].hidden_bytes);
		json_end_object(w);
	}
	json_end_array(w);
}

static void write_row(struct json_writer *w, const struct vm_row *row)
{
	const enum top_state state = top_state(&row->look);
	const struct top_look *look = &row->look;

	json_begin_object(w, NULL);
	vm_id_write_json(w, "vm", &row->id);
	json_write_str(w, "comm", row->comm);
	json_write_str(w, "vmm", row->vmm[0] ? row->vmm : NULL);
	json_write_str(w, "name", row->name[0] ? row->name : NULL);
	json_write_str(w, "qmp", row->qmp);
	if (look->counted)
		json_write_hex(w, "bytes", look->bytes);
	else
		json_write_null(w, "bytes");
	write_as(w, look);
	json_write_str(w, "vcpu_state",
		       state == TOP_STATE_UNKNOWN ? NULL :
						    top_state_name(state));
	json_write_str(w, "verdict",
		       look->at_ns ? top_verdict_name(look->verdict) :
				     top_verdict_name(TOP_UNKNOWN));
	json_write_u64(w, "mismatches", look->mismatches);
	json_write_u64(w, "notes", look->notes);
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
