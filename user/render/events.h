/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_EVENTS_H
#define RENDER_EVENTS_H

#include <stdio.h>

#include <slotscope/view.h>

/** render_events_header() - the line above the events */
void render_events_header(FILE *out);

/**
 * render_event() - one event, on one line
 * @begin_ns: time 0 of the first column (CLOCK_MONOTONIC)
 *
 * Slots read AS/ID GPA+SIZE @HVA FLAGS; sizes and addresses in hexadecimal.
 */
void render_event(FILE *out, const struct slot_event *event, uint64_t begin_ns);

/** render_event_json() - one event, one line; 0 or -ENOMEM */
int render_event_json(FILE *out, const struct slot_event *event);

#endif
