// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/kept_file.h"
#include "cmd/cmd.h"
#include "cmd/page.h"
#include "render/html.h"
#include "render/stacks.h"
#include "render/text.h"

static struct html_page page;
static FILE *out; /* where it will be written */
static const char *page_path;
static bool begun, created;
static struct refusals refusals; /* of page_log() */
static uint64_t last_seq;

int page_to(const char *path, struct slotscope_error *err)
{
	if (out)
		fclose(out);
	out = cmd_output_open("page", path, &created, err);
	page_path = path;
	return out ? 0 : -err->code;
}

int page_begin(const char *const *inputs, size_t nr,
	       struct slotscope_error *err)
{
	int ret = 0;

	if (!out)
		return 0;
	for (size_t i = 0; i < nr && !ret; i++)
		ret = cmd_apart(page_path, inputs[i], err);
	if (!ret)
		ret = cmd_report_apart(page_path, err);
	if (ret)
		return ret;
	ret = html_page_begin(&page);
	if (ret)
		return error_set(err, ret, "make a page");
	begun = true;
	return 0;
}

FILE *page_json(void)
{
	return page.json;
}

FILE *page_printed(void)
{
	return page.printed;
}

struct render_style page_style(void)
{
	const struct render_style before = render_style;

	render_style = (struct render_style){ .columns = RENDER_COLUMNS };
	return before;
}

struct event_why event_why_of(const struct refusal *refusal)
{
	return (struct event_why){
		.rule = refusal->known ? request_rule_name(refusal->rule) :
					 NULL,
		.words = refusal->words,
		.other = refusal->other,
		.made_ns = refusal->made_ns,
		.tid = refusal->tid,
	};
}

void page_event(const struct slot_event *event, const struct event_why *why,
		const struct slot_stack *stack)
{
	struct render_style style;

	if (!begun || !html_page_takes(&page))
		return;
	style = page_style();
	if (stack)
		render_stack_json(page.json, stack);
	render_event_json(page.json, event, why);
	render_style = style;
}

int page_take(const struct slot_event *event, const struct slot_stack *stack,
	      const struct request_limits *limits)
{
	struct refusal refusal;
	struct event_why why;
	int ret;

	if (!begun)
		return 0;
	refusals.limits = limits;
	last_seq = event->seq;
	ret = refusals_take(&refusals, event, &refusal);
	if (ret < 0)
		return ret;
	if (ret)
		why = event_why_of(&refusal);
	page_event(event, ret ? &why : NULL, stack);
	return 0;
}

int page_log(const struct slot_log *log, const struct request_limits *limits)
{
	int ret = 0;

	for (size_t i = 0; log && i < log->nr && !ret; i++)
		if (log->events[i].seq > last_seq)
			ret = page_take(&log->events[i], NULL, limits);
	return ret;
}

/* As a shell would take it; argv[0] is a path of ours */
static char *command_line(int argc, char **argv)
{
	char *text = NULL;
	size_t len;
	FILE *line = open_memstream(&text, &len);
	bool plain;

	if (!line)
		return NULL;
	fputs(program_invocation_short_name, line);
	for (int i = 1; i < argc; i++) {
		plain = argv[i][0] &&
			!strpbrk(argv[i], " \t\n\"'\\$`*?<>|&;()");
		fprintf(line, plain ? " %s" : " '%s'", argv[i]);
	}
	if (fclose(line)) {
		free(text);
		return NULL;
	}
	return text;
}

static int write_page(int argc, char **argv, struct slotscope_error *err)
{
	char *command = command_line(argc, argv);
	int ret = command ? html_page_write(&page, command, out) : -ENOMEM;

	free(command);
	if (ret)
		return error_set(err, ret, "make the page %.160s", page_path);
	errno = 0;
	if (!fflush(out) && !ferror(out))
		return 0;
	error_set(err, errno ?: EIO, "write the page to %.160s", page_path);
	return error_next(err, "see that there is room where it goes");
}

int page_end(int argc, char **argv, struct slotscope_error *err)
{
	int ret = begun ? write_page(argc, argv, err) : 0;

	if (out) {
		fclose(out);
		if (created)
			kept_drop_empty(page_path);
	}
	out = NULL;
	begun = false;
	html_page_deinit(&page);
	refusals_deinit(&refusals);
	return ret;
}
