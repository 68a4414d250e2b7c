// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metrics: what is known has a sample, what is not has none and another that says so;
 * and a name that a VMM was given breaks nothing. The forms are those of the OpenMetrics
 * specification and of Prometheus' exposition formats; promtool reads them in
 * selftests/cmd/metrics.sh.
 */
#include "check_make.h"
#include "logs/top.h"
#include "render/openmetrics.h"
#include "render_make.h"

#define SECOND 1000000000ULL

static struct top top_;
static struct metrics_frame frame_;

static int setup(void **unused)
{
	(void)unused;
	top_ = (struct top){ 0 };
	frame_ = (struct metrics_frame){ .top = &top_,
					 .version = "1",
					 .watched = true,
					 .since_ns = 5 * SECOND,
					 .at_ns = 100 * SECOND + 1,
					 .mono_ns = 50 * SECOND,
					 .took_ns = 1500000,
					 .nr_looked = 1,
					 .requests = true,
					 .changes = true,
					 .nr_slots = 32764 };
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	top_deinit(&top_);
	return 0;
}

/* A VM of process 100 + @serial */
static struct top_vm *listed(uint64_t serial, const struct top_names *names)
{
	const struct vm_id id = { .serial = serial,
				  .tgid = 100 + (pid_t)serial,
				  .fd = 9 };

	assert_int_equal(top_list(&top_, &id, names, true), 0);
	return top_.vms[top_.nr - 1];
}

static void look(struct top_vm *vm)
{
	vm->look = (struct top_look){
		.at_ns = 48 * SECOND,
		.judged = true,
		.verdict = TOP_MISMATCHES,
		.mismatches = 2,
		.counted = true,
		.nr_slots = 4,
		.nr_as = 2,
		.as = { { true, 14, 2, 3 * MiB, 1, 4096 },
			{ false, 15, 1, MiB, 0, 0 } },
	};
	vm->look.found[FINDING_UNBACKED] = 2;
}

static char *text_of(enum metrics_form form)
{
	struct printed p;

	print_begin(&p);
	assert_int_equal(render_openmetrics(p.out, &frame_, form), 0);
	print_end(&p);
	return p.text;
}

/* Each line begins one, and none is a part of it alone */
static void has(const char *text, const char *line)
{
	const size_t len = strlen(line);
	const char *at = text;

	while ((at = strstr(at, line))) {
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return;
		at++;
	}
	fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void hasnt(const char *text, const char *words)
{
	if (strstr(text, words))
		fail_msg("\"%s\" in:\n%s", words, text);
}

static void of_a_vm(void **unused)
{
	static const struct top_names names = { "vmm", "qemu", "web" };
	struct top_vm *vm;
	char *text;

	top_list_begin(&top_);
	vm = listed(1, &names);
	look(vm);
	vm->changes = 7;
	vm->failed = 3;
	vm->refused[RULE_OVERLAP] = 2;
	vm->refused[REQUEST_RULES] = 1;
	vm->gaps = 4;
	vm->gap_ns = 1500000000;
	text = text_of(METRICS_TEXT);
#define VM "{pid=\"101\",fd=\"9\""
	has(text, "slotscope_vms 1");
	has(text, "slotscope_vm_info" VM
		  ",comm=\"vmm\",vmm=\"qemu\",name=\"web\"} 1");
	has(text, "slotscope_vm_readable" VM "} 1");
	has(text, "slotscope_vm_slots" VM ",as_id=\"0\",owner=\"vmm\"} 2");
	has(text, "slotscope_vm_slots" VM ",as_id=\"0\",owner=\"kvm\"} 1");
	has(text, "slotscope_vm_slots" VM ",as_id=\"1\",owner=\"vmm\"} 1");
	has(text, "slotscope_vm_slot_memory_bytes" VM
		  ",as_id=\"0\",owner=\"vmm\"} 3145728");
	has(text, "slotscope_vm_slots_left" VM ",as_id=\"0\"} 32762");
	has(text, "slotscope_vm_slots_generation" VM ",as_id=\"0\"} 14");
	/* Of one that changed while it was read no generation is told */
	hasnt(text, "slotscope_vm_slots_generation" VM ",as_id=\"1\"");
	has(text, "slotscope_vm_slot_changes_total" VM "} 7");
	has(text, "slotscope_vm_requests_refused_total" VM "} 3");
	has(text, "slotscope_vm_requests_refused_by_rule_total" VM
		  ",rule=\"overlap\"} 2");
	has(text, "slotscope_vm_requests_refused_by_rule_total" VM
		  ",rule=\"unknown\"} 1");
	has(text, "slotscope_vm_gaps_total" VM "} 4");
	has(text, "slotscope_vm_gap_seconds_total" VM "} 1.500000000");
	has(text, "slotscope_vm_events_lost_total" VM "} 0");
	has(text, "slotscope_vm_findings" VM ",kind=\"mismatch\"} 2");
	has(text, "slotscope_vm_findings" VM ",kind=\"note\"} 0");
	has(text, "slotscope_vm_finding" VM
		  ",finding=\"unbacked\",kind=\"mismatch\"} 2");
	has(text, "slotscope_vm_verdict" VM ",verdict=\"mismatches\"} 1");
	has(text, "slotscope_vm_verdict" VM ",verdict=\"agree\"} 0");
	/* 2 s ago, by the other clock */
	has(text, "slotscope_vm_looked_timestamp_seconds" VM "} 98.000000001");
	/* 7 changes, of which the look knew none */
	has(text, "slotscope_vm_changed_since_look" VM "} 1");
	has(text, "slotscope_vm_held" VM "} 0");
	has(text, "slotscope_collect_duration_seconds 0.001500000");
	hasnt(text, "slotscope_vm_vcpus{");
	hasnt(text, "slotscope_vm_slot_metadata_bytes{");
	free(text);

	vm->look.asked = true;
	vm->look.stuck = 1;
	vm->look.metadata.told = true;
	vm->look.metadata.bytes[METADATA_HUGE_PAGES] = 12;
	text = text_of(METRICS_TEXT);
	has(text, "slotscope_vm_vcpus_stuck" VM "} 1");
	has(text,
	    "slotscope_vm_slot_metadata_bytes" VM ",kind=\"huge_pages\"} 12");
	has(text, "slotscope_vm_dirty_pages" VM "} 0");
	free(text);
}

/* Nothing that nobody counted, or could not, is a 0 */
static void what_is_not_known(void **unused)
{
	static const struct top_names names = { "vmm", "", "" };
	struct top_vm *vm;
	char *text;

	top_list_begin(&top_);
	vm = listed(1, &names);
	vm->look = (struct top_look){ .at_ns = 1, .verdict = TOP_UNKNOWN };
	frame_.changes = false;
	frame_.nr_slots = 0;
	text = text_of(METRICS_TEXT);
	has(text, "slotscope_watching{what=\"changes\"} 0");
	has(text, "slotscope_watching{what=\"requests\"} 1");
	hasnt(text, "\nslotscope_vm_slot_changes");
	hasnt(text, "\nslotscope_vm_gaps");
	hasnt(text, "\nslotscope_slots_limit");
	hasnt(text, "\nslotscope_vm_slots_left");
	has(text, "slotscope_vm_requests_refused_total" VM "} 0");
	has(text, "slotscope_vm_readable" VM "} 0");
	hasnt(text, "\nslotscope_vm_slots{");
	hasnt(text, "\nslotscope_vm_slot_memory_bytes{");
	hasnt(text, "\nslotscope_vm_findings{");
	hasnt(text, "\nslotscope_vm_changed_since_look{");
	hasnt(text, "\nslotscope_vm_held{");
	has(text, "slotscope_vm_verdict" VM ",verdict=\"unknown\"} 1");
	free(text);

	/* Once: nobody counts */
	frame_.watched = false;
	frame_.changes = true;
	top_.lost = 5;
	text = text_of(METRICS_TEXT);
	has(text, "slotscope_watching{what=\"requests\"} 0");
	hasnt(text, "\nslotscope_events_lost_total");
	hasnt(text, "\nslotscope_vm_requests_refused_total");
	hasnt(text, "\nslotscope_vm_events_lost_total");
	hasnt(text, "\nslotscope_vm_changed_since_look");
	hasnt(text, "\nslotscope_counters_since");
	free(text);

	/* One that nobody has looked at yet */
	vm->look = (struct top_look){ 0 };
	text = text_of(METRICS_TEXT);
	has(text, "slotscope_vm_verdict" VM ",verdict=\"not-yet\"} 1");
	hasnt(text, "\nslotscope_vm_looked");
	hasnt(text, "\nslotscope_vm_held");
	free(text);
}

static void names_are_escaped(void **unused)
{
	static const struct top_names names = { "a\"b\\c\nd", "",
						"\033[2J\xff\xc3\xa9 1\r" };
	char *text;

	top_list_begin(&top_);
	listed(1, &names);
	text = text_of(METRICS_OPENMETRICS);
	has(text, "slotscope_vm_info" VM
		  ",comm=\"a\\\"b\\\\c\\nd\",vmm=\"\",name=\"\xef\xbf\xbd[2J"
		  "\xef\xbf\xbd\xc3\xa9 1\xef\xbf\xbd\"} 1");
	free(text);
}

/* Two samples with the same labels: Prometheus would drop all */
static void no_sample_twice(void **unused)
{
	static const struct top_names names = { "vmm", "", "" };
	const struct vm_id again = { .serial = 2, .tgid = 101, .fd = 9 };
	char *text;

	top_list_begin(&top_);
	listed(1, &names);
	assert_int_equal(top_list(&top_, &again, &names, true), 0);
	text = text_of(METRICS_TEXT);
	has(text, "slotscope_vms 1");
	assert_null(strstr(strstr(text, "\nslotscope_vm_info{") + 1,
			   "\nslotscope_vm_info{"));
	free(text);
}

/* Which family a sample is of is said before it, once, and nothing stands between */
static void forms(void **unused)
{
	char *text = text_of(METRICS_TEXT);

	has(text, "# TYPE slotscope_vm_slot_changes_total counter");
	has(text, "# TYPE slotscope_vm_slots gauge");
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	free(text);
	text = text_of(METRICS_OPENMETRICS);
	has(text, "# TYPE slotscope_vm_slot_changes counter");
	has(text, "# UNIT slotscope_vm_gap_seconds seconds");
	has(text, "# UNIT slotscope_vm_slot_memory_bytes bytes");
	has(text, "slotscope_events_lost_total 0");
	hasnt(text, "_total counter");
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	free(text);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(of_a_vm),
		TEST(what_is_not_known),
		TEST(names_are_escaped),
		TEST(no_sample_twice),
		TEST(forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
