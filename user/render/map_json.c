// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include <slotscope/addr.h>

#include "base/json_value.h"
#include "base/json_writer.h"
#include "render/cells.h"
#include "render/document.h"
#include "render/map.h"
#include "view/json.h"

static void write_range(struct json_writer *w, uint64_t first, uint64_t last)
{
	json_write_hex(w, "gpa", first);
	json_write_wide(w, "size", (memory_size_t)last - first + 1);
}

static const char *kind_name(enum lane_box_kind kind)
{
	static const char *const names[] = {
		[LANE_BOX_RAM] = "ram",	    [LANE_BOX_ROM] = "rom",
		[LANE_BOX_IO] = "mmio",	    [LANE_BOX_CONTAINER] = "container",
		[LANE_BOX_SLOT] = "slot",   [LANE_BOX_MAPPED] = "mapped",
		[LANE_BOX_NOT_TOLD] = NULL, [LANE_BOX_UNSEEN] = "unseen",
	};

	return names[kind];
}

static void write_box(struct json_writer *w, const struct lane *lane,
		      const struct lane_box *box)
{
	json_begin_object(w, NULL);
	write_range(w, box->first, box->last);
	json_write_u64(w, "row", box->row);
	json_write_str(w, "kind", kind_name(box->kind));
	if (box->name)
		json_write_str(w, "name", box->name);
	if (box->name ||
	    (lane->kind == LANE_HOST && box->kind == LANE_BOX_MAPPED))
		json_write_hex(w, "offset", box->offset);
	if (lane->kind == LANE_STAGE2)
		json_write_hex(w, "mapped", box->filled);
	if (box->kind == LANE_BOX_SLOT) {
		if (box->slot->id >= 0)
			json_write_s64(w, "slot_id", box->slot->id);
		json_write_bool(w, "readonly",
				box->slot->flags & SLOT_READONLY);
		json_write_bool(w, "log_dirty",
				box->slot->flags & SLOT_LOG_DIRTY);
		json_write_bool(w, "hidden", box->slot->hidden);
	}
	if (lane->kind == LANE_HOST && box->kind == LANE_BOX_MAPPED) {
		json_write_bool(w, "read", box->mapping->read);
		json_write_bool(w, "write", box->mapping->write);
		json_write_bool(w, "shared", box->mapping->shared);
	}
	json_end_object(w);
}

static void write_lane(struct json_writer *w, const struct lane *lane)
{
	json_begin_object(w, NULL);
	json_write_str(w, "lane", lane_title(lane));
	if (lane->kind == LANE_SLOTS || lane->kind == LANE_HOST)
		json_write_str(w, "view", party_of(lane->party)->key);
	if (lane->none) {
		json_write_str(w, "none", lane->none);
	} else {
		json_write_u64(w, "rows", lane->rows);
		if (lane->kind == LANE_REGIONS)
			json_write_u64(w, "front", lane->front);
		json_begin_array(w, "boxes");
		for (size_t i = 0; i < lane->nr; i++)
			write_box(w, lane, &lane->boxes[i]);
		json_end_array(w);
	}
	json_end_object(w);
}

static void write_piece(struct json_writer *w, const struct lanes_input *input,
			const struct scale_piece *piece)
{
	const struct check_row *row = lanes_row_at(input, piece->first);

	json_begin_object(w, NULL);
	write_range(w, piece->first, piece->last);
	json_write_bool(w, "hole", piece->hole);
	json_write_u64(w, "weight", scale_weight(piece));
	if (row)
		json_write_str(w, "verdict",
			       row_verdict(row, &input->comparison->findings));
	if (row && row->verdict == ROW_FINDING)
		json_write_u64(w, "finding", row->finding);
	json_end_object(w);
}

static int write_space(struct json_writer *w,
		       const struct map_document *document, uint16_t as_id)
{
	struct lanes_input input = *document->input;
	const char *name = addr_space_name(as_id);
	struct lanes lanes;
	int ret;

	input.as_id = as_id;
	ret = lanes_make(&input, &lanes);
	if (!ret) {
		json_begin_object(w, NULL);
		json_write_u64(w, "as_id", as_id);
		json_write_str(w, "name", name);
		json_begin_array(w, "scale");
		for (size_t i = 0; i < lanes.scale.nr; i++)
			write_piece(w, &input, &lanes.scale.pieces[i]);
		json_end_array(w);
		json_begin_array(w, "lanes");
		for (size_t i = 0; i < lanes.nr; i++)
			write_lane(w, &lanes.lane[i]);
		json_end_array(w);
		json_end_object(w);
	}
	lanes_deinit(&lanes);
	return ret;
}

static void write_finding(struct json_writer *w, const struct finding *finding)
{
	json_begin_object(w, NULL);
	json_write_str(w, "id", finding_id_name(finding->id));
	json_write_str(w, "kind",
		       finding_kind_name(finding_id_kind(finding->id)));
	json_write_u64(w, "as_id", finding->as_id);
	if (finding->size)
		write_range(w, finding->gpa,
			    finding->gpa + (finding->size - 1));
	json_write_str(w, "sentence", finding->sentence);
	json_end_object(w);
}

static int write_all(struct json_writer *w, const struct map_document *document)
{
	const struct findings *findings =
		&document->input->comparison->findings;
	const uint16_t nr = lanes_spaces(document->input);
	int ret = 0;

	json_begin_object(w, NULL);
	json_write_u64(w, "version", SLOTSCOPE_JSON_VERSION);
	json_begin_array(w, "address_spaces");
	for (uint16_t as_id = 0; as_id < nr && !ret; as_id++)
		if (document->as_id < 0 || document->as_id == as_id)
			ret = write_space(w, document, as_id);
	json_end_array(w);
	json_begin_array(w, "findings");
	for (size_t i = 0; i < findings->nr; i++)
		write_finding(w, &findings->items[i]);
	json_end_array(w);
	json_end_object(w);
	json_writer_flush(w);
	return ret;
}

int render_map_json(FILE *out, const struct map_document *document)
{
	struct json_text text = {};
	struct json_writer w;
	struct json_object *obj;
	int ret;

	json_writer_init(&w, json_text_put, &text);
	ret = write_all(&w, document);
	obj = json_text_tree(&text);
	if (obj && document->vm)
		ret = ret ?: json_put(obj, "vm", vm_id_to_json(document->vm));
	if (ret) {
		json_object_put(obj);
		return -ENOMEM;
	}
	return render_document(out, obj);
}
