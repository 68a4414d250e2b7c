// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "check/shorten.h"
#include "cmd/cmd.h"
#include "cmd/verdict.h"
#include "cmd/watch.h"
#include "cmd/watch_print.h"
#include "session/stop.h"

#define PAUSE_MS 50   /* what comes in it is one burst, and one check */
#define LOOK_MS	 1000 /* VMs that nobody told of */
#define IDLE_MS	 5000 /* what is meant and what is mapped change without KVM */
#define DOUBT_MS 1000 /* a VMM that ends takes its monitor away first */
#define MAX_AS	 16

/**
 * struct watched - one of the VMs, by its place in checker->vms
 * @has:     slots, or had them: there is something to check
 * @made:    under our eyes: without a slot as long as none is told of
 * @gone:    it is not there any more
 * @due:     something happened that is no change of a slot
 * @doubted_ms: since when its checks cannot tell, which one that comes later is to
 *	     say; 0: they can, or it was said
 * @changes: since its last check began
 * @checks:  of it, and
 * @status:  what the last one came to
 * @ended_ms: at which it was read last; 0: never
 * @nr_as:   of KVM's generations as of that
 */
struct watched {
	bool has;
	bool made;
	bool gone;
	bool due;
	uint64_t changes;
	uint64_t checks;
	int status;
	int64_t doubted_ms;
	int64_t ended_ms;
	size_t nr_as;
	uint64_t generations[MAX_AS];
};

struct watch {
	struct checker *checker;
	struct watched *vms;
	size_t nr;
	struct news news;
	struct watch_total total;
	size_t seen;	/* of checker->log */
	size_t shorten; /* when it has so many */
	bool requests;	/* stand for changes, which nobody tells */
	bool look;	/* there may be others now */
	int64_t looked_ms;
	struct request_limits limits; /* what KVM allows: */
	bool refused;		      /* it refused something, */
	bool asked;		      /* and has been asked */
	bool unread;		      /* nobody takes what is printed */
};

static struct watch_moment moment_of(const struct watch *w, size_t place)
{
	const struct session_vms *vms = &w->checker->vms;

	return (struct watch_moment){
		.begin_ns = w->total.begin_ns,
		.now_ns = clock_now(),
		.vm = place < vms->nr ? vms->vms[place].number : 0,
		.name_vm = vms->nr > 1,
	};
}

/* As many as there are VMs now */
static int keep_up(struct watch *w, struct slotscope_error *err)
{
	const size_t nr = w->checker->vms.nr;
	struct watched *vms;

	if (nr <= w->nr)
		return 0;
	vms = reallocarray(w->vms, nr, sizeof(*vms));
	if (!vms)
		return error_set(err, ENOMEM, "keep the list of VMs");
	w->vms = vms;
	memset(vms + w->nr, 0, (nr - w->nr) * sizeof(*vms));
	w->nr = nr;
	return 0;
}

static bool is_meant(const struct watch *w, size_t place)
{
	return vm_name_fits(&w->checker->options.name,
			    &w->checker->vms.vms[place]);
}

/* Events of VMs that are not meant are nobody's; return: SIZE_MAX for none */
static size_t place_of(const struct watch *w, uint64_t serial)
{
	for (size_t i = 0; serial && i < w->nr; i++)
		if (w->checker->vms.vms[i].id.serial == serial)
			return i;
	return SIZE_MAX;
}

static void vm_gone(struct watch *w, size_t place)
{
	struct watched *vm = &w->vms[place];

	if (vm->gone)
		return;
	vm->gone = true;
	w->total.after += vm->changes;
	vm->changes = 0;
	news_end(&w->news, w->checker->vms.vms[place].number);
}

/* Does what happened to a VM ask for a check, and for a line? */
static bool take_of_vm(struct watch *w, struct watched *vm,
		       const struct slot_event *event)
{
	bool change = false;

	switch (event->type) {
	case SLOT_EVENT_BASE:
		vm->has = true;
		vm->due = true;
		return false;
	case SLOT_EVENT_BASE_END:
		return false;
	case SLOT_EVENT_VM_CREATE:
		vm->made = true;
		return true;
	case SLOT_EVENT_CHANGE:
		change = !event->change.result;
		break;
	case SLOT_EVENT_REQUEST:
		/* One that was granted has its change for a line */
		change = w->requests && !event->request.result;
		w->refused |= event->request.result;
		if (!event->request.result && !w->requests)
			return false;
		break;
	case SLOT_EVENT_MAPPING:
	case SLOT_EVENT_GMEM_CLOSE:
		break;
	default:
		return true; /* told, as it was asked for; no view of it moves */
	}
	vm->has = true;
	vm->due = true;
	vm->changes += change;
	w->total.changes += change;
	return true;
}

/* Return: is there a line for it? */
static bool take_loss(struct watch *w, const struct slot_event *event)
{
	if (event->lost.reason == SLOT_LOST_DROPPED ||
	    event->lost.reason == SLOT_LOST_FILTERED)
		return false;
	w->total.lost += event->lost.count;
	/* Whatever it was, and whoever's */
	for (size_t i = 0; i < w->nr; i++) {
		w->vms[i].has = true;
		w->vms[i].due = true;
	}
	return true;
}

/* One that was there before may come to be followed later */
static int learn(struct watch *w, const struct slot_event *event,
		 struct slotscope_error *err)
{
	if (!event->serial || event->type == SLOT_EVENT_LOST ||
	    place_of(w, event->serial) != SIZE_MAX)
		return 0;
	if (session_vms_learn(&w->checker->vms, event))
		return error_set(err, ENOMEM, "keep the list of VMs");
	w->look = true;
	return keep_up(w, err);
}

/* What has been traced since */
static int take_events(struct watch *w, struct slotscope_error *err)
{
	const struct slot_log *log = &w->checker->log;
	int ret = keep_up(w, err);

	if (ret)
		return ret;
	for (; w->seen < log->nr; w->seen++) {
		const struct slot_event *event = &log->events[w->seen];
		struct watch_moment at;
		bool told = true;
		size_t place;

		ret = learn(w, event, err);
		if (ret)
			return ret;
		place = place_of(w, event->serial);
		if (event->type == SLOT_EVENT_LOST)
			told = take_loss(w, event);
		else if (place != SIZE_MAX)
			told = is_meant(w, place) &&
			       take_of_vm(w, &w->vms[place], event);
		if (event->type == SLOT_EVENT_VM_CREATE ||
		    event->type == SLOT_EVENT_VM_DESTROY)
			w->look = true;
		at = moment_of(w, place);
		if (told)
			watch_print_event(&at, event);
	}
	w->unread = cmd_flush();
	return 0;
}

/* KVM's generations, as the last check read them */
static void keep_generations(struct watched *vm, const struct sample *sample)
{
	const struct sampled *kernel = sample_find(sample, PARTY_KERNEL);

	vm->nr_as = 0;
	if (!kernel || !kernel->have ||
	    !(kernel->state.coverage.fields & SLOT_FIELD_GENERATION))
		return;
	for (; vm->nr_as < kernel->state.nr_as && vm->nr_as < MAX_AS;
	     vm->nr_as++)
		vm->generations[vm->nr_as] =
			slot_state_moment(&kernel->state, vm->nr_as);
}

/* Without a trace: have its slots changed since? Which of them nobody tells */
static int ask_generations(struct watch *w, size_t place,
			   struct slotscope_error *err)
{
	struct checker *checker = w->checker;
	const struct vm_id *id = &checker->vms.vms[place].id;
	struct watch_moment at = moment_of(w, place);
	struct watched *vm = &w->vms[place];
	struct slotscope_error ignored = {};
	struct slot_state state;
	struct process process;
	uint64_t now;

	if (!vm->ended_ms)
		return 0;
	if (!vm->nr_as) {
		error_set(err, ENOTSUP, "watch VM %" PRIu64,
			  checker->vms.vms[place].number);
		error_why(err,
			  "nothing tells when its slots change: it is not "
			  "traced, and %s has no generations of KVM's",
			  kernel_view_name(&checker->kernel));
		return error_next(err, "load the slotscope module, or leave "
				       "--no-trace out; slotscope doctor says "
				       "what is missing");
	}
	/* One that ends just now is not there at the next look */
	if (process_open(id->tgid, &process, &ignored))
		return 0;
	if (!kernel_view_generations(&checker->kernel, &process, id, &state,
				     &ignored)) {
		for (size_t i = 0; i < state.nr_as && i < vm->nr_as; i++) {
			now = slot_state_moment(&state, i);
			if (now == vm->generations[i])
				continue;
			watch_print_generation(&at, i, vm->generations[i], now);
			vm->generations[i] = now;
			vm->due = true;
		}
	}
	slot_state_deinit(&state);
	process_close(&process);
	return 0;
}

/* Which VMs are there now? */
static int look(struct watch *w, struct slotscope_error *err)
{
	struct checker *checker = w->checker;
	int ret = checker_look(checker, err);

	w->look = false;
	w->looked_ms = clock_now_ms();
	/* Who has ended, or execs another program, has none */
	if (ret == -ESRCH || ret == -ENOENT)
		session_vms_gone(&checker->vms);
	else if (ret < 0)
		return ret;
	ret = keep_up(w, err);
	for (size_t i = 0; i < w->nr && !ret; i++) {
		if (checker->vms.vms[i].here)
			w->vms[i].gone = false;
		else
			vm_gone(w, i);
	}
	return ret;
}

static void tell(struct watch *w, size_t place, int status, uint64_t changes)
{
	const struct watch_moment at = moment_of(w, place);
	const struct news *news = &w->news;
	struct watched *vm = &w->vms[place];

	for (size_t i = 0; i < news->nr; i++)
		if (news->items[i].vm == at.vm &&
		    (news->items[i].state == NEWS_NEW ||
		     news->items[i].state == NEWS_GONE))
			watch_print_item(&at, &news->items[i]);
	if (!vm->checks || status != vm->status || changes > 1)
		watch_print_check(&at, status, changes);
	w->unread = cmd_flush();
}

/* Is nothing there to be compared: has no view a slot? */
static bool is_empty(const struct sample *sample)
{
	for (size_t i = 0; i < sample->nr; i++)
		if (sample->sampled[i].have &&
		    sample->sampled[i].state.nr_slots)
			return false;
	return true;
}

/*
 * What a sample of a VM says. @changes: that came since the last check, and before this
 * one. Return: 0 or a negative errno.
 */
static int compare(struct watch *w, size_t place, const struct sample *sample,
		   uint64_t changes, struct slotscope_error *err)
{
	struct checker *checker = w->checker;
	struct check_input input = {
		.limits = &w->limits,
		.log = &checker->log,
		.serial = checker->vm.serial,
		.page_size = sysconf(_SC_PAGESIZE),
		.expected = checker->options.expect,
	};
	struct watched *vm;
	struct comparison comparison;
	int ret, status;

	sample_input(sample, &input);
	if (w->refused && !w->asked)
		verdict_limits(&input, sample_find(sample, PARTY_KERNEL),
			       &w->limits);
	w->asked = w->refused;
	ret = crosscheck(&input, &comparison);
	if (ret) {
		error_set(err, ret, "compare the views of a VM");
		goto out;
	}
	status = findings_exit_status(&comparison.findings);
	/* One that goes while it is read contradicts itself */
	if (status && !sample->ended) {
		ret = look(w, err);
		if (ret || !checker_wants(checker, &checker->vms.vms[place]) ||
		    process_alive(&checker->process)) {
			w->total.after += changes;
			goto out;
		}
	}
	vm = &w->vms[place];
	/* Nor is "cannot tell" said of one that is about to go, or moved just then */
	if (status == CMD_UNKNOWN && !sample->ended &&
	    (!vm->checks || vm->status != status)) {
		if (!vm->doubted_ms)
			vm->doubted_ms = clock_now_ms();
		if (clock_now_ms() - vm->doubted_ms < DOUBT_MS) {
			vm->changes += changes;
			goto out;
		}
	}
	vm->doubted_ms = 0;
	ret = news_take(&w->news, checker->vms.vms[place].number,
			&comparison.findings, clock_now());
	if (ret) {
		error_set(err, ret, "keep what was found");
		goto out;
	}
	tell(w, place, status, changes);
	w->total.vms += !vm->checks++;
	w->total.checks++;
	w->total.several += changes > 1;
	if (changes > w->total.most)
		w->total.most = changes;
	w->total.untold += status == CMD_UNKNOWN;
	vm->status = status;
out:
	comparison_deinit(&comparison);
	return ret;
}

static int check_vm(struct watch *w, size_t place, struct slotscope_error *err)
{
	const uint64_t changes = w->vms[place].changes;
	struct sample sample;
	int ret;

	w->vms[place].changes = 0;
	w->vms[place].due = false;
	ret = checker_sample(w->checker, place, &sample, err);
	if (ret) {
		w->vms[place].changes += changes;
		if (ret == CHECKER_GONE)
			w->look = true;
		return ret == CHECKER_GONE || stop_requested ? 0 : ret;
	}
	/* Those that came meanwhile are the next check's */
	ret = take_events(w, err);
	if (!ret) {
		w->vms[place].has |= !is_empty(&sample);
		w->vms[place].ended_ms = clock_now_ms();
		keep_generations(&w->vms[place], &sample);
		if (w->vms[place].has)
			ret = compare(w, place, &sample, changes, err);
	}
	sample_deinit(&sample);
	return ret;
}

/* One that was just made has nothing to compare yet */
static bool is_due(const struct watch *w, size_t place)
{
	const struct watched *vm = &w->vms[place];
	const bool idle = clock_now_ms() - vm->ended_ms >= IDLE_MS;

	if (!checker_wants(w->checker, &w->checker->vms.vms[place]))
		return false;
	if (vm->made && !vm->has)
		return false;
	return vm->changes || vm->due || idle ||
	       (vm->doubted_ms && clock_now_ms() - vm->doubted_ms >= DOUBT_MS);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* It may go on for days: what nothing will be told of any more is not kept */
static int keep_short(struct watch *w, struct slotscope_error *err)
{
	struct slot_log *log = &w->checker->log;
	uint64_t *pins;
	size_t nr = 0;
	int ret;

	if (w->seen < log->nr || log->nr < w->shorten)
		return 0;
	pins = calloc(w->news.nr + 1, sizeof(*pins));
	if (!pins)
		return error_set(err, ENOMEM, "shorten the log");
	for (size_t i = 0; i < w->news.nr; i++)
		if (news_stands(&w->news.items[i]) &&
		    finding_id_kind(w->news.items[i].finding.id) ==
			    FINDING_MISMATCH)
			pins[nr++] = w->news.items[i].finding.seq;
	qsort(pins, nr, sizeof(*pins), by_number);
	ret = log_keep_short(log, &w->shorten, pins, nr);
	free(pins);
	if (ret < 0)
		return error_set(err, ret, "shorten the log");
	w->seen = log->nr;
	w->news.folded = log->folded;
	return 0;
}

/* All that has happened by now, and a check of each VM that it happened to */
static int go_round(struct watch *w, struct slotscope_error *err)
{
	int ret = 0;

	if (w->look || clock_now_ms() - w->looked_ms >= LOOK_MS)
		ret = look(w, err);
	ret = ret ? ret : take_events(w, err);
	if (!ret && w->look)
		ret = look(w, err);
	for (size_t i = 0; i < w->nr && !ret && !stop_requested; i++) {
		if (!w->checker->tracer && is_meant(w, i) && !w->vms[i].gone)
			ret = ask_generations(w, i, err);
		if (!ret && is_due(w, i))
			ret = check_vm(w, i, err);
	}
	return ret ? ret : keep_short(w, err);
}

/* Of what those died that are gone: of a request, or a vCPU, if the log says so */
static int tell_deaths(struct watch *w, struct slotscope_error *err)
{
	struct sample sample;
	int ret = checker_learn_gone(w->checker, err);

	ret = ret ? ret : take_events(w, err);
	for (size_t i = 0; i < w->nr && !ret; i++) {
		if (!is_meant(w, i))
			continue;
		ret = checker_died(w->checker, i, &sample, err);
		if (ret <= 0)
			continue;
		/* It has looked for what was traced meanwhile */
		ret = take_events(w, err);
		if (!ret)
			ret = compare(w, i, &sample, w->vms[i].changes, err);
		sample_deinit(&sample);
		if (!ret)
			w->vms[i].changes = 0;
		vm_gone(w, i);
		news_end(&w->news, w->checker->vms.vms[i].number);
	}
	return ret ? ret : take_events(w, err);
}

/* Without a trace that was asked for, less is told, and that is said */
static void tell_untraced(const struct watch *w)
{
	const struct checker *checker = w->checker;
	const struct slotscope_error *why = &checker->no_tracer;

	if (!checker->options.no_trace)
		cmd_notice("not traced: %s: %s; that slots changed is "
			   "told by KVM's generations, and not how",
			   why->tried, why->why);
}

static int end(struct watch *w)
{
	struct slotscope_error none = {};
	struct watch_moment at;
	int status;

	for (size_t i = 0; i < w->nr; i++) {
		const struct watched *vm = &w->vms[i];

		if (!is_meant(w, i))
			continue;
		w->total.after += vm->changes;
		/* There was no time for the second look */
		w->total.untold += vm->doubted_ms && !vm->gone;
		w->total.unchecked += vm->has && !vm->checks;
	}
	status = news_exit_status(&w->news);
	if (status == CMD_OK && (!w->total.vms || w->total.unchecked ||
				 w->total.untold || w->total.lost))
		status = CMD_UNKNOWN;
	at = moment_of(w, SIZE_MAX);
	watch_print_end(&at, &w->total, &w->news, status);
	cmd_flush();
	if (w->total.vms || status == CMD_MISMATCH)
		return status;
	/* There was none, or it had no slots */
	if (w->nr && !stop_requested) {
		error_set(&none, ENOENT, "check a VM");
		error_why(&none, "none had memory while it could be looked at");
		error_next(&none, "slotscope trace tells what they did");
	} else if (w->nr) {
		error_set(&none, EINTR, "check a VM");
		error_why(&none, "a signal asked to stop before");
	} else {
		checker_none(w->checker, &none);
	}
	return cmd_cannot_tell(&none);
}

/* Of a VM that was named by its number there is no other */
static bool is_over(const struct watch *w)
{
	const uint64_t number = w->checker->options.name.number;

	for (size_t i = 0; i < w->nr && number; i++)
		if (w->checker->vms.vms[i].number == number && w->vms[i].gone)
			return true;
	return false;
}

int watch(struct checker *checker)
{
	struct slotscope_error err = {};
	struct watch w = {
		.checker = checker,
		.total.begin_ns = clock_now(),
		.total.by_generations = !checker->tracer,
		.look = true,
	};
	bool alive = true;
	int ret = 0, status;

	if (checker->tracer)
		w.requests = !tracer_hook_used(tracer_report(checker->tracer),
					       TRACER_CHANGES);
	else
		tell_untraced(&w);
	/* What has ended is looked at once more: all of it has been told then */
	while (!ret && alive && !stop_requested && !w.unread) {
		alive = checker_alive(checker);
		w.look |= !alive;
		ret = go_round(&w, &err);
		if (!ret && is_over(&w))
			break;
		if (!ret && alive)
			ret = checker_wait(checker, PAUSE_MS, &err);
	}
	if (ret >= 0)
		ret = tell_deaths(&w, &err);
	/* What was found until then is not lost with an error */
	status = end(&w);
	if (ret < 0 && !stop_requested)
		status = cmd_fail(&err);
	news_deinit(&w.news);
	free(w.vms);
	return status;
}
