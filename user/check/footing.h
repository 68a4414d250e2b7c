/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a stretch of host memory stands on, piece by piece: KVM takes any host
 * address, and the guest finds out at its first access.
 */
#ifndef CHECK_FOOTING_H
#define CHECK_FOOTING_H

#include <slotscope/view.h>

enum footing_kind {
	FOOTING_GOOD,
	FOOTING_NOTHING,    /* not mapped */
	FOOTING_BEYOND,	    /* mapped, beyond the end of its file */
	FOOTING_UNREADABLE, /* mapped without the right to read */
	FOOTING_UNWRITABLE, /* ... to write, which is needed */
	FOOTING_UNKNOWN,    /* beyond where the map was cut off */
};

/**
 * struct footing - a piece
 * @first, @last: host addresses
 * @range:	  its (first) mapping; NULL if there is none
 * @sure:	  FOOTING_GOOD: nobody knows that the file ends before
 */
struct footing {
	enum footing_kind kind;
	hva_t first;
	hva_t last;
	const struct host_range *range;
	bool sure;
};

/**
 * struct footing_walk - how far one is
 * @writes: it must be possible to write
 *
 * To begin with, @next is the first address, @done false.
 */
struct footing_walk {
	const struct host_map *map;
	bool writes;
	hva_t next;
	hva_t last;
	bool done;
};

/**
 * footing_next() - the next piece upwards
 *
 * What is good ends where another memory begins (host_range_same_memory()); of
 * other kinds, neighbours of one kind are one piece.
 *
 * Return: false at the end.
 */
bool footing_next(struct footing_walk *walk, struct footing *out);

#endif
