/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A name that others gave, within a text of ours */
#ifndef BASE_NAME_SAY_H
#define BASE_NAME_SAY_H

#define NAME_SAY_MAX 200

/**
 * name_say() - a name in a line
 *
 * A newline in a text begins a line; one in a name is to be seen as such: "\0a". Whoever
 * prints the text makes what else is not printable visible.
 */
const char *name_say(char buf[NAME_SAY_MAX], const char *name);
#define NAME_SAY(name) name_say((char[NAME_SAY_MAX]){ 0 }, name)

#endif
