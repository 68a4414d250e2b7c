// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Watch the kernel's log for reports of its own trouble. Read from boot on, so
 * that what happened before a snapshot counts in every run restored from it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../klog.h"
#include "guest.h"

/* Lines shown before the first problem, and at the most. */
#define BEFORE 10
#define SHOWN  250

/* Taint bits that stand for a fault, whatever happened to the log:
 * MACHINE_CHECK, BAD_PAGE, DIE, WARN, SOFTLOCKUP.
 */
#define BAD_TAINT \
	((1ul << 4) | (1ul << 5) | (1ul << 7) | (1ul << 9) | (1ul << 14))

/* More seconds than kmemleak takes for a moment (its MSECS_MIN_AGE, 5,000) */
#define KMEMLEAK_AGE 6

static int kmsg = -1;
static struct klog_reader reader;
static unsigned int problems, lost;
/* Where the first problem began, and the last report of a data race */
static unsigned long long first_seq, race_seq;

void klog_open(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0)
		fail("/dev/kmsg: %s", strerror(errno));
}

int klog_fd(void)
{
	return kmsg;
}

/*
 * Read one record. Its form is "PRIO,SEQ,USEC,FLAGS;text\n" and then lines of
 * "KEY=value". Returns 1 with the text, 0 at the end of the log, and -1 for a
 * record that user space wrote (a facility other than 0) or that was lost.
 */
static int next_record(char *buf, size_t size, unsigned long long *seq,
		       unsigned long long *usec, char **text)
{
	ssize_t n = read(kmsg, buf, size - 1);
	unsigned int prio;
	char *end;

	if (n < 0) {
		lost += errno == EPIPE;
		return errno == EPIPE || errno == EINTR ? -1 : 0;
	}
	buf[n] = '\0';
	if (sscanf(buf, "%u,%llu,%llu", &prio, seq, usec) != 3)
		return -1;
	*text = strchr(buf, ';');
	if (!*text || prio >> 3)
		return -1;
	(*text)++;
	end = strchr(*text, '\n');
	if (end)
		*end = '\0';
	return 1;
}

static void problem_at(unsigned long long seq)
{
	if (!problems++)
		first_seq = seq;
}

void klog_poll(void)
{
	unsigned long long seq, usec;
	char buf[8192], *text;
	int r;

	while ((r = next_record(buf, sizeof(buf), &seq, &usec, &text))) {
		if (r < 0)
			continue;
		switch (klog_read(&reader, text)) {
		case KLOG_NOTHING:
			break;
		case KLOG_PROBLEM:
			problem_at(seq);
			break;
		case KLOG_RACE:
			race_seq = seq;
			races_begin(text);
			break;
		case KLOG_OUR_RACE:
			problem_at(race_seq);
			races_ours();
			break;
		}
	}
}

unsigned long read_number(const char *path, const char *key)
{
	char buf[4096], *p;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	p = key ? strstr(buf, key) : buf;
	return p ? strtoul(p + (key ? strlen(key) : 0), NULL, 10) : 0;
}

/* Lockdep turns itself off at its first report, which names no taint. */
static int lockdep_is_off(void)
{
	const char *stats = "/proc/lockdep_stats", *key = "debug_locks:";

	return !access(stats, R_OK) && !read_number(stats, key);
}

/*
 * Where kmemleak is, have it look twice: it reports only what is some seconds old
 * and was the same the time before. What it finds is in the log.
 */
static void look_for_leaks(void)
{
	int fd = open("/sys/kernel/debug/kmemleak", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "scan", 4);
	sleep(KMEMLEAK_AGE);
	(void)!write(fd, "scan", 4);
	close(fd);
}

unsigned int klog_problems(void)
{
	look_for_leaks();
	klog_poll();
	problems += races_tell(lost);
	if (!problems &&
	    ((read_number("/proc/sys/kernel/tainted", NULL) & BAD_TAINT) ||
	     lockdep_is_off()))
		problems++;
	return problems;
}

void klog_send(void)
{
	unsigned long long seq, usec;
	char buf[8192], out[8300], *text;
	unsigned int shown = 0;
	int r;

	if (lseek(kmsg, 0, SEEK_SET) < 0)
		return;
	while (shown < SHOWN &&
	       (r = next_record(buf, sizeof(buf), &seq, &usec, &text))) {
		if (r < 0 || seq + BEFORE < first_seq)
			continue;
		snprintf(out, sizeof(out), "[%5llu.%06llu] %s\n",
			 usec / 1000000, usec % 1000000, text);
		port_send(LAB_KLOG, out, strlen(out));
		shown++;
	}
}
