// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VM that goes on: thousands of random steps of a VMM (memory is plugged, unplugged,
 * moved, made read-only, logged), all of them requests that KVM answers and a tracer
 * sees. At random steps something goes wrong, in the VMM, in KVM or below both. It is
 * found at that step, by its name and in its place; at all others nothing is; and it is
 * gone once it was mended.
 */
#include <errno.h>

#include "check_make.h"

#define PAGE	   (4 * KiB)
#define CELLS	   12
#define CELL_SIZE  (256 * PAGE) /* of guest addresses; a slot lies in one */
#define BLOCKS	   64
#define BLOCK_SIZE (64 * PAGE) /* of host memory; there is a gap behind each */
#define LOG_EVENTS 600	       /* then whoever traces comes anew, and late */

/* xorshift64*: seeded, so that a failure can be seen again */
static uint64_t random_state = 0x5107;

static uint64_t random_below(uint64_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545f4914f6cdd1dULL >> 33) % n;
}

/**
 * struct vm - what the VMM means, and what became of it
 * @fixed:   what is always there: of a VM without a slot nothing can be told
 * @meant:   by address space and cell; of size 0: nothing
 * @refused: requests that were refused, by their seq; those of this log
 * @gap:     a page of host memory that is gone, or without @gap_rights
 */
struct vm {
	struct views v;
	struct slot fixed;
	struct slot meant[2][CELLS];
	bool refused[LOG_EVENTS * 2];
	uint64_t call;
	hva_t gap;
	bool gap_mapped;
};

static uint64_t next_seq(const struct vm *vm)
{
	return vm->v.log.nr + 1;
}

/* Whoever traces: from the VM's begin on, or late */
static void log_begin(struct vm *vm, bool late)
{
	struct slot_state *kernel = &vm->v.state[KERNEL];

	slot_log_deinit(&vm->v.log);
	slot_log_init(&vm->v.log);
	memset(vm->refused, 0, sizeof(vm->refused));
	if (!late) {
		log_vm_create(&vm->v.log, next_seq(vm));
		return;
	}
	for (int as_id = 0; as_id < 2; as_id++) {
		for (size_t i = 0; i < kernel->nr_slots; i++) {
			if (kernel->slots[i].as_id == as_id)
				log_base(&vm->v.log, next_seq(vm),
					 kernel->slots[i]);
		}
		log_base_end(&vm->v.log, next_seq(vm), as_id,
			     kernel->as[as_id].generation);
	}
}

static struct slot none(void)
{
	return (struct slot){ .gmem_fd = -1 };
}

static struct slot *kernel_find(struct vm *vm, int as_id, int id)
{
	struct slot_state *kernel = &vm->v.state[KERNEL];

	for (size_t i = 0; i < kernel->nr_slots; i++) {
		if (kernel->slots[i].as_id == as_id &&
		    kernel->slots[i].id == id)
			return &kernel->slots[i];
	}
	return NULL;
}

/* KVM makes @slot of the one with its number, or deletes it if it has no size */
static void kvm_change(struct vm *vm, struct slot slot)
{
	struct slot_state *kernel = &vm->v.state[KERNEL];
	struct slot *old = kernel_find(vm, slot.as_id, slot.id);
	struct slot before = old ? *old : none();
	uint64_t *generation = &kernel->as[slot.as_id].generation;

	*generation += 2;
	log_change(&vm->v.log, next_seq(vm), before,
		   slot.size ? slot :
			       (struct slot){ .as_id = slot.as_id,
					      .id = slot.id,
					      .gmem_fd = -1 },
		   *generation, 0);
	vm->v.log.events[vm->v.log.nr - 1].call = vm->call;
	if (!slot.size) {
		assert_non_null(old);
		*old = kernel->slots[--kernel->nr_slots];
	} else if (old) {
		*old = slot;
	} else {
		state_add(kernel, slot);
	}
}

/* A request, and what KVM makes of it: @made, or nothing */
static uint64_t request(struct vm *vm, struct slot asked,
			const struct slot *made, int result)
{
	uint64_t seq;

	vm->call++;
	if (made)
		kvm_change(vm, *made);
	seq = next_seq(vm);
	log_request(&vm->v.log, seq, asked, result);
	vm->v.log.events[vm->v.log.nr - 1].call = vm->call;
	if (result)
		vm->refused[seq] = true;
	return seq;
}

static void set(struct vm *vm, struct slot slot)
{
	request(vm, slot, &slot, 0);
}

static struct slot gone(struct slot slot)
{
	slot.gpa = 0;
	slot.size = 0;
	slot.hva = 0;
	slot.flags = 0;
	return slot;
}

/* @bad is what KVM has (of size 0: nothing) in place of @right */
static void mend(struct vm *vm, struct slot bad, struct slot right)
{
	if (bad.size)
		set(vm, gone(bad));
	if (right.size)
		set(vm, right);
}

static bool is_used(const struct vm *vm, hva_t hva)
{
	for (int as_id = 0; as_id < 2; as_id++) {
		for (int cell = 0; cell < CELLS; cell++) {
			if (vm->meant[as_id][cell].size &&
			    vm->meant[as_id][cell].hva == hva)
				return true;
		}
	}
	return hva == vm->fixed.hva;
}

/* A free number, and memory that nobody has */
static struct slot new_slot(struct vm *vm, int as_id, int cell)
{
	int id = random_below(40);
	hva_t hva;

	do
		hva = HVA + random_below(BLOCKS) * 2 * BLOCK_SIZE;
	while (is_used(vm, hva));
	while (kernel_find(vm, as_id, id))
		id = random_below(40);
	return slot_of(as_id, id, cell * CELL_SIZE + random_below(8) * PAGE,
		       (1 + random_below(8)) * PAGE, hva,
		       random_below(3) ? 0 : SLOT_READONLY);
}

/* A cell that is free, or one that is not; -1 if there is none */
static int some_cell(struct vm *vm, int as_id, bool free)
{
	int first = random_below(CELLS);
	int cell;

	for (int i = 0; i < CELLS; i++) {
		cell = (first + i) % CELLS;
		if (!vm->meant[as_id][cell].size == free)
			return cell;
	}
	return -1;
}

static void map_all(struct vm *vm)
{
	hva_t hva;

	host_map_deinit(&vm->v.map);
	vm->v.map = (struct host_map){ 0 };
	for (int i = 0; i < BLOCKS; i++) {
		hva = HVA + i * 2 * BLOCK_SIZE;
		if (vm->gap < hva || vm->gap >= hva + BLOCK_SIZE) {
			map_add(&vm->v, hva, BLOCK_SIZE, "rwp", NULL);
			continue;
		}
		if (vm->gap > hva)
			map_add(&vm->v, hva, vm->gap - hva, "rwp", NULL);
		if (vm->gap_mapped)
			map_add(&vm->v, vm->gap, PAGE, "--p", NULL);
		map_add(&vm->v, vm->gap + PAGE,
			hva + BLOCK_SIZE - vm->gap - PAGE, "rwp", NULL);
	}
}

static void look(struct vm *vm)
{
	const struct vm_id id = { .fd = -1, .serial = 1 };
	struct slot_state *model = &vm->v.state[MODEL];
	struct slot_state *traced = &vm->v.state[TRACED];
	const struct slot *slot;

	comparison_deinit(&vm->v.made);
	memset(&vm->v.made, 0, sizeof(vm->v.made));
	slot_state_deinit(model);
	state_make(model, PARTY_MODEL, 2);
	model->coverage.fields = MODEL_FIELDS;
	for (int as_id = 0; as_id < 2; as_id++) {
		for (int cell = 0; cell < CELLS; cell++) {
			slot = &vm->meant[as_id][cell];
			if (slot->size)
				model_add(&vm->v, as_id, "ram", slot->gpa,
					  slot->size, slot->hva, slot->flags);
		}
	}
	model_add(&vm->v, 0, "ram", vm->fixed.gpa, vm->fixed.size,
		  vm->fixed.hva, 0);
	slot_state_deinit(traced);
	assert_int_equal(fold(&vm->v.log, &id, traced), 0);
	map_all(vm);
	views_check(&vm->v);
}

static void __attribute__((noreturn))
wrong(const struct vm *vm, uint64_t step, const char *what)
{
	print_findings(&vm->v.found);
	fail_msg("step %llu: %s", (unsigned long long)step, what);
	abort();
}

/* A refusal that does not matter by now; a gap, which whoever makes a slot anew leaves */
static bool is_past(const struct vm *vm, const struct finding *f)
{
	return f->id == FINDING_GAP ||
	       (f->id == FINDING_REFUSED && vm->refused[f->seq]);
}

static void nothing_else(const struct vm *vm, uint64_t step)
{
	const struct finding *f;

	for (size_t i = 0; i < vm->v.found.nr; i++) {
		f = &vm->v.found.items[i];
		if (!is_past(vm, f))
			wrong(vm, step, "nothing is wrong");
	}
}

/**
 * struct fault - what went wrong in a step
 * @id:     what it is to be called, and
 * @as_id, @gpa, @size: where
 * @seq:    of the request that it is about; 0: of none
 * @follows: what is beneath it, in one place; FINDING_IDS: nothing
 * @bad:    what KVM has there, and
 * @right:  what it should have
 */
struct fault {
	enum finding_id id;
	uint16_t as_id;
	gpa_t gpa;
	uint64_t size;
	uint64_t seq;
	enum finding_id follows;
	struct slot bad;
	struct slot right;
};

static void found_alone(const struct vm *vm, uint64_t step,
			const struct fault *fault)
{
	const struct findings *found = &vm->v.found;
	const struct finding *f;
	size_t cause = SIZE_MAX;
	size_t beneath = 0;

	for (size_t i = 0; i < found->nr; i++) {
		f = &found->items[i];
		if (f->id != fault->id || (fault->seq && f->seq != fault->seq))
			continue;
		if (cause != SIZE_MAX)
			wrong(vm, step, "it is told twice");
		cause = i;
		if (f->as_id != fault->as_id || f->gpa != fault->gpa ||
		    f->size != fault->size || f->cause != FINDING_NO_CAUSE)
			wrong(vm, step, "it is not where it is to be");
	}
	if (cause == SIZE_MAX)
		wrong(vm, step, finding_id_name(fault->id));
	for (size_t i = 0; i < found->nr; i++) {
		f = &found->items[i];
		if (i == cause || is_past(vm, f))
			continue;
		if (f->id != fault->follows || f->cause != cause)
			wrong(vm, step, "it is not alone");
		beneath++;
	}
	if (beneath != (fault->follows != FINDING_IDS))
		wrong(vm, step, "what follows is not told");
}

/* Ways in which a slot does not become what it should */
enum way {
	AS_IT_SHOULD,
	LEFT_OUT,
	REFUSED,
	RETRIED,
	OTHER_HVA,
	SHORT,
	OTHER_FLAGS,
	OTHER_SPACE,
	OTHER_PLACE,
	ANSWERED,
	DONE_ALTHOUGH_REFUSED,
	WAYS,
};

static struct fault fault_of(enum finding_id id, struct slot slot)
{
	return (struct fault){ .id = id,
			       .as_id = slot.as_id,
			       .gpa = slot.gpa,
			       .size = slot.size,
			       .follows = FINDING_IDS,
			       .right = slot };
}

static struct fault last_page(enum finding_id id, struct slot slot)
{
	struct fault fault = fault_of(id, slot);

	fault.gpa += slot.size - PAGE;
	fault.size = PAGE;
	return fault;
}

/* @slot is to be there. Return: did anything go wrong? */
static bool make_badly(struct vm *vm, struct slot slot, enum way way,
		       struct fault *fault)
{
	struct slot bad = slot;
	int cell;

	*fault = (struct fault){ .follows = FINDING_IDS };
	switch (way) {
	case LEFT_OUT:
		*fault = fault_of(FINDING_MISSING, slot);
		return true;
	case REFUSED:
		*fault = fault_of(FINDING_IGNORED_FAILURE, slot);
		fault->follows = FINDING_MISSING;
		fault->seq = request(vm, slot, NULL, -ENOMEM);
		return true;
	case RETRIED:
		*fault = fault_of(FINDING_REFUSED, slot);
		fault->seq = request(vm, slot, NULL, -ENOMEM);
		fault->bad = slot;
		set(vm, slot);
		return true;
	case OTHER_HVA:
		*fault = fault_of(FINDING_WRONG_HVA, slot);
		bad.hva += 16 * PAGE;
		break;
	case SHORT:
		if (slot.size == PAGE)
			break;
		*fault = last_page(FINDING_EXTENT, slot);
		bad.size -= PAGE;
		break;
	case OTHER_FLAGS:
		*fault = fault_of(FINDING_FLAGS, slot);
		bad.flags ^= SLOT_READONLY;
		break;
	case OTHER_SPACE:
		/* there is nothing where it goes, and none has its number */
		bad.as_id ^= 1;
		if (vm->meant[bad.as_id][slot.gpa / CELL_SIZE].size ||
		    kernel_find(vm, bad.as_id, bad.id)) {
			bad.as_id ^= 1;
			break;
		}
		*fault = fault_of(FINDING_AS_ID, slot);
		break;
	case OTHER_PLACE:
		vm->meant[slot.as_id][slot.gpa / CELL_SIZE] = slot;
		cell = some_cell(vm, slot.as_id, true);
		if (cell < 0)
			break;
		*fault = fault_of(FINDING_MOVED, slot);
		bad.gpa = cell * CELL_SIZE;
		break;
	case ANSWERED:
		if (slot.size == PAGE)
			break;
		*fault = fault_of(FINDING_ANSWERED, slot);
		fault->follows = FINDING_EXTENT;
		bad.size -= PAGE;
		fault->bad = bad;
		fault->seq = request(vm, slot, &bad, 0);
		return true;
	case DONE_ALTHOUGH_REFUSED:
		*fault = fault_of(FINDING_ANSWERED, slot);
		fault->bad = slot;
		fault->seq = request(vm, slot, &slot, -ENOMEM);
		return true;
	default:
		break;
	}
	set(vm, bad);
	fault->bad = bad;
	return fault->size;
}

/* @slot is to be gone */
static bool drop_badly(struct vm *vm, struct slot slot, enum way way,
		       struct fault *fault)
{
	*fault = fault_of(FINDING_EXTRA, slot);
	fault->bad = slot;
	fault->right = none();
	switch (way) {
	case LEFT_OUT:
		return true;
	case REFUSED:
		/* such a request has no range, and neither has what is told of it */
		fault->id = FINDING_IGNORED_FAILURE;
		fault->follows = FINDING_EXTRA;
		fault->gpa = 0;
		fault->size = 0;
		fault->seq = request(vm, gone(slot), NULL, -EINVAL);
		return true;
	default:
		set(vm, gone(slot));
		return false;
	}
}

/* Memory is plugged, or made anew in another way */
static bool make(struct vm *vm, int as_id, enum way way, struct fault *fault)
{
	int old = random_below(2) ? some_cell(vm, as_id, false) : -1;
	int cell = some_cell(vm, as_id, true);
	struct slot slot;

	if (old >= 0) {
		/* moved, or with other rights: deleted, and made */
		slot = vm->meant[as_id][old];
		set(vm, gone(slot));
		vm->meant[as_id][old] = none();
		if (cell < 0 || random_below(2)) {
			slot.flags ^= SLOT_READONLY;
			cell = old;
		} else {
			slot.gpa = cell * CELL_SIZE;
		}
	} else if (cell >= 0) {
		slot = new_slot(vm, as_id, cell);
	} else {
		return false;
	}
	vm->meant[as_id][cell] = slot;
	return make_badly(vm, slot, way, fault);
}

/* What is below goes away, or its rights */
static bool below(struct vm *vm, int as_id, struct fault *fault)
{
	int cell = some_cell(vm, as_id, false);
	struct slot slot;

	if (cell < 0)
		return false;
	slot = vm->meant[as_id][cell];
	vm->gap_mapped = random_below(2);
	vm->gap = slot.hva + slot.size - PAGE;
	*fault = last_page(vm->gap_mapped ? FINDING_PERMS : FINDING_UNBACKED,
			   slot);
	fault->right = none();
	return true;
}

/* Dirty logging goes on, or off: no MODEL here has a word on that */
static void log_dirty(struct vm *vm, int as_id)
{
	int cell = some_cell(vm, as_id, false);
	struct slot *slot;

	if (cell < 0)
		return;
	slot = &vm->meant[as_id][cell];
	slot->flags ^= SLOT_LOG_DIRTY;
	set(vm, *slot);
}

/* Return: did anything go wrong? */
static bool step(struct vm *vm, struct fault *fault)
{
	enum way way = random_below(3) ? AS_IT_SHOULD : random_below(WAYS);
	int as_id = !random_below(4);
	struct slot slot;
	int cell;

	switch (random_below(4)) {
	case 0:
		cell = some_cell(vm, as_id, false);
		if (cell < 0)
			return false;
		slot = vm->meant[as_id][cell];
		vm->meant[as_id][cell] = none();
		return drop_badly(vm, slot, way, fault);
	case 1:
		if (!way)
			log_dirty(vm, as_id);
		return way && below(vm, as_id, fault);
	default:
		return make(vm, as_id, way, fault);
	}
}

static void random_steps(void **unused)
{
	const char *text = getenv("SLOTSCOPE_RANDOM_STEPS");
	const uint64_t steps = text ? strtoull(text, NULL, 0) : 10000;
	uint64_t faults[FINDING_IDS] = { 0 };
	struct fault fault;
	struct vm vm = { .fixed = slot_of(0, 100, CELLS * CELL_SIZE, PAGE, HVA,
					  0) };
	bool is_wrong;

	views_init(&vm.v);
	vm.v.state[KERNEL].as[0].generation = 0;
	vm.v.state[KERNEL].as[1].generation = 1;
	log_begin(&vm, false);
	set(&vm, vm.fixed);
	for (uint64_t i = 1; i <= steps; i++) {
		if (vm.v.log.nr > LOG_EVENTS)
			log_begin(&vm, true);
		is_wrong = step(&vm, &fault);
		look(&vm);
		if (!is_wrong) {
			nothing_else(&vm, i);
			continue;
		}
		found_alone(&vm, i, &fault);
		faults[fault.id]++;
		vm.gap = 0;
		mend(&vm, fault.bad, fault.right);
		/* a wrong answer stands in the log for good */
		if (fault.id == FINDING_ANSWERED)
			log_begin(&vm, true);
		look(&vm);
		nothing_else(&vm, i);
	}
	for (int id = 0; id < FINDING_IDS; id++) {
		if (faults[id])
			print_message("# %s: %llu\n", finding_id_name(id),
				      (unsigned long long)faults[id]);
	}
	views_deinit(&vm.v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
