// SPDX-License-Identifier: GPL-2.0-or-later
/* Recordings read from their middle: by time, and where the oldest was dropped */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/recording.h"
#include "trace/recording_format.h"
#include "view/fold.h"
#include "recording_make.h"
#include "view_make.h"

#define VMS	 3
#define SLOTS	 5
#define CALL_NS	 400 /* a change begins so much before it ends */
#define RING_MAX (RECORDING_KEEP_MIN + 2UL * RECORDING_RING_ALIGN)

/**
 * struct work - VMs whose slots come and go, and all that was told of it
 * @immortal: no VM ends
 * @there: which slots there are
 */
struct work {
	struct slot_log log;
	bool immortal;
	uint64_t seq;
	uint64_t steps;
	uint64_t serials[VMS];
	uint64_t generation[VMS];
	bool there[VMS][SLOTS];
	uint64_t next_serial;
};

static struct slot_event next_event(struct work *w, enum slot_event_type type,
				    size_t vm)
{
	struct slot_event event = event_of(type, ++w->seq);

	event.serial = w->serials[vm];
	event.tgid = 100 + event.serial;
	return event;
}

/* What the next one is follows from how many there were */
static struct slot_event step(struct work *w)
{
	const uint64_t n = w->steps++;
	const size_t vm = n % VMS, id = n / VMS % SLOTS;
	struct slot_event event;

	if (!w->serials[vm]) {
		w->serials[vm] = ++w->next_serial;
		w->generation[vm] = 0;
		memset(w->there[vm], 0, sizeof(w->there[vm]));
		event = next_event(w, SLOT_EVENT_VM_CREATE, vm);
		event.vm.serial = event.serial;
		event.vm.fd = 9;
	} else if (n % 1009 == 0 && !w->immortal) {
		event = next_event(w, SLOT_EVENT_VM_DESTROY, vm);
		w->serials[vm] = 0;
	} else {
		event = next_event(w, SLOT_EVENT_CHANGE, vm);
		event.time_ns -= CALL_NS;
		event.duration_ns = CALL_NS;
		event.change.kind = w->there[vm][id] ? SLOT_DELETE :
						       SLOT_CREATE;
		*(w->there[vm][id] ? &event.change.before :
				     &event.change.after) =
			slot_of(0, id, id * GiB, (1 + id) * MiB, HVA, 0);
		event.change.generation_before = w->generation[vm];
		w->generation[vm] += 2;
		event.change.generation = w->generation[vm];
		w->there[vm][id] = !w->there[vm][id];
	}
	assert_int_equal(slot_log_add(&w->log, &event), 0);
	return event;
}

static struct recording_writer *create(uint64_t keep)
{
	const struct recording_info info = { .tgid = 0, .keep = keep };
	struct recording_writer *writer;

	unlink(file);
	assert_int_equal(recording_create(file, &info, &writer, &err), 0);
	/* Until then what the file had is there */
	assert_int_equal(recording_flush(writer, &err), 0);
	return writer;
}

static void write_steps(struct recording_writer *writer, struct work *w,
			size_t nr)
{
	while (nr--) {
		const struct slot_event event = step(w);

		assert_int_equal(recording_write(writer, &event, &err), 0);
	}
}

/* What a recording has from a moment on; all of it for UINT64_MAX */
static enum recording_state load(uint64_t ns, struct slot_log *log)
{
	struct recording_reader *reader;
	enum recording_state state;
	struct slot_event event;
	int ret;

	slot_log_init(log);
	assert_int_equal(recording_open(file, &reader, &err), 0);
	if (ns != UINT64_MAX)
		assert_int_equal(recording_seek(reader, ns, &err), 1);
	while ((ret = recording_read(reader, &event, &err)) > 0)
		assert_int_equal(slot_log_add(log, &event), 0);
	assert_int_equal(ret, 0);
	state = recording_state(reader);
	assert_int_equal(recording_odd(reader).damaged, 0);
	assert_int_equal(recording_odd(reader).unknown, 0);
	recording_close(reader);
	if (ns != UINT64_MAX)
		slot_log_until(log, ns);
	return state;
}

/* The same slots, as sure of them */
static void assert_same_state(const struct slot_log *a,
			      const struct slot_log *b, uint64_t serial)
{
	const struct vm_id vm = { .serial = serial };
	struct slot_state x, y;

	assert_int_equal(fold(a, &vm, &x), 0);
	assert_int_equal(fold(b, &vm, &y), 0);
	assert_int_equal(x.nr_slots, y.nr_slots);
	for (size_t i = 0; i < x.nr_slots; i++) {
		x.slots[i].seq = 0;
		y.slots[i].seq = 0;
		assert_memory_equal(&x.slots[i], &y.slots[i],
				    sizeof(x.slots[i]));
	}
	assert_int_equal(x.coverage.lost, y.coverage.lost);
	assert_int_equal(x.gone, y.gone);
	if (x.nr_as)
		assert_int_equal(x.as[0].covered, y.as[0].covered);
	if (x.nr_as)
		assert_int_equal(x.as[0].generation, y.as[0].generation);
	slot_state_deinit(&x);
	slot_state_deinit(&y);
}

/* It ended, or nothing is told of it */
static void assert_not_there(const struct slot_log *log, uint64_t serial)
{
	const struct vm_id vm = { .serial = serial };
	struct slot_state state;

	assert_int_equal(fold(log, &vm, &state), 0);
	assert_true(state.gone || !state.nr_as);
	slot_state_deinit(&state);
}

static void until(const struct work *w, uint64_t ns, struct slot_log *out)
{
	slot_log_init(out);
	for (size_t i = 0; i < w->log.nr; i++)
		assert_int_equal(slot_log_add(out, &w->log.events[i]), 0);
	slot_log_until(out, ns);
}

/* Serials of VMs that live after @log */
static void assert_alive_same(const struct work *w, const struct slot_log *log,
			      uint64_t ns)
{
	struct slot_log want;
	size_t alive = 0;
	bool *lives = calloc(w->next_serial + 1, sizeof(*lives));

	until(w, ns, &want);
	for (size_t i = 0; i < want.nr; i++) {
		if (want.events[i].type == SLOT_EVENT_VM_CREATE)
			lives[want.events[i].serial] = true;
		else if (want.events[i].type == SLOT_EVENT_VM_DESTROY)
			lives[want.events[i].serial] = false;
	}
	for (uint64_t serial = 1; serial <= w->next_serial; serial++) {
		if (!lives[serial]) {
			assert_not_there(log, serial);
			continue;
		}
		alive++;
		assert_same_state(log, &want, serial);
	}
	free(lives);
	assert_true(alive > 0);
	slot_log_deinit(&want);
}

/* At each moment, what is read from there is what the whole adds up to */
static void by_time(void **unused)
{
	struct recording_writer *writer = create(0);
	struct work w = {};
	struct slot_log log;
	size_t shorter = 0;

	slot_log_init(&w.log);
	write_steps(writer, &w, 20000);
	assert_int_equal(recording_finish(writer, &err), 0);
	for (uint64_t n = 10; n <= w.seq; n += 2777) {
		uint64_t ns = n * 1000 + 500;

		load(ns, &log);
		assert_true(log.events[log.nr - 1].time_ns <= ns);
		assert_alive_same(&w, &log, ns);
		shorter += log.nr < n / 2;
		slot_log_deinit(&log);
	}
	/* It does not read all that was before */
	assert_true(shorter > 2);
	/* Whoever reads from the beginning sees nothing of states */
	assert_int_equal(load(UINT64_MAX, &log), RECORDING_FINISHED);
	assert_int_equal(log.nr, w.log.nr);
	for (size_t i = 0; i < log.nr; i++)
		assert_int_equal(log.events[i].type, w.log.events[i].type);
	slot_log_deinit(&log);
	slot_log_deinit(&w.log);
}

/* Numbers are told without a hole, from the first kept one on */
static void assert_whole(const struct slot_log *log, uint64_t last)
{
	uint64_t next = 1;

	for (size_t i = 0; i < log->nr; i++) {
		const struct slot_event *event = &log->events[i];

		if (event->seq + 1 == next &&
		    (event->type == SLOT_EVENT_BASE ||
		     event->type == SLOT_EVENT_BASE_END))
			continue;
		if (event->seq != next)
			fail_msg(
				"event %zu, %s %d, serial %llu: %llu is not %llu",
				i, "type", event->type,
				(unsigned long long)event->serial,
				(unsigned long long)event->seq,
				(unsigned long long)next);
		next += event->type == SLOT_EVENT_LOST ? event->lost.count : 1;
	}
	assert_int_equal(next, last + 1);
}

static void kept_end(void **unused)
{
	struct recording_writer *writer = create(RECORDING_KEEP_MIN);
	struct work w = {};
	struct slot_log log;
	struct stat st;

	slot_log_init(&w.log);
	for (int i = 0; i < 12; i++) {
		write_steps(writer, &w, 4001);
		assert_int_equal(recording_flush(writer, &err), 0);
		assert_int_equal(load(UINT64_MAX, &log), RECORDING_GROWING);
		assert_whole(&log, w.seq);
		assert_alive_same(&w, &log, UINT64_MAX);
		slot_log_deinit(&log);
		assert_int_equal(stat(file, &st), 0);
		assert_true(st.st_size <= (off_t)RING_MAX);
	}
	assert_int_equal(recording_finish(writer, &err), 0);
	assert_int_equal(load(UINT64_MAX, &log), RECORDING_FINISHED);
	assert_whole(&log, w.seq);
	assert_alive_same(&w, &log, UINT64_MAX);
	/* Something was dropped, and that is no loss */
	assert_int_equal(log.events[0].type, SLOT_EVENT_LOST);
	assert_int_equal(log.events[0].lost.reason, SLOT_LOST_DROPPED);
	assert_int_equal(log.events[0].seq, 1);
	/* and most was kept: half of the file or more */
	assert_true(log.nr * 260 > RECORDING_KEEP_MIN / 2);
	slot_log_deinit(&log);
	slot_log_deinit(&w.log);
}

/* Its writer dies: what it wrote is there, and that its end is not */
static void killed(void **unused)
{
	struct recording_writer *writer = create(RECORDING_KEEP_MIN);
	struct work w = {};
	struct slot_log log;

	slot_log_init(&w.log);
	write_steps(writer, &w, 50000);
	assert_int_equal(recording_flush(writer, &err), 0);
	recording_abandon(writer);
	assert_int_equal(load(UINT64_MAX, &log), RECORDING_CUT);
	assert_int_equal(log.events[log.nr - 1].lost.reason, SLOT_LOST_CUT);
	assert_whole(&log, w.seq + 1);
	log.nr--;
	assert_alive_same(&w, &log, UINT64_MAX);
	slot_log_deinit(&log);
	slot_log_deinit(&w.log);
}

#define MANY 4000

/* So many slots that not each segment begins with all of them */
static void many_slots(void **unused)
{
	struct recording_writer *writer = create(RECORDING_KEEP_MIN);
	struct slot_event event = event_of(SLOT_EVENT_VM_CREATE, 1);
	struct slot_log all, log;
	uint64_t seq = 0;

	slot_log_init(&all);
	for (int i = 0; i < MANY + 40001; i++) {
		const int id = i < MANY ? i : MANY;
		const bool there = (i - MANY) % 2;

		event.seq = ++seq;
		event.time_ns = seq * 1000;
		assert_int_equal(slot_log_add(&all, &event), 0);
		assert_int_equal(recording_write(writer, &event, &err), 0);
		event = event_of(SLOT_EVENT_CHANGE, 0);
		event.change.kind = i > MANY && there ? SLOT_DELETE :
							SLOT_CREATE;
		*(event.change.kind == SLOT_DELETE ? &event.change.before :
						     &event.change.after) =
			slot_of(0, id, id * GiB, MiB, HVA, 0);
		event.change.generation_before = 2 * (seq - 1);
		event.change.generation = 2 * seq;
	}
	assert_int_equal(recording_finish(writer, &err), 0);
	assert_int_equal(load(UINT64_MAX, &log), RECORDING_FINISHED);
	assert_whole(&log, seq);
	assert_true(log.events[1].type == SLOT_EVENT_BASE);
	assert_same_state(&log, &all, 1);
	slot_log_deinit(&log);
	slot_log_deinit(&all);
}

/* Few events: all are there, and the file is not full */
static void few(void **unused)
{
	struct recording_writer *writer = create(RECORDING_KEEP_MIN);
	struct work w = {};
	struct slot_log log;

	slot_log_init(&w.log);
	assert_int_equal(load(UINT64_MAX, &log), RECORDING_GROWING);
	assert_int_equal(log.nr, 0);
	write_steps(writer, &w, 7);
	assert_int_equal(recording_finish(writer, &err), 0);
	assert_int_equal(load(UINT64_MAX, &log), RECORDING_FINISHED);
	assert_int_equal(log.nr, 7);
	assert_int_equal(log.events[0].type, SLOT_EVENT_VM_CREATE);
	slot_log_deinit(&log);
	slot_log_deinit(&w.log);
}

/* A reader that stays follows a ring round and round */
static void followed(void **unused)
{
	struct recording_writer *writer = create(RECORDING_KEEP_MIN);
	struct recording_reader *reader;
	struct work w = {};
	struct slot_event event;
	uint64_t next = 1;
	int ret;

	slot_log_init(&w.log);
	assert_int_equal(recording_open(file, &reader, &err), 0);
	for (int i = 0; i < 60; i++) {
		write_steps(writer, &w, 1500);
		assert_int_equal(recording_flush(writer, &err), 0);
		while ((ret = recording_read(reader, &event, &err)) > 0)
			assert_int_equal(event.seq, next++);
		assert_int_equal(ret, 0);
		assert_int_equal(recording_state(reader), RECORDING_GROWING);
		assert_int_equal(next, w.seq + 1);
	}
	/* Overtaken it says how much it has missed */
	write_steps(writer, &w, 60000);
	assert_int_equal(recording_finish(writer, &err), 0);
	while ((ret = recording_read(reader, &event, &err)) > 0) {
		assert_int_equal(event.seq, next);
		next += event.type == SLOT_EVENT_LOST ? event.lost.count : 1;
	}
	assert_int_equal(ret, 0);
	assert_int_equal(next, w.seq + 1);
	assert_int_equal(recording_state(reader), RECORDING_FINISHED);
	recording_close(reader);
	slot_log_deinit(&w.log);
}

/* What was lost before is not forgotten where reading begins behind it */
static void doubt_stays(void **unused)
{
	struct recording_writer *writer = create(0);
	struct slot_event event;
	struct work w = { .immortal = true };
	struct slot_log log, want;

	slot_log_init(&w.log);
	write_steps(writer, &w, 30);
	event = event_of(SLOT_EVENT_LOST, ++w.seq);
	event.serial = 0;
	event.lost.count = 5;
	assert_int_equal(slot_log_add(&w.log, &event), 0);
	assert_int_equal(recording_write(writer, &event, &err), 0);
	w.seq += 4;
	write_steps(writer, &w, 12000);
	assert_int_equal(recording_finish(writer, &err), 0);
	load(w.seq * 1000, &log);
	assert_true(log.nr < w.log.nr / 2);
	until(&w, UINT64_MAX, &want);
	for (size_t vm = 0; vm < VMS; vm++) {
		const struct vm_id id = { .serial = vm + 1 };
		struct slot_state state;

		assert_int_equal(fold(&log, &id, &state), 0);
		assert_int_equal(state.coverage.lost, 5);
		slot_state_deinit(&state);
	}
	assert_alive_same(&w, &log, UINT64_MAX);
	slot_log_deinit(&want);
	slot_log_deinit(&log);
	slot_log_deinit(&w.log);
}

/* How each event of @log is, from number @from on, by its number */
static bool is_as_told(const struct work *w, const struct slot_event *event)
{
	const struct slot_event *was = slot_log_find(&w->log, event->seq);

	return was && was->type == event->type &&
	       was->time_ns == event->time_ns && was->serial == event->serial &&
	       (was->type != SLOT_EVENT_CHANGE ||
		!memcmp(&was->change, &event->change, sizeof(was->change)));
}

/* One byte differs: what is told is true, and if something is missing it is said */
static void read_damaged(const struct work *w, uint64_t last, off_t at)
{
	struct recording_reader *reader;
	struct slot_event event;
	uint64_t next = 1;
	bool noticed = false, started = false;

	if (recording_open(file, &reader, &err)) {
		assert_int_equal(err.code, EINVAL);
		return;
	}
	while (recording_read(reader, &event, &err) > 0) {
		if (event.type == SLOT_EVENT_LOST) {
			noticed |= event.lost.reason != SLOT_LOST_DROPPED;
			/* Nobody writes any more: no writer has overtaken us */
			assert_int_not_equal(event.lost.reason, SLOT_LOST_GAP);
			if (event.seq >= next)
				next = event.seq + event.lost.count;
			continue;
		}
		if (event.type == SLOT_EVENT_BASE ||
		    event.type == SLOT_EVENT_BASE_END) {
			started = true;
			continue;
		}
		assert_int_equal(event.seq, next);
		next++;
		if (!is_as_told(w, &event))
			fail_msg("byte %lld: event %llu is another",
				 (long long)at, (unsigned long long)event.seq);
	}
	assert_true(started);
	if (next != last + 1 && !noticed && !recording_odd(reader).damaged)
		fail_msg("byte %lld: nothing was noticed, and %llu is the last",
			 (long long)at, (unsigned long long)next - 1);
	recording_close(reader);
}

static void damaged(void **unused)
{
	struct recording_writer *writer = create(RECORDING_KEEP_MIN);
	struct work w = {};
	struct stat st;
	int fd;

	slot_log_init(&w.log);
	write_steps(writer, &w, 50000);
	assert_int_equal(recording_finish(writer, &err), 0);
	assert_int_equal(stat(file, &st), 0);
	fd = open(file, O_RDWR);
	for (off_t at = 0; at < st.st_size; at += at < 600 ? 7 : 80021) {
		uint8_t was, is;

		assert_int_equal(pread(fd, &was, 1, at), 1);
		is = was ^ 0x10;
		assert_int_equal(pwrite(fd, &is, 1, at), 1);
		read_damaged(&w, w.seq, at);
		assert_int_equal(pwrite(fd, &was, 1, at), 1);
	}
	/* The end of the file is not there */
	for (off_t at = st.st_size; at > 0; at -= 300007) {
		assert_int_equal(ftruncate(fd, at), 0);
		read_damaged(&w, w.seq, -at);
	}
	close(fd);
	slot_log_deinit(&w.log);
}

/* Through a pipe a ring is read whole */
static void from_memory(void **unused)
{
	struct recording_writer *writer = create(RECORDING_KEEP_MIN);
	struct recording_reader *reader;
	struct work w = {};
	struct slot_event event;
	struct slot_log log;
	struct stat st;
	size_t nr = 0;
	char *bytes;
	FILE *in;
	int ret;

	slot_log_init(&w.log);
	write_steps(writer, &w, 50000);
	assert_int_equal(recording_finish(writer, &err), 0);
	load(UINT64_MAX, &log);
	assert_int_equal(stat(file, &st), 0);
	bytes = malloc(st.st_size);
	in = fopen(file, "r");
	assert_int_equal(fread(bytes, 1, st.st_size, in), st.st_size);
	fclose(in);
	assert_int_equal(
		recording_open_bytes("x", bytes, st.st_size, &reader, &err), 0);
	free(bytes);
	while ((ret = recording_read(reader, &event, &err)) > 0) {
		assert_true(nr < log.nr);
		assert_int_equal(event.seq, log.events[nr].seq);
		assert_int_equal(event.type, log.events[nr++].type);
	}
	assert_int_equal(ret, 0);
	assert_int_equal(nr, log.nr);
	recording_close(reader);
	slot_log_deinit(&log);
	slot_log_deinit(&w.log);
}

static void no_ring(void **unused)
{
	const struct recording_info info = { .keep = RECORDING_KEEP_MIN };
	struct recording_writer *writer;

	assert_int_equal(recording_create("/dev/null", &info, &writer, &err),
			 -ESPIPE);
	assert_non_null(strstr(err.next, "--keep"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_time),  cmocka_unit_test(kept_end),
		cmocka_unit_test(killed),   cmocka_unit_test(few),
		cmocka_unit_test(followed), cmocka_unit_test(doubt_stays),
		cmocka_unit_test(damaged),  cmocka_unit_test(from_memory),
		cmocka_unit_test(no_ring),  cmocka_unit_test(many_slots),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
