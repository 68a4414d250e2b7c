/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `info mtree`, QEMU's own print of its memory: writing it from a model, reading
 * its text, and making a model of what was read.
 *
 *	memory model -> mtree_print() -> text
 *	text -> mtree_flatviews_parse() -> struct mtree_flatviews
 *	text -> mtree_tree_parse() -> struct mtree_tree -> mtree_build() -> model
 *
 * Pure: texts are handed in, and what is printed goes to a FILE that the caller
 * has opened; open_memstream(3) serves who wants a string. The readers take the
 * forms of QEMU 2.8, 7.2 and newer ones, and interpret nothing; each copies the
 * text once, and all its strings point into that copy.
 *
 * They take a text as it is pasted: with prompts, quote marks, code fences, indented
 * all over, with CRLF; with lines left out, for which "..." stands; and without its
 * first or last part.
 */
#ifndef SLOTSCOPE_MTREE_H
#define SLOTSCOPE_MTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <slotscope/error.h>
#include <slotscope/memory.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What QEMU says a region is. Its own code prints the kind of an alias's target
 * for an alias, and "rom" in a flat view for whatever is shown read-only.
 */
enum mtree_kind {
	MTREE_IO,	 /* registers, or a container: not told apart */
	MTREE_CONTAINER, /* newer QEMUs: as MTREE_IO, and mapped nowhere */
	MTREE_RAM,
	MTREE_ROM,
	MTREE_ROMD,   /* a ROM device in ROM mode */
	MTREE_RAMD,   /* a RAM device */
	MTREE_RIGHTS, /* before 2.9: only "RW", "R-", "-W"; see writable */
};

/* The name of what is not in a text that begins amid a section */
#define MTREE_UNSEEN "(not in the text)"

/** mtree_kind_name() - as QEMU prints it; "not known" for MTREE_RIGHTS */
const char *mtree_kind_name(enum mtree_kind kind);

/*
 * Writing
 */

enum {
	MTREE_FLATVIEW = 1U << 0, /* -f: flat views instead of the tree */
	MTREE_OWNER = 1U << 1,	  /* -o: owner and parent of each region */
	MTREE_DISABLED = 1U << 2, /* -D: also what is disabled */
};

/**
 * mtree_print() - print the tree, or the flat views, of all address spaces
 * @flags: MTREE_*
 *
 * The format is QEMU 7.2's, byte for byte, but for two things that are not the
 * model's: QEMU's order of trees and of views, and with it the number of a view,
 * is that of a hash table keyed by pointers (ours: that of the oldest address
 * space in each), and " KVM" is never printed, since it comes from a slot table.
 * Within a view QEMU's address spaces stand as ours do, the oldest first.
 *
 * Return: 0, -ENOMEM, or -EIO if @out is in error.
 */
int mtree_print(FILE *out, const struct memory_model *model,
		unsigned int flags);

/*
 * Reading
 */

/**
 * struct mtree_range - one flat range
 * @first:	 first byte, as a guest address
 * @last:	 last byte; equal to @first for size 1
 * @priority:	 of the region in its container
 * @kind:	 MTREE_ROM also for RAM that is only shown read-only; never
 *		 MTREE_CONTAINER, which newer QEMUs call registers that are
 *		 an address space's root
 * @nonvolatile: or shown through something that is
 * @kvm:	 QEMU's own slot table has it; nothing that MODEL may build on
 * @name:	 of the region
 * @offset:	 of the range in the region
 * @owner:	 "dev id=x"; NULL for none, or if -o was not given
 * @parent:	 likewise
 * @gap:	 of a text: lines were left out before it; or it is the first, and
 *		 the text begins with it
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
	bool gap;
};

/**
 * struct mtree_flatview_as - an address space that shows a view
 * @name:  of the address space
 * @root:  name of its root region; NULL if the text does not tell (up to 2.10)
 * @alias: what the root shows, if that is an alias; NULL otherwise
 */
struct mtree_flatview_as {
	const char *name;
	const char *root;
	const char *alias;
};

/**
 * struct mtree_flatview - one flat view, and who shares it
 * @as:	       address spaces, oldest first
 * @nr_as:     of @as; 0 in a text that begins behind them
 * @root:      the region it was rendered from; "(none)" for the empty view; NULL if
 *	       the text does not tell
 * @ranges:    ascending
 * @nr_ranges: of @ranges; 0 for the empty view
 * @gap:       of a text: lines were left out behind the last of @ranges, or the text
 *	       ends with it
 */
struct mtree_flatview {
	struct mtree_flatview_as *as;
	size_t nr_as;
	const char *root;
	struct mtree_range *ranges;
	size_t nr_ranges;
	bool gap;
};

/**
 * struct mtree_flatviews - all of `info mtree -f`
 * @views: in the order of the text
 * @nr:	   of @views
 * @owned: with owners (-o)
 * @cut:   the text ends within a view: there was more
 * @left_out: places where lines were left out ("...")
 */
struct mtree_flatviews {
	struct mtree_flatview *views;
	size_t nr;
	bool owned;
	bool cut;
	size_t left_out;
	char *text; /* private */
};

/**
 * struct mtree_node - a region as it stands in one place of the tree
 * @parent: index of the node above it; -1 for the top of a section
 * @next:   index of the first node after it that is not below it
 * @hidden: the region above it is disabled and not shown: -D was not given
 * @start:  first byte as printed: relative to the section
 * @end:    last byte likewise. Equal to @start for size 0 and for size 1
 * @priority: among its siblings
 * @kind:   what QEMU calls it; an alias is called as its target is
 * @nonvolatile: "nv-"
 * @writable: of MTREE_RIGHTS
 * @disabled: "[disabled]"
 * @name:   of the region
 * @alias:  name of the region that it shows; NULL if it is no alias
 * @alias_start: first byte in the target
 * @alias_end: last byte in the target
 * @owner:  "dev id=x"; NULL for none, or if -o was not given
 * @parent_object: "obj path=/machine"; likewise
 *
 * A region can stand in several places.
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

/**
 * struct mtree_as - an address space
 * @name:    of the address space
 * @section: index of the section that shows its tree; several may share one
 */
struct mtree_as {
	const char *name;
	size_t section;
};

/**
 * struct mtree_tree - all of `info mtree`
 * @as:	    address spaces, in the order of the text
 * @nr_as:  of @as
 * @sections: likewise
 * @nr_sections: of @sections
 * @nodes:  of all sections, each one's together and in the order of the text
 * @nr_nodes: of @nodes
 * @owned:  with owners (-o)
 * @disabled: with disabled regions (-D): there is at least one
 * @rights: the text is as of QEMU 2.8 and tells no kinds
 * @hidden: number of nodes below regions that are not shown
 * @cut:    the text ends within a section: there was more
 * @left_out: places where lines were left out ("...")
 * @rootless: sections whose root is not in the text: a container that is named
 *	    MTREE_UNSEEN, of all addresses, stands for it
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
	size_t left_out;
	size_t rootless;
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
/** mtree_flatviews_deinit() - free what it holds; all 0 is allowed */
void mtree_flatviews_deinit(struct mtree_flatviews *views);

/** mtree_flatviews_find() - the view of an address space, or NULL */
const struct mtree_flatview *
mtree_flatviews_find(const struct mtree_flatviews *views, const char *as_name);

/**
 * mtree_flatviews_from_model() - a model's flat views, as mtree_print() shows them
 * @out: filled only on success; mtree_flatviews_deinit() it. The strings are the
 *	 model's: they last until it changes
 *
 * Return: 0 or -ENOMEM.
 */
int mtree_flatviews_from_model(const struct memory_model *model,
			       struct mtree_flatviews *out);

/**
 * mtree_flatviews_forget_kinds() - of a tree of rights alone no view has kinds
 *
 * All become MTREE_RIGHTS: QEMU before 2.9 does not tell memory from registers.
 */
void mtree_flatviews_forget_kinds(struct mtree_flatviews *views);

/**
 * mtree_flatview_print() - the lines of one view, without its "FlatView #n"
 * @owned: with owners, as with -o
 */
void mtree_flatview_print(FILE *out, const struct mtree_flatview *view,
			  bool owned);

/**
 * struct mtree_difference - two flat views that should be one and the same
 * @a: of the first text; NULL if it has nothing that @b could be
 * @b: of the second; NULL likewise
 */
struct mtree_difference {
	const struct mtree_flatview *a;
	const struct mtree_flatview *b;
};

/**
 * mtree_flatviews_compare() - are the views of two texts the same?
 * @owned: hold owners against each other too; only if both texts have them
 * @out:   one element for each view of either side that has no equal on the
 *	   other. Views that differ are paired by an address space that both are
 *	   of, or else by their root. free() it; NULL if there are none. Its
 *	   pointers are to elements of @a and @b
 * @nr:	   elements of @out
 *
 * Equal are views of the same root, of the same address spaces and with the same
 * ranges. The order of views, and that of address spaces within one, does not
 * count; nor does QEMU's mark "KVM".
 *
 * Return: 0 or -ENOMEM.
 */
int mtree_flatviews_compare(const struct mtree_flatviews *a,
			    const struct mtree_flatviews *b, bool owned,
			    struct mtree_difference **out, size_t *nr);

/**
 * mtree_tree_parse() - read `info mtree`, with -o and -D or without
 * @out: filled only on success; mtree_tree_deinit() it
 *
 * Return: 0, -ENOMEM, or -EINVAL for what is no such text (@err names the line).
 */
int mtree_tree_parse(const char *text, size_t len, struct mtree_tree *out,
		     struct slotscope_error *err);
/** mtree_tree_deinit() - free what it holds; all 0 is allowed */
void mtree_tree_deinit(struct mtree_tree *tree);

/*
 * From the text to a model
 */

/* What mtree_build() makes of a text of which parts are missing */
enum mtree_missing {
	MTREE_REFUSE_MISSING, /* nothing: a verdict must not rest on it */
	MTREE_ALLOW_MISSING,  /* what there is, and a note for each part */
};

/**
 * mtree_build() - make a model of a tree
 * @missing: lines left out, no address space, a root or an alias's target that is
 *	   not in the text
 * @notes: a line is written for each thing that had to be assumed, because the
 *	   text does not tell; or NULL
 * @out:   a new model; memory_model_destroy() it
 *
 * Exact for the text of `info mtree -o -D` of QEMU 7.2; poorer text tells less.
 * Registers and containers look alike in all of them: what has nothing in it is
 * taken for registers, but for those whose names are known.
 * The addresses of RAM in the VMM are not in the text. Nor is the order in which
 * address spaces were made: "memory", "I/O" and those of the CPUs come first, as
 * QEMU makes them, the others in the order of the text.
 *
 * With MTREE_ALLOW_MISSING what is missing costs only that. A tree without address spaces has
 * one for each region that it shows, of that name. An alias of what is not in the
 * text shows memory of the kind that QEMU printed for it, or nothing.
 *
 * Return: 0, -ENOMEM, -EINVAL or -ELOOP for a tree that cannot be, -EINVAL for
 * one of which parts are missing.
 */
int mtree_build(const struct mtree_tree *tree, enum mtree_missing missing,
		FILE *notes, struct memory_model **out,
		struct slotscope_error *err);

#ifdef __cplusplus
}
#endif

#endif
