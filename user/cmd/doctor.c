// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope doctor: what works on this machine, and what to do about the rest. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json_value.h"
#include "base/plural.h"
#include "cmd/cmd.h"
#include "cmd/ladder.h"
#include "host/foreign.h"
#include "host/module.h"
#include "kvm/loaded.h"
#include "kvm/prove.h"
#include "render/color.h"
#include "render/document.h"
#include "render/text.h"
#include "trace/tracer.h"
#include "view/json.h"

static const struct cmd_option option_table[] = {
	CMD_JSON("print one JSON document"),
	{ 'v', "verbose", NULL, NULL,
	  "say more on standard error, and tell every hook tried" },
	CMD_HELP
};

/* Names of lines that views need, beside the tracer's jobs */
#define KVM    "KVM"
#define LOOK   "look"
#define BPF    "BPF"
#define MODULE "module"

/* One line of the answer */
struct diagnosis {
	const char *what;
	bool works;
	bool part;     /* not all of it */
	char how[704]; /* an error's "tried" and "why" fit */
	char next[400];
};

#define VIEWS	      4
#define MAX_DIAGNOSES (4 + TRACER_JOBS + VIEWS)

struct doctor {
	struct diagnosis list[MAX_DIAGNOSES];
	size_t nr;
	size_t first_view;
	bool bpf;	/* each job of it has a line */
	bool by_module; /* KERNEL is read by it, whether or not that works */
};

static struct diagnosis *add(struct doctor *doctor, const char *what,
			     bool works)
{
	struct diagnosis *d = &doctor->list[doctor->nr++];

	d->what = what;
	d->works = works;
	return d;
}

static struct diagnosis *add_error(struct doctor *doctor, const char *what,
				   const struct slotscope_error *err)
{
	struct diagnosis *d = add(doctor, what, false);

	snprintf(d->how, sizeof(d->how), "%s: %s", err->tried, err->why);
	snprintf(d->next, sizeof(d->next), "%s", err->next);
	return d;
}

static bool works(const struct doctor *doctor, const char *what)
{
	size_t i;

	for (i = 0; i < doctor->nr; i++)
		if (!strcmp(doctor->list[i].what, what))
			return doctor->list[i].works;
	return false;
}

static void look_at_kvm(struct doctor *doctor)
{
	struct slotscope_error err = {};
	struct kvm_proof kvm;
	struct diagnosis *d;

	if (kvm_proof_init(&kvm, &err)) {
		add_error(doctor, KVM, &err);
		return;
	}
	if (kvm_proof_create_vm(&kvm, &err)) {
		add_error(doctor, KVM, &err);
	} else {
		d = add(doctor, KVM, true);
		snprintf(d->how, sizeof(d->how),
			 "%u slots in %s%u address space%s", kvm.nr_slots,
			 kvm.nr_as == 1 ? "" : "each of ", kvm.nr_as,
			 plural(kvm.nr_as));
	}
	kvm_proof_deinit(&kvm);
}

/* What all but TRACED need, tried on a process as closed as any */
static void look_at_processes(struct doctor *doctor)
{
	struct slotscope_error err = {}, look = {};
	struct process process;
	struct diagnosis *d;

	if (foreign_start(&process, &err)) {
		add_error(doctor, LOOK, &err);
		return;
	}
	if (foreign_look(&process, &err)) {
		error_set(&look, err.code,
			  "look into a process that we may not debug");
		error_why(&look, "%s", err.why);
		error_next(&look, "%s", err.next);
		add_error(doctor, LOOK, &look);
	} else {
		d = add(doctor, LOOK, true);
		snprintf(d->how, sizeof(d->how),
			 "any process's descriptors, links and memory map");
	}
	foreign_end(&process);
}

/* The module is handed a duplicate of the VM's descriptor: can that be had? */
static int try_taking(struct slotscope_error *err)
{
	struct slotscope_error take = {};
	struct process process;
	int ret = foreign_start(&process, err);

	if (ret)
		return ret;
	ret = foreign_take(&process, &take);
	foreign_end(&process);
	if (!ret)
		return 0;
	error_set(err, ret,
		  "take a descriptor of another process for the module");
	error_why(err, "%s", take.why);
	return error_next(err, "%s", take.next);
}

static void look_at_module(struct doctor *doctor)
{
	struct slotscope_error err = {};
	struct slotscope_info info;
	struct diagnosis *d;
	int fd;

	fd = module_open(&info, &err);
	if (fd < 0) {
		add_error(doctor, MODULE, &err);
		return;
	}
	close(fd);
	doctor->by_module = true;
	if (try_taking(&err)) {
		add_error(doctor, MODULE, &err);
		return;
	}
	d = add(doctor, MODULE, true);
	snprintf(d->how, sizeof(d->how), SLOTSCOPE_DEVICE ", version %u.%u",
		 info.major, info.minor);
}

/* All that was tried for a job: the hook that does it, or why none does */
static void tell_hooks(struct diagnosis *d, const struct tracer_report *report,
		       enum tracer_job job)
{
	const struct tracer_hook *used = tracer_hook_used(report, job), *hook;
	char cost[LADDER_COST];
	size_t i, len = 0;

	for (i = 0; i < report->nr_hooks && len < sizeof(d->how); i++) {
		hook = &report->hooks[i];
		if (hook->job != job || (used ? hook != used : !hook->why[0]))
			continue;
		len += snprintf(d->how + len, sizeof(d->how) - len,
				"%s%s %s%s%s%s%s", len ? "\n" : "",
				tracer_method_names[hook->method], hook->target,
				hook->runs ? ", " : "", ladder_cost(cost, hook),
				hook->why[0] ? ": " : "", hook->why);
	}
}

static bool any_tried(const struct tracer_report *report)
{
	size_t i;

	for (i = 0; i < report->nr_hooks; i++)
		if (report->hooks[i].why[0])
			return true;
	return false;
}

/*
 * What nobody has to ask for may be what the kernel does not take: check and slots do
 * without it. @all: why not with everything. False: it cannot be done so, either
 */
static bool open_without_events(struct doctor *doctor,
				struct tracer_report *report,
				struct tracer **tracer,
				const struct slotscope_error *all)
{
	const struct tracer_options options = {
		.tgid = getpid(), .verbose = cmd_globals.verbose
	};
	struct slotscope_error err = {};
	struct diagnosis *d;

	*report = (struct tracer_report){};
	if (tracer_open(&options, report, tracer, &err)) {
		add_error(doctor, BPF, all);
		return false;
	}
	d = add(doctor, BPF, true);
	d->part = true;
	snprintf(d->how, sizeof(d->how),
		 "without what --events asks for, in part: %s: %s", all->tried,
		 all->why);
	return true;
}

static void look_at_tracer(struct doctor *doctor)
{
	struct tracer_report report = {};
	struct slotscope_error err = {};
	/* A tgid of our own: nobody else's events are wanted */
	struct tracer_options options = { .tgid = getpid(),
					  .classes = TRACER_CLASSES_ALL,
					  .probes = true,
					  .measure = true,
					  .verbose = cmd_globals.verbose };
	struct tracer *tracer = NULL;
	struct diagnosis *d;
	bool hooks;
	int job;

	if (tracer_open(&options, &report, &tracer, &err)) {
		/* What it says of the hooks, each line below says of its own */
		hooks = err.code == ENOTSUP && any_tried(&report);
		if (hooks)
			error_why(&err, "no way to do it works");
		if (hooks)
			add_error(doctor, BPF, &err);
		else if (!open_without_events(doctor, &report, &tracer, &err))
			return;
	}
	doctor->bpf = true;
	for (job = 0; job < TRACER_JOBS; job++) {
		d = add(doctor, tracer_job_names[job],
			tracer_hook_used(&report, job));
		tell_hooks(d, &report, job);
		if (!d->works && !d->how[0])
			snprintf(
				d->how, sizeof(d->how),
				"not tried: not all of it can be loaded, see " BPF);
	}
	tracer_close(tracer);
}

/* A view, by @how; or what of the lines above it lacks. @needs ends in NULL */
static void add_view(struct doctor *doctor, const char *what, const char *how,
		     const char *const *needs)
{
	struct diagnosis *d = add(doctor, what, true);
	size_t len = 0;

	for (; *needs; needs++) {
		if (works(doctor, *needs))
			continue;
		d->works = false;
		len += snprintf(d->how + len, sizeof(d->how) - len, "%s%s",
				len ? ", " : "it lacks, see above: ", *needs);
	}
	if (d->works)
		snprintf(d->how, sizeof(d->how), "%s", how);
}

/*
 * TRACED can be had by requests alone, or by changes alone, as check makes it of what it
 * gets: then it is what it lacks that is to be known
 */
static void add_traced(struct doctor *doctor)
{
	static const enum tracer_job jobs[] = { TRACER_REQUESTS, TRACER_CHANGES,
						TRACER_CREATION,
						TRACER_DESTRUCTION,
						TRACER_PROCESSES };
	const char *const either[] = { KVM, tracer_job_names[TRACER_REQUESTS],
				       tracer_job_names[TRACER_CHANGES], NULL };
	const bool any = works(doctor, either[1]) || works(doctor, either[2]);
	struct diagnosis *d;
	size_t len;

	if (!any || !works(doctor, KVM)) {
		add_view(doctor, "TRACED", "", either);
		return;
	}
	d = add(doctor, "TRACED", true);
	len = snprintf(d->how, sizeof(d->how), "by the hooks above");
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		if (!works(doctor, tracer_job_names[jobs[i]])) {
			len += snprintf(d->how + len, sizeof(d->how) - len,
					"%s%s",
					d->part ? ", " : ", in part: without ",
					tracer_job_names[jobs[i]]);
			d->part = true;
		}
}

static void look_at_views(struct doctor *doctor)
{
	const char *const model[] = { KVM, LOOK, NULL };
	const char *const no_bpf[] = { KVM, BPF, NULL };
	const char *const kernel[] = { KVM, LOOK,
				       doctor->by_module ?
					       MODULE :
				       doctor->bpf ?
					       tracer_job_names[TRACER_WALK] :
					       BPF,
				       NULL };

	doctor->first_view = doctor->nr;
	add_view(doctor, "MODEL", "by the VMM's QMP monitor, if it has one",
		 model);
	if (doctor->bpf)
		add_traced(doctor);
	else
		add_view(doctor, "TRACED", "", no_bpf);
	add_view(doctor, "KERNEL",
		 doctor->by_module ? "by the module" : "by the BPF iterator",
		 kernel);
	add_view(doctor, "BACKING", "by /proc/PID/maps", model);
}

static bool all_works(const struct doctor *doctor)
{
	for (size_t i = doctor->first_view; i < doctor->nr; i++)
		if (!doctor->list[i].works || doctor->list[i].part)
			return false;
	return true;
}

#define INDENT 19 /* of what stands behind "ok    changes      " */

static void print_text(const struct doctor *doctor)
{
	char first[64];
	size_t i;

	for (i = 0; i < doctor->nr; i++) {
		const struct diagnosis *d = &doctor->list[i];

		const enum color color = d->works ? COLOR_GOOD : COLOR_BAD;

		snprintf(first, sizeof(first), "%s%s%s    %-12s ",
			 color_on(color), d->works ? "ok" : "NO",
			 color_off(color), d->what);
		text_wrap(stdout, first, INDENT, d->how);
		if (!d->next[0])
			continue;
		snprintf(first, sizeof(first), "%*snext: ", INDENT, "");
		text_wrap(stdout, first, INDENT + 6, d->next);
	}
}

static struct json_object *to_json(const struct doctor *doctor)
{
	struct json_object *root = json_object_new_object();
	struct json_object *list = json_object_new_array();
	int ret = 0;
	size_t i;

	if (!root || !list)
		goto fail;
	ret |= json_put_u64(root, "version", SLOTSCOPE_JSON_VERSION);
	ret |= json_put_bool(root, "works", all_works(doctor));
	for (i = 0; i < doctor->nr; i++) {
		const struct diagnosis *d = &doctor->list[i];
		struct json_object *obj = json_object_new_object();

		if (!obj)
			goto fail;
		ret |= json_put_str(obj, "what", d->what);
		ret |= json_put_bool(obj, "works", d->works);
		ret |= json_put_str(obj, "how", d->how);
		ret |= json_put_str(obj, "next", d->next[0] ? d->next : NULL);
		ret |= json_add(list, obj);
	}
	ret |= json_put(root, "diagnoses", list);
	list = NULL; /* the root's, or gone */
	if (!ret)
		return root;
fail:
	json_object_put(list);
	json_object_put(root);
	return NULL;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct doctor doctor = {};
	int opt, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0)
		if (cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	if (optind < argc)
		return cmd_usage(cmd, "extra word \"%s\"", argv[optind]);

	cmd_page();
	look_at_kvm(&doctor);
	look_at_processes(&doctor);
	/* Each of its parts would say once more that there is no KVM */
	if (kvm_loaded())
		look_at_tracer(&doctor);
	look_at_module(&doctor);
	look_at_views(&doctor);
	if (cmd_globals.json)
		render_document(stdout, to_json(&doctor));
	else
		print_text(&doctor);
	return all_works(&doctor) ? CMD_OK : CMD_UNKNOWN;
}

const struct cmd cmd_doctor = {
	.name = "doctor",
	.summary = "say what works on this machine",
	.usage = "doctor [OPTIONS]",
	.about = "Tries each thing that slotscope needs, and says what works, "
		 "what does not, why, and what to do about it. The last four "
		 "lines are the views: by what each can be had, or what of the "
		 "above it lacks. The exit status is theirs.",
	.options = option_table,
	.ending =
		"Exit status: 0 all four views can be had, 2 some cannot, or one "
		"in part alone, 3 usage or error.",
	.run = run,
};
