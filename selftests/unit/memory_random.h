/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random sequences of calls, made of two models at once (the fast way and the
 * full render), and what must hold after each commit. A call is five numbers,
 * so that a sequence can be cut down and still means something.
 */
#ifndef SLOTSCOPE_TEST_MEMORY_RANDOM_H
#define SLOTSCOPE_TEST_MEMORY_RANDOM_H

#include <errno.h>
#include <inttypes.h>

#include <slotscope/kvm_slots.h>

#include "memory_oracle.h"

#define POOL	40
#define NR_AS	3
#define NR_TWIN 2
#define CROWD	300

/* What stands below holds others; aliases hold none */
#define FIRST_ALIAS 30

/* Which of the pool have RAM behind them, and how far apart it lies */
#define FIRST_RAM  12
#define NR_RAM	   10
#define RAM_STRIDE 0x101000

enum call_kind {
	CALL_MAP,
	CALL_UNMAP,
	CALL_ENABLE,
	CALL_READONLY,
	CALL_NONVOLATILE,
	CALL_ROMD,
	CALL_LOG,
	CALL_SIZE,
	CALL_ADDRESS,
	CALL_ALIAS_OFFSET,
	CALL_BEGIN,
	CALL_COMMIT,
	CALL_GLOBAL_LOG,
	CALL_MIGRATABLE,
	CALL_EVENTFD,
	CALL_REPLACE,
	CALL_KINDS,
};

static const char *const call_names[CALL_KINDS] = {
	"map",	       "unmap",	       "enable",  "readonly",
	"nonvolatile", "romd",	       "log",	  "size",
	"address",     "alias-offset", "begin",	  "commit",
	"global-log",  "migratable",   "eventfd", "replace",
};

struct call {
	enum call_kind kind;
	unsigned int a; /* region */
	unsigned int b; /* region */
	uint64_t value;
	int32_t priority;
};

/* What a listener was told and so believes to be there */
struct belief {
	struct flat_range ranges[4096];
	size_t nr;
	struct memory_ioeventfd eventfds[256];
	size_t nr_eventfds;
	bool open; /* between begin and commit */
	uint64_t nr_begins;
	const char *wrong;
};

struct twin {
	struct memory_model *model;
	struct memory_region *pool[POOL];
	struct address_space *as[NR_AS];
	const struct flat_view *checked[NR_AS]; /* all accesses in it */
	struct memory_listener *listener[NR_AS];
	struct belief belief[NR_AS];
	struct kvm_slots *slots;
	/* KVM, as strict as the real one about what overlaps */
	struct belief kvm;
	struct memory_region *nudge;
	bool global_log;
	bool stale; /* a change that by QEMU's rules needs no commit was made */
	unsigned int depth;
};

struct lab {
	struct twin twin[NR_TWIN];
	struct oracle oracle;
	bool crowd;
};

static uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void random_call(uint64_t *state, struct call *call)
{
	static const uint64_t sizes[] = { 0,	  1,	  0x800,    0x1000,
					  0x1800, 0x4000, 0x100000, 0 };
	uint64_t r = random_next(state);

	/* Most calls map and unmap, mostly in the system's few containers */
	call->kind = (r >> 8) % CALL_KINDS;
	if (r % 8 < 4)
		call->kind = r % 8 < 3 ? CALL_MAP : CALL_UNMAP;
	call->a = (r >> 16) % POOL;
	if (call->kind == CALL_MAP && !call->a)
		call->a = 1;
	/* RAM and registers may hold others too: they show behind these */
	call->b = r % 3 ? 0 : (r >> 24) % (r % 5 < 3 ? 6 : FIRST_ALIAS);
	call->priority = (int)((r >> 32) % 4) - 1;
	r = random_next(state);
	switch (call->kind) {
	case CALL_SIZE:
		call->value = sizes[r % 8] + (r % 11 ? 0 : (r >> 8) % 0x3000);
		break;
	case CALL_MAP:
	case CALL_ADDRESS:
	case CALL_ALIAS_OFFSET:
		/* Mostly near together, now and then anywhere, or at the end */
		call->value = (r >> 8) % 64 * 0x400;
		if (r % 16 == 0)
			call->value = r >> (r % 50);
		if (r % 16 == 1)
			call->value = -call->value;
		if (r % 16 == 2)
			call->value = 0;
		break;
	default:
		call->value = r >> 8;
	}
}

/* Of both twins: they do the same */
static _Alignas(4096) uint8_t host_ram[NR_RAM][RAM_STRIDE];

/* What devices were asked; a device is its region's number */
struct device_log {
	struct {
		uint64_t device;
		uint64_t addr;
		uint64_t size;
		uint64_t written;
	} asked[64];
	size_t nr;
};

static struct device_log device_log;

static void note_access(struct device_log *log, uint64_t device, uint64_t addr,
			unsigned int size, uint64_t written)
{
	if (log->nr == 64)
		return;
	log->asked[log->nr].device = device;
	log->asked[log->nr].addr = addr;
	log->asked[log->nr].size = size;
	log->asked[log->nr++].written = written;
}

static uint8_t device_byte(uint64_t device, uint64_t addr)
{
	return device * 37 + addr * 5 + (addr >> 8);
}

static enum memtx_result device_read(void *opaque, uint64_t addr,
				     unsigned int size, uint64_t *data)
{
	unsigned int i;

	*data = 0;
	for (i = 0; i < size; i++)
		*data |= (uint64_t)device_byte((uintptr_t)opaque, addr + i)
			 << (8 * i);
	note_access(&device_log, (uintptr_t)opaque, addr, size, 0);
	return MEMTX_OK;
}

static enum memtx_result device_write(void *opaque, uint64_t addr,
				      unsigned int size, uint64_t data)
{
	note_access(&device_log, (uintptr_t)opaque, addr, size, data);
	return MEMTX_OK;
}

/* ROM devices and most registers answer; they differ in what they can do */
static const struct memory_region_ops *device_ops_of(unsigned int i)
{
	static const struct memory_region_ops narrow = {
		.read = device_read,
		.write = device_write,
		.impl.max_access_size = 1,
	};
	static const struct memory_region_ops usual = {
		.read = device_read,
		.write = device_write,
	};
	static const struct memory_region_ops wide = {
		.read = device_read,
		.write = device_write,
		.valid.max_access_size = 8,
		.impl.max_access_size = 8,
	};

	if (i < 20 || i >= FIRST_ALIAS || i % 4 == 3)
		return NULL;
	return i % 4 == 0 ? &narrow : i % 4 == 1 ? &usual : &wide;
}

/* The pool's regions differ by number: what number i is, is fixed */
static int make_pool_region(struct twin *twin, unsigned int i,
			    struct slotscope_error *err)
{
	static const memory_size_t sizes[] = { 0x1000,	0x2000,	  0x1800,
					       0x10000, 0x100000, 1 };
	static const unsigned int targets[] = { 1,  2,	13, 3, 30,
						28, 31, 20, 5, 34 };
	struct ram_block_options ram = {
		.flags = i % 2 ? RAM_MIGRATABLE : 0,
	};
	struct memory_region **out = &twin->pool[i];
	struct memory_model *model = twin->model;
	memory_size_t size = sizes[i % 6];
	char name[16];

	if (i >= FIRST_RAM && i < FIRST_RAM + NR_RAM)
		ram.host = host_ram[i - FIRST_RAM];
	snprintf(name, sizeof(name), "r%u", i);
	if (!i)
		return memory_region_create(model, "system", MEMORY_SIZE_2_64,
					    out, err);
	if (i < 12)
		return memory_region_create(model, name,
					    i % 4 ? size * 4 : MEMORY_SIZE_2_64,
					    out, err);
	if (i < 18)
		return memory_region_create_ram(model, name, size, &ram, out,
						err);
	if (i < 20)
		return memory_region_create_rom(model, name, size, &ram, out,
						err);
	if (i < 22)
		return memory_region_create_rom_device(model, name, size, &ram,
						       device_ops_of(i),
						       (void *)(uintptr_t)i,
						       out, err);
	if (i < FIRST_ALIAS)
		return memory_region_create_io(model, name, size,
					       device_ops_of(i),
					       (void *)(uintptr_t)i, out, err);
	/* Of containers, RAM, registers and other aliases; some of a part */
	return memory_region_create_alias(
		model, name, twin->pool[targets[i - FIRST_ALIAS]],
		i % 3 ? 0 : 0x800, i % 5 ? size : MEMORY_SIZE_2_64, out, err);
}

static void is_wrong(struct belief *belief, const char *why)
{
	if (!belief->wrong)
		belief->wrong = why;
}

static struct flat_range *
find_belief(struct belief *belief, const struct memory_region_section *section)
{
	size_t i;

	for (i = 0; i < belief->nr; i++) {
		struct flat_range *range = &belief->ranges[i];

		if (range->addr == section->offset_within_address_space &&
		    range->size == section->size &&
		    range->region == section->region &&
		    range->offset_in_region == section->offset_within_region &&
		    range->readonly == section->readonly &&
		    range->nonvolatile == section->nonvolatile)
			return range;
	}
	return NULL;
}

static void believe_begin(void *opaque)
{
	struct belief *belief = opaque;

	if (belief->open)
		is_wrong(belief, "begin within a commit");
	belief->nr_begins++;
	belief->open = true;
}

static void believe_commit(void *opaque)
{
	struct belief *belief = opaque;

	if (!belief->open)
		is_wrong(belief, "commit without a begin");
	belief->open = false;
}

static void believe_add(void *opaque,
			const struct memory_region_section *section)
{
	struct belief *belief = opaque;
	size_t i;

	if (!belief->open)
		is_wrong(belief, "region_add outside of a commit");
	for (i = 0; i < belief->nr; i++)
		if (belief->ranges[i].addr <
			    section->offset_within_address_space +
				    section->size &&
		    section->offset_within_address_space <
			    belief->ranges[i].addr + belief->ranges[i].size)
			is_wrong(belief, "region_add over what is there");
	if (belief->nr == 4096) {
		is_wrong(belief, "too many ranges");
		return;
	}
	belief->ranges[belief->nr++] = (struct flat_range){
		.region = section->region,
		.addr = section->offset_within_address_space,
		.size = section->size,
		.offset_in_region = section->offset_within_region,
		.readonly = section->readonly,
		.nonvolatile = section->nonvolatile,
		/* A commit tells no log_start with it, registration does */
		.dirty_log_mask = memory_region_dirty_log_mask(section->region),
	};
}

static void believe_del(void *opaque,
			const struct memory_region_section *section)
{
	struct belief *belief = opaque;
	struct flat_range *range = find_belief(belief, section);

	if (!range)
		is_wrong(belief, "region_del of what is not there");
	else
		*range = belief->ranges[--belief->nr];
}

static void believe_nop(void *opaque,
			const struct memory_region_section *section)
{
	struct belief *belief = opaque;

	if (!find_belief(belief, section))
		is_wrong(belief, "region_nop of what is not there");
}

static bool same_eventfd(const struct memory_ioeventfd *a,
			 const struct memory_ioeventfd *b)
{
	return a->addr == b->addr && a->size == b->size &&
	       a->match_data == b->match_data && a->data == b->data &&
	       a->fd == b->fd;
}

static void believe_eventfd_add(void *opaque,
				const struct memory_region_section *section,
				const struct memory_ioeventfd *eventfd)
{
	struct belief *belief = opaque;

	if (belief->nr_eventfds == 256)
		is_wrong(belief, "too many eventfds");
	else
		belief->eventfds[belief->nr_eventfds++] = *eventfd;
}

static void believe_eventfd_del(void *opaque,
				const struct memory_region_section *section,
				const struct memory_ioeventfd *eventfd)
{
	struct belief *belief = opaque;
	size_t i;

	for (i = 0; i < belief->nr_eventfds; i++)
		if (same_eventfd(&belief->eventfds[i], eventfd))
			break;
	if (i == belief->nr_eventfds)
		is_wrong(belief, "eventfd_del of what is not there");
	else
		belief->eventfds[i] = belief->eventfds[--belief->nr_eventfds];
}

static void believe_log(void *opaque,
			const struct memory_region_section *section,
			uint8_t old_mask, uint8_t new_mask)
{
	struct belief *belief = opaque;
	struct flat_range *range = find_belief(belief, section);

	if (!range)
		is_wrong(belief, "a mask of what is not there");
	else
		range->dirty_log_mask = new_mask;
}

static const struct memory_listener_ops belief_ops = {
	.begin = believe_begin,
	.commit = believe_commit,
	.region_add = believe_add,
	.region_del = believe_del,
	.region_nop = believe_nop,
	.log_start = believe_log,
	.log_stop = believe_log,
	.eventfd_add = believe_eventfd_add,
	.eventfd_del = believe_eventfd_del,
};

/* KVM_SET_USER_MEMORY_REGION's rules, as far as they concern the table */
static int strict_kvm(void *opaque, const struct kvm_slot_request *req)
{
	struct belief *kvm = opaque;
	size_t i, at = kvm->nr;

	for (i = 0; i < kvm->nr; i++)
		if (kvm->ranges[i].offset_in_region == req->slot)
			at = i;
	if (!req->size) {
		if (at == kvm->nr)
			is_wrong(kvm, "a slot deleted that is not there");
		else
			kvm->ranges[at] = kvm->ranges[--kvm->nr];
		return 0;
	}
	if ((req->gpa | req->size | req->hva) & 0xfff)
		is_wrong(kvm, "a slot that is no whole pages");
	for (i = 0; i < kvm->nr; i++)
		if (i != at && kvm->ranges[i].addr < req->gpa + req->size &&
		    req->gpa < kvm->ranges[i].addr + kvm->ranges[i].size)
			is_wrong(kvm, "slots that overlap");
	if (at < kvm->nr && (kvm->ranges[at].addr != req->gpa ||
			     kvm->ranges[at].size != req->size))
		is_wrong(kvm, "a slot changed in place");
	if (at == kvm->nr && kvm->nr == 4096) {
		is_wrong(kvm, "too many slots");
		return 0;
	}
	kvm->ranges[at].offset_in_region = req->slot;
	kvm->ranges[at].addr = req->gpa;
	kvm->ranges[at].size = req->size;
	kvm->ranges[at].region = (struct memory_region *)req->region;
	kvm->ranges[at].dirty_log_mask = req->flags & SLOT_LOG_DIRTY;
	if (at == kvm->nr)
		kvm->nr++;
	return 0;
}

/*
 * So much beside what is changed that a view has several leaves. What it is made
 * of is not in the pool; it lies between and behind what is.
 */
static int make_crowd(struct twin *twin, struct slotscope_error *err)
{
	struct memory_region *region;
	unsigned int i;
	int r = 0;

	for (i = 0; i < CROWD && !r; i++) {
		r = memory_region_create_io(twin->model, "crowd", 0x180, NULL,
					    NULL, &region, err);
		if (!r)
			r = memory_region_add_subregion_overlap(
				twin->pool[i % 4 ? 0 : 4], i * 0x280, -1,
				region, err);
		if (!r)
			memory_region_unref(region);
	}
	return r;
}

static int make_twin(struct twin *twin, bool full_render, bool crowd,
		     struct slotscope_error *err)
{
	static const unsigned int roots[NR_AS] = { 0, 4, 35 };
	struct memory_model_options options = { .full_render = full_render };
	struct kvm_slots_options slots = { .request = strict_kvm,
					   .opaque = &twin->kvm };
	unsigned int i;
	int r;

	memset(twin, 0, sizeof(*twin));
	r = memory_model_create(&options, &twin->model, err);
	if (!r)
		r = memory_region_create(twin->model, "nudge", 1, &twin->nudge,
					 err);
	for (i = 0; !r && i < POOL; i++)
		r = make_pool_region(twin, i, err);
	if (!r && crowd)
		r = make_crowd(twin, err);
	for (i = 0; !r && i < NR_AS; i++) {
		r = address_space_create(twin->model, "as",
					 twin->pool[roots[i]], &twin->as[i],
					 err);
		if (!r)
			r = memory_listener_register(twin->as[i], "belief", 0,
						     &belief_ops,
						     &twin->belief[i],
						     &twin->listener[i], err);
	}
	if (!r)
		r = kvm_slots_create(twin->as[0], &slots, &twin->slots, err);
	return r;
}

static void free_twin(struct twin *twin)
{
	unsigned int i;

	for (i = 0; i < NR_AS; i++)
		flat_view_unref(twin->checked[i]);
	kvm_slots_destroy(twin->slots);
	memory_model_destroy(twin->model);
}

static int do_eventfd(struct memory_region *region, const struct call *call,
		      struct slotscope_error *err)
{
	struct memory_ioeventfd e = {
		.addr = call->value % 16,
		.size = 1u << (call->value >> 8) % 3,
		.match_data = call->value >> 16 & 1,
		.data = call->value >> 17 & 3,
		.fd = (call->value >> 20) % 4,
	};

	/* At most a few, or no view would be small */
	if (call->value >> 30 & 3)
		return memory_region_del_eventfd(region, &e, err);
	return memory_region_add_eventfd(region, &e, err);
}

/* Give back the last reference, if it is that, and make it anew */
static int replace(struct twin *twin, unsigned int i,
		   struct slotscope_error *err)
{
	struct memory_region *region = twin->pool[i];

	if (i < 12 || i >= FIRST_ALIAS || memory_region_refs(region) != 1)
		return -EBUSY;
	memory_region_unref(region);
	return make_pool_region(twin, i, err);
}

static bool is_view_root(struct twin *twin, const struct memory_region *region)
{
	const struct flat_view *view;
	bool found = false;
	unsigned int i;

	for (i = 0; i < NR_AS; i++) {
		view = address_space_get_flat_view(twin->as[i]);
		found |= flat_view_root(view) == region;
		flat_view_unref(view);
	}
	return found;
}

/*
 * Two changes show only in the next commit, and make none: the address of a
 * region that a view is rendered from, and whether a block is migratable.
 */
static void note_stale(struct twin *twin, const struct call *call)
{
	if (call->kind == CALL_MIGRATABLE ||
	    ((call->kind == CALL_MAP || call->kind == CALL_ADDRESS) &&
	     is_view_root(twin, twin->pool[call->a])))
		twin->stale = true;
}

/* A commit that changes nothing */
static int nudge(struct twin *twin, struct slotscope_error *err)
{
	if (!twin->stale || twin->depth)
		return 0;
	twin->stale = false;
	return memory_region_set_enabled(
		twin->nudge, !memory_region_info(twin->nudge)->enabled, err);
}

static int do_call(struct twin *twin, const struct call *call,
		   struct slotscope_error *err)
{
	struct memory_region *a = twin->pool[call->a];
	struct memory_region *b = twin->pool[call->b];
	const struct memory_region_info *info = memory_region_info(a);
	int r;

	switch (call->kind) {
	case CALL_MAP:
		return memory_region_add_subregion_overlap(
			b, call->value, call->priority, a, err);
	case CALL_UNMAP:
		return info->container ?
			       memory_region_del_subregion(info->container, a,
							   err) :
			       0;
	case CALL_ENABLE:
		return memory_region_set_enabled(a, call->value % 8, err);
	case CALL_READONLY:
		return memory_region_set_readonly(a, call->value & 1, err);
	case CALL_NONVOLATILE:
		return memory_region_set_nonvolatile(a, call->value & 1, err);
	case CALL_ROMD:
		return memory_region_set_romd(a, call->value & 1, err);
	case CALL_LOG:
		return memory_region_set_log(a, call->value & 1, err);
	case CALL_SIZE:
		return memory_region_set_size(
			a, call->value ? call->value : MEMORY_SIZE_2_64, err);
	case CALL_ADDRESS:
		return memory_region_set_address(a, call->value, err);
	case CALL_ALIAS_OFFSET:
		return memory_region_set_alias_offset(a, call->value, err);
	case CALL_BEGIN:
		if (twin->depth < 3 && call->value % 4 == 0) {
			memory_model_begin(twin->model);
			twin->depth++;
		}
		return 0;
	case CALL_COMMIT:
		r = memory_model_commit(twin->model, err);
		if (!r)
			twin->depth--;
		return r;
	case CALL_GLOBAL_LOG:
		r = twin->global_log ?
			    memory_global_dirty_log_stop(twin->model, 1, err) :
			    memory_global_dirty_log_start(twin->model, 1, err);
		if (!r)
			twin->global_log = !twin->global_log;
		return r;
	case CALL_MIGRATABLE:
		if (info->ram_block)
			ram_block_set_migratable(info->ram_block,
						 call->value & 1);
		return 0;
	case CALL_EVENTFD:
		return do_eventfd(a, call, err);
	case CALL_REPLACE:
		return replace(twin, call->a, err);
	case CALL_KINDS:
		break;
	}
	return 0;
}

#endif
