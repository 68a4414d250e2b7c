// SPDX-License-Identifier: GPL-2.0-or-later
/* Recordings: written and read back, growing, cut, and hostile ones */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace/log_load.h"
#include "trace/recording.h"
#include "trace/recording_parts.h"
#include "recording_make.h"
#include "view_make.h"

static struct slot_event request(uint64_t seq)
{
	struct slot_event event = event_of(SLOT_EVENT_REQUEST, seq);

	event.request = (struct slot_request){
		.slot = 3,
		.gpa = MiB,
		.size = 2 * MiB,
		.hva = HVA,
		.gmem_fd = -1,
		.result = -EINVAL,
	};
	return event;
}

static struct slot_event lost(uint64_t seq, uint64_t count)
{
	struct slot_event event = event_of(SLOT_EVENT_LOST, seq);

	event.lost.reason = SLOT_LOST_RING_FULL;
	event.lost.count = count;
	return event;
}

static struct recording_writer *create(void)
{
	const struct recording_info info = { .tgid = 100 };
	struct recording_writer *writer;

	unlink(file);
	assert_int_equal(recording_create(file, &info, &writer, &err), 0);
	/* Until then what the file had is there */
	assert_int_equal(recording_flush(writer, &err), 0);
	return writer;
}

static void put(struct recording_writer *writer, struct slot_event event)
{
	assert_int_equal(recording_write(writer, &event, &err), 0);
}

static struct recording_reader *open_it(void)
{
	struct recording_reader *reader;

	assert_int_equal(recording_open(file, &reader, &err), 0);
	return reader;
}

static void assert_next(struct recording_reader *reader, uint64_t seq,
			enum slot_event_type type)
{
	struct slot_event event;

	assert_int_equal(recording_read(reader, &event, &err), 1);
	assert_int_equal(event.seq, seq);
	assert_int_equal(event.type, type);
}

/* A LOST of @count at @seq */
static void assert_missing(struct recording_reader *reader, uint64_t seq,
			   enum slot_lost_reason reason, uint64_t count)
{
	struct slot_event event;

	assert_int_equal(recording_read(reader, &event, &err), 1);
	assert_int_equal(event.type, SLOT_EVENT_LOST);
	assert_int_equal(event.seq, seq);
	assert_int_equal(event.lost.reason, reason);
	assert_int_equal(event.lost.count, count);
}

static void assert_end(struct recording_reader *reader,
		       enum recording_state state)
{
	struct slot_event event;

	assert_int_equal(recording_read(reader, &event, &err), 0);
	assert_int_equal(recording_state(reader), state);
	/* And again */
	assert_int_equal(recording_read(reader, &event, &err), 0);
	assert_int_equal(recording_state(reader), state);
}

static void there_and_back(void **unused)
{
	struct recording_writer *writer = create();
	struct recording_reader *reader;
	struct slot_event event, want = request(1);
	struct stat st;

	put(writer, want);
	put(writer, lost(2, 5));
	put(writer, request(7));
	assert_int_equal(recording_finish(writer, &err), 0);

	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	reader = open_it();
	assert_int_equal(recording_info(reader)->tgid, 100);
	assert_int_equal(strlen(recording_info(reader)->boot_id), 36);
	assert_true(recording_info(reader)->time_ns > 0);
	assert_true(recording_info(reader)->real_ns >
		    recording_info(reader)->time_ns);
	assert_int_equal(recording_read(reader, &event, &err), 1);
	assert_memory_equal(&event.request, &want.request,
			    sizeof(want.request));
	assert_string_equal(event.comm, want.comm);
	assert_int_equal(event.time_ns, want.time_ns);
	assert_next(reader, 2, SLOT_EVENT_LOST);
	assert_next(reader, 7, SLOT_EVENT_REQUEST);
	assert_end(reader, RECORDING_FINISHED);
	recording_close(reader);
}

static void empty(void **unused)
{
	struct recording_reader *reader;

	assert_int_equal(recording_finish(create(), &err), 0);
	reader = open_it();
	assert_end(reader, RECORDING_FINISHED);
	recording_close(reader);
}

/* A reader follows a writer at work, and sees whole blocks only */
static void growing(void **unused)
{
	struct recording_writer *writer = create();
	struct recording_reader *reader = open_it();

	assert_end(reader, RECORDING_GROWING);
	put(writer, request(1));
	put(writer, request(2));
	assert_end(reader, RECORDING_GROWING);
	assert_int_equal(recording_flush(writer, &err), 0);
	assert_next(reader, 1, SLOT_EVENT_REQUEST);
	assert_next(reader, 2, SLOT_EVENT_REQUEST);
	assert_end(reader, RECORDING_GROWING);
	put(writer, request(3));
	assert_int_equal(recording_finish(writer, &err), 0);
	assert_next(reader, 3, SLOT_EVENT_REQUEST);
	assert_end(reader, RECORDING_FINISHED);
	recording_close(reader);
}

static void writer_died(void **unused)
{
	struct recording_reader *reader;
	pid_t pid = fork();

	if (!pid) {
		struct recording_writer *writer = create();

		put(writer, request(1));
		recording_flush(writer, &err);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	reader = open_it();
	assert_next(reader, 1, SLOT_EVENT_REQUEST);
	assert_missing(reader, 2, SLOT_LOST_CUT, 1);
	assert_end(reader, RECORDING_CUT);
	recording_close(reader);
}

static void two_writers(void **unused)
{
	struct recording_writer *writer = create(), *other;
	struct recording_reader *reader;

	put(writer, request(1));
	assert_int_equal(recording_create(file, &(struct recording_info){},
					  &other, &err),
			 -EBUSY);
	assert_null(other);
	assert_non_null(strstr(err.tried, file));
	/* The first has lost nothing by it */
	assert_int_equal(recording_finish(writer, &err), 0);
	reader = open_it();
	assert_next(reader, 1, SLOT_EVENT_REQUEST);
	assert_end(reader, RECORDING_FINISHED);
	recording_close(reader);
}

/* A recording of five requests, numbers 1 to 5, the last alone in a block */
static uint8_t *make_bytes(size_t *len)
{
	struct recording_writer *writer = create();
	uint8_t *bytes = calloc(1, 65536);
	FILE *in;

	for (uint64_t seq = 1; seq <= 4; seq++)
		put(writer, request(seq));
	assert_int_equal(recording_flush(writer, &err), 0);
	put(writer, request(5));
	assert_int_equal(recording_finish(writer, &err), 0);
	in = fopen(file, "r");
	*len = fread(bytes, 1, 65535, in);
	fclose(in);
	return bytes;
}

static void put_bytes(const void *bytes, size_t len)
{
	FILE *out = fopen(file, "w");

	assert_int_equal(fwrite(bytes, 1, len, out), len);
	fclose(out);
}

/* Where the block begins that is behind the one at @at */
static size_t next_block(const uint8_t *bytes, size_t at)
{
	struct recording_block block;

	assert_true(recording_block_get(bytes + at, &block));
	return at + RECORDING_BLOCK_BYTES + block.length;
}

/* How many events are whole within the first @len of @bytes */
static uint64_t whole_events(const uint8_t *bytes, size_t len)
{
	uint64_t nr = 0;

	for (size_t block = 0, end; block + RECORDING_BLOCK_BYTES <= len;
	     block = end) {
		size_t at = block + RECORDING_BLOCK_BYTES;
		struct recording_record record;

		end = next_block(bytes, block);
		for (; at < end; at += RECORDING_RECORD_BYTES + record.length) {
			recording_record_get(bytes + at, &record);
			nr += record.kind >= RECORDING_EVENTS &&
			      at + RECORDING_RECORD_BYTES + record.length <=
				      len;
		}
	}
	return nr;
}

/* Cut anywhere, what is whole is read, and the cut is told */
static void cut_anywhere(void **unused)
{
	size_t len, first;
	uint8_t *bytes = make_bytes(&len);

	first = next_block(bytes, 0);
	for (size_t at = 0; at < len; at++) {
		struct recording_reader *reader;
		uint64_t whole = whole_events(bytes, at);

		put_bytes(bytes, at);
		if (at < first) {
			assert_int_equal(recording_open(file, &reader, &err),
					 -EINVAL);
			assert_null(reader);
			continue;
		}
		reader = open_it();
		for (uint64_t seq = 1; seq <= whole; seq++)
			assert_next(reader, seq, SLOT_EVENT_REQUEST);
		assert_missing(reader, whole + 1, SLOT_LOST_CUT, 1);
		assert_end(reader, RECORDING_CUT);
		recording_close(reader);
	}
	free(bytes);
}

/* What a recording gives that has one bit other than @bytes */
static void read_flipped(size_t bit)
{
	struct recording_reader *reader;
	struct slot_event event, want;
	uint64_t next = 1;
	bool noticed = false;

	if (recording_open(file, &reader, &err)) {
		assert_int_equal(err.code, EINVAL);
		return;
	}
	while (recording_read(reader, &event, &err) > 0) {
		assert_int_equal(event.seq, next);
		next++;
		if (event.type == SLOT_EVENT_LOST) {
			assert_int_equal(event.lost.reason, SLOT_LOST_DAMAGED);
			next += event.lost.count - 1;
			noticed = true;
			continue;
		}
		/* What is told is what was written */
		want = request(event.seq);
		assert_int_equal(event.type, want.type);
		assert_int_equal(event.time_ns, want.time_ns);
		assert_memory_equal(&event.request, &want.request,
				    sizeof(want.request));
	}
	if (!noticed || !recording_odd(reader).damaged)
		fail_msg("bit %zu was not noticed", bit);
	recording_close(reader);
}

static void bit_flipped_anywhere(void **unused)
{
	size_t len;
	uint8_t *bytes = make_bytes(&len);
	int fd;

	put_bytes(bytes, len);
	fd = open(file, O_WRONLY);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		uint8_t byte = bytes[bit / 8] ^ 1U << bit % 8;

		assert_int_equal(pwrite(fd, &byte, 1, bit / 8), 1);
		read_flipped(bit);
		assert_int_equal(pwrite(fd, &bytes[bit / 8], 1, bit / 8), 1);
	}
	close(fd);
	free(bytes);
}

/*
 * What is missing is no older than what was read before it: of a VM whose
 * beginning was read it may have been anything.
 */
static void cut_is_no_older(void **unused)
{
	const uint64_t later = 1ULL << 60; /* than the header's time */
	struct slot_event events[3] = {
		event_of(SLOT_EVENT_VM_CREATE, 1), request(2),
		request(5), /* 3 and 4 are not there */
	};
	struct recording_writer *writer = create();
	struct slot_state state;
	struct slot_log log;
	bool growing;

	events[0].vm.serial = 1;
	events[0].time_ns = later;
	events[1].time_ns = later + 10;
	events[1].duration_ns = 5;
	/* It began before the VM, and ended after what is missing */
	events[2].time_ns = later - 10;
	events[2].duration_ns = 100;
	for (int i = 0; i < 3; i++)
		assert_int_equal(recording_write(writer, &events[i], &err), 0);
	assert_int_equal(recording_flush(writer, &err), 0);
	recording_abandon(writer);

	slot_log_init(&log);
	assert_int_equal(log_load(file, &log, &growing, &err), 0);
	assert_false(growing);
	assert_int_equal(log.nr, 5);
	assert_int_equal(log.events[2].type, SLOT_EVENT_LOST);
	assert_int_equal(log.events[2].time_ns, later + 15);
	assert_int_equal(log.events[2].lost.count, 2);
	assert_int_equal(log.events[4].type, SLOT_EVENT_LOST);
	assert_int_equal(log.events[4].time_ns, later + 90);
	assert_int_equal(fold(&log, &events[0].vm, &state), 0);
	assert_int_equal(state.coverage.lost, 3);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

/* What goes missing is counted, in the middle and at the end */
static void block_taken_out(void **unused)
{
	struct recording_reader *reader;
	size_t len, second, third;
	uint8_t *bytes = make_bytes(&len);

	second = next_block(bytes, 0);
	third = next_block(bytes, second);
	memmove(bytes + second, bytes + third, len - third);
	put_bytes(bytes, len - (third - second));
	reader = open_it();
	assert_missing(reader, 1, SLOT_LOST_GAP, 4);
	assert_next(reader, 5, SLOT_EVENT_REQUEST);
	assert_end(reader, RECORDING_FINISHED);
	recording_close(reader);
	free(bytes);

	/* Twice the same is none the better */
	bytes = make_bytes(&len);
	memmove(bytes + third, bytes + second, len - second);
	put_bytes(bytes, len + third - second);
	reader = open_it();
	for (uint64_t seq = 1; seq <= 4; seq++)
		assert_next(reader, seq, SLOT_EVENT_REQUEST);
	{
		struct slot_event event;

		assert_int_equal(recording_read(reader, &event, &err), -EINVAL);
		assert_non_null(strstr(err.why, "cannot follow"));
	}
	recording_close(reader);
	free(bytes);
}

/* Bytes of a recording made by hand, with CRCs that fit */
struct forge {
	uint8_t bytes[8192];
	size_t block, len;
	uint64_t number, first_seq;
};

static void forge_record(struct forge *f, uint16_t kind, const void *payload,
			 size_t len)
{
	uint8_t *at = f->bytes + f->len;

	memcpy(at + RECORDING_RECORD_BYTES, payload, len);
	recording_record_put(at, kind, len);
	f->len += RECORDING_RECORD_BYTES + len;
}

static void forge_block(struct forge *f)
{
	f->block = f->len;
	f->len += RECORDING_BLOCK_BYTES;
}

static void forge_end_block(struct forge *f, uint64_t next_seq)
{
	const struct recording_block block = {
		.length = f->len - f->block - RECORDING_BLOCK_BYTES,
		.number = f->number++,
		.first_seq = f->first_seq,
		.next_seq = next_seq,
	};

	recording_block_put(f->bytes + f->block, &block);
	f->first_seq = next_seq;
}

static void forge_head(struct forge *f, uint32_t version)
{
	const struct recording_head head = { .version = version, .time_ns = 1 };
	uint8_t payload[64];

	*f = (struct forge){ .first_seq = 1 };
	forge_block(f);
	forge_record(f, RECORDING_HEAD, payload,
		     wire_put(payload, recording_head_fields,
			      RECORDING_HEAD_FIELDS, &head));
	forge_end_block(f, 1);
}

static void forge_event(struct forge *f, const struct slot_event *event)
{
	uint8_t payload[WIRE_EVENT_MAX];
	uint16_t kind;
	size_t len = wire_event_put(payload, event, &kind);

	forge_record(f, kind, payload, len);
}

static void forge_end(struct forge *f, uint64_t last_seq)
{
	const struct recording_end end = { .last_seq = last_seq };
	uint8_t payload[64];

	forge_record(f, RECORDING_END, payload,
		     wire_put(payload, recording_end_fields,
			      RECORDING_END_FIELDS, &end));
}

/* Read until an error, and look that it names the file */
static void assert_refused(const struct forge *f)
{
	struct recording_reader *reader;
	struct slot_event event;
	int ret;

	put_bytes(f->bytes, f->len);
	ret = recording_open(file, &reader, &err);
	while (!ret || ret == 1)
		ret = recording_read(reader, &event, &err) ?: 2;
	recording_close(reader);
	assert_int_equal(ret, -EINVAL);
	assert_non_null(strstr(err.tried, file));
}

/* One event that is whole, and yet cannot be */
static void assert_event_refused(const struct slot_event *event)
{
	struct forge f;

	forge_head(&f, RECORDING_VERSION);
	forge_block(&f);
	forge_event(&f, event);
	forge_end_block(&f, 2);
	assert_refused(&f);
}

static void hostile_events(void **unused)
{
	struct slot_event event = lost(1, 0);

	assert_event_refused(&event); /* it takes no number */
	event = lost(5, UINT64_MAX);
	assert_event_refused(&event);
	event = lost(0, 1);
	assert_event_refused(&event);
	event = lost(1, 1);
	event.lost.reason = SLOT_LOST_REASONS;
	assert_event_refused(&event);
	event = lost(1, 1);
	event.tgid = -1;
	assert_event_refused(&event);
	event = request(1);
	event.request.result = 1;
	assert_event_refused(&event);
	event.request.result = -4096;
	assert_event_refused(&event);
	event = event_of(SLOT_EVENT_BASE, 1);
	assert_event_refused(&event);
	event = event_of(SLOT_EVENT_CHANGE, 1);
	event.change.kind = SLOT_CREATE;
	assert_event_refused(&event); /* of nothing */
	event.change.kind = SLOT_MOVE;
	event.change.before.size = MiB;
	event.change.after.size = MiB;
	event.change.after.id = 1;
	assert_event_refused(&event); /* to another slot */
}

static void hostile(void **unused)
{
	static const char no_json[] = "\1\0\0\0\0\0\0\0{";
	static const char other_id[] =
		"\1\0\0\0\0\0\0\0{\"id\":2,\"end\":\"whole\",\"frames\":[]}";
	const struct slot_event first = request(1);
	struct forge f;

	/* No head; something else before it */
	f = (struct forge){ .first_seq = 1 };
	forge_block(&f);
	forge_end_block(&f, 1);
	assert_refused(&f);
	f = (struct forge){ .first_seq = 1 };
	forge_block(&f);
	forge_event(&f, &first);
	forge_end_block(&f, 2);
	assert_refused(&f);
	/* The same number twice; two ends; something behind the end */
	forge_head(&f, RECORDING_VERSION);
	forge_block(&f);
	forge_event(&f, &first);
	forge_event(&f, &first);
	forge_end_block(&f, 2);
	assert_refused(&f);
	forge_head(&f, RECORDING_VERSION);
	forge_block(&f);
	forge_end(&f, 0);
	forge_end(&f, 0);
	forge_end_block(&f, 1);
	assert_refused(&f);
	forge_head(&f, RECORDING_VERSION);
	forge_block(&f);
	forge_end(&f, 0);
	forge_end_block(&f, 1);
	f.len++;
	assert_refused(&f);
	/* The end says less than there was */
	forge_head(&f, RECORDING_VERSION);
	forge_block(&f);
	forge_event(&f, &first);
	forge_end(&f, 0);
	forge_end_block(&f, 2);
	assert_refused(&f);
	/* A block whose first event has no number (what fuzzing found) */
	forge_head(&f, RECORDING_VERSION);
	f.first_seq = 0;
	forge_block(&f);
	forge_end(&f, 0);
	forge_end_block(&f, 1);
	put_bytes(f.bytes, f.len);
	{
		struct recording_reader *reader = open_it();

		assert_missing(reader, 1, SLOT_LOST_DAMAGED, 1);
		assert_end(reader, RECORDING_CUT);
		recording_close(reader);
	}
	/* A stack that is none, or that has another number */
	forge_head(&f, RECORDING_VERSION);
	forge_block(&f);
	forge_record(&f, RECORDING_STACK, no_json, sizeof(no_json) - 1);
	forge_end_block(&f, 1);
	assert_refused(&f);
	forge_head(&f, RECORDING_VERSION);
	forge_block(&f);
	forge_record(&f, RECORDING_STACK, other_id, sizeof(other_id) - 1);
	forge_end_block(&f, 1);
	assert_refused(&f);
	/* An end, an event without its members */
	forge_head(&f, RECORDING_VERSION);
	forge_block(&f);
	forge_record(&f, RECORDING_END, "", 0);
	forge_end_block(&f, 1);
	assert_refused(&f);
	forge_head(&f, RECORDING_VERSION);
	forge_block(&f);
	forge_record(&f, RECORDING_EVENTS, "", 0);
	forge_end_block(&f, 2);
	assert_refused(&f);
}

/* Text, and what was a recording once */
static void other_files(void **unused)
{
	static const char *const texts[] = { "\n", "nonsense\n",
					     "\x89PNG\r\n" };
	static const char json[] = "{\"format\":\"slotscope-recording\","
				   "\"version\":1}\n";
	struct recording_reader *reader;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		put_bytes(texts[i], strlen(texts[i]));
		assert_int_equal(recording_open(file, &reader, &err), -EINVAL);
		assert_non_null(strstr(err.why, "not a recording"));
	}
	put_bytes(json, strlen(json));
	assert_int_equal(recording_open(file, &reader, &err), -EINVAL);
	assert_non_null(strstr(err.why, "JSON"));
	assert_non_null(strstr(err.next, "slotscope"));
}

static void newer_version(void **unused)
{
	struct recording_reader *reader;
	struct forge f;

	forge_head(&f, RECORDING_VERSION + 1);
	put_bytes(f.bytes, f.len);
	assert_int_equal(recording_open(file, &reader, &err), -ENOTSUP);
	assert_non_null(strstr(err.why, "version 3"));
}

/* What only newer ones write: kinds are counted, members are passed over */
static void newer_kinds(void **unused)
{
	struct recording_reader *reader;
	uint8_t payload[WIRE_EVENT_MAX + 1];
	struct slot_event event = request(1);
	struct slot_event got;
	struct forge f;
	uint16_t kind;
	size_t len;

	forge_head(&f, RECORDING_VERSION);
	forge_block(&f);
	forge_record(&f, 77, "whatever", 8);
	len = wire_event_put(payload, &event, &kind);
	forge_record(&f, 0xfedc, payload, len);
	event.seq = 2;
	len = wire_event_put(payload, &event, &kind);
	payload[len] = 1;
	forge_record(&f, kind, payload, len + 1);
	forge_end(&f, 2);
	forge_end_block(&f, 3);
	put_bytes(f.bytes, f.len);
	reader = open_it();
	assert_int_equal(recording_read(reader, &got, &err), 1);
	assert_int_equal(got.type, SLOT_EVENT_UNKNOWN);
	assert_int_equal(got.unknown.kind, 0xfedc);
	assert_int_equal(got.seq, 1);
	assert_int_equal(got.time_ns, event.time_ns);
	assert_int_equal(got.tid, event.tid);
	assert_int_equal(recording_read(reader, &got, &err), 1);
	assert_int_equal(got.seq, 2);
	assert_memory_equal(&got.request, &event.request,
			    sizeof(event.request));
	assert_end(reader, RECORDING_FINISHED);
	assert_int_equal(recording_odd(reader).unknown, 2);
	assert_int_equal(recording_odd(reader).damaged, 0);
	recording_close(reader);
}

/* Each type of event, every member with a value of its own */
static void all_types(void **unused)
{
	const struct slot slot = {
		.as_id = 1,
		.id = 2,
		.gpa = 3 * MiB,
		.size = 4 * MiB,
		.hva = HVA,
		.flags = 0x80000005,
		.gmem_fd = 6,
		.gmem_offset = 7 * MiB,
		.gmem_dev = 0x80000,
		.gmem = SLOT_GMEM_OPEN,
		.gmem_ino = 10,
		.hidden = true,
		.unknown = 11,
	};
	struct slot_event events[] = {
		event_of(SLOT_EVENT_VM_CREATE, 1),
		event_of(SLOT_EVENT_VM_DESTROY, 2),
		event_of(SLOT_EVENT_BASE, 3),
		event_of(SLOT_EVENT_BASE_END, 4),
		request(5),
		event_of(SLOT_EVENT_CHANGE, 6),
		event_of(SLOT_EVENT_EXIT, 7),
		lost(8, 3),
		event_of(SLOT_EVENT_UNKNOWN, 11),
		event_of(SLOT_EVENT_CALL, 12),
		event_of(SLOT_EVENT_VCPU, 13),
		event_of(SLOT_EVENT_MAPPING, 14),
		event_of(SLOT_EVENT_FAULT, 15),
		event_of(SLOT_EVENT_GMEM_CLOSE, 16),
		event_of(SLOT_EVENT_PROCESS_EXIT, 17),
		event_of(SLOT_EVENT_FREE, 18),
		event_of(SLOT_EVENT_PROBE, 19),
	};
	struct recording_writer *writer = create();
	struct recording_reader *reader;
	struct slot_event got;

	assert_int_equal(ARRAY_SIZE(events), SLOT_EVENT_TYPES);
	events[0].vm = (struct vm_id){ "boot", 1, 2, -1, 4 };
	events[1].vm = (struct vm_id){ "other", 5, 6, 7, 8 };
	events[2].base = slot;
	events[3].base_end.as_id = 3;
	events[3].base_end.generation = 1ULL << 62;
	events[3].base_end.start_time = 1ULL << 61;
	events[3].base_end.fd = 21;
	events[4].request.region2 = true;
	events[4].request.gmem_fd = 9;
	events[4].request.gmem_offset = MiB;
	events[4].stack = 17;
	events[5].call = 12;
	events[5].duration_ns = 13;
	events[5].change = (struct slot_change){
		.kind = SLOT_MOVE,
		.before = slot,
		.after = slot,
		.generation = 16,
		.generation_before = 14,
		.result = -EEXIST,
		.invalid_ns = 15,
		.active_ns = 18,
	};
	events[5].change.after.gpa = 5 * MiB;
	events[6].exit = (struct slot_exit){
		.reason = SLOT_EXIT_ERRNO,
		.vcpu = -1,
		.gpa = MiB,
		.len = 1ULL << 40,
		.write = true,
		.flags = 1ULL << 35,
		.rip = 0xffffffff81000000,
		.result = -EFAULT,
	};
	events[8].unknown.kind = 0x7777;
	events[9].kvm_call = (struct slot_call){
		.kind = SLOT_CALL_GUEST_MEMFD,
		.unread = true,
		.slot = 0x10003,
		.start = 4 * MiB,
		.size = 5 * MiB,
		.flags = 1ULL << 33,
		.pages = SLOT_PAGES_UNKNOWN,
		.result = 19,
	};
	events[10].vcpu = (struct slot_vcpu){
		.kind = SLOT_VCPU_LEAVE,
		.id = 3,
		.result = 20,
		.generation = 1ULL << 62,
	};
	events[11].mapping = (struct slot_mapping){
		.kind = SLOT_MAPPING_OTHER,
		.hva = HVA,
		.size = MiB,
		.as_id = 1,
		.slot = -1,
		.syscall = -1,
		.args = { 1, 2, 3, UINT64_MAX },
		.result = -ENOMEM,
		.uffd = 5,
	};
	events[12].fault = (struct slot_fault){
		.kind = SLOT_FAULT_FAILED,
		.vcpu = -1,
		.gpa = SLOT_GPA_UNKNOWN,
		.hva = HVA,
		.uffd = true,
		.result = -EFAULT,
	};
	events[13].gmem_close = (struct slot_gmem_close){ 0x80000, 1ULL << 40 };
	events[14].process_exit.status = 0xff8b;
	events[15].freed = slot;
	events[16].probe = (struct slot_probe){
		.provider = "slotscope",
		.name = "region_map",
		.form = "tx?dtxxxd",
		.texts = { "pc.ram", "system" },
		.args = { 0, 1ULL << 63, 0, UINT64_MAX, 0, 2, 3, 4, 5 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		put(writer, events[i]);
	assert_int_equal(recording_finish(writer, &err), 0);
	reader = open_it();
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		assert_int_equal(recording_read(reader, &got, &err), 1);
		assert_memory_equal(&got, &events[i], sizeof(got));
	}
	assert_end(reader, RECORDING_FINISHED);
	recording_close(reader);
}

static struct slot_stack stack_of(uint64_t id, const char *name)
{
	struct slot_stack stack = { .id = id, .end = STACK_CUT, .nr = 2 };

	stack.frames = calloc(2, sizeof(*stack.frames));
	stack.frames[0] = (struct stack_frame){
		.file = strdup("/usr/bin/vmm \"x\""),
		.build_id = { 0xab, 0x01 },
		.nr_build_id = 2,
		.offset = 0x1234,
		.name = strdup(name),
		.name_offset = 0x10,
	};
	stack.frames[1].offset = UINT64_MAX;
	stack.frames[1].guess = true;
	return stack;
}

static void put_stack(struct recording_writer *writer, uint64_t id,
		      const char *name)
{
	struct slot_stack stack = stack_of(id, name);

	assert_int_equal(recording_write_stack(writer, &stack, &err), 0);
	slot_stack_deinit(&stack);
}

/* Who made a request is there with the request, as it was written */
static void stacks(void **unused)
{
	static const char one[] = "\7\0\0\0\0\0\0\0"
				  "{\"id\":7,\"end\":\"gone\",\"frames\":[]}";
	static const char other[] =
		"\7\0\0\0\0\0\0\0"
		"{\"id\":7,\"end\":\"unread\",\"frames\":[]}";
	struct forge f;
	struct recording_writer *writer = create();
	struct slot_event event = request(1), got;
	struct recording_reader *reader;
	const struct slot_stack *stack;

	put_stack(writer, 7, "kvm_set_region");
	event.stack = 7;
	put(writer, event);
	assert_int_equal(recording_flush(writer, &err), 0);
	put_stack(writer, 7, "kvm_set_region"); /* once more is no harm */
	event.seq = 2;
	put(writer, event);
	assert_int_equal(recording_finish(writer, &err), 0);
	reader = open_it();
	assert_int_equal(recording_read(reader, &got, &err), 1);
	assert_int_equal(got.stack, 7);
	stack = stack_table_find(recording_stacks(reader), 7);
	assert_non_null(stack);
	assert_int_equal(stack->end, STACK_CUT);
	assert_int_equal(stack->nr, 2);
	assert_string_equal(stack->frames[0].file, "/usr/bin/vmm \"x\"");
	assert_string_equal(stack->frames[0].name, "kvm_set_region");
	assert_int_equal(stack->frames[0].name_offset, 0x10);
	assert_int_equal(stack->frames[0].nr_build_id, 2);
	assert_int_equal(stack->frames[0].build_id[0], 0xab);
	assert_true(stack->frames[1].guess);
	assert_int_equal(stack->frames[1].offset, UINT64_MAX);
	assert_next(reader, 2, SLOT_EVENT_REQUEST);
	assert_end(reader, RECORDING_FINISHED);
	assert_int_equal(recording_odd(reader).unknown, 0);
	recording_close(reader);

	/* Another one by the same number is somebody's work */
	forge_head(&f, RECORDING_VERSION);
	forge_block(&f);
	forge_record(&f, RECORDING_STACK, one, sizeof(one) - 1);
	forge_record(&f, RECORDING_STACK, other, sizeof(other) - 1);
	forge_end_block(&f, 1);
	put_bytes(f.bytes, f.len);
	reader = open_it();
	assert_int_equal(recording_read(reader, &got, &err), -EINVAL);
	assert_non_null(strstr(err.why, "stack 7 cannot follow"));
	recording_close(reader);
}

/* Through a pipe, whose reader waits for what is to come */
static void through_a_pipe(void **unused)
{
	struct recording_reader *reader;
	char path[96];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	pid = fork();
	if (!pid) {
		const struct recording_info info = { .tgid = 7 };
		struct recording_writer *writer;
		int held;

		alarm(60);
		/* Nobody writes to a pipe that is not read; held: it has no end before */
		do
			held = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		while (held < 0 && errno == ENXIO && !usleep(1000));
		if (recording_create(path, &info, &writer, &err))
			_exit(1);
		for (uint64_t seq = 1; seq <= 2003; seq++) {
			put(writer, request(seq));
			if (seq % 100 == 0)
				recording_flush(writer, &err);
		}
		_exit(recording_finish(writer, &err) ? 1 : 0);
	}
	assert_int_equal(recording_open(path, &reader, &err), 0);
	assert_int_equal(recording_info(reader)->tgid, 7);
	for (uint64_t seq = 1; seq <= 2003; seq++)
		assert_next(reader, seq, SLOT_EVENT_REQUEST);
	assert_end(reader, RECORDING_FINISHED);
	recording_close(reader);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	unlink(path);
}

/* What it says of itself */
static void notes(void **unused)
{
	char text[] =
		"filter=none\nhook=requests kprobe x\nhook=walk iterator y\n";
	const struct recording_info info = { .notes = text };
	struct recording_writer *writer;
	struct recording_reader *reader;
	struct utsname system;
	char kernel[128];

	unlink(file);
	assert_int_equal(recording_create(file, &info, &writer, &err), 0);
	assert_int_equal(recording_finish(writer, &err), 0);
	reader = open_it();
	assert_int_equal(uname(&system), 0);
	snprintf(kernel, sizeof(kernel), "kernel=%s\n", system.release);
	assert_non_null(strstr(recording_info(reader)->notes, kernel));
	assert_non_null(strstr(recording_info(reader)->notes, text));
	recording_close(reader);
}

static void no_such_place(void **unused)
{
	struct recording_writer *writer;
	struct recording_reader *reader;
	const struct recording_info info = {};

	assert_int_equal(recording_open("/nonexistent/x", &reader, &err),
			 -ENOENT);
	assert_non_null(strstr(err.next, "has written"));
	assert_int_equal(recording_create("/nonexistent/x", &info, &writer,
					  &err),
			 -ENOENT);
	assert_non_null(strstr(err.next, "can be made"));
	assert_int_equal(recording_open(dir, &reader, &err), -EISDIR);
	assert_true(recording_create(dir, &info, &writer, &err) < 0);
}

/* More than one buffer */
static void large(void **unused)
{
	struct recording_writer *writer = create();
	struct slot_log log;
	bool growing;

	for (uint64_t seq = 1; seq <= 5003; seq++)
		put(writer, request(seq));
	assert_int_equal(recording_flush(writer, &err), 0);
	slot_log_init(&log);
	assert_int_equal(log_load(file, &log, &growing, &err), 0);
	assert_true(growing);
	slot_log_deinit(&log);
	assert_int_equal(recording_finish(writer, &err), 0);
	slot_log_init(&log);
	assert_int_equal(log_load(file, &log, &growing, &err), 0);
	assert_false(growing);
	assert_int_equal(log.nr, 5003);
	assert_int_equal(log.events[5002].seq, 5003);
	slot_log_deinit(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(empty),
		cmocka_unit_test(growing),
		cmocka_unit_test(writer_died),
		cmocka_unit_test(two_writers),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(cut_is_no_older),
		cmocka_unit_test(bit_flipped_anywhere),
		cmocka_unit_test(block_taken_out),
		cmocka_unit_test(hostile_events),
		cmocka_unit_test(hostile),
		cmocka_unit_test(other_files),
		cmocka_unit_test(newer_version),
		cmocka_unit_test(newer_kinds),
		cmocka_unit_test(all_types),
		cmocka_unit_test(stacks),
		cmocka_unit_test(through_a_pipe),
		cmocka_unit_test(notes),
		cmocka_unit_test(no_such_place),
		cmocka_unit_test(large),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
