// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/module.h"

/* Enough for most machines; the module tells if it is not */
#define FIRST_VMS 64

/* There were more each time we came with more room */
#define TRIES 8

static int failed(int ret, struct slotscope_error *err)
{
	error_set(err, ret, "ask the slotscope module for the VMs");
	if (ret == -EPROTO)
		error_why(err, "it was built for another kvm than the one that "
			       "is running");
	return ret;
}

static int take(int module_fd, struct slotscope_vms *req,
		struct slotscope_vm *vms, uint32_t capacity)
{
	*req = (struct slotscope_vms){
		.size = sizeof(*req),
		.vm_addr = (uintptr_t)vms,
		.vm_size = sizeof(*vms),
		.vm_capacity = capacity,
	};
	return ioctl(module_fd, SLOTSCOPE_VMS, req) ? -errno : 0;
}

static bool make_sense(const struct slotscope_vms *req,
		       const struct slotscope_vm *vms, uint32_t capacity)
{
	if (req->nr_copied > req->nr_records || req->nr_copied > capacity)
		return false;
	for (uint32_t i = 0; i < req->nr_copied; i++)
		if (vms[i].pid < 0 || vms[i].fd < 0 ||
		    !memchr(vms[i].comm, '\0', sizeof(vms[i].comm)))
			return false;
	return true;
}

int module_vms(int module_fd, struct slotscope_vm **out, size_t *nr,
	       struct slotscope_error *err)
{
	struct slotscope_info info = { .size = sizeof(info) };
	struct slotscope_vm *vms = NULL;
	struct slotscope_vms req;
	uint32_t capacity = FIRST_VMS;
	int ret, i;

	*out = NULL;
	*nr = 0;
	if (ioctl(module_fd, SLOTSCOPE_INFO, &info))
		return failed(-errno, err);
	if (info.minor < MODULE_TELLS_VMS)
		return failed(-EOPNOTSUPP, err);
	for (i = 0; i < TRIES; i++) {
		free(vms);
		/* One more, so that 0 is not NULL */
		vms = calloc((size_t)capacity + 1, sizeof(*vms));
		ret = vms ? take(module_fd, &req, vms, capacity) : -ENOMEM;
		if (ret || req.nr_copied == req.nr_records)
			break;
		capacity = req.nr_records + req.nr_records / 4;
	}
	if (!ret && !make_sense(&req, vms, capacity))
		ret = -EBADMSG;
	/* What came meanwhile, each time, is not told: as what comes after */
	if (ret) {
		free(vms);
		return failed(ret, err);
	}
	*out = vms;
	*nr = req.nr_copied;
	return 0;
}
