/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slotscope check on files: no VM, no KVM, no root. */
#ifndef SLOTSCOPE_CMD_CHECK_FILES_H
#define SLOTSCOPE_CMD_CHECK_FILES_H

#include <stdint.h>

#include "check/sample.h"
#include "render/check.h"
#include "session/given.h"

#define CHECK_FILES_MAX 8

/**
 * struct check_files - files of the command line
 * @mtree:     texts of info mtree, @nr_mtree
 * @page_size: of the host that they are of
 */
struct check_files {
	const char *mtree[CHECK_FILES_MAX];
	size_t nr_mtree;
	const char *model;
	const char *slots;
	const char *maps;
	uint64_t page_size;
};

static inline bool check_files_any(const struct check_files *files)
{
	return files->nr_mtree || files->model || files->slots || files->maps;
}

/**
 * check_files_read() - read all of them
 * @vm:	   number of the VM in a log; 0: the only one
 * @given: given_deinit() it, also after an error
 */
int check_files_read(const struct check_files *files, uint64_t vm,
		     struct given *given, struct slotscope_error *err);

/**
 * check_files_sample() - the views that they have
 * @sample: sample_deinit() it after 0
 */
int check_files_sample(const struct given *given, struct sample *sample,
		       struct slotscope_error *err);

/** check_files_list() - which files the views are of, for a document; their number */
size_t check_files_list(const struct given *given,
			struct check_file out[GIVEN_MAX]);

/** check_files_run() - compare what they have, and print it; an enum cmd_exit */
int check_files_run(const struct check_files *files, uint64_t vm);

/** check_files_page_size() - "4096", "4k", "64k" */
int check_files_page_size(const char *text, uint64_t *out,
			  struct slotscope_error *err);

#endif
