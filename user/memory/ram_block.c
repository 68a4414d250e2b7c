// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RAMBlock: the pieces of guest RAM, their places in the ram_addr_t space, and
 * the way from an address to its block.
 *
 * Every block knows the gap behind it. Those that are not empty are kept in
 * order of size, so that the smallest one that fits is found by one look-up; QEMU
 * looks at each pair of blocks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/observe.h"
#include "memory/ram_block.h"
#include "memory/region.h"

struct block_impl {
	struct ram_block block;
	struct memory_model *model;
	uint64_t seq;
	uint64_t gap;	   /* bytes from the aligned end to the next block */
	hva_t highest_hva; /* end of any block in by_hva's subtree */
	void (*resized)(void *opaque, const char *idstr, uint64_t size);
	void *opaque;
	struct treap_node by_size;
	struct treap_node by_offset;
	struct treap_node by_gap;
	struct treap_node by_hva;
};

#define impl_of(node, member) container_of(node, struct block_impl, member)

static struct block_impl *impl(const struct ram_block *block)
{
	return container_of(block, struct block_impl, block);
}

/* QEMU keeps the biggest first, among equals the oldest */
static bool bigger_first(const struct block_impl *a, const struct block_impl *b)
{
	if (a->block.max_length != b->block.max_length)
		return a->block.max_length > b->block.max_length;
	return a->seq < b->seq;
}

static bool size_before(const struct treap_node *a, const struct treap_node *b)
{
	return bigger_first(impl_of(a, by_size), impl_of(b, by_size));
}

static bool offset_before(const struct treap_node *a,
			  const struct treap_node *b)
{
	return impl_of(a, by_offset)->block.offset <
	       impl_of(b, by_offset)->block.offset;
}

/* Among equal gaps QEMU takes the one that it meets first in its list */
static bool gap_before(const struct treap_node *a, const struct treap_node *b)
{
	const struct block_impl *ba = impl_of(a, by_gap);
	const struct block_impl *bb = impl_of(b, by_gap);

	if (ba->gap != bb->gap)
		return ba->gap < bb->gap;
	return bigger_first(ba, bb);
}

static bool hva_before(const struct treap_node *a, const struct treap_node *b)
{
	const struct block_impl *ba = impl_of(a, by_hva);
	const struct block_impl *bb = impl_of(b, by_hva);

	if (ba->block.hva != bb->block.hva)
		return ba->block.hva < bb->block.hva;
	return ba->seq < bb->seq;
}

static void hva_update(struct treap_node *node)
{
	struct block_impl *b = impl_of(node, by_hva);
	hva_t end = b->block.hva + b->block.max_length;

	if (node->left && impl_of(node->left, by_hva)->highest_hva > end)
		end = impl_of(node->left, by_hva)->highest_hva;
	if (node->right && impl_of(node->right, by_hva)->highest_hva > end)
		end = impl_of(node->right, by_hva)->highest_hva;
	b->highest_hva = end;
}

static const struct treap_ops size_ops = { .before = size_before };
static const struct treap_ops offset_ops = { .before = offset_before };
static const struct treap_ops gap_ops = { .before = gap_before };
static const struct treap_ops hva_ops = { .before = hva_before,
					  .update = hva_update };

/* The block with the highest offset that is not above @offset */
static struct block_impl *at_or_below(const struct memory_model *model,
				      uint64_t offset)
{
	struct treap_node *node = model->blocks_by_offset.root;
	struct block_impl *found = NULL;

	while (node) {
		struct block_impl *b = impl_of(node, by_offset);

		if (b->block.offset <= offset) {
			found = b;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return found;
}

/* Where the gap behind a block begins; 2^64 - 1 at the most */
static uint64_t gap_start(const struct memory_model *model,
			  const struct block_impl *b)
{
	uint64_t align = model->options.ram_align;
	uint64_t end = b->block.offset + b->block.max_length;
	uint64_t start = (end + align - 1) & ~(align - 1);

	return start < end ? UINT64_MAX : start;
}

static void set_gap(struct memory_model *model, struct block_impl *b)
{
	struct treap_node *next = treap_next(&b->by_offset);
	uint64_t start = gap_start(model, b);
	uint64_t end = next ? impl_of(next, by_offset)->block.offset :
			      UINT64_MAX;

	b->gap = end > start ? end - start : 0;
	/* Most blocks lie close to the next: where no gap is, nothing goes */
	if (b->gap)
		treap_insert(&model->gaps, &b->by_gap, &gap_ops);
}

static void forget_gap(struct memory_model *model, struct block_impl *b)
{
	if (b->gap)
		treap_erase(&model->gaps, &b->by_gap, &gap_ops);
}

/*
 * The smallest gap that fits. The space below the first block is no gap, as in
 * QEMU: once there is a block, nothing goes before it.
 * @before: the block that the gap lies behind; NULL if there is no block
 */
static int find_ram_offset(const struct memory_model *model, uint64_t size,
			   struct block_impl **before, uint64_t *offset)
{
	struct treap_node *node = model->gaps.root;
	struct block_impl *best = NULL;

	*before = NULL;
	if (!model->blocks_by_offset.nr) {
		*offset = 0;
		return 0;
	}
	while (node) {
		struct block_impl *b = impl_of(node, by_gap);

		if (b->gap >= size) {
			best = b;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	if (!best)
		return -ENOSPC;
	*offset = gap_start(model, best);
	*before = best;
	return 0;
}

static void insert(struct memory_model *model, struct block_impl *b,
		   struct block_impl *before)
{
	if (before)
		forget_gap(model, before);
	treap_insert(&model->blocks_by_offset, &b->by_offset, &offset_ops);
	if (before)
		set_gap(model, before);
	set_gap(model, b);
	treap_insert(&model->blocks_by_size, &b->by_size, &size_ops);
	if (b->block.hva)
		treap_insert(&model->blocks_by_hva, &b->by_hva, &hva_ops);
}

void ram_block_free(struct memory_model *model, struct ram_block *block)
{
	struct block_impl *b = impl(block), *before;

	if (block->hva)
		treap_erase(&model->blocks_by_hva, &b->by_hva, &hva_ops);
	treap_erase(&model->blocks_by_size, &b->by_size, &size_ops);
	forget_gap(model, b);
	treap_erase(&model->blocks_by_offset, &b->by_offset, &offset_ops);
	before = at_or_below(model, block->offset);
	if (before) {
		forget_gap(model, before);
		set_gap(model, before);
	}
	if (model->mru_block == block)
		model->mru_block = NULL;
	free(block->idstr);
	free(b);
}

static int check_options(const char *name, uint64_t size,
			 const struct ram_block_options *options,
			 struct slotscope_error *err)
{
	uint64_t page = options->page_size ? options->page_size : 4096;

	if (size && !(page & (page - 1)) &&
	    (!options->max_size || options->max_size >= size) &&
	    options->max_size <= UINT64_MAX - page &&
	    size <= UINT64_MAX - page &&
	    options->hva <= UINT64_MAX - page - size &&
	    options->hva <= UINT64_MAX - page - options->max_size)
		return 0;
	error_set(err, EINVAL, "create RAMBlock %s", name);
	if (!size)
		return error_why(err, "its size is 0");
	if (page & (page - 1))
		return error_why(err, "its page size, %llu, is no power of 2",
				 (unsigned long long)page);
	if (options->max_size && options->max_size < size)
		return error_why(err, "its size is above its maximum");
	return error_why(err, "it reaches above 2^64 in whole pages");
}

int ram_block_create(struct memory_model *model, const char *name,
		     uint64_t size, const struct ram_block_options *options,
		     struct ram_block **out, struct slotscope_error *err)
{
	static const struct ram_block_options none;
	struct memory_event event = { .kind = MEMORY_EVENT_RAM_BLOCK };
	struct block_impl *b, *before;
	uint64_t mask, max;
	int r;

	if (!options)
		options = &none;
	if (options->idstr)
		name = options->idstr;
	if (!name)
		name = "";
	r = check_options(name, size, options, err);
	if (r)
		return r;
	event.name = name;
	observe_begin(model, &event);
	b = calloc(1, sizeof(*b));
	if (!b) {
		r = error_nomem(err, "create RAMBlock", name);
		goto err_observe;
	}
	b->block.page_size = options->page_size ? options->page_size : 4096;
	mask = b->block.page_size - 1;
	max = options->max_size ? options->max_size : size;
	b->block.used_length = (size + mask) & ~mask;
	b->block.max_length = (max + mask) & ~mask;
	b->block.flags = options->flags;
	b->block.fd = options->fd - 1;
	b->block.guest_memfd = options->guest_memfd - 1;
	b->block.host = options->host;
	b->block.hva = options->host ? (uintptr_t)options->host : options->hva;
	b->model = model;
	b->seq = ++model->seq;
	b->resized = options->resized;
	b->opaque = options->opaque;

	r = find_ram_offset(model, b->block.max_length, &before,
			    &b->block.offset);
	if (r) {
		error_set(err, -r, "create RAMBlock %s of 0x%llx bytes", name,
			  (unsigned long long)b->block.max_length);
		error_why(err, "no gap between the other blocks is as large");
		goto err_free;
	}
	b->block.idstr = strdup(name);
	if (!b->block.idstr) {
		r = error_nomem(err, "create RAMBlock", name);
		goto err_free;
	}
	insert(model, b, before);
	*out = &b->block;
	event.block = &b->block;
	observe_end(model, &event);
	return 0;

err_free:
	free(b);
err_observe:
	observe_end(model, &event);
	return r;
}

int ram_block_destroy(struct ram_block *block, struct slotscope_error *err)
{
	if (!block)
		return 0;
	if (block->region) {
		error_set(err, EBUSY, "destroy RAMBlock %s", block->idstr);
		return error_why(err, "it belongs to memory region %s",
				 block->region->name);
	}
	ram_block_free(impl(block)->model, block);
	return 0;
}

void ram_block_set_migratable(struct ram_block *block, bool migratable)
{
	if (migratable)
		block->flags |= RAM_MIGRATABLE;
	else
		block->flags &= ~RAM_MIGRATABLE;
	/* Seen by the next commit; makes none itself */
	if (block->region && impl(block)->model->global_dirty)
		region_touch(block->region);
}

int ram_block_resize(struct ram_block *block, uint64_t size,
		     struct slotscope_error *err)
{
	uint64_t mask = block->page_size - 1;
	uint64_t old_length = block->used_length;
	uint64_t length = (size + mask) & ~mask;
	struct block_impl *b = impl(block);
	bool told;
	int r = 0;

	if (!size || size > block->max_length) {
		error_set(err, EINVAL, "resize RAMBlock %s to 0x%llx bytes",
			  block->idstr, (unsigned long long)size);
		return error_why(err, "it must be 1 to 0x%llx",
				 (unsigned long long)block->max_length);
	}
	if (length != old_length && !(block->flags & RAM_RESIZABLE)) {
		error_set(err, EINVAL, "resize RAMBlock %s to 0x%llx bytes",
			  block->idstr, (unsigned long long)size);
		return error_why(err, "it was not made RAM_RESIZABLE");
	}
	told = length != old_length ||
	       (block->region && block->region->info.size != size);
	block->used_length = length;
	if (block->region)
		r = memory_region_set_size(block->region, size, err);
	if (r) {
		block->used_length = old_length;
		return r;
	}
	if (told && b->resized)
		b->resized(b->opaque, block->idstr, size);
	return 0;
}

struct ram_block *ram_block_first(const struct memory_model *model)
{
	struct treap_node *node = treap_first(&model->blocks_by_size);

	return node ? &impl_of(node, by_size)->block : NULL;
}

struct ram_block *ram_block_next(const struct ram_block *block)
{
	struct treap_node *node = treap_next(&impl(block)->by_size);

	return node ? &impl_of(node, by_size)->block : NULL;
}

struct ram_block *ram_block_from_offset(struct memory_model *model,
					uint64_t ram_addr)
{
	struct ram_block *block = model->mru_block;
	struct block_impl *b;

	if (block && ram_addr - block->offset < block->max_length)
		return block;
	b = at_or_below(model, ram_addr);
	if (!b || ram_addr - b->block.offset >= b->block.max_length)
		return NULL;
	model->mru_block = &b->block;
	return &b->block;
}

/* Host ranges may overlap: two blocks on one memory */
struct ram_block *ram_block_from_hva(struct memory_model *model, hva_t hva,
				     uint64_t *offset)
{
	struct treap_node *node = model->blocks_by_hva.root;
	struct block_impl *b = NULL;

	while (node) {
		b = impl_of(node, by_hva);
		if (node->left &&
		    impl_of(node->left, by_hva)->highest_hva > hva)
			node = node->left;
		else if (hva - b->block.hva < b->block.max_length)
			break;
		else
			node = hva >= b->block.hva ? node->right : NULL;
	}
	if (!node)
		return NULL;
	if (offset)
		*offset = hva - b->block.hva;
	return &b->block;
}
