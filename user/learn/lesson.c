// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>

#include "learn/lesson.h"

static const char fds_usage[] = "PID kvm=FD vm=FD vcpu=FD[,FD]... slots=FD";
static const char ranges_usage[] = "'FIRST-LAST NAME+OFFSET, ...'";
static const char commit_usage[] =
	"'del FIRST-LAST, del ..., add FIRST-LAST NAME+OFFSET, add ...'";
static const char file_usage[] = "FILE.c";
static const char fault_usage[] = "PID KIND ADDRESS";

const struct lesson lessons[LESSONS] = {
	{ 1, "1-three-descriptors.md", NULL, LESSON_DESCRIPTORS, fds_usage },
	{ 2, "2-the-first-slot.md", "slot.c", LESSON_PROGRAM, file_usage },
	{ 3, "3-alias-and-hole.md", NULL, LESSON_RANGES, ranges_usage },
	{ 4, "4-priority-and-flat-view.md", "tree.txt", LESSON_RANGES,
	  ranges_usage },
	{ 5, "5-pam-cuts-ram.md", NULL, LESSON_RANGES, commit_usage },
	{ 6, "6-each-errno.md", "errno.c", LESSON_PROGRAM, file_usage },
	{ 7, "7-dirty-logging.md", "dirty.c", LESSON_PROGRAM, file_usage },
	{ 8, "8-find-the-fault.md", NULL, LESSON_FAULT, fault_usage },
};

void learn_say(struct learn_word *out, enum learn_verdict verdict,
	       const char *fmt, ...)
{
	va_list args;

	out->verdict = verdict;
	va_start(args, fmt);
	vsnprintf(out->text, sizeof(out->text), fmt, args);
	va_end(args);
}

void learn_cannot(struct learn_word *out, const struct slotscope_error *err)
{
	learn_say(out, LEARN_CANNOT, "%s: %s%s%s", err->tried, err->why,
		  err->next[0] ? "; " : "", err->next);
}
