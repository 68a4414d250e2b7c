/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of real QEMUs. Tests run in the project's root */
#ifndef MTREE_FIXTURE_H
#define MTREE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OWN_FIXTURES "selftests/fixtures/mtree"

/* The large set, which is not part of this project */
static inline const char *shared_fixtures(void)
{
	const char *dir = getenv("SLOTSCOPE_FIXTURES");

	return dir && *dir ? dir : "../shared/fixtures";
}

/* A test that is skipped without it: its name says what is missing */
#define NEEDS_FIXTURES(f)                                             \
	{                                                             \
#f " (needs SLOTSCOPE_FIXTURES)", f, NULL, NULL, NULL \
	}

/* A whole file with a NUL behind it, or NULL; the caller frees it */
static inline char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;

	*len = 0;
	if (!f)
		return NULL;
	do {
		if (cap - *len < 2)
			text = realloc(text, cap = cap * 2 + 65536);
		assert_non_null(text);
		*len += fread(text + *len, 1, cap - *len - 1, f);
	} while (!feof(f) && !ferror(f));
	assert_false(ferror(f));
	text[*len] = '\0';
	fclose(f);
	return text;
}

static inline char *read_own(const char *name, size_t *len)
{
	char path[256];
	char *text;

	snprintf(path, sizeof(path), "%s/%s", OWN_FIXTURES, name);
	text = read_file(path, len);
	if (!text)
		fail_msg("no %s: run this in the project's root", path);
	return text;
}

static inline int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Cut @text at each @sep into @parts (of @max), which point into it */
static inline size_t split(char *text, const char *sep, char **parts,
			   size_t max)
{
	size_t nr = 0;
	char *end;

	while (*text) {
		assert_true(nr < max);
		parts[nr++] = text;
		end = strstr(text, sep);
		if (!end)
			break;
		*end = '\0';
		text = end + strlen(sep);
	}
	return nr;
}

/*
 * The text of info mtree without what a hash table's order and QEMU's slot
 * table put into it: sections sorted, and the names above each; no numbers of
 * flat views, no "KVM". The caller frees it.
 */
static inline char *normalise(const char *text)
{
	static char *sections[4096], *lines[16384];
	char *copy = strdup(text), *out = NULL, *p;
	size_t nr, n, i, j, heads, len = 0;
	FILE *f;

	nr = split(copy, "\n\n", sections, 4096);
	for (i = 0; i < nr; i++) {
		f = open_memstream(&p, &len);
		n = split(sections[i], "\n", lines, 16384);
		for (heads = 0; heads < n; heads++)
			if (strncmp(lines[heads], "FlatView #", 10) &&
			    strncmp(lines[heads], " AS ", 4) &&
			    strncmp(lines[heads], "address-space: ", 15))
				break;
		qsort(lines, heads, sizeof(*lines), compare_strings);
		for (j = 0; j < n; j++) {
			size_t l = strlen(lines[j]);

			while (l > 4 && !strcmp(lines[j] + l - 4, " KVM"))
				lines[j][l -= 4] = '\0';
			if (strncmp(lines[j], "FlatView #", 10))
				fprintf(f, "%s\n", lines[j]);
		}
		fclose(f);
		sections[i] = p;
	}
	free(copy);
	qsort(sections, nr, sizeof(*sections), compare_strings);
	f = open_memstream(&out, &len);
	for (i = 0; i < nr; i++) {
		fprintf(f, "%s\n", sections[i]);
		free(sections[i]);
	}
	fclose(f);
	return out;
}

/* Fail with the first line that differs */
static inline void assert_same_mtree(const char *what, const char *ours,
				     const char *theirs)
{
	char *a = normalise(ours), *b = normalise(theirs);
	size_t i, line;

	for (i = line = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '\n')
			line = i + 1;
	if (a[i] != b[i])
		fail_msg("%s: ours: %.*s; QEMU's: %.*s", what,
			 (int)strcspn(a + line, "\n"), a + line,
			 (int)strcspn(b + line, "\n"), b + line);
	free(a);
	free(b);
}

#endif
