// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What strace(1) prints of the ioctls that make a VM and its slots, with the options
 * -f, -t, -tt, -ttt, -r, -T, -y and -X or without. A call may stand in two lines,
 * "unfinished" and "resumed".
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "view/log_text_reader.h"

enum call { CALL_OTHER, CALL_CREATE_VM, CALL_REGION, CALL_REGION2 };

bool strace_is_request(struct piece line)
{
	static const char *const words[] = {
		"KVM_SET_USER_MEMORY_REGION",
		"KVM_CREATE_VM",
		"0x4020ae46",
		"0x40a0ae49",
		"0xae, 0x49, 0xa0",
		"0xae, 0x46, 0x20",
	};
	size_t i;

	if (!piece_find(line, "ioctl("))
		return false;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (piece_find(line, words[i]))
			return true;
	return false;
}

static bool eat(struct piece *s, const char *prefix)
{
	if (!piece_begins(*s, prefix))
		return false;
	piece_drop(s, strlen(prefix));
	return true;
}

static void eat_blanks(struct piece *s)
{
	piece_drop(s, piece_indent(*s));
}

/* -y: what a descriptor is of, "<anon_inode:kvm-vm>" */
static void eat_file(struct piece *s)
{
	const char *end = s->len && s->s[0] == '<' ? memchr(s->s, '>', s->len) :
						     NULL;

	if (end)
		piece_drop(s, end + 1 - s->s);
}

/* strace -r gives its seconds so much room, and fills it up with blanks */
#define SINCE_WIDTH 6

/* Is this a time of strace -r? Of the others none has blanks before it but one */
static bool is_since(const struct log_text_reader *r, const struct piece *s)
{
	size_t digits = 0, blanks = 0;

	while (digits < s->len && s->s[digits] >= '0' && s->s[digits] <= '9')
		digits++;
	while (s->s - blanks > r->begin && s->s[-1 - (ptrdiff_t)blanks] == ' ')
		blanks++;
	return digits < SINCE_WIDTH && digits + blanks >= SINCE_WIDTH;
}

/* Of day, or of the epoch; @since: it is counted from the line before */
static void read_time(const struct log_text_reader *r, struct piece *s,
		      uint64_t *time_ns, bool *since)
{
	const bool padded = is_since(r, s);
	struct piece rest = *s;
	uint64_t value, minutes = 0;
	bool of_day = false;

	while (text_number(&rest, &value) && eat(&rest, ":")) {
		minutes = minutes * 60 + value % 60;
		of_day = true;
		*s = rest;
	}
	rest = *s;
	if (!text_seconds(&rest, time_ns)) {
		if (!of_day || !text_number(&rest, &value))
			return;
		*time_ns = value % 60 * 1000000000;
	}
	*since = !of_day && padded;
	*time_ns += minutes % (24 * 60) * 60 * 1000000000;
	eat_blanks(&rest);
	*s = rest;
}

/* "[pid 12] " or "12 ", and the time */
static void read_who(const struct log_text_reader *r, struct piece *s,
		     pid_t *pid, uint64_t *time_ns, bool *since)
{
	struct piece rest = *s;
	uint64_t value;

	*pid = 0;
	*time_ns = 0;
	*since = false;
	if (eat(&rest, "[pid")) {
		eat_blanks(&rest);
		if (!text_number(&rest, &value) || value > INT_MAX)
			return;
		*pid = value;
		eat(&rest, "]");
		eat_blanks(&rest);
		*s = rest;
	} else if (text_number(&rest, &value) && value <= INT_MAX &&
		   piece_indent(rest)) {
		*pid = value;
		eat_blanks(&rest);
		*s = rest;
	}
	read_time(r, s, time_ns, since);
}

static enum call read_call(struct piece *s)
{
	static const struct {
		const char *words;
		enum call call;
	} calls[] = {
		{ "KVM_CREATE_VM", CALL_CREATE_VM },
		{ "0xae01", CALL_CREATE_VM },
		{ "_IOC(_IOC_NONE, 0xae, 0x1, 0)", CALL_CREATE_VM },
		{ "KVM_SET_USER_MEMORY_REGION2", CALL_REGION2 },
		{ "0x40a0ae49", CALL_REGION2 },
		{ "_IOC(_IOC_WRITE, 0xae, 0x49, 0xa0)", CALL_REGION2 },
		{ "KVM_SET_USER_MEMORY_REGION", CALL_REGION },
		{ "0x4020ae46", CALL_REGION },
		{ "_IOC(_IOC_WRITE, 0xae, 0x46, 0x20)", CALL_REGION },
	};
	const char *end;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (!eat(s, calls[i].words))
			continue;
		/* -X verbose: the number, and its name in a comment */
		if (piece_begins(*s, " /*")) {
			end = piece_find(*s, "*/");
			if (end)
				piece_drop(s, end + 2 - s->s);
		}
		return calls[i].call;
	}
	return CALL_OTHER;
}

/* Names and numbers with "|" between, and a comment for those without a name */
static bool read_flags(struct piece s, uint32_t *flags)
{
	static const struct {
		const char *name;
		uint32_t flag;
	} names[] = {
		{ "KVM_MEM_LOG_DIRTY_PAGES", SLOT_LOG_DIRTY },
		{ "KVM_MEM_READONLY", SLOT_READONLY },
		{ "KVM_MEM_GUEST_MEMFD", SLOT_GUEST_MEMFD },
	};
	uint64_t value;
	size_t i;

	*flags = 0;
	do {
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (eat(&s, names[i].name))
				break;
		if (i < sizeof(names) / sizeof(names[0]))
			value = names[i].flag;
		else if (!text_number(&s, &value) || value > UINT32_MAX)
			return false;
		*flags |= value;
	} while (eat(&s, "|"));
	return true;
}

/* The struct in braces; @s is then behind it */
static bool read_region(struct piece *s, enum call call,
			struct slot_request *request)
{
	const char *end = piece_find(*s, "}");
	struct piece in = *s, flags;
	uint64_t slot, gmem_fd;

	if (!end)
		return false;
	in.len = end - in.s;
	flags = text_after(in, "flags=");
	if (!text_key(in, "slot=", &slot) || slot > UINT32_MAX || !flags.s ||
	    !read_flags(flags, &request->flags) ||
	    !text_key(in, "guest_phys_addr=", &request->gpa) ||
	    !text_key(in, "memory_size=", &request->size) ||
	    !text_key(in, "userspace_addr=", &request->hva))
		return false;
	request->slot = slot;
	if (call == CALL_REGION2 && text_key(in, "guest_memfd=", &gmem_fd))
		request->gmem_fd = (int32_t)gmem_fd;
	if (call == CALL_REGION2)
		text_key(in, "guest_memfd_offset=", &request->gmem_offset);
	piece_drop(s, end + 1 - s->s);
	return true;
}

static int errno_named(struct piece s)
{
	const char *name;

	for (int code = 1; code < 134; code++) {
		name = strerrorname_np(code);
		if (name && piece_begins(s, name) &&
		    (s.len == strlen(name) || s.s[strlen(name)] == ' '))
			return code;
	}
	return 0;
}

/* ") = RESULT"; false: there is none */
static bool read_result(struct piece s, int64_t *result, uint64_t *duration_ns)
{
	uint64_t value;
	struct piece tail;
	const char *at;

	if (!eat(&s, ")"))
		return false;
	eat_blanks(&s);
	if (!eat(&s, "= ") || !text_number(&s, &value))
		return false;
	*result = (int64_t)value;
	if (*result == -1) {
		eat_blanks(&s);
		*result = -errno_named(s);
		if (!*result)
			return false;
	}
	*duration_ns = 0;
	at = piece_find(s, " <");
	if (at) {
		tail = (struct piece){ at + 2, s.s + s.len - at - 2 };
		text_seconds(&tail, duration_ns);
	}
	return true;
}

/*
 * Threads have the descriptors of their process, and strace does not tell which is
 * which: a descriptor is a VM's until another VM gets the same one. Two processes
 * that have a VM each under one number are told apart if they made it themselves.
 */
static int find_vm(struct log_text_reader *r, pid_t pid, int fd, uint64_t ns,
		   struct text_vm **out)
{
	size_t nr = 0;

	*out = NULL;
	for (size_t i = 0; i < r->nr_vms; i++) {
		if (r->vms[i].fd != fd)
			continue;
		if (!nr || r->vms[i].pid == pid)
			*out = &r->vms[i];
		nr++;
		if (r->vms[i].pid == pid)
			return 0;
	}
	if (nr > 1)
		*out = NULL;
	return nr ? 0 : log_text_vm(r, pid, fd, ns, false, out);
}

static int created(struct log_text_reader *r, const struct text_call *call,
		   int64_t result)
{
	struct text_vm *vm;

	if (result < 0)
		return 0;
	if (result > INT_MAX)
		return log_text_bad(r, "no descriptor");
	for (size_t i = 0; i < r->nr_vms; i++) {
		/* It was closed meanwhile */
		if (r->vms[i].fd == result && r->vms[i].pid == call->pid)
			r->vms[i--] = r->vms[--r->nr_vms];
	}
	return log_text_vm(r, call->pid, result, call->time_ns, true, &vm);
}

static int ended(struct log_text_reader *r, const struct text_call *call,
		 int64_t result, uint64_t duration_ns)
{
	struct slot_request request = call->request;
	struct text_vm *vm;
	int ret;

	if (call->creates)
		return created(r, call, result);
	if (result > 0 || result < -4095)
		return log_text_bad(r, "no result of this ioctl");
	ret = find_vm(r, call->pid, call->fd, call->time_ns, &vm);
	if (ret)
		return ret;
	/* Of one of several: of none is all known now */
	if (!vm)
		return log_text_lost(r, 0, SLOT_LOST_UNREAD, 1);
	request.result = result;
	return log_text_request(r, vm, &request, call->pid, call->time_ns,
				duration_ns);
}

static int suspend(struct log_text_reader *r, const struct text_call *call)
{
	if (r->nr_pending == LOG_TEXT_PENDING) {
		error_set(r->err, E2BIG, "read line %zu", r->nr);
		return error_why(r->err, "more than %d calls at a time",
				 LOG_TEXT_PENDING);
	}
	r->pending[r->nr_pending++] = *call;
	return 0;
}

/* "<... ioctl resumed>" or, of older ones, "<... ioctl resumed> )" */
static int resume(struct log_text_reader *r, struct piece s, pid_t pid)
{
	struct text_call call;
	uint64_t duration_ns;
	int64_t result;
	size_t i;

	for (i = 0; i < r->nr_pending && r->pending[i].pid != pid; i++)
		;
	if (i == r->nr_pending)
		return 0; /* of another ioctl */
	eat(&s, ">");
	eat_blanks(&s);
	eat(&s, ", ");
	call = r->pending[i];
	r->pending[i] = r->pending[--r->nr_pending];
	if (read_result(s, &result, &duration_ns))
		return ended(r, &call, result, duration_ns);
	if (piece_find(s, "= ?"))
		return log_text_lost(r, 0, SLOT_LOST_UNREAD, 1);
	return log_text_bad(r, "no result of an ioctl");
}

int strace_line(struct log_text_reader *r)
{
	struct text_call call = { .request.gmem_fd = -1 };
	uint64_t value, duration_ns;
	struct piece s = r->line;
	enum call which;
	int64_t result;
	bool since;

	read_who(r, &s, &call.pid, &call.time_ns, &since);
	/* -r: each line, whatever call it is of, tells how long after the last it is */
	if (since) {
		r->since_ns += call.time_ns;
		call.time_ns = r->since_ns;
	}
	if (eat(&s, "<... ioctl resumed"))
		return resume(r, s, call.pid);
	if (!eat(&s, "ioctl("))
		return pasted_is_prompt(r->line) ||
				       !strace_is_request(r->line) ?
			       0 :
			       log_text_bad(r, "a request behind words that "
					       "strace does not print");
	if (!text_number(&s, &value) || value > INT_MAX)
		return 0;
	call.fd = value;
	eat_file(&s);
	if (!eat(&s, ", "))
		return log_text_bad(r, "no whole ioctl");
	which = read_call(&s);
	if (which == CALL_OTHER)
		return 0;
	call.creates = which == CALL_CREATE_VM;
	call.request.region2 = which == CALL_REGION2;
	eat(&s, ", ");
	if (call.creates) {
		text_number(&s, &value); /* the type */
	} else if (piece_begins(s, "{")) {
		if (!read_region(&s, which, &call.request))
			return log_text_bad(r, "no whole memory region");
	} else {
		/* An address alone: this strace does not look behind it */
		call.request.unread = true;
		if (!eat(&s, "NULL") && !text_number(&s, &value))
			return log_text_bad(r, "no whole ioctl");
		if (piece_begins(s, " /*") && piece_find(s, "*/"))
			piece_drop(&s, piece_find(s, "*/") + 2 - s.s);
	}
	eat_blanks(&s);
	if (piece_begins(s, "<unfinished"))
		return suspend(r, &call);
	if (read_result(s, &result, &duration_ns))
		return ended(r, &call, result, duration_ns);
	if (piece_find(s, "= ?"))
		return log_text_lost(r, 0, SLOT_LOST_UNREAD, 1);
	return log_text_bad(r, "no result of an ioctl");
}
