// SPDX-License-Identifier: GPL-2.0-or-later
/* From records to events: units, numbers, and the place of what is missing */
#include <sys/sysmacros.h>

#include <errno.h>

#include "trace/stream.h"
#include "view_make.h"

#define PAGE 4096ULL

static struct stream new_stream(void)
{
	struct stream stream = {
		.page_size = PAGE,
		.ns_per_tick = 10000000,
		.nr_slots = 32764,
		.boot_id = "8a5b5cb0-4f0c-4a50-8a55-5ad5b1a7d0f3",
	};

	return stream;
}

static struct record head_of(enum record_type type, uint64_t time_ns)
{
	struct record head = {
		.type = type,
		.time_ns = time_ns,
		.duration_ns = 30,
		.serial = 5,
		.tgid = 100,
		.tid = 101,
		.comm = "exactly16bytes..",
	};

	return head;
}

static struct request_record request_of(uint64_t time_ns)
{
	struct request_record rec = {
		.head = head_of(RECORD_REQUEST, time_ns),
		.args = { .slot = 0x10007,
			  .flags = 3,
			  .gpa = 0x123000,
			  .size = 0x5000,
			  .hva = 0x7f0000001000,
			  .gmem_offset = 0x9000,
			  .gmem_fd = 17 },
		.result = -EEXIST,
	};

	return rec;
}

static struct change_record change_of(int kind)
{
	struct change_record rec = {
		.head = head_of(RECORD_CHANGE, 1000),
		.generation = 12,
		.kind = kind,
	};

	if (kind != SLOT_CREATE)
		rec.old = (struct slot_record){ .gfn = 0x10,
						.nr_pages = 3,
						.hva = HVA,
						.id = 7,
						.as_id = 1 };
	if (kind != SLOT_DELETE)
		rec.new = (struct slot_record){ .gfn = 0x5ca1ab0,
						.nr_pages = 3,
						.hva = HVA,
						.flags = SLOT_LOG_DIRTY,
						.id = 7,
						.as_id = 1 };
	return rec;
}

/* Take @rec and check that it makes one event more; NULL for none */
static struct slot_event next_of(struct stream *stream)
{
	const struct slot_event *event = stream_next(stream);

	assert_non_null(event);
	return *event;
}

static void assert_lost(struct stream *stream, uint64_t seq,
			enum slot_lost_reason reason, uint64_t count)
{
	struct slot_event event = next_of(stream);

	assert_int_equal(event.type, SLOT_EVENT_LOST);
	assert_int_equal(event.seq, seq);
	assert_int_equal(event.lost.reason, reason);
	assert_int_equal(event.lost.count, count);
}

static void requests(void **unused)
{
	struct stream stream = new_stream();
	struct request_record rec = request_of(1000);
	struct slot_event event;

	assert_int_equal(stream_record(&stream, &rec, sizeof(rec)), 0);
	event = next_of(&stream);
	assert_null(stream_next(&stream));
	assert_int_equal(event.type, SLOT_EVENT_REQUEST);
	assert_int_equal(event.seq, 1);
	assert_int_equal(event.time_ns, 1000);
	assert_int_equal(event.duration_ns, 30);
	assert_int_equal(event.serial, 5);
	assert_int_equal(event.tgid, 100);
	assert_int_equal(event.tid, 101);
	assert_memory_equal(event.comm, "exactly16bytes..", 16);
	assert_int_equal(event.request.slot, 0x10007);
	assert_int_equal(event.request.flags, 3);
	assert_int_equal(event.request.gpa, 0x123000);
	assert_int_equal(event.request.size, 0x5000);
	assert_int_equal(event.request.hva, 0x7f0000001000);
	assert_int_equal(event.request.result, -EEXIST);
	/* The older request ends before these: whatever was there is not asked */
	assert_false(event.request.region2);
	assert_int_equal(event.request.gmem_fd, -1);
	assert_int_equal(event.request.gmem_offset, 0);

	rec.region2 = 1;
	assert_int_equal(stream_record(&stream, &rec, sizeof(rec)), 0);
	event = next_of(&stream);
	assert_true(event.request.region2);
	assert_int_equal(event.seq, 2);
	assert_int_equal(event.request.gmem_fd, 17);
	assert_int_equal(event.request.gmem_offset, 0x9000);
	stream_deinit(&stream);
}

/* What KVM could not read either is no loss of ours */
static void unread(void **unused)
{
	static const int no_loss[] = { -EFAULT, -ENOTTY };
	struct stream stream = new_stream();
	struct request_record rec = request_of(1000);
	struct slot_event event;

	rec.unread = 1;
	for (size_t i = 0; i < ARRAY_SIZE(no_loss); i++) {
		rec.result = no_loss[i];
		assert_int_equal(stream_record(&stream, &rec, sizeof(rec)), 0);
		event = next_of(&stream);
		assert_int_equal(event.type, SLOT_EVENT_REQUEST);
		assert_true(event.request.unread);
		assert_int_equal(event.request.size, 0);
	}
	rec.result = 0;
	assert_int_equal(stream_record(&stream, &rec, sizeof(rec)), 0);
	assert_lost(&stream, 3, SLOT_LOST_UNREAD, 1);
	event = next_of(&stream);
	assert_int_equal(event.seq, 4);
	assert_true(event.request.unread);
	assert_int_equal(stream.lost.count[SLOT_LOST_UNREAD], 1);
	stream_deinit(&stream);
}

static void changes(void **unused)
{
	struct stream stream = new_stream();
	struct slot_event event;

	for (int kind = SLOT_CREATE; kind <= SLOT_FLAGS_ONLY; kind++) {
		struct change_record rec = change_of(kind);

		rec.generation |= 1ULL << 63;
		assert_int_equal(stream_record(&stream, &rec, sizeof(rec)), 0);
		event = next_of(&stream);
		assert_int_equal(event.type, SLOT_EVENT_CHANGE);
		assert_int_equal(event.change.kind, kind);
		assert_int_equal(event.change.generation, 12);
		assert_int_equal(event.change.before.as_id, 1);
		assert_int_equal(event.change.after.as_id, 1);
		if (kind == SLOT_CREATE) {
			assert_int_equal(event.change.before.size, 0);
			assert_int_equal(event.change.before.id, -1);
		} else {
			assert_int_equal(event.change.before.gpa, 0x10000);
			assert_int_equal(event.change.before.size, 3 * PAGE);
		}
		if (kind == SLOT_DELETE) {
			assert_int_equal(event.change.after.size, 0);
		} else {
			assert_int_equal(event.change.after.gpa, 0x5ca1ab0000);
			assert_int_equal(event.change.after.id, 7);
			assert_int_equal(event.change.after.flags,
					 SLOT_LOG_DIRTY);
			assert_false(event.change.after.hidden);
		}
	}
	stream_deinit(&stream);
}

static void hidden_slots(void **unused)
{
	struct stream stream = new_stream();
	struct slot_record rec = { .nr_pages = 1, .id = 32763 };

	assert_false(slot_from_record(&stream, &rec).hidden);
	rec.id = 32764;
	assert_true(slot_from_record(&stream, &rec).hidden);
}

static void guest_memfds(void **unused)
{
	struct stream stream = new_stream();
	struct slot_record rec = {
		.nr_pages = 1,
		.flags = SLOT_GUEST_MEMFD,
		.gmem_pgoff = 5,
		.gmem_inode = 77,
		.gmem_dev = 254 << 20 | 3, /* MKDEV(254, 3) */
	};
	struct slot slot = slot_from_record(&stream, &rec);

	assert_int_equal(slot.gmem_offset, 5 * PAGE);
	assert_int_equal(slot.gmem_ino, 77);
	assert_true(slot.gmem_dev == makedev(254, 3));
	assert_int_equal(slot.gmem, SLOT_GMEM_OPEN);
	rec.gmem_inode = 0;
	rec.gmem_dev = 0;
	rec.gmem_closed = 1;
	assert_int_equal(slot_from_record(&stream, &rec).gmem,
			 SLOT_GMEM_CLOSED);
	/* as the module has it */
	assert_int_equal(slot_from_record(&stream, &rec).gmem_offset, 0);
}

static void vms(void **unused)
{
	struct stream stream = new_stream();
	struct vm_record rec = {
		.head = head_of(RECORD_VM_DESTROY, 1000),
		.start_ns = 7419999999,
		.tgid = 77,
		.fd = 9,
	};
	struct slot_event event;

	assert_int_equal(stream_record(&stream, &rec, sizeof(rec)), 0);
	event = next_of(&stream);
	assert_int_equal(event.type, SLOT_EVENT_VM_DESTROY);
	/* Whose VM it was, and who let it go: not always the same */
	assert_int_equal(event.vm.tgid, 77);
	assert_int_equal(event.tgid, 100);
	assert_int_equal(event.vm.fd, 9);
	assert_int_equal(event.vm.serial, 5);
	/* Ticks are cut off, not rounded, as in /proc/PID/stat */
	assert_int_equal(event.vm.start_time, 741);
	assert_string_equal(event.vm.boot_id, stream.boot_id);
	assert_int_equal(event.duration_ns, 0);
	stream_deinit(&stream);
}

/* Losses are told where they are, and take numbers */
static void losses(void **unused)
{
	uint32_t totals[LOSSES] = { 0 };
	struct stream stream = new_stream();
	struct request_record rec = request_of(1000);

	/* Totals wrap at 32 bits */
	totals[LOSS_RING_FULL] = UINT32_MAX - 1;
	stream_restart(&stream, totals);
	rec.head.lost[LOSS_RING_FULL] = UINT32_MAX - 1;
	assert_int_equal(stream_record(&stream, &rec, sizeof(rec)), 0);
	assert_int_equal(next_of(&stream).seq, 1);

	rec.head.lost[LOSS_RING_FULL] = 3;
	rec.head.lost[LOSS_MAP_FULL] = 2;
	assert_int_equal(stream_record(&stream, &rec, sizeof(rec)), 0);
	assert_lost(&stream, 2, SLOT_LOST_RING_FULL, 5);
	assert_lost(&stream, 7, SLOT_LOST_MAP_FULL, 2);
	assert_int_equal(next_of(&stream).seq, 9);

	/* A record from another processor that knew of less */
	rec.head.lost[LOSS_RING_FULL] = 1;
	assert_int_equal(stream_record(&stream, &rec, sizeof(rec)), 0);
	assert_int_equal(next_of(&stream).seq, 10);

	/* At the end of the ring */
	totals[LOSS_RING_FULL] = 3;
	totals[LOSS_MAP_FULL] = 2;
	totals[LOSS_MISSED] = 1;
	assert_int_equal(stream_totals(&stream, totals, 9), 0);
	assert_int_equal(stream_totals(&stream, totals, 9), 0);
	assert_lost(&stream, 11, SLOT_LOST_MISSED, 1);
	assert_null(stream_next(&stream));

	assert_int_equal(stream.lost.count[SLOT_LOST_RING_FULL], 5);
	assert_int_equal(stream.lost.count[SLOT_LOST_MAP_FULL], 2);
	assert_int_equal(stream.lost.count[SLOT_LOST_MISSED], 1);
	stream_deinit(&stream);
}

static void nonsense(void **unused)
{
	struct stream stream = new_stream();
	struct request_record rec = request_of(1000);
	struct change_record change = change_of(SLOT_MOVE);

	assert_int_equal(stream_record(&stream, &rec, sizeof(rec) - 8),
			 -EPROTO);
	assert_int_equal(stream_record(&stream, &rec, 4), -EPROTO);
	rec.head.type = 0;
	assert_int_equal(stream_record(&stream, &rec, sizeof(rec)), -EPROTO);
	rec.head.type = RECORD_CHANGE + 1;
	assert_int_equal(stream_record(&stream, &rec, sizeof(rec)), -EPROTO);
	change.kind = 4;
	assert_int_equal(stream_record(&stream, &change, sizeof(change)),
			 -EPROTO);
	/* A creation has no old slot */
	change.kind = SLOT_CREATE;
	assert_int_equal(stream_record(&stream, &change, sizeof(change)),
			 -EPROTO);
	assert_null(stream_next(&stream));
	stream_deinit(&stream);
}

/* More than the queue begins with, taken out in between */
static void many(void **unused)
{
	struct stream stream = new_stream();
	uint64_t taken = 0;

	for (uint64_t i = 1; i <= 1009; i++) {
		struct request_record rec = request_of(i);

		assert_int_equal(stream_record(&stream, &rec, sizeof(rec)), 0);
		if (i % 3)
			continue;
		assert_int_equal(next_of(&stream).time_ns, ++taken);
	}
	while (taken < 1009)
		assert_int_equal(next_of(&stream).seq, ++taken);
	assert_null(stream_next(&stream));
	stream_deinit(&stream);
}

/* A change of address space 1 that goes from one generation to another */
static void put_change(struct stream *stream, uint64_t before, uint64_t after,
		       bool unended)
{
	struct change_record rec = change_of(SLOT_CREATE);

	rec.before = before;
	rec.generation = after;
	rec.unended = unended;
	assert_int_equal(stream_record(stream, &rec, sizeof(rec)), 0);
}

static void assert_change(struct stream *stream, uint64_t seq)
{
	struct slot_event event = next_of(stream);

	assert_int_equal(event.type, SLOT_EVENT_CHANGE);
	assert_int_equal(event.seq, seq);
}

static void put_created(struct stream *stream)
{
	struct vm_record rec = { .head = head_of(RECORD_VM_CREATE, 1) };

	assert_int_equal(stream_record(stream, &rec, sizeof(rec)), 0);
	assert_int_equal(next_of(stream).type, SLOT_EVENT_VM_CREATE);
}

/* Whatever took a change from us, the next one begins elsewhere */
static void unseen_changes(void **unused)
{
	struct stream stream = new_stream();

	put_created(&stream);
	put_change(&stream, 1, 3, false);
	assert_change(&stream, 2);
	put_change(&stream, 3, 7, false);
	assert_change(&stream, 3);
	put_change(&stream, 9, 11, false);
	assert_lost(&stream, 4, SLOT_LOST_MISSED, 1);
	assert_change(&stream, 5);
	put_change(&stream, 11, 13, false);
	assert_change(&stream, 6);
	assert_null(stream_next(&stream));
	assert_int_equal(stream.lost.count[SLOT_LOST_MISSED], 1);
	stream_deinit(&stream);

	/* The first one of a new VM, too: address space 1 begins at 1 */
	stream = new_stream();
	put_created(&stream);
	put_change(&stream, 3, 5, false);
	assert_lost(&stream, 2, SLOT_LOST_MISSED, 1);
	assert_change(&stream, 3);
	stream_deinit(&stream);
}

/* One is enough to say that something is missing */
static void unseen_but_told(void **unused)
{
	struct stream stream = new_stream();
	uint32_t totals[LOSSES] = { [LOSS_RING_FULL] = 1 };

	put_created(&stream);
	put_change(&stream, 1, 3, false);
	assert_change(&stream, 2);
	assert_int_equal(stream_totals(&stream, totals, 5), 0);
	assert_lost(&stream, 3, SLOT_LOST_RING_FULL, 1);
	put_change(&stream, 5, 7, false);
	assert_change(&stream, 4);
	/* That loss says nothing of the next one */
	put_change(&stream, 9, 11, false);
	assert_lost(&stream, 5, SLOT_LOST_MISSED, 1);
	assert_change(&stream, 6);
	/* Its end was not seen, which may be counted later, once */
	put_change(&stream, 13, 15, true);
	assert_lost(&stream, 7, SLOT_LOST_MISSED, 1);
	assert_change(&stream, 8);
	totals[LOSS_MISSED] = 3;
	assert_int_equal(stream_totals(&stream, totals, 5), 0);
	assert_lost(&stream, 9, SLOT_LOST_MISSED, 2);
	put_change(&stream, 17, 19, true);
	assert_change(&stream, 11);
	put_change(&stream, 21, 23, true);
	assert_lost(&stream, 12, SLOT_LOST_MISSED, 1);
	assert_change(&stream, 13);
	assert_int_equal(stream_missed(&stream, 1, 5), 0);
	assert_int_equal(stream_missed(&stream, 1, 5), 0);
	assert_lost(&stream, 14, SLOT_LOST_MISSED, 1);
	assert_null(stream_next(&stream));
	stream_deinit(&stream);
}

static void unseen_since_the_base(void **unused)
{
	struct stream stream = new_stream();
	struct slot_event end = {
		.type = SLOT_EVENT_BASE_END,
		.serial = 5,
		.base_end = { .as_id = 1, .generation = 21 },
	};
	struct vm_record gone = { .head = head_of(RECORD_VM_DESTROY, 1) };

	assert_int_equal(stream_event(&stream, &end), 0);
	next_of(&stream);
	/* In the base already, and told later; and the first that is not */
	put_change(&stream, 17, 19, false);
	assert_change(&stream, 2);
	put_change(&stream, 19, 21, false);
	assert_change(&stream, 3);
	put_change(&stream, 21, 23, false);
	assert_change(&stream, 4);
	put_change(&stream, 27, 29, false);
	assert_lost(&stream, 5, SLOT_LOST_MISSED, 1);
	assert_change(&stream, 6);
	/* A VM of which nothing is known is not one that began at 29 */
	assert_int_equal(stream_record(&stream, &gone, sizeof(gone)), 0);
	next_of(&stream);
	put_change(&stream, 41, 43, false);
	assert_change(&stream, 8);
	assert_null(stream_next(&stream));
	stream_deinit(&stream);
}

static void ties(void **unused)
{
	struct stream stream = new_stream();
	struct change_record change = change_of(SLOT_CREATE);
	struct request_record request = request_of(900);
	struct slot_event event;

	change.call = 77;
	change.before = (1ULL << 63) | 10;
	request.call = 77;
	assert_int_equal(stream_record(&stream, &change, sizeof(change)), 0);
	assert_int_equal(stream_record(&stream, &request, sizeof(request)), 0);
	event = next_of(&stream);
	assert_int_equal(event.call, 77);
	assert_int_equal(event.change.generation_before, 10);
	assert_int_equal(next_of(&stream).call, 77);
	stream_deinit(&stream);
}

/* A change without a request, of a VM whose requests are all told */
static void unseen_requests(void **unused)
{
	struct stream stream = new_stream();
	struct change_record change = change_of(SLOT_CREATE);
	uint32_t totals[LOSSES] = { [LOSS_MAP_FULL] = 1 };

	/* Made before we were there; and where nobody tells of requests */
	stream.requests = true;
	put_change(&stream, 1, 3, false);
	assert_change(&stream, 1);
	stream_deinit(&stream);
	stream = new_stream();
	put_created(&stream);
	put_change(&stream, 1, 3, false);
	assert_change(&stream, 2);
	stream_deinit(&stream);

	stream = new_stream();
	stream.requests = true;
	put_created(&stream);
	put_change(&stream, 1, 3, false);
	assert_lost(&stream, 2, SLOT_LOST_MISSED, 1);
	assert_change(&stream, 3);
	/* That does not hide a change that is missing */
	put_change(&stream, 5, 7, false);
	assert_lost(&stream, 4, SLOT_LOST_MISSED, 1);
	assert_lost(&stream, 5, SLOT_LOST_MISSED, 1);
	assert_change(&stream, 6);
	/* Those two, and one more that made no change yet */
	assert_int_equal(stream_skipped(&stream, 3, 5), 0);
	assert_lost(&stream, 7, SLOT_LOST_MISSED, 1);
	put_change(&stream, 7, 9, false);
	assert_change(&stream, 8);
	/* There was no room for this one */
	assert_int_equal(stream_totals(&stream, totals, 5), 0);
	assert_lost(&stream, 9, SLOT_LOST_MAP_FULL, 1);
	put_change(&stream, 9, 11, false);
	assert_change(&stream, 10);
	/* KVM's own; and what a request did */
	change.before = 11;
	change.generation = 13;
	change.new.id = 32765;
	assert_int_equal(stream_record(&stream, &change, sizeof(change)), 0);
	assert_change(&stream, 11);
	change.before = 13;
	change.generation = 15;
	change.new.id = 7;
	change.call = 12;
	assert_int_equal(stream_record(&stream, &change, sizeof(change)), 0);
	assert_change(&stream, 12);
	assert_null(stream_next(&stream));
	stream_deinit(&stream);
}

/* Of what has kinds of its own: those that there are, and no others */
static void later_records(void **unused)
{
	struct stream stream = new_stream();
	struct mapping_record mapping = { .head = head_of(RECORD_MAPPING, 1),
					  .start = 0x7000,
					  .end = 0x9000,
					  .kind = MAPPING_UFFD,
					  .syscall = 16,
					  .slot = 3,
					  .uffd = 5 };
	struct fault_record fault = { .head = head_of(RECORD_FAULT, 2),
				      .gpa = 0x5000,
				      .hva = 0x7000,
				      .vcpu = -1,
				      .result = -EFAULT,
				      .kind = FAULT_FAILED,
				      .uffd = 1 };
	struct gmem_record gmem = { .head = head_of(RECORD_GMEM_CLOSE, 3),
				    .inode = 77,
				    .dev = 1 << 20 | 15 };
	struct exited_record exited = { .head = head_of(RECORD_PROCESS_EXIT, 4),
					.status = 0x86 };
	struct call_record call = { .head = head_of(RECORD_CALL, 5),
				    .args.pre_fault = { 0x5000, 0x3000, 0, 6 },
				    .pages = 2,
				    .result = -EFAULT,
				    .cmd = KVM_IOC_PRE_FAULT };
	struct slot_event event;

	assert_int_equal(stream_record(&stream, &mapping, sizeof(mapping)), 0);
	event = next_of(&stream);
	assert_int_equal(event.mapping.kind, SLOT_MAPPING_UFFD);
	assert_int_equal(event.mapping.size, 0x2000);
	assert_int_equal(event.mapping.uffd, 5);
	assert_int_equal(stream_record(&stream, &fault, sizeof(fault)), 0);
	event = next_of(&stream);
	assert_int_equal(event.type, SLOT_EVENT_FAULT);
	assert_int_equal(event.fault.kind, SLOT_FAULT_FAILED);
	assert_int_equal(event.fault.vcpu, -1);
	assert_int_equal(event.fault.gpa, 0x5000);
	assert_int_equal(event.fault.hva, 0x7000);
	assert_int_equal(event.fault.result, -EFAULT);
	assert_true(event.fault.uffd);
	assert_int_equal(event.duration_ns, 30);
	assert_int_equal(stream_record(&stream, &gmem, sizeof(gmem)), 0);
	event = next_of(&stream);
	assert_int_equal(event.type, SLOT_EVENT_GMEM_CLOSE);
	assert_true(event.gmem_close.dev == makedev(1, 15));
	assert_int_equal(event.gmem_close.ino, 77);
	assert_int_equal(stream_record(&stream, &exited, sizeof(exited)), 0);
	event = next_of(&stream);
	assert_int_equal(event.type, SLOT_EVENT_PROCESS_EXIT);
	assert_int_equal(event.process_exit.status, 0x86);
	assert_int_equal(stream_record(&stream, &call, sizeof(call)), 0);
	event = next_of(&stream);
	assert_int_equal(event.kvm_call.kind, SLOT_CALL_PRE_FAULT);
	assert_int_equal(event.kvm_call.slot, 6);
	assert_int_equal(event.kvm_call.start, 0x5000);
	assert_int_equal(event.kvm_call.size, 0x3000);
	assert_int_equal(event.kvm_call.pages, 2);

	mapping.kind = MAPPING_UFFD_END + 1;
	assert_int_equal(stream_record(&stream, &mapping, sizeof(mapping)),
			 -EPROTO);
	fault.kind = FAULT_FAILED + 1;
	assert_int_equal(stream_record(&stream, &fault, sizeof(fault)),
			 -EPROTO);
	assert_null(stream_next(&stream));
	stream_deinit(&stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_records),
		cmocka_unit_test(unseen_requests),
		cmocka_unit_test(requests),
		cmocka_unit_test(unread),
		cmocka_unit_test(changes),
		cmocka_unit_test(hidden_slots),
		cmocka_unit_test(guest_memfds),
		cmocka_unit_test(vms),
		cmocka_unit_test(losses),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(many),
		cmocka_unit_test(unseen_changes),
		cmocka_unit_test(unseen_but_told),
		cmocka_unit_test(unseen_since_the_base),
		cmocka_unit_test(ties),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
