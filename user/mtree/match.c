// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "mtree/match.h"

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
 * Does the text print the tree of a root once, for all its address spaces? Older
 * QEMUs print it for each; and there are always some that share one.
 */
static bool prints_roots_once(const struct mtree_tree *tree)
{
	size_t i;

	for (i = 1; i < tree->nr_as; i++)
		if (tree->as[i].section == tree->as[i - 1].section)
			return true;
	return false;
}

/* Sections of address spaces whose roots are alike; by class, and by section */
struct alike {
	int32_t *first; /* that no alias was taken to show; -1 after the last */
	int32_t *next;
};

static void list_alike(const struct mtree_tree *tree, const int32_t *class,
		       const bool *mapped, struct alike *alike)
{
	bool once = prints_roots_once(tree);
	int32_t root;
	size_t s;

	memset(alike->first, 0xff, tree->nr_nodes * sizeof(*alike->first));
	for (s = tree->nr_sections; s-- > 0;) {
		root = mtree_section_root(tree, s);
		if (root < 0 || tree->sections[s].name || mapped[class[root]])
			continue;
		alike->next[s] = once ? alike->first[class[root]] : -1;
		alike->first[class[root]] = s;
	}
}

static const char *name_of_space(const struct mtree_tree *tree, size_t section)
{
	size_t i;

	for (i = 0; i < tree->nr_as; i++)
		if (tree->as[i].section == section)
			return tree->as[i].name;
	return "";
}

/*
 * A section that repeats what stands elsewhere is not built: a root that is also
 * mapped (it has a parent somewhere), or that is an address space's. Two sections
 * of either kind are of two regions, however alike; but older QEMUs print a root
 * for each address space. Which of several that are alike an alias's target is,
 * is not told: the first that is not yet one.
 */
static void choose_section(const struct mtree_tree *tree, size_t s,
			   struct alike *alike, FILE *notes,
			   struct mtree_match *out)
{
	int32_t root = mtree_section_root(tree, s);
	int32_t class = out->class[root], first = alike->first[class];

	if (tree->sections[s].name && first >= 0) {
		out->root[s] = mtree_section_root(tree, first);
		alike->first[class] = alike->next[first];
		if (notes && alike->next[first] >= 0)
			fprintf(notes,
				"of the address spaces with a root like %s, "
				"%s is the one whose root an alias shows\n",
				tree->sections[s].name,
				name_of_space(tree, first));
	} else if (!tree->sections[s].name && first >= 0 &&
		   first < (int32_t)s && alike->next[first] < 0) {
		out->root[s] = mtree_section_root(tree, first);
	} else {
		out->build[s] = true;
		out->root[s] = root;
		if (out->region[class] < 0)
			out->region[class] = root;
	}
}

/* What stands within the sections that are built */
static void choose_regions(const struct mtree_tree *tree,
			   struct mtree_match *out)
{
	int32_t i, end;
	size_t s;

	for (s = 0; s < tree->nr_sections; s++) {
		i = tree->sections[s].first;
		end = i + tree->sections[s].nr;
		for (; out->build[s] && i < end; i++)
			if (!tree->nodes[i].hidden &&
			    out->region[out->class[i]] < 0)
				out->region[out->class[i]] = i;
	}
}

static int choose_sections(const struct mtree_tree *tree, FILE *notes,
			   struct mtree_match *out)
{
	bool *mapped = calloc(tree->nr_nodes, sizeof(*mapped)); /* by class */
	struct alike alike = {
		.first = calloc(tree->nr_nodes, sizeof(*alike.first)),
		.next = calloc(tree->nr_sections, sizeof(*alike.next)),
	};
	int32_t root, i;
	int ret = -ENOMEM;
	size_t s;

	if (!mapped || !alike.first || !alike.next)
		goto out;
	for (i = 0; i < (int32_t)tree->nr_nodes; i++)
		if (!tree->nodes[i].hidden && tree->nodes[i].parent >= 0)
			mapped[out->class[i]] = true;
	list_alike(tree, out->class, mapped, &alike);
	for (s = 0; s < tree->nr_sections; s++) {
		root = mtree_section_root(tree, s);
		if (root >= 0 && !mapped[out->class[root]])
			choose_section(tree, s, &alike, notes, out);
	}
	choose_regions(tree, out);
	for (s = 0; s < tree->nr_sections; s++) {
		root = mtree_section_root(tree, s);
		if (root >= 0 && out->root[s] < 0)
			out->root[s] = out->region[out->class[root]];
	}
	ret = 0;
out:
	free(alike.next);
	free(alike.first);
	free(mapped);
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
		.root = array(tree->nr_sections, sizeof(*out->root)),
		.target = array(n, sizeof(*out->target)),
	};
	if (!out->class || !out->region || !out->build || !out->root ||
	    !out->target)
		ret = -ENOMEM;
	if (!ret)
		memset(out->root, 0xff, tree->nr_sections * sizeof(*out->root));
	if (!ret && n) {
		memset(out->region, 0xff, n * sizeof(*out->region));
		ret = classify(tree, out->class);
	}
	if (!ret && n)
		ret = choose_sections(tree, notes, out);
	if (ret)
		error_set(err, -ret, "match the regions of info mtree");
	else
		ret = mtree_resolve(tree, notes, out, err);
	if (ret)
		mtree_match_deinit(out);
	return ret;
}

void mtree_match_deinit(struct mtree_match *match)
{
	free(match->class);
	free(match->region);
	free(match->build);
	free(match->root);
	free(match->target);
	memset(match, 0, sizeof(*match));
}
