// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Replays of what a real QEMU did: every flat view and every request to KVM
 * must be the same, in the same order. And that a replay notices when they are
 * not, and survives any text.
 */
#include <errno.h>
#include <ftw.h>

#include "mtree_fixture.h"

#include "replay/replay.h"

#define OWN_LOGS "selftests/fixtures/api-log"

static struct slotscope_error error;

static void replay(const char *text, size_t len, bool full_render,
		   struct replay_report *report)
{
	struct replay_options options = { .full_render = full_render };

	if (replay_api_log(text, len, &options, report, &error))
		fail_msg("%s: %s", error.tried, error.why);
}

/* The incremental render leaves out nothing that the full one tells of */
static void expect_equal(const char *path, bool refused)
{
	struct replay_report report;
	size_t len;
	char *text = read_file(path, &len);
	int full;

	if (!text)
		fail_msg("no %s: run this in the project's root", path);
	for (full = 0; full < 2; full++) {
		replay(text, len, full, &report);
		if (report.differs)
			fail_msg("%s:%zu: after %s\nours   %s\ntheirs %s", path,
				 report.line, report.call, report.ours,
				 report.theirs);
		if (report.refused != refused)
			fail_msg("%s: refused: %s", path, report.why.why);
		assert_true(report.flats && report.calls);
		replay_report_deinit(&report);
	}
	free(text);
}

static void test_own_logs(void **state)
{
	expect_equal(OWN_LOGS "/none-64M.api.log", false);
	expect_equal(OWN_LOGS "/microvm.api.log", false);
}

static void test_refused(void **state)
{
	static const char *const reasons[] = {
		"differ within a page",
		"differ within a page",
		"no RAM behind",
	};
	struct replay_report report;
	char path[128], *text;
	size_t i, len;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), OWN_LOGS "/refused-%zu.api.log",
			 i + 1);
		expect_equal(path, true);
		text = read_file(path, &len);
		replay(text, len, false, &report);
		assert_non_null(strstr(report.why.why, reasons[i]));
		replay_report_deinit(&report);
		free(text);
	}
}

static size_t nr_shared;

static int on_file(const char *path, const struct stat *st, int type,
		   struct FTW *ftw)
{
	size_t len = strlen(path);

	if (type != FTW_F || len < 7 || strcmp(path + len - 7, "api.log"))
		return 0;
	expect_equal(path, strstr(path, "/refused/") != NULL);
	nr_shared++;
	return 0;
}

static void test_shared_logs(void **state)
{
	if (nftw(shared_fixtures(), on_file, 16, FTW_PHYS) || !nr_shared)
		skip();
	print_message("# %zu logs\n", nr_shared);
}

/* Replace the first @from behind @after by @to; the caller frees it */
static char *edit(const char *text, const char *after, const char *from,
		  const char *to)
{
	const char *at = strstr(strstr(text, after), from);
	char *out;

	assert_non_null(at);
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to,
			     at + strlen(from)) > 0);
	return out;
}

static void expect_difference(char *text, const char *ours, const char *theirs)
{
	struct replay_report report;

	replay(text, strlen(text), false, &report);
	assert_true(report.differs);
	if (!strstr(report.ours, ours) || !strstr(report.theirs, theirs))
		fail_msg("ours %s, theirs %s", report.ours, report.theirs);
	replay_report_deinit(&report);
	free(text);
}

#define SET_REGION                                                  \
	"KVM set_region slot=0x0 flags=0x0 gpa=0x0 size=0x4000000 " \
	"hva=0x7fc6b7e00000 ret=0\n"

/* Each kind of difference that there can be */
static void test_differences(void **state)
{
	size_t len;
	char *log = read_file(OWN_LOGS "/none-64M.api.log", &len);

	assert_non_null(log);
	/* Another view */
	expect_difference(edit(log, "add 1", "nr=1", "nr=2"), "nr=1", "nr=2");
	/* Another request; one that they did not make; one that we do not */
	expect_difference(edit(log, "add 1", "flags=0x0", "flags=0x2"),
			  "flags=0x0", "flags=0x2");
	expect_difference(edit(log, "add 1", SET_REGION, ""), "slot=0x0",
			  "flat");
	expect_difference(edit(log, "add 1", SET_REGION, SET_REGION SET_REGION),
			  "", "slot=0x0");
	/* A view rendered where ours was not, and the other way round */
	expect_difference(edit(log, "listener_register \"kvm-io\"", "\n",
			       "\nflat as=\"memory\" nr=0 "
			       "fnv=cbf29ce484222325\n"),
			  "", "flat");
	expect_difference(edit(log, "ram_migratable", "\n",
			       "\nset_enabled 2 0\nset_enabled 2 1\n"),
			  "rendered", "set_enabled 2 1");
	/* A RAMBlock elsewhere */
	expect_difference(edit(log, "ramblock_add", "offset=0x0",
			       "offset=0x40000"),
			  "offset 0x0", "ram_migratable");
	/* What ours refuses and theirs took */
	expect_difference(edit(log, "add 1", "####",
			       "add 1 0x0 3 prio=0\nbegin 0\n####"),
			  "mapped in system already", "begin 0");
	/* kvm_init's probe, out of order */
	expect_difference(edit(log, "KVM ioeventfd", "match=0x1", "match=0x2"),
			  "", "match=0x2");
	free(log);
}

/*
 * QEMU hands over what is to be compared, in both directions and never more than
 * its types hold; and 0 where nothing is (as measured: test_kvm_io_listener.c)
 */
static void test_ioeventfd(void **state)
{
	static const char *const cases[][2] = {
		{ "0xc size=4 match=1 data=0x30001 fd=14",
		  "addr=0xc len=4 match=0x30001 fd=14" },
		{ "0x4 size=0 match=0 data=0x1 fd=16",
		  "addr=0x4 len=0 match=0x0 fd=16" },
		{ "0x8 size=8 match=1 data=0x100000002 fd=17",
		  "addr=0x8 len=8 match=0x2 fd=17" },
	};
	struct replay_report report;
	char *log, *text, calls[512];
	size_t i, len;

	log = read_file(OWN_LOGS "/none-64M.api.log", &len);
	assert_non_null(log);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(calls, sizeof(calls),
			 "add_eventfd 3 %s\n"
			 "KVM ioeventfd mmio %s flags=0x%d ret=0\n"
			 "del_eventfd 3 %s\n"
			 "KVM ioeventfd mmio %s flags=0x%d ret=0\n####",
			 cases[i][0], cases[i][1], i == 1 ? 0 : 1, cases[i][0],
			 cases[i][1], i == 1 ? 4 : 5);
		text = edit(log, "add 1", "####", calls);
		replay(text, strlen(text), false, &report);
		if (report.differs)
			fail_msg("after %s\nours   %s\ntheirs %s", report.call,
				 report.ours, report.theirs);
		assert_false(report.refused);
		replay_report_deinit(&report);
		free(text);
	}
	free(log);
}

/* A log has a hash of QEMU's view: if it is that of the view before, it is known */
static void test_view_unchanged(void **state)
{
	static const char empty[] = "fnv=cbf29ce484222325";
	struct replay_report report;
	char *log, *text, fnv[] = "fnv=0123456789abcdef";
	const char *call;
	size_t len;

	log = read_file(OWN_LOGS "/none-64M.api.log", &len);
	call = strstr(log, "add 1");
	memcpy(fnv, strstr(call, "fnv="), sizeof(fnv) - 1);

	/* The first RAM to be mapped: before, nothing was */
	text = edit(log, "add 1", fnv, empty);
	free(log);
	log = edit(text, "add 1", "nr=1", "nr=0");
	replay(log, strlen(log), false, &report);
	assert_true(report.differs && report.unchanged);
	assert_string_equal(report.before, "");
	assert_non_null(strstr(report.after, "ram"));
	replay_report_deinit(&report);
	free(log);

	/* Some other view: not known */
	log = edit(text, "add 1", empty, "fnv=0000000000000000");
	replay(log, strlen(log), false, &report);
	assert_true(report.differs && !report.unchanged);
	replay_report_deinit(&report);
	free(log);
	free(text);
}

/* Cut at every byte, and with every byte damaged: an answer, never a crash */
static void test_hostile(void **state)
{
	struct replay_report report;
	size_t len, i;
	char *log = read_file(OWN_LOGS "/none-64M.api.log", &len);
	int r;

	for (i = 0; i < len; i++) {
		r = replay_api_log(log, i, NULL, &report, &error);
		assert_true(!r || r == -EINVAL);
		replay_report_deinit(&report);
	}
	for (i = 0; i < len; i++) {
		char c = log[i];

		log[i] = "0f\n\"=- x\xff"[i % 9];
		r = replay_api_log(log, len, NULL, &report, &error);
		assert_true(!r || r == -EINVAL);
		replay_report_deinit(&report);
		log[i] = c;
	}
	free(log);
}

static void expect_no_log(const char *text, const char *why)
{
	struct replay_report report;

	assert_int_equal(replay_api_log(text, strlen(text), NULL, &report,
					&error),
			 -EINVAL);
	if (!strstr(error.why, why))
		fail_msg("%s: %s", error.tried, error.why);
	replay_report_deinit(&report);
}

#define DEF(id)                                                              \
	"def " id " name=\"r\" size=0x1000 enabled=1 term=0 ram=0 romdev=0 " \
	"romd=1 ro=0 nv=0 ramd=0 iommu=0 log=0 alias=0 aoff=0x0 rb=-0x0 "    \
	"host=(nil)\n"

static void test_no_log(void **state)
{
	expect_no_log("nonsense\n", "no line of an api.log");
	expect_no_log("add 1 0x0 2 prio=0\n", "not defined");
	expect_no_log(DEF("1") DEF("1"), "defined already");
	expect_no_log(DEF("99999999999"), "number is missing");
	expect_no_log("as_init \"memory\" root=1\n", "not defined");
	expect_no_log(DEF("1") "set_address 1 0x10000000000000000\n",
		      "too large");
	expect_no_log(DEF("1") "set_size 1 0x20000000000000000\n", "too large");
	expect_no_log(DEF("1") "ram_resize 1 0x1000\n", "no RAM");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_logs),
		cmocka_unit_test(test_refused),
		NEEDS_FIXTURES(test_shared_logs),
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_ioeventfd),
		cmocka_unit_test(test_view_unchanged),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_no_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
