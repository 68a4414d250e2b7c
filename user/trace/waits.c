// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who waits for memory by now. Nothing happens while somebody sleeps, so it is looked
 * for. By an iterator: while user space itself looks into a map, the kernel runs no
 * kprobe's program on this processor.
 */
#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "trace/impl.h"

int waits_open(struct tracer *t, struct slotscope_error *err)
{
	union bpf_iter_link_info info = {
		.map.map_fd = bpf_map__fd(t->skel->maps.faults),
	};
	DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info,
			    .link_info_len = sizeof(info));

	if (!bpf_program__autoload(t->skel->progs.faults_told))
		return 0;
	t->waits = bpf_program__attach_iter(t->skel->progs.faults_told, &opts);
	return t->waits ?
		       0 :
		       error_bpf(err, errno, "attach an iterator over faults");
}

int waits_tell(struct tracer *t, struct slotscope_error *err)
{
	char nothing[64];
	ssize_t got;
	int fd;

	if (!t->waits)
		return 0;
	fd = bpf_iter_create(bpf_link__fd(t->waits));
	if (fd < 0)
		return error_bpf(err, errno, "look for faults that last");
	do
		got = read(fd, nothing, sizeof(nothing));
	while (got > 0 || (got < 0 && errno == EINTR));
	close(fd);
	return got ? error_set(err, errno, "look for faults that last") : 0;
}
