/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOST_TERMINAL_H
#define HOST_TERMINAL_H

#include <sys/ioctl.h>

/** terminal_size() - rows and columns of the terminal @fd; 24 and 80 if not known */
void terminal_size(int fd, struct winsize *out);

#endif
