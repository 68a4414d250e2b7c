// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/name_say.h"
#include "host/process_tree.h"
#include "host/vm_fds.h"
#include "session/vms.h"

void session_vms_deinit(struct session_vms *vms)
{
	free(vms->vms);
	*vms = (struct session_vms){ 0 };
}

static bool same_vm(const struct vm_id *a, const struct vm_id *b)
{
	if (a->serial && b->serial)
		return a->serial == b->serial;
	return a->tgid == b->tgid && a->start_time == b->start_time &&
	       a->fd == b->fd;
}

/* Return: NULL if it is not known. The last counts: descriptors are used again */
static struct session_vm *find(struct session_vms *vms, const struct vm_id *id)
{
	for (size_t i = vms->nr; i-- > 0;)
		if (same_vm(&vms->vms[i].id, id))
			return &vms->vms[i];
	return NULL;
}

const struct session_vm *session_vms_serial(const struct session_vms *vms,
					    uint64_t serial)
{
	for (size_t i = 0; i < vms->nr; i++)
		if (vms->vms[i].id.serial == serial)
			return &vms->vms[i];
	return NULL;
}

static struct session_vm *add(struct session_vms *vms, const struct vm_id *id)
{
	struct session_vm *more =
		grown(vms->vms, vms->nr, &vms->cap, sizeof(*more));

	if (!more)
		return NULL;
	vms->vms = more;
	more += vms->nr++;
	*more = (struct session_vm){ .id = *id };
	/* The tracer's own numbers begin at 1, too */
	more->number = id->serial ? id->serial : vms->nr;
	return more;
}

int session_vms_here(struct session_vms *vms, const struct vm_id *id,
		     const char *comm)
{
	struct session_vm *vm = find(vms, id);

	if (!vm)
		vm = add(vms, id);
	if (!vm)
		return -ENOMEM;
	/* One that was learnt of by an event has neither descriptor nor start */
	if (vm->id.fd < 0 && id->fd >= 0)
		vm->id = *id;
	if (id->serial) {
		vm->id.serial = id->serial;
		vm->number = id->serial;
	}
	vm->here = true;
	snprintf(vm->comm, sizeof(vm->comm), "%s", comm);
	return 0;
}

void session_vms_gone(struct session_vms *vms)
{
	for (size_t i = 0; i < vms->nr; i++)
		vms->vms[i].here = false;
}

int session_vms_event(struct session_vms *vms, const struct slot_event *event)
{
	struct session_vm *vm;

	if (event->type != SLOT_EVENT_VM_CREATE)
		return 0;
	vm = find(vms, &event->vm);
	if (!vm || vm->id.serial != event->vm.serial)
		vm = add(vms, &event->vm);
	if (!vm)
		return -ENOMEM;
	/* comm comes from a kernel: it need not end in NUL */
	snprintf(vm->comm, sizeof(vm->comm), "%.*s", (int)sizeof(event->comm),
		 event->comm);
	return 0;
}

int session_vms_learn(struct session_vms *vms, const struct slot_event *event)
{
	const struct vm_id id = { .tgid = event->tgid,
				  .fd = -1,
				  .serial = event->serial };
	char comm[sizeof(event->comm) + 1];

	if (!event->serial || session_vms_serial(vms, event->serial))
		return 0;
	/* It comes from a kernel: it need not end in NUL */
	snprintf(comm, sizeof(comm), "%.*s", (int)sizeof(event->comm),
		 event->comm);
	return session_vms_here(vms, &id, comm);
}

/* A VM and who holds it, on the way into the list */
struct holder {
	pid_t tgid;
	pid_t tid; /* that lives */
	int fd;
};

struct look {
	struct session_vms *vms;
	struct holder *seen;
	size_t nr, cap;
};

static bool seen_before(const struct look *look, const struct process *process,
			int fd)
{
	for (size_t i = 0; i < look->nr; i++)
		if (look->seen[i].tgid != process->tgid &&
		    vm_fd_same(look->seen[i].tid, look->seen[i].fd,
			       process->tid, fd))
			return true;
	return false;
}

static int look_at(struct look *look, const struct process *process,
		   struct slotscope_error *err)
{
	struct holder *more;
	struct vm_fds fds;
	struct vm_id id;
	int ret = vm_fds_find(process, &fds, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < fds.nr && !ret; i++) {
		int fd = fds.vms[i].fd;

		if (seen_before(look, process, fd))
			continue;
		more = grown(look->seen, look->nr, &look->cap, sizeof(*more));
		if (!more) {
			ret = error_set(err, ENOMEM, "list VMs");
			break;
		}
		look->seen = more;
		more[look->nr++] =
			(struct holder){ process->tgid, process->tid, fd };
		ret = process_vm_id(process, fd, &id, err);
		if (!ret && session_vms_here(look->vms, &id, process->comm))
			ret = error_set(err, ENOMEM, "list VMs");
	}
	vm_fds_deinit(&fds);
	return ret;
}

int session_vms_look(struct session_vms *vms, pid_t root, uint64_t since,
		     struct slotscope_error *err)
{
	struct look look = { .vms = vms };
	struct process_tree tree;
	struct process process;
	int ret = process_tree_read(root, &tree, err);

	if (ret)
		return ret;
	session_vms_gone(vms);
	for (size_t i = 0; i < tree.nr && !ret; i++) {
		const struct tree_process *at = &tree.processes[i];

		if (i && at->start_time < since)
			continue;
		ret = tree_process_open(at, &process, err);
		if (!ret) {
			ret = look_at(&look, &process, err);
			process_close(&process);
		}
		/* That one of them ends meanwhile is no failure */
		if (ret == -ESRCH && i)
			ret = 0;
	}
	free(look.seen);
	process_tree_deinit(&tree);
	return ret;
}

int session_vms_elsewhere(const struct process *process, const char *command,
			  struct slotscope_error *err)
{
	struct slotscope_error ignored = {};
	struct session_vms others = {};
	char list[192];

	if (!session_vms_look(&others, process->tgid, 0, &ignored) &&
	    others.nr) {
		session_vms_list(&others, list, sizeof(list));
		error_why(err, "it holds none; among what it started %s", list);
		error_next(err, "%s that: --pid %d", command,
			   others.vms[0].id.tgid);
	}
	session_vms_deinit(&others);
	return -err->code;
}

static int bad_name(const char *text, const char *why,
		    struct slotscope_error *err)
{
	error_set(err, EINVAL, "read the name of a VM \"%.40s\"", text);
	error_why(err, "%s", why);
	return error_next(err, "give its number, from 1 on; PID:FD; or its "
			       "process's name");
}

int vm_name_parse(const char *text, struct vm_name *name,
		  struct slotscope_error *err)
{
	unsigned long long first;
	char *end;
	long fd;

	*name = (struct vm_name){ .text = text, .fd = -1 };
	if (!isdigit((unsigned char)text[0])) {
		name->comm = text;
		return text[0] ? 0 : bad_name(text, "it is empty", err);
	}
	errno = 0;
	first = strtoull(text, &end, 10);
	if (errno || !first)
		return bad_name(text,
				first ? "no number is as large" :
					"VMs and processes are numbered from 1",
				err);
	if (!*end) {
		name->number = first;
		return 0;
	}
	if (*end != ':') {
		name->comm = text; /* "9pvmm" */
		return 0;
	}
	if (first > INT32_MAX)
		return bad_name(text, "no process has such a number", err);
	name->tgid = first;
	if (!end[1])
		return 0;
	fd = isdigit((unsigned char)end[1]) ? strtol(end + 1, &end, 10) : -1;
	if (fd < 0 || *end || fd > INT32_MAX)
		return bad_name(text, "what follows PID: is no descriptor",
				err);
	name->fd = fd;
	return 0;
}

bool vm_name_fits(const struct vm_name *name, const struct session_vm *vm)
{
	return (!name->number || name->number == vm->number) &&
	       (!name->tgid || name->tgid == vm->id.tgid) &&
	       (name->fd < 0 || name->fd == vm->id.fd) &&
	       (!name->comm || !strcmp(name->comm, vm->comm));
}

/* One of the list; @nr were before it. Return: how long the text is then */
static size_t list_one(const struct session_vm *vm, size_t nr, bool first,
		       char *text, size_t len, size_t size)
{
	len += snprintf(text + len, size - len,
			"%s%sVM %" PRIu64 ": process %d (%.20s)",
			nr ? "; " : "",
			!first	 ? "" :
			vm->here ? "there is " :
				   "there was ",
			vm->number, vm->id.tgid, NAME_SAY(vm->comm));
	if (vm->id.fd >= 0)
		len += snprintf(text + len, size - len, ", descriptor %d",
				vm->id.fd);
	return len;
}

void session_vms_list(const struct session_vms *vms, char *text, size_t size)
{
	size_t len = 0, nr = 0;
	bool first;

	text[0] = '\0';
	for (int here = 1; here >= 0; here--) {
		first = true;
		for (size_t i = 0; i < vms->nr && len + 96 < size; i++) {
			if (vms->vms[i].here != here)
				continue;
			len = list_one(&vms->vms[i], nr++, first, text, len,
				       size);
			first = false;
		}
	}
	if (nr < vms->nr)
		snprintf(text + len, size - len, "; and %zu more",
			 vms->nr - nr);
}

int vm_name_none(const struct vm_name *name, const struct session_vms *vms,
		 struct slotscope_error *err)
{
	char list[192];

	session_vms_list(vms, list, sizeof(list));
	return error_why(err, "no VM is \"%.40s\"; %s",
			 name->text ? name->text : "", list);
}

bool vm_name_over(const struct vm_name *name, const struct session_vms *vms)
{
	for (size_t i = 0; name->number && i < vms->nr; i++)
		if (vms->vms[i].number == name->number && !vms->vms[i].here)
			return true;
	return false;
}
