/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why does a vCPU not go on? From what KVM told of it last, the way of the guest's
 * address is followed: what is meant there, the slot, private or shared, the host's
 * mapping, its file, KVM's page tables. The first link that breaks is it. Pure.
 *
 *	if (stops_find(&comparison, &stops))
 *		out of memory
 *	stops.items[i].breaks
 */
#ifndef SLOTSCOPE_WHY_H
#define SLOTSCOPE_WHY_H

#include <slotscope/check.h>

#ifdef __cplusplus
extern "C" {
#endif

enum chain_link {
	LINK_UNKNOWN,  /* no address is known, or no view tells */
	LINK_WHOLE,    /* none breaks, as the views are */
	LINK_MEANT,    /* nobody means memory there, and there is none */
	LINK_SLOT,     /* it is meant, or was there, and has no slot */
	LINK_READONLY, /* its slot is read-only */
	LINK_ATTRIBUTE, /* it was touched as private and is shared, or vice versa */
	LINK_MAPPING, /* nothing is mapped at the slot's host address */
	LINK_RIGHTS,  /* it may not be read, or written */
	LINK_FILE,    /* it is beyond the end of its file, or that was closed */
	LINK_STAGE2,  /* KVM's page tables have another page */
	LINK_BROUGHT, /* it is for whoever answers userfaultfd to bring it */
	CHAIN_LINKS,
};

/**
 * struct stop - a vCPU, and the last that is known of it
 * @vcpu:   its id; -1: not known
 * @exit:   why it left the guest
 * @has_exit: that is known; otherwise @asleep, or nothing is
 * @event:  that told it; NULL: what KVM and the VMM share did
 * @went_on: it was in the guest again since
 * @asleep: its thread sleeps in userfaultfd
 * @where:  its thread is
 * @tid:    that; 0: not known
 * @gpa_known: @gpa is where
 * @hva:    of @gpa; 0: none, or not known
 * @slot:   of what holds slots; NULL: none there
 * @meant:  of a view that tells what is meant; NULL likewise
 * @breaks: the link that does
 * @cannot: it cannot go on for it: a finding
 * @gone:   there was a slot, it was taken away, and soon after this exit the VMM died
 * @chain:  the way, in a sentence; owned
 */
struct stop {
	int32_t vcpu;
	bool has_exit;
	struct slot_exit exit;
	const struct slot_event *event;
	bool went_on;
	bool asleep;
	enum vcpu_where where;
	pid_t tid;
	bool gpa_known;
	gpa_t gpa;
	hva_t hva;
	const struct slot *slot;
	const struct slot *meant;
	enum chain_link breaks;
	bool cannot;
	bool gone;
	char *chain;
};

/** struct stops - one a vCPU of which anything is known, by its id */
struct stops {
	struct stop *items;
	size_t nr;
	size_t cap; /* private */
};

/**
 * stops_find() - of all vCPUs
 * @comparison: of which crosscheck() has found which views may be trusted
 * @out: initialised here; the caller deinits it, also after an error
 *
 * Return: 0 or -ENOMEM.
 */
int stops_find(const struct comparison *comparison, struct stops *out);

/** stops_deinit() - free it; zero is empty */
void stops_deinit(struct stops *stops);

/** chain_link_name() - "whole", "mapping", ...: as in JSON */
const char *chain_link_name(enum chain_link link);

#define STOP_SAY_MAX 256

/** stop_say() - "KVM_RUN failed with EFAULT (Bad address) on guest address 0x1000" */
const char *stop_say(char buf[STOP_SAY_MAX], const struct stop *stop);

#ifdef __cplusplus
}
#endif

#endif
