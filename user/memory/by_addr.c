// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A container's enabled children by address: an interval tree, so that those
 * which a window touches are found without looking at the rest.
 */
#include "memory/region.h"

static struct memory_region *child_of(const struct treap_node *node)
{
	return container_of(node, struct memory_region, by_addr);
}

static bool before(const struct treap_node *a, const struct treap_node *b)
{
	const struct memory_region *ra = child_of(a), *rb = child_of(b);

	if (ra->info.addr != rb->info.addr)
		return ra->info.addr < rb->info.addr;
	return ra->mapped_seq < rb->mapped_seq;
}

static void update(struct treap_node *node)
{
	struct memory_region *region = child_of(node);
	memory_size_t end = region_end(region);

	if (node->left && child_of(node->left)->highest_end > end)
		end = child_of(node->left)->highest_end;
	if (node->right && child_of(node->right)->highest_end > end)
		end = child_of(node->right)->highest_end;
	region->highest_end = end;
}

const struct treap_ops by_addr_ops = { .before = before, .update = update };

void by_addr_insert(struct memory_region *child)
{
	treap_insert(&child->info.container->enabled_children, &child->by_addr,
		     &by_addr_ops);
}

void by_addr_erase(struct memory_region *child)
{
	treap_erase(&child->info.container->enabled_children, &child->by_addr,
		    &by_addr_ops);
}

/* The lowest in @node's subtree that ends behind @start */
static struct treap_node *first_ending_behind(struct treap_node *node,
					      __int128 start)
{
	while (node && (__int128)child_of(node)->highest_end > start) {
		if (node->left &&
		    (__int128)child_of(node->left)->highest_end > start)
			node = node->left;
		else if ((__int128)region_end(child_of(node)) > start)
			return node;
		else
			node = node->right;
	}
	return NULL;
}

/*
 * Walk the enabled children that have a byte in [start, end), by address; NULL
 * begins. Both are relative to the container.
 */
struct memory_region *by_addr_next(const struct memory_region *container,
				   const struct memory_region *after,
				   __int128 start, __int128 end)
{
	struct treap_node *node, *from;

	if (!after) {
		node = first_ending_behind(container->enabled_children.root,
					   start);
	} else {
		from = (struct treap_node *)&after->by_addr;
		node = first_ending_behind(from->right, start);
		/* Up to the next one that is higher, and what is right of it */
		while (!node && from->parent) {
			if (from->parent->right == from) {
				from = from->parent;
				continue;
			}
			from = from->parent;
			if ((__int128)region_end(child_of(from)) > start)
				node = from;
			else
				node = first_ending_behind(from->right, start);
		}
	}
	if (!node || (__int128)child_of(node)->info.addr >= end)
		return NULL;
	return child_of(node);
}
