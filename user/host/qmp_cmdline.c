// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/qmp_cmdline.h"

/* The words of a command line, one at a time */
struct words {
	const char *at;
	const char *end;
};

/* The next word, or NULL. A last one without its NUL was cut: it is no word */
static const char *next_word(struct words *words)
{
	const char *word = words->at, *nul;

	if (word == words->end)
		return NULL;
	nul = memchr(word, '\0', words->end - word);
	if (!nul) {
		words->at = words->end;
		return NULL;
	}
	words->at = nul + 1;
	return word;
}

/* The value of the option @name, if @word is that option; or NULL */
static const char *value_of(struct words *words, const char *word,
			    const char *name)
{
	if (word[0] != '-')
		return NULL;
	word += word[1] == '-' ? 2 : 1;
	return strcmp(word, name) ? NULL : next_word(words);
}

#define KEY_MAX	  16
#define VALUE_MAX 128 /* more than the longest name of a socket */

/* What is cut because it does not fit is longer than any name that is right */
static void append(char *to, size_t *n, size_t max, char c)
{
	if (*n < max - 1)
		to[(*n)++] = c;
	to[*n] = '\0';
}

/*
 * One part of QEMU's "value,key=value,flag": a first part without a key belongs
 * to the key @first, a later one is a flag that is on.
 *
 * Return: where the next part begins, or NULL after the last.
 */
static const char *next_pair(const char *at, const char *first,
			     char key[KEY_MAX], char value[VALUE_MAX])
{
	size_t eq = strcspn(at, "=,"), n = 0;
	bool has_key = at[eq] == '=';

	value[0] = '\0';
	if (has_key) {
		snprintf(key, KEY_MAX, "%.*s", (int)eq, at);
		at += eq + 1;
	}
	for (; *at; at++) {
		if (*at == ',' && *++at != ',')
			break;
		append(value, &n, VALUE_MAX, *at);
	}
	if (!has_key && first) {
		snprintf(key, KEY_MAX, "%s", first);
	} else if (!has_key) {
		snprintf(key, KEY_MAX, "%.*s", KEY_MAX - 1, value);
		strcpy(value, "on");
	}
	return *at ? at : NULL;
}

/* The last value of @key in a list, as QEMU takes it */
static bool get(const char *list, const char *key, const char *first,
		char value[VALUE_MAX])
{
	char name[KEY_MAX], one[VALUE_MAX];
	bool found = false;

	value[0] = '\0';
	for (; list; first = NULL) {
		list = next_pair(list, first, name, one);
		if (!strcmp(name, key)) {
			strcpy(value, one);
			found = true;
		}
	}
	return found;
}

static bool get_bool(const char *list, const char *key, const char *first)
{
	char value[VALUE_MAX];

	return get(list, key, first, value) &&
	       (!strcmp(value, "on") || !strcmp(value, "yes") ||
		!strcmp(value, "true") || !strcmp(value, "y"));
}

static bool set_name(struct qmp_named *out, const char *name, bool abstract)
{
	int n = snprintf(out->name, sizeof(out->name), "%s%s",
			 abstract ? "@" : "", name);

	return name[0] && n < (int)sizeof(out->name);
}

/* "path=PATH,abstract=on" or "fd=N", in the options of a socket */
static bool socket_names(const char *list, const char *first,
			 struct qmp_named *out)
{
	char value[VALUE_MAX];
	char *end;
	long fd;

	*out = (struct qmp_named){ .fd = -1 };
	out->server = get_bool(list, "server", first);
	if (get(list, "path", first, value))
		return set_name(out, value, get_bool(list, "abstract", first));
	if (!get(list, "fd", first, value))
		return false;
	fd = strtol(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || fd > INT_MAX)
		return false;
	out->fd = fd;
	return true;
}

static bool chardev_names(const char *list, const char *id,
			  struct qmp_named *out)
{
	char value[VALUE_MAX];

	if (!get(list, "backend", "backend", value) || strcmp(value, "socket"))
		return false;
	if (!get(list, "id", "backend", value) || strcmp(value, id))
		return false;
	return socket_names(list, "backend", out);
}

static bool find_chardev(const char *text, size_t len, const char *id,
			 struct qmp_named *out)
{
	struct words words = { text, text + len };
	const char *word, *list;

	while ((word = next_word(&words))) {
		list = value_of(&words, word, "chardev");
		if (list && chardev_names(list, id, out))
			return true;
	}
	return false;
}

/* What -qmp takes: "unix:PATH,..." or "chardev:ID" */
static bool qmp_names(const char *text, size_t len, const char *list,
		      struct qmp_named *out)
{
	if (!strncmp(list, "unix:", 5))
		return socket_names(list + 5, "path", out);
	if (!strncmp(list, "chardev:", 8))
		return find_chardev(text, len, list + 8, out);
	return false;
}

static bool mon_names(const char *text, size_t len, const char *list,
		      struct qmp_named *out)
{
	char value[VALUE_MAX];

	if (!get(list, "mode", "chardev", value) || strcmp(value, "control"))
		return false;
	if (!get(list, "chardev", "chardev", value))
		return false;
	return find_chardev(text, len, value, out);
}

size_t qmp_cmdline_parse(const char *text, size_t len,
			 struct qmp_named out[QMP_NAMED_MAX])
{
	struct words words = { text, text + len };
	const char *word, *list;
	size_t nr = 0;

	while (nr < QMP_NAMED_MAX && (word = next_word(&words))) {
		list = value_of(&words, word, "qmp");
		if (!list)
			list = value_of(&words, word, "qmp-pretty");
		if (list) {
			nr += qmp_names(text, len, list, &out[nr]);
			continue;
		}
		list = value_of(&words, word, "mon");
		if (list)
			nr += mon_names(text, len, list, &out[nr]);
	}
	return nr;
}

static bool is_uuid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i;

	for (i = 0; text[i] && form[i]; i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)text[i]) :
				     text[i] != '-')
			return false;
	return !text[i] && !form[i];
}

bool qmp_cmdline_uuid(const char *text, size_t len, char uuid[37])
{
	struct words words = { text, text + len };
	const char *word, *value;
	bool found = false;

	/* of several QEMU takes the last */
	while ((word = next_word(&words))) {
		value = value_of(&words, word, "uuid");
		if (!value)
			continue;
		found = is_uuid(value);
		if (found)
			strcpy(uuid, value);
	}
	return found;
}

bool qmp_cmdline_name(const char *text, size_t len, char name[VALUE_MAX])
{
	struct words words = { text, text + len };
	char one[VALUE_MAX];
	const char *word, *list;
	bool found = false;

	/* as with all options of QEMU that are a list: the last that says it */
	while ((word = next_word(&words))) {
		list = value_of(&words, word, "name");
		if (list && get(list, "guest", "guest", one) && one[0]) {
			strcpy(name, one);
			found = true;
		}
	}
	return found;
}

const char *cmdline_value(const char *text, size_t len, const char *name)
{
	struct words words = { text, text + len };
	const char *word, *value, *found = NULL;
	const size_t n = strlen(name);

	while ((word = next_word(&words))) {
		if (!strncmp(word, "--", 2) && !strncmp(word + 2, name, n) &&
		    word[2 + n] == '=') {
			found = word + 2 + n + 1;
			continue;
		}
		value = value_of(&words, word, name);
		found = value ? value : found;
	}
	return found;
}
