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

struct json_object *vm_id_to_json(const struct vm_id *vm)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_str(obj, "boot_id", vm->boot_id);
	ret |= json_put_s64(obj, "tgid", vm->tgid);
	ret |= json_put_u64(obj, "start_time", vm->start_time);
	ret |= json_put_s64(obj, "fd", vm->fd);
	ret |= json_put_u64(obj, "serial", vm->serial);
	if (ret) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
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

int vm_id_from_json(struct json_object *obj, struct vm_id *vm,
		    struct slotscope_error *err)
{
	struct json_in in;
	int ret;

	in = json_in_top(obj, "VM", &ret, err);
	vm_id_from_json_in(&in, vm);
	return ret;
}

struct json_object *slot_to_json(const struct slot *slot)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_u64(obj, "as_id", slot->as_id);
	ret |= slot->id < 0 ? json_put_null(obj, "id") :
			      json_put_s64(obj, "id", slot->id);
	ret |= json_put_hex(obj, "gpa", slot->gpa);
	ret |= json_put_hex(obj, "size", slot->size);
	ret |= slot->unknown & SLOT_FIELD_HVA ?
		       json_put_null(obj, "hva") :
		       json_put_hex(obj, "hva", slot->hva);
	ret |= json_put_hex(obj, "flags", slot->flags);
	/* what most slots do not have is left out: logs and states are long */
	if (slot->gmem_fd >= 0)
		ret |= json_put_s64(obj, "gmem_fd", slot->gmem_fd);
	if (slot->gmem_fd >= 0 || slot->gmem_ino || slot->gmem_offset)
		ret |= json_put_hex(obj, "gmem_offset", slot->gmem_offset);
	if (slot->gmem_ino) {
		ret |= json_put_u64(obj, "gmem_dev_major",
				    major(slot->gmem_dev));
		ret |= json_put_u64(obj, "gmem_dev_minor",
				    minor(slot->gmem_dev));
		ret |= json_put_hex(obj, "gmem_inode", slot->gmem_ino);
	}
	if (slot->gmem == SLOT_GMEM_CLOSED)
		ret |= json_put_bool(obj, "gmem_closed", true);
	if (slot->hidden)
		ret |= json_put_bool(obj, "hidden", true);
	if (slot->unknown)
		ret |= json_put_bits(obj, "unknown", slot_field_names,
				     SLOT_FIELD_NAMES, slot->unknown);
	if (slot->name) {
		ret |= json_put_str(obj, "name", slot->name);
		ret |= json_put_hex(obj, "offset", slot->offset);
	}
	if (slot->seq)
		ret |= json_put_u64(obj, "seq", slot->seq);
	if (ret) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
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
