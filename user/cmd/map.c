// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope map: a picture of guest memory, in every view. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <slotscope/addr.h>

#include "cmd/cmd.h"
#include "cmd/look.h"
#include "cmd/look_tree.h"
#include "render/map.h"
#include "render/style.h"
#include "session/stage2_stretches.h"

enum {
	OPT_AS = CMD_OPT_FIRST_OWN,
	OPT_AT,
	OPT_ASCII,
	OPT_STAGE2,
	OPT_REPORT,
};

#define COMMAND_AT_MS 3000

static const struct cmd_option option_table[] = {
	LOOK_PID,
	LOOK_WHICH_VM,
	LOOK_QMP,
	{ OPT_AT, "at", "SECONDS", NULL,
	  "of a COMMAND: so long after it has a VM (default: 3)" },
	LOOK_NO_TRACE,
	{ LOOK_OPT_NO_MODEL, "no-model", NULL, NULL,
	  "do without MODEL, regions and flat view" },
	{ OPT_STAGE2, "stage2", NULL, NULL,
	  "draw how much KVM's page tables map; takes the module" },
	LOOK_INPUT,
	LOOK_FILES,
	{ 's', "gpa", "RANGE", NULL,
	  "show this alone: 0x1000, 0x1000-0x1fff or 0xc0000+256k" },
	{ OPT_AS, "as", "N", "0 1",
	  "this address space alone: 0 is memory, 1 SMM's" },
	{ OPT_ASCII, "ascii", NULL, NULL,
	  "draw with + - and |, as where the locale has no UTF-8" },
	{ OPT_REPORT, "report", "FILE", VALUES_FILES,
	  "print to FILE, apart from what the COMMAND prints" },
	CMD_JSON("print one JSON document"),
	CMD_COMMON
};

struct drawing {
	struct map_document document;
	struct lanes_input input;
	bool stage2;
	struct stage2_stretches mapped;
};

static const struct slot_state *kernel_of(const struct check_input *input)
{
	for (size_t i = 0; i < input->nr_views; i++)
		if (input->views[i].party == PARTY_KERNEL)
			return input->views[i].slots;
	return NULL;
}

/* NULL, or why they cannot be drawn */
static const char *read_stage2(struct drawing *d, const struct looked *looked,
			       struct slotscope_error *err)
{
	const struct slot_state *kernel = kernel_of(looked->comparison->input);
	const struct checker *checker = looked->checker;

	if (!checker)
		return "no file tells of it";
	if (!d->stage2)
		return "it was not asked for (--stage2)";
	if (!kernel)
		return "there is no KERNEL to look from";
	return stage2_stretches_read(&checker->kernel, &checker->process,
				     looked->vm, kernel, &d->mapped, err) ?
		       err->why :
		       NULL;
}

static bool any_box(const struct lanes_input *input, int32_t only)
{
	struct lanes_input one = *input;
	const uint16_t nr = lanes_spaces(input);
	struct lanes lanes;
	bool any = false;

	for (one.as_id = 0; one.as_id < nr; one.as_id++) {
		if (only >= 0 && one.as_id != only)
			continue;
		if (!lanes_make(&one, &lanes))
			any |= lanes.scale.nr;
		lanes_deinit(&lanes);
	}
	return any;
}

/* What was asked for and could not be had, or may be wrong */
static bool any_lost(const struct check_input *input)
{
	const struct view *view;

	for (size_t i = 0; i < input->nr_views; i++) {
		view = &input->views[i];
		if (view->unread ||
		    (view->slots && slot_state_doubt(view->slots)) ||
		    (view->map && view->map->truncated))
			return true;
	}
	return false;
}

static int status_of(const struct drawing *d, bool stage2_lost)
{
	const struct comparison *comparison = d->input.comparison;

	if (findings_count(&comparison->findings, FINDING_MISMATCH))
		return CMD_MISMATCH;
	return any_box(&d->input, d->document.as_id) && !stage2_lost &&
			       !any_lost(comparison->input) ?
		       CMD_OK :
		       CMD_UNKNOWN;
}

static int draw(void *ctx, const struct looked *looked,
		struct slotscope_error *err)
{
	static const struct stage2_row none; /* which is a statement, too */
	struct drawing *d = ctx;
	struct slotscope_error no_stage2 = {};
	struct model_layout layout = {};
	struct model_tree tree;
	int ret;

	d->input.comparison = looked->comparison;
	d->input.rows = looked->rows;
	d->input.no_layout = look_tree(looked, &tree);
	d->input.no_views = d->input.no_layout;
	d->input.no_stage2 = read_stage2(d, looked, &no_stage2);
	d->input.stage2 = d->input.no_stage2 ? NULL :
			  d->mapped.rows     ? d->mapped.rows :
					       &none;
	d->input.nr_stage2 = d->mapped.nr;
	ret = tree.tree ? model_tree_lay_out(&tree, &layout) : 0;
	if (ret)
		goto out;
	if (tree.tree) {
		d->input.views = tree.views;
		d->input.nr_views = QEMU_SPACES;
		d->input.layout = &layout;
		d->input.rights = tree.rights;
		d->input.no_layout = layout.not_built.code ?
					     layout.not_built.why :
					     "there is no text of the tree";
	}
	d->document.input = &d->input;
	d->document.vm = looked->vm;
	d->document.comm = looked->comm;
	if (cmd_globals.json)
		ret = render_map_json(cmd_report(), &d->document);
	else
		ret = render_map(cmd_report(), &d->document);
	if (!ret)
		ret = status_of(d, d->stage2 && d->input.no_stage2);
out:
	model_layout_deinit(&layout);
	stage2_stretches_deinit(&d->mapped);
	return ret < 0 ? error_set(err, ret, "draw guest memory") : ret;
}

static bool has_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", NULL);
	bool has = locale && !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");

	if (locale)
		freelocale(locale);
	return has;
}

static int parse_as(const char *text, int32_t *as_id,
		    struct slotscope_error *err)
{
	char *end;
	unsigned long nr = strtoul(text, &end, 10);

	if (text[0] >= '0' && text[0] <= '9' && !*end && nr <= UINT16_MAX) {
		*as_id = (int32_t)nr;
		return 0;
	}
	error_set(err, EINVAL, "read the address space \"%.40s\"", text);
	error_why(err, "it is no number from 0 to 65535");
	return error_next(err, "0 is memory, 1 what SMM sees");
}

static int parse_zoom(const char *text, struct lanes_input *input,
		      struct slotscope_error *err)
{
	struct addr_query query;
	int ret = addr_parse(text, &query, err);

	if (ret)
		return ret;
	if (query.kind == ADDR_HVA || query.kind == ADDR_REGION) {
		error_set(err, EINVAL, "show %.80s", text);
		error_why(err, "it is no range of guest addresses");
		return error_next(err, "give 0x1000-0x1fff or 0xc0000+256k");
	}
	input->zoom = true;
	input->first = query.first;
	input->last = query.last;
	return 0;
}

static int set_option(struct drawing *d, struct look_options *options, int opt,
		      struct slotscope_error *err)
{
	switch (opt) {
	case OPT_AS:
		return parse_as(optarg, &d->document.as_id, err);
	case OPT_AT:
		return cmd_parse_seconds(optarg, &options->wait_ms, err);
	case OPT_ASCII:
		d->document.ascii = true;
		return 0;
	case OPT_STAGE2:
		d->stage2 = true;
		return 0;
	case OPT_REPORT:
		return cmd_report_to(optarg, false, err);
	case 's':
		return parse_zoom(optarg, &d->input, err);
	default:
		return look_option(options, opt, err);
	}
}

/* What does not go together; NULL: all is well */
static const char *wrong(const struct look_options *options,
			 const struct drawing *d)
{
	const struct checker_options *checker = &options->checker;
	const bool runs = checker->pid || options->argv;

	if (!!checker->pid + !!options->argv + !!options->input +
		    check_files_any(&options->files) !=
	    1)
		return "give one of --pid, -i, files and a COMMAND";
	if (!runs && (checker->fd >= 0 || checker->qmp || checker->no_trace ||
		      checker->no_model || d->stage2))
		return "--fd, --qmp, --no-trace, --no-model and --stage2 are "
		       "for a VM that runs";
	if (!options->argv && options->wait_ms != COMMAND_AT_MS)
		return "--at goes with a COMMAND";
	return NULL;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct look_options options = {
		.checker = { .fd = -1, .name.fd = -1, .now = true },
		.wait_ms = COMMAND_AT_MS,
		.files.page_size = 4096,
	};
	struct drawing d = { .document.as_id = -1 };
	struct slotscope_error err = {};
	const char *why;
	int opt, ret, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		ret = set_option(&d, &options, opt, &err);
		if (ret < 0)
			return cmd_fail(&err);
		if (ret && cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	}
	if (cmd_report_begin(&options.input, 1, &err))
		return cmd_fail(&err);
	options.checker.verbose = cmd_globals.verbose;
	if (optind < argc)
		options.argv = argv + optind;
	why = wrong(&options, &d);
	if (why)
		return cmd_usage(cmd, "%s", why);
	if (!options.argv)
		options.wait_ms = 0;
	d.document.columns = render_style.columns;
	d.document.ascii |= !has_utf8();
	return look(&options, draw, &d);
}

const struct cmd cmd_map = {
	.name = "map",
	.summary = "draw guest memory, in every view",
	.usage = "map --pid PID [OPTIONS]\n"
		 "map [OPTIONS] -- COMMAND [ARGS]\n"
		 "map -i FILE [--vm NAME] [OPTIONS]\n"
		 "map [--mtree FILE] [--model FILE] [--slots FILE] ... "
		 "[OPTIONS]",
	.about =
		"Draws guest memory, an address space below the other, with a "
		"column for each copy of the memory map, from the VMM to the "
		"host: its regions (what hides what: the leftmost box is seen), "
		"its flat view, the slots as they were asked for and as KVM "
		"holds them, KVM's page tables, the mappings beneath. Addresses "
		"grow downwards, on a compressed scale: what is 4 KiB and what "
		"is 64 GiB can both be seen. What was found is marked.",
	.options = option_table,
	.ending =
		"Exit status: 0 drawn, 1 a mismatch was found, 2 nothing could "
		"be drawn, or a view that was asked for could not be had or "
		"lost events, 3 usage or error.",
	.takes_command = true,
	.run = run,
};
