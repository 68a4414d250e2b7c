// SPDX-License-Identifier: GPL-2.0-or-later
/* vm_id and slot as JSON */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "view/json.h"
#include "view/json_parts.h"
#include "view/names.h"

void vm_id_write_json(struct json_writer *w, const char *member,
		      const struct vm_id *vm)
{
	json_begin_object(w, member);
	json_write_str(w, "boot_id", vm->boot_id);
	json_write_s64(w, "tgid", vm->tgid);
	json_write_u64(w, "start_time", vm->start_time);
	json_write_s64(w, "fd", vm->fd);
	json_write_u64(w, "serial", vm->serial);
	json_end_object(w);
}

struct json_object *vm_id_to_json(const struct vm_id *vm)
{
	struct json_text text = { 0 };
	struct json_writer w;

	json_writer_init(&w, json_text_put, &text);
	vm_id_write_json(&w, NULL, vm);
	json_writer_flush(&w);
	return json_text_tree(&text);
}

void vm_id_from_json_in(const struct json_in *in, struct vm_id *vm)
{
	const char *boot_id = json_in_str_or(in, "boot_id", "");

	memset(vm, 0, sizeof(*vm));
	if (strlen(boot_id) >= sizeof(vm->boot_id) ||
	    boot_id[strspn(boot_id, "0123456789abcdef-")])
		json_in_fail(in, "boot_id", "is no boot id");
	else
		strcpy(vm->boot_id, boot_id);
	vm->tgid = json_in_s64_or(in, "tgid", 0, INT_MAX, 0);
	vm->start_time = json_in_u64_or(in, "start_time", UINT64_MAX, 0);
	vm->fd = json_in_s64_or(in, "fd", -1, INT_MAX, -1);
	vm->serial = json_in_u64_or(in, "serial", UINT64_MAX, 0);
}

void slot_write_json(struct json_writer *w, const char *member,
		     const struct slot *slot)
{
	json_begin_object(w, member);
	json_write_u64(w, "as_id", slot->as_id);
	if (slot->id < 0)
		json_write_null(w, "id");
	else
		json_write_s64(w, "id", slot->id);
	json_write_hex(w, "gpa", slot->gpa);
	json_write_hex(w, "size", slot->size);
	if (slot->unknown & SLOT_FIELD_HVA)
		json_write_null(w, "hva");
	else
		json_write_hex(w, "hva", slot->hva);
	json_write_hex(w, "flags", slot->flags);
	/* what most slots do not have is left out: logs and states are long */
	if (slot->gmem_fd >= 0)
		json_write_s64(w, "gmem_fd", slot->gmem_fd);
	if (slot->gmem_fd >= 0 || slot->gmem_ino || slot->gmem_offset)
		json_write_hex(w, "gmem_offset", slot->gmem_offset);
	if (slot->gmem_ino) {
		json_write_u64(w, "gmem_dev_major", major(slot->gmem_dev));
		json_write_u64(w, "gmem_dev_minor", minor(slot->gmem_dev));
		json_write_hex(w, "gmem_inode", slot->gmem_ino);
	}
	if (slot->gmem == SLOT_GMEM_CLOSED)
		json_write_bool(w, "gmem_closed", true);
	if (slot->hidden)
		json_write_bool(w, "hidden", true);
	if (slot->unknown)
		json_write_bits(w, "unknown", slot_field_names,
				SLOT_FIELD_NAMES, slot->unknown);
	if (slot->name) {
		json_write_str(w, "name", slot->name);
		json_write_hex(w, "offset", slot->offset);
	}
	if (slot->seq)
		json_write_u64(w, "seq", slot->seq);
	json_end_object(w);
}

void slot_from_json_in(const struct json_in *in, struct slot *slot)
{
	memset(slot, 0, sizeof(*slot));
	slot->as_id = json_in_u64(in, "as_id", UINT16_MAX);
	slot->id = json_in_s64_or(in, "id", 0, INT32_MAX, -1);
	slot->gpa = json_in_hex(in, "gpa", UINT64_MAX);
	slot->size = json_in_hex(in, "size", UINT64_MAX);
	slot->hva = json_in_hex_or(in, "hva", UINT64_MAX, 0);
	slot->flags = json_in_hex_or(in, "flags", UINT32_MAX, 0);
	slot->gmem_fd = json_in_s64_or(in, "gmem_fd", 0, INT32_MAX, -1);
	slot->gmem_offset = json_in_hex_or(in, "gmem_offset", UINT64_MAX, 0);
	slot->gmem_ino = json_in_hex_or(in, "gmem_inode", UINT64_MAX, 0);
	slot->gmem_dev =
		makedev(json_in_u64_or(in, "gmem_dev_major", UINT32_MAX, 0),
			json_in_u64_or(in, "gmem_dev_minor", UINT32_MAX, 0));
	if (json_in_bool_or(in, "gmem_closed", false))
		slot->gmem = SLOT_GMEM_CLOSED;
	else if (slot->gmem_ino)
		slot->gmem = SLOT_GMEM_OPEN;
	slot->hidden = json_in_bool_or(in, "hidden", false);
	if (json_in_has(in, "unknown"))
		slot->unknown = json_in_bits(in, "unknown", slot_field_names,
					     SLOT_FIELD_NAMES);
	slot->name = (char *)json_in_str_or(in, "name", NULL);
	slot->offset = json_in_hex_or(in, "offset", UINT64_MAX, 0);
	slot->seq = json_in_u64_or(in, "seq", UINT64_MAX, 0);
	if (slot->size && slot->gpa + (slot->size - 1) < slot->gpa)
		json_in_fail(in, "size", "reaches beyond the last address");
}
