// SPDX-License-Identifier: GPL-2.0-or-later
/* Why KVM refuses a slot: which rule it breaks, and who is in the way. */
#include <errno.h>
#include <stdio.h>
#include <slotscope/rules.h>

int main(void)
{
	const struct slot low = { .id = 3, .size = 640 << 10, .gmem_fd = -1 };
	const struct slot_request request = {
		.slot = 4,
		.gpa = 512 << 10,
		.size = 1 << 20,
		.hva = 0x7f0000000000,
		.gmem_fd = -1,
	};
	const struct request_limits limits = { .page_size = 4096 };
	char why[REQUEST_SAY_MAX];
	struct slot_state before;
	bool certain;
	int ret;

	slot_state_init(&before, PARTY_KERNEL);
	ret = slot_state_set_nr_as(&before, 1);
	if (!ret) {
		before.as[0].covered = true;
		before.coverage.fields = SLOT_FIELDS_ALL;
		ret = slot_state_add(&before, &low);
	}
	if (ret)
		return 3;
	/* What KVM answered; the rules do not look at it until they have foreseen */
	certain = request_explain(&before, &request, -EEXIST, &limits, why);
	printf("%s: %s\n", certain ? "certain" : "perhaps", why);
	slot_state_deinit(&before);
	return 0;
}
