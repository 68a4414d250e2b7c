/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of a page that are there without scripts. Each is made of documents;
 * what a document is, its members tell.
 */
#ifndef RENDER_HTML_PARTS_H
#define RENDER_HTML_PARTS_H

#include <stdio.h>

#include <json-c/json.h>

/** html_is_check() - is it a check's? */
bool html_is_check(struct json_object *document);
/** html_is_event() - an event, or the stack of one? */
bool html_is_event(struct json_object *document);
/** html_is_story() - of vm --explain? */
bool html_is_story(struct json_object *document);

/** html_check() - verdict, findings and ranges; @nr: which check of this page, from 0 */
void html_check(FILE *out, struct json_object *check, size_t nr);

/** html_tree() - of a check: the way from its tree to the slots, if it has one */
void html_tree(FILE *out, struct json_object *check, size_t nr);

/** html_event() - a row of the table of events; @begin_ns: time 0 of it */
void html_event(FILE *out, struct json_object *event, uint64_t begin_ns);

/**
 * struct html_story - where the story is; zero at its beginning
 * @step: the one that is open; 0: none
 */
struct html_story {
	uint64_t step;
};

/** html_story() - the next document of the story; NULL: it ends */
void html_story(FILE *out, struct html_story *story,
		struct json_object *document);

/** html_rules() - the errno rules that @checks name, an array of documents */
void html_rules(FILE *out, struct json_object *documents);
/** html_rule_link() - to one of them */
void html_rule_link(FILE *out, const char *rule, const char *words);

#endif
