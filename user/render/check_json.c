// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "base/json_value.h"
#include "render/cells.h"
#include "render/check.h"
#include "render/document.h"
#include "render/forecast.h"
#include "render/mappings.h"
#include "render/past.h"
#include "render/tree_json.h"
#include "view/json.h"
#include "view/json_parts.h"
#include "view/names.h"

static const char *key_of(const struct comparison *comparison, size_t view)
{
	return party_of(comparison->input->views[view].party)->key;
}

static struct json_object *finish(struct json_object *obj, int ret)
{
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}

static struct json_object *says_to_json(const struct comparison *comparison,
					const struct finding *finding)
{
	struct json_object *obj = json_object_new_object();
	char *says;
	int ret = 0;

	for (size_t view = 0; view < comparison->input->nr_views && obj;
	     view++) {
		says = comparison_says(comparison, finding, view);
		if (says)
			ret |= json_put_str(obj, key_of(comparison, view),
					    says);
		free(says);
	}
	return finish(obj, ret);
}

/* Those that take part */
static struct json_object *parts_to_json(const struct comparison *comparison,
					 const struct finding *finding)
{
	struct json_object *array = json_object_new_array();
	int ret = 0;

	for (size_t view = 0; view < comparison->input->nr_views && array;
	     view++) {
		if (finding->views & 1ULL << view)
			ret |= json_add(array, json_object_new_string(key_of(
						       comparison, view)));
	}
	return finish(array, ret);
}

/* A slot that is told of beside the views */
static struct json_object *slot_to_json(const struct slot *slot)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_u64(obj, "as_id", slot->as_id);
	ret |= json_put_s64(obj, "id", slot->id);
	ret |= json_put_hex(obj, "gpa", slot->gpa);
	ret |= json_put_hex(obj, "size", slot->size);
	ret |= json_put_hex(obj, "hva", slot->hva);
	ret |= json_put_hex(obj, "flags", slot->flags);
	if (slot->hidden)
		ret |= json_put_bool(obj, "hidden", true);
	if (slot->seq)
		ret |= json_put_u64(obj, "seq", slot->seq);
	return finish(obj, ret);
}

static struct json_object *told_event_to_json(const struct slot_event *event)
{
	struct json_object *obj = json_object_new_object();
	char words[STORY_SAY_MAX];
	char comm[sizeof(event->comm) + 1];
	int ret = 0;

	if (!obj)
		return NULL;
	/* comm comes from a kernel: it need not end in NUL */
	memcpy(comm, event->comm, sizeof(event->comm));
	comm[sizeof(event->comm)] = '\0';
	ret |= json_put_u64(obj, "seq", event->seq);
	ret |= json_put_u64(obj, "time_ns", event->time_ns);
	ret |= json_put_u64(obj, "tgid", event->tgid);
	ret |= json_put_u64(obj, "tid", event->tid);
	ret |= json_put_str(obj, "comm", comm);
	ret |= json_put_str(obj, "type", slot_event_type_names[event->type]);
	ret |= json_put_str(obj, "sentence", story_say_event(words, event));
	return finish(obj, ret);
}

static struct json_object *last_to_json(const struct story *story)
{
	struct json_object *array = json_object_new_array();
	int ret = 0;

	for (size_t i = 0; i < story->nr_last && array && !ret; i++)
		ret = json_add(array, told_event_to_json(story->last[i]));
	return finish(array, ret);
}

static struct json_object *causes_to_json(enum finding_id id)
{
	struct json_object *array = json_object_new_array();
	int ret = 0;

	for (size_t i = 0; i < STORY_CAUSES && array; i++)
		if (finding_causes(id)[i])
			ret |= json_add(array, json_object_new_string(
						       finding_causes(id)[i]));
	return finish(array, ret);
}

static struct json_object *story_to_json(const struct check_document *document,
					 const struct finding *finding,
					 const struct story *story)
{
	struct json_object *obj = json_object_new_object();
	char time[STORY_TIME_SIZE], next[STORY_NEXT_MAX];
	int ret = 0;

	if (!obj)
		return NULL;
	if (story_since_name(story->since))
		ret |= json_put_str(obj, "since",
				    story_since_name(story->since));
	if (story->before)
		ret |= json_put_u64(obj, "before_seq", story->before);
	if (story->event) {
		ret |= json_put(obj, "event", told_event_to_json(story->event));
		ret |= json_put_u64(obj, "ago_ns", story->ago_ns);
	}
	if (story_time(time, document, story))
		ret |= json_put_str(obj, "time", time);
	if (story->was.size)
		ret |= json_put(obj, "was", slot_to_json(&story->was));
	if (story->outcome)
		ret |= json_put_str(obj, "outcome",
				    story_outcome_name(story->outcome));
	if (story->after)
		ret |= json_put(obj, "after", told_event_to_json(story->after));
	if (story->other)
		ret |= json_put(obj, "other", told_event_to_json(story->other));
	if (story->nr_last)
		ret |= json_put(obj, "last", last_to_json(story));
	if (finding_causes(finding->id)[0])
		ret |= json_put(obj, "causes", causes_to_json(finding->id));
	if (finding_next(next, finding, document->pid))
		ret |= json_put_str(obj, "next", next);
	return finish(obj, ret);
}

/* Why a request was refused, but for words */
static int put_refusal(struct json_object *obj, const struct finding *finding)
{
	const char *name = strerrorname_np(-finding->result);
	int ret;

	ret = name ? json_put_str(obj, "errno", name) :
		     json_put_s64(obj, "errno", -finding->result);
	if (finding->rule_known)
		ret |= json_put_str(obj, "rule",
				    request_rule_name(finding->rule));
	if (finding->other.size)
		ret |= json_put(obj, "other", slot_to_json(&finding->other));
	return ret;
}

static struct json_object *
finding_to_json(const struct check_document *document, size_t at)
{
	const struct comparison *comparison = document->comparison;
	const struct finding *finding = &comparison->findings.items[at];
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_str(obj, "id", finding_id_name(finding->id));
	ret |= json_put_str(obj, "kind",
			    finding_kind_name(finding_id_kind(finding->id)));
	ret |= json_put_str(obj, "sentence", finding->sentence);
	ret |= json_put(obj, "views", parts_to_json(comparison, finding));
	ret |= json_put(obj, "says", says_to_json(comparison, finding));
	ret |= json_put_u64(obj, "as_id", finding->as_id);
	if (finding->size) {
		ret |= json_put_hex(obj, "gpa", finding->gpa);
		ret |= json_put_hex(obj, "size", finding->size);
	}
	if (finding->elsewhere) {
		ret |= json_put_u64(obj, "other_as_id", finding->other_as_id);
		ret |= json_put_hex(obj, "other_gpa", finding->other_gpa);
	}
	if (finding->slot_id >= 0)
		ret |= json_put_s64(obj, "slot_id", finding->slot_id);
	if (finding->hva)
		ret |= json_put_hex(obj, "hva", finding->hva);
	if (finding->seq)
		ret |= json_put_u64(obj, "seq", finding->seq);
	if (finding->result)
		ret |= put_refusal(obj, finding);
	if (finding->cause != FINDING_NO_CAUSE)
		ret |= json_put_u64(obj, "cause", finding->cause);
	if (document->stories)
		ret |= json_put(obj, "story",
				story_to_json(document, finding,
					      &document->stories->items[at]));
	return finish(obj, ret);
}

const char *row_verdict(const struct check_row *row,
			const struct findings *findings)
{
	static const char *const words[] = {
		[ROW_AGREE] = "agree",
		[ROW_NOT_COMPARED] = "not-compared",
		[ROW_TRANSITION] = "under-update",
		[ROW_OWN] = "kvms-own",
	};

	if (row->verdict == ROW_FINDING)
		return finding_id_name(findings->items[row->finding].id);
	return words[row->verdict];
}

static struct json_object *row_to_json(const struct comparison *comparison,
				       const struct check_rows *rows,
				       const struct check_row *row)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_u64(obj, "as_id", row->as_id);
	ret |= json_put_hex(obj, "gpa", row->gpa);
	ret |= json_put_hex(obj, "size", row->size);
	for (size_t view = 0; view < comparison->input->nr_views; view++)
		ret |= put_cell(obj, &comparison->input->views[view],
				check_row_cell(rows, row, view));
	ret |= json_put_str(obj, "verdict",
			    row_verdict(row, &comparison->findings));
	if (row->verdict == ROW_FINDING)
		ret |= json_put_u64(obj, "finding", row->finding);
	return finish(obj, ret);
}

static struct json_object *fault_to_json(const struct index_fault *fault)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	if (fault->kind && fault->kind < INDEX_FAULT_KINDS)
		ret |= json_put_str(obj, "what",
				    index_fault_names[fault->kind]);
	else
		ret |= json_put_u64(obj, "unknown", fault->kind);
	ret |= json_put_u64(obj, "as_id", fault->as_id);
	ret |= json_put_bool(obj, "inactive", fault->inactive);
	if (fault->slot_id >= 0) {
		ret |= json_put_s64(obj, "slot_id", fault->slot_id);
		ret |= json_put_hex(obj, "gpa", fault->gpa);
	}
	ret |= json_put_hex(obj, "seen", fault->seen);
	ret |= json_put_hex(obj, "expected", fault->expected);
	return finish(obj, ret);
}

static struct json_object *audit_to_json(const struct index_audit *audit)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *faults = NULL;
	int ret = 0;

	if (!obj)
		return NULL;
	if (audit->unread)
		return finish(obj, json_put_str(obj, "unread", audit->unread));
	if (audit->none)
		return finish(obj, json_put_str(obj, "none", audit->none));
	faults = json_object_new_array();
	for (size_t i = 0; i < audit->nr && faults && !ret; i++)
		ret = json_add(faults, fault_to_json(&audit->faults[i]));
	ret |= json_put_u64(obj, "at_ns", audit->at_ns);
	ret |= json_put_u64(obj, "slots", audit->nr_slots);
	ret |= json_put_u64(obj, "nr_faults", audit->nr_all);
	ret |= json_put(obj, "faults", faults);
	return finish(obj, ret);
}

static struct json_object *mapped_to_json(const struct check_document *document)
{
	struct json_text text = { 0 };
	struct json_writer w;

	json_writer_init(&w, json_text_put, &text);
	json_begin_array(&w, NULL);
	for (size_t i = 0; i < document->nr_mapped; i++)
		stretch_write_json(&w, &document->mapped[i]);
	json_end_array(&w);
	json_writer_flush(&w);
	return json_text_tree(&text);
}

static struct json_object *stage2_to_json(const struct check_document *document,
					  const struct stage2_audit *stage2)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	if (stage2->unread)
		return finish(obj, json_put_str(obj, "unread", stage2->unread));
	ret |= json_put_u64(obj, "bytes", stage2->bytes);
	ret |= json_put_u64(obj, "moving", stage2->moving);
	ret |= json_put_u64(obj, "nr_faults", stage2->nr_all);
	if (document->mapped)
		ret |= json_put(obj, "mapped", mapped_to_json(document));
	if (document->mapped_why)
		ret |= json_put_str(obj, "mapped_unread", document->mapped_why);
	return finish(obj, ret);
}

static struct json_object *slots_to_json(const struct slot_state *state)
{
	struct json_text text = { 0 };
	struct json_writer w;

	json_writer_init(&w, json_text_put, &text);
	json_begin_array(&w, NULL);
	for (size_t i = 0; i < state->nr_slots; i++)
		slot_write_json(&w, NULL, &state->slots[i]);
	json_end_array(&w);
	json_writer_flush(&w);
	return json_text_tree(&text);
}

/* What a view can speak for, and its slots as they are: rows cut them */
static struct json_object *state_to_json(const struct slot_state *state)
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
	ret |= json_put(obj, "memslots", slots_to_json(state));
	return finish(obj, ret);
}

static struct json_object *view_to_json(const struct check_document *document,
					const struct view *view)
{
	struct json_object *obj;
	int ret = 0;

	obj = view->slots ? state_to_json(view->slots) :
			    json_object_new_object();
	if (!obj)
		return NULL;
	if (view->audit)
		ret = json_put(obj, "audit", audit_to_json(view->audit));
	if (view->stage2)
		ret |= json_put(obj, "stage2",
				stage2_to_json(document, view->stage2));
	if (ret || view->slots)
		return finish(obj, ret);
	if (view->unread)
		ret = json_put_str(obj, "unread", view->unread);
	else if (view->none)
		ret = json_put_str(obj, "none", view->none);
	else
		ret = json_put_bool(obj, "truncated", view->map->truncated);
	return finish(obj, ret);
}

static struct json_object *views_to_json(const struct check_document *document)
{
	const struct comparison *comparison = document->comparison;
	struct json_object *obj = json_object_new_object(), *out;
	const struct view *view;
	int ret = 0;

	for (size_t i = 0; i < comparison->input->nr_views && obj; i++) {
		view = &comparison->input->views[i];
		if (!view->slots && !view->map && !view->unread && !view->none)
			continue;
		out = view_to_json(document, view);
		if (out && view->party == PARTY_MODEL && view->slots &&
		    document->tree)
			ret |= json_put(out, "tree",
					model_tree_to_json(document->tree));
		ret |= json_put(obj, key_of(comparison, i), out);
	}
	return finish(obj, ret);
}

/* "model-kernel" and its like */
static struct json_object *pairs_to_json(const struct comparison *comparison)
{
	struct json_object *array = json_object_new_array();
	const struct compared_pair *pair;
	char name[64];
	int ret = 0;

	for (size_t i = 0; i < comparison->nr_pairs && array; i++) {
		pair = &comparison->pairs[i];
		if (!pair->compared)
			continue;
		snprintf(name, sizeof(name), "%s-%s",
			 key_of(comparison, pair->expected),
			 key_of(comparison, pair->actual));
		ret |= json_add(array, json_object_new_string(name));
	}
	return finish(array, ret);
}

static struct json_object *
findings_to_json(const struct check_document *document)
{
	const struct comparison *comparison = document->comparison;
	struct json_object *array = json_object_new_array();
	int ret = 0;

	for (size_t i = 0; i < comparison->findings.nr && array && !ret; i++)
		ret = json_add(array, finding_to_json(document, i));
	return finish(array, ret);
}

static struct json_object *rows_to_json(const struct comparison *comparison,
					const struct check_rows *rows)
{
	struct json_object *array = json_object_new_array();
	int ret = 0;

	for (size_t i = 0; i < rows->nr && array && !ret; i++)
		ret = json_add(array,
			       row_to_json(comparison, rows, &rows->rows[i]));
	return finish(array, ret);
}

static struct json_object *files_to_json(const struct check_document *document)
{
	struct json_object *array = json_object_new_array(), *obj;
	const struct check_file *file;
	int ret = array ? 0 : -1;

	for (size_t i = 0; i < document->nr_files && !ret; i++) {
		file = &document->files[i];
		obj = json_object_new_object();
		if (obj) {
			ret |= json_put_str(obj, "view",
					    party_of(file->party)->key);
			ret |= json_put_str(obj, "file", file->name);
			ret |= json_put_str(obj, "kind", file->kind);
		}
		ret |= json_add(array, obj);
	}
	return finish(array, ret);
}

static struct json_object *assumed_to_json(const char *notes)
{
	struct json_object *array = json_object_new_array();
	int ret = array ? 0 : -1;
	size_t len;

	for (; notes && *notes && !ret; notes += len + !!notes[len]) {
		len = strcspn(notes, "\n");
		ret = json_add(array,
			       json_object_new_string_len(notes, (int)len));
	}
	return finish(array, ret);
}

static int put_files(struct json_object *obj,
		     const struct check_document *document)
{
	int ret = 0;

	if (!document->nr_files)
		return 0;
	ret |= json_put(obj, "files", files_to_json(document));
	ret |= json_put(obj, "assumed", assumed_to_json(document->assumed));
	if (document->nr_forecast)
		ret |= json_put(
			obj, "forecast",
			forecast_to_json(document->forecast,
					 document->nr_forecast,
					 document->comparison->page_size));
	return ret;
}

int render_check_json(FILE *out, const struct check_document *document)
{
	static const char *const verdicts[] = { "agree", "mismatch",
						"unknown" };
	const struct comparison *comparison = document->comparison;
	const char *unsettled = comparison->input->unsettled;
	struct json_object *obj = json_object_new_object();
	int status = findings_exit_status(&comparison->findings);
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
	if (document->past)
		ret |= json_put(obj, "history", past_to_json(document->past));
	ret |= put_files(obj, document);
	ret |= json_put(obj, "compared", pairs_to_json(comparison));
	if (unsettled)
		ret |= json_put_str(obj, "unsettled", unsettled);
	ret |= json_put(obj, "views", views_to_json(document));
	ret |= json_put(obj, "rows", rows_to_json(comparison, document->rows));
	ret |= json_put(obj, "findings", findings_to_json(document));
	return render_document(out, finish(obj, ret));
}
