// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * KVM_CHECK_EXTENSION tells some of the limits. The others are found by trying:
 * a request for a range that another slot has fails with EEXIST if nothing else
 * is wrong with it, and with EINVAL if something is, since KVM looks for an
 * overlap last. So values can be tried without making a slot of any.
 *
 * These ioctls are no part of the VM's story: they do not go through kvm_ioctl().
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvm/limits.h"
#include "kvm/region2.h"

/* Slots of the VM that things are tried on */
enum { STANDING, TRIED, TOP, GMEM_FIRST, GMEM_SECOND };

static int set_slot(int vm, uint32_t slot, gpa_t gpa, uint64_t size, hva_t hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = hva,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) ? errno : 0;
}

static int capability(int fd, int cap)
{
	int ret = ioctl(fd, KVM_CHECK_EXTENSION, cap);

	return ret > 0 ? ret : 0;
}

static enum request_can can(int fd, int cap)
{
	return capability(fd, cap) ? CAN : CAN_NOT;
}

/* Over the slot that stands there: is all but the place right? */
static bool is_right(int vm, uint64_t size, hva_t hva)
{
	return set_slot(vm, TRIED, 0, size, hva) == EEXIST;
}

/* The largest page number from @low on with which @right; 0: not even @low */
static uint64_t bisect(int vm, const struct request_limits *limits,
		       uint64_t high,
		       bool (*right)(int vm, uint64_t page_size, uint64_t nr))
{
	uint64_t low = 1;
	uint64_t mid;

	if (!right(vm, limits->page_size, low))
		return 0;
	while (low + 1 < high) {
		mid = low + (high - low) / 2;
		if (right(vm, limits->page_size, mid))
			low = mid;
		else
			high = mid;
	}
	return low;
}

/* A page that ends @nr pages from address 0 */
static bool ends_in_user_space(int vm, uint64_t page_size, uint64_t nr)
{
	return is_right(vm, page_size, (nr - 1) * page_size);
}

static bool is_slot_size(int vm, uint64_t page_size, uint64_t nr)
{
	return is_right(vm, nr * page_size, 0);
}

/* The width of a guest address; what it is not tells the errno */
static void probe_gpa(int vm, struct request_limits *limits)
{
	unsigned int bits = 63;
	int error;

	while (1ULL << bits > limits->page_size) {
		error = set_slot(vm, TOP, (1ULL << bits) - limits->page_size,
				 limits->page_size, 0);
		if (!error) {
			limits->gpa_last = (1ULL << bits) - 1;
			return;
		}
		limits->gpa_error = error;
		bits--;
	}
	limits->gpa_error = 0;
}

static int bind_gmem(int vm, uint32_t slot, uint64_t page_size, int fd)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = slot,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = slot * page_size,
		.memory_size = page_size,
		.guest_memfd = fd,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION2, &region) ? errno : 0;
}

static void probe_gmem(int vm, struct request_limits *limits)
{
	struct kvm_create_guest_memfd create = { .size = limits->page_size };
	int fd = ioctl(vm, KVM_CREATE_GUEST_MEMFD, &create);

	if (fd < 0)
		return;
	if (!bind_gmem(vm, GMEM_FIRST, limits->page_size, fd)) {
		limits->gmem_bound_error =
			bind_gmem(vm, GMEM_SECOND, limits->page_size, fd);
		limits->gmem_drop = set_slot(vm, GMEM_FIRST,
					     GMEM_FIRST * limits->page_size,
					     limits->page_size, 0) ?
					    CAN_NOT :
					    CAN;
	}
	close(fd);
}

static void probe(int vm, struct request_limits *limits)
{
	uint64_t hva_pages;

	if (set_slot(vm, STANDING, 0, limits->page_size, 0))
		return;
	hva_pages = bisect(vm, limits, (1ULL << 63) / limits->page_size,
			   ends_in_user_space);
	limits->hva_end = hva_pages * limits->page_size;
	/* one that reaches to the end of user space was not limited itself */
	limits->max_pages = bisect(vm, limits, hva_pages + 1, is_slot_size);
	if (limits->max_pages == hva_pages)
		limits->max_pages = 0;
	probe_gpa(vm, limits);
	if (can(vm, KVM_CAP_GUEST_MEMFD) == CAN)
		probe_gmem(vm, limits);
}

static void ask_capabilities(int fd, struct request_limits *limits)
{
	limits->nr_slots = capability(fd, KVM_CAP_NR_MEMSLOTS);
	limits->nr_as = capability(fd, KVM_CAP_MULTI_ADDRESS_SPACE);
	/* a kernel that cannot be asked has one */
	if (!limits->nr_as)
		limits->nr_as = 1;
	limits->readonly = can(fd, KVM_CAP_READONLY_MEM);
	limits->region2 = can(fd, KVM_CAP_USER_MEMORY2);
	limits->guest_memfd = can(fd, KVM_CAP_GUEST_MEMFD);
}

static int create_vm(int dev, unsigned long type)
{
	int vm;

	do {
		vm = ioctl(dev, KVM_CREATE_VM, type);
	} while (vm < 0 && errno == EINTR);
	return vm;
}

static enum request_can agreed(enum request_can a, enum request_can b)
{
	return a == b ? a : CAN_UNKNOWN;
}

/*
 * /dev/kvm tells what some VM can have; whose VM it is, KVM tells no one else. But
 * a VM can have what one of ours of its type can, and where those of all types
 * agree, the type need not be known. Without a list of types (x86 alone has
 * one, KVM_CAP_VM_TYPES) it is left open.
 */
static void ask_types(int dev, struct request_limits *limits)
{
	int types = capability(dev, KVM_CAP_VM_TYPES);
	enum request_can readonly, guest_memfd;
	bool first = true;
	int vm;

	if (!types)
		limits->readonly = limits->guest_memfd = CAN_UNKNOWN;
	for (unsigned int type = 0; types >> type; type++) {
		if (!(types >> type & 1))
			continue;
		vm = create_vm(dev, type);
		readonly = vm < 0 ? CAN_UNKNOWN : can(vm, KVM_CAP_READONLY_MEM);
		guest_memfd = vm < 0 ? CAN_UNKNOWN :
				       can(vm, KVM_CAP_GUEST_MEMFD);
		if (vm >= 0)
			close(vm);
		limits->readonly = first ? readonly :
					   agreed(limits->readonly, readonly);
		limits->guest_memfd =
			first ? guest_memfd :
				agreed(limits->guest_memfd, guest_memfd);
		first = false;
	}
}

int kvm_limits_probe(int vm_fd, struct request_limits *limits,
		     struct slotscope_error *err)
{
	int dev;
	int vm;

	*limits = (struct request_limits){ 0 };
	dev = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		return error_set(err, errno, "open /dev/kvm");
	vm = create_vm(dev, 0);
	if (vm < 0) {
		error_set(err, errno, "create a VM to try limits on");
		close(dev);
		return -err->code;
	}
	limits->page_size = sysconf(_SC_PAGESIZE);
	ask_capabilities(vm_fd < 0 ? dev : vm_fd, limits);
	/* kernels with REGION2 have types of VMs that differ in these */
	if (vm_fd < 0 && limits->region2 == CAN)
		ask_types(dev, limits);
	probe(vm, limits);
	close(vm);
	close(dev);
	return 0;
}
