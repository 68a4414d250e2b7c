// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/mtree.h>

#include "machine/hmp.h"
#include "machine/hmp_dirty.h"

#define HMP_WORDS 8
#define HMP_LINE  2048 /* a path may be in it */

/* One command being run */
struct hmp {
	const struct monitor_target *target;
	FILE *out;
	int argc; /* words after the command's name */
	char **argv;
	int ret;
};

static void info_mtree(struct hmp *h)
{
	static const struct {
		const char *option;
		unsigned int flag;
	} options[] = {
		{ "-f", MTREE_FLATVIEW },
		{ "-o", MTREE_OWNER },
		{ "-D", MTREE_DISABLED },
		/* -d adds QEMU's dispatch tree, which this model has none of */
	};
	const size_t nr = sizeof(options) / sizeof(options[0]);
	unsigned int flags = 0;
	size_t o;
	int i;

	/* In any order, which QEMU 7.2 does not take */
	for (i = 0; i < h->argc; i++) {
		for (o = 0; o < nr && strcmp(h->argv[i], options[o].option);
		     o++)
			;
		if (o == nr) {
			fprintf(h->out, "mtree: unsupported option %s\n",
				h->argv[i]);
			return;
		}
		flags |= options[o].flag;
	}
	mtree_print(h->out, h->target->model, flags);
}

/* "4 KiB", as QEMU writes a page size */
static const char *qemu_size(uint64_t size, char *buf, size_t len)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB" };
	size_t unit = 0;

	for (; size >= 1024 && size % 1024 == 0 && unit < 3; size /= 1024)
		unit++;
	snprintf(buf, len, "%" PRIu64 " %s", size, units[unit]);
	return buf;
}

static void info_ramblock(struct hmp *h)
{
	const struct ram_block *block;
	char psize[24];

	fprintf(h->out, "%24s %8s  %18s %18s %18s\n", "Block Name", "PSize",
		"Offset", "Used", "Total");
	for (block = ram_block_first(h->target->model); block;
	     block = ram_block_next(block))
		fprintf(h->out,
			"%24s %8s  0x%016" PRIx64 " 0x%016" PRIx64
			" 0x%016" PRIx64 "\n",
			block->idstr,
			qemu_size(block->page_size, psize, sizeof(psize)),
			block->offset, block->used_length, block->max_length);
}

static void info_status(struct hmp *h)
{
	const char *status = h->target->status(h->target->opaque);

	if (!strcmp(status, "running"))
		fprintf(h->out, "VM status: running\n");
	else
		fprintf(h->out, "VM status: paused (%s)\n", status);
}

static void info_kvm(struct hmp *h)
{
	fprintf(h->out, "kvm support: enabled\n");
}

static void gpa2hva(struct hmp *h)
{
	const struct memory_region_info *info;
	const struct flat_range *range;
	const struct flat_view *view;
	char *end;
	gpa_t gpa;

	errno = 0;
	gpa = h->argc == 1 ? strtoull(h->argv[0], &end, 0) : 0;
	if (h->argc != 1 || errno || !isdigit((unsigned char)h->argv[0][0]) ||
	    *end) {
		fprintf(h->out, "gpa2hva: one address is expected\n");
		return;
	}
	view = address_space_get_flat_view(h->target->memory);
	range = flat_view_lookup(view, gpa);
	info = range ? memory_region_info(range->region) : NULL;
	if (!range) {
		fprintf(h->out,
			"No memory is mapped at address 0x%" PRIx64 "\n", gpa);
	} else if (!info->ram || !info->ram_block->hva) {
		fprintf(h->out, "Memory at address 0x%" PRIx64 " is not RAM\n",
			gpa);
	} else {
		fprintf(h->out,
			"Host virtual address for 0x%" PRIx64 " (%s) is "
			"0x%" PRIx64 "\n",
			gpa, info->name,
			info->ram_block->hva + range->offset_in_region +
				(gpa - range->addr));
	}
	flat_view_unref(view);
}

static void info_dirty_log(struct hmp *h)
{
	hmp_info_dirty_log(h->target, h->argc, h->argv, h->out);
}

static void dirty_log(struct hmp *h)
{
	hmp_dirty_log(h->target, h->argc, h->argv, h->out);
}

static void stop(struct hmp *h)
{
	h->target->stop(h->target->opaque);
}

static void cont(struct hmp *h)
{
	if (!h->target->cont(h->target->opaque))
		fprintf(h->out, "The guest has stopped and cannot run on\n");
}

static void system_reset(struct hmp *h)
{
	h->target->reset(h->target->opaque);
}

static void say(struct hmp *h, int ret, const struct slotscope_error *err)
{
	if (ret)
		fprintf(h->out, "Error: %s: %s\n", err->tried, err->why);
}

/* "KIND,name=value,...", for object_add and device_add */
static void run_add(struct hmp *h, const char *what, const char *implied,
		    int (*add)(void *opaque, struct keyval *kv,
			       struct slotscope_error *err))
{
	struct slotscope_error err = {};
	struct keyval kv;
	int ret;

	if (h->argc != 1 || !add) {
		fprintf(h->out, "%s: one word is expected\n", what);
		return;
	}
	ret = keyval_parse(&kv, what, h->argv[0], implied, &err);
	if (!ret)
		ret = add(h->target->opaque, &kv, &err);
	say(h, ret, &err);
}

static void run_del(struct hmp *h, const char *what,
		    int (*del)(void *opaque, const char *id,
			       struct slotscope_error *err))
{
	struct slotscope_error err = {};

	if (h->argc != 1 || !del)
		fprintf(h->out, "%s: one id is expected\n", what);
	else
		say(h, del(h->target->opaque, h->argv[0], &err), &err);
}

static void object_add(struct hmp *h)
{
	run_add(h, "object_add", "qom-type", h->target->object_add);
}

static void object_del(struct hmp *h)
{
	run_del(h, "object_del", h->target->object_del);
}

static void device_add(struct hmp *h)
{
	run_add(h, "device_add", "driver", h->target->device_add);
}

static void device_del(struct hmp *h)
{
	run_del(h, "device_del", h->target->device_del);
}

static void quit(struct hmp *h)
{
	h->target->quit(h->target->opaque);
}

static void help(struct hmp *h);

/* "info X" are two words and one command */
static const struct {
	const char *group;
	const char *name;
	const char *params;
	void (*run)(struct hmp *h);
} commands[] = {
	{ "info", "mtree", " [-f][-o][-D]", info_mtree },
	{ "info", "ramblock", "", info_ramblock },
	{ "info", "status", "", info_status },
	{ "info", "kvm", "", info_kvm },
	{ "info", "dirty_log", " [-p]", info_dirty_log },
	{ NULL, "dirty_log", " start|stop|clear [migration|vga]", dirty_log },
	{ NULL, "gpa2hva", " addr", gpa2hva },
	{ NULL, "stop", "", stop },
	{ NULL, "cont", "", cont },
	{ NULL, "system_reset", "", system_reset },
	{ NULL, "object_add", " type,id=id,size=size[,...]", object_add },
	{ NULL, "object_del", " id", object_del },
	{ NULL, "device_add", " pc-dimm,memdev=id[,...]", device_add },
	{ NULL, "device_del", " id", device_del },
	{ NULL, "quit", "", quit },
	{ NULL, "help", "", help },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(struct hmp *h)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(h->out, "%s%s%s%s\n",
			commands[i].group ? commands[i].group : "",
			commands[i].group ? " " : "", commands[i].name,
			commands[i].params);
}

int hmp_run(const struct monitor_target *target, const char *line, FILE *out)
{
	char copy[HMP_LINE], *words[HMP_WORDS], *save = NULL, *word;
	struct hmp h = { .target = target, .out = out };
	int nr = 0, skip;
	size_t i;

	if (strlen(line) >= sizeof(copy)) {
		fprintf(out, "the line is too long\n");
		return 0;
	}
	strcpy(copy, line);
	for (word = strtok_r(copy, " \t\r\n", &save); word;
	     word = strtok_r(NULL, " \t\r\n", &save)) {
		if (nr == HMP_WORDS) {
			fprintf(out, "too many words\n");
			return 0;
		}
		words[nr++] = word;
	}
	if (!nr)
		return 0;
	for (i = 0; i < NR_COMMANDS; i++) {
		skip = commands[i].group ? 1 : 0;
		if (skip && strcmp(words[0], commands[i].group))
			continue;
		if (nr <= skip || strcmp(words[skip], commands[i].name))
			continue;
		h.argc = nr - skip - 1;
		h.argv = words + skip + 1;
		commands[i].run(&h);
		return h.ret;
	}
	fprintf(out, "unknown command: '%s'\n", line);
	return 0;
}
