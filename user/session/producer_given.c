// SPDX-License-Identifier: GPL-2.0-or-later
/* Views that files have; no VM is looked at for them */
#include <errno.h>

#include "session/given.h"
#include "session/producers.h"

static const struct given_view *find(void *ctx, enum party_id party)
{
	const struct subject *subject = ctx;

	return subject->given ? given_find(subject->given, party) : NULL;
}

static int probe(void *ctx, enum party_id party, struct slotscope_error *err)
{
	return find(ctx, party) ? 0 :
				  error_set(err, ENOENT, "find a file with %s",
					    party_of(party)->name);
}

static int read_slots(void *ctx, enum party_id party, struct slot_state *out,
		      struct slotscope_error *err)
{
	const struct subject *subject = ctx;
	const struct given_view *view = find(ctx, party);
	int ret = slot_state_copy(&view->state, out);

	/* An address space of the VM that the file does not tell of is not covered */
	if (!ret && subject->nr_as > out->nr_as)
		ret = slot_state_set_nr_as(out, subject->nr_as);
	return ret ? error_set(err, ret, "keep the slots of %.160s",
			       view->name) :
		     0;
}

int given_model_probe(void *ctx, struct slotscope_error *err)
{
	return probe(ctx, PARTY_MODEL, err);
}

int given_model_read(void *ctx, const struct slot_state *upto,
		     struct slot_state *out, struct slotscope_error *err)
{
	return read_slots(ctx, PARTY_MODEL, out, err);
}

int given_traced_probe(void *ctx, struct slotscope_error *err)
{
	return probe(ctx, PARTY_TRACED, err);
}

int given_traced_read(void *ctx, const struct slot_state *upto,
		      struct slot_state *out, struct slotscope_error *err)
{
	return read_slots(ctx, PARTY_TRACED, out, err);
}

int given_kernel_probe(void *ctx, struct slotscope_error *err)
{
	return probe(ctx, PARTY_KERNEL, err);
}

int given_kernel_read(void *ctx, const struct slot_state *upto,
		      struct slot_state *out, struct slotscope_error *err)
{
	return read_slots(ctx, PARTY_KERNEL, out, err);
}

int given_map_probe(void *ctx, struct slotscope_error *err)
{
	return probe(ctx, PARTY_BACKING, err);
}

int given_map_read(void *ctx, struct host_map *out, struct slotscope_error *err)
{
	const struct given_view *view = find(ctx, PARTY_BACKING);
	int ret = host_map_copy(&view->map, out);

	return ret ? error_set(err, ret, "keep the memory map of %.160s",
			       view->name) :
		     0;
}
