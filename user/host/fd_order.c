// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kcmp.h>

#include "host/fd_order.h"

/* Times that it may begin again as something was closed meanwhile */
#define TRIES 8

struct order {
	pid_t pid;
	int error; /* the first one */
};

/* kcmp() tells which comes first: an order as good as any to sort by */
static int compare_files(int a, int b, struct order *order)
{
	long ret = syscall(SYS_kcmp, order->pid, order->pid, KCMP_FILE,
			   (unsigned long)a, (unsigned long)b);

	if (ret >= 0 && ret <= 2)
		return ret == 1 ? -1 : ret == 2;
	if (!order->error)
		order->error = ret < 0 ? -errno : -ENOTSUP;
	return 0;
}

static int compare(const void *a, const void *b, void *opaque)
{
	int x = *(const int *)a, y = *(const int *)b;
	int ret = compare_files(x, y, opaque);

	return ret ? ret : (x > y) - (x < y);
}

static void drop_closed(pid_t pid, int *fds, size_t *nr)
{
	size_t kept = 0;

	for (size_t i = 0; i < *nr; i++) {
		struct order order = { .pid = pid };

		compare_files(fds[i], fds[i], &order);
		if (order.error != -EBADF)
			fds[kept++] = fds[i];
	}
	*nr = kept;
}

int fd_order(pid_t pid, int *fds, size_t *nr, bool *same)
{
	struct order order;

	for (int i = 0; i < TRIES; i++) {
		order = (struct order){ .pid = pid };
		qsort_r(fds, *nr, sizeof(*fds), compare, &order);
		if (*nr)
			same[0] = false;
		for (size_t j = 1; j < *nr; j++)
			same[j] = !compare_files(fds[j - 1], fds[j], &order);
		if (order.error != -EBADF)
			break;
		drop_closed(pid, fds, nr);
		order.error = -EAGAIN;
	}
	if (order.error)
		memset(same, 0, *nr * sizeof(*same));
	return order.error;
}
