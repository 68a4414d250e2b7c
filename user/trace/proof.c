// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trace/proof.h"

bool slot_same(const struct slot *a, const struct slot *b)
{
	return a->as_id == b->as_id && a->id == b->id && a->gpa == b->gpa &&
	       a->size == b->size && a->hva == b->hva && a->flags == b->flags &&
	       a->hidden == b->hidden;
}

static bool same_request(const struct slot_request *a,
			 const struct slot_request *b)
{
	if (a->unread != b->unread || a->region2 != b->region2 ||
	    a->result != b->result)
		return false;
	return a->unread ||
	       (a->slot == b->slot && a->flags == b->flags &&
		a->gpa == b->gpa && a->size == b->size && a->hva == b->hva &&
		a->gmem_fd == b->gmem_fd && a->gmem_offset == b->gmem_offset);
}

static bool same_change(const struct slot_change *a,
			const struct slot_change *b)
{
	return a->kind == b->kind && !a->result &&
	       slot_same(&a->before, &b->before) &&
	       slot_same(&a->after, &b->after);
}

static bool requests_told(const struct slot_event *events, size_t nr,
			  const struct kvm_proof *proof, char *why, size_t size)
{
	size_t seen = 0;

	for (size_t i = 0; i < nr; i++) {
		if (events[i].type != SLOT_EVENT_REQUEST)
			continue;
		if (seen >= proof->nr_steps ||
		    !same_request(&events[i].request,
				  &proof->steps[seen].request)) {
			snprintf(why, size, "told request %zu wrongly",
				 seen + 1);
			return false;
		}
		seen++;
	}
	if (seen == proof->nr_steps)
		return true;
	snprintf(why, size, "told %zu of %zu requests", seen, proof->nr_steps);
	return false;
}

static bool changes_told(const struct slot_event *events, size_t nr,
			 const struct kvm_proof *proof, char *why, size_t size)
{
	uint64_t generation = 0;
	size_t step = 0, seen = 0, made = 0;

	for (size_t i = 0; i < proof->nr_steps; i++)
		made += proof->steps[i].changed;
	for (size_t i = 0; i < nr; i++) {
		const struct slot_change *change = &events[i].change;

		if (events[i].type != SLOT_EVENT_CHANGE)
			continue;
		seen++;
		while (step < proof->nr_steps && !proof->steps[step].changed)
			step++;
		if (step == proof->nr_steps ||
		    !same_change(change, &proof->steps[step].change)) {
			snprintf(why, size, "told change %zu wrongly", seen);
			return false;
		}
		if (change->generation <= generation) {
			snprintf(why, size,
				 "generation %llu at change %zu, after %llu",
				 (unsigned long long)change->generation, seen,
				 (unsigned long long)generation);
			return false;
		}
		generation = change->generation;
		step++;
	}
	if (seen == made)
		return true;
	snprintf(why, size, "told %zu of %zu changes", seen, made);
	return false;
}

/* That our VM came, or went: once, under the number of its other events */
static bool vm_told(enum slot_event_type type, const struct slot_event *events,
		    size_t nr, int vm_fd, char *why, size_t size)
{
	size_t seen = 0;

	for (size_t i = 0; i < nr; i++) {
		if (events[i].serial != events[0].serial) {
			snprintf(why, size, "told one VM as two");
			return false;
		}
		if (events[i].type != type)
			continue;
		/* What went may have been met without seeing it come */
		if (events[i].vm.tgid != getpid() ||
		    (events[i].vm.fd != vm_fd &&
		     (type == SLOT_EVENT_VM_CREATE || events[i].vm.fd >= 0))) {
			snprintf(why, size,
				 "told another process or descriptor");
			return false;
		}
		seen++;
	}
	if (seen == 1)
		return true;
	snprintf(why, size, "told one VM %zu times", seen);
	return false;
}

bool proof_told(enum tracer_job job, const struct slot_event *events, size_t nr,
		const struct kvm_proof *proof, int vm_fd, char *why,
		size_t size)
{
	switch (job) {
	case TRACER_REQUESTS:
		return requests_told(events, nr, proof, why, size);
	case TRACER_CHANGES:
		return changes_told(events, nr, proof, why, size);
	case TRACER_CREATION:
		return vm_told(SLOT_EVENT_VM_CREATE, events, nr, vm_fd, why,
			       size);
	case TRACER_DESTRUCTION:
		return vm_told(SLOT_EVENT_VM_DESTROY, events, nr, vm_fd, why,
			       size);
	default:
		return false;
	}
}
