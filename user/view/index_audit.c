// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include <slotscope/view.h>

void index_audit_deinit(struct index_audit *audit)
{
	free(audit->faults);
	free(audit->unread);
	free(audit->none);
	memset(audit, 0, sizeof(*audit));
}
