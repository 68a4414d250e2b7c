// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/plural.h"
#include "base/size_text.h"
#include "render/addr.h"
#include "render/cells.h"
#include "render/events.h"
#include "render/past.h"
#include "render/text.h"

#define LABEL_COLUMNS 14

static void line(FILE *out, const char *label, const char *text)
{
	char first[64];

	snprintf(first, sizeof(first), "  %-*s", LABEL_COLUMNS - 2, label);
	text_wrap(out, first, LABEL_COLUMNS, text);
}

static void print_head(FILE *out, const struct addr_document *document,
		       const struct addr_place *place)
{
	const char *space = addr_space_name(place->as_id);
	char text[256];

	if (!place->guest)
		snprintf(text, sizeof(text),
			 "host 0x%" PRIx64 "-0x%" PRIx64
			 ": no guest address is known for it",
			 place->hva, place->hva + (place->size - 1));
	else if (place->size == 1)
		snprintf(text, sizeof(text), "guest 0x%" PRIx64 " in %s%s%u",
			 place->gpa, space ? space : "", space ? ", " : "",
			 place->as_id);
	else
		snprintf(text, sizeof(text),
			 "guest 0x%" PRIx64 "-0x%" PRIx64 " in %s%s%u",
			 place->gpa,
			 place->size == UINT64_MAX ?
				 UINT64_MAX :
				 place->gpa + (place->size - 1),
			 space ? space : "", space ? ", " : "", place->as_id);
	text_wrap(out, "", 2, text);
}

static int print_views(FILE *out, const struct addr_document *document,
		       const struct addr_place *place)
{
	const struct check_input *views = document->input->comparison->input;
	char *says;

	for (size_t view = 0; view < views->nr_views; view++) {
		says = addr_says(document->input, place, view);
		if (says)
			line(out, party_of(views->views[view].party)->name,
			     says);
		free(says);
	}
	return 0;
}

static const char *kind_word(enum mtree_kind kind)
{
	switch (kind) {
	case MTREE_RAM:
		return "RAM";
	case MTREE_ROM:
		return "ROM, or RAM shown read-only";
	case MTREE_ROMD:
		return "ROM device";
	case MTREE_RAMD:
		return "RAM of a device";
	case MTREE_IO:
		return "registers";
	default:
		return "memory";
	}
}

static int print_region(FILE *out, const struct addr_document *document,
			const struct addr_place *place)
{
	const struct mtree_range *flat = place->flat;
	const char *names[ADDR_PATH_MAX];
	bool alias[ADDR_PATH_MAX];
	char text[2048];
	size_t len = 0;
	int nr;

	if (!flat)
		return 0;
	snprintf(text, sizeof(text),
		 "0x%" PRIx64 "-0x%" PRIx64 " %.200s+0x%" PRIx64 ": %s%s%.200s",
		 flat->first, flat->last, flat->name,
		 flat->offset + (place->gpa - flat->first),
		 kind_word(flat->kind), flat->owner ? ", of " : "",
		 flat->owner ? flat->owner : "");
	line(out, "flat range", text);
	nr = addr_path(document->input, place, names, alias);
	for (int i = 0; i < nr && len < sizeof(text); i++)
		len += snprintf(text + len, sizeof(text) - len, "%s%.100s%s",
				i ? " > " : "", names[i],
				alias[i] ? " (alias)" : "");
	if (nr > 0)
		line(out, "region", text);
	return nr < 0 ? nr : 0;
}

static void print_block(FILE *out, const struct addr_document *document,
			const struct addr_place *place)
{
	const struct addr_block *block;
	uint64_t offset;
	char text[512];

	block = addr_block_of(document->input, place, &offset);
	if (!block)
		return;
	snprintf(
		text, sizeof(text),
		"%.200s+0x%" PRIx64 ", ram_addr 0x%" PRIx64 ", of 0x%" PRIx64
		" bytes; qemu_get_ram_block() looks at it as number %zu of %zu",
		block->name, offset, block->ram_addr + offset, block->used,
		block - document->input->blocks + 1,
		document->input->nr_blocks);
	line(out, "RAMBlock", text);
}

static void print_mapped(FILE *out, const struct addr_mapped *mapped)
{
	const struct stage2_mapping *map;
	char text[256];

	for (size_t i = 0; i < mapped->nr; i++) {
		map = &mapped->items[i];
		snprintf(text, sizeof(text),
			 "0x%" PRIx64 " -> host page 0x%" PRIx64
			 ", %s, %s%s%s%s",
			 map->gpa, map->hpa,
			 SIZE_IN_TEXT(4096ULL << 9 * (map->level - 1)),
			 map->writable ? "writable" : "not writable",
			 map->tells_use && map->accessed ? ", used" : "",
			 map->tells_use && map->dirty ? ", written" : "",
			 map->shadow ? ", of a shadow page table" : "");
		line(out, i ? "" : "stage 2", text);
	}
	if (mapped->more)
		line(out, "", "... and more behind it");
	if (!mapped->nr)
		line(out, "stage 2",
		     "not mapped: no vCPU has touched it since it was made, or "
		     "it was taken away");
}

static bool is_there(const struct finding *finding,
		     const struct addr_place *place)
{
	return place->guest && finding->size && place->size &&
	       finding->as_id == place->as_id &&
	       finding->gpa <= place->gpa + (place->size - 1) &&
	       place->gpa <= finding->gpa + (finding->size - 1);
}

static void print_findings(FILE *out, const struct addr_document *document,
			   const struct addr_place *place)
{
	const struct findings *found = &document->input->comparison->findings;
	const struct check_rows *rows = document->input->rows;

	if (place->row != ADDR_NO_ROW)
		line(out, "verdict",
		     row_verdict(&rows->rows[place->row], found));
	for (size_t i = 0; i < found->nr; i++)
		if (is_there(&found->items[i], place))
			line(out, finding_id_name(found->items[i].id),
			     found->items[i].sentence);
}

static int print_place(FILE *out, const struct addr_document *document,
		       size_t at)
{
	const struct addr_place *place = &document->answer->places[at];
	int ret;

	print_head(out, document, place);
	ret = print_views(out, document, place);
	if (!ret)
		ret = print_region(out, document, place);
	print_block(out, document, place);
	if (document->mapped && place->guest)
		print_mapped(out, &document->mapped[at]);
	print_findings(out, document, place);
	fputc('\n', out);
	return ret;
}

static void print_events(FILE *out, const struct addr_document *document)
{
	const struct addr_answer *answer = document->answer;
	const struct slot_log *log = document->input->comparison->input->log;
	size_t first = 0;

	if (!log)
		return;
	if (!answer->nr_events) {
		fputs("events: none that was traced is about it\n", out);
		return;
	}
	if (answer->nr_events > RENDER_MAX_ADDR_EVENTS)
		first = answer->nr_events - RENDER_MAX_ADDR_EVENTS;
	fprintf(out, "events:\n%11s %7s  %s\n", "SECONDS", "THREAD", "EVENT");
	if (first)
		fprintf(out,
			"%20s ... %zu event%s before these; --json has "
			"them\n",
			"", first, plural(first));
	for (size_t i = first; i < answer->nr_events; i++)
		render_event(out, answer->events[i], log->events[0].time_ns,
			     false);
}

static void print_blind(FILE *out, const struct addr_document *document)
{
	for (size_t i = 0; i < document->nr_blind; i++) {
		char text[640];

		snprintf(text, sizeof(text), "%s: %.600s",
			 document->blind[i].what, document->blind[i].why);
		text_wrap(out,
			  document->blind[i].doubt ? "in doubt: " :
						     "not looked at: ",
			  4, text);
	}
}

int render_addr(FILE *out, const struct addr_document *document)
{
	const struct addr_answer *answer = document->answer;
	int ret = 0;

	for (size_t i = 0; i < answer->nr && !ret; i++)
		ret = print_place(out, document, i);
	if (!answer->owned)
		text_wrap(out, "no view that was looked at has ", 4,
			  document->asked);
	print_events(out, document);
	render_past(out, document->past);
	print_blind(out, document);
	return ret;
}
