// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "view/json.h"
#include "view/model_json.h"

#define ALWAYS (SLOT_FIELD_GPA | SLOT_FIELD_SIZE)
#define MAYBE                                                   \
	(SLOT_FIELD_ID | SLOT_FIELD_HVA | SLOT_FIELD_READONLY | \
	 SLOT_FIELD_LOG_DIRTY | SLOT_FIELD_GUEST_MEMFD)
#define AS_MAX 64 /* above what any KVM has */

static void flag(const struct json_in *in, const char *member, uint32_t value,
		 uint32_t field, struct slot *slot)
{
	if (!json_in_has(in, member))
		slot->unknown |= field;
	else if (json_in_bool(in, member))
		slot->flags |= value;
}

static const char *const members[] = { "version", "vmm",     "address_spaces",
				       "ranges",  "unknown", NULL };
static const char *const range_members[] = {
	"as_id",       "gpa",	 "size", "hva",	 "readonly", "log_dirty",
	"guest_memfd", "shared", "id",	 "name", "offset",   NULL,
};
static const char *const unknown_members[] = { "as_id", "gpa", "size", "why",
					       NULL };

static void range_from_json_in(const struct json_in *in, struct slot *slot)
{
	json_in_only(in, range_members);
	*slot = (struct slot){ .gmem_fd = -1 };
	slot->as_id = json_in_u64_or(in, "as_id", AS_MAX - 1, 0);
	slot->id = json_in_s64_or(in, "id", 0, INT32_MAX, -1);
	if (slot->id < 0)
		slot->unknown |= SLOT_FIELD_ID;
	slot->gpa = json_in_hex(in, "gpa", UINT64_MAX);
	slot->size = json_in_hex(in, "size", UINT64_MAX);
	if (json_in_has(in, "hva"))
		slot->hva = json_in_hex(in, "hva", UINT64_MAX);
	else
		slot->unknown |= SLOT_FIELD_HVA;
	flag(in, "readonly", SLOT_READONLY, SLOT_FIELD_READONLY, slot);
	flag(in, "log_dirty", SLOT_LOG_DIRTY, SLOT_FIELD_LOG_DIRTY, slot);
	flag(in, "guest_memfd", SLOT_GUEST_MEMFD, SLOT_FIELD_GUEST_MEMFD, slot);
	if (json_in_has(in, "shared"))
		slot->share = json_in_bool(in, "shared") ? SLOT_SHARE_ON :
							   SLOT_SHARE_OFF;
	slot->name = (char *)json_in_str_or(in, "name", NULL);
	slot->offset = json_in_hex_or(in, "offset", UINT64_MAX, 0);
	if (slot->offset && !slot->name)
		json_in_fail(in, "offset", "is into nothing: give a \"name\"");
	if (!slot->size)
		json_in_fail(in, "size", "is 0");
	else if (slot_last(slot) < slot->gpa)
		json_in_fail(in, "size", "reaches beyond the last address");
}

static int room_for(struct slot_state *state, uint16_t as_id)
{
	return as_id < state->nr_as ? 0 :
				      slot_state_set_nr_as(state, as_id + 1);
}

static void ranges_from_json_in(const struct json_in *in,
				struct slot_state *out)
{
	struct json_in ranges = json_in_array(in, "ranges");
	struct json_in item;
	struct slot slot;

	for (size_t i = 0; i < json_in_nr(&ranges) && !*in->ret; i++) {
		item = json_in_item(&ranges, i);
		range_from_json_in(&item, &slot);
		if (*in->ret)
			return;
		out->coverage.fields |= MAYBE & ~slot.unknown;
		if (room_for(out, slot.as_id) || slot_state_add(out, &slot))
			json_in_nomem(&item);
	}
}

static void unknown_from_json_in(const struct json_in *in,
				 struct slot_state *out)
{
	struct json_in ranges, item;
	gpa_t gpa, size;
	uint16_t as_id;
	const char *why;
	int ret;

	if (!json_in_has(in, "unknown"))
		return;
	ranges = json_in_array(in, "unknown");
	for (size_t i = 0; i < json_in_nr(&ranges) && !*in->ret; i++) {
		item = json_in_item(&ranges, i);
		json_in_only(&item, unknown_members);
		as_id = json_in_u64_or(&item, "as_id", AS_MAX - 1, 0);
		gpa = json_in_hex(&item, "gpa", UINT64_MAX);
		size = json_in_hex(&item, "size", UINT64_MAX);
		why = json_in_str_or(&item, "why",
				     "the VMM says that it does "
				     "not know");
		if (*in->ret)
			return;
		ret = room_for(out, as_id);
		if (!ret)
			ret = coverage_add_blind(&out->coverage, as_id, gpa,
						 size, why);
		if (ret == -EINVAL)
			json_in_fail(&item, "size",
				     "is 0 or reaches beyond the last address");
		else if (ret)
			json_in_nomem(&item);
	}
}

/* Two ranges that reach into each other mean nothing */
static void refuse_overlap(const struct json_in *in, struct slot_state *out)
{
	slot_state_sort(out);
	for (size_t i = 1; i < out->nr_slots; i++) {
		const struct slot *slot = &out->slots[i];

		if (slot[-1].as_id == slot->as_id &&
		    slot_last(slot - 1) >= slot->gpa)
			json_in_fail(in, "ranges",
				     "has two ranges over each other at "
				     "0x%llx of address space %u: which of "
				     "them is on top?",
				     (unsigned long long)slot->gpa,
				     slot->as_id);
	}
}

int model_from_json(struct json_object *obj, struct slot_state *out,
		    struct slotscope_error *err)
{
	struct json_in in;
	size_t nr_as;
	int ret;

	slot_state_init(out, PARTY_MODEL);
	out->coverage.fields = ALWAYS;
	in = json_in_top(obj, "what a VMM means", &ret, err);
	json_in_version(&in);
	json_in_only(&in, members);
	nr_as = json_in_u64_or(&in, "address_spaces", AS_MAX, 1);
	if (!ret && slot_state_set_nr_as(out, nr_as ? nr_as : 1))
		json_in_nomem(&in);
	if (!ret)
		ranges_from_json_in(&in, out);
	if (!ret)
		unknown_from_json_in(&in, out);
	if (!ret)
		refuse_overlap(&in, out);
	for (size_t i = 0; !ret && i < out->nr_as; i++)
		out->as[i].covered = true;
	return ret;
}
