// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>

#include <libsmartcols.h>

#include "render/document.h"
#include "render/flags.h"
#include "render/slots.h"
#include "view/json.h"

enum { COL_AS, COL_ID, COL_GPA, COL_SIZE, COL_HVA, COL_FLAGS, COL_GMEM };

static bool has_gmem(const struct slot_state *state)
{
	for (size_t i = 0; i < state->nr_slots; i++) {
		if (state->slots[i].flags & SLOT_GUEST_MEMFD)
			return true;
	}
	return false;
}

/* With @gmem the table has a column for it */
static int add_slot(struct libscols_table *table,
		    const struct slot_state *state, const struct slot *slot,
		    bool gmem)
{
	const uint32_t known = state->coverage.fields & ~slot->unknown;
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char file[GMEM_TEXT];
	char text[FLAGS_TEXT];
	int ret;

	if (!line)
		return -ENOMEM;
	snprintf(text, sizeof(text), "%u", slot->as_id);
	ret = scols_line_set_data(line, COL_AS, text);
	snprintf(text, sizeof(text), "%d", slot->id);
	ret = ret   ?:
		      scols_line_set_data(line, COL_ID,
					  slot->id < 0 ? "?" : text);
	snprintf(text, sizeof(text), "%016" PRIx64 "-%016" PRIx64, slot->gpa,
		 slot->gpa + (slot->size - 1));
	ret = ret ?: scols_line_set_data(line, COL_GPA, text);
	snprintf(text, sizeof(text), "0x%" PRIx64, slot->size);
	ret = ret ?: scols_line_set_data(line, COL_SIZE, text);
	snprintf(text, sizeof(text), "0x%" PRIx64, slot->hva);
	ret = ret   ?:
		      scols_line_set_data(line, COL_HVA,
					  known & SLOT_FIELD_HVA ? text : "?");
	flags_rights_text(text, slot->flags, slot->hidden);
	ret = ret ?: scols_line_set_data(line, COL_FLAGS, text);
	if (!gmem)
		return ret;
	gmem_text(file, slot);
	return ret ?: scols_line_set_data(line, COL_GMEM, file);
}

int render_slots(FILE *out, const struct slot_state *state)
{
	struct libscols_table *table = scols_new_table();
	const bool gmem = has_gmem(state);
	size_t i;
	int ret = 0;

	if (!table)
		return -ENOMEM;
	scols_table_set_stream(table, out);
	if (!scols_table_new_column(table, "AS", 0, SCOLS_FL_RIGHT) ||
	    !scols_table_new_column(table, "SLOT", 0, SCOLS_FL_RIGHT) ||
	    !scols_table_new_column(table, "GUEST ADDRESSES", 0, 0) ||
	    !scols_table_new_column(table, "SIZE", 0, SCOLS_FL_RIGHT) ||
	    !scols_table_new_column(table, "HOST ADDRESS", 0, SCOLS_FL_RIGHT) ||
	    !scols_table_new_column(table, "FLAGS", 0, 0) ||
	    (gmem && !scols_table_new_column(table, "GUEST_MEMFD", 0, 0)))
		ret = -ENOMEM;
	for (i = 0; i < state->nr_slots && !ret; i++)
		ret = add_slot(table, state, &state->slots[i], gmem);
	if (!ret)
		ret = scols_print_table(table);
	scols_unref_table(table);
	if (ret)
		return ret;

	for (i = 0; i < state->nr_as; i++)
		fprintf(out, "address space %zu: generation %" PRIu64 "%s\n", i,
			state->as[i].generation,
			state->as[i].updating ? ", an update is under way" :
						"");
	if (state->coverage.truncated)
		fputs("cut off: there are more slots than could be read\n",
		      out);
	return 0;
}

int render_slots_json(FILE *out, const struct slot_state *state)
{
	return render_document(out, slot_state_to_json(state));
}
