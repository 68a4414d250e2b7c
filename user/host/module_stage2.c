// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "host/module.h"
#include "host/module_layout.h"

static int failed(int ret, int module_fd, int vm_fd,
		  struct slotscope_error *err)
{
	error_set(err, ret,
		  "look at KVM's page tables of the VM at descriptor "
		  "%d",
		  vm_fd);
	switch (-ret) {
	case ENOTTY:
		error_why(err,
			  "the slotscope module that is loaded is too old");
		return error_next(err, "rmmod slotscope, then load the module "
				       "that came with this program");
	case EOPNOTSUPP:
		return error_why(err, "the module does not know how this KVM "
				      "keeps them for this VM");
	case EPERM:
		return error_why(err, "it takes CAP_SYS_ADMIN");
	case EPROTO:
		return module_layout_failed(module_fd, vm_fd, err);
	default:
		return ret;
	}
}

static int make(const struct slotscope_mapping *from, uint16_t as_id,
		struct stage2_mapping *to)
{
	if (from->level < 1 || from->level > 3 ||
	    from->bytes != 1ULL << (12 + 9 * (from->level - 1)) ||
	    from->gpa % from->bytes || from->hpa % 4096)
		return -EPROTO;
	*to = (struct stage2_mapping){
		.as_id = as_id,
		.gpa = from->gpa,
		.size = from->bytes,
		.hpa = from->hpa,
		.level = from->level,
		.writable = from->flags & SLOTSCOPE_MAP_WRITABLE,
		.executable = from->flags & SLOTSCOPE_MAP_EXECUTABLE,
		.tells_use = from->flags & SLOTSCOPE_MAP_AD,
		.accessed = from->flags & SLOTSCOPE_MAP_ACCESSED,
		.dirty = from->flags & SLOTSCOPE_MAP_DIRTY,
		.shadow = from->flags & SLOTSCOPE_MAP_SHADOW,
		.several = from->flags & SLOTSCOPE_MAP_SEVERAL,
	};
	return 0;
}

int module_stage2(int module_fd, int vm_fd, uint16_t as_id, uint64_t gpa,
		  uint64_t size, struct stage2_mapping *out, size_t capacity,
		  size_t *nr, uint64_t *next, uint32_t *tables,
		  struct slotscope_error *err)
{
	struct slotscope_mapping *maps = calloc(capacity, sizeof(*maps));
	struct slotscope_stage2 req = {
		.size = sizeof(req),
		.vm_fd = vm_fd,
		.as_id = as_id,
		.gpa = gpa,
		.bytes = size,
		.mapping_addr = (uintptr_t)maps,
		.mapping_size = sizeof(*maps),
		.mapping_capacity = capacity,
	};
	int ret = maps ? 0 : -ENOMEM;

	if (!ret && ioctl(module_fd, SLOTSCOPE_STAGE2, &req))
		ret = -errno;
	if (ret) {
		free(maps);
		return failed(ret, module_fd, vm_fd, err);
	}
	/* Else whoever goes on would not end */
	if (req.nr_copied > capacity || req.next_gpa <= gpa)
		ret = -EPROTO;
	for (size_t i = 0; i < req.nr_copied && !ret; i++)
		ret = make(&maps[i], as_id, &out[i]);
	free(maps);
	*nr = req.nr_copied;
	*next = req.next_gpa;
	*tables = req.tables;
	if (!ret)
		return 0;
	error_set(err, ret, "understand what the slotscope module says");
	return error_why(err, "its answer contradicts itself");
}
