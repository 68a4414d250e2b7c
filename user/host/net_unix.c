// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/net_unix.h"

/* Of the kernel: include/linux/net.h */
#define SO_ACCEPTCON_FLAG 0x10000
#define TYPE_STREAM	  1
#define ST_CONNECTED	  3 /* SS_CONNECTED */

/* Num, RefCount, Protocol, Flags, Type, St, Inode; then the name */
enum {
	COL_FLAGS = 3,
	COL_TYPE = 4,
	COL_ST = 5,
	COL_INODE = 6,
	NR_COLS = 7,
};

/* One word of digits and the blanks after it */
static int take(const char **at, const char *end, unsigned int base,
		uint64_t *out)
{
	const char *begin = *at;
	unsigned int digit;
	uint64_t value = 0;

	for (; *at < end && **at != ' '; ++*at) {
		char c = **at;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'A' && c <= 'F')
			digit = c - 'A' + 10;
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else
			return -EINVAL;
		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return -EINVAL;
		value = value * base + digit;
	}
	if (*at == begin)
		return -EINVAL;
	while (*at < end && **at == ' ')
		++*at;
	*out = value;
	return 0;
}

static bool is_in_state(const uint64_t col[NR_COLS], enum unix_state state)
{
	if (col[COL_FLAGS] & SO_ACCEPTCON_FLAG)
		return state == UNIX_LISTENS;
	return state == UNIX_CONNECTED && col[COL_ST] == ST_CONNECTED;
}

/* Return: 1 if the line is a named socket in that state, else 0 */
static int parse_line(const char *at, const char *end, enum unix_state state,
		      struct unix_socket *out)
{
	uint64_t col[NR_COLS];
	const char *colon = memchr(at, ':', end - at);
	size_t len;
	int i;

	if (!colon || end - colon < 2 || colon[1] != ' ')
		return 0;
	at = colon + 2;
	for (i = 1; i < NR_COLS; i++)
		if (take(&at, end, i == COL_INODE ? 10 : 16, &col[i]))
			return 0;
	len = end - at;
	if (!is_in_state(col, state) || col[COL_TYPE] != TYPE_STREAM || !len ||
	    len >= sizeof(out->name))
		return 0;
	memset(out, 0, sizeof(*out));
	out->inode = col[COL_INODE];
	memcpy(out->name, at, len);
	return 1;
}

static int add(struct unix_sockets *out, size_t *cap,
	       const struct unix_socket *one)
{
	struct unix_socket *list;

	if (out->nr == *cap) {
		*cap = *cap ? *cap * 2 : 16;
		list = reallocarray(out->list, *cap, sizeof(*list));
		if (!list)
			return -ENOMEM;
		out->list = list;
	}
	out->list[out->nr++] = *one;
	return 0;
}

static int compare_inode(const void *a, const void *b)
{
	const struct unix_socket *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

int unix_sockets_parse(const char *text, size_t len, enum unix_state state,
		       struct unix_sockets *out)
{
	static const char heading[] = "Num ";
	const char *at = text, *end = text + len, *stop;
	struct unix_socket one;
	size_t cap = 0, i;

	memset(out, 0, sizeof(*out));
	if (len < sizeof(heading) - 1 ||
	    memcmp(text, heading, sizeof(heading) - 1))
		return -EINVAL;
	for (; at < end; at = stop + 1) {
		/* A line without its newline may lack a part of its name */
		stop = memchr(at, '\n', end - at);
		if (!stop)
			break;
		if (parse_line(at, stop, state, &one) && add(out, &cap, &one)) {
			unix_sockets_deinit(out);
			return -ENOMEM;
		}
	}
	if (out->nr)
		qsort(out->list, out->nr, sizeof(*out->list), compare_inode);
	for (i = 1; i < out->nr; i++)
		if (out->list[i].inode == out->list[i - 1].inode)
			out->list[i].doubtful = out->list[i - 1].doubtful =
				true;
	return 0;
}

void unix_sockets_deinit(struct unix_sockets *sockets)
{
	free(sockets->list);
	memset(sockets, 0, sizeof(*sockets));
}

const struct unix_socket *unix_sockets_find(const struct unix_sockets *sockets,
					    uint64_t inode)
{
	struct unix_socket key = { .inode = inode }, *found;

	if (!sockets->nr)
		return NULL;
	found = bsearch(&key, sockets->list, sockets->nr, sizeof(key),
			compare_inode);
	return found && !found->doubtful ? found : NULL;
}
