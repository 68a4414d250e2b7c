// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What KVM answers to a request, from the slots before it. The order of the
 * tests is the kernel's (kvm_vm_ioctl, kvm_vm_ioctl_set_memory_region,
 * kvm_set_memory_region, kvm_gmem_bind, kvm_arch_prepare_memory_region).
 */
#include <errno.h>
#include <string.h>

#include <slotscope/rules.h>

#include "check/rules_index.h"
#include "check/say.h"
#include "view/slot_index.h"

#define KNOWN_FLAGS (SLOT_LOG_DIRTY | SLOT_READONLY | SLOT_GUEST_MEMFD)
#define V1_FLAGS    (SLOT_LOG_DIRTY | SLOT_READONLY)

/* Is a rule broken? What cannot be told is followed both ways. */
enum broken { NO, MAYBE, YES };

struct judge {
	const struct slot_state *before;
	const struct slot_index *index; /* of @before; NULL: look through all */
	const struct slot_request *request;
	const struct request_limits *limits;
	struct request_foresight *out;
	uint64_t page_size;
	uint16_t as_id;
	int32_t id;
	const struct slot *old; /* the slot of this id; NULL: none is known */
	enum broken exists;	/* is there one? */
};

static enum broken either(bool broken)
{
	return broken ? YES : NO;
}

static void may(struct judge *j, enum request_rule rule, int error,
		const struct slot *other, size_t more)
{
	j->out->may[j->out->nr++] = (struct request_outcome){
		.rule = rule,
		.error = error,
		.other = other,
		.more = more,
	};
}

/* True: that is the answer, and no later rule is tested */
static bool ends(struct judge *j, enum request_rule rule, enum broken broken,
		 int error)
{
	if (broken != NO)
		may(j, rule, error, NULL, 0);
	return broken == YES;
}

static bool refuses(struct judge *j, enum request_rule rule, enum broken broken)
{
	return ends(j, rule, broken, -EINVAL);
}

static enum broken lacks(enum request_can can)
{
	return can == CAN ? NO : can == CAN_NOT ? YES : MAYBE;
}

/* Where nobody knows what the VM can have, what it has tells */
static enum broken lacks_flag(const struct judge *j, enum request_can can,
			      uint32_t flag)
{
	if (can != CAN_UNKNOWN || !j->before || j->before->coverage.lost)
		return lacks(can);
	if (j->index)
		return (flag == SLOT_READONLY ? j->index->nr_readonly :
						j->index->nr_gmem) ?
			       NO :
			       MAYBE;
	for (size_t i = 0; i < j->before->nr_slots; i++) {
		if (j->before->slots[i].flags & flag)
			return NO;
	}
	return MAYBE;
}

/* @limit 0 is not known */
static enum broken beyond(uint64_t value, uint64_t limit)
{
	return limit ? either(value > limit) : value ? MAYBE : NO;
}

static bool wrong_ioctl(struct judge *j)
{
	const struct slot_request *r = j->request;
	enum broken lack = lacks(j->limits->region2);

	if (r->region2)
		return ends(j, RULE_REGION2, lack, -ENOTTY);
	/* where there is no REGION2, RULE_FLAGS says the same a little later */
	return lack == NO &&
	       refuses(j, RULE_V1_FLAGS, either(r->flags & ~V1_FLAGS));
}

static bool wrong_flags(struct judge *j)
{
	const struct request_limits *limits = j->limits;
	uint32_t flags = j->request->flags;

	if (refuses(j, RULE_FLAGS, either(flags & ~KNOWN_FLAGS)))
		return true;
	if (!(flags & SLOT_GUEST_MEMFD))
		return flags & SLOT_READONLY &&
		       refuses(j, RULE_READONLY_CAP,
			       lacks_flag(j, limits->readonly, SLOT_READONLY));
	/* a kernel without REGION2 has no guest_memfd either */
	return refuses(j, RULE_GMEM_CAP,
		       limits->region2 == CAN_NOT ?
			       YES :
			       lacks_flag(j, limits->guest_memfd,
					  SLOT_GUEST_MEMFD)) ||
	       refuses(j, RULE_GMEM_DIRTY, either(flags & SLOT_LOG_DIRTY)) ||
	       refuses(j, RULE_GMEM_READONLY, either(flags & SLOT_READONLY));
}

static enum broken hva_range(const struct judge *j)
{
	hva_t end = j->request->hva + j->request->size;

	/* without a limit this much is known: half of all is the kernel's */
	if (end < j->request->hva || end >> 63)
		return YES;
	return beyond(end, j->limits->hva_end);
}

static bool wrong_words(struct judge *j)
{
	const struct slot_request *r = j->request;
	uint64_t in_page = j->page_size - 1;

	return refuses(j, RULE_SIZE_ALIGN, either(r->size & in_page)) ||
	       refuses(j, RULE_GPA_ALIGN, either(r->gpa & in_page)) ||
	       refuses(j, RULE_HVA_ALIGN, either(r->hva & in_page)) ||
	       refuses(j, RULE_HVA_RANGE, hva_range(j)) ||
	       (r->flags & SLOT_GUEST_MEMFD &&
		(refuses(j, RULE_GMEM_ALIGN,
			 either(r->gmem_offset & in_page)) ||
		 refuses(j, RULE_GMEM_WRAP,
			 either(r->gmem_offset + r->size < r->gmem_offset)))) ||
	       refuses(j, RULE_AS_ID,
		       beyond((uint64_t)j->as_id + 1,
			      /* the first one is always there */
			      j->as_id ? j->limits->nr_as : 1)) ||
	       refuses(j, RULE_GPA_WRAP, either(r->gpa + r->size < r->gpa)) ||
	       refuses(j, RULE_MAX_PAGES,
		       beyond(r->size / j->page_size, j->limits->max_pages));
}

/* Can what the state has, or has not, be relied on? */
static bool reliable(const struct judge *j)
{
	const struct coverage *coverage = j->before ? &j->before->coverage :
						      NULL;
	const uint32_t needed = SLOT_FIELD_GPA | SLOT_FIELD_SIZE;

	return coverage && !coverage->lost && !coverage->truncated &&
	       (coverage->fields & needed) == needed &&
	       state_covers(j->before, j->as_id);
}

static bool has_blind(const struct judge *j, gpa_t gpa, gpa_t last)
{
	const struct coverage *coverage = &j->before->coverage;
	const struct blind_range *blind;
	size_t high = coverage->nr_blind;
	size_t low = 0;
	size_t mid;

	/* the last that begins at or before the end; they are disjoint */
	while (low < high) {
		mid = low + (high - low) / 2;
		blind = &coverage->blind[mid];
		if (blind->as_id < j->as_id ||
		    (blind->as_id == j->as_id && blind->gpa <= last))
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return false;
	blind = &coverage->blind[low - 1];
	return blind->as_id == j->as_id &&
	       gpa <= blind->gpa + (blind->size - 1);
}

/* The field is known of this slot */
static bool knows(const struct judge *j, const struct slot *slot,
		  uint32_t field)
{
	return j->before->coverage.fields & ~slot->unknown & field;
}

static const struct slot *slot_at(const struct judge *j, size_t place)
{
	return place == SIZE_MAX ? NULL : &j->before->slots[place];
}

static void find_old(struct judge *j)
{
	const struct slot_state *before = j->before;
	const struct slot *slot;

	j->exists = MAYBE;
	if (!before || !(before->coverage.fields & SLOT_FIELD_ID))
		return;
	if (j->index)
		j->old = slot_at(j, slot_index_find(j->index, j->as_id, j->id));
	for (size_t i = 0; !j->index && i < before->nr_slots && !j->old; i++) {
		slot = &before->slots[i];
		if (slot->as_id == j->as_id && slot->id == j->id)
			j->old = slot;
	}
	if (!reliable(j))
		return;
	if (j->old)
		j->exists = YES;
	else if (!has_blind(j, 0, UINT64_MAX))
		j->exists = NO;
}

static void judge_delete(struct judge *j)
{
	if (j->exists != YES)
		may(j, RULE_DELETE_ABSENT, -EINVAL, NULL, 0);
	if (j->exists != NO)
		may(j, REQUEST_DELETES, 0, j->old, 0);
}

/* Does the slot as it is stand against this? */
static bool differs(struct judge *j, enum request_rule rule, uint32_t field,
		    bool differ)
{
	enum broken broken = either(differ);

	if (j->exists != YES || !knows(j, j->old, field))
		broken = MAYBE;
	/* a state that may be wrong is no ground to rule out, either */
	if (broken != NO)
		may(j, rule, -EINVAL, j->old, 0);
	return broken == YES;
}

/* Nothing stands against it in kernels that forgot to look */
static bool drops_gmem(struct judge *j, bool drops)
{
	bool sure = j->limits->gmem_drop == CAN_NOT;

	if (j->limits->gmem_drop == CAN)
		return false;
	return differs(j, RULE_GMEM_DROPPED, SLOT_FIELD_GUEST_MEMFD, drops) &&
	       sure;
}

static bool wrong_change(struct judge *j)
{
	const struct slot empty = { 0 };
	const struct slot *old = j->old ? j->old : &empty;
	const struct slot_request *r = j->request;
	uint32_t flip = r->flags ^ old->flags;

	if (r->flags & SLOT_GUEST_MEMFD) {
		may(j, RULE_GMEM_IMMUTABLE, -EINVAL, j->old, 0);
		return j->exists == YES;
	}
	return differs(j, RULE_HVA_CHANGED, SLOT_FIELD_HVA,
		       r->hva != old->hva) ||
	       differs(j, RULE_SIZE_CHANGED, SLOT_FIELD_SIZE,
		       r->size != old->size) ||
	       differs(j, RULE_READONLY_CHANGED, SLOT_FIELD_READONLY,
		       flip & SLOT_READONLY) ||
	       drops_gmem(j, flip & SLOT_GUEST_MEMFD);
}

static enum broken total_pages(const struct judge *j)
{
	uint64_t pages = j->request->size / j->page_size;
	uint64_t slot_pages;

	if (j->index)
		return either(pages + j->index->kib / (j->page_size >> 10) <
			      pages);
	/* in all address spaces together */
	for (size_t i = 0; j->before && i < j->before->nr_slots; i++) {
		slot_pages = j->before->slots[i].size / j->page_size;
		if (pages + slot_pages < pages)
			return YES;
		pages += slot_pages;
	}
	return NO;
}

/* True: it is certain that something is in the way */
static bool overlaps(struct judge *j)
{
	const struct slot_request *r = j->request;
	gpa_t last = r->gpa + (r->size - 1);
	const struct slot *first = NULL;
	const struct slot *slot;
	size_t nr = 0;

	if (j->index)
		first = slot_at(j,
				slot_index_overlap(j->index, j->as_id, r->gpa,
						   last, j->id, &nr));
	for (size_t i = 0; !j->index && j->before && i < j->before->nr_slots;
	     i++) {
		slot = &j->before->slots[i];
		if (slot->as_id != j->as_id || slot->id == j->id ||
		    slot->gpa > last || r->gpa > slot_last(slot))
			continue;
		nr++;
		if (!first || slot->gpa < first->gpa)
			first = slot;
	}
	if (first) {
		may(j, RULE_OVERLAP, -EEXIST, first, nr - 1);
		return reliable(j) && knows(j, first, SLOT_FIELD_ID);
	}
	if (!reliable(j) || has_blind(j, r->gpa, last) ||
	    !(j->before->coverage.fields & SLOT_FIELD_HIDDEN))
		may(j, RULE_OVERLAP, -EEXIST, NULL, 0);
	return false;
}

static const struct request_gmem *find_gmem(const struct judge *j)
{
	for (size_t i = 0; i < j->limits->nr_gmem; i++) {
		if (j->limits->gmem[i].fd == j->request->gmem_fd)
			return &j->limits->gmem[i];
	}
	return NULL;
}

static enum broken gmem_closed(const struct judge *j,
			       const struct request_gmem *gmem)
{
	if (j->request->gmem_fd < 0)
		return YES;
	return gmem ? either(!gmem->open) : MAYBE;
}

/* A part of the file that has a slot already; NO only if all is known */
static enum broken gmem_bound(const struct judge *j, const struct slot **other)
{
	const struct slot_request *r = j->request;
	const struct slot *slot;
	bool sure = j->before && reliable(j);

	if (j->index) {
		*other = slot_at(j, slot_index_gmem(j->index, r->gmem_fd,
						    r->gmem_offset, r->size));
		if (*other)
			return reliable(j) ? YES : MAYBE;
		return sure && !j->index->nr_gmem_unknown ? NO : MAYBE;
	}
	for (size_t i = 0; j->before && i < j->before->nr_slots; i++) {
		slot = &j->before->slots[i];
		if (!(slot->flags & SLOT_GUEST_MEMFD))
			continue;
		if (slot->gmem_fd < 0)
			sure = false;
		if (slot->gmem_fd != r->gmem_fd ||
		    slot->gmem_offset >= r->gmem_offset + r->size ||
		    r->gmem_offset >= slot->gmem_offset + slot->size)
			continue;
		*other = slot;
		return reliable(j) ? YES : MAYBE;
	}
	return sure ? NO : MAYBE;
}

static bool wrong_gmem(struct judge *j)
{
	const struct request_limits *limits = j->limits;
	const struct request_gmem *gmem = find_gmem(j);
	const struct slot *other = NULL;
	enum broken bound;

	if (!(j->request->flags & SLOT_GUEST_MEMFD))
		return false;
	if (ends(j, RULE_GMEM_FD, gmem_closed(j, gmem), -EBADF) ||
	    refuses(j, RULE_GMEM_FOREIGN, gmem ? either(!gmem->ours) : MAYBE) ||
	    refuses(j, RULE_GMEM_END,
		    gmem ? either(j->request->gmem_offset + j->request->size >
				  gmem->size) :
			   MAYBE))
		return true;
	bound = gmem_bound(j, &other);
	if (gmem && bound == NO)
		return false;
	/* the number may stand for another file by now */
	if (!gmem)
		bound = MAYBE;
	if (limits->gmem_bound_error != EEXIST)
		may(j, RULE_GMEM_BOUND, -EINVAL, other, 0);
	if (limits->gmem_bound_error != EINVAL)
		may(j, RULE_GMEM_BOUND, -EEXIST, other, 0);
	return bound == YES;
}

static enum broken gpa_range(const struct judge *j)
{
	return beyond(j->request->gpa + (j->request->size - 1),
		      j->limits->gpa_last);
}

static bool wrong_place(struct judge *j)
{
	int error = j->limits->gpa_error ? j->limits->gpa_error : EINVAL;

	return overlaps(j) || wrong_gmem(j) ||
	       ends(j, RULE_GPA_RANGE, gpa_range(j), -error);
}

/* Which of its ways a change of a standing slot goes */
static void judge_standing(struct judge *j)
{
	const struct slot_request *r = j->request;
	const struct slot *old = j->old;
	bool knows_log = knows(j, old, SLOT_FIELD_LOG_DIRTY);
	/* What wrong_change() lets differ */
	bool flip = (r->flags ^ old->flags) &
		    (SLOT_LOG_DIRTY | SLOT_GUEST_MEMFD);

	if (wrong_change(j))
		return;
	if (r->gpa != old->gpa) {
		if (!wrong_place(j))
			may(j, REQUEST_MOVES, 0, old, 0);
		return;
	}
	if (!knows_log || flip)
		may(j, REQUEST_REFLAGS, 0, old, 0);
	if (!knows_log || !flip)
		may(j, REQUEST_NOTHING, 0, old, 0);
}

/* No slot has this id, or nobody knows */
static void judge_new(struct judge *j)
{
	if (refuses(j, RULE_TOTAL_PAGES, total_pages(j)))
		return;
	if (j->exists == MAYBE)
		wrong_change(j);
	if (wrong_place(j))
		return;
	if (j->exists == MAYBE && !(j->request->flags & SLOT_GUEST_MEMFD)) {
		may(j, REQUEST_NOTHING, 0, j->old, 0);
		may(j, REQUEST_REFLAGS, 0, j->old, 0);
		may(j, REQUEST_MOVES, 0, j->old, 0);
	}
	may(j, REQUEST_CREATES, 0, NULL, 0);
}

void request_foresee_by(const struct slot_state *before,
			const struct slot_index *index,
			const struct slot_request *request,
			const struct request_limits *limits,
			struct request_foresight *out)
{
	struct judge j = {
		.before = before,
		.index = before ? index : NULL,
		.request = request,
		.limits = limits,
		.out = out,
		.page_size = limits->page_size ? limits->page_size : 4096,
		.as_id = request->slot >> 16,
		.id = request->slot & 0xffff,
	};

	memset(out, 0, sizeof(*out));
	if (wrong_ioctl(&j) ||
	    refuses(&j, RULE_SLOT_ID,
		    beyond((uint64_t)j.id + 1, limits->nr_slots)) ||
	    wrong_flags(&j) || wrong_words(&j))
		return;
	find_old(&j);
	if (!request->size)
		judge_delete(&j);
	else if (j.exists == YES)
		judge_standing(&j);
	else
		judge_new(&j);
}

void request_foresee(const struct slot_state *before,
		     const struct slot_request *request,
		     const struct request_limits *limits,
		     struct request_foresight *out)
{
	request_foresee_by(before, NULL, request, limits, out);
}

size_t request_foresight_keep(struct request_foresight *foresight, int result)
{
	size_t kept = 0;

	for (size_t i = 0; i < foresight->nr; i++) {
		if (foresight->may[i].error == result)
			foresight->may[kept++] = foresight->may[i];
	}
	foresight->nr = kept;
	return kept;
}
