// SPDX-License-Identifier: GPL-2.0-or-later
/* A recording laid before what was traced: whose it is, and how far it leads */
#include <errno.h>

#include "logs/past.h"
#include "view/slot_world.h"
#include "view_make.h"

/* The VM that is there: it was recorded as VM 1, and is traced as VM 7 */
#define TGID  100
#define START 5000
#define FD    9
#define NOW   7
#define BEGUN 1000000 /* the trace; each event is at 1000 ns times its number */

static const struct slot nothing = { .gmem_fd = -1 };

struct pasts {
	struct slot_log recorded, traced, out;
	struct vm_id vm;
	struct past_now now;
	struct past past;
};

static struct slot low(void)
{
	return slot_of(0, 1, 0, MiB, HVA, 0);
}

static struct slot high(void)
{
	return slot_of(0, 2, MiB, 255 * MiB, HVA + MiB, 0);
}

static void base(struct pasts *p, uint64_t seq, struct slot slot)
{
	struct slot_event event = event_of(SLOT_EVENT_BASE, seq);

	event.serial = NOW;
	event.base = slot;
	log_add(&p->traced, event);
}

static void base_end(struct pasts *p, uint64_t seq, int as_id,
		     uint64_t generation)
{
	struct slot_event event = event_of(SLOT_EVENT_BASE_END, seq);

	event.serial = NOW;
	event.base_end.as_id = as_id;
	event.base_end.generation = generation;
	log_add(&p->traced, event);
}

static void created(struct slot_log *log, uint64_t seq, uint64_t serial,
		    uint64_t start, int fd)
{
	struct slot_event event = event_of(SLOT_EVENT_VM_CREATE, seq);

	event.serial = serial;
	event.vm = (struct vm_id){
		.tgid = TGID, .start_time = start, .fd = fd, .serial = serial
	};
	log_add(log, event);
}

/* Made, given two slots; the same two stand there when tracing begins, at #1001 */
static void begin(struct pasts *p)
{
	*p = (struct pasts){ .vm = { .tgid = TGID,
				     .start_time = START,
				     .fd = FD,
				     .serial = NOW } };
	slot_log_init(&p->recorded);
	slot_log_init(&p->traced);
	created(&p->recorded, 11, 1, START, FD);
	log_change(&p->recorded, 12, nothing, low(), 2, 0);
	log_change(&p->recorded, 13, nothing, high(), 4, 0);
	base(p, 1001, low());
	base(p, 1002, high());
	base_end(p, 1003, 0, 4);
	base_end(p, 1004, 1, 1);
	p->now = (struct past_now){ .vm = &p->vm,
				    .there_ns = BEGUN,
				    .traced = &p->traced,
				    .traced_ns = BEGUN,
				    .end_ns = BEGUN + 1,
				    .end_seq = 900 };
}

static enum past_state join(struct pasts *p)
{
	slot_log_deinit(&p->out);
	assert_int_equal(past_join(&p->recorded, &p->now, &p->past, &p->out),
			 0);
	return p->past.state;
}

static void end(struct pasts *p)
{
	slot_log_deinit(&p->out);
	slot_log_deinit(&p->recorded);
	slot_log_deinit(&p->traced);
}

static size_t count(const struct slot_log *log, enum slot_event_type type)
{
	size_t nr = 0;

	for (size_t i = 0; i < log->nr; i++)
		nr += log->events[i].type == type;
	return nr;
}

/* The recorder told of what came after tracing began: nothing is missing */
static void meets(void **unused)
{
	struct slot_state state;
	struct pasts p;

	begin(&p);
	assert_int_equal(join(&p), PAST_WHOLE);
	assert_true(p.past.created);
	assert_int_equal(p.past.from_ns, 11000);
	assert_int_equal(p.past.blind_ns, 0);
	/* Its numbers stay, and the first state would only hide what made it */
	assert_int_equal(p.out.nr, 3);
	assert_int_equal(p.out.events[1].seq, 12);
	for (size_t i = 0; i < p.out.nr; i++)
		assert_int_equal(p.out.events[i].serial, NOW);
	assert_int_equal(fold(&p.out, &p.vm, &state), 0);
	assert_true(state.whole_life);
	assert_int_equal(state.coverage.lost, 0);
	assert_int_equal(state.nr_slots, 2);
	assert_int_equal(state.slots[1].seq, 13);
	slot_state_deinit(&state);
	end(&p);
}

/* It ended before tracing began: what proves that it is this VM, and what is missing? */
static void ended_before(void **unused)
{
	struct slot_event event;
	struct pasts p;

	begin(&p);
	p.now.end_ns = 500000;
	assert_int_equal(join(&p), PAST_UNPROVEN);
	assert_int_equal(p.out.nr, p.traced.nr);

	/* The kernel says when the VM was made */
	p.now.there_ns = 400000;
	assert_int_equal(join(&p), PAST_WHOLE);
	assert_int_equal(p.past.end_ns, 500000);
	assert_int_equal(p.past.blind_ns, BEGUN - 500000);
	/* killed: its end is missing, and what it had come to is not */
	event = event_of(SLOT_EVENT_LOST, 900);
	event.serial = 0;
	event.lost.reason = SLOT_LOST_CUT;
	event.lost.count = 1;
	log_add(&p.recorded, event);
	assert_int_equal(join(&p), PAST_WHOLE);
	assert_int_equal(p.past.end_ns, 500000);
	assert_int_equal(count(&p.out, SLOT_EVENT_LOST), 0);
	/* that it was killed is no excuse for slots which KVM has not */
	p.traced.events[0].base.hva += MiB;
	assert_int_equal(join(&p), PAST_OTHER);
	p.traced.events[0].base.hva -= MiB;
	/* at the very moment at which it ends: that is not before */
	p.now.there_ns = 500000;
	assert_int_equal(join(&p), PAST_UNPROVEN);
	p.now.there_ns = 400000;

	/* Three more changes: how many is told by the generations */
	slot_log_deinit(&p.traced);
	base(&p, 1001, low());
	base_end(&p, 1002, 0, 10);
	base_end(&p, 1003, 1, 1);
	assert_int_equal(join(&p), PAST_GAP);
	assert_int_equal(p.past.unseen, 3);
	assert_int_equal(count(&p.out, SLOT_EVENT_LOST), 1);
	assert_int_equal(count(&p.out, SLOT_EVENT_BASE_END), 2);
	assert_int_equal(p.out.events[3].type, SLOT_EVENT_LOST);
	assert_int_equal(p.out.events[3].seq, 901);
	assert_int_equal(p.out.events[3].lost.reason, SLOT_LOST_GAP);
	end(&p);
}

/* Numbers of processes and of descriptors are given again */
static void another(void **unused)
{
	struct slot_event event;
	struct pasts p;

	begin(&p);
	p.vm.start_time = START + 1;
	assert_int_equal(join(&p), PAST_NO_VM);
	p.vm.start_time = START;
	p.vm.fd = FD + 1;
	assert_int_equal(join(&p), PAST_NO_VM);
	p.vm.fd = FD;
	p.vm.tgid = TGID + 1;
	assert_int_equal(join(&p), PAST_NO_VM);
	p.vm.tgid = TGID;
	assert_int_equal(join(&p), PAST_WHOLE);

	/* Another one was made there: the first has left the descriptor */
	created(&p.recorded, 20, 3, START, FD);
	assert_int_equal(join(&p), PAST_GAP);
	assert_int_equal(p.past.from_ns, 20000);
	assert_int_equal(p.out.events[0].seq, 20);
	/* and that has ended: the first is not there again */
	event = event_of(SLOT_EVENT_VM_DESTROY, 21);
	event.serial = 3;
	log_add(&p.recorded, event);
	assert_int_equal(join(&p), PAST_NO_VM);
	end(&p);

	/* nor one that was made only after tracing began */
	begin(&p);
	created(&p.recorded, 1010, 3, START, FD);
	p.now.traced_ns = 1009000;
	p.now.there_ns = 1010500;
	p.now.end_ns = 1011000;
	assert_int_equal(join(&p), PAST_NO_VM);
	end(&p);

	/* It ended, and what made another one was lost */
	begin(&p);
	log_lost(&p.recorded, 20, 5);
	assert_int_equal(join(&p), PAST_UNPROVEN);
	/* the one that is there is older than the loss: it is the same */
	p.now.there_ns = 12500;
	assert_int_equal(join(&p), PAST_WHOLE);
	end(&p);

	/* of a boot with other slots, or one that somebody wrote */
	begin(&p);
	log_change(&p.recorded, 14, low(), nothing, 6, 0);
	p.now.end_ns = BEGUN + 1;
	slot_log_deinit(&p.traced);
	base(&p, 1001, low());
	base_end(&p, 1002, 0, 6);
	base_end(&p, 1003, 1, 1);
	assert_int_equal(join(&p), PAST_OTHER);
	end(&p);

	/* it stood there with more changes behind it than KVM has made */
	begin(&p);
	slot_log_deinit(&p.recorded);
	event = event_of(SLOT_EVENT_BASE_END, 5);
	event.base_end.generation = 40;
	event.base_end.start_time = START;
	event.base_end.fd = FD;
	log_add(&p.recorded, event);
	assert_int_equal(join(&p), PAST_OTHER);
	end(&p);
}

/*
 * Changes may be among what was lost, though those that came later lead to where KVM is:
 * generations are as many at the end whether all of them are there or not
 */
static void lost_in_between(void **unused)
{
	struct slot_event event;
	struct pasts p;

	begin(&p);
	slot_log_deinit(&p.recorded);
	created(&p.recorded, 11, 1, START, FD);
	log_change(&p.recorded, 12, nothing, low(), 2, 0);
	log_lost(&p.recorded, 13, 4);
	log_change(&p.recorded, 17, nothing, high(), 8, 0);
	slot_log_deinit(&p.traced);
	base(&p, 1001, low());
	base(&p, 1002, high());
	base_end(&p, 1003, 0, 8);
	base_end(&p, 1004, 1, 1);
	p.now.there_ns = 11500;
	assert_int_equal(join(&p), PAST_GAP);
	assert_int_equal(p.past.end_ns, 12000);
	assert_int_equal(p.past.unseen, 0);
	assert_int_equal(count(&p.out, SLOT_EVENT_BASE_END), 2);
	/* nor are other slots than it comes to another VM's */
	p.traced.events[1].base.hva += MiB;
	assert_int_equal(join(&p), PAST_GAP);
	/* Of two more it is known, and of four it is not how many were lost */
	p.traced.events[2].base_end.generation = 12;
	assert_int_equal(join(&p), PAST_GAP);
	assert_int_equal(p.past.unseen, 0);
	end(&p);

	/* what nobody asked for is as little there, and ended no VM */
	begin(&p);
	event = event_of(SLOT_EVENT_LOST, 14);
	event.serial = 0;
	event.lost.reason = SLOT_LOST_FILTERED;
	event.lost.count = 4;
	log_add(&p.recorded, event);
	assert_int_equal(join(&p), PAST_WHOLE);
	assert_int_equal(p.past.end_ns, 13000);
	assert_int_equal(p.past.blind_ns, BEGUN - 13000);
	/* and is not for want of an option of ours */
	for (size_t i = 0; i < p.out.nr; i++)
		if (p.out.events[i].type == SLOT_EVENT_LOST)
			assert_int_equal(p.out.events[i].lost.reason,
					 SLOT_LOST_GAP);
	end(&p);
}

/* A recorder that came later, or whose file has gone round, knows it by its base */
static void by_base(void **unused)
{
	struct slot_event event;
	struct pasts p;

	begin(&p);
	slot_log_deinit(&p.recorded);
	log_base(&p.recorded, 5, low());
	log_base(&p.recorded, 6, high());
	event = event_of(SLOT_EVENT_BASE_END, 7);
	event.base_end.generation = 4;
	log_add(&p.recorded, event);
	assert_int_equal(join(&p), PAST_UNNAMED);

	slot_log_deinit(&p.recorded);
	log_base(&p.recorded, 5, low());
	log_base(&p.recorded, 6, high());
	event.base_end.start_time = START;
	event.base_end.fd = FD;
	log_add(&p.recorded, event);
	event.seq++;
	event.base_end.as_id = 1;
	event.base_end.generation = 1;
	log_add(&p.recorded, event);
	assert_int_equal(join(&p), PAST_WHOLE);
	assert_false(p.past.created);
	assert_int_equal(p.past.from_ns, 5000);

	/* something was lost while that was read: it is named later, and is this one */
	p.recorded.events[3].seq++;
	p.recorded.events[3].time_ns += 1000;
	event = p.recorded.events[3];
	p.recorded.nr--;
	log_lost(&p.recorded, 8, 1);
	log_add(&p.recorded, event);
	p.traced.events[2].base_end.generation = 8;
	assert_int_equal(join(&p), PAST_GAP);
	assert_int_equal(p.past.end_ns, 7000);
	assert_int_equal(p.past.unseen, 0);
	end(&p);
}

/* How things stand, as a ring tells it, names the VM as its creation did */
static int to_log(const struct slot_event *event, void *log)
{
	struct slot_event numbered = *event;

	numbered.seq = 10;
	return slot_log_add(log, &numbered);
}

static void by_state(void **unused)
{
	struct slot_world world = { 0 };
	struct slot_event event;
	struct pasts p;

	begin(&p);
	for (size_t i = 0; i < p.recorded.nr; i++)
		assert_int_equal(slot_world_take(&world, &p.recorded.events[i]),
				 0);
	slot_log_deinit(&p.recorded);
	event = event_of(SLOT_EVENT_LOST, 1);
	event.serial = 0;
	event.lost.reason = SLOT_LOST_DROPPED;
	event.lost.count = 9;
	log_add(&p.recorded, event);
	assert_int_equal(slot_world_tell(&world, to_log, &p.recorded), 0);
	assert_int_equal(count(&p.recorded, SLOT_EVENT_VM_CREATE), 0);
	assert_int_equal(join(&p), PAST_WHOLE);
	/* and once more, of what was only told as a state */
	slot_world_deinit(&world);
	for (size_t i = 0; i < p.recorded.nr; i++)
		assert_int_equal(slot_world_take(&world, &p.recorded.events[i]),
				 0);
	slot_log_deinit(&p.recorded);
	assert_int_equal(slot_world_tell(&world, to_log, &p.recorded), 0);
	assert_int_equal(join(&p), PAST_WHOLE);
	slot_world_deinit(&world);
	end(&p);
}

/* What both saw is told once, and nothing else is left out */
static void told_twice(void **unused)
{
	struct slot_event event = event_of(SLOT_EVENT_REQUEST, 14);
	struct pasts p;

	begin(&p);
	event.request = (struct slot_request){
		.slot = 5, .gpa = GiB, .size = MiB, .result = -EEXIST
	};
	event.time_ns = BEGUN - 20;
	log_add(&p.recorded, event); /* before the tracer came */
	event.seq = 15;
	event.time_ns = BEGUN + 10;
	log_add(&p.recorded, event);
	event.seq = 16;
	event.type = SLOT_EVENT_CHANGE;
	event.change = (struct slot_change){ .kind = SLOT_DELETE,
					     .before = low(),
					     .after = nothing,
					     .generation = 6 };
	log_add(&p.recorded, event);
	p.now.end_ns = BEGUN + 20;
	event.seq = 1006;
	event.serial = NOW;
	event.time_ns += 3000; /* another clock reading of the same */
	log_add(&p.traced, event);
	event.seq = 1007;
	event.type = SLOT_EVENT_REQUEST;
	event.request = (struct slot_request){
		.slot = 5, .gpa = GiB, .size = MiB, .result = -EEXIST
	};
	log_add(&p.traced, event);

	assert_int_equal(join(&p), PAST_WHOLE);
	assert_int_equal(count(&p.out, SLOT_EVENT_CHANGE), 3);
	assert_int_equal(count(&p.out, SLOT_EVENT_REQUEST), 2);
	assert_int_equal(p.out.events[3].seq, 14);
	assert_int_equal(p.out.events[4].seq, 1006);
	/* an equal one by another thread is another one */
	p.traced.events[p.traced.nr - 1].tid++;
	assert_int_equal(join(&p), PAST_WHOLE);
	assert_int_equal(count(&p.out, SLOT_EVENT_REQUEST), 3);
	end(&p);
}

/* Requests alone, as ptrace sees them: no generation ties the two */
static void without_generations(void **unused)
{
	struct slot_event event = event_of(SLOT_EVENT_REQUEST, 12);
	struct pasts p;

	begin(&p);
	slot_log_deinit(&p.recorded);
	created(&p.recorded, 11, 1, START, FD);
	event.request =
		(struct slot_request){ .slot = 1, .size = MiB, .hva = HVA };
	log_add(&p.recorded, event);
	p.now.there_ns = 400000;
	p.now.end_ns = 500000;
	assert_int_equal(join(&p), PAST_GAP);
	assert_int_equal(p.past.unseen, 0);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meets),
		cmocka_unit_test(ended_before),
		cmocka_unit_test(another),
		cmocka_unit_test(lost_in_between),
		cmocka_unit_test(by_base),
		cmocka_unit_test(by_state),
		cmocka_unit_test(told_twice),
		cmocka_unit_test(without_generations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
