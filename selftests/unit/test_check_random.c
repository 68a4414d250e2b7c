// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random VMs: views that say the same agree, whatever they look like; one
 * corruption is found, under the name that its kind must have. And the sizes
 * that KVM allows are quick.
 */
#include <time.h>

#include "check_make.h"

/* xorshift64*: seeded, so that a failure can be seen again */
static uint64_t random_state;

static uint64_t random_below(uint64_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545f4914f6cdd1dULL >> 33) % n;
}

#define PAGE (4 * KiB)

/*
 * Slots with gaps of at least a page. The host memory of each begins where no
 * other's ends, so that nothing can be told as moved but what is. The MODEL may
 * have a slot in several flat ranges.
 */
static void views_random(struct views *v)
{
	size_t nr = 1 + random_below(20);
	hva_t hva = HVA;
	gpa_t gpa = 0;
	uint64_t size, part, at;
	uint32_t flags;
	int as_id = 0;

	views_init(v);
	for (size_t i = 0; i < nr; i++) {
		if (!as_id && !random_below(nr)) {
			as_id = 1;
			gpa = 0;
		}
		gpa += (1 + random_below(8)) * PAGE;
		hva += (1 + random_below(8)) * PAGE;
		size = (1 + random_below(32)) * PAGE;
		flags = random_below(2) ? SLOT_READONLY : 0;
		kvm_add(v, as_id, i, gpa, size, hva, flags);
		for (at = 0; at < size; at += part) {
			part = random_below(3) ?
				       size - at :
				       (1 + random_below((size - at) / PAGE)) *
					       PAGE;
			model_add(v, as_id, "ram", gpa + at, part, hva + at,
				  flags);
		}
		map_add(v, hva, size, flags ? "r-p" : "rw-", NULL);
		gpa += size;
		hva += size;
	}
}

enum corruption {
	DROP,
	ADD,
	MOVE,
	REHOST,
	SHORTEN,
	LENGTHEN,
	REFLAG,
	RENUMBER,
	UNMAP,
	PROTECT,
	CORRUPTIONS,
};

static enum finding_id must_find(enum corruption what)
{
	static const enum finding_id ids[CORRUPTIONS] = {
		[DROP] = FINDING_MISSING,   [ADD] = FINDING_EXTRA,
		[MOVE] = FINDING_MOVED,	    [REHOST] = FINDING_WRONG_HVA,
		[SHORTEN] = FINDING_EXTENT, [LENGTHEN] = FINDING_EXTENT,
		[REFLAG] = FINDING_FLAGS,   [RENUMBER] = FINDING_SLOT_ID,
		[UNMAP] = FINDING_UNBACKED, [PROTECT] = FINDING_PERMS,
	};

	return ids[what];
}

/* The page that a slot lost may be a whole flat range to the MODEL */
static bool fits(enum corruption what, enum finding_id id)
{
	return id == must_find(what) ||
	       (what == SHORTEN && id == FINDING_MISSING);
}

/* Break KERNEL (or BACKING) in one place; false if this VM has none for it */
static bool corrupt(struct views *v, enum corruption what)
{
	struct slot_state *kernel = &v->state[KERNEL];
	size_t at = random_below(kernel->nr_slots);
	struct slot *slot = &kernel->slots[at];
	struct host_range *range = &v->map.ranges[random_below(v->map.nr)];

	switch (what) {
	case DROP:
		slot_drop(v, KERNEL, slot->as_id, slot->gpa);
		return true;
	case ADD:
		state_add(kernel, slot_of(0, 100, GiB, PAGE, HVA + GiB, 0));
		map_add(v, HVA + GiB, PAGE, "rwp", NULL);
		return true;
	case MOVE:
		slot->gpa += GiB;
		return true;
	case REHOST:
		slot->hva = HVA + GiB;
		map_add(v, HVA + GiB, slot->size, "rwp", NULL);
		return true;
	case SHORTEN:
		if (slot->size == PAGE)
			return false;
		slot->size -= PAGE;
		return true;
	case LENGTHEN:
		/* there is a page free behind it, and no memory under that */
		slot->size += PAGE;
		v->view[BACKING].map = NULL;
		return true;
	case REFLAG:
		slot->flags ^= SLOT_READONLY;
		v->view[BACKING].map = NULL;
		return true;
	case RENUMBER:
		slot->id += 100;
		return true;
	case UNMAP:
		range->start = range->end -
			       (range->end - range->start > PAGE ? PAGE : 1);
		return true;
	default:
		range->read = false;
		range->write = false;
		return true;
	}
}

static void random_vms(void **unused)
{
	enum corruption what;
	struct views v;
	bool found;

	for (uint64_t seed = 1; seed <= 4000; seed++) {
		random_state = seed * 0x9e3779b97f4a7c15ULL;
		views_random(&v);
		views_check(&v);
		if (v.found.nr) {
			print_findings(&v.found);
			fail_msg("seed %llu: found something in what agrees",
				 (unsigned long long)seed);
		}
		what = random_below(CORRUPTIONS);
		if (corrupt(&v, what)) {
			views_check(&v);
			found = v.found.nr > 0;
			for (size_t i = 0; i < v.found.nr; i++)
				found &= fits(what, v.found.items[i].id);
			if (!found) {
				print_findings(&v.found);
				fail_msg("seed %llu: want only %s",
					 (unsigned long long)seed,
					 finding_id_name(must_find(what)));
			}
			assert_int_equal(findings_exit_status(&v.found), 1);
		}
		views_deinit(&v);
	}
}

/* As many slots as KVM allows; then every one of them wrong in some way */
static void many_slots(void **unused)
{
	const size_t nr = 32764;
	struct check_rows rows;
	struct timespec begin, end;
	struct slot *slot;
	struct views v;

	random_state = 42;
	views_init(&v);
	for (size_t i = 0; i < nr; i++) {
		model_add(&v, 0, "ram", i * 2 * PAGE, PAGE, HVA + i * 2 * PAGE,
			  0);
		kvm_add(&v, 0, i, i * 2 * PAGE, PAGE, HVA + i * 2 * PAGE, 0);
		log_request(&v.log, i + 1,
			    slot_of(0, i, i * 2 * PAGE, PAGE,
				    HVA + i * 2 * PAGE, 0),
			    -12);
	}
	map_add(&v, HVA, nr * 2 * PAGE, "rwp", NULL);
	v.input.log = NULL;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	views_check(&v);
	none_found(&v);

	v.input.log = &v.log;
	for (size_t i = 0; i < nr; i++) {
		slot = &v.state[KERNEL].slots[i];
		if (random_below(2))
			slot->hva += GiB;
		else
			slot->gpa += PAGE;
	}
	views_check(&v);
	assert_true(v.found.nr >= nr);
	assert_int_equal(check_rows(&v.made, &rows), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(rows.nr >= nr);
	/* quadratic, it would be minutes; sanitizers and all it is < 2 s */
	assert_true(end.tv_sec - begin.tv_sec < 20);
	print_message("# %zu findings, %zu rows in %.2f s\n", v.found.nr,
		      rows.nr,
		      end.tv_sec - begin.tv_sec +
			      (end.tv_nsec - begin.tv_nsec) / 1e9);
	check_rows_deinit(&rows);
	views_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_vms),
		cmocka_unit_test(many_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
