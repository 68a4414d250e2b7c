/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM, and what the rules believe of it. Each request is foreseen first and
 * made then; what KVM accepts is applied to the state by what was foreseen, so
 * a wrong belief cannot hide for long.
 */
#ifndef SELFTESTS_KERNEL_ERRNO_WORLD_H
#define SELFTESTS_KERNEL_ERRNO_WORLD_H

#include <inttypes.h>

#include <slotscope/rules.h>

#include "host/module.h"
#include "kvm/limits.h"

#include "kmod-test.h"

#define WORLD_GMEM 5
#define NR(array)  (sizeof(array) / sizeof((array)[0]))

/*
 * KVM keeps up to some 10 bytes of each page of a slot. Requests for more than
 * this are made only if they are refused before it allocates them: a machine
 * has been out of memory that way.
 */
#define WORLD_MAX_SIZE (64 * MIB)

/**
 * struct world - one VM
 * @module: to ask KVM what it holds; -1 if there is no module
 * @quiet:  say nothing of what was not foreseen
 * @made:   requests made; @outcomes has how many came to what
 * @too_large: requests that were not made
 */
struct world {
	int vm;
	int other_vm;
	int module;
	struct request_limits limits;
	struct request_gmem gmem[WORLD_GMEM];
	struct slot_state state;
	uint64_t seq;
	bool quiet;
	uint64_t made;
	uint64_t too_large;
	uint64_t outcomes[REQUEST_OUTCOMES];
};

static struct slotscope_error world_err;

static inline void world_apply(struct world *w, struct slot_event *event)
{
	event->seq = ++w->seq;
	ASSERT(!slot_state_apply(&w->state, event), "out of memory");
}

static inline int gmem_create(int vm, uint64_t size)
{
	struct kvm_create_guest_memfd create = { .size = size };

	return ioctl(vm, KVM_CREATE_GUEST_MEMFD, &create);
}

static inline void gmem_know(struct world *w, int fd, bool open, bool ours,
			     uint64_t size)
{
	ASSERT(w->limits.nr_gmem < WORLD_GMEM, "too many");
	w->gmem[w->limits.nr_gmem++] = (struct request_gmem){
		.fd = fd,
		.open = open,
		.ours = ours,
		.size = size,
	};
}

static inline void world_open(struct world *w, int module)
{
	struct slot_event created = { .type = SLOT_EVENT_VM_CREATE };
	unsigned int i;

	*w = (struct world){ .module = module, .other_vm = -1 };
	w->vm = vm_create();
	ASSERT(!kvm_limits_probe(w->vm, &w->limits, &world_err), "%s: %s",
	       world_err.tried, world_err.why);
	w->limits.gmem = w->gmem;
	slot_state_init(&w->state, PARTY_TRACED);
	world_apply(w, &created);
	ASSERT(!slot_state_set_nr_as(&w->state, w->limits.nr_as), "memory");
	for (i = 0; i < w->state.nr_as; i++)
		w->state.as[i].covered = true;

	/* descriptors to name: none, a wrong one, and three real ones */
	gmem_know(w, INT32_MAX, false, false, 0);
	gmem_know(w, open("/dev/null", O_RDWR | O_CLOEXEC), true, false, 0);
	if (w->limits.guest_memfd != CAN)
		return;
	w->other_vm = vm_create();
	gmem_know(w, gmem_create(w->vm, 16 * PAGE), true, true, 16 * PAGE);
	gmem_know(w, gmem_create(w->vm, 4 * PAGE), true, true, 4 * PAGE);
	gmem_know(w, gmem_create(w->other_vm, 16 * PAGE), true, false, 0);
	for (i = 0; i < w->limits.nr_gmem; i++)
		ASSERT(w->gmem[i].fd >= 0, "KVM_CREATE_GUEST_MEMFD: %s",
		       strerror(errno));
}

static inline void world_close(struct world *w)
{
	for (size_t i = 1; i < w->limits.nr_gmem; i++)
		close(w->gmem[i].fd);
	if (w->other_vm >= 0)
		close(w->other_vm);
	close(w->vm);
	slot_state_deinit(&w->state);
}

/* 0 or a negative errno */
static inline int vm_request(int vm, const struct slot_request *r)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = r->slot,
		.flags = r->flags,
		.guest_phys_addr = r->gpa,
		.memory_size = r->size,
		.userspace_addr = r->hva,
		.guest_memfd_offset = r->gmem_offset,
		.guest_memfd = r->gmem_fd,
	};

	return ioctl(vm,
		     r->region2 ? KVM_SET_USER_MEMORY_REGION2 :
				  KVM_SET_USER_MEMORY_REGION,
		     &region) ?
		       -errno :
		       0;
}

static inline void show_request(const char *what, const struct slot_request *r)
{
	ktap_diag("%s%s slot 0x%x flags 0x%x gpa 0x%llx size 0x%llx hva "
		  "0x%llx gmem %d+0x%llx",
		  what, r->region2 ? "REGION2" : "REGION", r->slot, r->flags,
		  (unsigned long long)r->gpa, (unsigned long long)r->size,
		  (unsigned long long)r->hva, r->gmem_fd,
		  (unsigned long long)r->gmem_offset);
}

/* What an accepted request does, as the rules have it */
static inline void world_accept(struct world *w, const struct slot_request *r,
				const struct request_outcome *outcome)
{
	struct slot_event event = { .type = SLOT_EVENT_CHANGE };
	struct slot_change *change = &event.change;

	change->after = (struct slot){
		.as_id = r->slot >> 16,
		.id = r->slot & 0xffff,
		.gpa = r->gpa,
		.size = r->size,
		.hva = r->hva,
		.flags = r->flags,
		.gmem_fd = r->flags & SLOT_GUEST_MEMFD ? r->gmem_fd : -1,
		.gmem_offset = r->gmem_offset,
	};
	if (outcome->other)
		change->before = *outcome->other;
	switch (outcome->rule) {
	case REQUEST_CREATES:
		change->kind = SLOT_CREATE;
		break;
	case REQUEST_DELETES:
		change->kind = SLOT_DELETE;
		break;
	case REQUEST_MOVES:
		change->kind = SLOT_MOVE;
		break;
	case REQUEST_REFLAGS:
		change->kind = SLOT_FLAGS_ONLY;
		break;
	default:
		return;
	}
	world_apply(w, &event);
	ASSERT_EQ(w->state.coverage.lost, 0);
}

/**
 * world_ask() - foresee a request, make it, compare
 *
 * Return: true if it came as it was foreseen.
 */
static inline bool world_ask(struct world *w, const struct slot_request *r)
{
	struct request_foresight foresight;
	char words[REQUEST_SAY_MAX];
	size_t i;
	int ret;

	request_foresee(&w->state, r, &w->limits, &foresight);
	if (r->size > WORLD_MAX_SIZE &&
	    foresight.may[foresight.nr - 1].rule >= RULE_GPA_RANGE) {
		w->too_large++;
		return true;
	}
	ret = vm_request(w->vm, r);
	w->made++;
	if (foresight.nr == 1 && foresight.may[0].error == ret) {
		w->outcomes[foresight.may[0].rule]++;
		if (!ret)
			world_accept(w, r, &foresight.may[0]);
		return true;
	}
	if (w->quiet)
		return false;
	show_request("", r);
	ktap_diag("KVM: %s; the rules%s", ret ? strerror(-ret) : "accepted",
		  foresight.nr == 1 ? "" : " leave it open");
	for (i = 0; i < foresight.nr; i++)
		ktap_diag("  foresaw %s: %s",
			  foresight.may[i].error ?
				  strerror(-foresight.may[i].error) :
				  "accepted",
			  request_outcome_say(words, r, &w->limits,
					      &foresight.may[i]));
	return false;
}

/* The request that makes a slot of the state */
static inline struct slot_request request_for(const struct slot *slot)
{
	return (struct slot_request){
		.region2 = slot->flags & SLOT_GUEST_MEMFD,
		.slot = (uint32_t)slot->as_id << 16 | (uint32_t)slot->id,
		.flags = slot->flags,
		.gpa = slot->gpa,
		.size = slot->size,
		.hva = slot->hva,
		.gmem_fd = slot->gmem_fd,
		.gmem_offset = slot->gmem_offset,
	};
}

/**
 * world_is_true() - does KVM hold what the state says?
 *
 * Also true where there is no module to ask: the caller says so.
 */
static inline bool world_is_true(struct world *w)
{
	const uint32_t flags = SLOT_LOG_DIRTY | SLOT_READONLY |
			       SLOT_GUEST_MEMFD;
	struct slot_state kernel;
	bool same;

	if (w->module < 0)
		return true;
	ASSERT(!module_snapshot(w->module, w->vm, &kernel, &world_err),
	       "%s: %s", world_err.tried, world_err.why);
	same = kernel.nr_slots == w->state.nr_slots;
	for (size_t i = 0; same && i < kernel.nr_slots; i++) {
		const struct slot *a = &kernel.slots[i];
		const struct slot *b = &w->state.slots[i];

		same = a->as_id == b->as_id && a->id == b->id &&
		       a->gpa == b->gpa && a->size == b->size &&
		       (a->hidden || a->hva == b->hva) &&
		       !((a->flags ^ b->flags) & flags) &&
		       a->hidden == b->hidden;
		if (!same)
			ktap_diag("slot %d at 0x%llx in KVM, slot %d at 0x%llx "
				  "foreseen",
				  a->id, (unsigned long long)a->gpa, b->id,
				  (unsigned long long)b->gpa);
	}
	if (kernel.nr_slots != w->state.nr_slots)
		ktap_diag("%zu slots in KVM, %zu foreseen", kernel.nr_slots,
			  w->state.nr_slots);
	slot_state_deinit(&kernel);
	return same;
}

static inline void world_show(const struct world *w)
{
	char line[128];
	size_t len = 0;

	ktap_diag("%" PRIu64 " requests; %" PRIu64 " too large were not made",
		  w->made, w->too_large);
	for (int i = 0; i < REQUEST_OUTCOMES; i++) {
		len += snprintf(line + len, sizeof(line) - len, " %s %" PRIu64,
				request_rule_name(i), w->outcomes[i]);
		if (len > 60 || i + 1 == REQUEST_OUTCOMES) {
			ktap_diag("%s", line);
			len = 0;
		}
	}
}

/* What no request can come to on this kernel */
static inline bool is_out_of_reach(const struct world *w,
				   enum request_rule rule)
{
	switch (rule) {
	case RULE_TOTAL_PAGES: /* 2^16 slots of 2^31 pages are not 2^64 */
		return true;
	case RULE_READONLY_CAP:
		return w->limits.readonly == CAN;
	case RULE_REGION2:
		return w->limits.region2 == CAN;
	case RULE_V1_FLAGS:
		return w->limits.region2 != CAN;
	case RULE_GMEM_CAP:
		return w->limits.guest_memfd == CAN;
	case RULE_GMEM_DIRTY:
	case RULE_GMEM_READONLY:
	case RULE_GMEM_ALIGN:
	case RULE_GMEM_WRAP:
	case RULE_GMEM_IMMUTABLE:
	case RULE_GMEM_DROPPED:
	case RULE_GMEM_FD:
	case RULE_GMEM_FOREIGN:
	case RULE_GMEM_END:
	case RULE_GMEM_BOUND:
		return w->limits.guest_memfd != CAN;
	default:
		return false;
	}
}

/* A rule that no request met would be one that is not tested */
static inline void world_expect_all_met(const struct world *w)
{
	for (int i = 0; i < REQUEST_OUTCOMES; i++)
		EXPECT(!w->outcomes[i] == is_out_of_reach(w, i),
		       "%s was met by %" PRIu64 " requests",
		       request_rule_name(i), w->outcomes[i]);
}

/**
 * world_module() - the module, to ask what KVM holds; -1 without
 * @here: this machine is no lab: do not load anything
 */
static inline int world_module(bool here)
{
	int module = -1;

	if (access("/dev/kvm", R_OK | W_OK))
		ktap_skip_all("no usable /dev/kvm: %s", strerror(errno));
	if (!here && !__slotscope_load())
		module = module_open(NULL, &world_err);
	if (module < 0)
		ktap_diag("without the module: what KVM holds is not compared");
	return module;
}

#endif
