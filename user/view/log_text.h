/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that another tool has written down, as a log: what strace(1) prints of
 * ioctls, and QEMU's trace event kvm_set_user_memory. Pure.
 *
 * A text may be pasted (base/pasted.h), and mixed with what else a tool prints:
 * lines that are about no request are passed over. One that is, and cannot be
 * read, is an error: a request that is missed is no part of the log, and nobody
 * would know. Of what was left out there is a LOST event.
 */
#ifndef VIEW_LOG_TEXT_H
#define VIEW_LOG_TEXT_H

#include <slotscope/error.h>
#include <slotscope/view.h>

enum log_text {
	LOG_TEXT_NONE, /* neither: it has no request */
	LOG_TEXT_STRACE,
	LOG_TEXT_QEMU,
};

/** log_text_kind() - whose text is it? By the first line that has a request */
enum log_text log_text_kind(const char *text, size_t len);

/** log_text_name() - "strace's output", "QEMU's trace log" */
const char *log_text_name(enum log_text kind);

/**
 * log_text_read() - the requests of a text
 * @text: need not end with NUL
 * @log:  initialised by the caller; events are added to it. They are numbered in
 *	  the order of the text, from 1 on, and so are the VMs (serial)
 *
 * VM_CREATE is there where the text has it: strace's KVM_CREATE_VM, or the event
 * kvm_ioctl with which QEMU makes its VM, or the first growth of its slot table.
 * Else nothing tells what slots stood before. tgid and tid are those of the text; 0
 * where it has none. Times are those of the text, of whatever clock. A last line
 * without a newline may be cut, even where it seems whole: it is not taken, and a
 * LOST of SLOT_LOST_CUT stands for it.
 *
 * Return: 0, -ENOMEM, -E2BIG, or -EINVAL (@err names the line).
 */
int log_text_read(const char *text, size_t len, struct slot_log *log,
		  struct slotscope_error *err);

#endif
