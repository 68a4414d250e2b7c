// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A 32-bit caller sees the same: the ioctls are called through the 32-bit system
 * call entry, which a 64-bit program can do too (int 0x80), so no 32-bit
 * libraries are needed. That the layout is the same is kmod-abi-layout.sh's part.
 */
#include <signal.h>

#include "kmod-test.h"

#if defined(__x86_64__)

#define NR_IOCTL_32 54 /* of arch/x86/entry/syscalls/syscall_32.tbl */

static int dev, vm;
static struct snap *snap;
static sigjmp_buf no_entry;

static int ioctl_32(int fd, unsigned int cmd, void *arg)
{
	int ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(NR_IOCTL_32), "b"(fd), "c"(cmd), "d"(arg)
		     : "memory", "r8", "r9", "r10", "r11");
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

static void on_segv(int sig)
{
	siglongjmp(no_entry, 1);
}

/* Without CONFIG_IA32_EMULATION the instruction faults */
static bool has_32bit_entry(void)
{
	struct sigaction act = { .sa_handler = on_segv }, old;
	bool has = false;

	sigaction(SIGSEGV, &act, &old);
	if (!sigsetjmp(no_entry, 1)) {
		has = ioctl_32(-1, 0, NULL) < 0 && errno == EBADF;
	}
	sigaction(SIGSEGV, &old, NULL);
	return has;
}

static void info(void)
{
	struct slotscope_info *info = (void *)snap->slots;
	struct slotscope_info wide = { .size = sizeof(wide) };

	*info = (struct slotscope_info){ .size = sizeof(*info) };
	ASSERT_ERRNO(ioctl_32(dev, SLOTSCOPE_INFO, info), 0);
	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_INFO, &wide), 0);
	EXPECT(!memcmp(info, &wide, sizeof(wide)), "the answers differ");
}

static void a_snapshot(void)
{
	uint32_t i;

	snap_prepare(snap, vm);
	ASSERT_ERRNO(ioctl_32(dev, SLOTSCOPE_SNAPSHOT, &snap->req), 0);
	EXPECT_EQ(snap->req.nr_slots_copied, 17);
	EXPECT_EQ(snap->req.nr_as_copied, vm_nr_as(vm));
	for (i = 0; i < 17; i++) {
		EXPECT_EQ(snap->slots[i].id, i);
		EXPECT_EQ(snap->slots[i].gpa, i * MIB);
		EXPECT_EQ(snap->slots[i].hva, (uintptr_t)snap);
	}
}

/* Of each struct that came later: in low memory, as all that it points to */
static void the_other_ioctls(void)
{
	const uint64_t pages = 1ULL << 20;
	void *array = snap->slots;
	union {
		struct slotscope_layout layout;
		struct slotscope_audit audit;
		struct slotscope_stage2 stage2;
		struct slotscope_vms vms;
	} *req = (void *)snap->as;
	struct slotscope_vm *record = array;
	struct slotscope_detail *detail =
		(struct slotscope_detail *)&snap->slots[SNAP_SLOTS / 2];

	req->layout = (struct slotscope_layout){
		.size = sizeof(req->layout),
		.vm_fd = vm,
		.member_addr = (uintptr_t)array,
		.member_size = sizeof(struct slotscope_member),
		.member_capacity = 1,
	};
	ASSERT_ERRNO(ioctl_32(dev, SLOTSCOPE_LAYOUT, req), 0);
	EXPECT_EQ(req->layout.verdict, SLOTSCOPE_LAYOUT_SAME);
	EXPECT_EQ(req->layout.nr_copied, 1);

	req->audit = (struct slotscope_audit){
		.size = sizeof(req->audit),
		.vm_fd = vm,
		.fault_size = sizeof(struct slotscope_fault),
	};
	ASSERT_ERRNO(ioctl_32(dev, SLOTSCOPE_AUDIT, req), 0);
	EXPECT_EQ(req->audit.nr_slots, 17);
	EXPECT_EQ(req->audit.nr_faults, 0);
	EXPECT(req->audit.end_ns >= req->audit.begin_ns, "times");

	req->stage2 = (struct slotscope_stage2){
		.size = sizeof(req->stage2),
		.vm_fd = vm,
		.gpa = MIB,
		.bytes = pages * PAGE,
		.mapping_addr = (uintptr_t)array,
		.mapping_size = sizeof(struct slotscope_mapping),
		.mapping_capacity = 1,
	};
	ASSERT_ERRNO(ioctl_32(dev, SLOTSCOPE_STAGE2, req), 0);
	EXPECT_EQ(req->stage2.nr_copied, 0);
	EXPECT_EQ(req->stage2.next_gpa, MIB + pages * PAGE);

	req->vms = (struct slotscope_vms){
		.size = sizeof(req->vms),
		.vm_addr = (uintptr_t)array,
		.vm_size = sizeof(*record),
		.vm_capacity = 1,
	};
	ASSERT_ERRNO(ioctl_32(dev, SLOTSCOPE_VMS, req), 0);
	ASSERT_EQ(req->vms.nr_copied, 1);
	EXPECT_EQ(record->pid, getpid());
	EXPECT_EQ(record->fd, vm);
	EXPECT_EQ(record->nr_pages, 17);

	snap_prepare(snap, vm);
	snap->req.flags = SLOTSCOPE_DETAIL;
	snap->req.detail_addr = (uintptr_t)detail;
	snap->req.detail_size = sizeof(*detail);
	ASSERT_ERRNO(ioctl_32(dev, SLOTSCOPE_SNAPSHOT, &snap->req), 0);
	EXPECT_EQ(snap->req.nr_slots_copied, 17);
	EXPECT_EQ(detail[16].flags & SLOTSCOPE_DETAIL_TOLD,
		  SLOTSCOPE_DETAIL_TOLD);
	EXPECT_EQ(detail[17].flags, 0);
}

static void errors(void)
{
	EXPECT_ERRNO(ioctl_32(dev, SLOTSCOPE_SNAPSHOT, NULL), EFAULT);
	EXPECT_ERRNO(ioctl_32(dev, _IO(SLOTSCOPE_IOC, 0xff), &snap->req),
		     ENOTTY);
	snap_prepare(snap, vm);
	snap->req.slot_addr = 1ULL << 47;
	EXPECT_ERRNO(ioctl_32(dev, SLOTSCOPE_SNAPSHOT, &snap->req), EFAULT);
	snap_prepare(snap, dev);
	EXPECT_ERRNO(ioctl_32(dev, SLOTSCOPE_SNAPSHOT, &snap->req), EBADFD);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(info),
		KTAP_CASE(a_snapshot),
		KTAP_CASE(the_other_ioctls),
		KTAP_CASE(errors),
	};
	uint32_t i;

	need_module_and_kvm();
	if (!has_32bit_entry())
		ktap_skip_all("this kernel has no 32-bit system calls");
	dev = dev_open();
	vm = vm_create();
	snap = mmap(NULL, sizeof(*snap), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_32BIT, -1,
		    0);
	ASSERT(snap != MAP_FAILED, "mmap: %s", strerror(errno));
	for (i = 0; i < 17; i++)
		vm_set(vm, i, 0, i * MIB, PAGE, snap);
	return KTAP_RUN(cases);
}

#else

int main(void)
{
	ktap_skip_all("only x86 has this 32-bit entry");
}

#endif
