// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope why: why do the vCPUs of a VM not go on? */
#include <errno.h>
#include <stdio.h>

#include <slotscope/why.h>

#include "cmd/cmd.h"
#include "cmd/look.h"
#include "render/why.h"

enum {
	OPT_FOR = CMD_OPT_FIRST_OWN,
};

/* Some exits have come by then, if any come */
#define GATHER_MS 500

static const struct cmd_option option_table[] = {
	LOOK_PID,
	LOOK_WHICH_VM,
	LOOK_QMP,
	{ OPT_FOR, "for", "SECONDS", NULL,
	  "gather exits for so long first (default: 0.5)" },
	LOOK_HISTORY,
	{ LOOK_OPT_NO_MODEL, "no-model", NULL, NULL, "do without MODEL" },
	{ 'i', "input", "FILE", VALUES_FILES,
	  "of a recording that has --events vcpus,mmio,faults" },
	CMD_JSON("print one JSON document"),
	CMD_COMMON
};

struct asking {
	char source[256];
};

static int tell(void *ctx, const struct looked *looked,
		struct slotscope_error *err)
{
	const struct asking *asking = ctx;
	struct stops stops;
	const struct why_document document = { .stops = &stops,
					       .vm = looked->vm,
					       .past = looked->past,
					       .source = asking->source };
	int ret = stops_find(looked->comparison, &stops);

	if (!ret && cmd_globals.json)
		ret = render_why_json(stdout, &document);
	else if (!ret)
		render_why(stdout, &document);
	if (!ret && !stops.nr)
		ret = CMD_UNKNOWN;
	for (size_t i = 0; i < stops.nr && ret >= 0; i++)
		if (stops.items[i].cannot)
			ret = CMD_MISMATCH;
	stops_deinit(&stops);
	return ret < 0 ? error_set(err, ret, "tell of the vCPUs") : ret;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct look_options options = {
		.checker = { .fd = -1,
			     .name.fd = -1,
			     .now = true,
			     .classes = TRACER_CLASS_CALLS |
					TRACER_CLASS_VCPUS | TRACER_CLASS_MMIO |
					TRACER_CLASS_FAULTS },
		.wait_ms = GATHER_MS,
	};
	struct asking asking = {};
	struct slotscope_error err = {};
	const char *wrong;
	int opt, ret, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		ret = opt == OPT_FOR ?
			      cmd_parse_seconds(optarg, &options.wait_ms,
						&err) :
			      look_option(&options, opt, &err);
		if (ret < 0)
			return cmd_fail(&err);
		if (ret && cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	}
	options.checker.verbose = cmd_globals.verbose;
	if (optind < argc)
		return cmd_usage(cmd, "extra word \"%s\"", argv[optind]);
	if (!options.checker.pid == !options.input)
		return cmd_usage(cmd, "give one of --pid and -i");
	if (options.input && (options.checker.fd >= 0 || options.checker.qmp ||
			      options.checker.no_model))
		return cmd_usage(cmd, "--fd, --qmp and --no-model go with "
				      "--pid");
	wrong = look_history(&options, options.checker.pid);
	if (wrong)
		return cmd_usage(cmd, "%s", wrong);
	if (options.input)
		snprintf(asking.source, sizeof(asking.source), "-i %.200s",
			 options.input);
	else
		snprintf(asking.source, sizeof(asking.source), "--pid %d",
			 options.checker.pid);
	cmd_page();
	return look(&options, tell, &asking);
}

const struct cmd cmd_why = {
	.name = "why",
	.summary = "tell why the vCPUs of a VM do not go on",
	.usage = "why --pid PID [OPTIONS]\n"
		 "why -i FILE [--vm NAME]",
	.about =
		"Tells why each vCPU of a VM left the guest last, and whether "
		"it cannot go on for what memory is: KVM_RUN failed, registers "
		"where RAM was meant, private memory that is shared, no memory "
		"to fetch from, a page that userfaultfd is to bring. From the "
		"guest's address it follows region, slot, attribute, mapping, "
		"file and KVM's page tables, and names the first that breaks.",
	.options = option_table,
	.ending =
		"Exit status: 0 none is stopped for what memory is, 1 one is, 2 "
		"nothing is known of any, 3 usage or error.",
	.run = run,
};
