// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/json_value.h"
#include "render/cells.h"
#include "view/json.h"

static struct json_object *finish(struct json_object *obj, int ret)
{
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}

static struct json_object *slot_cell_to_json(const struct row_cell *cell)
{
	const struct slot *slot = cell->slot;
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	if (slot->id >= 0)
		ret |= json_put_s64(obj, "id", slot->id);
	if (slot->name) {
		ret |= json_put_str(obj, "name", slot->name);
		ret |= json_put_hex(obj, "offset", slot->offset + cell->offset);
	}
	if (!(slot->unknown & SLOT_FIELD_HVA))
		ret |= json_put_hex(obj, "hva", slot->hva + cell->offset);
	ret |= json_put_hex(obj, "flags", slot->flags);
	if (slot->hidden)
		ret |= json_put_bool(obj, "hidden", true);
	return finish(obj, ret);
}

static struct json_object *ground_cell_to_json(const struct row_cell *cell)
{
	const struct host_range *range = cell->range;
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_bool(obj, "mapped", cell->kind == ROW_CELL_MAPPED);
	if (cell->kind == ROW_CELL_MAPPED) {
		ret |= json_put_bool(obj, "read", range->read);
		ret |= json_put_bool(obj, "write", range->write);
		ret |= json_put_bool(obj, "shared", range->shared);
	}
	if (cell->kind == ROW_CELL_MAPPED && range->path) {
		ret |= json_put_str(obj, "path", range->path);
		ret |= json_put_hex(obj, "offset",
				    range->offset + cell->offset);
	}
	if (cell->kind == ROW_CELL_MAPPED)
		ret |= host_range_details_to_json(range, obj);
	return finish(obj, ret);
}

int put_cell(struct json_object *obj, const struct view *view,
	     const struct row_cell *cell)
{
	const char *key = party_of(view->party)->key;

	if (cell->kind == ROW_CELL_ABSENT || cell->kind == ROW_CELL_UNKNOWN)
		return 0;
	if (view->map)
		return json_put(obj, key, ground_cell_to_json(cell));
	if (cell->kind == ROW_CELL_NONE)
		return json_put_null(obj, key);
	return json_put(obj, key, slot_cell_to_json(cell));
}
