/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers of the texts of log_text.h share */
#ifndef VIEW_LOG_TEXT_READER_H
#define VIEW_LOG_TEXT_READER_H

#include "base/pasted.h"
#include "view/log_text.h"

/* Far above what any text has; bounds the work that a hostile one can cause */
#define LOG_TEXT_VMS	 1024
#define LOG_TEXT_PENDING 1024

/**
 * struct text_vm - a VM of which a text tells
 * @pid: who made it, or was first seen to use it; 0: the text does not tell
 * @fd:	 -1: the text does not tell
 */
struct text_vm {
	uint64_t serial;
	pid_t pid;
	int fd;
};

/** struct text_call - a call that is under way: strace's "unfinished" */
struct text_call {
	pid_t pid;
	bool creates; /* KVM_CREATE_VM; else a request */
	int fd;
	uint64_t time_ns;
	struct slot_request request;
};

/**
 * struct log_text_reader - a text that is being read
 * @line: that is being read, cleaned
 * @begin: of it, before it was cleaned
 * @nr:	  its number, from 1
 * @since_ns: strace -r: from the first line to this one
 */
struct log_text_reader {
	struct piece line;
	const char *begin;
	size_t nr;
	uint64_t since_ns;
	struct slot_log *log;
	struct slotscope_error *err;
	struct text_vm vms[LOG_TEXT_VMS];
	size_t nr_vms;
	uint64_t serials;
	struct text_call pending[LOG_TEXT_PENDING];
	size_t nr_pending;
};

/* One line; 0 or a negative errno with @r->err filled */
int strace_line(struct log_text_reader *r);
int qemu_trace_line(struct log_text_reader *r);

/** strace_is_request() - does strace print a call here that makes a VM or a slot? */
bool strace_is_request(struct piece line);

/** log_text_bad() - say what is wrong with the line; -EINVAL */
int log_text_bad(struct log_text_reader *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** log_text_lost() - @count events are missing here; of any VM with @serial 0 */
int log_text_lost(struct log_text_reader *r, uint64_t serial,
		  enum slot_lost_reason reason, uint64_t count);

/** log_text_vm() - one more VM; @created: its whole life is in the text */
int log_text_vm(struct log_text_reader *r, pid_t pid, int fd, uint64_t time_ns,
		bool created, struct text_vm **out);

/** log_text_request() - a request, with its result */
int log_text_request(struct log_text_reader *r, const struct text_vm *vm,
		     const struct slot_request *request, pid_t pid,
		     uint64_t time_ns, uint64_t duration_ns);

/**
 * text_number() - a number at the front of @s, as strtoull() reads it
 *
 * With a sign, if it has one: two's complement. Return: false, @s as it was.
 */
bool text_number(struct piece *s, uint64_t *out);

/** text_seconds() - "12.345" at the front of @s, in ns; likewise */
bool text_seconds(struct piece *s, uint64_t *ns);

/**
 * text_key() - what stands behind "KEY" in @s, a number
 * @key: with what follows it: "gpa=", "Slot#". It begins a word
 */
bool text_key(struct piece s, const char *key, uint64_t *out);
/** text_after() - what stands behind @key, which begins a word; s NULL: it is not there */
struct piece text_after(struct piece s, const char *key);

#endif
