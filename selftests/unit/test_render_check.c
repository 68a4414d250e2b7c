// SPDX-License-Identifier: GPL-2.0-or-later
/* A cross-check as people and programs get it */
#include <errno.h>

#include <json-c/json.h>

#include "check/comparison.h"
#include "check_make.h"
#include "render_make.h"
#include "render/check.h"

struct shown {
	struct views v;
	struct check_rows rows;
	struct check_document document;
	struct printed p;
};

static const char *show(struct shown *s)
{
	views_check(&s->v);
	assert_int_equal(check_rows(&s->v.made, &s->rows), 0);
	s->document.comparison = &s->v.made;
	s->document.rows = &s->rows;
	print_begin(&s->p);
	assert_int_equal(render_check(s->p.out, &s->document), 0);
	return print_end(&s->p);
}

static void hide(struct shown *s)
{
	free(s->p.text);
	check_rows_deinit(&s->rows);
}

static void agreement(void **unused)
{
	struct vm_id vm = { .tgid = 42, .fd = 9 };
	struct shown s = { .document = { .vm = &vm,
					 .comm = "vmm",
					 .kernel_by = "the moon",
					 .at_ms = 2345 } };
	const char *text;

	views_pc(&s.v);
	for (size_t i = 0; i < s.v.state[MODEL].nr_slots; i++)
		s.v.state[MODEL].slots[i].offset = 0;
	slot_at(&s.v, MODEL, 0, MiB)->offset = MiB;
	text = show(&s);
	assert_for_people(text);
	assert_line(text, "process 42 (vmm), VM at descriptor 9, after 2.3 s");
	assert_line(text, "AS RANGE (gpa) MODEL TRACED KERNEL BACKING VERDICT");
	assert_line(text, "0 0-9ffff pc.ram rw #0 rw #0 rw rwp anon agree");
	assert_line(text, "0 100000-fffffff pc.ram+100000 rw #2 rw #2 rw "
			  "rwp anon agree");
	assert_line(text, "0 fffc0000-ffffffff pc.bios ro #3 ro #3 ro "
			  "r-p bios.bin agree");
	assert_line(text, "1 0-fffffff pc.ram rw #0 rw #0 rw rwp anon agree");
	assert_line(text, "agree: 5 ranges, 0 mismatches, 0 unknown, 0 notes");
	assert_line(text, "compared: MODEL with KERNEL, TRACED with KERNEL, "
			  "KERNEL with BACKING; KERNEL was read by");
	assert_line(text, "MODEL does not know: slot numbers, dirty logging, "
			  "guest_memfd");
	assert_line(text, "VFIO and vhost mappings are not looked at");
	assert_null(strstr(text, "not asked for"));
	/* no colour where there is no terminal */
	assert_null(strchr(text, '\x1b'));
	hide(&s);

	/* one of several VMs has a number */
	s.document.number = 2;
	text = show(&s);
	assert_line(text,
		    "process 42 (vmm), VM 2 at descriptor 9, after 2.3 s");
	hide(&s);

	/* one address space needs no column; one range is no ranges */
	slot_drop(&s.v, MODEL, 1, 0);
	kvm_drop(&s.v, 1, 0);
	for (int i = 0; i < 3; i++) {
		gpa_t gpa = s.v.state[MODEL].slots[1].gpa;

		slot_drop(&s.v, MODEL, 0, gpa);
		kvm_drop(&s.v, 0, gpa);
	}
	s.v.view[TRACED].slots = NULL;
	text = show(&s);
	assert_line(text, "RANGE (gpa) MODEL TRACED KERNEL BACKING VERDICT");
	assert_line(text, "0-9ffff pc.ram rw #0 rw rwp anon agree");
	assert_line(text, "agree: 1 range, ");
	assert_line(text, "TRACED not asked for");
	hide(&s);
	views_deinit(&s.v);
}

static void findings_under_their_cause(void **unused)
{
	struct shown s = { .document.at_ms = -1 };
	const char *missing, *cause, *unread;
	const char *text;

	views_pc(&s.v);
	kvm_drop(&s.v, 0, MiB);
	log_request(&s.v.log, 4, slot_of(0, 2, MiB, 255 * MiB, HVA + MiB, 0),
		    -EINVAL);
	s.v.view[TRACED].slots = NULL;
	s.v.view[TRACED].unread = "no BTF";
	text = show(&s);
	assert_for_people(text);
	assert_line(text, "0 100000-fffffff pc.ram+100000 rw none missing");
	cause = strstr(text, "\nignored-failure (mismatch): request #4");
	missing = strstr(text, "\n  missing (mismatch): MODEL has pc.ram");
	unread = strstr(text, "\nunread (unknown): TRACED could not be had: "
			      "no BTF");
	assert_non_null(cause);
	assert_non_null(missing);
	assert_non_null(unread);
	assert_true(cause < missing && missing < unread);
	assert_line(text, "KERNEL no slot");
	assert_line(text, "mismatch: 5 ranges, 2 mismatches, 1 unknown, "
			  "0 notes");
	assert_line(text, "TRACED could not be had: see above");
	hide(&s);
	views_deinit(&s.v);
}

/* What was looked at is said, and what was not */
static void an_audit_of_the_indexes(void **unused)
{
	struct index_fault fault = { .kind = INDEX_HVA_RANGE,
				     .slot_id = 2,
				     .gpa = MiB,
				     .seen = 0x1000,
				     .expected = HVA + MiB };
	struct index_audit audit = { .nr_slots = 5 };
	struct shown s = { .document.at_ms = -1 };
	const char *text;

	views_pc(&s.v);
	s.v.view[KERNEL].audit = &audit;
	text = show(&s);
	assert_for_people(text);
	assert_non_null(strstr(text, "own indexes of 5 slots"));
	hide(&s);

	audit = (struct index_audit){ .faults = &fault, .nr = 1, .nr_all = 1 };
	text = show(&s);
	assert_for_people(text);
	assert_line(text, "index (mismatch): KVM's own indexes disagree about "
			  "slot 2 at 0x100000");
	assert_line(text, "KERNEL slot 2, hva 0x7f0000100000, read-write");
	hide(&s);

	audit = (struct index_audit){ .none = "nobody can" };
	text = show(&s);
	assert_for_people(text);
	assert_line(text, "KERNEL whether KVM's own indexes agree: nobody can");
	assert_null(strstr(text, "with each other"));
	hide(&s);
	views_deinit(&s.v);
}

/* Words that fit the VMM, and status 0 */
static void less_coverage(void **unused)
{
	struct shown s = { .document.at_ms = -1 };
	const char *text;

	views_pc(&s.v);
	model_lacks(&s.v);
	s.v.view[MODEL].none = "this VMM has no monitor to ask";
	text = show(&s);
	assert_for_people(text);
	assert_line(text, "agree: 4 ranges, 0 mismatches, 0 unknown, 0 notes");
	assert_line(text, "MODEL this VMM has no monitor to ask");
	hide(&s);
	views_deinit(&s.v);
}

/* 24,855 lines of it were no help to anybody */
static void what_was_not_compared_is_one_line(void **unused)
{
	struct shown s = { .document.at_ms = -1 };
	const char *text;

	views_init(&s.v);
	s.v.view[TRACED].slots = NULL;
	s.v.view[MODEL].slots = NULL;
	for (int i = 0; i < 1000; i++)
		state_add(&s.v.state[KERNEL],
			  slot_of(0, i, i * 64 * KiB, 4 * KiB,
				  HVA + i * 64 * KiB,
				  i == 500 ? 0 : SLOT_GUEST_MEMFD));
	map_add(&s.v, HVA, GiB, "rwp", NULL);
	text = show(&s);
	assert_line(text, "0-1f30fff 500 ranges 500 ranges not compared");
	assert_line(text, "1f40000-1f40fff #500 rw rwp anon agree");
	assert_line(text, "agree: 1 of 1000 ranges,");
	assert_null(strstr(text, "#499"));
	hide(&s);
	views_deinit(&s.v);
}

static void no_slots(void **unused)
{
	struct shown s = { .document.at_ms = -1 };
	const char *text;

	views_init(&s.v);
	text = show(&s);
	assert_line(text, "cannot tell: 0 ranges, 0 mismatches, 1 unknown, 0 "
			  "notes");
	assert_null(strstr(text, "agree"));
	hide(&s);
	s.v.input.expected = true;
	text = show(&s);
	assert_line(text, "agree: no slots, as expected, 0 mismatches, 0 "
			  "unknown, 0 notes");
	hide(&s);
	views_deinit(&s.v);
}

static void cannot_tell(void **unused)
{
	struct shown s = { .document.at_ms = -1 };
	const char *text;

	views_pc(&s.v);
	s.v.input.unsettled = "slots changed during each of 5 readings";
	s.v.view[TRACED].slots = NULL;
	text = show(&s);
	assert_for_people(text);
	assert_line(text,
		    "cannot tell: 0 of 5 ranges, 0 mismatches, 1 unknown, 0 "
		    "notes");
	assert_line(text, "compared: nothing");
	assert_null(strstr(text, " agree"));
	hide(&s);
	views_deinit(&s.v);
}

/* Names, addresses and numbers at their worst */
static void hostile(void **unused)
{
	struct shown s = { .document = { .comm = "\x1b[2J\xff\n",
					 .at_ms = 0 } };
	struct vm_id vm = { .tgid = INT32_MAX, .fd = INT32_MAX };
	const uint64_t top = 0xfffffffffff00000;
	struct slot own;
	char name[4096];
	const char *text;

	for (size_t i = 0; i < sizeof(name) - 1; i++)
		name[i] = i % 255 + 1;
	name[sizeof(name) - 1] = '\0';
	s.document.vm = &vm;
	views_init(&s.v);
	for (int view = 0; view < SLOT_VIEWS; view++) {
		assert_int_equal(slot_state_set_nr_as(&s.v.state[view], 65536),
				 0);
		s.v.state[view].as[65535].covered = true;
	}
	model_add(&s.v, 65535, name, top, 512 * KiB, HVA, SLOT_READONLY);
	model_add(&s.v, 65535, name, top + 512 * KiB, 512 * KiB, HVA + GiB, 0);
	kvm_add(&s.v, 65535, INT32_MAX, top, MiB, HVA + GiB,
		0xffffffff & ~SLOT_INVALID);
	own = slot_of(65535, INT32_MAX - 1, top - MiB, 64 * KiB, HVA, 7);
	own.hidden = true;
	state_add(&s.v.state[KERNEL], own);
	map_add(&s.v, HVA, 4 * KiB, "---", name);
	map_add(&s.v, HVA + GiB, 64 * KiB, "r-s", name);
	log_request(&s.v.log, 1,
		    slot_of(65535, 65535, top, MiB, UINT64_MAX, 0xffffffff),
		    -4095);
	coverage_add_blind(&s.v.state[TRACED].coverage, 0, 0, 1, name);
	s.v.view[MODEL].unread = name;
	text = show(&s);
	assert_for_people(text);
	assert_non_null(strstr(text, "\\01\\02"));
	hide(&s);
	views_deinit(&s.v);
}

static void more_findings_than_one_reads(void **unused)
{
	struct shown s = { .document.at_ms = -1 };
	const char *text;
	size_t nr = 0;

	views_init(&s.v);
	for (int i = 0; i < 1000; i++)
		model_add(&s.v, 0, "ram", i * 64 * KiB, 4 * KiB,
			  HVA + i * 64 * KiB, 0);
	text = show(&s);
	assert_for_people(text);
	for (const char *c = text; (c = strstr(c, "missing (mismatch)")); c++)
		nr++;
	assert_int_equal(nr, RENDER_MAX_FINDINGS);
	assert_line(text, "... and 900 more findings; --json has them all");
	assert_line(text, "mismatch: 1000 ranges, 1000 mismatches,");
	hide(&s);
	views_deinit(&s.v);
}

/* A path such as "rows.2.kernel.id" in a document */
static struct json_object *at(struct json_object *obj, const char *path)
{
	char part[32];
	size_t len;

	for (; obj && *path; path += len + (path[len] == '.')) {
		len = strcspn(path, ".");
		snprintf(part, sizeof(part), "%.*s", (int)len, path);
		if (json_object_is_type(obj, json_type_array))
			obj = json_object_array_get_idx(obj, atoi(part));
		else if (!json_object_object_get_ex(obj, part, &obj))
			return NULL;
	}
	return obj;
}

static void assert_json(struct json_object *obj, const char *path,
			const char *want)
{
	struct json_object *value = at(obj, path);

	if (!value || strcmp(json_object_get_string(value), want))
		fail_msg("%s is %s, not %s", path,
			 value ? json_object_get_string(value) : "not there",
			 want);
}

static void as_json(void **unused)
{
	struct vm_id vm = { .tgid = 42, .fd = 9, .serial = 1 };
	struct shown s = { .document = { .vm = &vm,
					 .comm = "vmm",
					 .kernel_by = "the moon",
					 .at_ms = 2345 } };
	struct json_object *obj;
	struct printed p;

	views_pc(&s.v);
	kvm_drop(&s.v, 0, MiB);
	log_request(&s.v.log, 4, slot_of(0, 2, MiB, 255 * MiB, HVA + MiB, 0),
		    -EINVAL);
	s.v.view[TRACED].slots = NULL;
	s.v.view[TRACED].unread = "no BTF";
	show(&s);
	print_begin(&p);
	assert_int_equal(render_check_json(p.out, &s.document), 0);
	obj = json_tokener_parse(print_end(&p));
	/* one line a document */
	assert_ptr_equal(strchr(p.text, '\n'), p.text + p.len - 1);
	assert_json(obj, "version", "1");
	assert_json(obj, "verdict", "mismatch");
	assert_json(obj, "exit_status", "1");
	assert_json(obj, "vm.tgid", "42");
	assert_json(obj, "comm", "vmm");
	assert_json(obj, "at_ms", "2345");
	assert_json(obj, "kernel_by", "the moon");
	assert_json(obj, "compared.0", "model-kernel");
	assert_json(obj, "compared.1", "kernel-backing");
	assert_null(at(obj, "compared.2"));
	assert_json(obj, "views.traced.unread", "no BTF");
	assert_json(obj, "views.kernel.slots", "4");
	assert_json(obj, "views.kernel.address_spaces.0.generation", "20");
	assert_json(obj, "views.backing.truncated", "false");
	assert_json(obj, "rows.2.gpa", "0x100000");
	assert_json(obj, "rows.2.size", "0xff00000");
	assert_json(obj, "rows.2.verdict", "missing");
	assert_json(obj, "rows.2.model.name", "pc.ram");
	assert_json(obj, "rows.2.model.hva", "0x7f0000100000");
	/* TRACED says nothing; KERNEL says that nothing is there */
	assert_false(
		json_object_object_get_ex(at(obj, "rows.2"), "traced", NULL));
	assert_true(
		json_object_object_get_ex(at(obj, "rows.2"), "kernel", NULL));
	assert_null(at(obj, "rows.2.kernel"));
	assert_json(obj, "rows.3.kernel.id", "3");
	assert_json(obj, "rows.3.kernel.flags", "0x2");
	assert_json(obj, "rows.3.backing.path", "/bios.bin");
	assert_json(obj, "findings.0.id", "ignored-failure");
	assert_json(obj, "findings.0.seq", "4");
	assert_json(obj, "findings.1.id", "missing");
	assert_json(obj, "findings.1.kind", "mismatch");
	assert_json(obj, "findings.1.cause", "0");
	assert_json(obj, "findings.1.says.kernel", "no slot");
	assert_json(obj, "findings.1.views.0", "model");
	assert_json(obj, "findings.2.id", "unread");
	assert_json(obj, "findings.2.kind", "unknown");
	json_object_put(obj);
	free(p.text);
	hide(&s);
	views_deinit(&s.v);
}

static void an_audit_as_json(void **unused)
{
	struct index_fault faults[] = {
		{ .kind = INDEX_HVA_RANGE,
		  .as_id = 1,
		  .inactive = true,
		  .slot_id = 0,
		  .gpa = MiB,
		  .seen = 0x1000,
		  .expected = 0x2000 },
		{ .kind = INDEX_NR_PAGES, .slot_id = -1, .seen = 1 },
		{ .kind = 999 },
	};
	struct index_audit audit = { .faults = faults,
				     .nr = 3,
				     .nr_all = 300,
				     .nr_slots = 5,
				     .at_ns = 1000 };
	struct shown s = { .document.at_ms = -1 };
	struct json_object *obj;
	struct printed p;

	views_pc(&s.v);
	s.v.view[KERNEL].audit = &audit;
	for (int i = 0; i < 3; i++) {
		show(&s);
		print_begin(&p);
		assert_int_equal(render_check_json(p.out, &s.document), 0);
		obj = json_tokener_parse(print_end(&p));
		if (i < 2) {
			assert_json(obj, "views.kernel.audit.slots", "5");
			assert_json(obj, "views.kernel.audit.at_ns", "1000");
			assert_json(obj, "views.kernel.audit.nr_faults", "300");
		} else {
			assert_json(obj, "views.kernel.audit.none",
				    "nobody can");
		}
		if (!i) {
			static const char at_0[] =
				"views.kernel.audit.faults.0";
			struct json_object *fault = at(obj, at_0);

			assert_json(fault, "what", "hva-range");
			assert_json(fault, "as_id", "1");
			assert_json(fault, "inactive", "true");
			assert_json(fault, "slot_id", "0");
			assert_json(fault, "gpa", "0x100000");
			assert_json(fault, "seen", "0x1000");
			assert_json(fault, "expected", "0x2000");
			fault = at(obj, "views.kernel.audit.faults.1");
			assert_json(fault, "what", "nr-pages");
			assert_null(at(fault, "slot_id"));
			assert_null(at(fault, "gpa"));
			fault = at(obj, "views.kernel.audit.faults.2");
			assert_json(fault, "unknown", "999");
			assert_null(at(fault, "what"));
		}
		json_object_put(obj);
		free(p.text);
		hide(&s);
		/* beside a KERNEL that could not be read; none at all */
		s.v.view[KERNEL].slots = NULL;
		s.v.view[KERNEL].unread = "damaged";
		if (i == 1)
			audit = (struct index_audit){ .none = "nobody can" };
	}
	views_deinit(&s.v);
}

static void note(struct shown *s, enum finding_id id, int as_id, gpa_t gpa,
		 int slot_id)
{
	const struct finding finding = { .id = id,
					 .as_id = as_id,
					 .gpa = gpa,
					 .size = MiB,
					 .slot_id = slot_id,
					 .cause = FINDING_NO_CAUSE };

	comparison_add(&s->v.made, &finding, "slot %d at 0x%" PRIx64 " is thin",
		       slot_id, gpa);
}

static size_t count_of(const char *text, const char *word)
{
	size_t nr = 0;

	for (; (text = strstr(text, word)); text++)
		nr++;
	return nr;
}

/* What is so of both address spaces is said once, of both; what differs, twice */
static void said_once(void **unused)
{
	struct story items[9] = {
		[0] = { .since = SINCE_BEFORE },
		[3] = { .since = SINCE_BEFORE },
	};
	const struct stories stories = { .items = items, .nr = 9 };
	struct shown s = { .document = { .at_ms = -1 } };
	const char *text;

	views_pc(&s.v);
	views_check(&s.v);
	note(&s, FINDING_SPARSE, 0, MiB, 3);
	note(&s, FINDING_HUGEPAGE, 0, MiB, 3);
	note(&s, FINDING_SPARSE, 0, 8 * MiB, 12);
	note(&s, FINDING_SPARSE, 1, MiB, 25);
	note(&s, FINDING_SPARSE, 1, 9 * MiB, 12);
	/* of one address space they are two */
	note(&s, FINDING_GAP, 0, 2 * MiB, 3);
	note(&s, FINDING_GAP, 0, 2 * MiB, 4);
	/* mismatches stand each for itself */
	note(&s, FINDING_UNBACKED, 0, 64 * MiB, 3);
	note(&s, FINDING_UNBACKED, 1, 64 * MiB, 3);
	assert_int_equal(check_rows(&s.v.made, &s.rows), 0);
	s.document.comparison = &s.v.made;
	s.document.rows = &s.rows;
	print_begin(&s.p);
	assert_int_equal(render_check(s.p.out, &s.document), 0);
	text = print_end(&s.p);
	assert_int_equal(count_of(text, "sparse (note)"), 3);
	assert_int_equal(count_of(text, "hugepage (note)"), 1);
	assert_int_equal(count_of(text, "gap (note)"), 2);
	assert_int_equal(count_of(text, "unbacked (mismatch)"), 2);
	assert_int_equal(count_of(text, "also"), 1);
	assert_line(text, "also address space 1, slot 25");
	assert_null(strstr(text, "more finding"));
	free(s.p.text);

	/* Since when it is so is told of each, unless that is alike */
	s.document.stories = &stories;
	print_begin(&s.p);
	assert_int_equal(render_check(s.p.out, &s.document), 0);
	assert_null(strstr(print_end(&s.p), "in address space"));
	free(s.p.text);
	items[3].since = SINCE_BEFORE;
	items[3].before = 7;
	print_begin(&s.p);
	assert_int_equal(render_check(s.p.out, &s.document), 0);
	assert_line(print_end(&s.p), "since in address space 1: before event "
				     "#7: older ones are not kept");
	hide(&s);
	views_deinit(&s.v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agreement),
		cmocka_unit_test(said_once),
		cmocka_unit_test(findings_under_their_cause),
		cmocka_unit_test(less_coverage),
		cmocka_unit_test(what_was_not_compared_is_one_line),
		cmocka_unit_test(no_slots),
		cmocka_unit_test(cannot_tell),
		cmocka_unit_test(hostile),
		cmocka_unit_test(more_findings_than_one_reads),
		cmocka_unit_test(as_json),
		cmocka_unit_test(an_audit_of_the_indexes),
		cmocka_unit_test(an_audit_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
