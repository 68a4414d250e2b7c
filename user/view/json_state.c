// SPDX-License-Identifier: GPL-2.0-or-later
/* slot_state and its coverage as JSON */
#include <errno.h>
#include <string.h>

#include "view/json.h"
#include "view/json_parts.h"
#include "view/names.h"

static struct json_object *blind_to_json(const struct blind_range *range)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_u64(obj, "as_id", range->as_id);
	ret |= json_put_hex(obj, "gpa", range->gpa);
	ret |= json_put_hex(obj, "size", range->size);
	ret |= json_put_str(obj, "why", range->why);
	if (ret) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
}

struct json_object *coverage_to_json(const struct coverage *coverage)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *blind = json_object_new_array();
	int ret = 0;

	if (!obj || !blind) {
		json_object_put(blind);
		json_object_put(obj);
		return NULL;
	}
	for (size_t i = 0; i < coverage->nr_blind; i++)
		ret |= json_add(blind, blind_to_json(&coverage->blind[i]));
	ret |= json_put(obj, "blind", blind);
	ret |= json_put_bits(obj, "fields", slot_field_names, SLOT_FIELD_NAMES,
			     coverage->fields);
	ret |= json_put_u64(obj, "since_ns", coverage->since_ns);
	ret |= json_put_u64(obj, "at_ns", coverage->at_ns);
	ret |= json_put_u64(obj, "lost", coverage->lost);
	ret |= json_put_bool(obj, "truncated", coverage->truncated);
	if (ret) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
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

int coverage_from_json(struct json_object *obj, struct coverage *coverage,
		       struct slotscope_error *err)
{
	struct slot_state holder;
	struct json_in in;
	int ret;

	/* a state knows how to free a coverage */
	slot_state_init(&holder, PARTY_MODEL);
	in = json_in_top(obj, "coverage", &ret, err);
	coverage_from_json_in(&in, &holder.coverage);
	*coverage = holder.coverage;
	memset(&holder.coverage, 0, sizeof(holder.coverage));
	if (ret) {
		holder.coverage = *coverage;
		memset(coverage, 0, sizeof(*coverage));
	}
	slot_state_deinit(&holder);
	return ret;
}

static struct json_object *as_to_json(const struct slot_as *as)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_bool(obj, "covered", as->covered);
	ret |= json_put_u64(obj, "generation", as->generation);
	ret |= json_put_bool(obj, "updating", as->updating);
	if (as->base_generation)
		ret |= json_put_u64(obj, "base_generation",
				    as->base_generation);
	if (ret) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
}

struct json_object *slot_state_spaces_to_json(const struct slot_state *state)
{
	struct json_object *array = json_object_new_array();
	int ret = 0;

	for (size_t i = 0; i < state->nr_as && array && !ret; i++)
		ret = json_add(array, as_to_json(&state->as[i]));
	if (!ret)
		return array;
	json_object_put(array);
	return NULL;
}

static struct json_object *slots_to_json(const struct slot_state *state)
{
	struct json_object *array = json_object_new_array();
	int ret = 0;

	for (size_t i = 0; i < state->nr_slots && array && !ret; i++)
		ret = json_add(array, slot_to_json(&state->slots[i]));
	if (!ret)
		return array;
	json_object_put(array);
	return NULL;
}

struct json_object *slot_state_to_json(const struct slot_state *state)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_u64(obj, "version", SLOTSCOPE_JSON_VERSION);
	ret |= json_put_str(obj, "view", party_of(state->party)->key);
	ret |= json_put(obj, "vm", vm_id_to_json(&state->vm));
	ret |= json_put(obj, "coverage", coverage_to_json(&state->coverage));
	ret |= json_put_bool(obj, "whole_life", state->whole_life);
	ret |= json_put_bool(obj, "gone", state->gone);
	ret |= json_put(obj, "address_spaces",
			slot_state_spaces_to_json(state));
	ret |= json_put(obj, "slots", slots_to_json(state));
	if (ret) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
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
	spaces_from_json_in(&in, state);
	slots_from_json_in(&in, state);
	if (ret)
		slot_state_deinit(state);
	return ret;
}
