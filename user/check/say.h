/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for ranges, slots and mappings in findings */
#ifndef CHECK_SAY_H
#define CHECK_SAY_H

#include <slotscope/check.h>

#include "base/size_text.h"

#define SAY_MAX 192

/** say_range() - "0x100000-0xfffffff (255 MiB)" */
const char *say_range(char buf[SAY_MAX], gpa_t gpa, uint64_t size);
#define SAY_RANGE(gpa, size) say_range((char[SAY_MAX]){ 0 }, gpa, size)

/** say_time() - how long: "41 ms", "3.2 s", "2 h 5 min" */
const char *say_time(char buf[SAY_MAX], uint64_t ns);
#define SAY_TIME(ns) say_time((char[SAY_MAX]){ 0 }, ns)

/**
 * say_apart() - "41 ms ", what lies between two moments; nothing if one of them is 0:
 * a text of others need not tell when something was
 */
const char *say_apart(char buf[SAY_MAX], uint64_t first_ns, uint64_t last_ns);
#define SAY_APART(first, last) say_apart((char[SAY_MAX]){ 0 }, first, last)

/** say_who() - " by thread 812 (qemu)", of what there is; nothing if nobody is told */
const char *say_who(char buf[SAY_MAX], pid_t tid, const char comm[16]);
#define SAY_WHO(tid, comm) say_who((char[SAY_MAX]){ 0 }, tid, comm)

/** say_what() - what a view calls a slot: "pc.ram", "slot 3", "RAM" */
const char *say_what(char buf[SAY_MAX], const struct slot *slot);
#define SAY_WHAT(slot) say_what((char[SAY_MAX]){ 0 }, slot)

/** say_flags() - "read-only, dirty log", "read-write"; those of @fields */
const char *say_flags(char buf[SAY_MAX], uint32_t flags, uint32_t fields);
#define SAY_FLAGS(flags, fields) say_flags((char[SAY_MAX]){ 0 }, flags, fields)

/** say_errno() - "EEXIST (File exists)" for -EEXIST */
const char *say_errno(char buf[SAY_MAX], int result);
#define SAY_ERRNO(result) say_errno((char[SAY_MAX]){ 0 }, result)

/**
 * say_view() - what a state has in a range, for finding.says
 *
 * Return: a new string, or NULL: nothing to say, or out of memory.
 */
char *say_view(const struct slot_state *state, uint16_t as_id, gpa_t gpa,
	       uint64_t size);

/** say_backing() - what lies under [hva, hva + size), the same way */
char *say_backing(const struct host_map *map, hva_t hva, uint64_t size);

/** state_covers() - does @state speak for this address space? */
bool state_covers(const struct slot_state *state, uint16_t as_id);

/** range_name_of() - a mapping's path, or "anonymous memory" */
const char *range_name_of(const struct host_range *range);

#endif
