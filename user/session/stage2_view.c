// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What KVM's page tables map is held against the page behind the host address. Both
 * move all the time; but KVM unmaps a page before the host does, so that as long as a
 * mapping stands the two are the same. A page that differs is therefore looked at
 * again, its mapping before and after the host's page.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/module.h"
#include "host/vm_fds.h"
#include "session/kernel_view.h"

/* Mappings of one call */
#define MAPPINGS 1024

/* More are counted, not told */
#define FAULTS 256

/* Looks at a page that differs; and how often the same must be seen */
#define LOOKS  16
#define STANDS 3

/* As the kernel's Documentation/admin-guide/mm/pagemap.rst has it */
#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_PFN	((1ULL << 55) - 1)

/* No guest has more memory */
#define ALL (1ULL << 52)

/* What is mapped is told in 4 KiB, whatever the host's own page size */
#define PAGE 4096ULL

/*
 * @tell: is called for each page that was judged, with what the host has there
 */
struct look {
	const struct slot_state *slots;
	int module_fd;
	int vm_fd;
	int pagemap;
	uint32_t tables;
	void (*tell)(struct look *look, int kind,
		     const struct stage2_mapping *page, uint64_t host);
	struct stage2_audit *out; /* of judge_all() */
	struct rows *rows;	  /* of tell_row() */
	struct slotscope_error *err;
};

/* 1 and the page's address; 0: there is none; or a negative errno */
static int host_page(const struct look *look, uint64_t hva, uint64_t *page)
{
	uint64_t word;
	ssize_t ret = pread(look->pagemap, &word, sizeof(word),
			    (off_t)(hva / PAGE * sizeof(word)));

	if (ret != sizeof(word)) {
		/* Beyond the end of all addresses */
		if (!ret)
			return 0;
		return error_set(look->err, ret < 0 ? errno : EIO,
				 "read the pages behind host addresses");
	}
	if (!(word & PAGEMAP_PRESENT))
		return 0;
	*page = (word & PAGEMAP_PFN) * PAGE;
	if (*page)
		return 1;
	error_set(look->err, EPERM, "read the pages behind host addresses");
	error_why(look->err, "the kernel does not tell which they are");
	return error_next(look->err, "run it as root, with CAP_SYS_ADMIN");
}

/* enum stage2_fault_kind, or a negative errno */
static int judge(const struct look *look, const struct stage2_mapping *page,
		 uint64_t *host)
{
	const struct slot *slot =
		slot_state_find(look->slots, page->as_id, page->gpa);
	int ret = 0;

	*host = 0;
	if (slot)
		ret = host_page(look, slot->hva + (page->gpa - slot->gpa),
				host);
	if (ret < 0)
		return ret;
	return stage2_judge(look->slots, page, ret ? host : NULL);
}

/* The part of a mapping that begins at @gpa */
static struct stage2_mapping part_of(const struct stage2_mapping *map,
				     uint64_t gpa)
{
	struct stage2_mapping part = *map;

	part.gpa = gpa;
	part.size = PAGE;
	part.hpa += gpa - map->gpa;
	return part;
}

/* 1 and what maps @gpa; 0: nothing; or a negative errno */
static int map_of(const struct look *look, uint16_t as_id, uint64_t gpa,
		  struct stage2_mapping *page)
{
	struct stage2_mapping map;
	uint32_t tables;
	uint64_t next;
	size_t nr;
	int ret = module_stage2(look->module_fd, look->vm_fd, as_id, gpa, PAGE,
				&map, 1, &nr, &next, &tables, look->err);

	if (ret || !nr)
		return ret;
	*page = part_of(&map, gpa);
	return 1;
}

/*
 * A page that differed: does it still, and did its mapping stand meanwhile?
 *
 * Return: enum stage2_fault_kind, STAGE2_MOVING, or a negative errno.
 */
static int look_again(const struct look *look, struct stage2_mapping *page,
		      uint64_t *host)
{
	struct stage2_mapping after;
	int kind, ret, stands = 0;

	for (int i = 0; i < LOOKS; i++) {
		ret = map_of(look, page->as_id, page->gpa, page);
		/* Nothing is mapped: that is never wrong */
		if (ret <= 0)
			return ret ? ret : STAGE2_FINE;
		kind = judge(look, page, host);
		if (kind <= 0)
			return kind;
		ret = map_of(look, page->as_id, page->gpa, &after);
		if (ret < 0)
			return ret;
		if (ret && after.hpa == page->hpa &&
		    after.writable == page->writable) {
			if (++stands == STANDS)
				return kind;
		} else {
			stands = 0;
		}
	}
	return STAGE2_MOVING;
}

/* Pages in a row with one fault are one */
static void add_fault(const struct look *look, int kind,
		      const struct stage2_mapping *page, uint64_t host)
{
	const struct slot *slot =
		slot_state_find(look->slots, page->as_id, page->gpa);
	struct stage2_audit *out = look->out;
	struct stage2_fault *last = out->nr ? &out->faults[out->nr - 1] : NULL;
	int32_t id = slot ? slot->id : -1;

	if (out->nr == out->nr_all && last && (int)last->kind == kind &&
	    last->as_id == page->as_id && last->slot_id == id &&
	    last->gpa + last->size == page->gpa) {
		last->size += page->size;
		return;
	}
	out->nr_all++;
	if (out->nr == FAULTS)
		return;
	out->faults[out->nr++] = (struct stage2_fault){
		.kind = kind,
		.as_id = page->as_id,
		.slot_id = id,
		.gpa = page->gpa,
		.size = page->size,
		.hva = slot ? slot->hva + (page->gpa - slot->gpa) : 0,
		.hpa = page->hpa,
		.host = host,
	};
}

static void tell_audit(struct look *look, int kind,
		       const struct stage2_mapping *page, uint64_t host)
{
	look->out->bytes += page->size;
	if (kind == STAGE2_MOVING)
		look->out->moving += page->size;
	else if (kind)
		add_fault(look, kind, page, host);
}

static int look_at_page(struct look *look, struct stage2_mapping page)
{
	uint64_t host;
	int kind = judge(look, &page, &host);

	if (kind > 0)
		kind = look_again(look, &page, &host);
	if (kind < 0)
		return kind;
	look->tell(look, kind, &page, host);
	return 0;
}

static int look_at_as(struct look *look, uint16_t as_id, uint64_t at,
		      uint64_t end, struct stage2_mapping *maps)
{
	uint64_t gpa, next, until;
	uint32_t tables;
	size_t nr;
	int ret;

	while (at < end) {
		ret = module_stage2(look->module_fd, look->vm_fd, as_id, at,
				    end - at, maps, MAPPINGS, &nr, &next,
				    &tables, look->err);
		if (ret)
			return ret;
		look->tables |= tables;
		for (size_t i = 0; i < nr; i++) {
			/* Of a huge page as much as was asked about */
			gpa = maps[i].gpa > at ? maps[i].gpa : at;
			until = maps[i].gpa + maps[i].size;
			for (; gpa < until && gpa < end; gpa += PAGE) {
				ret = look_at_page(look,
						   part_of(&maps[i], gpa));
				if (ret)
					return ret;
			}
		}
		at = next;
	}
	return 0;
}

/* What was judged by slots that are others now was not judged */
static int slots_moved(const struct look *look)
{
	struct slot_state now;
	bool same;
	int ret = module_generations(look->module_fd, look->vm_fd, &now,
				     look->err);

	same = !ret && module_same_moment(look->slots, &now);
	slot_state_deinit(&now);
	if (ret || same)
		return ret;
	error_set(look->err, EAGAIN, "look at KVM's page tables");
	return error_why(look->err, "the slots changed meanwhile");
}

static int look_at_all(struct look *look, uint64_t gpa, uint64_t end)
{
	struct stage2_mapping *maps = calloc(MAPPINGS, sizeof(*maps));
	int ret = 0;

	if (!maps)
		ret = error_set(look->err, ENOMEM, "look at KVM's page tables");
	for (size_t i = 0; i < look->slots->nr_as && !ret; i++)
		ret = look_at_as(look, i, gpa, end, maps);
	free(maps);
	return ret;
}

static int no_module(struct slotscope_error *err)
{
	error_set(err, EACCES, "look at KVM's page tables");
	error_why(err, "BPF cannot read them");
	return error_next(err, "load the slotscope module");
}

int kernel_view_mapped(const struct kernel_view *view,
		       const struct process *process, const struct vm_id *vm,
		       uint16_t as_id, gpa_t gpa, uint64_t size,
		       struct stage2_mapping *out, size_t capacity, size_t *nr,
		       bool *more, struct slotscope_error *err)
{
	/* Tables reach no further; and a range must not wrap */
	const gpa_t limit = 1ULL << 52;
	const gpa_t end = gpa >= limit || size > limit - gpa ? limit :
							       gpa + size;
	uint64_t next = gpa;
	uint32_t tables;
	size_t part;
	int ret = 0, fd;

	*nr = 0;
	*more = false;
	if (view->source != KERNEL_BY_MODULE)
		return no_module(err);
	fd = vm_fd_take(process, vm->fd, err);
	if (fd < 0)
		return fd;
	while (next < end && *nr < capacity && !ret) {
		ret = module_stage2(view->module_fd, fd, as_id, next,
				    end - next, out + *nr, capacity - *nr,
				    &part, &next, &tables, err);
		if (!ret)
			*nr += part;
	}
	*more = !ret && next < end;
	close(fd);
	return ret;
}

static void look_end(struct look *look)
{
	close(look->pagemap);
	close(look->vm_fd);
}

/* The VM, and the memory that its slots are of; look_end() after 0 */
static int look_begin(struct look *look, const struct kernel_view *view,
		      const struct process *process, const struct vm_id *vm)
{
	int ret;

	if (view->source != KERNEL_BY_MODULE)
		return no_module(look->err);
	/* Else what it has at those addresses is other memory */
	ret = kernel_view_owns_memory(view, process, vm, look->err);
	if (ret < 0)
		return ret;
	if (!ret) {
		error_set(look->err, EACCES, "look at KVM's page tables");
		return error_why(look->err,
				 "the slots' host addresses are not those of "
				 "process %d",
				 process->tgid);
	}
	look->module_fd = view->module_fd;
	look->vm_fd = vm_fd_take(process, vm->fd, look->err);
	if (look->vm_fd < 0)
		return look->vm_fd;
	look->pagemap = openat(process->dir, "pagemap", O_RDONLY | O_CLOEXEC);
	if (look->pagemap >= 0)
		return 0;
	ret = error_set(look->err, errno, "open the pagemap of process %d",
			process->tgid);
	close(look->vm_fd);
	return ret;
}

int kernel_view_stage2(const struct kernel_view *view,
		       const struct process *process, const struct vm_id *vm,
		       const struct slot_state *slots, struct stage2_audit *out,
		       struct slotscope_error *err)
{
	struct look look = {
		.slots = slots,
		.tell = tell_audit,
		.out = out,
		.err = err,
	};
	int ret;

	memset(out, 0, sizeof(*out));
	ret = look_begin(&look, view, process, vm);
	if (ret)
		return ret;
	out->faults = calloc(FAULTS, sizeof(*out->faults));
	if (!out->faults)
		ret = error_set(err, ENOMEM, "look at KVM's page tables");
	if (!ret)
		ret = look_at_all(&look, 0, ALL);
	if (!ret && out->nr)
		ret = slots_moved(&look);
	if (ret)
		stage2_audit_deinit(out);
	look_end(&look);
	return ret;
}

/* The row that grows, and who is told of it once it is whole */
struct rows {
	struct stage2_row row;
	void (*fn)(void *opaque, const struct stage2_row *row);
	void *opaque;
	bool any_wrong;
};

static void row_end(struct rows *rows)
{
	if (rows->row.map.size)
		rows->fn(rows->opaque, &rows->row);
	rows->row.map.size = 0;
}

static bool goes_on(const struct stage2_row *row, const struct stage2_row *next)
{
	const struct stage2_mapping *a = &row->map, *b = &next->map;

	return a->size && a->as_id == b->as_id && a->level == b->level &&
	       a->gpa + a->size == b->gpa && a->hpa + a->size == b->hpa &&
	       a->writable == b->writable && a->executable == b->executable &&
	       a->tells_use == b->tells_use && a->accessed == b->accessed &&
	       a->dirty == b->dirty && a->shadow == b->shadow &&
	       a->several == b->several && row->kind == next->kind &&
	       row->slot == next->slot &&
	       (!next->host || row->host + a->size == next->host);
}

static void tell_row(struct look *look, int kind,
		     const struct stage2_mapping *page, uint64_t host)
{
	const struct slot *slot =
		slot_state_find(look->slots, page->as_id, page->gpa);
	struct stage2_row next = {
		.map = *page,
		.page = PAGE << (9 * (page->level - 1)),
		.slot = slot,
		.kind = kind,
		.compared = slot && slot->hva &&
			    !(slot->flags & SLOT_GUEST_MEMFD),
		.host = host,
	};
	struct rows *rows = look->rows;

	rows->any_wrong |= kind != STAGE2_FINE;
	if (goes_on(&rows->row, &next)) {
		rows->row.map.size += page->size;
		return;
	}
	row_end(rows);
	rows->row = next;
}

int kernel_view_mappings(const struct kernel_view *view,
			 const struct process *process, const struct vm_id *vm,
			 const struct slot_state *slots, uint64_t gpa,
			 uint64_t size, uint32_t *tables,
			 void (*fn)(void *opaque, const struct stage2_row *row),
			 void *opaque, struct slotscope_error *err)
{
	struct rows rows = { .fn = fn, .opaque = opaque };
	struct look look = {
		.slots = slots,
		.tell = tell_row,
		.rows = &rows,
		.err = err,
	};
	int ret = look_begin(&look, view, process, vm);

	if (ret)
		return ret;
	ret = look_at_all(&look, gpa, gpa + size);
	row_end(&rows);
	*tables = look.tables;
	if (!ret && rows.any_wrong)
		ret = slots_moved(&look);
	look_end(&look);
	return ret;
}
