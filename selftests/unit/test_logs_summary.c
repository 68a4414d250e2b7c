// SPDX-License-Identifier: GPL-2.0-or-later
/* Events added up: counts, durations, who, what failed, what is missing */
#include <errno.h>

#include "render_make.h"
#include "logs/summary.h"
#include "render/summary.h"

static struct summary sum_;
static struct summary_table table_;

static int setup(void **unused)
{
	(void)unused;
	sum_ = (struct summary){ 0 };
	table_ = (struct summary_table){ 0 };
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	summary_table_deinit(&table_);
	summary_deinit(&sum_);
	return 0;
}

static const struct summary_row *row(unsigned int by, size_t i)
{
	summary_table_deinit(&table_);
	assert_int_equal(summary_table(&sum_, by, &table_), 0);
	assert_true(i < table_.nr);
	return &table_.rows[i];
}

static size_t rows(unsigned int by)
{
	summary_table_deinit(&table_);
	assert_int_equal(summary_table(&sum_, by, &table_), 0);
	return table_.nr;
}

static void add(struct slot_event event)
{
	assert_int_equal(summary_add(&sum_, &event), 0);
}

static struct slot_event request(uint64_t seq, uint64_t us, int result)
{
	struct slot_event event = event_of(SLOT_EVENT_REQUEST, seq);

	event.duration_ns = us * 1000;
	event.request.result = result;
	return event;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Held against all values in order. Of n the ceil(n/2)th is the median */
static void durations_by_the_rule(void **unused)
{
	uint64_t all[999], sum = 0, state = 1, median, want;
	struct durations d = {}, half = {};

	(void)unused;
	for (size_t n = 1; n <= ARRAY_SIZE(all); n++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		/* of all sizes: 1 ns to 18 minutes */
		all[n - 1] = (state >> 24) >> (state % 40);
		sum += all[n - 1];
		assert_int_equal(durations_add(&d, all[n - 1]), 0);
		if (n % 2)
			assert_int_equal(durations_add(&half, all[n - 1]), 0);
		qsort(all, n, sizeof(*all), ascending);
		want = all[(n + 1) / 2 - 1];
		median = durations_median(&d);
		assert_true(median <= want + want / 256);
		assert_true(median >= want - want / 256);
		assert_true(d.nr == n && d.sum == sum && d.min == all[0] &&
			    d.max == all[n - 1]);
	}
	/* Twice the same has the same median */
	median = durations_median(&half);
	want = half.nr;
	sum = half.sum;
	assert_int_equal(durations_merge(&half, &half), 0);
	assert_int_equal(half.nr, 2 * want);
	assert_true(half.sum == 2 * sum);
	assert_int_equal(durations_median(&half), median);
	durations_deinit(&d);
	durations_deinit(&half);
}

static void extremes(void **unused)
{
	struct durations d = {}, none = {};

	(void)unused;
	assert_int_equal(durations_median(&none), 0);
	assert_int_equal(durations_add(&d, UINT64_MAX), 0);
	assert_true(durations_median(&d) == UINT64_MAX);
	assert_int_equal(durations_add(&d, 1), 0);
	assert_true(d.sum == UINT64_MAX && d.min == 1);
	assert_int_equal(durations_median(&d), 1);
	durations_deinit(&d);
}

static void by_kind(void **unused)
{
	struct slot_event two = request(4, 7, 0);
	const struct summary_row *r;

	(void)unused;
	two.request.region2 = true;
	add(request(1, 10, 0));
	add(request(2, 30, -EEXIST));
	add(request(3, 20, 0));
	add(two);
	assert_int_equal(rows(SUMMARY_KIND), 2);
	r = row(SUMMARY_KIND, 0);
	assert_string_equal(summary_kind_name(&r->key), "request");
	assert_int_equal(r->count, 3);
	assert_int_equal(r->failed, 1);
	assert_int_equal(r->durations.min, 10000);
	assert_int_equal(r->durations.max, 30000);
	assert_int_equal(r->durations.sum, 60000);
	assert_in_range(durations_median(&r->durations), 19900, 20100);
	assert_string_equal(summary_kind_name(&row(SUMMARY_KIND, 1)->key),
			    "request2");
	assert_int_equal(sum_.events, 4);
	assert_int_equal(sum_.first_ns, 1000);
	assert_int_equal(sum_.last_ns, 4000);
}

/* The same thread under another name or from another place is another caller */
static void by_caller(void **unused)
{
	struct slot_event event = request(1, 1, 0);

	(void)unused;
	add(event);
	event.tid = 102;
	add(event);
	event.stack = 3;
	add(event);
	memcpy(event.comm, "0123456789abcdef", 16); /* without NUL */
	add(event);
	add(event);
	assert_int_equal(rows(SUMMARY_CALLER | SUMMARY_KIND), 4);
	assert_int_equal(rows(SUMMARY_KIND), 1);
	assert_int_equal(row(SUMMARY_CALLER, 0)->count, 2);
	assert_int_equal(row(SUMMARY_CALLER, 0)->key.stack, 3);
}

static void by_errno(void **unused)
{
	(void)unused;
	add(request(1, 5, 0));
	add(request(2, 1, -EINVAL));
	add(request(3, 1, -EEXIST));
	add(request(4, 1, -EINVAL));
	assert_int_equal(rows(SUMMARY_RESULT | SUMMARY_KIND), 2);
	assert_int_equal(row(SUMMARY_RESULT, 0)->key.error, -EINVAL);
	assert_int_equal(row(SUMMARY_RESULT, 0)->count, 2);
	assert_int_equal(row(SUMMARY_RESULT, 1)->key.error, -EEXIST);
}

static void by_vm(void **unused)
{
	struct slot_event other = request(2, 1, 0);

	(void)unused;
	other.serial = 2;
	add(request(1, 5, 0));
	add(other);
	assert_int_equal(rows(SUMMARY_VM), 2);
	assert_int_equal(row(SUMMARY_VM, 1)->key.serial, 2);
}

/* A positive result of a call is no failure; an unknown time is not one of 0 ns */
static void calls_and_changes(void **unused)
{
	struct slot_event call = event_of(SLOT_EVENT_CALL, 1);
	struct slot_event change = event_of(SLOT_EVENT_CHANGE, 2);
	const struct summary_row *r;

	(void)unused;
	call.kvm_call.kind = SLOT_CALL_GUEST_MEMFD;
	call.kvm_call.result = 12;
	add(call);
	r = row(SUMMARY_KIND, 0);
	assert_string_equal(summary_kind_name(&r->key), "create-guest-memfd");
	assert_int_equal(r->failed, 0);
	assert_int_equal(r->durations.nr, 0);
	change.change.kind = SLOT_DELETE;
	change.duration_ns = 900;
	change.change.invalid_ns = 5000;
	change.change.active_ns = 5200;
	add(change);
	assert_int_equal(sum_.events, 2);
	assert_int_equal(rows(SUMMARY_KIND), 3);
	assert_string_equal(summary_kind_name(&row(SUMMARY_KIND, 0)->key),
			    "delete");
	assert_string_equal(summary_kind_name(&row(SUMMARY_KIND, 1)->key),
			    "hole");
	assert_int_equal(row(SUMMARY_KIND, 1)->durations.sum, 200);
	assert_false(summary_has_result(&row(SUMMARY_KIND, 1)->key));
}

/* A fault that is served late took its time; one that is not, has an errno */
static void faults(void **unused)
{
	struct slot_event event = event_of(SLOT_EVENT_FAULT, 1);

	(void)unused;
	event.fault.kind = SLOT_FAULT_SERVED;
	event.duration_ns = 90;
	add(event);
	event.fault.kind = SLOT_FAULT_FAILED;
	event.fault.result = -EFAULT;
	event.duration_ns = 0;
	add(event);
	assert_string_equal(summary_kind_name(&row(SUMMARY_KIND, 0)->key),
			    "served");
	assert_int_equal(row(SUMMARY_KIND, 0)->durations.sum, 90);
	assert_false(summary_has_result(&row(SUMMARY_KIND, 0)->key));
	assert_true(summary_has_result(&row(SUMMARY_KIND, 1)->key));
	assert_int_equal(row(SUMMARY_RESULT, 0)->key.error, -EFAULT);
}

static void lost(void **unused)
{
	struct printed p;
	struct slot_event event = event_of(SLOT_EVENT_LOST, 1);

	(void)unused;
	event.lost.reason = SLOT_LOST_RING_FULL;
	event.lost.count = 3;
	add(event);
	add(event);
	assert_int_equal(sum_.events, 0);
	assert_int_equal(sum_.lost.count[SLOT_LOST_RING_FULL], 6);
	event.lost.reason = SLOT_LOST_DROPPED;
	add(event);
	print_begin(&p);
	assert_int_equal(render_summary(p.out, &sum_, NULL), 0);
	assert_line(print_end(&p),
		    "0 events; LOST 6: ring-full; 3 before were not kept");
	free(p.text);
}

/* For people: each unit, who, what failed; what is missing is told first */
static void as_text(void **unused)
{
	struct slot_event event = request(5, 0, 0);
	struct printed p;
	const char *text;

	(void)unused;
	add(request(1, 1500, 0));
	add(request(2, 2500000, -EEXIST));
	add(request(3, 14, 0));
	event.duration_ns = 999;
	event.tid = 102;
	event.stack = 7;
	memcpy(event.comm, "CPU 0/KVM\033", 11);
	add(event);
	event = event_of(SLOT_EVENT_LOST, 6);
	event.lost.reason = SLOT_LOST_CUT;
	event.lost.count = 1;
	add(event);
	print_begin(&p);
	assert_int_equal(render_summary(p.out, &sum_, NULL), 0);
	text = print_end(&p);
	assert_for_people(text);
	assert_line(text, "4 events in 0.000004 s; LOST at least 1: cut");
	assert_line(text, "request 4 1 999ns 14.0us 2.50s 2.50s");
	assert_line(text, "101 100 vmm - request 3 1");
	assert_non_null(strstr(text, "CPU 0/KVM\\1b"));
	assert_line(text, "EEXIST request 1 2.50s");
	free(p.text);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(durations_by_the_rule),
		test(extremes),
		test(by_kind),
		test(by_caller),
		test(by_errno),
		test(by_vm),
		test(calls_and_changes),
		test(lost),
		test(as_text),
		test(faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
