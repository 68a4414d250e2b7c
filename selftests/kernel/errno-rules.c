// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The errno rules against KVM: each request is foreseen from the slots before
 * it alone, then made. Here every boundary value of each word, alone and with
 * each other one; errno-random.c has random requests. Left out, since no state
 * can tell: slots so large that there may be no memory for what KVM keeps of each
 * page, where the rules would have them accepted or refused for what is tested
 * after KVM has allocated that.
 */
#include "errno-world.h"

static int module = -1;

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

/*
 * The same is known of another process's VM: these kernels make VMs of one type. So a
 * guest_memfd that a VM cannot have is refused for that, and for nothing else.
 */
static void another_ones_limits(void)
{
	char why[REQUEST_SAY_MAX];
	struct request_limits limits;
	struct world w;
	struct slot_request r = {
		.region2 = true,
		.flags = SLOT_GUEST_MEMFD,
		.gpa = 0x100000,
		.size = PAGE,
		.hva = 0x200000,
		.gmem_fd = INT32_MAX,
	};

	world_open(&w, module);
	ASSERT(!kvm_limits_probe(-1, &limits, &world_err), "%s: %s",
	       world_err.tried, world_err.why);
	EXPECT_EQ(limits.readonly, w.limits.readonly);
	EXPECT_EQ(limits.guest_memfd, w.limits.guest_memfd);
	if (w.limits.guest_memfd == CAN_NOT && limits.region2 == CAN) {
		EXPECT(request_explain(&w.state, &r, -EINVAL, &limits, why),
		       "%s", why);
		EXPECT(strstr(why, "(rule gmem-cap)"), "%s", why);
	}
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
	ADD(GPA, 0, 1, PAGE - 1, PAGE, 0x10000 - PAGE, 0x10000, 0x13000,
	    0x14000, 0x100000, gpa_end - PAGE, gpa_end - 4 * PAGE, gpa_end,
	    1ULL << 63, -PAGE, -4 * PAGE, UINT64_MAX);
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
	world_show(&w);
	world_expect_all_met(&w);
	world_close(&w);
}

/* errno-rules [--here]: --here loads no module, for a machine that is no lab */
int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(limits_are_right),
		KTAP_CASE(another_ones_limits),
		KTAP_CASE(boundary_requests),
	};

	module = world_module(argc > 1 && !strcmp(argv[1], "--here"));
	return KTAP_RUN(cases);
}
