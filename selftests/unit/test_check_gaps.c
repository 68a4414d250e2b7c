// SPDX-License-Identifier: GPL-2.0-or-later
/* Times in which guest RAM had no slot */
#include <errno.h>

#include "check_make.h"

static const struct slot none = { 0 };

static struct slot ram(gpa_t gpa, uint64_t size)
{
	return slot_of(0, 0, gpa, size, HVA + gpa, 0);
}

/* A VM whose log has its whole life, and says nothing yet */
static void begin(struct views *v)
{
	views_init(v);
	v->view[MODEL].slots = NULL;
	log_vm_create(&v->log, 1);
}

static struct slot_event *at(struct views *v, uint64_t seq)
{
	for (size_t i = 0; i < v->log.nr; i++) {
		if (v->log.events[i].seq == seq)
			return &v->log.events[i];
	}
	fail_msg("no event %llu", (unsigned long long)seq);
	return NULL;
}

static void deleted(struct views *v, uint64_t seq, struct slot slot,
		    uint64_t time_ns)
{
	log_change(&v->log, seq, slot, none, 2 * seq, 0);
	at(v, seq)->time_ns = time_ns;
}

static void made(struct views *v, uint64_t seq, struct slot slot,
		 uint64_t time_ns)
{
	log_change(&v->log, seq, none, slot, 2 * seq, 0);
	at(v, seq)->time_ns = time_ns;
}

static void ran(struct views *v, uint64_t seq, enum slot_vcpu_kind kind,
		uint32_t id)
{
	struct slot_event event = event_of(SLOT_EVENT_VCPU, seq);

	event.vcpu.kind = kind;
	event.vcpu.id = id;
	log_add(&v->log, event);
}

static void met_mmio(struct views *v, uint64_t seq, gpa_t gpa)
{
	struct slot_event event = event_of(SLOT_EVENT_EXIT, seq);

	event.exit.reason = SLOT_EXIT_MMIO;
	event.exit.gpa = gpa;
	log_add(&v->log, event);
}

static size_t gaps_in(struct views *v)
{
	size_t nr = 0;

	views_check(v);
	for (size_t i = 0; i < v->found.nr; i++)
		nr += v->found.items[i].id == FINDING_GAP;
	return nr;
}

static const struct finding *the_gap(struct views *v)
{
	assert_int_equal(gaps_in(v), 1);
	for (size_t i = 0; i < v->found.nr; i++) {
		if (v->found.items[i].id == FINDING_GAP)
			return &v->found.items[i];
	}
	return NULL;
}

static void says(const struct finding *f, const char *words)
{
	if (!strstr(f->sentence, words))
		fail_msg("\"%s\" does not say \"%s\"", f->sentence, words);
}

static void deleted_and_made_again(void **unused)
{
	const struct finding *f;
	struct views v;

	begin(&v);
	made(&v, 2, ram(0, 4 * MiB), 1000);
	assert_int_equal(gaps_in(&v), 0);
	deleted(&v, 3, ram(0, 4 * MiB), 100000);
	assert_int_equal(gaps_in(&v), 0);
	made(&v, 4, ram(0, 4 * MiB), 141000);
	f = the_gap(&v);
	assert_place(f, 0, 0, 4 * MiB);
	assert_int_equal(f->seq, 3);
	says(f, "no slot for 41 us or longer, from change #3");
	says(f, "to #4");
	says(f, "was not traced");
	/* when nobody could use the one, and when the other came, is more exact */
	at(&v, 3)->change.invalid_ns = 90000;
	at(&v, 4)->change.active_ns = 152000;
	says(the_gap(&v), "no slot for 62 us, from");
	views_deinit(&v);
}

/* A part comes back, then more of it; and what never does */
static void in_parts(void **unused)
{
	const struct finding *f;
	struct views v;

	begin(&v);
	made(&v, 2, ram(0, 8 * MiB), 0);
	deleted(&v, 3, ram(0, 8 * MiB), 1000);
	made(&v, 4, ram(2 * MiB, 2 * MiB), 3000);
	f = the_gap(&v);
	assert_place(f, 0, 2 * MiB, 2 * MiB);
	made(&v, 5, ram(4 * MiB, 4 * MiB), 10000);
	f = the_gap(&v);
	assert_place(f, 0, 2 * MiB, 6 * MiB);
	says(f, "0x400000-0x7fffff (4 MiB) had no slot for 9 us");
	says(f, "longest of 2, 11 us in all");
	/* not next to these: a note of its own */
	made(&v, 6, ram(0, MiB), 20000);
	assert_int_equal(gaps_in(&v), 2);
	views_deinit(&v);
}

/* A BAR went, and another thing came: nobody missed anything */
static void other_memory_is_no_gap(void **unused)
{
	struct slot other = ram(0, 4 * MiB);
	struct views v;

	begin(&v);
	other.hva += GiB;
	made(&v, 2, ram(0, 4 * MiB), 0);
	deleted(&v, 3, ram(0, 4 * MiB), 1000);
	made(&v, 4, other, 2000);
	assert_int_equal(gaps_in(&v), 0);
	/* ... nor when the first comes back: there was a slot all the time */
	deleted(&v, 5, other, 3000);
	made(&v, 6, ram(0, 4 * MiB), 4000);
	assert_int_equal(gaps_in(&v), 0);
	/* in the other address space that is the same place is another */
	deleted(&v, 7, ram(0, 4 * MiB), 5000);
	other = ram(0, 4 * MiB);
	other.as_id = 1;
	made(&v, 8, other, 6000);
	assert_int_equal(gaps_in(&v), 0);
	views_deinit(&v);
}

/* What failed changed nothing, and flags make no hole */
static void nothing_went(void **unused)
{
	struct slot logged = ram(0, 4 * MiB);
	struct views v;

	begin(&v);
	logged.flags = SLOT_LOG_DIRTY;
	made(&v, 2, ram(0, 4 * MiB), 0);
	log_change(&v.log, 3, ram(0, 4 * MiB), none, 6, -ENOMEM);
	log_change(&v.log, 4, ram(0, 4 * MiB), logged, 8, 0);
	made(&v, 5, ram(0, 4 * MiB), 9000);
	assert_int_equal(gaps_in(&v), 0);
	views_deinit(&v);
}

/* Moved away, and back */
static void moved(void **unused)
{
	struct slot there = ram(0, 4 * MiB);
	struct views v;

	begin(&v);
	there.gpa = GiB;
	made(&v, 2, ram(0, 4 * MiB), 0);
	log_change(&v.log, 3, ram(0, 4 * MiB), there, 6, 0);
	at(&v, 3)->time_ns = 1000;
	assert_int_equal(gaps_in(&v), 0);
	log_change(&v.log, 4, there, ram(0, 4 * MiB), 8, 0);
	at(&v, 4)->time_ns = 6000;
	/* which was meant: a turn that moves it is not one that brings it back */
	assert_int_equal(gaps_in(&v), 0);
	views_deinit(&v);
}

/* RAM goes away under a window of VGA, and comes back as the window goes */
static void what_is_meant_to_be_away(void **unused)
{
	struct views v;

	begin(&v);
	made(&v, 2, ram(0, 4 * MiB), 0);
	deleted(&v, 3, ram(0, 4 * MiB), 1000);
	made(&v, 4, ram(0, MiB), 3000);
	made(&v, 5, ram(2 * MiB, 2 * MiB), 4000);
	assert_int_equal(gaps_in(&v), 2);
	/* the next turn: of it, too, what comes back is told, and [1, 2) MiB is not */
	deleted(&v, 6, ram(0, MiB), 100000);
	made(&v, 7, ram(0, 2 * MiB), 110000);
	views_check(&v);
	for (size_t i = 0; i < v.found.nr; i++)
		if (v.found.items[i].id == FINDING_GAP &&
		    v.found.items[i].gpa == 0)
			assert_true(v.found.items[i].size == MiB);
	assert_int_equal(gaps_in(&v), 2);
	views_deinit(&v);
}

/* Another thread's turns are its own */
static void by_two_threads(void **unused)
{
	struct views v;

	begin(&v);
	made(&v, 2, ram(0, 4 * MiB), 0);
	made(&v, 3, ram(GiB, MiB), 0);
	deleted(&v, 4, ram(0, 4 * MiB), 1000);
	made(&v, 5, ram(2 * GiB, MiB), 2000);
	at(&v, 5)->tid++;
	deleted(&v, 6, ram(GiB, MiB), 3000);
	at(&v, 6)->tid++;
	made(&v, 7, ram(0, 4 * MiB), 4000);
	assert_place(the_gap(&v), 0, 0, 4 * MiB);
	/* ... and who has not taken it brings nothing back */
	at(&v, 7)->tid++;
	assert_int_equal(gaps_in(&v), 0);
	views_deinit(&v);
}

/* What is lost may have been what closed it, long before */
static void not_across_a_loss(void **unused)
{
	struct views v;

	begin(&v);
	made(&v, 2, ram(0, 4 * MiB), 0);
	deleted(&v, 3, ram(0, 4 * MiB), 1000);
	log_lost(&v.log, 5, 1);
	made(&v, 6, ram(0, 4 * MiB), 900000);
	assert_int_equal(gaps_in(&v), 0);
	views_deinit(&v);
}

/* bpf/vcpus: the first ENTER and the first LEAVE behind each change are told */
static void who_ran_in_it(void **unused)
{
	const struct finding *f;
	struct views v;

	begin(&v);
	made(&v, 2, ram(0, 4 * MiB), 0);
	ran(&v, 3, SLOT_VCPU_ENTER, 9); /* before, and not seen since */
	deleted(&v, 4, ram(0, 4 * MiB), 1000);
	ran(&v, 5, SLOT_VCPU_ENTER, 2);
	met_mmio(&v, 6, 0x1000);
	met_mmio(&v, 7, GiB);
	ran(&v, 8, SLOT_VCPU_LEAVE, 2);
	made(&v, 9, ram(0, 4 * MiB), 3000);
	ran(&v, 10, SLOT_VCPU_LEAVE, 3); /* was inside all the time */
	ran(&v, 11, SLOT_VCPU_ENTER, 4); /* came too late */
	f = the_gap(&v);
	says(f, "there ran vCPU 2, 3, and 1 exit fell in");
	views_deinit(&v);

	begin(&v);
	made(&v, 2, ram(0, 4 * MiB), 0);
	deleted(&v, 3, ram(0, 4 * MiB), 1000);
	made(&v, 4, ram(0, 4 * MiB), 3000);
	ran(&v, 5, SLOT_VCPU_ENTER, 0);
	says(the_gap(&v), "no vCPU ran then");
	views_deinit(&v);
}

/* It was to come back at once, and was refused */
static void because_of_a_refusal(void **unused)
{
	struct views v;

	begin(&v);
	made(&v, 2, ram(0, 4 * MiB), 0);
	deleted(&v, 3, ram(0, 4 * MiB), 1000);
	log_request(&v.log, 4, ram(0, 4 * MiB), -ENOMEM);
	made(&v, 5, ram(0, 4 * MiB), 3000);
	kvm_add(&v, 0, 0, 0, 4 * MiB, HVA, 0);
	assert_int_equal(gaps_in(&v), 1);
	assert_cause(&v, only(&v, FINDING_GAP, 2),
		     only(&v, FINDING_REFUSED, 2));
	views_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deleted_and_made_again),
		cmocka_unit_test(in_parts),
		cmocka_unit_test(other_memory_is_no_gap),
		cmocka_unit_test(nothing_went),
		cmocka_unit_test(moved),
		cmocka_unit_test(what_is_meant_to_be_away),
		cmocka_unit_test(by_two_threads),
		cmocka_unit_test(not_across_a_loss),
		cmocka_unit_test(who_ran_in_it),
		cmocka_unit_test(because_of_a_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
