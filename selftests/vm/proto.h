/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAB_PROTO_H
#define LAB_PROTO_H

#include <stdint.h>

/*
 * What the lab's host side (labctl) and its guest side (init) say to each other
 * over one virtio-serial port. Each frame is a header and @len bytes. Numbers
 * are in the byte order of x86, which both ends are.
 *
 * One port carries all, so that order is kept: when LAB_EXIT has arrived, so
 * has every byte of output before it.
 */
struct lab_frame {
	uint32_t type;
	uint32_t len;
};

#define LAB_PORT	"slotlab"
#define LAB_FRAME_MAX	(64u << 10)
#define LAB_REQUEST_MAX (8u << 20)

enum lab_frame_type {
	/* guest to host */
	LAB_READY =
		1, /* booted, waiting for a request: the moment of a snapshot */
	LAB_STARTED, /* the request is understood; the command runs from here on */
	LAB_STDOUT,
	LAB_STDERR,
	LAB_KLOG,   /* the kernel's log as text, after a problem */
	LAB_EXIT,   /* struct lab_exit: the last frame */
	LAB_FAILED, /* text: why the command could not be run */

	/* host to guest */
	LAB_REQUEST, /* struct lab_request and its strings */
	LAB_STDIN,   /* only with a terminal */
	LAB_WINSIZE, /* struct lab_winsize */
	LAB_TICK,    /* nothing: see session.c's TICK_MS */

	/* both ways: tell why the command does not end; that has been told */
	LAB_STUCK,
};

struct lab_winsize {
	uint16_t rows;
	uint16_t cols;
};

/**
 * struct lab_request - what to run
 * @sec: the host's time of day
 * @nsec: its nanoseconds
 * @seed: randomness, since a snapshot's own is the same each time
 * @tty: give the command a terminal
 * @winsize: of that terminal
 * @nmounts: how many directories are writable on the host
 * @nargs: how many words of the command
 * @nenv: how many environment variables
 *
 * Followed by NUL-terminated strings: the working directory, the directory of
 * the kernel's modules on the host, @nmounts paths, @nargs words, @nenv
 * assignments.
 */
struct lab_request {
	int64_t sec;
	uint32_t nsec;
	uint8_t seed[32];
	uint16_t tty;
	uint16_t nmounts;
	struct lab_winsize winsize;
	uint32_t nargs;
	uint32_t nenv;
};

/**
 * struct lab_exit - how it ended
 * @status: exit status of the command, 128 + N if signal N ended it
 * @problems: kernel warnings, oopses and the like, since the kernel booted
 */
struct lab_exit {
	uint32_t status;
	uint32_t problems;
};

#endif
