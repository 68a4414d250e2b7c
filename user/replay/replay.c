// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "replay/line.h"
#include "replay/private.h"
#include "replay/replay.h"

struct replay_region *replay_find(const struct replay *replay, int id)
{
	struct replay_region *found;

	HASH_FIND(by_id, replay->by_id, &id, sizeof(id), found);
	return found;
}

struct address_space *replay_address_space(const struct replay *replay,
					   const char *name)
{
	struct address_space *as;

	for (as = address_space_first(replay->model); as;
	     as = address_space_next(as))
		if (!strcmp(address_space_name(as), name))
			break;
	return as;
}

static int id_of(void *opaque, const struct memory_region *region)
{
	const struct replay *replay = opaque;
	struct replay_region *found;

	HASH_FIND(by_region, replay->by_region, &region, sizeof(region), found);
	return found ? found->id : 0;
}

static void drop_expected(struct replay *replay)
{
	size_t i;

	for (i = 0; i < replay->nr_expected; i++)
		free(replay->expected[i]);
	replay->nr_expected = 0;
	replay->next_expected = 0;
}

/* A view, for people; NULL if there is none, or no memory */
static char *print_view(const struct replay *replay,
			const struct flat_view *view)
{
	const struct flat_range *range;
	char *text = NULL;
	size_t size;
	FILE *out;

	out = view ? open_memstream(&text, &size) : NULL;
	if (!out)
		return NULL;
	flat_view_for_each(range, view)
		fprintf(out,
			"%016" PRIx64 "-%016" PRIx64 " %d+0x%" PRIx64
			" %s%s%s%s log=%d\n",
			range->addr, (gpa_t)(range->addr + range->size - 1),
			id_of((void *)replay, range->region),
			range->offset_in_region,
			memory_region_info(range->region)->name,
			range->readonly ? " ro" : "",
			range->nonvolatile ? " nv" : "",
			range->romd_mode ? "" : " romd-off",
			range->dirty_log_mask);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/* What @where showed before the call; NULL if it was not there */
static const struct flat_view *view_before(const struct replay *replay,
					   const struct address_space *where)
{
	struct address_space *as = address_space_first(replay->model);
	size_t i;

	for (i = 0; as && i < REPLAY_WATCHED; i++, as = address_space_next(as))
		if (as == where)
			return replay->before[i];
	return NULL;
}

/* Both views of the address space in which the difference is */
static void print_views(struct replay *replay, struct address_space *where)
{
	const struct flat_view *view = address_space_get_flat_view(where);

	replay->report->before = print_view(replay, view_before(replay, where));
	replay->report->after = print_view(replay, view);
	flat_view_unref(view);
}

/* Hold what is shown now, instead of what was held before */
static void hold_views(struct replay *replay)
{
	struct address_space *as = address_space_first(replay->model);
	size_t i;

	for (i = 0; i < REPLAY_WATCHED; i++) {
		flat_view_unref(replay->before[i]);
		replay->before[i] = as ? address_space_get_flat_view(as) : NULL;
		as = as ? address_space_next(as) : NULL;
	}
}

static void drop_views(struct replay *replay)
{
	size_t i;

	for (i = 0; i < REPLAY_WATCHED; i++) {
		flat_view_unref(replay->before[i]);
		replay->before[i] = NULL;
	}
}

static void copy_line(char *out, size_t size, const char *line)
{
	snprintf(out, size, "%s", line);
}

static void difference(struct replay *replay, const char *ours,
		       const char *theirs, struct address_space *where)
{
	struct replay_report *report = replay->report;

	report->differs = true;
	report->line = report->lines;
	copy_line(report->ours, sizeof(report->ours), ours);
	copy_line(report->theirs, sizeof(report->theirs), theirs);
	if (!where)
		where = address_space_first(replay->model);
	if (where)
		print_views(replay, where);
}

/*
 * kvm_init of QEMU 7.2 tries whether KVM takes several eventfds at one address:
 * seven are added, and taken back in reverse. The numbers of the descriptors
 * are the process's own.
 */
static bool is_probe(struct replay *replay, const char *line)
{
	unsigned int n = replay->probe, match = n < 7 ? n : 13 - n;
	char form[128];
	long long fd;

	if (!replay->may_probe || n >= 14 ||
	    !replay_line_signed(line, "fd", &fd))
		return false;
	snprintf(form, sizeof(form),
		 "KVM ioeventfd pio addr=0x0 len=2 match=0x%x fd=%lld "
		 "flags=0x%x ret=0",
		 match, fd, n < 7 ? 3 : 7);
	if (strcmp(line, form))
		return false;
	replay->probe++;
	replay->report->probes++;
	return true;
}

/* What QEMU asked of KVM, against what our listeners would have asked */
static void compare_request(struct replay *replay, const char *line)
{
	const char *ours = "";
	long long ret = 0;

	replay->report->requests++;
	if (replay->next_expected < replay->nr_expected)
		ours = replay->expected[replay->next_expected];
	if (!strcmp(ours, line)) {
		replay->next_expected++;
		return;
	}
	if (!*ours && is_probe(replay, line)) {
		replay->report->requests--;
		return;
	}
	/* Ours foresaw that KVM would refuse it, and did not ask */
	replay_line_signed(line, "ret", &ret);
	if (ret && replay->report->refused) {
		replay->report->requests--;
		return;
	}
	difference(replay, ours, line, NULL);
}

/* The line that a log has of a view */
static void flat_line(const struct replay *replay, const char *name,
		      const struct flat_view *view, char *out, size_t size)
{
	snprintf(out, size, "flat as=\"%s\" nr=%zu fnv=%016" PRIx64, name,
		 flat_view_nr(view),
		 flat_view_hash(view, id_of, (void *)replay));
}

static void compare_flat(struct replay *replay, const char *line)
{
	const struct flat_view *view, *before;
	struct address_space *as;
	char name[256], ours[512], old[512];

	/* Requests come before the views that they belong to are printed */
	if (replay->next_expected < replay->nr_expected) {
		difference(replay, replay->expected[replay->next_expected],
			   line, NULL);
		return;
	}
	replay->report->flats++;
	if (!replay->rendered) {
		difference(replay, "", line, NULL);
		return;
	}
	if (!replay_line_text(line, "as", name, sizeof(name)) ||
	    !(as = replay_address_space(replay, name))) {
		difference(replay, "no such address space", line, NULL);
		return;
	}
	if (replay->no_hash)
		return;
	view = address_space_get_flat_view(as);
	flat_line(replay, name, view, ours, sizeof(ours));
	flat_view_unref(view);
	if (!strcmp(ours, line))
		return;
	difference(replay, ours, line, as);
	before = view_before(replay, as);
	if (before) {
		flat_line(replay, name, before, old, sizeof(old));
		replay->report->unchanged = !strcmp(old, line);
	}
}

/* A call or the end: what the call before led to must all have been there */
static void finish_call(struct replay *replay, const char *next, bool seen_flat)
{
	if (replay->next_expected < replay->nr_expected)
		difference(replay, replay->expected[replay->next_expected],
			   next, NULL);
	else if (replay->rendered && !seen_flat && *next)
		difference(replay, "a flat view rendered anew", next, NULL);
	drop_expected(replay);
}

static void on_begin(void *opaque)
{
	((struct replay *)opaque)->rendered = true;
}

/* A listener that hears of commits that rendered, and of nothing else */
static const struct memory_listener_ops watch_ops = { .begin = on_begin };

static int watch(struct replay *replay, struct slotscope_error *err)
{
	struct address_space *as = address_space_first(replay->model);
	struct memory_listener *listener;
	int r;

	if (!as || memory_listener_first(replay->model))
		return 0;
	r = memory_listener_register(as, "replay", 0, &watch_ops, replay,
				     &listener, err);
	replay->rendered = false;
	return r;
}

static int run_line(struct replay *replay, const char *line, bool *seen_flat,
		    struct slotscope_error *err)
{
	struct replay_report *report = replay->report;
	struct slotscope_error why = { 0 };
	int r;

	report->lines++;
	if (!*line || *line == '#')
		return 0;
	if (replay_line_is(line, "KVM")) {
		compare_request(replay, line);
		return 0;
	}
	if (replay_line_is(line, "flat")) {
		*seen_flat = true;
		compare_flat(replay, line);
		return 0;
	}
	finish_call(replay, line, *seen_flat);
	if (report->differs)
		return 0;
	if (report->refused) {
		/* QEMU did not end here: it took what ours refuses */
		difference(replay, report->why.why, line, NULL);
		return 0;
	}
	copy_line(report->call, sizeof(report->call), line);
	hold_views(replay);
	replay->rendered = false;
	*seen_flat = false;
	r = replay_call(replay, line, &why);
	if (replay->oom)
		r = error_set(&why, ENOMEM, "replay the call");
	if (r == 1) {
		report->calls++;
		if (!replay_line_is(line, "listener_register"))
			replay->may_probe = false;
		if (report->refused)
			report->line = report->lines;
		return watch(replay, err);
	}
	if (r == -ENOMEM || r == -EPROTO || !r) {
		error_set(err, r == -ENOMEM ? ENOMEM : EINVAL,
			  "replay line %zu: %.200s", report->lines, line);
		return error_why(err, "%s",
				 r ? why.why : "it is no line of an api.log");
	}
	report->calls++;
	report->refused = true;
	report->line = report->lines;
	report->why = why;
	return 0;
}

static int run(struct replay *replay, const char *text, size_t len,
	       struct slotscope_error *err)
{
	const char *end = text + len, *eol;
	bool seen_flat = false;
	char *line;
	int r = 0;

	while (text < end && !r && !replay->report->differs) {
		eol = memchr(text, '\n', end - text);
		if (!eol)
			eol = end;
		line = strndup(text, eol - text);
		if (!line)
			return error_set(err, ENOMEM, "replay a log");
		r = run_line(replay, line, &seen_flat, err);
		free(line);
		text = eol + 1;
	}
	if (!r && !replay->report->differs)
		finish_call(replay, "", seen_flat);
	return r;
}

int replay_api_log(const char *text, size_t len,
		   const struct replay_options *options,
		   struct replay_report *report, struct slotscope_error *err)
{
	PROGRESS("making the calls of the log");
	static const char tcg[] = "listener_register \"tcg\"";
	struct memory_model_options model_options = {
		.full_render = options && options->full_render,
		/* The log does not say it before it matters */
		.tcg = memmem(text, len, tcg, sizeof(tcg) - 1) != NULL,
	};
	struct replay replay = { .report = report,
				 .no_hash = options && options->no_hash };
	struct replay_region *entry, *next;
	int r;

	memset(report, 0, sizeof(*report));
	r = memory_model_create(&model_options, &replay.model, err);
	if (r)
		return r;
	r = run(&replay, text, len, err);
	if (!r && !report->differs && !report->refused &&
	    !(report->flats + report->requests + report->offsets)) {
		error_set(err, EINVAL, "replay a log");
		error_why(err, "there is nothing in it to compare");
		r = error_next(
			err, "give an api.log with \"flat\" or \"KVM\" lines");
	}

	drop_views(&replay);
	kvm_slots_destroy(replay.slots[1]);
	kvm_slots_destroy(replay.slots[0]);
	memory_model_destroy(replay.model);
	HASH_ITER(by_id, replay.by_id, entry, next)
	{
		HASH_DELETE(by_id, replay.by_id, entry);
		HASH_DELETE(by_region, replay.by_region, entry);
		free(entry);
	}
	drop_expected(&replay);
	free(replay.expected);
	return r;
}

void replay_report_deinit(struct replay_report *report)
{
	free(report->before);
	free(report->after);
	report->before = NULL;
	report->after = NULL;
}
