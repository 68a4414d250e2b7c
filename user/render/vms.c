// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>

#include "base/size_text.h"
#include "render/document.h"
#include "render/look.h"
#include "render/style.h"
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

static size_t room(size_t columns)
{
	return render_style.wide || render_style.raw ? CELL - 1 : columns;
}

/* A program that is no VMM that we know goes by its process's name */
static void say_vmm(char text[CELL], const struct vm_row *row)
{
	table_text(text, CELL, room(VMM_COLUMNS),
		   row->vmm[0] ? row->vmm : row->comm);
}

static void say_name(char text[CELL], const struct vm_row *row)
{
	table_text(text, CELL, room(NAME_COLUMNS),
		   row->name[0] ? row->name : "-");
}

static void say_memory(char text[CELL], const struct vm_row *row)
{
	if (row->look.counted)
		size_cell(text, row->look.bytes);
	else
		snprintf(text, CELL, "?");
}

static void say_cell(char *text, size_t size, size_t column, const void *opaque,
		     enum color *color)
{
	const struct vm_row *row = opaque;

	(void)size; /* as large as CELL */
	switch ((enum column)column) {
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
		*color = look_color(&row->look);
		look_say_verdict(text, &row->look);
		break;
	}
}

const struct table_column vm_columns[VM_COLUMNS] = {
	[COL_PID] = { "pid", "PID", true },
	[COL_FD] = { "fd", "FD", true },
	[COL_VMM] = { "vmm", "VMM", false },
	[COL_NAME] = { "name", "NAME", false },
	[COL_MEMORY] = { "memory", "MEMORY", true },
	[COL_SLOTS] = { "slots", "SLOTS", true },
	[COL_STATE] = { "state", "STATE", false },
	[COL_VERDICT] = { "verdict", "VERDICT", false },
};

int render_vms(FILE *out, const struct vm_row *rows, size_t nr)
{
	return table_print(out, vm_columns, VM_COLUMNS, ~0U, rows, nr,
			   sizeof(*rows), say_cell);
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
	look_write_json(w, look);
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
