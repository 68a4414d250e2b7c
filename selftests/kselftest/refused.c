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
	int older_error; /* of older kernels, where it is another one */
};

/* What it takes to break a rule */
enum need {
	ANY_VM,
	REGION2,    /* a kernel that has that ioctl */
	NO_REGION2, /* one that does not */
	NO_GMEM,    /* that ioctl, and a VM that can have no guest_memfd */
	GMEM,	    /* a VM that can */
	READONLY,   /* a VM that can have read-only slots */
	NOT_HERE,   /* a VM that can have none; a host of 32 bits */
};

static struct rule {
	const char *name;
	enum need need;
	bool met;
} rules[] = {
	{ .name = "region2", .need = NO_REGION2 },
	{ .name = "v1-flags", .need = REGION2 },
	{ .name = "slot-id", .need = ANY_VM },
	{ .name = "flags", .need = ANY_VM },
	{ .name = "gmem-cap", .need = NO_GMEM },
	{ .name = "gmem-dirty", .need = GMEM },
	{ .name = "gmem-readonly", .need = GMEM },
	{ .name = "readonly-cap", .need = NOT_HERE },
	{ .name = "size-align", .need = ANY_VM },
	{ .name = "gpa-align", .need = ANY_VM },
	{ .name = "hva-align", .need = ANY_VM },
	{ .name = "hva-range", .need = ANY_VM },
	{ .name = "gmem-align", .need = GMEM },
	{ .name = "gmem-wrap", .need = GMEM },
	{ .name = "as-id", .need = ANY_VM },
	{ .name = "gpa-wrap", .need = ANY_VM },
	{ .name = "max-pages", .need = ANY_VM },
	{ .name = "delete-absent", .need = ANY_VM },
	{ .name = "total-pages", .need = NOT_HERE },
	{ .name = "gmem-immutable", .need = GMEM },
	{ .name = "hva-changed", .need = ANY_VM },
	{ .name = "size-changed", .need = ANY_VM },
	{ .name = "readonly-changed", .need = READONLY },
	{ .name = "gmem-dropped", .need = GMEM },
	{ .name = "overlap", .need = ANY_VM },
	{ .name = "gmem-fd", .need = GMEM },
	{ .name = "gmem-foreign", .need = GMEM },
	{ .name = "gmem-end", .need = GMEM },
	{ .name = "gmem-bound", .need = GMEM },
	{ .name = "gpa-range", .need = ANY_VM },
};

#define NR_RULES (sizeof(rules) / sizeof(rules[0]))

static struct rule *rule_of(const char *name)
{
	for (size_t i = 0; i < NR_RULES; i++)
		if (!strcmp(rules[i].name, name))
			return &rules[i];
	ktap_bail("no rule is called %s", name);
}

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
	right = EXPECT(error == r->error ||
			       (r->older_error && error == r->older_error),
		       "rule %s: %s, not %s", r->rule,
		       error ? strerror(error) : "accepted",
		       strerror(r->error));
	if (right)
		right = r->region2 ?
				EXPECT_MEMSLOT_RULE(w.vm, &r->region, error,
						    r->rule) :
				EXPECT_MEMSLOT_RULE(w.vm, &v1, error, r->rule);
	rule_of(r->rule)->met |= right;
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
static void begin_vm(int vm)
{
	world_open_vm(&w, vm);
	ram = guest_memory(2 * MIB);
	WORLD_SET(&w, .slot = 0, .guest_phys_addr = MIB, .memory_size = MIB,
		  .userspace_addr = (uintptr_t)ram);
	if (vm_has(w.vm, KVM_CAP_READONLY_MEM))
		WORLD_SET(&w, .slot = 1, .flags = KVM_MEM_READONLY,
			  .guest_phys_addr = 3 * MIB, .memory_size = MIB,
			  .userspace_addr = (uintptr_t)ram + MIB);
}

static void begin(void)
{
	begin_vm(vm_create());
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
	/* the other address space has its own */
	if (w.nr_as > 1)
		ALL_REFUSED(
			{ "overlap", EEXIST,
			  .region = { .slot = 1 << 16, AT(GUEST_CODE, PAGE) } },
			{ "delete-absent", EINVAL,
			  .region = { .slot = 1 << 16 } });
	end();
}

static void by_what_it_is(void)
{
	begin();
	ALL_REFUSED({ "hva-changed", EINVAL,
		      .region = { .slot = 0,
				  .guest_phys_addr = MIB,
				  .memory_size = MIB,
				  .userspace_addr = (uintptr_t)ram + PAGE } },
		    { "size-changed", EINVAL,
		      .region = { .slot = 0, AT(MIB, MIB / 2) } },
		    { "size-changed", EINVAL,
		      .region = { .slot = 0, AT(MIB, MIB + PAGE) } },
		    { "gpa-range", EINVAL,
		      .region = { .slot = 0, AT(1ULL << 60, MIB) },
		      .swaps = 2 });
	if (vm_has(w.vm, KVM_CAP_READONLY_MEM))
		ALL_REFUSED(
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
			  .region = { .slot = 0, AT(4 * MIB - PAGE, MIB) } });
	end();
}

static void by_its_guest_memfd(void)
{
	struct kvm_create_guest_memfd create = { .size = MIB };
	const __u32 gmem = KVM_MEM_GUEST_MEMFD;
	struct slotscope_expect slot;
	int other_vm, other, fd, null;

	begin_vm(world_vm_with_gmem());
	SKIP_IF(!vm_has(w.vm, KVM_CAP_GUEST_MEMFD),
		"this VM can have no guest_memfd");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	fd = ioctl(w.vm, KVM_CREATE_GUEST_MEMFD, &create);
	ASSERT(fd >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));
	other_vm = world_vm_with_gmem();
	other = ioctl(other_vm, KVM_CREATE_GUEST_MEMFD, &create);
	ASSERT(other >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));
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
		{ "gmem-foreign", EINVAL, .region2 = true,
		  .region = { .slot = 2,
			      .flags = gmem,
			      AT(8 * MIB, PAGE),
			      .guest_memfd = other } },
		{ "gmem-bound", EEXIST, .region2 = true, .older_error = EINVAL,
		  .region = { .slot = 2,
			      .flags = gmem,
			      AT(8 * MIB, 2 * PAGE),
			      .guest_memfd = fd,
			      .guest_memfd_offset = MIB / 2 - PAGE } },
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
	close(other);
	close(other_vm);
	WORLD_SET(&w, .slot = 3);
	close(fd);
	end();
}

/* A plain VM that can have none, though the kernel knows what it is */
static void by_want_of_guest_memfd(void)
{
	begin();
	SKIP_IF(!vm_has(w.vm, KVM_CAP_USER_MEMORY2),
		"no KVM_SET_USER_MEMORY_REGION2");
	SKIP_IF(vm_has(w.vm, KVM_CAP_GUEST_MEMFD),
		"each VM can have guest_memfd");
	ALL_REFUSED({ "gmem-cap", EINVAL, .region2 = true,
		      .region = { .slot = 2,
				  .flags = KVM_MEM_GUEST_MEMFD,
				  AT(8 * MIB, MIB) } });
	end();
}

static bool can_be_met(int vm, enum need need)
{
	bool region2 = vm_has(vm, KVM_CAP_USER_MEMORY2), gmem;

	switch (need) {
	case ANY_VM:
		return true;
	case REGION2:
		return region2;
	case NO_REGION2:
		return !region2;
	case NO_GMEM:
		return region2 && !vm_has(vm, KVM_CAP_GUEST_MEMFD);
	case GMEM:
		vm = world_vm_with_gmem();
		gmem = vm_has(vm, KVM_CAP_GUEST_MEMFD);
		close(vm);
		return gmem;
	case READONLY:
		return vm_has(vm, KVM_CAP_READONLY_MEM);
	case NOT_HERE:
		return false;
	}
	return true;
}

static void each_rule_was_met(void)
{
	int vm = vm_create();

	for (size_t i = 0; i < NR_RULES; i++) {
		if (can_be_met(vm, rules[i].need))
			EXPECT(rules[i].met, "rule %s was not met",
			       rules[i].name);
		else
			ktap_diag("rule %s cannot be met here", rules[i].name);
	}
	close(vm);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(by_its_words),
		KTAP_CASE(by_its_flags),
		KTAP_CASE(by_another_slot),
		KTAP_CASE(by_what_it_is),
		KTAP_CASE(by_its_guest_memfd),
		KTAP_CASE(by_want_of_guest_memfd),
		KTAP_CASE(each_rule_was_met),
	};

	world_need();
	return KTAP_RUN(cases);
}
