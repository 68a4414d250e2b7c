// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The errno rules against KVM: each request is foreseen from the slots before
 * it alone, then made. Every boundary value, alone and with each other one, and
 * random requests around a handful of slots, so that they meet often.
 *
 * SLOTSCOPE_SEED repeats a run, SLOTSCOPE_REQUESTS makes it longer. Left out,
 * since no state can tell: slots so large that there may be no memory for what
 * KVM keeps of each page, where the rules would have them accepted or refused for
 * what is tested after KVM has allocated that.
 */
#include <inttypes.h>
#include <time.h>

#include "errno-world.h"

#define TEST_DEVICE	 "/dev/slotscope-test"
#define TEST_HIDDEN_SLOT _IO('T', 1)
#define HIDDEN_GPA	 0xfee00000ULL

static int module = -1;
static uint64_t seed;
static uint64_t random_state;

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

#define NR(array)   (sizeof(array) / sizeof((array)[0]))
#define PICK(array) ((array)[below(NR(array))])

/* The first letter of a file; '\0' if there is no such file */
static char first_of(const char *path)
{
	FILE *f = fopen(path, "re");
	int c = f ? fgetc(f) : EOF;

	if (f)
		fclose(f);
	return c == EOF ? '\0' : c;
}

/* The CPU's, if it translates guest addresses itself; else all that a PTE has */
static unsigned int phys_bits(void)
{
	char npt = first_of("/sys/module/kvm_amd/parameters/npt");
	char ept = first_of("/sys/module/kvm_intel/parameters/ept");
	unsigned int bits = 0;
	char line[256];
	FILE *f;

	if (npt != 'Y' && npt != '1' && ept != 'Y' && ept != '1')
		return 52;
	f = fopen("/proc/cpuinfo", "re");
	ASSERT(f, "open /proc/cpuinfo: %s", strerror(errno));
	while (!bits && fgets(line, sizeof(line), f))
		sscanf(line, "address sizes : %u bits physical", &bits);
	fclose(f);
	return bits;
}

/* The kernel's sources and the CPU have them, too */
static void limits_are_right(void)
{
	struct world w;

	world_open(&w, module);
	EXPECT_EQ(w.limits.max_pages, (1ULL << 31) - 1);
	EXPECT_EQ(w.limits.nr_slots, USER_SLOTS);
	EXPECT(w.limits.hva_end == (1ULL << 47) - PAGE ||
		       w.limits.hva_end == (1ULL << 56) - PAGE,
	       "user space ends at 0x%llx",
	       (unsigned long long)w.limits.hva_end);
	EXPECT_EQ(w.limits.gpa_last, (1ULL << phys_bits()) - 1);
	EXPECT_EQ(w.limits.gpa_error, EINVAL);
	ktap_diag("REGION2 %s, read-only %s, guest_memfd %s (bound twice: %s)",
		  w.limits.region2 == CAN ? "yes" : "no",
		  w.limits.readonly == CAN ? "yes" : "no",
		  w.limits.guest_memfd == CAN ? "yes" : "no",
		  w.limits.gmem_bound_error ?
			  strerrorname_np(w.limits.gmem_bound_error) :
			  "not asked");
	world_close(&w);
}

/* Boundary values of each word of a request */
#define VALUES 20

struct values {
	uint64_t v[VALUES];
	unsigned int nr;
};

enum word { SLOT, FLAGS, GPA, SIZE, WHERE, GMEM_FD, GMEM_OFFSET, WORDS };

static uint64_t *word_of(struct slot_request *r, enum word word,
			 uint64_t *narrow)
{
	switch (word) {
	case GPA:
		return &r->gpa;
	case SIZE:
		return &r->size;
	case WHERE:
		return &r->hva;
	case GMEM_OFFSET:
		return &r->gmem_offset;
	default:
		return narrow;
	}
}

static void set_word(struct slot_request *r, enum word word, uint64_t value)
{
	uint64_t narrow = value;

	*word_of(r, word, &narrow) = value;
	if (word == SLOT)
		r->slot = value;
	else if (word == FLAGS)
		r->flags = value;
	else if (word == GMEM_FD)
		r->gmem_fd = value;
}

static void add_values(struct values *values, const uint64_t *v, size_t nr)
{
	ASSERT(values->nr + nr <= VALUES, "too many values");
	memcpy(values->v + values->nr, v, nr * sizeof(*v));
	values->nr += nr;
}

#define ADD(word, ...)                                         \
	add_values(&values[word], (uint64_t[]){ __VA_ARGS__ }, \
		   NR(((uint64_t[]){ __VA_ARGS__ })))

static void boundary_values(const struct world *w, struct values *values)
{
	uint64_t slots = w->limits.nr_slots, as = w->limits.nr_as;
	uint64_t gpa_end = w->limits.gpa_last + 1, end = w->limits.hva_end;
	uint64_t max = w->limits.max_pages * PAGE;

	ADD(SLOT, 0, 1, 2, 3, 4, 9, slots - 1, slots, slots + 2, slots + 3,
	    0x7fff, 0xffff, 0x10000, 0x10009, as << 16, 0xffff0000, 0xffffffff);
	ADD(FLAGS, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1 << 16, 1 << 17, 1U << 31,
	    0xffffffff);
	ADD(GPA, 0, 1, PAGE - 1, PAGE, 0x10000 - PAGE, 0x10000, 0x14000,
	    0x100000, gpa_end - PAGE, gpa_end - 4 * PAGE, gpa_end, 1ULL << 63,
	    -PAGE, -4 * PAGE, UINT64_MAX);
	ADD(SIZE, 0, 1, PAGE - 1, PAGE, 4 * PAGE, 5 * PAGE, 16 * PAGE,
	    17 * PAGE, max, max + PAGE, end, end + PAGE, 1ULL << 63, -PAGE,
	    UINT64_MAX);
	ADD(WHERE, 0, 1, PAGE, 0x200000, 0x200800, end - 4 * PAGE, end - PAGE,
	    end, end + PAGE, 1ULL << 48, 1ULL << 57 | 0x200000,
	    1ULL << 62 | 0x200000, 1ULL << 63, -PAGE, UINT64_MAX);
	for (size_t i = 0; i < w->limits.nr_gmem; i++)
		ADD(GMEM_FD, w->gmem[i].fd);
	ADD(GMEM_FD, UINT32_MAX);
	ADD(GMEM_OFFSET, 0, 1, PAGE, 4 * PAGE, 12 * PAGE, 15 * PAGE, 16 * PAGE,
	    -PAGE, -4 * PAGE, UINT64_MAX);
}

/* The slots that the boundary requests are made around: one of each kind */
static size_t boundary_slots(const struct world *w, struct slot_request *r)
{
	static const uint32_t flags[] = { 0, SLOT_READONLY, SLOT_LOG_DIRTY };
	size_t nr = 0;

	for (; nr < NR(flags); nr++)
		r[nr] = (struct slot_request){
			.slot = nr,
			.flags = flags[nr],
			.gpa = 0x10000 * (nr + 1),
			.size = 4 * PAGE,
			.hva = 0x200000,
			.gmem_fd = w->gmem[w->limits.nr_gmem - 1].fd,
		};
	if (w->limits.guest_memfd == CAN) {
		r[nr] = (struct slot_request){
			.region2 = true,
			.slot = nr,
			.flags = SLOT_GUEST_MEMFD,
			.gpa = 0x10000 * (nr + 1),
			.size = 4 * PAGE,
			.hva = 0x200000,
			.gmem_fd = w->gmem[2].fd,
			.gmem_offset = 4 * PAGE,
		};
		nr++;
	}
	return nr;
}

static bool same_slot(const struct slot *slot, const struct slot_request *r)
{
	return r->slot == ((uint32_t)slot->as_id << 16 | (uint32_t)slot->id) &&
	       r->gpa == slot->gpa && r->flags == slot->flags;
}

static bool stands(const struct world *w, const struct slot_request *r)
{
	for (size_t i = 0; i < w->state.nr_slots; i++)
		if (same_slot(&w->state.slots[i], r))
			return true;
	return false;
}

/* Back to the slots of @base; false if KVM did not do as foreseen */
static bool restore(struct world *w, const struct slot_request *base, size_t nr)
{
	struct slot_request gone;
	bool wanted;
	size_t i, j;

	for (i = w->state.nr_slots; i--;) {
		wanted = false;
		for (j = 0; j < nr; j++)
			wanted |= same_slot(&w->state.slots[i], &base[j]);
		gone = request_for(&w->state.slots[i]);
		gone.size = 0;
		if (!wanted && !world_ask(w, &gone))
			return false;
	}
	for (j = 0; j < nr; j++)
		if (!stands(w, &base[j]) && !world_ask(w, &base[j]))
			return false;
	return true;
}

static bool one_boundary(struct world *w, const struct slot_request *r,
			 const struct slot_request *base, size_t nr)
{
	uint64_t before = w->seq;

	if (!world_ask(w, r))
		return false;
	return w->seq == before || restore(w, base, nr);
}

static void show_outcomes(const struct world *w)
{
	char line[128];
	size_t len = 0;

	ktap_diag("%" PRIu64 " requests; %" PRIu64 " too large were not made",
		  w->made, w->too_large);
	for (int i = 0; i < REQUEST_OUTCOMES; i++) {
		len += snprintf(line + len, sizeof(line) - len, " %s %" PRIu64,
				request_rule_name(i), w->outcomes[i]);
		if (len > 60 || i + 1 == REQUEST_OUTCOMES) {
			ktap_diag("%s", line);
			len = 0;
		}
	}
}

/* What no request can come to on this kernel */
static bool is_out_of_reach(const struct world *w, enum request_rule rule)
{
	switch (rule) {
	case RULE_TOTAL_PAGES: /* 2^16 slots of 2^31 pages are not 2^64 */
		return true;
	case RULE_READONLY_CAP:
		return w->limits.readonly == CAN;
	case RULE_REGION2:
		return w->limits.region2 == CAN;
	case RULE_V1_FLAGS:
		return w->limits.region2 != CAN;
	case RULE_GMEM_CAP:
		return w->limits.guest_memfd == CAN;
	case RULE_GMEM_DIRTY:
	case RULE_GMEM_READONLY:
	case RULE_GMEM_ALIGN:
	case RULE_GMEM_WRAP:
	case RULE_GMEM_IMMUTABLE:
	case RULE_GMEM_DROPPED:
	case RULE_GMEM_FD:
	case RULE_GMEM_FOREIGN:
	case RULE_GMEM_END:
	case RULE_GMEM_BOUND:
		return w->limits.guest_memfd != CAN;
	default:
		return false;
	}
}

/* A rule that no request met would be one that is not tested */
static void expect_all_met(const struct world *w)
{
	for (int i = 0; i < REQUEST_OUTCOMES; i++)
		EXPECT(!w->outcomes[i] == is_out_of_reach(w, i),
		       "%s was met by %" PRIu64 " requests",
		       request_rule_name(i), w->outcomes[i]);
}

static void boundary_requests(void)
{
	struct slot_request base[4], likely[12], r;
	size_t nr, nr_likely = 0, i, bad = 0;
	struct values values[WORDS] = { 0 };
	struct world w;

	world_open(&w, module);
	boundary_values(&w, values);
	nr = boundary_slots(&w, base);
	for (i = 0; i < nr; i++) {
		ASSERT(world_ask(&w, &base[i]), "slot %zu", i);
		/* as it is, at another place, and as a new one */
		likely[nr_likely++] = base[i];
		r = base[i];
		r.gpa += 0x100000;
		likely[nr_likely++] = r;
		r.slot = 9;
		r.gmem_offset = 0;
		likely[nr_likely++] = r;
	}
	for (i = 0; i < 2 * nr_likely && bad < 5; i++) {
		for (int a = 0; a < WORDS && bad < 5; a++) {
			for (int b = a + 1; b < WORDS && bad < 5; b++) {
				for (unsigned int x = 0; x < values[a].nr; x++)
					for (unsigned int y = 0;
					     y < values[b].nr; y++) {
						r = likely[i / 2];
						r.region2 = i & 1;
						set_word(&r, a, values[a].v[x]);
						set_word(&r, b, values[b].v[y]);
						bad += !one_boundary(&w, &r,
								     base, nr);
					}
			}
		}
		EXPECT(world_is_true(&w), "after all around request %zu", i);
	}
	EXPECT_EQ(bad, 0);
	show_outcomes(&w);
	expect_all_met(&w);
	world_close(&w);
}

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
			r->gpa = HIDDEN_GPA - 4 * PAGE + below(8) * PAGE;
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
	show_outcomes(w);
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
	expect_all_met(&w);
	world_close(&w);
}

/* Slots that no VMM made, and that its requests run into all the same */
static void random_requests_around_kvms_own(void)
{
	struct slot_event event = { .type = SLOT_EVENT_CHANGE };
	struct slot *own = &event.change.new;
	struct world w;
	int test;

	SKIP_IF(__module_load("kmod-test", "slotscope_test"),
		"slotscope_test.ko: %s", strerror(errno));
	test = open(TEST_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT(test >= 0, "open " TEST_DEVICE ": %s", strerror(errno));
	world_open(&w, module);
	ASSERT(!ioctl(test, TEST_HIDDEN_SLOT, w.vm), "%s", strerror(errno));
	event.change.kind = SLOT_CREATE;
	*own = (struct slot){ .id = USER_SLOTS + 2,
			      .gpa = HIDDEN_GPA,
			      .size = PAGE,
			      .gmem_fd = -1,
			      .hidden = true,
			      .unknown = SLOT_FIELD_HVA };
	for (; own->as_id < w.limits.nr_as; own->as_id++)
		world_apply(&w, &event);
	ASSERT(world_is_true(&w), "KVM's own slot is not where it was made");
	ask_random(&w, how_many() / 10);
	world_close(&w);
	close(test);
}

/*
 * errno-rules [--here]: --here leaves out what needs a module, for a machine
 * that is no lab
 */
int main(int argc, char **argv)
{
	bool here = argc > 1 && !strcmp(argv[1], "--here");
	static const struct ktap_case cases[] = {
		KTAP_CASE(limits_are_right),
		KTAP_CASE(boundary_requests),
		KTAP_CASE(random_requests),
		KTAP_CASE(random_requests_around_kvms_own),
	};
	const char *env = getenv("SLOTSCOPE_SEED");

	if (access("/dev/kvm", R_OK | W_OK))
		ktap_skip_all("no usable /dev/kvm: %s", strerror(errno));
	seed = env ? strtoull(env, NULL, 0) : (uint64_t)time(NULL);
	if (!here && !__slotscope_load())
		module = module_open(NULL, &world_err);
	if (module < 0)
		ktap_diag("without the module: what KVM holds is not compared");
	return ktap_run(cases, NR(cases) - here);
}
