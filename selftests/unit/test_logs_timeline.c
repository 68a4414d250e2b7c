// SPDX-License-Identifier: GPL-2.0-or-later
/* A log laid out in time: which tracks, what on them, from when to when */
#include <errno.h>

#include "view_make.h"
#include "logs/timeline.h"

static struct slot_log log_;
static struct timeline line_;

static int setup(void **unused)
{
	(void)unused;
	slot_log_init(&log_);
	line_ = (struct timeline){ 0 };
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	timeline_deinit(&line_);
	slot_log_deinit(&log_);
	return 0;
}

static void lay_out(void)
{
	timeline_deinit(&line_);
	assert_int_equal(timeline_make(&log_, &line_), 0);
}

/* The nth slice of that kind on the track of that kind and id */
static const struct timeline_slice *slice(enum timeline_track_kind kind, int id,
					  enum timeline_what what, size_t n)
{
	for (size_t i = 0; i < line_.nr_slices; i++) {
		const struct timeline_slice *s = &line_.slices[i];

		if (s->track->kind == kind && s->track->id == id &&
		    s->what == what && !n--)
			return s;
	}
	return NULL;
}

static void lasts(const struct timeline_slice *s, uint64_t begin, uint64_t end)
{
	assert_non_null(s);
	assert_int_equal(s->begin_ns, begin);
	assert_int_equal(s->end_ns, end);
}

#define NONE	slot_of(0, -1, 0, 0, 0, 0)
#define RAM(id) slot_of(0, id, (id)*GiB, MiB, HVA, 0)

/* Of the event added last */
static struct slot_event *last(void)
{
	return &log_.events[log_.nr - 1];
}

/* Created at 2000, invalid from 3300 to 3700, there anew from then on; gone at 5100 */
static void states_of_a_slot(void **unused)
{
	(void)unused;
	log_vm_create(&log_, 1);
	log_change(&log_, 2, NONE, RAM(1), 2, 0);
	last()->duration_ns = 50;
	log_change(&log_, 3, RAM(1), slot_of(0, 1, 0, MiB, HVA, 0), 4, 0);
	last()->change.invalid_ns = 3300;
	last()->change.active_ns = 3700;
	log_change(&log_, 5, slot_of(0, 1, 0, MiB, HVA, 0), NONE, 6, 0);
	last()->duration_ns = 100;
	log_add(&log_, event_of(SLOT_EVENT_VM_DESTROY, 8));
	lay_out();
	lasts(slice(TIMELINE_SLOT, 1, TIMELINE_STATE, 0), 2050, 3300);
	lasts(slice(TIMELINE_SLOT, 1, TIMELINE_HOLE, 0), 3300, 3700);
	lasts(slice(TIMELINE_SLOT, 1, TIMELINE_STATE, 1), 3700, 5100);
	assert_null(slice(TIMELINE_SLOT, 1, TIMELINE_STATE, 2));
	lasts(slice(TIMELINE_VM, 0, TIMELINE_LIFE, 0), 1000, 8000);
	assert_false(slice(TIMELINE_VM, 0, TIMELINE_LIFE, 0)->open);
	lasts(slice(TIMELINE_THREAD, 101, TIMELINE_EVENT, 0), 2000, 2050);
	assert_memory_equal(
		slice(TIMELINE_THREAD, 101, TIMELINE_EVENT, 0)->track->comm,
		"vmm", 4);
}

/* What failed changes no state, though the slot was invalid for a while */
static void failed(void **unused)
{
	(void)unused;
	log_vm_create(&log_, 1);
	log_change(&log_, 2, NONE, RAM(1), 2, 0);
	log_change(&log_, 3, RAM(1), NONE, 4, -ENOMEM);
	last()->change.invalid_ns = 3100;
	last()->change.active_ns = 3200;
	log_add(&log_, event_of(SLOT_EVENT_VM_DESTROY, 8));
	lay_out();
	lasts(slice(TIMELINE_SLOT, 1, TIMELINE_STATE, 0), 2000, 8000);
	lasts(slice(TIMELINE_SLOT, 1, TIMELINE_HOLE, 0), 3100, 3200);
	assert_int_equal(slice(TIMELINE_SLOT, 1, TIMELINE_HOLE, 0)->lane, 0);
}

/* A log that begins late and ends early says so of what it has cut */
static void a_piece_of_a_life(void **unused)
{
	(void)unused;
	log_base(&log_, 1, RAM(3));
	log_base_end(&log_, 2, 0, 4);
	log_change(&log_, 3, NONE, RAM(1), 6, 0);
	log_request(&log_, 9, RAM(1), 0);
	last()->duration_ns = 500;
	lay_out();
	lasts(slice(TIMELINE_SLOT, 3, TIMELINE_STATE, 0), 1000, 9500);
	assert_true(slice(TIMELINE_SLOT, 3, TIMELINE_STATE, 0)->stood);
	assert_true(slice(TIMELINE_SLOT, 3, TIMELINE_STATE, 0)->open);
	assert_false(slice(TIMELINE_SLOT, 1, TIMELINE_STATE, 0)->stood);
	lasts(slice(TIMELINE_VM, 0, TIMELINE_LIFE, 0), 1000, 9500);
	assert_true(slice(TIMELINE_VM, 0, TIMELINE_LIFE, 0)->stood);
	/* The request made no second state: there are changes */
	assert_null(slice(TIMELINE_SLOT, 1, TIMELINE_STATE, 1));
}

static void requests_alone(void **unused)
{
	(void)unused;
	log_vm_create(&log_, 1);
	log_request(&log_, 2, RAM(1), 0);
	log_request(&log_, 3, RAM(2), -EEXIST);
	log_request(&log_, 4, slot_of(0, 1, 0, 0, 0, 0), 0);
	lay_out();
	lasts(slice(TIMELINE_SLOT, 1, TIMELINE_STATE, 0), 2000, 4000);
	assert_null(slice(TIMELINE_SLOT, 1, TIMELINE_STATE, 1));
	assert_null(slice(TIMELINE_SLOT, 2, TIMELINE_STATE, 0));
}

/* What is missing lies between what was told last and where it was noticed */
static void gaps(void **unused)
{
	(void)unused;
	log_vm_create(&log_, 1);
	log_request(&log_, 2, RAM(1), 0);
	last()->duration_ns = 300;
	log_lost(&log_, 5, 3);
	log_lost(&log_, 8, 1);
	last()->time_ns = 0; /* of a recording: no time */
	lay_out();
	lasts(slice(TIMELINE_LOST, 0, TIMELINE_GAP, 0), 2300, 5000);
	lasts(slice(TIMELINE_LOST, 0, TIMELINE_GAP, 1), 5000, 5000);
}

static void vcpus(void **unused)
{
	struct slot_event event = event_of(SLOT_EVENT_VCPU, 2);

	(void)unused;
	log_vm_create(&log_, 1);
	event.vcpu.id = 4;
	log_add(&log_, event);
	event = event_of(SLOT_EVENT_EXIT, 3);
	event.exit.vcpu = 4;
	log_add(&log_, event);
	event = event_of(SLOT_EVENT_FAULT, 5);
	event.duration_ns = 70;
	event.fault.vcpu = 4;
	log_add(&log_, event);
	event.seq = 6;
	event.fault.vcpu = -1; /* the VMM itself */
	event.time_ns = 6000;
	log_add(&log_, event);
	event = event_of(SLOT_EVENT_MAPPING, 7);
	event.mapping.slot = 9;
	log_add(&log_, event);
	lay_out();
	lasts(slice(TIMELINE_VCPU, 4, TIMELINE_EVENT, 0), 2000, 2000);
	lasts(slice(TIMELINE_VCPU, 4, TIMELINE_EVENT, 1), 3000, 3000);
	lasts(slice(TIMELINE_VCPU, 4, TIMELINE_EVENT, 2), 5000, 5070);
	lasts(slice(TIMELINE_THREAD, 101, TIMELINE_EVENT, 0), 6000, 6070);
	lasts(slice(TIMELINE_SLOT, 9, TIMELINE_EVENT, 0), 7000, 7000);
	lasts(slice(TIMELINE_THREAD, 101, TIMELINE_EVENT, 1), 7000, 7000);
}

/* Two VMs with a slot of the same number, and VMs stand together */
static void several_vms(void **unused)
{
	(void)unused;
	log_vm_create(&log_, 1);
	log_change(&log_, 2, NONE, RAM(1), 2, 0);
	log_vm_create(&log_, 3);
	last()->serial = 2;
	log_change(&log_, 4, NONE, RAM(1), 2, 0);
	last()->serial = 2;
	lay_out();
	assert_int_equal(line_.nr_tracks, 5);
	assert_int_equal(line_.tracks[0]->serial, 1);
	assert_int_equal(line_.tracks[1]->serial, 1);
	assert_int_equal(line_.tracks[2]->serial, 2);
	assert_int_equal(line_.tracks[3]->serial, 2);
	assert_int_equal(line_.tracks[4]->kind, TIMELINE_THREAD);
}

static void without_times(void **unused)
{
	(void)unused;
	log_vm_create(&log_, 1);
	last()->time_ns = 0;
	assert_int_equal(timeline_make(&log_, &line_), -ENODATA);
}

static void an_empty_log(void **unused)
{
	(void)unused;
	lay_out();
	assert_int_equal(line_.nr_tracks, 0);
}

/* Whatever the times are: on each lane of a track what lasts is within, or apart */
static void random_times_nest(void **unused)
{
	uint32_t state = 7;

	(void)unused;
	for (int round = 0; round < 300; round++) {
		teardown(NULL);
		for (uint64_t seq = 1; seq <= 30; seq++) {
			log_request(&log_, seq, RAM(1), -EINVAL);
			state = state * 1103515245 + 12345;
			last()->time_ns = 1 + (state >> 16) % 40;
			last()->duration_ns = (state >> 24) % 30;
		}
		lay_out();
		for (size_t i = 0; i < line_.nr_slices; i++) {
			const struct timeline_slice *x = &line_.slices[i];

			assert_true(x->lane < x->track->lanes);
			for (size_t j = 0; j < i; j++) {
				const struct timeline_slice *y =
					&line_.slices[j];

				if (x->track != y->track ||
				    x->lane != y->lane ||
				    x->begin_ns == x->end_ns ||
				    y->begin_ns == y->end_ns)
					continue;
				/* y stands before x */
				assert_true(y->begin_ns <= x->begin_ns);
				assert_true(y->end_ns <= x->begin_ns ||
					    x->end_ns <= y->end_ns);
			}
		}
	}
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(states_of_a_slot),
		test(failed),
		test(a_piece_of_a_life),
		test(requests_alone),
		test(gaps),
		test(vcpus),
		test(several_vms),
		test(without_times),
		test(an_empty_log),
		test(random_times_nest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
