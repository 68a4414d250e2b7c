// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lesson 7: which pages did the guest write to? Fill in the four places.
 *
 *	cc -o dirty dirty.c && ./dirty 2 5
 *
 * Slot 0 has the guest's code, at guest address 0x1000. Slot 1 has 8 pages of data, at
 * 0x8000 to 0xffff. The guest writes a byte to each page of these whose number (0 to 7)
 * is on the command line. Then the dirty log of slot 1 is fetched, twice.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kvm.h>

#define PAGE  0x1000
#define PAGES 8

static const unsigned char code[] = {
	0xbe, 0x00, 0x11, /* mov si, 0x1100: the list of pages */
	0xac,		  /* next: lodsb */
	0x3c, 0xff,	  /* cmp al, 0xff */
	0x74, 0x0e,	  /* je end */
	0x88, 0xc7,	  /* mov bh, al */
	0xc0, 0xe7, 0x04, /* shl bh, 4 */
	0x80, 0xc7, 0x80, /* add bh, 0x80 */
	0x30, 0xdb,	  /* xor bl, bl: bx = 0x8000 + page * 0x1000 */
	0x88, 0x07,	  /* mov [bx], al */
	0xeb, 0xed,	  /* jmp next */
	0xf4,		  /* end: hlt */
};

static int failed(const char *what)
{
	perror(what);
	exit(1);
}

static unsigned char *host_pages(int n)
{
	void *pages = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return pages == MAP_FAILED ? (failed("mmap"), NULL) : pages;
}

static void set_slot(int vm, unsigned int number, unsigned int flags,
		     unsigned long guest, unsigned long size, void *host)
{
	struct kvm_userspace_memory_region region = {
		.slot = number,
		.flags = flags,
		.guest_phys_addr = guest,
		.memory_size = size,
		.userspace_addr = (unsigned long)host,
	};

	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		failed("KVM_SET_USER_MEMORY_REGION");
}

/* Fetch the log of slot 1 into @bitmap: bit n is page n of the slot */
static void fetch(int vm, unsigned long *bitmap)
{
	struct kvm_dirty_log log = {
		.slot = FILL_IN,
		.dirty_bitmap = FILL_IN, /* where KVM is to write it */
	};

	if (ioctl(FILL_IN, KVM_GET_DIRTY_LOG, &log))
		failed("KVM_GET_DIRTY_LOG");
}

static void print(unsigned long bitmap)
{
	printf("dirty:");
	for (int page = 0; page < PAGES; page++)
		if (bitmap & (1UL << page))
			printf(" %d", page);
	printf("\n");
}

int main(int argc, char **argv)
{
	unsigned char *code_page = host_pages(1), *data = host_pages(PAGES);
	struct kvm_regs regs = { .rip = 0x1000, .rflags = 2 };
	unsigned long bitmap = 0;
	struct kvm_sregs sregs;
	struct kvm_run *run;
	int kvm, vm, vcpu;

	kvm = open("/dev/kvm", O_RDWR);
	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		failed("make a VM");
	memcpy(code_page, code, sizeof(code));
	for (int i = 1; i < argc && i < 64; i++)
		code_page[0x100 + i - 1] = atoi(argv[i]) % PAGES;
	code_page[0x100 + (argc < 64 ? argc : 64) - 1] = 0xff;

	set_slot(vm, 0, 0, 0x1000, PAGE, code_page);
	set_slot(vm, 1, FILL_IN, 0x8000, PAGES * PAGE, data);

	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu < 0)
		failed("KVM_CREATE_VCPU");
	run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
		   PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		failed("mmap of the vCPU");
	ioctl(vcpu, KVM_GET_SREGS, &sregs);
	sregs.cs.base = sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) ||
	    ioctl(vcpu, KVM_SET_REGS, &regs))
		failed("registers");
	if (ioctl(vcpu, KVM_RUN, 0))
		failed("KVM_RUN");
	if (run->exit_reason != KVM_EXIT_HLT) {
		printf("the guest cannot go on: exit reason %u\n",
		       run->exit_reason);
		return 1;
	}

	fetch(vm, &bitmap);
	print(bitmap);
	bitmap = 0;
	fetch(vm, &bitmap);
	print(bitmap);
	return 0;
}
