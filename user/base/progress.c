// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdatomic.h>
#include <stddef.h>

#include "base/progress.h"

static _Atomic(const char *) under_way;

const char *progress_begin(const char *doing)
{
	return atomic_exchange(&under_way, doing);
}

void progress_end(const char *const *before)
{
	atomic_store(&under_way, *before);
}

const char *progress_doing(void)
{
	return atomic_load(&under_way);
}
