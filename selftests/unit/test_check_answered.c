// SPDX-License-Identifier: GPL-2.0-or-later
/* KVM said yes and did something else, or no and did it all the same */
#include <errno.h>
#include <time.h>

#include "check_make.h"

static const struct slot none = { .id = 2, .gmem_fd = -1 };

static struct slot high(void)
{
	return slot_of(0, 2, MiB, 255 * MiB, HVA + MiB, SLOT_READONLY);
}

/*
 * What a thread asked for, and what KVM made of it: the change comes first. Each
 * call takes 1000 ns, and its change is within.
 */
static void log_call(struct views *v, struct slot asked, int result,
		     struct slot old, struct slot new, uint64_t generation)
{
	uint64_t seq = v->log.nr + 1;

	if (old.size || new.size) {
		log_change(&v->log, seq, old, new, generation, 0);
		v->log.events[v->log.nr - 1].time_ns = seq * 10000 + 100;
		seq++;
	}
	log_request(&v->log, seq, asked, result);
	v->log.events[v->log.nr - 1].time_ns =
		(v->log.nr > 1 ? seq - 1 : seq) * 10000;
	v->log.events[v->log.nr - 1].duration_ns = 1000;
}

static void begin(struct views *v)
{
	views_pc(v);
	log_vm_create(&v->log, 1);
	v->log.events[0].time_ns = 0;
}

static void as_it_was_asked(void **unused)
{
	struct slot moved = high();
	struct slot log_dirty = high();
	struct slot gone = high();
	struct views v;

	begin(&v);
	moved.gpa = GiB;
	log_dirty.gpa = GiB;
	log_dirty.flags |= SLOT_LOG_DIRTY;
	gone.size = 0;
	log_call(&v, high(), 0, none, high(), 2);
	log_call(&v, moved, 0, high(), moved, 6);
	log_call(&v, log_dirty, 0, moved, log_dirty, 8);
	/* nothing is left to change */
	log_call(&v, log_dirty, 0, none, none, 0);
	log_call(&v, gone, 0, log_dirty, none, 12);
	log_call(&v, gone, -EINVAL, none, none, 0);
	views_check(&v);
	only(&v, FINDING_REFUSED, 1);
	views_deinit(&v);
}

static void something_else(void **unused)
{
	struct slot made;
	const struct finding *f;
	struct views v;

	/* read-only is dropped */
	begin(&v);
	made = high();
	made.flags = 0;
	log_call(&v, high(), 0, none, made, 2);
	views_check(&v);
	f = only(&v, FINDING_ANSWERED, 1);
	assert_place(f, 0, MiB, 255 * MiB);
	assert_int_equal(f->slot_id, 2);
	assert_int_equal(f->seq, 3);
	assert_int_equal(f->views, 1U << TRACED);
	assert_non_null(strstr(f->sentence, "request #3"));
	assert_non_null(strstr(f->sentence, "change #2"));
	assert_non_null(strstr(f->sentence, "flags 0x2"));
	assert_non_null(strstr(f->sentence, "flags 0x0"));
	assert_int_equal(findings_exit_status(&v.found), 1);
	views_deinit(&v);

	/* a page short, at another address, on other memory, another slot */
	for (int way = 0; way < 4; way++) {
		begin(&v);
		made = high();
		made.size -= way == 0 ? 4 * KiB : 0;
		made.gpa += way == 1 ? 4 * KiB : 0;
		made.hva += way == 2 ? 4 * KiB : 0;
		made.id += way == 3;
		log_call(&v, high(), 0, none, made, 2);
		views_check(&v);
		only(&v, FINDING_ANSWERED, 1);
		views_deinit(&v);
	}

	/* another slot is deleted; one is deleted that was to be made */
	for (int way = 0; way < 2; way++) {
		begin(&v);
		made = high();
		made.id = 7;
		log_call(&v, made, 0, none, made, 2);
		log_call(&v, way ? high() : none, 0, made, none, 6);
		views_check(&v);
		only(&v, FINDING_ANSWERED, 1);
		views_deinit(&v);
	}
}

/* What a slot does not tell is not held against it */
static void what_is_not_known(void **unused)
{
	struct slot made = high();
	struct views v;

	begin(&v);
	made.flags = 0;
	made.hva = 0;
	made.unknown = SLOT_FIELD_READONLY | SLOT_FIELD_HVA;
	log_call(&v, high(), 0, none, made, 2);
	/* flags of KVM's own are no one's wish */
	log_call(&v, slot_of(0, 5, 0, 4 * KiB, HVA, 0), 0, none,
		 slot_of(0, 5, 0, 4 * KiB, HVA, 1U << 17), 4);
	/* arguments that could not be read were not asked for */
	log_call(&v, slot_of(0, 6, GiB, 4 * KiB, HVA, 0), 0, none,
		 slot_of(0, 6, 2 * GiB, 4 * KiB, HVA, 0), 6);
	v.log.events[v.log.nr - 1].request.unread = true;
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

/* The model is right, and KVM made another thing: that is beneath */
static void consequences_are_beneath(void **unused)
{
	struct slot made = high();
	const struct finding *f;
	struct views v;

	begin(&v);
	made.size -= 4 * KiB;
	log_call(&v, high(), 0, none, made, 2);
	slot_at(&v, KERNEL, 0, MiB)->size -= 4 * KiB;
	slot_at(&v, TRACED, 0, MiB)->size -= 4 * KiB;
	views_check(&v);
	f = only(&v, FINDING_EXTENT, 2);
	assert_int_not_equal(f->cause, FINDING_NO_CAUSE);
	assert_ptr_equal(&v.found.items[f->cause],
			 only(&v, FINDING_ANSWERED, 2));
	views_deinit(&v);
}

static void nothing_at_all(void **unused)
{
	const struct finding *f;
	struct slot gone = high();
	struct views v;

	/* not made */
	begin(&v);
	log_call(&v, slot_of(0, 9, 0, 4 * KiB, HVA, 0), 0, none,
		 slot_of(0, 9, 0, 4 * KiB, HVA, 0), 2);
	log_call(&v, high(), 0, none, none, 0);
	views_check(&v);
	f = only(&v, FINDING_ANSWERED, 1);
	assert_non_null(strstr(f->sentence, "changed nothing"));
	assert_non_null(strstr(f->sentence, "no such slot"));

	/* a change that is not there may have been lost */
	log_lost(&v.log, v.log.nr + 1, 1);
	v.log.events[v.log.nr - 1].time_ns = 1000000;
	views_check(&v);
	none_found(&v);
	views_deinit(&v);

	/* not deleted */
	begin(&v);
	gone.size = 0;
	log_call(&v, high(), 0, none, high(), 2);
	log_call(&v, gone, 0, none, none, 0);
	views_check(&v);
	f = only(&v, FINDING_ANSWERED, 1);
	assert_int_equal(f->size, 0);
	assert_non_null(strstr(f->sentence, "slot 2 at 0x100000"));
	views_deinit(&v);

	/* whoever came late does not know what stood before */
	views_pc(&v);
	log_call(&v, slot_of(0, 9, 0, 4 * KiB, HVA, 0), 0, none,
		 slot_of(0, 9, 0, 4 * KiB, HVA, 0), 22);
	log_call(&v, high(), 0, none, none, 0);
	views_check(&v);
	none_found(&v);
	views_deinit(&v);

	/* a tracer that sees no changes knows nothing of them */
	begin(&v);
	log_call(&v, high(), 0, none, none, 0);
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void refused_and_done(void **unused)
{
	const struct finding *f;
	struct views v;

	begin(&v);
	log_call(&v, high(), -EEXIST, none, high(), 2);
	views_check(&v);
	f = only(&v, FINDING_ANSWERED, 2);
	assert_non_null(strstr(f->sentence, "EEXIST"));
	only(&v, FINDING_REFUSED, 2);

	/* a change that failed with it is none */
	v.log.events[1].change.result = -EEXIST;
	views_check(&v);
	only(&v, FINDING_REFUSED, 1);
	views_deinit(&v);
}

/* Two threads at once: whose change is whose */
static void two_threads(void **unused)
{
	struct slot other = slot_of(0, 7, 2 * GiB, MiB, HVA, 0);
	struct slot_event *events;
	struct views v;

	begin(&v);
	log_change(&v.log, 2, none, other, 2, 0);
	log_change(&v.log, 3, none, high(), 4, 0);
	log_request(&v.log, 4, high(), 0);
	log_request(&v.log, 5, other, 0);
	events = v.log.events;
	events[1].tid = events[4].tid = 102;
	for (int i = 3; i < 5; i++) {
		events[i].time_ns = 1000;
		events[i].duration_ns = 9000;
	}
	views_check(&v);
	none_found(&v);

	/* the number of the call tells it, whatever the clocks say */
	events[2].change.after.size -= 4 * KiB;
	events[3].time_ns = 50000;
	events[2].call = events[3].call = 2;
	views_check(&v);
	assert_non_null(
		strstr(only(&v, FINDING_ANSWERED, 1)->sentence, "change #3"));
	views_deinit(&v);
}

/*
 * A request without a change is wrong, unless another thread changed a slot while it
 * was under way: then the slot may have been what was asked for meanwhile
 */
static void alone_or_not(void **unused)
{
	static const struct {
		pid_t tid[3]; /* of three changes, each over at */
		uint64_t end_ns[3];
		bool wrong; /* of a request of thread 101 from 20000 on */
	} try[] = {
		{ { 101, 101, 101 }, { 30000, 40000, 50000 }, true },
		{ { 102, 101, 101 }, { 19999, 40000, 50000 }, true },
		{ { 102, 101, 101 }, { 20000, 40000, 50000 }, false },
		{ { 101, 102, 101 }, { 30000, 25000, 50000 }, false },
		{ { 101, 102, 103 }, { 30000, 19000, 18000 }, true },
		{ { 103, 102, 101 }, { 30000, 19000, 50000 }, false },
		/* ends are in no order, where calls run side by side */
		{ { 102, 103, 102 }, { 30000, 10000, 15000 }, false },
		{ { 102, 101, 102 }, { 10000, 11000, 12000 }, true },
	};
	struct slot_event *event;
	struct views v;

	for (size_t i = 0; i < ARRAY_SIZE(try); i++) {
		begin(&v);
		for (int j = 0; j < 3; j++) {
			log_change(&v.log, 2 + j, none,
				   slot_of(0, 20 + j, (8 + j) * GiB, MiB, HVA,
					   0),
				   2 + 2 * j, 0);
			event = &v.log.events[v.log.nr - 1];
			event->tid = try[i].tid[j];
			event->call = 1 + j;
			event->time_ns = try[i].end_ns[j] - 10;
			event->duration_ns = 10;
		}
		log_request(&v.log, 5, high(), 0);
		event = &v.log.events[v.log.nr - 1];
		event->call = 9;
		event->time_ns = 20000;
		event->duration_ns = 80000;
		views_check(&v);
		if (v.found.nr != try[i].wrong)
			fail_msg("case %zu: %zu findings", i, v.found.nr);
		views_deinit(&v);
	}
}

/* A log in which all calls run at once, and none did what it was asked for */
static void all_at_once(void **unused)
{
	const int nr = 200000;
	struct timespec begin_at, end_at;
	struct views v;

	begin(&v);
	for (int i = 0; i < nr; i++) {
		log_request(&v.log, 2 + i, high(), 0);
		v.log.events[v.log.nr - 1].time_ns = 1;
		v.log.events[v.log.nr - 1].duration_ns = 1000000;
	}
	log_change(&v.log, 2 + nr, none, slot_of(0, 7, 2 * GiB, MiB, HVA, 0), 2,
		   0);
	clock_gettime(CLOCK_MONOTONIC, &begin_at);
	views_check(&v);
	clock_gettime(CLOCK_MONOTONIC, &end_at);
	assert_non_null(strstr(only(&v, FINDING_ANSWERED, 1)->sentence,
			       "200000 answers"));
	/* quadratic, it would be minutes */
	assert_true(end_at.tv_sec - begin_at.tv_sec < 20);
	views_deinit(&v);
}

static void again_and_again(void **unused)
{
	struct slot gone = high();
	struct slot made = high();
	const struct finding *f;
	struct views v;

	begin(&v);
	made.flags = 0;
	gone.size = 0;
	for (int i = 0; i < 5; i++) {
		log_call(&v, high(), 0, none, made, 6 * i + 2);
		log_call(&v, gone, 0, made, none, 6 * i + 6);
	}
	views_check(&v);
	/* and each time it was made anew there had been a gap */
	only(&v, FINDING_GAP, 2);
	f = only(&v, FINDING_ANSWERED, 2);
	assert_non_null(strstr(f->sentence, "5 answers"));
	views_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_it_was_asked),
		cmocka_unit_test(something_else),
		cmocka_unit_test(what_is_not_known),
		cmocka_unit_test(consequences_are_beneath),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(refused_and_done),
		cmocka_unit_test(two_threads),
		cmocka_unit_test(alone_or_not),
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(again_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
