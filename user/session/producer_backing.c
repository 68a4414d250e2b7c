// SPDX-License-Identifier: GPL-2.0-or-later
/* BACKING: what lies under the addresses of the process that made the VM */
#include <errno.h>

#include "host/maps.h"
#include "session/producers.h"

int backing_read(void *ctx, struct host_map *out, struct slotscope_error *err)
{
	const struct subject *subject = ctx;
	struct tracer *tracer = subject->tracer ? subject->tracer :
						  subject->kernel->tracer;
	const struct process *process = subject->process;

	host_map_init(out);
	/* Of the module alone it cannot be learnt */
	if (tracer && !tracer_owns_memory(tracer, &subject->vm, err)) {
		error_set(err, EXDEV, "read the memory map of process %d (%s)",
			  process->tgid, process->comm);
		return error_why(err,
				 "it holds the VM, and did not make it: the "
				 "slots' host addresses are those of another "
				 "process, which slotscope list may show");
	}
	return host_map_read(process, subject->slots, out, err);
}
