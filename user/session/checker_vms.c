// SPDX-License-Identifier: GPL-2.0-or-later
/* Which VMs a checker looks at, and what it says if there is none */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "host/vm_fds.h"
#include "kvm/loaded.h"
#include "session/checker.h"
#include "session/stop.h"

#define LOOK_MS 25
#define VM_MS	30000

/* By any of its descriptors: what is meant is known by the lowest */
static int resolve_fd(struct checker *checker, struct slotscope_error *err)
{
	struct vm_fds fds;
	int ret = vm_fds_find(&checker->root, &fds, err);

	if (ret)
		return ret;
	ret = vm_fds_pick(&checker->root, &fds, checker->options.fd, err);
	vm_fds_deinit(&fds);
	if (ret < 0)
		return ret;
	checker->options.name.tgid = checker->root.tgid;
	checker->options.name.fd = ret;
	return 0;
}

static bool followed_by(const struct tracer *tracer)
{
	const struct tracer_report *report;

	if (!tracer)
		return false;
	report = tracer_report(tracer);
	return tracer_hook_used(report, TRACER_PROCESSES) &&
	       tracer_hook_used(report, TRACER_WALK);
}

/* The tracer knows also those whose parents have ended */
static int look_by_tracer(struct checker *checker, struct slotscope_error *err)
{
	struct slotscope_error ignored = {};
	struct process process;
	struct vm_id *ids;
	size_t nr, i;
	int ret = tracer_list(checker->tracer, TRACER_FOLLOWED, &ids, &nr, err);

	if (ret)
		return ret;
	session_vms_gone(&checker->vms);
	for (i = 0; i < nr && !ret; i++) {
		if (process_open(ids[i].tgid, &process, &ignored))
			continue; /* it ends while it is looked at */
		if (session_vms_here(&checker->vms, &ids[i], process.comm))
			ret = error_set(err, ENOMEM, "list VMs");
		process_close(&process);
	}
	free(ids);
	return ret;
}

static int look(struct checker *checker, struct slotscope_error *err)
{
	const struct child *child = checker->options.child;

	if (followed_by(checker->tracer))
		return look_by_tracer(checker, err);
	return session_vms_look(&checker->vms,
				child ? child->keeper : checker->root.tgid,
				checker->since, err);
}

bool checker_wants(const struct checker *checker, const struct session_vm *vm)
{
	return vm->here && vm_name_fits(&checker->options.name, vm);
}

int checker_look(struct checker *checker, struct slotscope_error *err)
{
	int ret, nr = 0;

	if (checker->options.fd >= 0) {
		ret = resolve_fd(checker, err);
		if (ret)
			return ret;
	}
	ret = look(checker, err);
	if (ret)
		return ret;
	for (size_t i = 0; i < checker->vms.nr; i++)
		nr += checker_wants(checker, &checker->vms.vms[i]);
	return nr;
}

int checker_none(struct checker *checker, struct slotscope_error *err)
{
	const struct checker_options *options = &checker->options;
	char list[192], how[80] = "";

	if (options->child)
		error_set(err, ENOENT, "find a VM of the command %.80s",
			  options->command);
	else
		error_set(err, ENOENT, "find a VM of process %d (%s)",
			  checker->root.tgid, checker->root.comm);
	if (options->child && options->child->ended) {
		child_status_text(options->child, how, sizeof(how));
		strcat(how, "; ");
	}
	if (checker->vms.nr) {
		session_vms_list(&checker->vms, list, sizeof(list));
		error_why(err, "%s%snone that is meant is there now: %s",
			  how[0] ? "it " : "", how, list);
		return error_next(err, "name one that is there with --vm");
	}
	if (how[0]) {
		error_why(err, "it %sneither it nor what it started made one",
			  how);
	} else if (options->child) {
		error_why(err, "neither it nor what it started has made one");
	} else if (process_alive(&checker->root)) {
		error_why(err, "it has ended");
	} else {
		error_why(err, "it holds no descriptor of a VM");
	}
	error_next(err, "slotscope list shows the VMs of this machine; a VMM "
			"without KVM has none");
	if (!kvm_loaded())
		return kvm_not_loaded(err);
	/* Those that it made before we came are not followed, but named */
	return options->child ?
		       -ENOENT :
		       session_vms_elsewhere(&checker->root, "check", err);
}

int checker_wait_vm(struct checker *checker, struct slotscope_error *err)
{
	int64_t end = clock_now_ms() + VM_MS;
	bool alive = true;
	int ret;

	for (;;) {
		process_refresh(&checker->root);
		ret = checker_look(checker, err);
		/* It may end, or exec another program, while it is looked at */
		if (ret > 0 || (ret < 0 && ret != -ESRCH && ret != -ENOENT))
			return ret < 0 ? ret : 0;
		if (!alive || stop_requested || clock_now_ms() >= end)
			break;
		/* What has ended by now was looked at after its end */
		alive = checker_alive(checker);
		ret = checker_wait(checker, LOOK_MS, err);
		if (ret)
			return ret;
	}
	if (stop_requested) {
		error_set(err, EINTR, "wait for a VM");
		return error_why(err, "a signal asked to stop");
	}
	checker_none(checker, err);
	if (alive && !checker->vms.nr)
		error_why(err, "none was made within %d s", VM_MS / 1000);
	return -ENOENT;
}
