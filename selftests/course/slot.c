// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lesson 2: the first slot by hand. Fill in the eight places; the rest is right.
 *
 *	cc -o slot slot.c && ./slot 41
 *
 * The guest has two pages. Its code begins at guest address 0x1000: it reads a byte at
 * 0x8000, adds 1, writes the result to port 0x10, and halts.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kvm.h>

#define PAGE 0x1000

static const unsigned char code[] = {
	0xa0, 0x00, 0x80, /* mov al, [0x8000] */
	0x04, 0x01,	  /* add al, 1 */
	0xe6, 0x10,	  /* out 0x10, al */
	0xf4,		  /* hlt */
};

static int failed(const char *what)
{
	perror(what);
	exit(1);
}

/* A page of ours. KVM does not know of it yet */
static void *host_page(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? (failed("mmap"), NULL) : page;
}

/* Show a page of ours to the guest */
static void set_slot(int vm, unsigned int number, unsigned long guest,
		     void *host)
{
	struct kvm_userspace_memory_region region = {
		.slot = number,
		.flags = 0,
		.guest_phys_addr = guest,
		.memory_size = PAGE,
		.userspace_addr = (unsigned long)host, /* a number: cast */
	};

	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		failed("KVM_SET_USER_MEMORY_REGION");
}

int main(int argc, char **argv)
{
	unsigned char *code_page = host_page(), *data_page = host_page();
	struct kvm_regs regs = { .rip = 0x1000, .rflags = 2 };
	struct kvm_sregs sregs;
	struct kvm_run *run;
	int kvm, vm, vcpu;

	kvm = open("/dev/kvm", O_RDWR);
	if (kvm < 0)
		failed("/dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		failed("KVM_CREATE_VM");

	memcpy(code_page, code, sizeof(code));
	data_page[0] = argc > 1 ? atoi(argv[1]) : 41;
	set_slot(vm, 0, 0x1000, code_page);
	set_slot(vm, 1, 0x8000, data_page);

	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu < 0)
		failed("KVM_CREATE_VCPU");
	run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
		   PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		failed("mmap of the vCPU");
	/* Real mode, with segments that begin at 0 */
	ioctl(vcpu, KVM_GET_SREGS, &sregs);
	sregs.cs.base = sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) ||
	    ioctl(vcpu, KVM_SET_REGS, &regs))
		failed("registers");

	while (!ioctl(vcpu, KVM_RUN, 0)) {
		switch (run->exit_reason) {
		case KVM_EXIT_IO: /* the byte is in the memory that we share with KVM */
			printf("the guest said %u\n",
			       *((unsigned char *)run + run->io.data_offset));
			break;
		case KVM_EXIT_HLT:
			return 0;
		case KVM_EXIT_MMIO:
			printf("no memory at guest address 0x%llx\n",
			       (unsigned long long)run->mmio.phys_addr);
			return 1;
		default:
			printf("the guest cannot go on: exit reason %u\n",
			       run->exit_reason);
			return 1;
		}
	}
	return failed("KVM_RUN");
}
