// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lab's PID 1, linked statically, the only program of the initramfs. It
 * boots to a ready state, waits for one request, runs it, and reports.
 */
#include <fcntl.h>
#include <linux/random.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

static void lo_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo",
			     .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0) {
		ioctl(fd, SIOCSIFFLAGS, &ifr);
		close(fd);
	}
}

/* A restored snapshot has the time and the random state of its making. */
static void refresh(const struct lab_request *rq)
{
	struct timespec now = { .tv_sec = rq->sec, .tv_nsec = rq->nsec };
	struct {
		struct rand_pool_info info;
		uint8_t seed[sizeof(rq->seed)];
	} pool = { .info = { .entropy_count = 8 * sizeof(rq->seed),
			     .buf_size = sizeof(rq->seed) } };
	int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);

	clock_settime(CLOCK_REALTIME, &now);
	memcpy(pool.seed, rq->seed, sizeof(pool.seed));
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) ||
	    ioctl(fd, RNDRESEEDCRNG))
		fail("the random seed could not be set");
	close(fd);
}

/* Cut the next @n strings out of the request: an array that ends with NULL. */
static char **take_strings(char **at, const char *end, size_t n)
{
	char **list = calloc(n + 1, sizeof(*list));

	for (size_t i = 0; list && i < n; i++) {
		if (*at >= end)
			fail("the request is cut short");
		list[i] = *at;
		*at += strlen(*at) + 1;
	}
	if (!list)
		fail("no memory for the request");
	return list;
}

static void serve(void)
{
	char *data, *at, *end, **paths, **mounts;
	struct lab_exit ended = { 0 };
	struct command cmd = { 0 };
	struct lab_request rq;
	struct lab_frame f;

	data = port_receive(&f);
	if (f.type != LAB_REQUEST || f.len < sizeof(rq))
		fail("not a request: frame of type %u", f.type);
	memcpy(&rq, data, sizeof(rq));
	at = data + sizeof(rq);
	end = data + f.len;
	refresh(&rq);
	paths = take_strings(&at, end, 2);
	mounts = take_strings(&at, end, rq.nmounts);
	cmd.argv = take_strings(&at, end, rq.nargs);
	cmd.envp = take_strings(&at, end, rq.nenv);
	cmd.cwd = paths[0];
	cmd.tty = rq.tty;
	cmd.winsize = rq.winsize;
	if (!rq.nargs)
		fail("the request has no command");

	enter_root(mounts, rq.nmounts, paths[1]);
	races_watch();
	port_send(LAB_STARTED, NULL, 0);
	ended.status = command_run(&cmd);
	sync_mounts();
	ended.problems = klog_problems();
	if (ended.problems)
		klog_send();
	port_send(LAB_EXIT, &ended, sizeof(ended));
}

int main(void)
{
	/* Debian's own: init's default hard limit of 4096 is too few for some */
	struct rlimit files = { .rlim_cur = 1024, .rlim_max = 524288 };

	kernel_mounts();
	load_modules();
	port_open();
	klog_open();
	sethostname("slotlab", strlen("slotlab"));
	setrlimit(RLIMIT_NOFILE, &files);
	lo_up();
	klog_poll();
	/* quiet until here; from here on the console is a hung guest's witness */
	klogctl(8, NULL, 8);
	port_send(LAB_READY, NULL, 0);
	serve();
	for (;;)
		pause();
}
