/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device for guests that test what becomes of their accesses (--test-device).
 * It shows twice: in memory at 0xd0000, which real mode reaches, and at the ports
 * from 0xe000. Registers, at the same offsets in both, each side its own:
 *
 *   00  4 bytes  keeps what is written
 *   04  4, read  how many accesses reached this side, before this one
 *   08  2        a write of 0x55aa signals an eventfd; other values come here
 *   0c  any      a write of any length signals another eventfd
 *   10  4, read  how often the eventfd of 08 was signalled
 *   14  4, read  the same for 0c
 *   18  4, read  exits of all vCPUs for ports and memory; this access counts
 *   20-3f        coalesced: writes are gathered by KVM
 *   40  4, read  how many coalesced writes came
 *   44  4, read  their bytes in order: (hash * 31 + value) from 0 on
 *   48  1        bit 0: have a hole of a page in RAM, at 0x90000, so that the slot
 *		  of the memory around it goes and comes again
 */
#ifndef SLOTSCOPE_MACHINE_TEST_DEVICE_H
#define SLOTSCOPE_MACHINE_TEST_DEVICE_H

#include "machine/machine.h"

struct test_device;

/**
 * test_device_add() - put it into a machine
 * @exits: for register 18
 * @out:   test_device_free() it, after the model is destroyed
 */
int test_device_add(struct machine *m, uint64_t (*exits)(void *opaque),
		    void *opaque, struct test_device **out,
		    struct slotscope_error *err);

/** test_device_free() - NULL is allowed */
void test_device_free(struct test_device *dev);

#endif
