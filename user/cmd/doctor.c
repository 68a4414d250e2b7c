// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope doctor: what works on this machine, and what to do about the rest. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "host/module.h"
#include "kvm/kvm.h"
#include "render/document.h"
#include "trace/tracer.h"
#include "view/json.h"
#include "view/json_value.h"

static const char help[] =
	"usage: slotscope doctor [OPTIONS]\n"
	"\n"
	"Tries each thing that slotscope needs, and says what works, what does not,\n"
	"why, and what to do about it.\n"
	"\n"
	"Options:\n"
	"      --json     print one JSON document\n"
	"  -v, --verbose  say more on standard error, and tell every hook tried\n"
	"  -h, --help     this text\n"
	"\n"
	"Exit status: 0 all four views can be had, 2 some cannot, 3 usage or error.\n";

/* One line of the answer */
struct diagnosis {
	const char *what;
	bool works;
	bool spare; /* something else does its work */
	char how[512];
	char next[400];
};

#define MAX_DIAGNOSES 8

struct doctor {
	struct diagnosis list[MAX_DIAGNOSES];
	size_t nr;
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

	snprintf(d->how, sizeof(d->how), "%.120s: %s", err->tried, err->why);
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
	struct kvm_state kvm;
	struct diagnosis *d;

	if (kvm_init(&kvm, NULL, &err)) {
		add_error(doctor, "KVM", &err);
		return;
	}
	d = add(doctor, "KVM", true);
	snprintf(d->how, sizeof(d->how),
		 "%u slots in each of %u address spaces, %u physical bits",
		 kvm.nr_slots, kvm.nr_as, kvm.phys_bits);
	kvm_deinit(&kvm);
}

static void look_at_module(struct doctor *doctor)
{
	struct slotscope_error err = {};
	struct slotscope_info info;
	struct diagnosis *d;
	int fd;

	fd = module_open(&info, &err);
	if (fd < 0) {
		d = add_error(doctor, "module", &err);
		/* KERNEL can be had without it if the iterator walks */
		d->spare = works(doctor, tracer_job_names[TRACER_WALK]);
		return;
	}
	d = add(doctor, "module", true);
	snprintf(d->how, sizeof(d->how), SLOTSCOPE_DEVICE ", version %u.%u",
		 info.major, info.minor);
	close(fd);
}

/* Why no hook does a job: the reason of the last one that was tried */
static const struct tracer_hook *best_try(const struct tracer_report *report,
					  enum tracer_job job)
{
	const struct tracer_hook *best = NULL;
	size_t i;

	for (i = 0; i < report->nr_hooks; i++)
		if (report->hooks[i].job == job && report->hooks[i].why[0])
			best = &report->hooks[i];
	return best;
}

static void look_at_tracer(struct doctor *doctor)
{
	struct tracer_report report = {};
	struct slotscope_error err = {};
	/* A tgid of our own: nobody else's events are wanted */
	struct tracer_options options = { .tgid = getpid(),
					  .verbose = cmd_globals.verbose };
	const struct tracer_hook *hook;
	struct tracer *tracer;
	struct diagnosis *d;
	int job;

	if (tracer_open(&options, &report, &tracer, &err)) {
		add_error(doctor, "BPF", &err);
		return;
	}
	for (job = 0; job < TRACER_JOBS; job++) {
		hook = tracer_hook_used(&report, job);
		d = add(doctor, tracer_job_names[job], hook);
		if (!hook)
			hook = best_try(&report, job);
		if (!hook)
			continue;
		snprintf(d->how, sizeof(d->how), "%s %s%s%s",
			 tracer_method_names[hook->method], hook->target,
			 hook->why[0] ? ": " : "", hook->why);
	}
	tracer_close(tracer);
}

static bool all_works(const struct doctor *doctor)
{
	size_t i;

	for (i = 0; i < doctor->nr; i++)
		if (!doctor->list[i].works && !doctor->list[i].spare)
			return false;
	return true;
}

static void print_text(const struct doctor *doctor)
{
	size_t i;

	for (i = 0; i < doctor->nr; i++) {
		const struct diagnosis *d = &doctor->list[i];

		printf("%-5s %-12s %s\n", d->works ? "ok" : "NO", d->what,
		       d->how);
		if (d->next[0])
			printf("%18s next: %s\n", "", d->next);
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
	static const struct option options[] = { CMD_COMMON_LONG, {} };
	struct doctor doctor = {};
	int opt, exit;

	while ((opt = getopt_long(argc, argv, ":" CMD_COMMON_SHORT, options,
				  NULL)) >= 0)
		if (cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	if (optind < argc)
		return cmd_usage(cmd, "extra word \"%s\"", argv[optind]);

	look_at_kvm(&doctor);
	look_at_tracer(&doctor);
	look_at_module(&doctor);
	if (cmd_globals.json)
		render_document(stdout, to_json(&doctor));
	else
		print_text(&doctor);
	return all_works(&doctor) ? CMD_OK : CMD_UNKNOWN;
}

const struct cmd cmd_doctor = {
	.name = "doctor",
	.summary = "say what works on this machine",
	.help = help,
	.run = run,
};
