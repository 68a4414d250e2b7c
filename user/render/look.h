/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a look at a VM found, in a word or two: for tables */
#ifndef RENDER_LOOK_H
#define RENDER_LOOK_H

#include "base/json_writer.h"
#include "logs/top.h"
#include "render/color.h"

#define LOOK_CELL 24

/** look_write_json() - members "verdict", "mismatches" and "notes"; these null: not known */
void look_write_json(struct json_writer *w, const struct top_look *look);

/** look_say_verdict() - "agree, noted", "2 mismatches", "?"; at most 14 columns */
const char *look_say_verdict(char text[LOOK_CELL], const struct top_look *look);

/** look_color() - what that is shown in */
enum color look_color(const struct top_look *look);

#endif
