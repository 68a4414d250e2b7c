// SPDX-License-Identifier: GPL-2.0-or-later
/* The verdict in a line; what it stands on, and what it does not speak for */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/plural.h"
#include "base/size_text.h"
#include "render/check.h"
#include "render/color.h"
#include "render/forecast.h"
#include "render/past.h"
#include "render/style.h"
#include "render/text.h"

static const char *name_of(const struct comparison *comparison, size_t view)
{
	return party_of(comparison->input->views[view].party)->name;
}

static void say_audited(FILE *line, const struct check_input *input)
{
	const struct index_audit *audit;

	for (size_t view = 0; view < input->nr_views; view++) {
		audit = input->views[view].audit;
		if (audit && !audit->unread && !audit->none)
			fprintf(line,
				"; KVM's own indexes of %" PRIu64
				" slots with each other",
				audit->nr_slots);
	}
}

static void say_stage2(FILE *line, const struct check_input *input)
{
	const struct stage2_audit *stage2;

	for (size_t view = 0; view < input->nr_views; view++) {
		stage2 = input->views[view].stage2;
		if (stage2 && !stage2->unread)
			fprintf(line,
				"; %s in KVM's page tables with the slots and "
				"the host's pages",
				SIZE_IN_TEXT(stage2->bytes));
	}
}

static void say_compared(FILE *out, const struct check_document *document)
{
	const struct comparison *comparison = document->comparison;
	const struct compared_pair *pair;
	char *text = NULL;
	size_t len = 0;
	FILE *line = open_memstream(&text, &len);
	const char *comma = "";

	if (!line)
		return;
	for (size_t i = 0; i < comparison->nr_pairs; i++) {
		pair = &comparison->pairs[i];
		if (!pair->compared)
			continue;
		fprintf(line, "%s%s with %s", comma,
			name_of(comparison, pair->expected),
			name_of(comparison, pair->actual));
		comma = ", ";
	}
	if (!*comma)
		fputs("nothing", line);
	if (document->kernel_by)
		fprintf(line, "; KERNEL was read by %s", document->kernel_by);
	say_audited(line, comparison->input);
	say_stage2(line, comparison->input);
	fclose(line);
	text_wrap(out, "compared: ", 10, text);
	free(text);
}

static void say_fields(FILE *out, const struct slot_state *state)
{
	static const struct {
		uint32_t field;
		const char *word;
	} words[] = {
		{ SLOT_FIELD_ID, "slot numbers" },
		{ SLOT_FIELD_GPA, "guest addresses" },
		{ SLOT_FIELD_SIZE, "sizes" },
		{ SLOT_FIELD_HVA, "host addresses" },
		{ SLOT_FIELD_READONLY, "read-only" },
		{ SLOT_FIELD_LOG_DIRTY, "dirty logging" },
		{ SLOT_FIELD_GUEST_MEMFD, "guest_memfd" },
		{ SLOT_FIELD_HIDDEN, "KVM's own slots" },
		{ SLOT_FIELD_GENERATION, "generations" },
	};
	const char *before = " does not know: ";

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (state->coverage.fields & words[i].field)
			continue;
		/* the flat view of a VMM has neither, and needs neither */
		if (party_of(state->party)->traits & PARTY_MEANS &&
		    words[i].field &
			    (SLOT_FIELD_HIDDEN | SLOT_FIELD_GENERATION))
			continue;
		fprintf(out, "%s%s", before, words[i].word);
		before = ", ";
	}
}

/* Does a recording tell what came before? */
static bool has_past(const struct check_document *document)
{
	return document->past && !document->past->why &&
	       past_is_used(document->past->past.state);
}

/* One line for all that a view leaves open */
static void say_view_gaps(FILE *out, const struct check_document *document,
			  const struct view *view)
{
	const struct slot_state *state = view->slots;
	const struct coverage *coverage = &state->coverage;
	char *text = NULL;
	size_t len = 0;
	FILE *line = open_memstream(&text, &len);
	char first[32];

	if (!line)
		return;
	say_fields(line, state);
	for (size_t i = 0; i < state->nr_as && i < 8; i++) {
		if (!state->as[i].covered)
			fprintf(line, "; nothing of address space %zu", i);
	}
	if (party_of(state->party)->traits & PARTY_FOLLOWS &&
	    !state->whole_life && coverage->fields && !has_past(document))
		fputs("; began after the VM did, so it has no history from "
		      "before",
		      line);
	if (party_of(state->party)->traits & PARTY_FOLLOWS && state->walked)
		fputs("; where no change was seen since, it has what a BPF "
		      "iterator read",
		      line);
	if (coverage->nr_blind)
		fprintf(line,
			"; %zu range%s cannot be told, the first at 0x%" PRIx64
			": %s",
			coverage->nr_blind, coverage->nr_blind > 1 ? "s" : "",
			coverage->blind[0].gpa, coverage->blind[0].why);
	if (view->audit && view->audit->none)
		fprintf(line, "; whether KVM's own indexes agree: %s",
			view->audit->none);
	fclose(line);
	snprintf(first, sizeof(first), "  %-7s  ",
		 party_of(state->party)->name);
	if (text && text[0])
		text_wrap(out, first, 11, text + strspn(text, "; "));
	free(text);
}

static void say_view(FILE *out, const struct check_document *document,
		     const struct view *view)
{
	const char *name = party_of(view->party)->name;
	char first[32];

	snprintf(first, sizeof(first), "  %-7s  ", name);
	if (view->unread)
		fprintf(out, "%scould not be had: see above\n", first);
	else if (view->none)
		text_wrap(out, first, 11, view->none);
	else if (view->slots)
		say_view_gaps(out, document, view);
	else if (!view->map)
		fprintf(out, "%snot asked for\n", first);
}

static void say_not_covered(FILE *out, const struct check_document *document)
{
	const struct check_input *input = document->comparison->input;

	fputs("not covered:\n", out);
	for (size_t view = 0; view < input->nr_views; view++)
		say_view(out, document, &input->views[view]);
	fputs("  VFIO and vhost mappings are not looked at\n", out);
}

static size_t not_compared(const struct check_rows *rows)
{
	size_t nr = 0;

	for (size_t i = 0; i < rows->nr; i++)
		nr += rows->rows[i].verdict == ROW_NOT_COMPARED;
	return nr;
}

static void say_files(FILE *out, const struct check_document *document)
{
	char *text = NULL;
	size_t len = 0;
	FILE *line;

	if (!document->nr_files)
		return;
	line = open_memstream(&text, &len);
	if (!line)
		return;
	for (size_t i = 0; i < document->nr_files; i++)
		fprintf(line, "%s%s of %s (%s)", i ? ", " : "",
			party_of(document->files[i].party)->name,
			document->files[i].name, document->files[i].kind);
	if (document->nr_files > 1 || document->vm)
		fputs("; that all is of one moment is not told by files", line);
	fclose(line);
	text_wrap(out, "from files: ", 12, text);
	free(text);
}

static void say_assumed(FILE *out, const char *notes)
{
	size_t len;
	char *line;

	for (; notes && *notes; notes += len + !!notes[len]) {
		len = strcspn(notes, "\n");
		line = strndup(notes, len);
		if (line)
			text_wrap(out, "assumed: ", 9, line);
		free(line);
	}
}

static bool is_late(const struct comparison *comparison, size_t view)
{
	const struct slot_state *state = comparison->input->views[view].slots;

	return state && slot_state_beginning(state);
}

/* No two views of all slots: a slot that nobody saw made could not have been found */
static bool is_partial(const struct comparison *comparison)
{
	const struct compared_pair *pair;
	bool late = false;

	for (size_t i = 0; i < comparison->nr_pairs; i++) {
		pair = &comparison->pairs[i];
		if (!pair->compared)
			continue;
		if (is_late(comparison, pair->expected) ||
		    is_late(comparison, pair->actual))
			late = true;
		else if (comparison->input->views[pair->actual].slots)
			return false;
	}
	return late;
}

/* The verdict in a line, and what it stands on */
static void put_summary(FILE *out, const struct check_document *document)
{
	static const char *const verdicts[] = { "agree", "mismatch",
						"cannot tell" };
	static const enum color colors[] = { COLOR_GOOD, COLOR_BAD,
					     COLOR_DOUBT };
	const struct findings *findings = &document->comparison->findings;
	size_t ranges = document->rows->nr;
	size_t left = not_compared(document->rows);
	size_t nr[FINDING_KINDS];
	char of[32] = "";
	enum color color;

	for (int kind = 0; kind < FINDING_KINDS; kind++)
		nr[kind] = findings_count(findings, kind);
	if (left)
		snprintf(of, sizeof(of), "%zu of ", ranges - left);
	color = colors[findings_exit_status(findings)];
	fprintf(out, "%s%s%s%s: ", color_on(color),
		verdicts[findings_exit_status(findings)], color_off(color),
		!findings_exit_status(findings) &&
				is_partial(document->comparison) ?
			", as far as can be told" :
			"");
	if (!ranges && !findings_exit_status(findings))
		fputs("no slots, as expected", out);
	else
		fprintf(out, "%s%zu range%s", of, ranges, plural(ranges));
	fprintf(out, ", %zu mismatch%s, %zu unknown, %zu note%s\n",
		nr[FINDING_MISMATCH], plural_es(nr[FINDING_MISMATCH]),
		nr[FINDING_UNKNOWN], nr[FINDING_NOTE],
		plural(nr[FINDING_NOTE]));
	say_compared(out, document);
	render_past(out, document->past);
	say_files(out, document);
	say_assumed(out, document->assumed);
	say_not_covered(out, document);
}

/* "process 1234 (qemu), VM 2 at descriptor 13, after 2.0 s" */
static void say_which(FILE *out, const struct check_document *document)
{
	const struct vm_id *vm = document->vm;
	char comm[24] = "";

	if (!vm)
		return;
	if (document->comm)
		text_clean(comm, sizeof(comm), 20, document->comm);
	fprintf(out, "process %d%s%s%s", vm->tgid, comm[0] ? " (" : "", comm,
		comm[0] ? ")" : "");
	if (document->number)
		fprintf(out, ", VM %" PRIu64, document->number);
	if (vm->fd >= 0)
		fprintf(out, "%s at descriptor %d",
			document->number ? "" : ", VM", vm->fd);
	if (document->at_ms >= 0)
		fprintf(out, ", after %d.%d s", document->at_ms / 1000,
			document->at_ms % 1000 / 100);
	fputs("\n\n", out);
}

int render_check(FILE *out, const struct check_document *document)
{
	int ret = 0;

	/* A script reads rows alone; the exit status has the verdict */
	if (render_style.raw)
		return render_check_table(out, document->comparison,
					  document->rows);
	say_which(out, document);
	if (document->rows->nr) {
		ret = render_check_table(out, document->comparison,
					 document->rows);
		fputc('\n', out);
	}
	if (!ret && document->comparison->findings.nr) {
		ret = render_check_findings(out, document);
		fputc('\n', out);
	}
	if (!ret)
		render_forecast(out, document->forecast, document->nr_forecast,
				document->comparison->page_size);
	if (!ret)
		put_summary(out, document);
	return ret;
}
