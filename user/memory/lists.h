/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists that objects of the memory model are in; not what is in them */
#ifndef SLOTSCOPE_MEMORY_LISTS_H
#define SLOTSCOPE_MEMORY_LISTS_H

#include <sys/queue.h>

struct memory_region;
struct address_space;
struct memory_listener;

TAILQ_HEAD(region_list, memory_region);
TAILQ_HEAD(address_space_list, address_space);
TAILQ_HEAD(listener_list, memory_listener);

#endif
