/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cross-check for people, and for programs */
#ifndef RENDER_CHECK_H
#define RENDER_CHECK_H

#include <stdio.h>

#include <slotscope/history.h>

#include "render/table.h"

struct model_tree;
struct told_past;
struct slot_forecast;

/** struct check_file - a file that a view is of; @kind: "strace's output" */
struct check_file {
	enum party_id party;
	const char *name;
	const char *kind;
};

/**
 * struct check_document - what is to be told of one check; all is borrowed
 * @comparison: what was compared, and what was found
 * @vm:	       which VM; NULL: say nothing of it
 * @number:    of it, as check --vm takes it; 0: there is no other
 * @pid:       its process, if that is there; 0: it is not
 * @comm:      its process's name; NULL: not known
 * @kernel_by: what KERNEL was read by; NULL: say nothing of it
 * @stories:   since when and why; NULL: say nothing of it
 * @real_ns:   CLOCK_REALTIME at @stories' moment; 0: not known
 * @at_ms:     when its sample began, as check --at counts; negative: say
 *	       nothing of it
 * @files:     that views are of, @nr_files. Without a VM that was looked at nothing
 *	       tells whether they are of one moment, and that is said
 * @assumed:   to read them, a line each; NULL: nothing
 * @tree:      that MODEL comes from; NULL: nobody told of one
 * @mapped:    what KVM's page tables map, @nr_mapped; NULL: say nothing of it, but
 * @mapped_why: why it could not be had
 * @past:      the recording that the VM's past is of; NULL: say nothing of it
 * @forecast:  what slots follow from a flat view, @nr_forecast
 */
struct check_document {
	const struct comparison *comparison;
	const struct check_rows *rows;
	const struct vm_id *vm;
	uint64_t number;
	pid_t pid;
	const char *comm;
	const char *kernel_by;
	const struct stories *stories;
	uint64_t real_ns;
	int at_ms;
	const struct check_file *files;
	size_t nr_files;
	const char *assumed;
	const struct model_tree *tree;
	const struct stage2_row *mapped;
	size_t nr_mapped;
	const char *mapped_why;
	const struct told_past *past;
	const struct slot_forecast *forecast;
	size_t nr_forecast;
};

/**
 * render_check() - the table, the findings, and the verdict
 *
 * In colour only if @out is a terminal and NO_COLOR is not set; nothing is said
 * by colour alone. No line is as wide as render_style.columns.
 *
 * Return: 0 or -ENOMEM.
 */
int render_check(FILE *out, const struct check_document *document);

/** render_check_json() - all of it as one document, on one line; 0 or -ENOMEM */
int render_check_json(FILE *out, const struct check_document *document);

/*
 * The parts of render_check()
 */

/* Keys of the columns of its table, for completion */
#define CHECK_COLUMN_KEYS ",as range model traced kernel backing verdict"

/** check_columns() - all columns that it can have, for table_choose(); how many */
size_t check_columns(struct table_column columns[TABLE_COLUMNS]);

/**
 * render_check_table() - a row a range, a column a view
 *
 * Ranges in a row that were not compared are one line. Return: 0 or -ENOMEM.
 */
int render_check_table(FILE *out, const struct comparison *comparison,
		       const struct check_rows *rows);

/**
 * render_check_findings() - each with its evidence, beneath its cause
 *
 * Those beyond RENDER_MAX_FINDINGS are counted only; JSON has all.
 * Return: 0 or -ENOMEM.
 */
int render_check_findings(FILE *out, const struct check_document *document);

#define STORY_TIME_SIZE 32

/**
 * story_time() - when a story began, in the local time of day
 *
 * Return: "2026-11-29 07:25:01.004", or NULL if it is not known.
 */
const char *story_time(char buf[STORY_TIME_SIZE],
		       const struct check_document *document,
		       const struct story *story);

#define RENDER_MAX_FINDINGS 100

#endif
