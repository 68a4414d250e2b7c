/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU that reads and writes a byte of guest memory when told to: what the
 * guest finds at an address is what KVM's page tables have there. x86.
 *
 * A second vCPU does so in system management mode, where address space 1 is in
 * force; it never leaves it.
 */
#ifndef SELFTESTS_KSELFTEST_GUEST_H
#define SELFTESTS_KSELFTEST_GUEST_H

#include "vm.h"

/* Where SMM begins after reset, so that one code serves both modes */
#define GUEST_SMBASE 0x30000
#define GUEST_CODE   (GUEST_SMBASE + 0x8000)
#define GUEST_SIZE   0x8000 /* to its end the CPU saves its state there */
#define GUEST_ID     99	    /* slot of the code, in each address space */

struct guest {
	int fd;
	bool smm;
	struct kvm_run *run;
	int run_size;
};

/* mov al, [edi]; hlt; and 16 bytes on: mov [edi], al; hlt */
static inline char *guest_code(void)
{
	static const unsigned char read[] = { 0x67, 0x8a, 0x07, 0xf4 };
	static const unsigned char write[] = { 0x67, 0x88, 0x07, 0xf4 };
	char *page = guest_memory(GUEST_SIZE);

	memcpy(page, read, sizeof(read));
	memcpy(page + 16, write, sizeof(write));
	return page;
}

/* What a byte of guest memory is */
enum guest_saw {
	GUEST_MEMORY, /* read, or written */
	GUEST_MMIO,   /* no slot, or a read-only one that was written */
	GUEST_BROKE,  /* anything else */
};

static inline enum guest_saw guest_run(struct guest *guest)
{
	enum guest_saw saw = GUEST_MEMORY;

	for (;;) {
		if (ioctl(guest->fd, KVM_RUN, 0)) {
			if (errno == EINTR)
				continue;
			ktap_diag("KVM_RUN: %s", strerror(errno));
			return GUEST_BROKE;
		}
		switch (guest->run->exit_reason) {
		case KVM_EXIT_HLT:
			return saw;
		case KVM_EXIT_MMIO:
			memset(guest->run->mmio.data, 0xff,
			       sizeof(guest->run->mmio.data));
			saw = GUEST_MMIO;
			break;
		default:
			ktap_diag("KVM_RUN: exit %u", guest->run->exit_reason);
			return GUEST_BROKE;
		}
	}
}

/* The slot of the code must be there: GUEST_ID at GUEST_CODE */
static inline struct guest guest_create(int vm, int id, bool smm)
{
	struct guest guest = { .smm = smm };
	struct kvm_sregs sregs;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	guest.run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	close(kvm);
	guest.fd = ioctl(vm, KVM_CREATE_VCPU, id);
	ASSERT(guest.fd >= 0, "KVM_CREATE_VCPU: %s", strerror(errno));
	guest.run = mmap(NULL, guest.run_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED, guest.fd, 0);
	ASSERT(guest.run != MAP_FAILED, "mmap: %s", strerror(errno));
	if (smm) {
		ASSERT(!ioctl(guest.fd, KVM_SMI), "KVM_SMI: %s",
		       strerror(errno));
		/* it is taken by the first run, wherever that was to begin */
		ASSERT(guest_run(&guest) != GUEST_BROKE, "no SMM");
		return guest;
	}
	ASSERT(!ioctl(guest.fd, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = GUEST_CODE & ~0xffffULL;
	sregs.cs.selector = sregs.cs.base >> 4;
	sregs.ds.base = 0;
	sregs.ds.limit = 0xffffffff;
	sregs.ds.g = 1;
	ASSERT(!ioctl(guest.fd, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS: %s",
	       strerror(errno));
	return guest;
}

/* While it is mapped, the vCPU is there, and with it the VM */
static inline void guest_close(struct guest *guest)
{
	munmap(guest->run, guest->run_size);
	close(guest->fd);
}

static inline enum guest_saw guest_go(struct guest *guest, bool write,
				      uint64_t gpa, uint8_t *value)
{
	struct kvm_regs regs = { .rflags = 2 };
	enum guest_saw saw;

	regs.rip = (GUEST_CODE & (guest->smm ? 0x8000 : 0xffff)) +
		   (write ? 16 : 0);
	regs.rdi = gpa;
	regs.rax = *value;
	if (ioctl(guest->fd, KVM_SET_REGS, &regs))
		return GUEST_BROKE;
	saw = guest_run(guest);
	if (ioctl(guest->fd, KVM_GET_REGS, &regs))
		return GUEST_BROKE;
	*value = regs.rax;
	return saw;
}

/* @gpa: below 4 GiB */
static inline enum guest_saw guest_read(struct guest *guest, uint64_t gpa,
					uint8_t *value)
{
	*value = 0;
	return guest_go(guest, false, gpa, value);
}

static inline enum guest_saw guest_write(struct guest *guest, uint64_t gpa,
					 uint8_t value)
{
	return guest_go(guest, true, gpa, &value);
}

#endif
