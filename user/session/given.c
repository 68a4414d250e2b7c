// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pasted.h"
#include "base/read_file.h"
#include "session/given.h"
#include "trace/log_load.h"
#include "view/json.h"
#include "view/model_json.h"
#include "view/slots_table.h"
#include "view/slots_text.h"

/* What failed, with the file's name before it */
static int in_file(struct slotscope_error *err, const char *name,
		   const struct slotscope_error *inner)
{
	error_set(err, inner->code, "%.160s: %.90s", name, inner->tried);
	error_why(err, "%s", inner->why);
	return error_next(err, "%s", inner->next);
}

static int new_view(struct given *given, enum party_id party, const char *name,
		    const char *kind, struct given_view **out,
		    struct slotscope_error *err)
{
	const struct given_view *there = given_find(given, party);

	if (there || given->nr == GIVEN_MAX) {
		error_set(err, EEXIST, "take %s from %.120s",
			  party_of(party)->name, name);
		error_why(err, "%.120s has it already",
			  there ? there->name : "another file");
		return error_next(err, "give one file a view");
	}
	*out = &given->views[given->nr++];
	**out = (struct given_view){ .party = party,
				     .name = name,
				     .kind = kind };
	slot_state_init(&(*out)->state, party);
	return 0;
}

const struct given_view *given_find(const struct given *given,
				    enum party_id party)
{
	for (size_t i = 0; i < given->nr; i++)
		if (given->views[i].party == party)
			return &given->views[i];
	return NULL;
}

int given_mtree(struct given *given, const char *path,
		struct slotscope_error *err)
{
	static const char kind[] = "info mtree";
	const char *name = read_file_name(path);
	const struct given_view *there;
	struct given_view *view;
	char *text;
	size_t len;
	int ret = read_file(path, &text, &len, err);

	if (ret)
		return ret;
	ret = text_model_add(&given->mtree, name, text, len, err);
	free(text);
	there = given_find(given, PARTY_MODEL);
	/* A second text adds to the same view */
	if (!ret && !(there && there->kind == kind))
		ret = new_view(given, PARTY_MODEL, name, kind, &view, err);
	return ret;
}

static int parse_json(const char *name, const char *text, size_t len,
		      struct json_object **out, struct slotscope_error *err)
{
	struct slotscope_error inner = {};

	return json_from_text(text, len, out, &inner) ?
		       in_file(err, name, &inner) :
		       0;
}

int given_model(struct given *given, const char *path,
		struct slotscope_error *err)
{
	const char *name = read_file_name(path);
	struct slotscope_error inner = {};
	struct json_object *obj = NULL;
	struct given_view *view;
	char *text;
	size_t len;
	int ret = read_file(path, &text, &len, err);

	if (ret)
		return ret;
	ret = new_view(given, PARTY_MODEL, name, "what a VMM means", &view,
		       err);
	if (!ret)
		ret = parse_json(name, text, len, &obj, err);
	free(text);
	if (ret)
		return ret;
	ret = model_from_json(obj, &view->state, &inner);
	json_object_put(obj);
	return ret ? in_file(err, name, &inner) : 0;
}

static int slots_json(struct given *given, const char *name, const char *text,
		      size_t len, struct slotscope_error *err)
{
	struct slotscope_error inner = {};
	struct slot_state state;
	struct json_object *obj;
	struct given_view *view;
	int ret = parse_json(name, text, len, &obj, err);

	if (ret)
		return ret;
	ret = slot_state_from_json(obj, &state, &inner);
	json_object_put(obj);
	if (ret)
		return in_file(err, name, &inner);
	ret = new_view(given, state.party, name, "slotscope's JSON", &view,
		       err);
	if (ret)
		slot_state_deinit(&state);
	else
		view->state = state;
	return ret;
}

static int slots_of_log(struct given *given, const char *name, uint64_t number,
			const char *kind, struct slotscope_error *err)
{
	struct given_view *view;
	struct vm_id vm;
	int ret = log_pick_vm(name, &given->log, number, &vm, err);

	if (!ret)
		ret = new_view(given, PARTY_TRACED, name, kind, &view, err);
	if (ret)
		return ret;
	given->serial = vm.serial;
	ret = fold(&given->log, &vm, &view->state);
	return ret ? error_set(err, ret, "fold the requests of %.160s", name) :
		     0;
}

static int slots_table(struct given *given, const char *name, const char *text,
		       size_t len, struct slotscope_error *err)
{
	struct slotscope_error inner = {};
	struct slot_state state;
	struct given_view *view;
	int ret = slots_table_read(text, len, &state, &inner);

	if (ret)
		ret = in_file(err, name, &inner);
	else
		ret = new_view(given, state.party, name,
			       "what slotscope slots prints", &view, err);
	if (ret)
		slot_state_deinit(&state);
	else
		view->state = state;
	return ret;
}

/* Of "AS/ID ...": address spaces up to the last that has a slot */
static void drop_spaces(struct slot_state *state)
{
	size_t nr = 1;

	for (size_t i = 0; i < state->nr_slots; i++)
		if (state->slots[i].as_id >= nr)
			nr = state->slots[i].as_id + 1;
	state->nr_as = nr;
}

static int slots_lines(struct given *given, const char *name, const char *text,
		       size_t len, struct slotscope_error *err)
{
	struct slotscope_error inner = {};
	struct given_view *view;
	size_t clean_len;
	char *clean;
	int ret = new_view(given, PARTY_KERNEL, name, "slots, one a line",
			   &view, err);

	if (ret)
		return ret;
	clean = pasted_clean(text, len, &clean_len);
	if (!clean || slot_state_set_nr_as(&view->state, UINT16_MAX + 1))
		ret = error_set(err, ENOMEM, "read %.160s", name);
	else if (slots_from_text(clean, &view->state, &inner))
		ret = in_file(err, name, &inner);
	free(clean);
	if (!ret)
		drop_spaces(&view->state);
	if (ret == -EINVAL)
		error_next(err, "give what slotscope slots prints (--json or "
				"not), lines AS/ID GPA+SIZE @HVA FLAGS, "
				"strace's output, or a QEMU trace log with "
				"kvm_set_user_memory");
	if (ret || view->state.nr_slots || view->state.coverage.truncated)
		return ret;
	error_set(err, EINVAL, "read %.160s", name);
	return error_why(err, "there is no slot in it, and no request");
}

static int read_recording(const char *name, const char *bytes, size_t len,
			  struct slot_log *log, struct slotscope_error *err)
{
	struct recording_reader *reader;
	int ret = recording_open_bytes(name, bytes, len, &reader, err);

	if (!ret)
		ret = recording_read_all(reader, name, log, err);
	recording_close(reader);
	return ret;
}

/* What reads a text has left out its last line: how is that mended? */
static int note_unended(struct given *given, const char *name,
			struct slotscope_error *err)
{
	if (asprintf(&given->notes,
		     "the last line of %.160s is cut, as no newline ends it; if "
		     "it is whole, add one\n",
		     name) >= 0)
		return 0;
	given->notes = NULL;
	return error_set(err, ENOMEM, "read %.160s", name);
}

int given_slots(struct given *given, const char *path, uint64_t vm,
		struct slotscope_error *err)
{
	const char *name = read_file_name(path);
	enum log_text kind;
	bool lines = false;
	char *text;
	size_t len;
	int ret = read_file(path, &text, &len, err);

	if (ret)
		return ret;
	kind = log_text_kind(text, len);
	slot_log_init(&given->log);
	if (recording_is(text, len)) {
		ret = read_recording(name, text, len, &given->log, err);
		if (!ret)
			ret = slots_of_log(given, name, vm, "a recording", err);
	} else if (memchr(text, '\0', len)) {
		error_set(err, EINVAL, "read %.160s", name);
		ret = error_why(err, "it holds NUL bytes: no text, and no "
				     "recording");
	} else if (text[strspn(text, " \t\r\n")] == '{') {
		ret = slots_json(given, name, text, len, err);
	} else if (kind) {
		lines = true;
		ret = log_load_text(name, text, len, &given->log, err);
		if (!ret)
			ret = slots_of_log(given, name, vm, log_text_name(kind),
					   err);
	} else if (slots_table_is(text, len)) {
		lines = true;
		ret = slots_table(given, name, text, len, err);
	} else {
		lines = true;
		ret = slots_lines(given, name, text, len, err);
	}
	if (!ret && lines && pasted_unended(text, len))
		ret = note_unended(given, name, err);
	free(text);
	return ret;
}

/* Behind what was left out nothing is known of what is mapped */
static void cut_map(char *text, size_t *len, bool *cut)
{
	struct piece all = { text, *len }, line;

	*cut = false;
	while (piece_line(&all, &line)) {
		if (line.len != strlen(PASTED_ELLIPSIS) ||
		    !piece_begins(line, PASTED_ELLIPSIS))
			continue;
		*cut = true;
		*len = line.s - text;
		return;
	}
}

int given_maps(struct given *given, const char *path,
	       struct slotscope_error *err)
{
	const char *name = read_file_name(path);
	struct slotscope_error inner = {};
	struct given_view *view = NULL;
	char *text, *clean;
	size_t len;
	bool cut;
	int ret = read_file(path, &text, &len, err);

	if (ret)
		return ret;
	clean = pasted_clean(text, len, &len);
	free(text);
	if (!clean)
		return error_set(err, ENOMEM, "read %.160s", name);
	cut_map(clean, &len, &cut);
	ret = new_view(given, PARTY_BACKING, name, "a memory map", &view, err);
	if (!ret && host_map_parse(&view->map, clean, len, &inner)) {
		ret = in_file(err, name, &inner);
		error_next(err, "give /proc/PID/maps or /proc/PID/smaps of the "
				"VMM");
	}
	free(clean);
	if (ret)
		return ret;
	view->map.written = true;
	view->map.truncated |= cut;
	if (view->map.nr)
		return 0;
	error_set(err, EINVAL, "read %.160s", name);
	return error_why(err, "no mapping is in it");
}

int given_end(struct given *given, struct slotscope_error *err)
{
	struct slotscope_error inner = {};
	struct given_view *view = NULL;
	char *earlier;
	size_t size;
	FILE *notes;
	int ret;

	if (!given->mtree.flat && !given->mtree.tree.nr_sections)
		return 0;
	for (size_t i = 0; i < given->nr; i++)
		if (given->views[i].party == PARTY_MODEL)
			view = &given->views[i];
	earlier = given->notes;
	given->notes = NULL;
	notes = open_memstream(&given->notes, &size);
	if (!notes) {
		free(earlier);
		return error_set(err, ENOMEM, "read %.160s", view->name);
	}
	if (earlier)
		fputs(earlier, notes);
	free(earlier);
	slot_state_deinit(&view->state);
	ret = text_model_state(&given->mtree, notes, &view->state, &inner);
	if (ret)
		in_file(err, view->name, &inner);
	if (fclose(notes) && !ret)
		ret = error_set(err, ENOMEM, "read %.160s", view->name);
	given->doubt = given->mtree.doubt;
	return ret;
}

void given_deinit(struct given *given)
{
	for (size_t i = 0; i < given->nr; i++) {
		slot_state_deinit(&given->views[i].state);
		host_map_deinit(&given->views[i].map);
	}
	text_model_deinit(&given->mtree);
	slot_log_deinit(&given->log);
	free(given->notes);
	*given = (struct given){};
}
