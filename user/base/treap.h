/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ordered tree whose nodes lie in the objects that it orders: a treap.
 *
 * Chosen over a red-black tree because it is a third of the code, and because
 * what a subtree sums up (an interval tree's highest end) is easily kept.
 * C has no library for it that is as common as uthash is for hashes.
 *
 * Look-ups walk from tree->root by left and right: each user has its own rule.
 */
#ifndef SLOTSCOPE_BASE_TREAP_H
#define SLOTSCOPE_BASE_TREAP_H

#include <stddef.h>
#include <stdint.h>

struct treap_node {
	struct treap_node *parent;
	struct treap_node *left;
	struct treap_node *right;
	uint64_t weight; /* random; no child's is higher */
};

/**
 * struct treap_ops - what makes a tree
 * @before: does @a come before @b? A strict order, without equals
 * @update: compute what @node sums up, from itself and its children; may be
 *	    NULL
 */
struct treap_ops {
	_Bool (*before)(const struct treap_node *a, const struct treap_node *b);
	void (*update)(struct treap_node *node);
};

/* Zero-initialise it */
struct treap {
	struct treap_node *root;
	size_t nr;
	uint64_t seed;
};

void treap_insert(struct treap *tree, struct treap_node *node,
		  const struct treap_ops *ops);
void treap_erase(struct treap *tree, struct treap_node *node,
		 const struct treap_ops *ops);

/** treap_refresh() - recompute the sums, after @node itself changed */
void treap_refresh(struct treap_node *node, const struct treap_ops *ops);

struct treap_node *treap_first(const struct treap *tree);
struct treap_node *treap_next(const struct treap_node *node);

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr)-offsetof(type, member)))

#endif
