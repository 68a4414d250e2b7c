/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client of slotscope.ko: what KVM holds, as a slot_state. */
#ifndef HOST_MODULE_H
#define HOST_MODULE_H

#include <stdbool.h>
#include <sys/types.h>

#include <slotscope.h>
#include <slotscope/error.h>
#include <slotscope/view.h>

/* Minor versions of the module since which it tells of ... */
enum {
	MODULE_TELLS_VM = 1,	  /* owner, users, vCPUs, type, audit */
	MODULE_TELLS_DETAILS = 2, /* what is beside a slot; stage 2 */
	MODULE_TELLS_VMS = 3,	  /* all VMs, and how much memory each has */
};

/** module_is_there() - is there anything to open? At no cost */
bool module_is_there(void);

/**
 * module_open() - open the module, and see that its ABI is ours
 * @info: what it says of itself; may be NULL
 *
 * Return: a descriptor to close(), or -ENOENT (not loaded), -EPERM or -EACCES
 * (CAP_SYS_ADMIN is needed), -EPROTONOSUPPORT (another major version), -ENOTTY
 * (something else has that name).
 */
int module_open(struct slotscope_info *info, struct slotscope_error *err);

/**
 * module_snapshot() - the slots that KVM holds for a VM
 * @module_fd: of module_open()
 * @vm_fd: the VM, a descriptor of our own (vm_fd_take())
 * @out: initialised here as a PARTY_KERNEL, deinited by the caller, also after an
 *	 error. Its @vm is left empty: a descriptor does not tell whose it is
 *
 * If they change faster than they can be read, what is there is not of one moment:
 * its address space is torn, so module_same_moment() is false.
 * Room for the slots is made as they need it. If the VM gets new ones faster
 * than that, the state is truncated, and blind from where it was cut.
 *
 * Return: 0, -EBADF or -EBADFD (no VM), -EPROTO (the module was built for
 * another kvm.ko), -ENOMEM.
 */
int module_snapshot(int module_fd, int vm_fd, struct slot_state *out,
		    struct slotscope_error *err);

/**
 * module_details() - the same, and what KVM keeps beside the slots
 * @pid:    a process, about which to tell if it is the VM's owner
 * @out:    as for module_snapshot()
 * @detail: zeroed first; the caller deinits it, also after an error. An older module
 *	    tells less: see its @none
 */
int module_details(int module_fd, int vm_fd, pid_t pid, struct slot_state *out,
		   struct vm_detail *detail, struct slotscope_error *err);

/**
 * module_generations() - the generations alone, which is cheap
 * @out: as for module_snapshot(), without slots, covering SLOT_FIELD_GENERATION
 */
int module_generations(int module_fd, int vm_fd, struct slot_state *out,
		       struct slotscope_error *err);

/**
 * module_owns_memory() - are the slots' host addresses those of a process?
 * @pid: the process
 *
 * Return: 1 if so, 0 if not; -ESRCH if there is no such process, or it has no memory
 * any more; -EOPNOTSUPP if the module is too old to tell; or as module_snapshot().
 */
int module_owns_memory(int module_fd, int vm_fd, pid_t pid,
		       struct slotscope_error *err);

/**
 * module_same_moment() - did nothing change between two states of one VM?
 *
 * Between module_generations() before and after, everything else that was read
 * belongs together if this is true.
 *
 * Return: true if both have the same generations and neither was in an update or torn.
 */
bool module_same_moment(const struct slot_state *before,
			const struct slot_state *after);

/**
 * module_to_state() - make a state of the module's records
 * @req: as the ioctl left it; its addresses are not used
 * @as: the @req->nr_as_copied address spaces
 * @slots: the @req->nr_slots_copied slots
 * @out: initialised
 *
 * Pure. The module is trusted for its memory, not for its numbers: a record
 * that makes no sense is an error.
 *
 * Return: 0, -ENOMEM or -EPROTO.
 */
int module_to_state(const struct slotscope_snapshot *req,
		    const struct slotscope_as *as,
		    const struct slotscope_slot *slots, struct slot_state *out);

/**
 * module_vms() - the VMs of this machine, a record for each process and VM
 * @out: one for each, by process, then by descriptor; the caller frees it
 * @nr:	 their number
 *
 * Return: 0, -EOPNOTSUPP (the module is too old to tell all of a record), -EPROTO (it was
 * built for another kvm.ko), -EINTR, -ENOMEM.
 */
int module_vms(int module_fd, struct slotscope_vm **out, size_t *nr,
	       struct slotscope_error *err);

/**
 * module_to_detail() - make one of the module's records
 * @req:     as the ioctl left it; its addresses are not used
 * @minor:   of the module: what it cannot know is not known
 * @as:	     the @req->nr_as_copied address spaces
 * @details: one for each of @state's slots; NULL without SLOTSCOPE_DETAIL
 * @state:   what module_to_state() made of the same answer
 * @out:     zeroed first
 *
 * Pure, and as trusting as module_to_state().
 *
 * Return: 0, -ENOMEM or -EPROTO.
 */
int module_to_detail(const struct slotscope_snapshot *req, uint32_t minor,
		     const struct slotscope_as *as,
		     const struct slotscope_detail *details,
		     const struct slot_state *state, struct vm_detail *out);

/**
 * module_audit() - hold KVM's own indexes of a VM's slots against each other
 * @out: zeroed first, deinited by the caller, also after an error
 *
 * Slots cannot change meanwhile: who changes one waits.
 *
 * Return: 0, -EOPNOTSUPP (the module that is loaded has no audit yet, which is no
 * fault), -EBADF or -EBADFD (no VM), -EPROTO (the module was built for another
 * kvm.ko), -EINTR, -ENOMEM.
 */
int module_audit(int module_fd, int vm_fd, struct index_audit *out,
		 struct slotscope_error *err);

/**
 * module_stage2() - what KVM's page tables map of a range
 * @as_id: address space
 * @gpa: where to begin, and
 * @size: how far; multiples of 4096
 * @out: room for @capacity, which is above 0
 * @nr: out: how many there are
 * @next: out: where to go on; at or behind the range's end once all was told
 * @tables: out: SLOTSCOPE_STAGE2_*: what there was to be looked at
 *
 * Return: 0, -ENOTTY (the module is too old), -EOPNOTSUPP (it does not know this
 * kernel's tables), -EPERM, -EINVAL (no such address space), or as module_audit().
 */
int module_stage2(int module_fd, int vm_fd, uint16_t as_id, uint64_t gpa,
		  uint64_t size, struct stage2_mapping *out, size_t capacity,
		  size_t *nr, uint64_t *next, uint32_t *tables,
		  struct slotscope_error *err);

/**
 * module_to_audit() - make one of the module's records
 * @req:    as the ioctl left it; its address is not used
 * @faults: the @req->nr_copied records
 * @out:    zeroed first
 *
 * Pure, and as trusting as module_to_state().
 *
 * Return: 0, -ENOMEM or -EPROTO.
 */
int module_to_audit(const struct slotscope_audit *req,
		    const struct slotscope_fault *faults,
		    struct index_audit *out);

#endif
