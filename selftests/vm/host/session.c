// SPDX-License-Identifier: GPL-2.0-or-later
/* One command in one guest: send the request, pass on its output. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "labctl.h"

/* Frames are put together here: the next one starts at the front. */
struct inbox {
	char data[2 * LAB_FRAME_MAX];
	size_t len;
};

/* What belongs to this login on the host and means nothing in the guest, or
 * (make's) names descriptors that it does not have.
 */
static const char *const not_passed[] = {
	"DBUS_SESSION_BUS_ADDRESS=",
	"DISPLAY=",
	"MAKEFLAGS=",
	"MAKELEVEL=",
	"MFLAGS=",
	"SSH_AUTH_SOCK=",
	"TMUX=",
	"TMUX_PANE=",
	"WAYLAND_DISPLAY=",
	"XDG_RUNTIME_DIR=",
};

static volatile sig_atomic_t resized;

static void on_winch(int sig)
{
	(void)sig;
	resized = 1;
}

static bool passed(const char *var)
{
	for (size_t i = 0; i < sizeof(not_passed) / sizeof(not_passed[0]); i++)
		if (!strncmp(var, not_passed[i], strlen(not_passed[i])))
			return false;
	return true;
}

static struct lab_winsize terminal_size(void)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws);
	return (struct lab_winsize){ .rows = ws.ws_row, .cols = ws.ws_col };
}

/*
 * QEMU's TCG (seen in 7.2) loses an interrupt now and then that comes just as
 * the guest enters or leaves a nested guest: helper_vmrun() and do_vmexit()
 * change the CPU's interrupt_request without a lock, while another thread adds
 * to it. If that was the timer's, nothing else is scheduled any more beside a
 * nested guest that spins. The next interrupt, whichever, makes up for it, so we
 * see to it that there is one.
 */
#define TICK_MS 500

static bool send_frame(struct vm *vm, enum lab_frame_type type,
		       const void *data, size_t len)
{
	struct lab_frame f = { .type = type, .len = len };

	return write_all(vm->port, &f, sizeof(f)) &&
	       write_all(vm->port, data, len);
}

static long long tick(struct vm *vm, long long due)
{
	struct pollfd p = { .fd = vm->port, .events = POLLOUT };

	if (now_ms() < due)
		return due;
	/* A guest that reads no more must not hold us as well */
	if (poll(&p, 1, 0) > 0 && (p.revents & POLLOUT))
		send_frame(vm, LAB_TICK, NULL, 0);
	return now_ms() + TICK_MS;
}

static bool send_request(struct vm *vm, const struct options *o)
{
	struct lab_request rq = { .tty = o->tty,
				  .nmounts = o->nmounts,
				  .nargs = o->argc,
				  .winsize = terminal_size() };
	struct timespec now;
	char *data = NULL, *cwd;
	size_t len = 0;
	FILE *f = open_memstream(&data, &len);
	bool ok = false;

	cwd = getcwd(NULL, 0);
	if (!f || !cwd ||
	    getrandom(rq.seed, sizeof(rq.seed), 0) != sizeof(rq.seed))
		goto out;
	for (char **e = environ; *e; e++)
		rq.nenv += passed(*e);
	clock_gettime(CLOCK_REALTIME, &now);
	rq.sec = now.tv_sec;
	rq.nsec = now.tv_nsec;
	fwrite(&rq, sizeof(rq), 1, f);
	fwrite(cwd, strlen(cwd) + 1, 1, f);
	fwrite(o->modules, strlen(o->modules) + 1, 1, f);
	for (unsigned int i = 0; i < o->nmounts; i++)
		fwrite(o->mounts[i], strlen(o->mounts[i]) + 1, 1, f);
	for (unsigned int i = 0; i < o->argc; i++)
		fwrite(o->argv[i], strlen(o->argv[i]) + 1, 1, f);
	for (char **e = environ; *e; e++)
		if (passed(*e))
			fwrite(*e, strlen(*e) + 1, 1, f);
out:
	if (f && !fclose(f) && cwd)
		ok = send_frame(vm, LAB_REQUEST, data, len);
	if (!ok)
		note("the request could not be sent: %s", strerror(errno));
	free(cwd);
	free(data);
	return ok;
}

/* Read what is there. Returns false when QEMU has closed the port. */
static bool fill(struct vm *vm, struct inbox *in)
{
	ssize_t n =
		read(vm->port, in->data + in->len, sizeof(in->data) - in->len);

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	in->len += n;
	return true;
}

/* The frame at the front, or NULL if it is not whole yet. */
static const struct lab_frame *front(const struct inbox *in)
{
	const struct lab_frame *f = (const void *)in->data;

	if (in->len < sizeof(*f) || in->len < sizeof(*f) + f->len)
		return NULL;
	return f;
}

static void drop_front(struct inbox *in)
{
	size_t size = sizeof(struct lab_frame) + front(in)->len;

	memmove(in->data, in->data + size, in->len - size);
	in->len -= size;
}

/**
 * session_wait_ready() - wait until the guest has booted
 *
 * Return: 0, or -1 with a message and the console's log.
 */
int session_wait_ready(struct vm *vm, const struct options *o)
{
	long long end = now_ms() + o->boot_seconds * 1000ll;
	struct inbox *in = calloc(1, sizeof(*in));
	const struct lab_frame *f = NULL;
	int ret = -1;

	while (in && !(f = front(in))) {
		struct pollfd p[] = { { .fd = vm->port, .events = POLLIN },
				      { .fd = vm->console, .events = POLLIN } };
		long long left = end - now_ms();

		if (left <= 0) {
			note("the guest did not boot within %u s",
			     o->boot_seconds);
			break;
		}
		if (poll(p, 2, left) < 0)
			continue;
		if (p[1].revents)
			console_read(vm, o->verbose);
		if (p[0].revents && !fill(vm, in)) {
			console_drain(vm, o->verbose);
			note("QEMU ended before the guest had booted");
			break;
		}
	}
	if (f && f->type == LAB_READY)
		ret = 0;
	else if (f)
		note("the guest could not boot: %.*s", (int)f->len,
		     in->data + sizeof(*f));
	if (ret)
		console_show(vm);
	free(in);
	return ret;
}

static int ended(const struct lab_frame *f)
{
	const struct lab_exit *e = (const void *)(f + 1);

	if (f->len != sizeof(*e))
		return EXIT_SETUP;
	if (!e->problems)
		return e->status;
	note("the guest's kernel reported a problem, see above; the command's own exit status was %u",
	     e->status);
	return EXIT_KERNEL;
}

/* Returns -1 to go on, else the exit status. */
static int handle(const struct lab_frame *f, bool *started)
{
	const char *data = (const char *)(f + 1);

	switch (f->type) {
	case LAB_STARTED:
		*started = true;
		return -1;
	case LAB_STDOUT:
		if (!write_all(STDOUT_FILENO, data, f->len)) {
			note("standard output: %s", strerror(errno));
			return EXIT_SETUP;
		}
		return -1;
	case LAB_STDERR:
	case LAB_KLOG:
		write_all(STDERR_FILENO, data, f->len);
		return -1;
	case LAB_EXIT:
		return ended(f);
	case LAB_FAILED:
		note("in the guest: %.*s", (int)f->len, data);
		return EXIT_SETUP;
	default:
		return -1;
	}
}

/* Returns false when there is no more to come. */
static bool pass_stdin(struct vm *vm)
{
	char buf[4096];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return true;
	if (n > 0)
		return send_frame(vm, LAB_STDIN, buf, n);
	/* a terminal's way to say end of file */
	send_frame(vm, LAB_STDIN, "\x04", 1);
	return false;
}

static int died(struct vm *vm, const struct options *o, bool started)
{
	console_drain(vm, o->verbose);
	note("the guest died %s", started ? "while the command ran" :
					    "before the command was started");
	console_show(vm);
	return EXIT_KERNEL;
}

/*
 * Ask the guest what its processes wait for. A guest that does not even answer
 * gets an NMI, on which its kernel shows where it is, and dies.
 */
static void ask_why(struct vm *vm, const struct options *o, struct inbox *in)
{
	long long end = now_ms() + 3000;
	const struct lab_frame *f;
	bool answered = false, started;

	send_frame(vm, LAB_STUCK, NULL, 0);
	while (!answered && now_ms() < end) {
		struct pollfd p[] = { { .fd = vm->port, .events = POLLIN },
				      { .fd = vm->console, .events = POLLIN } };

		if (poll(p, 2, 100) <= 0)
			continue;
		if ((p[1].revents && !console_read(vm, o->verbose)) ||
		    (p[0].revents && !fill(vm, in)))
			return;
		while ((f = front(in))) {
			answered = answered || f->type == LAB_STUCK;
			handle(f, &started);
			drop_front(in);
		}
	}
	if (!answered) {
		note("the guest does not answer: asking its kernel by an NMI where it is");
		qmp_send(vm,
			 "{\"execute\":\"qmp_capabilities\"}"
			 "{\"execute\":\"inject-nmi\"}",
			 -1);
	}
	console_watch(vm, o->verbose, answered ? 100 : 1000);
}

/* A guest that hangs because its kernel broke is reported as broken. */
static int timed_out(struct vm *vm, const struct options *o, struct inbox *in,
		     bool started)
{
	bool broken;

	console_drain(vm, o->verbose);
	broken = console_problem(vm);
	note("the command did not %s within %u s%s", started ? "end" : "start",
	     started ? o->seconds : o->boot_seconds,
	     broken ? ", and the guest's kernel reported a problem" : "");
	if (!broken)
		ask_why(vm, o, in);
	console_show(vm);
	return broken ? EXIT_KERNEL : EXIT_TIME;
}

/**
 * session_run() - run the command in a guest that is ready
 * @started: set when the command may have begun to run
 *
 * Return: the exit status for our own caller.
 */
int session_run(struct vm *vm, const struct options *o, bool *started)
{
	long long end = now_ms() + o->boot_seconds * 1000ll;
	long long due = 0;
	struct inbox *in = calloc(1, sizeof(*in));
	bool input = o->tty;
	int status = -1;

	if (!in || !send_request(vm, o)) {
		free(in);
		return EXIT_SETUP;
	}
	if (o->tty)
		sigaction(SIGWINCH,
			  &(struct sigaction){ .sa_handler = on_winch }, NULL);
	while (status < 0) {
		struct pollfd p[] = {
			{ .fd = vm->port, .events = POLLIN },
			{ .fd = vm->console, .events = POLLIN },
			{ .fd = input ? STDIN_FILENO : -1, .events = POLLIN },
			{ .fd = vm->qmp, .events = POLLIN },
		};
		long long left = end ? end - now_ms() : -1;
		const struct lab_frame *f;
		char events[512];

		if (end && left <= 0) {
			status = timed_out(vm, o, in, *started);
			break;
		}
		if (*started) {
			due = tick(vm, due);
			if (!end || left > TICK_MS)
				left = TICK_MS;
		}
		if (poll(p, 4, left) < 0)
			p[0].revents = p[1].revents = p[2].revents =
				p[3].revents = 0;
		if (resized) {
			struct lab_winsize size = terminal_size();

			resized = 0;
			send_frame(vm, LAB_WINSIZE, &size, sizeof(size));
		}
		/* the end of QEMU; the port may still hold what came before it */
		if (p[1].revents && !console_read(vm, o->verbose))
			console_close(vm);
		if (p[2].revents)
			input = pass_stdin(vm);
		if (p[3].revents)
			(void)!read(vm->qmp, events, sizeof(events));
		if (p[0].revents && !fill(vm, in))
			status = died(vm, o, *started);
		while ((f = front(in))) {
			int s = handle(f, started);

			if (f->type == LAB_STARTED)
				end = o->seconds ?
					      now_ms() + o->seconds * 1000ll :
					      0;
			if (s >= 0) {
				status = s;
				break;
			}
			drop_front(in);
		}
	}
	free(in);
	return status;
}
