// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "base/json_value.h"
#include "render/check.h"
#include "render/document.h"
#include "view/json.h"
#include "view/names.h"

static const char *const view_names[CHECK_VIEWS] = {
	[CHECK_MODEL] = "model",
	[CHECK_TRACED] = "traced",
	[CHECK_KERNEL] = "kernel",
	[CHECK_BACKING] = "backing",
};

/* By bit number of CHECK_MODEL_KERNEL and its like */
static const char *const pair_names[] = {
	"model-kernel",
	"model-traced",
	"traced-kernel",
	"slots-backing",
};

static struct json_object *finish(struct json_object *obj, int ret)
{
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}

static struct json_object *says_to_json(const struct finding *finding)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	for (int view = 0; view < CHECK_VIEWS && obj; view++) {
		if (finding->says[view])
			ret |= json_put_str(obj, view_names[view],
					    finding->says[view]);
	}
	return finish(obj, ret);
}

static struct json_object *finding_to_json(const struct finding *finding)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_str(obj, "id", finding_id_name(finding->id));
	ret |= json_put_str(obj, "kind",
			    finding_kind_name(finding_id_kind(finding->id)));
	ret |= json_put_str(obj, "sentence", finding->sentence);
	ret |= json_put_bits(obj, "views", view_names, CHECK_VIEWS,
			     finding->views);
	ret |= json_put(obj, "says", says_to_json(finding));
	ret |= json_put_u64(obj, "as_id", finding->as_id);
	if (finding->size) {
		ret |= json_put_hex(obj, "gpa", finding->gpa);
		ret |= json_put_hex(obj, "size", finding->size);
	}
	if (finding->slot_id >= 0)
		ret |= json_put_s64(obj, "slot_id", finding->slot_id);
	if (finding->hva)
		ret |= json_put_hex(obj, "hva", finding->hva);
	if (finding->seq)
		ret |= json_put_u64(obj, "seq", finding->seq);
	if (finding->cause != FINDING_NO_CAUSE)
		ret |= json_put_u64(obj, "cause", finding->cause);
	return finish(obj, ret);
}

static struct json_object *cell_to_json(const struct row_cell *cell)
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

static struct json_object *backing_to_json(const struct check_row *row)
{
	const struct host_range *range = row->range;
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_bool(obj, "mapped", row->backing == ROW_BACKING_MAPPED);
	if (row->backing == ROW_BACKING_MAPPED) {
		ret |= json_put_bool(obj, "read", range->read);
		ret |= json_put_bool(obj, "write", range->write);
		ret |= json_put_bool(obj, "shared", range->shared);
	}
	if (row->backing == ROW_BACKING_MAPPED && range->path) {
		ret |= json_put_str(obj, "path", range->path);
		ret |= json_put_hex(obj, "offset", range->offset + row->offset);
	}
	if (row->backing == ROW_BACKING_MAPPED)
		ret |= host_range_details_to_json(range, obj);
	return finish(obj, ret);
}

static const char *row_verdict(const struct check_row *row,
			       const struct findings *findings)
{
	static const char *const words[] = {
		[ROW_AGREE] = "agree",
		[ROW_ALONE] = "not-compared",
		[ROW_TRANSITION] = "under-update",
		[ROW_OWN] = "kvms-own",
	};

	if (row->verdict == ROW_FINDING)
		return finding_id_name(findings->items[row->finding].id);
	return words[row->verdict];
}

static struct json_object *row_to_json(const struct check_row *row,
				       const struct findings *findings)
{
	struct json_object *obj = json_object_new_object();
	const struct row_cell *cell;
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_u64(obj, "as_id", row->as_id);
	ret |= json_put_hex(obj, "gpa", row->gpa);
	ret |= json_put_hex(obj, "size", row->size);
	/* no member: the view says nothing; null: it says, nothing is here */
	for (int view = 0; view < VIEW_SOURCES; view++) {
		cell = &row->cell[view];
		if (cell->kind == ROW_CELL_SLOT)
			ret |= json_put(obj, view_names[view],
					cell_to_json(cell));
		else if (cell->kind == ROW_CELL_NONE)
			ret |= json_put_null(obj, view_names[view]);
	}
	if (row->backing == ROW_BACKING_NONE ||
	    row->backing == ROW_BACKING_MAPPED)
		ret |= json_put(obj, "backing", backing_to_json(row));
	ret |= json_put_str(obj, "verdict", row_verdict(row, findings));
	if (row->verdict == ROW_FINDING)
		ret |= json_put_u64(obj, "finding", row->finding);
	return finish(obj, ret);
}

/* What a view can speak for; its slots are in the rows */
static struct json_object *view_to_json(const struct slot_state *state)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put(obj, "vm", vm_id_to_json(&state->vm));
	ret |= json_put(obj, "coverage", coverage_to_json(&state->coverage));
	ret |= json_put(obj, "address_spaces",
			slot_state_spaces_to_json(state));
	ret |= json_put_u64(obj, "slots", state->nr_slots);
	return finish(obj, ret);
}

static struct json_object *views_to_json(const struct check_input *input)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *unread;
	int ret = 0;

	for (int view = 0; view < CHECK_VIEWS && obj; view++) {
		if (input->unread[view]) {
			unread = json_object_new_object();
			ret |= json_put(obj, view_names[view], unread);
			if (!ret)
				ret = json_put_str(unread, "unread",
						   input->unread[view]);
		} else if (view == CHECK_BACKING && input->backing) {
			unread = json_object_new_object();
			ret |= json_put(obj, view_names[view], unread);
			if (!ret)
				ret = json_put_bool(unread, "truncated",
						    input->backing->truncated);
		} else if (view != CHECK_BACKING && input->views[view]) {
			ret |= json_put(obj, view_names[view],
					view_to_json(input->views[view]));
		}
	}
	return finish(obj, ret);
}

static struct json_object *findings_to_json(const struct findings *findings)
{
	struct json_object *array = json_object_new_array();
	int ret = 0;

	for (size_t i = 0; i < findings->nr && array && !ret; i++)
		ret = json_add(array, finding_to_json(&findings->items[i]));
	return finish(array, ret);
}

static struct json_object *rows_to_json(const struct check_rows *rows,
					const struct findings *findings)
{
	struct json_object *array = json_object_new_array();
	int ret = 0;

	for (size_t i = 0; i < rows->nr && array && !ret; i++)
		ret = json_add(array, row_to_json(&rows->rows[i], findings));
	return finish(array, ret);
}

int render_check_json(FILE *out, const struct check_document *document)
{
	static const char *const verdicts[] = { "agree", "mismatch",
						"unknown" };
	const struct check_input *input = document->input;
	struct json_object *obj = json_object_new_object();
	int status = findings_exit_status(document->findings);
	int ret = 0;

	if (!obj)
		return render_document(out, NULL);
	ret |= json_put_u64(obj, "version", SLOTSCOPE_JSON_VERSION);
	ret |= json_put_str(obj, "verdict", verdicts[status]);
	ret |= json_put_u64(obj, "exit_status", status);
	if (document->vm)
		ret |= json_put(obj, "vm", vm_id_to_json(document->vm));
	if (document->comm)
		ret |= json_put_str(obj, "comm", document->comm);
	if (document->at_ms >= 0)
		ret |= json_put_u64(obj, "at_ms", document->at_ms);
	if (document->kernel_by)
		ret |= json_put_str(obj, "kernel_by", document->kernel_by);
	ret |= json_put_bits(obj, "compared", pair_names,
			     sizeof(pair_names) / sizeof(pair_names[0]),
			     check_pairs(input));
	if (input->unsettled)
		ret |= json_put_str(obj, "unsettled", input->unsettled);
	ret |= json_put(obj, "views", views_to_json(input));
	ret |= json_put(obj, "rows",
			rows_to_json(document->rows, document->findings));
	ret |= json_put(obj, "findings", findings_to_json(document->findings));
	return render_document(out, finish(obj, ret));
}
