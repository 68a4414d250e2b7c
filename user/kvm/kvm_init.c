// SPDX-License-Identifier: GPL-2.0-or-later
/* From /dev/kvm to a VM without memory, in the order of QEMU's kvm_init(). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm/ioctl.h"
#include "kvm/kvm.h"
#include "kvm/loaded.h"
#include "kvm/private.h"
#include "kvm/watch.h"

#define KVM_DEVICE "/dev/kvm"

static const struct kvm_required needed_first[] = {
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT",
	  "a vCPU can be stopped without losing the request" },
};

/* QEMU's kvm_required_capabilites; x86.c has its own */
static const struct kvm_required needed[] = {
	{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY",
	  "guest memory comes from the VMM's own (KVM_SET_USER_MEMORY_REGION)" },
	{ KVM_CAP_DESTROY_MEMORY_REGION_WORKS,
	  "KVM_CAP_DESTROY_MEMORY_REGION_WORKS", "a memslot can be deleted" },
	{ KVM_CAP_JOIN_MEMORY_REGIONS_WORKS,
	  "KVM_CAP_JOIN_MEMORY_REGIONS_WORKS",
	  "deleted memslots can be replaced by one that spans them" },
};

static const struct kvm_required needed_last[] = {
	{ KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM",
	  "the firmware's ROM can have a memslot" },
};

#define REQUIRE(s, list, err) \
	kvm_require(s, list, sizeof(list) / sizeof((list)[0]), err)

int kvm_check_extension(const struct kvm_state *s, int cap)
{
	int ret = kvm_ioctl(s->dev_fd, KVM_CHECK_EXTENSION, cap);

	return ret > 0 ? ret : 0;
}

static int open_device(struct kvm_state *s, struct slotscope_error *err)
{
	struct narrate_call call = {
		.name = "open",
		.fd = -1,
		.text = "open(\"" KVM_DEVICE "\", O_RDWR|O_CLOEXEC)",
	};

	s->dev_fd = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
	call.result = s->dev_fd;
	call.error = s->dev_fd < 0 ? errno : 0;
	narrate_call(&call);
	if (s->dev_fd >= 0)
		return 0;
	error_set(err, errno, "open " KVM_DEVICE);
	if (err->code == EACCES || err->code == EPERM)
		return error_next(
			err, "run as root, or join the group that owns it");
	if (err->code == ENOENT || err->code == ENODEV || err->code == ENXIO)
		return kvm_not_loaded(err);
	return -err->code;
}

static int check_api(struct kvm_state *s, struct slotscope_error *err)
{
	int version = kvm_ioctl(s->dev_fd, KVM_GET_API_VERSION, 0);

	if (version == KVM_API_VERSION)
		return 0;
	error_set(err, version < 0 ? errno : EPROTO,
		  "ask " KVM_DEVICE " for its API version");
	if (version >= 0)
		error_why(err,
			  "it is version %d; every kernel since 2.6.22 has %d",
			  version, KVM_API_VERSION);
	return error_next(err, "check that " KVM_DEVICE " is the kernel's KVM");
}

static int create_vm(struct kvm_state *s, int type, struct slotscope_error *err)
{
	NARRATE(KVM_CREATE_VM, watch_kvm_state, s, "%s", "");

	/* A signal may hit while KVM waits in there, and does under a tracer */
	do {
		s->vm_fd = kvm_ioctl(s->dev_fd, KVM_CREATE_VM, type);
	} while (s->vm_fd < 0 && errno == EINTR);
	if (s->vm_fd >= 0)
		return 0;
	error_set(err, errno, "create a VM (KVM_CREATE_VM)");
	if (err->code == EBUSY)
		return error_next(err,
				  "another hypervisor has the CPU: stop it");
	return error_next(err, "see dmesg for what KVM says");
}

int kvm_require(const struct kvm_state *s, const struct kvm_required *required,
		size_t nr, struct slotscope_error *err)
{
	const struct kvm_required *r;

	for (r = required; r < required + nr; r++) {
		if (kvm_check_extension(s, r->cap))
			continue;
		error_set(err, ENOTSUP, "check KVM for %s", r->name);
		error_why(err, "this KVM lacks it, so not: %s", r->meaning);
		return error_next(err, "use a newer kernel");
	}
	return 0;
}

/* How many the kernel makes at all; how many it was tried with is less */
static int check_cpus(struct kvm_state *s, unsigned int nr,
		      struct slotscope_error *err)
{
	int soft = kvm_ioctl(s->vm_fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_VCPUS);
	int max = kvm_check_extension(s, KVM_CAP_MAX_VCPUS);

	if (soft <= 0)
		soft = 4; /* what it was before it could be asked */
	if (max <= 0)
		max = soft;
	if (nr <= (unsigned int)max)
		return 0;
	error_set(err, EINVAL, "make a VM with %u vCPUs", nr);
	error_why(err, "this KVM takes %d at the most (KVM_CAP_MAX_VCPUS)",
		  max);
	return error_next(err, "use a smaller -smp");
}

int kvm_enable_cap(const struct kvm_state *s, uint32_t cap, uint64_t arg)
{
	struct kvm_enable_cap enable = { .cap = cap, .args[0] = arg };

	return kvm_ioctl(s->vm_fd, KVM_ENABLE_CAP, &enable) ? -errno : 0;
}

static void look_at_slots(struct kvm_state *s)
{
	s->nr_slots = kvm_check_extension(s, KVM_CAP_NR_MEMSLOTS);
	if (!s->nr_slots)
		s->nr_slots = 32; /* what it was before it could be asked */
	s->nr_as = kvm_check_extension(s, KVM_CAP_MULTI_ADDRESS_SPACE);
	if (!s->nr_as)
		s->nr_as = 1;
}

static void look_at_events(struct kvm_state *s)
{
	s->ioeventfd = kvm_check_extension(s, KVM_CAP_IOEVENTFD);
	s->ioeventfd_any = kvm_check_extension(s, KVM_CAP_IOEVENTFD_ANY_LENGTH);
	s->irq_routing = kvm_check_extension(s, KVM_CAP_IRQ_ROUTING);
}

static int check_required(struct kvm_state *s, struct slotscope_error *err)
{
	NARRATE(KVM_CHECK_EXTENSIONS, NULL, NULL, "%s", "");
	int ret = REQUIRE(s, needed, err);

	return ret ? ret : kvm_arch_require(s, err);
}

/* The VM itself, and what has to be known before anything is put in it */
static int init_vm(struct kvm_state *s, const struct kvm_options *options,
		   struct slotscope_error *err)
{
	int type = 0, ret = 0;

	if (options->guest_memfd)
		ret = kvm_private_choose(s, &type, err);
	if (!ret)
		ret = create_vm(s, type, err);
	if (!ret && options->guest_memfd)
		ret = kvm_private_init(s, err);
	if (!ret)
		ret = check_cpus(s, options->nr_cpus ? options->nr_cpus : 1,
				 err);
	if (!ret)
		ret = check_required(s, err);
	if (ret)
		return ret;
	s->coalesced_page = kvm_check_extension(s, KVM_CAP_COALESCED_MMIO);
	s->coalesced_pio = s->coalesced_page &&
			   kvm_check_extension(s, KVM_CAP_COALESCED_PIO);
	ret = kvm_dirty_init(s, options, err);
	if (!ret)
		ret = kvm_arch_require_state(s, err);
	if (!ret)
		ret = REQUIRE(s, needed_last, err);
	if (ret)
		return ret;
	look_at_events(s);
	return 0;
}

int kvm_init(struct kvm_state *s, const struct kvm_options *options,
	     struct slotscope_error *err)
{
	static const struct kvm_options defaults;
	int ret;

	if (!options)
		options = &defaults;
	*s = (struct kvm_state){ .dev_fd = -1, .vm_fd = -1 };
	NARRATE(KVM_INIT, watch_kvm_state, s, "%s", "");
	ret = open_device(s, err);
	if (ret)
		return ret;
	ret = check_api(s, err);
	if (!ret)
		ret = REQUIRE(s, needed_first, err);
	if (ret)
		goto err_deinit;
	look_at_slots(s);
	s->queue_slots = options->queue_slots;
	ret = init_vm(s, options, err);
	if (ret)
		goto err_deinit;
	ret = kvm_arch_init(s, options, err);
	if (ret)
		goto err_deinit;
	ret = kvm_irqchip_create(s, options->irqchip, err);
	if (ret)
		goto err_deinit;
	ret = kvm_arch_init_cpuid(s, err);
	if (ret)
		goto err_deinit;
	return 0;

err_deinit:
	kvm_deinit(s);
	return ret;
}

void kvm_deinit(struct kvm_state *s)
{
	free(s->cpuid);
	free(s->msrs);
	free(s->irqchip_state);
	if (s->vm_fd >= 0)
		close(s->vm_fd);
	if (s->dev_fd >= 0)
		close(s->dev_fd);
	*s = (struct kvm_state){ .dev_fd = -1, .vm_fd = -1 };
}
