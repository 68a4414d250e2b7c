// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include "kvm/ioctl.h"
#include "kvm/place.h"

static const char *kind(const struct flat_range *range)
{
	const struct memory_region_info *info =
		memory_region_info(range->region);

	if (info->rom_device)
		return range->romd_mode ? "ROM" : "a device's registers";
	if (info->ram)
		return info->readonly ? "ROM" : "RAM";
	return info->iommu ? "an IOMMU's window" : "a device's registers";
}

static bool is_memory(const struct flat_range *range)
{
	const struct memory_region_info *info =
		memory_region_info(range->region);

	return info->rom_device ? range->romd_mode : info->ram;
}

bool place_of_gpa(struct address_space *as, gpa_t gpa, char *text)
{
	const struct flat_view *view = address_space_get_flat_view(as);
	const struct flat_range *range = flat_view_lookup(view, gpa);
	bool memory = range && is_memory(range);

	if (!range)
		snprintf(text, PLACE_TEXT, "0x%" PRIx64 " (no region is there)",
			 gpa);
	else
		snprintf(text, PLACE_TEXT,
			 "0x%" PRIx64 " (%.60s + 0x%" PRIx64 ", %s)", gpa,
			 memory_region_info(range->region)->name,
			 range->offset_in_region + (gpa - range->addr),
			 kind(range));
	flat_view_unref(view);
	return memory;
}

bool place_of_vcpu(const struct vcpu *cpu, char *text)
{
	struct kvm_translation to = {};
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	char place[PLACE_TEXT];
	bool memory;

	if (kvm_ioctl(cpu->fd, KVM_GET_REGS, &regs) ||
	    kvm_ioctl(cpu->fd, KVM_GET_SREGS, &sregs)) {
		snprintf(text, PLACE_TEXT, "an address that KVM does not tell");
		return false;
	}
	to.linear_address = sregs.cs.base + regs.rip;
	if (kvm_ioctl(cpu->fd, KVM_TRANSLATE, &to) || !to.valid) {
		snprintf(text, PLACE_TEXT,
			 "0x%llx, which its page tables map nowhere",
			 (unsigned long long)to.linear_address);
		return false;
	}
	if (to.physical_address == to.linear_address)
		return place_of_gpa(cpu->set->events->memory,
				    to.physical_address, text);
	memory = place_of_gpa(cpu->set->events->memory, to.physical_address,
			      place);
	snprintf(text, PLACE_TEXT, "0x%llx, in memory at %.120s",
		 (unsigned long long)to.linear_address, place);
	return memory;
}
