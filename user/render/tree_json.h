/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_TREE_JSON_H
#define RENDER_TREE_JSON_H

#include <json-c/json.h>

#include "qemu/model_tree.h"

/**
 * model_tree_to_json() - regions, where they stand, and what is seen of them
 *
 * Return: a new object, or NULL without memory.
 */
struct json_object *model_tree_to_json(const struct model_tree *tree);

/**
 * model_tree_to_json_with() - the same, and a member "object" of each region
 * @object: gives its number; NULL: without
 */
struct json_object *model_tree_to_json_with(
	const struct model_tree *tree,
	uint64_t (*object)(void *opaque, const struct memory_region *region),
	void *opaque);

#endif
