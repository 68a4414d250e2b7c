/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU says of its memory backends (query-memdev) */
#ifndef QEMU_MEMDEVS_H
#define QEMU_MEMDEVS_H

#include <json-c/json.h>

#include <slotscope/view.h>

#include "qemu/qmp.h"

/**
 * memdevs_read() - ask for the backends
 * @out: the answer, to be put by json_object_put(); NULL if this QEMU does not
 *	 tell
 *
 * Return: 0, or what qmp_command() says, unless QEMU just does not know it.
 */
int memdevs_read(struct qmp *q, struct json_object **out,
		 struct slotscope_error *err);

/**
 * memdevs_share() - is the memory of a region shared?
 * @memdevs: an answer, trusted in nothing; may be NULL
 * @owner:   the region's, as info mtree -o has it ("obj path=/objects/mem0"); NULL
 *	     if not known
 *
 * Pure. A backend's name may be a device's region's, too; its owner tells.
 */
enum slot_share memdevs_share(struct json_object *memdevs, const char *owner);

#endif
