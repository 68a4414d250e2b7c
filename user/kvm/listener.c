// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "kvm/dirty_log.h"
#include "kvm/ioctl.h"
#include "kvm/listener.h"
#include "kvm/region2.h"

_Static_assert((int)SLOT_LOG_DIRTY == KVM_MEM_LOG_DIRTY_PAGES &&
		       (int)SLOT_READONLY == KVM_MEM_READONLY,
	       "SLOT_* flags are given to KVM as they are");

static int
set_user_memory_region2(struct kvm_memory_listener *l,
			const struct kvm_userspace_memory_region *region,
			const struct kvm_slot_request *request)
{
	struct kvm_userspace_memory_region2 region2 = {
		.slot = region->slot,
		.flags = region->flags,
		.guest_phys_addr = region->guest_phys_addr,
		.memory_size = region->memory_size,
		.userspace_addr = region->userspace_addr,
		.guest_memfd = request->gmem_fd,
		.guest_memfd_offset = request->gmem_offset,
	};

	return kvm_ioctl(l->kvm->vm_fd, KVM_SET_USER_MEMORY_REGION2, &region2) ?
		       -errno :
		       0;
}

static int set_user_memory_region(struct kvm_memory_listener *l,
				  const struct kvm_slot_request *request,
				  hva_t hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = request->slot,
		.flags = request->flags,
		.guest_phys_addr = request->gpa,
		.memory_size = request->size,
		.userspace_addr = hva,
	};
	NARRATE(KVM_SET_USER_MEMORY_REGION, NULL, NULL, "slot %u, \"%s\"",
		request->slot, memory_region_info(request->region)->name);

	l->requests++;
	if (l->kvm->guest_memfd)
		return set_user_memory_region2(l, &region, request);
	if (kvm_ioctl(l->kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region))
		return -errno;
	return 0;
}

static int request(void *opaque, const struct kvm_slot_request *req)
{
	struct kvm_memory_listener *l = opaque;
	struct kvm_slot_request altered = *req;
	hva_t hva = req->hva;
	int ret;

	if (!l->kvm || kvm_fault_skips(l->fault, req))
		return 0;
	if (kvm_fault_spoils(l->fault, req, &hva)) {
		set_user_memory_region(l, req, hva);
		return 0;
	}
	if (kvm_fault_alters(l->fault, &altered)) {
		req = &altered;
		hva = altered.hva;
	}
	ret = set_user_memory_region(l, req, hva);
	if (!ret)
		kvm_accepted_note(&l->accepted, req);
	else if (!l->error.code) /* only the first is told */
		kvm_accepted_explain(&l->accepted, l->kvm->vm_fd, req, ret,
				     l->why);
	return ret;
}

/* What KVM means by an errno, as far as one alone tells */
static const char *what_next(int code)
{
	switch (code) {
	case EEXIST:
		return "another slot lies there, perhaps one of KVM's own (TSS, "
		       "identity map, APIC page): slotscope slots shows them";
	case EINVAL:
		return "Documentation/errno-rules.md has the rules that KVM "
		       "goes by";
	case ENOMEM:
		return "the kernel has no memory to keep account of the slot: "
		       "use a smaller -m";
	default:
		return "see dmesg for what KVM says";
	}
}

/* Only the first is kept: what follows may be its consequence */
static void problem(void *opaque, const struct slotscope_error *err)
{
	struct kvm_memory_listener *l = opaque;
	uint64_t one = 1;

	if (l->error.code)
		return;
	l->error = *err;
	if (l->why[0])
		error_why(&l->error, "%s: %s", err->why, l->why);
	l->why[0] = '\0';
	if (!l->error.next[0])
		error_next(&l->error, "%s", what_next(err->code));
	if (l->notify_fd >= 0)
		(void)!write(l->notify_fd, &one, sizeof(one));
}

static void inhibit(void *opaque, bool out)
{
	struct kvm_memory_listener *l = opaque;

	if (!l->cpus)
		return;
	if (out)
		vcpus_keep_out(l->cpus);
	else
		vcpus_let_in(l->cpus);
}

static void log_ends(void *opaque, const struct kvm_slot *slot)
{
	struct kvm_memory_listener *l = opaque;

	if (l->kvm && l->cpus && l->cpus->dirty)
		dirty_log_ends(l->cpus->dirty, l, slot);
}

static int register_as(struct kvm_memory_listener *l, struct kvm_state *kvm,
		       struct address_space *as, uint16_t as_id,
		       struct kvm_fault *fault, struct slotscope_error *err)
{
	const struct kvm_slots_options options = {
		.mode = kvm->queue_slots ? KVM_SLOTS_QUEUED :
					   KVM_SLOTS_IMMEDIATE,
		.as_id = as_id,
		.nr_slots = kvm->nr_slots,
		.no_readonly_mem = kvm->no_readonly_mem,
		.request = request,
		.inhibit = inhibit,
		.log_ends = log_ends,
		.problem = problem,
		.opaque = l,
	};
	NARRATE(KVM_MEMORY_LISTENER_REGISTER, NULL, NULL, "\"%s\"",
		address_space_name(as));

	*l = (struct kvm_memory_listener){
		.kvm = kvm,
		.fault = fault,
		.notify_fd = -1,
	};
	return kvm_slots_create(as, &options, &l->slots, err);
}

int kvm_memory_listener_register(struct kvm_memory_listener *l,
				 struct kvm_state *kvm,
				 struct address_space *as,
				 struct kvm_fault *fault,
				 struct slotscope_error *err)
{
	return register_as(l, kvm, as, 0, fault, err);
}

int kvm_smram_listener_register(struct kvm_memory_listener *l,
				struct kvm_state *kvm, struct address_space *as,
				struct kvm_fault *fault,
				struct slotscope_error *err)
{
	if (kvm->nr_as > 1)
		return register_as(l, kvm, as, 1, fault, err);
	error_set(err, ENOTSUP, "have KVM keep the memory of SMM apart");
	error_why(err, "this KVM has one address space "
		       "(KVM_CAP_MULTI_ADDRESS_SPACE)");
	return error_next(err, "use -M smm=off");
}

void kvm_memory_listener_unregister(struct kvm_memory_listener *l)
{
	l->kvm = NULL;
	kvm_slots_destroy(l->slots);
	l->slots = NULL;
	kvm_accepted_deinit(&l->accepted);
}
