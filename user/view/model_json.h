/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VMM means, as it writes it down itself: Documentation/model-file.md tells
 * how, Documentation/model.schema.json is its schema. Pure.
 */
#ifndef VIEW_MODEL_JSON_H
#define VIEW_MODEL_JSON_H

#include <json-c/json.h>

#include <slotscope/error.h>
#include <slotscope/view.h>

/**
 * model_from_json() - MODEL of a VMM
 * @out: initialised here, also after an error; the caller deinits
 *
 * Covered is what at least one range has; what another does not have is not known of
 * that one. Where no range is, the VMM has no memory, but for what it says that it
 * does not know.
 *
 * Return: 0, -ENOMEM, or -EINVAL (@err names the member).
 */
int model_from_json(struct json_object *obj, struct slot_state *out,
		    struct slotscope_error *err);

#endif
