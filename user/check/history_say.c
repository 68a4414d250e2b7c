// SPDX-License-Identifier: GPL-2.0-or-later
/* Words for stories, and the likely causes of each kind of finding */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <slotscope/history.h>

#include "check/say.h"

const char *story_since_name(enum story_since since)
{
	static const char *const names[] = {
		[SINCE_EVENT] = "event",
		[SINCE_CREATION] = "creation",
		[SINCE_BEFORE] = "before",
		[SINCE_UNKNOWN] = "unknown",
	};

	return names[since];
}

const char *story_outcome_name(enum story_outcome outcome)
{
	static const char *const names[] = {
		[OUTCOME_OPEN] = "open",       [OUTCOME_RETRIED] = "retried",
		[OUTCOME_AROUND] = "around",   [OUTCOME_WITHOUT] = "without",
		[OUTCOME_IGNORED] = "ignored", [OUTCOME_FATAL] = "fatal",
	};

	return names[outcome];
}

static const char *const causes[FINDING_IDS][STORY_CAUSES] = {
	[FINDING_MISSING] = {
		"the VMM never asked for the slot: its listener did not hear of the range",
		"it deleted the slot to make another one, and that is yet to come",
		"what it asked for was refused before tracing began",
	},
	[FINDING_EXTRA] = {
		"the VMM forgot to delete the slot when the range went away",
		"the slot is of something that the VMM does not tell of",
	},
	[FINDING_MOVED] = {
		"a BAR or window was moved, and the slot stayed",
		"the VMM reckoned the guest address wrong",
	},
	[FINDING_WRONG_HVA] = {
		"the memory was mapped anew elsewhere, and the slot kept the old host address",
		"the VMM reckoned the offset into its memory wrong",
	},
	[FINDING_EXTENT] = {
		"the memory grew or shrank, and the slot did not",
		"the VMM rounded an end of the range the wrong way",
	},
	[FINDING_FLAGS] = {
		"the VMM changed the range's rights, and did not ask KVM",
		"read-only cannot be changed in place: the slot was to be made anew",
	},
	[FINDING_SLOT_ID] = { "two slots were given each other's number" },
	[FINDING_AS_ID] = {
		"the address space stood in the wrong bits of the slot's number",
	},
	[FINDING_ANSWERED] = {
		"KVM, or who stands between it and the VMM, is at fault",
	},
	[FINDING_IGNORED_FAILURE] = {
		"the VMM does not look at what the ioctl returned",
	},
	[FINDING_FATAL_REFUSAL] = {
		"the VMM asked for what the rule forbids",
		"the other party should have gone before",
	},
	[FINDING_UNBACKED] = {
		"the memory was unmapped, or its file was truncated, under the slot",
		"the slot was asked for with a host address at which nothing was mapped yet",
	},
	[FINDING_PERMS] = { "mprotect() took rights that the slot needs" },
	[FINDING_WRONG_BACKING] = {
		"something else was mapped over the memory under the slot",
		"the file was mapped with another offset, or privately",
	},
	[FINDING_STOPPED] = {
		"the memory was taken away, or never given, under a slot that stayed",
		"the slot was deleted, and the vCPU not kept out of the guest meanwhile",
		"the guest went where no memory is meant to be",
	},
	[FINDING_INDEX] = { "a defect of KVM, or memory of the host was overwritten" },
	[FINDING_STAGE2] = {
		"a defect of KVM, which did not take the mapping back in time",
		"memory of the host was overwritten",
	},
};

const char *const *finding_causes(enum finding_id id)
{
	return causes[id];
}

/* Of this machine: of a VM that ended, or was elsewhere, it tells nothing */
#define DOCTOR "slotscope doctor"

/* What tells more than the finding does; %A is its address, %P the process */
static const char *const next[FINDING_IDS] = {
	[FINDING_MISSING] = "slotscope addr gpa:%A --pid %P",
	[FINDING_EXTRA] = "slotscope addr gpa:%A --pid %P",
	[FINDING_MOVED] = "slotscope addr gpa:%A --pid %P",
	[FINDING_WRONG_HVA] = "slotscope addr gpa:%A --pid %P",
	[FINDING_EXTENT] = "slotscope addr gpa:%A --pid %P",
	[FINDING_FLAGS] = "slotscope addr gpa:%A --pid %P",
	[FINDING_SLOT_ID] = "slotscope addr gpa:%A --pid %P",
	[FINDING_AS_ID] = "slotscope addr gpa:%A --pid %P",
	[FINDING_ANSWERED] = "slotscope explain answered",
	[FINDING_IGNORED_FAILURE] = "slotscope trace --stacks --pid %P",
	[FINDING_FATAL_REFUSAL] = "slotscope explain fatal-refusal",
	[FINDING_UNBACKED] = "slotscope addr gpa:%A --pid %P",
	[FINDING_PERMS] = "slotscope addr gpa:%A --pid %P",
	[FINDING_WRONG_BACKING] = "slotscope addr gpa:%A --pid %P",
	[FINDING_INDEX] = "slotscope explain index",
	[FINDING_STAGE2] = "slotscope addr gpa:%A --pid %P",
	[FINDING_STOPPED] = "slotscope why --pid %P",
	[FINDING_REFUSED] = "slotscope explain refused",
	[FINDING_GAP] = "slotscope trace --events vcpus,mmio,windows --pid %P",
	[FINDING_ALIASED] = "slotscope addr gpa:%A --pid %P",
	[FINDING_HUGEPAGE] = "slotscope addr gpa:%A --pid %P",
	[FINDING_LOST] = "slotscope explain lost",
	[FINDING_UNREAD] = DOCTOR,
};

/* One that needs what is not there is no help: then what explains the kind */
const char *finding_next(char buf[STORY_NEXT_MAX],
			 const struct finding *finding, pid_t pid)
{
	const char *from = next[finding->id];
	size_t len = 0;

	if (!from)
		return NULL;
	if ((strstr(from, "%A") && !finding->size) ||
	    ((strstr(from, "%P") || !strcmp(from, DOCTOR)) && !pid)) {
		snprintf(buf, STORY_NEXT_MAX, "slotscope explain %s",
			 finding_id_name(finding->id));
		return buf;
	}
	for (; *from && len < STORY_NEXT_MAX; from++) {
		if (from[0] == '%' && from[1] == 'A')
			len += snprintf(buf + len, STORY_NEXT_MAX - len,
					"0x%" PRIx64, finding->gpa);
		else if (from[0] == '%' && from[1] == 'P')
			len += snprintf(buf + len, STORY_NEXT_MAX - len, "%d",
					pid);
		else
			buf[len++] = *from;
		from += from[0] == '%';
	}
	buf[len < STORY_NEXT_MAX ? len : STORY_NEXT_MAX - 1] = '\0';
	return buf;
}

static void say_change(char *buf, size_t size, const struct slot_event *event)
{
	static const char *const done[] = {
		[SLOT_CREATE] = "made",
		[SLOT_DELETE] = "deleted",
		[SLOT_MOVE] = "moved",
		[SLOT_FLAGS_ONLY] = "given other flags",
	};
	const struct slot_change *change = &event->change;
	const struct slot *slot = change->after.size ? &change->after :
						       &change->before;

	snprintf(buf, size, "slot %d at %s was %s (change #%" PRIu64 ")",
		 slot->id, SAY_RANGE(slot->gpa, slot->size), done[change->kind],
		 event->seq);
}

static void say_request(char *buf, size_t size, const struct slot_event *event)
{
	const struct slot_request *request = &event->request;
	const char *came = request->result ? SAY_ERRNO(request->result) :
					     "granted";

	if (request->unread)
		snprintf(buf, size, "request #%" PRIu64 ": %s", event->seq,
			 came);
	else if (!request->size)
		snprintf(buf, size,
			 "request #%" PRIu64 " to delete slot %d: %s",
			 event->seq, (int)(request->slot & 0xffff), came);
	else
		snprintf(buf, size,
			 "request #%" PRIu64 " for slot %d at %s: %s",
			 event->seq, (int)(request->slot & 0xffff),
			 SAY_RANGE(request->gpa, request->size), came);
}

const char *story_say_event(char buf[STORY_SAY_MAX],
			    const struct slot_event *event)
{
	char what[STORY_SAY_MAX - 64];

	if (event->type == SLOT_EVENT_CHANGE)
		say_change(what, sizeof(what), event);
	else if (event->type == SLOT_EVENT_REQUEST)
		say_request(what, sizeof(what), event);
	else if (event->type == SLOT_EVENT_EXIT)
		snprintf(what, sizeof(what),
			 "vCPU %d left the guest (exit #%" PRIu64 ")",
			 event->exit.vcpu, event->seq);
	else
		snprintf(what, sizeof(what), "the VM was made");
	snprintf(buf, STORY_SAY_MAX, "%s%s", what,
		 SAY_WHO(event->tid, event->comm));
	return buf;
}

const char *story_say_since(char buf[STORY_SAY_MAX + 128],
			    const struct story *story)
{
	const size_t size = STORY_SAY_MAX + 128;
	/* A text of others need not tell when it was */
	const bool dated = story->event && story->event->time_ns;
	const char *ago = dated ? SAY_TIME(story->ago_ns) : "";
	char what[STORY_SAY_MAX] = "";

	if (story->event)
		story_say_event(what, story->event);
	switch (story->since) {
	case SINCE_EVENT:
		snprintf(buf, size, "%s%s%s", ago, dated ? " ago: " : "", what);
		return buf;
	case SINCE_CREATION:
		snprintf(buf, size,
			 "the VM was made%s%s%s: KVM never had a slot here",
			 dated ? ", " : "", ago, dated ? " ago" : "");
		return buf;
	case SINCE_BEFORE:
		if (story->before)
			snprintf(buf, size,
				 "before event #%" PRIu64
				 ": older ones are not kept",
				 story->before);
		else
			snprintf(buf, size, "before tracing began");
		return buf;
	case SINCE_UNKNOWN:
		snprintf(buf, size, "not known%s%s",
			 story->event ? ", as events were lost; last seen: " :
					"",
			 what);
		return buf;
	default:
		return NULL;
	}
}

const char *story_say_outcome(char buf[STORY_SAY_MAX + 128],
			      const struct story *story)
{
	const size_t size = STORY_SAY_MAX + 128;
	char later[SAY_MAX + 16] = "";
	const char *apart = story->after && story->event ?
				    SAY_APART(story->event->time_ns,
					      story->after->time_ns) :
				    "";

	if (apart[0])
		snprintf(later, sizeof(later), ", %slater", apart);
	switch (story->outcome) {
	case OUTCOME_RETRIED:
		snprintf(buf, size,
			 "harmless: asked again for this slot, and granted, in "
			 "#%" PRIu64 "%s",
			 story->after->seq, later);
		return buf;
	case OUTCOME_AROUND:
		snprintf(buf, size,
			 "harmless: the range came by slot %u in #%" PRIu64
			 "%s",
			 story->after->request.slot & 0xffff, story->after->seq,
			 later);
		return buf;
	case OUTCOME_WITHOUT:
		snprintf(buf, size,
			 "harmless: the VMM does without, its model has "
			 "nothing there");
		return buf;
	case OUTCOME_IGNORED:
		snprintf(buf, size, "the cause of what follows");
		return buf;
	case OUTCOME_FATAL:
		snprintf(buf, size, "the VMM died of it");
		return buf;
	case OUTCOME_OPEN:
		snprintf(buf, size,
			 "not known: nothing later in the log is about it");
		return buf;
	default:
		return NULL;
	}
}

const char *story_say_was(char buf[STORY_SAY_MAX], const struct story *story)
{
	const struct slot *was = &story->was;

	if (!was->size)
		return NULL;
	snprintf(buf, STORY_SAY_MAX,
		 "slot %d at %s, host address 0x%" PRIx64 ", flags 0x%x",
		 was->id, SAY_RANGE(was->gpa, was->size), was->hva, was->flags);
	return buf;
}
