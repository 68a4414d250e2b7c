/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where QEMU's RAM lies in its own address space, by the human monitor's
 * gpa2hva. It answers for the "memory" address space alone.
 */
#ifndef SLOTSCOPE_QEMU_HVA_H
#define SLOTSCOPE_QEMU_HVA_H

#include <stddef.h>

#include <slotscope/mtree.h>
#include <slotscope/view.h>

#include "qemu/qmp.h"

enum hva_answer {
	HVA_FOUND,
	HVA_NOT_RAM,	/* QEMU has no memory there, or not RAM */
	HVA_OTHER,	/* another region is there by now */
	HVA_NOT_A_WORD, /* QEMU does not know the command, or talks nonsense */
};

/**
 * hva_parse() - read the answer to "gpa2hva 0x@gpa"; pure
 * @name: of the region that should be there
 */
enum hva_answer hva_parse(const char *text, gpa_t gpa, const char *name,
			  hva_t *hva);

/**
 * hva_ask() - ask for one guest address
 * @answer: what came of it; @hva is set for HVA_FOUND
 *
 * Return: 0, or as qmp_hmp().
 */
int hva_ask(struct qmp *q, gpa_t gpa, const char *name, enum hva_answer *answer,
	    hva_t *hva, struct slotscope_error *err);

#endif
