// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdlib.h>

#include "base/json_value.h"
#include "base/plural.h"
#include "cmd/cmd.h"
#include "cmd/watch_print.h"
#include "render/color.h"
#include "render/document.h"
#include "render/events.h"
#include "render/text.h"
#include "view/names.h"

static const char *const verdicts[] = { "agree", "mismatch", "unknown" };
static const char *const words[] = { "agree", "mismatch", "cannot tell" };
static const enum color colors[] = { COLOR_GOOD, COLOR_BAD, COLOR_DOUBT };

static uint64_t ms_between(uint64_t begin, uint64_t end)
{
	return end > begin ? (end - begin) / 1000000 : 0;
}

#define SECONDS	      "%" PRIu64 ".%03" PRIu64
#define OF_MS(ms)     (ms) / 1000, (ms) % 1000
#define SENTENCE_SIZE 4096

/* In the columns of an event: the time, and a sign in place of the thread */
static void begin_line(FILE *out, const struct watch_moment *at, char sign)
{
	const uint64_t ns =
		at->now_ns > at->begin_ns ? at->now_ns - at->begin_ns : 0;

	fprintf(out, "%4" PRIu64 ".%06" PRIu64 " %7c  ", ns / 1000000000,
		ns / 1000 % 1000000, sign);
	if (at->name_vm)
		fprintf(out, "VM %" PRIu64 ": ", at->vm);
}

/* On one line, however long: it is a log, and each line is to be found whole */
static void print_sentence(FILE *out, const char *sentence)
{
	char *clean = malloc(SENTENCE_SIZE);

	if (clean)
		text_clean(clean, SENTENCE_SIZE, SENTENCE_SIZE - 1, sentence);
	fprintf(out, ": %s\n", clean ? clean : "");
	free(clean);
}

static void begin_json(struct json_writer *w, const char *what,
		       const struct watch_moment *at)
{
	render_json_begin(w, cmd_report());
	json_begin_object(w, NULL);
	json_write_u64(w, "version", SLOTSCOPE_JSON_VERSION);
	json_write_str(w, "watch", what);
	json_write_u64(w, "time_ns", at->now_ns);
	if (at->vm)
		json_write_u64(w, "number", at->vm);
}

static void end_json(struct json_writer *w)
{
	json_end_object(w);
	render_json_end(w);
}

void watch_print_event(const struct watch_moment *at,
		       const struct slot_event *event)
{
	if (cmd_globals.json)
		render_event_json(cmd_report(), event, NULL);
	else
		render_event(cmd_report(), event, at->begin_ns, at->name_vm);
}

void watch_print_generation(const struct watch_moment *at, uint16_t as_id,
			    uint64_t before, uint64_t after)
{
	struct json_writer w;

	if (cmd_globals.json) {
		begin_json(&w, "generation", at);
		json_write_u64(&w, "as_id", as_id);
		json_write_u64(&w, "before", before);
		json_write_u64(&w, "after", after);
		end_json(&w);
		return;
	}
	begin_line(cmd_report(), at, '?');
	fprintf(cmd_report(),
		"slots of address space %u changed: generation %" PRIu64
		", was %" PRIu64 "\n",
		as_id, after, before);
}

static void write_finding(struct json_writer *w, const char *member,
			  const struct news_item *item)
{
	const struct finding *finding = &item->finding;

	json_begin_object(w, member);
	json_write_str(w, "id", finding_id_name(finding->id));
	json_write_str(w, "kind",
		       finding_kind_name(finding_id_kind(finding->id)));
	json_write_str(w, "sentence", finding->sentence);
	json_write_u64(w, "as_id", finding->as_id);
	if (finding->size) {
		json_write_hex(w, "gpa", finding->gpa);
		json_write_hex(w, "size", finding->size);
	}
	if (finding->elsewhere) {
		json_write_u64(w, "other_as_id", finding->other_as_id);
		json_write_hex(w, "other_gpa", finding->other_gpa);
	}
	if (finding->slot_id >= 0)
		json_write_s64(w, "slot_id", finding->slot_id);
	if (finding->hva)
		json_write_hex(w, "hva", finding->hva);
	if (finding->seq)
		json_write_u64(w, "seq", finding->seq);
	if (item->follows)
		json_write_str(w, "cause_id", finding_id_name(item->cause));
	json_end_object(w);
}

static void print_kind(FILE *out, const struct news_item *item)
{
	const enum finding_id id = item->finding.id;

	const enum color color = color_of_kind(finding_id_kind(id));

	fprintf(out, "%s%s%s (%s", color_on(color), finding_id_name(id),
		color_off(color), finding_kind_name(finding_id_kind(id)));
	if (item->follows)
		fprintf(out, ", beneath %s", finding_id_name(item->cause));
	fputc(')', out);
}

void watch_print_item(const struct watch_moment *at,
		      const struct news_item *item)
{
	const bool is_new = item->state == NEWS_NEW;
	struct json_writer w;

	if (cmd_globals.json) {
		begin_json(&w, is_new ? "new" : "gone", at);
		write_finding(&w, "finding", item);
		end_json(&w);
		return;
	}
	begin_line(cmd_report(), at, is_new ? '+' : '-');
	print_kind(cmd_report(), item);
	print_sentence(cmd_report(), item->finding.sentence);
}

void watch_print_check(const struct watch_moment *at, int status,
		       uint64_t changes)
{
	struct json_writer w;

	if (cmd_globals.json) {
		begin_json(&w, "check", at);
		json_write_str(&w, "verdict", verdicts[status]);
		json_write_u64(&w, "changes", changes);
		end_json(&w);
		return;
	}
	begin_line(cmd_report(), at, '=');
	fprintf(cmd_report(), "%s%s%s", color_on(colors[status]), words[status],
		color_off(colors[status]));
	if (changes > 1)
		fprintf(cmd_report(), ", by one check for %" PRIu64 " changes",
			changes);
	fputc('\n', cmd_report());
}

static const char *end_of(const struct news_item *item)
{
	if (news_stands(item))
		return "stands";
	if (item->folded)
		return "is over";
	return item->ended ? "stood when its VM went" : "gone";
}

static void end_as_json(const struct watch_moment *at,
			const struct watch_total *total,
			const struct news *news, int status)
{
	static const char *const ends[] = { "stands", "ended", "gone", "over" };
	struct json_writer w;

	begin_json(&w, "end", at);
	json_write_str(&w, "verdict", verdicts[status]);
	json_write_u64(&w, "exit_status", status);
	json_write_u64(&w, "begin_ns", at->begin_ns);
	json_write_u64(&w, "vms", total->vms);
	json_write_u64(&w, "vms_unchecked", total->unchecked);
	if (total->by_generations)
		json_write_null(&w, "changes");
	else
		json_write_u64(&w, "changes", total->changes);
	json_write_u64(&w, "changes_unchecked", total->after);
	json_write_u64(&w, "checks", total->checks);
	json_write_u64(&w, "checks_for_several", total->several);
	json_write_u64(&w, "most_changes", total->most);
	json_write_u64(&w, "checks_untold", total->untold);
	json_write_u64(&w, "lost", total->lost);
	json_begin_array(&w, "findings");
	for (size_t i = 0; i < news->nr; i++) {
		const struct news_item *item = &news->items[i];

		json_begin_object(&w, NULL);
		json_write_u64(&w, "number", item->vm);
		json_write_str(&w, "end",
			       ends[news_stands(item) ? 0 :
				    item->folded      ? 3 :
				    item->ended	      ? 1 :
							2]);
		json_write_u64(&w, "times", item->times);
		json_write_u64(&w, "came_ns", item->came_ns);
		json_write_u64(&w, "last_ns", item->last_ns);
		if (item->gone_ns)
			json_write_u64(&w, "gone_ns", item->gone_ns);
		write_finding(&w, "finding", item);
		json_end_object(&w);
	}
	json_end_array(&w);
	end_json(&w);
}

static void print_counts(FILE *out, const struct watch_moment *at,
			 const struct watch_total *total)
{
	const uint64_t ms = ms_between(at->begin_ns, at->now_ns);

	fprintf(out, "Watched %" PRIu64 " VM%s for " SECONDS " s: ", total->vms,
		plural(total->vms), OF_MS(ms));
	if (total->by_generations)
		fputs("changes are not counted without a trace, ", out);
	else
		fprintf(out, "%" PRIu64 " change%s, ", total->changes,
			plural(total->changes));
	fprintf(out, "%" PRIu64 " check%s\n", total->checks,
		plural(total->checks));
	if (total->several)
		fprintf(out,
			"  %" PRIu64 " check%s stood for several changes, one "
			"for %" PRIu64 ": what was between them was not "
			"compared\n",
			total->several, plural(total->several), total->most);
	if (total->after)
		fprintf(out,
			"  %" PRIu64 " change%s came after the last check of "
			"the VM\n",
			total->after, plural(total->after));
	if (total->untold)
		fprintf(out, "  %" PRIu64 " check%s could not tell\n",
			total->untold, plural(total->untold));
	if (total->unchecked)
		fprintf(out,
			"  %" PRIu64 " VM%s had memory and went before there "
			"was a check\n",
			total->unchecked, plural(total->unchecked));
	if (total->lost)
		fprintf(out, "  %" PRIu64 " event%s lost\n", total->lost,
			total->lost == 1 ? " was" : "s were");
}

void watch_print_end(const struct watch_moment *at,
		     const struct watch_total *total, const struct news *news,
		     int status)
{
	FILE *out = cmd_report();
	uint64_t ms;

	if (cmd_globals.json) {
		end_as_json(at, total, news, status);
		return;
	}
	print_counts(out, at, total);
	for (size_t i = 0; i < news->nr; i++) {
		const struct news_item *item = &news->items[i];

		fputs("  ", out);
		if (at->name_vm)
			fprintf(out, "VM %" PRIu64 ": ", item->vm);
		print_kind(out, item);
		ms = ms_between(at->begin_ns, item->came_ns);
		fprintf(out, ", since " SECONDS " s", OF_MS(ms));
		ms = ms_between(at->begin_ns,
				item->gone_ns ? item->gone_ns : item->last_ns);
		if (!news_stands(item))
			fprintf(out, " until " SECONDS " s", OF_MS(ms));
		if (item->times > 1)
			fprintf(out, ", came %" PRIu64 " times", item->times);
		fprintf(out, ", %s", end_of(item));
		print_sentence(out, item->finding.sentence);
	}
	if (status == CMD_OK)
		fputs("The views agreed at each check\n", out);
	else if (status == CMD_MISMATCH)
		fputs("There was a mismatch\n", out);
	else
		fputs("Not all could be told\n", out);
}
