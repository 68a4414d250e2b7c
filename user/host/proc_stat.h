/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOST_PROC_STAT_H
#define HOST_PROC_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct proc_stat - what we need of /proc/PID/stat
 * @comm:	the name, without the parentheses; as the kernel gives it, so it
 *		may hold any byte but NUL
 * @state:	'R', 'S', ... 'Z'
 * @ppid:	the parent; 0 if it is in another pid namespace, or there is none
 * @kthread:	a kernel thread
 * @start_time: field 22, in clock ticks since boot
 * @start_code: field 26, and
 * @start_stack: field 28: of its program in memory; no addresses (0, 1) to whoever
 *		may not look into it, and once it has ended
 */
struct proc_stat {
	pid_t pid;
	char comm[65];
	char state;
	pid_t ppid;
	bool kthread;
	uint64_t start_time;
	uint64_t start_code;
	uint64_t start_stack;
};

/**
 * proc_stat_parse() - read the text of /proc/PID/stat; see proc_pid_stat(5)
 *
 * Return: 0, or -EINVAL for text that is none, or is cut short.
 */
int proc_stat_parse(const char *text, size_t len, struct proc_stat *out);

/**
 * proc_status_tgid() - the line "Tgid:" of the text of /proc/PID/status
 *
 * Return: the id, or -EINVAL.
 */
pid_t proc_status_tgid(const char *text, size_t len);

#endif
