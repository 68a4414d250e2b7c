// SPDX-License-Identifier: GPL-2.0-or-later
/* The kinds of findings, and the list of them */
#include <stdlib.h>
#include <string.h>

#include "check/comparison.h"

static const struct {
	const char *name;
	enum finding_kind kind;
} ids[FINDING_IDS] = {
	[FINDING_MISSING] = { "missing", FINDING_MISMATCH },
	[FINDING_EXTRA] = { "extra", FINDING_MISMATCH },
	[FINDING_MOVED] = { "moved", FINDING_MISMATCH },
	[FINDING_WRONG_HVA] = { "wrong-hva", FINDING_MISMATCH },
	[FINDING_EXTENT] = { "extent", FINDING_MISMATCH },
	[FINDING_FLAGS] = { "flags", FINDING_MISMATCH },
	[FINDING_SLOT_ID] = { "slot-id", FINDING_MISMATCH },
	[FINDING_AS_ID] = { "as-id", FINDING_MISMATCH },
	[FINDING_ANSWERED] = { "answered", FINDING_MISMATCH },
	[FINDING_IGNORED_FAILURE] = { "ignored-failure", FINDING_MISMATCH },
	[FINDING_FATAL_REFUSAL] = { "fatal-refusal", FINDING_MISMATCH },
	[FINDING_UNBACKED] = { "unbacked", FINDING_MISMATCH },
	[FINDING_PERMS] = { "perms", FINDING_MISMATCH },
	[FINDING_WRONG_BACKING] = { "wrong-backing", FINDING_MISMATCH },
	[FINDING_INDEX] = { "index", FINDING_MISMATCH },
	[FINDING_STAGE2] = { "stage2", FINDING_MISMATCH },
	[FINDING_STOPPED] = { "stopped", FINDING_MISMATCH },
	[FINDING_REFUSED] = { "refused", FINDING_NOTE },
	[FINDING_GAP] = { "gap", FINDING_NOTE },
	[FINDING_UNALIGNED] = { "unaligned", FINDING_NOTE },
	[FINDING_ALIASED] = { "aliased", FINDING_NOTE },
	[FINDING_HUGEPAGE] = { "hugepage", FINDING_NOTE },
	[FINDING_SPARSE] = { "sparse", FINDING_NOTE },
	[FINDING_HIDDEN] = { "hidden", FINDING_NOTE },
	[FINDING_LOST] = { "lost", FINDING_UNKNOWN },
	[FINDING_UNREAD] = { "unread", FINDING_UNKNOWN },
};

const char *finding_id_name(enum finding_id id)
{
	return ids[id].name;
}

enum finding_kind finding_id_kind(enum finding_id id)
{
	return ids[id].kind;
}

const char *finding_kind_name(enum finding_kind kind)
{
	static const char *const names[FINDING_KINDS] = {
		[FINDING_MISMATCH] = "mismatch",
		[FINDING_UNKNOWN] = "unknown",
		[FINDING_NOTE] = "note",
	};

	return names[kind];
}

static void finding_deinit(struct finding *finding)
{
	free(finding->sentence);
}

void findings_deinit(struct findings *findings)
{
	for (size_t i = 0; i < findings->nr; i++)
		finding_deinit(&findings->items[i]);
	free(findings->items);
	memset(findings, 0, sizeof(*findings));
}

size_t findings_count(const struct findings *findings, enum finding_kind kind)
{
	size_t nr = 0;

	for (size_t i = 0; i < findings->nr; i++)
		nr += finding_id_kind(findings->items[i].id) == kind;
	return nr;
}

int findings_exit_status(const struct findings *findings)
{
	if (findings_count(findings, FINDING_MISMATCH))
		return 1;
	return findings_count(findings, FINDING_UNKNOWN) ? 2 : 0;
}
