// SPDX-License-Identifier: GPL-2.0-or-later
/* What a VMM died of: the vCPU that could not go on, or the refusal, or neither */
#include <errno.h>
#include <signal.h>

#include <slotscope/why.h>

#include "check/death.h"
#include "check_make.h"

#define EXITED(code) ((code) << 8)

static const struct slot nothing = { .gmem_fd = -1 };
static const struct vm_id vm = { .serial = 1 };
static const struct vm_end failed = { 9000000, true, EXITED(1) };
static const struct vm_end unknown = { 9000000, false, 0 };

static const struct slot_exit efault = { .reason = SLOT_EXIT_ERRNO,
					 .gpa = 0x3000,
					 .rip = 0x7c00,
					 .result = -EFAULT };
static const struct slot_exit internal = { .reason = SLOT_EXIT_INTERNAL_ERROR,
					   .rip = 2 * MiB,
					   .flags = 1 };

static void log_stop(struct slot_log *log, uint64_t seq, struct slot_exit exit)
{
	struct slot_event event = event_of(SLOT_EVENT_EXIT, seq);

	event.exit = exit;
	log_add(log, event);
}

static void log_enter(struct slot_log *log, uint64_t seq, uint32_t vcpu)
{
	struct slot_event event = event_of(SLOT_EVENT_VCPU, seq);

	event.vcpu = (struct slot_vcpu){ .kind = SLOT_VCPU_ENTER, .id = vcpu };
	log_add(log, event);
}

static void log_ended(struct slot_log *log, uint64_t seq, int status)
{
	struct slot_event event = event_of(SLOT_EVENT_PROCESS_EXIT, seq);

	event.serial = 0;
	event.process_exit.status = status;
	log_add(log, event);
	event = event_of(SLOT_EVENT_VM_DESTROY, seq + 1);
	event.vm.serial = 1;
	log_add(log, event);
}

/* A slot of 1 MiB at 0, and in it, or behind it, a vCPU that does not go on */
static void stopped_log(struct slot_log *log, struct slot_exit exit)
{
	slot_log_init(log);
	log_vm_create(log, 1);
	log_change(log, 2, nothing, slot_of(0, 0, 0, MiB, HVA, 0), 2, 0);
	log_stop(log, 3, exit);
}

/* @id: of the one finding that is a mismatch; FINDING_IDS: it died of nothing */
static void died_of(const struct slot_log *log, const struct vm_end *end,
		    enum finding_id id, const char *says)
{
	struct check_input input = { .log = log, .serial = 1 };
	const struct finding *found = NULL;
	struct comparison made;
	struct sample sample;
	int ret = death_of(log, &vm, end, &sample);

	assert_int_equal(ret, id != FINDING_IDS);
	if (!ret)
		return;
	sample_input(&sample, &input);
	assert_ptr_equal(input.end, &sample.end);
	assert_int_equal(crosscheck(&input, &made), 0);
	print_findings(&made.findings);
	assert_int_equal(findings_count(&made.findings, FINDING_MISMATCH), 1);
	for (size_t i = 0; i < made.findings.nr; i++)
		if (made.findings.items[i].id == id)
			found = &made.findings.items[i];
	assert_non_null(found);
	assert_non_null(strstr(found->sentence, says));
	comparison_deinit(&made);
	sample_deinit(&sample);
}

static void of_a_stop(void **unused)
{
	struct slot_exit other = efault;
	struct slot_log log;

	stopped_log(&log, efault);
	died_of(&log, &failed, FINDING_STOPPED,
		"KVM_RUN failed with EFAULT (Bad address) on guest address "
		"0x3000");
	died_of(&log, &failed, FINDING_STOPPED, "later it ended with status 1");
	slot_log_deinit(&log);
	/* nobody waited for it: the log tells how it ended */
	stopped_log(&log, efault);
	log_ended(&log, 4, EXITED(3));
	died_of(&log, &unknown, FINDING_STOPPED,
		"later it ended with status 3");
	slot_log_deinit(&log);

	stopped_log(&log, internal);
	died_of(&log, &failed, FINDING_STOPPED, "TRACED has no slot there");
	slot_log_deinit(&log);
	/* where memory is as it should be, it was for something else */
	other = internal;
	other.rip = 0x7c00;
	stopped_log(&log, other);
	died_of(&log, &failed, FINDING_IDS, NULL);
	slot_log_deinit(&log);
	/* neither another errno nor registers are a stop */
	other = efault;
	other.result = -EINVAL;
	stopped_log(&log, other);
	died_of(&log, &failed, FINDING_IDS, NULL);
	slot_log_deinit(&log);
	other = efault;
	other.reason = SLOT_EXIT_MMIO;
	stopped_log(&log, other);
	died_of(&log, &failed, FINDING_IDS, NULL);
	slot_log_deinit(&log);
}

/* It stopped once, and the request that was refused is told as the cause of that */
static void stopped_by_the_refusal(const struct slot_log *log)
{
	struct check_input input = { .log = log, .serial = 1 };
	struct comparison made;
	struct sample sample;
	size_t stops = 0;

	assert_int_equal(death_of(log, &vm, &failed, &sample), 1);
	sample_input(&sample, &input);
	assert_int_equal(crosscheck(&input, &made), 0);
	print_findings(&made.findings);
	for (size_t i = 0; i < made.findings.nr; i++) {
		const struct finding *f = &made.findings.items[i];

		if (f->id != FINDING_STOPPED)
			continue;
		stops++;
		assert_true(f->cause < made.findings.nr);
		assert_int_equal(made.findings.items[f->cause].id,
				 FINDING_FATAL_REFUSAL);
	}
	assert_int_equal(stops, 1);
	comparison_deinit(&made);
	sample_deinit(&sample);
}

static void log_refused_back(struct slot_log *log, uint64_t seq)
{
	log_request(log, seq, slot_of(0, 0, 0, MiB, HVA, 0), -ENOMEM);
}

/* The guest touched what had been memory, and found registers */
static void of_memory_that_was_taken(void **unused)
{
	const struct vm_end later = { 2000000000ULL, true, EXITED(1) };
	const struct vm_end well = { 9000000, true, 0 };
	const struct slot low = slot_of(0, 0, 0, MiB, HVA, 0);
	const struct slot high = slot_of(0, 1, MiB, MiB, HVA + MiB, 0);
	const struct slot_exit touched = { .reason = SLOT_EXIT_MMIO,
					   .gpa = 0x3000 };
	const struct slot_exit elsewhere = { .reason = SLOT_EXIT_MMIO,
					     .gpa = GiB };
	struct slot_log log;

	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, nothing, high, 2, 0);
	log_change(&log, 3, nothing, low, 4, 0);
	log_change(&log, 4, low, nothing, 6, 0);
	log_stop(&log, 5, touched);
	died_of(&log, &failed, FINDING_STOPPED,
		"slot 0 was there until event #4 of thread 101 took it");
	died_of(&log, &failed, FINDING_STOPPED, "later it ended with status 1");
	/* it went on for a while, or ended well */
	died_of(&log, &later, FINDING_IDS, NULL);
	died_of(&log, &well, FINDING_IDS, NULL);
	/* the last word of that vCPU is another one */
	log_stop(&log, 6, elsewhere);
	died_of(&log, &failed, FINDING_IDS, NULL);
	/* or that it went on behind the registers */
	log_stop(&log, 7, touched);
	died_of(&log, &failed, FINDING_STOPPED, "took it");
	log_enter(&log, 8, 0);
	died_of(&log, &failed, FINDING_IDS, NULL);
	slot_log_deinit(&log);

	/* other changes came behind it: then a device was put there */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, nothing, low, 2, 0);
	log_change(&log, 3, low, nothing, 4, 0);
	log_change(&log, 4, nothing, high, 6, 0);
	log_stop(&log, 5, touched);
	died_of(&log, &failed, FINDING_IDS, NULL);
	slot_log_deinit(&log);

	/* there it was to come back, and was refused: that is what it died of */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, nothing, low, 2, 0);
	log_change(&log, 3, low, nothing, 4, 0);
	log_change(&log, 4, nothing, high, 6, 0);
	log_refused_back(&log, 5);
	log_stop(&log, 6, touched);
	stopped_by_the_refusal(&log);
	slot_log_deinit(&log);

	/* nothing was ever there */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, nothing, low, 2, 0);
	log_change(&log, 3, low, nothing, 4, 0);
	log_stop(&log, 4, elsewhere);
	died_of(&log, &failed, FINDING_IDS, NULL);
	slot_log_deinit(&log);
}

static void of_nothing(void **unused)
{
	const struct vm_end well = { 9000000, true, 0 };
	const struct vm_end killed = { 9000000, true, SIGTERM };
	const struct vm_end later = { 60000000000ULL, true, EXITED(1) };
	struct slot_exit other = efault;
	struct slot_event event;
	struct slot_log log;

	stopped_log(&log, efault);
	died_of(&log, &well, FINDING_IDS, NULL);
	died_of(&log, &killed, FINDING_IDS, NULL);
	died_of(&log, &later, FINDING_IDS, NULL);
	died_of(&log, NULL, FINDING_IDS, NULL);
	/* another vCPU */
	log_enter(&log, 4, 1);
	died_of(&log, &failed, FINDING_STOPPED, "EFAULT");
	log_enter(&log, 5, 0);
	died_of(&log, &failed, FINDING_IDS, NULL);
	slot_log_deinit(&log);
	/* it left the guest again, for something else */
	stopped_log(&log, efault);
	other.reason = SLOT_EXIT_MMIO;
	log_stop(&log, 4, other);
	died_of(&log, &failed, FINDING_IDS, NULL);
	slot_log_deinit(&log);
	/* it was granted something; asked for another VM; was not seen */
	stopped_log(&log, efault);
	log_request(&log, 4, slot_of(0, 3, GiB, MiB, HVA, 0), 0);
	died_of(&log, &failed, FINDING_IDS, NULL);
	slot_log_deinit(&log);
	stopped_log(&log, efault);
	event = event_of(SLOT_EVENT_VM_CREATE, 4);
	event.serial = 2;
	log_add(&log, event);
	died_of(&log, &failed, FINDING_IDS, NULL);
	slot_log_deinit(&log);
	stopped_log(&log, efault);
	log_lost(&log, 4, 1);
	died_of(&log, &failed, FINDING_IDS, NULL);
	slot_log_deinit(&log);
}

/* A refusal, and behind it a vCPU that ran into what was refused, or elsewhere */
static void of_which_of_them(void **unused)
{
	struct slot_log log;

	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, nothing, slot_of(0, 0, 0, MiB, HVA, 0), 2, 0);
	log_request(&log, 3, slot_of(0, 3, MiB, MiB, HVA + 1, 0), -EINVAL);
	died_of(&log, &failed, FINDING_FATAL_REFUSAL,
		"the last that the VMM asked for");
	log_stop(&log, 4, efault);
	died_of(&log, &failed, FINDING_STOPPED, "later it ended with status 1");
	slot_log_deinit(&log);
}

/* ... there it is the consequence, and the refusal the cause */
static void beneath_the_refusal(void **unused)
{
	struct slot_exit there = efault;
	struct slot_log log;

	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, nothing, slot_of(0, 0, 0, MiB, HVA, 0), 2, 0);
	log_request(&log, 3, slot_of(0, 3, MiB, MiB, HVA + 1, 0), -EINVAL);
	there.gpa = MiB + 0x5000;
	log_stop(&log, 4, there);
	stopped_by_the_refusal(&log);
	slot_log_deinit(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_stop),
		cmocka_unit_test(of_memory_that_was_taken),
		cmocka_unit_test(of_nothing),
		cmocka_unit_test(of_which_of_them),
		cmocka_unit_test(beneath_the_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
