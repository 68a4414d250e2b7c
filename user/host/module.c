// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host/module.h"
#include "host/module_hint.h"
#include "host/module_layout.h"

/* Enough for most VMs; the module tells if it is not */
#define FIRST_SLOTS 256
#define FIRST_AS    4

/* The VM grew each time we came with more room: it is flooded on purpose */
#define TRIES 8

/* As many as the module tells at most */
#define FAULTS 256

static int not_loaded(struct slotscope_error *err)
{
	char program[PATH_MAX];
	struct utsname name;
	ssize_t len;

	error_why(err, "the kernel module slotscope is not loaded");
	len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	program[len < 0 ? 0 : len] = '\0';
	uname(&name);
	return module_hint("", name.release, program, err);
}

static int open_failed(int code, struct slotscope_error *err)
{
	/* A node without a driver behind it: the same to whoever calls */
	if (code == ENXIO || code == ENODEV)
		code = ENOENT;
	error_set(err, code, "open " SLOTSCOPE_DEVICE);
	switch (code) {
	case ENOENT:
		return not_loaded(err);
	case EPERM:
		error_why(err, "CAP_SYS_ADMIN is needed, and not in a user "
			       "namespace of one's own");
		return error_next(err, "run as root, outside of a container");
	case EACCES:
		error_why(err, "only root may");
		return error_next(err, "run as root");
	default:
		return -code;
	}
}

static int ask_version(int fd, struct slotscope_info *info,
		       struct slotscope_error *err)
{
	*info = (struct slotscope_info){ .size = sizeof(*info) };
	if (ioctl(fd, SLOTSCOPE_INFO, info)) {
		error_set(err, errno,
			  "ask " SLOTSCOPE_DEVICE " for its version");
		if (errno == ENOTTY)
			error_why(err, "it is not the slotscope module");
		return error_next(err, "unload what is loaded (rmmod "
				       "slotscope) and load the module that "
				       "came with this program");
	}
	if (info->major == SLOTSCOPE_MAJOR)
		return 0;
	error_set(err, EPROTONOSUPPORT, "talk to the slotscope module");
	error_why(err, "it speaks version %u.%u, this program %u.%u",
		  info->major, info->minor, SLOTSCOPE_MAJOR, SLOTSCOPE_MINOR);
	return error_next(err, "rmmod slotscope, then load the module that "
			       "came with this program");
}

bool module_is_there(void)
{
	return !access(SLOTSCOPE_DEVICE, F_OK);
}

int module_open(struct slotscope_info *info, struct slotscope_error *err)
{
	struct slotscope_info unused;
	int fd, ret;

	fd = open(SLOTSCOPE_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return open_failed(errno, err);
	ret = ask_version(fd, info ? info : &unused, err);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

static int snapshot_failed(int ret, int module_fd, int vm_fd,
			   struct slotscope_error *err)
{
	error_set(err, ret, "read the memory slots of the VM at descriptor %d",
		  vm_fd);
	switch (-ret) {
	case EBADF:
		return error_why(err, "there is no such descriptor");
	case EBADFD:
		return error_why(err, "that descriptor is not a VM's");
	case EPROTO:
		return module_layout_failed(module_fd, vm_fd, err);
	case ENOTTY:
	case E2BIG:
	case EINVAL:
		error_why(err, "the module does not know this request");
		return error_next(err, "rmmod slotscope, then load the module "
				       "that came with this program");
	default:
		return ret;
	}
}

/* The arrays that a snapshot is copied to */
struct room {
	struct slotscope_as *as;
	struct slotscope_slot *slots;
	struct slotscope_detail *details;
	uint32_t nr_as;
	uint32_t nr_slots;
};

static void room_free(struct room *room)
{
	free(room->as);
	free(room->slots);
	free(room->details);
}

static int room_make(struct room *room, uint32_t nr_as, uint32_t nr_slots,
		     bool with_details)
{
	room_free(room);
	/* One more, so that 0 is not NULL */
	*room = (struct room){
		.as = calloc(nr_as + 1, sizeof(*room->as)),
		.slots = calloc(nr_slots + 1, sizeof(*room->slots)),
		.details = with_details ? calloc(nr_slots + 1,
						 sizeof(*room->details)) :
					  NULL,
		.nr_as = nr_as,
		.nr_slots = nr_slots,
	};
	return room->as && room->slots && !with_details == !room->details ?
		       0 :
		       -ENOMEM;
}

static int take(int module_fd, int vm_fd, uint32_t flags, pid_t pid,
		struct slotscope_snapshot *req, const struct room *room)
{
	*req = (struct slotscope_snapshot){
		.size = sizeof(*req),
		.flags = flags,
		.vm_fd = vm_fd,
		.pid = pid,
		.detail_addr = (uintptr_t)room->details,
		.detail_size = room->details ? sizeof(*room->details) : 0,
		.as_addr = (uintptr_t)room->as,
		.slot_addr = (uintptr_t)room->slots,
		.as_size = sizeof(*room->as),
		.slot_size = sizeof(*room->slots),
		.as_capacity = room->nr_as,
		.slot_capacity = room->nr_slots,
	};
	if (!ioctl(module_fd, SLOTSCOPE_SNAPSHOT, req))
		return 0;
	if (errno != EINVAL || !(flags & SLOTSCOPE_TORN_OK))
		return -errno;
	/* Version 1.0 does not know it, and needs it for nothing */
	return take(module_fd, vm_fd, flags & ~SLOTSCOPE_TORN_OK, pid, req,
		    room);
}

static bool is_whole(const struct slotscope_snapshot *req)
{
	return req->nr_as_copied == req->nr_as &&
	       req->nr_slots_copied == req->nr_slots;
}

static int make_state(const struct slotscope_snapshot *req,
		      const struct room *room, struct slot_state *out,
		      uint32_t minor, struct vm_detail *detail,
		      struct slotscope_error *err)
{
	int ret = module_to_state(req, room->as, room->slots, out);

	if (!ret && detail)
		ret = module_to_detail(req, minor, room->as, room->details, out,
				       detail);
	if (!ret)
		return 0;
	error_set(err, ret, "understand what the slotscope module says");
	if (ret == -EPROTO)
		error_why(err, "its answer contradicts itself");
	return ret;
}

/*
 * @detail: what else is to be told, of a module of @minor and of whether @pid owns the
 * VM; may be NULL
 */
static int read_state(int module_fd, int vm_fd, uint32_t flags, pid_t pid,
		      struct slot_state *out, uint32_t minor,
		      struct vm_detail *detail, struct slotscope_error *err)
{
	bool with_slots = !(flags & SLOTSCOPE_NO_SLOTS);
	bool with_details = flags & SLOTSCOPE_DETAIL;
	struct slotscope_snapshot req;
	struct room room = {};
	int ret, i;

	slot_state_init(out, PARTY_KERNEL);
	ret = room_make(&room, FIRST_AS, with_slots ? FIRST_SLOTS : 0,
			with_details);
	for (i = 0; !ret && i < TRIES; i++) {
		ret = take(module_fd, vm_fd, flags, pid, &req, &room);
		if (ret || is_whole(&req) || i == TRIES - 1)
			break;
		ret = room_make(&room, req.nr_as,
				req.nr_slots + req.nr_slots / 4, with_details);
	}
	if (ret)
		ret = snapshot_failed(ret, module_fd, vm_fd, err);
	else
		ret = make_state(&req, &room, out, minor, detail, err);
	room_free(&room);
	return ret;
}

int module_snapshot(int module_fd, int vm_fd, struct slot_state *out,
		    struct slotscope_error *err)
{
	return read_state(module_fd, vm_fd, SLOTSCOPE_TORN_OK, 0, out, 0, NULL,
			  err);
}

int module_generations(int module_fd, int vm_fd, struct slot_state *out,
		       struct slotscope_error *err)
{
	return read_state(module_fd, vm_fd, SLOTSCOPE_NO_SLOTS, 0, out, 0, NULL,
			  err);
}

int module_details(int module_fd, int vm_fd, pid_t pid, struct slot_state *out,
		   struct vm_detail *detail, struct slotscope_error *err)
{
	uint32_t flags = SLOTSCOPE_TORN_OK | SLOTSCOPE_DETAIL;
	struct slotscope_info info;
	int ret;

	*detail = (struct vm_detail){};
	slot_state_init(out, PARTY_KERNEL);
	ret = ask_version(module_fd, &info, err);
	if (ret)
		return ret;
	/* What a version does not know, it refuses */
	if (info.minor < MODULE_TELLS_DETAILS)
		flags &= ~SLOTSCOPE_DETAIL;
	if (info.minor < MODULE_TELLS_VM)
		pid = 0;
	return read_state(module_fd, vm_fd, flags, pid, out, info.minor, detail,
			  err);
}

int module_owns_memory(int module_fd, int vm_fd, pid_t pid,
		       struct slotscope_error *err)
{
	struct slotscope_snapshot req = {
		.size = sizeof(req),
		.flags = SLOTSCOPE_NO_SLOTS,
		.vm_fd = vm_fd,
		.as_size = sizeof(struct slotscope_as),
		.slot_size = sizeof(struct slotscope_slot),
		.pid = pid,
	};

	if (!ioctl(module_fd, SLOTSCOPE_SNAPSHOT, &req)) {
		if (req.owner)
			return req.owner == SLOTSCOPE_OWNER_YES;
		error_set(err, ESRCH, "ask whose memory a VM's is");
		return error_why(err, "process %d has no memory any more", pid);
	}
	if (errno != E2BIG)
		return snapshot_failed(-errno, module_fd, vm_fd, err);
	error_set(err, EOPNOTSUPP, "ask whose memory a VM's is");
	error_why(err, "the module is too old to tell whether the slots' host "
		       "addresses are this process's");
	return error_next(err, "rmmod slotscope, then load the module that "
			       "came with this program");
}

static int audit_failed(int ret, int module_fd, int vm_fd,
			struct slotscope_error *err)
{
	struct slotscope_error ignored = {};
	struct slotscope_info info = {};

	if (ret == -ENOTTY)
		ret = -EOPNOTSUPP;
	error_set(err, ret, "audit KVM's indexes of the VM at descriptor %d",
		  vm_fd);
	switch (-ret) {
	case EOPNOTSUPP:
		ask_version(module_fd, &info, &ignored);
		error_why(err,
			  "the slotscope module that is loaded, version %u.%u, "
			  "cannot audit them",
			  info.major, info.minor);
		return error_next(err, "rmmod slotscope, then load the module "
				       "that came with this program");
	case EPROTO:
		return module_layout_failed(module_fd, vm_fd, err);
	default:
		return ret;
	}
}

int module_audit(int module_fd, int vm_fd, struct index_audit *out,
		 struct slotscope_error *err)
{
	struct slotscope_fault *faults = calloc(FAULTS, sizeof(*faults));
	struct slotscope_audit req = {
		.size = sizeof(req),
		.vm_fd = vm_fd,
		.fault_addr = (uintptr_t)faults,
		.fault_size = sizeof(*faults),
		.fault_capacity = FAULTS,
	};
	int ret = faults ? 0 : -ENOMEM;

	memset(out, 0, sizeof(*out));
	if (!ret && ioctl(module_fd, SLOTSCOPE_AUDIT, &req))
		ret = -errno;
	if (ret) {
		ret = audit_failed(ret, module_fd, vm_fd, err);
	} else {
		ret = module_to_audit(&req, faults, out);
		if (ret)
			error_set(err, ret,
				  "understand what the slotscope module says");
		if (ret == -EPROTO)
			error_why(err, "its answer contradicts itself");
	}
	free(faults);
	return ret;
}
