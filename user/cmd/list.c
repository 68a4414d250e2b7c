// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope list: the VMs of this machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <slotscope.h>

#include "base/grow.h"
#include "base/plural.h"
#include "cmd/cmd.h"
#include "host/qmp_socket.h"
#include "host/vm_fds.h"
#include "host/vmm.h"
#include "kvm/loaded.h"
#include "render/style.h"
#include "render/text.h"
#include "render/vms.h"
#include "session/glance.h"
#include "session/kernel_view.h"

static const struct cmd_option option_table[] = {
	CMD_COLUMNS('o', VM_COLUMN_KEYS,
		    "these columns alone, with commas between: pid, fd, vmm, "
		    "name, memory, slots, state, verdict"),
	CMD_RAW,
	CMD_JSON("print one JSON document"),
	{ 'v', "verbose", NULL, NULL,
	  "say on standard error what could not be read, and why" },
	CMD_HELP
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

/* Until they rest; one that never does has no verdict */
#define TRIES	 4
#define PAUSE_NS 10000000

static void say_why(const struct slotscope_error *err)
{
	if (cmd_globals.verbose)
		cmd_notice("%s: %s", err->tried, err->why);
}

static void row_deinit(struct vm_row *row)
{
	free(row->comm);
	free(row->qmp);
	if (row->state)
		slot_state_deinit(row->state);
	free(row->state);
}

static int look_again(const struct glancer *glancer,
		      const struct process *process, struct glance *vm)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct glance again;
	int ret = 0;

	for (int i = 1; i < TRIES && vm->have && !vm->settled && !ret; i++) {
		nanosleep(&pause, NULL);
		again = (struct glance){ .id = vm->id, .alone = vm->alone };
		ret = glance_at(glancer, process, &again, 1);
		glance_deinit(vm);
		*vm = again;
	}
	return ret;
}

/* Only JSON shows the slots themselves: many VMs have many */
static int keep_state(struct vm_row *row, struct glance *vm)
{
	if (!vm->have || !cmd_globals.json)
		return 0;
	row->state = malloc(sizeof(*row->state));
	if (!row->state)
		return -ENOMEM;
	*row->state = vm->state;
	memset(&vm->state, 0, sizeof(vm->state));
	return 0;
}

static int add_row(struct listing *listing, const struct process *process,
		   const struct vmm *names, const char *qmp, struct glance *vm)
{
	struct vm_row row = { .id = vm->id, .look = vm->look };
	struct vm_row *rows =
		grown(listing->rows, listing->nr, &listing->cap, sizeof(*rows));

	if (rows)
		listing->rows = rows;
	row.comm = strdup(process->comm);
	row.qmp = qmp ? strdup(qmp) : NULL;
	memcpy(row.vmm, names->vmm, sizeof(row.vmm));
	memcpy(row.name, names->name, sizeof(row.name));
	if (!rows || !row.comm || (qmp && !row.qmp) || keep_state(&row, vm)) {
		row_deinit(&row);
		return -ENOMEM;
	}
	listing->rows[listing->nr++] = row;
	return 0;
}

/* A VM that ends while it is looked at is no failure of ours: it is left out */
static int add_vm(struct listing *listing, const struct process *process,
		  const struct vmm *names, const char *qmp, struct glance *vm)
{
	if (vm->ended)
		return 0;
	if (!vm->have) {
		listing->unread++;
		say_why(&vm->why);
	}
	return add_row(listing, process, names, qmp, vm);
}

static int add_vms(struct listing *listing, const struct process *process,
		   struct glance *vms, size_t nr)
{
	const struct glancer glancer = { .kernel = &listing->view };
	struct slotscope_error ignored = {};
	char qmp[QMP_ADDRESS_MAX];
	struct vmm names;
	bool has_qmp;
	int ret = 0;

	has_qmp = !qmp_socket_find(process, qmp, &ignored);
	vmm_read(process, &names);
	if (listing->have_view)
		ret = glance_at(&glancer, process, vms, nr);
	for (size_t i = 0; i < nr && !ret; i++) {
		if (listing->have_view)
			ret = look_again(&glancer, process, &vms[i]);
		if (!ret)
			ret = add_vm(listing, process, &names,
				     has_qmp ? qmp : NULL, &vms[i]);
	}
	return ret;
}

/* @fds: ascending */
static int add_process(struct listing *listing, const struct process *process,
		       const int *fds, size_t nr)
{
	struct slotscope_error ignored = {};
	struct glance *vms;
	struct vm_id id;
	int ret;

	if (process_vm_id(process, -1, &id, &ignored))
		return 0;
	vms = calloc(nr + 1, sizeof(*vms));
	if (!vms)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		vms[i].id = id;
		vms[i].id.fd = fds[i];
		vms[i].look.verdict = TOP_UNKNOWN;
		/* Which VM a vCPU is of nothing tells */
		vms[i].alone = nr == 1;
	}
	ret = add_vms(listing, process, vms, nr);
	for (size_t i = 0; i < nr; i++)
		glance_deinit(&vms[i]);
	free(vms);
	return ret;
}

static int add_found(const struct process *process, const struct vm_fds *vms,
		     void *opaque)
{
	int *fds = calloc(vms->nr + 1, sizeof(*fds));
	int ret;

	if (!fds)
		return -ENOMEM;
	for (size_t i = 0; i < vms->nr; i++)
		fds[i] = vms->vms[i].fd;
	ret = add_process(opaque, process, fds, vms->nr);
	free(fds);
	return ret;
}

/* The @nr records of one process, by descriptor */
static int add_told(struct listing *listing, const struct slotscope_vm *told,
		    size_t nr)
{
	struct slotscope_error ignored = {};
	struct process process;
	int *fds;
	int ret;

	if (!told->pid) {
		listing->hidden += nr;
		return 0;
	}
	/* One that has ended meanwhile holds no VM */
	if (process_open(told->pid, &process, &ignored))
		return 0;
	fds = calloc(nr + 1, sizeof(*fds));
	for (size_t i = 0; i < nr && fds; i++)
		fds[i] = told[i].fd;
	ret = fds ? add_process(listing, &process, fds, nr) : -ENOMEM;
	free(fds);
	process_close(&process);
	return ret;
}

/* By the module, at once; -EOPNOTSUPP: it has to be by /proc */
static int list_told(struct listing *listing, struct slotscope_error *err)
{
	struct slotscope_vm *vms;
	size_t nr, i, end;
	int ret = 0;

	if (!listing->have_view ||
	    kernel_view_vms(&listing->view, &vms, &nr, err))
		return -EOPNOTSUPP;
	for (i = 0; i < nr && !ret; i = end) {
		for (end = i + 1; end < nr && vms[end].pid == vms[i].pid;)
			end++;
		ret = add_told(listing, &vms[i], end - i);
	}
	free(vms);
	return ret;
}

#define NEXT "  next: "

static void print_none(FILE *out, const struct vm_list_stats *stats)
{
	struct slotscope_error err = {};

	if (kvm_loaded() && !stats->processes) {
		fprintf(out, "no VMs\n");
		return;
	}
	if (kvm_loaded()) {
		fprintf(out, "no VMs in the %zu process%s looked into\n",
			stats->processes,
			stats->processes == 1 ? " that was" : "es that were");
		return;
	}
	kvm_not_loaded(&err);
	fprintf(out, "no VMs: %s\n", err.why);
	text_wrap(out, NEXT, sizeof(NEXT) - 1, err.next);
}

static void print_unseen(FILE *out, const struct vm_list_stats *stats,
			 size_t unseen)
{
	fprintf(out, "%zu more process%s could not be looked into%s\n", unseen,
		plural_es(unseen), stats->unreadable ? ": not permitted" : "");
	if (stats->unreadable)
		text_wrap(out, NEXT, sizeof(NEXT) - 1, PROCESS_PERMIT);
}

static int print_listing(const struct listing *listing,
			 const struct vm_list_stats *stats)
{
	size_t unseen = stats->unreadable + stats->failed;
	/* A script reads rows alone */
	FILE *out = render_style.raw ? stderr : stdout;
	struct slotscope_error err = {};
	int ret = 0;

	if (cmd_globals.json)
		render_vms_json(stdout, listing->rows, listing->nr,
				unseen + listing->hidden, kvm_loaded());
	else if (listing->nr || render_style.raw)
		ret = render_vms(stdout, listing->rows, listing->nr);
	else if (!listing->hidden)
		print_none(out, stats);
	if (ret) {
		error_set(&err, ret, "print the list");
		return cmd_fail(&err);
	}
	if (unseen && !cmd_globals.json)
		print_unseen(out, stats, unseen);
	if (listing->hidden && !cmd_globals.json)
		fprintf(out,
			"%zu VM%s held by processes that have no pid here: they "
			"are in another pid namespace\n",
			listing->hidden,
			listing->hidden == 1 ? " is" : "s are");
	if (listing->unread && !cmd_globals.json && !cmd_globals.verbose)
		fprintf(out,
			"the slots of %zu could not be read: slotscope -v list "
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

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		switch (opt) {
		case 'o':
			if (table_choose(optarg, vm_columns, VM_COLUMNS, &err))
				return cmd_fail(&err);
			break;
		default:
			if (cmd_common_opt(cmd, opt, argv, &exit))
				return exit;
		}
	}
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
		ret = vm_list(add_found, &listing, &stats, &err);
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
		"holds a descriptor of, with what the VM is called, its slots, "
		"and whether what KVM holds agrees with what is mapped in the "
		"VMM.",
	.options = option_table,
	.ending =
		"Exit status: 0 done, 2 some could not be looked into, 3 usage "
		"or error.",
	.run = run,
};
