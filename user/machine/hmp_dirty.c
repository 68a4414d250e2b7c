// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <string.h>

#include "base/plural.h"
#include "kvm/dirty_log.h"
#include "machine/hmp_dirty.h"

/* The one who asks for global logging; any bit will do */
#define BY_MONITOR 1

/* QEMU has a third, for code that it has translated: KVM needs none */
static const struct client {
	const char *name;
	unsigned int bit; /* DIRTY_MEMORY_* */
} clients[] = {
	{ "migration", DIRTY_MEMORY_MIGRATION },
	{ "vga", DIRTY_MEMORY_VGA },
};

#define NR_CLIENTS (sizeof(clients) / sizeof(clients[0]))

static void usage(FILE *out)
{
	fprintf(out,
		"dirty_log: start, stop, clear or clear vga is expected\n");
}

static void clear(struct dirty_log *log, struct memory_model *model,
		  unsigned int client)
{
	/* What KVM has not told yet, it could not be told to forget */
	memory_global_dirty_log_sync(model);
	dirty_log_clear(log, model, client);
}

/* Return: 0 if there is none of that name */
static unsigned int client_named(const char *name)
{
	size_t i;

	for (i = 0; i < NR_CLIENTS; i++)
		if (!strcmp(clients[i].name, name))
			return clients[i].bit;
	return 0;
}

void hmp_dirty_log(const struct monitor_target *target, int argc, char **argv,
		   FILE *out)
{
	unsigned int client = DIRTY_MEMORY_MIGRATION;
	struct slotscope_error err = {};
	struct dirty_log *log = target->dirty;
	int ret = 0;

	if (argc == 2 && !strcmp(argv[0], "clear"))
		client = client_named(argv[1]);
	else if (argc != 1)
		client = 0;
	if (!log || !client) {
		usage(out);
		return;
	}
	if (!strcmp(argv[0], "start")) {
		ret = memory_global_dirty_log_start(target->model, BY_MONITOR,
						    &err);
		if (!ret)
			clear(log, target->model, client);
	} else if (!strcmp(argv[0], "stop")) {
		memory_global_dirty_log_sync(target->model);
		ret = memory_global_dirty_log_stop(target->model, BY_MONITOR,
						   &err);
	} else if (!strcmp(argv[0], "clear")) {
		clear(log, target->model, client);
	} else {
		usage(out);
	}
	if (ret)
		fprintf(out, "dirty_log: %s: %s\n", err.tried, err.why);
}

static void pages_of(const struct dirty_log *log, unsigned int client,
		     const struct ram_block *block, FILE *out)
{
	uint64_t page = 0, nr;

	while ((nr = dirty_pages_next(&log->pages, client, block, &page))) {
		fprintf(out, "  0x%" PRIx64 "-0x%" PRIx64 "\n",
			page * DIRTY_PAGE_SIZE,
			(page + nr) * DIRTY_PAGE_SIZE - 1);
		page += nr;
	}
}

/* Return: false if the client neither has nor gets any of it */
static bool tell_client(const struct dirty_log *log,
			const struct client *client,
			const struct ram_block *block, FILE *out)
{
	uint64_t count = dirty_pages_count(&log->pages, client->bit, block);
	bool logged = block->region &&
		      memory_region_dirty_log_mask(block->region) & client->bit;

	if (!count && !logged)
		return false;
	fprintf(out, "%s, %s: %" PRIu64 " page%s%s\n", block->idstr,
		client->name, count, plural(count),
		logged ? "" : ", until logging was stopped");
	return true;
}

void hmp_info_dirty_log(const struct monitor_target *target, int argc,
			char **argv, FILE *out)
{
	bool pages = argc == 1 && !strcmp(argv[0], "-p"), any = false;
	struct dirty_log *log = target->dirty;
	const struct ram_block *block;
	size_t i;

	if (!log || (argc && !pages)) {
		fprintf(out, "dirty_log: only -p is expected\n");
		return;
	}
	memory_global_dirty_log_sync(target->model);
	for (block = ram_block_first(target->model); block;
	     block = ram_block_next(block)) {
		for (i = 0; i < NR_CLIENTS; i++) {
			if (!tell_client(log, &clients[i], block, out))
				continue;
			any = true;
			if (pages)
				pages_of(log, clients[i].bit, block, out);
		}
	}
	if (!any)
		fprintf(out,
			"no writes are logged; dirty_log start begins it\n");
	if (log->lost.code) {
		fprintf(out,
			"some pages may be missing, or told in vain: %s: %s\n",
			log->lost.tried, log->lost.why);
		log->lost = (struct slotscope_error){};
	}
}
