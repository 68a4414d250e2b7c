// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes a recording of what never was: a VM with two slots, of which one goes and comes
 * back while a vCPU runs, a request that is refused, one of the address space of SMM, a
 * loss, and a second VM that was there before. Behind it so many (the second argument)
 * slots that come and stay, or with a third argument that come and go.
 *
 * With "died" and a word as the second and third: of a VMM that ended with status 1 behind
 * a vCPU that could not go on: "efault", "internal", or "mmio" (registers, for all that the
 * recording knows). "elsewhere" and "there": behind a refusal, too, that has to do with it
 * or has not.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/recording.h"

static struct recording_writer *writer;
static struct slotscope_error err;
static uint64_t seq, now = 1000000000, call, generation[2] = { 0, 1 };

static void put(struct slot_event event)
{
	event.seq = ++seq;
	event.time_ns = now += 1000000;
	event.duration_ns = event.type == SLOT_EVENT_REQUEST ? 500000 : 1000;
	event.tgid = event.tid = 4711;
	/* A process may call itself anything */
	strncpy(event.comm, "</script><b>x", sizeof(event.comm));
	if (recording_write(writer, &event, &err)) {
		fprintf(stderr, "%s: %s\n", err.tried, err.why);
		exit(1);
	}
}

static struct slot slot_of(uint16_t as_id, int id, uint64_t gpa, uint64_t size)
{
	return (struct slot){ .as_id = as_id,
			      .id = id,
			      .gpa = gpa,
			      .size = size,
			      .hva = 0x7f0000000000 + gpa,
			      .gmem_fd = -1 };
}

static void request(struct slot slot, uint64_t size, int result)
{
	put((struct slot_event){
		.serial = 1,
		.call = call,
		.type = SLOT_EVENT_REQUEST,
		.request = { .slot = slot.as_id << 16 | (uint32_t)slot.id,
			     .gpa = slot.gpa,
			     .size = size,
			     .hva = slot.hva,
			     .flags = slot.flags,
			     .gmem_fd = -1,
			     .result = result } });
}

static void change(enum slot_change_kind kind, struct slot slot)
{
	uint64_t *of = &generation[slot.as_id];
	struct slot_event event = { .serial = 1,
				    .call = ++call,
				    .type = SLOT_EVENT_CHANGE };

	event.change.kind = kind;
	if (kind != SLOT_CREATE)
		event.change.before = slot;
	if (kind != SLOT_DELETE)
		event.change.after = slot;
	event.change.generation_before = *of;
	event.change.generation = *of += 2;
	put(event);
}

static void create(struct slot slot)
{
	change(SLOT_CREATE, slot);
	request(slot, slot.size, 0);
}

static void delete (struct slot slot)
{
	change(SLOT_DELETE, slot);
	request(slot, 0, 0);
}

static void vcpu(enum slot_vcpu_kind kind)
{
	put((struct slot_event){
		.serial = 1,
		.type = SLOT_EVENT_VCPU,
		.vcpu = { .kind = kind, .generation = generation[0] } });
}

static void other_vm(void)
{
	struct slot slot = slot_of(0, 3, 0x40000000, 0x200000);

	put((struct slot_event){
		.serial = 2, .type = SLOT_EVENT_BASE, .base = slot });
	put((struct slot_event){ .serial = 2,
				 .type = SLOT_EVENT_BASE_END,
				 .base_end.generation = 8 });
}

static void story(void)
{
	const struct slot low = slot_of(0, 0, 0, 0xa0000);
	const struct slot high = slot_of(0, 1, 0x100000000, 0xf00000000);
	const struct slot smm = slot_of(1, 0, 0, 0xc0000);

	put((struct slot_event){
		.serial = 1,
		.type = SLOT_EVENT_VM_CREATE,
		.vm = { .tgid = 4711, .fd = 9, .serial = 1 } });
	create(low);
	create(high);
	vcpu(SLOT_VCPU_CREATE);
	create(smm);
	/* The firmware, a page of it: no place of a lane is too small */
	create(slot_of(0, 2, 0xfffff000, 0x1000));
	delete (low);
	vcpu(SLOT_VCPU_ENTER);
	put((struct slot_event){ .serial = 1,
				 .type = SLOT_EVENT_EXIT,
				 .exit = { .reason = SLOT_EXIT_MMIO,
					   .gpa = 0x1000,
					   .len = 4 } });
	create(low);
	call++;
	request(slot_of(0, 7, 0x50000, 0x1000), 0x1000, -EEXIST);
	put((struct slot_event){
		.type = SLOT_EVENT_LOST,
		.lost = { .reason = SLOT_LOST_RING_FULL, .count = 3 } });
	seq += 2; /* the number of a loss is that of the first event lost */
}

static void stop(enum slot_exit_reason reason, uint64_t gpa, uint64_t rip,
		 int result)
{
	put((struct slot_event){ .serial = 1,
				 .type = SLOT_EVENT_EXIT,
				 .exit = { .reason = reason,
					   .gpa = gpa,
					   .rip = rip,
					   .len = 4,
					   .result = result } });
}

static void death(const char *of)
{
	put((struct slot_event){
		.serial = 1,
		.type = SLOT_EVENT_VM_CREATE,
		.vm = { .tgid = 4711, .fd = 9, .serial = 1 } });
	create(slot_of(0, 0, 0, 0xa0000));
	vcpu(SLOT_VCPU_CREATE);
	if (!strcmp(of, "elsewhere") || !strcmp(of, "there")) {
		call++;
		request(slot_of(0, 7, 0x100000, 0x800), 0x800, -EINVAL);
	}
	vcpu(SLOT_VCPU_ENTER);
	if (!strcmp(of, "mmio"))
		stop(SLOT_EXIT_MMIO, 0x100400, 0, 0);
	else if (!strcmp(of, "internal"))
		stop(SLOT_EXIT_INTERNAL_ERROR, 0, 0x100400, 0);
	else
		stop(SLOT_EXIT_ERRNO, strcmp(of, "there") ? 0x9f000 : 0x100400,
		     0x7c00, -EFAULT);
	put((struct slot_event){ .type = SLOT_EVENT_PROCESS_EXIT,
				 .process_exit.status = 1 << 8 });
	put((struct slot_event){
		.serial = 1,
		.type = SLOT_EVENT_VM_DESTROY,
		.vm = { .tgid = 4711, .fd = 9, .serial = 1 } });
}

int main(int argc, char **argv)
{
	const struct recording_info info = { .tgid = 4711 };
	const unsigned long more = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	struct slot slot;

	if (argc < 2 || recording_create(argv[1], &info, &writer, &err)) {
		fprintf(stderr, "%s: %s\n", err.tried, err.why);
		return 1;
	}
	if (argc > 3 && !strcmp(argv[2], "died")) {
		death(argv[3]);
		return recording_finish(writer, &err) ? 1 : 0;
	}
	other_vm();
	story();
	for (unsigned long i = 0; i < more; i++) {
		slot = slot_of(0, 10 + (argc > 3 ? 0 : (int)i),
			       0x2000000000 + i * 0x2000, 0x1000);
		create(slot);
		if (argc > 3)
			delete (slot);
	}
	return recording_finish(writer, &err) ? 1 : 0;
}
