/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A page for a browser: one file, that asks no network for anything.
 *
 * It is made of the JSON documents that the command prints with --json, and of
 * nothing else: they are in it as they are, for the scripts that draw, and they are
 * told as tables and lists for whoever reads without scripts. Names in them come
 * from a VMM, and may be anything: nothing of them becomes markup or script.
 */
#ifndef RENDER_HTML_H
#define RENDER_HTML_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Events that a page takes: it must still open, and be quick */
#define HTML_EVENTS_MAX 200000

/* Rows of a table of a page; what is drawn has all of them */
#define HTML_ROWS_MAX 1000

/**
 * struct html_page - what a page is made of; zero, then html_page_begin()
 * @json:     JSON documents, a line each
 * @printed:  what the command printed for people of them, to be shown as it is
 * @events:   that are in it
 * @left_out: that came when there were HTML_EVENTS_MAX
 */
struct html_page {
	FILE *json;
	FILE *printed;
	uint64_t events;
	uint64_t left_out;
	char *json_text, *printed_text; /* private */
	size_t json_len, printed_len;
};

/** html_page_begin() - 0 or -ENOMEM; html_page_deinit() it then */
int html_page_begin(struct html_page *page);
void html_page_deinit(struct html_page *page);

/**
 * html_page_takes() - is there room for another event?
 *
 * To be asked before each; it counts them.
 */
bool html_page_takes(struct html_page *page);

/**
 * html_page_write() - the page; nothing can be added to it any more
 * @command: the command line, as it was typed
 *
 * Return: 0 or -ENOMEM. Whether it could be written, @out knows.
 */
int html_page_write(struct html_page *page, const char *command, FILE *out);

#endif
