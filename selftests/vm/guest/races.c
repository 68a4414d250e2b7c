// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Data races, where the kernel looks for them (KCSAN). It is off until a command
 * runs. The kernel's own races are counted and told; they are nobody's failure.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../klog.h"
#include "guest.h"

#define KCSAN "/sys/kernel/debug/kcsan"

static struct race {
	char title[160];
	unsigned int reports;
} races[64];
static unsigned int nr_races, nr_reports;

/* Of the report that is being read; "" if there is none, or its race is ours */
static char title[sizeof(races->title)];

static int turn(const char *word)
{
	int fd = open(KCSAN, O_WRONLY | O_CLOEXEC);
	int ret = -1;

	if (fd >= 0) {
		ret = write(fd, word, strlen(word)) < 0 ? -1 : 0;
		close(fd);
	}
	return ret;
}

void races_watch(void)
{
	if (!access(KCSAN, F_OK) && turn("on"))
		fail(KCSAN ": could not be turned on");
}

/* Of those that are too many to name, the last names stand for all */
static void count(void)
{
	struct race *race = races;

	if (!*title)
		return;
	nr_reports++;
	while (race < races + nr_races && strcmp(race->title, title))
		race++;
	if (race == races + nr_races) {
		if (nr_races == sizeof(races) / sizeof(races[0]))
			race--;
		else
			nr_races++;
		strcpy(race->title, title);
	}
	race->reports++;
}

void races_begin(const char *text)
{
	const char *mark = strstr(text, KLOG_RACE_MARK);

	count();
	snprintf(title, sizeof(title), "%s", mark + strlen(KLOG_RACE_MARK));
}

void races_ours(void)
{
	*title = '\0';
}

static void tell(const char *format, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	port_send(LAB_KLOG, line, strlen(line));
}

unsigned int races_tell(unsigned int lost)
{
	unsigned long looked = read_number(KCSAN, "setup_watchpoints:");

	if (turn("off"))
		return 0;
	count();
	tell("lab: KCSAN watched %lu accesses; races in the kernel's own code: %u reports\n",
	     looked, nr_reports);
	for (unsigned int i = 0; i < nr_races; i++)
		tell("lab: %6u %s\n", races[i].reports, races[i].title);
	if (!looked)
		tell("lab: it has looked at nothing\n");
	if (lost)
		tell("lab: a part of the kernel's log was lost, and reports with it\n");
	return !looked || lost;
}
