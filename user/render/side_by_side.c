// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/side_by_side.h"
#include "render/text.h"

/* How far to look for the next line that both have; what lies further is not
 * worth the time, which grows by the square
 */
#define REACH 1000

#define LINE_MAX_SHOWN 256

struct lines {
	char *copy;
	char **line;
	size_t nr;
};

static int cut(const char *text, struct lines *out)
{
	char *at, *end;
	size_t max = 1;

	out->nr = 0;
	out->copy = strdup(text ? text : "");
	for (at = out->copy; at && *at; at++)
		max += *at == '\n';
	out->line = calloc(max, sizeof(*out->line));
	if (!out->copy || !out->line)
		return -ENOMEM;
	for (at = out->copy; *at; at = end) {
		out->line[out->nr++] = at;
		end = at + strcspn(at, "\n");
		if (*end)
			*end++ = '\0';
	}
	return 0;
}

static void lines_deinit(struct lines *lines)
{
	free(lines->line);
	free(lines->copy);
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The nearest lines from @i and @j on that are equal; the ends if none are */
static void find_equal(const struct lines *left, const struct lines *right,
		       size_t *i, size_t *j)
{
	size_t far = min(REACH, left->nr - *i + right->nr - *j);
	size_t d, k;

	for (d = 0; d < far; d++) {
		for (k = 0; k <= d; k++) {
			size_t a = *i + d - k, b = *j + k;

			if (a < left->nr && b < right->nr &&
			    !strcmp(left->line[a], right->line[b])) {
				*i = a;
				*j = b;
				return;
			}
		}
	}
	*i = left->nr;
	*j = right->nr;
}

static int width_of(const struct lines *lines, const char *title)
{
	char clean[LINE_MAX_SHOWN];
	size_t i, width = strlen(title);

	for (i = 0; i < lines->nr; i++) {
		text_clean(clean, sizeof(clean), sizeof(clean) - 1,
			   lines->line[i]);
		if (strlen(clean) > width)
			width = strlen(clean);
	}
	return (int)width;
}

static void print_row(FILE *out, int width, const char *left, char mark,
		      const char *right)
{
	char l[LINE_MAX_SHOWN], r[LINE_MAX_SHOWN];

	text_clean(l, sizeof(l), sizeof(l) - 1, left ? left : "");
	text_clean(r, sizeof(r), sizeof(r) - 1, right ? right : "");
	fprintf(out, "  %-*s %c%s%s\n", width, l, mark, *r ? " " : "", r);
}

static void print_rows(FILE *out, const struct side_by_side *texts,
		       const struct lines *left, const struct lines *right)
{
	int width = width_of(left, texts->left_title);
	size_t i = 0, j = 0, to_i, to_j;

	fprintf(out, "  %-*s   %s\n", width, texts->left_title,
		texts->right_title);
	while (i < left->nr || j < right->nr) {
		to_i = i;
		to_j = j;
		find_equal(left, right, &to_i, &to_j);
		while (i < to_i || j < to_j) {
			const char *l = i < to_i ? left->line[i++] : NULL;
			const char *r = j < to_j ? right->line[j++] : NULL;

			print_row(out, width, l,
				  l && r ? '|' :
				  l	 ? '<' :
					   '>',
				  r);
		}
		if (i < left->nr && j < right->nr) {
			if (!texts->differing)
				print_row(out, width, left->line[i], ' ',
					  right->line[j]);
			i++;
			j++;
		}
	}
}

int render_side_by_side(FILE *out, const struct side_by_side *texts)
{
	struct lines left = {}, right = {};
	int ret = cut(texts->left, &left);

	if (!ret)
		ret = cut(texts->right, &right);
	if (!ret)
		print_rows(out, texts, &left, &right);
	lines_deinit(&right);
	lines_deinit(&left);
	return ret;
}
