// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope addr: who owns an address, in every view. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/look.h"
#include "qemu/layout.h"
#include "render/addr.h"
#include "session/monitor.h"

enum {
	OPT_AS = CMD_OPT_FIRST_OWN,
};

/* Of one place; pages of 4 KiB each, at the worst */
#define MAPPED_MAX 16

#define QMP_MS 10000

static const struct cmd_option option_table[] = {
	LOOK_PID,
	LOOK_WHICH_VM,
	LOOK_QMP,
	{ OPT_AS, "as", "N", NULL,
	  "in this address space alone: 0 is memory, 1 SMM's" },
	LOOK_NO_TRACE,
	LOOK_HISTORY,
	{ LOOK_OPT_NO_MODEL, "no-model", NULL, NULL,
	  "do without MODEL, and what else the VMM would tell" },
	LOOK_INPUT,
	LOOK_FILES,
	CMD_JSON("print one JSON document"),
	CMD_COMMON
};

/**
 * struct asking - a question
 * @text: of the address
 */
struct asking {
	const char *text;
	struct addr_query query;
	bool no_model;
	const char *qmp;
};

static void add_blind(struct addr_document *document, const char *what,
		      const char *why)
{
	if (document->nr_blind < ADDR_BLIND_MAX)
		document->blind[document->nr_blind++] =
			(struct addr_blind){ what, why, false };
}

/* What was asked for and lost: a name in the answer is no certain one then */
static void add_doubt(struct addr_document *document, const char *what,
		      const char *why)
{
	if (document->nr_blind < ADDR_BLIND_MAX)
		document->blind[document->nr_blind++] =
			(struct addr_blind){ what, why, true };
}

static bool any_doubt(const struct addr_document *document)
{
	for (size_t i = 0; i < document->nr_blind; i++)
		if (document->blind[i].doubt)
			return true;
	return false;
}

/* A view that is there: where it may be wrong, else where it has not looked */
static void blind_places(struct addr_document *document, size_t at)
{
	const struct addr_answer *answer = document->answer;
	const struct view *view =
		&document->input->comparison->input->views[at];
	const char *name = party_of(view->party)->name;
	const char *why = NULL;

	if (view->slots)
		why = slot_state_doubt(view->slots);
	else if (view->map->truncated)
		why = "it is cut off: there may be more";
	if (why)
		add_doubt(document, name, why);
	for (size_t i = 0; i < answer->nr && !why; i++) {
		why = addr_unseen(document->input, &answer->places[i], at);
		if (why)
			add_blind(document, name, why);
	}
}

/* Views that say nothing, of which that could be taken for nothing there */
static void blind_views(struct addr_document *document, const char *absent)
{
	const struct check_input *input = document->input->comparison->input;
	const struct view *view;
	uint32_t seen = 0;

	for (size_t i = 0; i < input->nr_views; i++) {
		view = &input->views[i];
		seen |= 1U << view->party;
		if (view->slots || view->map) {
			blind_places(document, i);
			continue;
		}
		add_blind(document, party_of(view->party)->name,
			  view->unread ? view->unread :
			  view->none   ? view->none :
					 absent);
	}
	for (int party = PARTY_MODEL; party <= PARTY_BACKING; party++)
		if (!(seen & 1U << party))
			add_blind(document, party_of(party)->name, absent);
}

static const char *say_error(const struct slotscope_error *err, char *buf,
			     size_t size)
{
	snprintf(buf, size, "%.200s: %.300s", err->tried, err->why);
	return buf;
}

static void read_layout(const struct asking *asking,
			const struct looked *looked, struct layout *layout)
{
	struct slotscope_error err = {};
	struct qmp *qmp;
	bool model = false;

	for (size_t i = 0; i < looked->comparison->input->nr_views; i++)
		model |= looked->comparison->input->views[i].party ==
				 PARTY_MODEL &&
			 looked->comparison->input->views[i].slots;
	if (!model) {
		error_set(&err, ENOENT, "ask the VMM");
		error_why(&err, "there is no MODEL: it tells nothing");
		layout_none(layout, &err);
	} else if (monitor_open(&looked->checker->process, asking->qmp, QMP_MS,
				&qmp, &err)) {
		layout_none(layout, &err);
	} else {
		layout_read(qmp, layout);
		qmp_close(qmp);
	}
}

/* Of each place with a guest address; NULL: @err says why not */
static struct addr_mapped *read_mapped(const struct looked *looked,
				       const struct addr_answer *answer,
				       struct slotscope_error *err)
{
	const struct checker *checker = looked->checker;
	struct addr_mapped *mapped = calloc(answer->nr + 1, sizeof(*mapped));
	const struct addr_place *place;
	gpa_t first, last;
	int ret = 0;

	for (size_t i = 0; i < answer->nr && mapped && !ret; i++) {
		place = &answer->places[i];
		if (!place->guest)
			continue;
		mapped[i].items = calloc(MAPPED_MAX, sizeof(*mapped[i].items));
		if (!mapped[i].items)
			continue;
		first = place->gpa & ~4095ULL;
		last = place->gpa + (place->size - 1);
		ret = kernel_view_mapped(&checker->kernel, &checker->process,
					 looked->vm, place->as_id, first,
					 (last & ~4095ULL) - first + 4096,
					 mapped[i].items, MAPPED_MAX,
					 &mapped[i].nr, &mapped[i].more, err);
	}
	if (!ret)
		return mapped;
	for (size_t i = 0; i < answer->nr; i++)
		free(mapped[i].items);
	free(mapped);
	return NULL;
}

static bool any_mismatch(const struct addr_input *input,
			 const struct addr_answer *answer)
{
	const struct check_row *row;
	const struct finding *finding;

	for (size_t i = 0; i < answer->nr; i++) {
		if (answer->places[i].row == ADDR_NO_ROW)
			continue;
		row = &input->rows->rows[answer->places[i].row];
		if (row->verdict != ROW_FINDING)
			continue;
		finding = &input->comparison->findings.items[row->finding];
		if (finding_id_kind(finding->id) == FINDING_MISMATCH)
			return true;
	}
	return false;
}

static int print(const struct addr_document *document)
{
	int ret;

	if (cmd_globals.json)
		ret = render_addr_json(stdout, document);
	else
		ret = render_addr(stdout, document);
	if (ret)
		return ret;
	if (any_mismatch(document->input, document->answer))
		return CMD_MISMATCH;
	return document->answer->owned && !any_doubt(document) ? CMD_OK :
								 CMD_UNKNOWN;
}

/* What the flat view, the tree and the RAMBlocks are of; and say what is not there */
static void use_layout(struct addr_input *input, struct addr_document *document,
		       const struct layout *layout, char (*why)[512])
{
	if (layout->no_flat.code)
		add_blind(document, "flat range",
			  say_error(&layout->no_flat, why[0], sizeof(why[0])));
	else
		input->flat = &layout->flat;
	if (layout->no_tree.code)
		add_blind(document, "region",
			  say_error(&layout->no_tree, why[1], sizeof(why[1])));
	else
		input->tree = &layout->tree;
	if (layout->no_blocks.code)
		add_blind(document, "RAMBlock",
			  say_error(&layout->no_blocks, why[2],
				    sizeof(why[2])));
	input->blocks = layout->blocks;
	input->nr_blocks = layout->nr_blocks;
}

static const char *not_there(const struct given *given)
{
	return given ? "no file tells of it" :
		       "what has events alone does not tell";
}

/* Without a process; @given is NULL of a recording */
static void use_given(struct addr_input *input, struct addr_document *document,
		      const struct given *given)
{
	const char *why = not_there(given);

	if (given && given->mtree.views.nr)
		input->flat = &given->mtree.views;
	else
		add_blind(document, "flat range", why);
	if (given && given->mtree.tree.nr_nodes)
		input->tree = &given->mtree.tree;
	else
		add_blind(document, "region", why);
	add_blind(document, "RAMBlock", why);
	add_blind(document, "stage 2", why);
}

static int answer(void *ctx, const struct looked *looked,
		  struct slotscope_error *err)
{
	const struct asking *asking = ctx;
	struct addr_input input = { .comparison = looked->comparison,
				    .rows = looked->rows };
	struct addr_document document = { .input = &input,
					  .query = &asking->query,
					  .asked = asking->text,
					  .vm = looked->vm,
					  .comm = looked->comm,
					  .past = looked->past };
	struct addr_mapped *mapped = NULL;
	struct slotscope_error no_stage2 = {};
	struct layout layout = {};
	struct addr_answer found;
	char why[4][512];
	int ret;

	if (looked->checker) {
		read_layout(asking, looked, &layout);
		use_layout(&input, &document, &layout, why);
	} else {
		use_given(&input, &document, looked->given);
	}
	ret = addr_find(&input, &asking->query, &found);
	document.answer = &found;
	blind_views(&document, looked->checker ? "it was not asked for" :
						 not_there(looked->given));
	if (!ret && looked->checker) {
		mapped = read_mapped(looked, &found, &no_stage2);
		if (!mapped)
			add_blind(&document, "stage 2",
				  say_error(&no_stage2, why[3],
					    sizeof(why[3])));
	}
	document.mapped = mapped;
	if (!ret)
		ret = print(&document);
	for (size_t i = 0; i < found.nr && mapped; i++)
		free(mapped[i].items);
	free(mapped);
	addr_answer_deinit(&found);
	if (looked->checker)
		layout_deinit(&layout);
	return ret < 0 ? error_set(err, ret, "tell of an address") : ret;
}

static int parse_as(const char *text, struct addr_query *query,
		    struct slotscope_error *err)
{
	char *end;
	unsigned long as_id = strtoul(text, &end, 10);

	if (text[0] >= '0' && text[0] <= '9' && !*end && as_id <= UINT16_MAX) {
		query->as_id = (int32_t)as_id;
		return 0;
	}
	error_set(err, EINVAL, "read the address space \"%.40s\"", text);
	error_why(err, "it is no number from 0 to 65535");
	return error_next(err, "0 is memory, 1 what SMM sees");
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct look_options options = {
		.checker = { .fd = -1, .name.fd = -1, .now = true },
		.files.page_size = 4096,
	};
	struct asking asking = {};
	struct slotscope_error err = {};
	const char *as = NULL;
	const char *wrong;
	int opt, ret, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		if (opt == OPT_AS) {
			as = optarg;
			continue;
		}
		ret = look_option(&options, opt, &err);
		if (ret < 0)
			return cmd_fail(&err);
		if (ret && cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	}
	options.checker.verbose = cmd_globals.verbose;
	if (argc - optind != 1)
		return cmd_usage(cmd, optind == argc ? "no ADDRESS given" :
						       "one ADDRESS at a time");
	asking.text = argv[optind];
	asking.qmp = options.checker.qmp;
	if (addr_parse(asking.text, &asking.query, &err) ||
	    (as && parse_as(as, &asking.query, &err)))
		return cmd_fail(&err);
	if (!!options.checker.pid + !!options.input +
		    check_files_any(&options.files) !=
	    1)
		return cmd_usage(cmd, "give one of --pid, -i and files");
	if (!options.checker.pid &&
	    (options.checker.fd >= 0 || options.checker.qmp ||
	     options.checker.no_trace || options.checker.no_model))
		return cmd_usage(cmd, "--fd, --qmp, --no-trace and --no-model "
				      "go with --pid");
	wrong = look_history(&options,
			     options.checker.pid && !options.checker.no_trace);
	if (wrong)
		return cmd_usage(cmd, "%s", wrong);
	cmd_page();
	return look(&options, answer, &asking);
}

const struct cmd cmd_addr = {
	.name = "addr",
	.summary = "tell who owns an address, in every view",
	.usage =
		"addr ADDRESS --pid PID [OPTIONS]\n"
		"addr ADDRESS -i FILE [--vm NAME]\n"
		"addr ADDRESS [--mtree FILE] [--model FILE] [--slots FILE] ...",
	.about =
		"Tells who owns an address, in every view: the region and the "
		"way to it, the flat range, the slot as it was asked for and as "
		"KVM holds it, KVM's page tables, the mapping, file and offset, "
		"the RAMBlock; what is wrong there, and what happened. ADDRESS "
		"is a guest's or one of the VMM: 0x1000, 0x1000-0x1fff or "
		"0x1000+4k, with gpa: or hva: before it where it may be both; "
		"or a region's name, or pc.ram+0x1000.",
	.options = option_table,
	.ending =
		"Exit status: 0 somebody has it, 1 a finding there is a "
		"mismatch, 2 nobody that could be looked at has it, or a view "
		"lost events, 3 usage or error.",
	.run = run,
};
