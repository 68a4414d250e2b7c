// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <slotscope/mtree.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/page.h"
#include "render/explain.h"
#include "vmm/vm_explain.h"

#define LOOK_MS 100 /* whether the story has ended meanwhile */

static struct explain explain, page_story;
static bool waits;

enum answer { ANSWER_NEXT, ANSWER_ALL, ANSWER_END, ANSWER_NONE };

/* Byte by byte: what comes behind the line is for later steps */
static enum answer read_line(void)
{
	enum answer answer = ANSWER_NEXT;
	bool first = true;
	ssize_t len;
	char c;

	for (;;) {
		len = read(STDIN_FILENO, &c, 1);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return ANSWER_NONE;
		if (c == '\n')
			return answer;
		if (first && c == 'c')
			answer = ANSWER_ALL;
		else if (first && c == 'q')
			answer = ANSWER_END;
		else
			answer = ANSWER_NEXT;
		first = false;
	}
}

static enum answer wait_for_answer(void)
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
		answer = read_line();
	if (fds[1].fd >= 0)
		close(fds[1].fd);
	return answer;
}

static void wait_here(const struct narrate_event *event)
{
	bool terminal = isatty(STDIN_FILENO);

	if (terminal)
		fprintf(stderr,
			"-- Enter: step %u, c: all the rest, q: end -- ",
			event->nr);
	switch (wait_for_answer()) {
	case ANSWER_NEXT:
		return;
	case ANSWER_END:
		if (narrating())
			kill(getpid(), SIGTERM);
		narrate_end();
		if (terminal)
			fputc('\n', stderr);
		return;
	case ANSWER_NONE:
		fprintf(stderr,
			"slotscope vm: standard input has ended: step %u and "
			"all the rest are told without waiting\n",
			event->nr);
		waits = false;
		return;
	case ANSWER_ALL:
		waits = false;
	}
}

static void tell(void *opaque, const struct narrate_event *event)
{
	struct render_style style;
	int error;

	if (event->kind == NARRATE_ENTER && event->nr > 1 && waits)
		wait_here(event);
	if (!narrating())
		return;
	explain.time_ns = page_story.time_ns = clock_now();
	if (cmd_globals.json)
		explain_json(&explain, event);
	else
		explain_text(&explain, event);
	if (page_json()) {
		style = page_style();
		explain_json(&page_story, event);
		render_style = style;
	}
	error = cmd_flush();
	if (!error)
		return;
	narrate_end();
	cmd_output_told();
	fprintf(stderr,
		"slotscope vm: the rest is not told, for standard output "
		"cannot be written: %s\n",
		strerror(error));
}

void explain_start(bool step)
{
	static struct narrator narrator = { .tell = tell };

	waits = step;
	explain = (struct explain){ .out = stdout,
				    .verbose = cmd_globals.verbose };
	page_story = (struct explain){ .out = page_json() };
	/* Who draws it, or counts, wants all of it */
	narrator.unfold = cmd_globals.verbose || cmd_globals.json;
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
	explain_deinit(&explain);
	explain_deinit(&page_story);
}
