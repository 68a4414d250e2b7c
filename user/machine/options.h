/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line says of a machine and its memory, as QEMU writes it. */
#ifndef SLOTSCOPE_MACHINE_OPTIONS_H
#define SLOTSCOPE_MACHINE_OPTIONS_H

#include "kvm/kvm.h"
#include "machine/backend.h"
#include "machine/machine.h"

/**
 * struct machine_config - what was asked for; 0 is a default throughout
 * @class:   NULL: pc
 * @ram_size: 0: that of the backend, or 128 MiB
 * @smm:     only if @smm_given
 * @kvm:     where -M's properties of KVM (kernel-irqchip=) and -smp's vCPUs go;
 *	     NULL: there are none
 * @memory_backend: "" or the id of what is all RAM
 * @objects: memory backends, in their order
 * @nodes:   of NUMA: the ids of their backends, "" where there is none
 */
struct machine_config {
	const struct machine_class *class;
	uint64_t ram_size;
	uint64_t max_ram;
	unsigned int ram_slots;
	uint64_t max_below_4g;
	bool smm_given;
	bool smm;
	struct kvm_options *kvm;
	char memory_backend[BACKEND_ID_SIZE];
	struct backend_options objects[BACKENDS_MAX];
	size_t nr_objects;
	char nodes[MACHINE_NODES_MAX][BACKEND_ID_SIZE];
};

/*
 * Each reads one option's text into @config. Return: 0 or -EINVAL; @err names the
 * option and what is wrong with it.
 */

/** config_machine() - -M "pc,max-ram-below-4g=1G,memory-backend=m0,..." */
int config_machine(struct machine_config *config, const char *text,
		   struct slotscope_error *err);

/** config_memory() - -m "1.5G", "size=1G,slots=4,maxmem=8G" */
int config_memory(struct machine_config *config, const char *text,
		  struct slotscope_error *err);

/**
 * config_smp() - -smp "4", "cpus=4,sockets=2,cores=2", into @config's kvm
 *
 * How vCPUs are grouped has to make sense, and has no effect: no guest is told.
 */
int config_smp(struct machine_config *config, const char *text,
	       struct slotscope_error *err);

/** config_object() - -object "memory-backend-ram,id=m0,size=1G,..." */
int config_object(struct machine_config *config, const char *text,
		  struct slotscope_error *err);

/** config_numa() - -numa "node,nodeid=0,memdev=m0" */
int config_numa(struct machine_config *config, const char *text,
		struct slotscope_error *err);

/**
 * config_finish() - do the options fit each other? Fill what was left out
 * @options: set: what a board is told. Its names are @config's
 */
int config_finish(struct machine_config *config,
		  struct machine_options *options, struct slotscope_error *err);

#endif
