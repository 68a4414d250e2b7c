// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/proc_file.h"
#include "host/qmp_cmdline.h"
#include "host/vmm.h"

/* A program, the VMM that it is, and its option for a VM's name; NULL: it has none */
static const struct known {
	const char *program;
	const char *vmm;
	const char *name;
} known[] = {
	{ "qemu", "qemu", NULL }, /* see name_of() */
	{ "kvm", "qemu", NULL },
	{ "firecracker", "firecracker", "id" },
	{ "cloud-hypervisor", "cloud-hypervisor", NULL },
	{ "crosvm", "crosvm", "name" },
	{ "lkvm", "kvmtool", "name" },
	{ "slotscope", "slotscope", NULL },
};

static const char *base_of(const char *program)
{
	const char *slash = strrchr(program, '/');

	return slash ? slash + 1 : program;
}

/* "qemu-system-x86_64" and "slotscope-vm" are of "qemu" and "slotscope" */
static bool is_program(const char *name, const char *program)
{
	const size_t n = strlen(program);

	return !strncmp(name, program, n) &&
	       (!name[n] || name[n] == '-' || name[n] == ' ');
}

static void name_of(const struct known *vmm, const char *text, size_t len,
		    struct vmm *out)
{
	const char *name;

	if (!strcmp(vmm->vmm, "qemu")) {
		if (!qmp_cmdline_name(text, len, out->name))
			out->name[0] = '\0';
		return;
	}
	name = vmm->name ? cmdline_value(text, len, vmm->name) : NULL;
	snprintf(out->name, sizeof(out->name), "%s", name ? name : "");
}

void vmm_of(const char *program, const char *text, size_t len, struct vmm *out)
{
	const char *name = base_of(program);

	*out = (struct vmm){};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (is_program(name, known[i].program)) {
			snprintf(out->vmm, sizeof(out->vmm), "%s",
				 known[i].vmm);
			name_of(&known[i], text, len, out);
			return;
		}
}

/* " (deleted)" stands behind the name of one that was updated since it began */
void vmm_read(const struct process *process, struct vmm *out)
{
	char exe[4096];
	struct proc_text cmdline;
	ssize_t n = proc_readlink(process->dir, "exe", exe, sizeof(exe) - 1);

	*out = (struct vmm){};
	if (n < 0 || proc_read(process->dir, "cmdline", CMDLINE_MAX, &cmdline))
		return;
	vmm_of(exe, cmdline.text, cmdline.len, out);
	free(cmdline.text);
}
