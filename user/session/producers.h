/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways to the views of a VM: a table, a row a way, a file for each. A new VMM
 * is a row more for PARTY_MODEL, a new party a row with its own id.
 */
#ifndef SLOTSCOPE_SESSION_PRODUCERS_H
#define SLOTSCOPE_SESSION_PRODUCERS_H

#include <stddef.h>

#include "check/sample.h"
#include "session/subject.h"

/**
 * struct way - a row
 * @name:     for people: "QEMU, by QMP"
 * @producer: its callbacks get a struct subject
 */
struct way {
	const char *name;
	struct producer producer;
};

/* By party, in the order in which views are shown; of one party, in that in
 * which they are tried
 */
extern const struct way ways[];
extern const size_t nr_ways;

#define PRODUCERS_MAX 16

/**
 * producers_choose() - a producer for each party
 * @table:   rows, those of a party side by side
 * @without: 1U << enum party_id of those that nobody asks for
 * @subject: the VM; where a party has several rows, theirs are probed
 * @out:     by party, in the order of @table
 *
 * The first whose probe says that it can tell of this VM; if none does, the last:
 * its words are those for the VM.
 *
 * Return: how many.
 */
size_t producers_choose(const struct way *table, size_t nr, uint32_t without,
			struct subject *subject,
			struct producer out[PRODUCERS_MAX]);

/* The rows' callbacks, a file for each */
int expect_probe(void *subject, struct slotscope_error *err);
int expect_read(void *subject, const struct slot_state *upto,
		struct slot_state *out, struct slotscope_error *err);
int given_model_probe(void *subject, struct slotscope_error *err);
int given_model_read(void *subject, const struct slot_state *upto,
		     struct slot_state *out, struct slotscope_error *err);
int given_traced_probe(void *subject, struct slotscope_error *err);
int given_traced_read(void *subject, const struct slot_state *upto,
		      struct slot_state *out, struct slotscope_error *err);
int given_kernel_probe(void *subject, struct slotscope_error *err);
int given_kernel_read(void *subject, const struct slot_state *upto,
		      struct slot_state *out, struct slotscope_error *err);
int given_map_probe(void *subject, struct slotscope_error *err);
int given_map_read(void *subject, struct host_map *out,
		   struct slotscope_error *err);
int qemu_probe(void *subject, struct slotscope_error *err);
int qemu_read(void *subject, const struct slot_state *upto,
	      struct slot_state *out, struct slotscope_error *err);
int traced_read(void *subject, const struct slot_state *upto,
		struct slot_state *out, struct slotscope_error *err);
int kernel_read(void *subject, const struct slot_state *upto,
		struct slot_state *out, struct slotscope_error *err);
int kernel_stage2(void *subject, const struct slot_state *slots,
		  struct stage2_audit *out, struct slotscope_error *err);
int kernel_audit(void *subject, struct index_audit *out,
		 struct slotscope_error *err);
int backing_probe(void *subject, struct slotscope_error *err);
int backing_read(void *subject, struct host_map *out,
		 struct slotscope_error *err);

/**
 * expected_read() - read a file of slots, whole and once
 * @path: borrowed; "-" for standard input
 * @out:  expected_deinit() it after 0
 *
 * Return: 0, or a negative errno if it cannot be read or is no text of slots.
 */
int expected_read(const char *path, struct expected *out,
		  struct slotscope_error *err);
void expected_deinit(struct expected *expected);

/** kernel_generations() - KVM's generations alone: for struct sample_source */
int kernel_generations(void *subject, struct slot_state *out,
		       struct slotscope_error *err);

#endif
