// SPDX-License-Identifier: GPL-2.0-or-later
/* Bracketed sampling, of a fake VM that changes while it is read */
#include <errno.h>

#include "check_make.h"
#include "check/sample.h"

/*
 * A VM of one slot. Each change makes it a page larger and its generation one
 * higher. @changes_at: before which readings (counted from 1) it changes.
 */
struct fake {
	unsigned int readings;
	uint64_t changes_at; /* bit n: before reading n */
	uint64_t generation;
	uint64_t traced_lag; /* TRACED is so many changes late */
	unsigned int catches_up_in;
	bool no_generations;	     /* TRACED saw system calls only */
	unsigned int updating_until; /* reading */
	unsigned int pauses;
	unsigned int patience; /* pauses after which it is enough; 0: for ever */
	int fail[VIEWS + 1];   /* by place; the last one: the generations */
	bool silent;	       /* ... without a word why */
	unsigned int dies_at;  /* reading from which all fail; 0: never */
	unsigned int not_asked; /* bits as in @fail */
	struct producer producers[VIEWS];
	struct slot_log log;
	bool audits;		  /* KERNEL has an audit */
	int audit_fails;	  /* errno */
	unsigned int audit_found; /* faults */
	unsigned int audits_taken;
};

#define GENERATIONS VIEWS

static int look(struct fake *fake, int which, struct slotscope_error *err)
{
	fake->readings++;
	if (fake->changes_at & 1ULL << fake->readings)
		fake->generation++;
	if (fake->dies_at && fake->readings >= fake->dies_at)
		return error_set(err, ESRCH, "read view %d", which);
	if (!fake->fail[which])
		return 0;
	if (fake->silent)
		return -fake->fail[which];
	error_set(err, fake->fail[which], "read view %d", which);
	return error_why(err, "it is broken");
}

static void fill(struct fake *fake, struct slot_state *out, uint64_t generation,
		 bool slots)
{
	assert_int_equal(slot_state_set_nr_as(out, 1), 0);
	out->as[0].covered = true;
	out->as[0].generation = generation;
	out->coverage.fields = SLOT_FIELDS_ALL;
	if (slots)
		state_add(out,
			  slot_of(0, 0, 0, (1 + generation) * 4 * KiB, HVA, 0));
}

static int read_generations(void *ctx, struct slot_state *out,
			    struct slotscope_error *err)
{
	struct fake *fake = ctx;
	int ret;

	slot_state_init(out, PARTY_KERNEL);
	ret = look(fake, GENERATIONS, err);
	if (!ret)
		fill(fake, out, fake->generation, false);
	return ret;
}

static int read_model(void *ctx, const struct slot_state *upto,
		      struct slot_state *out, struct slotscope_error *err)
{
	struct fake *fake = ctx;
	int ret;

	slot_state_init(out, PARTY_MODEL);
	ret = look(fake, MODEL, err);
	if (!ret) {
		fill(fake, out, fake->generation, true);
		out->coverage.fields = MODEL_FIELDS;
	}
	return ret;
}

static int read_kernel(void *ctx, const struct slot_state *upto,
		       struct slot_state *out, struct slotscope_error *err)
{
	struct fake *fake = ctx;
	int ret;

	slot_state_init(out, PARTY_KERNEL);
	ret = look(fake, KERNEL, err);
	if (ret)
		return ret;
	fill(fake, out, fake->generation, true);
	if (fake->readings < fake->updating_until)
		out->slots[0].flags = SLOT_INVALID;
	return 0;
}

static int read_traced(void *ctx, const struct slot_state *upto,
		       struct slot_state *out, struct slotscope_error *err)
{
	struct fake *fake = ctx;
	uint64_t generation;
	int ret;

	slot_state_init(out, PARTY_TRACED);
	ret = look(fake, TRACED, err);
	if (ret)
		return ret;
	generation = fake->generation - fake->traced_lag;
	if (upto && !fake->no_generations &&
	    generation > upto->as[0].generation)
		generation = upto->as[0].generation;
	fill(fake, out, generation, true);
	if (fake->no_generations)
		out->coverage.fields &=
			~(SLOT_FIELD_GENERATION | SLOT_FIELD_HIDDEN);
	if (fake->catches_up_in && !--fake->catches_up_in)
		fake->traced_lag = 0;
	return 0;
}

static int read_backing(void *ctx, struct host_map *out,
			struct slotscope_error *err)
{
	static const char text[] =
		"7f0000000000-7f0010000000 rw-p 00000000 00:00 0 \n";
	struct fake *fake = ctx;
	int ret;

	host_map_init(out);
	ret = look(fake, BACKING, err);
	return ret ? ret : host_map_parse(out, text, strlen(text), err);
}

/* No reading: it changes nothing of what those of the others are numbered by */
static int read_audit(void *ctx, struct index_audit *out,
		      struct slotscope_error *err)
{
	struct fake *fake = ctx;

	memset(out, 0, sizeof(*out));
	fake->audits_taken++;
	if (fake->audit_fails && fake->silent)
		return -fake->audit_fails;
	if (fake->audit_fails) {
		error_set(err, fake->audit_fails, "audit it");
		return error_why(err, "it is broken");
	}
	out->faults = calloc(fake->audit_found + 1, sizeof(*out->faults));
	assert_non_null(out->faults);
	for (; out->nr < fake->audit_found; out->nr++)
		out->faults[out->nr] = (struct index_fault){
			.kind = INDEX_HVA_TREE,
		};
	out->nr_all = out->nr;
	out->nr_slots = 1;
	return 0;
}

static bool count_pause(void *ctx, unsigned int try)
{
	struct fake *fake = ctx;

	assert_int_equal(try, ++fake->pauses);
	return fake->pauses != fake->patience;
}

static struct sample_source source_of(struct fake *fake)
{
	/* reading 1 generations, 2 MODEL, 3 KERNEL, 4 BACKING, 5 and 6: the
	   generations again, and TRACED */
	const struct producer producers[VIEWS] = {
		[MODEL] = { .party = PARTY_MODEL, .slots = read_model },
		[TRACED] = { .party = PARTY_TRACED, .slots = read_traced },
		[KERNEL] = { .party = PARTY_KERNEL, .slots = read_kernel },
		[BACKING] = { .party = PARTY_BACKING, .map = read_backing },
	};
	struct sample_source source = {
		.producers = fake->producers,
		.nr_producers = VIEWS,
		.generations = read_generations,
		.again = count_pause,
		.log = &fake->log,
		.ctx = fake,
	};

	memcpy(fake->producers, producers, sizeof(producers));
	if (fake->audits)
		fake->producers[KERNEL].audit = read_audit;
	for (int view = 0; view < VIEWS; view++) {
		if (fake->not_asked & 1U << view)
			fake->producers[view] = (struct producer){
				.party = producers[view].party
			};
	}
	if (fake->not_asked & 1U << GENERATIONS)
		source.generations = NULL;
	return source;
}

/* The exit status that a check of the sample leads to */
static int status_of(const struct sample *sample)
{
	struct check_input input = { .page_size = 4096 };
	struct comparison made;
	int status;

	sample_input(sample, &input);
	assert_int_equal(crosscheck(&input, &made), 0);
	status = findings_exit_status(&made.findings);
	comparison_deinit(&made);
	return status;
}

static void take(struct fake *fake, unsigned int tries, struct sample *sample)
{
	struct sample_source source = source_of(fake);

	assert_int_equal(sample_take(&source, tries, sample), 0);
}

/* All was read at one moment */
static bool settled(const struct sample *sample)
{
	return !sample->unsettled && !sample->nr_restless;
}

static void at_rest(void **unused)
{
	struct fake fake = { .generation = 5 };
	struct sample sample;

	take(&fake, 5, &sample);
	assert_true(settled(&sample));
	assert_int_equal(sample.tries, 1);
	assert_int_equal(fake.pauses, 0);
	for (int view = 0; view < VIEWS; view++)
		assert_true(sample.sampled[view].have);
	assert_int_equal(status_of(&sample), 0);
	sample_deinit(&sample);
}

/* A change between any two readings of the first try, and none after */
static void one_change_is_read_again(void **unused)
{
	struct sample sample;

	for (unsigned int when = 2; when <= 5; when++) {
		struct fake fake = { .generation = 5,
				     .changes_at = 1ULL << when };

		take(&fake, 5, &sample);
		assert_true(settled(&sample));
		assert_int_equal(sample.tries, 2);
		assert_int_equal(fake.pauses, 1);
		assert_int_equal(sample.sampled[MODEL].state.slots[0].size,
				 7 * 4 * KiB);
		assert_int_equal(status_of(&sample), 0);
		sample_deinit(&sample);
	}
}

static void one_that_never_rests_cannot_be_told(void **unused)
{
	struct fake fake = { .generation = 5, .changes_at = UINT64_MAX };
	struct sample sample;

	take(&fake, 4, &sample);
	assert_false(settled(&sample));
	assert_int_equal(sample.tries, 4);
	assert_int_equal(fake.pauses, 3);
	assert_int_equal(status_of(&sample), 2);
	sample_deinit(&sample);
}

static void who_has_no_time_gets_the_last_try(void **unused)
{
	struct fake fake = { .generation = 5,
			     .changes_at = UINT64_MAX,
			     .patience = 2 };
	struct sample sample;

	take(&fake, 8, &sample);
	assert_false(settled(&sample));
	assert_int_equal(sample.tries, 2);
	for (int view = 0; view < VIEWS; view++)
		assert_true(sample.sampled[view].have);
	assert_int_equal(status_of(&sample), 2);
	sample_deinit(&sample);
}

static void a_late_trace_is_waited_for(void **unused)
{
	struct fake fake = { .generation = 5,
			     .traced_lag = 2,
			     .catches_up_in = 3 };
	struct sample sample;

	take(&fake, 8, &sample);
	assert_int_equal(sample.tries, 4);
	assert_int_equal(status_of(&sample), 0);
	sample_deinit(&sample);

	/* not for ever; the other views are of one moment all the same */
	fake = (struct fake){ .generation = 5, .traced_lag = 2 };
	take(&fake, 3, &sample);
	assert_int_equal(sample.tries, 3);
	assert_true(settled(&sample));
	assert_int_equal(status_of(&sample), 2);
	sample_deinit(&sample);
}

/* ... and so is one that cannot know how late it is, if it differs */
static void a_late_trace_of_requests_is_waited_for(void **unused)
{
	struct fake fake = { .generation = 5,
			     .no_generations = true,
			     .traced_lag = 2,
			     .catches_up_in = 3 };
	struct sample sample;

	take(&fake, 8, &sample);
	assert_int_equal(sample.tries, 4);
	assert_int_equal(status_of(&sample), 0);
	sample_deinit(&sample);

	/* a difference that stays is one */
	fake = (struct fake){ .generation = 5,
			      .no_generations = true,
			      .traced_lag = 2 };
	take(&fake, 3, &sample);
	assert_int_equal(sample.tries, 3);
	assert_int_equal(status_of(&sample), 1);
	sample_deinit(&sample);
}

static void transition_is_waited_for(void **unused)
{
	struct fake fake = { .generation = 5, .updating_until = 8 };
	struct sample sample;

	take(&fake, 5, &sample);
	assert_int_equal(sample.tries, 2);
	assert_int_equal(status_of(&sample), 0);
	sample_deinit(&sample);
}

static void broken_views_are_told(void **unused)
{
	struct fake fake = { .generation = 5 };
	struct sample sample;

	for (int view = 0; view < VIEWS; view++) {
		memset(fake.fail, 0, sizeof(fake.fail));
		fake.fail[view] = EACCES;
		take(&fake, 5, &sample);
		assert_int_equal(sample.tries, 1);
		assert_false(sample.sampled[view].have);
		assert_non_null(
			strstr(sample.views[view].unread, "it is broken"));
		assert_int_equal(status_of(&sample), 2);
		sample_deinit(&sample);
	}
	/* one that asks to be read again is */
	memset(fake.fail, 0, sizeof(fake.fail));
	fake.fail[BACKING] = EAGAIN;
	take(&fake, 3, &sample);
	assert_int_equal(sample.tries, 3);
	assert_int_equal(status_of(&sample), 2);
	sample_deinit(&sample);
}

/* ... even if nobody says why: what was asked for is never just absent */
static void views_broken_in_silence_are_told(void **unused)
{
	struct sample sample;

	for (int view = 0; view < VIEWS; view++) {
		struct fake fake = { .generation = 5, .silent = true };

		fake.fail[view] = ENOMEM;
		take(&fake, 5, &sample);
		assert_non_null(
			strstr(sample.views[view].unread,
			       party_of(sample.views[view].party)->name));
		assert_int_equal(status_of(&sample), 2);
		sample_deinit(&sample);
	}
}

static void views_not_asked_for_are_absent(void **unused)
{
	struct fake fake = { .generation = 5 };
	struct sample sample;

	fake.not_asked = 1U << MODEL | 1U << TRACED;
	take(&fake, 5, &sample);
	assert_false(sample.sampled[MODEL].have);
	assert_null(sample.views[MODEL].unread);
	assert_int_equal(status_of(&sample), 0);
	sample_deinit(&sample);
}

/* Without cheap generations KERNEL marks the moment, and then TRACED */
static void other_marks(void **unused)
{
	struct sample sample;

	for (unsigned int way = 0; way < 3; way++) {
		struct fake fake = { .generation = 5, .changes_at = 1U << 3 };

		if (way == 0)
			fake.not_asked = 1U << GENERATIONS;
		else
			fake.fail[GENERATIONS] = ENODEV;
		if (way == 2)
			fake.not_asked = 1U << KERNEL;
		take(&fake, 5, &sample);
		assert_true(settled(&sample));
		assert_int_equal(sample.tries, 2);
		assert_int_equal(status_of(&sample), 0);
		sample_deinit(&sample);
	}
}

/* The VMM dies while it is read: whatever was read, it is of no one moment */
static void a_process_that_dies(void **unused)
{
	struct sample sample;

	for (unsigned int when = 1; when <= 6; when++) {
		struct fake fake = { .generation = 5, .dies_at = when };

		take(&fake, 2, &sample);
		assert_int_equal(status_of(&sample), 2);
		sample_deinit(&sample);
	}
}

static void an_audit_is_of_the_same_try(void **unused)
{
	struct fake fake = { .generation = 5, .audits = true };
	struct sample sample;

	take(&fake, 5, &sample);
	assert_int_equal(fake.audits_taken, 1);
	assert_non_null(sample.views[KERNEL].audit);
	assert_null(sample.views[MODEL].audit);
	assert_int_equal(sample.views[KERNEL].audit->nr_slots, 1);
	assert_int_equal(status_of(&sample), 0);
	sample_deinit(&sample);

	/* A change after it: it is taken again with all the rest */
	fake = (struct fake){ .generation = 5,
			      .audits = true,
			      .audit_found = 1,
			      .changes_at = 1ULL << 4 };
	take(&fake, 5, &sample);
	assert_int_equal(sample.tries, 2);
	assert_int_equal(fake.audits_taken, 2);
	assert_int_equal(sample.views[KERNEL].audit->nr, 1);
	assert_int_equal(status_of(&sample), 1);
	sample_deinit(&sample);
}

/* An audit that could not be had is none without faults */
static void audits_that_fail(void **unused)
{
	struct fake fake = { .generation = 5,
			     .audits = true,
			     .audit_fails = ENOMEM };
	struct sample sample;

	take(&fake, 5, &sample);
	assert_non_null(sample.views[KERNEL].audit);
	assert_string_equal(sample.views[KERNEL].audit->unread,
			    "audit it: it is broken");
	assert_int_equal(status_of(&sample), 2);
	sample_deinit(&sample);

	fake.silent = true;
	take(&fake, 5, &sample);
	assert_non_null(sample.views[KERNEL].audit->unread);
	assert_int_equal(status_of(&sample), 2);
	sample_deinit(&sample);

	/* No way to it here is no loss */
	fake.silent = false;
	fake.audit_fails = EOPNOTSUPP;
	take(&fake, 5, &sample);
	assert_null(sample.views[KERNEL].audit->unread);
	assert_string_equal(sample.views[KERNEL].audit->none, "it is broken");
	assert_int_equal(status_of(&sample), 0);
	sample_deinit(&sample);

	/* What cannot be read may be so because it is damaged */
	fake = (struct fake){ .generation = 5,
			      .audits = true,
			      .audit_found = 1,
			      .fail[KERNEL] = EPROTO };
	take(&fake, 5, &sample);
	assert_non_null(sample.views[KERNEL].unread);
	assert_int_equal(sample.views[KERNEL].audit->nr, 1);
	assert_int_equal(status_of(&sample), 1);
	sample_deinit(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_rest),
		cmocka_unit_test(one_change_is_read_again),
		cmocka_unit_test(one_that_never_rests_cannot_be_told),
		cmocka_unit_test(who_has_no_time_gets_the_last_try),
		cmocka_unit_test(a_late_trace_is_waited_for),
		cmocka_unit_test(a_late_trace_of_requests_is_waited_for),
		cmocka_unit_test(transition_is_waited_for),
		cmocka_unit_test(broken_views_are_told),
		cmocka_unit_test(views_broken_in_silence_are_told),
		cmocka_unit_test(views_not_asked_for_are_absent),
		cmocka_unit_test(other_marks),
		cmocka_unit_test(a_process_that_dies),
		cmocka_unit_test(an_audit_is_of_the_same_try),
		cmocka_unit_test(audits_that_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
