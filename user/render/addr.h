/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who owns an address, for people and for programs */
#ifndef RENDER_ADDR_H
#define RENDER_ADDR_H

#include <stdio.h>

#include <slotscope/addr.h>

struct told_past;

/**
 * struct addr_mapped - what KVM's page tables have at a place
 * @items: the first of them, @nr
 * @more:  there are others behind these
 */
struct addr_mapped {
	struct stage2_mapping *items;
	size_t nr;
	bool more;
};

/**
 * struct addr_blind - what could not be looked at, and why
 * @doubt: it was, and may be wrong
 */
struct addr_blind {
	const char *what;
	const char *why;
	bool doubt;
};

#define ADDR_BLIND_MAX 80

/**
 * struct addr_document - what is to be told; all is borrowed
 * @asked:  the address, as it was given
 * @vm:	    which VM; NULL: of files
 * @comm:   of its process; NULL: not known
 * @mapped: a place each, as in @answer; NULL: nobody looked
 * @past:   the recording that the VM's past is of; NULL: say nothing of it
 * @blind:  what could not be looked at, or may be wrong, @nr_blind
 */
struct addr_document {
	const struct addr_input *input;
	const struct addr_query *query;
	const struct addr_answer *answer;
	const char *asked;
	const struct vm_id *vm;
	const char *comm;
	const struct addr_mapped *mapped;
	const struct told_past *past;
	struct addr_blind blind[ADDR_BLIND_MAX];
	size_t nr_blind;
};

/* Of more events the last are printed; JSON has all of them */
#define RENDER_MAX_ADDR_EVENTS 40

/** render_addr() - a block of lines a place, then the events; 0 or -ENOMEM */
int render_addr(FILE *out, const struct addr_document *document);

/** render_addr_json() - all of it as one document; 0 or -ENOMEM */
int render_addr_json(FILE *out, const struct addr_document *document);

#endif
