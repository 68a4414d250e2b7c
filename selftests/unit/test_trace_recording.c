// SPDX-License-Identifier: GPL-2.0-or-later
/* Recordings: written and read back, growing, cut, and hostile ones */
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace/recording.h"
#include "view_make.h"

static char dir[] = "/tmp/slotscope-recording-XXXXXX";
static char file[64];

static struct slotscope_error err;

static int setup(void **unused)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/a.jsonl", dir);
	return 0;
}

static int teardown(void **unused)
{
	unlink(file);
	return rmdir(dir);
}

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
	struct recording_writer *writer;

	unlink(file);
	assert_int_equal(recording_create(file, 100, &writer, &err), 0);
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

/* A reader follows a writer at work, and sees whole lines only */
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
	assert_int_equal(recording_create(file, 0, &other, &err), -EBUSY);
	assert_null(other);
	assert_non_null(strstr(err.tried, file));
	/* The first has lost nothing by it */
	assert_int_equal(recording_finish(writer, &err), 0);
	reader = open_it();
	assert_next(reader, 1, SLOT_EVENT_REQUEST);
	assert_end(reader, RECORDING_FINISHED);
	recording_close(reader);
}

/* A file of one request a line, numbers 1 to 5, as text of @len bytes */
static char *make_text(size_t *len)
{
	struct recording_writer *writer = create();
	char *text = calloc(1, 65536);
	FILE *in;

	for (uint64_t seq = 1; seq <= 5; seq++)
		put(writer, request(seq));
	assert_int_equal(recording_finish(writer, &err), 0);
	in = fopen(file, "r");
	*len = fread(text, 1, 65535, in);
	fclose(in);
	return text;
}

static void put_text(const char *text, size_t len)
{
	FILE *out = fopen(file, "w");

	assert_int_equal(fwrite(text, 1, len, out), len);
	fclose(out);
}

/* Cut anywhere, what is whole is read, and the cut is told */
static void cut_anywhere(void **unused)
{
	size_t len, header;
	char *text = make_text(&len);

	header = strchr(text, '\n') + 1 - text;
	for (size_t at = header; at < len; at++) {
		struct recording_reader *reader;
		uint64_t whole = 0;

		for (size_t i = header; i < at; i++)
			whole += text[i] == '\n';
		put_text(text, at);
		reader = open_it();
		for (uint64_t seq = 1; seq <= whole; seq++)
			assert_next(reader, seq, SLOT_EVENT_REQUEST);
		assert_missing(reader, whole + 1, SLOT_LOST_CUT, 1);
		assert_end(reader, RECORDING_CUT);
		recording_close(reader);
	}
	for (size_t at = 0; at < header; at++) {
		struct recording_reader *reader;

		put_text(text, at);
		assert_int_equal(recording_open(file, &reader, &err), -EINVAL);
		assert_null(reader);
	}
	free(text);
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
	assert_int_equal(recording_load(file, &log, NULL, &err), 0);
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

/* Line @nr of @text, from 0 */
static char *line_of(char *text, int nr)
{
	while (nr--)
		text = strchr(text, '\n') + 1;
	return text;
}

static void line_taken_out(void **unused)
{
	struct recording_reader *reader;
	size_t len;
	char *text = make_text(&len);
	char *second = line_of(text, 2), *fourth = line_of(text, 4);

	memmove(second, fourth, text + len + 1 - fourth);
	put_text(text, strlen(text));
	reader = open_it();
	assert_next(reader, 1, SLOT_EVENT_REQUEST);
	assert_missing(reader, 2, SLOT_LOST_GAP, 2);
	assert_next(reader, 4, SLOT_EVENT_REQUEST);
	assert_next(reader, 5, SLOT_EVENT_REQUEST);
	assert_end(reader, RECORDING_FINISHED);
	recording_close(reader);

	/* The last event taken out: the end line tells */
	free(text);
	text = make_text(&len);
	memmove(line_of(text, 5), line_of(text, 6),
		strlen(line_of(text, 6)) + 1);
	put_text(text, strlen(text));
	reader = open_it();
	for (uint64_t seq = 1; seq <= 4; seq++)
		assert_next(reader, seq, SLOT_EVENT_REQUEST);
	assert_missing(reader, 5, SLOT_LOST_GAP, 1);
	assert_end(reader, RECORDING_FINISHED);
	recording_close(reader);
	free(text);
}

/* Read until an error, and look that it names file and line */
static void assert_refused(const char *text, size_t len, int line)
{
	struct recording_reader *reader;
	struct slot_event event;
	char where[16];
	int ret;

	put_text(text, len);
	ret = recording_open(file, &reader, &err);
	while (!ret || ret == 1)
		ret = recording_read(reader, &event, &err) ?: 2;
	recording_close(reader);
	assert_int_equal(ret, -EINVAL);
	assert_non_null(strstr(err.tried, file));
	snprintf(where, sizeof(where), "line %d", line);
	assert_non_null(strstr(err.tried, where));
}

#define HEADER                                                           \
	"{\"format\":\"slotscope-recording\",\"version\":1,\"boot_id\":" \
	"\"x\",\"tgid\":0,\"time_ns\":1,\"real_ns\":1}\n"
#define END "{\"end\":{\"time_ns\":1,\"events\":0,\"lost\":0,\"last_seq\":0}}\n"
#define LOST(seq, count)                                             \
	"{\"seq\":" seq ",\"time_ns\":1,\"type\":\"lost\",\"lost\":" \
	"{\"reason\":\"missed\",\"count\":" count "}}\n"

static void hostile(void **unused)
{
	static const struct {
		const char *text;
		int line;
	} cases[] = {
		{ "\n", 1 },
		{ "[]\n", 1 },
		{ "{\"format\":1}\n", 1 },
		{ "{\"format\":\"something\",\"version\":1}\n", 1 },
		{ "{\"format\":\"slotscope-recording\"}\n", 1 },
		{ HEADER "\n", 2 },
		{ HEADER "{}\n", 2 },
		{ HEADER "nonsense\n", 2 },
		{ HEADER "{\"seq\":1} {}\n", 2 },
		{ HEADER "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n", 2 },
		{ HEADER "{\"\xff\":1}\n", 2 },
		{ HEADER END END, 3 },
		{ HEADER END LOST("1", "1"), 3 },
		{ HEADER LOST("1", "1") END, 3 },
		{ HEADER LOST("1", "1") LOST("1", "1"), 3 },
		{ HEADER LOST("1", "0"), 2 },
		{ HEADER LOST("5", "18446744073709551615"), 2 },
		{ HEADER LOST("0", "1"), 2 },
		{ HEADER LOST("-1", "1"), 2 },
		{ HEADER "{\"end\":[]}\n", 2 },
		{ HEADER "{\"end\":{}}\n", 2 },
	};
	char *text;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_refused(cases[i].text, strlen(cases[i].text),
			       cases[i].line);

	/* A NUL within a line, and a line without end */
	text = malloc(200000);
	memset(text, ' ', 200000);
	strcpy(text, HEADER);
	strcpy(text + strlen(HEADER), LOST("1", "1"));
	text[strlen(HEADER) + 4] = '\0';
	assert_refused(text, strlen(HEADER) + strlen(LOST("1", "1")), 2);
	text[strlen(HEADER)] = ' ';
	assert_refused(text, 200000, 2);
	free(text);
}

static void newer_version(void **unused)
{
	static const char text[] =
		"{\"format\":\"slotscope-recording\",\"version\":2,"
		"\"time_ns\":1}\n";
	struct recording_reader *reader;

	put_text(text, strlen(text));
	assert_true(recording_open(file, &reader, &err) < 0);
	assert_non_null(strstr(err.why, "2"));
}

static void no_such_place(void **unused)
{
	struct recording_writer *writer;
	struct recording_reader *reader;
	char path[96];

	assert_int_equal(recording_open("/nonexistent/x", &reader, &err),
			 -ENOENT);
	assert_non_null(strstr(err.next, "has written"));
	assert_int_equal(recording_create("/nonexistent/x", 0, &writer, &err),
			 -ENOENT);
	assert_non_null(strstr(err.next, "can be made"));
	assert_int_equal(recording_open(dir, &reader, &err), -EINVAL);
	assert_true(recording_create(dir, 0, &writer, &err) < 0);
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(recording_open(path, &reader, &err), -EINVAL);
	assert_true(recording_create(path, 0, &writer, &err) < 0);
	unlink(path);
}

/* More than one buffer */
static void large(void **unused)
{
	struct recording_writer *writer = create();
	enum recording_state state;
	struct slot_log log;

	for (uint64_t seq = 1; seq <= 5003; seq++)
		put(writer, request(seq));
	assert_int_equal(recording_finish(writer, &err), 0);
	slot_log_init(&log);
	assert_int_equal(recording_load(file, &log, &state, &err), 0);
	assert_int_equal(state, RECORDING_FINISHED);
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
		cmocka_unit_test(line_taken_out),
		cmocka_unit_test(hostile),
		cmocka_unit_test(newer_version),
		cmocka_unit_test(no_such_place),
		cmocka_unit_test(large),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
