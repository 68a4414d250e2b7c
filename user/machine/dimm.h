/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DIMMs that are plugged while the machine runs: which slot, which address. The
 * rules are those of QEMU 7.2's pc-dimm. Pure.
 */
#ifndef SLOTSCOPE_MACHINE_DIMM_H
#define SLOTSCOPE_MACHINE_DIMM_H

#include "machine/machine.h"

#define DIMMS_MAX    256 /* what ACPI can describe */
#define DIMM_ID_SIZE 64	 /* bytes, the end included */

/**
 * struct dimm - one that is plugged, or wants to be
 * @id:	    of the device; "" for none
 * @addr:   its first guest address
 * @size:   bytes
 * @align:  what size and address have to be multiples of, in bytes: the memory's
 *	    huge pages. Used while it is placed only
 * @slot:   its number
 * @region: its RAM
 * @addr_given, @slot_given: as the user wants it
 */
struct dimm {
	char id[DIMM_ID_SIZE];
	gpa_t addr;
	uint64_t size;
	uint64_t align;
	uint64_t slot;
	struct memory_region *region;
	bool addr_given;
	bool slot_given;
};

/** struct dimms - all that are plugged, by address */
struct dimms {
	struct dimm list[DIMMS_MAX];
	size_t nr;
};

/**
 * dimm_plug() - place it, and map its region in @m->device_memory
 *
 * On failure nothing has changed.
 */
int dimm_plug(struct machine *m, struct dimms *dimms, struct dimm *dimm,
	      struct slotscope_error *err);

/** dimm_find() - by the device's id; NULL if there is none */
struct dimm *dimm_find(struct dimms *dimms, const char *id);

/** dimm_unplug() - take it out of memory and of @dimms */
int dimm_unplug(struct machine *m, struct dimms *dimms, struct dimm *dimm,
		struct slotscope_error *err);

#endif
