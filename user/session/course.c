// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/name_say.h"
#include "base/plural.h"
#include "session/course.h"
#include "session/stop.h"

#define TO_END_MS 1000

/* As findings_exit_status() has them */
enum { AGREE, MISMATCH, CANNOT_TELL };

int course_worse(int a, int b)
{
	static const int order[] = { AGREE, CANNOT_TELL, MISMATCH };
	int worst = AGREE;

	if (a < 0 || b < 0)
		return a < 0 ? a : b;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (a == order[i] || b == order[i])
			worst = order[i];
	return worst;
}

int course_interrupted(const struct course *course, size_t left, int ret,
		       struct slotscope_error *err)
{
	if (!stop_requested)
		return ret;
	error_set(err, EINTR, "make %zu of %zu check%s", left, course->nr_at,
		  plural(course->nr_at));
	error_why(err, "a signal asked to stop");
	error_next(err, "let it run to its end");
	return -EINTR;
}

/*
 * One of the VMs; one that has gone since it was found is none. By its place:
 * while it is read, the list may grow, and move.
 */
static int check_vm(const struct course *course, struct checker *checker,
		    size_t place, int64_t begin, struct slotscope_error *err)
{
	struct sample sample;
	int ret = course->sample(checker, place, &sample, err);
	/* Reading may have waited, for rest or for a monitor */
	int at_ms = (int)(clock_now_ms() - begin);

	if (ret == CHECKER_GONE) {
		checker->vms.vms[place].here = false;
		return AGREE;
	}
	if (ret)
		return ret;
	ret = course->verdict(course->ctx, checker, place, &sample, at_ms, err);
	sample_deinit(&sample);
	checker->vms.vms[place].checked = true;
	return ret;
}

/* Is there one that is meant, or was? */
static bool any_vm(const struct checker *checker)
{
	for (size_t i = 0; i < checker->vms.nr; i++)
		if (vm_name_fits(&checker->options.name, &checker->vms.vms[i]))
			return true;
	return false;
}

/*
 * Of the VMs that are meant, those whose VMMs died of something, each once: whatever
 * could not be checked, that can be told. Return: 0 if there is none.
 */
static int tell_deaths(const struct course *course, struct checker *checker,
		       struct slotscope_error *err)
{
	struct sample sample;
	int ret, worst = AGREE;

	ret = course->died ? checker_learn_gone(checker, err) : 0;
	if (ret)
		return ret;
	for (size_t i = 0; course->died && i < checker->vms.nr; i++) {
		if (checker->vms.vms[i].told ||
		    !vm_name_fits(&checker->options.name, &checker->vms.vms[i]))
			continue;
		ret = course->died(checker, i, &sample, err);
		if (ret < 0)
			return ret;
		if (!ret)
			continue;
		checker->vms.vms[i].told = true;
		checker->vms.vms[i].checked = true;
		ret = course->verdict(course->ctx, checker, i, &sample, -1,
				      err);
		sample_deinit(&sample);
		worst = course_worse(worst, ret);
	}
	return worst;
}

/*
 * Not one of them is there: when all have ended, or between two of them.
 * @want_ms: when it was to be, @at_ms: when that was seen
 */
static int check_none(const struct course *course, struct checker *checker,
		      int want_ms, int at_ms, struct slotscope_error *err)
{
	int half_ms = at_ms / 2;
	int died = tell_deaths(course, checker, err);

	if (died)
		return died;
	checker_none(checker, err);
	if (any_vm(checker)) {
		error_set(err, ENOENT, "check at %d.%d s", want_ms / 1000,
			  want_ms % 1000 / 100);
		error_why(err, "the VM was gone after %d.%d s", at_ms / 1000,
			  at_ms % 1000 / 100);
		if (at_ms < want_ms && half_ms >= 100)
			error_next(err, "try --at %d.%d", half_ms / 1000,
				   half_ms % 1000 / 100);
		else
			error_next(err, "try an earlier --at; slotscope trace "
					"tells what it did");
	}
	course->cannot(course->ctx, err);
	return CANNOT_TELL;
}

/* @want_ms: of this check; @begin: what times are counted from */
static int check_all(const struct course *course, struct checker *checker,
		     int want_ms, int64_t begin, struct slotscope_error *err)
{
	int at_ms = (int)(clock_now_ms() - begin);
	int meant = checker_look(checker, err);
	size_t i, nr_checked = 0;
	int ret = AGREE;

	/* That of a command has ended, perhaps, and left others */
	if (meant < 0 &&
	    (meant != -ESRCH || (!checker->options.child && !checker->vms.nr)))
		return meant;
	for (i = 0; meant > 0 && i < checker->vms.nr && ret >= 0; i++) {
		if (!checker_wants(checker, &checker->vms.vms[i]))
			continue;
		ret = course_worse(ret,
				   check_vm(course, checker, i, begin, err));
		nr_checked += checker->vms.vms[i].here;
	}
	if (nr_checked || ret < 0)
		return ret;
	/* A process that nobody said would have one */
	if (!course->wait && !checker->vms.nr)
		return checker_none(checker, err);
	return check_none(course, checker, want_ms, at_ms, err);
}

static int check_at_times(const struct course *course, struct checker *checker,
			  int64_t begin, struct slotscope_error *err)
{
	int ret, worst = AGREE;
	size_t i;

	for (i = 0; i < course->nr_at; i++) {
		ret = checker_wait(checker,
				   begin + course->at_ms[i] - clock_now_ms(),
				   err);
		if (!ret && !stop_requested)
			ret = check_all(course, checker, course->at_ms[i],
					begin, err);
		ret = course_interrupted(course, course->nr_at - i, ret, err);
		if (ret < 0)
			return ret;
		worst = course_worse(worst, ret);
		if (i + 1 < course->nr_at && !checker_alive(checker)) {
			ret = check_none(course, checker, course->at_ms[i + 1],
					 (int)(clock_now_ms() - begin), err);
			return course_worse(worst, ret);
		}
	}
	return worst;
}

/*
 * Did it have memory? A VMM may make a VM only to see what KVM can do. What was
 * not seen of one may have been a request.
 */
static bool had_memory(const struct slot_log *log, uint64_t serial)
{
	for (size_t i = 0; i < log->nr && serial; i++) {
		if (log->events[i].type == SLOT_EVENT_LOST)
			return true;
		if (log->events[i].serial != serial)
			continue;
		switch (log->events[i].type) {
		case SLOT_EVENT_BASE:
		case SLOT_EVENT_REQUEST:
		case SLOT_EVENT_CHANGE:
			return true;
		default:
			break;
		}
	}
	return !serial;
}

/* They came and went between the checks, and no verdict is of them */
static int tell_unchecked(const struct course *course,
			  const struct checker *checker,
			  struct slotscope_error *err)
{
	const struct checker_options *options = &checker->options;
	const struct session_vm *vm;
	size_t nr = 0, all = 0;
	char numbers[64] = "";
	size_t len = 0;

	for (size_t i = 0; i < checker->vms.nr; i++) {
		vm = &checker->vms.vms[i];
		if (!vm_name_fits(&options->name, vm) ||
		    (!vm->checked && !had_memory(&checker->log, vm->id.serial)))
			continue;
		all++;
		if (vm->checked)
			continue;
		if (++nr <= 4)
			len += snprintf(numbers + len, sizeof(numbers) - len,
					"%s%" PRIu64, nr > 1 ? ", " : "",
					vm->number);
	}
	/* Where there was none at any check, each has told so */
	if (!nr || nr == all)
		return nr ? CANNOT_TELL : AGREE;
	if (options->child)
		error_set(err, ENOENT, "check all VMs of the command %.80s",
			  options->command);
	else
		error_set(err, ENOENT, "check all VMs of process %d (%s)",
			  checker->root.tgid, NAME_SAY(checker->root.comm));
	error_why(err, "%zu of %zu VMs were there at no check: %s%s", nr, all,
		  numbers, nr > 4 ? ", ..." : "");
	error_next(err, "give an --at at which they are there, or name with "
			"--vm the one that is meant");
	course->cannot(course->ctx, err);
	return CANNOT_TELL;
}

int course_run(const struct course *course, struct checker *checker,
	       struct slotscope_error *err)
{
	struct slotscope_error died = {};
	int ret = 0, worst;

	if (course->wait)
		ret = checker_wait_vm(checker, err);
	/* What is there now is known then, though it may have ended */
	else if (course->nr_at && course->at_ms[0])
		checker_look(checker, &died);
	ret = course_interrupted(course, course->nr_at, ret, err);
	if (ret == -ENOENT) {
		ret = tell_deaths(course, checker, &died);
		if (ret)
			return ret;
		course->cannot(course->ctx, err);
		return CANNOT_TELL;
	}
	if (ret)
		return ret;
	worst = check_at_times(course, checker, clock_now_ms(), err);
	while (worst >= 0 && course->to_end && checker_alive(checker)) {
		ret = checker_wait(checker, TO_END_MS, err);
		ret = course_interrupted(course, 0, ret, err);
		if (ret)
			return ret;
	}
	if (worst >= 0)
		worst = course_worse(worst, tell_deaths(course, checker, err));
	return worst < 0 ? worst :
			   course_worse(worst,
					tell_unchecked(course, checker, err));
}
