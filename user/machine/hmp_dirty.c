// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <string.h>

#include "kvm/dirty_log.h"
#include "machine/hmp_dirty.h"

/* The one who asks for global logging; any bit will do */
#define BY_MONITOR 1

static void clear(struct dirty_log *log, struct memory_model *model)
{
	/* What KVM has not told yet, it could not be told to forget */
	memory_global_dirty_log_sync(model);
	dirty_log_clear(log, model, DIRTY_MEMORY_MIGRATION);
}

void hmp_dirty_log(const struct monitor_target *target, int argc, char **argv,
		   FILE *out)
{
	struct slotscope_error err = {};
	struct dirty_log *log = target->dirty;
	int ret = 0;

	if (!log || argc != 1) {
		fprintf(out, "dirty_log: start, stop or clear is expected\n");
		return;
	}
	if (!strcmp(argv[0], "start")) {
		ret = memory_global_dirty_log_start(target->model, BY_MONITOR,
						    &err);
		if (!ret)
			clear(log, target->model);
	} else if (!strcmp(argv[0], "stop")) {
		memory_global_dirty_log_sync(target->model);
		ret = memory_global_dirty_log_stop(target->model, BY_MONITOR,
						   &err);
	} else if (!strcmp(argv[0], "clear")) {
		clear(log, target->model);
	} else {
		fprintf(out, "dirty_log: start, stop or clear is expected\n");
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

void hmp_info_dirty_log(const struct monitor_target *target, int argc,
			char **argv, FILE *out)
{
	static const struct {
		unsigned int client;
		const char *name;
	} clients[] = {
		{ DIRTY_MEMORY_MIGRATION, "migration" },
		{ DIRTY_MEMORY_VGA, "vga" },
	};
	bool pages = argc == 1 && !strcmp(argv[0], "-p");
	struct dirty_log *log = target->dirty;
	const struct ram_block *block;
	uint64_t count;
	size_t i;

	if (!log || (argc && !pages)) {
		fprintf(out, "dirty_log: only -p is expected\n");
		return;
	}
	memory_global_dirty_log_sync(target->model);
	for (block = ram_block_first(target->model); block;
	     block = ram_block_next(block)) {
		for (i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
			count = dirty_pages_count(&log->pages,
						  clients[i].client, block);
			if (!count)
				continue;
			fprintf(out, "%s, %s: %" PRIu64 " pages\n",
				block->idstr, clients[i].name, count);
			if (pages)
				pages_of(log, clients[i].client, block, out);
		}
	}
	if (log->lost) {
		fprintf(out, "some pages may be missing: %s\n",
			strerror(log->lost));
		log->lost = 0;
	}
}
