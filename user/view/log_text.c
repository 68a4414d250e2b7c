// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/log_text_reader.h"

/* Without quote marks and blanks */
static struct piece cleaned(struct piece line)
{
	piece_drop(&line, pasted_quote(line));
	return piece_trimmed(line);
}

enum log_text log_text_kind(const char *text, size_t len)
{
	struct piece all = { text, len };
	enum log_text kind = LOG_TEXT_NONE;
	struct piece line;

	/* strace of a QEMU has what that prints in a write(): it comes first */
	while (piece_line(&all, &line)) {
		if (strace_is_request(line))
			return LOG_TEXT_STRACE;
		if (piece_find(line, "kvm_set_user_memory"))
			kind = LOG_TEXT_QEMU;
	}
	return kind;
}

const char *log_text_name(enum log_text kind)
{
	static const char *const names[] = {
		[LOG_TEXT_NONE] = "a text without requests",
		[LOG_TEXT_STRACE] = "strace's output",
		[LOG_TEXT_QEMU] = "QEMU's trace log",
	};

	return names[kind];
}

int log_text_bad(struct log_text_reader *r, const char *fmt, ...)
{
	char shown[65], why[160];
	va_list ap;
	size_t i;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	for (i = 0; i < r->line.len && i < sizeof(shown) - 1; i++)
		shown[i] = r->line.s[i] >= ' ' && r->line.s[i] <= '~' ?
				   r->line.s[i] :
				   '.';
	shown[i] = '\0';
	error_set(r->err, EINVAL, "read line %zu", r->nr);
	return error_why(r->err, "%s: \"%s\"", why, shown);
}

static int add(struct log_text_reader *r, struct slot_event *event)
{
	const struct slot_event *before =
		r->log->nr ? &r->log->events[r->log->nr - 1] : NULL;
	int ret;

	event->seq = before ? before->seq + 1 : 1;
	if (before && before->type == SLOT_EVENT_LOST)
		event->seq += before->lost.count - 1;
	ret = slot_log_add(r->log, event);
	return ret ? error_set(r->err, ret, "keep line %zu", r->nr) : 0;
}

int log_text_lost(struct log_text_reader *r, uint64_t serial,
		  enum slot_lost_reason reason, uint64_t count)
{
	struct slot_event event = {
		.type = SLOT_EVENT_LOST,
		.serial = serial,
		.lost = { reason, count },
	};

	return add(r, &event);
}

int log_text_vm(struct log_text_reader *r, pid_t pid, int fd, uint64_t time_ns,
		bool created, struct text_vm **out)
{
	struct slot_event event = {
		.type = SLOT_EVENT_VM_CREATE,
		.time_ns = time_ns,
		.tgid = pid,
		.tid = pid,
	};

	if (r->nr_vms == LOG_TEXT_VMS) {
		error_set(r->err, E2BIG, "read line %zu", r->nr);
		return error_why(r->err, "more than %d VMs at a time",
				 LOG_TEXT_VMS);
	}
	*out = &r->vms[r->nr_vms++];
	**out = (struct text_vm){ ++r->serials, pid, fd };
	event.serial = (*out)->serial;
	event.vm.serial = event.serial;
	event.vm.tgid = pid;
	event.vm.fd = fd;
	return created ? add(r, &event) : 0;
}

int log_text_request(struct log_text_reader *r, const struct text_vm *vm,
		     const struct slot_request *request, pid_t pid,
		     uint64_t time_ns, uint64_t duration_ns)
{
	struct slot_event event = {
		.type = SLOT_EVENT_REQUEST,
		.serial = vm->serial,
		.time_ns = time_ns,
		.duration_ns = duration_ns,
		.tgid = vm->pid,
		.tid = pid,
		.request = *request,
	};

	return add(r, &event);
}

static bool hex_value(char c, unsigned int *value)
{
	if (c >= '0' && c <= '9')
		*value = c - '0';
	else if (c >= 'a' && c <= 'f')
		*value = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		*value = c - 'A' + 10;
	else
		return false;
	return true;
}

bool text_number(struct piece *s, uint64_t *out)
{
	struct piece rest = *s;
	bool negative = piece_begins(rest, "-");
	unsigned int base = 10, digit;
	uint64_t value = 0;
	size_t nr = 0;

	if (negative)
		piece_drop(&rest, 1);
	if (piece_begins(rest, "0x")) {
		piece_drop(&rest, 2);
		base = 16;
	}
	for (; nr < rest.len && hex_value(rest.s[nr], &digit) && digit < base;
	     nr++) {
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	if (!nr)
		return false;
	piece_drop(&rest, nr);
	*s = rest;
	*out = negative ? -value : value;
	return true;
}

bool text_seconds(struct piece *s, uint64_t *ns)
{
	struct piece rest = *s;
	uint64_t seconds, unit = 1000000000;

	if (!rest.len || rest.s[0] < '0' || rest.s[0] > '9' ||
	    piece_begins(rest, "0x") || !text_number(&rest, &seconds) ||
	    !piece_begins(rest, ".") || seconds > UINT64_MAX / unit - 1)
		return false;
	*ns = seconds * unit;
	for (piece_drop(&rest, 1);
	     rest.len && rest.s[0] >= '0' && rest.s[0] <= '9';
	     piece_drop(&rest, 1)) {
		unit /= 10;
		*ns += unit * (rest.s[0] - '0');
	}
	*s = rest;
	return true;
}

struct piece text_after(struct piece s, const char *key)
{
	const char *begin = s.s, *at;

	while ((at = piece_find(s, key))) {
		piece_drop(&s, at - s.s + strlen(key));
		if (at == begin || strchr(" \t{,(:", at[-1]))
			return s;
	}
	return (struct piece){};
}

bool text_key(struct piece s, const char *key, uint64_t *out)
{
	struct piece after = text_after(s, key);

	return after.s && text_number(&after, out);
}

static int read_line(struct log_text_reader *r, enum log_text kind)
{
	if (!r->line.len || pasted_is_fence(r->line))
		return 0;
	if (pasted_is_ellipsis(r->line))
		return log_text_lost(r, 0, SLOT_LOST_GAP, 1);
	return kind == LOG_TEXT_STRACE ? strace_line(r) : qemu_trace_line(r);
}

static int no_request(struct slotscope_error *err)
{
	error_set(err, EINVAL, "read requests");
	error_why(err, "there is none in the text: no ioctl "
		       "KVM_SET_USER_MEMORY_REGION as strace prints it, and no "
		       "kvm_set_user_memory of a QEMU trace log");
	return error_next(err, "record with strace -f -e trace=ioctl -o FILE, "
			       "or with QEMU's -trace kvm_set_user_memory -D "
			       "FILE");
}

int log_text_read(const char *text, size_t len, struct slot_log *log,
		  struct slotscope_error *err)
{
	enum log_text kind = log_text_kind(text, len);
	const size_t unended = pasted_unended(text, len);
	struct piece all = { text, len - unended };
	struct log_text_reader *r;
	int ret = 0;

	if (memchr(text, '\0', len)) {
		error_set(err, EINVAL, "read requests");
		return error_why(err, "it holds NUL bytes: no text");
	}
	if (kind == LOG_TEXT_NONE)
		return no_request(err);
	r = calloc(1, sizeof(*r));
	if (!r)
		return error_set(err, ENOMEM, "read requests");
	r->log = log;
	r->err = err;
	pasted_bom(&all);
	while (!ret && piece_line(&all, &r->line)) {
		r->nr++;
		r->begin = r->line.s;
		r->line = cleaned(r->line);
		ret = read_line(r, kind);
	}
	if (!ret && unended)
		ret = log_text_lost(r, 0, SLOT_LOST_CUT, 1);
	/* What became of calls that were under way at the end? */
	if (!ret && r->nr_pending)
		ret = log_text_lost(r, 0, SLOT_LOST_CUT, r->nr_pending);
	free(r);
	return ret;
}
