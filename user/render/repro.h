/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program in C that makes the requests of a log on a fresh VM. */
#ifndef RENDER_REPRO_H
#define RENDER_REPRO_H

#include <stdio.h>

#include <slotscope/repro.h>

enum repro_form {
	REPRO_PLAIN,	 /* needs libc and linux-libc-dev alone */
	REPRO_KSELFTEST, /* one more program for selftests/kselftest */
};

/**
 * render_repro() - write it
 * @from: what the requests are from, for its first comment
 *
 * Host memory is mapped anew, in pieces that have the places of the log's to each other;
 * an address that no process can have is handed over as it is. The program's exit status is 0
 * if each request returned what it did then and the same slots are there at the end.
 */
void render_repro(FILE *out, const struct repro *repro, const char *from,
		  enum repro_form form);

#endif
