// SPDX-License-Identifier: GPL-2.0-or-later
/* BACKING: what lies under the addresses of the process that made the VM */
#include <errno.h>

#include "base/name_say.h"
#include "base/progress.h"
#include "host/maps.h"
#include "session/producers.h"

/* As tracer_owns_memory() */
static int owns_memory(const struct subject *subject,
		       struct slotscope_error *err)
{
	int ret = -EOPNOTSUPP;

	if (subject->tracer)
		ret = tracer_owns_memory(subject->tracer, &subject->vm, err);
	if (ret == -EOPNOTSUPP)
		ret = kernel_view_owns_memory(subject->kernel, subject->process,
					      &subject->vm, err);
	return ret;
}

/* Where nothing tells whose memory it is, this process's says nothing of the VM */
int backing_probe(void *ctx, struct slotscope_error *err)
{
	struct subject *subject = ctx;
	struct slotscope_error why = {};
	int ret = owns_memory(subject, &why);

	subject->owns_memory = ret > 0;
	if (ret != -EOPNOTSUPP)
		return 0;
	*err = why;
	return ret;
}

int backing_read(void *ctx, struct host_map *out, struct slotscope_error *err)
{
	PROGRESS("reading the VMM's memory map");
	const struct subject *subject = ctx;
	const struct process *process = subject->process;
	int ret = subject->owns_memory ? 1 : owns_memory(subject, err);

	host_map_init(out);
	if (ret < 0)
		return ret;
	if (!ret) {
		error_set(err, EXDEV, "read the memory map of process %d (%s)",
			  process->tgid, NAME_SAY(process->comm));
		return error_why(err,
				 "it holds the VM, and did not make it: the "
				 "slots' host addresses are those of another "
				 "process, which slotscope list may show");
	}
	return host_map_read(process, subject->slots, out, err);
}
