// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/progress.h"
#include "cmd/cmd.h"
#include "cmd/page.h"
#include "cmd/verdict.h"
#include "kvm/limits.h"

void verdict_limits(const struct check_input *input,
		    const struct sampled *kernel, struct request_limits *limits)
{
	const struct slot_event *event;
	struct slotscope_error ignored = {};

	for (size_t i = 0; i < input->log->nr; i++) {
		event = &input->log->events[i];
		if (event->type != SLOT_EVENT_REQUEST ||
		    event->serial != input->serial || !event->request.result)
			continue;
		if (!kvm_limits_probe(-1, limits, &ignored) && kernel &&
		    kernel->state.nr_as)
			limits->nr_as = kernel->state.nr_as;
		return;
	}
}

int verdict_page(const struct check_document *document)
{
	const struct check_input *input = document->comparison->input;
	struct render_style style;
	int ret;

	if (!page_json())
		return 0;
	style = page_style();
	ret = render_check_json(page_json(), document) ?:
		      render_check(page_printed(), document);
	render_style = style;
	return ret ?: page_log(input->log, input->limits);
}

int verdict_print(const struct check_input *input,
		  struct check_document *document, uint64_t now_ns,
		  struct slotscope_error *err)
{
	PROGRESS("comparing the views");
	static bool printed;
	struct comparison comparison;
	struct stories stories = {};
	struct check_rows rows;
	int ret, status;

	ret = crosscheck(input, &comparison);
	if (ret)
		goto free_comparison;
	ret = check_rows(&comparison, &rows);
	if (ret)
		goto free_rows;
	ret = history(&comparison, now_ns, &stories);
	if (ret)
		goto free_stories;
	document->comparison = &comparison;
	document->rows = &rows;
	document->stories = &stories;
	if (printed && !cmd_globals.json)
		fputc('\n', cmd_report());
	printed = true;
	if (cmd_globals.json)
		ret = render_check_json(cmd_report(), document);
	else
		ret = render_check(cmd_report(), document);
	cmd_flush();
	ret = ret ?: verdict_page(document);
	status = findings_exit_status(&comparison.findings);
free_stories:
	stories_deinit(&stories);
free_rows:
	check_rows_deinit(&rows);
free_comparison:
	comparison_deinit(&comparison);
	return ret ? error_set(err, ret, "print the verdict") : status;
}
