// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/accepted.h"
#include "kvm/limits.h"

#define ID(request) ((request)->slot & 0xffff)

void kvm_accepted_deinit(struct kvm_accepted *accepted)
{
	free(accepted->slots);
	*accepted = (struct kvm_accepted){ 0 };
}

static bool grow(struct kvm_accepted *accepted, size_t id)
{
	size_t nr = id < 32 ? 64 : id * 2;
	struct slot *slots = reallocarray(accepted->slots, nr, sizeof(*slots));

	if (!slots)
		return false;
	memset(slots + accepted->nr, 0, (nr - accepted->nr) * sizeof(*slots));
	accepted->slots = slots;
	accepted->nr = nr;
	return true;
}

void kvm_accepted_note(struct kvm_accepted *accepted,
		       const struct kvm_slot_request *request)
{
	if (ID(request) >= accepted->nr &&
	    (!request->size || !grow(accepted, ID(request)))) {
		accepted->lost |= request->size;
		return;
	}
	accepted->slots[ID(request)] = (struct slot){
		.as_id = request->slot >> 16,
		.id = ID(request),
		.gpa = request->gpa,
		.size = request->size,
		.hva = request->hva,
		.flags = request->flags,
		.gmem_fd = request->gmem_fd,
		.gmem_offset = request->gmem_offset,
	};
}

/* KVM's own slots are out of sight from here */
static int make_state(const struct kvm_accepted *accepted, uint16_t as_id,
		      struct slot_state *state)
{
	int ret = slot_state_set_nr_as(state, as_id + 1);

	for (size_t i = 0; i < accepted->nr && !ret; i++) {
		if (accepted->slots[i].size)
			ret = slot_state_add(state, &accepted->slots[i]);
	}
	if (ret)
		return ret;
	state->as[as_id].covered = true;
	state->coverage.fields = SLOT_FIELDS_ALL & ~SLOT_FIELD_HIDDEN;
	state->coverage.lost = accepted->lost;
	return 0;
}

bool kvm_accepted_explain(const struct kvm_accepted *accepted, int vm_fd,
			  const struct kvm_slot_request *request, int result,
			  char buf[REQUEST_SAY_MAX])
{
	const struct slot_request asked = {
		.region2 = request->flags & SLOT_GUEST_MEMFD,
		.slot = request->slot,
		.flags = request->flags,
		.gpa = request->gpa,
		.size = request->size,
		.hva = request->hva,
		.gmem_fd = request->gmem_fd,
		.gmem_offset = request->gmem_offset,
	};
	struct slotscope_error ignored = { 0 };
	struct request_limits limits;
	struct slot_state state;
	bool sure = false;

	buf[0] = '\0';
	/* without limits less is certain, and said */
	kvm_limits_probe(vm_fd, &limits, &ignored);
	slot_state_init(&state, PARTY_TRACED);
	if (!make_state(accepted, request->slot >> 16, &state))
		sure = request_explain(&state, &asked, result, &limits, buf);
	slot_state_deinit(&state);
	return sure;
}
