// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/treap.h"

/* splitmix64: any fixed sequence will do, a seed per tree keeps it pure */
static uint64_t next_weight(struct treap *tree)
{
	uint64_t z = tree->seed += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void update(struct treap_node *node, const struct treap_ops *ops)
{
	if (ops->update)
		ops->update(node);
}

/* Where the pointer to @node is kept */
static struct treap_node **link_of(struct treap *tree, struct treap_node *node)
{
	if (!node->parent)
		return &tree->root;
	return node->parent->left == node ? &node->parent->left :
					    &node->parent->right;
}

/* Lift @node above its parent */
static void rotate_up(struct treap *tree, struct treap_node *node,
		      const struct treap_ops *ops)
{
	struct treap_node *parent = node->parent;
	struct treap_node **link = link_of(tree, parent);
	struct treap_node *moved;

	if (parent->left == node) {
		moved = node->right;
		parent->left = moved;
		node->right = parent;
	} else {
		moved = node->left;
		parent->right = moved;
		node->left = parent;
	}
	if (moved)
		moved->parent = parent;
	node->parent = parent->parent;
	parent->parent = node;
	*link = node;
	update(parent, ops);
}

void treap_refresh(struct treap_node *node, const struct treap_ops *ops)
{
	if (!ops->update)
		return;
	for (; node; node = node->parent)
		ops->update(node);
}

void treap_insert(struct treap *tree, struct treap_node *node,
		  const struct treap_ops *ops)
{
	struct treap_node **link = &tree->root;
	struct treap_node *parent = NULL;

	while (*link) {
		parent = *link;
		link = ops->before(node, parent) ? &parent->left :
						   &parent->right;
	}
	node->parent = parent;
	node->left = NULL;
	node->right = NULL;
	node->weight = next_weight(tree);
	*link = node;
	while (node->parent && node->parent->weight < node->weight)
		rotate_up(tree, node, ops);
	treap_refresh(node, ops);
	/* What node was lifted over is updated; so is all above it now */
	tree->nr++;
}

void treap_erase(struct treap *tree, struct treap_node *node,
		 const struct treap_ops *ops)
{
	struct treap_node *parent;

	/* Sink it until it has one child at most */
	while (node->left && node->right) {
		if (node->left->weight > node->right->weight)
			rotate_up(tree, node->left, ops);
		else
			rotate_up(tree, node->right, ops);
	}
	parent = node->parent;
	*link_of(tree, node) = node->left ? node->left : node->right;
	if (node->left)
		node->left->parent = parent;
	if (node->right)
		node->right->parent = parent;
	if (parent)
		treap_refresh(parent, ops);
	tree->nr--;
}

struct treap_node *treap_first(const struct treap *tree)
{
	struct treap_node *node = tree->root;

	while (node && node->left)
		node = node->left;
	return node;
}

struct treap_node *treap_next(const struct treap_node *node)
{
	struct treap_node *next = node->right;

	if (next) {
		while (next->left)
			next = next->left;
		return next;
	}
	while (node->parent && node->parent->right == node)
		node = node->parent;
	return node->parent;
}
