/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps that a story has told so far, to be looked at again; and what a reader says */
#ifndef RENDER_STORY_BOOK_H
#define RENDER_STORY_BOOK_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct story_step - what was told from the begin of a step to that of the next
 * @nr:	      its number
 * @function: that does it; lives as long as the program
 * @text:     owned
 */
struct story_step {
	unsigned int nr;
	const char *function;
	char *text;
};

/** struct story_book - ascending; zero is empty */
struct story_book {
	struct story_step *steps;
	size_t nr;
	size_t cap; /* private */
};

/** story_book_begin() - a step begins; 0 or -ENOMEM */
int story_book_begin(struct story_book *book, unsigned int nr,
		     const char *function);

/** story_book_add() - more of the last one; 0 or -ENOMEM */
int story_book_add(struct story_book *book, const char *text);
void story_book_deinit(struct story_book *book);

/** story_book_number() - place of a step; @book->nr if it was not told */
size_t story_book_number(const struct story_book *book, unsigned int nr);

/** story_book_named() - the first from @from on whose function has @word in its name */
size_t story_book_named(const struct story_book *book, const char *word,
			size_t from);

/** story_book_said() - the first from @from on in whose text @word is, in any case */
size_t story_book_said(const struct story_book *book, const char *word,
		       size_t from);

enum story_word {
	STORY_NEXT,    /* an empty line */
	STORY_BACK,    /* b */
	STORY_NUMBER,  /* a number, or j and one */
	STORY_NAME,    /* j and a word */
	STORY_SEARCH,  /* / and words */
	STORY_TREE,    /* t */
	STORY_SUMMARY, /* s */
	STORY_REST,    /* c */
	STORY_END,     /* q */
	STORY_HELP,    /* anything else */
};

/**
 * story_word() - what a line of the reader means
 * @line:   without its newline
 * @number: out, of STORY_NUMBER
 * @word:   out, of STORY_NAME and STORY_SEARCH: points into @line; never empty
 */
enum story_word story_word(const char *line, unsigned int *number,
			   const char **word);

#endif
