// SPDX-License-Identifier: GPL-2.0-or-later
/* Which VMs a checker looks at, and what it says if there is none */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/name_say.h"
#include "host/vm_fds.h"
#include "kvm/loaded.h"
#include "session/checker.h"
#include "session/stop.h"

#define LOOK_MS 25
#define TELL_MS 1000
#define VM_MS	30000

/* By any of its descriptors: what is meant is known by the lowest */
static int resolve_fd(struct checker *checker, struct slotscope_error *err)
{
	struct vm_fds fds;
	int ret;

	process_refresh(&checker->root);
	ret = vm_fds_find(&checker->root, &fds, err);
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
		ret = process_open(ids[i].tgid, &process, &ignored);
		if (ret == -ESRCH) {
			ret = 0; /* it ends while it is looked at */
			continue;
		}
		/* Not to be looked at: but there, and whoever reads it says why */
		if (session_vms_here(&checker->vms, &ids[i],
				     ret ? "?" : process.comm))
			ret = error_set(err, ENOMEM, "list VMs");
		else if (!ret)
			process_close(&process);
		else
			ret = 0;
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

static bool any_here(const struct checker *checker)
{
	for (size_t i = 0; i < checker->vms.nr; i++)
		if (checker->vms.vms[i].here)
			return true;
	return false;
}

/* There are VMs, or were */
static int none_is_meant(struct checker *checker, struct slotscope_error *err)
{
	const struct vm_name *name = &checker->options.name;
	char list[192];

	if (name->text && !vm_name_over(name, &checker->vms)) {
		vm_name_none(name, &checker->vms, err);
		return any_here(checker) ?
			       error_next(err, "name one that is there: --vm") :
			       -err->code;
	}
	session_vms_list(&checker->vms, list, sizeof(list));
	return error_why(err, "it is not there any more; %s", list);
}

static enum child_watch watched(const struct checker *checker)
{
	if (!checker->tracer)
		return CHILD_LOOKED_AT;
	return tracer_hook_used(tracer_report(checker->tracer),
				TRACER_CREATION) ?
		       CHILD_TRACED :
		       CHILD_TRACED_IN_PART;
}

int checker_none(struct checker *checker, struct slotscope_error *err)
{
	const struct checker_options *options = &checker->options;

	if (options->child)
		error_set(err, ENOENT, "find a VM of the command %.80s",
			  options->command);
	else
		error_set(err, ENOENT, "find a VM of process %d (%s)",
			  checker->root.tgid, NAME_SAY(checker->root.comm));
	if (checker->vms.nr)
		return none_is_meant(checker, err);
	if (options->child) {
		child_no_vm(options->child, &checker->root, watched(checker),
			    err);
		return kvm_loaded() ? -ENOENT : kvm_not_loaded(err);
	}
	error_why(err, process_alive(&checker->root) ?
			       "it has ended" :
			       "it holds no descriptor of a VM");
	error_next(err, "slotscope list shows the VMs of this machine; a VMM "
			"without KVM has none");
	if (!kvm_loaded())
		return kvm_not_loaded(err);
	/* Those that it made before we came are not followed, but named */
	return session_vms_elsewhere(&checker->root, "check", err);
}

/* Once, after a second: --vm 2 has nothing to say while VM 1 is a moment old */
static void tell_waiting(const struct checker *checker, FILE *out)
{
	const struct vm_name *name = &checker->options.name;
	struct slotscope_error err = {};
	char who[96];

	if (checker->options.child)
		snprintf(who, sizeof(who), "the command %.80s",
			 checker->options.command);
	else
		snprintf(who, sizeof(who), "process %d", checker->root.tgid);
	if (checker->vms.nr && name->text) {
		vm_name_none(name, &checker->vms, &err);
		fprintf(out, "slotscope: %s; waiting for it\n", err.why);
	} else {
		fprintf(out, "slotscope: %s has no VM yet; waiting for one%s\n",
			who,
			process_is_qemu_without_kvm(&checker->root) ?
				" (this QEMU was not told to use KVM: -accel "
				"kvm)" :
				"");
	}
	fflush(out);
}

int checker_wait_vm(struct checker *checker, struct slotscope_error *err)
{
	const struct vm_name *name = &checker->options.name;
	int64_t begin = clock_now_ms();
	FILE *notes = checker->options.notes;
	bool alive = true, over;
	int ret;

	for (;;) {
		process_refresh(&checker->root);
		over = vm_name_over(name, &checker->vms);
		ret = checker_look(checker, err);
		/* It may end, or exec another program, while it is looked at */
		if (ret > 0 || (ret < 0 && ret != -ESRCH && ret != -ENOENT))
			return ret < 0 ? ret : 0;
		/* Known before that look, and not there: it has gone */
		over = over && !ret && vm_name_over(name, &checker->vms);
		if (!alive || over || stop_requested ||
		    clock_now_ms() - begin >= VM_MS)
			break;
		if (notes && clock_now_ms() - begin >= TELL_MS) {
			tell_waiting(checker, notes);
			notes = NULL;
		}
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
