// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/plural.h"
#include "render/document.h"
#include "render/events.h"
#include "render/flags.h"
#include "render/stacks.h"
#include "render/text.h"
#include "view/json.h"
#include "view/json_parts.h"
#include "view/names.h"
#include "view/probes.h"

#define EVENT_COLUMN 21 /* after the time and the thread */
#define INDENT	     2
#define SLOT_ID_BITS 16 /* the address space stands above them */

static void print_slot(FILE *out, const struct slot *slot)
{
	char flags[FLAGS_TEXT];
	char gmem[GMEM_TEXT];

	flags_text(flags, slot->flags, slot->hidden);
	fprintf(out, "%u/%d 0x%" PRIx64 "+0x%" PRIx64 " @0x%" PRIx64 "%s%s",
		slot->as_id, slot->id, slot->gpa, slot->size, slot->hva,
		flags[0] ? " " : "", flags);
	gmem_text(gmem, slot);
	if (gmem[0])
		fprintf(out, " guest_memfd %s", gmem);
}

static void print_result(FILE *out, int32_t result)
{
	const char *name = strerrorname_np(-result);

	if (!result)
		fputs(" = 0", out);
	else if (result < 0 && name)
		fprintf(out, " = -%s", name);
	else
		fprintf(out, " = %d", result);
}

static void print_request(FILE *out, const struct slot_event *event)
{
	const struct slot_request *req = &event->request;
	const struct slot slot = {
		.as_id = req->slot >> SLOT_ID_BITS,
		.id = req->slot & ((1U << SLOT_ID_BITS) - 1),
		.gpa = req->gpa,
		.size = req->size,
		.hva = req->hva,
		.flags = req->flags,
		.gmem_fd = req->gmem_fd,
		.gmem_offset = req->gmem_offset,
	};

	fputs(req->region2 ? "request2 " : "request ", out);
	if (req->unread)
		fputs("(its arguments could not be read)", out);
	else
		print_slot(out, &slot);
	print_result(out, req->result);
	/* Nothing takes no time: it is not known, as of a text without */
	if (event->duration_ns)
		fprintf(out, " %" PRIu64 "us", event->duration_ns / 1000);
	if (event->stack)
		fprintf(out, " stack %" PRIu64, event->stack);
}

static void print_change(FILE *out, const struct slot_change *change)
{
	const struct slot *before = &change->before, *after = &change->after;

	fprintf(out, "%s ", slot_change_kind_names[change->kind]);
	print_slot(out, after->size ? after : before);
	if (change->kind == SLOT_MOVE)
		fprintf(out, " from 0x%" PRIx64, before->gpa);
	if (change->result)
		print_result(out, change->result);
	else
		fprintf(out, " gen %" PRIu64, change->generation);
	if (change->invalid_ns)
		fprintf(out, " hole %" PRIu64 "us",
			(change->active_ns - change->invalid_ns) / 1000);
}

static void print_exit(FILE *out, const struct slot_exit *exit)
{
	fprintf(out, "vCPU %d left the guest: ", exit->vcpu);
	switch (exit->reason) {
	case SLOT_EXIT_MMIO:
		fprintf(out, "%s 0x%" PRIx64 "+%" PRIu64 " has no slot",
			exit->write ? "write to" : "read of", exit->gpa,
			exit->len);
		break;
	case SLOT_EXIT_MEMORY_FAULT:
		fprintf(out,
			"memory fault 0x%" PRIx64 "+0x%" PRIx64
			" flags 0x%" PRIx64,
			exit->gpa, exit->len, exit->flags);
		break;
	case SLOT_EXIT_INTERNAL_ERROR:
		fprintf(out, "internal error %" PRIu64, exit->flags);
		break;
	case SLOT_EXIT_SHUTDOWN:
		fputs("shutdown (triple fault)", out);
		break;
	default:
		fputs("KVM_RUN", out);
	}
	if (exit->rip)
		fprintf(out, " at rip 0x%" PRIx64, exit->rip);
	if (exit->result)
		print_result(out, exit->result);
}

static void print_call(FILE *out, const struct slot_call *call)
{
	fputs(slot_call_kind_names[call->kind], out);
	if (call->unread)
		fputs(" (its arguments could not be read)", out);
	else if (call->kind == SLOT_CALL_PRE_FAULT)
		fprintf(out, " vCPU %u", call->slot);
	else if (call->kind == SLOT_CALL_DIRTY_LOG ||
		 call->kind == SLOT_CALL_CLEAR_DIRTY_LOG)
		fprintf(out, " %u/%u", call->slot >> SLOT_ID_BITS,
			call->slot & ((1U << SLOT_ID_BITS) - 1));
	if (!call->unread && call->size)
		fprintf(out, " 0x%" PRIx64 "+0x%" PRIx64 " flags 0x%" PRIx64,
			call->start, call->size, call->flags);
	if (call->pages != SLOT_PAGES_UNKNOWN)
		fprintf(out, " %" PRIu64 " page%s", call->pages,
			plural(call->pages));
	print_result(out, call->result);
}

static void print_vcpu(FILE *out, const struct slot_vcpu *vcpu)
{
	fprintf(out, "vCPU %u ", vcpu->id);
	if (vcpu->kind == SLOT_VCPU_CREATE) {
		fputs("created", out);
		print_result(out, vcpu->result);
		return;
	}
	fprintf(out, "%s KVM_RUN gen %" PRIu64,
		vcpu->kind == SLOT_VCPU_ENTER ? "goes into" : "comes out of",
		vcpu->generation);
}

static void print_mapping(FILE *out, const struct slot_mapping *m)
{
	fprintf(out, "host %s 0x%" PRIx64 "+0x%" PRIx64,
		slot_mapping_kind_names[m->kind], m->hva, m->size);
	if (m->slot >= 0)
		fprintf(out, " under slot %u/%d", m->as_id, m->slot);
	if (m->syscall >= 0)
		fprintf(out, " in system call %d", m->syscall);
	if (m->kind == SLOT_MAPPING_UFFD)
		fprintf(out, " modes 0x%" PRIx32, m->uffd);
	if (m->result)
		print_result(out, m->result);
}

static void print_fault(FILE *out, const struct slot_event *event)
{
	const struct slot_fault *fault = &event->fault;

	if (fault->vcpu >= 0)
		fprintf(out, "vCPU %d", fault->vcpu);
	else
		fputs("the VMM", out);
	switch (fault->kind) {
	case SLOT_FAULT_WAITS:
		fputs(" waits for", out);
		break;
	case SLOT_FAULT_SERVED:
		fputs(" waited for", out);
		break;
	default:
		fputs(" cannot have", out);
	}
	if (fault->gpa == SLOT_GPA_UNKNOWN)
		fputs(" a gpa that is not known", out);
	else
		fprintf(out, " gpa 0x%" PRIx64, fault->gpa);
	if (fault->hva)
		fprintf(out, " @0x%" PRIx64, fault->hva);
	if (fault->uffd)
		fputs(" (userfaultfd)", out);
	if (fault->kind == SLOT_FAULT_FAILED)
		print_result(out, fault->result);
	fprintf(out, " %" PRIu64 "us", event->duration_ns / 1000);
}

#define COMM_TEXT (3 * sizeof(((struct slot_event *)NULL)->comm) + 1)

/* It comes from a kernel and need not end in NUL; a newline in it begins no line */
static const char *comm_clean(char text[COMM_TEXT], const char *comm)
{
	char name[sizeof(((struct slot_event *)NULL)->comm) + 1] = "";

	memcpy(name, comm, sizeof(name) - 1);
	text_clean(text, COMM_TEXT, COMM_TEXT, name);
	return text;
}

static void print_process_exit(FILE *out, const struct slot_event *event)
{
	int status = event->process_exit.status;
	char comm[COMM_TEXT];

	fprintf(out, "process %d (%s) ", event->tgid,
		comm_clean(comm, event->comm));
	if (WIFSIGNALED(status))
		fprintf(out, "died of signal %d%s", WTERMSIG(status),
			WCOREDUMP(status) ? ", with a core" : "");
	else
		fprintf(out, "ended with status %d", WEXITSTATUS(status));
}

void event_print(FILE *out, const struct slot_event *event)
{
	char comm[COMM_TEXT];

	switch (event->type) {
	case SLOT_EVENT_VM_CREATE:
	case SLOT_EVENT_VM_DESTROY:
		comm_clean(comm, event->comm);
		fprintf(out, "VM %" PRIu64 " %s", event->serial,
			event->type == SLOT_EVENT_VM_CREATE ? "created" :
							      "destroyed");
		/* Which a text of others need not tell */
		if (event->tgid)
			fprintf(out, " by %s%sprocess %d", comm,
				comm[0] ? ", " : "", event->tgid);
		break;
	case SLOT_EVENT_BASE:
		fputs("stands ", out);
		print_slot(out, &event->base);
		break;
	case SLOT_EVENT_BASE_END:
		fprintf(out, "that was address space %u at gen %" PRIu64,
			event->base_end.as_id, event->base_end.generation);
		break;
	case SLOT_EVENT_REQUEST:
		print_request(out, event);
		break;
	case SLOT_EVENT_CHANGE:
		print_change(out, &event->change);
		break;
	case SLOT_EVENT_EXIT:
		print_exit(out, &event->exit);
		break;
	case SLOT_EVENT_CALL:
		print_call(out, &event->kvm_call);
		break;
	case SLOT_EVENT_VCPU:
		print_vcpu(out, &event->vcpu);
		break;
	case SLOT_EVENT_MAPPING:
		print_mapping(out, &event->mapping);
		break;
	case SLOT_EVENT_FAULT:
		print_fault(out, event);
		break;
	case SLOT_EVENT_GMEM_CLOSE:
		fprintf(out, "guest_memfd inode %" PRIu64 " closed",
			event->gmem_close.ino);
		break;
	case SLOT_EVENT_PROCESS_EXIT:
		print_process_exit(out, event);
		break;
	case SLOT_EVENT_FREE:
		fputs("freed ", out);
		print_slot(out, &event->freed);
		break;
	case SLOT_EVENT_PROBE:
		probe_print(out, &event->probe);
		break;
	case SLOT_EVENT_LOST:
		if (event->lost.reason == SLOT_LOST_DROPPED) {
			fprintf(out, "%" PRIu64 " older event%s not kept",
				event->lost.count,
				event->lost.count == 1 ? " was" : "s were");
			break;
		}
		fprintf(out, "LOST %s%" PRIu64 " event%s: %s",
			event->lost.reason == SLOT_LOST_CUT ? "at least " : "",
			event->lost.count, plural(event->lost.count),
			slot_lost_reason_names[event->lost.reason]);
		break;
	case SLOT_EVENT_UNKNOWN:
		fprintf(out,
			"of kind 0x%" PRIx32 ", which a newer slotscope knows",
			event->unknown.kind);
		break;
	case SLOT_EVENT_TYPES:
		break;
	}
}

/* What comes and goes names its VM anyhow; a loss may be of any */
static bool lacks_vm(const struct slot_event *event)
{
	return event->serial && event->type != SLOT_EVENT_VM_CREATE &&
	       event->type != SLOT_EVENT_VM_DESTROY &&
	       event->type != SLOT_EVENT_LOST;
}

/*
 * One line, @indent to the right of where others begin. A text of others need not say
 * when something was: it was not at 0
 */
static void print_line(FILE *out, uint64_t time_ns, uint64_t begin_ns,
		       pid_t tid, unsigned int indent, const char *text)
{
	uint64_t ns = time_ns > begin_ns ? time_ns - begin_ns : 0;
	char when[32] = "-", first[96];

	if (time_ns)
		snprintf(when, sizeof(when), "%4" PRIu64 ".%06" PRIu64,
			 ns / 1000000000, ns / 1000 % 1000000);
	snprintf(first, sizeof(first), "%11s %7d  %*s", when, tid, (int)indent,
		 "");
	/* only words that no VMM of this world uses make it two lines */
	text_wrap(out, first, EVENT_COLUMN + indent + 2, text);
}

static void print_event(FILE *out, const struct slot_event *event,
			uint64_t begin_ns, bool name_vm, unsigned int indent)
{
	char text[512] = "";
	FILE *line = fmemopen(text, sizeof(text), "w");

	if (line) {
		if (name_vm && lacks_vm(event))
			fprintf(line, "VM %" PRIu64 ": ", event->serial);
		event_print(line, event);
		fclose(line);
	}
	text[sizeof(text) - 1] = '\0';
	print_line(out, event->time_ns, begin_ns, event->tid, indent, text);
}

/* What an event made happen stands a little to the right of it */
static bool is_consequence(const struct slot_event *event)
{
	return event->type == SLOT_EVENT_CHANGE ||
	       event->type == SLOT_EVENT_FREE;
}

void render_event(FILE *out, const struct slot_event *event, uint64_t begin_ns,
		  bool name_vm)
{
	print_event(out, event, begin_ns, name_vm,
		    is_consequence(event) ? INDENT : 0);
}

static void write_why(struct json_writer *w, const struct event_why *why)
{
	json_begin_object(w, "why");
	if (why->rule)
		json_write_str(w, "rule", why->rule);
	json_write_str(w, "sentence", why->words);
	if (why->other.size)
		slot_write_json(w, "other", &why->other);
	if (why->tid) {
		json_write_u64(w, "made_ns", why->made_ns);
		json_write_u64(w, "made_by", why->tid);
	}
	json_end_object(w);
}

void render_event_json(FILE *out, const struct slot_event *event,
		       const struct event_why *why)
{
	struct json_writer w;

	render_json_begin(&w, out);
	slot_event_begin_json(&w, NULL, event);
	if (why)
		write_why(&w, why);
	json_end_object(&w);
	render_json_end(&w);
}

/* Who made the request: under it, once */
static void print_stack(struct event_printer *printer, uint64_t id)
{
	const struct slot_stack *stack =
		printer->stacks && id ? stack_table_first(printer->stacks, id) :
					NULL;

	if (stack)
		render_stack(printer->out, stack, EVENT_COLUMN + 4);
	else if (id &&
		 (!printer->stacks || !stack_table_find(printer->stacks, id)))
		fprintf(printer->out, "%*sit is not known\n", EVENT_COLUMN + 8,
			"");
}

/*
 * How far to the right: under the probes of the same process, as deep as it is on the
 * way from a region to a slot
 */
static unsigned int indent_of(struct event_printer *printer,
			      const struct slot_event *event)
{
	bool probed = printer->probed && printer->probed == event->tgid;

	if (event->type == SLOT_EVENT_PROBE)
		return INDENT * probe_level(&event->probe);
	if (probed && event->type == SLOT_EVENT_REQUEST)
		return INDENT * PROBE_LEVEL_IOCTL;
	if (probed && event->type == SLOT_EVENT_CHANGE)
		return INDENT * PROBE_LEVEL_CHANGE;
	return is_consequence(event) ? INDENT : 0;
}

/* When it took effect has its own place on such a way */
static void print_active(const struct event_printer *printer,
			 const struct slot_event *event)
{
	const struct slot_change *change = &event->change;
	const unsigned int indent = INDENT * PROBE_LEVEL_ACTIVE;

	if (event->type != SLOT_EVENT_CHANGE || !printer->probed ||
	    printer->probed != event->tgid)
		return;
	if (change->invalid_ns)
		print_line(printer->out, change->invalid_ns, printer->begin_ns,
			   event->tid, indent, "what was there is out of use");
	if (change->active_ns)
		print_line(printer->out, change->active_ns, printer->begin_ns,
			   event->tid, indent,
			   change->result ? "what was there is back" :
					    "it takes effect");
}

static void print_first(struct event_printer *printer)
{
	const struct slot_event *event = &printer->held[0];
	char indent[EVENT_COLUMN + 5];

	snprintf(indent, sizeof(indent), "%*s", EVENT_COLUMN + 4, "");
	if (event->type == SLOT_EVENT_PROBE)
		printer->probed = event->tgid;
	print_event(printer->out, event, printer->begin_ns, printer->several,
		    indent_of(printer, event));
	print_active(printer, event);
	if (printer->why[0])
		text_wrap(printer->out, indent, EVENT_COLUMN + 4,
			  printer->why[0]);
	free(printer->why[0]);
	print_stack(printer, printer->held[0].stack);
	printer->nr--;
	memmove(printer->held, printer->held + 1,
		printer->nr * sizeof(*printer->held));
	memmove(printer->waits, printer->waits + 1,
		printer->nr * sizeof(*printer->waits));
	memmove(printer->why, printer->why + 1,
		printer->nr * sizeof(*printer->why));
}

/* Put @event at @place among those that are held; there is room */
static void hold(struct event_printer *printer, size_t place,
		 const struct slot_event *event, bool waits, const char *why)
{
	size_t behind = printer->nr - place;

	memmove(&printer->held[place + 1], &printer->held[place],
		behind * sizeof(*printer->held));
	memmove(&printer->waits[place + 1], &printer->waits[place],
		behind * sizeof(*printer->waits));
	memmove(&printer->why[place + 1], &printer->why[place],
		behind * sizeof(*printer->why));
	printer->held[place] = *event;
	printer->waits[place] = waits;
	/* Without memory for it, less is said */
	printer->why[place] = why ? strdup(why) : NULL;
	printer->nr++;
}

/*
 * What an event tells of the changes that wait: its own request has come; their
 * thread has gone on, so theirs was not seen; or something is missing, and
 * theirs may be that. Where @event belongs: before the first that it made.
 */
static size_t release(struct event_printer *printer,
		      const struct slot_event *event)
{
	size_t place = printer->nr;

	for (size_t i = printer->nr; i-- > 0;) {
		const struct slot_event *held = &printer->held[i];

		if (!printer->waits[i])
			continue;
		if (held->call == event->call) {
			if (event->type != SLOT_EVENT_REQUEST)
				continue;
			place = i;
		} else if (held->tid != event->tid &&
			   event->type != SLOT_EVENT_LOST) {
			continue;
		}
		printer->waits[i] = false;
	}
	return place;
}

void event_printer_put(struct event_printer *printer,
		       const struct slot_event *event, const char *why)
{
	size_t place;

	if (!printer->begun) {
		printer->begun = true;
		fprintf(printer->out, "%11s %7s  %s\n", "SECONDS", "THREAD",
			"EVENT");
	}
	if (!printer->begin_ns)
		printer->begin_ns = event->time_ns;
	if (!printer->vm)
		printer->vm = event->serial;
	printer->several |= event->serial && event->serial != printer->vm;
	if (printer->nr == EVENT_PRINTER_HELD)
		print_first(printer);
	place = release(printer, event);
	hold(printer, place, event,
	     event->type == SLOT_EVENT_CHANGE && event->call, why);
	while (printer->nr && !printer->waits[0])
		print_first(printer);
}

void event_printer_flush(struct event_printer *printer)
{
	while (printer->nr)
		print_first(printer);
}
