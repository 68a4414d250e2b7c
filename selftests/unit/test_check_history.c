// SPDX-License-Identifier: GPL-2.0-or-later
/* Since when, by whom, what came of it; and what a VMM died of */
#include <errno.h>
#include <signal.h>

#include <slotscope/history.h>

#include "check/last_words.h"
#include "check_make.h"

static const struct slot nothing = { .gmem_fd = -1 };

static struct slot high(void)
{
	return slot_of(0, 2, MiB, 255 * MiB, HVA + MiB, 0);
}

static const struct story *tell(struct views *v, struct stories *stories,
				const struct finding *finding)
{
	assert_int_equal(history(&v->made, 1000000, stories), 0);
	assert_int_equal(stories->nr, v->found.nr);
	return &stories->items[finding - v->found.items];
}

static void assert_seq(const struct slot_event *event, uint64_t seq)
{
	assert_non_null(event);
	assert_int_equal(event->seq, seq);
}

/* It had a slot, which was deleted at #5, and not made again */
static void since_a_change(void **unused)
{
	struct stories stories;
	const struct story *s;
	struct views v;

	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	log_vm_create(&v.log, 1);
	log_change(&v.log, 2, nothing, high(), 2, 0);
	log_change(&v.log, 3, nothing,
		   slot_of(0, 9, 8 * GiB, MiB, HVA + 8 * GiB, 0), 4, 0);
	log_change(&v.log, 5, high(), nothing, 6, 0);
	/* elsewhere, and failed: neither made it so */
	log_change(&v.log, 6, slot_of(0, 9, 8 * GiB, MiB, HVA + 8 * GiB, 0),
		   nothing, 8, 0);
	log_change(&v.log, 7, nothing, high(), 8, -ENOMEM);
	views_check(&v);
	s = tell(&v, &stories, only(&v, FINDING_MISSING, 1));
	assert_int_equal(s->since, SINCE_EVENT);
	assert_seq(s->event, 5);
	assert_int_equal(s->ago_ns, 1000000 - 5000);
	assert_slot(&s->was, high());
	assert_int_equal(s->outcome, OUTCOME_NONE);
	stories_deinit(&stories);

	/* the same with a loss after it: another one may have */
	log_lost(&v.log, 8, 1);
	views_check(&v);
	s = tell(&v, &stories, only(&v, FINDING_MISSING, 1));
	assert_int_equal(s->since, SINCE_UNKNOWN);
	assert_seq(s->event, 5);
	stories_deinit(&stories);
	views_deinit(&v);
}

static void since_no_change(void **unused)
{
	struct stories stories;
	const struct story *s;
	struct views v;

	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	log_vm_create(&v.log, 1);
	views_check(&v);
	s = tell(&v, &stories, only(&v, FINDING_MISSING, 1));
	assert_int_equal(s->since, SINCE_CREATION);
	assert_seq(s->event, 1);
	stories_deinit(&stories);
	views_deinit(&v);

	/* tracing began later */
	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	log_base_end(&v.log, 1, 0, 20);
	views_check(&v);
	s = tell(&v, &stories, only(&v, FINDING_MISSING, 1));
	assert_int_equal(s->since, SINCE_BEFORE);
	assert_null(s->event);
	stories_deinit(&stories);

	/* and lost something */
	log_lost(&v.log, 2, 1);
	views_check(&v);
	s = tell(&v, &stories, only(&v, FINDING_MISSING, 1));
	assert_int_equal(s->since, SINCE_UNKNOWN);
	stories_deinit(&stories);

	/* nobody traced at all */
	v.input.log = NULL;
	views_check(&v);
	s = tell(&v, &stories, only(&v, FINDING_MISSING, 1));
	assert_null(s->event);
	stories_deinit(&stories);
	views_deinit(&v);
}

/* What lies under a slot is changed by nothing that is traced */
static void ground_is_not_traced(void **unused)
{
	struct stories stories;
	const struct story *s;
	struct views v;

	views_pc(&v);
	log_vm_create(&v.log, 1);
	log_change(&v.log, 2, nothing, high(), 2, 0);
	v.map.ranges[0].end -= MiB;
	views_check(&v);
	assert_true(v.found.nr);
	assert_int_equal(v.found.items[0].id, FINDING_UNBACKED);
	s = tell(&v, &stories, &v.found.items[0]);
	assert_int_equal(s->since, SINCE_UNKNOWN);
	stories_deinit(&stories);
	views_deinit(&v);
}

static void outcome(struct views *v, enum story_outcome want, uint64_t after)
{
	struct stories stories;
	const struct finding *f = NULL;
	const struct story *s;

	views_check(v);
	for (size_t i = 0; i < v->found.nr; i++)
		if (v->found.items[i].result && v->found.items[i].seq == 4)
			f = &v->found.items[i];
	assert_non_null(f);
	s = tell(v, &stories, f);
	assert_int_equal(s->outcome, want);
	assert_seq(s->event, 4);
	if (after)
		assert_seq(s->after, after);
	else
		assert_null(s->after);
	stories_deinit(&stories);
}

static void outcomes(void **unused)
{
	struct slot other = high();
	struct views v;

	other.id = 7;
	/* asked again: not the same slot's deletion, nor elsewhere */
	views_pc(&v);
	log_request(&v.log, 3, high(), 0);
	log_request(&v.log, 4, high(), -ENOMEM);
	outcome(&v, OUTCOME_OPEN, 0);
	log_request(&v.log, 5, slot_of(0, 2, 8 * GiB, MiB, HVA, 0), 0);
	outcome(&v, OUTCOME_OPEN, 0);
	log_request(&v.log, 6, slot_of(0, 2, MiB, MiB, HVA + MiB, 0), 0);
	outcome(&v, OUTCOME_OPEN, 0); /* a part is not the whole */
	log_request(&v.log, 7, high(), 0);
	outcome(&v, OUTCOME_RETRIED, 7);
	log_request(&v.log, 8, other, 0);
	outcome(&v, OUTCOME_AROUND, 8);
	views_deinit(&v);

	/* the model does without */
	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	slot_drop(&v, MODEL, 0, MiB);
	log_request(&v.log, 4, high(), -EINVAL);
	outcome(&v, OUTCOME_WITHOUT, 0);
	/* or there is none to say so */
	v.view[MODEL].slots = NULL;
	outcome(&v, OUTCOME_OPEN, 0);
	views_deinit(&v);

	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	log_request(&v.log, 4, high(), -EINVAL);
	outcome(&v, OUTCOME_IGNORED, 0);
	views_deinit(&v);
}

/* The rule, the other party, its age and its maker, as fields and in words */
static void the_other_party(void **unused)
{
	struct slot above = slot_of(0, 5, 4 * MiB, MiB, HVA + 4 * MiB, 0);
	struct stories stories;
	const struct finding *f;
	const struct story *s;
	struct views v;

	views_init(&v);
	v.view[MODEL].slots = NULL;
	v.view[KERNEL].slots = NULL;
	log_vm_create(&v.log, 1);
	log_change(&v.log, 2, nothing, above, 2, 0);
	log_request(&v.log, 3, above, 0);
	log_request(&v.log, 44, high(), -EEXIST);
	v.log.events[3].time_ns = 2000 + 41000000;
	v.input.limits = &(struct request_limits){
		.nr_slots = 32764,
		.nr_as = 2,
		.hva_end = 1ULL << 47,
		.max_pages = 1 << 30,
	};
	views_check(&v);
	f = NULL;
	for (size_t i = 0; i < v.found.nr; i++)
		if (v.found.items[i].id == FINDING_REFUSED)
			f = &v.found.items[i];
	assert_non_null(f);
	assert_int_equal(f->result, -EEXIST);
	assert_true(f->rule_known);
	assert_int_equal(f->rule, RULE_OVERLAP);
	assert_slot(&f->other, above);
	assert_non_null(strstr(f->sentence, "slot 5"));
	assert_non_null(
		strstr(f->sentence, "made 41 ms before by thread 101 (vmm)"));
	s = tell(&v, &stories, f);
	assert_seq(s->other, 2);
	stories_deinit(&stories);
	views_deinit(&v);
}

/* VM 1 is made, has a slot, and is refused one at #4, at 4 us */
static void dying(struct slot_log *log)
{
	slot_log_init(log);
	log_vm_create(log, 1);
	log_change(log, 2, nothing, high(), 2, 0);
	log_request(log, 3, high(), 0);
	log_request(log, 4, slot_of(0, 3, MiB, MiB, HVA, 0), -EEXIST);
}

static void log_destroy(struct slot_log *log, uint64_t seq, uint64_t time_ns)
{
	struct slot_event event = event_of(SLOT_EVENT_VM_DESTROY, seq);

	event.vm.fd = 9;
	event.vm.serial = 1;
	event.time_ns = time_ns;
	log_add(log, event);
}

/* Process @tgid ended so */
static void log_exit(struct slot_log *log, uint64_t seq, pid_t tgid, int status)
{
	struct slot_event event = event_of(SLOT_EVENT_PROCESS_EXIT, seq);

	event.serial = 0;
	event.tgid = tgid;
	event.time_ns = 4900;
	event.process_exit.status = status;
	log_add(log, event);
}

static bool fatal(const struct slot_log *log, const struct vm_end *end)
{
	struct last_words words;

	last_words_of(&words, log, 1);
	return last_words_fatal(&words, end);
}

static bool perhaps(const struct slot_log *log, const struct vm_end *end)
{
	struct last_words words;

	last_words_of(&words, log, 1);
	return last_words_refused(&words, end);
}

#define EXITED(code) ((code) << 8)

static void what_it_died_of(void **unused)
{
	struct vm_end failed = { 5000, true, EXITED(1) };
	struct vm_end aborted = { 5000, true, SIGABRT };
	struct vm_end well = { 5000, true, EXITED(0) };
	struct vm_end killed = { 5000, true, SIGTERM };
	struct vm_end later = { 60000000000ULL, true, EXITED(1) };
	struct vm_end unknown = { 5000, false, 0 };
	struct slot_event event;
	struct slot_log log;

	dying(&log);
	assert_true(fatal(&log, &failed));
	assert_true(fatal(&log, &aborted));
	assert_false(fatal(&log, &well));
	assert_false(fatal(&log, &killed));
	assert_false(fatal(&log, &later));
	assert_false(fatal(&log, NULL));
	/* nobody saw the VM end */
	assert_false(perhaps(&log, &unknown));
	log_destroy(&log, 5, 5000);
	/* a program that provokes a refusal and is done ends so, too */
	assert_true(perhaps(&log, &unknown));
	assert_false(fatal(&log, &unknown));
	assert_true(fatal(&log, &failed));
	slot_log_deinit(&log);

	dying(&log);
	log_destroy(&log, 5, 30000000000ULL);
	assert_false(perhaps(&log, &unknown));
	slot_log_deinit(&log);

	/* the log tells how whoever was refused ended, whoever else waited for it */
	dying(&log);
	log_exit(&log, 5, 99, 0x100);
	log_destroy(&log, 6, 5000);
	assert_true(perhaps(&log, &unknown));
	assert_false(fatal(&log, &unknown));
	slot_log_deinit(&log);
	dying(&log);
	log_exit(&log, 5, 100, 0x100);
	log_destroy(&log, 6, 5000);
	assert_true(fatal(&log, &unknown));
	slot_log_deinit(&log);
	dying(&log);
	log_exit(&log, 5, 100, 0);
	log_destroy(&log, 6, 5000);
	assert_false(perhaps(&log, &unknown));
	slot_log_deinit(&log);
	dying(&log);
	log_exit(&log, 5, 100, SIGKILL);
	log_destroy(&log, 6, 5000);
	assert_false(perhaps(&log, &unknown));
	slot_log_deinit(&log);

	/* the VM was passed on, and its new process has the pid of the old: an end before */
	dying(&log);
	log_exit(&log, 5, 100, 0x100);
	log_request(&log, 6, slot_of(0, 3, MiB, MiB, HVA, 0), -EEXIST);
	log_destroy(&log, 7, 7000);
	assert_true(perhaps(&log, &unknown));
	assert_false(fatal(&log, &unknown));
	slot_log_deinit(&log);

	/* it went on: was granted something; asked for another VM; was not seen */
	dying(&log);
	log_request(&log, 5, slot_of(0, 3, GiB, MiB, HVA, 0), 0);
	assert_false(fatal(&log, &failed));
	log_request(&log, 6, slot_of(0, 4, GiB, MiB, HVA, 0), -EEXIST);
	assert_true(fatal(&log, &failed));
	slot_log_deinit(&log);
	dying(&log);
	event = event_of(SLOT_EVENT_VM_CREATE, 5);
	event.serial = 2;
	event.tgid = 99; /* somebody else */
	log_add(&log, event);
	assert_true(fatal(&log, &failed));
	event.seq = 6;
	event.tgid = 100;
	log_add(&log, event);
	assert_false(fatal(&log, &failed));
	slot_log_deinit(&log);
	dying(&log);
	log_lost(&log, 5, 1);
	assert_false(fatal(&log, &failed));
	slot_log_deinit(&log);
}

static void a_fatal_refusal(void **unused)
{
	const struct vm_end failed = { 3004000, true, EXITED(7) };
	struct stories stories;
	const struct finding *f;
	const struct story *s;
	struct views v;

	views_init(&v);
	dying(&v.log);
	slot_state_deinit(&v.state[TRACED]);
	assert_int_equal(fold(&v.log, &(struct vm_id){ .serial = 1 },
			      &v.state[TRACED]),
			 0);
	v.input.views = &v.view[TRACED];
	v.input.nr_views = 1;
	v.input.end = &failed;
	views_check(&v);
	f = only(&v, FINDING_FATAL_REFUSAL, 1);
	assert_place(f, 0, MiB, MiB);
	assert_int_equal(f->seq, 4);
	assert_int_equal(f->result, -EEXIST);
	assert_non_null(
		strstr(f->sentence, "3 ms later it ended with status 7"));
	assert_int_equal(findings_exit_status(&v.found), 1);
	s = tell(&v, &stories, f);
	assert_int_equal(s->outcome, OUTCOME_FATAL);
	assert_int_equal(s->nr_last, 1);
	assert_seq(s->last[0], 2);
	stories_deinit(&stories);

	/* the same, of one that lives: a note, and nothing to compare with */
	v.input.end = NULL;
	views_check(&v);
	only(&v, FINDING_REFUSED, 2);
	only(&v, FINDING_UNREAD, 2);
	views_deinit(&v);
}

static void words(void **unused)
{
	const struct finding unread = { .id = FINDING_UNREAD };
	char next[STORY_NEXT_MAX];
	char buf[STORY_SAY_MAX + 128];
	struct story story = { .since = SINCE_BEFORE };

	assert_string_equal(story_say_since(buf, &story),
			    "before tracing began");
	assert_null(story_say_outcome(buf, &story));
	assert_null(story_say_was(buf, &story));
	story.since = SINCE_NOWHEN;
	assert_null(story_say_since(buf, &story));
	assert_null(story_since_name(SINCE_NOWHEN));
	assert_null(story_outcome_name(OUTCOME_NONE));
	for (int id = 0; id < FINDING_IDS; id++)
		if (finding_id_kind(id) == FINDING_MISMATCH)
			assert_non_null(finding_causes(id)[0]);
	/* What this machine can do says nothing of a VM that is not on it */
	assert_string_equal(finding_next(next, &unread, 42),
			    "slotscope doctor");
	assert_string_equal(finding_next(next, &unread, 0),
			    "slotscope explain unread");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(since_a_change),
		cmocka_unit_test(since_no_change),
		cmocka_unit_test(ground_is_not_traced),
		cmocka_unit_test(outcomes),
		cmocka_unit_test(the_other_party),
		cmocka_unit_test(what_it_died_of),
		cmocka_unit_test(a_fatal_refusal),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
