// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a vCPU does not go on: each link of the way, and when it is no stop */
#include <errno.h>
#include <signal.h>

#include <linux/kvm.h>

#include <slotscope/why.h>

#include "check_make.h"
#include "host/vcpus.h"

#define PRIVATE (1ULL << 3)

static void log_exit(struct views *v, uint64_t seq, struct slot_exit exit)
{
	struct slot_event e = event_of(SLOT_EVENT_EXIT, seq);

	e.exit = exit;
	log_add(&v->log, e);
}

static void log_enter(struct views *v, uint64_t seq)
{
	struct slot_event e = event_of(SLOT_EVENT_VCPU, seq);

	e.vcpu = (struct slot_vcpu){ .kind = SLOT_VCPU_ENTER };
	log_add(&v->log, e);
}

static void log_attributes(struct views *v, uint64_t seq, gpa_t gpa,
			   uint64_t flags)
{
	struct slot_event e = event_of(SLOT_EVENT_CALL, seq);

	e.kvm_call = (struct slot_call){ .kind = SLOT_CALL_ATTRIBUTES,
					 .start = gpa,
					 .size = 4096,
					 .flags = flags };
	log_add(&v->log, e);
}

static const struct slot_exit efault = { .reason = SLOT_EXIT_ERRNO,
					 .gpa = 2 * MiB,
					 .rip = 0x7c00,
					 .result = -EFAULT };

/* The one vCPU of which anything is known */
static void stop_is(struct views *v, enum chain_link breaks, bool cannot)
{
	struct stops stops;

	views_check(v);
	assert_int_equal(stops_find(&v->made, &stops), 0);
	assert_int_equal(stops.nr, 1);
	print_message("%s\n", stops.items[0].chain);
	assert_string_equal(chain_link_name(stops.items[0].breaks),
			    chain_link_name(breaks));
	assert_int_equal(stops.items[0].cannot, cannot);
	stops_deinit(&stops);
}

static size_t nr_of(const struct views *v, enum finding_id id)
{
	size_t nr = 0;

	for (size_t i = 0; i < v->found.nr; i++)
		nr += v->found.items[i].id == id;
	return nr;
}

static const struct finding *the(const struct views *v, enum finding_id id)
{
	assert_int_equal(nr_of(v, id), 1);
	for (size_t i = 0; i < v->found.nr; i++)
		if (v->found.items[i].id == id)
			return &v->found.items[i];
	return NULL;
}

/* The stop stands under what breaks */
static void assert_under(struct views *v, enum finding_id cause)
{
	const struct finding *f = the(v, FINDING_STOPPED);

	assert_true(f->cause < v->found.nr);
	assert_int_equal(v->found.items[f->cause].id, cause);
}

static void a_mapping_breaks(void **unused)
{
	struct views v;

	views_pc(&v);
	log_vm_create(&v.log, 1);
	log_exit(&v, 2, efault);
	/* as it is now, all is well: what broke it is gone; but it did stop */
	stop_is(&v, LINK_WHOLE, true);
	assert_int_equal(nr_of(&v, FINDING_STOPPED), 1);
	/* up to 1 MiB */
	v.map.ranges[0].end = HVA + MiB;
	stop_is(&v, LINK_MAPPING, true);
	assert_under(&v, FINDING_UNBACKED);
	assert_non_null(strstr(the(&v, FINDING_STOPPED)->sentence,
			       "vCPU 0: KVM_RUN failed with EFAULT (Bad "
			       "address) on guest address 0x200000 at rip "
			       "0x7c00: MODEL has pc.ram+0x200000 there; "
			       "KERNEL has slot 2"));
	views_deinit(&v);

	views_pc(&v);
	log_exit(&v, 2, efault);
	v.map.ranges[0].write = false;
	stop_is(&v, LINK_RIGHTS, true);
	assert_under(&v, FINDING_PERMS);
	views_deinit(&v);

	views_pc(&v);
	log_exit(&v, 2, efault);
	v.map.ranges[0].file = HOST_FILE_REGULAR;
	v.map.ranges[0].inode = 5;
	v.map.ranges[0].reach = MiB;
	stop_is(&v, LINK_FILE, true);
	assert_under(&v, FINDING_UNBACKED);
	views_deinit(&v);
}

/* It was in the guest since; another errno is not for what memory is */
static void it_went_on(void **unused)
{
	const struct vcpu_word inside = { .id = 0, .where = VCPU_IN_RUN };
	struct slot_exit other = efault;
	struct views v;

	views_pc(&v);
	v.map.ranges[0].end = HVA + MiB;
	log_exit(&v, 2, efault);
	log_enter(&v, 3);
	stop_is(&v, LINK_MAPPING, false);
	assert_int_equal(nr_of(&v, FINDING_STOPPED), 0);
	views_deinit(&v);

	views_pc(&v);
	log_exit(&v, 2, efault);
	v.input.vcpus = &inside;
	v.input.nr_vcpus = 1;
	stop_is(&v, LINK_WHOLE, false);
	views_deinit(&v);

	views_pc(&v);
	other.result = -EINVAL;
	log_exit(&v, 2, other);
	stop_is(&v, LINK_WHOLE, false);
	views_deinit(&v);
}

/* No address is told: that is said, and no link blamed */
static void no_address(void **unused)
{
	struct slot_exit exit = efault;
	struct views v;

	views_pc(&v);
	exit.gpa = 0;
	log_exit(&v, 2, exit);
	stop_is(&v, LINK_UNKNOWN, true);
	assert_non_null(strstr(the(&v, FINDING_STOPPED)->sentence,
			       "on which guest address is not known"));
	assert_int_equal(the(&v, FINDING_STOPPED)->size, 0);
	views_deinit(&v);
}

static void log_fault(struct views *v, uint64_t seq, struct slot_fault fault)
{
	struct slot_event e = event_of(SLOT_EVENT_FAULT, seq);

	e.fault = fault;
	log_add(&v->log, e);
}

/* The fault before it has the address; one that waits stops by itself */
static void faults(void **unused)
{
	struct slot_exit exit = efault;
	struct slot_fault fault = { .kind = SLOT_FAULT_FAILED,
				    .gpa = 2 * MiB,
				    .result = -EFAULT };
	struct views v;

	views_pc(&v);
	exit.gpa = 0;
	log_fault(&v, 2, fault);
	log_exit(&v, 3, exit);
	v.map.ranges[0].end = HVA + MiB;
	stop_is(&v, LINK_MAPPING, true);
	assert_under(&v, FINDING_UNBACKED);
	/* the next one is another's, of which none tells */
	log_exit(&v, 4, exit);
	stop_is(&v, LINK_UNKNOWN, true);
	views_deinit(&v);

	views_pc(&v);
	fault.kind = SLOT_FAULT_WAITS;
	fault.uffd = true;
	log_fault(&v, 2, fault);
	stop_is(&v, LINK_BROUGHT, true);
	fault.kind = SLOT_FAULT_SERVED;
	log_fault(&v, 3, fault);
	stop_is(&v, LINK_UNKNOWN, false);
	/* slow, and nobody's who answers */
	fault.kind = SLOT_FAULT_WAITS;
	fault.uffd = false;
	log_fault(&v, 4, fault);
	stop_is(&v, LINK_WHOLE, false);
	/* of another than a vCPU */
	fault.vcpu = -1;
	fault.uffd = true;
	log_fault(&v, 5, fault);
	stop_is(&v, LINK_WHOLE, false);
	views_deinit(&v);
}

/* Registers are no stop; where RAM is meant they are */
static void registers(void **unused)
{
	struct slot_exit exit = { .reason = SLOT_EXIT_MMIO,
				  .gpa = 0xfee00000,
				  .len = 4 };
	struct views v;

	views_pc(&v);
	log_exit(&v, 2, exit);
	stop_is(&v, LINK_MEANT, false);
	views_deinit(&v);

	views_pc(&v);
	exit.gpa = MiB + 16;
	kvm_drop(&v, 0, MiB);
	log_exit(&v, 2, exit);
	stop_is(&v, LINK_SLOT, true);
	assert_under(&v, FINDING_MISSING);
	/* without a MODEL nobody knows whether it is meant */
	v.view[MODEL].slots = NULL;
	v.view[MODEL].none = "no monitor";
	stop_is(&v, LINK_SLOT, false);
	views_deinit(&v);

	/* a slot has come since: it fell in a gap */
	views_pc(&v);
	log_exit(&v, 2, exit);
	stop_is(&v, LINK_WHOLE, false);
	views_deinit(&v);

	/* writes to a ROM are MMIO, and meant to be */
	views_pc(&v);
	exit.gpa = 4 * GiB - 4096;
	exit.write = true;
	log_exit(&v, 2, exit);
	stop_is(&v, LINK_READONLY, false);
	views_deinit(&v);

	/* where no view may be believed nothing breaks */
	views_pc(&v);
	exit.gpa = MiB + 16;
	v.view[KERNEL].slots = NULL;
	v.view[TRACED].slots = NULL;
	log_exit(&v, 2, exit);
	stop_is(&v, LINK_UNKNOWN, false);
	views_deinit(&v);
}

static void private_memory(void **unused)
{
	const struct slot_exit exit = { .reason = SLOT_EXIT_MEMORY_FAULT,
					.gpa = 2 * MiB,
					.len = 4096,
					.flags = PRIVATE,
					.result = -EFAULT };
	struct views v;

	views_pc(&v);
	log_exit(&v, 2, exit);
	stop_is(&v, LINK_ATTRIBUTE, true);
	assert_int_equal(nr_of(&v, FINDING_STOPPED), 1);
	/* the VMM answers it */
	log_attributes(&v, 3, 2 * MiB, PRIVATE);
	stop_is(&v, LINK_ATTRIBUTE, false);
	views_deinit(&v);

	/* with a guest_memfd, and the attribute of a moment before */
	views_pc(&v);
	slot_at(&v, KERNEL, 0, MiB)->flags |= SLOT_GUEST_MEMFD;
	slot_at(&v, TRACED, 0, MiB)->flags |= SLOT_GUEST_MEMFD;
	log_attributes(&v, 2, 2 * MiB, 0);
	log_exit(&v, 3, exit);
	stop_is(&v, LINK_ATTRIBUTE, true);
	/* of another page */
	log_attributes(&v, 4, 4 * MiB, PRIVATE);
	stop_is(&v, LINK_ATTRIBUTE, true);
	views_deinit(&v);
}

/* It fetches from where no memory is; where there is some it is no matter of that */
static void internal_error(void **unused)
{
	struct slot_exit exit = { .reason = SLOT_EXIT_INTERNAL_ERROR,
				  .rip = 0xa0000000,
				  .flags = 1 };
	struct views v;

	views_pc(&v);
	log_exit(&v, 2, exit);
	stop_is(&v, LINK_MEANT, true);
	views_deinit(&v);
	views_pc(&v);
	exit.rip = MiB;
	log_exit(&v, 2, exit);
	stop_is(&v, LINK_WHOLE, false);
	views_deinit(&v);
}

/* Without a trace: what KVM and the VMM share tells the last exit */
static void without_a_trace(void **unused)
{
	struct vcpu_word word = { .id = 0,
				  .where = VCPU_OUTSIDE,
				  .told = true,
				  .has_exit = true,
				  .exit = { .reason = SLOT_EXIT_MEMORY_FAULT,
					    .gpa = 2 * MiB,
					    .len = 4096 } };
	struct views v;

	views_pc(&v);
	v.input.vcpus = &word;
	v.input.nr_vcpus = 1;
	v.map.ranges[0].end = HVA + MiB;
	stop_is(&v, LINK_MAPPING, true);
	assert_under(&v, FINDING_UNBACKED);
	/* it is in the guest again: that was the run before */
	word.where = VCPU_IN_RUN;
	stop_is(&v, LINK_MAPPING, false);
	/* nothing to tell */
	word.has_exit = false;
	word.where = VCPU_OUTSIDE;
	stop_is(&v, LINK_UNKNOWN, false);
	views_deinit(&v);
}

/* Of a VMM that dies after it: when, and how */
static void it_died(void **unused)
{
	const struct vm_end end = { .at_ns = 5000000,
				    .known = true,
				    .status = SIGABRT };
	struct views v;

	views_pc(&v);
	log_exit(&v, 2, efault);
	v.input.end = &end;
	views_check(&v);
	assert_non_null(strstr(the(&v, FINDING_STOPPED)->sentence,
			       "later it died of signal 6 (SIGABRT)"));
	views_deinit(&v);
}

static void reads_proc(void **unused)
{
	static const char maps[] =
		"55d0-55d1 r--p 00000000 08:01 1 /usr/bin/kvm-vcpu:9\n"
		"7f00a0000000-7f00a0003000 rw-s 00000000 00:0e 2 "
		"                 anon_inode:kvm-vcpu:3\n"
		"7f00b0000000-7f00b0003000 rw-s 00000000 00:0e 2 "
		"anon_inode:kvm-vcpu:12";
	const char *text = maps;
	struct kvm_run run = { .exit_reason = KVM_EXIT_MMIO };
	struct slot_exit exit;
	int32_t id;
	hva_t at;

	assert_true(vcpus_parse_maps(&text, &id, &at));
	assert_int_equal(id, 3);
	assert_int_equal(at, 0x7f00a0000000);
	assert_true(vcpus_parse_maps(&text, &id, &at));
	assert_int_equal(id, 12);
	assert_false(vcpus_parse_maps(&text, &id, &at));

	/* Documentation/filesystems/proc.rst: number, six arguments, stack, pc */
	assert_int_equal(vcpus_parse_call("16 0xd 0xae80 0x0 0x0 0x0 0x0 "
					  "0x7ffc 0x7f01\n"),
			 13);
	assert_int_equal(vcpus_parse_call("16 0xd 0xae81 0x0 0x0 0x0 0x0 "
					  "0x7ffc 0x7f01\n"),
			 -1);
	/* kvm-nx-lpage-re, as it was seen beside a vCPU that had come back */
	assert_int_equal(vcpus_parse_call("16 0x6 0xae80 0x0 0x7f2a8efc1fe8 "
					  "0x5612d3383000 0x21001 0x0 0x0\n"),
			 -1);
	assert_int_equal(vcpus_parse_call("running\n"), -1);
	assert_int_equal(vcpus_parse_call("-1 0x7ffc 0x7f01\n"), -1);

	run.mmio.phys_addr = 0x1234;
	run.mmio.len = 4;
	run.mmio.is_write = 1;
	assert_true(vcpus_exit_of(&run, &exit));
	assert_int_equal(exit.reason, SLOT_EXIT_MMIO);
	assert_int_equal(exit.gpa, 0x1234);
	assert_true(exit.write);
	run.exit_reason = KVM_EXIT_IO;
	assert_false(vcpus_exit_of(&run, &exit));
	/* KVM_EXIT_MEMORY_FAULT: flags, gpa, size (Documentation/virt/kvm/api.rst) */
	run.exit_reason = 39;
	memcpy(&run.mmio, (uint64_t[]){ PRIVATE, 0x5000, 0x1000 }, 24);
	assert_true(vcpus_exit_of(&run, &exit));
	assert_int_equal(exit.flags, PRIVATE);
	assert_int_equal(exit.gpa, 0x5000);
	assert_int_equal(exit.len, 0x1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mapping_breaks),
		cmocka_unit_test(it_went_on),
		cmocka_unit_test(no_address),
		cmocka_unit_test(faults),
		cmocka_unit_test(registers),
		cmocka_unit_test(private_memory),
		cmocka_unit_test(internal_error),
		cmocka_unit_test(without_a_trace),
		cmocka_unit_test(it_died),
		cmocka_unit_test(reads_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
