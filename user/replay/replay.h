/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replay of an api.log: the calls that a real QEMU made of its memory API are
 * made of our model, and what follows from each (the flat views, by hash, and
 * the requests to KVM, word by word) is held against what followed in QEMU.
 * Pure: text in, report out.
 *
 * The format is described where the logs come from (the fixtures' README). A
 * call is an input; "flat" and "KVM" lines are what must follow from it, in
 * that order and no others.
 */
#ifndef SLOTSCOPE_REPLAY_H
#define SLOTSCOPE_REPLAY_H

#include <slotscope/memory.h>

/**
 * struct replay_report - what a replay found
 * @lines:    of the log
 * @calls:    made of our model
 * @flats:    views compared, all equal but perhaps the last
 * @requests: KVM lines compared, likewise
 * @offsets:  RAMBlock offsets compared: QEMU's find_ram_offset against ours
 * @probes:   KVM lines that are kvm_init's own, not the model's: QEMU 7.2 tries
 *	      whether KVM takes several eventfds at one address. Their form and
 *	      order are checked
 * @refused:  our model or our slot table refused something. @why says what. In
 *	      QEMU the log ends there, for it aborted
 * @differs:  a difference was found; the replay ended there
 * @line:     number of the line, from 1, of the difference or the refusal
 * @call:     the call that led to it; its line
 * @ours:     what follows from it here; "" for nothing
 * @theirs:   what followed in QEMU; "" for nothing
 * @before:   our view of the address space before the call, as text; the log
 *	      has only a hash of theirs
 * @after:    our view after it
 * @unchanged: QEMU's hash is that of @before: its view did not change with the
 *	      call, and so is known
 * @why:      the refusal, in words
 */
struct replay_report {
	size_t lines;
	size_t calls;
	size_t flats;
	size_t requests;
	size_t offsets;
	size_t probes;
	bool refused;
	bool differs;
	size_t line;
	char call[512];
	char ours[512];
	char theirs[512];
	char *before;
	char *after;
	bool unchanged;
	struct slotscope_error why;
};

/**
 * struct replay_options - how to replay; all 0 is the usual way
 * @full_render: by the full render (memory_model_options)
 * @no_hash: count views, do not compare them: so that what the model takes can be
 *	     measured. Most of a replay's time goes into the hashes
 */
struct replay_options {
	bool full_render;
	bool no_hash;
};

/**
 * replay_api_log() - replay a log
 * @text:   need not end with a newline or NUL
 * @report: filled; replay_report_deinit() it, also after an error
 *
 * A difference or a refusal is no error. Errors: -EINVAL for text that is no
 * api.log (@err names the line), or that has nothing to compare; -ENOMEM.
 */
int replay_api_log(const char *text, size_t len,
		   const struct replay_options *options,
		   struct replay_report *report, struct slotscope_error *err);

void replay_report_deinit(struct replay_report *report);

#endif
