/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VMM a process is, and what its VM is called. */
#ifndef HOST_VMM_H
#define HOST_VMM_H

#include <stddef.h>

#include "host/process.h"

/**
 * struct vmm - any bytes but NUL: whoever started it chose them
 * @vmm:  "qemu", "firecracker", ...; empty: none that we know
 * @name: of the VM, as its command line has it; empty: it has none
 */
struct vmm {
	char vmm[24];
	char name[128];
};

/**
 * vmm_of() - by a program and its command line
 * @program: its path, or its name alone
 * @text:    of /proc/PID/cmdline: words, each with a NUL behind it
 *
 * Pure. libvirt gives a QEMU the domain's name as -name guest=NAME.
 */
void vmm_of(const char *program, const char *text, size_t len, struct vmm *out);

/** vmm_read() - of a process; what may not be read stays empty */
void vmm_read(const struct process *process, struct vmm *out);

#endif
