// SPDX-License-Identifier: GPL-2.0-or-later
// LAB: -s 2 -t 3600
/*
 * A million calls that no sane caller makes, from several threads, while VMs come,
 * change and go. Each is answered by an errno of the rules; in the end the module
 * and KVM can be unloaded. CALLS in the environment: how many (default 1,000,000).
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "kmod-test.h"

#include "../kselftest/guest.h"

#define CALLERS 4
#define VMS	4
#define FIRST	700 /* descriptors of VMs that come and go */
#define ARENA	(8 * MIB)
/* Slots of such a VM; with the largest record, what is written stays in the arena */
#define SLOTS	300

static int dev, event;
static char *arena, *memory, *code;
static atomic_long left;

/* By number of the ioctl; those that do not exist too */
#define NUMBERS 8

struct caller {
	pthread_t thread;
	uint64_t random;
	unsigned long answered[NUMBERS];
	int unexpected;
	unsigned int number;
};

/* xorshift64*: the same calls each time, as far as the threads go alike */
static uint64_t draw(struct caller *caller)
{
	uint64_t x = caller->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	caller->random = x;
	return x * 0x2545f4914f6cdd1dULL;
}

static uint32_t below(struct caller *caller, uint32_t limit)
{
	return (draw(caller) >> 33) % limit;
}

static uint64_t an_address(struct caller *caller)
{
	switch (below(caller, 8)) {
	case 0:
		return below(caller, 8192);
	case 1:
		/* What is behind it is not there */
		return (uintptr_t)arena + 2 * ARENA - below(caller, 512);
	case 2:
		return 0xffff888000000000ULL + below(caller, 1 << 30);
	case 3:
		return UINT64_MAX - below(caller, 64);
	case 4:
		return (1ULL << 47) - below(caller, 4096);
	default:
		return (uintptr_t)arena + below(caller, ARENA);
	}
}

static uint32_t a_word(struct caller *caller)
{
	static const uint32_t words[] = {
		0, 1, 2, 3, 8, 24, 48, 64, 72, 4096, 4097, 1U << 31, UINT32_MAX,
	};
	const uint32_t nr = sizeof(words) / sizeof(words[0]);
	uint32_t i = below(caller, nr + 3);

	return i < nr ? words[i] : below(caller, 1024);
}

static int a_descriptor(struct caller *caller)
{
	uint32_t i = below(caller, VMS + 3);

	if (i < VMS)
		return FIRST + i;
	return i == VMS ? event : i == VMS + 1 ? dev : (int)a_word(caller);
}

/* One that would be answered; what is spoilt in it is drawn by the caller */
static void fill(struct caller *caller, unsigned int number, uint32_t *words)
{
	memset(words, 0, 512);
	switch (number) {
	case SLOTSCOPE_INFO & 0xff:
		words[0] = sizeof(struct slotscope_info);
		break;
	case SLOTSCOPE_SNAPSHOT & 0xff:
		*(struct slotscope_snapshot *)words =
			(struct slotscope_snapshot){
				.size = sizeof(struct slotscope_snapshot),
				.vm_fd = a_descriptor(caller),
				.as_addr = an_address(caller),
				.as_size = sizeof(struct slotscope_as),
				.as_capacity = below(caller, 3),
				.slot_addr = an_address(caller),
				.slot_size = sizeof(struct slotscope_slot),
				.slot_capacity = below(caller, SLOTS + 9),
			};
		break;
	case SLOTSCOPE_LAYOUT & 0xff:
		*(struct slotscope_layout *)words = (struct slotscope_layout){
			.size = sizeof(struct slotscope_layout),
			.vm_fd = a_descriptor(caller),
			.member_addr = an_address(caller),
			.member_size = sizeof(struct slotscope_member),
			.member_capacity = below(caller, 9),
		};
		break;
	case SLOTSCOPE_AUDIT & 0xff:
		*(struct slotscope_audit *)words = (struct slotscope_audit){
			.size = sizeof(struct slotscope_audit),
			.vm_fd = a_descriptor(caller),
			.fault_addr = an_address(caller),
			.fault_size = sizeof(struct slotscope_fault),
			.fault_capacity = below(caller, 9),
		};
		break;
	case SLOTSCOPE_STAGE2 & 0xff:
		*(struct slotscope_stage2 *)words = (struct slotscope_stage2){
			.size = sizeof(struct slotscope_stage2),
			.vm_fd = a_descriptor(caller),
			.as_id = below(caller, 2),
			.gpa = below(caller, 16) * PAGE,
			.bytes = below(caller, 4096) * PAGE,
			.mapping_addr = an_address(caller),
			.mapping_size = sizeof(struct slotscope_mapping),
			.mapping_capacity = below(caller, 9),
		};
		break;
	case SLOTSCOPE_VMS & 0xff:
		*(struct slotscope_vms *)words = (struct slotscope_vms){
			.size = sizeof(struct slotscope_vms),
			.vm_addr = an_address(caller),
			.vm_size = sizeof(struct slotscope_vm),
			.vm_capacity = below(caller, 9),
		};
		break;
	default:
		/* Of one that is newer than this test its size, perhaps */
		words[0] = 8 * below(caller, 24);
		words[2] = a_descriptor(caller);
	}
}

static bool is_a_rule(int error)
{
	static const int errors[] = {
		0,	EINVAL, EFAULT, E2BIG,	    EBADF, EBADFD,
		EAGAIN, ENOTTY, ENOENT, EOPNOTSUPP, ESRCH, EPERM,
	};

	for (unsigned int i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (error == errors[i])
			return true;
	return false;
}

static void *call_on(void *arg)
{
	struct caller *caller = arg;
	uint32_t words[512 / 4], spoilt;
	unsigned int number;
	void *argp;

	while (atomic_fetch_sub(&left, 1) > 0 && !caller->unexpected) {
		number = below(caller, NUMBERS);
		fill(caller, number, words);
		for (spoilt = below(caller, 4); spoilt; spoilt--)
			words[below(caller, 32)] = a_word(caller);
		argp = below(caller, 16) ?
			       words :
			       (void *)(uintptr_t)an_address(caller);
		if (!ioctl(dev, _IO(SLOTSCOPE_IOC, number), argp)) {
			caller->answered[number]++;
		} else if (!is_a_rule(errno)) {
			caller->unexpected = errno;
			caller->number = number;
		}
	}
	/* For the others, too, it is over */
	left = 0;
	return NULL;
}

/* Something in KVM's page tables: the guest's code, and a page of each of some slots */
static struct guest guest_in(int vm)
{
	struct guest guest;

	vm_set(vm, SLOTS, 0, GUEST_CODE, GUEST_SIZE, code);
	guest = guest_create(vm, 0, false);
	for (unsigned int i = 0; i < 5; i++)
		guest_write(&guest, 2 * i * PAGE, i);
	return guest;
}

/* Each number of a descriptor: a VM with few or many slots, or nothing */
static void come_and_go(void)
{
	struct guest guest;
	unsigned int turn, i;
	int vm;

	for (turn = 0; left > 0; turn++) {
		vm = vm_create();
		for (i = 0; i < (turn & 1 ? SLOTS : 7); i++)
			vm_set(vm, i, 0, 2 * i * PAGE, PAGE, memory + i * PAGE);
		if (!(turn & 1))
			guest = guest_in(vm);
		dup2(vm, FIRST + turn % VMS);
		for (i = 0; i < 50 && left > 0; i++)
			__vm_set(vm, i % 7, i & 8 ? KVM_MEM_LOG_DIRTY_PAGES : 0,
				 2 * (i % 7) * PAGE, i & 32 ? 0 : PAGE,
				 memory + i % 7 * PAGE);
		if (!(turn & 1))
			guest_close(&guest);
		close(vm);
		close(FIRST + (turn + 2) % VMS);
	}
	for (i = 0; i < VMS; i++)
		close(FIRST + i);
}

static void a_million_calls(void)
{
	struct caller callers[CALLERS] = { 0 };
	unsigned long answered[NUMBERS] = { 0 };
	unsigned int i, n;

	left = getenv("CALLS") ? strtol(getenv("CALLS"), NULL, 10) : 1000000;
	dev = dev_open();
	event = eventfd(0, EFD_CLOEXEC);
	for (i = 0; i < CALLERS; i++) {
		callers[i].random = i + 1;
		pthread_create(&callers[i].thread, NULL, call_on, &callers[i]);
	}
	come_and_go();
	for (i = 0; i < CALLERS; i++) {
		pthread_join(callers[i].thread, NULL);
		EXPECT(!callers[i].unexpected, "ioctl %u: %s",
		       callers[i].number, strerror(callers[i].unexpected));
		for (n = 0; n < NUMBERS; n++)
			answered[n] += callers[i].answered[n];
	}
	for (n = 0; n < NUMBERS; n++)
		ktap_diag("ioctl %u: %lu answered", n, answered[n]);
	/* Not only refusals were tried */
	for (n = 0; n <= (SLOTSCOPE_VMS & 0xff); n++)
		EXPECT(answered[n] > 0, "no ioctl %u was answered", n);
	close(event);
	close(dev);
}

/* The last steps of a VM's end come after close() */
static int unload_settled(const char *name)
{
	int i, ret = -1;

	for (i = 0; i < 3000 && ret; i++) {
		ret = __module_unload(name);
		if (ret && errno != EWOULDBLOCK)
			break;
		if (ret)
			usleep(20000);
	}
	return ret;
}

static void all_can_be_unloaded(void)
{
	ASSERT_ERRNO(__module_unload(MODULE_NAME), 0);
	EXPECT(access(SLOTSCOPE_DEVICE, F_OK), "the device is still there");
	SKIP_IF(access("/sys/module/kvm_amd/refcnt", F_OK), "no kvm_amd");
	ASSERT_ERRNO(unload_settled("kvm_amd"), 0);
	ASSERT_ERRNO(unload_settled("kvm"), 0);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(a_million_calls),
		KTAP_CASE(all_can_be_unloaded),
	};

	need_module_and_kvm();
	arena = guest_memory(2 * ARENA + PAGE);
	munmap(arena + 2 * ARENA, PAGE);
	memory = guest_memory(4 * MIB);
	code = guest_code();
	return KTAP_RUN(cases);
}
