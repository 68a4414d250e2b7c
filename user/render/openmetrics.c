// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "render/openmetrics.h"

#define SECOND_NS 1000000000UL

/* What is being written: its VMs by process and descriptor, each pair once */
struct metrics {
	FILE *out;
	const struct metrics_frame *frame;
	enum metrics_form form;
	struct top_vm **vms;
	size_t nr;
	const char *name; /* of the samples of the family that is being written */
};

enum family_type { GAUGE, COUNTER };

/**
 * struct family - metrics of one name
 * @name: without "_total"
 * @unit: which the name ends in; NULL: none
 * @all:  writes what is told once; or
 * @vm:   ... what is told of a VM
 */
struct family {
	const char *name;
	enum family_type type;
	const char *unit;
	const char *help;
	void (*all)(const struct metrics *m);
	void (*vm)(const struct metrics *m, const struct top_vm *vm);
};

/*
 * A label's value. Whoever starts a VMM chose it: what is not UTF-8, or moves a cursor,
 * becomes U+FFFD.
 */
static void put_value(FILE *out, const char *text)
{
	size_t left = strlen(text), n;

	for (; left; text += n ? n : 1, left -= n ? n : 1) {
		n = utf8_len(text, left);
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if (!n || (unsigned char)*text < ' ' || *text == 0x7f)
			fputs("\xef\xbf\xbd", out);
		else
			fwrite(text, 1, n, out);
	}
}

/* Pairs of a label's name and its value, up to a NULL */
static void put_labels(FILE *out, bool first, va_list ap)
{
	const char *name;

	while ((name = va_arg(ap, const char *))) {
		fprintf(out, "%s%s=\"", first ? "" : ",", name);
		put_value(out, va_arg(ap, const char *));
		fputc('"', out);
		first = false;
	}
}

static void put_all(const struct metrics *m, uint64_t value, ...)
{
	va_list ap;

	fprintf(m->out, "%s{", m->name);
	va_start(ap, value);
	put_labels(m->out, true, ap);
	va_end(ap);
	fprintf(m->out, "} %" PRIu64 "\n", value);
}

static void put_one(const struct metrics *m, uint64_t value)
{
	fprintf(m->out, "%s %" PRIu64 "\n", m->name, value);
}

static void put_seconds(const struct metrics *m, uint64_t ns)
{
	fprintf(m->out, "%s %" PRIu64 ".%09" PRIu64 "\n", m->name,
		ns / SECOND_NS, ns % SECOND_NS);
}

static void put_vm_labels(const struct metrics *m, const struct top_vm *vm)
{
	fprintf(m->out, "%s{pid=\"%d\",fd=\"%d\"", m->name, vm->id.tgid,
		vm->id.fd);
}

static void put_vm(const struct metrics *m, const struct top_vm *vm,
		   uint64_t value, ...)
{
	va_list ap;

	put_vm_labels(m, vm);
	va_start(ap, value);
	put_labels(m->out, false, ap);
	va_end(ap);
	fprintf(m->out, "} %" PRIu64 "\n", value);
}

static void put_vm_seconds(const struct metrics *m, const struct top_vm *vm,
			   uint64_t ns)
{
	put_vm_labels(m, vm);
	fprintf(m->out, "} %" PRIu64 ".%09" PRIu64 "\n", ns / SECOND_NS,
		ns % SECOND_NS);
}

static void put_vm_as(const struct metrics *m, const struct top_vm *vm,
		      size_t as_id, const char *owner, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%zu", as_id);
	put_vm(m, vm, value, "as_id", text, owner ? "owner" : NULL, owner,
	       NULL);
}

static void build_info(const struct metrics *m)
{
	put_all(m, 1, "version", m->frame->version, NULL);
}

static void since(const struct metrics *m)
{
	if (m->frame->watched)
		put_seconds(m, m->frame->since_ns);
}

static void collected(const struct metrics *m)
{
	put_seconds(m, m->frame->at_ns);
}

static void took(const struct metrics *m)
{
	put_seconds(m, m->frame->took_ns);
}

static void nr_vms(const struct metrics *m)
{
	put_one(m, m->nr);
}

static void looked_at(const struct metrics *m)
{
	put_one(m, m->frame->nr_looked);
}

static void unseen(const struct metrics *m)
{
	put_one(m, m->frame->unseen);
}

static void watching(const struct metrics *m)
{
	const struct metrics_frame *frame = m->frame;

	put_all(m, frame->watched && frame->requests, "what", "requests", NULL);
	put_all(m, frame->watched && frame->changes, "what", "changes", NULL);
}

static void lost(const struct metrics *m)
{
	if (m->frame->watched)
		put_one(m, m->frame->top->lost);
}

static void limit(const struct metrics *m)
{
	if (m->frame->nr_slots)
		put_one(m, m->frame->nr_slots);
}

static void vm_info(const struct metrics *m, const struct top_vm *vm)
{
	put_vm(m, vm, 1, "comm", vm->names.comm, "vmm", vm->names.vmm, "name",
	       vm->names.name, NULL);
}

static void vm_readable(const struct metrics *m, const struct top_vm *vm)
{
	put_vm(m, vm, vm->look.counted, NULL);
}

static void vm_slots(const struct metrics *m, const struct top_vm *vm)
{
	for (size_t i = 0; vm->look.counted && i < vm->look.nr_as; i++) {
		put_vm_as(m, vm, i, "vmm", vm->look.as[i].nr);
		put_vm_as(m, vm, i, "kvm", vm->look.as[i].hidden_nr);
	}
}

static void vm_bytes(const struct metrics *m, const struct top_vm *vm)
{
	for (size_t i = 0; vm->look.counted && i < vm->look.nr_as; i++) {
		put_vm_as(m, vm, i, "vmm", vm->look.as[i].bytes);
		put_vm_as(m, vm, i, "kvm", vm->look.as[i].hidden_bytes);
	}
}

static void vm_left(const struct metrics *m, const struct top_vm *vm)
{
	const uint64_t most = m->frame->nr_slots;

	for (size_t i = 0; vm->look.counted && i < vm->look.nr_as; i++)
		if (most)
			put_vm_as(m, vm, i, NULL,
				  most > vm->look.as[i].nr ?
					  most - vm->look.as[i].nr :
					  0);
}

static void vm_generation(const struct metrics *m, const struct top_vm *vm)
{
	for (size_t i = 0; vm->look.counted && i < vm->look.nr_as; i++)
		if (vm->look.as[i].covered)
			put_vm_as(m, vm, i, NULL, vm->look.as[i].generation);
}

static void vm_changes(const struct metrics *m, const struct top_vm *vm)
{
	if (m->frame->watched && m->frame->changes)
		put_vm(m, vm, vm->changes, NULL);
}

static void vm_refused(const struct metrics *m, const struct top_vm *vm)
{
	if (m->frame->watched && m->frame->requests)
		put_vm(m, vm, vm->failed, NULL);
}

static void vm_refused_by(const struct metrics *m, const struct top_vm *vm)
{
	if (!m->frame->watched || !m->frame->requests)
		return;
	for (int rule = 0; rule <= REQUEST_RULES; rule++)
		if (vm->refused[rule])
			put_vm(m, vm, vm->refused[rule], "rule",
			       rule < REQUEST_RULES ? request_rule_name(rule) :
						      "unknown",
			       NULL);
}

static void vm_gaps(const struct metrics *m, const struct top_vm *vm)
{
	if (m->frame->watched && m->frame->changes)
		put_vm(m, vm, vm->gaps, NULL);
}

static void vm_gap_seconds(const struct metrics *m, const struct top_vm *vm)
{
	if (m->frame->watched && m->frame->changes)
		put_vm_seconds(m, vm, vm->gap_ns);
}

static void vm_lost(const struct metrics *m, const struct top_vm *vm)
{
	if (m->frame->watched)
		put_vm(m, vm, vm->lost, NULL);
}

/* Of a clock that is set: as close as the two can be read */
static void vm_looked(const struct metrics *m, const struct top_vm *vm)
{
	const struct metrics_frame *frame = m->frame;
	const uint64_t ago = frame->mono_ns > vm->look.at_ns ?
				     frame->mono_ns - vm->look.at_ns :
				     0;

	if (vm->look.at_ns && frame->at_ns > ago)
		put_vm_seconds(m, vm, frame->at_ns - ago);
}

static void vm_changed(const struct metrics *m, const struct top_vm *vm)
{
	if (m->frame->watched && m->frame->changes && vm->look.at_ns)
		put_vm(m, vm, top_changed(vm), NULL);
}

static void vm_verdict(const struct metrics *m, const struct top_vm *vm)
{
	for (int v = 0; v < TOP_VERDICTS; v++)
		put_vm(m, vm, vm->look.verdict == (enum top_verdict)v,
		       "verdict", top_verdict_name(v), NULL);
}

/* Where it could not be told, no number of mismatches is one */
static bool is_judged(const struct top_vm *vm)
{
	return vm->look.at_ns && vm->look.judged;
}

static void vm_findings(const struct metrics *m, const struct top_vm *vm)
{
	if (!is_judged(vm))
		return;
	put_vm(m, vm, vm->look.mismatches, "kind", "mismatch", NULL);
	put_vm(m, vm, vm->look.unknowns, "kind", "unknown", NULL);
	put_vm(m, vm, vm->look.notes, "kind", "note", NULL);
}

static void vm_found(const struct metrics *m, const struct top_vm *vm)
{
	for (int id = 0; is_judged(vm) && id < FINDING_IDS; id++)
		if (vm->look.found[id])
			put_vm(m, vm, vm->look.found[id], "finding",
			       finding_id_name(id), "kind",
			       finding_kind_name(finding_id_kind(id)), NULL);
}

static void vm_vcpus(const struct metrics *m, const struct top_vm *vm)
{
	const struct top_look *look = &vm->look;

	if (!look->asked)
		return;
	put_vm(m, vm, look->in_run, "where", "in_run", NULL);
	put_vm(m, vm, look->outside, "where", "outside", NULL);
	put_vm(m, vm, look->anywhere, "where", "unknown", NULL);
}

static void vm_stuck(const struct metrics *m, const struct top_vm *vm)
{
	if (vm->look.asked)
		put_vm(m, vm, vm->look.stuck, NULL);
}

/* Of a process that could not be looked at nobody knows that it is not */
static void vm_held(const struct metrics *m, const struct top_vm *vm)
{
	if (vm->look.held || vm->look.counted)
		put_vm(m, vm, vm->look.held, NULL);
}

static void vm_metadata(const struct metrics *m, const struct top_vm *vm)
{
	const struct slot_metadata *meta = &vm->look.metadata;

	if (!meta->told)
		return;
	for (int kind = 0; kind < METADATA_KINDS; kind++)
		put_vm(m, vm, meta->bytes[kind], "kind",
		       slot_metadata_name(kind), NULL);
}

static void vm_dirty(const struct metrics *m, const struct top_vm *vm)
{
	if (vm->look.metadata.told)
		put_vm(m, vm, vm->look.metadata.nr_dirty, NULL);
}

static void vm_disallowed(const struct metrics *m, const struct top_vm *vm)
{
	if (vm->look.metadata.told)
		put_vm(m, vm, vm->look.metadata.nr_disallowed, NULL);
}

static const struct family families[] = {
	{ "slotscope_build_info", GAUGE, NULL,
	  "The version of slotscope; always 1.", build_info, NULL },
	{ "slotscope_vms", GAUGE, NULL, "VMs that are known of.", nr_vms,
	  NULL },
	{ "slotscope_vms_looked_at", GAUGE, NULL,
	  "VMs that were looked at for these metrics; what is told of the "
	  "others is of an earlier look.",
	  looked_at, NULL },
	{ "slotscope_processes_unseen", GAUGE, NULL,
	  "Processes that could not be looked into: they may hold VMs.", unseen,
	  NULL },
	{ "slotscope_watching", GAUGE, NULL,
	  "Whether requests for slots, and changes of slots, are counted; if "
	  "not, counters of them have no samples.",
	  watching, NULL },
	{ "slotscope_counters_since_timestamp_seconds", GAUGE, "seconds",
	  "When counting began, as seconds since 1970.", since, NULL },
	{ "slotscope_collected_timestamp_seconds", GAUGE, "seconds",
	  "When these metrics were gathered, as seconds since 1970.", collected,
	  NULL },
	{ "slotscope_collect_duration_seconds", GAUGE, "seconds",
	  "How long it took to gather them.", took, NULL },
	{ "slotscope_events_lost", COUNTER, NULL,
	  "Events that are missing, of whatever VM.", lost, NULL },
	{ "slotscope_slots_limit", GAUGE, NULL,
	  "Slots that this kernel lets a VMM have in an address space.", limit,
	  NULL },
	{ "slotscope_vm_info", GAUGE, NULL,
	  "What a VM is called: its process, its VMM, its name; always 1.",
	  NULL, vm_info },
	{ "slotscope_vm_readable", GAUGE, NULL,
	  "Whether the last look could read the VM's slots; if not, there are "
	  "no samples of them.",
	  NULL, vm_readable },
	{ "slotscope_vm_slots", GAUGE, NULL,
	  "Slots, by address space and by who made them: the VMM, or KVM for "
	  "itself.",
	  NULL, vm_slots },
	{ "slotscope_vm_slot_memory_bytes", GAUGE, "bytes",
	  "Guest memory that these slots are.", NULL, vm_bytes },
	{ "slotscope_vm_slots_left", GAUGE, NULL,
	  "Slots that the VMM may still make in an address space.", NULL,
	  vm_left },
	{ "slotscope_vm_slots_generation", GAUGE, NULL,
	  "KVM's generation of the slots of an address space, which each "
	  "change moves on.",
	  NULL, vm_generation },
	{ "slotscope_vm_slot_changes", COUNTER, NULL,
	  "Changes that KVM made to slots.", NULL, vm_changes },
	{ "slotscope_vm_requests_refused", COUNTER, NULL,
	  "Requests for slots that KVM refused.", NULL, vm_refused },
	{ "slotscope_vm_requests_refused_by_rule", COUNTER, NULL,
	  "The same by the rule that the request broke; no sample before the "
	  "first.",
	  NULL, vm_refused_by },
	{ "slotscope_vm_gaps", COUNTER, NULL,
	  "Times in which guest memory had no slot while it was changed.", NULL,
	  vm_gaps },
	{ "slotscope_vm_gap_seconds", COUNTER, "seconds",
	  "How long all of these were.", NULL, vm_gap_seconds },
	{ "slotscope_vm_events_lost", COUNTER, NULL,
	  "Events that are missing and may have been of the VM.", NULL,
	  vm_lost },
	{ "slotscope_vm_looked_timestamp_seconds", GAUGE, "seconds",
	  "When the VM was last looked at, as seconds since 1970; no sample: "
	  "never.",
	  NULL, vm_looked },
	{ "slotscope_vm_changed_since_look", GAUGE, NULL,
	  "Whether its slots changed since then, or may have.", NULL,
	  vm_changed },
	{ "slotscope_vm_verdict", GAUGE, NULL,
	  "What the last look said: 1 for that verdict, 0 for the others.",
	  NULL, vm_verdict },
	{ "slotscope_vm_findings", GAUGE, NULL,
	  "What the last look found, by kind; no samples: it could not tell.",
	  NULL, vm_findings },
	{ "slotscope_vm_finding", GAUGE, NULL,
	  "The same by finding; no sample of what was not found.", NULL,
	  vm_found },
	{ "slotscope_vm_vcpus", GAUGE, NULL,
	  "vCPUs by where they are: in KVM_RUN, outside, or not known; no "
	  "samples: nobody can tell.",
	  NULL, vm_vcpus },
	{ "slotscope_vm_vcpus_stuck", GAUGE, NULL,
	  "vCPUs that cannot go on for what memory is, or wait for a page.",
	  NULL, vm_stuck },
	{ "slotscope_vm_held", GAUGE, NULL,
	  "Whether the VMM's process is stopped, by a signal or a debugger.",
	  NULL, vm_held },
	{ "slotscope_vm_slot_metadata_bytes", GAUGE, "bytes",
	  "What KVM allocated beside the slots, by what it is (with --details "
	  "and the module).",
	  NULL, vm_metadata },
	{ "slotscope_vm_dirty_pages", GAUGE, NULL,
	  "Pages that are marked in dirty bitmaps (likewise).", NULL,
	  vm_dirty },
	{ "slotscope_vm_huge_pages_disallowed", GAUGE, NULL,
	  "Huge pages that KVM must not map as one (likewise).", NULL,
	  vm_disallowed },
};

/* A name whose samples end in _total has it in these lines, or not: by the form */
static void put_head(const struct metrics *m, const struct family *family)
{
	const char *end = family->type == COUNTER && m->form == METRICS_TEXT ?
				  "_total" :
				  "";

	fprintf(m->out, "# HELP %s%s %s\n", family->name, end, family->help);
	fprintf(m->out, "# TYPE %s%s %s\n", family->name, end,
		family->type == COUNTER ? "counter" : "gauge");
	if (family->unit)
		fprintf(m->out, "# UNIT %s%s %s\n", family->name, end,
			family->unit);
}

static void put_family(struct metrics *m, const struct family *family)
{
	char name[80];

	snprintf(name, sizeof(name), "%s%s", family->name,
		 family->type == COUNTER ? "_total" : "");
	m->name = name;
	put_head(m, family);
	if (family->all)
		family->all(m);
	for (size_t i = 0; family->vm && i < m->nr; i++)
		family->vm(m, m->vms[i]);
}

/* Two samples of one name and the same labels make the whole text void */
static void drop_doubles(struct metrics *m)
{
	size_t nr = 0;

	for (size_t i = 0; i < m->nr; i++)
		if (nr && m->vms[i]->id.tgid == m->vms[nr - 1]->id.tgid &&
		    m->vms[i]->id.fd == m->vms[nr - 1]->id.fd)
			m->vms[nr - 1] =
				m->vms[i]; /* the one that came later */
		else
			m->vms[nr++] = m->vms[i];
	m->nr = nr;
}

int render_openmetrics(FILE *out, const struct metrics_frame *frame,
		       enum metrics_form form)
{
	struct metrics m = { .out = out, .frame = frame, .form = form };
	int ret = top_rows(frame->top, TOP_BY_PID, &m.vms, &m.nr);

	if (ret)
		return ret;
	drop_doubles(&m);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		put_family(&m, &families[i]);
	fputs("# EOF\n", out);
	free(m.vms);
	return 0;
}
