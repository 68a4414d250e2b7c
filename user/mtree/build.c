// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/mtree.h>

#include "mtree/hints.h"
#include "mtree/match.h"
#include "mtree/order.h"
#include "mtree/otherwise.h"

/* A region that aliases show, without a section: all that they tell of it */
struct absent {
	const char *name;
	enum mtree_kind kind;
	uint64_t last;		      /* that is shown */
	struct memory_region *region; /* NULL: of this kind nothing is known */
};

struct builder {
	const struct mtree_tree *tree;
	enum mtree_missing missing;
	bool otherwise;
	const struct mtree_match *match;
	struct memory_model *model;
	struct memory_region **regions; /* of the nodes that are built */
	bool *pending;			/* aliases whose target comes first */
	struct mtree_order order;
	struct memory_region *nothing; /* stands for what is not shown */
	struct absent *absent; /* what aliases show, and the text has not */
	size_t nr_absent;
	size_t childless; /* taken for registers: no part of theirs is shown */
	FILE *notes;
	struct slotscope_error *err;
};

static memory_size_t size_of(const struct mtree_node *node, unsigned int hints)
{
	if (hints & MTREE_HINT_EMPTY && node->start == node->end)
		return 0;
	return (memory_size_t)(node->end - node->start) + 1;
}

/*
 * Without -D what is disabled is not there, and most often that does not matter:
 * it shows nothing. What it leaves behind are children without a parent, and
 * containers that nothing can be seen in. A text without -o is none of -D either;
 * in any other where nothing is missing there is no reason to doubt.
 */
static bool tells_disabled(const struct mtree_tree *tree)
{
	return tree->disabled || (!tree->hidden && tree->owned);
}

/* Registers and containers are both "i/o"; QEMU 2.8 tells rights alone */
static bool terminates(struct builder *b, int32_t i, unsigned int hints)
{
	const struct mtree_node *node = &b->tree->nodes[i];
	size_t s;

	if (hints & (MTREE_HINT_TERMINATES | MTREE_HINT_CONTAINER))
		return hints & MTREE_HINT_TERMINATES;
	if (mtree_next_child(b->tree, i, -1) >= 0)
		return false;
	/* An address space of registers alone is none; an alias's target may be */
	for (s = 0; node->parent < 0 && s < b->tree->nr_as; s++)
		if (mtree_section_root(b->tree, b->tree->as[s].section) == i)
			return false;
	b->childless++;
	return !b->otherwise || tells_disabled(b->tree);
}

static bool is_memory(enum mtree_kind kind)
{
	return kind == MTREE_RAM || kind == MTREE_ROM || kind == MTREE_ROMD ||
	       kind == MTREE_RAMD;
}

static int create_memory(struct builder *b, const struct mtree_node *node,
			 enum mtree_kind kind, struct memory_region **out)
{
	uint64_t size = node->end - node->start + 1;

	if (!size) {
		error_set(b->err, EINVAL, "rebuild region %s of info mtree",
			  node->name);
		return error_why(b->err, "2^64 bytes of memory");
	}
	switch (kind) {
	case MTREE_ROM:
		return memory_region_create_rom(b->model, node->name, size,
						NULL, out, b->err);
	case MTREE_ROMD:
		return memory_region_create_rom_device(b->model, node->name,
						       size, NULL, NULL, NULL,
						       out, b->err);
	case MTREE_RAMD:
		return memory_region_create_ram_device(b->model, node->name,
						       size, NULL, out, b->err);
	default:
		return memory_region_create_ram(b->model, node->name, size,
						NULL, out, b->err);
	}
}

static int set_attributes(struct builder *b, int32_t i, unsigned int hints)
{
	const struct mtree_node *node = &b->tree->nodes[i];
	struct memory_region *region = b->regions[i];
	bool readonly = false;
	int ret = 0;

	if (node->alias)
		readonly = hints & MTREE_HINT_READONLY ||
			   (hints & MTREE_HINT_READONLY_ROMD &&
			    node->kind == MTREE_ROMD);

	/* QEMU 2.8 printed an alias with rights of its own */
	if (node->kind == MTREE_RIGHTS)
		readonly = !node->writable;
	if (node->owner || node->parent_object)
		ret = memory_region_set_owner(region, node->owner,
					      node->parent_object, b->err);
	if (!ret && readonly)
		ret = memory_region_set_readonly(region, true, b->err);
	if (!ret && node->nonvolatile)
		ret = memory_region_set_nonvolatile(region, true, b->err);
	if (!ret && node->disabled)
		ret = memory_region_set_enabled(region, false, b->err);
	return ret;
}

static int create_plain(struct builder *b, int32_t i)
{
	const struct mtree_node *node = &b->tree->nodes[i];
	struct memory_region **out = &b->regions[i];
	unsigned int hints = mtree_hints(node->name);
	int ret;

	if (is_memory(node->kind))
		ret = create_memory(b, node, node->kind, out);
	else if (terminates(b, i, hints))
		ret = memory_region_create_io(b->model, node->name,
					      size_of(node, hints), NULL, NULL,
					      out, b->err);
	else
		ret = memory_region_create(b->model, node->name,
					   size_of(node, hints), out, b->err);
	return ret ? ret : set_attributes(b, i, hints);
}

static struct absent *find_absent(struct builder *b,
				  const struct mtree_node *alias)
{
	size_t i;

	for (i = 0; i < b->nr_absent; i++)
		if (b->absent[i].kind == alias->kind &&
		    !strcmp(b->absent[i].name, alias->alias))
			return &b->absent[i];
	return NULL;
}

static int note_absent(struct builder *b, int32_t i)
{
	const struct mtree_node *alias = &b->tree->nodes[i];
	struct absent *absent = find_absent(b, alias);

	if (b->match->target[i] != MTREE_ABSENT)
		return 0;
	if (!absent) {
		absent = reallocarray(b->absent, b->nr_absent + 1,
				      sizeof(*absent));
		if (!absent)
			return error_set(b->err, ENOMEM, "rebuild the tree");
		b->absent = absent;
		absent += b->nr_absent++;
		*absent = (struct absent){ .name = alias->alias,
					   .kind = alias->kind };
	}
	if (alias->alias_end > absent->last)
		absent->last = alias->alias_end;
	return 0;
}

/*
 * What an alias of memory shows when the text has no section for it: QEMU prints
 * its kind and which part of it is shown, and memory has seldom anything in it.
 * Of registers and containers nothing is known. QEMU 2.8 printed no kind: there is
 * something.
 */
static int create_one_absent(struct builder *b, struct absent *absent)
{
	const struct mtree_node node = { .name = absent->name,
					 .end = absent->last };

	if (absent->last == UINT64_MAX)
		return 0;
	if (is_memory(absent->kind) || b->otherwise)
		return create_memory(b, &node, absent->kind, &absent->region);
	if (absent->kind != MTREE_RIGHTS)
		return 0;
	return memory_region_create_io(b->model, absent->name,
				       (memory_size_t)absent->last + 1, NULL,
				       NULL, &absent->region, b->err);
}

static int create_absent(struct builder *b)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < b->nr_absent && !ret; i++) {
		struct absent *absent = &b->absent[i];

		if (b->missing == MTREE_REFUSE_MISSING) {
			error_set(b->err, EINVAL,
				  "find what an alias of info mtree shows");
			error_why(b->err,
				  "there is no memory-region section for %s",
				  absent->name);
			return error_next(
				b->err, "is the text cut off? Give all of it, "
					"best of 'info mtree -o -D'");
		}
		ret = create_one_absent(b, absent);
		if (!ret && b->notes)
			fprintf(b->notes,
				absent->region ?
					"%s (%s) has nothing in it: the text "
					"has no section for it\n" :
					"nothing is shown of %s (%s): the text "
					"has no section for it\n",
				absent->name, mtree_kind_name(absent->kind));
	}
	return ret;
}

static struct memory_region *target_of(struct builder *b, int32_t i)
{
	int32_t target = b->match->target[i];
	const struct absent *absent;

	if (target >= 0)
		return b->regions[target];
	absent = target == MTREE_ABSENT ? find_absent(b, &b->tree->nodes[i]) :
					  NULL;
	return absent && absent->region ? absent->region : b->nothing;
}

static int create_alias(struct builder *b, int32_t i)
{
	const struct mtree_node *node = &b->tree->nodes[i];
	unsigned int hints = mtree_hints(node->name);
	int32_t target = b->match->target[i];
	int ret;

	if (target >= 0 && !b->regions[target]) { /* an alias, too */
		if (b->pending[target]) {
			error_set(b->err, ELOOP,
				  "rebuild alias %s of info mtree", node->name);
			return error_why(b->err, "it shows itself");
		}
		b->pending[i] = true;
		ret = create_alias(b, target);
		b->pending[i] = false;
		if (ret)
			return ret;
	}
	ret = memory_region_create_alias(b->model, node->name, target_of(b, i),
					 node->alias_start,
					 size_of(node, hints), &b->regions[i],
					 b->err);
	return ret ? ret : set_attributes(b, i, hints);
}

static int map_children(struct builder *b, int32_t parent)
{
	const struct mtree_node *nodes = b->tree->nodes;
	int32_t i, *children;
	size_t k, nr = 0;
	int ret = 0;

	for (i = -1; (i = mtree_next_child(b->tree, parent, i)) >= 0;)
		nr++;
	if (!nr)
		return 0;
	children = malloc(nr * sizeof(*children));
	if (!children)
		return error_set(b->err, ENOMEM, "rebuild the tree");
	nr = 0;
	for (i = -1; (i = mtree_next_child(b->tree, parent, i)) >= 0;)
		children[nr++] = i;
	mtree_order_children(&b->order, children, nr, b->notes);
	for (k = 0; k < nr && !ret; k++) {
		i = children[k];
		ret = memory_region_add_subregion_overlap(
			b->regions[parent],
			nodes[i].start - nodes[parent].start, nodes[i].priority,
			b->regions[i], b->err);
	}
	free(children);
	return ret;
}

/* Call @step for each node that is to be built and is (no) alias */
static int for_each(struct builder *b, bool alias,
		    int (*step)(struct builder *b, int32_t node))
{
	size_t s;
	int ret = 0;

	for (s = 0; s < b->tree->nr_sections && !ret; s++) {
		const struct mtree_section *section = &b->tree->sections[s];
		int32_t i = section->first, end = i + section->nr;

		for (; b->match->build[s] && i < end && !ret; i++)
			if (!b->tree->nodes[i].hidden &&
			    !!b->tree->nodes[i].alias == alias)
				ret = step(b, i);
	}
	return ret;
}

static int create_alias_once(struct builder *b, int32_t i)
{
	return b->regions[i] ? 0 : create_alias(b, i);
}

/*
 * When QEMU made an address space, as far as its name tells. The text has them in
 * the order of a hash table; QEMU makes "memory" and "I/O" first, then those of
 * the CPUs ("cpu-memory-0", "cpu-smm-0", "cpu-memory-1"), then the devices': of
 * these nothing is known, and they keep the text's order.
 */
static uint64_t age_of_space(const char *name)
{
	char kind[8];
	unsigned int cpu;
	int end = -1;

	if (!strcmp(name, "memory"))
		return 0;
	if (!strcmp(name, "I/O"))
		return 1;
	if (sscanf(name, "cpu-%7[a-z]-%u%n", kind, &cpu, &end) == 2 &&
	    end > 0 && !name[end])
		return 2 + 2 * (uint64_t)cpu + !!strcmp(kind, "memory");
	return UINT64_MAX;
}

struct aged {
	uint64_t age;
	size_t nr;
};

static int compare_ages(const void *a, const void *b)
{
	const struct aged *x = a, *y = b;

	if (x->age != y->age)
		return x->age < y->age ? -1 : 1;
	return x->nr < y->nr ? -1 : 1;
}

static int create_space(struct builder *b, const char *name, size_t section)
{
	int32_t node = b->match->root[section];
	struct address_space *as;

	return address_space_create(b->model, name,
				    node < 0 ? b->nothing : b->regions[node],
				    &as, b->err);
}

/* Of a text that has no address space: what it shows of regions */
static int create_spaces_of_sections(struct builder *b)
{
	const struct mtree_tree *tree = b->tree;
	int ret = 0;
	size_t s;

	for (s = 0; s < tree->nr_sections && !ret; s++) {
		if (b->notes)
			fprintf(b->notes,
				"region %s is shown as an address space: the "
				"text has none\n",
				tree->sections[s].name);
		ret = create_space(b, tree->sections[s].name, s);
	}
	return ret;
}

static int create_spaces(struct builder *b)
{
	const struct mtree_as *spaces = b->tree->as;
	size_t i, nr = b->tree->nr_as;
	struct aged *order;
	int ret = 0;

	if (!nr)
		return create_spaces_of_sections(b);
	order = calloc(nr, sizeof(*order));
	if (!order)
		return error_set(b->err, ENOMEM, "rebuild the tree");
	for (i = 0; i < nr; i++)
		order[i] = (struct aged){ age_of_space(spaces[i].name), i };
	qsort(order, nr, sizeof(*order), compare_ages);
	for (i = 0; i < nr && !ret; i++)
		ret = create_space(b, spaces[order[i].nr].name,
				   spaces[order[i].nr].section);
	free(order);
	return ret;
}

static void note_poor_text(const struct builder *b)
{
	if (!b->notes)
		return;
	if (b->tree->cut)
		fputs("the text is whole, though no empty line ends its last "
		      "section\n",
		      b->notes);
	if (b->tree->left_out)
		fprintf(b->notes,
			"nothing is where the text has \"...\" (%zu): what was "
			"left out is not shown, and hides nothing\n",
			b->tree->left_out);
	if (b->tree->rootless)
		fprintf(b->notes,
			"a root that is not in the text (%zu) is a container\n",
			b->tree->rootless);
	if (!b->tree->owned)
		fputs("regions of one name and place are one: the text has no "
		      "owners (-o)\n",
		      b->notes);
	if (b->tree->rights)
		fputs("memory and registers are not told apart: QEMU before "
		      "2.9 prints rights alone\n",
		      b->notes);
}

static void note_disabled(const struct builder *b)
{
	const struct mtree_tree *tree = b->tree;

	if (!b->notes)
		return;
	if (tree->hidden)
		fprintf(b->notes,
			"%zu region%s below one that is not shown (-D)\n",
			tree->hidden,
			tree->hidden == 1 ? " is disabled: it stands" :
					    "s are disabled: they stand");
	if (b->childless && !tells_disabled(tree))
		fprintf(b->notes,
			"%zu region%s of what is disabled and not shown (-D)\n",
			b->childless,
			b->childless == 1 ?
				" with nothing in it is a register, not a "
				"container" :
				"s with nothing in them are registers, not "
				"containers");
}

static int build(struct builder *b)
{
	int ret;

	memory_model_begin(b->model);
	ret = memory_region_create(b->model, "(disabled)", 0, &b->nothing,
				   b->err);
	if (!ret)
		ret = for_each(b, false, create_plain);
	if (!ret)
		ret = for_each(b, true, note_absent);
	if (!ret)
		ret = create_absent(b);
	if (!ret)
		ret = for_each(b, true, create_alias_once);
	if (!ret)
		ret = for_each(b, false, map_children);
	/* Of several with one name the wrong one was taken */
	if (ret == -ELOOP && !b->tree->owned)
		error_next(b->err, "names repeat: give what 'info mtree -o -D' "
				   "prints, which tells owners");
	if (!ret)
		ret = create_spaces(b);
	return ret ? ret : memory_model_commit(b->model, b->err);
}

static int refuse_missing(const struct mtree_tree *tree,
			  enum mtree_missing missing,
			  struct slotscope_error *err)
{
	bool nothing = !tree->nr_as && !tree->nr_nodes;

	if (!nothing && missing == MTREE_ALLOW_MISSING)
		return 0;
	if (tree->nr_as && !tree->left_out && !tree->rootless)
		return 0;
	error_set(err, EINVAL, "read the text of info mtree");
	error_why(err, nothing	    ? "there is nothing in it" :
		       !tree->nr_as ? "there is no address space in it" :
				      "a part of it was left out");
	return error_next(err, "give what 'info mtree -o -D' prints");
}

static int build_tree(const struct mtree_tree *tree, enum mtree_missing missing,
		      bool otherwise, FILE *notes, struct memory_model **out,
		      struct slotscope_error *err)
{
	struct mtree_match match;
	struct builder b = {
		.tree = tree,
		.missing = missing,
		.otherwise = otherwise,
		.match = &match,
		.notes = notes,
		.err = err,
	};
	int ret = refuse_missing(tree, missing, err);

	if (ret)
		return ret;
	note_poor_text(&b);
	ret = mtree_match(tree, notes, &match, err);
	if (ret)
		return ret;
	ret = memory_model_create(NULL, &b.model, err);
	if (ret)
		goto out_match;
	b.regions = calloc(tree->nr_nodes + 1, sizeof(*b.regions));
	b.pending = calloc(tree->nr_nodes + 1, sizeof(*b.pending));
	if (b.regions && b.pending &&
	    !mtree_order_init(&b.order, tree, otherwise))
		ret = build(&b);
	else
		ret = error_set(err, ENOMEM, "rebuild the tree");
	if (!ret)
		note_disabled(&b);
	mtree_order_deinit(&b.order);
	free(b.absent);
	free(b.pending);
	free(b.regions);
	if (ret)
		memory_model_destroy(b.model);
	else
		*out = b.model;
out_match:
	mtree_match_deinit(&match);
	return ret;
}

int mtree_build(const struct mtree_tree *tree, enum mtree_missing missing,
		FILE *notes, struct memory_model **out,
		struct slotscope_error *err)
{
	return build_tree(tree, missing, false, notes, out, err);
}

int mtree_build_otherwise(const struct mtree_tree *tree,
			  struct memory_model **out,
			  struct slotscope_error *err)
{
	return build_tree(tree, MTREE_ALLOW_MISSING, true, NULL, out, err);
}
