/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what QEMU's `info mtree` prints: the flat views of `-f`, or the tree.
 * Pure, and nothing is interpreted here: see mtree_build.h for what a tree means.
 *
 * Both readers copy the text once; all strings point into that copy.
 */
#ifndef SLOTSCOPE_MEMORY_MTREE_READ_H
#define SLOTSCOPE_MEMORY_MTREE_READ_H

#include <slotscope/error.h>

#include "memory/mtree_line.h"

/**
 * struct mtree_range - one flat range
 * @first, @last: guest addresses
 * @priority:	 of the region in its container
 * @kind:	 MTREE_ROM also for RAM that is only shown read-only
 * @nonvolatile: or shown through something that is
 * @kvm:	 QEMU's own slot table has it; nothing that MODEL may build on
 * @name:	 of the region
 * @offset:	 of the range in the region
 * @owner:	 "dev id=x"; NULL for none, or if -o was not given
 * @parent:	 likewise
 */
struct mtree_range {
	uint64_t first;
	uint64_t last;
	int32_t priority;
	enum mtree_kind kind;
	bool nonvolatile;
	bool kvm;
	const char *name;
	uint64_t offset;
	const char *owner;
	const char *parent;
};

/**
 * struct mtree_flatview - one flat view, and who shares it
 * @as_names: address spaces, oldest first
 * @root:     the region it was rendered from; "(none)" for the empty view
 * @ranges:   ascending
 */
struct mtree_flatview {
	const char **as_names;
	size_t nr_as;
	const char *root;
	struct mtree_range *ranges;
	size_t nr_ranges;
};

/**
 * struct mtree_flatviews - all of `info mtree -f`
 * @owned: with owners (-o)
 * @cut:   the text ends within a view: there was more
 */
struct mtree_flatviews {
	struct mtree_flatview *views;
	size_t nr;
	bool owned;
	bool cut;
	char *text; /* private */
};

/**
 * struct mtree_node - a region as it stands in one place of the tree
 * @parent: index of the node above it; -1 for the top of a section
 * @next:   index of the first node after it that is not below it
 * @start, @end: first and last byte as printed: relative to the section
 * @hidden: the region above it is disabled and not shown: -D was not given
 *
 * The rest is as in struct mtree_line. A region can stand in several places.
 */
struct mtree_node {
	int32_t parent;
	int32_t next;
	bool hidden;
	uint64_t start;
	uint64_t end;
	int32_t priority;
	enum mtree_kind kind;
	bool nonvolatile;
	bool writable;
	bool disabled;
	const char *name;
	const char *alias;
	uint64_t alias_start;
	uint64_t alias_end;
	const char *owner;
	const char *parent_object;
};

/**
 * struct mtree_section - an address space's tree, or an alias target's
 * @name:  of the region; NULL for an address space, see struct mtree_as
 * @first: index of its first node
 * @nr:	   nodes; 0 for an address space without (visible) root
 */
struct mtree_section {
	const char *name;
	size_t first;
	size_t nr;
};

/** struct mtree_as - an address space, and the section that shows its tree */
struct mtree_as {
	const char *name;
	size_t section;
};

/**
 * struct mtree_tree - all of `info mtree`
 * @owned:  with owners (-o)
 * @disabled: with disabled regions (-D): there is at least one
 * @rights: the text is as of QEMU 2.8 and tells no kinds
 * @hidden: number of nodes below regions that are not shown
 * @cut:    the text ends within a section: there was more
 */
struct mtree_tree {
	struct mtree_as *as;
	size_t nr_as;
	struct mtree_section *sections;
	size_t nr_sections;
	struct mtree_node *nodes;
	size_t nr_nodes;
	bool owned;
	bool disabled;
	bool rights;
	size_t hidden;
	bool cut;
	char *text; /* private */
};

/**
 * mtree_flatviews_parse() - read `info mtree -f`, with -o and -d or without
 * @text: need not end with NUL
 * @out:  filled only on success; mtree_flatviews_deinit() it
 *
 * Return: 0, -ENOMEM, or -EINVAL for what is no such text (@err names the line).
 */
int mtree_flatviews_parse(const char *text, size_t len,
			  struct mtree_flatviews *out,
			  struct slotscope_error *err);
void mtree_flatviews_deinit(struct mtree_flatviews *views);

/** mtree_flatviews_find() - the view of an address space, or NULL */
const struct mtree_flatview *
mtree_flatviews_find(const struct mtree_flatviews *views, const char *as_name);

/**
 * mtree_tree_parse() - read `info mtree`, with -o and -D or without
 * @out: filled only on success; mtree_tree_deinit() it
 *
 * Return: 0, -ENOMEM, or -EINVAL for what is no such text (@err names the line).
 */
int mtree_tree_parse(const char *text, size_t len, struct mtree_tree *out,
		     struct slotscope_error *err);
void mtree_tree_deinit(struct mtree_tree *tree);

#endif
