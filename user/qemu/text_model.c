// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/pasted.h"
#include "mtree/answer.h"
#include "mtree/otherwise.h"
#include "qemu/text_model.h"

#define FIELDS (SLOT_FIELD_GPA | SLOT_FIELD_SIZE | SLOT_FIELD_READONLY)

enum part { PART_NONE, PART_TREE, PART_FLAT };

/* Which of the two texts begins with this line; PART_NONE: neither does */
static enum part part_of(struct piece line)
{
	piece_drop(&line, pasted_quote(line));
	line = piece_trimmed(line);
	if (piece_begins(line, "FlatView #") ||
	    piece_begins(line, "address-space (flat view): ") ||
	    piece_begins(line, "Root memory region: ") ||
	    piece_begins(line, "AS \""))
		return PART_FLAT;
	if (piece_begins(line, "address-space: ") ||
	    piece_begins(line, "memory-region: "))
		return PART_TREE;
	return PART_NONE;
}

/* Which of the two is in a text that has no heads; flat ranges alone do not nest */
static enum part part_without_head(const char *text, size_t len)
{
	struct mtree_flatviews views;
	struct slotscope_error ignored;
	enum part part = PART_TREE;

	if (!mtree_flatviews_parse(text, len, &views, &ignored)) {
		part = PART_FLAT;
		mtree_flatviews_deinit(&views);
	}
	return part;
}

/* @text with the lines of the other parts empty, so that the numbers hold */
static char *only(const char *text, size_t len, enum part wanted,
		  enum part first, size_t *out_len)
{
	struct piece all = { text, len }, line;
	char *out = malloc(len + 1);
	enum part now = first, part;
	size_t n = 0;

	while (out && piece_line(&all, &line)) {
		part = part_of(line);
		now = part ? part : now;
		if (now == wanted) {
			memcpy(out + n, line.s, line.len);
			n += line.len;
		}
		if (all.len || all.s[-1] == '\n')
			out[n++] = '\n';
	}
	*out_len = n;
	return out;
}

static void survey(const char *text, size_t len, enum part *first,
		   bool has[PART_FLAT + 1])
{
	struct piece all = { text, len }, line;
	enum part part;

	*first = PART_NONE;
	while (piece_line(&all, &line)) {
		part = part_of(line);
		has[part] = true;
		if (!*first)
			*first = part;
	}
	/* Lines before the first head are of what it heads, or of the same text */
	if (!*first)
		*first = part_without_head(text, len);
	has[*first] = true;
}

static int in_file(struct slotscope_error *err, const char *name)
{
	char tried[sizeof(err->tried)];

	memcpy(tried, err->tried, sizeof(tried));
	snprintf(err->tried, sizeof(err->tried), "%.80s: %.160s", name, tried);
	return -err->code;
}

static int twice(struct slotscope_error *err, const char *name,
		 const char *what)
{
	error_set(err, EINVAL, "read %s", name);
	error_why(err, "%s were read already", what);
	return error_next(err, "give one tree, and the flat views of the same "
			       "moment");
}

static int add_part(struct text_model *model, const char *name,
		    const char *text, size_t len, enum part part,
		    struct slotscope_error *err)
{
	int ret;

	if (part == PART_FLAT && model->flat)
		return twice(err, name, "flat views");
	if (part == PART_TREE && model->tree.nr_sections)
		return twice(err, name, "trees");
	if (part == PART_FLAT)
		ret = mtree_flatviews_parse(text, len, &model->views, err);
	else
		ret = mtree_tree_parse(text, len, &model->tree, err);
	if (ret)
		return in_file(err, name);
	model->flat |= part == PART_FLAT;
	return 0;
}

static int add_parts(struct text_model *model, const char *name,
		     const char *text, size_t len, struct slotscope_error *err)
{
	bool has[PART_FLAT + 1] = {};
	enum part first, part;
	size_t part_len;
	char *copy;
	int ret = 0;

	survey(text, len, &first, has);
	for (part = PART_TREE; part <= PART_FLAT && !ret; part++) {
		if (!has[part])
			continue;
		copy = only(text, len, part, first, &part_len);
		if (!copy)
			return error_set(err, ENOMEM, "read %s", name);
		ret = add_part(model, name, copy, part_len, part, err);
		free(copy);
	}
	return ret;
}

int text_model_add(struct text_model *model, const char *name, const char *text,
		   size_t len, struct slotscope_error *err)
{
	size_t answer_len;
	char *answer;
	int ret = mtree_answer(text, len, &answer, &answer_len, err);

	if (ret)
		return in_file(err, name);
	ret = add_parts(model, name, answer ? answer : text,
			answer ? answer_len : len, err);
	free(answer);
	return ret;
}

static void note(FILE *notes, const char *line)
{
	if (notes)
		fprintf(notes, "%s\n", line);
}

/* By its root: a text may begin behind the heads */
static const struct mtree_flatview *
find_headless(const struct mtree_flatviews *views)
{
	const struct mtree_flatview *found = NULL;

	for (size_t i = 0; i < views->nr; i++) {
		const struct mtree_flatview *view = &views->views[i];

		if (view->nr_as || (view->root && strcmp(view->root, "system")))
			continue;
		if (view->root)
			return view;
		found = views->nr == 1 ? view : found;
	}
	return found;
}

/* The flat view of an address space that KVM has; NULL if the text does not have it */
static const struct mtree_flatview *view_of(const struct text_model *model,
					    uint16_t as_id)
{
	const struct mtree_flatview *view;

	if (as_id >= QEMU_SPACES)
		return NULL;
	view = mtree_flatviews_find(&model->views, qemu_spaces[as_id]);
	if (view || as_id)
		return view;
	/* A tree without address spaces has its regions for such */
	view = mtree_flatviews_find(&model->views, "system");
	if (!view)
		view = mtree_flatviews_find(&model->views, MTREE_UNSEEN);
	return view ? view : find_headless(&model->views);
}

static int add_blind(struct slot_state *state, uint16_t as_id, uint64_t first,
		     uint64_t last, const char *why)
{
	/* A size of 2^64 bytes has no number */
	if (last - first == UINT64_MAX)
		last--;
	return coverage_add_blind(&state->coverage, as_id, first,
				  last - first + 1, why);
}

static int add_range(struct slot_state *state, const struct regions *regions,
		     uint16_t as_id, const struct mtree_range *range)
{
	enum range_slot what = regions_slot(regions, range);
	struct slot slot = {
		.as_id = as_id,
		.id = -1,
		.gpa = range->first,
		.size = range->last - range->first + 1,
		.gmem_fd = -1,
		.name = (char *)range->name,
		.offset = range->offset,
		.unknown = SLOT_FIELD_HVA,
	};

	if (what == RANGE_NO_SLOT)
		return 0;
	if (range->kind == MTREE_RIGHTS)
		return add_blind(state, as_id, range->first, range->last,
				 "memory or registers: QEMU before 2.9 does "
				 "not tell");
	if (what == RANGE_UNKNOWN)
		return add_blind(state, as_id, range->first, range->last,
				 "memory or registers that are shown "
				 "read-only: the text does not tell");
	if (what == RANGE_SLOT_READONLY)
		slot.flags = SLOT_READONLY;
	if (what == RANGE_SLOT_EITHER)
		slot.unknown |= SLOT_FIELD_READONLY;
	return slot_state_add(state, &slot);
}

/* What was left out of a flat view was between two lines that are there */
static int add_gaps(struct slot_state *state, uint16_t as_id,
		    const struct mtree_flatview *view)
{
	static const char why[] = "lines were left out of the text";
	const struct mtree_range *range;
	uint64_t next = 0;
	bool full = false;
	int ret = 0;

	for (size_t i = 0; i < view->nr_ranges && !ret; i++) {
		range = &view->ranges[i];
		if (range->gap && range->first > next)
			ret = add_blind(state, as_id, next, range->first - 1,
					why);
		full = range->last == UINT64_MAX;
		next = range->last + 1;
	}
	if (view->gap && !full && !ret)
		ret = add_blind(state, as_id, next, UINT64_MAX,
				"the text ends there, or lines were left out");
	return ret;
}

static int fill(const struct text_model *model, const struct regions *regions,
		struct slot_state *out)
{
	const struct mtree_flatview *view;
	uint16_t as_id;
	int ret;

	/* A text may lack a view, and not show it */
	ret = slot_state_set_nr_as(out, view_of(model, 1) ? 2 : 1);
	for (as_id = 0; as_id < QEMU_SPACES && !ret; as_id++) {
		view = view_of(model, as_id);
		if (!view)
			continue;
		out->as[as_id].covered = true;
		for (size_t i = 0; i < view->nr_ranges && !ret; i++)
			ret = add_range(out, regions, as_id, &view->ranges[i]);
		if (!ret && model->flat)
			ret = add_gaps(out, as_id, view);
	}
	out->coverage.fields = FIELDS;
	slot_state_sort(out);
	return ret;
}

static int state_of(const struct text_model *model, struct slot_state *out,
		    struct slotscope_error *err)
{
	struct slotscope_error ignored = {};
	struct mtree_match match;
	struct regions regions;
	bool matched = !mtree_match(&model->tree, NULL, &match, &ignored);
	int ret = regions_init(&regions, &model->tree, matched ? &match : NULL);

	slot_state_init(out, PARTY_MODEL);
	if (!ret) {
		ret = fill(model, &regions, out);
		regions_deinit(&regions);
	}
	if (matched)
		mtree_match_deinit(&match);
	if (ret == -EINVAL) {
		error_set(err, EINVAL,
			  "take memory from the text of info mtree");
		return error_why(err, "a range of it cannot be a slot");
	}
	return ret ? error_set(err, ret,
			       "make MODEL of the text of info mtree") :
		     0;
}

static int render(struct text_model *model, struct memory_model *memory,
		  struct slotscope_error *err)
{
	if (mtree_flatviews_from_model(memory, &model->views))
		return error_set(err, ENOMEM, "render the flat views");
	model->views.owned = model->tree.owned;
	if (model->tree.rights)
		mtree_flatviews_forget_kinds(&model->views);
	return 0;
}

static bool same_memory(const struct slot *a, const struct slot *b, gpa_t gpa)
{
	if (!a || !b)
		return a == b;
	return !strcmp(a->name, b->name) && a->flags == b->flags &&
	       a->unknown == b->unknown &&
	       gpa - a->gpa + a->offset == gpa - b->gpa + b->offset;
}

/* Slots of a view are in order and disjoint: what is at @gpa, and how far */
struct cursor {
	const struct slot_state *state;
	size_t next;
};

/* @last: up to where it is the same; to be called with ascending @gpa */
static const struct slot *at(struct cursor *cursor, uint16_t as_id, gpa_t gpa,
			     gpa_t *last)
{
	const struct slot_state *state = cursor->state;
	const struct slot *slot;

	for (; cursor->next < state->nr_slots; cursor->next++) {
		slot = &state->slots[cursor->next];
		if (slot->as_id > as_id ||
		    (slot->as_id == as_id && slot_last(slot) >= gpa))
			break;
	}
	*last = UINT64_MAX;
	slot = &state->slots[cursor->next];
	if (cursor->next == state->nr_slots || slot->as_id != as_id)
		return NULL;
	*last = slot->gpa > gpa ? slot->gpa - 1 : slot_last(slot);
	return slot->gpa > gpa ? NULL : slot;
}

static int blind_where_different(struct slot_state *state,
				 const struct slot_state *other, uint16_t as_id)
{
	static const char why[] = "the text without -o and -D does not tell "
				  "what is on top there";
	struct cursor ours = { .state = state }, theirs = { .state = other };
	const struct slot *a, *b;
	gpa_t gpa = 0, last, their_last;
	int ret = 0;

	for (;; gpa = last + 1) {
		a = at(&ours, as_id, gpa, &last);
		b = at(&theirs, as_id, gpa, &their_last);
		last = their_last < last ? their_last : last;
		if (!same_memory(a, b, gpa))
			ret = add_blind(state, as_id, gpa, last, why);
		if (ret || last == UINT64_MAX)
			return ret;
	}
}

/* What the text leaves open, and makes a difference, is not known */
static int doubt_assumptions(struct text_model *model, struct slot_state *out,
			     struct slotscope_error *err)
{
	struct text_model other = { .tree = model->tree };
	struct slot_state state;
	int ret = mtree_build_otherwise(&model->tree, &other.model, err);

	if (ret)
		return ret;
	ret = render(&other, other.model, err);
	if (!ret) {
		ret = state_of(&other, &state, err);
		for (uint16_t i = 0; !ret && i < out->nr_as; i++)
			ret = blind_where_different(out, &state, i);
		slot_state_deinit(&state);
	}
	mtree_flatviews_deinit(&other.views);
	memory_model_destroy(other.model);
	return ret;
}

/* Owners that only one of two texts has tell nothing apart */
static void forget_owners(struct text_model *model)
{
	struct mtree_tree *tree = &model->tree;

	if (tree->owned == model->views.owned)
		return;
	for (size_t i = 0; i < tree->nr_nodes; i++) {
		tree->nodes[i].owner = NULL;
		tree->nodes[i].parent_object = NULL;
	}
	for (size_t i = 0; i < model->views.nr; i++) {
		struct mtree_flatview *view = &model->views.views[i];

		for (size_t j = 0; j < view->nr_ranges; j++) {
			view->ranges[j].owner = NULL;
			view->ranges[j].parent = NULL;
		}
	}
	tree->owned = false;
	model->views.owned = false;
}

static void doubt_parts(struct text_model *model)
{
	const struct mtree_tree *tree = &model->tree;

	if (model->flat)
		return; /* it tells where (add_gaps()) */
	if (tree->left_out)
		model->doubt = "lines were left out of the text of info mtree";
	else if (tree->rootless)
		model->doubt = "the text of info mtree begins amid a tree";
	else if (tree->cut)
		model->doubt = "the text of info mtree ends within a tree";
}

static int no_memory_space(struct slotscope_error *err)
{
	error_set(err, EINVAL,
		  "find the memory of the VM in the text of info "
		  "mtree");
	error_why(err, "it has no address space \"memory\", and nothing that "
		       "begins at the root \"system\"");
	return error_next(err, "give the part of the text that has it");
}

int text_model_state(struct text_model *model, FILE *notes,
		     struct slot_state *out, struct slotscope_error *err)
{
	bool tree = model->tree.nr_nodes;
	int ret = 0;

	slot_state_init(out, PARTY_MODEL);
	if (!model->flat) {
		ret = mtree_build(&model->tree, MTREE_ALLOW_MISSING, notes,
				  &model->model, err);
		if (!ret)
			ret = render(model, model->model, err);
	}
	if (ret)
		return ret;
	if (model->flat && tree)
		forget_owners(model);
	doubt_parts(model);
	if (!view_of(model, 0))
		return no_memory_space(err);
	if (model->flat && !view_of(model, 0)->nr_as)
		note(notes, "the view without a head is that of \"memory\"");
	if (model->flat && !tree)
		note(notes, "what is shown read-only may be a ROM or RAM: the "
			    "flat view alone does not tell");
	ret = state_of(model, out, err);
	if (!ret && !model->flat && !model->tree.rights)
		ret = doubt_assumptions(model, out, err);
	return ret;
}

struct model_tree text_model_tree(const struct text_model *model)
{
	struct model_tree tree = { .tree = &model->tree,
				   .model = model->model,
				   .rendered = !model->flat,
				   .rights = model->tree.rights };

	for (uint16_t i = 0; i < QEMU_SPACES; i++)
		tree.views[i] = view_of(model, i);
	return tree;
}

static int forecast(const struct text_model *model,
		    const struct regions *regions, struct slot_forecast **out,
		    size_t *nr)
{
	const struct mtree_flatview *view;
	struct slot_forecast *list, one;
	size_t cap = 0;

	for (one.as_id = 0; one.as_id < QEMU_SPACES; one.as_id++) {
		view = view_of(model, one.as_id);
		for (size_t i = 0; view && i < view->nr_ranges; i++) {
			one.range = &view->ranges[i];
			one.what = one.range->kind == MTREE_RIGHTS ?
					   RANGE_UNKNOWN :
					   regions_slot(regions, one.range);
			if (one.what == RANGE_NO_SLOT && !one.range->kvm)
				continue;
			list = grown(*out, *nr, &cap, sizeof(*list));
			if (!list)
				return -ENOMEM;
			*out = list;
			list[(*nr)++] = one;
		}
	}
	return 0;
}

int text_model_forecast(const struct text_model *model,
			struct slot_forecast **out, size_t *nr)
{
	struct regions regions;
	int ret = regions_init(&regions, &model->tree, NULL);

	*out = NULL;
	*nr = 0;
	if (ret)
		return ret;
	ret = forecast(model, &regions, out, nr);
	regions_deinit(&regions);
	return ret;
}

void text_model_deinit(struct text_model *model)
{
	mtree_flatviews_deinit(&model->views);
	mtree_tree_deinit(&model->tree);
	memory_model_destroy(model->model);
	*model = (struct text_model){};
}
