// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random calls: after each commit the views of both models equal those of the
 * second renderer, listeners were told exactly the difference, and KVM's slots
 * are what the view says. On failure the sequence is cut down to what is needed
 * and printed.
 *
 * SLOTSCOPE_RANDOM_CALLS sets how many calls are made (default 100000),
 * SLOTSCOPE_RANDOM_SEED where it begins.
 */
#include "memory_make.h"
#include "memory_random.h"
#include "memory_random_access.h"

#define SEQUENCE 500

static bool same_range(const struct flat_range *a, const struct flat_range *b)
{
	return a->region == b->region && a->addr == b->addr &&
	       a->size == b->size &&
	       a->offset_in_region == b->offset_in_region &&
	       a->dirty_log_mask == b->dirty_log_mask &&
	       a->romd_mode == b->romd_mode && a->readonly == b->readonly &&
	       a->nonvolatile == b->nonvolatile;
}

static int by_addr(const void *a, const void *b)
{
	const struct flat_range *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static const char *check_view(struct lab *lab, struct twin *twin,
			      unsigned int i)
{
	const struct flat_view *view = address_space_get_flat_view(twin->as[i]);
	struct belief *belief = &twin->belief[i];
	const struct flat_range *range;
	const char *why = NULL;
	size_t n = 0;

	if (!oracle_render(&lab->oracle, address_space_root(twin->as[i])))
		goto out;
	qsort(belief->ranges, belief->nr, sizeof(*belief->ranges), by_addr);
	if (flat_view_nr(view) != lab->oracle.nr)
		why = "the view has not as many ranges as it should";
	else if (flat_view_nr(view) != belief->nr)
		why = "listeners know of more or fewer ranges than there are";
	flat_view_for_each(range, view) {
		if (why)
			break;
		if (!same_range(range, &lab->oracle.ranges[n]))
			why = "a range is not as it should be";
		else if (flat_view_lookup(view, range->addr) != range ||
			 flat_view_lookup(view, range->addr + range->size -
							1) != range)
			why = "a look-up does not find its range";
		/* What the listener was told has no romd; it is as the view's */
		belief->ranges[n].romd_mode = range->romd_mode;
		if (!why && !same_range(range, &belief->ranges[n]))
			why = "listeners were not told of a change";
		n++;
	}
	if (!why && belief->wrong)
		why = belief->wrong;
	/* Slow: once a view. It is held, so that newer ones share with it */
	if (!why && view != twin->checked[i]) {
		why = check_accesses(twin->as[i], &lab->oracle);
		if (!why && twin->checked[i])
			why = check_old_view(twin->checked[i]);
		flat_view_unref(twin->checked[i]);
		twin->checked[i] = flat_view_ref(view);
	}
	if (!why && belief->open)
		why = "a commit did not end";
out:
	flat_view_unref(view);
	return why;
}

static const char *check_slots(struct twin *twin)
{
	const struct flat_view *view = address_space_get_flat_view(twin->as[0]);
	const struct flat_range *range;
	const char *why = twin->kvm.wrong;
	size_t expected = 0, i;

	flat_view_for_each(range, view) {
		const struct memory_region_info *info =
			memory_region_info(range->region);
		uint64_t cut = -range->addr & 0xfff;
		uint64_t size;

		if (!info->ram_block || !(info->ram || range->romd_mode) ||
		    cut >= range->size ||
		    (range->offset_in_region + cut) & 0xfff)
			continue;
		size = ((uint64_t)range->size - cut) & ~0xfffull;
		if (!size)
			continue;
		expected++;
		for (i = 0; i < twin->kvm.nr; i++)
			if (twin->kvm.ranges[i].addr == range->addr + cut &&
			    twin->kvm.ranges[i].size == size &&
			    twin->kvm.ranges[i].region == range->region)
				break;
		if (i == twin->kvm.nr && !why)
			why = "RAM has no slot";
	}
	if (!why && expected != twin->kvm.nr)
		why = "a slot stands for nothing";
	if (!why && kvm_slots_nr(twin->slots) != twin->kvm.nr)
		why = "the table is not what KVM has";
	flat_view_unref(view);
	return why;
}

/* Both models were told the same, each in its own order */
static const char *check_eventfds(struct lab *lab, unsigned int i)
{
	struct belief *a = &lab->twin[0].belief[i];
	struct belief *b = &lab->twin[1].belief[i];
	size_t x, y;

	if (a->nr_eventfds != b->nr_eventfds)
		return "eventfds differ in number";
	for (x = 0; x < a->nr_eventfds; x++) {
		for (y = 0; y < b->nr_eventfds; y++)
			if (same_eventfd(&a->eventfds[x], &b->eventfds[y]))
				break;
		if (y == b->nr_eventfds)
			return "eventfds differ";
	}
	return NULL;
}

static const char *check_lab(struct lab *lab)
{
	const char *why = NULL;
	unsigned int t, i;

	for (t = 0; t < NR_TWIN && !why; t++) {
		for (i = 0; i < NR_AS && !why; i++)
			why = check_view(lab, &lab->twin[t], i);
		if (!why)
			why = check_slots(&lab->twin[t]);
	}
	for (i = 0; i < NR_AS && !why; i++)
		why = check_eventfds(lab, i);
	return why;
}

/* Return: what went wrong, or NULL */
static const char *run(struct lab *lab, const struct call *calls, size_t nr)
{
	struct slotscope_error err = { 0 };
	const char *why = NULL;
	unsigned int t;
	int r[NR_TWIN];
	size_t i;

	fill_ram();
	for (t = 0; t < NR_TWIN; t++)
		if (make_twin(&lab->twin[t], t, lab->crowd, &err))
			return "the regions cannot be made";
	for (i = 0; i < nr && !why; i++) {
		for (t = 0; t < NR_TWIN; t++) {
			note_stale(&lab->twin[t], &calls[i]);
			r[t] = do_call(&lab->twin[t], &calls[i], &err);
			if (nudge(&lab->twin[t], &err))
				r[t] = -EPROTO;
		}
		if (r[0] != r[1])
			why = "one model refused what the other took";
		else if (r[0] == -ENOMEM || r[0] == -EPROTO)
			why = "a call failed as it should not";
		else if (!lab->twin[0].depth)
			why = check_lab(lab);
	}
	if (!why && !ram_is_right())
		why = "RAM was written where nobody wrote";
	for (t = 0; t < NR_TWIN; t++)
		free_twin(&lab->twin[t]);
	return why;
}

/* Leave out what is not needed for a failure */
static size_t shrink(struct lab *lab, struct call *calls, size_t nr)
{
	struct call *fewer = calloc(nr, sizeof(*fewer));
	size_t chunk, at;

	for (chunk = nr / 2; chunk; chunk /= 2) {
		for (at = 0; at + chunk <= nr;) {
			memcpy(fewer, calls, at * sizeof(*calls));
			memcpy(fewer + at, calls + at + chunk,
			       (nr - at - chunk) * sizeof(*calls));
			if (run(lab, fewer, nr - chunk)) {
				nr -= chunk;
				memcpy(calls, fewer, nr * sizeof(*calls));
			} else {
				at += chunk;
			}
		}
	}
	free(fewer);
	return nr;
}

static void report(struct lab *lab, struct call *calls, size_t nr,
		   uint64_t seed)
{
	const char *why;
	size_t i;

	nr = shrink(lab, calls, nr);
	why = run(lab, calls, nr);
	for (i = 0; i < nr; i++)
		print_error("  %-12s r%u r%u value 0x%" PRIx64 " priority %d\n",
			    call_names[calls[i].kind], calls[i].a, calls[i].b,
			    calls[i].value, calls[i].priority);
	fail_msg("seed %" PRIu64 ", after these %zu calls: %s", seed, nr, why);
}

static uint64_t from_env(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void test_random_calls(void **state)
{
	uint64_t total = from_env("SLOTSCOPE_RANDOM_CALLS", 100000);
	uint64_t first = from_env("SLOTSCOPE_RANDOM_SEED", 1);
	static struct call calls[SEQUENCE];
	static struct lab lab;
	uint64_t seed, random;
	size_t i;

	for (seed = first; seed < first + total / SEQUENCE; seed++) {
		random = seed;
		/* Slow to check: one in sixteen */
		lab.crowd = seed % 16 == 0;
		for (i = 0; i < SEQUENCE; i++)
			random_call(&random, &calls[i]);
		if (run(&lab, calls, SEQUENCE))
			report(&lab, calls, SEQUENCE, seed);
	}
	free(lab.oracle.ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
