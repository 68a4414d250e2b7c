// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SLOTSCOPE_AUDIT finds what the tests' module damages in KVM's indexes, names the
 * slot, and finds nothing in a VM that is well, whatever was done to it.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "kmod-test.h"

#include "test-module/slotscope_test.h"

#define FAULTS 300

static int dev, test, vm;
static char *memory;
static struct slotscope_fault faults[FAULTS];

static struct slotscope_audit audit(void)
{
	struct slotscope_audit req = {
		.size = sizeof(req),
		.vm_fd = vm,
		.fault_addr = (uintptr_t)faults,
		.fault_size = sizeof(faults[0]),
		.fault_capacity = FAULTS,
	};

	memset(faults, 0xa5, sizeof(faults));
	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_AUDIT, &req), 0);
	return req;
}

static void expect_well(uint32_t slots)
{
	struct slotscope_audit req = audit();

	EXPECT_EQ(req.nr_slots, slots);
	if (!EXPECT_EQ(req.nr_faults, 0))
		ktap_diag("fault %u, set %u, id %d, %llx, not %llx",
			  faults[0].what, faults[0].set, faults[0].id,
			  (unsigned long long)faults[0].seen,
			  (unsigned long long)faults[0].expected);
	EXPECT_EQ(req.nr_copied, 0);
	EXPECT(req.begin_ns && req.end_ns >= req.begin_ns, "times");
}

static uint64_t damage(uint32_t what, uint32_t id, uint64_t value)
{
	struct test_damage req = {
		.vm_fd = vm, .what = what, .id = id, .value = value
	};

	ASSERT(!ioctl(test, TEST_DAMAGE, &req), "damage %u: %s", what,
	       strerror(errno));
	return req.value;
}

static void prepare(void)
{
	unsigned int i;

	vm = vm_create();
	for (i = 0; i < 31; i++)
		vm_set(vm, i, i % 3 ? 0 : KVM_MEM_LOG_DIRTY_PAGES, 2 * i * MIB,
		       MIB, memory + (i * 7 % 31) * MIB);
	if (vm_nr_as(vm) > 1)
		for (i = 0; i < 5; i++)
			vm_set(vm, 1 << 16 | i, 0, i * MIB, PAGE,
			       memory + i * PAGE);
}

static uint32_t all_slots(void)
{
	return vm_nr_as(vm) > 1 ? 36 : 31;
}

static void a_healthy_vm(void)
{
	unsigned int i;

	vm = vm_create();
	expect_well(0);
	close(vm);
	prepare();
	expect_well(all_slots());
	/* Delete, move, flags, refusals; aliases of one host range */
	for (i = 0; i < 31; i += 2)
		vm_set(vm, i, 0, 0, 0, NULL);
	expect_well(all_slots() - 16);
	vm_set(vm, 1, 0, 4096 * MIB, MIB, memory + 7 * MIB);
	vm_set(vm, 5, KVM_MEM_LOG_DIRTY_PAGES, 10 * MIB, MIB, memory + 4 * MIB);
	EXPECT_ERRNO(__vm_set(vm, 0, 0, 10 * MIB, MIB, memory), EEXIST);
	for (i = 0; i < 3; i++)
		vm_set(vm, 100 + i, 0, (512 + 2 * i) * MIB, MIB, memory);
	expect_well(all_slots() - 13);
	close(vm);
}

/* Is there this fault, of this slot? */
static const struct slotscope_fault *find(const struct slotscope_audit *req,
					  uint32_t what, int32_t id)
{
	uint32_t i;

	for (i = 0; i < req->nr_copied; i++)
		if (faults[i].what == what && faults[i].id == id)
			return &faults[i];
	return NULL;
}

static void each_damage_is_found(void)
{
	static const struct {
		uint32_t what, id;
		uint64_t value;
		uint32_t fault;
		int32_t named;
	} try[] = {
		{ DAMAGE_ID_HASH, 17, 0, SLOTSCOPE_FAULT_ID_HASH, 17 },
		{ DAMAGE_ID_HASH, 17, 0, SLOTSCOPE_FAULT_SETS, 17 },
		{ DAMAGE_SLOT_ID, 17, 18, SLOTSCOPE_FAULT_ID_HASH, 18 },
		{ DAMAGE_SLOT_ID, 17, 32767, SLOTSCOPE_FAULT_SLOT, 32767 },
		{ DAMAGE_SLOT_AS_ID, 17, 1, SLOTSCOPE_FAULT_SLOT, 17 },
		{ DAMAGE_SLOT_NPAGES, 17, 0, SLOTSCOPE_FAULT_SLOT, 17 },
		/* one page short: the hva tree and the count still know */
		{ DAMAGE_SLOT_NPAGES, 17, 255, SLOTSCOPE_FAULT_HVA_RANGE, 17 },
		{ DAMAGE_SLOT_NPAGES, 17, 255, SLOTSCOPE_FAULT_NR_PAGES, -1 },
		/* reaches into the next one */
		{ DAMAGE_SLOT_NPAGES, 17, 4096, SLOTSCOPE_FAULT_GFN_ORDER, 18 },
		{ DAMAGE_SLOT_BASE_GFN, 17, 1, SLOTSCOPE_FAULT_GFN_ORDER, 17 },
		{ DAMAGE_SLOT_HVA, 17, 0x1000, SLOTSCOPE_FAULT_HVA_RANGE, 17 },
		{ DAMAGE_GFN_TREE, 17, 0, SLOTSCOPE_FAULT_GFN_TREE, 17 },
		{ DAMAGE_HVA_START, 17, 0x1000, SLOTSCOPE_FAULT_HVA_RANGE, 17 },
		/* Slot 26 has the memory behind that of 17 */
		{ DAMAGE_HVA_START, 17, -1ULL, SLOTSCOPE_FAULT_HVA_ORDER, 26 },
		{ DAMAGE_HVA_SUBTREE, 17, 7, SLOTSCOPE_FAULT_HVA_ORDER, 17 },
		{ DAMAGE_HVA_LEFTMOST, 0, 0, SLOTSCOPE_FAULT_HVA_ORDER, -1 },
		{ DAMAGE_NR_PAGES, 0, 12345, SLOTSCOPE_FAULT_NR_PAGES, -1 },
	};
	struct slotscope_audit req;
	unsigned int i, id;
	uint64_t old;

	prepare();
	for (i = 0; i < sizeof(try) / sizeof(try[0]); i++) {
		old = damage(try[i].what, try[i].id, try[i].value);
		req = audit();
		EXPECT(req.nr_faults > 0, "damage %u was not found", i);
		EXPECT(find(&req, try[i].fault, try[i].named),
		       "damage %u: no fault %u of slot %d", i, try[i].fault,
		       try[i].named);
		id = try[i].what == DAMAGE_SLOT_ID ? try[i].value : try[i].id;
		damage(try[i].what, id, old);
		expect_well(all_slots());
	}
	close(vm);
}

/* What is seen and what should be */
static void both_values_are_told(void)
{
	const struct slotscope_fault *seen;
	struct slotscope_audit req;
	uint64_t old;

	prepare();
	old = damage(DAMAGE_NR_PAGES, 0, 12345);
	req = audit();
	seen = find(&req, SLOTSCOPE_FAULT_NR_PAGES, -1);
	ASSERT(seen, "not found");
	EXPECT_EQ(req.nr_faults, 1);
	EXPECT_EQ(seen->seen, 12345);
	EXPECT_EQ(seen->expected, 31 * MIB / PAGE + (vm_nr_as(vm) > 1 ? 5 : 0));
	damage(DAMAGE_NR_PAGES, 0, old);
	old = damage(DAMAGE_HVA_START, 17, 0x1000);
	req = audit();
	seen = find(&req, SLOTSCOPE_FAULT_HVA_RANGE, 17);
	ASSERT(seen, "not found");
	EXPECT_EQ(seen->seen, 0x1000);
	EXPECT_EQ(seen->expected, (uintptr_t)memory + 17 * 7 % 31 * MIB);
	EXPECT_EQ(seen->gpa, 34 * MIB);
	EXPECT_EQ(seen->as_id, 0);
	EXPECT_EQ(seen->set, 0);
	damage(DAMAGE_HVA_START, 17, old);
	close(vm);
}

/* A slot is in both sets; of the second address space it has an id there */
static void where_it_is_is_told(void)
{
	struct slotscope_audit req;
	uint64_t old;

	prepare();
	SKIP_IF(vm_nr_as(vm) < 2, "there is one address space alone");
	old = damage(DAMAGE_SLOT_HVA, 1 << 16 | 3, 0x1000);
	req = audit();
	ASSERT_EQ(req.nr_faults, 2);
	EXPECT_EQ(faults[0].what, SLOTSCOPE_FAULT_HVA_RANGE);
	EXPECT_EQ(faults[0].id, 3);
	EXPECT_EQ(faults[0].as_id, 1);
	EXPECT_EQ(faults[0].set, 0);
	EXPECT_EQ(faults[1].what, SLOTSCOPE_FAULT_HVA_RANGE);
	EXPECT_EQ(faults[1].as_id, 1);
	EXPECT_EQ(faults[1].set, 1);
	damage(DAMAGE_SLOT_HVA, 1 << 16 | 3, old);
	expect_well(all_slots());
	close(vm);
}

static void more_faults_than_are_told(void)
{
	struct slotscope_audit req;
	uint64_t old[140];
	const int nr = 140;
	int i;

	vm = vm_create();
	for (i = 0; i < nr; i++)
		vm_set(vm, i, 0, i * MIB, PAGE, memory + i * PAGE);
	for (i = 0; i < nr; i++)
		old[i] = damage(DAMAGE_SLOT_HVA, i, 0x1000);
	req = audit();
	/* In either set */
	EXPECT_EQ(req.nr_faults, 2 * nr);
	EXPECT_EQ(req.nr_copied, 256);
	EXPECT_EQ(faults[255].what, SLOTSCOPE_FAULT_HVA_RANGE);
	for (i = 0; i < nr; i++)
		damage(DAMAGE_SLOT_HVA, i, old[i]);
	expect_well(nr);
	close(vm);
}

static void slots_with_dirty_logging(void)
{
	struct test_damage req = { .what = DAMAGE_NR_DIRTY_LOGGING,
				   .value = 5 };
	const struct slotscope_fault *seen;
	struct slotscope_audit found;

	prepare();
	req.vm_fd = vm;
	/* 0, 3, 6 ... 30; one off, one moved, one deleted */
	vm_set(vm, 0, 0, 0, MIB, memory);
	vm_set(vm, 3, KVM_MEM_LOG_DIRTY_PAGES, 1024 * MIB, MIB,
	       memory + 21 * MIB);
	vm_set(vm, 6, 0, 0, 0, NULL);
	expect_well(all_slots() - 1);
	SKIP_IF(ioctl(test, TEST_DAMAGE, &req) && errno == ENODEV,
		"this KVM does not count them");
	EXPECT_EQ(req.value, 9);
	found = audit();
	EXPECT_EQ(found.nr_faults, 1);
	seen = find(&found, SLOTSCOPE_FAULT_NR_DIRTY_LOGGING, -1);
	ASSERT(seen, "not found");
	EXPECT_EQ(seen->seen, 5);
	EXPECT_EQ(seen->expected, 9);
	ASSERT_ERRNO(ioctl(test, TEST_DAMAGE, &req), 0);
	close(vm);
}

static void the_request(void)
{
	struct slotscope_audit ok, req;
	uint64_t old;

	prepare();
	ok = audit();
	req = ok;
	req.size = 0;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_AUDIT, &req), EINVAL);
	req = ok;
	req.flags = 1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_AUDIT, &req), EINVAL);
	req = ok;
	req.reserved = 1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_AUDIT, &req), EINVAL);
	req = ok;
	req.reserved2 = 1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_AUDIT, &req), EINVAL);
	req = ok;
	req.fault_size -= 8;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_AUDIT, &req), EINVAL);
	req = ok;
	req.vm_fd = dev;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_AUDIT, &req), EBADFD);
	req.vm_fd = -1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_AUDIT, &req), EBADF);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_AUDIT, NULL), EFAULT);

	old = damage(DAMAGE_NR_PAGES, 0, 1);
	req = ok;
	req.fault_capacity = 0;
	req.fault_addr = 8;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_AUDIT, &req), 0);
	EXPECT_EQ(req.nr_faults, 1);
	EXPECT_EQ(req.nr_copied, 0);
	req.fault_capacity = 1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_AUDIT, &req), EFAULT);
	damage(DAMAGE_NR_PAGES, 0, old);
	close(vm);
}

/* Slots come and go meanwhile, and auditors are killed: never a fault */
static void while_slots_change(void)
{
	unsigned int i, n = 0, status;
	pid_t pid;

	prepare();
	for (i = 0; i < 23; i++) {
		pid = fork();
		if (!pid)
			for (;;)
				if (audit().nr_faults)
					_exit(1);
		for (n = 0; n < 150; n++) {
			vm_set(vm, 200, 0, 1024 * MIB, MIB, memory);
			vm_set(vm, 200, 0, (1024 + n) * MIB, MIB, memory);
			vm_set(vm, 200, 0, 0, 0, NULL);
		}
		kill(pid, SIGKILL);
		waitpid(pid, (int *)&status, 0);
		EXPECT(WIFSIGNALED(status), "an audit found something");
	}
	expect_well(all_slots());
	close(vm);
}

static char process_state(pid_t pid)
{
	char path[64], state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	if (file)
		fclose(file);
	return state;
}

/* It holds kvm->slots_lock until its page is there */
static void *hold_slots_lock(void *page)
{
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = page };

	return (void *)(long)ioctl(vm, KVM_GET_DIRTY_LOG, &log);
}

/*
 * The lock is taken for who asks, not by him: whatever keeps him from running (a
 * limit of his cgroup, his end) keeps nobody from the lock
 */
static void the_caller_holds_nothing(void)
{
	struct stuck_page stuck = stuck_page_new();
	int status = -1, died;
	pthread_t holder;
	void *ret;
	pid_t pid;

	prepare();
	pthread_create(&holder, NULL, hold_slots_lock, stuck.page);
	stuck_page_await(&stuck);
	pid = fork();
	if (!pid) {
		audit();
		_exit(0);
	}
	AWAIT(process_state(pid) == 'D');
	EXPECT_EQ(process_state(pid), 'D');
	kill(pid, SIGKILL);
	AWAIT(waitpid(pid, &status, WNOHANG) == pid);
	died = WIFSIGNALED(status);
	EXPECT(died, "who was killed waits for the lock");
	stuck_page_release(&stuck);
	pthread_join(holder, &ret);
	EXPECT_EQ((long)ret, 0);
	if (!died)
		waitpid(pid, &status, 0);
	/* The audit that nobody waits for any more lets go of the VM */
	expect_well(all_slots());
	close(vm);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(a_healthy_vm),
		KTAP_CASE(each_damage_is_found),
		KTAP_CASE(both_values_are_told),
		KTAP_CASE(where_it_is_is_told),
		KTAP_CASE(more_faults_than_are_told),
		KTAP_CASE(slots_with_dirty_logging),
		KTAP_CASE(the_request),
		KTAP_CASE(while_slots_change),
		KTAP_CASE(the_caller_holds_nothing),
	};

	need_module_and_kvm();
	test = test_module_open(TEST_DEVICE);
	dev = dev_open();
	memory = guest_memory(64 * MIB);
	return KTAP_RUN(cases);
}
