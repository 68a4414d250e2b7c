// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "cmd/look.h"
#include "cmd/recorded.h"
#include "cmd/verdict.h"
#include "session/monitor.h"
#include "session/stop.h"

/* Compare what was read, and hand it on */
static int compare(const struct check_input *input, struct looked *looked,
		   look_fn *tell, void *ctx, struct slotscope_error *err)
{
	PROGRESS("comparing the views");
	struct comparison comparison;
	struct check_rows rows;
	int ret = crosscheck(input, &comparison);

	if (ret)
		goto out;
	ret = check_rows(&comparison, &rows);
	looked->comparison = &comparison;
	looked->rows = &rows;
	if (!ret) {
		ret = tell(ctx, looked, err);
		check_rows_deinit(&rows);
		comparison_deinit(&comparison);
		return ret;
	}
	check_rows_deinit(&rows);
out:
	comparison_deinit(&comparison);
	return error_set(err, ret, "compare the views of a VM");
}

/* The one that is meant; @here: among those that are there */
static int pick(const struct session_vms *vms, const struct vm_name *name,
		bool here, size_t *place, struct slotscope_error *err)
{
	char list[192];
	size_t nr = 0;

	for (size_t i = 0; i < vms->nr; i++) {
		if ((here && !vms->vms[i].here) ||
		    !vm_name_fits(name, &vms->vms[i]))
			continue;
		*place = i;
		nr++;
	}
	if (nr <= 1)
		return nr ? 0 : -ENOENT;
	session_vms_list(vms, list, sizeof(list));
	error_set(err, ENOTUNIQ, "choose a VM");
	error_why(err, "%s", list);
	return error_next(err, "name one with --vm");
}

#define MONITOR_LOOK_MS 50

/* A VMM opens its monitor when it likes; that it does not, MODEL will say */
static int wait_monitor(struct checker *checker,
			const struct look_options *options,
			struct slotscope_error *err)
{
	const int64_t until = clock_now_ms() + options->monitor_ms;
	struct slotscope_error not_yet = {};
	struct process process;
	struct qmp *qmp;
	int ret = 0;

	while (!ret && clock_now_ms() < until && checker->vms.nr &&
	       checker_alive(checker)) {
		ret = process_open(checker->vms.vms[0].id.tgid, &process, err);
		if (ret)
			return ret;
		ret = monitor_open(&process, options->checker.qmp,
				   options->monitor_ms, &qmp, &not_yet);
		process_close(&process);
		if (!ret) {
			qmp_close(qmp);
			return 0;
		}
		ret = checker_wait(checker, MONITOR_LOOK_MS, err);
	}
	return ret;
}

static int look_at_process(const struct look_options *options, look_fn *tell,
			   void *ctx, struct slotscope_error *err)
{
	struct request_limits limits = {};
	struct check_input input = { .limits = &limits,
				     .page_size = sysconf(_SC_PAGESIZE) };
	struct looked looked = {};
	struct look_past past = {};
	struct checker checker;
	struct sample sample;
	size_t place = 0;
	int ret, no_vm = 0;

	stop_on_signals();
	ret = checker_open(&checker, &options->checker, err);
	if (ret)
		return ret;
	if (options->argv) {
		ret = child_go(options->checker.child, options->argv, err);
		if (!ret)
			no_vm = ret = checker_wait_vm(&checker, err);
		/* As check has it: nothing is known of any */
		if (no_vm == -ENOENT) {
			ret = cmd_cannot_tell(err);
			goto close;
		}
		if (!ret && options->monitor_ms)
			ret = wait_monitor(&checker, options, err);
	}
	if (!ret)
		ret = checker_wait(&checker, options->wait_ms, err);
	if (!ret)
		ret = checker_look(&checker, err);
	if (ret >= 0) {
		ret = pick(&checker.vms, &options->checker.name, true, &place,
			   err);
		if (ret == -ENOENT)
			ret = checker_none(&checker, err);
	}
	if (!ret)
		ret = checker_sample(&checker, place, &sample, err);
	if (ret == CHECKER_GONE)
		ret = process_failed(&checker.root, -ESRCH, "look at", err);
	if (ret)
		goto close;
	sample_input(&sample, &input);
	input.serial = checker.vm.serial;
	looked.real_ns = clock_read(CLOCK_REALTIME);
	looked.now_ns = clock_now();
	ret = look_past(&checker, &input, looked.now_ns, looked.real_ns, &past,
			err);
	if (ret)
		goto free_sample;
	looked.past = past.told ? &past.words : NULL;
	verdict_limits(&input, sample_find(&sample, PARTY_KERNEL), &limits);
	looked.vm = &checker.vm;
	looked.comm = checker.process.comm;
	looked.checker = &checker;
	ret = compare(&input, &looked, tell, ctx, err);
free_sample:
	slot_log_deinit(&past.log);
	sample_deinit(&sample);
close:
	checker_close(&checker, ret < 0 ? &(struct slotscope_error){} : err);
	return ret;
}

static int look_at_command(const struct look_options *options, look_fn *tell,
			   void *ctx, struct slotscope_error *err)
{
	struct look_options with = *options;
	struct slotscope_error ignored = {};
	struct child child = {};
	int ret, ended;

	stop_on_signals();
	ret = child_start(&child, options->argv, err);
	if (ret)
		return ret;
	with.checker.child = &child;
	with.checker.command = options->argv[0];
	with.checker.now = false;
	ret = look_at_process(&with, tell, ctx, err);
	ended = child_end(&child, ret < 0 ? &ignored : err);
	return ret < 0 ? ret : ended ?: ret;
}

static int look_at_events(const struct look_options *options, look_fn *tell,
			  void *ctx, struct slotscope_error *err)
{
	struct check_input input = {};
	struct looked looked = {};
	struct recorded recorded;
	struct sample sample;
	size_t place = 0;
	const struct moment end = { .kind = MOMENT_END };
	int ret = recorded_load(options->input, &end, RECORDED_HISTORY,
				&recorded, err);

	if (ret)
		goto out;
	ret = pick(&recorded.vms, &options->checker.name, false, &place, err);
	if (ret == -ENOENT) {
		recorded_none(&recorded, &options->checker.name, err);
		/* As slots, check and trace have it: nothing is known of any */
		ret = cmd_cannot_tell(err);
		goto out;
	}
	if (ret)
		goto out;
	looked.vm = &recorded.vms.vms[place].id;
	looked.comm = recorded.vms.vms[place].comm;
	looked.real_ns = recorded_real(&recorded);
	looked.now_ns = recorded_now(&recorded);
	ret = sample_of_log(&recorded.log, looked.vm, &sample);
	if (ret) {
		error_set(err, ret, "keep the slots of a VM");
	} else {
		sample_input(&sample, &input);
		input.log = &recorded.log;
		input.serial = looked.vm->serial;
		input.limits = &recorded.limits;
		ret = compare(&input, &looked, tell, ctx, err);
	}
	sample_deinit(&sample);
out:
	recorded_deinit(&recorded);
	return ret;
}

static int look_at_files(const struct look_options *options, look_fn *tell,
			 void *ctx, struct slotscope_error *err)
{
	const uint64_t vm = options->checker.name.number;
	struct check_input input = { .page_size = options->files.page_size };
	struct looked looked = {};
	struct sample sample = {};
	struct given given;
	int ret = check_files_read(&options->files, vm, &given, err);

	if (!ret)
		ret = check_files_sample(&given, &sample, err);
	if (!ret) {
		sample_input(&sample, &input);
		input.log = given.serial ? &given.log : NULL;
		input.serial = given.serial;
		looked.given = &given;
		ret = compare(&input, &looked, tell, ctx, err);
		sample_deinit(&sample);
	}
	given_deinit(&given);
	return ret;
}

int look(const struct look_options *options, look_fn *tell, void *ctx)
{
	struct slotscope_error err = {};
	int ret;

	if (options->input)
		ret = look_at_events(options, tell, ctx, &err);
	else if (check_files_any(&options->files))
		ret = look_at_files(options, tell, ctx, &err);
	else if (options->argv)
		ret = look_at_command(options, tell, ctx, &err);
	else
		ret = look_at_process(options, tell, ctx, &err);
	return ret < 0 ? cmd_fail(&err) : ret;
}
