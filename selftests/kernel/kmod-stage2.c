// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SLOTSCOPE_STAGE2 tells what KVM's page tables map, and that is the page that
 * /proc/self/pagemap has behind the slot's host address, with the rights that it should
 * have; and nothing where the guest was not, or may not be.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <linux/capability.h>
#include <pthread.h>
#include <stdatomic.h>

#include "kmod-test.h"

#include "../kselftest/guest.h"
#include "test-module/slotscope_test.h"

#define NR	 1024
#define RAM	 0x1000000ULL
#define SMM_PAGE 0x2000000ULL

static int dev, test, vm;
static char *memory;
static struct guest guest;
static struct slotscope_mapping maps[NR];

static struct slotscope_stage2 request(uint64_t gpa, uint64_t bytes)
{
	return (struct slotscope_stage2){
		.size = sizeof(struct slotscope_stage2),
		.vm_fd = vm,
		.gpa = gpa,
		.bytes = bytes,
		.mapping_addr = (uintptr_t)maps,
		.mapping_size = sizeof(maps[0]),
		.mapping_capacity = NR,
	};
}

static struct slotscope_stage2 look_as(uint32_t as_id, uint64_t gpa,
				       uint64_t bytes)
{
	struct slotscope_stage2 req = request(gpa, bytes);

	req.as_id = as_id;
	memset(maps, 0xa5, sizeof(maps));
	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_STAGE2, &req), 0);
	ASSERT(req.nr_copied <= NR, "more than there is room for");
	return req;
}

static struct slotscope_stage2 look(uint64_t gpa, uint64_t bytes)
{
	return look_as(0, gpa, bytes);
}

/* What the kernel itself has behind an address of ours; 0 for nothing */
static uint64_t host_page(const void *at)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t word = 0;

	ASSERT(fd >= 0, "pagemap: %s", strerror(errno));
	ASSERT(pread(fd, &word, 8, (uintptr_t)at / PAGE * 8) == 8, "pagemap");
	close(fd);
	return word >> 63 ? (word & ((1ULL << 55) - 1)) * PAGE : 0;
}

/* Where the mapping has that gpa */
static uint64_t hpa_of(const struct slotscope_mapping *map, uint64_t gpa)
{
	return map->hpa + (gpa - map->gpa);
}

/* kvm_amd npt=0: there are no tables by gpa */
static bool shadow;

/* One page is asked for, and is mapped to what lies under @hva */
static const struct slotscope_mapping *expect_page(uint64_t gpa,
						   const char *hva)
{
	struct slotscope_stage2 req = look(gpa, PAGE);

	ASSERT(req.nr_copied == 1, "0x%llx: %u mappings",
	       (unsigned long long)gpa, req.nr_copied);
	EXPECT_EQ(hpa_of(maps, gpa), host_page(hva));
	EXPECT(maps->gpa <= gpa && gpa < maps->gpa + maps->bytes, "gpa");
	EXPECT_EQ(maps->bytes, 1ULL << (12 + 9 * (maps->level - 1)));
	EXPECT(req.next_gpa == maps->gpa + maps->bytes, "next_gpa");
	EXPECT_EQ(!!(maps->flags & SLOTSCOPE_MAP_SHADOW), shadow);
	EXPECT(req.tables &
		       (shadow ? SLOTSCOPE_STAGE2_RMAP : SLOTSCOPE_STAGE2_TDP),
	       "tables 0x%x", req.tables);
	return maps;
}

static void expect_nothing(uint64_t gpa, uint64_t bytes)
{
	struct slotscope_stage2 req = look(gpa, bytes);

	EXPECT_EQ(req.nr_copied, 0);
	EXPECT_EQ(req.next_gpa, gpa + bytes);
}

static void make_vm(void)
{
	char *code = guest_code();

	vm = vm_create();
	vm_set(vm, GUEST_ID, 0, GUEST_CODE, GUEST_SIZE, code);
	guest = guest_create(vm, 0, false);
	vm_set(vm, 0, 0, RAM, 4 * MIB, memory);
}

static void end_vm(void)
{
	guest_close(&guest);
	close(vm);
	madvise(memory, 64 * MIB, MADV_DONTNEED);
}

static uint8_t reads(uint64_t gpa)
{
	uint8_t value;

	EXPECT_EQ(guest_read(&guest, gpa, &value), GUEST_MEMORY);
	return value;
}

static void before_a_vcpu_ran(void)
{
	struct slotscope_stage2 req;

	vm = vm_create();
	req = look(0, 1ULL << 52);
	EXPECT_EQ(req.nr_copied, 0);
	EXPECT_EQ(req.tables, 0);
	EXPECT_EQ(req.next_gpa, 1ULL << 52);
	EXPECT(req.begin_ns && req.end_ns >= req.begin_ns, "times");
	close(vm);
}

static void a_page_as_it_comes_and_goes(void)
{
	const struct slotscope_mapping *map;
	struct slotscope_stage2 req;
	uint64_t before;

	make_vm();
	madvise(memory, 4 * MIB, MADV_NOHUGEPAGE);
	expect_nothing(RAM, 4 * MIB);
	EXPECT_EQ(host_page(memory), 0);

	/* Read: the zero page, not to be written */
	reads(RAM);
	map = expect_page(RAM, memory);
	EXPECT_EQ(map->level, 1);
	EXPECT(!(map->flags & SLOTSCOPE_MAP_WRITABLE), "the zero page");
	before = map->hpa;
	/* Looking faulted nothing in */
	expect_nothing(RAM + PAGE, 4 * MIB - PAGE);
	EXPECT_EQ(host_page(memory + PAGE), 0);

	/* Written: a page of its own */
	EXPECT_EQ(guest_write(&guest, RAM, 42), GUEST_MEMORY);
	map = expect_page(RAM, memory);
	EXPECT(map->flags & SLOTSCOPE_MAP_WRITABLE, "written");
	EXPECT(map->hpa != before, "the zero page still");
	if (map->flags & SLOTSCOPE_MAP_AD)
		EXPECT(map->flags & SLOTSCOPE_MAP_DIRTY &&
			       map->flags & SLOTSCOPE_MAP_ACCESSED,
		       "dirty, accessed: 0x%x", map->flags);

	/* In order, and no other */
	EXPECT_EQ(guest_write(&guest, RAM + 7 * PAGE, 1), GUEST_MEMORY);
	EXPECT_EQ(guest_write(&guest, RAM + 3 * MIB, 1), GUEST_MEMORY);
	req = look(RAM, 4 * MIB);
	EXPECT_EQ(req.nr_copied, 3);
	EXPECT_EQ(maps[0].gpa, RAM);
	EXPECT_EQ(maps[1].gpa, RAM + 7 * PAGE);
	EXPECT_EQ(maps[2].gpa, RAM + 3 * MIB);
	EXPECT_EQ(maps[1].hpa, host_page(memory + 7 * PAGE));
	EXPECT_EQ(maps[2].hpa, host_page(memory + 3 * MIB));

	/* The host takes it away, changes its rights */
	madvise(memory, PAGE, MADV_DONTNEED);
	expect_nothing(RAM, PAGE);
	mprotect(memory + 3 * MIB, PAGE, PROT_READ);
	expect_nothing(RAM + 3 * MIB, PAGE);
	reads(RAM + 3 * MIB);
	map = expect_page(RAM + 3 * MIB, memory + 3 * MIB);
	EXPECT(!(map->flags & SLOTSCOPE_MAP_WRITABLE), "not writable");
	mprotect(memory + 3 * MIB, PAGE, PROT_READ | PROT_WRITE);
	end_vm();
}

/* As each kind of change leaves it */
static void slots_change(void)
{
	const struct slotscope_mapping *map;

	make_vm();
	guest_write(&guest, RAM, 1);
	guest_write(&guest, RAM + PAGE, 2);
	expect_page(RAM, memory);
	/* dirty log on: not to be written; after a write, it is */
	vm_set(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, RAM, 4 * MIB, memory);
	if (look(RAM, PAGE).nr_copied)
		EXPECT(!(maps->flags & SLOTSCOPE_MAP_WRITABLE), "logged");
	guest_write(&guest, RAM, 3);
	map = expect_page(RAM, memory);
	EXPECT_EQ(map->level, 1);
	EXPECT(map->flags & SLOTSCOPE_MAP_WRITABLE, "logged, and written");
	vm_set(vm, 0, 0, RAM, 4 * MIB, memory);
	/* moved */
	vm_set(vm, 0, 0, 3 * RAM, 4 * MIB, memory);
	expect_nothing(RAM, 4 * MIB);
	EXPECT_EQ(reads(3 * RAM), 3);
	expect_page(3 * RAM, memory);
	/* deleted */
	vm_set(vm, 0, 0, 0, 0, NULL);
	expect_nothing(0x100000, 1ULL << 40);
	/* read-only */
	vm_set(vm, 0, KVM_MEM_READONLY, RAM, 4 * MIB, memory);
	EXPECT_EQ(reads(RAM), 3);
	map = expect_page(RAM, memory);
	EXPECT(!(map->flags & SLOTSCOPE_MAP_WRITABLE), "read-only");
	EXPECT_EQ(guest_write(&guest, RAM, 9), GUEST_MMIO);
	expect_page(RAM, memory);
	/* other host memory */
	vm_set(vm, 0, 0, 0, 0, NULL);
	vm_set(vm, 0, 0, RAM, 4 * MIB, memory + 8 * MIB);
	EXPECT_EQ(reads(RAM), 0);
	expect_page(RAM, memory + 8 * MIB);
	end_vm();
}

static void a_huge_page(void)
{
	char *huge = (char *)(((uintptr_t)memory + 16 * MIB) & ~(2 * MIB - 1));
	const struct slotscope_mapping *map;

	make_vm();
	madvise(huge, 4 * MIB, MADV_HUGEPAGE);
	vm_set(vm, 1, 0, 4 * RAM, 4 * MIB, huge);
	huge[0] = 5;
	EXPECT_EQ(reads(4 * RAM + 77 * PAGE), 0);
	map = expect_page(4 * RAM + 77 * PAGE, huge + 77 * PAGE);
	/* By whether the host has one, and there is no npt=0 */
	ktap_diag("level %u", map->level);
	if (map->level == 2) {
		EXPECT_EQ(map->gpa, 4 * RAM);
		/* Asked from within: told whole */
		EXPECT_EQ(look(4 * RAM + MIB, MIB).nr_copied, 1);
		EXPECT_EQ(maps->gpa, 4 * RAM);
		EXPECT_EQ(maps->hpa, host_page(huge));
	}
	madvise(huge, 4 * MIB, MADV_NOHUGEPAGE);
	end_vm();
}

/* Address space 1 has tables of its own */
static void smm(void)
{
	struct guest in_smm;
	uint8_t value;

	make_vm();
	if (vm_nr_as(vm) < 2 || !vm_has(vm, KVM_CAP_X86_SMM)) {
		ktap_diag("no SMM here");
		end_vm();
		return;
	}
	reads(RAM);
	vm_set(vm, 1 << 16 | GUEST_ID, 0, GUEST_CODE, GUEST_SIZE, guest_code());
	vm_set(vm, 1 << 16 | 1, 0, SMM_PAGE, PAGE, memory + 32 * MIB);
	in_smm = guest_create(vm, 1, true);
	EXPECT_EQ(guest_write(&in_smm, SMM_PAGE, 17), GUEST_MEMORY);
	EXPECT_EQ(guest_read(&in_smm, SMM_PAGE, &value), GUEST_MEMORY);
	EXPECT_EQ(value, 17);
	EXPECT_EQ(look_as(1, SMM_PAGE, PAGE).nr_copied, 1);
	EXPECT_EQ(maps->hpa, host_page(memory + 32 * MIB));
	expect_nothing(SMM_PAGE, PAGE);
	EXPECT_EQ(look_as(1, RAM, PAGE).nr_copied, 0);
	EXPECT_EQ(look_as(0, RAM, PAGE).nr_copied, 1);
	guest_close(&in_smm);
	end_vm();
}

/* In pieces, and with an array that is too small: all the same */
static void pieces(void)
{
	struct slotscope_stage2 req;
	unsigned int i, nr = 0;
	uint64_t at = RAM;

	make_vm();
	madvise(memory, 4 * MIB, MADV_NOHUGEPAGE);
	for (i = 0; i < 700; i++)
		guest_write(&guest, RAM + i * PAGE, i);
	req = look(RAM, 4 * MIB);
	EXPECT_EQ(req.nr_copied, 700);
	EXPECT_EQ(req.next_gpa, RAM + 4 * MIB);
	for (i = 0; i < 700; i++)
		if (maps[i].gpa != RAM + i * PAGE ||
		    maps[i].hpa != host_page(memory + i * PAGE))
			break;
	EXPECT_EQ(i, 700);
	while (at < RAM + 4 * MIB) {
		req = request(at, RAM + 4 * MIB - at);
		req.mapping_capacity = 3;
		ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_STAGE2, &req), 0);
		ASSERT(req.nr_copied <= 3 && req.next_gpa > at, "no progress");
		for (i = 0; i < req.nr_copied; i++, nr++)
			if (maps[i].gpa != RAM + nr * PAGE)
				ktap_diag("%u: wrong", nr);
		at = req.next_gpa;
	}
	EXPECT_EQ(nr, 700);
	end_vm();
}

static uint64_t damage(uint64_t gpa, uint64_t value)
{
	struct test_damage damage = { .vm_fd = vm,
				      .what = DAMAGE_SPTE,
				      .id = gpa / PAGE,
				      .value = value };

	ASSERT(!ioctl(test, TEST_DAMAGE, &damage), "damage: %s",
	       strerror(errno));
	return damage.value;
}

/* What stands in KVM's own entry is what is told, whatever it is */
static void an_entry_is_told_as_it_is(void)
{
	uint64_t old, right;

	make_vm();
	madvise(memory, 4 * MIB, MADV_NOHUGEPAGE);
	guest_write(&guest, RAM, 1);
	guest_write(&guest, RAM + PAGE, 2);
	right = expect_page(RAM, memory)->spte;
	old = damage(RAM,
		     (right & ~0xffffffff000ULL) | host_page(memory + PAGE));
	EXPECT_EQ(old, right);
	EXPECT_EQ(look(RAM, PAGE).nr_copied, 1);
	EXPECT_EQ(maps->hpa, host_page(memory + PAGE));
	damage(RAM, right & ~2ULL);
	EXPECT_EQ(look(RAM, PAGE).nr_copied, 1);
	EXPECT(!(maps->flags & SLOTSCOPE_MAP_WRITABLE), "W taken away");
	damage(RAM, right);
	expect_page(RAM, memory);
	end_vm();
}

static int without_capability(void)
{
	struct slotscope_stage2 req = request(RAM, PAGE);
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = {};

	/* The descriptor was opened by one who may */
	if (syscall(SYS_capset, &header, data))
		return 100;
	return ioctl(dev, SLOTSCOPE_STAGE2, &req) ? errno : 0;
}

static void the_request(void)
{
	struct slotscope_stage2 ok, req;
	int status;
	pid_t pid;

	make_vm();
	reads(RAM);
	ok = request(RAM, PAGE);
#define TRY(error, change)                                               \
	do {                                                             \
		req = ok;                                                \
		change;                                                  \
		EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_STAGE2, &req), error); \
	} while (0)
	TRY(EINVAL, req.size = 8);
	TRY(E2BIG, req.size = 5000);
	TRY(EINVAL, req.flags = 1);
	TRY(EINVAL, req.reserved = 1);
	TRY(EINVAL, req.gpa++);
	TRY(EINVAL, req.bytes = 1);
	TRY(EINVAL, req.gpa = 1ULL << 52);
	TRY(EINVAL, req.bytes = -PAGE);
	TRY(EINVAL, req.gpa = -PAGE);
	TRY(EINVAL, req.as_id = vm_nr_as(vm));
	TRY(EINVAL, req.as_id = -1);
	TRY(EINVAL, req.mapping_capacity = 0);
	TRY(EINVAL, req.mapping_size = 8);
	TRY(EINVAL, req.mapping_size = 42);
	TRY(EINVAL, req.mapping_size = 8192);
	TRY(EFAULT, req.mapping_addr = 8);
	TRY(EFAULT, req.mapping_addr = -8ULL);
	TRY(EBADF, req.vm_fd = -1);
	TRY(EBADFD, req.vm_fd = dev);
	TRY(EBADFD, req.vm_fd = guest.fd);
	TRY(0, req.bytes = 0);
	EXPECT_EQ(req.nr_copied, 0);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_STAGE2, NULL), EFAULT);
	/* As much as a u32 can say, at an address where not all of it fits */
	TRY(0, req.mapping_capacity = -1);
	EXPECT_EQ(req.nr_copied, 1);
	pid = fork();
	if (!pid)
		_exit(without_capability());
	waitpid(pid, &status, 0);
	EXPECT_EQ(WEXITSTATUS(status), EPERM);
	end_vm();
}

static atomic_bool over;

/* What is there is not known; it must make sense, and end */
static void *stare(void *unused)
{
	struct slotscope_mapping mine[64];
	uint64_t wrong = 0;
	unsigned int i;

	while (!over) {
		struct slotscope_stage2 req = request(0, 1ULL << 52);

		req.mapping_addr = (uintptr_t)mine;
		req.mapping_capacity = 64;
		if (ioctl(dev, SLOTSCOPE_STAGE2, &req)) {
			wrong += errno != EBADF && errno != EBADFD;
			continue;
		}
		for (i = 0; i < req.nr_copied; i++)
			wrong += mine[i].level < 1 || mine[i].level > 3 ||
				 !mine[i].hpa || mine[i].gpa % mine[i].bytes;
	}
	return (void *)wrong;
}

/* VMs, their slots and their pages come and go while others look */
static void hostile(void)
{
	pthread_t thread[3];
	unsigned int i, n;
	void *wrong;

	over = false;
	vm = -1;
	for (i = 0; i < 3; i++)
		ASSERT(!pthread_create(&thread[i], NULL, stare, NULL),
		       "pthread_create");
	for (n = 0; n < 12; n++) {
		make_vm();
		for (i = 0; i < 40; i++) {
			guest_write(&guest, RAM + i % 9 * PAGE, i);
			if (i % 4 == 1)
				madvise(memory, 4 * MIB, MADV_DONTNEED);
			if (i % 4 == 2)
				vm_set(vm, 0, 0, (i & 4 ? 1 : 3) * RAM, 4 * MIB,
				       memory);
			if (i % 4 == 3)
				vm_set(vm, 0, 0, RAM, 4 * MIB, memory);
		}
		end_vm();
	}
	over = true;
	for (i = 0; i < 3; i++) {
		pthread_join(thread[i], &wrong);
		EXPECT_EQ((uintptr_t)wrong, 0);
	}
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(before_a_vcpu_ran),
		KTAP_CASE(a_page_as_it_comes_and_goes),
		KTAP_CASE(slots_change),
		KTAP_CASE(a_huge_page),
		KTAP_CASE(smm),
		KTAP_CASE(pieces),
		KTAP_CASE(an_entry_is_told_as_it_is),
		KTAP_CASE(the_request),
		KTAP_CASE(hostile),
	};

	need_module_and_kvm();
	shadow = !system("grep -q N /sys/module/kvm_amd/parameters/npt");
	test = test_module_open(TEST_DEVICE);
	dev = dev_open();
	memory = guest_memory(64 * MIB);
	return KTAP_RUN(cases);
}
