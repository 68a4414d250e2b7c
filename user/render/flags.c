// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <slotscope/view.h>

#include "render/flags.h"

static void append(char text[FLAGS_TEXT], const char *word)
{
	size_t len = strlen(text);

	snprintf(text + len, FLAGS_TEXT - len, "%s%s", len ? "," : "", word);
}

void gmem_text(char text[GMEM_TEXT], const struct slot *slot)
{
	text[0] = '\0';
	if (!(slot->flags & SLOT_GUEST_MEMFD))
		return;
	if (slot->gmem == SLOT_GMEM_CLOSED)
		snprintf(text, GMEM_TEXT, "closed");
	else if (slot->gmem_ino)
		snprintf(text, GMEM_TEXT, "inode %" PRIu64 "+0x%" PRIx64,
			 slot->gmem_ino, slot->gmem_offset);
	else if (slot->gmem_fd >= 0)
		snprintf(text, GMEM_TEXT, "fd %d+0x%" PRIx64, slot->gmem_fd,
			 slot->gmem_offset);
	else
		snprintf(text, GMEM_TEXT, "?+0x%" PRIx64, slot->gmem_offset);
}

void flags_rights_text(char text[FLAGS_TEXT], uint32_t flags, bool hidden)
{
	char rest[FLAGS_TEXT];

	flags_text(rest, flags & ~SLOT_READONLY, hidden);
	snprintf(text, FLAGS_TEXT, "%s%s%.*s",
		 flags & SLOT_READONLY ? "ro" : "rw", *rest ? "," : "",
		 FLAGS_TEXT - 4, rest);
}

void flags_text(char text[FLAGS_TEXT], uint32_t flags, bool hidden)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} words[] = {
		{ SLOT_READONLY, "ro" },	 { SLOT_LOG_DIRTY, "log" },
		{ SLOT_GUEST_MEMFD, "gmem" },	 { SLOT_INVALID, "updating" },
		{ SLOT_GMEM_ONLY, "gmem-only" },
	};
	char rest[16];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (flags & words[i].flag)
			append(text, words[i].word);
		flags &= ~words[i].flag;
	}
	if (flags) {
		snprintf(rest, sizeof(rest), "0x%x", flags);
		append(text, rest);
	}
	if (hidden)
		append(text, "kvm's");
}
