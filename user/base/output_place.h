/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an output goes: along no link that another user has made. Who may write to a
 * folder could lead what we write, with our rights, to any file. Not pure.
 */
#ifndef SLOTSCOPE_BASE_OUTPUT_PLACE_H
#define SLOTSCOPE_BASE_OUTPUT_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include <slotscope/error.h>

/**
 * struct output_place - a folder, and a name in it
 * @folder: a descriptor of O_PATH, -1 if there is none
 * @proc:   the name is a link of /proc, such as /dev/stdout leads to: it names what is
 *	    open, and no path
 * @why:    of an error: a text that is more than the errno tells; else NULL
 */
struct output_place {
	int folder;
	char name[NAME_MAX + 1];
	bool proc;
	const char *why;
};

/**
 * output_place() - find where @path leads
 * @last: follow the last link, too; else the place is that of the link
 *
 * Links are followed if they belong to root or to who runs this. Whether there is a file
 * is not asked.
 *
 * Return: 0, then output_place_end() is due; -EPERM for a link that is another user's; or
 * another negative errno.
 */
int output_place(struct output_place *place, const char *path, bool last);

void output_place_end(struct output_place *place);

/**
 * output_place_open() - open the file that is there, to write; it is not emptied
 *
 * Return: a descriptor; -ENOENT; -ENXIO for a FIFO that nobody reads; -EPERM for what may
 * be a trap: a file of another user in a folder with the sticky bit, or one with several
 * names in a folder that is another user's; or another negative errno.
 */
int output_place_open(struct output_place *place);

/**
 * output_why() - of an output that could not be opened: why, and what to do next
 * @why: of the place, or NULL
 *
 * Return: -@err->code.
 */
int output_why(struct slotscope_error *err, const char *why);

/** output_place_make() - make the file, which is not there. A descriptor or a negative errno */
int output_place_make(struct output_place *place, mode_t mode);

#endif
