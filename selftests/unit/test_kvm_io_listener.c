// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ioeventfds on their way to KVM. What is expected is what Debian's QEMU 7.2
 * handed over, as a library preloaded before ioctl() saw it: virtio-blk-pci with
 * num-queues=3 (the queue's number is the data; memory compares nothing, ports
 * compare it), and ivshmem-doorbell (memory that compares).
 */
#include <sys/ioctl.h>

#include "kvm/io_listener.h"
#include "kvm/ioctl.h"
#include "memory_make.h"

static struct kvm_ioeventfd last;

int __wrap_ioctl(int fd, unsigned long request, void *arg);

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	assert_int_equal(fd, 9);
	if (request == KVM_IOEVENTFD)
		last = *(struct kvm_ioeventfd *)arg;
	return 0;
}

static const struct {
	bool io;
	struct memory_ioeventfd event;
	uint64_t datamatch;
	uint32_t flags;
} cases[] = {
	/* -device virtio-blk-pci,disable-legacy=on */
	{ false, { .addr = 0x000, .data = 0, .fd = 15 }, 0, 0 },
	{ false, { .addr = 0x004, .data = 1, .fd = 16 }, 0, 0 },
	{ false, { .addr = 0x008, .data = 2, .fd = 17 }, 0, 0 },
	/* the same with modern-pio-notify=on */
	{ true, { 0x10, 2, true, 1, 16 }, 1, KVM_IOEVENTFD_FLAG_DATAMATCH },
	{ true, { 0x10, 2, true, 2, 17 }, 2, KVM_IOEVENTFD_FLAG_DATAMATCH },
	/* no such device is known; the rule is one for both */
	{ true, { 0x20, 2, false, 3, 17 }, 0, 0 },
	/* -device ivshmem-doorbell, a peer of number 3 */
	{ false,
	  { 0xc, 4, true, 0x30001, 14 },
	  0x30001,
	  KVM_IOEVENTFD_FLAG_DATAMATCH },
	/* no such device is known; kvm-all.c passes 32 bits on, of ports 16 */
	{ false,
	  { 0x10, 8, true, 0x123456789abcdef0, 18 },
	  0x9abcdef0,
	  KVM_IOEVENTFD_FLAG_DATAMATCH },
	{ true,
	  { 0x24, 4, true, 0x12345678, 19 },
	  0x5678,
	  KVM_IOEVENTFD_FLAG_DATAMATCH },
};

static void expect(size_t i, uint32_t base, uint32_t more)
{
	const struct memory_ioeventfd *e = &cases[i].event;

	assert_int_equal(last.datamatch, cases[i].datamatch);
	assert_int_equal(last.addr, base + e->addr);
	assert_int_equal(last.len, e->size);
	assert_int_equal(last.fd, e->fd);
	assert_int_equal(last.flags,
			 cases[i].flags | more |
				 (cases[i].io ? KVM_IOEVENTFD_FLAG_PIO : 0));
	memset(&last, 0xff, sizeof(last));
}

static void as_qemu(void **state)
{
	struct kvm_state kvm = { .vm_fd = 9,
				 .ioeventfd = true,
				 .ioeventfd_any = true };
	struct memory_model *model = make_model();
	struct memory_region *system, *io, *bar, *ports, *region;
	struct address_space *memory_as, *io_as;
	struct kvm_io_listener listener;
	uint32_t base;
	size_t i;

	system = make_container(model, "system", MEMORY_SIZE_2_64);
	io = make_container(model, "io", 65536);
	bar = make_io(model, "bar", 4096);
	ports = make_io(model, "ports", 64);
	memory_as = make_as(model, "memory", system);
	io_as = make_as(model, "I/O", io);
	map(system, 0xfebfb000, 0, bar);
	map(io, 0xc000, 0, ports);
	MUST(kvm_io_listener_register(&listener, &kvm, memory_as, io_as,
				      &error));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		region = cases[i].io ? ports : bar;
		base = cases[i].io ? 0xc000 : 0xfebfb000;
		MUST(memory_region_add_eventfd(region, &cases[i].event,
					       &error));
		expect(i, base, 0);
		MUST(memory_region_del_eventfd(region, &cases[i].event,
					       &error));
		expect(i, base, KVM_IOEVENTFD_FLAG_DEASSIGN);
	}
	assert_int_equal(listener.error.code, 0);
	kvm_io_listener_unregister(&listener);
	memory_model_destroy(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_qemu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
