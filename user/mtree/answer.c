// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "mtree/answer.h"

static int bad_json(struct slotscope_error *err, const char *why)
{
	error_set(err, EINVAL, "read the text of info mtree");
	error_why(err, "it begins as JSON, and %s", why);
	return error_next(err, "give QEMU's whole answer to "
			       "human-monitor-command, or the text alone");
}

static int out_of_memory(struct slotscope_error *err)
{
	return error_set(err, ENOMEM, "read the text of info mtree");
}

struct growing {
	char *text;
	size_t len;
};

static int append(struct growing *to, const char *text, size_t len)
{
	char *more = realloc(to->text, to->len + len + 2);

	if (!more)
		return -ENOMEM;
	memcpy(more + to->len, text, len);
	to->len += len;
	/* Each answer ends its last line, whether or not it does so itself */
	if (len && more[to->len - 1] != '\n')
		more[to->len++] = '\n';
	more[to->len] = '\0';
	to->text = more;
	return 0;
}

/* Greetings, events and answers to other commands hold no text, and are passed over */
static int take_answer(struct json_object *value, struct growing *to,
		       struct slotscope_error *err)
{
	struct json_object *answer = value, *failure;

	if (json_object_is_type(value, json_type_object)) {
		if (json_object_object_get_ex(value, "error", &failure))
			return bad_json(err, "says that the command failed");
		if (!json_object_object_get_ex(value, "return", &answer))
			return 0;
	}
	if (!json_object_is_type(answer, json_type_string))
		return 0;
	if (append(to, json_object_get_string(answer),
		   json_object_get_string_len(answer)))
		return out_of_memory(err);
	return 0;
}

static size_t skip_blanks(const char *text, size_t at, size_t len)
{
	while (at < len && strchr(" \t\r\n", text[at]))
		at++;
	return at;
}

static int take_json(const char *text, size_t len, struct growing *to,
		     struct slotscope_error *err)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *value;
	size_t at = 0;
	int ret = 0;

	if (!tokener)
		return out_of_memory(err);
	if (len > INT_MAX)
		ret = bad_json(err, "is too long");
	while (!ret && (at = skip_blanks(text, at, len)) < len) {
		json_tokener_reset(tokener);
		value = json_tokener_parse_ex(tokener, text + at, len - at);
		if (!value) {
			ret = bad_json(err,
				       json_tokener_get_error(tokener) ==
						       json_tokener_continue ?
					       "ends within it" :
					       "is none");
			break;
		}
		at += json_tokener_get_parse_end(tokener);
		ret = take_answer(value, to, err);
		json_object_put(value);
	}
	json_tokener_free(tokener);
	if (!ret && !to->text)
		ret = bad_json(err, "holds no answer with a text (\"return\")");
	return ret;
}

int mtree_answer(const char *text, size_t len, char **out, size_t *out_len,
		 struct slotscope_error *err)
{
	struct growing answers = {};
	size_t at = skip_blanks(text, 0, len);
	int ret;

	*out = NULL;
	if (at == len || (text[at] != '{' && text[at] != '"'))
		return 0;
	ret = take_json(text + at, len - at, &answers, err);
	if (ret) {
		free(answers.text);
		return ret;
	}
	*out = answers.text;
	*out_len = answers.len;
	return 0;
}
