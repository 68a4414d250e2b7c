// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program as it was written when the module had an older version, and built with the
 * header of then. It makes a VM with three slots, asks all that its version had, and
 * holds the answers against what it made; what lies behind each of its structs and
 * records must be as it was. Says what is wrong and exits with 1, or with 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <slotscope.h>

#define PAGE  4096ULL
#define SLOTS 3
#define GUARD 0xa5

/* One of @type, or several, and what must not be touched behind */
#define GUARDED(type, nr)                   \
	struct {                            \
		type it[nr];                \
		unsigned char behind[1024]; \
	}
#define GUARD_SET(x) memset(&(x), GUARD, sizeof(x))

static int wrong;

#define CHECK(cond, ...)                                          \
	do {                                                      \
		if (!(cond)) {                                    \
			printf("line %d: %s: ", __LINE__, #cond); \
			printf(__VA_ARGS__);                      \
			putchar('\n');                            \
			wrong = 1;                                \
		}                                                 \
	} while (0)

static void check_guard(const unsigned char *behind, size_t size,
			const char *of)
{
	for (size_t i = 0; i < size; i++)
		CHECK(behind[i] == GUARD, "byte %zu behind %s was written", i,
		      of);
}
#define GUARD_CHECK(x, of) check_guard((x).behind, sizeof((x).behind), of)

static char *memory;

static int make_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);

	memory = mmap(NULL, SLOTS * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < SLOTS; i++) {
		struct kvm_userspace_memory_region region = {
			.slot = 7 + i,
			.flags = i == 1 ? KVM_MEM_LOG_DIRTY_PAGES : 0,
			.guest_phys_addr = i * 16 * PAGE,
			.memory_size = PAGE,
			.userspace_addr = (uintptr_t)memory + i * PAGE,
		};

		CHECK(!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "%s",
		      strerror(errno));
	}
	close(kvm);
	return vm;
}

static void ask_info(int dev)
{
	GUARDED(struct slotscope_info, 1) info;

	GUARD_SET(info);
	memset(info.it, 0, sizeof(info.it));
	info.it->size = sizeof(info.it[0]);
	CHECK(!ioctl(dev, SLOTSCOPE_INFO, info.it), "%s", strerror(errno));
	CHECK(info.it->major == SLOTSCOPE_MAJOR, "major %u", info.it->major);
	CHECK(info.it->minor > SLOTSCOPE_MINOR, "minor %u", info.it->minor);
	GUARD_CHECK(info, "slotscope_info");
}

static void ask_slots(int dev, int vm)
{
	GUARDED(struct slotscope_snapshot, 1) req;
	GUARDED(struct slotscope_as, 4) as;
	GUARDED(struct slotscope_slot, SLOTS) slots;

	GUARD_SET(req);
	GUARD_SET(as);
	GUARD_SET(slots);
	memset(req.it, 0, sizeof(req.it));
	req.it->size = sizeof(req.it[0]);
	req.it->vm_fd = vm;
	req.it->as_addr = (uintptr_t)as.it;
	req.it->as_size = sizeof(as.it[0]);
	req.it->as_capacity = 4;
	req.it->slot_addr = (uintptr_t)slots.it;
	req.it->slot_size = sizeof(slots.it[0]);
	req.it->slot_capacity = SLOTS;
#if SLOTSCOPE_MINOR >= 1
	req.it->flags = SLOTSCOPE_TORN_OK;
	req.it->pid = getpid();
#endif
	CHECK(!ioctl(dev, SLOTSCOPE_SNAPSHOT, req.it), "%s", strerror(errno));
	CHECK(req.it->nr_slots == SLOTS, "%u slots", req.it->nr_slots);
	CHECK(req.it->nr_slots_copied == SLOTS, "%u slots copied",
	      req.it->nr_slots_copied);
	CHECK(req.it->end_ns > req.it->begin_ns, "times");
	CHECK(as.it[0].as_id == 0 && as.it[0].nr_slots == SLOTS, "space 0");
	CHECK(as.it[0].generation, "no generation");
	for (int i = 0; i < SLOTS; i++) {
		const struct slotscope_slot *slot = &slots.it[i];

		CHECK(slot->id == 7U + i, "slot %u", slot->id);
		CHECK(slot->gpa == i * 16 * PAGE, "slot %d", i);
		CHECK(slot->bytes == PAGE, "slot %d", i);
		CHECK(slot->hva == (uintptr_t)memory + i * PAGE, "slot %d", i);
		CHECK(slot->mem_flags == (i == 1), "slot %d: flags 0x%x", i,
		      slot->mem_flags);
		CHECK(!slot->flags, "slot %d: 0x%x", i, slot->flags);
	}
#if SLOTSCOPE_MINOR >= 1
	CHECK(req.it->nr_pages == SLOTS, "%llu pages",
	      (unsigned long long)req.it->nr_pages);
	CHECK(req.it->owner == SLOTSCOPE_OWNER_YES, "owner %u", req.it->owner);
	CHECK(req.it->users >= 1 && !req.it->nr_vcpus, "users, vCPUs");
#endif
	GUARD_CHECK(req, "slotscope_snapshot");
	for (unsigned int i = req.it->nr_as; i < 4; i++)
		check_guard((unsigned char *)&as.it[i], sizeof(as.it[i]),
			    "the address spaces");
	GUARD_CHECK(as, "slotscope_as");
	GUARD_CHECK(slots, "slotscope_slot");

	/* The error of then: what this version did not have is refused */
	req.it->flags = 1U << 31;
	CHECK(ioctl(dev, SLOTSCOPE_SNAPSHOT, req.it) && errno == EINVAL, "%s",
	      strerror(errno));
	req.it->flags = SLOTSCOPE_NO_SLOTS;
	req.it->slot_capacity = 0;
	CHECK(!ioctl(dev, SLOTSCOPE_SNAPSHOT, req.it), "%s", strerror(errno));
	CHECK(req.it->nr_slots == 0, "%u slots", req.it->nr_slots);
}

#if SLOTSCOPE_MINOR >= 1
static void ask_audit(int dev, int vm)
{
	GUARDED(struct slotscope_audit, 1) req;

	GUARD_SET(req);
	memset(req.it, 0, sizeof(req.it));
	req.it->size = sizeof(req.it[0]);
	req.it->vm_fd = vm;
	req.it->fault_size = sizeof(struct slotscope_fault);
	CHECK(!ioctl(dev, SLOTSCOPE_AUDIT, req.it), "%s", strerror(errno));
	CHECK(!req.it->nr_faults, "%u faults", req.it->nr_faults);
	CHECK(req.it->nr_slots == SLOTS, "%u slots", req.it->nr_slots);
	GUARD_CHECK(req, "slotscope_audit");
}

static void ask_layout(int dev, int vm)
{
	GUARDED(struct slotscope_layout, 1) req;
	GUARDED(struct slotscope_member, 1) member;

	GUARD_SET(req);
	GUARD_SET(member);
	memset(req.it, 0, sizeof(req.it));
	req.it->size = sizeof(req.it[0]);
	req.it->vm_fd = vm;
	req.it->member_addr = (uintptr_t)member.it;
	req.it->member_size = sizeof(member.it[0]);
	req.it->member_capacity = 1;
	CHECK(!ioctl(dev, SLOTSCOPE_LAYOUT, req.it), "%s", strerror(errno));
	CHECK(req.it->verdict == SLOTSCOPE_LAYOUT_SAME, "verdict %u",
	      req.it->verdict);
	CHECK(req.it->nr_copied == 1, "%u copied", req.it->nr_copied);
	GUARD_CHECK(req, "slotscope_layout");
	GUARD_CHECK(member, "slotscope_member");
}
#endif

#if SLOTSCOPE_MINOR >= 2
static void ask_details(int dev, int vm)
{
	GUARDED(struct slotscope_detail, SLOTS) details;
	GUARDED(struct slotscope_slot, SLOTS) slots;
	GUARDED(struct slotscope_snapshot, 1) req;

	GUARD_SET(req);
	GUARD_SET(details);
	memset(req.it, 0, sizeof(req.it));
	req.it->size = sizeof(req.it[0]);
	req.it->flags = SLOTSCOPE_DETAIL;
	req.it->vm_fd = vm;
	req.it->as_size = sizeof(struct slotscope_as);
	req.it->slot_addr = (uintptr_t)slots.it;
	req.it->slot_size = sizeof(slots.it[0]);
	req.it->slot_capacity = SLOTS;
	req.it->detail_addr = (uintptr_t)details.it;
	req.it->detail_size = sizeof(details.it[0]);
	CHECK(!ioctl(dev, SLOTSCOPE_SNAPSHOT, req.it), "%s", strerror(errno));
	for (int i = 0; i < SLOTS; i++)
		CHECK(!(details.it[i].flags & SLOTSCOPE_DETAIL_DIRTY) ==
			      (i != 1),
		      "detail %d: 0x%x", i, details.it[i].flags);
	GUARD_CHECK(req, "slotscope_snapshot");
	GUARD_CHECK(details, "slotscope_detail");
}

static void ask_stage2(int dev, int vm)
{
	GUARDED(struct slotscope_stage2, 1) req;
	GUARDED(struct slotscope_mapping, 1) mapping;

	GUARD_SET(req);
	GUARD_SET(mapping);
	memset(req.it, 0, sizeof(req.it));
	req.it->size = sizeof(req.it[0]);
	req.it->vm_fd = vm;
	req.it->bytes = 64 * PAGE;
	req.it->mapping_addr = (uintptr_t)mapping.it;
	req.it->mapping_size = sizeof(mapping.it[0]);
	req.it->mapping_capacity = 1;
	CHECK(!ioctl(dev, SLOTSCOPE_STAGE2, req.it), "%s", strerror(errno));
	CHECK(!req.it->nr_copied, "%u mappings", req.it->nr_copied);
	CHECK(req.it->next_gpa == 64 * PAGE, "not all was looked at");
	GUARD_CHECK(req, "slotscope_stage2");
	GUARD_CHECK(mapping, "slotscope_mapping");
}

static void ask_vms(int dev, int vm)
{
	GUARDED(struct slotscope_vms, 1) req;
	GUARDED(struct slotscope_vm, 1) record;

	GUARD_SET(req);
	GUARD_SET(record);
	memset(req.it, 0, sizeof(req.it));
	req.it->size = sizeof(req.it[0]);
	req.it->vm_addr = (uintptr_t)record.it;
	req.it->vm_size = sizeof(record.it[0]);
	req.it->vm_capacity = 1;
	CHECK(!ioctl(dev, SLOTSCOPE_VMS, req.it), "%s", strerror(errno));
	CHECK(req.it->nr_copied == 1, "%u copied", req.it->nr_copied);
	CHECK(record.it->pid == getpid() && record.it->fd == vm, "pid %d fd %d",
	      record.it->pid, record.it->fd);
	CHECK(record.it->nr_slots == SLOTS, "%u slots", record.it->nr_slots);
	GUARD_CHECK(req, "slotscope_vms");
	GUARD_CHECK(record, "slotscope_vm");
}
#endif

int main(void)
{
	int dev = open(SLOTSCOPE_DEVICE, O_RDWR | O_CLOEXEC);
	int vm = make_vm();

	CHECK(dev >= 0, "%s", strerror(errno));
	ask_info(dev);
	ask_slots(dev, vm);
#if SLOTSCOPE_MINOR >= 1
	ask_audit(dev, vm);
	ask_layout(dev, vm);
#endif
#if SLOTSCOPE_MINOR >= 2
	ask_details(dev, vm);
	ask_stage2(dev, vm);
	ask_vms(dev, vm);
#endif
	return wrong;
}
