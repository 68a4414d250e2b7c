// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtree/line.h"
#include "mtree/pasted.h"

/* Far above QEMU's own: PCI bridges behind bridges reach a dozen */
#define DEPTH_MAX 256

/* The text, line by line */
struct reader {
	struct piece rest;
	struct mtree_line line;
	size_t nr; /* of the line, from 1 */
	struct slotscope_error *err;
};

static int out_of_memory(struct slotscope_error *err)
{
	return error_set(err, ENOMEM, "read the text of info mtree");
}

static int start(struct reader *r, const char *text, size_t len, char **copy,
		 struct slotscope_error *err)
{
	size_t copied;
	int ret = mtree_unpaste(text, len, copy, &copied, err);

	if (!ret)
		*r = (struct reader){ .rest = { *copy, copied }, .err = err };
	return ret;
}

/*
 * Make a string of a piece of the reader's own copy. What stands behind it is a
 * separator or a line's end, which nobody looks at any more.
 */
static const char *keep(struct piece s)
{
	if (s.s)
		((char *)s.s)[s.len] = '\0';
	return s.s;
}

static int bad_line(struct reader *r, struct piece line, const char *why)
{
	char shown[65];
	size_t i;

	for (i = 0; i < line.len && i < sizeof(shown) - 1; i++)
		shown[i] = line.s[i] >= ' ' && line.s[i] <= '~' ? line.s[i] :
								  '.';
	shown[i] = '\0';
	error_set(r->err, EINVAL, "read line %zu of the text of info mtree",
		  r->nr);
	error_why(r->err, "%s: \"%s\"", why, shown);
	return error_next(r->err, "give all that the monitor printed, and "
				  "nothing else");
}

/* The other text of the two that are called info mtree */
static int other_text(struct reader *r, const char *what, const char *wanted)
{
	error_set(r->err, EINVAL, "read line %zu of the text of info mtree",
		  r->nr);
	error_why(r->err, "%s", what);
	return error_next(r->err, "%s", wanted);
}

/* Make room for one more element of @size bytes in an array of @nr */
static void *grow(void *array, size_t nr, size_t size)
{
	/* Doubles at each power of two, so that no capacity need be kept */
	if (nr & (nr - 1))
		return array;
	return reallocarray(array, nr ? nr * 2 : 1, size);
}

#define APPEND(array, nr)                                                      \
	({                                                                     \
		void *array_ = grow(array, nr, sizeof(*(array)));              \
		if (array_)                                                    \
			array = array_;                                        \
		array_ ? memset(&(array)[(nr)++], 0, sizeof(*(array))) : NULL; \
	})

/* Flat views */

/* @gap: something may be missing before it */
static int add_range(struct mtree_flatviews *out, const struct mtree_line *l,
		     bool gap)
{
	struct mtree_flatview *view = &out->views[out->nr - 1];
	struct mtree_range *range = APPEND(view->ranges, view->nr_ranges);

	if (!range)
		return -ENOMEM;
	*range = (struct mtree_range){
		.first = l->start,
		.last = l->end,
		.priority = l->priority,
		/* What answers is no mere container, though mapped nowhere */
		.kind = l->kind == MTREE_CONTAINER ? MTREE_IO : l->kind,
		.nonvolatile = l->nonvolatile,
		.kvm = l->accel,
		.name = keep(l->name),
		.offset = l->offset,
		.owner = keep(l->owner),
		.parent = keep(l->parent),
		.gap = gap,
	};
	out->owned |= l->owned;
	view->gap = false;
	return 0;
}

/* Ranges of a view ascend and are disjoint: a text where not is no text of -f */
static bool in_order(const struct mtree_flatview *view,
		     const struct mtree_line *l)
{
	if (l->end < l->start || l->level != 1)
		return false;
	return !view->nr_ranges ||
	       view->ranges[view->nr_ranges - 1].last < l->start;
}

/* One line within the flat view that was begun last; *open until it ends */
static int flatview_line(struct reader *r, struct mtree_flatviews *out,
			 bool *open, struct piece text)
{
	struct mtree_flatview *view = &out->views[out->nr - 1];
	struct mtree_flatview_as *as;

	switch (r->line.type) {
	case MTREE_LINE_BLANK:
		*open = false;
		return 0;
	case MTREE_LINE_ELLIPSIS:
		out->left_out++;
		view->gap = true;
		return 0;
	case MTREE_LINE_FLATVIEW_AS:
		as = APPEND(view->as, view->nr_as);
		if (!as)
			return out_of_memory(r->err);
		as->name = keep(r->line.name);
		as->root = keep(r->line.root);
		as->alias = keep(r->line.alias);
		return 0;
	case MTREE_LINE_FLATVIEW_ROOT:
		view->root = keep(r->line.name);
		return 0;
	case MTREE_LINE_FLATVIEW_EMPTY:
		return 0;
	case MTREE_LINE_REGION:
		if (!in_order(view, &r->line))
			return bad_line(r, text, "out of order");
		return add_range(out, &r->line, view->gap) ?
			       out_of_memory(r->err) :
			       0;
	default:
		return bad_line(r, text, "not expected within a flat view");
	}
}

static int begin_view(struct mtree_flatviews *out, const struct mtree_line *l)
{
	struct mtree_flatview *view = APPEND(out->views, out->nr);
	struct mtree_flatview_as *as;

	if (!view)
		return -ENOMEM;
	/* The text begins with it: behind how many? */
	view->gap = l->type == MTREE_LINE_REGION;
	if (l->type != MTREE_LINE_FLATVIEW_OLD)
		return 0;
	as = APPEND(view->as, view->nr_as);
	if (!as)
		return -ENOMEM;
	as->name = keep(l->name);
	return 0;
}

static bool is_within_view(enum mtree_line_type type)
{
	return type == MTREE_LINE_FLATVIEW_AS ||
	       type == MTREE_LINE_FLATVIEW_ROOT || type == MTREE_LINE_REGION;
}

static int read_flatviews(struct reader *r, struct mtree_flatviews *out)
{
	bool open = false, dispatch = false;
	struct piece text;
	int ret;

	while (piece_line(&r->rest, &text)) {
		r->nr++;
		mtree_line_parse(text, true, &r->line);
		if (r->line.type == MTREE_LINE_FLATVIEW ||
		    r->line.type == MTREE_LINE_FLATVIEW_OLD) {
			if (begin_view(out, &r->line))
				return out_of_memory(r->err);
			open = true;
			dispatch = false;
		} else if (r->line.type == MTREE_LINE_DISPATCH && open) {
			/* Ends the ranges; no blank line of its own follows */
			dispatch = true;
		} else if (dispatch) {
			open = r->line.type != MTREE_LINE_BLANK;
			dispatch = open;
		} else if (r->line.type == MTREE_LINE_ELLIPSIS && !open) {
			out->left_out++;
		} else if (open || is_within_view(r->line.type)) {
			/* The text begins amid a view, behind its head */
			if (!open && begin_view(out, &r->line))
				return out_of_memory(r->err);
			open = true;
			ret = flatview_line(r, out, &open, text);
			if (ret)
				return ret;
		} else if (r->line.type == MTREE_LINE_ADDRESS_SPACE ||
			   r->line.type == MTREE_LINE_MEMORY_REGION) {
			return other_text(r,
					  "a tree begins there, and flat views "
					  "are wanted",
					  "give what 'info mtree -f' prints, "
					  "with -o or without");
		} else if (r->line.type != MTREE_LINE_BLANK) {
			return bad_line(r, text, "not the head of a flat view");
		}
	}
	/* "-d" prints more behind the ranges */
	out->cut = open;
	if (open && !dispatch)
		out->views[out->nr - 1].gap = true;
	return 0;
}

int mtree_flatviews_parse(const char *text, size_t len,
			  struct mtree_flatviews *out,
			  struct slotscope_error *err)
{
	struct mtree_flatviews views = { 0 };
	struct reader r;
	int ret = start(&r, text, len, &views.text, err);

	if (!ret)
		ret = read_flatviews(&r, &views);
	if (ret)
		mtree_flatviews_deinit(&views);
	else
		*out = views;
	return ret;
}

void mtree_flatviews_deinit(struct mtree_flatviews *views)
{
	size_t i;

	for (i = 0; i < views->nr; i++) {
		free(views->views[i].as);
		free(views->views[i].ranges);
	}
	free(views->views);
	free(views->text);
	memset(views, 0, sizeof(*views));
}

const struct mtree_flatview *
mtree_flatviews_find(const struct mtree_flatviews *views, const char *as_name)
{
	size_t i, j;

	for (i = 0; i < views->nr; i++)
		for (j = 0; j < views->views[i].nr_as; j++)
			if (strcmp(views->views[i].as[j].name, as_name) == 0)
				return &views->views[i];
	return NULL;
}

/* The tree */

/* @open: the last section has not ended */
static int begin_section(struct mtree_tree *out, const struct mtree_line *l,
			 bool open)
{
	struct mtree_section *section =
		open ? &out->sections[out->nr_sections - 1] : NULL;
	struct mtree_as *as;

	/* Address spaces with the same root share one tree; not by older QEMUs */
	if (!section || l->type == MTREE_LINE_MEMORY_REGION || section->name ||
	    section->nr) {
		section = APPEND(out->sections, out->nr_sections);
		if (!section)
			return -ENOMEM;
		section->first = out->nr_nodes;
	}
	if (l->type == MTREE_LINE_MEMORY_REGION) {
		section->name = keep(l->name);
		return 0;
	}
	as = APPEND(out->as, out->nr_as);
	if (!as)
		return -ENOMEM;
	as->name = keep(l->name);
	as->section = out->nr_sections - 1;
	return 0;
}

/*
 * Behind lines that were left out, what stood above a line may have been among
 * them: all that is sure is the root. Guest addresses are of the section, so a
 * region may be put there, and only what hid it or cut it is lost.
 */
static void forget_path(int32_t *path)
{
	unsigned int i;

	for (i = 2; i < DEPTH_MAX; i++)
		path[i] = path[1];
}

/* The text begins amid a section, behind its head */
static int begin_unseen_section(struct mtree_tree *out)
{
	struct mtree_section *section = APPEND(out->sections, out->nr_sections);
	struct mtree_as *as = APPEND(out->as, out->nr_as);

	if (!section || !as)
		return -ENOMEM;
	as->name = MTREE_UNSEEN;
	return 0;
}

/*
 * A root that is not in the text: its own line was left out, or the text begins
 * behind it. The whole address space, in which nothing else is.
 */
static int add_unseen_root(struct mtree_tree *out, int32_t *path)
{
	struct mtree_node *node = APPEND(out->nodes, out->nr_nodes);

	if (!node)
		return -ENOMEM;
	*node = (struct mtree_node){
		.parent = -1,
		.next = out->nr_nodes,
		.end = UINT64_MAX,
		.name = MTREE_UNSEEN,
	};
	path[1] = out->nr_nodes - 1;
	forget_path(path);
	out->sections[out->nr_sections - 1].nr++;
	out->rootless++;
	return 0;
}

/*
 * @path holds the index of the last node at each level above the next one; -1
 * where that is a disabled region that was not printed: its children were.
 */
static int add_node(struct reader *r, struct mtree_tree *out, int32_t *path,
		    struct piece text)
{
	const struct mtree_line *l = &r->line;
	struct mtree_node *node;
	int32_t index = out->nr_nodes, parent;
	unsigned int i;

	if (l->level >= DEPTH_MAX)
		return bad_line(r, text, "nested too deep");
	if (l->level == 1 && out->sections[out->nr_sections - 1].nr)
		return bad_line(r, text, "a second root");
	if (index >= INT32_MAX - 1 || !APPEND(out->nodes, out->nr_nodes))
		return out_of_memory(r->err);
	parent = l->level == 1 ? -1 : path[l->level - 1];
	node = &out->nodes[index];
	*node = (struct mtree_node){
		.parent = parent,
		.next = index + 1,
		.hidden = l->level > 1 &&
			  (parent < 0 || out->nodes[parent].hidden),
		.start = l->start,
		.end = l->end,
		.priority = l->priority,
		.kind = l->kind,
		.nonvolatile = l->nonvolatile,
		.writable = l->writable,
		.disabled = l->disabled,
		.name = keep(l->name),
		.alias = keep(l->alias),
		.alias_start = l->alias_start,
		.alias_end = l->alias_end,
		.owner = keep(l->owner),
		.parent_object = keep(l->parent),
	};
	for (; parent >= 0; parent = out->nodes[parent].parent)
		out->nodes[parent].next = index + 1;
	path[l->level] = index;
	for (i = l->level + 1; i < DEPTH_MAX; i++)
		path[i] = -1;
	out->sections[out->nr_sections - 1].nr++;
	out->owned |= l->owned;
	out->disabled |= l->disabled;
	out->rights |= l->kind == MTREE_RIGHTS;
	out->hidden += node->hidden;
	return 0;
}

static int read_tree(struct reader *r, struct mtree_tree *out)
{
	int32_t path[DEPTH_MAX];
	struct piece text;
	/* Is there a section, and may a part of it be missing above? */
	bool open = false, left_out = false;
	int ret;

	while (piece_line(&r->rest, &text)) {
		r->nr++;
		switch (mtree_line_parse(text, false, &r->line)) {
		case MTREE_LINE_ADDRESS_SPACE:
		case MTREE_LINE_MEMORY_REGION:
			if (begin_section(out, &r->line, open))
				return out_of_memory(r->err);
			memset(path, 0xff, sizeof(path));
			open = true;
			left_out = false;
			break;
		case MTREE_LINE_ELLIPSIS:
			out->left_out++;
			if (open)
				forget_path(path);
			left_out = open;
			break;
		case MTREE_LINE_REGION:
			if (!open && out->nr_sections)
				return bad_line(r, text, "not below a header");
			if (!open && begin_unseen_section(out))
				return out_of_memory(r->err);
			if (!open)
				memset(path, 0xff, sizeof(path));
			left_out |= !open;
			open = true;
			if (left_out && path[1] < 0 && r->line.level > 1 &&
			    add_unseen_root(out, path))
				return out_of_memory(r->err);
			ret = add_node(r, out, path, text);
			if (ret)
				return ret;
			break;
		case MTREE_LINE_BLANK:
			open = false;
			break;
		case MTREE_LINE_FLATVIEW:
		case MTREE_LINE_FLATVIEW_OLD:
			return other_text(
				r,
				"a flat view begins there (-f), and "
				"the tree that it was rendered from "
				"is wanted",
				"give what 'info mtree -o -D' prints, "
				"without -f");
		default:
			return bad_line(r, text, "no line of info mtree");
		}
	}
	out->cut = open;
	return 0;
}

int mtree_tree_parse(const char *text, size_t len, struct mtree_tree *out,
		     struct slotscope_error *err)
{
	struct mtree_tree tree = { 0 };
	struct reader r;
	int ret = start(&r, text, len, &tree.text, err);

	if (!ret)
		ret = read_tree(&r, &tree);
	if (ret)
		mtree_tree_deinit(&tree);
	else
		*out = tree;
	return ret;
}

void mtree_tree_deinit(struct mtree_tree *tree)
{
	free(tree->as);
	free(tree->sections);
	free(tree->nodes);
	free(tree->text);
	memset(tree, 0, sizeof(*tree));
}
