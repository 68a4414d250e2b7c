// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "trace/stream.h"
#include "view/probes.h"

void stream_deinit(struct stream *stream)
{
	free(stream->queue);
	generations_deinit(&stream->generations);
	*stream = (struct stream){ 0 };
}

static int enqueue(struct stream *stream, const struct slot_event *event,
		   uint64_t takes)
{
	struct slot_event *at;

	if (stream->head == stream->tail) {
		stream->head = 0;
		stream->tail = 0;
	}
	if (stream->tail == stream->cap) {
		size_t cap = stream->cap ? stream->cap * 2 : 64;
		struct slot_event *bigger =
			reallocarray(stream->queue, cap, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		stream->queue = bigger;
		stream->cap = cap;
	}
	at = &stream->queue[stream->tail++];
	*at = *event;
	at->seq = stream->last_seq + 1;
	stream->last_seq += takes;
	return 0;
}

int stream_event(struct stream *stream, const struct slot_event *event)
{
	int ret = 0;

	if (event->type == SLOT_EVENT_BASE_END)
		ret = generations_read(&stream->generations, event->serial,
				       event->base_end.as_id,
				       event->base_end.generation);
	return ret ? ret : enqueue(stream, event, 1);
}

static int tell_lost(struct stream *stream, enum slot_lost_reason reason,
		     uint64_t count, uint64_t time_ns)
{
	const struct slot_event event = {
		.type = SLOT_EVENT_LOST,
		.time_ns = time_ns,
		.lost = { .reason = reason, .count = count },
	};

	if (!count)
		return 0;
	stream->lost.count[reason] += count;
	return enqueue(stream, &event, count);
}

int stream_lose(struct stream *stream, enum slot_lost_reason reason,
		uint64_t count, uint64_t time_ns)
{
	stream->losses += !!count;
	return tell_lost(stream, reason, count, time_ns);
}

int stream_missed(struct stream *stream, uint64_t count, uint64_t time_ns)
{
	uint64_t told = count < stream->early ? count : stream->early;

	stream->early -= told;
	return stream_lose(stream, SLOT_LOST_MISSED, count - told, time_ns);
}

int stream_skipped(struct stream *stream, uint64_t count, uint64_t time_ns)
{
	uint64_t told = count < stream->unasked.early ? count :
							stream->unasked.early;

	stream->unasked.early -= told;
	stream->unasked.spare += count - told;
	return stream_lose(stream, SLOT_LOST_MISSED, count - told, time_ns);
}

int stream_totals(struct stream *stream, const volatile uint32_t totals[LOSSES],
		  uint64_t time_ns)
{
	static const enum slot_lost_reason reasons[LOSSES] = {
		[LOSS_RING_FULL] = SLOT_LOST_RING_FULL,
		[LOSS_MAP_FULL] = SLOT_LOST_MAP_FULL,
		[LOSS_MISSED] = SLOT_LOST_MISSED,
		[LOSS_FILTERED] = SLOT_LOST_FILTERED,
	};
	int ret = 0;

	for (int i = 0; i < LOSSES && !ret; i++) {
		/*
		 * Totals wrap, and records of several processors may tell them
		 * slightly out of order: one from the past says nothing.
		 */
		int32_t more = totals[i] - stream->seen[i];

		if (more <= 0)
			continue;
		stream->seen[i] += more;
		/* A request may be among them, and its change is to come */
		if (i == LOSS_MAP_FULL)
			stream->unasked.spare += more;
		ret = i == LOSS_MISSED ?
			      stream_missed(stream, more, time_ns) :
			      stream_lose(stream, reasons[i], more, time_ns);
	}
	return ret;
}

void stream_restart(struct stream *stream,
		    const volatile uint32_t totals[LOSSES])
{
	for (int i = 0; i < LOSSES; i++)
		stream->seen[i] = totals[i];
	stream->lost = (struct slot_lost){ 0 };
	generations_deinit(&stream->generations);
	stream->early = 0;
	stream->unasked.early = 0;
	stream->unasked.spare = 0;
	stream->last_seq = 0;
	stream->head = 0;
	stream->tail = 0;
}

const struct slot_event *stream_next(struct stream *stream)
{
	if (stream->head == stream->tail)
		return NULL;
	return &stream->queue[stream->head++];
}

/* A kernel's dev_t: 12 bits and 20 */
static dev_t dev_from_kernel(uint32_t dev)
{
	return makedev(dev >> 20, dev & ((1U << 20) - 1));
}

struct slot slot_from_record(const struct stream *stream,
			     const struct slot_record *rec)
{
	struct slot slot = { .id = -1, .gmem_fd = -1 };

	if (!rec->nr_pages)
		return slot;
	slot.as_id = rec->as_id;
	slot.id = rec->id;
	slot.gpa = rec->gfn * stream->page_size;
	slot.size = rec->nr_pages * stream->page_size;
	slot.hva = rec->hva;
	slot.flags = rec->flags;
	slot.hidden = (uint32_t)rec->id >= stream->nr_slots;
	if (!(rec->flags & SLOT_GUEST_MEMFD))
		return slot;
	slot.gmem = rec->gmem_closed ? SLOT_GMEM_CLOSED :
		    rec->gmem_inode  ? SLOT_GMEM_OPEN :
				       SLOT_GMEM_UNKNOWN;
	if (rec->gmem_closed)
		return slot;
	slot.gmem_offset = rec->gmem_pgoff * stream->page_size;
	slot.gmem_dev = dev_from_kernel(rec->gmem_dev);
	slot.gmem_ino = rec->gmem_inode;
	return slot;
}

static void vm_from_record(const struct stream *stream, struct vm_id *vm,
			   const struct vm_record *rec)
{
	memcpy(vm->boot_id, stream->boot_id, sizeof(vm->boot_id));
	vm->tgid = rec->tgid;
	vm->start_time = rec->start_ns / stream->ns_per_tick;
	vm->fd = rec->fd;
	vm->serial = rec->head.serial;
}

static void request_from_record(struct slot_request *request,
				const struct request_record *rec)
{
	request->region2 = rec->region2;
	request->unread = rec->unread;
	request->gmem_fd = -1;
	request->result = rec->result;
	if (rec->unread)
		return;
	request->slot = rec->args.slot;
	request->flags = rec->args.flags;
	request->gpa = rec->args.gpa;
	request->size = rec->args.size;
	request->hva = rec->args.hva;
	if (rec->region2) {
		request->gmem_fd = rec->args.gmem_fd;
		request->gmem_offset = rec->args.gmem_offset;
	}
}

/*
 * Arguments that we could not read are lost to us only if KVM could: it says
 * EFAULT if not, and ENOTTY before it looks (REGION2 on an older kernel).
 */
static bool unread_is_lost(const struct slot_request *request)
{
	return request->unread && request->result != -EFAULT &&
	       request->result != -ENOTTY;
}

static int change_from_record(const struct stream *stream,
			      struct slot_change *change,
			      const struct change_record *rec)
{
	if (rec->kind < SLOT_CREATE || rec->kind > SLOT_FLAGS_ONLY)
		return -EPROTO;
	change->kind = rec->kind;
	change->before = slot_from_record(stream, &rec->old);
	change->after = slot_from_record(stream, &rec->new);
	change->generation = rec->generation & ~GENERATION_UPDATING;
	change->generation_before = rec->before & ~GENERATION_UPDATING;
	change->result = rec->result;
	change->invalid_ns = rec->invalid_ns;
	change->active_ns = rec->active_ns;
	if (!change->before.size != (change->kind == SLOT_CREATE) ||
	    !change->after.size != (change->kind == SLOT_DELETE))
		return -EPROTO;
	/* Both sides say where the change was */
	if (change->kind == SLOT_CREATE)
		change->before.as_id = change->after.as_id;
	if (change->kind == SLOT_DELETE)
		change->after.as_id = change->before.as_id;
	return 0;
}

/*
 * What the record says of generations. A change whose end was not seen is mostly
 * counted elsewhere, too, but perhaps later; it is told here at all events.
 */
static int follow_generations(struct stream *stream,
			      const struct slot_event *event,
			      const struct change_record *change)
{
	struct generations *g = &stream->generations;
	int ret;

	switch (event->type) {
	case SLOT_EVENT_VM_CREATE:
		return generations_created(g, event->serial);
	case SLOT_EVENT_VM_DESTROY:
		generations_destroyed(g, event->serial);
		return 0;
	case SLOT_EVENT_CHANGE:
		ret = generations_change(g, event->serial,
					 event->change.before.as_id,
					 event->change.generation_before,
					 event->change.generation,
					 stream->losses);
		if (ret <= 0)
			return ret;
		stream->early += change->unended;
		return stream_lose(stream, SLOT_LOST_MISSED, 1,
				   event->time_ns + event->duration_ns);
	default:
		return 0;
	}
}

/*
 * A change of a user's slot that no request made: it was skipped. Not all kernels
 * count that (for kprobes since dd8657894c11 "bpf: Count missed stats in
 * trace_call_bpf", 6.7); if this one does, it is not counted twice. Of a VM that was
 * there before us, the request may have begun before us, too.
 */
static int follow_requests(struct stream *stream,
			   const struct slot_event *event)
{
	const struct slot_change *change = &event->change;

	if (event->type != SLOT_EVENT_CHANGE || event->call ||
	    !stream->requests || change->before.hidden ||
	    change->after.hidden ||
	    !generations_whole(&stream->generations, event->serial))
		return 0;
	if (stream->unasked.spare) {
		stream->unasked.spare--;
		return 0;
	}
	stream->unasked.early++;
	/* It says nothing of changes */
	return tell_lost(stream, SLOT_LOST_MISSED, 1, event->time_ns);
}

static int call_from_record(const struct stream *stream, struct slot_call *call,
			    const struct call_record *rec)
{
	const union call_args *args = &rec->args;

	call->unread = rec->unread;
	call->result = rec->result;
	call->pages = rec->pages;
	switch (rec->cmd) {
	case KVM_IOC_DIRTY_LOG:
		call->kind = SLOT_CALL_DIRTY_LOG;
		call->slot = args->dirty_log.slot;
		return 0;
	case KVM_IOC_CLEAR_DIRTY_LOG:
		call->kind = SLOT_CALL_CLEAR_DIRTY_LOG;
		call->slot = args->clear_log.slot;
		call->start = args->clear_log.first_page * stream->page_size;
		call->size = args->clear_log.nr_pages * stream->page_size;
		return 0;
	case KVM_IOC_RESET_RINGS:
		call->kind = SLOT_CALL_RESET_RINGS;
		return 0;
	case KVM_IOC_GUEST_MEMFD:
		call->kind = SLOT_CALL_GUEST_MEMFD;
		call->size = args->guest_memfd.size;
		call->flags = args->guest_memfd.flags;
		return 0;
	case KVM_IOC_ATTRIBUTES:
		call->kind = SLOT_CALL_ATTRIBUTES;
		call->start = args->attributes.address;
		call->size = args->attributes.size;
		call->flags = args->attributes.attributes;
		return 0;
	case KVM_IOC_PRE_FAULT:
		call->kind = SLOT_CALL_PRE_FAULT;
		call->slot = args->pre_fault.vcpu;
		call->start = args->pre_fault.gpa;
		call->size = args->pre_fault.size;
		call->flags = args->pre_fault.flags;
		return 0;
	default:
		return -EPROTO;
	}
}

static void exit_from_record(struct slot_exit *exit,
			     const struct exit_record *rec)
{
	exit->reason = SLOT_EXIT_ERRNO;
	exit->vcpu = rec->vcpu;
	exit->rip = rec->rip;
	exit->result = rec->result;
	/* What it says of itself: KVM gives MEMORY_FAULT with EFAULT, too */
	switch (rec->reason) {
	case EXIT_MEMORY_FAULT:
		exit->reason = SLOT_EXIT_MEMORY_FAULT;
		exit->flags = rec->data[0];
		exit->gpa = rec->data[1];
		exit->len = rec->data[2];
		return;
	case EXIT_MMIO:
		if (rec->result)
			return;
		/* phys_addr, 8 bytes of data, len, is_write */
		exit->reason = SLOT_EXIT_MMIO;
		exit->gpa = rec->data[0];
		exit->len = (uint32_t)rec->data[2];
		exit->write = rec->data[2] >> 32 & 0xff;
		return;
	case EXIT_INTERNAL_ERROR:
		if (rec->result)
			return;
		exit->reason = SLOT_EXIT_INTERNAL_ERROR;
		exit->flags = (uint32_t)rec->data[0];
		return;
	case EXIT_SHUTDOWN:
		if (!rec->result)
			exit->reason = SLOT_EXIT_SHUTDOWN;
		return;
	}
}

static int mapping_from_record(struct slot_mapping *mapping,
			       const struct mapping_record *rec)
{
	if (rec->kind > MAPPING_UFFD_END)
		return -EPROTO;
	mapping->kind = (enum slot_mapping_kind)rec->kind;
	mapping->hva = rec->start;
	mapping->size = rec->end - rec->start;
	mapping->as_id = rec->as_id;
	mapping->slot = rec->slot;
	mapping->result = rec->result;
	mapping->uffd = rec->uffd;
	mapping->syscall = rec->syscall;
	for (int i = 0; i < 4; i++)
		mapping->args[i] = rec->args[i];
	return 0;
}

static int fault_from_record(struct slot_fault *fault,
			     const struct fault_record *rec)
{
	if (rec->kind > FAULT_FAILED)
		return -EPROTO;
	fault->kind = (enum slot_fault_kind)rec->kind;
	fault->vcpu = rec->vcpu;
	fault->gpa = rec->gpa;
	fault->hva = rec->hva;
	fault->uffd = rec->uffd;
	fault->result = rec->result;
	return 0;
}

_Static_assert(PROBE_ARGS == SLOT_PROBE_ARGS &&
		       PROBE_TEXTS == SLOT_PROBE_TEXTS &&
		       PROBE_TEXT == SLOT_PROBE_TEXT,
	       "struct slot_probe");

/*
 * Of one name there may be several, which differ in how many arguments they have. One
 * that has another number than any is told as numbers.
 */
static int probe_from_record(struct slot_probe *probe,
			     const struct probe_record *rec)
{
	const struct probe_kind *kind;
	size_t nr = rec->nr_args < 0	      ? 0 :
		    rec->nr_args > PROBE_ARGS ? PROBE_ARGS :
						rec->nr_args;

	if (rec->kind >= nr_probe_kinds)
		return -EPROTO;
	kind = &probe_kinds[rec->kind];
	strcpy(probe->provider, kind->provider);
	strcpy(probe->name, kind->name);
	kind = probe_kind_find(kind->provider, kind->name, nr);
	for (size_t i = 0; i < nr; i++) {
		probe->form[i] = rec->unread & 1 << i  ? '?' :
				 rec->is_text & 1 << i ? 't' :
				 kind		       ? kind->form[i] :
							 'x';
		if (probe->form[i] != '?' && probe->form[i] != 't')
			probe->args[i] = rec->args[i];
	}
	memcpy(probe->texts, rec->texts, sizeof(probe->texts));
	for (size_t i = 0; i < PROBE_TEXTS; i++)
		probe->texts[i][PROBE_TEXT - 1] = '\0';
	return slot_probe_form_fault(probe->form) ? -EPROTO : 0;
}

/* A call is told by its kind; that of a vCPU with what vCPUs do */
static int call_event(const struct stream *stream, struct slot_event *event,
		      const struct call_record *rec)
{
	event->call = rec->call;
	if (rec->cmd != KVM_IOC_CREATE_VCPU) {
		event->type = SLOT_EVENT_CALL;
		return call_from_record(stream, &event->kvm_call, rec);
	}
	event->type = SLOT_EVENT_VCPU;
	event->vcpu.kind = SLOT_VCPU_CREATE;
	event->vcpu.id = rec->args.number;
	event->vcpu.result = rec->result;
	return 0;
}

static void run_event(struct slot_event *event, const struct run_record *rec)
{
	event->type = SLOT_EVENT_VCPU;
	event->vcpu.kind = rec->enter ? SLOT_VCPU_ENTER : SLOT_VCPU_LEAVE;
	event->vcpu.id = rec->vcpu;
	event->vcpu.generation = rec->generation & ~GENERATION_UPDATING;
}

int stream_record(struct stream *stream, const void *data, size_t size)
{
	static const size_t sizes[] = {
		[RECORD_VM_CREATE] = sizeof(struct vm_record),
		[RECORD_VM_DESTROY] = sizeof(struct vm_record),
		[RECORD_REQUEST] = sizeof(struct request_record),
		[RECORD_CHANGE] = sizeof(struct change_record),
		[RECORD_CALL] = sizeof(struct call_record),
		[RECORD_RUN] = sizeof(struct run_record),
		[RECORD_EXIT] = sizeof(struct exit_record),
		[RECORD_MAPPING] = sizeof(struct mapping_record),
		[RECORD_FAULT] = sizeof(struct fault_record),
		[RECORD_GMEM_CLOSE] = sizeof(struct gmem_record),
		[RECORD_PROCESS_EXIT] = sizeof(struct exited_record),
		[RECORD_FREE] = sizeof(struct free_record),
		[RECORD_PROBE] = sizeof(struct probe_record),
	};
	const struct record *head = data;
	struct slot_event event = { 0 };
	int ret = 0;

	/* The ring rounds sizes up to 8 bytes, as do these structs */
	if (size < sizeof(*head) || !head->type ||
	    head->type >= sizeof(sizes) / sizeof(sizes[0]) ||
	    size != sizes[head->type])
		return -EPROTO;
	event.time_ns = head->time_ns;
	event.duration_ns = head->duration_ns;
	event.serial = head->serial;
	event.tgid = head->tgid;
	event.tid = head->tid;
	memcpy(event.comm, head->comm, sizeof(event.comm));
	switch (head->type) {
	case RECORD_VM_CREATE:
	case RECORD_VM_DESTROY:
		event.type = head->type == RECORD_VM_CREATE ?
				     SLOT_EVENT_VM_CREATE :
				     SLOT_EVENT_VM_DESTROY;
		event.duration_ns = 0;
		event.call = ((const struct vm_record *)data)->call;
		vm_from_record(stream, &event.vm, data);
		break;
	case RECORD_REQUEST:
		event.type = SLOT_EVENT_REQUEST;
		event.call = ((const struct request_record *)data)->call;
		event.stack = ((const struct request_record *)data)->stack;
		if (event.stack > STACK_NOT_READ)
			return -EPROTO;
		request_from_record(&event.request, data);
		break;
	case RECORD_CHANGE:
		event.type = SLOT_EVENT_CHANGE;
		event.call = ((const struct change_record *)data)->call;
		ret = change_from_record(stream, &event.change, data);
		break;
	case RECORD_CALL:
		ret = call_event(stream, &event, data);
		break;
	case RECORD_RUN:
		run_event(&event, data);
		break;
	case RECORD_EXIT:
		event.type = SLOT_EVENT_EXIT;
		exit_from_record(&event.exit, data);
		break;
	case RECORD_MAPPING:
		event.type = SLOT_EVENT_MAPPING;
		ret = mapping_from_record(&event.mapping, data);
		break;
	case RECORD_FAULT:
		event.type = SLOT_EVENT_FAULT;
		ret = fault_from_record(&event.fault, data);
		break;
	case RECORD_GMEM_CLOSE:
		event.type = SLOT_EVENT_GMEM_CLOSE;
		event.gmem_close.dev = dev_from_kernel(
			((const struct gmem_record *)data)->dev);
		event.gmem_close.ino =
			((const struct gmem_record *)data)->inode;
		break;
	case RECORD_PROCESS_EXIT:
		event.type = SLOT_EVENT_PROCESS_EXIT;
		event.process_exit.status =
			((const struct exited_record *)data)->status;
		break;
	case RECORD_FREE:
		event.type = SLOT_EVENT_FREE;
		event.call = ((const struct free_record *)data)->call;
		event.freed = slot_from_record(
			stream, &((const struct free_record *)data)->slot);
		ret = event.freed.size ? 0 : -EPROTO;
		break;
	case RECORD_PROBE:
		event.type = SLOT_EVENT_PROBE;
		ret = probe_from_record(&event.probe, data);
		break;
	}
	if (!ret)
		ret = stream_totals(stream, head->lost,
				    head->time_ns + head->duration_ns);
	if (!ret)
		ret = follow_generations(stream, &event, data);
	if (!ret)
		ret = follow_requests(stream, &event);
	if (!ret && event.type == SLOT_EVENT_REQUEST &&
	    unread_is_lost(&event.request))
		ret = stream_lose(stream, SLOT_LOST_UNREAD, 1,
				  event.time_ns + event.duration_ns);
	return ret ? ret : stream_event(stream, &event);
}
