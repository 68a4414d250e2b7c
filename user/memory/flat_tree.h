/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a flat view is made of: a B-tree that never changes once it is made. A
 * leaf holds ranges, a node holds nodes; all leaves lie equally deep. Views that
 * differ little share most of their nodes: a commit makes new ones only of what
 * it touched and of what leads there.
 *
 *	old tree ──► [ a | b | c ]         new tree ──► [ a | b'| c ]
 *	               │   │   └────────────────────────── │ ─ │ ──┘
 *	               └── │ ───────────────────────────── ┘   │
 *	                   └─► [ d | e | f ]                   └─► [ d | e'| f ]
 *
 * Nodes count who holds them: views, and nodes above. Only the thread that
 * changes the model counts; readers hold the view.
 */
#ifndef SLOTSCOPE_MEMORY_FLAT_TREE_H
#define SLOTSCOPE_MEMORY_FLAT_TREE_H

#include <slotscope/memory.h>

/* Ranges in a leaf, nodes in a node: at the most, and what is too few */
#ifndef FLAT_MAX
#define FLAT_MAX 16
#endif
#define FLAT_MIN (FLAT_MAX / 4)

/* Only the last node of a level has less than FLAT_MIN: 4^16 is plenty */
#define FLAT_HEIGHTS 16

struct flat_node;

struct flat_child {
	gpa_t start; /* of its first range */
	struct flat_node *node;
};

struct flat_node {
	unsigned int refs;
	uint8_t height; /* 0: a leaf */
	uint8_t nr;
	bool has_ioeventfds;
	uint64_t ioeventfd_seq; /* when has_ioeventfds was found out */
	size_t nr_ranges;	/* here and below */
	union {
		struct flat_range ranges[0];
		struct flat_child children[0];
	};
};

void flat_node_unref(struct flat_node *node);

/** flat_tree_at_or_behind() - the lowest range that ends behind @addr, or NULL */
const struct flat_range *flat_tree_at_or_behind(const struct flat_node *tree,
						gpa_t addr);

/**
 * struct flat_builder - a tree in the making, from its lowest address up
 * @ranges: that wait to be in a leaf
 * @level:  nodes of each height that wait for a node above them
 *
 * What waits is cut late, so that it can be cut into equal parts.
 */
struct flat_builder {
	unsigned int nr_ranges;
	struct flat_pending {
		unsigned int nr;
		struct flat_node *nodes[2 * FLAT_MAX];
	} level[FLAT_HEIGHTS];
	struct flat_range ranges[2 * FLAT_MAX];
};

void flat_builder_init(struct flat_builder *builder);

/** flat_builder_add_range() - joined with the one before it, if it continues it */
int flat_builder_add_range(struct flat_builder *builder,
			   const struct flat_range *range);

/**
 * flat_builder_add_node() - a part of another tree, shared if that can be
 *
 * Its first range must not continue the one before it.
 */
int flat_builder_add_node(struct flat_builder *builder, struct flat_node *node);

/** flat_builder_end() - the tree, with a reference; NULL if nothing was added */
int flat_builder_end(struct flat_builder *builder, struct flat_node **tree);

/** flat_builder_deinit() - give up; also allowed after flat_builder_end() */
void flat_builder_deinit(struct flat_builder *builder);

/* A place in a tree: a node of each height, and which of its parts */
struct flat_cursor {
	unsigned int height; /* of the tree */
	bool end;	     /* behind its last range */
	struct {
		const struct flat_node *node;
		unsigned int at;
	} level[FLAT_HEIGHTS];
};

/* A walk over two trees, past what they share */
struct flat_diff {
	struct flat_cursor old;
	struct flat_cursor new;
	bool all;
};

/**
 * flat_diff_begin() - compare two trees; NULL is an empty one
 * @all: also what they share
 */
void flat_diff_begin(struct flat_diff *diff, const struct flat_node *old,
		     const struct flat_node *new, bool all);

/**
 * flat_diff_next() - the next difference, by address
 * @old: a range of the old tree that is not in the new one, or NULL
 * @new: a range of the new tree that is not in the old one, or NULL. If both are
 *	 set they are the same; perhaps but for what flat_range_equal() also asks
 *
 * Return: false at the end.
 */
bool flat_diff_next(struct flat_diff *diff, const struct flat_range **old,
		    const struct flat_range **new);

/** flat_range_equal() - are they, also in dirty log mask and own_readonly? */
bool flat_range_equal(const struct flat_range *a, const struct flat_range *b);

#endif
