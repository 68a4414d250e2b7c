// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope quiz: problems on guest memory, and what is wrong with an answer. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/json_value.h"
#include "cmd/cmd.h"
#include "learn/quiz.h"
#include "render/document.h"
#include "render/text.h"

enum { OPT_ANSWERS = CMD_OPT_FIRST_OWN };

static const struct cmd_option option_table[] = {
	{ 's', "seed", "SEED", NULL,
	  "the same problems again; without it new ones" },
	{ 'n', "number", "N", NULL, "how many (default: 5)" },
	{ 'k', "kinds", "KINDS", ",view where commit slots errno",
	  "of view (flat views), where (what answers an address), commit "
	  "(slots that go and come), slots (cut to pages of 4, 16 or 64 "
	  "KiB), errno (what KVM answers), with commas" },
	{ 'c', "check", NULL, NULL,
	  "read the answers from standard input, a line a problem, and "
	  "judge them" },
	{ OPT_ANSWERS, "answers", NULL, NULL,
	  "print the answers, too, and why they are right" },
	CMD_JSON("print one JSON document"),
	CMD_COMMON
};

/**
 * struct quiz_options - what is asked, and how
 * @kinds:   see quiz_make()
 * @ask:     wait for answers
 * @prompt:  somebody sits there
 * @answers: print them
 */
struct quiz_options {
	uint64_t seed;
	uint64_t number;
	unsigned int kinds;
	bool ask;
	bool prompt;
	bool answers;
};

typedef void quiz_text_fn(const struct quiz *quiz, FILE *out);

/* What a function prints, as a string to be freed; NULL: no memory */
static char *text_of(quiz_text_fn *print, const struct quiz *quiz)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	print(quiz, out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static int put_text(struct json_object *obj, const char *member,
		    quiz_text_fn *print, const struct quiz *quiz)
{
	char *text = text_of(print, quiz);
	int ret = text ? json_put_str(obj, member, text) : -1;

	free(text);
	return ret;
}

static const char *const verdicts[] = {
	[QUIZ_RIGHT] = "right",
	[QUIZ_WRONG] = "wrong",
	[QUIZ_UNREADABLE] = "unreadable",
};

/* @answer: NULL: there is none */
static int add_json(struct json_object *problems, const struct quiz *quiz,
		    const struct quiz_options *options, const char *answer,
		    enum quiz_verdict verdict, const char *why)
{
	struct json_object *obj = json_object_new_object();
	int ret = obj ? 0 : -1;

	ret |= json_put_u64(obj, "number", quiz->number);
	ret |= json_put_str(obj, "kind", quiz_kind_name(quiz->kind));
	ret |= put_text(obj, "text", quiz_print, quiz);
	if (options->ask) {
		ret |= json_put_str(obj, "given", answer);
		ret |= json_put_str(obj, "verdict",
				    answer ? verdicts[verdict] : "missing");
		if (why[0])
			ret |= json_put_str(obj, "why", why);
	}
	if (options->answers || (options->ask && answer)) {
		ret |= put_text(obj, "answer", quiz_answer, quiz);
		ret |= put_text(obj, "reason", quiz_reason, quiz);
	}
	if (!ret)
		return json_add(problems, obj);
	json_object_put(obj);
	return -1;
}

static void print_answer(const struct quiz *quiz)
{
	char *reason = text_of(quiz_reason, quiz);

	printf("answer: ");
	quiz_answer(quiz, stdout);
	putchar('\n');
	if (reason) {
		reason[strcspn(reason, "\n") ? strlen(reason) - 1 : 0] = '\0';
		text_wrap(stdout, "", 0, reason);
	}
	free(reason);
}

static void print_verdict(const struct quiz *quiz, const char *answer,
			  enum quiz_verdict verdict, const char *why)
{
	if (!answer) {
		puts("no answer");
		return;
	}
	if (verdict == QUIZ_RIGHT)
		puts("right");
	else
		text_wrap(stdout,
			  verdict == QUIZ_WRONG ? "wrong: " : "not readable: ",
			  2, why);
	if (verdict != QUIZ_UNREADABLE)
		print_answer(quiz);
}

/* A line of standard input without its end; NULL at the end of all */
static char *read_answer(bool prompt)
{
	static char *line;
	static size_t cap;
	ssize_t len;

	if (prompt) {
		fputs("> ", stdout);
		fflush(stdout);
	}
	len = getline(&line, &cap, stdin);
	if (len < 0)
		return NULL;
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

static int print_problem(const struct quiz *quiz)
{
	char *text = text_of(quiz_print, quiz);
	char first[64];
	int ret;

	if (!text)
		return -ENOMEM;
	if (quiz->number > 1)
		putchar('\n');
	snprintf(first, sizeof(first), "%" PRIu64 " (%s). ", quiz->number,
		 quiz_kind_name(quiz->kind));
	ret = text_prose(stdout, first, text);
	free(text);
	return ret;
}

/* Return: an enum cmd_exit, or a negative errno */
static int ask(const struct quiz *quiz, const struct quiz_options *options,
	       struct json_object *problems)
{
	enum quiz_verdict verdict = QUIZ_UNREADABLE;
	char why[RANGES_SAY_MAX] = "";
	char *answer = NULL;

	if (!cmd_globals.json) {
		if (print_problem(quiz))
			return -ENOMEM;
	}
	/* Who sits there may try again what could not be read */
	while (options->ask && (answer = read_answer(options->prompt))) {
		verdict = quiz_judge(quiz, answer, why);
		if (verdict != QUIZ_UNREADABLE || !options->prompt)
			break;
		text_wrap(stdout, "not readable: ", 2, why);
	}
	if (cmd_globals.json) {
		if (add_json(problems, quiz, options, answer, verdict, why))
			return -ENOMEM;
	} else if (options->ask) {
		print_verdict(quiz, answer, verdict, why);
	} else if (options->answers) {
		print_answer(quiz);
	}
	if (!options->ask || (answer && verdict == QUIZ_RIGHT))
		return CMD_OK;
	return answer && verdict == QUIZ_WRONG ? CMD_MISMATCH : CMD_UNKNOWN;
}

static int print_json(struct json_object *problems,
		      const struct quiz_options *options)
{
	struct json_object *obj = json_object_new_object();
	int ret = obj ? 0 : -1;

	ret |= json_put_u64(obj, "version", SLOTSCOPE_JSON_VERSION);
	ret |= json_put_u64(obj, "seed", options->seed);
	ret |= json_put(obj, "problems", problems);
	if (ret) {
		json_object_put(obj);
		obj = NULL;
	}
	return render_document(stdout, obj);
}

static int ask_all(const struct quiz_options *options,
		   struct slotscope_error *err)
{
	struct json_object *problems = json_object_new_array();
	uint64_t right = 0;
	int status = CMD_OK, ret = problems ? 0 : -ENOMEM;

	if (!cmd_globals.json)
		printf("seed %" PRIu64 "\n\n", options->seed);
	for (uint64_t n = 1; n <= options->number && ret >= 0; n++) {
		struct quiz quiz;

		ret = quiz_make(options->seed, n, options->kinds, &quiz, err);
		if (!ret)
			ret = ask(&quiz, options, problems);
		right += ret == CMD_OK;
		/* A wrong answer weighs more than one that is not there */
		if (ret == CMD_MISMATCH || (ret > 0 && status == CMD_OK))
			status = ret;
	}
	if (ret < 0) {
		json_object_put(problems);
		return err->code ? ret : error_set(err, ret, "make problems");
	}
	if (cmd_globals.json)
		return print_json(problems, options) ? -ENOMEM : status;
	json_object_put(problems);
	if (options->ask)
		printf("\n%" PRIu64 " of %" PRIu64 " right\n", right,
		       options->number);
	return status;
}

static bool parse_kinds(char *text, unsigned int *out)
{
	enum quiz_kind kind;
	char *save = NULL;

	*out = 0;
	for (char *word = strtok_r(text, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		if (!quiz_kind_by_name(word, &kind))
			return false;
		*out |= 1U << kind;
	}
	return *out;
}

static bool parse_u64(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	return !errno && end != text && !*end && text[0] != '-';
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct quiz_options options = {
		.number = 5,
		.kinds = (1U << QUIZ_KINDS) - 1,
	};
	struct slotscope_error err = {};
	bool seeded = false;
	uint16_t seed = 0;
	int opt, exit, ret;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		switch (opt) {
		case 's':
			if (!parse_u64(optarg, &options.seed))
				return cmd_usage(cmd, "--seed takes a number");
			seeded = true;
			break;
		case 'n':
			if (!parse_u64(optarg, &options.number) ||
			    !options.number || options.number > 10000)
				return cmd_usage(cmd,
						 "--number takes 1 to 10000");
			break;
		case 'k':
			if (!parse_kinds(optarg, &options.kinds))
				return cmd_usage(
					cmd,
					"--kinds takes view, where, commit, "
					"slots and errno, with commas");
			break;
		case 'c':
			options.ask = true;
			break;
		case OPT_ANSWERS:
			options.answers = true;
			break;
		default:
			if (cmd_common_opt(cmd, opt, argv, &exit))
				return exit;
		}
	}
	if (optind < argc)
		return cmd_usage(cmd, "no word is expected here");
	if (options.ask && options.answers)
		return cmd_usage(cmd, "--answers does not go with --check");
	options.prompt = !options.ask && !options.answers &&
			 !cmd_globals.json && isatty(STDIN_FILENO) &&
			 isatty(STDOUT_FILENO);
	options.ask |= options.prompt;
	if (!seeded) {
		if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
			seed = (uint16_t)getpid();
		options.seed = seed;
	}
	ret = ask_all(&options, &err);
	return ret < 0 ? cmd_fail(&err) : ret;
}

const struct cmd cmd_quiz = {
	.name = "quiz",
	.summary =
		"ask about flat views, commits, slots and errnos; answers with the reason",
	.usage = "quiz [-s SEED] [-n N] [-k KINDS] [-c | --answers]",
	.about =
		"Asks what follows from a machine's memory regions or a request "
		"to KVM, by new problems that the memory model and the errno "
		"rules answer. On a terminal it waits for each answer, and "
		"tells what is wrong with it and why. Elsewhere it prints the "
		"problems alone; -c judges answers.",
	.options = option_table,
	.ending =
		"An answer is a list of FIRST-LAST NAME+OFFSET with commas, in "
		"any order. Numbers are hexadecimal, with 0x or without; 64K or "
		"1M are decimal; FIRST+SIZE will do.\n\n"
		"Exit status: 0 all answers are right, or no answer was asked "
		"for, 1 one is wrong, 2 one is missing or cannot be read, 3 "
		"usage or error.",
	.run = run,
};
