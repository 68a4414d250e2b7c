// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A module that was built with other headers than the running kvm.ko's (by
 * altered-module/) refuses every VM, and says which member is elsewhere. It would
 * show garbage, or take the machine down.
 */
#include <sys/mount.h>
#include <sys/wait.h>

#include "host/module.h"

#include "kmod-test.h"

#define MEMBERS 256

static struct snap *snap;
static char *memory;
static struct slotscope_member members[MEMBERS];

static void load(const char *where, const char *name)
{
	__module_unload(MODULE_NAME);
	ASSERT(!__module_load(where, name),
	       "load %s of build/%s: %s (make -C "
	       "selftests/kernel/altered-module KDIR=...)",
	       name, where, strerror(errno));
}

static struct slotscope_layout ask(int dev, int vm)
{
	struct slotscope_layout layout = {
		.size = sizeof(layout),
		.vm_fd = vm,
		.member_addr = (uintptr_t)members,
		.member_size = sizeof(members[0]),
		.member_capacity = MEMBERS,
	};

	memset(members, 0xa5, sizeof(members));
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_LAYOUT, &layout), 0);
	ASSERT(layout.nr_copied == layout.nr_members, "%u of %u members",
	       layout.nr_copied, layout.nr_members);
	return layout;
}

static const struct slotscope_member *
find(const struct slotscope_layout *layout, const char *name)
{
	uint32_t i;

	for (i = 0; i < layout->nr_copied; i++)
		if (!strcmp(members[i].name, name))
			return &members[i];
	ASSERT(false, "%s is not looked at", name);
	return NULL;
}

static int vm_with_slots(void)
{
	int vm = vm_create(), i;

	for (i = 0; i < 7; i++)
		vm_set(vm, i, 0, i * MIB, MIB, memory + i * MIB);
	return vm;
}

static void expect_refusal(int dev, int vm, const char *why)
{
	struct slotscope_error err = { 0 };
	struct slot_state state;
	int i;

	/* Each time, and not the first alone */
	for (i = 0; i < 3; i++)
		EXPECT_ERRNO(__snap_take(dev, snap, vm), EPROTO);
	snap->req.flags = SLOTSCOPE_NO_SLOTS;
	snap->req.slot_capacity = 0;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), EPROTO);

	EXPECT_EQ(module_snapshot(dev, vm, &state, &err), -EPROTO);
	EXPECT(strstr(err.why, why), "why: %s", err.why);
	EXPECT(err.next[0], "there is no next step");
	slot_state_deinit(&state);
}

/* A file that was not given back would keep its VM, and that kvm_amd */
static void expect_no_vm_left(void)
{
	/* The last steps of a VM's end come after close() */
	AWAIT(vendor_users() <= 0);
	EXPECT(vendor_users() <= 0, "%d users of kvm_amd", vendor_users());
}

/*
 * @other: a member that is elsewhere, by @offset and @size. @same: one that is
 * not, so that it is not all that is told to differ
 */
static void refused(const char *name, const char *other, int offset, int size,
		    const char *same)
{
	const struct slotscope_member *member;
	struct slotscope_layout layout;
	char module[64];
	int dev, vm;

	snprintf(module, sizeof(module), "%s/" MODULE_NAME, name);
	load("kmod-altered", module);
	dev = dev_open();
	vm = vm_with_slots();
	expect_refusal(dev, vm, "another kvm");

	layout = ask(dev, vm);
	EXPECT_EQ(layout.verdict, SLOTSCOPE_LAYOUT_OTHER);
	EXPECT_EQ(layout.error, 0);
	member = find(&layout, other);
	EXPECT_EQ((int)(member->built_offset - member->offset), offset);
	EXPECT_EQ((int)(member->built_size - member->size), size);
	member = find(&layout, same);
	EXPECT_EQ(member->built_offset, member->offset);
	EXPECT_EQ(member->built_size, member->size);
	close(vm);
	close(dev);
	expect_no_vm_left();
	load("kmod", MODULE_NAME);
}

static void a_member_more_behind_the_sets(void)
{
	refused("behind-memslots", "kvm.srcu", 128, 0, "kvm.memslots");
}

static void a_member_more_in_a_slot(void)
{
	refused("slot-member", "kvm_memory_slot.userspace_addr", 8, 0,
		"kvm_memory_slot.npages");
}

static void two_members_swapped(void)
{
	refused("slot-swapped", "kvm_memory_slot.base_gfn", 8, 0,
		"kvm_memory_slot.userspace_addr");
}

static void a_narrower_member(void)
{
	refused("slot-narrow", "kvm_memory_slot.flags", 0, -2,
		"kvm_memory_slot.id");
}

static void the_right_one(void)
{
	struct slotscope_layout layout;
	int dev, vm;
	uint32_t i;

	load("kmod", MODULE_NAME);
	dev = dev_open();
	vm = vm_with_slots();
	/* Asked first: the question itself makes it look */
	layout = ask(dev, vm);
	EXPECT_EQ(layout.verdict, SLOTSCOPE_LAYOUT_SAME);
	EXPECT(layout.nr_members > 10, "%u members", layout.nr_members);
	for (i = 0; i < layout.nr_copied; i++) {
		EXPECT_EQ(members[i].offset, members[i].built_offset);
		EXPECT_EQ(members[i].size, members[i].built_size);
		EXPECT(memchr(members[i].name, '\0', sizeof(members[i].name)),
		       "name %u does not end", i);
	}
	snap_take(dev, snap, vm);
	EXPECT_EQ(snap->req.nr_slots, 7);
	close(vm);
	close(dev);
}

/* Nothing to tell it by: refused, until there is */
static void without_btf(void)
{
	struct slotscope_layout layout;
	int dev, vm;

	load("kmod", MODULE_NAME);
	dev = dev_open();
	vm = vm_with_slots();
	ASSERT(!system("mkdir -p /dev/shm/btf && "
		       "cp /sys/kernel/btf/vmlinux /sys/kernel/btf/kvm "
		       "/dev/shm/btf/"),
	       "no copies of BTF");
	ASSERT(!mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL), "mount: %s",
	       strerror(errno));
	expect_refusal(dev, vm, "/sys/kernel/btf: No such file");
	layout = ask(dev, vm);
	EXPECT_EQ(layout.verdict, SLOTSCOPE_LAYOUT_UNKNOWN);
	EXPECT_EQ(layout.error, ENOENT);
	/* What is there is not the kernel's */
	EXPECT(!system("head -c 4096 /dev/urandom > /sys/kernel/btf/vmlinux"),
	       "no file");
	layout = ask(dev, vm);
	EXPECT_EQ(layout.verdict, SLOTSCOPE_LAYOUT_UNKNOWN);
	EXPECT_EQ(layout.error, EINVAL);
	/* What is there is what the kernel said, and not said by the kernel */
	ASSERT(!system("cp /dev/shm/btf/* /sys/kernel/btf/"), "no copies");
	layout = ask(dev, vm);
	EXPECT_EQ(layout.verdict, SLOTSCOPE_LAYOUT_UNKNOWN);
	EXPECT_EQ(layout.error, EINVAL);
	umount("/sys/kernel/btf");
	snap_take(dev, snap, vm);
	EXPECT_EQ(snap->req.nr_slots, 7);
	/* Known now, and not asked again */
	ASSERT(!mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL), "mount: %s",
	       strerror(errno));
	snap_take(dev, snap, vm);
	umount("/sys/kernel/btf");
	close(vm);
	close(dev);
}

/* What kernel it is not for is said in the kernel's log */
static void expect_logged(const char *what)
{
	char command[256];

	snprintf(command, sizeof(command), "dmesg | tail -20 | grep -q \"%s\"",
		 what);
	EXPECT(!system(command), "the log does not say \"%s\"", what);
}

static void refused_at_load(void)
{
	ASSERT_ERRNO(__module_unload(MODULE_NAME), 0);
	ASSERT(!mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL), "mount: %s",
	       strerror(errno));
	EXPECT_ERRNO(__slotscope_load(), EOPNOTSUPP);
	expect_logged("slotscope: not loaded: without /sys/kernel/btf");
	umount("/sys/kernel/btf");
	/* Built for another kernel: what the kernel itself has to say of that */
	EXPECT(system("sed 's/\\(vermagic=[^ ]*\\) SMP/\\1 XMP/' "
		      "build/kmod/$(uname -r)/" MODULE_NAME ".ko "
		      ">/dev/shm/other.ko && insmod /dev/shm/other.ko") != 0,
	       "it was loaded");
	expect_logged("version magic '.* XMP .* should be");
	load("kmod", MODULE_NAME);
}

/* Where the operations of a VM's file are; 0 if KVM is not loaded */
static unsigned long vm_fops(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long at = 0, address;
	char line[256], name[64];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx %*c %63s", &address, name) == 2 &&
		    !strcmp(name, "kvm_vm_fops"))
			at = address;
	if (file)
		fclose(file);
	return at;
}

/*
 * What was learnt of a KVM goes with it: another may come to lie at the same
 * place. That it is asked again shows where it cannot be told any more.
 */
static void nothing_is_known_of_the_next_kvm(void)
{
	unsigned long known = 0, now;
	int dev, vm, turn;

	SKIP_IF(vendor_users() < 0, "no kvm_amd that could be loaded again");
	load("kmod", MODULE_NAME);
	dev = dev_open();
	for (turn = 0; turn < 40; turn++) {
		vm = vm_with_slots();
		snap_take(dev, snap, vm);
		known = vm_fops();
		close(vm);
		expect_no_vm_left();
		ASSERT_EQ(system("modprobe -r kvm_amd && modprobe kvm_amd"), 0);
		now = vm_fops();
		if (now == known)
			break;
	}
	SKIP_IF(!known || now != known,
		"KVM never came to lie where it had been, in %d turns", turn);
	ktap_diag("in turn %d", turn);
	vm = vm_with_slots();
	ASSERT(!mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL), "mount: %s",
	       strerror(errno));
	EXPECT_ERRNO(__snap_take(dev, snap, vm), EPROTO);
	umount("/sys/kernel/btf");
	snap_take(dev, snap, vm);
	close(vm);
	close(dev);
}

/* Whatever root the caller sees */
static void from_a_chroot(void)
{
	int dev, vm;
	pid_t pid;

	load("kmod", MODULE_NAME);
	dev = dev_open();
	vm = vm_with_slots();
	pid = fork();
	if (!pid) {
		if (chroot("/dev/shm") || setgid(65534) || setuid(65534))
			_exit(255);
		_exit(__snap_take(dev, snap, vm) ? errno : 0);
	}
	{
		int status;

		waitpid(pid, &status, 0);
		EXPECT_EQ(status, 0);
	}
	close(vm);
	close(dev);
}

static void the_question(void)
{
	struct slotscope_layout ok = {
		.size = sizeof(ok),
		.member_size = sizeof(members[0]),
	}, req;
	int dev = dev_open();

	ok.vm_fd = vm_with_slots();
	req = ok;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_LAYOUT, &req), 0);
	EXPECT_EQ(req.nr_copied, 0);
	EXPECT(req.nr_members > 10, "%u members", req.nr_members);
	req.size = 0;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_LAYOUT, &req), EINVAL);
	req = ok;
	req.flags = 1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_LAYOUT, &req), EINVAL);
	req = ok;
	req.reserved = 1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_LAYOUT, &req), EINVAL);
	req = ok;
	req.member_size -= 8;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_LAYOUT, &req), EINVAL);
	req = ok;
	req.member_capacity = 1;
	req.member_addr = 8;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_LAYOUT, &req), EFAULT);
	req = ok;
	req.vm_fd = dev;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_LAYOUT, &req), EBADFD);
	req.vm_fd = -1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_LAYOUT, &req), EBADF);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_LAYOUT, NULL), EFAULT);
	close(ok.vm_fd);
	close(dev);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(the_right_one),
		KTAP_CASE(a_member_more_behind_the_sets),
		KTAP_CASE(a_member_more_in_a_slot),
		KTAP_CASE(two_members_swapped),
		KTAP_CASE(a_narrower_member),
		KTAP_CASE(without_btf),
		KTAP_CASE(refused_at_load),
		KTAP_CASE(nothing_is_known_of_the_next_kvm),
		KTAP_CASE(from_a_chroot),
		KTAP_CASE(the_question),
	};

	need_module_and_kvm();
	snap = snap_alloc();
	memory = guest_memory(16 * MIB);
	return KTAP_RUN(cases);
}
