// SPDX-License-Identifier: GPL-2.0-or-later
/* slot_state and its coverage as JSON */
#include <errno.h>
#include <string.h>

#include "view/json.h"
#include "view/json_parts.h"
#include "view/names.h"

static void write_blind(struct json_writer *w, const struct blind_range *range)
{
	json_begin_object(w, NULL);
	json_write_u64(w, "as_id", range->as_id);
	json_write_hex(w, "gpa", range->gpa);
	json_write_hex(w, "size", range->size);
	json_write_str(w, "why", range->why);
	json_end_object(w);
}

static void write_coverage(struct json_writer *w, const char *member,
			   const struct coverage *coverage)
{
	json_begin_object(w, member);
	json_begin_array(w, "blind");
	for (size_t i = 0; i < coverage->nr_blind; i++)
		write_blind(w, &coverage->blind[i]);
	json_end_array(w);
	json_write_bits(w, "fields", slot_field_names, SLOT_FIELD_NAMES,
			coverage->fields);
	json_write_u64(w, "since_ns", coverage->since_ns);
	json_write_u64(w, "at_ns", coverage->at_ns);
	json_write_u64(w, "lost", coverage->lost);
	json_write_bool(w, "truncated", coverage->truncated);
	json_end_object(w);
}

struct json_object *coverage_to_json(const struct coverage *coverage)
{
	struct json_text text = { 0 };
	struct json_writer w;

	json_writer_init(&w, json_text_put, &text);
	write_coverage(&w, NULL, coverage);
	json_writer_flush(&w);
	return json_text_tree(&text);
}

static void coverage_from_json_in(const struct json_in *in,
				  struct coverage *coverage)
{
	struct json_in blind = json_in_array(in, "blind");
	struct json_in item;
	const char *why;
	uint64_t as_id;
	uint64_t size;
	gpa_t gpa;
	int ret;

	coverage->fields =
		json_in_bits(in, "fields", slot_field_names, SLOT_FIELD_NAMES);
	coverage->since_ns = json_in_u64_or(in, "since_ns", UINT64_MAX, 0);
	coverage->at_ns = json_in_u64_or(in, "at_ns", UINT64_MAX, 0);
	coverage->lost = json_in_u64(in, "lost", UINT64_MAX);
	coverage->truncated = json_in_bool(in, "truncated");
	for (size_t i = 0; i < json_in_nr(&blind); i++) {
		item = json_in_item(&blind, i);
		as_id = json_in_u64(&item, "as_id", UINT16_MAX);
		gpa = json_in_hex(&item, "gpa", UINT64_MAX);
		size = json_in_hex(&item, "size", UINT64_MAX);
		why = json_in_str(&item, "why");
		if (*in->ret)
			return;
		ret = coverage_add_blind(coverage, as_id, gpa, size, why);
		if (ret == -EINVAL)
			json_in_fail(&item, "size",
				     "is 0 or reaches beyond the last address");
		else if (ret)
			json_in_nomem(&item);
	}
}

static void write_as(struct json_writer *w, const struct slot_as *as)
{
	json_begin_object(w, NULL);
	json_write_bool(w, "covered", as->covered);
	json_write_u64(w, "generation", as->generation);
	json_write_bool(w, "updating", as->updating);
	if (as->torn)
		json_write_bool(w, "torn", true);
	if (as->base_generation)
		json_write_u64(w, "base_generation", as->base_generation);
	json_end_object(w);
}

static void write_spaces(struct json_writer *w, const char *member,
			 const struct slot_state *state)
{
	json_begin_array(w, member);
	for (size_t i = 0; i < state->nr_as; i++)
		write_as(w, &state->as[i]);
	json_end_array(w);
}

struct json_object *slot_state_spaces_to_json(const struct slot_state *state)
{
	struct json_text text = { 0 };
	struct json_writer w;

	json_writer_init(&w, json_text_put, &text);
	write_spaces(&w, NULL, state);
	json_writer_flush(&w);
	return json_text_tree(&text);
}

void slot_state_write_members(struct json_writer *w,
			      const struct slot_state *state)
{
	json_write_u64(w, "version", SLOTSCOPE_JSON_VERSION);
	json_write_str(w, "view", party_of(state->party)->key);
	vm_id_write_json(w, "vm", &state->vm);
	write_coverage(w, "coverage", &state->coverage);
	json_write_bool(w, "whole_life", state->whole_life);
	json_write_bool(w, "gone", state->gone);
	if (state->walked)
		json_write_bool(w, "walked", true);
	write_spaces(w, "address_spaces", state);
	json_begin_array(w, "slots");
	for (size_t i = 0; i < state->nr_slots; i++)
		slot_write_json(w, NULL, &state->slots[i]);
	json_end_array(w);
}

void slot_state_write_json(struct json_writer *w, const char *member,
			   const struct slot_state *state)
{
	json_begin_object(w, member);
	slot_state_write_members(w, state);
	json_end_object(w);
}

static void spaces_from_json_in(const struct json_in *in,
				struct slot_state *state)
{
	struct json_in spaces = json_in_array(in, "address_spaces");
	size_t nr = json_in_nr(&spaces);
	struct json_in item;
	struct slot_as *as;

	if (nr > UINT16_MAX + 1) {
		json_in_fail(in, "address_spaces",
			     "has more than as_id can name");
		return;
	}
	if (slot_state_set_nr_as(state, nr)) {
		json_in_nomem(in);
		return;
	}
	for (size_t i = 0; i < nr; i++) {
		item = json_in_item(&spaces, i);
		as = &state->as[i];
		as->covered = json_in_bool(&item, "covered");
		as->generation = json_in_u64(&item, "generation", UINT64_MAX);
		as->updating = json_in_bool(&item, "updating");
		as->torn = json_in_bool_or(&item, "torn", false);
		as->base_generation =
			json_in_u64_or(&item, "base_generation", UINT64_MAX, 0);
	}
}

static void slots_from_json_in(const struct json_in *in,
			       struct slot_state *state)
{
	struct json_in slots = json_in_array(in, "slots");
	struct json_in item;
	struct slot slot;
	int ret;

	for (size_t i = 0; i < json_in_nr(&slots); i++) {
		item = json_in_item(&slots, i);
		slot_from_json_in(&item, &slot);
		if (*in->ret)
			return;
		if (slot.as_id >= state->nr_as) {
			json_in_fail(&item, "as_id",
				     "is not in \"address_spaces\"");
			return;
		}
		ret = slot_state_add(state, &slot);
		if (ret == -EINVAL)
			json_in_fail(&item, "size", "is 0");
		else if (ret)
			json_in_nomem(&item);
	}
	slot_state_sort(state);
}

static enum party_id party_from_json_in(const struct json_in *in,
					const char *member)
{
	const char *key = json_in_str(in, member);
	enum party_id party = PARTY_MODEL;

	if (!party_by_key(key, &party) ||
	    party_of(party)->traits & PARTY_GROUND)
		json_in_fail(in, member, "is \"%.40s\", which is not known",
			     key);
	return party;
}

int slot_state_from_json(struct json_object *obj, struct slot_state *state,
			 struct slotscope_error *err)
{
	struct json_in part;
	struct json_in in;
	int ret;

	slot_state_init(state, PARTY_MODEL);
	in = json_in_top(obj, "slots of a VM", &ret, err);
	json_in_version(&in);
	state->party = party_from_json_in(&in, "view");
	part = json_in_object(&in, "vm");
	vm_id_from_json_in(&part, &state->vm);
	part = json_in_object(&in, "coverage");
	coverage_from_json_in(&part, &state->coverage);
	state->whole_life = json_in_bool_or(&in, "whole_life", false);
	state->gone = json_in_bool_or(&in, "gone", false);
	state->walked = json_in_bool_or(&in, "walked", false);
	spaces_from_json_in(&in, state);
	slots_from_json_in(&in, state);
	if (ret)
		slot_state_deinit(state);
	return ret;
}
