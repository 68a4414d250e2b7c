// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every rule by which KVM refuses a slot: the errno, the rule's name, and that
 * nothing has changed, not even the generation.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "world.h"

static struct world w;
static char *ram;

/* KVM's own word for a request; REGION2 where a rule is about that */
struct refusal {
	const char *rule;
	int error;
	bool region2;
	struct kvm_userspace_memory_region2 region;
	/* A move is refused late, with the slot already taken out: put back */
	unsigned int swaps;
};

static bool refused(const struct refusal *r)
{
	struct kvm_userspace_memory_region v1;
	bool right;
	int error;

	memcpy(&v1, &r->region, sizeof(v1));
	error = (r->region2 ?
			 ioctl(w.vm, KVM_SET_USER_MEMORY_REGION2, &r->region) :
			 ioctl(w.vm, KVM_SET_USER_MEMORY_REGION, &v1)) ?
			errno :
			0;
	right = EXPECT(error == r->error, "rule %s: %s, not %s", r->rule,
		       error ? strerror(error) : "accepted",
		       strerror(r->error));
	if (right)
		right = r->region2 ?
				EXPECT_MEMSLOT_RULE(w.vm, &r->region, error,
						    r->rule) :
				EXPECT_MEMSLOT_RULE(w.vm, &v1, error, r->rule);
	return EXPECT(right & world_check(&w, r->swaps, 0), "after rule %s",
		      r->rule);
}

static void all_refused(struct refusal *refusals, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		refused(&refusals[i]);
}

#define ALL_REFUSED(...)                                        \
	all_refused((struct refusal[]){ __VA_ARGS__ },          \
		    sizeof((struct refusal[]){ __VA_ARGS__ }) / \
			    sizeof(struct refusal))

/* Slot 0: plain, 1 MiB at 1 MiB; 1: read-only, 1 MiB at 3 MiB */
static void begin(void)
{
	world_open(&w);
	ram = guest_memory(2 * MIB);
	WORLD_SET(&w, .slot = 0, .guest_phys_addr = MIB, .memory_size = MIB,
		  .userspace_addr = (uintptr_t)ram);
	if (vm_has(w.vm, KVM_CAP_READONLY_MEM))
		WORLD_SET(&w, .slot = 1, .flags = KVM_MEM_READONLY,
			  .guest_phys_addr = 3 * MIB, .memory_size = MIB,
			  .userspace_addr = (uintptr_t)ram + MIB);
}

static void end(void)
{
	munmap(ram, 2 * MIB);
	world_close(&w);
}

#define AT(gpa, bytes)                                    \
	.guest_phys_addr = (gpa), .memory_size = (bytes), \
	.userspace_addr = (uintptr_t)ram

static void by_its_words(void)
{
	begin();
	ALL_REFUSED({ "slot-id", EINVAL,
		      .region = { .slot = vm_has(w.vm, KVM_CAP_NR_MEMSLOTS),
				  AT(8 * MIB, MIB) } },
		    { "slot-id", EINVAL,
		      .region = { .slot = 0xffff, AT(8 * MIB, MIB) } },
		    { "size-align", EINVAL,
		      .region = { .slot = 2, AT(8 * MIB, PAGE - 1) } },
		    { "gpa-align", EINVAL,
		      .region = { .slot = 2, AT(8 * MIB + 1, PAGE) } },
		    { "hva-align", EINVAL,
		      .region = { .slot = 2,
				  .guest_phys_addr = 8 * MIB,
				  .memory_size = PAGE,
				  .userspace_addr = (uintptr_t)ram + 8 } },
		    { "hva-range", EINVAL,
		      .region = { .slot = 2,
				  .guest_phys_addr = 8 * MIB,
				  .memory_size = PAGE,
				  .userspace_addr = -PAGE } },
		    { "hva-range", EINVAL,
		      .region = { .slot = 2,
				  .guest_phys_addr = 8 * MIB,
				  .memory_size = PAGE,
				  .userspace_addr = 1ULL << 63 } },
		    { "as-id", EINVAL,
		      .region = { .slot = w.nr_as << 16, AT(8 * MIB, PAGE) } },
		    { "gpa-wrap", EINVAL,
		      .region = { .slot = 2, AT(-PAGE, 2 * PAGE) } },
		    { "max-pages", EINVAL,
		      .region = { .slot = 2,
				  .guest_phys_addr = 8 * MIB,
				  .memory_size = PAGE << 31,
				  .userspace_addr = 0 } },
		    { "gpa-range", EINVAL,
		      .region = { .slot = 2, AT(1ULL << 60, PAGE) } });
	end();
}

static void by_its_flags(void)
{
	bool region2;

	begin();
	region2 = vm_has(w.vm, KVM_CAP_USER_MEMORY2);
	ALL_REFUSED({ region2 ? "v1-flags" : "flags", EINVAL,
		      .region = { .slot = 2,
				  .flags = 1U << 31,
				  AT(8 * MIB, PAGE) } },
		    { region2 ? "flags" : "region2", region2 ? EINVAL : ENOTTY,
		      .region2 = true,
		      .region = { .slot = 2,
				  .flags = 1U << 31,
				  AT(8 * MIB, PAGE) } });
	end();
}

static void by_another_slot(void)
{
	begin();
	/* its first page, its last page, the whole, within, and on itself */
	ALL_REFUSED({ "overlap", EEXIST,
		      .region = { .slot = 2, AT(MIB, PAGE) } },
		    { "overlap", EEXIST,
		      .region = { .slot = 2, AT(2 * MIB - PAGE, 2 * PAGE) } },
		    { "overlap", EEXIST,
		      .region = { .slot = 2, AT(MIB - PAGE, 2 * MIB) } },
		    { "overlap", EEXIST,
		      .region = { .slot = 2, AT(MIB + PAGE, PAGE) } },
		    { "delete-absent", EINVAL, .region = { .slot = 2 } },
		    { "delete-absent", EINVAL, .region = { .slot = 50 } });
	end();
}

static void by_what_it_is(void)
{
	begin();
	SKIP_IF(w.nr < w.nr_as + 2, "no read-only slots");
	ALL_REFUSED({ "hva-changed", EINVAL,
		      .region = { .slot = 0,
				  .guest_phys_addr = MIB,
				  .memory_size = MIB,
				  .userspace_addr = (uintptr_t)ram + PAGE } },
		    { "size-changed", EINVAL,
		      .region = { .slot = 0, AT(MIB, MIB / 2) } },
		    { "size-changed", EINVAL,
		      .region = { .slot = 0, AT(MIB, MIB + PAGE) } },
		    { "readonly-changed", EINVAL,
		      .region = { .slot = 0,
				  .flags = KVM_MEM_READONLY,
				  AT(MIB, MIB) } },
		    { "readonly-changed", EINVAL,
		      .region = { .slot = 1,
				  .guest_phys_addr = 3 * MIB,
				  .memory_size = MIB,
				  .userspace_addr = (uintptr_t)ram + MIB } },
		    /* moved onto the other one */
		    { "overlap", EEXIST,
		      .region = { .slot = 0, AT(4 * MIB - PAGE, MIB) } },
		    { "gpa-range", EINVAL,
		      .region = { .slot = 0, AT(1ULL << 60, MIB) },
		      .swaps = 2 });
	end();
}

static void by_its_guest_memfd(void)
{
	struct kvm_create_guest_memfd create = { .size = MIB };
	const __u32 gmem = KVM_MEM_GUEST_MEMFD;
	struct slotscope_expect slot;
	int fd, null;

	begin();
	if (!vm_has(w.vm, KVM_CAP_GUEST_MEMFD)) {
		if (vm_has(w.vm, KVM_CAP_USER_MEMORY2))
			ALL_REFUSED({ "gmem-cap", EINVAL, .region2 = true,
				      .region = { .slot = 2,
						  .flags = gmem,
						  AT(8 * MIB, MIB) } });
		SKIP("this VM can have no guest_memfd");
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	fd = ioctl(w.vm, KVM_CREATE_GUEST_MEMFD, &create);
	ASSERT(fd >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));
	slot = (struct slotscope_expect){
		.slot = 3,
		.flags = gmem,
		AT(16 * MIB, MIB / 2),
		.guest_memfd = fd,
	};
	world_set(&w, &slot);
	ALL_REFUSED(
		{ "v1-flags", EINVAL,
		  .region = { .slot = 2, .flags = gmem, AT(8 * MIB, PAGE) } },
		{ "gmem-dirty", EINVAL, .region2 = true,
		  .region = { .slot = 2,
			      .flags = gmem | KVM_MEM_LOG_DIRTY_PAGES,
			      AT(8 * MIB, PAGE) } },
		{ "gmem-readonly", EINVAL, .region2 = true,
		  .region = { .slot = 2,
			      .flags = gmem | KVM_MEM_READONLY,
			      AT(8 * MIB, PAGE) } },
		{ "gmem-align", EINVAL, .region2 = true,
		  .region = { .slot = 2,
			      .flags = gmem,
			      AT(8 * MIB, PAGE),
			      .guest_memfd = fd,
			      .guest_memfd_offset = 1 } },
		{ "gmem-wrap", EINVAL, .region2 = true,
		  .region = { .slot = 2,
			      .flags = gmem,
			      AT(8 * MIB, PAGE),
			      .guest_memfd = fd,
			      .guest_memfd_offset = -PAGE } },
		{ "gmem-immutable", EINVAL, .region2 = true,
		  .region = { .slot = 3,
			      .flags = gmem,
			      AT(8 * MIB, MIB / 2),
			      .guest_memfd = fd } },
		{ "gmem-dropped", EINVAL,
		  .region = { .slot = 3, AT(16 * MIB, MIB / 2) } },
		{ "gmem-fd", EBADF, .region2 = true,
		  .region = { .slot = 2,
			      .flags = gmem,
			      AT(8 * MIB, PAGE),
			      .guest_memfd = INT32_MAX } },
		{ "gmem-foreign", EINVAL, .region2 = true,
		  .region = { .slot = 2,
			      .flags = gmem,
			      AT(8 * MIB, PAGE),
			      .guest_memfd = null } },
		{ "gmem-end", EINVAL, .region2 = true,
		  .region = { .slot = 2,
			      .flags = gmem,
			      AT(8 * MIB, MIB),
			      .guest_memfd = fd,
			      .guest_memfd_offset = PAGE } },
		{ "overlap", EEXIST, .region2 = true,
		  .region = { .slot = 2,
			      .flags = gmem,
			      AT(16 * MIB, PAGE),
			      .guest_memfd = fd,
			      .guest_memfd_offset = MIB / 2 } });
	close(null);
	WORLD_SET(&w, .slot = 3);
	close(fd);
	end();
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(by_its_words),       KTAP_CASE(by_its_flags),
		KTAP_CASE(by_another_slot),    KTAP_CASE(by_what_it_is),
		KTAP_CASE(by_its_guest_memfd),
	};

	world_need();
	return KTAP_RUN(cases);
}
