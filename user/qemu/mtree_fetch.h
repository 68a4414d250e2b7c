/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `info mtree` of a running QEMU, by QMP, with as much in it as that QEMU can
 * print.
 */
#ifndef SLOTSCOPE_QEMU_MTREE_FETCH_H
#define SLOTSCOPE_QEMU_MTREE_FETCH_H

#include <slotscope/mtree.h>

#include "qemu/qmp.h"

/**
 * fetch_flatviews() - its flat views: `-f -o`, or `-f` where -o is not known
 *
 * Return: 0, -EPROTO if it prints something else, -ENOMEM, or as qmp_hmp().
 */
int fetch_flatviews(struct qmp *q, struct mtree_flatviews *out,
		    struct slotscope_error *err);

/**
 * fetch_tree() - its tree: `-o -D`, in this order, or less where they are not known
 *
 * Return: as above.
 */
int fetch_tree(struct qmp *q, struct mtree_tree *out,
	       struct slotscope_error *err);

#endif
