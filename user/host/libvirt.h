/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which libvirt runs a QEMU, and as what. */
#ifndef HOST_LIBVIRT_H
#define HOST_LIBVIRT_H

#include <stdbool.h>

#include <slotscope/error.h>

#include "host/process.h"

/**
 * struct libvirt_domain - a QEMU, as its libvirt knows it
 * @uri:  where that libvirt is asked, without one being started
 * @uuid: as the QEMU's command line has it
 */
struct libvirt_domain {
	char uri[192];
	char uuid[37];
};

/** is_libvirt() - is a process of this name the daemon that runs QEMUs? */
bool is_libvirt(const char *comm);

/**
 * libvirt_domain_find() - how to ask for a QEMU
 * @daemon: the libvirt that has its monitor
 *
 * Return: 0; -ENOENT if the QEMU's command line has no UUID, or the daemon listens
 * nowhere that can be told; or as process_open().
 */
int libvirt_domain_find(const struct process *qemu, pid_t daemon,
			struct libvirt_domain *out,
			struct slotscope_error *err);

#endif
