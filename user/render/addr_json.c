// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "base/json_value.h"
#include "render/addr.h"
#include "render/cells.h"
#include "render/document.h"
#include "render/past.h"
#include "view/json.h"

static struct json_object *finish(struct json_object *obj, int ret)
{
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}

static int put_views(struct json_object *obj,
		     const struct addr_document *document,
		     const struct addr_place *place)
{
	const struct check_input *input = document->input->comparison->input;
	const struct check_rows *rows = document->input->rows;
	struct json_object *views = json_object_new_object();
	const struct check_row *row;
	struct row_cell cell;
	int ret = views ? 0 : -1;

	for (size_t view = 0; view < input->nr_views && !ret; view++) {
		if (place->row != ADDR_NO_ROW) {
			row = &rows->rows[place->row];
			cell = *check_row_cell(rows, row, view);
			cell.offset += place->gpa - row->gpa;
		} else if (input->views[view].map && place->range) {
			cell = (struct row_cell){ ROW_CELL_MAPPED, NULL,
						  place->range,
						  place->hva -
							  place->range->start };
		} else {
			continue;
		}
		ret = put_cell(views, &input->views[view], &cell);
	}
	return ret | json_put(obj, "views", views);
}

static int put_flat(struct json_object *obj,
		    const struct addr_document *document,
		    const struct addr_place *place)
{
	const struct mtree_range *flat = place->flat;
	struct json_object *range = json_object_new_object();
	struct json_object *path = json_object_new_array();
	const char *names[ADDR_PATH_MAX];
	bool alias[ADDR_PATH_MAX];
	int ret = range && path ? 0 : -1;
	int nr;

	if (!ret) {
		ret |= json_put_hex(range, "gpa", flat->first);
		ret |= json_put_hex(range, "size",
				    flat->last - flat->first + 1);
		ret |= json_put_str(range, "name", flat->name);
		ret |= json_put_hex(range, "offset",
				    flat->offset + (place->gpa - flat->first));
		ret |= json_put_bool(range, "io", flat->kind == MTREE_IO);
		if (flat->owner)
			ret |= json_put_str(range, "owner", flat->owner);
	}
	nr = addr_path(document->input, place, names, alias);
	for (int i = 0; i < nr && !ret; i++)
		ret = json_add(path, json_object_new_string(names[i]));
	ret |= json_put(obj, "flat", range);
	return ret | json_put(obj, "path", path);
}

static int put_block(struct json_object *obj,
		     const struct addr_document *document,
		     const struct addr_place *place)
{
	const struct addr_block *block;
	struct json_object *out;
	uint64_t offset;
	int ret = 0;

	block = addr_block_of(document->input, place, &offset);
	if (!block)
		return 0;
	out = json_object_new_object();
	if (out) {
		ret |= json_put_str(out, "name", block->name);
		ret |= json_put_hex(out, "offset", offset);
		ret |= json_put_hex(out, "ram_addr", block->ram_addr + offset);
		ret |= json_put_hex(out, "used", block->used);
	}
	return ret | json_put(obj, "ram_block", out);
}

static struct json_object *mapping_to_json(const struct stage2_mapping *map)
{
	struct json_object *obj = json_object_new_object();
	int ret = obj ? 0 : -1;

	if (ret)
		return NULL;
	ret |= json_put_hex(obj, "gpa", map->gpa);
	ret |= json_put_hex(obj, "size", map->size);
	ret |= json_put_hex(obj, "hpa", map->hpa);
	ret |= json_put_bool(obj, "writable", map->writable);
	ret |= json_put_bool(obj, "executable", map->executable);
	if (map->tells_use) {
		ret |= json_put_bool(obj, "accessed", map->accessed);
		ret |= json_put_bool(obj, "dirty", map->dirty);
	}
	ret |= json_put_bool(obj, "shadow", map->shadow);
	return finish(obj, ret);
}

static int put_mapped(struct json_object *obj, const struct addr_mapped *mapped)
{
	struct json_object *array = json_object_new_array();
	int ret = array ? 0 : -1;

	for (size_t i = 0; i < mapped->nr && !ret; i++)
		ret = json_add(array, mapping_to_json(&mapped->items[i]));
	if (mapped->more)
		ret |= json_put_bool(obj, "stage2_more", true);
	return ret | json_put(obj, "stage2", array);
}

static struct json_object *place_to_json(const struct addr_document *document,
					 size_t at)
{
	const struct addr_place *place = &document->answer->places[at];
	const struct check_rows *rows = document->input->rows;
	struct json_object *obj = json_object_new_object();
	int ret = obj ? 0 : -1;

	if (ret)
		return NULL;
	ret |= json_put_str(obj, "by", addr_kind_name(place->by));
	if (place->guest) {
		ret |= json_put_u64(obj, "as_id", place->as_id);
		ret |= json_put_hex(obj, "gpa", place->gpa);
	}
	ret |= json_put_hex(obj, "size", place->size);
	if (place->hva)
		ret |= json_put_hex(obj, "hva", place->hva);
	ret |= put_views(obj, document, place);
	if (place->flat)
		ret |= put_flat(obj, document, place);
	ret |= put_block(obj, document, place);
	if (document->mapped && place->guest)
		ret |= put_mapped(obj, &document->mapped[at]);
	if (place->row != ADDR_NO_ROW)
		ret |= json_put_str(
			obj, "verdict",
			row_verdict(&rows->rows[place->row],
				    &document->input->comparison->findings));
	return finish(obj, ret);
}

static struct json_object *event_to_json(const struct slot_event *event)
{
	struct json_text text = { 0 };
	struct json_writer w;

	json_writer_init(&w, json_text_put, &text);
	slot_event_write_json(&w, NULL, event);
	json_writer_flush(&w);
	return json_text_tree(&text);
}

static struct json_object *blind_to_json(const struct addr_blind *blind)
{
	struct json_object *obj = json_object_new_object();
	int ret = obj ? 0 : -1;

	if (ret)
		return NULL;
	ret |= json_put_str(obj, "what", blind->what);
	ret |= json_put_str(obj, "why", blind->why);
	return finish(obj, ret);
}

int render_addr_json(FILE *out, const struct addr_document *document)
{
	const struct addr_answer *answer = document->answer;
	struct json_object *obj = json_object_new_object();
	struct json_object *places = json_object_new_array();
	struct json_object *events = json_object_new_array();
	struct json_object *blind = json_object_new_array();
	struct json_object *doubt = json_object_new_array();
	int ret = obj && places && events && blind && doubt ? 0 : -1;

	for (size_t i = 0; i < answer->nr && !ret; i++)
		ret = json_add(places, place_to_json(document, i));
	for (size_t i = 0; i < answer->nr_events && !ret; i++)
		ret = json_add(events, event_to_json(answer->events[i]));
	for (size_t i = 0; i < document->nr_blind && !ret; i++)
		ret = json_add(document->blind[i].doubt ? doubt : blind,
			       blind_to_json(&document->blind[i]));
	if (!ret) {
		ret |= json_put_u64(obj, "version", SLOTSCOPE_JSON_VERSION);
		ret |= json_put_str(obj, "asked", document->asked);
		if (document->vm)
			ret |= json_put(obj, "vm", vm_id_to_json(document->vm));
		ret |= json_put_bool(obj, "owned", answer->owned);
	}
	if (!ret && document->past)
		ret = json_put(obj, "history", past_to_json(document->past));
	ret |= json_put(obj, "places", places);
	ret |= json_put(obj, "events", events);
	ret |= json_put(obj, "not_looked_at", blind);
	ret |= json_put(obj, "in_doubt", doubt);
	return render_document(out, finish(obj, ret));
}
