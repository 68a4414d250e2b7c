// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/module.h"
#include "host/vm_fds.h"
#include "session/kernel_view.h"
#include "session/vms.h"

static int open_bpf(struct kernel_view *view, struct tracer *tracer,
		    bool verbose, struct slotscope_error *err)
{
	const struct tracer_options options = {
		.no_hooks = true,
		.verbose = verbose,
	};
	int ret;

	view->source = KERNEL_BY_BPF;
	view->tracer = tracer;
	if (tracer)
		return 0;
	ret = tracer_open(&options, NULL, &view->tracer, err);
	view->own = !ret;
	return ret;
}

int kernel_view_open(struct kernel_view *view, enum kernel_source wanted,
		     struct tracer *tracer, bool verbose,
		     struct slotscope_error *err)
{
	struct slotscope_error bpf_err = {};
	size_t len;

	*view = (struct kernel_view){ .module_fd = -1 };
	if (wanted == KERNEL_BY_BPF)
		return open_bpf(view, tracer, verbose, err);

	/* What to do about it takes long to find out, and would not be said */
	if (wanted == KERNEL_ANY && !module_is_there() &&
	    !open_bpf(view, tracer, verbose, &bpf_err))
		return 0;
	view->source = KERNEL_BY_MODULE;
	view->module_fd = module_open(NULL, err);
	if (view->module_fd >= 0)
		return 0;
	if (wanted == KERNEL_BY_MODULE)
		return view->module_fd;
	if (!open_bpf(view, tracer, verbose, &bpf_err))
		return 0;
	/*
	 * The module's error says what to do; add why BPF does not help. Who may
	 * not load BPF may load no module either
	 */
	if (bpf_err.code == EPERM && bpf_err.next[0])
		error_next(err, "%s", bpf_err.next);
	len = strlen(err->why);
	snprintf(err->why + len, sizeof(err->why) - len,
		 "; nor does BPF help: %s: %s", bpf_err.tried, bpf_err.why);
	return -err->code;
}

void kernel_view_close(struct kernel_view *view)
{
	if (view->module_fd >= 0)
		close(view->module_fd);
	if (view->own)
		tracer_close(view->tracer);
}

/* The duplicate keeps the VM alive, so it is held for one snapshot only */
static int by_module(const struct kernel_view *view,
		     const struct process *process, const struct vm_id *vm,
		     int (*snapshot)(int module_fd, int vm_fd,
				     struct slot_state *out,
				     struct slotscope_error *err),
		     struct slot_state *out, struct slotscope_error *err)
{
	int fd, ret;

	slot_state_init(out, PARTY_KERNEL);
	fd = vm_fd_take(process, vm->fd, err);
	if (fd < 0)
		return fd;
	ret = snapshot(view->module_fd, fd, out, err);
	close(fd);
	out->vm = *vm;
	return ret;
}

int kernel_view_read(const struct kernel_view *view,
		     const struct process *process, const struct vm_id *vm,
		     struct slot_state *out, struct slotscope_error *err)
{
	if (view->source == KERNEL_BY_MODULE)
		return by_module(view, process, vm, module_snapshot, out, err);
	return tracer_snapshot(view->tracer, vm, PARTY_KERNEL, out, err);
}

int kernel_view_details(const struct kernel_view *view,
			const struct process *process, const struct vm_id *vm,
			struct slot_state *out, struct vm_detail *detail,
			struct slotscope_error *err)
{
	int fd, ret;

	*detail = (struct vm_detail){};
	if (view->source != KERNEL_BY_MODULE) {
		ret = kernel_view_read(view, process, vm, out, err);
		if (ret)
			return ret;
		detail->none = strdup("a BPF iterator cannot tell; load the "
				      "slotscope module");
		return detail->none ? 0 :
				      error_set(err, ENOMEM, "read the slots");
	}
	slot_state_init(out, PARTY_KERNEL);
	fd = vm_fd_take(process, vm->fd, err);
	if (fd < 0)
		return fd;
	ret = module_details(view->module_fd, fd, process->tgid, out, detail,
			     err);
	close(fd);
	out->vm = *vm;
	return ret;
}

int kernel_view_read_all(const struct kernel_view *view,
			 const struct process *process,
			 struct slot_state **states, bool **owned, size_t *nr,
			 struct slotscope_error *err)
{
	*states = NULL;
	*owned = NULL;
	*nr = 0;
	/* The module is given one VM at a time */
	if (view->source == KERNEL_BY_MODULE)
		return 0;
	return tracer_snapshots(view->tracer, process->tgid, PARTY_KERNEL,
				states, owned, nr, err);
}

int kernel_view_vms(const struct kernel_view *view, struct slotscope_vm **out,
		    size_t *nr, struct slotscope_error *err)
{
	*out = NULL;
	*nr = 0;
	if (view->source == KERNEL_BY_MODULE)
		return module_vms(view->module_fd, out, nr, err);
	error_set(err, EOPNOTSUPP, "ask for all VMs at once");
	return error_why(err, "BPF tells those of one process at a time");
}

int kernel_view_generations(const struct kernel_view *view,
			    const struct process *process,
			    const struct vm_id *vm, struct slot_state *out,
			    struct slotscope_error *err)
{
	if (view->source == KERNEL_BY_MODULE)
		return by_module(view, process, vm, module_generations, out,
				 err);
	/* BPF has no cheaper way */
	return tracer_snapshot(view->tracer, vm, PARTY_KERNEL, out, err);
}

int kernel_view_audit(const struct kernel_view *view,
		      const struct process *process, const struct vm_id *vm,
		      struct index_audit *out, struct slotscope_error *err)
{
	int fd, ret;

	memset(out, 0, sizeof(*out));
	if (view->source != KERNEL_BY_MODULE) {
		error_set(err, EOPNOTSUPP, "audit KVM's indexes of its slots");
		error_why(err, "a BPF iterator cannot audit them");
		return error_next(err, "load the slotscope module");
	}
	fd = vm_fd_take(process, vm->fd, err);
	if (fd < 0)
		return fd;
	ret = module_audit(view->module_fd, fd, out, err);
	close(fd);
	return ret;
}

int kernel_view_owns_memory(const struct kernel_view *view,
			    const struct process *process,
			    const struct vm_id *vm, struct slotscope_error *err)
{
	int fd, ret;

	if (view->source == KERNEL_BY_BPF)
		return tracer_owns_memory(view->tracer, vm, err);
	fd = vm_fd_take(process, vm->fd, err);
	if (fd < 0)
		return fd;
	ret = module_owns_memory(view->module_fd, fd, process->tgid, err);
	close(fd);
	return ret;
}

const char *kernel_view_name(const struct kernel_view *view)
{
	return view->source == KERNEL_BY_MODULE ? "the slotscope module" :
						  "a BPF iterator";
}

int find_vm(const struct process *process, int fd, struct vm_id *vm,
	    struct slotscope_error *err)
{
	struct vm_fds vms;
	int ret;

	ret = vm_fds_find(process, &vms, err);
	if (ret)
		return ret;
	ret = vm_fds_pick(process, &vms, fd, err);
	if (!vms.nr)
		session_vms_elsewhere(process, "look at", err);
	vm_fds_deinit(&vms);
	return ret < 0 ? ret : process_vm_id(process, ret, vm, err);
}
