// SPDX-License-Identifier: GPL-2.0-or-later
#include "session/producers.h"

const struct way ways[] = {
	{ "a file of expected slots",
	  { .party = PARTY_MODEL,
	    .probe = expect_probe,
	    .slots = expect_read } },
	{ "a file that tells what a VMM means",
	  { .party = PARTY_MODEL,
	    .probe = given_model_probe,
	    .slots = given_model_read } },
	{ "QEMU, by QMP",
	  { .party = PARTY_MODEL, .probe = qemu_probe, .slots = qemu_read } },
	{ "a file of requests",
	  { .party = PARTY_TRACED,
	    .probe = given_traced_probe,
	    .slots = given_traced_read } },
	{ "the log of what BPF saw",
	  { .party = PARTY_TRACED, .slots = traced_read } },
	{ "a file of slots",
	  { .party = PARTY_KERNEL,
	    .probe = given_kernel_probe,
	    .slots = given_kernel_read } },
	{ "KVM's own tables",
	  { .party = PARTY_KERNEL,
	    .slots = kernel_read,
	    .audit = kernel_audit,
	    .stage2 = kernel_stage2 } },
	{ "a file of a memory map",
	  { .party = PARTY_BACKING,
	    .probe = given_map_probe,
	    .map = given_map_read } },
	{ "the process's memory map",
	  { .party = PARTY_BACKING,
	    .probe = backing_probe,
	    .map = backing_read } },
};

const size_t nr_ways = sizeof(ways) / sizeof(ways[0]);

/* Of the @nr rows of one party */
static const struct producer *choose(const struct way *rows, size_t nr,
				     struct subject *subject)
{
	struct slotscope_error ignored = {};

	for (size_t i = 0; i < nr && nr > 1; i++)
		if (!rows[i].producer.probe ||
		    !rows[i].producer.probe(subject, &ignored))
			return &rows[i].producer;
	return &rows[nr - 1].producer;
}

size_t producers_choose(const struct way *table, size_t nr, uint32_t without,
			struct subject *subject,
			struct producer out[PRODUCERS_MAX])
{
	size_t first, next, nr_out = 0;

	for (first = 0; first < nr && nr_out < PRODUCERS_MAX; first = next) {
		enum party_id party = table[first].producer.party;

		for (next = first + 1;
		     next < nr && table[next].producer.party == party; next++)
			;
		/* Without callbacks: it is shown as not asked for */
		out[nr_out++] =
			without & 1U << party ?
				(struct producer){ .party = party } :
				*choose(&table[first], next - first, subject);
	}
	return nr_out;
}
