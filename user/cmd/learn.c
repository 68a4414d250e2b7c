// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope learn: the lessons of Documentation/course, and if an answer is right. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_value.h"
#include "base/output_place.h"
#include "base/pasted.h"
#include "cmd/cmd.h"
#include "render/document.h"
#include "render/text.h"
#include "session/lesson.h"

enum { OPT_START = CMD_OPT_FIRST_OWN, OPT_CHECK };

static const struct cmd_option option_table[] = {
	{ OPT_START, "start", "DIR", VALUES_FILES,
	  "put the lesson's file to fill in, or to try on, into DIR" },
	{ OPT_CHECK, "check", NULL, NULL,
	  "judge the answer: says right, or what to look at" },
	CMD_JSON("print one JSON document"),
	CMD_COMMON
};

/* Documentation/course as it is; user/Makefile makes strings of it */
static const struct course_file {
	const char *name;
	const char *text;
} files[] = {
#include "course.inc"
};

static const char *text_of(const char *name)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!strcmp(files[i].name, name))
			return files[i].text;
	return "";
}

/*
 * "[addr.md](../addr.md)" is for a browser: on a terminal a page is named as it is in the
 * sources. Return: how much of @out was filled; what is no link is copied
 */
static size_t copy_line(char *out, struct piece line)
{
	const char *begin, *middle, *end;
	size_t len = 0;

	while ((begin = piece_find(line, "["))) {
		struct piece rest = { begin, line.len - (begin - line.s) };

		middle = piece_find(rest, "](../");
		end = middle ? memchr(middle, ')', line.s + line.len - middle) :
			       NULL;
		if (!end)
			break;
		memcpy(out + len, line.s, begin - line.s);
		len += begin - line.s;
		len += sprintf(out + len, "Documentation/%.*s",
			       (int)(end - middle - 5), middle + 5);
		piece_drop(&line, end + 1 - line.s);
	}
	memcpy(out + len, line.s, line.len);
	return len + line.len;
}

/* Without its comments: its licence, and what is for tests. free() it; NULL: no memory */
static char *lesson_text(const struct lesson *lesson)
{
	const char *text = text_of(lesson->file);
	struct piece rest = { text, strlen(text) }, line;
	/* "Documentation/" is longer than what it stands for, in some lines */
	char *out = malloc(2 * rest.len + 1);
	size_t len = 0;

	while (out && piece_line(&rest, &line)) {
		if (piece_begins(line, "<!--"))
			continue;
		len += copy_line(out + len, line);
		out[len++] = '\n';
	}
	if (out)
		out[len] = '\0';
	return out;
}

/* "# 1. Three descriptors" */
static struct piece lesson_title(const struct lesson *lesson)
{
	const char *title = strstr(text_of(lesson->file), "\n# ");

	if (!title)
		return (struct piece){ "", 0 };
	title += strspn(title, "\n# 0123456789.");
	return (struct piece){ title, strcspn(title, "\n") };
}

static int put_lesson(struct json_object *obj, const struct lesson *lesson)
{
	struct piece title = lesson_title(lesson);

	return json_put_u64(obj, "number", lesson->number) |
	       json_put(obj, "title",
			json_object_new_string_len(title.s, (int)title.len)) |
	       json_put_str(obj, "answer", lesson->usage);
}

static int list_json(void)
{
	struct json_object *array = json_object_new_array();
	int ret = array ? 0 : -1;

	for (size_t i = 0; i < LESSONS; i++) {
		struct json_object *obj = json_object_new_object();

		ret |= put_lesson(obj, &lessons[i]);
		ret |= json_add(array, obj);
	}
	if (ret) {
		json_object_put(array);
		array = NULL;
	}
	return render_document(stdout, array) ? CMD_ERROR : CMD_OK;
}

static int list(void)
{
	if (cmd_globals.json)
		return list_json();
	for (size_t i = 0; i < LESSONS; i++) {
		struct piece title = lesson_title(&lessons[i]);

		printf("%u  %.*s\n", lessons[i].number, (int)title.len,
		       title.s);
	}
	puts("\nslotscope learn 1 prints the first. It says what to do, and how to ask "
	     "if\nyou are right. slotscope quiz has problems to practise on.");
	return CMD_OK;
}

static int print_lesson(const struct lesson *lesson)
{
	char *text = lesson_text(lesson);
	struct json_object *obj;

	if (text && !cmd_globals.json) {
		cmd_page();
		fputs(text, stdout);
		free(text);
		return CMD_OK;
	}
	obj = json_object_new_object();
	if (!text ||
	    (put_lesson(obj, lesson) | json_put_str(obj, "text", text))) {
		json_object_put(obj);
		obj = NULL;
	}
	free(text);
	return render_document(stdout, obj) ? CMD_ERROR : CMD_OK;
}

/* What a learner has written there already is not ours to write over */
static FILE *make_file(const char *path, struct slotscope_error *err)
{
	struct output_place place;
	int fd = output_place(&place, path, false);
	FILE *out = NULL;

	if (!fd)
		fd = output_place_make(&place, 0666);
	output_place_end(&place);
	if (fd >= 0)
		out = fdopen(fd, "w");
	if (out)
		return out;
	error_set(err, fd < 0 ? -fd : errno, "write %.200s", path);
	if (fd >= 0)
		close(fd);
	if (err->code == EEXIST)
		error_next(err, "it is there already: name another folder");
	else
		output_why(err, place.why);
	return NULL;
}

static int start(const struct lesson *lesson, const char *dir)
{
	struct slotscope_error err = {};
	struct json_object *obj;
	char path[512];
	FILE *out;

	if (!lesson->start) {
		error_set(&err, ENOENT, "start lesson %u", lesson->number);
		error_why(&err,
			  "it has no file: it is done on a VM, and by thought");
		error_next(&err, "see slotscope learn %u", lesson->number);
		return cmd_fail(&err);
	}
	snprintf(path, sizeof(path), "%s/%s", dir, lesson->start);
	if (mkdir(dir, 0777) && errno != EEXIST) {
		error_set(&err, errno, "make the folder %.200s", dir);
		return cmd_fail(&err);
	}
	out = make_file(path, &err);
	if (!out)
		return cmd_fail(&err);
	fputs(text_of(lesson->start), out);
	if (ferror(out) | fclose(out)) {
		error_set(&err, EIO, "write %.200s", path);
		return cmd_fail(&err);
	}
	if (!cmd_globals.json) {
		printf("%s\n", path);
		return CMD_OK;
	}
	obj = json_object_new_object();
	if (json_put_u64(obj, "lesson", lesson->number) |
	    json_put_str(obj, "file", path)) {
		json_object_put(obj);
		obj = NULL;
	}
	return render_document(stdout, obj) ? CMD_ERROR : CMD_OK;
}

static const struct {
	const char *word;
	const char *key;
	int status;
} verdicts[] = {
	[LEARN_RIGHT] = { "right: ", "right", CMD_OK },
	[LEARN_WRONG] = { "not yet: ", "wrong", CMD_MISMATCH },
	[LEARN_UNFINISHED] = { "unfinished: ", "unfinished", CMD_UNKNOWN },
	[LEARN_CANNOT] = { "cannot judge it: ", "unjudged", CMD_UNKNOWN },
};

static void next_step(const struct lesson *lesson, enum learn_verdict verdict,
		      char *out, size_t size)
{
	if (verdict != LEARN_RIGHT)
		out[0] = '\0';
	else if (lesson->number < LESSONS)
		snprintf(out, size, "slotscope learn %u", lesson->number + 1);
	else
		snprintf(out, size, "slotscope quiz");
}

static int check(const struct lesson *lesson, char *const *words, size_t nr)
{
	struct slotscope_error err = {};
	struct learn_word said;
	struct json_object *obj;
	char next[40];
	int ret = lesson_check(lesson, words, nr, &said, &err);

	if (ret)
		return cmd_fail(&err);
	next_step(lesson, said.verdict, next, sizeof(next));
	if (!cmd_globals.json) {
		text_wrap(stdout, verdicts[said.verdict].word, 2, said.text);
		if (next[0])
			printf("next: %s\n", next);
		return verdicts[said.verdict].status;
	}
	obj = json_object_new_object();
	ret = json_put_u64(obj, "lesson", lesson->number) |
	      json_put_str(obj, "verdict", verdicts[said.verdict].key) |
	      json_put_str(obj, "text", said.text);
	if (next[0])
		ret |= json_put_str(obj, "next", next);
	if (ret) {
		json_object_put(obj);
		obj = NULL;
	}
	return render_document(stdout, obj) ? CMD_ERROR :
					      verdicts[said.verdict].status;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	const struct lesson *lesson = NULL;
	const char *dir = NULL;
	bool checks = false;
	int opt, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		switch (opt) {
		case OPT_START:
			dir = optarg;
			break;
		case OPT_CHECK:
			checks = true;
			break;
		default:
			if (cmd_common_opt(cmd, opt, argv, &exit))
				return exit;
		}
	}
	for (size_t i = 0; optind < argc && i < LESSONS; i++)
		if (strlen(argv[optind]) == 1 &&
		    argv[optind][0] - '0' == (int)lessons[i].number)
			lesson = &lessons[i];
	if (optind < argc && !lesson)
		return cmd_usage(cmd, "the lessons are 1 to %d", LESSONS);
	if (!lesson && (dir || checks))
		return cmd_usage(cmd, "which lesson? 1 to %d", LESSONS);
	if (checks && dir)
		return cmd_usage(cmd, "--start and --check do not go together");
	if (!lesson)
		return list();
	if (!checks && optind + 1 < argc)
		return cmd_usage(
			cmd, "\"%.60s\" is an answer: put --check before it",
			argv[optind + 1]);
	if (checks && optind + 1 == argc)
		return cmd_usage(cmd, "the answer of lesson %u is %s",
				 lesson->number, lesson->usage);
	if (dir)
		return start(lesson, dir);
	if (checks)
		return check(lesson, argv + optind + 1,
			     (size_t)(argc - optind - 1));
	return print_lesson(lesson);
}

const struct cmd cmd_learn = {
	.name = "learn",
	.summary = "a course on guest memory: lessons, and if you are right",
	.usage = "learn\n"
		 "learn N\n"
		 "learn N --start DIR\n"
		 "learn N --check ANSWER...",
	.about =
		"A course on how a VM gets its memory, from three descriptors to "
		"a planted fault: eight lessons of 15 to 20 minutes, for who "
		"knows C. Without N: lists them. N prints a lesson. What an "
		"answer is, the lesson says: a list of ranges, a C file, or a "
		"process and what is true of it.",
	.options = option_table,
	.ending =
		"Exit status: 0 printed, or right, 1 wrong, 2 not all is filled "
		"in yet, or it could not be judged (no KVM, no compiler, "
		"another VM), 3 usage or error.",
	.args = "1 2 3 4 5 6 7 8;" VALUES_FILES,
	.run = run,
};
