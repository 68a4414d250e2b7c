/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory backends: host memory with a name, as QEMU's -object memory-backend-ram,
 * -file and -memfd make it.
 */
#ifndef SLOTSCOPE_MACHINE_BACKEND_H
#define SLOTSCOPE_MACHINE_BACKEND_H

#include <limits.h>

#include <slotscope/memory.h>

#include "machine/keyval.h"

#define BACKEND_ID_SIZE 64 /* bytes of a name, its end included */
#define BACKENDS_MAX	64
#define BACKEND_NODES	64 /* of the host, that a backend can be bound to */

enum backend_kind {
	BACKEND_RAM,  /* anonymous */
	BACKEND_FILE, /* a file, or one without a name in a directory */
	BACKEND_MEMFD,
};

/* Where the host takes the pages from; values are mbind(2)'s */
enum backend_policy {
	BACKEND_POLICY_DEFAULT,
	BACKEND_POLICY_PREFERRED,
	BACKEND_POLICY_BIND,
	BACKEND_POLICY_INTERLEAVE,
};

/**
 * struct backend_options - what to make
 * @size:     bytes; rounded up to its pages
 * @mem_path: the file; made if it is not there
 * @share:    others that map the same file see what is written
 * @prealloc: have all its pages now
 * @reserve:  refuse memory that the host may not have
 * @hugetlb:  of a memfd: huge pages, of @hugetlb_size bytes or, if that is 0, of
 *	      the size that the host has by default
 * @host_nodes: a bit each
 */
struct backend_options {
	enum backend_kind kind;
	char id[BACKEND_ID_SIZE];
	uint64_t size;
	char mem_path[PATH_MAX];
	bool share;
	bool prealloc;
	bool reserve;
	bool hugetlb;
	uint64_t hugetlb_size;
	enum backend_policy policy;
	uint64_t host_nodes;
};

/**
 * struct backend - host memory
 * @options:   a copy
 * @host:      its first byte
 * @size:      bytes, in whole pages
 * @page_size: of the memory
 * @fd:	       what is mapped; -1 if anonymous
 * @created:   the file was not there before
 * @grown:     it was empty
 * @block:     the RAMBlock made of it; NULL while there is none
 * @region:    the region that has @block; NULL while there is none
 * @in_use:    it is plugged, or RAM from the start
 */
struct backend {
	struct backend_options options;
	void *host;
	uint64_t size;
	uint64_t page_size;
	int fd;
	bool created;
	bool grown;
	struct ram_block *block;
	struct memory_region *region;
	bool in_use;
};

/**
 * backend_parse() - read -object's pairs
 * @kv: "qom-type", "id", "size" and more; all have to be known
 */
int backend_parse(struct keyval *kv, struct backend_options *options,
		  struct slotscope_error *err);

/**
 * backend_open() - get the memory
 *
 * On failure nothing of it stays: no mapping, and no file that was not there.
 */
int backend_open(struct backend *backend, const struct backend_options *options,
		 struct slotscope_error *err);

/**
 * backend_close() - give it back
 * @undo: leave the file as it was before, there or not: the VM never ran
 */
void backend_close(struct backend *backend, bool undo);

/** backend_ram_options() - what the model has to know of it */
void backend_ram_options(const struct backend *backend,
			 struct ram_block_options *ram);

#endif
