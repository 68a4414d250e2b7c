// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "kvm/fault.h"
#include "kvm/ioctl.h"

#define HOLE_MAX (2ULL << 20)

/* Is it for the slot that the fault acts on? */
static bool is_target(struct kvm_fault *fault,
		      const struct kvm_slot_request *request)
{
	bool hit;

	if (request->size && request->gpa == fault->gpa) {
		fault->active = true;
		fault->slot = request->slot;
	}
	hit = fault->active && request->slot == fault->slot;
	/* Once deleted, its number may serve another slot */
	if (hit && !request->size)
		fault->active = false;
	return hit;
}

bool kvm_fault_skips(struct kvm_fault *fault,
		     const struct kvm_slot_request *request)
{
	return fault->kind == KVM_FAULT_SKIP_SLOT && is_target(fault, request);
}

bool kvm_fault_spoils(struct kvm_fault *fault,
		      const struct kvm_slot_request *request, hva_t *hva)
{
	if (fault->kind != KVM_FAULT_IGNORE_REFUSAL ||
	    !is_target(fault, request))
		return false;
	/* No page begins here: EINVAL on every kernel */
	*hva = request->hva + 1;
	return true;
}

bool kvm_fault_alters(struct kvm_fault *fault, struct kvm_slot_request *request)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	uint64_t half = request->size / 2;

	switch (fault->kind) {
	case KVM_FAULT_WRONG_HVA:
	case KVM_FAULT_SHORT_SLOT:
	case KVM_FAULT_READ_ONLY:
	case KVM_FAULT_LATE_DELETE: /* it has to know the slot's number */
		break;
	default:
		return false;
	}
	if (!is_target(fault, request) || !request->size)
		return false;
	if (fault->kind == KVM_FAULT_WRONG_HVA)
		request->hva -= request->offset;
	else if (fault->kind == KVM_FAULT_SHORT_SLOT)
		request->size = half > page ? half - half % page :
					      request->size;
	else if (fault->kind == KVM_FAULT_READ_ONLY)
		request->flags |= SLOT_READONLY;
	return fault->kind != KVM_FAULT_LATE_DELETE;
}

int kvm_fault_delete(struct kvm_fault *fault, int vm_fd,
		     struct slotscope_error *err)
{
	struct kvm_userspace_memory_region region = { .slot = fault->slot };

	if (kvm_ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region))
		return error_set(err, errno, "delete slot %u on purpose",
				 fault->slot);
	return 0;
}

int64_t kvm_fault_unmap(struct kvm_fault *fault, void *host, uint64_t size,
			gpa_t *hole, struct slotscope_error *err)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	uint64_t len = size / 4 < HOLE_MAX ? size / 4 : HOLE_MAX;
	uint64_t offset;

	len -= len % page;
	if (!len) {
		error_set(err, EINVAL, "unmap part of the host memory of RAM");
		error_why(err, "there is too little RAM that the firmware does "
			       "not need");
		return error_next(err, "use -m 2M or more");
	}
	offset = size / 2;
	offset -= ((uintptr_t)host + offset) % (len < HOLE_MAX ? page : len);
	/*
	 * The hole is to stay one: without this, malloc() may map something into
	 * it, and guest memory is backed by our own heap.
	 */
	mallopt(M_MMAP_MAX, 0);
	if (munmap((char *)host + offset, len))
		return error_set(err, errno,
				 "unmap %" PRIu64 " KiB of the host memory "
				 "of RAM",
				 len >> 10);
	fault->active = true;
	*hole = fault->gpa + offset;
	return len;
}
