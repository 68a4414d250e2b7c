// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope list: the VMs of this machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope.h>

#include "base/grow.h"
#include "base/plural.h"
#include "cmd/cmd.h"
#include "host/qmp_socket.h"
#include "host/vm_fds.h"
#include "kvm/loaded.h"
#include "render/text.h"
#include "render/vms.h"
#include "session/kernel_view.h"

static const struct cmd_option option_table[] = {
	CMD_JSON("print one JSON document"),
	{ 'v', "verbose", NULL, NULL,
	  "say on standard error what could not be read, and why" },
	CMD_COMMON
};

/* The list as it grows */
struct listing {
	struct kernel_view view;
	bool have_view;
	struct vm_row *rows;
	size_t nr;
	size_t cap;
	size_t unread; /* VMs whose slots could not be read */
	size_t hidden; /* VMs of processes that have no pid here */
};

/* What one walk told of the VMs of a process; by descriptor, as they are asked for */
struct walked {
	struct slot_state *states;
	bool *owned;
	size_t nr;
	size_t next;
};

static void say_why(const struct slotscope_error *err)
{
	if (cmd_globals.verbose)
		fprintf(stderr, "slotscope: %s: %s\n", err->tried, err->why);
}

static void walk(const struct listing *listing, const struct process *process,
		 struct walked *walked)
{
	struct slotscope_error err = {};

	if (listing->have_view &&
	    kernel_view_read_all(&listing->view, process, &walked->states, &walked->owned,
				 &walked->nr, &err))
		say_why(&err);
}

static bool take_walked(struct walked *walked, int fd, struct slot_state *out)
{
	while (walked->next < walked->nr &&
	       walked->states[walked->next].vm.fd <= fd) {
		struct slot_state *state = &walked->states[walked->next++];

		if (state->vm.fd == fd) {
			*out = *state;
			return true;
		}
		slot_state_deinit(state);
	}
	return false;
}

static void walked_deinit(struct walked *walked)
{
	while (walked->next < walked->nr)
		slot_state_deinit(&walked->states[walked->next++]);
	free(walked->states);
}

/* Return: false if the VM has ended; *@out is NULL if it could not be read */
static bool read_state(const struct listing *listing,
		       const struct process *process, const struct vm_id *id,
		       struct walked *walked, struct slot_state **out)
{
	struct slotscope_error err = {};
	struct slot_state *state;

	*out = NULL;
	state = listing->have_view ? malloc(sizeof(*state)) : NULL;
	if (!state)
		return true;
	if (take_walked(walked, id->fd, state) ||
	    !kernel_view_read(&listing->view, process, id, state, &err)) {
		*out = state;
		return true;
	}
	slot_state_deinit(state);
	free(state);
	switch (err.code) {
	case ESRCH:
	case ENOENT:
	case EBADF:
	case EBADFD:
		return false;
	default:
		say_why(&err);
		return true;
	}
}

static void row_deinit(struct vm_row *row)
{
	free(row->comm);
	free(row->qmp);
	if (row->state)
		slot_state_deinit(row->state);
	free(row->state);
}

/* @row is the listing's, or gone after an error */
static int add_row(struct listing *listing, struct vm_row *row,
		   const struct process *process, const char *qmp)
{
	struct vm_row *rows;

	rows = grown(listing->rows, listing->nr, &listing->cap, sizeof(*rows));
	if (rows)
		listing->rows = rows;
	row->comm = strdup(process->comm);
	row->qmp = qmp ? strdup(qmp) : NULL;
	if (!rows || !row->comm || (qmp && !row->qmp)) {
		row_deinit(row);
		return -ENOMEM;
	}
	listing->rows[listing->nr++] = *row;
	return 0;
}

/* A VM that ends while it is looked at is no failure of ours: it is left out */
static int add_vm(struct listing *listing, const struct process *process,
		  const struct vm_id *id, const char *qmp,
		  struct walked *walked)
{
	struct vm_row row = { .id = *id };

	if (!read_state(listing, process, &row.id, walked, &row.state))
		return 0;
	if (row.state)
		vm_row_count(&row);
	else
		listing->unread++;
	return add_row(listing, &row, process, qmp);
}

static int add_process(const struct process *process, const struct vm_fds *vms,
		       void *opaque)
{
	char qmp[QMP_ADDRESS_MAX];
	struct slotscope_error err = {};
	struct walked walked = {};
	struct vm_id id;
	bool has_qmp;
	int ret = 0;

	if (process_vm_id(process, -1, &id, &err))
		return 0;
	has_qmp = !qmp_socket_find(process, qmp, &err);
	if (vms->nr > 1)
		walk(opaque, process, &walked);
	for (size_t i = 0; i < vms->nr && !ret; i++) {
		id.fd = vms->vms[i].fd;
		ret = add_vm(opaque, process, &id, has_qmp ? qmp : NULL,
			     &walked);
	}
	walked_deinit(&walked);
	return ret;
}

/*
 * The records of one process, from @vm on, to @end at the most. Slots are counted by
 * now; only JSON shows them.
 *
 * Return: how many there were, or -ENOMEM.
 */
static int add_told(struct listing *listing, const struct slotscope_vm *vm,
		    const struct slotscope_vm *end)
{
	struct slotscope_error err = {};
	struct walked walked = {};
	char qmp[QMP_ADDRESS_MAX];
	struct process process;
	struct vm_id id = {};
	bool here, has_qmp = false;
	int ret = 0, nr;

	/* One that has ended meanwhile holds no VM */
	here = vm->pid && !process_open(vm->pid, &process, &err);
	if (here && process_vm_id(&process, -1, &id, &err)) {
		process_close(&process);
		here = false;
	}
	if (here)
		has_qmp = !qmp_socket_find(&process, qmp, &err);
	for (nr = 0; vm + nr < end && vm[nr].pid == vm->pid && !ret; nr++) {
		struct vm_row row = {
			.id = id,
			.counted = true,
			.nr_slots = vm[nr].nr_slots,
			.bytes = vm[nr].user_bytes,
		};

		listing->hidden += !vm->pid;
		if (!here)
			continue;
		row.id.fd = vm[nr].fd;
		if (cmd_globals.json)
			ret = add_vm(listing, &process, &row.id,
				     has_qmp ? qmp : NULL, &walked);
		else
			ret = add_row(listing, &row, &process,
				      has_qmp ? qmp : NULL);
	}
	if (here)
		process_close(&process);
	return ret ? ret : nr;
}

/* By the module, at once; -EOPNOTSUPP: it has to be by /proc */
static int list_told(struct listing *listing, struct slotscope_error *err)
{
	struct slotscope_vm *vms;
	size_t nr, i = 0;
	int ret = 0;

	if (!listing->have_view ||
	    kernel_view_vms(&listing->view, &vms, &nr, err))
		return -EOPNOTSUPP;
	for (; i < nr && ret >= 0; i += ret > 0 ? ret : 0)
		ret = add_told(listing, &vms[i], vms + nr);
	free(vms);
	return ret < 0 ? ret : 0;
}

#define NEXT "  next: "

static void print_none(const struct vm_list_stats *stats)
{
	struct slotscope_error err = {};

	if (kvm_loaded() && !stats->processes) {
		printf("no VMs\n");
		return;
	}
	if (kvm_loaded()) {
		printf("no VMs in the %zu process%s looked into\n",
		       stats->processes,
		       stats->processes == 1 ? " that was" : "es that were");
		return;
	}
	kvm_not_loaded(&err);
	printf("no VMs: %s\n", err.why);
	text_wrap(stdout, NEXT, sizeof(NEXT) - 1, err.next);
}

static void print_unseen(const struct vm_list_stats *stats, size_t unseen)
{
	printf("%zu more process%s could not be looked into%s\n", unseen,
	       plural_es(unseen), stats->unreadable ? ": not permitted" : "");
	if (stats->unreadable)
		text_wrap(stdout, NEXT, sizeof(NEXT) - 1, PROCESS_PERMIT);
}

static int print_listing(const struct listing *listing,
			 const struct vm_list_stats *stats)
{
	size_t unseen = stats->unreadable + stats->failed;
	struct slotscope_error err = {};
	int ret = 0;

	if (cmd_globals.json)
		render_vms_json(stdout, listing->rows, listing->nr,
				unseen + listing->hidden, kvm_loaded());
	else if (listing->nr)
		ret = render_vms(stdout, listing->rows, listing->nr);
	else if (!listing->hidden)
		print_none(stats);
	if (ret) {
		error_set(&err, ret, "print the list");
		return cmd_fail(&err);
	}
	if (unseen && !cmd_globals.json)
		print_unseen(stats, unseen);
	if (listing->hidden && !cmd_globals.json)
		printf("%zu VM%s held by processes that have no pid here: they "
		       "are in another pid namespace\n",
		       listing->hidden, listing->hidden == 1 ? " is" : "s are");
	if (listing->unread && !cmd_globals.json && !cmd_globals.verbose)
		printf("the slots of %zu could not be read: slotscope -v list "
		       "says why\n",
		       listing->unread);
	return unseen || listing->hidden || listing->unread ? CMD_UNKNOWN :
							      CMD_OK;
}

static void listing_deinit(struct listing *listing)
{
	size_t i;

	for (i = 0; i < listing->nr; i++)
		row_deinit(&listing->rows[i]);
	free(listing->rows);
	if (listing->have_view)
		kernel_view_close(&listing->view);
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct vm_list_stats stats = {};
	struct slotscope_error err = {};
	struct listing listing = {};
	int opt, ret, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0)
		if (cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	if (optind < argc)
		return cmd_usage(cmd, "extra word \"%s\"", argv[optind]);

	if (kernel_view_open(&listing.view, KERNEL_ANY, NULL,
			     cmd_globals.verbose, &err))
		say_why(&err);
	else
		listing.have_view = true;
	ret = list_told(&listing, &err);
	if (ret == -EOPNOTSUPP) {
		err = (struct slotscope_error){};
		ret = vm_list(add_process, &listing, &stats, &err);
	}
	if (ret == -ENOMEM && !err.code)
		error_set(&err, ENOMEM, "list the VMs");
	ret = ret ? cmd_fail(&err) : print_listing(&listing, &stats);
	listing_deinit(&listing);
	return ret;
}

const struct cmd cmd_list = {
	.name = "list",
	.summary = "list the VMs of this machine",
	.usage = "list [OPTIONS]",
	.about =
		"Lists the VMs of this machine: a line for each that a process "
		"holds a descriptor of.",
	.options = option_table,
	.ending =
		"Exit status: 0 done, 2 some could not be looked into, 3 usage "
		"or error.",
	.run = run,
};
