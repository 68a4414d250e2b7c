// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include "host/proc_file.h"
#include "host/unix_peer.h"

#define NO_COOKIE UINT32_MAX
#define WAIT_MS	  1000

struct request {
	struct nlmsghdr head;
	struct unix_diag_req req;
};

static int ask(int sock, uint64_t inode)
{
	const struct request request = {
		.head = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.req = {
			.sdiag_family = AF_UNIX,
			.udiag_states = UINT32_MAX,
			.udiag_ino = inode,
			.udiag_show = UDIAG_SHOW_PEER,
			.udiag_cookie = { NO_COOKIE, NO_COOKIE },
		},
	};

	return send(sock, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

static int take_answer(const struct nlmsghdr *head, size_t len, uint64_t *peer)
{
	const struct unix_diag_msg *msg = NLMSG_DATA(head);
	const struct rtattr *attr = (const void *)(msg + 1);
	uint32_t value;

	if (!NLMSG_OK(head, len))
		return -EPROTO;
	if (head->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *error = NLMSG_DATA(head);

		return error->error ? error->error : -EPROTO;
	}
	if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    head->nlmsg_len < NLMSG_LENGTH(sizeof(*msg)))
		return -EPROTO;
	len = head->nlmsg_len - NLMSG_LENGTH(sizeof(*msg));
	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len)) {
		if (attr->rta_type != UNIX_DIAG_PEER ||
		    RTA_PAYLOAD(attr) < sizeof(value))
			continue;
		memcpy(&value, RTA_DATA(attr), sizeof(value));
		*peer = value;
		return value ? 0 : -ENOENT;
	}
	return -ENOENT;
}

int unix_peer(uint64_t inode, uint64_t *peer)
{
	const struct timeval wait = { .tv_sec = WAIT_MS / 1000 };
	union {
		struct nlmsghdr head;
		char bytes[4096];
	} answer;
	ssize_t len;
	int sock, ret;

	if (inode > UINT32_MAX)
		return -EOPNOTSUPP;
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (sock < 0)
		return -errno;
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	ret = ask(sock, inode);
	if (!ret) {
		len = recv(sock, &answer, sizeof(answer), 0);
		ret = len < 0 ? -errno : take_answer(&answer.head, len, peer);
	}
	close(sock);
	return ret;
}

int socket_inode(int dir, const char *name, uint64_t *inode)
{
	char link[48];
	ssize_t n = proc_readlink(dir, name, link, sizeof(link));
	int end = 0;

	if (n < 0)
		return n == -EINVAL ? -ENOENT :
				      n; /* "." and ".." are no links */
	if (sscanf(link, "socket:[%" SCNu64 "]%n", inode, &end) != 1 ||
	    end != n)
		return -ENOENT;
	return 0;
}

static bool holds(int proc, const char *pid, uint64_t inode)
{
	struct dirent *entry;
	uint64_t one;
	char path[32];
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "%.20s/fd", pid);
	if (proc_opendir(proc, path, &dir))
		return false;
	while (!found && (entry = readdir(dir)))
		found = !socket_inode(dirfd(dir), entry->d_name, &one) &&
			one == inode;
	closedir(dir);
	return found;
}

pid_t socket_holder(uint64_t inode)
{
	struct dirent *entry;
	long lowest = -ENOENT, pid;
	DIR *dir;

	if (proc_opendir(AT_FDCWD, "/proc", &dir))
		return -ENOENT;
	while ((entry = readdir(dir))) {
		pid = strtol(entry->d_name, NULL, 10);
		if (pid > 0 && (lowest < 0 || pid < lowest) &&
		    holds(dirfd(dir), entry->d_name, inode))
			lowest = pid;
	}
	closedir(dir);
	return lowest;
}
