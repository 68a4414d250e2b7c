// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "qemu/hva.h"
#include "qemu/memdevs.h"
#include "qemu/model.h"
#include "qemu/model_diff.h"
#include "qemu/model_tree.h"
#include "qemu/mtree_fetch.h"
#include "qemu/regions.h"
#include "qemu/unix_socket.h"

#define FIELDS                                               \
	(SLOT_FIELD_GPA | SLOT_FIELD_SIZE | SLOT_FIELD_HVA | \
	 SLOT_FIELD_READONLY)

/* One try: what was read, and what is made of it */
struct attempt {
	struct qmp *q;
	FILE *notes;
	struct model_told *told; /* where tree and views are to be kept */
	struct mtree_flatviews views;
	struct mtree_tree tree;
	struct mtree_match match;
	bool matched;
	struct regions regions;
	struct json_object *memdevs;
	bool no_gpa2hva; /* this QEMU does not know it */
	bool changed;	 /* memory is not what the flat views said */
	struct slot_state *state;
	struct slotscope_error *err;
};

static void note(struct attempt *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void note(struct attempt *a, const char *fmt, ...)
{
	va_list ap;

	if (!a->notes)
		return;
	va_start(ap, fmt);
	vfprintf(a->notes, fmt, ap);
	va_end(ap);
	fputc('\n', a->notes);
}

static int out_of_memory(struct attempt *a)
{
	return error_set(a->err, ENOMEM, "build MODEL of QEMU at %s",
			 qmp_name(a->q));
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Equal ranges in both, but for the "KVM" mark? */
static bool same_view(const struct mtree_flatview *a,
		      const struct mtree_flatview *b)
{
	size_t i;

	if (!a || !b)
		return a == b;
	if (a->nr_ranges != b->nr_ranges)
		return false;
	for (i = 0; i < a->nr_ranges; i++) {
		const struct mtree_range *x = &a->ranges[i];
		const struct mtree_range *y = &b->ranges[i];

		if (x->first != y->first || x->last != y->last ||
		    x->priority != y->priority || x->kind != y->kind ||
		    x->nonvolatile != y->nonvolatile ||
		    x->offset != y->offset || strcmp(x->name, y->name) ||
		    !same_text(x->owner, y->owner) ||
		    !same_text(x->parent, y->parent))
			return false;
	}
	return true;
}

/* hva of a range in the first address space; sets @unknown if there is none */
static int ask_hva(struct attempt *a, const struct mtree_range *range,
		   struct slot *slot, enum hva_answer *answer)
{
	int ret;

	*answer = HVA_NOT_A_WORD;
	slot->unknown |= SLOT_FIELD_HVA;
	if (a->no_gpa2hva)
		return 0;
	ret = hva_ask(a->q, range->first, range->name, answer, &slot->hva,
		      a->err);
	if (ret)
		return ret;
	switch (*answer) {
	case HVA_FOUND:
		slot->unknown &= ~SLOT_FIELD_HVA;
		break;
	case HVA_OTHER:
		a->changed = true;
		break;
	case HVA_NOT_A_WORD:
		note(a, "host addresses: QEMU %s does not answer gpa2hva",
		     qmp_version(a->q));
		a->no_gpa2hva = true;
		break;
	case HVA_NOT_RAM:
		break;
	}
	return 0;
}

/*
 * gpa2hva knows the first address space only. A region is one piece of host
 * memory, so where it lies can be seen there, if it is the only one of its name
 * and owner.
 */
static void derive_hva(struct attempt *a, const struct mtree_range *range,
		       struct slot *slot)
{
	const struct region_group *group = regions_find(&a->regions, range);
	const struct mtree_flatview *view;
	size_t i;

	slot->unknown |= SLOT_FIELD_HVA;
	view = mtree_flatviews_find(&a->views, qemu_spaces[0]);
	for (i = 0; i < view->nr_ranges; i++) {
		const struct mtree_range *seen = &view->ranges[i];
		const struct slot *known;

		if (!group || group->class < 0 || !a->views.owned ||
		    regions_find(&a->regions, seen) != group)
			continue;
		known = slot_state_find(a->state, 0, seen->first);
		if (!known || known->unknown & SLOT_FIELD_HVA)
			continue;
		slot->hva = known->hva - known->offset + range->offset;
		slot->unknown &= ~SLOT_FIELD_HVA;
		return;
	}
	note(a,
	     "host address of %s at 0x%" PRIx64 " in address space %s: not "
	     "found in %s",
	     range->name, range->first, qemu_spaces[1], qemu_spaces[0]);
}

static int add_range(struct attempt *a, uint16_t as_id,
		     const struct mtree_range *range)
{
	enum range_slot what = regions_slot(&a->regions, range);
	struct slot slot = {
		.as_id = as_id,
		.id = -1,
		.gpa = range->first,
		.size = range->last - range->first + 1,
		.gmem_fd = -1,
		.share = memdevs_share(a->memdevs, range->owner),
		.name = (char *)range->name,
		.offset = range->offset,
	};
	enum hva_answer answer = HVA_NOT_A_WORD;
	int ret = 0;

	if (what == RANGE_NO_SLOT)
		return 0;
	if (what == RANGE_SLOT_READONLY)
		slot.flags = SLOT_READONLY;
	if (what == RANGE_SLOT_EITHER || what == RANGE_UNKNOWN) {
		slot.unknown |= SLOT_FIELD_READONLY;
		note(a,
		     "read-only flag of %s at 0x%" PRIx64 ": 'info mtree' "
		     "tells of several such regions, or of none",
		     range->name, range->first);
	}
	if (as_id == 0)
		ret = ask_hva(a, range, &slot, &answer);
	else
		derive_hva(a, range, &slot);
	if (ret)
		return ret;
	if (what == RANGE_UNKNOWN && answer == HVA_NOT_RAM)
		return 0; /* registers, then */
	if (what == RANGE_UNKNOWN && slot.unknown & SLOT_FIELD_HVA)
		ret = coverage_add_blind(&a->state->coverage, as_id, slot.gpa,
					 slot.size,
					 "memory or registers: 'info mtree' "
					 "does not tell");
	else
		ret = slot_state_add(a->state, &slot);
	if (ret == -EINVAL) {
		error_set(a->err, EPROTO, "read the flat view of QEMU at %s",
			  qmp_name(a->q));
		return error_why(a->err, "%s fills 2^64 bytes", range->name);
	}
	if (answer == HVA_NOT_RAM)
		note(a,
		     "host address of %s at 0x%" PRIx64 ": gpa2hva says that "
		     "no RAM is there",
		     range->name, range->first);
	return ret ? out_of_memory(a) : 0;
}

static int count_views(const struct mtree_flatviews *views, const char *name)
{
	size_t i, j;
	int n = 0;

	for (i = 0; i < views->nr; i++)
		for (j = 0; j < views->views[i].nr_as; j++)
			n += !strcmp(views->views[i].as[j].name, name);
	return n;
}

/* Exactly one "memory", and at the most one of the others */
static int check_spaces(struct attempt *a)
{
	size_t i;

	for (i = 0; i < QEMU_SPACES; i++) {
		int n = count_views(&a->views, qemu_spaces[i]);

		if (n == 1 || (n == 0 && i > 0))
			continue;
		error_set(a->err, EPROTO, "read the flat views of QEMU at %s",
			  qmp_name(a->q));
		return error_why(a->err, "%d address spaces are named \"%s\"",
				 n, qemu_spaces[i]);
	}
	return 0;
}

static int add_space(struct attempt *a, uint16_t as_id)
{
	const struct mtree_flatview *view =
		mtree_flatviews_find(&a->views, qemu_spaces[as_id]);
	size_t i;
	int ret = 0;

	for (i = 0; view && i < view->nr_ranges && !ret && !a->changed; i++)
		ret = add_range(a, as_id, &view->ranges[i]);
	slot_state_sort(a->state);
	return ret;
}

/*
 * KVM has a slot in an address space only if QEMU listens on it: without SMM it
 * has none in the second. So all that KVM has are covered.
 */
static int cover_spaces(struct attempt *a, size_t nr_as)
{
	size_t i;

	for (i = 0; i < QEMU_SPACES; i++)
		if (i >= nr_as && count_views(&a->views, qemu_spaces[i]))
			nr_as = i + 1;
	if (slot_state_set_nr_as(a->state, nr_as))
		return out_of_memory(a);
	for (i = 0; i < nr_as; i++)
		a->state->as[i].covered = true;
	a->state->coverage.fields = FIELDS;
	return 0;
}

static int make_state(struct attempt *a, size_t nr_as)
{
	uint16_t as_id;
	int ret = check_spaces(a);

	if (!ret)
		ret = cover_spaces(a, nr_as);
	for (as_id = 0; as_id < QEMU_SPACES && !ret && !a->changed; as_id++)
		ret = add_space(a, as_id);
	return ret;
}

/* Did the flat views stay as they were while all the rest was read? */
static int check_unchanged(struct attempt *a)
{
	struct mtree_flatviews now;
	size_t i;
	int ret = fetch_flatviews(a->q, &now, a->err);

	if (ret)
		return ret;
	for (i = 0; i < QEMU_SPACES; i++)
		if (!same_view(mtree_flatviews_find(&a->views, qemu_spaces[i]),
			       mtree_flatviews_find(&now, qemu_spaces[i])))
			a->changed = true;
	mtree_flatviews_deinit(&now);
	a->state->coverage.at_ns = clock_now();
	return 0;
}

static int read_qemu(struct attempt *a)
{
	struct slotscope_error ignored = { 0 };
	int ret = fetch_flatviews(a->q, &a->views, a->err);

	if (!ret)
		ret = fetch_tree(a->q, &a->tree, a->err);
	if (!ret)
		ret = memdevs_read(a->q, &a->memdevs, a->err);
	if (ret)
		return ret;
	/* Helps to tell regions apart; MODEL can do without */
	a->matched = !mtree_match(&a->tree, NULL, &a->match, &ignored);
	if (!a->matched)
		note(a, "%s: %s", ignored.tried, ignored.why);
	if (regions_init(&a->regions, &a->tree, a->matched ? &a->match : NULL))
		return out_of_memory(a);
	return 0;
}

static int attempt(struct attempt *a, size_t nr_as)
{
	int ret = read_qemu(a);

	if (!ret)
		ret = make_state(a, nr_as);
	if (!ret && !a->changed)
		ret = check_unchanged(a);
	if (!ret && !a->changed && a->notes)
		ret = model_diff(&a->tree, &a->views, qemu_spaces, QEMU_SPACES,
				 a->notes, a->err);
	json_object_put(a->memdevs);
	regions_deinit(&a->regions);
	if (a->matched)
		mtree_match_deinit(&a->match);
	if (!ret && !a->changed && a->told) {
		model_told_deinit(a->told);
		*a->told = (struct model_told){ true, a->tree, a->views };
		return 0;
	}
	mtree_tree_deinit(&a->tree);
	mtree_flatviews_deinit(&a->views);
	return ret;
}

/* One try; @notes is set to what it has to say, to be freed, or to NULL */
static int attempt_with_notes(struct attempt *a, size_t nr_as, bool wanted,
			      char **notes)
{
	size_t len = 0;
	int ret;

	*notes = NULL;
	if (!wanted)
		return attempt(a, nr_as);
	a->notes = open_memstream(notes, &len);
	if (!a->notes)
		return out_of_memory(a);
	ret = attempt(a, nr_as);
	if (fclose(a->notes))
		ret = ret ? ret : out_of_memory(a);
	return ret;
}

/*
 * Views that are the same before and after may have been others in between, while
 * the tree was read. Then notes are of no state that ever was; the same ones twice
 * are.
 */
static bool is_sure(const char *notes, const char *before, unsigned int tries)
{
	return !notes || !*notes || tries == 1 ||
	       (before && !strcmp(notes, before));
}

int qemu_model_read(struct qmp *q, const struct qemu_model_options *options,
		    struct slot_state *out, struct slotscope_error *err)
{
	static const struct qemu_model_options defaults;
	char *notes = NULL, *before = NULL;
	unsigned int i, tries;
	bool done = false;
	int ret = 0;

	options = options ? options : &defaults;
	tries = options->tries ? options->tries : QEMU_MODEL_TRIES;
	slot_state_init(out, PARTY_MODEL);
	for (i = 0; i < tries && !done && !ret; i++) {
		struct attempt a = {
			.q = q,
			.told = options->told,
			.state = out,
			.err = err,
		};

		slot_state_deinit(out);
		slot_state_init(out, PARTY_MODEL);
		ret = attempt_with_notes(&a, options->nr_as, options->notes,
					 &notes);
		done = !ret && !a.changed;
		if (done && !is_sure(notes, before, tries)) {
			/* It stands, with what is not sure left unsaid, if there
			 * is no other try */
			done = i + 1 == tries;
			free(before);
			before = notes;
			notes = NULL;
		}
		if (done && notes)
			fputs(notes, options->notes);
		free(notes);
	}
	free(before);
	if (ret || done)
		return ret;
	error_set(err, EAGAIN, "read the memory of QEMU at %s", qmp_name(q));
	error_why(err, "its flat views changed during each of %u readings",
		  tries);
	return error_next(err, "the guest moves its memory about, as firmware "
			       "does: try again a little later");
}
