// SPDX-License-Identifier: GPL-2.0-or-later
/* The largest log of a real QEMU's boot */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "replay/replay.h"

#define TURNS 7

static char *largest(const char *pattern)
{
	struct stat st;
	char *found = NULL;
	off_t most = 0;
	glob_t logs;
	size_t i;

	if (glob(pattern, 0, NULL, &logs))
		return NULL;
	for (i = 0; i < logs.gl_pathc; i++) {
		if (stat(logs.gl_pathv[i], &st) || st.st_size <= most)
			continue;
		most = st.st_size;
		free(found);
		found = strdup(logs.gl_pathv[i]);
	}
	globfree(&logs);
	return found;
}

static char *read_all(const char *path, size_t *len)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;

	*len = 0;
	if (in && getdelim(&text, len, '\0', in) >= 0)
		*len = strlen(text);
	if (in)
		fclose(in);
	return text;
}

static uint64_t replay_ns(const char *text, size_t len, bool full, bool no_hash,
			  unsigned int *calls)
{
	struct replay_options options = { .full_render = full,
					  .no_hash = no_hash };
	struct replay_report report;
	uint64_t start = bench_now_ns();

	bench_must(replay_api_log(text, len, &options, &report, &bench_error));
	start = bench_now_ns() - start;
	if (report.differs || report.refused) {
		fprintf(stderr, "bench: the replay differs in line %zu\n",
			report.line);
		exit(1);
	}
	*calls = report.calls;
	replay_report_deinit(&report);
	return start;
}

static void replay_both(const char *text, size_t len, bool no_hash,
			const char *what)
{
	uint64_t fast[TURNS], full[TURNS];
	unsigned int turn, calls;

	for (turn = 0; turn < TURNS; turn++) {
		fast[turn] = replay_ns(text, len, false, no_hash, &calls);
		full[turn] = replay_ns(text, len, true, no_hash, &calls);
	}
	bench_row(BENCH_ROW(.what = what, .n = calls,
			    .us = bench_median_us(fast, TURNS),
			    .full = bench_median_us(full, TURNS)));
}

void bench_replay(void)
{
	const char *dir = getenv("SLOTSCOPE_FIXTURES");
	char pattern[4096], what[64];
	char *path, *text, *name;
	size_t len;

	snprintf(pattern, sizeof(pattern), "%s/qemu-7.2/*/api.log",
		 dir && *dir ? dir : "../shared/fixtures");
	path = largest(pattern);
	if (!path) {
		fprintf(stderr,
			"bench: replay of a boot skipped: there is no %s; set SLOTSCOPE_FIXTURES\n",
			pattern);
		bench_row(BENCH_ROW(.what = "replay of a boot: skipped"));
		return;
	}
	text = read_all(path, &len);
	if (!text) {
		perror(path);
		exit(1);
	}
	*strrchr(path, '/') = '\0';
	name = strrchr(path, '/') + 1;
	snprintf(what, sizeof(what), "replay %s, N calls", name);
	replay_both(text, len, false, what);
	replay_both(text, len, true, "the same, views not hashed");
	free(text);
	free(path);
}
