// SPDX-License-Identifier: GPL-2.0-or-later
/* The listeners of a QEMU with KVM, and the lines that they lead to */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/private.h"

void replay_expect(struct replay *replay, const char *fmt, ...)
{
	char *line;
	va_list ap;
	int n;

	if (replay->nr_expected == replay->cap_expected) {
		size_t cap = replay->cap_expected ? replay->cap_expected * 2 :
						    16;
		char **expected;

		expected =
			reallocarray(replay->expected, cap, sizeof(*expected));
		if (!expected) {
			replay->oom = true;
			return;
		}
		replay->expected = expected;
		replay->cap_expected = cap;
	}
	va_start(ap, fmt);
	n = vasprintf(&line, fmt, ap);
	va_end(ap);
	if (n < 0)
		replay->oom = true;
	else
		replay->expected[replay->nr_expected++] = line;
}

static int on_request(void *opaque, const struct kvm_slot_request *req)
{
	replay_expect(opaque,
		      "KVM set_region slot=0x%x flags=0x%x gpa=0x%" PRIx64
		      " size=0x%" PRIx64 " hva=0x%" PRIx64 " ret=0%s",
		      req->slot, req->flags, req->gpa, req->size, req->hva,
		      req->pre_delete ? " (pre-delete)" : "");
	return 0;
}

static void on_problem(void *opaque, const struct slotscope_error *problem)
{
	struct replay_report *report = ((struct replay *)opaque)->report;

	if (report->refused)
		return;
	report->refused = true;
	report->why = *problem;
}

static void expect_coalesced(struct replay *replay, bool add, bool pio,
			     gpa_t addr, memory_size_t size)
{
	replay_expect(replay,
		      "KVM KVM_%sREGISTER_COALESCED_MMIO addr=0x%" PRIx64
		      " size=0x%" PRIx32 " pio=%d ret=0",
		      add ? "" : "UN", addr, (uint32_t)size, pio);
}

static void mmio_coalesced_add(void *opaque,
			       const struct memory_region_section *section,
			       gpa_t addr, memory_size_t size)
{
	expect_coalesced(opaque, true, false, addr, size);
}

static void mmio_coalesced_del(void *opaque,
			       const struct memory_region_section *section,
			       gpa_t addr, memory_size_t size)
{
	expect_coalesced(opaque, false, false, addr, size);
}

static void pio_coalesced_add(void *opaque,
			      const struct memory_region_section *section,
			      gpa_t addr, memory_size_t size)
{
	expect_coalesced(opaque, true, true, addr, size);
}

static void pio_coalesced_del(void *opaque,
			      const struct memory_region_section *section,
			      gpa_t addr, memory_size_t size)
{
	expect_coalesced(opaque, false, true, addr, size);
}

/* KVM_IOEVENTFD_FLAG_* */
enum { DATAMATCH = 1, PIO = 2, DEASSIGN = 4 };

static void expect_eventfd(struct replay *replay, const char *kind,
			   unsigned int flags,
			   const struct memory_ioeventfd *eventfd)
{
	uint64_t match = 0;

	if (eventfd->match_data) {
		flags |= DATAMATCH;
		/* QEMU's types: KVM never gets more than these bits */
		match = flags & PIO ? (uint16_t)eventfd->data :
				      (uint32_t)eventfd->data;
	}
	replay_expect(replay,
		      "KVM ioeventfd %s addr=0x%" PRIx64 " len=%u"
		      " match=0x%" PRIx64 " fd=%d flags=0x%x ret=0",
		      kind, eventfd->addr, eventfd->size, match, eventfd->fd,
		      flags);
}

static void mmio_eventfd_add(void *opaque,
			     const struct memory_region_section *section,
			     const struct memory_ioeventfd *eventfd)
{
	expect_eventfd(opaque, "mmio", 0, eventfd);
}

static void mmio_eventfd_del(void *opaque,
			     const struct memory_region_section *section,
			     const struct memory_ioeventfd *eventfd)
{
	expect_eventfd(opaque, "mmio", DEASSIGN, eventfd);
}

static void pio_eventfd_add(void *opaque,
			    const struct memory_region_section *section,
			    const struct memory_ioeventfd *eventfd)
{
	expect_eventfd(opaque, "pio", PIO, eventfd);
}

static void pio_eventfd_del(void *opaque,
			    const struct memory_region_section *section,
			    const struct memory_ioeventfd *eventfd)
{
	expect_eventfd(opaque, "pio", PIO | DEASSIGN, eventfd);
}

static const struct memory_listener_ops mmio_ops = {
	.eventfd_add = mmio_eventfd_add,
	.eventfd_del = mmio_eventfd_del,
	.coalesced_io_add = mmio_coalesced_add,
	.coalesced_io_del = mmio_coalesced_del,
};

static const struct memory_listener_ops pio_ops = {
	.eventfd_add = pio_eventfd_add,
	.eventfd_del = pio_eventfd_del,
};

static const struct memory_listener_ops coalesced_pio_ops = {
	.coalesced_io_add = pio_coalesced_add,
	.coalesced_io_del = pio_coalesced_del,
};

/* Others (TCG's, virtio's) leave no trace in a log */
static const struct memory_listener_ops silent_ops;

static int listen_slots(struct replay *replay, unsigned int as_id,
			struct address_space *as, struct slotscope_error *err)
{
	struct kvm_slots_options options = {
		.as_id = as_id,
		.request = on_request,
		.problem = on_problem,
		.opaque = replay,
	};

	if (replay->slots[as_id])
		return error_set(err, EPROTO, "register KVM's listener twice");
	return kvm_slots_create(as, &options, &replay->slots[as_id], err);
}

int replay_listen(struct replay *replay, const char *name, int priority,
		  struct address_space *as, struct slotscope_error *err)
{
	const struct memory_listener_ops *ops = &silent_ops;
	struct memory_listener *listener;
	int r;

	if (!strcmp(name, "kvm-memory")) {
		r = listen_slots(replay, 0, as, err);
		if (r)
			return r;
		ops = &mmio_ops;
	} else if (!strcmp(name, "kvm-smram")) {
		return listen_slots(replay, 1, as, err);
	} else if (!strcmp(name, "kvm-io")) {
		ops = &pio_ops;
		replay->may_probe = true;
	} else if (!strcmp(name, "kvm-coalesced-pio")) {
		ops = &coalesced_pio_ops;
		replay->may_probe = true;
	}
	return memory_listener_register(as, name, priority, ops, replay,
					&listener, err);
}
