// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QEMU's trace event kvm_set_user_memory, as its backend "log" prints it (2.10 to
 * 8.2, and from 9.0 on with the address space apart and a guest_memfd), with
 * "PID@SECONDS:" or without; and as simpletrace.py does, with the names of the
 * arguments.
 */
#include <limits.h>

#include "view/log_text_reader.h"

#define EVENT	  "kvm_set_user_memory"
#define CREATE_VM 0xae01 /* KVM_CREATE_VM */

/* By one of its names */
static bool field(struct piece s, const char *key, const char *other,
		  uint64_t *out)
{
	return text_key(s, key, out) || text_key(s, other, out);
}

/* "1234@1700000000.123456:" before the event; else "pid=1234" behind it */
static void read_who(struct piece line, const char *event, pid_t *pid,
		     uint64_t *time_ns)
{
	struct piece before = { line.s, event - line.s };
	uint64_t value;
	const char *at;
	size_t i;

	*pid = 0;
	*time_ns = 0;
	for (at = NULL, i = 0; i < before.len; i++)
		if (before.s[i] == '@')
			at = &before.s[i];
	if (!at) {
		if (text_key(line, "pid=", &value) && value <= INT_MAX)
			*pid = value;
		return;
	}
	for (i = at - before.s;
	     i && before.s[i - 1] >= '0' && before.s[i - 1] <= '9';)
		i--;
	piece_drop(&before, i);
	if (!text_number(&before, &value) || value > INT_MAX)
		return;
	*pid = value;
	piece_drop(&before, 1);
	text_seconds(&before, time_ns);
}

/* A QEMU has one VM */
static struct text_vm *vm_of(struct log_text_reader *r, pid_t pid)
{
	for (size_t i = 0; i < r->nr_vms; i++)
		if (r->vms[i].pid == pid)
			return &r->vms[i];
	return NULL;
}

static bool read_request(struct piece s, struct slot_request *request)
{
	uint64_t slot, flags, space = 0, gmem_fd = -1, result;

	*request = (struct slot_request){ .gmem_fd = -1 };
	if (!field(s, "Slot#", "slot=", &slot) || slot > UINT32_MAX ||
	    !text_key(s, "flags=", &flags) || flags > UINT32_MAX ||
	    !field(s, "gpa=", "guest_phys_addr=", &request->gpa) ||
	    !field(s, "size=", "memory_size=", &request->size) ||
	    !field(s, "ua=", "userspace_addr=", &request->hva) ||
	    !text_key(s, "ret=", &result) || (int32_t)result > 0)
		return false;
	if (text_key(s, "AddrSpace#", &space)) {
		if (space > UINT16_MAX || slot > UINT16_MAX)
			return false;
		/* From here on QEMU asks by REGION2 wherever KVM has it */
		request->region2 = flags & SLOT_GUEST_MEMFD;
		if (request->region2 &&
		    (!text_key(s, "guest_memfd=", &gmem_fd) ||
		     !text_key(s,
			       "guest_memfd_offset=", &request->gmem_offset)))
			return false;
	}
	request->slot = space << 16 | slot;
	request->flags = flags;
	request->gmem_fd = (int32_t)gmem_fd;
	request->result = (int32_t)result;
	return true;
}

/* What shows that the text has a VM's life from its beginning on */
static bool begins_life(struct piece line, const char **event)
{
	static const char grow[] = "kvm_slots_grow 0 ->";
	static const char ioctl[] = "kvm_ioctl ";
	uint64_t type;

	*event = piece_find(line, grow);
	if (*event)
		return true;
	*event = piece_find(line, ioctl);
	return *event && text_key(line, "type=", &type) ?
		       type == CREATE_VM :
		       *event && text_key(line, "type ", &type) &&
			       type == CREATE_VM;
}

int qemu_trace_line(struct log_text_reader *r)
{
	const char *event = piece_find(r->line, EVENT);
	struct slot_request request;
	struct text_vm *vm;
	uint64_t time_ns;
	struct piece s;
	pid_t pid;
	int ret;

	if (!event) {
		if (!begins_life(r->line, &event))
			return 0;
		read_who(r->line, event, &pid, &time_ns);
		return vm_of(r, pid) ?
			       0 :
			       log_text_vm(r, pid, -1, time_ns, true, &vm);
	}
	s = (struct piece){ event, r->line.s + r->line.len - event };
	piece_drop(&s, sizeof(EVENT) - 1);
	/* Another event of a longer name, or who speaks of this one */
	if (s.len && s.s[0] != ' ')
		return 0;
	if (!read_request(s, &request))
		return log_text_bad(r, "no whole kvm_set_user_memory");
	read_who(r->line, event, &pid, &time_ns);
	vm = vm_of(r, pid);
	ret = vm ? 0 : log_text_vm(r, pid, -1, time_ns, false, &vm);
	return ret ? ret : log_text_request(r, vm, &request, pid, time_ns, 0);
}
