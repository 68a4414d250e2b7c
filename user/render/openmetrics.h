/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of all VMs as metrics, for Prometheus and whatever reads its format.
 * Documentation/metrics.md has the names and labels; a test holds it to this.
 *
 * What is not known has no sample, and another one that says so: nothing that could not
 * be counted is a 0.
 */
#ifndef RENDER_OPENMETRICS_H
#define RENDER_OPENMETRICS_H

#include <stdbool.h>
#include <stdio.h>

#include "logs/top.h"

/*
 * The two forms of one text. OpenMetrics names a counter's family without the _total of
 * its samples; Prometheus' older text format, which is all that node_exporter takes,
 * names it with that. Lines that the older one does not know are comments to it.
 */
enum metrics_form { METRICS_TEXT, METRICS_OPENMETRICS };

/* As Content-Type has them */
#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_OPENMETRICS_TYPE \
	"application/openmetrics-text; version=1.0.0; charset=utf-8"

/**
 * struct metrics_frame - what is told at a time
 * @top:       as of now
 * @version:   of slotscope
 * @watched:   events were counted since @since_ns; if not, no counter is told
 * @since_ns:  CLOCK_REALTIME
 * @at_ns:     CLOCK_REALTIME of now, and
 * @mono_ns:   ... CLOCK_MONOTONIC
 * @took_ns:   how long it took to gather
 * @nr_looked: VMs that were looked at for it
 * @unseen:    processes that could not be looked into
 * @requests:  of VMMs are seen, and
 * @changes:   of slots
 * @nr_slots:  ids of slots that a VMM may use in an address space; 0: not known
 */
struct metrics_frame {
	const struct top *top;
	const char *version;
	bool watched;
	uint64_t since_ns;
	uint64_t at_ns;
	uint64_t mono_ns;
	uint64_t took_ns;
	size_t nr_looked;
	size_t unseen;
	bool requests;
	bool changes;
	uint32_t nr_slots;
};

/** render_openmetrics() - all of it, "# EOF" last; 0 or -ENOMEM */
int render_openmetrics(FILE *out, const struct metrics_frame *frame,
		       enum metrics_form form);

#endif
