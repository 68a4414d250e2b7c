// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "render/story_book.h"

int story_book_begin(struct story_book *book, unsigned int nr,
		     const char *function)
{
	struct story_step *steps =
		grown(book->steps, book->nr, &book->cap, sizeof(*steps));
	char *text = strdup("");

	if (steps)
		book->steps = steps;
	if (!steps || !text) {
		free(text);
		return -ENOMEM;
	}
	steps[book->nr++] = (struct story_step){ nr, function, text };
	return 0;
}

int story_book_add(struct story_book *book, const char *text)
{
	struct story_step *last;
	size_t len;
	char *both;

	if (!book->nr)
		return 0;
	last = &book->steps[book->nr - 1];
	len = strlen(last->text);
	both = realloc(last->text, len + strlen(text) + 1);
	if (!both)
		return -ENOMEM;
	strcpy(both + len, text);
	last->text = both;
	return 0;
}

void story_book_deinit(struct story_book *book)
{
	for (size_t i = 0; i < book->nr; i++)
		free(book->steps[i].text);
	free(book->steps);
	*book = (struct story_book){};
}

size_t story_book_number(const struct story_book *book, unsigned int nr)
{
	size_t i = 0;

	while (i < book->nr && book->steps[i].nr != nr)
		i++;
	return i;
}

size_t story_book_named(const struct story_book *book, const char *word,
			size_t from)
{
	while (from < book->nr && !strstr(book->steps[from].function, word))
		from++;
	return from < book->nr ? from : book->nr;
}

size_t story_book_said(const struct story_book *book, const char *word,
		       size_t from)
{
	while (from < book->nr && !strcasestr(book->steps[from].text, word))
		from++;
	return from < book->nr ? from : book->nr;
}

static bool read_number(const char *text, unsigned int *number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value > 1000000)
		return false;
	*number = value;
	return true;
}

enum story_word story_word(const char *line, unsigned int *number,
			   const char **word)
{
	const char *rest;

	line += strspn(line, " \t");
	if (!*line)
		return STORY_NEXT;
	if (read_number(line, number))
		return STORY_NUMBER;
	rest = line + 1;
	rest += strspn(rest, " \t");
	*word = rest;
	if (*line == '/')
		return *rest ? STORY_SEARCH : STORY_HELP;
	if (*line == 'j' && (line[1] == ' ' || line[1] == '\t') && *rest)
		return read_number(rest, number) ? STORY_NUMBER : STORY_NAME;
	if (line[1])
		return STORY_HELP;
	switch (*line) {
	case 'b':
		return STORY_BACK;
	case 't':
		return STORY_TREE;
	case 's':
		return STORY_SUMMARY;
	case 'c':
		return STORY_REST;
	case 'q':
		return STORY_END;
	default:
		return STORY_HELP;
	}
}
