// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * labctl: the engine behind selftests/vm/run, which prepares its words.
 *
 *   labctl [options] -- QEMU WORD... -- CMD...
 */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "labctl.h"

static struct termios cooked;
static volatile sig_atomic_t is_raw;

static void leave_raw(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
	is_raw = 0;
}

/* Put the terminal right, then die of the signal as if it were not caught. */
static void on_end(int sig)
{
	leave_raw();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void enter_raw(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &cooked))
		return; /* no terminal: its bytes are passed on all the same */
	raw = cooked;
	cfmakeraw(&raw);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		signal(ends[i], on_end);
	is_raw = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	atexit(leave_raw);
}

static unsigned int number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || n > 1000000) {
		note("%s: not a number of seconds", text);
		exit(EXIT_SETUP);
	}
	return n;
}

static void parse(struct options *o, int argc, char **argv)
{
	int c, i;

	o->mounts = calloc(argc, sizeof(*o->mounts));
	while ((c = getopt(argc, argv, "+S:m:t:b:R:w:ivq")) != -1) {
		switch (c) {
		case 'S':
			o->snapshot = optarg;
			break;
		case 'm':
			o->memory = optarg;
			break;
		case 't':
			o->seconds = number(optarg);
			break;
		case 'b':
			o->boot_seconds = number(optarg);
			break;
		case 'R':
			o->modules = optarg;
			break;
		case 'w':
			o->mounts[o->nmounts++] = optarg;
			break;
		case 'i':
			o->tty = true;
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'q':
			o->quiet = true;
			break;
		default:
			exit(EXIT_SETUP);
		}
	}
	o->qemu = argv + optind;
	for (i = optind; i < argc && strcmp(argv[i], "--"); i++)
		o->nqemu++;
	o->argv = argv + i + 1;
	o->argc = i + 1 < argc ? argc - i - 1 : 0;
	if (!o->nqemu || !o->argc || !o->modules) {
		note("labctl is not called by hand: use selftests/vm/run");
		exit(EXIT_SETUP);
	}
}

static int run_in(struct vm *vm, const struct options *o, bool *started)
{
	int status;

	if (o->tty)
		enter_raw();
	status = session_run(vm, o, started);
	leave_raw();
	return status;
}

/*
 * Run the command in a guest restored from the snapshot. Returns -1, with a
 * message, if the command was not even started: a cold boot may do.
 */
static int run_restored(const struct options *o)
{
	struct vm vm = { 0 };
	bool started = false;
	int status = -1;

	if (!snapshot_ready(o) && snapshot_make(o)) {
		note("booting without a snapshot");
		return -1;
	}
	if (!snapshot_restore(&vm, o))
		status = run_in(&vm, o, &started);
	vm_kill(&vm);
	if (started)
		return status;
	snapshot_remove(o);
	note("the snapshot is removed; booting without it");
	return -1;
}

static int run_booted(const struct options *o)
{
	struct vm vm = { 0 };
	bool started = false;
	int status = EXIT_SETUP;

	if (!vm_start(&vm, o, RAM_ANON, NULL) && !session_wait_ready(&vm, o))
		status = run_in(&vm, o, &started);
	vm_kill(&vm);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = { .memory = "768M",
			     .seconds = 120,
			     .boot_seconds = 120 };
	int status = -1;

	/* whoever closed our standard streams: no socket may take their place */
	while (open("/dev/null", O_RDWR) <= STDERR_FILENO)
		;
	parse(&o, argc, argv);
	if (o.snapshot)
		status = run_restored(&o);
	return status < 0 ? run_booted(&o) : status;
}
