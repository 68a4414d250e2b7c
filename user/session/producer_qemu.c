// SPDX-License-Identifier: GPL-2.0-or-later
/* MODEL of a QEMU, asked for by QMP */
#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/name_say.h"
#include "base/progress.h"
#include "host/qmp_socket.h"
#include "host/rights.h"
#include "qemu/model.h"
#include "session/monitor.h"
#include "session/producers.h"
#include "session/stop.h"

#define LOOK_MS	  50
#define LISTEN_MS 3000	/* from a VM to its VMM's monitor */
#define MODEL_MS  60000 /* for all that one try asks QEMU */

/*
 * One that was just made may listen a moment later. Not long: it may also have
 * stopped to listen, and then it is for qemu_read() to say so.
 */
static int wait_listening(const struct process *process,
			  struct slotscope_error *err)
{
	const struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
	int64_t end = clock_now_ms() + LISTEN_MS;
	struct qmp_socket sockets[QMP_SOCKETS_MAX];
	size_t nr;
	int ret;

	for (;;) {
		ret = qmp_sockets_find(process, sockets, &nr, err);
		if (ret != -ENOTCONN || clock_now_ms() >= end ||
		    stop_requested || process_stopped(process))
			return ret;
		nanosleep(&look, NULL);
	}
}

/* A VMM without a monitor has none to tell: that is no failure */
int qemu_probe(void *ctx, struct slotscope_error *err)
{
	const struct subject *subject = ctx;
	int ret;

	if (subject->qmp)
		return 0;
	ret = wait_listening(subject->process, err);
	/* One that has a monitor, and cannot be reached, is for qemu_read() */
	return ret == -ENOENT ? ret : 0;
}

/*
 * Whoever gives an address may give that of another VM's monitor, whose MODEL
 * would contradict everything. That another process listened proves nothing by
 * itself, since libvirt does so for its VMMs; that it holds a VM does.
 */
static int refuse_other_vmm(const struct process *process, struct qmp *qmp,
			    struct slotscope_error *err)
{
	struct slotscope_error ignored = {};
	pid_t peer = qmp_peer(qmp);
	struct process other;
	struct vm_id vm;
	int ret;

	if (!peer || peer == process->tgid ||
	    process_open(peer, &other, &ignored))
		return 0;
	ret = find_vm(&other, -1, &vm, &ignored);
	if (!ret || ret == -ENOTUNIQ) {
		ret = error_set(err, EXDEV,
				"ask process %d (%s) on QMP socket %s",
				process->tgid, NAME_SAY(process->comm),
				qmp_name(qmp));
		error_why(err,
			  "it is the monitor of process %d (%s), another VMM",
			  other.tgid, NAME_SAY(other.comm));
		error_next(err, "give the right one, or leave --qmp out: it is "
				"found by itself if the VMM's command line "
				"tells");
	} else if (ret == -EACCES || ret == -EPERM) {
		ret = error_set(err, ret,
				"see whether process %d (%s), which listens on "
				"QMP socket %s, is another VMM",
				other.tgid, NAME_SAY(other.comm),
				qmp_name(qmp));
		error_why(err, "%s", ignored.why);
		error_next(err, "%s", ignored.next);
	} else {
		ret = 0;
	}
	process_close(&other);
	return ret;
}

struct reading {
	struct qmp *qmp;
	const struct qemu_model_options *options;
	struct slot_state *out;
	struct slotscope_error *err;
};

static int read_model(void *arg)
{
	const struct reading *r = arg;

	return qemu_model_read(r->qmp, r->options, r->out, r->err);
}

/* What a VMM says is read where nothing can be opened or started */
static int read_apart(struct qmp *qmp, const struct qemu_model_options *options,
		      struct slot_state *out, struct slotscope_error *err)
{
	struct reading reading = { qmp, options, out, err };

	if (qmp_starts_virsh(qmp))
		return read_model(&reading);
	return rights_apart(read_model, &reading, err);
}

/* A monitor serves one client at a time: it is held as short as possible */
int qemu_read(void *ctx, const struct slot_state *upto, struct slot_state *out,
	      struct slotscope_error *err)
{
	PROGRESS("asking the VMM for its memory");
	const struct subject *subject = ctx;
	const struct qemu_model_options options = {
		.nr_as = subject->nr_as,
		.notes = subject->notes,
		.told = subject->told,
	};
	struct qmp *qmp;
	int ret;

	slot_state_init(out, PARTY_MODEL);
	ret = monitor_open(subject->process, subject->qmp, QMP_TIMEOUT_MS, &qmp,
			   err);
	if (ret)
		return ret;
	qmp_limit(qmp, MODEL_MS, &stop_requested);
	ret = refuse_other_vmm(subject->process, qmp, err);
	if (!ret)
		ret = read_apart(qmp, &options, out, err);
	ret = monitor_failed(subject->process, ret, err);
	qmp_close(qmp);
	out->vm = subject->vm;
	return ret;
}
