// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include <slotscope/view.h>

static const struct party parties[] = {
	[PARTY_MODEL] = { "MODEL", "model", "no RAM", PARTY_MEANS },
	[PARTY_TRACED] = { "TRACED", "traced", "no slot",
			   PARTY_HOLDS | PARTY_FOLLOWS },
	[PARTY_KERNEL] = { "KERNEL", "kernel", "no slot", PARTY_HOLDS },
	[PARTY_BACKING] = { "BACKING", "backing", "no mapping", PARTY_GROUND },
};

const struct party *party_of(enum party_id id)
{
	return &parties[id];
}

bool party_by_key(const char *key, enum party_id *out)
{
	for (size_t i = 0; i < sizeof(parties) / sizeof(parties[0]); i++) {
		if (strcmp(parties[i].key, key))
			continue;
		*out = (enum party_id)i;
		return true;
	}
	return false;
}
