// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slotscope complete: what may stand for the last word of a command line. The
 * completions of all shells ask here; Documentation/completion has them.
 *
 * A line a word, with what it is behind a tab; or a line for the shell:
 *	:files		files' names; behind the "--name=" that the word may begin with
 *	:nospace	more may follow the words right away
 *	:command N	the Nth word begins another program's command line
 */
#include <stdio.h>
#include <string.h>

#include <slotscope/check.h>

#include "base/plural.h"
#include "cmd/cmd.h"
#include "host/vm_fds.h"
#include "host/vmm.h"

/**
 * struct completion - a command line so far
 * @words:  without the program's name; @nr of them
 * @cur:    the last of them: it is to be completed
 * @cmd:    the command that was named, else cmd_slotscope
 * @args:   words behind it
 * @value:  what is completed is the value of this option
 * @prefix: "--name=" of @value in the same word, to be kept; @len bytes
 */
struct completion {
	char **words;
	int nr;
	const char *cur;
	const struct cmd *cmd;
	size_t args;
	const struct cmd_option *value;
	const char *prefix;
	size_t len;
};

static void offer(const struct completion *c, const char *word, size_t len,
		  const char *what)
{
	const size_t typed = strlen(c->cur);

	if (typed > len || strncmp(word, c->cur, typed))
		return;
	printf("%.*s%.*s\t%s\n", (int)c->len, c->prefix ? c->prefix : "",
	       (int)len, word, what ? what : "");
}

static int offer_process(const struct process *process,
			 const struct vm_fds *vms, void *opaque)
{
	char pid[16], what[128];
	struct vmm vmm;

	vmm_read(process, &vmm);
	snprintf(pid, sizeof(pid), "%d", process->tgid);
	snprintf(what, sizeof(what), "%.32s%s%.48s, %zu VM%s", process->comm,
		 vmm.name[0] ? ", " : "", vmm.name, vms->nr, plural(vms->nr));
	for (char *at = what; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	offer(opaque, pid, strlen(pid), what);
	return 0;
}

static void offer_pids(struct completion *c)
{
	struct vm_list_stats stats = {};
	struct slotscope_error ignored = {};

	vm_list(offer_process, c, &stats, &ignored);
}

static void offer_findings(const struct completion *c)
{
	const char *name;

	for (int id = 0; id < FINDING_IDS; id++) {
		name = finding_id_name(id);
		offer(c, name, strlen(name),
		      finding_kind_name(finding_id_kind(id)));
	}
}

static void offer_commands(const struct completion *c)
{
	const struct cmd_group *group;

	for (group = cmd_groups; group->heading; group++)
		for (size_t i = 0; group->cmds[i]; i++)
			offer(c, group->cmds[i]->name,
			      strlen(group->cmds[i]->name),
			      group->cmds[i]->summary);
}

/* @words: up to a ";" */
static void offer_words(const struct completion *c, const char *words)
{
	size_t len;

	for (; *words && *words != ';'; words += strspn(words, " ")) {
		len = strcspn(words, " ;");
		offer(c, words, len, NULL);
		words += len;
	}
}

/* The last of several with commas; the others stay */
static void offer_list(struct completion *c, const char *words)
{
	const char *comma = strrchr(c->cur, ',');

	puts(":nospace");
	if (comma) {
		/* one of both alone: a list in "--name=a,b" stays as it is, too */
		c->prefix = c->prefix ? c->prefix : c->cur;
		c->len = (size_t)(comma + 1 - c->prefix);
		c->cur = comma + 1;
	}
	offer_words(c, words);
}

static void offer_values(struct completion *c, const char *values)
{
	static const struct {
		const char *name;
		void (*offer)(const struct completion *c);
	} kinds[] = {
		{ VALUES_FINDINGS, offer_findings },
		{ VALUES_COMMANDS, offer_commands },
	};

	if (!values)
		return;
	if (!strncmp(values, VALUES_FILES, strlen(VALUES_FILES))) {
		puts(":files");
		return;
	}
	if (!strcmp(values, VALUES_VM_PIDS)) {
		offer_pids(c);
		return;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(values, kinds[i].name)) {
			kinds[i].offer(c);
			return;
		}
	if (*values == ',')
		offer_list(c, values + 1);
	else
		offer_words(c, values);
}

/* What an option does, as far as a line of a list has room for it */
static void shorten(const char *doc, char *text, size_t size)
{
	size_t len = strcspn(doc, ";.\n");

	if (len >= size)
		len = size - 1;
	snprintf(text, size, "%.*s", (int)len, doc);
	while (doc[len] && doc[len] != ' ' && !strchr(";.\n", doc[len]) &&
	       len && text[len - 1] != ' ')
		text[--len] = '\0';
}

static void offer_options(const struct completion *c)
{
	const bool one_dash = c->cmd->one_dash && c->cur[0] == '-' &&
			      c->cur[1] && c->cur[1] != '-';
	const struct cmd_option *option;
	char word[64], what[64];

	for (size_t i = 0; (option = cmd_option_at(c->cmd, i)); i++) {
		snprintf(word, sizeof(word), "%s%s", one_dash ? "-" : "--",
			 option->name);
		shorten(option->doc, what, sizeof(what));
		offer(c, word, strlen(word), what);
	}
}

static const struct cmd_option *long_option(const struct cmd *cmd,
					    const char *word)
{
	const char *name = word + strspn(word, "-");
	const size_t len = strcspn(name, "=");
	const struct cmd_option *option;

	if (name == word || (name == word + 1 && !cmd->one_dash))
		return NULL;
	for (size_t i = 0; (option = cmd_option_at(cmd, i)); i++)
		if (!strncmp(option->name, name, len) && !option->name[len])
			return option;
	return NULL;
}

/* The last letter of "-vp", if it takes a value that follows */
static const struct cmd_option *short_option(const struct cmd *cmd,
					     const char *word)
{
	const struct cmd_option *option;

	if (word[0] != '-' || word[1] == '-')
		return NULL;
	for (word++; *word; word++)
		for (size_t i = 0; (option = cmd_option_at(cmd, i)); i++)
			if (option->key == *word && option->arg)
				return word[1] ? NULL : option;
	return NULL;
}

/* Take a word before the last; true: another program's begins at it */
static bool take(struct completion *c, int at)
{
	const char *word = c->words[at];
	const struct cmd_option *option;

	/* bash has "=" as a word of its own */
	if (!strcmp(word, "="))
		return false;
	if (c->value && c->value->arg[0] != '[') {
		c->value = NULL;
		return false;
	}
	c->value = NULL;
	if (word[0] == '-' && word[1] && strcmp(word, "--")) {
		option = long_option(c->cmd, word);
		if (!option)
			option = short_option(c->cmd, word);
		if (option && option->arg && !strchr(word, '='))
			c->value = option;
		return false;
	}
	if (c->cmd->name) {
		if (c->cmd->takes_command)
			return true;
		c->args += strcmp(word, "--") != 0;
		return false;
	}
	c->cmd = cmd_find(word);
	return false;
}

static void complete_last(struct completion *c)
{
	const char *before = c->nr > 1 ? c->words[c->nr - 2] : "";
	const char *equals = strchr(c->cur, '=');
	const char *args = c->cmd->args;

	if (!strcmp(c->cur, "=")) {
		before = c->cur;
		c->cur = "";
	} else if (c->cur[0] == '-' && equals && !c->value) {
		c->value = long_option(c->cmd, c->cur);
		c->prefix = c->cur;
		c->len = (size_t)(equals + 1 - c->cur);
		c->cur = before = equals + 1;
		if (c->value && c->value->arg)
			offer_values(c, c->value->values);
		return;
	}
	if (c->value && (c->value->arg[0] != '[' || !strcmp(before, "="))) {
		offer_values(c, c->value->values);
		return;
	}
	if (c->cur[0] == '-' || (!args && !c->cur[0])) {
		offer_options(c);
		return;
	}
	for (size_t i = 0; args && i < c->args && strchr(args, ';'); i++)
		args = strchr(args, ';') + 1;
	if (args)
		offer_values(c, args);
	else if (c->cmd->takes_command)
		printf(":command %d\n", c->nr - 1);
}

static const struct cmd_option option_table[] = { CMD_COMMON };

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct completion c = { .cmd = &cmd_slotscope };

	(void)cmd;
	argc--;
	argv++;
	if (argc && !strcmp(*argv, "--")) {
		argc--;
		argv++;
	}
	if (!argc)
		return CMD_OK;
	c.words = argv;
	c.nr = argc;
	c.cur = argv[argc - 1];
	for (int i = 0; i < argc - 1 && c.cmd; i++)
		if (take(&c, i)) {
			printf(":command %d\n", i + !strcmp(c.words[i], "--"));
			return CMD_OK;
		}
	if (c.cmd)
		complete_last(&c);
	return CMD_OK;
}

const struct cmd cmd_complete = {
	.name = "complete",
	.summary = "tell what may stand for the last word of a command line",
	.usage = "complete -- WORD...",
	.about = "For the completions of shells.",
	.options = option_table,
	.ending = "Exit status: 0.",
	.run = run,
};
