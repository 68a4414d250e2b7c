/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file for recordings, in a directory of its own */
#ifndef RECORDING_MAKE_H
#define RECORDING_MAKE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <slotscope/error.h>

static char dir[] = "/tmp/slotscope-recording-XXXXXX";
static char file[64];

static struct slotscope_error err;

static int setup(void **unused)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/a.rec", dir);
	return 0;
}

static int teardown(void **unused)
{
	unlink(file);
	return rmdir(dir);
}

#endif
