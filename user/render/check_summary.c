// SPDX-License-Identifier: GPL-2.0-or-later
/* The verdict in a line; what it stands on, and what it does not speak for */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "render/check.h"
#include "render/text.h"

static void say_compared(FILE *out, const struct check_document *document)
{
	const struct check_input *input = document->input;
	uint32_t pairs = check_pairs(input);
	bool kernel = input->views[VIEW_KERNEL];
	char text[256] = "";
	char by[96];

	if (pairs & CHECK_MODEL_KERNEL)
		strcat(text, "MODEL with KERNEL, ");
	if (pairs & CHECK_MODEL_TRACED)
		strcat(text, "MODEL with TRACED, ");
	if (pairs & CHECK_TRACED_KERNEL)
		strcat(text, "TRACED with KERNEL, ");
	if (pairs & CHECK_SLOTS_BACKING)
		strcat(text, kernel ? "KERNEL with BACKING, " :
				      "TRACED with BACKING, ");
	if (text[0])
		text[strlen(text) - 2] = '\0';
	else
		strcpy(text, "nothing");
	if (document->kernel_by && kernel) {
		snprintf(by, sizeof(by), "; KERNEL was read by %.60s",
			 document->kernel_by);
		strcat(text, by);
	}
	text_wrap(out, "compared: ", 10, text);
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
	char text[256] = "";

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (state->coverage.fields & words[i].field)
			continue;
		/* the flat view of a VMM has neither, and needs neither */
		if (state->source == VIEW_MODEL &&
		    words[i].field &
			    (SLOT_FIELD_HIDDEN | SLOT_FIELD_GENERATION))
			continue;
		strcat(text, text[0] ? ", " : " does not know: ");
		strcat(text, words[i].word);
	}
	if (text[0])
		fputs(text, out);
}

/* One line for all that a view leaves open */
static void say_view_gaps(FILE *out, const struct slot_state *state)
{
	const struct coverage *coverage = &state->coverage;
	char text[1024] = "";
	FILE *line = fmemopen(text, sizeof(text), "w");
	char first[32];

	if (!line)
		return;
	say_fields(line, state);
	for (size_t i = 0; i < state->nr_as && i < 8; i++) {
		if (!state->as[i].covered)
			fprintf(line, "; nothing of address space %zu", i);
	}
	if (state->source == VIEW_TRACED && !state->whole_life &&
	    coverage->fields)
		fputs("; began after the VM did, so it has no history from "
		      "before",
		      line);
	if (coverage->nr_blind)
		fprintf(line,
			"; %zu range%s cannot be told, the first at 0x%" PRIx64
			": %.200s",
			coverage->nr_blind, coverage->nr_blind > 1 ? "s" : "",
			coverage->blind[0].gpa, coverage->blind[0].why);
	fclose(line);
	text[sizeof(text) - 1] = '\0';
	if (!text[0])
		return;
	snprintf(first, sizeof(first), "  %-7s  ",
		 check_view_name((enum check_view)state->source));
	text_wrap(out, first, 11, text + strspn(text, "; "));
}

static void say_not_covered(FILE *out, const struct check_input *input)
{
	fputs("not covered:\n", out);
	for (int view = 0; view < CHECK_VIEWS; view++) {
		if (input->unread[view])
			fprintf(out, "  %-7s  could not be had: see above\n",
				check_view_name(view));
		else if (view == CHECK_BACKING ? !input->backing :
						 !input->views[view])
			fprintf(out, "  %-7s  not asked for\n",
				check_view_name(view));
		else if (view != CHECK_BACKING)
			say_view_gaps(out, input->views[view]);
	}
	fputs("  VFIO and vhost mappings are not looked at\n", out);
}

static const char *plural(size_t nr)
{
	return nr == 1 ? "" : "s";
}

static const char *plural_es(size_t nr)
{
	return nr == 1 ? "" : "es";
}

void render_check_summary(FILE *out, const struct check_document *document)
{
	static const char *const verdicts[] = { "agree", "mismatch",
						"cannot tell" };
	const struct findings *findings = document->findings;
	size_t ranges = document->rows->nr;
	size_t nr[FINDING_KINDS];

	for (int kind = 0; kind < FINDING_KINDS; kind++)
		nr[kind] = findings_count(findings, kind);
	fprintf(out,
		"%s: %zu range%s, %zu mismatch%s, %zu unknown, %zu note%s\n",
		verdicts[findings_exit_status(findings)], ranges,
		plural(ranges), nr[FINDING_MISMATCH],
		plural_es(nr[FINDING_MISMATCH]), nr[FINDING_UNKNOWN],
		nr[FINDING_NOTE], plural(nr[FINDING_NOTE]));
	say_compared(out, document);
	say_not_covered(out, document->input);
}

/* "process 1234 (qemu), VM at descriptor 13, after 2.0 s" */
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
	if (vm->fd >= 0)
		fprintf(out, ", VM at descriptor %d", vm->fd);
	if (document->at_ms >= 0)
		fprintf(out, ", after %d.%d s", document->at_ms / 1000,
			document->at_ms % 1000 / 100);
	fputs("\n\n", out);
}

int render_check(FILE *out, const struct check_document *document)
{
	int ret = 0;

	say_which(out, document);
	if (document->rows->nr) {
		ret = render_check_table(out, document->findings,
					 document->rows);
		fputc('\n', out);
	}
	if (!ret && document->findings->nr) {
		ret = render_check_findings(out, document->findings);
		fputc('\n', out);
	}
	if (!ret)
		render_check_summary(out, document);
	return ret;
}
