// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"
#include "base/size_text.h"
#include "render/document.h"
#include "render/flags.h"
#include "render/text.h"
#include "render/tree.h"
#include "render/tree_json.h"
#include "view/json.h"

#define WORDS 4096

/* Text that grows up to its room, and then says that there is more */
struct words {
	char text[WORDS];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct words *w,
						      const char *fmt, ...)
{
	va_list args;
	int len;

	if (w->len >= WORDS - 8)
		return;
	va_start(args, fmt);
	len = vsnprintf(w->text + w->len, WORDS - w->len, fmt, args);
	va_end(args);
	w->len += len;
	if (w->len >= WORDS - 8) {
		strcpy(w->text + WORDS - 8, " ...");
		w->len = WORDS;
	}
}

/* An address space under way */
struct space {
	const struct tree_document *document;
	uint16_t as_id;
	const struct model_space *space;
	const struct place *list;
};

static const struct memory_region_info *info_of(const struct space *s,
						size_t at)
{
	return memory_region_info(s->list[at].region);
}

static const char *kind_text(const struct space *s, size_t at)
{
	const struct memory_region_info *info = info_of(s, at);

	if (!info->terminates)
		return info->alias ? "alias" : "container";
	if (s->document->tree->rights)
		return "kind not told";
	if (info->rom_device)
		return info->romd_mode ? "ROM device, romd_mode on" :
					 "ROM device, romd_mode off: registers";
	if (info->ram_device)
		return "RAM of a device";
	if (info->ram)
		return info->readonly ? "ROM" : "RAM";
	return info->iommu ? "IOMMU" : "registers";
}

/* What an alias shows in the end; itself if that is not there */
static size_t shown_by(const struct space *s, size_t at)
{
	while (info_of(s, at)->alias && s->list[at].next > at + 1)
		at++;
	return at;
}

/* The alias through which it is seen: that is what it is known by here */
static size_t known_as(const struct space *s, size_t at)
{
	while (s->list[at].shown)
		at = s->list[at].parent;
	return at;
}

/* The place beside @by, or beneath what @by is beneath, that @at is in */
static size_t beside(const struct space *s, size_t at, size_t by)
{
	while (s->list[at].parent != s->list[by].parent)
		at = s->list[at].parent;
	return at;
}

static void say_why(struct words *w, const struct space *s, size_t at,
		    const struct place_piece *piece)
{
	const char *name = info_of(s, piece->by)->name;
	size_t back;

	say(w, "hidden by %.80s", name);
	if (piece->why == PLACE_SUBREGION) {
		say(w, ", which is in it");
		return;
	}
	back = beside(s, at, piece->by);
	if (piece->why == PLACE_PRIORITY)
		say(w, ": priority %" PRId32 " is above %" PRId32,
		    info_of(s, piece->by)->priority,
		    info_of(s, back)->priority);
	else
		say(w, ": of the same priority, mapped later");
	if (back != known_as(s, at))
		say(w, " of %.80s", info_of(s, back)->name);
}

static void say_range(struct words *w, uint64_t first, uint64_t last)
{
	say(w, "%" PRIx64 "-%" PRIx64, first, last);
}

/* Does the VMM's own flat view have something else anywhere there? */
static bool differs(const struct space *s, uint64_t first, uint64_t last)
{
	for (size_t i = 0; i < s->space->nr_differs; i++)
		if (s->space->differs[i].first <= last &&
		    s->space->differs[i].last >= first)
			return true;
	return false;
}

static void say_pieces(struct words *w, const struct space *s, size_t at)
{
	const struct place *place = &s->list[at];
	const struct place_piece *first =
		&s->space->places.pieces[place->pieces];
	const struct place_piece *end = first + place->nr_pieces, *piece;
	bool any = false;

	if (differs(s, place->first, place->last)) {
		say(w, "not all is known: the VMM's flat view has something "
		       "else than its tree gives");
		return;
	}
	if (place->nr_pieces == 1 && first->why == PLACE_SEEN) {
		say(w, "all is seen");
		return;
	}
	for (piece = first; piece < end; piece++) {
		if (piece->why != PLACE_SEEN)
			continue;
		say(w, any ? ", " : "seen: ");
		say_range(w, piece->first, piece->last);
		any = true;
	}
	if (!any)
		say(w, "nothing of it is seen");
	for (piece = first; piece < end; piece++) {
		if (piece->why == PLACE_SEEN)
			continue;
		say(w, "\n");
		say_range(w, piece->first, piece->last);
		say(w, " ");
		say_why(w, s, at, piece);
	}
}

/* What of the region has no room here. What an alias shows of another is no cut */
static void say_cut(struct words *w, const struct space *s, size_t at)
{
	const struct place *place = &s->list[at];
	const memory_size_t out = place->before + place->behind;
	char size[SIZE_TEXT];

	if (!out || place->parent == PLACE_NONE || out > UINT64_MAX)
		return;
	say(w, "%s%s of it lie outside of %.80s", w->len ? "\n" : "",
	    size_text(size, out), info_of(s, known_as(s, place->parent))->name);
}

#define PAGE_SIZE 4096

/* Of less than a page no slot can be made, and no page table entry: all accesses leave */
static void say_subpage(struct words *w, const struct space *s, size_t at)
{
	const struct place *place = &s->list[at];
	const struct place_piece *piece =
		&s->space->places.pieces[place->pieces];

	for (size_t i = 0; i < place->nr_pieces; i++, piece++)
		if (piece->why == PLACE_SEEN &&
		    (piece->first % PAGE_SIZE ||
		     (piece->last + 1) % PAGE_SIZE)) {
			say(w,
			    "%sa subpage: what is seen shares a page with "
			    "something else, or nothing",
			    w->len ? "\n" : "");
			return;
		}
}

/*
 * Slots
 */

/* The slot of a row, of who is nearest to the truth: who holds it, asked, means it */
static const struct slot *slot_of(const struct tree_document *d,
				  const struct check_row *row, bool *held)
{
	static const uint32_t order[][2] = {
		{ PARTY_HOLDS, PARTY_FOLLOWS },
		{ PARTY_FOLLOWS, 0 },
		{ PARTY_MEANS, 0 },
	};
	const struct check_input *input = d->comparison->input;
	const struct row_cell *cell;
	uint32_t traits;

	for (size_t o = 0; o < sizeof(order) / sizeof(order[0]); o++)
		for (size_t v = 0; v < input->nr_views; v++) {
			traits = party_of(input->views[v].party)->traits;
			if (!input->views[v].slots ||
			    (traits & order[o][0]) != order[o][0] ||
			    traits & order[o][1])
				continue;
			cell = check_row_cell(d->rows, row, v);
			if (cell->kind == ROW_CELL_ABSENT)
				continue;
			*held = o < 2;
			return cell->kind == ROW_CELL_SLOT ? cell->slot : NULL;
		}
	*held = false;
	return NULL;
}

static void say_slot(struct words *w, const struct slot *slot, bool held)
{
	char flags[FLAGS_TEXT];

	flags_rights_text(flags, slot->flags, slot->hidden);
	say(w, "%s", w->len ? ", " : held ? "slots: " : "would be slots: ");
	if (slot->id >= 0)
		say(w, "#%d ", slot->id);
	say_range(w, slot->gpa, slot_last(slot));
	say(w, " %s", flags);
}

static bool is_memory(const struct memory_region_info *info)
{
	return info->ram || info->ram_device ||
	       (info->rom_device && info->romd_mode);
}

/* Of what is seen of a place */
static void say_slots(struct words *w, const struct space *s, size_t at)
{
	const struct tree_document *d = s->document;
	const struct place *place = &s->list[at];
	const struct slot *slot, *last = NULL;
	const struct place_piece *piece;
	const struct check_row *row;
	bool held, without = false;

	if (!d->rows || !is_memory(info_of(s, at)))
		return;
	for (size_t p = 0; p < place->nr_pieces; p++) {
		piece = &s->space->places.pieces[place->pieces + p];
		for (size_t r = 0; piece->why == PLACE_SEEN && r < d->rows->nr;
		     r++) {
			row = &d->rows->rows[r];
			if (row->as_id != s->as_id || row->gpa > piece->last ||
			    row->gpa + (row->size - 1) < piece->first)
				continue;
			slot = slot_of(d, row, &held);
			without |= !slot && held;
			if (slot && slot != last)
				say_slot(w, slot, held);
			if (slot)
				last = slot;
		}
	}
	if (without)
		say(w, "%sKVM has no slot for %s of it", w->len ? "; " : "",
		    last ? "some" : "any");
}

/*
 * Lines
 */

static void line(FILE *out, int indent, struct words *w)
{
	char *next = w->text, *one;
	char first[128];

	snprintf(first, sizeof(first), "%*s", indent, "");
	while (w->len && (one = strsep(&next, "\n")))
		text_wrap(out, first, indent + 2, one);
	*w = (struct words){};
}

/* "alias of pc.ram+c0000, 16 KiB of its 5 GiB, RAM, " */
static void say_alias(struct words *w, const struct space *s, size_t at,
		      size_t inner)
{
	const struct memory_region_info *info = info_of(s, at), *what;
	const struct place *shows = &s->list[inner];
	char part[SIZE_TEXT], all[SIZE_TEXT];

	say(w, "alias of %.80s+%" PRIx64 ", ",
	    memory_region_info(info->alias)->name,
	    info->alias_offset + s->list[at].offset);
	if (inner == at)
		return;
	what = info_of(s, inner);
	if (shows->before + shows->behind && what->size <= UINT64_MAX)
		say(w, "%s of its %s, ",
		    shows->empty ?
			    "nothing" :
			    size_text(part, shows->last - shows->first + 1),
		    size_text(all, what->size));
	say(w, "%s, ", kind_text(s, inner));
}

/* Cut off whole by the window of an alias: told by its name alone, at what it is in */
static bool is_beyond(const struct space *s, size_t at)
{
	if (!s->list[at].empty || s->list[at].off || s->list[at].shown)
		return false;
	do
		at = s->list[at].parent;
	while (at != PLACE_NONE && !s->list[at].shown);
	return at != PLACE_NONE;
}

static void say_beyond(struct words *w, const struct space *s, size_t at)
{
	const size_t end = s->list[at].next;
	bool any = false;

	for (size_t i = at + 1; i < end; i = s->list[i].next) {
		if (!is_beyond(s, i))
			continue;
		if (!any)
			say(w, "%soutside of %.80s, not seen: ",
			    w->len ? "\n" : "",
			    info_of(s, known_as(s, at))->name);
		say(w, "%s%.80s", any ? ", " : "", info_of(s, i)->name);
		any = true;
	}
}

static void print_place(FILE *out, const struct space *s, size_t at, int depth)
{
	const size_t inner = shown_by(s, at);
	const struct place *place = &s->list[at];
	const struct memory_region_info *info = info_of(s, at);
	const int indent = 2 * (depth < 20 ? depth : 20);
	struct words w = {};

	if (place->empty)
		say(&w, "(no place)");
	else
		say_range(&w, place->first, place->last);
	say(&w, " %s: ", info->name[0] ? info->name : "(no name)");
	if (info->alias)
		say_alias(&w, s, at, inner);
	else
		say(&w, "%s, ", kind_text(s, at));
	say(&w, "priority %" PRId32, info->priority);
	if (!info->enabled)
		say(&w, ", disabled");
	else if (place->off)
		say(&w, ", in what is disabled");
	if (info->nonvolatile)
		say(&w, ", nonvolatile");
	if (info->dirty_log_mask)
		say(&w, ", dirty_log_mask %#x", info->dirty_log_mask);
	line(out, indent, &w);
	if (place->off)
		return;
	if (place->empty)
		say(&w, "it lies outside of %.80s: nothing of it is seen",
		    info_of(s, known_as(s, place->parent))->name);
	else if (s->list[inner].nr_pieces) {
		say_pieces(&w, s, inner);
		say_subpage(&w, s, inner);
	}
	if (!place->empty)
		say_cut(&w, s, at);
	say_beyond(&w, s, inner);
	line(out, indent + 4, &w);
	say_slots(&w, s, inner);
	line(out, indent + 4, &w);
}

/* What an alias shows is on the alias's own line */
static void print_space(FILE *out, const struct tree_document *d,
			uint16_t as_id)
{
	struct space s = { .document = d,
			   .as_id = as_id,
			   .space = &d->layout->spaces[as_id] };
	const struct place *place;
	int *depth;

	s.list = s.space->places.list;
	depth = calloc(s.space->places.nr + 1, sizeof(*depth));
	if (!s.space->as || !depth) {
		free(depth);
		return;
	}
	fprintf(out, "address space %u (%s)\n", as_id,
		address_space_name(s.space->as));
	for (size_t i = 0, next; i < s.space->places.nr; i = next) {
		place = &s.list[i];
		next = is_beyond(&s, i) ? place->next : i + 1;
		depth[i] = place->parent == PLACE_NONE ?
				   1 :
				   depth[place->parent] + !place->shown;
		if (!place->shown && !is_beyond(&s, i))
			print_place(out, &s, i, depth[i]);
	}
	fputc('\n', out);
	free(depth);
}

static void print_others(FILE *out, const struct tree_document *d)
{
	const struct address_space *as;
	struct words w = {};

	for (as = address_space_first(d->layout->model); as;
	     as = address_space_next(as))
		if (as != d->layout->spaces[0].as &&
		    as != d->layout->spaces[1].as)
			say(&w, "%s%.80s", w.len ? ", " : "",
			    address_space_name(as));
	if (w.len)
		text_wrap(out, "address spaces that KVM has no slots of: ", 4,
			  w.text);
}

void render_tree(FILE *out, const struct tree_document *d)
{
	for (uint16_t as_id = 0; as_id < QEMU_SPACES; as_id++)
		if (d->as_id < 0 || d->as_id == as_id)
			print_space(out, d, as_id);
	if (d->as_id < 0)
		print_others(out, d);
	if (d->tree->rendered && d->tree->tree)
		text_wrap(out, "", 4,
			  "what is seen was rendered from the text of the "
			  "tree: there was none of the flat views");
	if (d->no_slots)
		text_wrap(out, "slots were not looked at: ", 4, d->no_slots);
}

int render_tree_document(FILE *out, const struct tree_document *d)
{
	struct json_object *obj = json_object_new_object();
	int ret = obj ? 0 : -1;

	if (!ret)
		ret = json_put_u64(obj, "version", SLOTSCOPE_JSON_VERSION);
	if (!ret && d->vm)
		ret = json_put(obj, "vm", vm_id_to_json(d->vm));
	if (!ret)
		ret = json_put(obj, "tree", model_tree_to_json(d->tree));
	if (ret) {
		json_object_put(obj);
		obj = NULL;
	}
	return render_document(out, obj);
}
