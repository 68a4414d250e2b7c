// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/progress.h"
#include "check/death.h"
#include "check/last_words.h"
#include "host/rights.h"
#include "host/vcpus.h"
#include "session/checker.h"
#include "session/producers.h"
#include "session/stop.h"
#include "trace/recording_notes.h"

#define POLL_MS	     100
#define PAUSE_MS     30 /* a VMM's commit of its memory is over by then */
#define SAMPLE_TRIES 10
#define SAMPLE_MS    20000 /* no further try after that */
#define STOP_MS	     10000

/* The tracer hands on what take_event() returns, and not why */
struct taking {
	struct checker *checker;
	struct slotscope_error *err;
};

static int take_event(const struct slot_event *event, void *arg)
{
	const struct taking *taking = arg;
	struct checker *checker = taking->checker;
	struct slot_event numbered = *event;
	int ret;

	numbered.seq += checker->first_seq;
	ret = slot_log_add(&checker->log, &numbered);

	if (ret)
		return error_set(taking->err, ret,
				 "keep the events of process %d",
				 checker->root.tgid);
	if (session_vms_event(&checker->vms, &numbered))
		return error_set(taking->err, ENOMEM, "keep the list of VMs");
	if (!checker->writer)
		return 0;
	return recording_write(checker->writer, event, taking->err);
}

/* What was asked for and is not told is said; no verdict hangs on it */
static void tell_unseen_classes(const struct checker *checker)
{
	const struct tracer_report *report = tracer_report(checker->tracer);

	for (int i = 0; i < TRACER_CLASSES; i++)
		if (checker->options.notes &&
		    checker->options.classes & 1U << i &&
		    !tracer_class_used(report, 1U << i))
			fprintf(checker->options.notes,
				"slotscope: no events of class %s can be seen "
				"on this kernel; slotscope doctor says why\n",
				tracer_class_names[i]);
}

static int open_tracer(struct checker *checker, struct slotscope_error *err)
{
	const struct tracer_options tracing = {
		.tgid = checker->root.tgid,
		.brief = checker->options.brief,
		.verbose = checker->options.verbose,
		.classes = checker->options.classes,
		.thread_fn = rights_only_think,
	};
	struct recording_info info = { .tgid = checker->root.tgid };
	int ret;

	ret = tracer_open(&tracing, NULL, &checker->tracer,
			  &checker->no_tracer);
	if (!ret)
		tell_unseen_classes(checker);
	if (!checker->options.record)
		return 0;
	if (!ret) {
		info.notes = recording_notes(&tracing,
					     tracer_report(checker->tracer));
		ret = recording_create(checker->options.record, &info,
				       &checker->writer, err);
		free(info.notes);
		return ret;
	}
	*err = checker->no_tracer;
	return ret;
}

/* In the unit of a process's start_time */
static uint64_t clock_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (now.tv_sec * 1000000000ULL + now.tv_nsec) /
	       (1000000000 / sysconf(_SC_CLK_TCK));
}

/* One that nobody named, and that cannot be had, is as good as none */
static int open_past(struct checker *checker, struct slotscope_error *err)
{
	const struct checker_options *options = &checker->options;
	struct slotscope_error ignored = {};
	struct vm_id here;
	int ret;

	if (!options->history)
		return 0;
	ret = process_vm_id(&checker->root, -1, &here, err);
	if (!ret)
		ret = past_file_open(
			options->history, here.boot_id, &checker->past,
			options->history_is_default ? &ignored : err);
	if (!ret || !options->history_is_default)
		return ret;
	past_file_close(&checker->past);
	return 0;
}

/* What is recorded up to now: what is traced goes on from there */
static int read_past(struct checker *checker, struct slotscope_error *err)
{
	struct past_file *past = &checker->past;
	struct vm_id *ids = NULL;
	pid_t *tgids = NULL;
	size_t nr = 0;
	int ret;

	if (!past->reader || past->why[0])
		return 0;
	if (!checker->tracer) {
		snprintf(past->why, sizeof(past->why),
			 "nothing can be traced that it would lead to");
		return 0;
	}
	checker->traced_ns = clock_now();
	ret = tracer_list(checker->tracer, TRACER_FOLLOWED, &ids, &nr, err);
	checker->there_ns = clock_now();
	if (!ret)
		tgids = calloc(nr + 1, sizeof(*tgids));
	if (!ret && !tgids)
		ret = error_set(err, ENOMEM, "read the history");
	for (size_t i = 0; i < nr && !ret; i++)
		tgids[i] = ids[i].tgid;
	if (!ret)
		ret = past_file_read(past, tgids, nr, checker->there_ns, err);
	free(tgids);
	free(ids);
	if (ret && checker->options.history_is_default && !stop_requested) {
		snprintf(past->why, sizeof(past->why), "%.250s", err->why);
		return 0;
	}
	/* One number is for what may be missing in between */
	checker->first_seq = ret ? 0 : past->end_seq + 1;
	checker->log.folded = checker->first_seq;
	return ret;
}

int checker_story(const struct checker *checker, struct slot_log *out,
		  struct past *past, struct slotscope_error *err)
{
	struct past_now now = {
		.vm = &checker->vm,
		.there_ns = checker->there_ns,
		.traced = &checker->log,
		.traced_ns = checker->traced_ns,
		.end_ns = checker->past.end_ns,
		.end_seq = checker->past.end_seq,
	};
	uint64_t born;
	int ret;

	slot_log_init(out);
	*past = (struct past){ .state = PAST_NO_VM };
	if (!checker->past.read || !checker->vm.serial)
		return 0;
	/* One that was made before our eyes has no other past */
	for (size_t i = 0; i < checker->log.nr; i++)
		if (checker->log.events[i].type == SLOT_EVENT_VM_CREATE &&
		    checker->log.events[i].serial == checker->vm.serial)
			return 0;
	born = past_file_born_ns(&checker->past, &checker->vm);
	if (born < now.there_ns)
		now.there_ns = born;
	ret = past_join(&checker->past.log, &now, past, out);
	return ret ? error_set(err, ret, "keep the history of a VM") : 1;
}

int checker_open(struct checker *checker, const struct checker_options *options,
		 struct slotscope_error *err)
{
	int ret;

	*checker = (struct checker){
		.options = *options,
		.process.dir = -1,
		.root.dir = -1,
	};
	slot_log_init(&checker->log);
	ret = process_open(options->child ? options->child->pid : options->pid,
			   &checker->root, err);
	if (ret)
		return ret;
	checker->since = options->child ? 0 : clock_ticks();
	ret = open_past(checker, err);
	if (!ret && options->now) {
		ret = checker_look(checker, err);
		if (!ret)
			ret = checker_none(checker, err);
	}
	if (ret >= 0)
		ret = options->no_trace ? 0 : open_tracer(checker, err);
	if (!ret)
		ret = read_past(checker, err);
	if (ret) {
		past_file_close(&checker->past);
		tracer_close(checker->tracer);
		session_vms_deinit(&checker->vms);
		process_close(&checker->root);
	}
	return ret;
}

void checker_abandon_recording(struct checker *checker)
{
	recording_abandon(checker->writer);
	checker->writer = NULL;
}

int checker_close(struct checker *checker, struct slotscope_error *err)
{
	struct taking taking = { checker, err };
	struct slotscope_error ignored = {};
	int ret = 0;

	if (checker->writer) {
		ret = tracer_finish(checker->tracer, take_event, &taking, err);
		/* What was seen up to an error is kept */
		if (ret >= 0)
			ret = recording_finish(checker->writer, err);
		else
			recording_finish(checker->writer, &ignored);
	}
	if (checker->have_kernel)
		kernel_view_close(&checker->kernel);
	tracer_close(checker->tracer);
	process_close(&checker->process);
	process_close(&checker->root);
	session_vms_deinit(&checker->vms);
	slot_log_deinit(&checker->log);
	past_file_close(&checker->past);
	model_told_deinit(&checker->told);
	return ret;
}

/* Is anything left of what the process made, if it has itself ended? */
bool followed_left(struct tracer *tracer)
{
	struct tracer_process *processes;
	struct slotscope_error ignored = {};
	size_t nr;

	if (!tracer || tracer_followed(tracer, &processes, &nr, &ignored))
		return false;
	free(processes);
	return nr;
}

static int pause_ms(int ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000,
				     .tv_nsec = ms % 1000 * 1000000L };

	return nanosleep(&ts, NULL);
}

bool checker_alive(struct checker *checker)
{
	if (!checker->options.child)
		return !process_alive(&checker->root) ||
		       followed_left(checker->tracer);
	child_poll(checker->options.child);
	return !checker->options.child->all_ended;
}

int checker_wait(struct checker *checker, int ms, struct slotscope_error *err)
{
	PROGRESS("gathering events");
	struct taking taking = { checker, err };
	int64_t end = clock_now_ms() + ms;
	int64_t left;
	int ret;

	while ((left = end - clock_now_ms()) > 0 && !stop_requested &&
	       checker_alive(checker)) {
		if (left > POLL_MS)
			left = POLL_MS;
		if (!checker->tracer) {
			pause_ms(left);
			continue;
		}
		ret = tracer_poll(checker->tracer, left, take_event, &taking,
				  err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int checker_resume(struct checker *checker, struct slotscope_error *err)
{
	int64_t end = clock_now_ms() + STOP_MS;
	int ret;

	while (!process_stopped(&checker->root)) {
		ret = process_alive(&checker->root);
		if (ret)
			return process_failed(&checker->root, ret, "resume",
					      err);
		if (clock_now_ms() >= end || stop_requested) {
			error_set(err, ETIMEDOUT, "resume process %d",
				  checker->root.tgid);
			error_why(err, "it is not stopped");
			return error_next(err, "leave --resume out");
		}
		pause_ms(POLL_MS / 10);
	}
	ret = process_signal(&checker->root, SIGCONT);
	return ret ? process_failed(&checker->root, ret, "resume", err) : 0;
}

static int catch_up(void *owner, struct slotscope_error *err)
{
	struct checker *checker = owner;
	struct taking taking = { checker, err };

	return tracer_flush(checker->tracer, take_event, &taking, err);
}

static bool try_again(void *ctx, unsigned int try)
{
	const struct subject *subject = ctx;
	const struct checker *checker = subject->owner;

	if (stop_requested || clock_now_ms() - checker->sample_ms > SAMPLE_MS)
		return false;
	pause_ms(PAUSE_MS);
	return true;
}

/* Make @vm the one that is read. */
static int turn_to(struct checker *checker, const struct vm_id *vm,
		   struct slotscope_error *err)
{
	int ret;

	process_close(&checker->process);
	ret = process_open(vm->tgid, &checker->process, err);
	if (ret) {
		checker->process.dir = -1;
		return ret;
	}
	checker->vm = *vm;
	if (checker->process.start_time == vm->start_time)
		return 0;
	return process_failed(&checker->process, -ESRCH, "look at its VM", err);
}

static int open_kernel(struct checker *checker, struct slotscope_error *err)
{
	int ret;

	if (checker->have_kernel)
		return 0;
	ret = kernel_view_open(&checker->kernel, KERNEL_ANY, checker->tracer,
			       checker->options.verbose, err);
	checker->have_kernel = !ret;
	return ret;
}

/*
 * The process's vCPUs, if they can only be this VM's: which VM a vCPU is of nothing
 * tells. What cannot be looked at is not known.
 */
static void look_at_vcpus(const struct checker *checker, struct sample *sample)
{
	struct slotscope_error ignored = {};
	size_t nr = 0;

	for (size_t i = 0; i < checker->vms.nr; i++)
		nr += checker->vms.vms[i].here &&
		      checker->vms.vms[i].id.tgid == checker->process.tgid;
	if (nr == 1)
		vcpus_read(&checker->process, &sample->vcpus, &sample->nr_vcpus,
			   &ignored);
}

int checker_sample(struct checker *checker, size_t place, struct sample *sample,
		   struct slotscope_error *err)
{
	const struct checker_options *options = &checker->options;
	struct producer producers[PRODUCERS_MAX];
	struct subject subject = {
		.process = &checker->process,
		.vm = checker->vms.vms[place].id,
		.qmp = options->qmp,
		.stage2 = options->stage2,
		.expect = options->expect,
		.given = options->given,
		.notes = options->verbose ? stderr : NULL,
		.told = &checker->told,
		.kernel = &checker->kernel,
		.tracer = checker->tracer,
		.no_tracer = &checker->no_tracer,
		.log = &checker->log,
		.catch_up = catch_up,
		.owner = checker,
	};
	struct sample_source source = {
		.producers = producers,
		.generations = kernel_generations,
		.again = try_again,
		.log = &checker->log,
		.ctx = &subject,
	};
	uint32_t without = 0;
	int ret = turn_to(checker, &subject.vm, err);

	/* Of all that may fail only this says that it is gone */
	if (ret == -ESRCH && !stop_requested)
		return CHECKER_GONE;
	if (!ret)
		ret = open_kernel(checker, err);
	if (ret)
		return ret;
	if (options->no_model)
		without |= 1U << PARTY_MODEL;
	if (options->no_trace)
		without |= 1U << PARTY_TRACED;
	source.nr_producers =
		producers_choose(ways, nr_ways, without, &subject, producers);
	checker->sample_ms = clock_now_ms();
	model_told_deinit(&checker->told);
	ret = sample_take(&source, SAMPLE_TRIES, sample);
	checker->vm = subject.vm;
	if (!ret)
		look_at_vcpus(checker, sample);
	if (!ret && !stop_requested)
		return 0;
	sample_deinit(sample);
	if (ret)
		return error_set(err, ret, "keep the views of a VM");
	error_set(err, EINTR, "read the memory of process %d",
		  checker->process.tgid);
	return error_why(err, "a signal asked to stop");
}

/* False: it lives, or nobody can tell */
static bool has_ended(struct checker *checker, const struct vm_id *vm,
		      const struct last_words *words, struct vm_end *end)
{
	const struct child *child = checker->options.child;

	*end = (struct vm_end){ .at_ns = clock_now() };
	if (words->exit_ns)
		return true;
	if (!child)
		return vm->tgid == checker->root.tgid &&
		       process_alive(&checker->root);
	child_poll(checker->options.child);
	end->known = true;
	end->status = child->status;
	return vm->tgid == child->pid && child->ended;
}

int checker_learn_gone(struct checker *checker, struct slotscope_error *err)
{
	int ret = 0;

	if (!checker->tracer || checker->vms.nr ||
	    !process_alive(&checker->root))
		return 0;
	ret = catch_up(checker, err);
	for (size_t i = 0; i < checker->log.nr && ret >= 0; i++)
		if (session_vms_learn(&checker->vms, &checker->log.events[i]))
			ret = error_set(err, ENOMEM, "keep the list of VMs");
	session_vms_gone(&checker->vms);
	return ret < 0 ? ret : 0;
}

int checker_died(struct checker *checker, size_t place, struct sample *sample,
		 struct slotscope_error *err)
{
	const struct session_vm *vm = &checker->vms.vms[place];
	struct last_words words;
	struct vm_end end;
	int ret;

	if (!vm->id.serial || !checker->tracer)
		return 0;
	ret = catch_up(checker, err);
	if (ret < 0)
		return ret;
	vm = &checker->vms.vms[place];
	last_words_of(&words, &checker->log, vm->id.serial);
	if (!has_ended(checker, &vm->id, &words, &end))
		return 0;
	ret = death_of(&checker->log, &vm->id, &end, sample);
	if (ret < 0)
		return error_set(err, ret, "keep the slots of a VM");
	if (!ret)
		return 0;
	process_close(&checker->process);
	checker->vm = vm->id;
	snprintf(checker->process.comm, sizeof(checker->process.comm), "%s",
		 vm->comm);
	return 1;
}
