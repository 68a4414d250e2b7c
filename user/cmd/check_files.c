// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/check_files.h"
#include "cmd/cmd.h"
#include "cmd/verdict.h"
#include "session/doubt.h"
#include "session/producers.h"

/* Each takes back something; a VMM's ranges are far fewer */
#define DOUBTS_MAX 64

int check_files_page_size(const char *text, uint64_t *out,
			  struct slotscope_error *err)
{
	char *end;
	uint64_t size = strtoull(text, &end, 10);

	if (*end == 'k' || *end == 'K') {
		size <<= 10;
		end++;
	}
	if (text[0] >= '1' && text[0] <= '9' && !*end && size >= 4096 &&
	    size <= 65536 && !(size & (size - 1))) {
		*out = size;
		return 0;
	}
	error_set(err, EINVAL, "read the page size \"%.40s\"", text);
	error_why(err, "a page is of 4096 to 65536 bytes, a power of 2");
	return error_next(err, "give 4k, 16k or 64k");
}

int check_files_read(const struct check_files *files, uint64_t vm,
		     struct given *given, struct slotscope_error *err)
{
	int ret = 0;

	*given = (struct given){};
	for (size_t i = 0; i < files->nr_mtree && !ret; i++)
		ret = given_mtree(given, files->mtree[i], err);
	if (!ret && files->model)
		ret = given_model(given, files->model, err);
	if (!ret && files->slots)
		ret = given_slots(given, files->slots, vm, err);
	if (!ret && files->maps)
		ret = given_maps(given, files->maps, err);
	return ret ? ret : given_end(given, err);
}

size_t check_files_list(const struct given *given,
			struct check_file out[GIVEN_MAX])
{
	for (size_t i = 0; i < given->nr; i++)
		out[i] = (struct check_file){ given->views[i].party,
					      given->views[i].name,
					      given->views[i].kind };
	return given->nr;
}

/* Parties without a file are not asked for: there is no VM to ask */
static uint32_t without(const struct given *given)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < nr_ways; i++)
		if (!given_find(given, ways[i].producer.party))
			mask |= 1U << ways[i].producer.party;
	return mask;
}

static struct slot_state *model_of(struct sample *sample)
{
	for (size_t i = 0; i < sample->nr; i++)
		if (sample->sampled[i].party == PARTY_MODEL)
			return &sample->sampled[i].state;
	return NULL;
}

/* Again and again, until what is left does not rest on what is missing */
static int compare(const struct given *given, struct sample *sample,
		   const struct check_input *input, struct comparison *out)
{
	bool any = false;
	int ret;

	for (int i = 0;; i++) {
		ret = crosscheck(input, out);
		if (ret || !given->doubt || i == DOUBTS_MAX)
			return ret;
		ret = doubt_contradictions(out, model_of(sample), given->doubt,
					   &any);
		if (ret || !any)
			return ret;
		/* There was something, and it cannot be told: that is no agreement */
		model_of(sample)->coverage.truncated = true;
		comparison_deinit(out);
	}
}

static int print(const struct check_document *document)
{
	int ret;

	if (cmd_globals.json)
		ret = render_check_json(cmd_report(), document);
	else
		ret = render_check(cmd_report(), document);
	cmd_flush();
	return ret ?: verdict_page(document);
}

/* What is told of is told as of then */
static uint64_t end_of(const struct slot_log *log)
{
	const struct slot_event *last;

	if (!log || !log->nr)
		return 0;
	last = &log->events[log->nr - 1];
	return last->time_ns + last->duration_ns;
}

/* An enum cmd_exit, or a negative errno */
static int judge(const struct check_files *files, const struct given *given,
		 struct sample *sample)
{
	const struct request_limits limits = { .page_size = files->page_size };
	struct check_input input = {
		.log = given->serial ? &given->log : NULL,
		.serial = given->serial,
		.page_size = files->page_size,
		.limits = &limits,
	};
	struct slot_forecast *forecast = NULL;
	struct check_file list[GIVEN_MAX];
	struct comparison comparison;
	struct check_document document = {
		.comparison = &comparison,
		.at_ms = -1,
		.files = list,
		.nr_files = check_files_list(given, list),
		.assumed = given->notes,
	};
	const struct model_tree tree = text_model_tree(&given->mtree);
	struct stories stories = {};
	struct check_rows rows;
	int ret;

	sample_input(sample, &input);
	ret = compare(given, sample, &input, &comparison);
	if (ret)
		goto out_comparison;
	/* With nothing to compare, what follows from the flat view is asked */
	if (files->nr_mtree && given->nr == 1)
		ret = text_model_forecast(&given->mtree, &forecast,
					  &document.nr_forecast);
	document.forecast = forecast;
	if (files->nr_mtree)
		document.tree = &tree;
	if (ret)
		goto out_comparison;
	ret = check_rows(&comparison, &rows);
	document.rows = &rows;
	if (!ret)
		ret = history(&comparison, end_of(input.log), &stories);
	if (input.log)
		document.stories = &stories;
	if (!ret)
		ret = print(&document);
	if (!ret)
		ret = findings_exit_status(&comparison.findings);
	stories_deinit(&stories);
	check_rows_deinit(&rows);
out_comparison:
	free(forecast);
	comparison_deinit(&comparison);
	return ret;
}

int check_files_sample(const struct given *given, struct sample *sample,
		       struct slotscope_error *err)
{
	struct producer producers[PRODUCERS_MAX];
	struct subject subject = { .given = given };
	const struct sample_source source = {
		.producers = producers,
		.nr_producers = producers_choose(ways, nr_ways, without(given),
						 &subject, producers),
		.ctx = &subject,
	};
	int ret = sample_take(&source, 1, sample);

	if (!ret)
		return 0;
	sample_deinit(sample);
	return error_set(err, ret, "keep what the files have");
}

int check_files_run(const struct check_files *files, uint64_t vm)
{
	struct slotscope_error err = {};
	struct sample sample;
	struct given given;
	int ret = check_files_read(files, vm, &given, &err);

	if (!ret)
		ret = check_files_sample(&given, &sample, &err);
	if (!ret) {
		ret = judge(files, &given, &sample);
		if (ret < 0)
			error_set(&err, ret, "compare what the files have");
		sample_deinit(&sample);
	}
	given_deinit(&given);
	return ret < 0 ? cmd_fail(&err) : ret;
}
