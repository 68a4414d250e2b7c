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

#endif
