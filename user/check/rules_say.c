// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules' names, and what broke them, in words */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <slotscope/rules.h>

#include "check/rules_index.h"
#include "check/say.h"

static const char in_ioctl[] = "kvm_vm_ioctl";
static const char in_vm_set[] = "kvm_vm_ioctl_set_memory_region";
static const char in_flags[] = "check_memory_region_flags";
static const char in_set[] = "kvm_set_memory_region";
static const char in_overlap[] = "kvm_check_memslot_overlap";
static const char in_bind[] = "kvm_gmem_bind";
static const char in_arch[] = "kvm_arch_prepare_memory_region";
static const char in_memslot[] = "kvm_set_memslot";

static const struct {
	const char *name;
	const char *function;
} rules[REQUEST_OUTCOMES] = {
	[RULE_REGION2] = { "region2", in_ioctl },
	[RULE_V1_FLAGS] = { "v1-flags", in_ioctl },
	[RULE_SLOT_ID] = { "slot-id", in_vm_set },
	[RULE_FLAGS] = { "flags", in_flags },
	[RULE_GMEM_CAP] = { "gmem-cap", in_flags },
	[RULE_GMEM_DIRTY] = { "gmem-dirty", in_flags },
	[RULE_GMEM_READONLY] = { "gmem-readonly", in_flags },
	[RULE_READONLY_CAP] = { "readonly-cap", in_flags },
	[RULE_SIZE_ALIGN] = { "size-align", in_set },
	[RULE_GPA_ALIGN] = { "gpa-align", in_set },
	[RULE_HVA_ALIGN] = { "hva-align", in_set },
	[RULE_HVA_RANGE] = { "hva-range", in_set },
	[RULE_GMEM_ALIGN] = { "gmem-align", in_set },
	[RULE_GMEM_WRAP] = { "gmem-wrap", in_set },
	[RULE_AS_ID] = { "as-id", in_set },
	[RULE_GPA_WRAP] = { "gpa-wrap", in_set },
	[RULE_MAX_PAGES] = { "max-pages", in_set },
	[RULE_DELETE_ABSENT] = { "delete-absent", in_set },
	[RULE_TOTAL_PAGES] = { "total-pages", in_set },
	[RULE_GMEM_IMMUTABLE] = { "gmem-immutable", in_set },
	[RULE_HVA_CHANGED] = { "hva-changed", in_set },
	[RULE_SIZE_CHANGED] = { "size-changed", in_set },
	[RULE_READONLY_CHANGED] = { "readonly-changed", in_set },
	[RULE_GMEM_DROPPED] = { "gmem-dropped", in_set },
	[RULE_OVERLAP] = { "overlap", in_overlap },
	[RULE_GMEM_FD] = { "gmem-fd", in_bind },
	[RULE_GMEM_FOREIGN] = { "gmem-foreign", in_bind },
	[RULE_GMEM_END] = { "gmem-end", in_bind },
	[RULE_GMEM_BOUND] = { "gmem-bound", in_bind },
	[RULE_GPA_RANGE] = { "gpa-range", in_arch },
	[REQUEST_CREATES] = { "creates", in_memslot },
	[REQUEST_DELETES] = { "deletes", in_memslot },
	[REQUEST_MOVES] = { "moves", in_memslot },
	[REQUEST_REFLAGS] = { "reflags", in_memslot },
	[REQUEST_NOTHING] = { "nothing", in_set },
};

const char *request_rule_name(enum request_rule rule)
{
	return rules[rule].name;
}

const char *request_rule_function(enum request_rule rule)
{
	return rules[rule].function;
}

static uint64_t page_size_of(const struct request_limits *limits)
{
	return limits->page_size ? limits->page_size : 4096;
}

/* "slot 3 at 0x0-0x9ffff (640 KiB)", or "KVM's own slot 32766 at ..." */
static const char *party(char buf[SAY_MAX], const struct slot *slot)
{
	const char *own = slot->hidden ? "KVM's own " : "";

	if (slot->id >= 0)
		snprintf(buf, SAY_MAX, "%sslot %d at %.90s", own, slot->id,
			 SAY_RANGE(slot->gpa, slot->size));
	else
		snprintf(buf, SAY_MAX, "%.60s at %.90s", SAY_WHAT(slot),
			 SAY_RANGE(slot->gpa, slot->size));
	return buf;
}
#define PARTY(slot) party((char[SAY_MAX]){ 0 }, slot)

/* What is asked for, in words that need no other slot */
static void say_words(char *buf, size_t size, const struct slot_request *r,
		      const struct request_limits *limits,
		      enum request_rule rule)
{
	uint64_t page = page_size_of(limits);
	uint32_t unknown = r->flags &
			   ~(SLOT_LOG_DIRTY | SLOT_READONLY | SLOT_GUEST_MEMFD);

	switch (rule) {
	case RULE_REGION2:
		snprintf(buf, size,
			 "this kernel does not have "
			 "KVM_SET_USER_MEMORY_REGION2");
		return;
	case RULE_V1_FLAGS:
		snprintf(buf, size,
			 "flags 0x%x need KVM_SET_USER_MEMORY_REGION2, the "
			 "older ioctl takes read-only and dirty log alone",
			 r->flags);
		return;
	case RULE_SLOT_ID:
		snprintf(buf, size,
			 "slot id %u is not below the limit of %u (from there "
			 "on ids are KVM's own, or none)",
			 r->slot & 0xffff, limits->nr_slots);
		return;
	case RULE_FLAGS:
		snprintf(buf, size, "KVM does not know the flags 0x%x",
			 unknown);
		return;
	case RULE_GMEM_CAP:
		snprintf(buf, size,
			 "this kernel, or a VM of this type, can "
			 "not have guest_memfd "
			 "(KVM_CAP_GUEST_MEMFD)");
		return;
	case RULE_GMEM_DIRTY:
		snprintf(buf, size, "guest_memfd cannot have a dirty log");
		return;
	case RULE_GMEM_READONLY:
		snprintf(buf, size, "guest_memfd cannot be read-only");
		return;
	case RULE_READONLY_CAP:
		snprintf(buf, size,
			 "this kernel, or a VM of this type, can not have "
			 "read-only slots (KVM_CAP_READONLY_MEM)");
		return;
	case RULE_SIZE_ALIGN:
		snprintf(buf, size,
			 "the size 0x%" PRIx64 " is no multiple of the host's "
			 "page of %" PRIu64 " bytes",
			 r->size, page);
		return;
	case RULE_GPA_ALIGN:
		snprintf(buf, size,
			 "no page of %" PRIu64 " bytes begins at guest address "
			 "0x%" PRIx64,
			 page, r->gpa);
		return;
	case RULE_HVA_ALIGN:
		snprintf(buf, size,
			 "no page of %" PRIu64 " bytes begins at host address "
			 "0x%" PRIx64,
			 page, r->hva);
		return;
	case RULE_HVA_RANGE:
		snprintf(buf, size,
			 "host addresses 0x%" PRIx64 " and 0x%" PRIx64
			 " bytes on are not in user space, or tagged",
			 r->hva, r->size);
		return;
	case RULE_GMEM_ALIGN:
		snprintf(buf, size,
			 "no page of %" PRIu64 " bytes begins at the "
			 "guest_memfd's offset 0x%" PRIx64,
			 page, r->gmem_offset);
		return;
	case RULE_GMEM_WRAP:
		snprintf(buf, size,
			 "offset 0x%" PRIx64 " and size 0x%" PRIx64
			 " are more than a guest_memfd can have",
			 r->gmem_offset, r->size);
		return;
	case RULE_AS_ID:
		snprintf(buf, size,
			 "there is no address space %u (the VM has %u)",
			 r->slot >> 16, limits->nr_as);
		return;
	case RULE_GPA_WRAP:
		snprintf(buf, size,
			 "guest address 0x%" PRIx64 " and size 0x%" PRIx64
			 " go beyond 64 bits",
			 r->gpa, r->size);
		return;
	case RULE_MAX_PAGES:
		snprintf(buf, size,
			 "%" PRIu64 " pages are more than the %" PRIu64
			 " that a slot can have",
			 r->size / page, limits->max_pages);
		return;
	case RULE_TOTAL_PAGES:
		snprintf(buf, size,
			 "the pages of all slots together can not "
			 "be counted any more");
		return;
	case RULE_GMEM_FD:
		snprintf(buf, size, "descriptor %d is not open", r->gmem_fd);
		return;
	case RULE_GMEM_FOREIGN:
		snprintf(buf, size,
			 "descriptor %d is no guest_memfd of this VM",
			 r->gmem_fd);
		return;
	case RULE_GMEM_END:
		snprintf(buf, size,
			 "guest_memfd %d ends before offset 0x%" PRIx64
			 " and size 0x%" PRIx64,
			 r->gmem_fd, r->gmem_offset, r->size);
		return;
	case RULE_GPA_RANGE:
		snprintf(buf, size,
			 "the range ends at 0x%" PRIx64 ", the guest's "
			 "addresses at 0x%" PRIx64,
			 r->gpa + (r->size - 1), limits->gpa_last);
		return;
	default:
		snprintf(buf, size, "%s", rules[rule].name);
	}
}

/* What stands against it: the slot as it is, or another */
static void say_parties(char *buf, size_t size, const struct slot_request *r,
			const struct request_outcome *outcome)
{
	const struct slot *other = outcome->other;
	int id = r->slot & 0xffff;

	switch (outcome->rule) {
	case RULE_DELETE_ABSENT:
		snprintf(buf, size, "there is no slot %d to delete", id);
		return;
	case RULE_GMEM_IMMUTABLE:
		snprintf(
			buf, size,
			"slot %d is there; a slot with guest_memfd is made and "
			"deleted, never changed",
			id);
		return;
	case RULE_HVA_CHANGED:
		snprintf(buf, size,
			 "slot %d has host address 0x%" PRIx64 ", and that "
			 "cannot be changed in place",
			 id, other ? other->hva : 0);
		return;
	case RULE_SIZE_CHANGED:
		snprintf(buf, size,
			 "slot %d has 0x%" PRIx64 " bytes, and that cannot be "
			 "changed in place",
			 id, other ? other->size : 0);
		return;
	case RULE_READONLY_CHANGED:
		snprintf(buf, size,
			 "slot %d is %s, and that cannot be changed in place",
			 id,
			 r->flags & SLOT_READONLY ? "read-write" : "read-only");
		return;
	case RULE_GMEM_DROPPED:
		snprintf(buf, size,
			 "slot %d has guest_memfd, and that cannot be changed "
			 "in place",
			 id);
		return;
	case RULE_OVERLAP:
		if (!other)
			snprintf(buf, size,
				 "a slot that was not seen lies there; perhaps "
				 "one of KVM's own (TSS, identity map, APIC "
				 "page)");
		else if (outcome->more)
			snprintf(buf, size, "%s is in the way, and %zu more",
				 PARTY(other), outcome->more);
		else
			snprintf(buf, size, "%s is in the way", PARTY(other));
		return;
	case RULE_GMEM_BOUND:
		if (other)
			snprintf(buf, size,
				 "that part of guest_memfd %d has %s already",
				 r->gmem_fd, PARTY(other));
		else
			snprintf(buf, size,
				 "that part of guest_memfd %d has a slot "
				 "already",
				 r->gmem_fd);
		return;
	default:
		snprintf(buf, size, "slot %d", id);
	}
}

/* Without knowing the slot of that id, its values cannot be told */
static bool is_about_unseen_slot(const struct request_outcome *outcome)
{
	return !outcome->other && (outcome->rule == RULE_HVA_CHANGED ||
				   outcome->rule == RULE_SIZE_CHANGED ||
				   outcome->rule == RULE_READONLY_CHANGED ||
				   outcome->rule == RULE_GMEM_DROPPED);
}

static void say_done(char *buf, size_t size, const struct slot_request *r,
		     enum request_rule rule)
{
	static const char *const what[] = {
		[REQUEST_CREATES - REQUEST_RULES] = "it creates slot",
		[REQUEST_DELETES - REQUEST_RULES] = "it deletes slot",
		[REQUEST_MOVES - REQUEST_RULES] = "it moves slot",
		[REQUEST_REFLAGS - REQUEST_RULES] =
			"it changes the dirty log of slot",
		[REQUEST_NOTHING - REQUEST_RULES] =
			"it changes nothing of slot",
	};

	snprintf(buf, size, "%s %u", what[rule - REQUEST_RULES],
		 r->slot & 0xffff);
}

const char *request_outcome_say(char buf[REQUEST_SAY_MAX],
				const struct slot_request *request,
				const struct request_limits *limits,
				const struct request_outcome *outcome)
{
	const size_t size = REQUEST_SAY_MAX;
	size_t len;

	if (outcome->rule >= REQUEST_RULES) {
		say_done(buf, size, request, outcome->rule);
		return buf;
	}
	if (is_about_unseen_slot(outcome))
		snprintf(buf, size,
			 "slot %u was there with other values, which cannot be "
			 "changed in place",
			 request->slot & 0xffff);
	else if (outcome->other || outcome->rule == RULE_OVERLAP ||
		 outcome->rule == RULE_GMEM_BOUND ||
		 outcome->rule == RULE_GMEM_IMMUTABLE ||
		 outcome->rule == RULE_DELETE_ABSENT)
		say_parties(buf, size, request, outcome);
	else
		say_words(buf, size, request, limits, outcome->rule);
	len = strlen(buf);
	snprintf(buf + len, size - len, " (rule %s)",
		 rules[outcome->rule].name);
	return buf;
}

/* What no state can tell */
static const char *beyond_the_rules(int result)
{
	switch (result) {
	case -ENOMEM:
		return "the kernel has no memory to keep account of the slot";
	case -EFAULT:
		return "the arguments could not be read";
	case -EIO:
		return "the VM belongs to another process, or KVM gave it up";
	case -EINTR:
		return "a signal came";
	case -EBADF:
		return "the descriptor is not open";
	case -ENOTTY:
		return "the descriptor is no VM, or the kernel does not know "
		       "the ioctl";
	default:
		return NULL;
	}
}

/* "hva-changed, size-changed or overlap" */
static void say_names(char *buf, size_t size,
		      const struct request_foresight *foresight)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < foresight->nr && len < size; i++)
		len += snprintf(buf + len, size - len, "%s%s",
				!i		      ? "" :
				i + 1 < foresight->nr ? ", " :
							" or ",
				rules[foresight->may[i].rule].name);
}

bool request_explain_by(const struct slot_state *before,
			const struct slot_index *index,
			const struct slot_request *request, int result,
			const struct request_limits *limits,
			char buf[REQUEST_SAY_MAX], struct request_outcome *out)
{
	struct request_foresight foresight;
	struct request_outcome first;
	char names[REQUEST_SAY_MAX - 64];
	const char *why;

	request_foresee_by(before, index, request, limits, &foresight);
	first = foresight.may[0];
	request_foresight_keep(&foresight, result);
	*out = foresight.nr ? foresight.may[0] : (struct request_outcome){ 0 };
	if (foresight.nr == 1) {
		request_outcome_say(buf, request, limits, &foresight.may[0]);
		return true;
	}
	why = beyond_the_rules(result);
	if (foresight.nr) {
		say_names(names, sizeof(names), &foresight);
		snprintf(buf, REQUEST_SAY_MAX,
			 "what is known leaves open which rule it broke: %s",
			 names);
	} else if (why) {
		snprintf(buf, REQUEST_SAY_MAX, "%s", why);
	} else {
		snprintf(buf, REQUEST_SAY_MAX,
			 "no rule explains it: from what was seen before, %s "
			 "was to come (rule %s)",
			 first.error ? SAY_ERRNO(first.error) : "success",
			 rules[first.rule].name);
	}
	return false;
}

bool request_explain(const struct slot_state *before,
		     const struct slot_request *request, int result,
		     const struct request_limits *limits,
		     char buf[REQUEST_SAY_MAX])
{
	struct request_outcome ignored;

	return request_explain_by(before, NULL, request, result, limits, buf,
				  &ignored);
}
