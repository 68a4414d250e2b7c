// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "kvm/io_listener.h"
#include "kvm/ioctl.h"

#define PRIORITY 10 /* QEMU's for all of KVM's listeners */

/* Only the first is kept: what follows may be its consequence */
static void refused(struct kvm_io_listener *l, const char *what, gpa_t addr,
		    uint64_t size, int code, bool add)
{
	if (l->error.code)
		return;
	error_set(&l->error, code, "%s %" PRIu64 " bytes at 0x%" PRIx64, what,
		  size, addr);
	error_next(&l->error, add ? "writes there go on as exits" :
				    "KVM goes on to take writes there itself");
}

static bool is_io(const struct kvm_io_listener *l,
		  const struct memory_region_section *section)
{
	return section->address_space == l->io;
}

static void set_ioeventfd(struct kvm_io_listener *l,
			  const struct memory_region_section *section,
			  const struct memory_ioeventfd *eventfd, bool add)
{
	/* As QEMU: what is not compared is not handed over, nor what is cut off */
	uint64_t data = is_io(l, section) ? (uint16_t)eventfd->data :
					    (uint32_t)eventfd->data;
	struct kvm_ioeventfd request = {
		.datamatch = eventfd->match_data ? data : 0,
		.addr = section->offset_within_address_space,
		.len = eventfd->size,
		.fd = eventfd->fd,
	};

	if (!l->kvm || !l->kvm->ioeventfd)
		return;
	if (eventfd->match_data)
		request.flags |= KVM_IOEVENTFD_FLAG_DATAMATCH;
	if (is_io(l, section))
		request.flags |= KVM_IOEVENTFD_FLAG_PIO;
	if (!add)
		request.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
	if (!eventfd->size && !l->kvm->ioeventfd_any)
		refused(l, "have KVM signal a write of any length to", 0,
			request.addr, ENOTSUP, add);
	else if (kvm_ioctl(l->kvm->vm_fd, KVM_IOEVENTFD, &request))
		refused(l,
			add ? "have KVM signal a write of" :
			      "have KVM no more signal a write of",
			request.addr, request.len, errno, add);
}

static void eventfd_add(void *opaque,
			const struct memory_region_section *section,
			const struct memory_ioeventfd *eventfd)
{
	set_ioeventfd(opaque, section, eventfd, true);
}

static void eventfd_del(void *opaque,
			const struct memory_region_section *section,
			const struct memory_ioeventfd *eventfd)
{
	set_ioeventfd(opaque, section, eventfd, false);
}

static void set_coalesced(struct kvm_io_listener *l,
			  const struct memory_region_section *section,
			  gpa_t addr, memory_size_t size, bool add)
{
	struct kvm_coalesced_mmio_zone zone = {
		.addr = addr,
		.size = size,
		.pio = is_io(l, section),
	};

	if (!l->kvm || !l->kvm->coalesced_page ||
	    (zone.pio && !l->kvm->coalesced_pio))
		return;
	/* KVM's field has 32 bits: what is larger is not worth a second one */
	if (size > UINT32_MAX)
		return;
	if (kvm_ioctl(l->kvm->vm_fd,
		      add ? KVM_REGISTER_COALESCED_MMIO :
			    KVM_UNREGISTER_COALESCED_MMIO,
		      &zone))
		refused(l,
			add ? "have KVM gather writes to" :
			      "have KVM no more gather writes to",
			addr, size, errno, add);
}

static void coalesced_add(void *opaque,
			  const struct memory_region_section *section,
			  gpa_t addr, memory_size_t size)
{
	set_coalesced(opaque, section, addr, size, true);
}

static void coalesced_del(void *opaque,
			  const struct memory_region_section *section,
			  gpa_t addr, memory_size_t size)
{
	set_coalesced(opaque, section, addr, size, false);
}

static const struct memory_listener_ops ops = {
	.eventfd_add = eventfd_add,
	.eventfd_del = eventfd_del,
	.coalesced_io_add = coalesced_add,
	.coalesced_io_del = coalesced_del,
};

int kvm_io_listener_register(struct kvm_io_listener *l, struct kvm_state *kvm,
			     struct address_space *memory,
			     struct address_space *io,
			     struct slotscope_error *err)
{
	int ret;

	*l = (struct kvm_io_listener){
		.kvm = kvm,
		.memory = memory,
		.io = io,
	};
	ret = memory_listener_register(memory, "kvm-memory-events", PRIORITY,
				       &ops, l, &l->on_memory, err);
	if (ret)
		return ret;
	ret = memory_listener_register(io, "kvm-io", PRIORITY, &ops, l,
				       &l->on_io, err);
	if (ret)
		kvm_io_listener_unregister(l);
	return ret;
}

void kvm_io_listener_set_ring(struct kvm_io_listener *l, void *run)
{
	size_t page = sysconf(_SC_PAGESIZE);

	if (!l->kvm->coalesced_page)
		return;
	l->ring = (void *)((char *)run + l->kvm->coalesced_page * page);
	l->ring_entries =
		(page - sizeof(*l->ring)) / sizeof(l->ring->coalesced_mmio[0]);
}

void kvm_io_listener_unregister(struct kvm_io_listener *l)
{
	l->kvm = NULL;
	l->ring = NULL;
	memory_listener_unregister(l->on_io);
	memory_listener_unregister(l->on_memory);
	l->on_io = l->on_memory = NULL;
}

void kvm_flush_coalesced(struct kvm_io_listener *l)
{
	struct kvm_coalesced_mmio_ring *ring = l->ring;
	uint32_t first, last;

	if (!ring || l->draining)
		return;
	l->draining = true;
	first = ring->first;
	/* KVM fills an entry before it moves last; and we read it before we
	 * move first, behind which KVM writes again */
	last = __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE);
	while (first != last && first < l->ring_entries) {
		struct kvm_coalesced_mmio e = ring->coalesced_mmio[first];

		first = (first + 1) % l->ring_entries;
		__atomic_store_n(&ring->first, first, __ATOMIC_RELEASE);
		address_space_write(
			e.pio ? l->io : l->memory, e.phys_addr, e.data,
			e.len < sizeof(e.data) ? e.len : sizeof(e.data));
		last = __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE);
	}
	l->draining = false;
}
