// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/hva.h"

static bool skip(const char **s, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(*s, prefix, len))
		return false;
	*s += len;
	return true;
}

/* Like strtoull(), but for no signs, no spaces, and no silent overflow */
static bool skip_hex(const char **s, uint64_t *value)
{
	char *end;

	if (!skip(s, "0x") || !strchr("0123456789abcdef", **s) || !**s)
		return false;
	errno = 0;
	*value = strtoull(*s, &end, 16);
	*s = end;
	return !errno;
}

enum hva_answer hva_parse(const char *text, gpa_t gpa, const char *name,
			  hva_t *hva)
{
	const char *s = text;
	uint64_t asked;

	if (skip(&s, "No memory is mapped at address ") ||
	    skip(&s, "Memory at address "))
		return HVA_NOT_RAM;
	if (!skip(&s, "Host virtual address for ") || !skip_hex(&s, &asked) ||
	    asked != gpa || !skip(&s, " ("))
		return HVA_NOT_A_WORD;
	if (!skip(&s, name) || !skip(&s, ") is "))
		return HVA_OTHER;
	if (!skip_hex(&s, hva) || (*s && !strchr("\r\n", *s)) || !*hva)
		return HVA_NOT_A_WORD;
	return HVA_FOUND;
}

int hva_ask(struct qmp *q, gpa_t gpa, const char *name, enum hva_answer *answer,
	    hva_t *hva, struct slotscope_error *err)
{
	char line[40], *text;
	int ret;

	snprintf(line, sizeof(line), "gpa2hva 0x%" PRIx64, gpa);
	ret = qmp_hmp(q, line, &text, err);
	if (ret)
		return ret;
	*answer = hva_parse(text, gpa, name, hva);
	free(text);
	return 0;
}
