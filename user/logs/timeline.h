/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log laid out in time: a track a VM, a slot, a vCPU and a thread, and on them what
 * lasted, so that it nests, and what happened at a moment. Pure.
 */
#ifndef LOGS_TIMELINE_H
#define LOGS_TIMELINE_H

#include <slotscope/view.h>

enum timeline_track_kind {
	TIMELINE_VM,
	TIMELINE_SLOT,
	TIMELINE_VCPU,
	TIMELINE_THREAD,
	TIMELINE_LOST, /* of all VMs */
};

/**
 * struct timeline_track - whose
 * @serial: VM, SLOT, VCPU: of the VM
 * @tgid:   THREAD: of the process. VM: of who made it, or was the first to use it
 * @id:	    SLOT: number in @as_id; VCPU: id; THREAD: tid
 * @comm:   THREAD: its last name; need not end in NUL
 * @lanes:  so many are needed for what lasts to nest in each: 1, but for times that
 *	    contradict each other
 *
 * The rest is private.
 */
struct timeline_track {
	enum timeline_track_kind kind;
	uint64_t serial;
	pid_t tgid;
	uint16_t as_id;
	int32_t id;
	char comm[16];
	unsigned int lanes;

	const struct slot_event *maker; /* of what lasts now */
	uint64_t since_ns;
	bool stood;
};

enum timeline_what {
	TIMELINE_EVENT, /* an event as it is, on the thread that did it or where it was */
	TIMELINE_LIFE,	/* of a VM */
	TIMELINE_STATE, /* a slot as @event left it; @event is what made it */
	TIMELINE_HOLE, /* a slot that was invalid, for @event to delete or move it */
	TIMELINE_GAP, /* events are missing: @event is the LOST */
};

/**
 * struct timeline_slice - something on a track
 * @begin_ns: CLOCK_MONOTONIC, and
 * @end_ns:   ... of its end; @begin_ns: it is a moment
 * @lane:     of the track, from 0
 * @stood:    it began before the log did
 * @open:     the log ends before it does
 */
struct timeline_slice {
	const struct timeline_track *track;
	enum timeline_what what;
	const struct slot_event *event;
	uint64_t begin_ns;
	uint64_t end_ns;
	unsigned int lane;
	bool stood;
	bool open;
};

/**
 * struct timeline
 * @tracks:   VM by VM, then threads, then what is lost; owned, and they are
 * @slices:   track by track, by time; what lasts longer before what is within it; owned
 */
struct timeline {
	struct timeline_track **tracks;
	size_t nr_tracks;
	size_t cap_tracks;
	struct timeline_slice *slices;
	size_t nr_slices;
	size_t cap_slices;
};

/**
 * timeline_make() - lay out a log
 * @out: points into @log; timeline_deinit() it, also after an error
 *
 * A slot's states follow KVM's changes; those of a VM without any, its requests that
 * were granted.
 *
 * Return: 0; -ENOMEM; or -ENODATA for events without times.
 */
int timeline_make(const struct slot_log *log, struct timeline *out);

void timeline_deinit(struct timeline *timeline);

#endif
