/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The static probes that we know, of our own memory model and of QEMU: which there
 * are, what they hand over, and how it reads. Pure.
 */
#ifndef VIEW_PROBES_H
#define VIEW_PROBES_H

#include <stdio.h>

#include <slotscope/view.h>

/**
 * struct probe_kind - one probe, as one version of its program has it
 * @provider: and
 * @name:     which it is
 * @form:     its arguments, as struct slot_probe has them
 * @says:     with %0 for the first argument
 * @level:    how deep it is on the way from a region to a slot (PROBE_LEVEL_*)
 */
struct probe_kind {
	const char *provider;
	const char *name;
	const char *form;
	const char *says;
	unsigned int level;
};

/* The way from a region to a slot; the kernel's part of it comes last */
enum {
	PROBE_LEVEL_TRANSACTION,
	PROBE_LEVEL_REGION,
	PROBE_LEVEL_VIEW,
	PROBE_LEVEL_SECTION,
	PROBE_LEVEL_LISTENER,
	PROBE_LEVEL_REQUEST,
	PROBE_LEVEL_IOCTL,
	PROBE_LEVEL_CHANGE,
	PROBE_LEVEL_ACTIVE,
};

/* Of one name they follow each other. "proof" is the tracer's own, and no VMM's */
extern const struct probe_kind probe_kinds[];
extern const size_t nr_probe_kinds;

/**
 * probe_kind_find() - the probe of this name that hands over so many arguments
 *
 * Return: NULL if it is not known.
 */
const struct probe_kind *probe_kind_find(const char *provider, const char *name,
					 size_t nr_args);

/**
 * slot_probe_form_fault() - what no struct slot_probe's form can be
 *
 * Return: words for an error; NULL: it is one.
 */
const char *slot_probe_form_fault(const char *form);

/** probe_level() - how deep it is; 0 of one that is not known */
unsigned int probe_level(const struct slot_probe *probe);

/** probe_print() - what it says, in a line without end; not cleaned */
void probe_print(FILE *out, const struct slot_probe *probe);

#endif
