// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "check/last_words.h"
#include "check/say.h"

/* It writes messages, perhaps a core; and a VM may take seconds to destroy */
#define DYING_NS 10000000000ULL

/* Behind registers a vCPU goes on, and no event tells of it */
#define MMIO_NS 1000000000ULL

static void keep_change(struct last_words *words,
			const struct slot_event *event)
{
	memmove(&words->changes[1], &words->changes[0],
		(LAST_WORDS_CHANGES - 1) * sizeof(*words->changes));
	words->changes[0] = *event;
	if (words->nr < LAST_WORDS_CHANGES)
		words->nr++;
}

/* Another VM of its process: who asks for something lives */
static void take_other(struct last_words *words, const struct slot_event *event)
{
	if (event->type != SLOT_EVENT_VM_CREATE &&
	    event->type != SLOT_EVENT_REQUEST)
		return;
	if (event->tgid == words->refusal.tgid)
		words->refused = false;
	if (event->tgid == words->stop.tgid)
		words->stopped = false;
	if (event->tgid == words->registers.tgid)
		words->mmio = false;
}

/* It may have been another process than the one that made the VM */
static void take_exit(struct last_words *words, const struct slot_event *event)
{
	if (event->tgid != words->tgid)
		return;
	words->exit_ns = event->time_ns;
	words->status = event->process_exit.status;
}

/* May a VMM die of it? Registers are meant to be no memory */
static bool is_stop(const struct slot_exit *exit)
{
	return exit->reason == SLOT_EXIT_MEMORY_FAULT ||
	       exit->reason == SLOT_EXIT_INTERNAL_ERROR ||
	       (exit->reason == SLOT_EXIT_ERRNO && exit->result == -EFAULT);
}

/* A pid may be used again */
static void take_process(struct last_words *words,
			 const struct slot_event *event)
{
	words->tgid = event->tgid;
	words->exit_ns = 0;
}

static void take_vcpu_exit(struct last_words *words,
			   const struct slot_event *event)
{
	take_process(words, event);
	words->mmio = event->exit.reason == SLOT_EXIT_MMIO;
	if (words->mmio)
		words->registers = *event;
	if (is_stop(&event->exit)) {
		words->stopped = true;
		words->stop = *event;
	} else if (event->exit.vcpu == words->stop.exit.vcpu) {
		words->stopped = false;
	}
}

static void take_request(struct last_words *words,
			 const struct slot_event *event)
{
	words->refused = event->request.result;
	if (!words->refused) {
		words->stopped = words->mmio = false;
		return;
	}
	words->refusal = *event;
	take_process(words, event);
}

static void take_own(struct last_words *words, const struct slot_event *event)
{
	switch (event->type) {
	case SLOT_EVENT_VM_DESTROY:
		words->end_ns = event->time_ns;
		break;
	case SLOT_EVENT_REQUEST:
		take_request(words, event);
		break;
	case SLOT_EVENT_EXIT:
		take_vcpu_exit(words, event);
		break;
	case SLOT_EVENT_VCPU:
		if (event->vcpu.kind == SLOT_VCPU_ENTER &&
		    event->vcpu.id == (uint32_t)words->stop.exit.vcpu)
			words->stopped = false;
		if (event->vcpu.kind == SLOT_VCPU_ENTER &&
		    event->vcpu.id == (uint32_t)words->registers.exit.vcpu)
			words->mmio = false;
		break;
	case SLOT_EVENT_CHANGE:
		if (!event->change.result)
			keep_change(words, event);
		break;
	default:
		break;
	}
}

/* The next event of the log, of whatever VM */
static void take(struct last_words *words, const struct slot_event *event)
{
	/* What was lost may have been anything */
	if (event->type == SLOT_EVENT_LOST)
		words->refused = words->stopped = words->mmio = false;
	else if (event->type == SLOT_EVENT_PROCESS_EXIT)
		take_exit(words, event);
	else if (event->serial != words->serial)
		take_other(words, event);
	else
		take_own(words, event);
}

void last_words_of(struct last_words *words, const struct slot_log *log,
		   uint64_t serial)
{
	*words = (struct last_words){ .serial = serial };
	for (size_t i = 0; i < log->nr; i++)
		take(words, &log->events[i]);
}

static uint64_t later_ns(const struct last_words *words,
			 const struct slot_event *from,
			 const struct vm_end *end)
{
	const uint64_t at = words->exit_ns ? words->exit_ns :
			    words->end_ns  ? words->end_ns :
					     end->at_ns;
	const uint64_t begin = from->time_ns + from->duration_ns;

	return at > begin ? at - begin : 0;
}

/* How it ended: as somebody saw, who waited for it, or the log; false: not known */
static bool status_of(const struct last_words *words, const struct vm_end *end,
		      int *status)
{
	*status = end->known ? end->status : words->status;
	return end->known || words->exit_ns;
}

/* Somebody else ended it */
static bool was_told(int status)
{
	if (!WIFSIGNALED(status))
		return false;
	switch (WTERMSIG(status)) {
	case SIGTERM:
	case SIGINT:
	case SIGHUP:
	case SIGKILL:
	case SIGPIPE:
		return true;
	default:
		return false;
	}
}

static bool died_after(const struct last_words *words,
		       const struct slot_event *event, const struct vm_end *end)
{
	int status;

	if (!end || later_ns(words, event, end) > DYING_NS)
		return false;
	if (!status_of(words, end, &status))
		return words->end_ns;
	return status && !was_told(status);
}

bool last_words_refused(const struct last_words *words,
			const struct vm_end *end)
{
	return words->refused && died_after(words, &words->refusal, end);
}

bool last_words_stopped(const struct last_words *words,
			const struct vm_end *end)
{
	if (words->stopped && died_after(words, &words->stop, end))
		return true;
	return words->mmio && died_after(words, &words->registers, end) &&
	       later_ns(words, &words->registers, end) < MMIO_NS;
}

/*
 * Was it refused, and ran a vCPU all the same, that then failed where the refusal can
 * have no part in it? An internal error may be for anything.
 */
static bool carried_on(const struct last_words *words)
{
	const struct slot_request *request = &words->refusal.request;
	const struct slot_exit *exit = &words->stop.exit;

	return words->stopped && words->stop.seq > words->refusal.seq &&
	       exit->reason != SLOT_EXIT_INTERNAL_ERROR && exit->gpa &&
	       !request->unread &&
	       (exit->gpa < request->gpa ||
		exit->gpa - request->gpa >= request->size);
}

bool last_words_fatal(const struct last_words *words, const struct vm_end *end)
{
	int status;

	return last_words_refused(words, end) &&
	       status_of(words, end, &status) && !carried_on(words);
}

const char *last_words_say_end(char *buf, size_t size,
			       const struct last_words *words,
			       const struct slot_event *from,
			       const struct vm_end *end)
{
	const bool dated = from->time_ns;
	const char *when = dated ? SAY_TIME(later_ns(words, from, end)) : "";
	const char *later = dated ? " later" : "then";
	int status;

	if (!status_of(words, end, &status))
		snprintf(buf, size,
			 "%s%s its VM was gone; how its process ended is "
			 "not known",
			 when, later);
	else if (WIFSIGNALED(status))
		snprintf(buf, size, "%s%s it died of signal %d (SIG%s)", when,
			 later, WTERMSIG(status),
			 sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(buf, size, "%s%s it ended with status %d", when, later,
			 WEXITSTATUS(status));
	return buf;
}
