/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KERNEL of one VM: by the module, or by walking KVM's tables in BPF. */
#ifndef SLOTSCOPE_SESSION_KERNEL_VIEW_H
#define SLOTSCOPE_SESSION_KERNEL_VIEW_H

#include <slotscope/error.h>
#include <slotscope/view.h>

#include "host/process.h"
#include "trace/tracer.h"

struct slotscope_vm;

enum kernel_source {
	KERNEL_ANY, /* the module if it is there, else BPF */
	KERNEL_BY_MODULE,
	KERNEL_BY_BPF,
};

/**
 * struct kernel_view - the way to KERNEL
 * @source:    KERNEL_BY_MODULE or KERNEL_BY_BPF, once open
 * @module_fd: -1 without the module
 * @tracer:    that walks; NULL without BPF
 * @own:       whether @tracer is to be closed here
 */
struct kernel_view {
	enum kernel_source source;
	int module_fd;
	struct tracer *tracer;
	bool own;
};

/**
 * kernel_view_open() - find a way
 * @wanted: which; KERNEL_ANY to choose
 * @tracer: one that is open already, or NULL
 * @verbose: copy what libbpf says to standard error
 *
 * Return: 0, or a negative errno; with KERNEL_ANY @err says what is wrong with
 * both ways.
 */
int kernel_view_open(struct kernel_view *view, enum kernel_source wanted,
		     struct tracer *tracer, bool verbose,
		     struct slotscope_error *err);
void kernel_view_close(struct kernel_view *view);

/**
 * kernel_view_read() - the slots that KVM holds now
 * @vm:	 which VM; its tgid is @process's
 * @out: initialised here; the caller deinits it, also after an error
 */
int kernel_view_read(const struct kernel_view *view,
		     const struct process *process, const struct vm_id *vm,
		     struct slot_state *out, struct slotscope_error *err);

/**
 * kernel_view_details() - the same, and what KVM keeps beside them
 * @detail: zeroed first; the caller deinits it, also after an error. BPF tells none of
 *	    it, an older module less: see its @none
 */
int kernel_view_details(const struct kernel_view *view,
			const struct process *process, const struct vm_id *vm,
			struct slot_state *out, struct vm_detail *detail,
			struct slotscope_error *err);

/**
 * kernel_view_read_all() - of all VMs of a process, where that is cheaper
 * @states: by descriptor; those that have to be read alone are left out. The
 *	    caller deinits each and frees them, also after an error
 * @owned:  of each what kernel_view_owns_memory() says; the caller frees it
 */
int kernel_view_read_all(const struct kernel_view *view,
			 const struct process *process,
			 struct slot_state **states, bool **owned, size_t *nr,
			 struct slotscope_error *err);

/**
 * kernel_view_vms() - the VMs of this machine, by whoever can tell them at once
 * @out: a record for each process and VM; the caller frees it
 *
 * Return: as module_vms(); -EOPNOTSUPP by BPF.
 */
int kernel_view_vms(const struct kernel_view *view, struct slotscope_vm **out,
		    size_t *nr, struct slotscope_error *err);

/** kernel_view_generations() - the same without slots, as cheap as it can be */
int kernel_view_generations(const struct kernel_view *view,
			    const struct process *process,
			    const struct vm_id *vm, struct slot_state *out,
			    struct slotscope_error *err);

/**
 * kernel_view_audit() - hold KVM's own indexes of the slots against each other
 * @out: zeroed first; the caller deinits it, also after an error
 *
 * Return: 0 or a negative errno; -EOPNOTSUPP if there is no way to do it here
 * (BPF, an older module), which is no failure.
 */
int kernel_view_audit(const struct kernel_view *view,
		      const struct process *process, const struct vm_id *vm,
		      struct index_audit *out, struct slotscope_error *err);

/**
 * kernel_view_stage2() - hold what KVM's page tables map against slots and host pages
 * @slots: what kernel_view_read() said
 * @out: zeroed first; the caller deinits it, also after an error
 *
 * Return: 0; -EAGAIN if the slots moved meanwhile, so that what differed may be
 * right; or another negative errno.
 */
int kernel_view_stage2(const struct kernel_view *view,
		       const struct process *process, const struct vm_id *vm,
		       const struct slot_state *slots, struct stage2_audit *out,
		       struct slotscope_error *err);

/**
 * kernel_view_mapped() - what KVM's page tables map of a range
 * @gpa, @size: multiples of 4096
 * @out: room for @capacity
 * @nr:  out: how many of them are filled
 * @more: out: there is more behind them
 *
 * Return: 0, or a negative errno: with BPF alone there is no way.
 */
int kernel_view_mapped(const struct kernel_view *view,
		       const struct process *process, const struct vm_id *vm,
		       uint16_t as_id, gpa_t gpa, uint64_t size,
		       struct stage2_mapping *out, size_t capacity, size_t *nr,
		       bool *more, struct slotscope_error *err);

/**
 * kernel_view_mappings() - what KVM's page tables map of a range, in all address spaces
 * @slots: what kernel_view_read() said
 * @gpa: where to begin, and
 * @size: how far; multiples of 4096, their sum at most 2^52
 * @tables: out: SLOTSCOPE_STAGE2_*, of all address spaces
 * @fn:	  called for each row, in order
 *
 * Return: 0; -EAGAIN if the slots moved meanwhile, so that what was said of the host's
 * page may be wrong; or another negative errno.
 */
int kernel_view_mappings(const struct kernel_view *view,
			 const struct process *process, const struct vm_id *vm,
			 const struct slot_state *slots, uint64_t gpa,
			 uint64_t size, uint32_t *tables,
			 void (*fn)(void *opaque, const struct stage2_row *row),
			 void *opaque, struct slotscope_error *err);

/**
 * kernel_view_owns_memory() - are the slots' host addresses those of @process?
 *
 * They are of the process that made the VM. One that inherited a descriptor, or was
 * sent it, holds the VM and has other memory at those addresses.
 *
 * Return: 1 if so, 0 if not; -EOPNOTSUPP if there is no way to tell here; or
 * another negative errno.
 */
int kernel_view_owns_memory(const struct kernel_view *view,
			    const struct process *process,
			    const struct vm_id *vm,
			    struct slotscope_error *err);

/** kernel_view_name() - "the slotscope module" or "a BPF iterator" */
const char *kernel_view_name(const struct kernel_view *view);

/**
 * find_vm() - the VM that a command is about
 * @fd:	the descriptor that the user named, or -1
 * @vm:	filled, but for the serial
 *
 * Return: 0, -ENOENT if @process has none, -ENOTUNIQ if several.
 */
int find_vm(const struct process *process, int fd, struct vm_id *vm,
	    struct slotscope_error *err);

#endif
