/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which slots a QEMU makes of its flat view, for hosts of several page sizes. */
#ifndef RENDER_FORECAST_H
#define RENDER_FORECAST_H

#include <stdio.h>

#include <json-c/json.h>

#include "qemu/text_model.h"

/**
 * render_forecast() - a range of memory, its slots, and why it has a mark or none
 * @page_size: of the host, for the mark
 */
void render_forecast(FILE *out, const struct slot_forecast *list, size_t nr,
		     uint64_t page_size);

/** forecast_to_json() - the same; NULL without memory */
struct json_object *forecast_to_json(const struct slot_forecast *list,
				     size_t nr, uint64_t page_size);

#endif
