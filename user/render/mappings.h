/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_MAPPINGS_H
#define RENDER_MAPPINGS_H

#include <stdio.h>

#include <slotscope/view.h>

#include "base/json_writer.h"

/** render_mappings_head() - the names of the columns */
void render_mappings_head(FILE *out);

/** render_mapping() - what KVM's page tables map, a line of the table */
void render_mapping(FILE *out, const struct stage2_row *row);

/** stretch_write_json() - one of struct stage2_stretches: its host pages are not told */
void stretch_write_json(struct json_writer *w, const struct stage2_row *row);

/** mapping_write_json() - the same as an object */
void mapping_write_json(struct json_writer *w, const struct stage2_row *row);

#endif
