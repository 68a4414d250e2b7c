// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The errno rules against KVM: random requests around a handful of slots, so
 * that they meet often. See errno-rules.c; it leaves out the same.
 *
 * SLOTSCOPE_SEED chooses other requests, SLOTSCOPE_REQUESTS makes more of them.
 */
#include <time.h>

#include "../kselftest/slotscope_kselftest.h"
#include "errno-world.h"
#include "test-module/slotscope_test.h"

static int module = -1;
static uint64_t seed;
static uint64_t random_state;

enum word { SLOT, FLAGS, GPA, SIZE, WHERE, GMEM_FD, GMEM_OFFSET, WORDS };

static uint64_t rnd(void)
{
	/* splitmix64: good enough, and the same everywhere */
	uint64_t z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static uint64_t below(uint64_t n)
{
	return rnd() % n;
}

#define PICK(array) ((array)[below(NR(array))])

/* One word of a request, mostly of the harmless kind */
static void random_word(const struct world *w, struct slot_request *r,
			enum word word)
{
	static const uint32_t ids[] = { 0x7fff, 0xffff, 12, 13 };
	static const uint32_t spaces[] = { 2, 3, 0xffff };
	static const uint32_t flags[] = { 0, 0, SLOT_LOG_DIRTY, SLOT_READONLY,
					  SLOT_LOG_DIRTY | SLOT_READONLY };
	uint64_t odd = below(8);

	switch (word) {
	case SLOT:
		r->slot = below(8);
		if (!odd)
			r->slot = below(2) ? PICK(ids) :
					     w->limits.nr_slots - 2 + below(5);
		r->slot |= (below(32) ? below(w->limits.nr_as) : PICK(spaces))
			   << 16;
		break;
	case FLAGS:
		r->flags = PICK(flags);
		if (!odd)
			r->flags = below(2) ? rnd() : below(16);
		else if (odd == 1)
			r->flags = SLOT_GUEST_MEMFD;
		break;
	case GPA:
		r->gpa = below(64) * PAGE;
		if (!odd)
			r->gpa = TEST_LAST_GPA - 4 * PAGE + below(8) * PAGE;
		else if (odd == 1)
			r->gpa = w->limits.gpa_last + 1 - below(8) * PAGE;
		else if (odd == 2 && !below(4))
			r->gpa = -below(8) * PAGE;
		if (!below(16))
			r->gpa += below(2) ? below(PAGE) : 1ULL << below(64);
		break;
	case SIZE:
		r->size = (1 + below(12)) * PAGE;
		if (!below(16))
			r->size += below(PAGE);
		else if (!below(16))
			r->size = 1ULL << below(64);
		else if (!below(64))
			r->size = (w->limits.max_pages - 1 + below(3)) * PAGE;
		break;
	case WHERE:
		r->hva = 0x200000 + below(64) * PAGE;
		if (!odd)
			r->hva = w->limits.hva_end - below(16) * PAGE;
		if (!below(16))
			r->hva = below(2) ? rnd() : r->hva | 1ULL << below(64);
		break;
	case GMEM_FD:
		r->gmem_fd = w->gmem[w->limits.nr_gmem > 2 && below(8) ?
					     2 + below(2) :
					     below(w->limits.nr_gmem)]
				     .fd;
		break;
	default:
		r->gmem_offset = below(12) * PAGE;
		if (!odd)
			r->gmem_offset = below(2) ? rnd() : -below(8) * PAGE;
	}
}

static struct slot_request random_request(const struct world *w)
{
	const struct slot *slot;
	struct slot_request r = { .gmem_fd = -1 };
	int word;

	for (word = 0; word < WORDS; word++)
		random_word(w, &r, word);
	r.region2 = below(2);
	/* half of them about a slot that stands: a word or two changed */
	if (w->state.nr_slots && below(2)) {
		slot = &w->state.slots[below(w->state.nr_slots)];
		r = request_for(slot);
		r.region2 = below(2);
		for (word = below(3); word--;)
			random_word(w, &r, below(WORDS));
	}
	/* deletions wait for readers, so not too many of them */
	if (!below(10))
		r.size = 0;
	return r;
}

/*
 * The slots that stood and the one request are nearly always enough: find the
 * fewest of them with which KVM still does what was not foreseen.
 */
static void show_shortest(const struct world *w, const struct slot_request *bad)
{
	struct slot_request *make =
		calloc(w->state.nr_slots + 1, sizeof(*make));
	size_t nr = 0, i, drop;
	struct world again;
	bool still;

	for (i = 0; i < w->state.nr_slots; i++)
		if (!w->state.slots[i].hidden &&
		    !(w->state.slots[i].flags & SLOT_GUEST_MEMFD))
			make[nr++] = request_for(&w->state.slots[i]);
	for (drop = nr + 1; drop--;) {
		world_open(&again, -1);
		again.quiet = true;
		for (i = 0; i < nr; i++)
			if (i != drop)
				world_ask(&again, &make[i]);
		still = !world_ask(&again, bad);
		world_close(&again);
		if (drop == nr && !still) {
			ktap_diag("the slots that stood do not show it again");
			break;
		}
		if (drop < nr && still)
			memmove(&make[drop], &make[drop + 1],
				(--nr - drop) * sizeof(*make));
	}
	ktap_diag("the shortest way to it that was found:");
	for (i = 0; i < nr; i++)
		show_request("  ", &make[i]);
	show_request("  ", bad);
	free(make);
}

/*
 * slotscope_kselftest.h has the rules again, small enough for one header: for a
 * request that was just refused it names the same one. Not each: it reads all slots
 */
static bool header_agrees(const struct world *w, const struct slot_request *r)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = r->slot,
		.flags = r->flags,
		.guest_phys_addr = r->gpa,
		.memory_size = r->size,
		.userspace_addr = r->hva,
		.guest_memfd_offset = r->gmem_offset,
		.guest_memfd = r->gmem_fd,
	};
	struct request_foresight foresight;
	struct slotscope_judge judge;
	const char *rule;

	if (w->module < 0)
		return true;
	request_foresee(&w->state, r, &w->limits, &foresight);
	if (foresight.nr != 1 || !foresight.may[0].error)
		return true;
	ASSERT(!slotscope_judge_region(
		       &judge, w->vm, &region,
		       r->region2 ? sizeof(region) :
				    sizeof(struct kvm_userspace_memory_region),
		       foresight.may[0].error),
	       "cannot judge");
	rule = request_rule_name(foresight.may[0].rule);
	if (judge.rule && !strcmp(judge.rule, rule))
		return true;
	show_request("", r);
	return EXPECT(false, "it was rule %s, the header says %s (%s)", rule,
		      judge.rule ? judge.rule : "none", judge.why);
}

static void ask_random(struct world *w, uint64_t nr)
{
	struct timespec begin, end;
	struct slot_request r;
	uint64_t i;

	random_state = seed;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; w->made < nr; i++) {
		r = random_request(w);
		if (!world_ask(w, &r)) {
			EXPECT(false, "seed 0x%" PRIx64 ", request %" PRIu64,
			       seed, i);
			show_shortest(w, &r);
			break;
		}
		if (i % 16 == 15 && !header_agrees(w, &r))
			break;
		if (i % 1000 == 999 &&
		    !EXPECT(world_is_true(w),
			    "seed 0x%" PRIx64 ", after request %" PRIu64, seed,
			    i))
			break;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	ktap_diag("seed 0x%" PRIx64 ", %.1f s", seed,
		  end.tv_sec - begin.tv_sec +
			  (end.tv_nsec - begin.tv_nsec) / 1e9);
	world_show(w);
}

static uint64_t how_many(void)
{
	const char *env = getenv("SLOTSCOPE_REQUESTS");

	return env ? strtoull(env, NULL, 0) : 100000;
}

static void random_requests(void)
{
	struct world w;

	world_open(&w, module);
	ask_random(&w, how_many());
	world_expect_all_met(&w);
	world_close(&w);
}

/* A slot that no VMM made, in each address space */
static void foresee_own(struct world *w, int32_t id, gpa_t gpa)
{
	struct slot_event event = { .type = SLOT_EVENT_CHANGE };
	struct slot *own = &event.change.after;

	event.change.kind = SLOT_CREATE;
	*own = (struct slot){ .id = id,
			      .gpa = gpa,
			      .size = PAGE,
			      .gmem_fd = -1,
			      .hidden = true,
			      .unknown = SLOT_FIELD_HVA };
	for (; own->as_id < w->limits.nr_as; own->as_id++)
		world_apply(w, &event);
}

/* Slots that requests run into, though no request made them */
static void random_requests_around_kvms_own(void)
{
	struct world w;
	int test;

	SKIP_IF(__module_load("kmod-test", "slotscope_test"),
		"slotscope_test.ko: %s", strerror(errno));
	test = open(TEST_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT(test >= 0, "open " TEST_DEVICE ": %s", strerror(errno));
	world_open(&w, module);
	ASSERT(!ioctl(test, TEST_HIDDEN_SLOTS, w.vm), "%s", strerror(errno));
	foresee_own(&w, USER_SLOTS, TEST_FIRST_GPA);
	foresee_own(&w, USER_SLOTS + 2, TEST_LAST_GPA);
	ASSERT(world_is_true(&w),
	       "KVM's own slots are not where they were made");
	ask_random(&w, how_many() / 10);
	world_close(&w);
	close(test);
}

/* errno-random [--here]: --here leaves out what needs a module */
int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(random_requests),
		KTAP_CASE(random_requests_around_kvms_own),
	};
	bool here = argc > 1 && !strcmp(argv[1], "--here");
	const char *env = getenv("SLOTSCOPE_SEED");

	seed = env ? strtoull(env, NULL, 0) : 1;
	module = world_module(here);
	return ktap_run(cases, NR(cases) - here);
}
