// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include <slotscope/view.h>

void vm_detail_deinit(struct vm_detail *detail)
{
	free(detail->as);
	free(detail->slots);
	free(detail->none);
	memset(detail, 0, sizeof(*detail));
}
