// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The monitor against clients that behave and clients that do not. The VM is a
 * board on the memory model; KVM is not needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include <slotscope/mtree.h>

#include "machine/hmp.h"
#include "machine/monitor.h"
#include "machine/pc.h"
#include "machine/qmp_server.h"

#define GIB (1ULL << 30)

static struct {
	struct machine machine;
	struct monitor_target target;
	const char *status;
	bool dead;
	int stops, conts, resets, quits;
} vm;

static const char *status(void *opaque)
{
	return vm.status;
}

static void stop(void *opaque)
{
	vm.stops++;
	vm.status = "paused";
}

static bool cont(void *opaque)
{
	vm.conts++;
	if (!vm.dead)
		vm.status = "running";
	return !vm.dead;
}

static void reset(void *opaque)
{
	vm.resets++;
}

/* What object_add or device_add was told: "name=value name=value " */
static char told[256];

static int add(void *opaque, struct keyval *kv, struct slotscope_error *err)
{
	size_t i, len = 0;

	told[0] = '\0';
	for (i = 0; i < kv->nr; i++)
		len += snprintf(told + len, sizeof(told) - len, "%s=%s ",
				kv->pairs[i].key, kv->pairs[i].value);
	error_set(err, ENOSPC, "try it");
	return kv->nr > 1 ? 0 : error_why(err, "too few");
}

static int del(void *opaque, const char *id, struct slotscope_error *err)
{
	snprintf(told, sizeof(told), "%s", id);
	error_set(err, ENOENT, "delete %s", id);
	return strcmp(id, "there") ? error_why(err, "it is not") : 0;
}

static void quit(void *opaque)
{
	vm.quits++;
}

/* pc.ram at 0x10000000000, pc.bios at 0x20000000000, pc.rom at 0x30000000000 */
static int alloc(void *opaque, const char *name, uint64_t size,
		 struct ram_block_options *ram, struct slotscope_error *err)
{
	int *nr = opaque;

	ram->hva = ++*nr * 0x10000000000ULL;
	return 0;
}

static int setup(void **unused)
{
	struct slotscope_error err = {};
	int nr = 0;
	const struct machine_options board = {
		.ram_size = 5 * GIB,
		.bios_size = PC_BIOS_SIZE_DEFAULT,
	};
	const struct machine_ops ops = { .alloc = alloc, .opaque = &nr };

	memset(&vm, 0, sizeof(vm));
	vm.status = "running";
	assert_int_equal(memory_model_create(NULL, &vm.machine.model, &err), 0);
	assert_int_equal(memory_map_init(vm.machine.model, &vm.machine, &err),
			 0);
	assert_int_equal(
		machine_init(&vm.machine, &machine_pc, &board, &ops, &err), 0);
	vm.target = (struct monitor_target){
		.model = vm.machine.model,
		.memory = vm.machine.memory,
		.status = status,
		.stop = stop,
		.cont = cont,
		.reset = reset,
		.object_add = add,
		.device_add = add,
		.object_del = del,
		.device_del = del,
		.quit = quit,
	};
	return 0;
}

static int teardown(void **unused)
{
	memory_model_destroy(vm.machine.model);
	machine_deinit(&vm.machine);
	return 0;
}

/* The human monitor */

static char *hmp(const char *line)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(hmp_run(&vm.target, line, out), 0);
	fclose(out);
	return text;
}

static void hmp_says(const char *line, const char *wanted)
{
	char *text = hmp(line);

	assert_string_equal(text, wanted);
	free(text);
}

static void hmp_translates_addresses(void **unused)
{
	/* 5 GiB: 3 below 4 GiB, the rest above */
	hmp_says(
		"gpa2hva 0x100000",
		"Host virtual address for 0x100000 (pc.ram) is 0x10000100000\n");
	hmp_says("  gpa2hva\t4294967296 ",
		 "Host virtual address for 0x100000000 (pc.ram) is "
		 "0x100c0000000\n");
	hmp_says("gpa2hva 0x17fffffff",
		 "Host virtual address for 0x17fffffff (pc.ram) is "
		 "0x1013fffffff\n");
	hmp_says("gpa2hva 0xfffffff0",
		 "Host virtual address for 0xfffffff0 (pc.bios) is "
		 "0x2000003fff0\n");
	hmp_says(
		"gpa2hva 0xe0000",
		"Host virtual address for 0xe0000 (pc.bios) is 0x20000020000\n");
	hmp_says(
		"gpa2hva 0xc0001",
		"Host virtual address for 0xc0001 (pc.rom) is 0x30000000001\n");
	hmp_says("gpa2hva 0x180000000",
		 "No memory is mapped at address 0x180000000\n");
	hmp_says("gpa2hva 0xffffffffffffffff",
		 "No memory is mapped at address 0xffffffffffffffff\n");
	hmp_says("gpa2hva 0xfee00000",
		 "Memory at address 0xfee00000 is not RAM\n");
}

static void hmp_refuses_nonsense(void **unused)
{
	static const char *const addresses[] = {
		"gpa2hva",
		"gpa2hva x",
		"gpa2hva 1 2",
		"gpa2hva 0x",
		"gpa2hva -1",
		"gpa2hva 1x",
		"gpa2hva 0x10000000000000000",
	};
	char line[3000];
	size_t i;

	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		hmp_says(addresses[i], "gpa2hva: one address is expected\n");
	hmp_says("", "");
	hmp_says(" \t ", "");
	hmp_says("info", "unknown command: 'info'\n");
	hmp_says("info nonsense", "unknown command: 'info nonsense'\n");
	hmp_says("mtree", "unknown command: 'mtree'\n");
	hmp_says("info mtree -x", "mtree: unsupported option -x\n");
	hmp_says("1 2 3 4 5 6 7 8 9", "too many words\n");
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	hmp_says(line, "the line is too long\n");
	/* A format is not run as one */
	hmp_says("%s%n", "unknown command: '%s%n'\n");
}

static void hmp_adds_and_deletes(void **unused)
{
	hmp_says("object_add memory-backend-ram,id=a,,b,size=1G", "");
	assert_string_equal(told,
			    "qom-type=memory-backend-ram id=a,b size=1G ");
	hmp_says("device_add pc-dimm,memdev=m", "");
	assert_string_equal(told, "driver=pc-dimm memdev=m ");
	hmp_says("device_add pc-dimm", "Error: try it: too few\n");
	hmp_says("device_add", "device_add: one word is expected\n");
	hmp_says("device_add a b", "device_add: one word is expected\n");
	hmp_says("device_add a,b", "Error: read \"b\" of device_add: it is not "
				   "name=value\n");
	hmp_says("object_del there", "");
	hmp_says("device_del nope", "Error: delete nope: it is not\n");
	hmp_says("device_del", "device_del: one id is expected\n");
}

static void hmp_shows_memory(void **unused)
{
	static const struct {
		const char *line;
		unsigned int flags;
	} cases[] = {
		{ "info mtree", 0 },
		{ "info mtree -f", MTREE_FLATVIEW },
		{ "info mtree -o -D", MTREE_OWNER | MTREE_DISABLED },
		{ "info mtree -D -o", MTREE_OWNER | MTREE_DISABLED },
		{ "info mtree -f -o", MTREE_FLATVIEW | MTREE_OWNER },
	};
	char *text, *wanted;
	size_t i, size;
	FILE *out;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		out = open_memstream(&wanted, &size);
		mtree_print(out, vm.machine.model, cases[i].flags);
		fclose(out);
		hmp_says(cases[i].line, wanted);
		free(wanted);
	}
	/* In QEMU's columns: these lines are of fixtures' pc-5G/ramblock.txt */
	text = hmp("info ramblock");
	assert_int_equal(
		strncmp(text,
			"              Block Name    PSize              Offset"
			"               Used              Total\n"
			"                  pc.ram    4 KiB  0x0000000000000000"
			" 0x0000000140000000 0x0000000140000000\n"
			"                 pc.bios    4 KiB  0x0000000140000000"
			" 0x0000000000040000 0x0000000000040000\n",
			3 * 87),
		0);
	free(text);
}

/* QMP without sockets */

/* Feed all of it; count answers, and those that are errors */
static void feed(struct qmp_session *s, const char *data, size_t len,
		 size_t step, int *answers, int *errors)
{
	size_t pos = 0;
	char *answer;
	long n;

	*answers = *errors = 0;
	while (pos < len) {
		/* In a block of its own, so that a read beyond it is seen */
		size_t part = len - pos < step ? len - pos : step;
		char *copy = malloc(part);

		memcpy(copy, data + pos, part);
		n = qmp_session_feed(s, copy, part, &answer);
		free(copy);
		assert_in_range(n, 0, part);
		assert_true(answer || n > 0);
		pos += n;
		if (answer) {
			struct json_object *o = json_tokener_parse(answer);

			assert_true(json_object_is_type(o, json_type_object));
			*answers += 1;
			*errors += json_object_object_get_ex(o, "error", NULL);
			json_object_put(o);
			free(answer);
		}
	}
}

static void open_session(struct qmp_session *s)
{
	int answers, errors;

	assert_int_equal(qmp_session_init(s, &vm.target), 0);
	feed(s, "{\"execute\":\"qmp_capabilities\"}", 30, 30, &answers,
	     &errors);
	assert_int_equal(answers, 1);
	assert_int_equal(errors, 0);
}

static char *ask(struct qmp_session *s, const char *command)
{
	char *answer;

	assert_int_equal(qmp_session_feed(s, command, strlen(command), &answer),
			 strlen(command));
	assert_non_null(answer);
	return answer;
}

static void says(struct qmp_session *s, const char *command, const char *wanted)
{
	char *answer = ask(s, command);

	if (!strstr(answer, wanted))
		fail_msg("%s: answered %s", command, answer);
	free(answer);
}

static void qmp_runs_commands(void **unused)
{
	struct qmp_session s;

	assert_int_equal(qmp_session_init(&s, &vm.target), 0);
	says(&s, "{\"execute\":\"query-status\"}", "CommandNotFound");
	says(&s, "{\"execute\":\"qmp_capabilities\",\"id\":7}",
	     "{ \"return\": { }, \"id\": 7 }\r\n");
	says(&s, "{\"execute\":\"qmp_capabilities\"}", "CommandNotFound");
	says(&s, "{\"execute\":\"query-status\"}",
	     "{ \"status\": \"running\", \"singlestep\": false, "
	     "\"running\": true }");
	says(&s, "{\"execute\":\"stop\"}", "return");
	assert_int_equal(vm.stops, 1);
	says(&s, "{\"execute\":\"query-status\"}",
	     "{ \"status\": \"paused\", \"singlestep\": false, "
	     "\"running\": false }");
	says(&s, "{\"execute\":\"cont\"}", "return");
	assert_int_equal(vm.conts, 1);
	vm.dead = true;
	says(&s, "{\"execute\":\"cont\",\"id\":{\"a\":[1]}}",
	     "\"id\": { \"a\": [ 1 ] }");
	says(&s, "{\"execute\":\"cont\"}", "GenericError");
	says(&s, "{\"execute\":\"system_reset\"}", "return");
	assert_int_equal(vm.resets, 1);
	says(&s, "{\"execute\":\"quit\"}", "return");
	assert_int_equal(vm.quits, 1);
	qmp_session_deinit(&s);
}

static void qmp_refuses_wrong_types(void **unused)
{
	static const char *const bad[] = {
		"[]",
		"\"quit\"",
		"null ",
		"true ",
		"{}",
		"1 ",
		"{\"execute\":1}",
		"{\"execute\":null}",
		"{\"execute\":{}}",
		"{\"Execute\":\"quit\"}",
		"{\"execute\":\"\"}",
		"{\"execute\":\"quit\",\"arguments\":[]}",
		"{\"execute\":\"quit\",\"arguments\":1}",
		"{\"execute\":\"human-monitor-command\"}",
		"{\"execute\":\"human-monitor-command\",\"arguments\":{}}",
		"{\"execute\":\"human-monitor-command\","
		"\"arguments\":{\"command-line\":5}}",
		"{\"execute\":\"qui\\u0074t\"}",
	};
	struct qmp_session s;
	size_t i;

	open_session(&s);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		says(&s, bad[i], "\"error\"");
	assert_int_equal(vm.quits, 0);
	says(&s, "{\"execute\":\"quit\"}", "return");
	qmp_session_deinit(&s);
}

/* 0xff ends whatever was begun; the next command need not be on its own line */
static void qmp_can_be_resynced(void **unused)
{
	static const char data[] = "{\"execute\":\"\xff{\"execute\":\"stop\"}";
	struct qmp_session s;
	int answers, errors;
	size_t step;

	open_session(&s);
	for (step = 1; step <= sizeof(data); step++) {
		vm.stops = 0;
		feed(&s, data, sizeof(data) - 1, step, &answers, &errors);
		assert_int_equal(answers, 2);
		assert_int_equal(errors, 1);
		assert_int_equal(vm.stops, 1);
	}
	qmp_session_deinit(&s);
}

/* The answer has to be JSON whatever was asked */
static void qmp_answers_in_utf8(void **unused)
{
	static const char line[] =
		"{\"execute\":\"human-monitor-command\",\"arguments\":"
		"{\"command-line\":\"\xc3\xa9\xc3\x28\"}}";
	struct qmp_session s;

	open_session(&s);
	says(&s, line, "unknown command: '\xc3\xa9\xef\xbf\xbd('");
	says(&s, "{\"execute\":\"\xc3\x28\"}", "\xef\xbf\xbd( has not");
	says(&s, "{\"execute\":\"query-status\",\"id\":\"\xc3\xa9\"}",
	     "\"id\": \"\xc3\xa9\"");
	qmp_session_deinit(&s);
}

static void qmp_takes_any_pieces(void **unused)
{
	static const char two[] = " \r\n{\"execute\":\"stop\"}{\"execute\":"
				  "\"cont\",\"id\":\"}{\xc3\xa9\"}\xff\n";
	struct qmp_session s;
	int answers, errors;
	size_t step;

	open_session(&s);
	for (step = 1; step <= sizeof(two); step++) {
		vm.stops = vm.conts = 0;
		feed(&s, two, sizeof(two) - 1, step, &answers, &errors);
		assert_int_equal(answers, 2);
		assert_int_equal(errors, 0);
		assert_int_equal(vm.stops, 1);
		assert_int_equal(vm.conts, 1);
	}
	qmp_session_deinit(&s);
}

#define BYTES(literal)                       \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

/* Garbage costs an answer, and what follows on the next line is understood */
static void qmp_recovers_from_garbage(void **unused)
{
	static const struct {
		const char *data;
		size_t len;
	} bad[] = {
		BYTES("hello\n"),
		BYTES("}\n"),
		BYTES("{\"execute\":}\n"),
		BYTES("\0\n"),
		BYTES("{\"execute\":\"st\0op\"}\n"),
		BYTES("{\"id\":\"\xc3\x28\",\"execute\":\"stop\"}\n"),
		BYTES("{\"execute\" \"stop\"}\n"),
		BYTES("\x01\x02\x03\xfe{\"execute\":\"stop\"}\n"),
		BYTES("GET / HTTP/1.1\n"),
	};
	struct qmp_session s;
	int answers, errors;
	size_t i, step;

	open_session(&s);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (step = 1; step <= bad[i].len; step++) {
			feed(&s, bad[i].data, bad[i].len, step, &answers,
			     &errors);
			assert_int_equal(answers, 1);
			assert_int_equal(errors, 1);
			says(&s, "{\"execute\":\"query-status\"}", "running");
		}
	}
	assert_int_equal(vm.stops, 0);
	qmp_session_deinit(&s);
}

static void qmp_bounds_a_command(void **unused)
{
	size_t len = QMP_COMMAND_MAX + 4096, pos = 0;
	char *data = malloc(len), *answer = NULL;
	char deep[2 * QMP_COMMAND_DEPTH + 1];
	struct qmp_session s;
	long n = 0;

	open_session(&s);
	memset(data, 'x', len);
	memcpy(data, "{\"execute\":\"", 12);
	while (pos < len && n >= 0) {
		n = qmp_session_feed(&s, data + pos, 1024, &answer);
		pos += 1024;
	}
	assert_int_equal(n, -EMSGSIZE);
	assert_non_null(answer);
	free(answer);
	free(data);
	qmp_session_deinit(&s);

	open_session(&s);
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\n';
	n = qmp_session_feed(&s, deep, sizeof(deep), &answer);
	assert_true(n > 0);
	assert_non_null(strstr(answer, "error"));
	free(answer);
	qmp_session_deinit(&s);
}

/* Bytes that look like commands, mangled; ASan and the model are the judges */
static void qmp_survives_noise(void **unused)
{
	static const char *const seeds[] = {
		"{\"execute\":\"human-monitor-command\",\"arguments\":"
		"{\"command-line\":\"info mtree -f\"}}\n",
		"{\"execute\":\"query-status\",\"id\":[1,{\"a\":null}]}\n",
		"{\"execute\":\"human-monitor-command\",\"arguments\":"
		"{\"command-line\":\"gpa2hva 0x1000\"}}\n",
	};
	unsigned int seed = 20231;
	int answers, errors, round, i;
	struct qmp_session s;
	char data[512];

	open_session(&s);
	for (round = 0; round < 20000; round++) {
		const char *from = seeds[rand_r(&seed) % 3];
		size_t len = strlen(from);

		memcpy(data, from, len);
		for (i = rand_r(&seed) % 4; i > 0; i--)
			data[rand_r(&seed) % len] = rand_r(&seed);
		if (rand_r(&seed) % 4 == 0)
			len = rand_r(&seed) % len + 1;
		if (s.pending > QMP_COMMAND_MAX / 2) {
			qmp_session_deinit(&s);
			open_session(&s);
		}
		feed(&s, data, len, rand_r(&seed) % len + 1, &answers, &errors);
	}
	qmp_session_deinit(&s);
	open_session(&s);
	says(&s, "{\"execute\":\"query-version\"}", "slotscope vm");
	qmp_session_deinit(&s);
}

/* Sockets */

static char socket_dir[] = "/tmp/slotscope-monitor-XXXXXX";

static int setup_dir(void **unused)
{
	return mkdtemp(socket_dir) ? 0 : -1;
}

static int teardown_dir(void **unused)
{
	return rmdir(socket_dir);
}

static void socket_path(char *path, size_t size, const char *prefix)
{
	snprintf(path, size, "%s%s/qmp", prefix, socket_dir);
}

static int try_connect(const char *address)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len = offsetof(struct sockaddr_un, sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, address, strlen(address));
	len += strlen(address) + (address[0] != '@');
	if (address[0] == '@')
		addr.sun_path[0] = '\0';
	if (!connect(fd, (struct sockaddr *)&addr, len))
		return fd;
	close(fd);
	return -errno;
}

static int connect_to(const char *address)
{
	int fd = try_connect(address);

	assert_true(fd >= 0);
	return fd;
}

/* What the main loop does, until there is nothing to do */
static void pump(struct monitor *mon)
{
	struct pollfd fds[MONITOR_FDS];
	size_t nr;

	for (;;) {
		nr = monitor_poll_fds(mon, fds);
		assert_in_range(nr, 1, MONITOR_FDS);
		if (poll(fds, nr, 0) <= 0)
			return;
		monitor_handle(mon, fds, nr);
	}
}

static struct monitor *start_monitor(const char *path)
{
	struct slotscope_error err = {};
	struct monitor *mon;

	assert_int_equal(monitor_create(path, &vm.target, &mon, &err), 0);
	return mon;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 strlen(text));
}

/* Whether the monitor hung up; drops what it has sent */
static bool is_closed(int fd)
{
	char buf[65536];
	ssize_t n;

	do {
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	} while (n > 0);
	return n == 0 || errno == ECONNRESET;
}

static void expect(int fd, const char *wanted)
{
	char buf[65536];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);

	assert_true(n > 0);
	buf[n] = '\0';
	if (!strstr(buf, wanted))
		fail_msg("wanted %s, got %s", wanted, buf);
}

static const char hello[] = "{\"execute\":\"qmp_capabilities\"}\n";
static const char query[] = "{\"execute\":\"query-status\"}\n";

static void serves_one_after_another(void **unused)
{
	struct monitor *mon = start_monitor(NULL);
	char wanted[64];
	int i, fd;

	snprintf(wanted, sizeof(wanted), "@slotscope-qmp-%d", getpid());
	assert_string_equal(monitor_address(mon), wanted);
	for (i = 0; i < 3 * MONITOR_CLIENTS; i++) {
		fd = connect_to(wanted);
		pump(mon);
		expect(fd, "\"QMP\"");
		say(fd, hello);
		pump(mon);
		expect(fd, "return");
		say(fd, query);
		pump(mon);
		expect(fd, "running");
		/* Some leave amid a command */
		if (i % 3 == 0)
			say(fd, "{\"execute\":");
		close(fd);
		pump(mon);
	}
	monitor_destroy(mon);
	assert_int_equal(try_connect(wanted), -ECONNREFUSED);
}

static void serves_several_at_once(void **unused)
{
	struct monitor *mon = start_monitor(NULL);
	int fds[MONITOR_CLIENTS + 2], i;
	const int nr = MONITOR_CLIENTS + 2;

	for (i = 0; i < nr; i++)
		fds[i] = connect_to(monitor_address(mon));
	pump(mon);
	for (i = 0; i < MONITOR_CLIENTS; i++)
		expect(fds[i], "\"QMP\"");
	/* No place is left; when one is, who waited longest gets it */
	assert_int_equal(recv(fds[nr - 2], &i, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	close(fds[3]);
	pump(mon);
	expect(fds[nr - 2], "\"QMP\"");
	for (i = 0; i < nr; i++)
		if (i != 3)
			close(fds[i]);
	pump(mon);
	monitor_destroy(mon);
}

/* A client that asks and asks and never reads: no more than an answer is kept */
static void outlasts_a_client_that_does_not_read(void **unused)
{
	static const char big[] =
		"{\"execute\":\"human-monitor-command\",\"arguments\":"
		"{\"command-line\":\"info mtree -o -D\"}}\n";
	struct monitor *mon = start_monitor(NULL);
	int fd = connect_to(monitor_address(mon)), other, i;
	char buf[65536];
	size_t sent = 0, lines = 0;
	ssize_t n = 0;

	pump(mon);
	say(fd, hello);
	pump(mon);
	for (i = 0; i < 100000 && n >= 0; i++) {
		n = send(fd, big, sizeof(big) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		sent += n > 0 ? n : 0;
		pump(mon);
	}
	/* Its commands have come to stand in the kernel, not in the monitor */
	assert_int_equal(n, -1);
	assert_int_equal(errno, EAGAIN);
	other = connect_to(monitor_address(mon));
	pump(mon);
	expect(other, "\"QMP\"");
	say(other, hello);
	pump(mon);
	expect(other, "return");
	close(other);

	/* It reads after all: there is an answer to each */
	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		while (n > 0)
			lines += buf[--n] == '\n';
		pump(mon);
	}
	assert_int_equal(lines, 2 + sent / (sizeof(big) - 1));
	close(fd);
	pump(mon);
	monitor_destroy(mon);
}

static void hangs_up_on_endless_commands(void **unused)
{
	struct monitor *mon = start_monitor(NULL);
	int fd = connect_to(monitor_address(mon)), i;
	char chunk[4096];
	size_t sent = 0;
	ssize_t n = 0;

	pump(mon);
	say(fd, "{\"execute\":\"");
	memset(chunk, 'x', sizeof(chunk));
	for (i = 0; i < 1000 && n >= 0; i++) {
		n = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL);
		sent += n > 0 ? n : 0;
		pump(mon);
	}
	assert_true(is_closed(fd));
	assert_in_range(sent, QMP_COMMAND_MAX, 4 * QMP_COMMAND_MAX);
	close(fd);
	fd = connect_to(monitor_address(mon));
	pump(mon);
	expect(fd, "\"QMP\"");
	close(fd);
	monitor_destroy(mon);
}

static void replaces_a_stale_socket_only(void **unused)
{
	struct slotscope_error err = {};
	char address[128], path[128];
	struct monitor *mon, *second;
	struct stat st;
	int fd;

	socket_path(address, sizeof(address), "unix:");
	socket_path(path, sizeof(path), "");
	mon = start_monitor(address);
	assert_string_equal(monitor_address(mon), path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* Somebody listens */
	assert_int_equal(monitor_create(address, &vm.target, &second, &err),
			 -EADDRINUSE);
	assert_non_null(strstr(err.tried, path));
	assert_true(err.next[0]);
	assert_int_equal(stat(path, &st), 0);
	monitor_destroy(mon);
	assert_int_equal(stat(path, &st), -1);

	/* Nobody does any more: what kill -9 leaves */
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	{
		struct sockaddr_un addr = { .sun_family = AF_UNIX };

		strcpy(addr.sun_path, path);
		assert_int_equal(
			bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	}
	close(fd);
	mon = start_monitor(path);
	fd = connect_to(path);
	pump(mon);
	expect(fd, "\"QMP\"");
	close(fd);
	monitor_destroy(mon);

	/* A file that is no socket is not ours to remove */
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(monitor_create(path, &vm.target, &mon, &err),
			 -EADDRINUSE);
	assert_int_equal(stat(path, &st), 0);
	close(fd);
	unlink(path);
}

static void refuses_bad_addresses(void **unused)
{
	struct slotscope_error err;
	char name[200] = "@";
	struct monitor *mon;
	size_t len;

	static const char *const bad[] = { "", "@", "unix:", "unix:@" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err = (struct slotscope_error){};
		assert_int_equal(monitor_create(bad[i], &vm.target, &mon, &err),
				 -EINVAL);
		assert_true(err.why[0] && err.next[0]);
	}
	/* 108 bytes are the limit: with NUL for a path, without for a name */
	for (len = 106; len <= 110; len++) {
		memset(name + 1, 'n', len - 1);
		name[len] = '\0';
		if (len <= 108) {
			mon = start_monitor(name);
			close(connect_to(name));
			monitor_destroy(mon);
		} else {
			assert_int_equal(monitor_create(name, &vm.target, &mon,
							&err),
					 -EINVAL);
		}
	}
	assert_int_equal(monitor_create("/nonexistent/qmp", &vm.target, &mon,
					&err),
			 -ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void qmp_adds_and_deletes(void **unused)
{
	static const struct {
		const char *name, *args, *told, *answer;
	} cases[] = {
		{ "object-add",
		  "{\"qom-type\":\"memory-backend-ram\",\"id\":\"a,b=c\","
		  "\"size\":1073741824,\"share\":true,\"prealloc\":false}",
		  "qom-type=memory-backend-ram id=a,b=c size=1073741824 "
		  "share=on prealloc=off ",
		  "\"return\": { }" },
		{ "device_add", "{\"driver\":\"pc-dimm\",\"memdev\":\"m\"}",
		  "driver=pc-dimm memdev=m ", "\"return\": { }" },
		{ "device_add", "{}", "", "too few" },
		{ "device_add", "{\"a\":1,\"b\":[1]}", "x",
		  "it is no text, number" },
		{ "device_add", "{\"a\":1,\"b\":null}", "x",
		  "it is no text, number" },
		{ "object-del", "{\"id\":\"there\"}", "there",
		  "\"return\": { }" },
		{ "device_del", "{\"id\":\"nope\"}", "nope", "it is not" },
		{ "device_del", "{\"id\":1}", "x", "'id' is missing" },
		{ "device_del", "{}", "x", "'id' is missing" },
	};
	struct qmp_session s;
	char *command, *answer;
	size_t i;

	open_session(&s);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strcpy(told, "x");
		assert_true(asprintf(&command,
				     "{\"execute\":\"%s\",\"arguments\":%s}",
				     cases[i].name, cases[i].args) > 0);
		answer = ask(&s, command);
		assert_string_equal(told, cases[i].told);
		if (!strstr(answer, cases[i].answer))
			fail_msg("%s: %s", command, answer);
		free(answer);
		free(command);
	}
	/* Without arguments at all; and where the target has no such command */
	answer = ask(&s, "{\"execute\":\"device_del\"}");
	assert_non_null(strstr(answer, "'id' is missing"));
	free(answer);
	answer = ask(&s, "{\"execute\":\"object-add\"}");
	assert_non_null(strstr(answer, "too few"));
	free(answer);
	qmp_session_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hmp_translates_addresses),
		TEST(hmp_refuses_nonsense),
		TEST(hmp_adds_and_deletes),
		TEST(qmp_adds_and_deletes),
		TEST(hmp_shows_memory),
		TEST(qmp_runs_commands),
		TEST(qmp_refuses_wrong_types),
		TEST(qmp_takes_any_pieces),
		TEST(qmp_can_be_resynced),
		TEST(qmp_answers_in_utf8),
		TEST(qmp_recovers_from_garbage),
		TEST(qmp_bounds_a_command),
		TEST(qmp_survives_noise),
		TEST(serves_one_after_another),
		TEST(serves_several_at_once),
		TEST(outlasts_a_client_that_does_not_read),
		TEST(hangs_up_on_endless_commands),
		TEST(replaces_a_stale_socket_only),
		TEST(refuses_bad_addresses),
	};

	return cmocka_run_group_tests(tests, setup_dir, teardown_dir);
}
