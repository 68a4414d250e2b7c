// SPDX-License-Identifier: GPL-2.0-or-later
/* What the board asks of its surroundings; called with the lock held. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "kvm/private.h"
#include "machine/vm_private.h"

static int alloc(void *opaque, const char *name, uint64_t size,
		 struct ram_block_options *ram, struct slotscope_error *err)
{
	struct vm *vm = opaque;
	int ret = vm_memory_alloc(&vm->memory, name, size, ram, err);
	int fd;

	/* Firmware is not for it: it is we who load that */
	if (ret || !vm->kvm.guest_memfd || strcmp(name, "pc.ram"))
		return ret;
	fd = kvm_private_create(&vm->kvm, ram->host, size, err);
	if (fd < 0)
		return fd;
	vm->guest_memfd = fd;
	ram->guest_memfd = fd + 1;
	return 0;
}

static uint64_t now_ns(void *opaque)
{
	const struct vm *vm = opaque;

	if (!vm->clock_at)
		return vm->clock_ns;
	return vm->clock_ns + clock_now() - vm->clock_at;
}

void world_clock_run(struct vm *vm)
{
	if (!vm->clock_at)
		vm->clock_at = clock_now();
}

/* As in QEMU, the guest's time stands still while it is paused */
void world_clock_stop(struct vm *vm)
{
	vm->clock_ns = now_ns(vm);
	vm->clock_at = 0;
}

static uint64_t wall_s(void *opaque)
{
	return clock_read(CLOCK_REALTIME) / 1000000000ULL;
}

static void smi(void *opaque, bool first)
{
	struct vm *vm = opaque;

	vcpus_smi(&vm->cpus, first);
}

/* Both end the guest's instruction; the main loop does the rest */
static void reset(void *opaque)
{
	struct vm *vm = opaque;

	vm->want_reset = true;
	vcpus_stop_soon(&vm->cpus);
	vcpus_notify(&vm->cpus);
}

static void shutdown(void *opaque)
{
	struct vm *vm = opaque;

	vm->want_shutdown = true;
	vcpus_stop_soon(&vm->cpus);
	vcpus_notify(&vm->cpus);
}

static void put_debugcon(void *opaque, uint8_t c)
{
	struct vm *vm = opaque;

	debugcon_putc(&vm->debugcon, c);
}

void world_init(struct vm *vm)
{
	vm->ops = (struct machine_ops){
		.alloc = alloc,
		.now_ns = now_ns,
		.wall_s = wall_s,
		.smi = smi,
		.reset = reset,
		.shutdown = shutdown,
		.debugcon = put_debugcon,
		.opaque = vm,
	};
}
