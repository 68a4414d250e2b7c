// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/style.h"
#include "render/text.h"

struct render_style render_style = { .columns = RENDER_COLUMNS };
