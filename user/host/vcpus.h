/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vCPUs of a process as they are now: what KVM told its VMM of each last, which
 * stands in memory that both share, and what its thread does. Nothing is stopped.
 */
#ifndef HOST_VCPUS_H
#define HOST_VCPUS_H

#include <slotscope/check.h>

#include "host/process.h"

/**
 * vcpus_read() - look at all of them
 * @out: free() it
 *
 * By the mappings of struct kvm_run that the VMM has, which /proc names, and by the
 * system calls in which its threads are.
 *
 * Return: 0, -EACCES if we may not look, -ESRCH, -ENOMEM.
 */
int vcpus_read(const struct process *process, struct vcpu_word **out,
	       size_t *nr, struct slotscope_error *err);

/**
 * vcpus_parse_maps() - the lines of /proc/PID/maps that are of vCPUs; pure
 * @id: of the vCPU, @start: of its mapping
 *
 * Return: false at the end; @text is moved behind the line.
 */
bool vcpus_parse_maps(const char **text, int32_t *id, hva_t *start);

/** vcpus_parse_call() - of /proc/PID/task/TID/syscall: in KVM_RUN of this descriptor; -1: not */
int vcpus_parse_call(const char *text);

struct kvm_run;

/** vcpus_exit_of() - what KVM told last; false: nothing that is about memory; pure */
bool vcpus_exit_of(const struct kvm_run *run, struct slot_exit *out);

#endif
