/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A QEMU whose monitor libvirt holds, asked through libvirt's program virsh. */
#ifndef SLOTSCOPE_QEMU_VIRSH_H
#define SLOTSCOPE_QEMU_VIRSH_H

#include <signal.h>
#include <stdint.h>

#include <slotscope/error.h>

/**
 * struct virsh_domain - a QEMU that libvirt runs, as virsh is told of it
 * @uri:  of its libvirt: "qemu+unix:///system?socket=/run/libvirt/libvirt-sock"
 * @uuid: of the domain. Not its name, which may be another one's number
 */
struct virsh_domain {
	char uri[192];
	char uuid[37];
};

/**
 * virsh_ask() - have libvirt put one QMP command to a QEMU
 * @command: JSON, without an id: libvirt gives one of its own
 * @reply: QEMU's answer, as text; the caller frees it
 * @stop: as for poll_until()
 *
 * A process is run for it (virsh, by PATH), and is killed at @deadline_ns.
 *
 * Return: 0; -ENOENT if there is no virsh; -EREMOTEIO if it failed, with its words in
 * @err; -ETIMEDOUT, -EINTR; -EFBIG for an answer of more than QMP_MESSAGE_MAX; or what
 * starting a process says.
 */
int virsh_ask(const struct virsh_domain *domain, const char *command,
	      uint64_t deadline_ns, const volatile sig_atomic_t *stop,
	      char **reply, struct slotscope_error *err);

#endif
