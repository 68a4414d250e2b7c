/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAB_GUEST_H
#define LAB_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include "../proto.h"

/* port.c: frames to and from the host. These never fail: without the host
 * there is nobody left to tell.
 */
void port_open(void);
int port_fd(void);
void port_send(enum lab_frame_type type, const void *data, size_t len);
char *port_receive(struct lab_frame *frame);
_Noreturn void fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* klog.c: what the kernel says about itself */
void klog_open(void);
int klog_fd(void);
void klog_poll(void);
unsigned int klog_problems(void);
void klog_send(void);

/* The number behind @key (NULL: at the beginning) in the file @path, or 0 */
unsigned long read_number(const char *path, const char *key);

/* races.c: what KCSAN reports, if the kernel has it */
void races_watch(void);
void races_begin(const char *text);
void races_ours(void);
unsigned int races_tell(unsigned int lost);

/* root.c: from the initramfs to a world that looks like the host */
void kernel_mounts(void);
void load_modules(void);
void enter_root(char *const *mounts, unsigned int nmounts, const char *modules);
void sync_mounts(void);

/* stuck.c: for a command that does not end, tell what it does */
void stuck_report(void);

/* command.c: run it, pass on what it says, return its exit status */
struct command {
	char **argv;
	char **envp;
	const char *cwd;
	int tty;
	struct lab_winsize winsize;
};
uint32_t command_run(const struct command *cmd);

#endif
