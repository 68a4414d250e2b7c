/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lessons of the course: what each asks for, and if an answer is right. A wrong
 * one is told what to look at, never what is right. Pure: whoever asks has looked at
 * the process, or run the program.
 */
#ifndef LEARN_LESSON_H
#define LEARN_LESSON_H

#include <slotscope/rules.h>
#include <slotscope/view.h>

#include "learn/ranges.h"
#include "learn/scene.h"

#define LESSONS 8

/* What a lesson's answer is */
enum lesson_answer {
	LESSON_DESCRIPTORS, /* PID, and which descriptor is what */
	LESSON_PROGRAM,	    /* a C file, which is compiled and run */
	LESSON_RANGES,	    /* ranges, as the quiz takes them */
	LESSON_FAULT,	    /* PID, a kind of fault, and where it is */
};

/**
 * struct lesson - one of them
 * @file:   below Documentation/course: its text
 * @start:  file to fill in or to try on, below start/ there; NULL: there is none
 * @usage:  what stands behind --check
 */
struct lesson {
	unsigned int number;
	const char *file;
	const char *start;
	enum lesson_answer answer;
	const char *usage;
};

extern const struct lesson lessons[LESSONS];

enum learn_verdict {
	LEARN_RIGHT,
	LEARN_WRONG,
	LEARN_UNFINISHED, /* something is still to be filled in */
	LEARN_CANNOT,	  /* it could not be judged */
};

#define LEARN_SAY_MAX 1024

/** struct learn_word - what is said of an answer; sentences */
struct learn_word {
	enum learn_verdict verdict;
	char text[LEARN_SAY_MAX];
};

/** learn_say() - fill it */
void learn_say(struct learn_word *out, enum learn_verdict verdict,
	       const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** learn_cannot() - it could not be judged, as something failed */
void learn_cannot(struct learn_word *out, const struct slotscope_error *err);

/* What a descriptor of a process is */
enum kvm_fd_kind { KVM_FD_OTHER, KVM_FD_DEV, KVM_FD_VM, KVM_FD_VCPU };

struct kvm_fd {
	int fd;
	enum kvm_fd_kind kind;
};

/**
 * learn_descriptors() - lesson 1
 * @fds:   of the process, those of KVM, @nr_fds
 * @words: "kvm=3", "vm=4", "vcpu=5,6", "slots=4": which are said to be what; @nr
 */
void learn_descriptors(const struct kvm_fd *fds, size_t nr_fds,
		       char *const *words, size_t nr, struct learn_word *out);

/**
 * learn_scene() - the machine that lesson 3, 4 or 5 asks about
 *
 * Return: false for another lesson.
 */
bool learn_scene(unsigned int lesson, struct scene *out);

/** learn_ranges() - lessons 3, 4 and 5 */
void learn_ranges(unsigned int lesson, const char *answer,
		  struct learn_word *out);

/**
 * struct learn_ran - what a learner's program did
 * @log:    its requests
 * @ended:  it ended by itself, with
 * @status: as of waitpid(2); where not @ended it took too long
 * @args:   numbers that it was given, @nr_args
 * @output: what it printed
 * @limits: what this kernel allows
 * @calls:  lesson 7: what the program fetched, a line each: "SLOT RESULT" of
 *	    KVM_GET_DIRTY_LOG, as it was called
 */
struct learn_ran {
	const struct slot_log *log;
	bool ended;
	int status;
	unsigned int args[8];
	size_t nr_args;
	const char *output;
	const struct request_limits *limits;
	const char *calls;
};

/**
 * learn_source() - is there something left to be filled in?
 * @source: C; what comments say does not count
 *
 * Return: false if so, or if it is not a program; @out says where.
 */
bool learn_source(const char *source, struct learn_word *out);

/**
 * learn_runs() - what a lesson's program is run with
 * @args: as of struct learn_ran
 *
 * Return: how many numbers the @run-th has; -1: there is no such run.
 */
int learn_runs(unsigned int lesson, unsigned int run, unsigned int args[8]);

/** learn_program() - lessons 2, 6 and 7: judge one run */
void learn_program(unsigned int lesson, const struct learn_ran *ran,
		   struct learn_word *out);

/**
 * learn_fault() - lesson 8
 * @seed:  of --fault seed=
 * @words: the kind of fault, and where it is; @nr
 */
void learn_fault(uint64_t seed, char *const *words, size_t nr,
		 struct learn_word *out);

#endif
