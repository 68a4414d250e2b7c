/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host memory of one VM: backends, what the board asks for, DIMMs. */
#ifndef SLOTSCOPE_MACHINE_VM_MEMORY_H
#define SLOTSCOPE_MACHINE_VM_MEMORY_H

#include "machine/backend.h"
#include "machine/dimm.h"
#include "machine/options.h"

#define VM_OWN_BLOCKS 8 /* that the board asks for: pc.ram, pc.bios, ... */

/**
 * struct vm_memory - all of it; 0 is none
 * @backends: a free place has no id
 * @own:      anonymous memory that the board asked for by name
 */
struct vm_memory {
	struct backend backends[BACKENDS_MAX];
	struct {
		char name[BACKEND_ID_SIZE];
		void *host;
		uint64_t size;
	} own[VM_OWN_BLOCKS];
	size_t nr_own;
	struct dimms dimms;
};

/** vm_memory_open() - get the memory of all @objects, in their order */
int vm_memory_open(struct vm_memory *mem, struct memory_model *model,
		   const struct backend_options *objects, size_t nr,
		   struct slotscope_error *err);

/**
 * vm_memory_close() - give all of it back, after the model is destroyed
 * @undo: the VM never ran: files are left as they were
 */
void vm_memory_close(struct vm_memory *mem, bool undo);

/** vm_memory_alloc() - machine_ops.alloc: the backend of that name, or new memory */
int vm_memory_alloc(struct vm_memory *mem, const char *name, uint64_t size,
		    struct ram_block_options *ram, struct slotscope_error *err);

/** vm_memory_own() - the memory that the board has by that name, or NULL */
void *vm_memory_own(const struct vm_memory *mem, const char *name);

/*
 * The monitor's commands. Pairs as QEMU spells them; on failure nothing changed.
 */

int vm_memory_object_add(struct vm_memory *mem, struct memory_model *model,
			 struct keyval *kv, struct slotscope_error *err);

/** vm_memory_object_del() - -EBUSY while it is RAM or plugged */
int vm_memory_object_del(struct vm_memory *mem, const char *id,
			 struct slotscope_error *err);

/**
 * vm_memory_device_add() - plug a DIMM: driver=pc-dimm,memdev=...
 * @plugged: set to it; valid until the next change
 */
int vm_memory_device_add(struct vm_memory *mem, struct machine *m,
			 struct keyval *kv, struct dimm **plugged,
			 struct slotscope_error *err);

/** vm_memory_unplug() - take a DIMM out at once; its backend can be used again */
int vm_memory_unplug(struct vm_memory *mem, struct machine *m,
		     struct dimm *dimm, struct slotscope_error *err);

#endif
