// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "memory/mtree_match.h"

/* Far above any machine's; bounds the work that a hostile text can cause */
#define SECTIONS_MAX 16384

int32_t mtree_section_root(const struct mtree_tree *tree, size_t section)
{
	const struct mtree_section *s = &tree->sections[section];

	return s->nr && !tree->nodes[s->first].hidden ? (int32_t)s->first : -1;
}

int32_t mtree_next_child(const struct mtree_tree *tree, int32_t parent,
			 int32_t child)
{
	int32_t i = child < 0 ? parent + 1 : tree->nodes[child].next;

	/* What is hidden stands between, and is nobody's child */
	while (i < tree->nodes[parent].next && tree->nodes[i].parent != parent)
		i = tree->nodes[i].next;
	return i < tree->nodes[parent].next ? i : -1;
}

/* Classes */

struct element {
	const struct mtree_tree *tree;
	const int32_t *class; /* of all nodes behind this one */
	int32_t node;
};

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int order_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : order(!!a, !!b);
}

/* Where it stands in what contains it, which is what the region itself keeps */
static uint64_t address(const struct mtree_tree *tree, int32_t node)
{
	const struct mtree_node *n = &tree->nodes[node];

	return n->start - (n->parent < 0 ? 0 : tree->nodes[n->parent].start);
}

static int order_children(const struct element *a, const struct element *b)
{
	int32_t x = mtree_next_child(a->tree, a->node, -1);
	int32_t y = mtree_next_child(b->tree, b->node, -1);
	int ret = 0;

	while (x >= 0 && y >= 0 && !ret) {
		ret = order(a->class[x], b -> class[y]);
		x = mtree_next_child(a->tree, a->node, x);
		y = mtree_next_child(b->tree, b->node, y);
	}
	return ret ? ret : order(x >= 0, y >= 0);
}

static int order_elements(const void *left, const void *right)
{
	const struct element *a = left, *b = right;
	const struct mtree_node *x = &a->tree->nodes[a->node];
	const struct mtree_node *y = &b->tree->nodes[b->node];
	int ret = strcmp(x->name, y->name);

	ret = ret ? ret : order_text(x->owner, y->owner);
	ret = ret ? ret : order_text(x->parent_object, y->parent_object);
	ret = ret ? ret : order_text(x->alias, y->alias);
	ret = ret ? ret :
		    order(address(a->tree, a->node), address(b->tree, b->node));
	ret = ret ? ret : order(x->end - x->start, y->end - y->start);
	ret = ret ? ret : order(x->alias_start, y->alias_start);
	/* Not by alias_end: it follows from the sizes */
	ret = ret ? ret : order((uint32_t)x->priority, (uint32_t)y->priority);
	ret = ret ? ret : order(x->kind, y->kind);
	ret = ret ? ret : order(x->nonvolatile, y->nonvolatile);
	ret = ret ? ret : order(x->writable, y->writable);
	ret = ret ? ret : order(x->disabled, y->disabled);
	return ret ? ret : order_children(a, b);
}

static void keep_element(void *element)
{
}

/* Backwards, so that a node's children have their classes before it */
static int classify(const struct mtree_tree *tree, int32_t *class)
{
	struct element *elements = calloc(tree->nr_nodes, sizeof(*elements));
	struct element **found;
	void *known = NULL;
	int32_t i, nr = 0;
	int ret = 0;

	if (!elements)
		return -ENOMEM;
	for (i = tree->nr_nodes - 1; i >= 0; i--) {
		elements[i] = (struct element){ tree, class, i };
		found = tsearch(&elements[i], &known, order_elements);
		if (!found) {
			ret = -ENOMEM;
			break;
		}
		class[i] = *found == &elements[i] ? nr++ :
						    class[(*found)->node];
	}
	tdestroy(known, keep_element);
	free(elements);
	return ret;
}

/* Sections */

/*
 * A section that repeats what stands elsewhere is not built: a root that is also
 * mapped (it has a parent somewhere), or that had a section before: as an
 * address space's root, which older QEMUs print for each of them.
 */
static int choose_sections(const struct mtree_tree *tree,
			   struct mtree_match *out)
{
	bool *mapped = calloc(tree->nr_nodes, sizeof(*mapped)); /* by class */
	int32_t root, i;
	size_t s;

	if (!mapped)
		return -ENOMEM;
	for (i = 0; i < (int32_t)tree->nr_nodes; i++)
		if (!tree->nodes[i].hidden && tree->nodes[i].parent >= 0)
			mapped[out->class[i]] = true;
	for (s = 0; s < tree->nr_sections; s++) {
		root = mtree_section_root(tree, s);
		if (root < 0 || out->region[out->class[root]] >= 0 ||
		    mapped[out->class[root]])
			continue;
		out->build[s] = true;
		out->region[out->class[root]] = root;
	}
	for (s = 0; s < tree->nr_sections; s++) {
		const struct mtree_section *section = &tree->sections[s];

		if (!out->build[s])
			continue;
		for (i = section->first;
		     i < (int32_t)(section->first + section->nr); i++)
			if (!tree->nodes[i].hidden &&
			    out->region[out->class[i]] < 0)
				out->region[out->class[i]] = i;
	}
	free(mapped);
	return 0;
}

/* Aliases */

/*
 * QEMU gives a region its section when the first alias of it is reached, in the
 * order of the text. So each alias shows a region whose section was claimed by
 * an alias before it, or the next one.
 */
struct resolver {
	const struct mtree_tree *tree;
	struct mtree_match *match;
	FILE *notes;
	int32_t *by_class; /* class of an alias -> section, or -1 */
	size_t next;	   /* first section that nobody has claimed */
};

static bool same_owner(const struct mtree_node *a, const struct mtree_node *b)
{
	return a->owner && b->owner && strcmp(a->owner, b->owner) == 0;
}

/* Nothing shows what it is itself in */
static bool contains(const struct resolver *r, size_t s, int32_t node)
{
	const struct mtree_section *section = &r->tree->sections[s];

	return (size_t)node >= section->first &&
	       (size_t)node < section->first + section->nr;
}

/* Could section @s be what alias @node shows? */
static bool fits(const struct resolver *r, size_t s, int32_t node)
{
	const struct mtree_section *section = &r->tree->sections[s];
	const struct mtree_node *alias = &r->tree->nodes[node];
	int32_t root = mtree_section_root(r->tree, s);

	if (!section->name || strcmp(section->name, alias->alias) ||
	    contains(r, s, node))
		return false;
	/* An alias is printed with the kind of its target */
	return root < 0 || r->tree->rights ||
	       r->tree->nodes[root].kind == alias->kind;
}

static bool has_owner(const struct resolver *r, size_t s,
		      const struct mtree_node *alias)
{
	int32_t root = mtree_section_root(r->tree, s);

	return root >= 0 && same_owner(&r->tree->nodes[root], alias);
}

/*
 * The section of what @alias shows, or -1. One of several is chosen by its
 * owner: a device's windows show what is the device's.
 */
static ssize_t find_target(struct resolver *r, int32_t node)
{
	const struct mtree_node *alias = &r->tree->nodes[node];
	bool next_fits = r->next < r->tree->nr_sections &&
			 fits(r, r->next, node);
	ssize_t known = -1;
	size_t s, nr_known = 0;

	for (s = 0; s < r->next; s++) {
		if (!fits(r, s, node))
			continue;
		if (has_owner(r, s, alias))
			return s;
		known = s;
		nr_known++;
	}
	if (next_fits && (known < 0 || has_owner(r, r->next, alias)))
		return r->next;
	if (known >= 0) {
		if (r->notes && nr_known + next_fits > 1)
			fprintf(r->notes,
				"%zu regions are named %s: alias %s is taken "
				"to show the last one before it\n",
				nr_known + next_fits, alias->alias,
				alias->name);
		return known;
	}
	/* Claimed by an alias that is disabled and not shown: without -D */
	for (s = r->next; s < r->tree->nr_sections; s++)
		if (fits(r, s, node))
			return s;
	return -1;
}

static int resolve_alias(struct resolver *r, int32_t node,
			 struct slotscope_error *err)
{
	const struct mtree_node *alias = &r->tree->nodes[node];
	int32_t class = r->match->class[node], root;
	ssize_t s = r->by_class[class];

	/* Alike, it shows the same; but not where that is around it */
	if (s < 0 || contains(r, s, node))
		s = find_target(r, node);
	if (s < 0) {
		error_set(err, EINVAL, "find what alias %s of info mtree shows",
			  alias->name);
		error_why(err, "there is no memory-region section for %s",
			  alias->alias);
		return error_next(err, "is the text cut off? Give all of it, "
				       "best of 'info mtree -o -D'");
	}
	if (s >= (ssize_t)r->next)
		r->next = s + 1;
	r->by_class[class] = s;
	/* Without root the section is of a disabled region, not shown */
	root = mtree_section_root(r->tree, s);
	if (root >= 0)
		r->match->target[node] =
			r->match->region[r->match->class[root]];
	return 0;
}

static int resolve_all(struct resolver *r, struct slotscope_error *err)
{
	int32_t i;
	int ret = 0;

	while (r->next < r->tree->nr_sections &&
	       !r->tree->sections[r->next].name)
		r->next++;
	for (i = 0; i < (int32_t)r->tree->nr_nodes; i++)
		r->by_class[i] = r->match->target[i] = -1;
	for (i = 0; i < (int32_t)r->tree->nr_nodes && !ret; i++)
		if (r->tree->nodes[i].alias)
			ret = resolve_alias(r, i, err);
	return ret;
}

/* Arrays of at least one element: NULL is for want of memory only */
static void *array(size_t nr, size_t size)
{
	return calloc(nr ? nr : 1, size);
}

int mtree_match(const struct mtree_tree *tree, FILE *notes,
		struct mtree_match *out, struct slotscope_error *err)
{
	struct resolver r = { .tree = tree, .match = out, .notes = notes };
	size_t n = tree->nr_nodes;
	int ret = 0;

	if (tree->nr_sections > SECTIONS_MAX) {
		error_set(err, EINVAL, "match the regions of info mtree");
		return error_why(err, "%zu sections: no machine has as many",
				 tree->nr_sections);
	}
	*out = (struct mtree_match){
		.class = array(n, sizeof(*out->class)),
		.region = array(n, sizeof(*out->region)),
		.build = array(tree->nr_sections, sizeof(*out->build)),
		.target = array(n, sizeof(*out->target)),
	};
	r.by_class = array(n, sizeof(*r.by_class));
	if (!out->class || !out->region || !out->build || !out->target ||
	    !r.by_class)
		ret = -ENOMEM;
	if (!ret && n) {
		memset(out->region, 0xff, n * sizeof(*out->region));
		ret = classify(tree, out->class);
	}
	if (!ret && n)
		ret = choose_sections(tree, out);
	if (ret)
		error_set(err, -ret, "match the regions of info mtree");
	else
		ret = resolve_all(&r, err);
	free(r.by_class);
	if (ret)
		mtree_match_deinit(out);
	return ret;
}

void mtree_match_deinit(struct mtree_match *match)
{
	free(match->class);
	free(match->region);
	free(match->build);
	free(match->target);
	memset(match, 0, sizeof(*match));
}
