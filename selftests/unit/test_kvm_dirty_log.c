// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * No page that the guest wrote to is lost while slots come and go under it. KVM is
 * played here: whenever it is called, and while a commit is under way, a guest
 * writes to a page, if vCPUs may be in KVM then.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>

#include "kvm/dirty_log.h"
#include "kvm/exits.h"
#include "memory_make.h"

#define PAGE	  DIRTY_PAGE_SIZE
#define PAGES	  4096 /* of each RAMBlock */
#define HOLE	  (PAGES / 2 * PAGE)
#define HIGH	  0x10000000ULL
#define SLOTS	  16
#define RING_SIZE 1024
#define FLIPS	  61

/* What KVM has of a slot */
struct fake_slot {
	gpa_t gpa;
	uint64_t pages;
	uint32_t flags;
	uint64_t bits[PAGES / 64];
};

static struct fake_slot fakes[SLOTS];
static struct kvm_dirty_gfn ring[RING_SIZE];
static uint32_t ring_head;
static int get_error;	/* of the next KVM_GET_DIRTY_LOG */
static bool refuse_log; /* as KVM does for a guest_memfd */

/* The board: two pieces of RAM, in the lower of which a hole can be made */
static struct kvm_state kvm;
static struct big_lock lock;
static struct kvm_io_listener events;
static struct vcpu cpu;
static struct vcpus cpus;
static struct kvm_fault fault;
static struct kvm_memory_listener slots;
static struct memory_listener *meddler;
static struct dirty_log dirty;
static struct memory_model *model;
static struct memory_region *system_memory, *low, *high, *hole;
static struct address_space *as;

/* The guest: it writes to each page once, so that none is told for another's sake */
static bool runs;
static unsigned int next_page;
static unsigned int written[2];
static bool wrote[2][PAGES];

static struct fake_slot *fake_at(gpa_t gpa)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (fakes[i].pages && gpa >= fakes[i].gpa &&
		    gpa - fakes[i].gpa < fakes[i].pages * PAGE)
			return &fakes[i];
	return NULL;
}

static void push(uint32_t slot, uint64_t offset)
{
	struct kvm_dirty_gfn *entry = &ring[ring_head++ % RING_SIZE];

	assert_int_equal(entry->flags, 0);
	*entry = (struct kvm_dirty_gfn){ KVM_DIRTY_GFN_F_DIRTY, slot, offset };
}

static void write_page(bool in_high, unsigned int page)
{
	gpa_t gpa = (in_high ? HIGH : 0) + page * PAGE;
	struct fake_slot *fake = fake_at(gpa);
	uint64_t at;

	if (!fake || !(fake->flags & KVM_MEM_LOG_DIRTY_PAGES))
		return;
	at = (gpa - fake->gpa) / PAGE;
	if (kvm.dirty == KVM_DIRTY_RING)
		push(fake - fakes, at);
	else
		fake->bits[at / 64] |= 1ULL << at % 64;
	wrote[in_high][page] = true;
	written[in_high]++;
}

/* All over the RAM, from its ends to the hole */
static void guest_runs(void)
{
	unsigned int n = next_page;

	if (!runs || cpus.closed || n >= PAGES)
		return;
	next_page++;
	write_page(false, n % 2 ? PAGES - 1 - n / 2 : n / 2);
	write_page(true, n);
}

static int set_region(const struct kvm_userspace_memory_region *r)
{
	struct fake_slot *fake = &fakes[r->slot];

	assert_true(r->slot < SLOTS);
	assert_true(r->memory_size / PAGE <= PAGES);
	if (refuse_log && r->flags & KVM_MEM_LOG_DIRTY_PAGES) {
		errno = EINVAL;
		return -1;
	}
	if (fake->pages != r->memory_size / PAGE ||
	    !(r->flags & KVM_MEM_LOG_DIRTY_PAGES))
		memset(fake, 0, sizeof(*fake));
	fake->gpa = r->guest_phys_addr;
	fake->pages = r->memory_size / PAGE;
	fake->flags = r->flags;
	return 0;
}

static int get_log(const struct kvm_dirty_log *log)
{
	struct fake_slot *fake = &fakes[log->slot];
	size_t bytes = (fake->pages + 63) / 64 * 8;

	if (get_error || !(fake->flags & KVM_MEM_LOG_DIRTY_PAGES)) {
		errno = get_error ? get_error : ENOENT;
		return -1;
	}
	memcpy(log->dirty_bitmap, fake->bits, bytes);
	if (kvm.dirty == KVM_DIRTY_BITMAP)
		memset(fake->bits, 0, bytes);
	return 0;
}

static int clear_log(const struct kvm_clear_dirty_log *log)
{
	const uint64_t *bits = log->dirty_bitmap;
	struct fake_slot *fake = &fakes[log->slot];

	assert_int_equal(log->first_page % 64, 0);
	assert_true(log->first_page + log->num_pages <= fake->pages);
	for (uint64_t i = 0; i < (log->num_pages + 63) / 64; i++)
		fake->bits[log->first_page / 64 + i] &= ~bits[i];
	return 0;
}

static int reset_rings(void)
{
	int nr = 0;

	for (size_t i = 0; i < RING_SIZE; i++)
		if (ring[i].flags & KVM_DIRTY_GFN_F_RESET) {
			ring[i].flags = 0;
			nr++;
		}
	return nr;
}

/* In libc's stead */
int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;
	int ret;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	guest_runs();
	switch (request) {
	case KVM_SET_USER_MEMORY_REGION:
		ret = set_region(arg);
		break;
	case KVM_GET_DIRTY_LOG:
		ret = get_log(arg);
		break;
	case KVM_CLEAR_DIRTY_LOG:
		ret = clear_log(arg);
		break;
	case KVM_RESET_DIRTY_RINGS:
		ret = reset_rings();
		break;
	default:
		errno = ENOTTY;
		return -1;
	}
	guest_runs();
	return ret;
}

/* Between what the slots' listener is told, and when it acts on it */
static void meddle(void *opaque)
{
	guest_runs();
}

static void meddle_at(void *opaque, const struct memory_region_section *section)
{
	guest_runs();
}

static const struct memory_listener_ops meddler_ops = {
	.begin = meddle,
	.commit = meddle,
	.region_add = meddle_at,
	.region_del = meddle_at,
};

static struct memory_region *make_migratable(const char *name, hva_t hva)
{
	struct ram_block_options ram = { .hva = hva, .flags = RAM_MIGRATABLE };
	struct memory_region *region;

	MUST(memory_region_create_ram(model, name, PAGES * PAGE, &ram, &region,
				      &error));
	return region;
}

static void make_board(enum kvm_dirty_mode mode, bool queue)
{
	runs = refuse_log = false;
	next_page = written[0] = written[1] = ring_head = get_error = 0;
	memset(wrote, 0, sizeof(wrote));
	memset(fakes, 0, sizeof(fakes));
	memset(ring, 0, sizeof(ring));
	big_lock_init(&lock);
	big_lock(&lock);
	model = make_model();
	system_memory = make_container(model, "system", MEMORY_SIZE_2_64);
	as = make_as(model, "as", system_memory);
	low = make_migratable("low", 0x7f0000000000);
	high = make_migratable("high", 0x7f1000000000);
	hole = make_io(model, "hole", PAGE);
	map(system_memory, 0, 0, low);
	map(system_memory, HIGH, 0, high);
	map(system_memory, HOLE, 1, hole);
	MUST(memory_region_set_enabled(hole, false, &error));
	kvm = (struct kvm_state){
		.dirty = mode,
		.queue_slots = queue,
		.nr_slots = SLOTS,
		.ring_size = mode == KVM_DIRTY_RING ? RING_SIZE : 0,
	};
	events = (struct kvm_io_listener){ .memory = as };
	cpu = (struct vcpu){ .set = &cpus, .ring = ring };
	cpus = (struct vcpus){
		.kvm = &kvm,
		.lock = &lock,
		.events = &events,
		.cpus = &cpu,
		.nr = 1,
		.gate = PTHREAD_MUTEX_INITIALIZER,
		.gate_moved = PTHREAD_COND_INITIALIZER,
	};
	MUST(kvm_memory_listener_register(&slots, &kvm, as, &fault, &error));
	slots.cpus = &cpus;
	MUST(memory_listener_register(as, "meddler", 5, &meddler_ops, NULL,
				      &meddler, &error));
	MUST(dirty_log_register(&dirty, &kvm, &slots, &cpus, &error));
}

static void free_board(void)
{
	runs = false;
	dirty_log_unregister(&dirty);
	memory_listener_unregister(meddler);
	kvm_memory_listener_unregister(&slots);
	memory_model_destroy(model);
	big_unlock(&lock);
	big_lock_deinit(&lock);
}

/* Each page that was written to is told, and no other */
static void expect_all(bool in_high)
{
	const struct ram_block *block =
		memory_region_info(in_high ? high : low)->ram_block;
	uint64_t page = 0, nr;
	unsigned int told = 0;

	while ((nr = dirty_pages_next(&dirty.pages, DIRTY_MEMORY_MIGRATION,
				      block, &page))) {
		for (; nr; nr--, page++, told++)
			if (!wrote[in_high][page])
				fail_msg("page %u of %s was not written to",
					 (unsigned int)page, block->idstr);
	}
	assert_int_equal(told, written[in_high]);
}

static void flip(bool make)
{
	MUST(memory_region_set_enabled(hole, make, &error));
}

static void start_logging(void)
{
	MUST(memory_global_dirty_log_start(model, 1, &error));
	dirty_log_clear(&dirty, model, DIRTY_MEMORY_MIGRATION);
}

static void sync_all(void)
{
	/* Or there would be no end */
	runs = false;
	memory_global_dirty_log_sync(model);
	assert_int_equal(dirty.lost.code, 0);
}

static void check_flips(enum kvm_dirty_mode mode, bool queue)
{
	make_board(mode, queue);
	start_logging();
	runs = true;
	for (int i = 0; i < FLIPS; i++)
		flip(i % 2);
	assert_true(written[0] > FLIPS && written[1] > FLIPS);
	sync_all();
	expect_all(false);
	expect_all(true);
	free_board();
}

static void test_flips(void **state)
{
	for (int queue = 0; queue < 2; queue++) {
		check_flips(KVM_DIRTY_BITMAP, queue);
		check_flips(KVM_DIRTY_CLEAR, queue);
		check_flips(KVM_DIRTY_RING, queue);
	}
}

/* RAM that goes altogether, and RAM that gets the number of its slot */
static void check_move(enum kvm_dirty_mode mode, bool queue)
{
	make_board(mode, queue);
	start_logging();
	runs = true;
	for (int i = 0; i < FLIPS; i++) {
		unmap(system_memory, i % 2 ? high : low);
		guest_runs();
		memory_model_begin(model);
		unmap(system_memory, i % 2 ? low : high);
		map(system_memory, i % 2 ? HIGH : 0, 0, i % 2 ? high : low);
		MUST(memory_model_commit(model, &error));
		guest_runs();
		map(system_memory, i % 2 ? 0 : HIGH, 0, i % 2 ? low : high);
	}
	assert_true(written[0] > FLIPS && written[1] > FLIPS);
	sync_all();
	expect_all(false);
	expect_all(true);
	free_board();
}

static void test_move(void **state)
{
	for (int queue = 0; queue < 2; queue++) {
		check_move(KVM_DIRTY_BITMAP, queue);
		check_move(KVM_DIRTY_CLEAR, queue);
		check_move(KVM_DIRTY_RING, queue);
	}
}

/* What KVM has told and not been told to clear is not that of a later slot */
static void test_clear_is_of_the_slot(void **state)
{
	make_board(KVM_DIRTY_CLEAR, true);
	start_logging();
	write_page(false, 7);
	sync_all();
	flip(true);
	flip(false);
	/* Written, and not told: a clear of what was told before must leave it */
	write_page(false, 7);
	dirty_log_clear(&dirty, model, DIRTY_MEMORY_MIGRATION);
	assert_int_equal(fake_at(0)->bits[0], 1 << 7);
	free_board();
}

/* A log that ends by itself leaves nothing in the rings for who comes later */
static void test_stop_empties_rings(void **state)
{
	make_board(KVM_DIRTY_RING, false);
	start_logging();
	write_page(false, 3);
	MUST(memory_global_dirty_log_stop(model, 1, &error));
	assert_int_equal(dirty.reaped, 1);
	assert_int_equal(cpus.closed, 0);
	free_board();
}

/* Nobody wants it: no request is made */
static void test_stop_fetches_nothing(void **state)
{
	make_board(KVM_DIRTY_BITMAP, false);
	start_logging();
	get_error = EIO;
	MUST(memory_global_dirty_log_stop(model, 1, &error));
	flip(true);
	assert_int_equal(dirty.lost.code, 0);
	free_board();
}

static void expect_lost(int code, const char *tried, const char *why)
{
	assert_int_equal(dirty.lost.code, code);
	assert_non_null(strstr(dirty.lost.tried, tried));
	assert_non_null(strstr(dirty.lost.why, why));
	dirty.lost = (struct slotscope_error){};
}

static void test_refused_is_told(void **state)
{
	make_board(KVM_DIRTY_BITMAP, true);
	start_logging();
	get_error = EFAULT;
	memory_global_dirty_log_sync(model);
	expect_lost(EFAULT,
		    "fetch the dirty log of memory slot 0 of address "
		    "space 0 (low, guest 0x0)",
		    strerror(EFAULT));
	flip(true);
	expect_lost(EFAULT, "slot 0 of address space 0 (low,", "");
	free_board();
}

/* No pages of a slot that KVM does not log is not the same as no pages */
static void check_refused_log(enum kvm_dirty_mode mode)
{
	make_board(mode, false);
	refuse_log = true;
	start_logging();
	dirty.lost = (struct slotscope_error){};
	memory_global_dirty_log_sync(model);
	expect_lost(EINVAL,
		    "log writes to memory slot 0 of address space 0 (low,", "");
	MUST(memory_global_dirty_log_stop(model, 1, &error));
	sync_all();
	free_board();
}

static void test_refused_log(void **state)
{
	check_refused_log(KVM_DIRTY_BITMAP);
	check_refused_log(KVM_DIRTY_CLEAR);
	check_refused_log(KVM_DIRTY_RING);
}

/* What cannot be said of any page is told as lost, and charged to none */
static void test_stray_entries(void **state)
{
	make_board(KVM_DIRTY_RING, false);
	start_logging();
	push(1, PAGES);
	assert_int_equal(dirty_log_reap(&dirty), 1);
	expect_lost(ESTALE, "page 0x1000 of memory slot 1", "ends before");
	push(9, 2);
	push(1, PAGES - 1);
	assert_int_equal(dirty_log_reap(&dirty), 2);
	expect_lost(ESTALE, "page 0x2 of memory slot 9 of address space 0",
		    "no such slot");
	push(2 << 16, 0);
	assert_int_equal(dirty_log_reap(&dirty), 1);
	expect_lost(ESTALE, "of address space 2", "no such slot");
	wrote[true][PAGES - 1] = true;
	written[true] = 1;
	expect_all(false);
	expect_all(true);
	free_board();
}

/* A write that finds no slot, for a commit is under way, is made by us */
static void test_write_that_came_out(void **state)
{
	static uint8_t host[2 * DIRTY_PAGE_SIZE];
	static struct kvm_run run = { .exit_reason = KVM_EXIT_MMIO };
	struct ram_block_options ram = { .host = host,
					 .flags = RAM_MIGRATABLE };
	struct memory_region *region, *rom;
	const struct ram_block *block;
	uint64_t page = 0;

	make_board(KVM_DIRTY_BITMAP, false);
	MUST(memory_region_create_ram(model, "ram", sizeof(host), &ram, &region,
				      &error));
	block = memory_region_info(region)->ram_block;
	map(system_memory, 2 * HIGH, 0, region);
	cpu.run = &run;
	run.mmio.phys_addr = 2 * HIGH + PAGE + 8;
	run.mmio.len = 4;
	run.mmio.is_write = 1;
	run.mmio.data[0] = 0x5a;
	assert_int_equal(vcpu_handle_exit(&cpu, &error), VCPU_RUNNING);
	/* Nobody wanted to know */
	assert_int_equal(dirty_pages_count(&dirty.pages, DIRTY_MEMORY_MIGRATION,
					   block),
			 0);
	start_logging();
	run.mmio.is_write = 0;
	vcpu_handle_exit(&cpu, &error);
	assert_int_equal(run.mmio.data[0], 0x5a);
	assert_int_equal(dirty_pages_count(&dirty.pages, DIRTY_MEMORY_MIGRATION,
					   block),
			 0);
	run.mmio.is_write = 1;
	vcpu_handle_exit(&cpu, &error);
	assert_int_equal(dirty_pages_next(&dirty.pages, DIRTY_MEMORY_MIGRATION,
					  block, &page),
			 1);
	assert_int_equal(page, 1);
	dirty_log_clear(&dirty, model, DIRTY_MEMORY_MIGRATION);
	/* Dropped by ROM, and by the hole: nothing has changed */
	rom = make_alias("rom", model, region, 0, PAGE);
	MUST(memory_region_set_readonly(region, true, &error));
	map(system_memory, 3 * HIGH, 0, rom);
	run.mmio.phys_addr = 3 * HIGH;
	vcpu_handle_exit(&cpu, &error);
	flip(true);
	run.mmio.phys_addr = HOLE;
	vcpu_handle_exit(&cpu, &error);
	assert_int_equal(dirty_pages_count(&dirty.pages, DIRTY_MEMORY_MIGRATION,
					   block),
			 0);
	sync_all();
	expect_all(false);
	free_board();
}

static uint64_t dirty_at(const struct ram_block *block, uint64_t page)
{
	return dirty_pages_next(&dirty.pages, DIRTY_MEMORY_MIGRATION, block,
				&page) ?
		       page :
		       UINT64_MAX;
}

/* KVM does not see what a device writes, wherever it begins and ends */
static void test_device_writes(void **state)
{
	enum { NR = 200 };
	static uint8_t host[NR * DIRTY_PAGE_SIZE], data[130 * DIRTY_PAGE_SIZE];
	struct ram_block_options ram = { .host = host,
					 .flags = RAM_MIGRATABLE };
	struct memory_region *region;
	const struct ram_block *block;
	struct memory_mapping mapping;
	uint8_t byte;

	make_board(KVM_DIRTY_BITMAP, false);
	MUST(memory_region_create_ram(model, "ram", sizeof(host), &ram, &region,
				      &error));
	block = memory_region_info(region)->ram_block;
	map(system_memory, 2 * HIGH, 0, region);
	start_logging();
	/* 130 pages from the middle of page 3 on: 3 to 133 */
	assert_int_equal(address_space_write(cpus.events->memory,
					     2 * HIGH + 3 * PAGE + PAGE / 2,
					     data, sizeof(data)),
			 MEMTX_OK);
	assert_int_equal(dirty_pages_count(&dirty.pages, DIRTY_MEMORY_MIGRATION,
					   block),
			 131);
	assert_int_equal(dirty_at(block, 0), 3);
	assert_int_equal(dirty_at(block, 133), 133);
	assert_int_equal(dirty_at(block, 134), UINT64_MAX);
	dirty_log_clear(&dirty, model, DIRTY_MEMORY_MIGRATION);
	address_space_read(cpus.events->memory, 2 * HIGH, &byte, 1);
	assert_int_equal(address_space_map(cpus.events->memory,
					   2 * HIGH + 7 * PAGE, 2 * PAGE, true,
					   &mapping),
			 0);
	address_space_unmap(&mapping, 1);
	assert_int_equal(dirty_pages_count(&dirty.pages, DIRTY_MEMORY_MIGRATION,
					   block),
			 1);
	assert_int_equal(dirty_at(block, 0), 7);
	assert_int_equal(dirty.lost.code, 0);
	free_board();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flips),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_clear_is_of_the_slot),
		cmocka_unit_test(test_stop_empties_rings),
		cmocka_unit_test(test_stop_fetches_nothing),
		cmocka_unit_test(test_refused_is_told),
		cmocka_unit_test(test_refused_log),
		cmocka_unit_test(test_stray_entries),
		cmocka_unit_test(test_write_that_came_out),
		cmocka_unit_test(test_device_writes),
	};

	return cmocka_run_group_tests_name("dirty_log", tests, NULL, NULL);
}
