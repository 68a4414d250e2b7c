// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <slotscope/mtree.h>

#include "base/clock.h"
#include "base/plural.h"
#include "cmd/cmd.h"
#include "cmd/page.h"
#include "narrate/memory.h"
#include "render/explain.h"
#include "render/explain_summary.h"
#include "render/story_book.h"
#include "render/text.h"
#include "render/tree.h"
#include "vmm/vm_explain.h"

#define LOOK_MS	 100 /* whether the story has ended meanwhile */
#define LINE_MAX 256
#define HITS_MAX 20

static struct explain explain, page_story;
static struct explain_summary summary;
static struct story_book book;
static enum explain_how how;
static bool waits, summed_up, ended;

/* Ahead: nothing is shown before that step */
static unsigned int until_nr;
static char until_name[LINE_MAX];
static unsigned int passed;

enum answer { ANSWER_LINE, ANSWER_ALL, ANSWER_END, ANSWER_NONE };

/* Byte by byte: what comes behind the line is for later steps */
static enum answer read_line(char line[LINE_MAX])
{
	size_t at = 0;
	ssize_t len;
	char c;

	for (;;) {
		len = read(STDIN_FILENO, &c, 1);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return ANSWER_NONE;
		if (c == '\n') {
			line[at] = '\0';
			return ANSWER_LINE;
		}
		if (at < LINE_MAX - 1)
			line[at++] = c;
	}
}

static enum answer wait_for_answer(char line[LINE_MAX])
{
	struct pollfd fds[2] = { { STDIN_FILENO, POLLIN, 0 },
				 { -1, POLLIN, 0 } };
	enum answer answer = ANSWER_ALL;
	sigset_t mask;
	int nr;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	fds[1].fd = signalfd(-1, &mask, SFD_CLOEXEC);
	/*
	 * The last step waits in a vCPU's thread, and the main loop may be the
	 * first to read the signal, or be told to quit: it ends the story then
	 */
	do {
		nr = poll(fds, 2, LOOK_MS);
	} while (narrating() && (!nr || (nr < 0 && errno == EINTR)));
	/* It is only looked at: the main loop reads it, and ends the VM */
	if (fds[1].revents || !narrating())
		answer = ANSWER_END;
	else if (fds[0].revents)
		answer = read_line(line);
	if (fds[1].fd >= 0)
		close(fds[1].fd);
	return answer;
}

/*
 * What the reader may ask for
 */

static void show_step(size_t at)
{
	fputs(book.steps[at].text, stdout);
	cmd_flush();
}

static void show_help(void)
{
	fputs("Enter: the next step. b: back, to the one before. 12, or j 12: to step 12. j WORD: to the\n"
	      "next step whose function has WORD in its name. /WORDS: the steps that tell of WORDS. t: the\n"
	      "tree of regions as it is now. s: all that was so far, on one page. c: all the rest. q: end.\n",
	      stderr);
}

/* As it would be rendered now, amid a change, too */
static void show_tree(void)
{
	struct model_tree tree = { .model = narrate_memory_model(),
				   .rendered = true };
	struct model_layout layout;
	const struct tree_document document = { .tree = &tree,
						.layout = &layout,
						.as_id = -1 };

	if (!tree.model) {
		fputs("there is no address space yet, or it is a vCPU's turn: "
		      "then slotscope tree --pid shows them\n",
		      stderr);
		return;
	}
	if (!model_tree_lay_out(&tree, &layout) && layout.model)
		render_tree(stdout, &document);
	else
		fputs("the tree cannot be laid out\n", stderr);
	model_layout_deinit(&layout);
	cmd_flush();
}

/* The line that has it, or the first; without the blanks before it */
static void show_hit(const struct story_step *step, const char *word)
{
	const char *hit = strcasestr(step->text, word);
	const char *line = hit ? hit : step->text;
	char text[160];
	int len;

	while (line > step->text && line[-1] != '\n')
		line--;
	line += strspn(line, " \n");
	len = strcspn(line, "\n");
	snprintf(text, sizeof(text), "%.*s", len, line);
	printf("%4u  %s(): ", step->nr, step->function);
	text_wrap(stdout, "", 8, text);
}

static void search(const char *word)
{
	size_t at = story_book_said(&book, word, 0), hits = 0;

	for (; at < book.nr; at = story_book_said(&book, word, at + 1))
		if (hits++ < HITS_MAX)
			show_hit(&book.steps[at], word);
	if (!hits)
		printf("no step that was told so far tells of \"%.80s\"\n",
		       word);
	else if (hits > HITS_MAX)
		printf("... and %zu more\n", hits - HITS_MAX);
	cmd_flush();
}

/* To a step that was told, or on to one that was not: true if the story goes on */
static bool go_to(size_t at, size_t *cursor, unsigned int nr, const char *name)
{
	if (at < book.nr) {
		*cursor = at;
		show_step(at);
		return false;
	}
	until_nr = nr;
	snprintf(until_name, sizeof(until_name), "%s", name ? name : "");
	return true;
}

/* Of one line: true if the story goes on */
static bool obey(const char *line, size_t *cursor)
{
	unsigned int nr = 0;
	const char *word = NULL;
	enum story_word what = story_word(line, &nr, &word);

	if (cmd_globals.json && what != STORY_NEXT && what != STORY_REST &&
	    what != STORY_END) {
		fputs("with --json there is Enter, c and q alone\n", stderr);
		return false;
	}
	switch (what) {
	case STORY_NEXT:
		if (*cursor + 1 >= book.nr)
			return true;
		show_step(++*cursor);
		return false;
	case STORY_BACK:
		if (!*cursor)
			fputs("that was the first step\n", stderr);
		else
			show_step(--*cursor);
		return false;
	case STORY_NUMBER:
		if (!nr)
			fputs("steps are counted from 1\n", stderr);
		else
			return go_to(story_book_number(&book, nr), cursor, nr,
				     NULL);
		return false;
	case STORY_NAME:
		return go_to(story_book_named(&book, word, *cursor + 1), cursor,
			     0, word);
	case STORY_SEARCH:
		search(word);
		return false;
	case STORY_TREE:
		show_tree();
		return false;
	case STORY_SUMMARY:
		explain_summary_print(stdout, &summary);
		cmd_flush();
		return false;
	case STORY_REST:
		waits = false;
		return true;
	case STORY_END:
		if (narrating())
			kill(getpid(), SIGTERM);
		ended = true;
		narrate_end();
		return true;
	default:
		show_help();
		return false;
	}
}

static void prompt(const struct narrate_event *event, size_t cursor)
{
	if (!isatty(STDIN_FILENO))
		return;
	if (cursor + 1 < book.nr)
		fprintf(stderr, "-- step %u of %u told; ",
			book.steps[cursor].nr, event->nr - 1);
	else
		fputs("-- ", stderr);
	fprintf(stderr,
		"Enter: step %u, b: back, c: all the rest, q: end, ?: more -- ",
		cursor + 1 < book.nr ? book.steps[cursor + 1].nr : event->nr);
}

static void wait_here(const struct narrate_event *event)
{
	size_t cursor = book.nr ? book.nr - 1 : 0;
	char line[LINE_MAX];

	for (;;) {
		prompt(event, cursor);
		switch (wait_for_answer(line)) {
		case ANSWER_LINE:
			if (obey(line, &cursor))
				return;
			break;
		case ANSWER_END:
			if (narrating())
				kill(getpid(), SIGTERM);
			ended = true;
			narrate_end();
			if (isatty(STDIN_FILENO))
				fputc('\n', stderr);
			return;
		case ANSWER_NONE:
			fprintf(stderr,
				"slotscope vm: standard input has ended: step %u "
				"and all the rest are told without waiting\n",
				event->nr);
			waits = false;
			return;
		case ANSWER_ALL:
			waits = false;
			return;
		}
	}
}

static bool jumping(void)
{
	return until_nr || until_name[0];
}

/* Is the step that begins passed by, as another one is jumped to? */
static bool passes(const struct narrate_event *event)
{
	if (!jumping())
		return false;
	if (until_nr ? event->nr < until_nr :
		       !strstr(event->step->function, until_name)) {
		passed++;
		return true;
	}
	if (passed)
		fprintf(stderr, "(%u step%s passed by; b goes back to %s)\n",
			passed, plural(passed), passed == 1 ? "it" : "them");
	passed = until_nr = 0;
	until_name[0] = '\0';
	return false;
}

static void sum_up(void)
{
	if (!summary.nr_steps || summed_up || ended || cmd_globals.json)
		return;
	summed_up = true;
	if (passed)
		fprintf(stderr,
			"slotscope vm: there was no such step to come; %u were "
			"passed by\n",
			passed);
	explain_summary_print(stdout, &summary);
}

/* In text; kept, to be looked at again */
static void tell_text(const struct narrate_event *event, bool show)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f) {
		explain.out = stdout;
		explain_text(&explain, event);
		return;
	}
	explain.out = f;
	explain_text(&explain, event);
	if (!fclose(f)) {
		if (how == EXPLAIN_STEP)
			story_book_add(&book, text);
		if (show)
			fputs(text, stdout);
	}
	free(text);
}

static void tell(void *opaque, const struct narrate_event *event)
{
	static bool passing;
	struct render_style style;
	int error;

	if (event->kind == NARRATE_ENTER) {
		if (event->nr > 1 && waits && !jumping())
			wait_here(event);
		if (!narrating())
			return;
		passing = passes(event);
		if (how == EXPLAIN_STEP && !cmd_globals.json)
			story_book_begin(&book, event->nr,
					 event->step->function);
	}
	if (!narrating())
		return;
	explain.time_ns = page_story.time_ns = clock_now();
	explain_summary_add(&summary, event);
	if (event->kind == NARRATE_CHANGE && event->folded)
		return;
	if (!cmd_globals.json)
		tell_text(event, !passing && how != EXPLAIN_SUMMARY);
	else
		explain_json(&explain, event);
	if (page_json()) {
		style = page_style();
		explain_json(&page_story, event);
		render_style = style;
	}
	if (event->kind == NARRATE_LEAVE &&
	    event->step == &narrate_steps[NARRATE_KVM_CPU_EXEC])
		sum_up();
	error = cmd_flush();
	if (!error)
		return;
	ended = true;
	narrate_end();
	cmd_output_told();
	fprintf(stderr,
		"slotscope vm: the rest is not told, for standard output "
		"cannot be written: %s\n",
		strerror(error));
}

void explain_start(enum explain_how wanted)
{
	static struct narrator narrator = { .tell = tell };

	how = wanted;
	waits = how == EXPLAIN_STEP;
	explain = (struct explain){ .out = stdout,
				    .verbose = cmd_globals.verbose };
	page_story = (struct explain){ .out = page_json() };
	/* Who draws it, or counts, wants all of it */
	narrator.unfold = cmd_globals.verbose || cmd_globals.json;
	narrator.whole = true;
	narrate_to(&narrator);
}

void explain_built(const struct memory_model *model)
{
	struct model_tree tree = { .model = model, .rendered = true };
	struct mtree_flatviews views;
	struct render_style style;

	if (!narrating() || (!cmd_globals.json && !page_json()) ||
	    mtree_flatviews_from_model(model, &views))
		return;
	for (int i = 0; i < QEMU_SPACES; i++)
		tree.views[i] = mtree_flatviews_find(&views, qemu_spaces[i]);
	explain.time_ns = page_story.time_ns = clock_now();
	if (cmd_globals.json)
		explain_tree_json(&explain, &tree);
	if (page_json()) {
		style = page_style();
		explain_tree_json(&page_story, &tree);
		render_style = style;
	}
	mtree_flatviews_deinit(&views);
	cmd_flush();
}

void explain_stop(void)
{
	narrate_to(NULL);
	sum_up();
	story_book_deinit(&book);
	explain_summary_deinit(&summary);
	explain_deinit(&explain);
	explain_deinit(&page_story);
}
