// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A log that is kept short tells what the whole log tells. Random steps of a VMM, with
 * refusals, some of which it takes for granted, wrong answers, vCPUs that stop and memory
 * that is left out; at each step both logs are asked, and the whole one is right.
 */
#include <errno.h>

#include <slotscope/history.h>

#include "check/last_words.h"
#include "check/shorten.h"
#include "check_make.h"

#define PAGE  (4 * KiB)
#define CELLS 10
#define CELL  (16 * PAGE)
#define IDS   6

static uint64_t random_state;

static uint64_t random_below(uint64_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545f4914f6cdd1dULL >> 33) % n;
}

/** struct vm - a VM, what its VMM means by cell, and the two logs of it */
struct vm {
	struct views v;
	struct slot_log whole;
	struct slot_log kept;
	struct slot meant[2][CELLS];
	uint64_t seq;
	uint64_t call;
	bool changes; /* a tracer that sees no changes has requests alone */
	bool losses;
};

static const struct slot nothing = { .gmem_fd = -1 };

static void put_of(struct vm *vm, struct slot_event event, pid_t tgid)
{
	const uint64_t before = random_below(4) * 1500;

	event.seq = ++vm->seq;
	event.time_ns = (vm->seq + 10) * 1000;
	/* It may have begun before changes that others made */
	if (event.type == SLOT_EVENT_REQUEST) {
		event.time_ns -= before;
		event.duration_ns = before + 900;
	}
	event.tid = 101 + random_below(2);
	event.tgid = tgid;
	log_add(&vm->whole, event);
	log_add(&vm->kept, event);
}

static void put(struct vm *vm, struct slot_event event)
{
	put_of(vm, event, 100);
}

static struct slot *kernel_find(struct vm *vm, int as_id, int id)
{
	struct slot_state *kernel = &vm->v.state[KERNEL];

	for (size_t i = 0; i < kernel->nr_slots; i++)
		if (kernel->slots[i].as_id == as_id &&
		    kernel->slots[i].id == id)
			return &kernel->slots[i];
	return NULL;
}

static struct slot *kernel_at(struct vm *vm, int as_id, gpa_t gpa)
{
	struct slot_state *kernel = &vm->v.state[KERNEL];

	for (size_t i = 0; i < kernel->nr_slots; i++)
		if (kernel->slots[i].as_id == as_id &&
		    gpa - kernel->slots[i].gpa < kernel->slots[i].size)
			return &kernel->slots[i];
	return NULL;
}

static void change(struct vm *vm, struct slot slot)
{
	struct slot_state *kernel = &vm->v.state[KERNEL];
	struct slot *old = kernel_find(vm, slot.as_id, slot.id);
	struct slot_event event = event_of(SLOT_EVENT_CHANGE, 1);

	event.call = vm->call;
	event.change.before = old ? *old : nothing;
	event.change.after = slot;
	event.change.kind = !old		 ? SLOT_CREATE :
			    !slot.size		 ? SLOT_DELETE :
			    slot.gpa != old->gpa ? SLOT_MOVE :
						   SLOT_FLAGS_ONLY;
	event.change.generation_before = kernel->as[slot.as_id].generation;
	event.change.generation = kernel->as[slot.as_id].generation += 2;
	if (vm->changes)
		put(vm, event);
	if (!slot.size)
		*old = kernel->slots[--kernel->nr_slots];
	else if (old)
		*old = slot;
	else
		state_add(kernel, slot);
}

/* @made: what KVM makes of it; NULL: nothing */
static void request(struct vm *vm, struct slot asked, const struct slot *made,
		    int result)
{
	struct slot_event event = event_of(SLOT_EVENT_REQUEST, 1);

	vm->call++;
	if (made)
		change(vm, *made);
	event.call = vm->call;
	event.request = (struct slot_request){
		.slot = (uint32_t)asked.as_id << 16 | asked.id,
		.flags = asked.flags,
		.gpa = asked.gpa,
		.size = asked.size,
		.hva = asked.hva,
		.gmem_fd = -1,
		.result = result,
	};
	put(vm, event);
}

static struct slot cell_slot(int as_id, int id, int cell, uint64_t pages)
{
	return slot_of(as_id, id, cell * CELL, pages * PAGE,
		       HVA + ((uint64_t)as_id << 32) + cell * 2 * CELL, 0);
}

static struct slot deletion(const struct slot *slot)
{
	return slot_of(slot->as_id, slot->id, 0, 0, 0, 0);
}

static void stop(struct vm *vm)
{
	struct slot_event event = event_of(SLOT_EVENT_EXIT, 1);

	event.exit = (struct slot_exit){ .vcpu = random_below(2),
					 .reason = random_below(2) ?
							   SLOT_EXIT_ERRNO :
							   SLOT_EXIT_MMIO,
					 .gpa = random_below(CELLS) * CELL,
					 .result = -EFAULT };
	put(vm, event);
	if (!random_below(3))
		return;
	event = event_of(SLOT_EVENT_VCPU, 1);
	event.vcpu = (struct slot_vcpu){ .kind = SLOT_VCPU_ENTER,
					 .id = random_below(2) };
	put(vm, event);
}

/* The process, or another one, makes a VM, and it goes again, well or not */
static void other_vm(struct vm *vm)
{
	struct slot_event event = event_of(SLOT_EVENT_VM_CREATE, 1);
	const pid_t tgid = random_below(2) ? 100 : 99;

	event.serial = vm->seq + 1000;
	event.vm.serial = event.serial;
	put_of(vm, event, tgid);
	event.type = SLOT_EVENT_REQUEST;
	event.request = (struct slot_request){
		.slot = 1, .size = PAGE, .hva = HVA, .gmem_fd = -1
	};
	put_of(vm, event, tgid);
	event.request.result = random_below(3) ? 0 : -EEXIST;
	put_of(vm, event, tgid);
	event = event_of(SLOT_EVENT_VM_DESTROY, 1);
	event.serial = vm->whole.events[vm->whole.nr - 1].serial;
	put_of(vm, event, tgid);
	if (tgid != 99)
		return;
	event = event_of(SLOT_EVENT_PROCESS_EXIT, 1);
	event.serial = 0;
	event.process_exit.status = random_below(2) << 8;
	put_of(vm, event, tgid);
}

static void lose(struct vm *vm)
{
	struct slot_event event = event_of(SLOT_EVENT_LOST, 1);

	/* Or nobody says so: the next change does not fit */
	if (random_below(2)) {
		vm->v.state[KERNEL].as[0].generation += 2;
		return;
	}
	event.serial = random_below(2);
	event.lost.reason = random_below(2) ? SLOT_LOST_RING_FULL :
					      SLOT_LOST_MISSED;
	event.lost.count = 1;
	put(vm, event);
}

/* What a VMM may do, and KVM: the rules are KVM's, as the state has it */
static void step(struct vm *vm)
{
	const int as_id = !random_below(4);
	const int cell = random_below(CELLS), id = random_below(IDS);
	struct slot slot = cell_slot(as_id, id, cell, 1 + random_below(8));
	struct slot *same = kernel_find(vm, as_id, id);
	const struct slot *there = kernel_at(vm, as_id, slot.gpa);
	struct slot *meant = &vm->meant[as_id][cell];
	struct slot old;

	if (!random_below(60))
		other_vm(vm);
	if (vm->losses && !random_below(100))
		lose(vm);
	switch (random_below(12)) {
	case 0: /* it is refused something, and takes it for granted, or not */
		request(vm, slot, NULL, there ? -EEXIST : -ENOMEM);
		if (!there && !random_below(4))
			*meant = slot;
		break;
	case 1: /* a deletion is refused */
		if (same)
			request(vm, deletion(same), NULL, -EINVAL);
		break;
	case 2:
		stop(vm);
		break;
	case 3: /* it comes to mean something else */
		*meant = random_below(2) ? nothing : slot;
		break;
	case 4: /* the same once more: nothing changes */
		if (same)
			request(vm, *same, NULL, 0);
		break;
	case 5: /* KVM does something else than it says, rarely */
		if (vm->changes && !same && !there && !random_below(40)) {
			old = slot;
			old.flags ^= SLOT_READONLY;
			request(vm, slot, &old, 0);
		}
		break;
	case 6: /* dirty logging */
		if (same) {
			old = *same;
			old.flags ^= SLOT_LOG_DIRTY;
			request(vm, old, &old, 0);
		}
		break;
	default:
		if (same) {
			old = deletion(same);
			slot.hva = same->gpa;
			if (random_below(4))
				vm->meant[as_id][slot.hva / CELL] = nothing;
			request(vm, old, &old, 0);
		} else if (!there) {
			request(vm, slot, &slot, 0);
			if (random_below(8))
				*meant = slot;
		}
		break;
	}
}

/** struct told - all that is said by a log */
struct told {
	struct slot_state traced;
	struct comparison made;
	struct stories stories;
	bool losses;
};

static void ask(struct vm *vm, const struct slot_log *log, struct told *told)
{
	const struct vm_id id = { .fd = -1, .serial = 1 };

	assert_int_equal(fold(log, &id, &told->traced), 0);
	told->losses = vm->losses;
	vm->v.view[TRACED].slots = &told->traced;
	vm->v.input.log = log;
	assert_int_equal(crosscheck(&vm->v.input, &told->made), 0);
	assert_int_equal(
		history(&told->made, (vm->seq + 20) * 1000, &told->stories), 0);
}

static void told_deinit(struct told *told)
{
	stories_deinit(&told->stories);
	comparison_deinit(&told->made);
	slot_state_deinit(&told->traced);
}

/* Cut out what begins with @from and ends with @to: a count of what was left out, too */
static void cut_out(char *text, const char *from, const char *to)
{
	char *at = strstr(text, to);
	char *begin = at;

	while (begin && begin > text && strncmp(begin, from, strlen(from)))
		begin--;
	if (at)
		memmove(begin, at + strlen(to), strlen(at + strlen(to)) + 1);
}

/* "..., 3 times since #5"; "...; 2 answers about this slot were wrong" */
static void without_count(char *out, size_t size, const char *sentence)
{
	char *since;

	snprintf(out, size, "%s", sentence);
	cut_out(out, "; ", " answers about this slot were wrong");
	cut_out(out, ", ", " times since #");
	since = strstr(sentence, " times since #");
	if (since) {
		/* ... and the number */
		since = out + (strlen(out) -
			       strlen(since + strlen(" times since #")));
		memmove(since, since + strspn(since, "0123456789"),
			strlen(since + strspn(since, "0123456789")) + 1);
	}
}

static bool same_event(const struct slot_event *a, const struct slot_event *b)
{
	return a && b ? a->seq == b->seq && a->type == b->type : a == b;
}

static bool same_slot(const struct slot *a, const struct slot *b)
{
	return a->as_id == b->as_id && a->id == b->id && a->gpa == b->gpa &&
	       a->size == b->size && a->hva == b->hva && a->flags == b->flags;
}

/* ... nor is it that nothing ever happened in a place */
static bool same_story(const struct story *a, const struct story *b,
		       bool losses)
{
	if (losses && b->since == SINCE_UNKNOWN &&
	    (a->since == SINCE_BEFORE || a->since == SINCE_CREATION))
		return true;
	return a->since == b->since && same_event(a->event, b->event) &&
	       a->before == b->before && a->ago_ns == b->ago_ns &&
	       same_slot(&a->was, &b->was) && a->outcome == b->outcome &&
	       same_event(a->after, b->after) &&
	       (losses || same_event(a->other, b->other));
}

/* Where something was lost without a word, less is certain of what was before */
static bool same_reason(const struct finding *a, const struct finding *b,
			bool losses)
{
	char p[2048], q[2048];

	if (losses && a->result)
		return true;
	without_count(p, sizeof(p), a->sentence);
	without_count(q, sizeof(q), b->sentence);
	return !strcmp(p, q) && a->rule == b->rule &&
	       a->rule_known == b->rule_known &&
	       same_slot(&a->other, &b->other);
}

static enum finding_id cause_id(const struct told *told, size_t at)
{
	const size_t cause = told->made.findings.items[at].cause;

	return cause == FINDING_NO_CAUSE ? FINDING_IDS :
					   told->made.findings.items[cause].id;
}

static bool same_told(const struct told *x, size_t i, const struct told *y,
		      size_t j)
{
	const struct finding *a = &x->made.findings.items[i];
	const struct finding *b = &y->made.findings.items[j];

	return a->id == b->id && a->seq == b->seq && a->as_id == b->as_id &&
	       a->gpa == b->gpa && a->size == b->size &&
	       a->slot_id == b->slot_id && a->result == b->result &&
	       same_reason(a, b, x->losses) &&
	       cause_id(x, i) == cause_id(y, j) &&
	       same_story(&x->stories.items[i], &y->stories.items[j],
			  x->losses);
}

/* Did the VMM ask again, for the place or the slot? */
static bool asked_again(const struct vm *vm, const struct finding *f)
{
	const struct slot_request *r;

	for (size_t i = vm->whole.nr; i--;) {
		const struct slot_event *event = &vm->whole.events[i];

		if (event->seq <= f->seq)
			return false;
		if (event->type != SLOT_EVENT_REQUEST)
			continue;
		r = &event->request;
		if (r->slot >> 16 == f->as_id &&
		    ((int)(r->slot & 0xffff) == f->slot_id ||
		     (r->size && r->gpa < f->gpa + f->size &&
		      f->gpa < r->gpa + r->size)))
			return true;
	}
	return false;
}

static bool is_past(const struct vm *vm, const struct finding *f)
{
	return f->id == FINDING_GAP ||
	       (f->id == FINDING_REFUSED && asked_again(vm, f));
}

/* What it may have died of, and each of the others */
static void same_last_words(const struct vm *vm)
{
	struct last_words a, b;

	for (size_t at = vm->whole.nr; at-- && at + 200 > vm->whole.nr;) {
		const struct slot_event *event = &vm->whole.events[at];

		if (event->type != SLOT_EVENT_VM_DESTROY && at % 50)
			continue;
		last_words_of(&a, &vm->whole,
			      event->type == SLOT_EVENT_VM_DESTROY ?
				      event->serial :
				      1);
		last_words_of(&b, &vm->kept, a.serial);
		assert_int_equal(a.refused, b.refused);
		assert_int_equal(a.stopped, b.stopped);
		if (a.refused)
			assert_int_equal(a.refusal.seq, b.refusal.seq);
		if (a.stopped)
			assert_int_equal(a.stop.seq, b.stop.seq);
		if (!a.refused && !a.stopped)
			continue;
		assert_int_equal(a.exit_ns, b.exit_ns);
		assert_int_equal(a.end_ns, b.end_ns);
		assert_int_equal(a.nr, b.nr);
		for (size_t i = 0; i < a.nr; i++)
			assert_int_equal(a.changes[i].seq, b.changes[i].seq);
	}
}

static void both_tell_the_same(struct vm *vm, uint64_t at)
{
	struct told whole, kept;
	size_t i, j, past = 0;

	same_last_words(vm);

	ask(vm, &vm->whole, &whole);
	ask(vm, &vm->kept, &kept);
	for (i = 0; i < whole.made.findings.nr; i++) {
		const struct finding *f = &whole.made.findings.items[i];

		for (j = 0; j < kept.made.findings.nr; j++)
			if (same_told(&whole, i, &kept, j))
				break;
		if (j < kept.made.findings.nr)
			continue;
		past++;
		if (is_past(vm, f))
			continue;
		print_findings(&whole.made.findings);
		print_message("# and kept short:\n");
		print_findings(&kept.made.findings);
		for (j = 0; j < kept.made.findings.nr; j++)
			if (kept.made.findings.items[j].id == f->id &&
			    kept.made.findings.items[j].seq == f->seq)
				print_message(
					"since %d %d event %lld %lld outcome "
					"%d %d\n",
					whole.stories.items[i].since,
					kept.stories.items[j].since,
					whole.stories.items[i].event ?
						(long long)whole.stories
							.items[i]
							.event->seq :
						-1,
					kept.stories.items[j].event ?
						(long long)kept.stories.items[j]
							.event->seq :
						-1,
					whole.stories.items[i].outcome,
					kept.stories.items[j].outcome);
		fail_msg("step %llu: %s is not told: %s",
			 (unsigned long long)at, finding_id_name(f->id),
			 f->sentence);
	}
	/* ... and nothing beside */
	assert_true(kept.made.findings.nr >= whole.made.findings.nr - past);
	for (j = 0; j < kept.made.findings.nr; j++) {
		const struct finding *f = &kept.made.findings.items[j];

		for (i = 0; i < whole.made.findings.nr; i++)
			if (same_told(&whole, i, &kept, j))
				break;
		if (i == whole.made.findings.nr && !is_past(vm, f)) {
			print_findings(&whole.made.findings);
			fail_msg("step %llu: %s is told: %s",
				 (unsigned long long)at, finding_id_name(f->id),
				 f->sentence);
		}
	}
	told_deinit(&whole);
	told_deinit(&kept);
}

static void vm_begin(struct vm *vm, bool changes)
{
	*vm = (struct vm){ .changes = changes };
	views_init(&vm->v);
	vm->v.input.nr_views = BACKING;
	vm->v.state[KERNEL].as[0].generation = 0;
	vm->v.state[KERNEL].as[1].generation = 1;
	if (!changes)
		vm->v.state[KERNEL].coverage.fields &= ~SLOT_FIELD_GENERATION;
	for (int as_id = 0; as_id < 2; as_id++)
		for (int cell = 0; cell < CELLS; cell++)
			vm->meant[as_id][cell] = nothing;
}

static void vm_end(struct vm *vm)
{
	vm->v.view[TRACED].slots = &vm->v.state[TRACED];
	vm->v.input.log = &vm->v.log;
	slot_log_deinit(&vm->whole);
	slot_log_deinit(&vm->kept);
	views_deinit(&vm->v);
}

static void look(struct vm *vm, uint64_t at)
{
	struct slot_state *model = &vm->v.state[MODEL];

	slot_state_deinit(model);
	state_make(model, PARTY_MODEL, 2);
	model->coverage.fields = MODEL_FIELDS;
	for (int as_id = 0; as_id < 2; as_id++)
		for (int cell = 0; cell < CELLS; cell++)
			if (vm->meant[as_id][cell].size)
				model_add(&vm->v, as_id, "ram",
					  vm->meant[as_id][cell].gpa,
					  vm->meant[as_id][cell].size,
					  vm->meant[as_id][cell].hva, 0);
	slot_state_sort(model);
	slot_state_sort(&vm->v.state[KERNEL]);
	both_tell_the_same(vm, at);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* What findings stand for stays */
static size_t pins_of(struct vm *vm, uint64_t *pins, size_t most)
{
	struct told told;
	size_t nr = 0;

	ask(vm, &vm->kept, &told);
	for (size_t i = 0; i < told.made.findings.nr && nr < most; i++)
		if (finding_id_kind(told.made.findings.items[i].id) ==
		    FINDING_MISMATCH)
			pins[nr++] = told.made.findings.items[i].seq;
	told_deinit(&told);
	qsort(pins, nr, sizeof(*pins), by_number);
	return nr;
}

static void begin_log(struct vm *vm, bool late)
{
	struct slot_event event = event_of(SLOT_EVENT_VM_CREATE, 1);

	if (!late) {
		event.vm.serial = 1;
		put(vm, event);
		return;
	}
	for (int as_id = 0; as_id < 2; as_id++) {
		for (int id = 0; id < 3; id++) {
			event = event_of(SLOT_EVENT_BASE, 1);
			event.base = cell_slot(as_id, id, id, 4);
			put(vm, event);
			state_add(&vm->v.state[KERNEL], event.base);
		}
		event = event_of(SLOT_EVENT_BASE_END, 1);
		event.base_end.as_id = as_id;
		event.base_end.generation =
			vm->v.state[KERNEL].as[as_id].generation;
		put(vm, event);
	}
}

static void random_steps(bool changes, bool late, bool losses, uint64_t steps)
{
	uint64_t pins[256];
	struct shortening how = { .most = 100000, .pins = pins };
	size_t shortened = 0;
	struct vm vm;

	vm_begin(&vm, changes);
	vm.losses = losses;
	begin_log(&vm, late);
	for (uint64_t i = 1; i <= steps; i++) {
		step(&vm);
		look(&vm, i);
		if (random_below(20))
			continue;
		how.tail = random_below(30);
		how.nr_pins = pins_of(&vm, pins, ARRAY_SIZE(pins));
		assert_int_equal(log_shorten(&vm.kept, &how), 0);
		shortened++;
		look(&vm, i);
	}
	print_message("# %zu events, %zu are kept; shortened %zu times\n",
		      vm.whole.nr, vm.kept.nr, shortened);
	assert_true(vm.kept.nr < vm.whole.nr);
	vm_end(&vm);
}

static void as_the_whole_log(void **unused)
{
	for (uint64_t seed = 1; seed <= 4; seed++) {
		random_state = seed;
		random_steps(true, seed & 1, false, 1200);
	}
}

static void with_losses(void **unused)
{
	for (uint64_t seed = 1; seed <= 2; seed++) {
		random_state = 200 + seed;
		random_steps(true, seed & 1, true, 500);
	}
}

static void requests_alone(void **unused)
{
	for (uint64_t seed = 1; seed <= 4; seed++) {
		random_state = 100 + seed;
		random_steps(false, seed & 1, false, 1000);
	}
}

/* Without look(): the whole log of a million would be what is slow here */
static void put_kept(struct vm *vm, struct slot_event event)
{
	event.seq = ++vm->seq;
	event.time_ns = vm->seq * 1000;
	log_add(&vm->kept, event);
}

static void change_kept(struct vm *vm, struct slot old, struct slot new)
{
	struct slot_event event = event_of(SLOT_EVENT_CHANGE, 1);
	const int as_id = old.size ? old.as_id : new.as_id;
	uint64_t *generation = &vm->v.state[KERNEL].as[as_id].generation;

	event.call = ++vm->call;
	event.change.before = old;
	event.change.after = new;
	event.change.kind = old.size ? SLOT_DELETE : SLOT_CREATE;
	event.change.generation_before = *generation;
	event.change.generation = *generation += 2;
	put_kept(vm, event);
	event = event_of(SLOT_EVENT_REQUEST, 1);
	event.call = vm->call;
	event.request = (struct slot_request){
		.slot = (uint32_t)as_id << 16 | (old.size ? old : new).id,
		.gpa = new.gpa,
		.size = new.size,
		.hva = new.hva,
		.gmem_fd = -1,
	};
	put_kept(vm, event);
}

static size_t run_loop(struct vm *vm, uint64_t events, bool new_places)
{
	struct slot slot = cell_slot(0, 1, 1, 1);
	size_t next = 0, most = 0;

	while (vm->seq < events) {
		if (new_places)
			slot.gpa = (vm->seq + 1000) * PAGE;
		change_kept(vm, nothing, slot);
		change_kept(vm, slot, (struct slot){ .id = 1, .gmem_fd = -1 });
		if (vm->kept.nr > most)
			most = vm->kept.nr;
		assert_in_range(log_keep_short(&vm->kept, &next, NULL, 0), 0,
				1);
	}
	return most;
}

/* One slot comes and goes, a million events long; a refusal is at its begin */
static void stays_short(void **unused)
{
	struct slot_event event = event_of(SLOT_EVENT_REQUEST, 1);
	const struct slot other = cell_slot(0, 2, 2, 1);
	struct told told;
	struct vm vm;

	vm_begin(&vm, true);
	event = event_of(SLOT_EVENT_VM_CREATE, 1);
	event.vm.serial = 1;
	put_kept(&vm, event);
	event = event_of(SLOT_EVENT_REQUEST, 1);
	event.request = (struct slot_request){ .slot = 2,
					       .gpa = other.gpa,
					       .size = other.size,
					       .hva = other.hva,
					       .gmem_fd = -1,
					       .result = -ENOMEM };
	put_kept(&vm, event);
	change_kept(&vm, nothing, cell_slot(0, 0, 0, 1));
	assert_true(run_loop(&vm, 1000000, false) <=
		    2 * KEPT_TAIL + KEPT_MOST + 64);
	assert_int_equal(vm.kept.forgotten, 0);
	/* the refusal still holds, and slot 0 is since its change */
	state_add(&vm.v.state[KERNEL], cell_slot(0, 0, 0, 1));
	model_add(&vm.v, 0, "ram", other.gpa, other.size, other.hva, 0);
	ask(&vm, &vm.kept, &told);
	print_findings(&told.made.findings);
	assert_int_equal(findings_count(&told.made.findings, FINDING_MISMATCH),
			 3);
	for (size_t i = 0; i < told.made.findings.nr; i++) {
		const struct finding *f = &told.made.findings.items[i];
		const struct story *story = &told.stories.items[i];

		if (f->id == FINDING_IGNORED_FAILURE)
			assert_int_equal(f->seq, 2);
		if (f->id != FINDING_EXTRA)
			continue;
		assert_int_equal(story->since, SINCE_EVENT);
		assert_int_equal(story->event->seq, 3);
	}
	told_deinit(&told);
	vm_end(&vm);
}

/* Each time in another place: the oldest are forgotten, and that is said */
static void forgets_places(void **unused)
{
	struct slot_event event = event_of(SLOT_EVENT_VM_CREATE, 1);
	const struct slot old = cell_slot(0, 5, 1, 1);
	char buf[STORY_SAY_MAX + 128], want[128];
	const struct finding *f;
	struct told told;
	struct vm vm;

	vm_begin(&vm, true);
	event.vm.serial = 1;
	put_kept(&vm, event);
	change_kept(&vm, nothing, cell_slot(0, 0, 0, 1));
	/* it was in a place that another one takes for a while */
	change_kept(&vm, nothing, old);
	change_kept(&vm, old, (struct slot){ .id = 5, .gmem_fd = -1 });
	assert_true(run_loop(&vm, 300000, true) <=
		    2 * (KEPT_TAIL + KEPT_MOST) + 64);
	assert_true(vm.kept.forgotten > 1000);
	state_add(&vm.v.state[KERNEL], cell_slot(0, 0, 0, 1));
	model_add(&vm.v, 0, "ram", 0, PAGE, HVA, 0);
	model_add(&vm.v, 0, "ram", old.gpa, old.size, old.hva, 0);
	ask(&vm, &vm.kept, &told);
	print_findings(&told.made.findings);
	assert_int_equal(findings_count(&told.made.findings, FINDING_MISMATCH),
			 1);
	f = &told.made.findings.items[0];
	assert_int_equal(f->id, FINDING_MISSING);
	/* it was deleted in #7: that is not known any more, nor is "never" */
	assert_int_equal(told.stories.items[0].since, SINCE_BEFORE);
	snprintf(want, sizeof(want),
		 "before event #%llu: older ones are not kept",
		 (unsigned long long)vm.kept.forgotten);
	assert_string_equal(story_say_since(buf, &told.stories.items[0]), want);
	told_deinit(&told);
	vm_end(&vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_whole_log),
		cmocka_unit_test(with_losses),
		cmocka_unit_test(requests_alone),
		cmocka_unit_test(stays_short),
		cmocka_unit_test(forgets_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
