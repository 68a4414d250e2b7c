// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VM with one vCPU that cannot go on:
 *
 *	stops HOW
 *
 * has slot 0 at 0 (64 KiB) with code that reads at 0x22000, and then:
 *
 *	file	slot 1 at 0x20000 (64 KiB) of a memfd of 4 KiB
 *	nothing	no slot there
 *	uffd	slot 1 of memory that userfaultfd answers for, and nobody does
 *	well	slot 1 of anonymous memory, and a guest that waits in KVM_RUN
 *
 * Prints what KVM_RUN came to, if it comes back, and sleeps until it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIZE 0x10000UL

/* mov $0x2200, %ax; mov %ax, %ds; mov (0), %al; 1: hlt; jmp 1b, in real mode */
static const unsigned char code[] = { 0xb8, 0x00, 0x22, 0x8e, 0xd8, 0xa0,
				      0x00, 0x00, 0xf4, 0xeb, 0xfd };

static void failed(const char *what)
{
	perror(what);
	exit(1);
}

static void *map(int fd)
{
	void *mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			 fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd,
			 0);

	if (mem == MAP_FAILED)
		failed("mmap");
	return mem;
}

static void *memory(const char *how)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *mem;
	int fd = -1;

	if (!strcmp(how, "file")) {
		fd = memfd_create("short", MFD_CLOEXEC);
		if (fd < 0 || ftruncate(fd, 4096))
			failed("memfd");
	}
	mem = map(fd);
	if (strcmp(how, "uffd"))
		return mem;
	fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	reg.range.start = (uintptr_t)mem;
	reg.range.len = SIZE;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &reg))
		failed("userfaultfd");
	return mem;
}

static void slot(int vm, int id, uint64_t gpa, void *mem)
{
	struct kvm_userspace_memory_region region = {
		.slot = id,
		.guest_phys_addr = gpa,
		.memory_size = SIZE,
		.userspace_addr = (uintptr_t)mem,
	};

	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		failed("KVM_SET_USER_MEMORY_REGION");
}

static int make_vcpu(int vm)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rip = 0x1000, .rflags = 2 };
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);

	if (vcpu < 0 || ioctl(vcpu, KVM_GET_SREGS, &sregs))
		failed("KVM_CREATE_VCPU");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) ||
	    ioctl(vcpu, KVM_SET_REGS, &regs))
		failed("KVM_SET_REGS");
	return vcpu;
}

int main(int argc, char **argv)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm, vcpu;
	void *run, *low = map(-1);

	if (argc != 2 || kvm < 0)
		failed("/dev/kvm");
	memcpy((char *)low + 0x1000, code, sizeof(code));
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	slot(vm, 0, 0, low);
	if (!strcmp(argv[1], "well") && ioctl(vm, KVM_CREATE_IRQCHIP, 0))
		failed("KVM_CREATE_IRQCHIP");
	if (strcmp(argv[1], "nothing"))
		slot(vm, 1, 0x20000, memory(argv[1]));
	vcpu = make_vcpu(vm);
	run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
		   PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		failed("mmap the vCPU");
	puts("runs");
	fflush(stdout);
	/* Else a kick of a tracer would look like an end */
	while (ioctl(vcpu, KVM_RUN, 0) && errno == EINTR)
		;
	printf("came back: %s, exit %u\n", strerrorname_np(errno),
	       ((struct kvm_run *)run)->exit_reason);
	fflush(stdout);
	for (;;)
		pause();
}
