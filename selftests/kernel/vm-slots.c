// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pc board on a real VM: KVM has the slots that the model wants, lacks those
 * that a fault takes away, and what it refuses is an error that says so. KVM
 * itself is the witness: where a slot is, it refuses another one (EEXIST).
 */
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvm/kvm.h"
#include "kvm/listener.h"
#include "machine/pc.h"
#include "machine/ram.h"

#include "../kselftest/ktap.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

#define PROBE_SLOT 1000 /* far from those that the board gets */

static struct {
	struct kvm_state kvm;
	struct kvm_fault fault;
	struct machine machine;
	struct kvm_memory_listener listener;
	struct slotscope_error err;
	char *probe; /* a page for slots of the test */
	void *ram[3];
	uint64_t sizes[3];
	int nr;
} vm;

static int alloc(void *opaque, const char *name, uint64_t size,
		 struct ram_block_options *ram, struct slotscope_error *err)
{
	int ret = ram_map(name, size, &vm.ram[vm.nr], err);

	if (!ret) {
		ram->host = vm.ram[vm.nr];
		vm.sizes[vm.nr++] = size;
	}
	return ret;
}

static int set_slot(uint32_t slot, gpa_t gpa, uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)vm.probe,
	};

	return ioctl(vm.kvm.vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

/* Is there a slot at @gpa? Leaves everything as it was */
static bool has_slot(gpa_t gpa)
{
	if (set_slot(PROBE_SLOT, gpa, 4096)) {
		ASSERT_EQ(errno, EEXIST);
		return true;
	}
	ASSERT_ERRNO(set_slot(PROBE_SLOT, gpa, 0), 0);
	return false;
}

static void open_vm(enum kvm_fault_kind fault, gpa_t gpa)
{
	memset(&vm, 0, sizeof(vm));
	vm.fault.kind = fault;
	vm.fault.gpa = gpa;
	vm.probe = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT(vm.probe != MAP_FAILED, "mmap: %s", strerror(errno));
	ASSERT(!kvm_init(&vm.kvm, NULL, &vm.err), "%s: %s", vm.err.tried,
	       vm.err.why);
	ASSERT(!memory_model_create(NULL, &vm.machine.model, &vm.err), "%s",
	       vm.err.why);
	ASSERT(!memory_map_init(vm.machine.model, &vm.machine, &vm.err), "%s",
	       vm.err.why);
	ASSERT(!kvm_memory_listener_register(&vm.listener, &vm.kvm,
					     vm.machine.memory, &vm.fault,
					     &vm.err),
	       "%s", vm.err.why);
}

static void build(uint64_t ram_size)
{
	const struct machine_options board = {
		.ram_size = ram_size,
		.bios_size = PC_BIOS_SIZE_DEFAULT,
	};

	const struct machine_ops ops = { .alloc = alloc };

	ASSERT(!machine_init(&vm.machine, &machine_pc, &board, &ops, &vm.err),
	       "%s: %s", vm.err.tried, vm.err.why);
}

static void close_vm(void)
{
	kvm_memory_listener_unregister(&vm.listener);
	kvm_deinit(&vm.kvm);
	memory_model_destroy(vm.machine.model);
	machine_deinit(&vm.machine);
	while (vm.nr--)
		ram_unmap(vm.ram[vm.nr], vm.sizes[vm.nr]);
	munmap(vm.probe, 4096);
}

/* RAM, ROM and what is neither, each at its first and last page */
static void registers_what_the_board_has(void)
{
	static const struct {
		gpa_t gpa;
		bool slot;
	} cases[] = {
		{ 0, true },
		{ 0xbf000, true },
		{ 0xc0000, true },
		{ 0xff000, true },
		{ MIB, true },
		{ 3 * GIB - 4096, true },
		{ 3 * GIB, false },
		{ 0xfec00000, false },
		{ 0xfffbf000, false },
		{ 0xfffc0000, true },
		{ 0xfffff000, true },
		{ 4 * GIB, true },
		{ 6 * GIB - 4096, true },
		{ 6 * GIB, false },
	};
	size_t i;

	open_vm(KVM_FAULT_NONE, 0);
	build(5 * GIB);
	EXPECT_EQ(vm.listener.error.code, 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		EXPECT(has_slot(cases[i].gpa) == cases[i].slot,
		       "0x%llx: a slot is%s there",
		       (unsigned long long)cases[i].gpa,
		       cases[i].slot ? " not" : "");
	close_vm();
}

static void faults_take_one_slot_away(void)
{
	static const struct {
		enum kvm_fault_kind kind;
		uint64_t ram, at, other;
	} cases[] = {
		{ KVM_FAULT_SKIP_SLOT, 5 * GIB, 4 * GIB, MIB },
		{ KVM_FAULT_SKIP_SLOT, 64 * MIB, MIB, 0 },
		{ KVM_FAULT_IGNORE_REFUSAL, 5 * GIB, 4 * GIB, MIB },
		{ KVM_FAULT_IGNORE_REFUSAL, 64 * MIB, MIB, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct kvm_slot *slot;
		uint64_t whole;

		open_vm(KVM_FAULT_NONE, cases[i].at);
		build(cases[i].ram);
		EXPECT(has_slot(cases[i].at), "case %zu: no slot without fault",
		       i);
		whole = vm.listener.requests;
		close_vm();

		open_vm(cases[i].kind, cases[i].at);
		build(cases[i].ram);
		EXPECT_EQ(vm.listener.error.code, 0);
		EXPECT(vm.fault.active, "case %zu: the fault has not acted", i);
		EXPECT(!has_slot(cases[i].at), "case %zu: the slot is there",
		       i);
		EXPECT(has_slot(cases[i].other), "case %zu: another is not", i);
		/* One ioctl is not made; or it is, in vain */
		EXPECT_EQ(vm.listener.requests,
			  whole - (cases[i].kind == KVM_FAULT_SKIP_SLOT));
		/* The table is as sure of it as if it had worked */
		slot = kvm_slots_find(vm.listener.slots, cases[i].at);
		if (EXPECT(slot, "case %zu: not in the table", i))
			EXPECT_EQ(slot->error, 0);
		close_vm();
	}
}

/* Somebody else's slot where RAM is to be */
static void tells_what_kvm_refuses(void)
{
	open_vm(KVM_FAULT_NONE, 0);
	ASSERT_ERRNO(set_slot(PROBE_SLOT, 5 * GIB, 4096), 0);
	build(5 * GIB);
	EXPECT_EQ(vm.listener.error.code, EEXIST);
	EXPECT(strstr(vm.listener.error.tried, "0x100000000"),
	       "it does not name the address: %s", vm.listener.error.tried);
	EXPECT(strstr(vm.listener.error.tried, "pc.ram"),
	       "it does not name the region: %s", vm.listener.error.tried);
	EXPECT(strstr(vm.listener.error.next, "another slot"),
	       "it does not say what to do: %s", vm.listener.error.next);
	/* nobody told the VMM of it, so it must not name one of its own */
	EXPECT(strstr(vm.listener.error.why, "not seen lies there") &&
		       strstr(vm.listener.error.why, "rule overlap"),
	       "it does not say why: %s", vm.listener.error.why);
	close_vm();

	/* A slot of that id, made behind the VMM's back: against all it knows */
	open_vm(KVM_FAULT_NONE, 0);
	ASSERT_ERRNO(set_slot(1, 64 * GIB, 4096), 0);
	build(5 * GIB);
	EXPECT_EQ(vm.listener.error.code, EINVAL);
	EXPECT(strstr(vm.listener.error.why, "no rule explains it"),
	       "it makes something up: %s", vm.listener.error.why);
	close_vm();
}

static void names_rule_and_other_party(void)
{
	struct kvm_slot_request req = {
		.slot = 2, .size = MIB, .hva = MIB, .gmem_fd = -1
	};
	struct kvm_accepted accepted = { 0 };
	char why[REQUEST_SAY_MAX];

	open_vm(KVM_FAULT_NONE, 0);
	kvm_accepted_note(&accepted, &req);
	/* far away, so that there is room for more ids */
	req.slot = 300;
	req.gpa = 2 * MIB;
	kvm_accepted_note(&accepted, &req);
	req.slot = 3;
	req.gpa = 3 * MIB - 4096;
	EXPECT(kvm_accepted_explain(&accepted, vm.kvm.vm_fd, &req, -EEXIST,
				    why),
	       "not sure: %s", why);
	EXPECT(strstr(why, "slot 300 at 0x200000-0x2fffff (1 MiB) is in the "
			   "way (rule overlap)"),
	       "%s", why);
	/* once it is gone it is no party any more */
	req.slot = 300;
	req.size = 0;
	kvm_accepted_note(&accepted, &req);
	EXPECT(!kvm_accepted_explain(&accepted, vm.kvm.vm_fd, &req, -ENOMEM,
				     why),
	       "%s", why);
	EXPECT(strstr(why, "no memory"), "%s", why);
	EXPECT(kvm_accepted_explain(&accepted, vm.kvm.vm_fd, &req, -EINVAL,
				    why) &&
		       strstr(why, "no slot 300 to delete"),
	       "%s", why);
	/* asked of this very kernel */
	req.slot = 3;
	req.size = MIB;
	req.hva = 1ULL << 60;
	EXPECT(kvm_accepted_explain(&accepted, vm.kvm.vm_fd, &req, -EINVAL,
				    why) &&
		       strstr(why, "rule hva-range"),
	       "%s", why);
	kvm_accepted_deinit(&accepted);
	close_vm();
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(registers_what_the_board_has),
		KTAP_CASE(faults_take_one_slot_away),
		KTAP_CASE(tells_what_kvm_refuses),
		KTAP_CASE(names_rule_and_other_party),
	};

	if (access("/dev/kvm", R_OK | W_OK))
		ktap_skip_all("no /dev/kvm: %s", strerror(errno));
	return KTAP_RUN(cases);
}
