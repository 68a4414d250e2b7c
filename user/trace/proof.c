// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trace/proof.h"
#include "view/names.h"

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

/* The event of a type, if there is exactly one that passes @is */
static const struct slot_event *
only_one(enum slot_event_type type, const struct slot_event *events, size_t nr,
	 bool (*is)(const struct slot_event *event), char *why, size_t size)
{
	const struct slot_event *one = NULL;
	size_t seen = 0;

	for (size_t i = 0; i < nr; i++)
		if (events[i].type == type && (!is || is(&events[i]))) {
			one = &events[i];
			seen++;
		}
	if (seen == 1)
		return one;
	snprintf(why, size, "told %s %zu times, not once",
		 slot_event_type_names[type], seen);
	return NULL;
}

static bool is_dirty_log(const struct slot_event *event)
{
	return event->kvm_call.kind == SLOT_CALL_DIRTY_LOG;
}

static bool is_pre_fault(const struct slot_event *event)
{
	return event->kvm_call.kind == SLOT_CALL_PRE_FAULT;
}

static bool calls_told(const struct slot_event *events, size_t nr,
		       const struct kvm_proof *proof, char *why, size_t size)
{
	const struct slot_event *event;

	if (!proof->with_calls)
		return true;
	event = only_one(SLOT_EVENT_CALL, events, nr, is_dirty_log, why, size);
	if (!event)
		return false;
	if (event->kvm_call.slot == KVM_PROOF_SLOT && !event->kvm_call.result &&
	    !event->kvm_call.pages)
		return true;
	snprintf(why, size, "told the reading of a dirty log wrongly");
	return false;
}

/* Each change took effect while it was made; a delete and a move were holes */
static bool windows_told(const struct slot_event *events, size_t nr, char *why,
			 size_t size)
{
	size_t seen = 0;

	for (size_t i = 0; i < nr; i++) {
		const struct slot_change *c = &events[i].change;
		uint64_t begin = events[i].time_ns;
		bool hole;

		if (events[i].type != SLOT_EVENT_CHANGE)
			continue;
		seen++;
		hole = c->kind == SLOT_DELETE || c->kind == SLOT_MOVE;
		if (c->active_ns >= begin &&
		    c->active_ns <= begin + events[i].duration_ns &&
		    (hole ? c->invalid_ns >= begin &&
				     c->invalid_ns <= c->active_ns :
			    !c->invalid_ns))
			continue;
		snprintf(why, size, "told wrongly when change %zu took effect",
			 seen);
		return false;
	}
	if (!seen)
		snprintf(why, size, "no change was told");
	return seen;
}

static bool is_enter(const struct slot_event *event)
{
	return event->vcpu.kind == SLOT_VCPU_ENTER &&
	       event->vcpu.id == KVM_PROOF_VCPU;
}

static bool is_leave(const struct slot_event *event)
{
	return event->vcpu.kind == SLOT_VCPU_LEAVE &&
	       event->vcpu.id == KVM_PROOF_VCPU;
}

static bool runs_told(const struct slot_event *events, size_t nr, char *why,
		      size_t size)
{
	return only_one(SLOT_EVENT_VCPU, events, nr, is_enter, why, size) &&
	       only_one(SLOT_EVENT_VCPU, events, nr, is_leave, why, size);
}

static bool vcpu_calls_told(const struct slot_event *events, size_t nr,
			    const struct kvm_proof *proof, char *why,
			    size_t size)
{
	const struct slot_event *event =
		only_one(SLOT_EVENT_CALL, events, nr, is_pre_fault, why, size);

	if (!event)
		return false;
	if (event->kvm_call.slot == KVM_PROOF_VCPU &&
	    event->kvm_call.start == KVM_PROOF_PRE_FAULT &&
	    event->kvm_call.result == proof->pre_fault_result)
		return true;
	snprintf(why, size, "told a call for memory wrongly");
	return false;
}

static bool gmem_told(const struct slot_event *events, size_t nr,
		      const struct kvm_proof *proof, char *why, size_t size)
{
	const struct slot_event *event;

	if (!proof->gmem_ino) {
		snprintf(why, size,
			 "this KVM makes no guest_memfd to try it with");
		return false;
	}
	event = only_one(SLOT_EVENT_GMEM_CLOSE, events, nr, NULL, why, size);
	if (!event)
		return false;
	if (event->gmem_close.ino == proof->gmem_ino &&
	    event->gmem_close.dev == proof->gmem_dev)
		return true;
	snprintf(why, size, "told another file than the one that was closed");
	return false;
}

/* What became of one of the pages of our slot */
static bool page_told(const struct slot_event *events, size_t nr,
		      const struct kvm_proof *proof,
		      enum slot_mapping_kind kind, int page, char *why,
		      size_t size)
{
	const uint64_t bytes = sysconf(_SC_PAGESIZE);
	const uint64_t hva = (uintptr_t)proof->memory + page * bytes;
	size_t seen = 0;

	for (size_t i = 0; i < nr; i++) {
		const struct slot_mapping *m = &events[i].mapping;

		seen += events[i].type == SLOT_EVENT_MAPPING &&
			m->kind == kind && m->hva == hva && m->size == bytes &&
			m->slot == KVM_PROOF_SLOT && !m->result;
	}
	if (seen != 1)
		snprintf(why, size, "told %s of a page %zu times, not once",
			 slot_mapping_kind_names[kind], seen);
	return seen == 1;
}

/* What cannot be tried is not trusted */
static bool uffd_told(const struct slot_event *events, size_t nr,
		      const struct kvm_proof *proof, char *why, size_t size)
{
	if (proof->with_uffd)
		return page_told(events, nr, proof, SLOT_MAPPING_UFFD,
				 KVM_PROOF_UFFD_PAGE, why, size);
	snprintf(why, size, "there is no userfaultfd to try it with");
	return false;
}

static bool is_vcpu_fault(const struct slot_event *event)
{
	return event->fault.vcpu == KVM_PROOF_VCPU &&
	       event->fault.kind == SLOT_FAULT_FAILED;
}

static bool is_userfault(const struct slot_event *event)
{
	return event->fault.vcpu < 0 && event->fault.uffd;
}

static bool faults_told(const struct slot_event *events, size_t nr,
			const struct kvm_proof *proof, char *why, size_t size)
{
	const uint64_t page = sysconf(_SC_PAGESIZE);
	const struct slot_event *event = only_one(SLOT_EVENT_FAULT, events, nr,
						  is_vcpu_fault, why, size);

	if (!event)
		return false;
	if (event->fault.gpa / page == proof->fault_gpa / page &&
	    event->fault.result == -EFAULT)
		return true;
	snprintf(why, size, "told a fault wrongly");
	return false;
}

static bool userfaults_told(const struct slot_event *events, size_t nr,
			    const struct kvm_proof *proof, char *why,
			    size_t size)
{
	const uint64_t page = sysconf(_SC_PAGESIZE);
	const struct slot_event *event;

	if (!proof->with_uffd) {
		snprintf(why, size, "there is no userfaultfd to try it with");
		return false;
	}
	event = only_one(SLOT_EVENT_FAULT, events, nr, is_userfault, why, size);
	if (!event)
		return false;
	if (event->fault.hva ==
	    (uintptr_t)proof->memory + KVM_PROOF_UFFD_PAGE * page)
		return true;
	snprintf(why, size, "told a fault wrongly");
	return false;
}

/* What stood at its end was freed by it: each slot once */
static bool frees_told(const struct slot_event *events, size_t nr,
		       const struct kvm_proof *proof, char *why, size_t size)
{
	uint64_t end = 0;
	size_t seen = 0, stood = 0;

	for (size_t i = 0; i < nr; i++)
		if (events[i].type == SLOT_EVENT_VM_DESTROY)
			end = events[i].call;
	for (size_t i = 0; i < proof->nr_steps; i++) {
		const struct kvm_proof_step *step = &proof->steps[i];
		bool found = false;

		if (!step->changed)
			continue;
		/* It is not there any more by the next change of it */
		for (size_t j = i + 1; j < proof->nr_steps; j++)
			found |= proof->steps[j].changed &&
				 slot_same(&proof->steps[j].change.before,
					   &step->change.after);
		if (found || !step->change.after.size)
			continue;
		stood++;
		for (size_t j = 0; j < nr; j++)
			seen += events[j].type == SLOT_EVENT_FREE && end &&
				events[j].call == end &&
				slot_same(&events[j].freed,
					  &step->change.after);
	}
	if (stood && seen == stood)
		return true;
	snprintf(why, size, "told %zu of %zu slots that went with their VM",
		 seen, stood);
	return false;
}

bool proof_told(enum tracer_job job, const struct slot_event *events, size_t nr,
		const struct kvm_proof *proof, int vm_fd, char *why,
		size_t size)
{
	switch (job) {
	case TRACER_REQUESTS:
		return requests_told(events, nr, proof, why, size) &&
		       calls_told(events, nr, proof, why, size);
	case TRACER_CHANGES:
		return changes_told(events, nr, proof, why, size);
	case TRACER_CREATION:
		return vm_told(SLOT_EVENT_VM_CREATE, events, nr, vm_fd, why,
			       size);
	case TRACER_DESTRUCTION:
		return vm_told(SLOT_EVENT_VM_DESTROY, events, nr, vm_fd, why,
			       size);
	case TRACER_WINDOWS:
		return windows_told(events, nr, why, size);
	case TRACER_FREES:
		return frees_told(events, nr, proof, why, size);
	case TRACER_RUNS:
		return runs_told(events, nr, why, size);
	case TRACER_MAPPINGS:
		return page_told(events, nr, proof, SLOT_MAPPING_CLEAR,
				 KVM_PROOF_DROPPED_PAGE, why, size);
	case TRACER_VCPU_CALLS:
		return vcpu_calls_told(events, nr, proof, why, size);
	case TRACER_GMEM:
		return gmem_told(events, nr, proof, why, size);
	case TRACER_MMAP:
		return page_told(events, nr, proof, SLOT_MAPPING_MAP,
				 KVM_PROOF_MAPPED_PAGE, why, size);
	case TRACER_MREMAP:
		return page_told(events, nr, proof, SLOT_MAPPING_MAP,
				 KVM_PROOF_MOVED_PAGE, why, size);
	case TRACER_MPROTECT:
		return page_told(events, nr, proof, SLOT_MAPPING_PROTECT,
				 KVM_PROOF_PROTECTED_PAGE, why, size);
	case TRACER_UFFD:
		return uffd_told(events, nr, proof, why, size);
	case TRACER_FAULTS:
		return faults_told(events, nr, proof, why, size);
	case TRACER_USERFAULTS:
		return userfaults_told(events, nr, proof, why, size);
	default:
		return false;
	}
}
