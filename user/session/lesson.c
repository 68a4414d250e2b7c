// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name_say.h"
#include "base/read_file.h"
#include "host/kvm_fds.h"
#include "kvm/limits.h"
#include "session/attempt.h"
#include "session/lesson.h"

static bool open_named(const char *word, struct process *process,
		       struct learn_word *out)
{
	struct slotscope_error err = {};
	char *end;
	long pid = strtol(word, &end, 10);

	if (end == word || *end || pid <= 0) {
		learn_say(
			out, LEARN_CANNOT,
			"\"%.40s\" is no process: the answer begins with the pid "
			"of the VM",
			word);
		return false;
	}
	if (!process_open((pid_t)pid, process, &err))
		return true;
	learn_cannot(out, &err);
	return false;
}

/*
 * Lesson 1
 */

#define FDS_MAX 256

struct fds {
	struct kvm_fd items[FDS_MAX];
	size_t nr;
};

static void note_fd(int fd, enum kvm_fd_what what, void *opaque)
{
	static const enum kvm_fd_kind kinds[] = {
		[KVM_FD_IS_DEV] = KVM_FD_DEV,
		[KVM_FD_IS_VM] = KVM_FD_VM,
		[KVM_FD_IS_VCPU] = KVM_FD_VCPU,
	};
	struct fds *fds = opaque;

	if (fds->nr < FDS_MAX)
		fds->items[fds->nr++] =
			(struct kvm_fd){ .fd = fd, .kind = kinds[what] };
}

static void check_descriptors(char *const *words, size_t nr,
			      struct learn_word *out)
{
	struct slotscope_error err = {};
	struct process process;
	struct fds fds = {};

	if (!open_named(words[0], &process, out))
		return;
	if (kvm_fds_read(&process, note_fd, &fds, &err))
		learn_cannot(out, &err);
	else if (!fds.nr)
		learn_say(
			out, LEARN_CANNOT,
			"process %d has no descriptor of KVM: it is no VMM, or has "
			"no VM yet",
			process.tgid);
	else
		learn_descriptors(fds.items, fds.nr, words + 1, nr - 1, out);
	process_close(&process);
}

/*
 * Lessons 2, 6 and 7
 */

static int run_all(const struct lesson *lesson, const struct attempt *attempt,
		   struct learn_word *out, struct slotscope_error *err)
{
	struct request_limits limits = {};
	int nr, ret = kvm_limits_probe(-1, &limits, err);

	if (!limits.nr_as)
		limits.nr_as = 1;
	for (unsigned int run = 0; !ret; run++) {
		struct attempt_run did;
		struct learn_ran ran;

		memset(&ran, 0, sizeof(ran));
		nr = learn_runs(lesson->number, run, ran.args);
		if (nr < 0)
			break;
		ran.nr_args = (size_t)nr;
		ret = attempt_run(attempt, ran.args, ran.nr_args, &did, err);
		if (!ret) {
			ran.log = &did.log;
			ran.ended = did.ended;
			ran.status = did.status;
			ran.output = did.output;
			ran.calls = did.calls;
			ran.limits = &limits;
			learn_program(lesson->number, &ran, out);
		}
		slot_log_deinit(&did.log);
		free(did.output);
		free(did.calls);
		if (!ret && out->verdict != LEARN_RIGHT)
			break;
	}
	return ret;
}

static int check_program(const struct lesson *lesson, const char *path,
			 struct learn_word *out, struct slotscope_error *err)
{
	char *source = NULL, *messages = NULL;
	struct slotscope_error why = {};
	struct attempt attempt = {};
	bool finished;
	int ret = 0;
	size_t len;

	if (read_file(path, &source, &len, &why)) {
		learn_cannot(out, &why);
		return 0;
	}
	finished = learn_source(source, out);
	free(source);
	if (!finished)
		return 0;
	if (attempt_kvm(&why)) {
		learn_cannot(out, &why);
		return 0;
	}
	if (!attempt_compile(&attempt, path, &messages, &why))
		ret = run_all(lesson, &attempt, out, err);
	else if (messages)
		learn_say(out, LEARN_WRONG, "it does not compile:\n%.800s",
			  messages);
	else
		learn_cannot(out, &why);
	free(messages);
	attempt_end(&attempt);
	return ret;
}

/*
 * Lessons 3, 4 and 5
 */

static void check_ranges(const struct lesson *lesson, char *const *words,
			 size_t nr, struct learn_word *out)
{
	struct slotscope_error err = {};
	char *text = NULL;
	size_t len = 0;

	if (nr == 1 && !strcmp(words[0], "-")) {
		if (read_file("-", &text, &len, &err)) {
			learn_cannot(out, &err);
			return;
		}
	} else {
		for (size_t i = 0; i < nr; i++)
			len += strlen(words[i]) + 1;
		text = calloc(1, len + 1);
		for (size_t i = 0; text && i < nr; i++) {
			strcat(text, words[i]);
			strcat(text, " ");
		}
	}
	if (text)
		learn_ranges(lesson->number, text, out);
	else
		learn_say(out, LEARN_CANNOT, "there is no memory");
	free(text);
}

/*
 * Lesson 8
 */

static const char *next_word(const char *word, const char *end)
{
	word += strlen(word) + 1;
	return word < end ? word : NULL;
}

/* Was it started as the lesson says: vm -m 5G --fault seed=N? */
static bool is_planted(const char *cmdline, size_t len, uint64_t *seed)
{
	const char *end = cmdline + len, *word, *value;
	bool size = false, fault = false;

	for (word = cmdline; word; word = next_word(word, end)) {
		value = next_word(word, end);
		if (!value)
			break;
		size |= (!strcmp(word, "-m") || !strcmp(word, "--memory")) &&
			!strcmp(value, "5G");
		if (!strcmp(word, "--fault") && !strncmp(value, "seed=", 5)) {
			fault = true;
			*seed = strtoull(value + 5, NULL, 0);
		}
	}
	return size && fault;
}

static void check_fault(char *const *words, size_t nr, struct learn_word *out)
{
	struct slotscope_error err = {};
	struct process process;
	char *cmdline = NULL;
	uint64_t seed = 0;
	size_t len = 0;

	if (!open_named(words[0], &process, out))
		return;
	if (process_cmdline(&process, &cmdline, &len, &err))
		learn_cannot(out, &err);
	else if (!is_planted(cmdline, len, &seed))
		learn_say(
			out, LEARN_CANNOT,
			"process %d (%s) is no VM of this lesson: none that was "
			"started as slotscope vm -m 5G --fault seed=N",
			process.tgid, NAME_SAY(process.comm));
	else
		learn_fault(seed, words + 1, nr - 1, out);
	free(cmdline);
	process_close(&process);
}

int lesson_check(const struct lesson *lesson, char *const *words, size_t nr,
		 struct learn_word *out, struct slotscope_error *err)
{
	*out = (struct learn_word){ .verdict = LEARN_CANNOT };
	switch (lesson->answer) {
	case LESSON_DESCRIPTORS:
		check_descriptors(words, nr, out);
		return 0;
	case LESSON_PROGRAM:
		if (nr == 1)
			return check_program(lesson, words[0], out, err);
		learn_say(out, LEARN_CANNOT, "one file is expected");
		return 0;
	case LESSON_RANGES:
		check_ranges(lesson, words, nr, out);
		return 0;
	case LESSON_FAULT:
		check_fault(words, nr, out);
		return 0;
	}
	return 0;
}
