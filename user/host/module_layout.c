// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/module_layout.h"

/* More than it has ever looked at; one that does not fit is not named */
#define MEMBERS 256

#define ANOTHER "the module was built for another kvm than the one that runs"

static int build_again(struct slotscope_error *err)
{
	return error_next(err, "build it again with the headers of the running "
			       "kernel, and load it");
}

static const struct slotscope_member *
first_other(const struct slotscope_layout *layout,
	    const struct slotscope_member *members)
{
	uint32_t i;

	for (i = 0; i < layout->nr_copied; i++)
		if (members[i].offset != members[i].built_offset ||
		    members[i].size != members[i].built_size)
			return &members[i];
	return NULL;
}

int module_layout_say(const struct slotscope_layout *layout,
		      const struct slotscope_member *members,
		      struct slotscope_error *err)
{
	const struct slotscope_member *other;

	switch (layout->verdict) {
	case SLOTSCOPE_LAYOUT_SAME:
		error_why(err, "KVM is laid out as the module thinks, but what "
			       "is in this VM makes no sense");
		return error_next(err, "look for other signs in the kernel's "
				       "log: KVM's memory may be damaged");
	case SLOTSCOPE_LAYOUT_UNKNOWN:
		error_why(err,
			  "whether the module belongs to the kvm that runs "
			  "could not be read from /sys/kernel/btf: %s",
			  strerror(layout->error));
		return error_next(err, "mount sysfs at /sys; a kernel without "
				       "BTF (CONFIG_DEBUG_INFO_BTF) is not "
				       "served");
	}
	other = first_other(layout, members);
	if (!other) {
		error_why(err, ANOTHER);
	} else if (other->offset == SLOTSCOPE_NO_MEMBER) {
		error_why(err, ANOTHER ", which has no %.*s",
			  (int)sizeof(other->name), other->name);
	} else {
		error_why(err,
			  ANOTHER ": there, %.*s is at %u with %u bytes, and "
				  "not at %u with %u",
			  (int)sizeof(other->name), other->name, other->offset,
			  other->size, other->built_offset, other->built_size);
	}
	return build_again(err);
}

int module_layout_failed(int module_fd, int vm_fd, struct slotscope_error *err)
{
	struct slotscope_member *members = calloc(MEMBERS, sizeof(*members));
	struct slotscope_layout layout = {
		.size = sizeof(layout),
		.vm_fd = vm_fd,
		.member_addr = (uintptr_t)members,
		.member_size = sizeof(*members),
		.member_capacity = members ? MEMBERS : 0,
	};
	int ret;

	if (!ioctl(module_fd, SLOTSCOPE_LAYOUT, &layout)) {
		ret = module_layout_say(&layout, members, err);
	} else {
		/* One of version 1.0, which cannot say more */
		error_why(err, ANOTHER);
		ret = build_again(err);
	}
	free(members);
	return ret;
}
