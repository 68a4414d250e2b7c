/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MODEL from what somebody has of a QEMU: the text of `info mtree`, with -o, -D or
 * plain, of `info mtree -f`, or both. Pure.
 *
 * A text tells less than a monitor (qemu/model.h): no host addresses, and perhaps
 * neither owners nor what is disabled. What follows from an assumption, or may have
 * been among lines that were left out, is not known.
 */
#ifndef SLOTSCOPE_QEMU_TEXT_MODEL_H
#define SLOTSCOPE_QEMU_TEXT_MODEL_H

#include <stdio.h>

#include <slotscope/mtree.h>
#include <slotscope/view.h>

#include "qemu/model_tree.h"
#include "qemu/regions.h"

/**
 * struct text_model - what was read
 * @views: of `info mtree -f`, or rendered from the tree
 * @tree:  of `info mtree`; without nodes if there was none
 * @flat:  @views are QEMU's own
 * @model: owns the strings of views that are rendered; NULL otherwise
 * @doubt: why MODEL may be wrong anywhere where another view contradicts it; NULL: it
 *	   may not be
 */
struct text_model {
	struct mtree_flatviews views;
	struct mtree_tree tree;
	bool flat;
	struct memory_model *model;
	const char *doubt;
};

/**
 * text_model_add() - read a text
 * @name: of the file, for messages
 * @text: a tree, flat views, or both one behind the other; as pasted, or as QMP
 *	  answers
 *
 * @model begins as zero. Return: 0, -ENOMEM, or -EINVAL (@err names file and line):
 * also for a second tree, or a second set of flat views.
 */
int text_model_add(struct text_model *model, const char *name, const char *text,
		   size_t len, struct slotscope_error *err);

/**
 * text_model_state() - MODEL of all that was read
 * @notes: what had to be assumed, a line each; or NULL
 * @out:   initialised here, also after an error; the caller deinits
 *
 * Covered: GPA, SIZE, READONLY.
 */
int text_model_state(struct text_model *model, FILE *notes,
		     struct slot_state *out, struct slotscope_error *err);

/** text_model_tree() - the tree, to be shown; after text_model_state() */
struct model_tree text_model_tree(const struct text_model *model);

/**
 * struct slot_forecast - a flat range that is memory, or has the mark "KVM" all the
 * same
 * @what: what it is to KVM
 */
struct slot_forecast {
	uint16_t as_id;
	const struct mtree_range *range;
	enum range_slot what;
};

/**
 * text_model_forecast() - which ranges become slots; qemu/slot_pages.h tells how
 * @model: of which text_model_state() was made
 * @out:   free() it; points into @model
 *
 * Return: 0 or -ENOMEM.
 */
int text_model_forecast(const struct text_model *model,
			struct slot_forecast **out, size_t *nr);

/** text_model_deinit() - zero is allowed */
void text_model_deinit(struct text_model *model);

#endif
