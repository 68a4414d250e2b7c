// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>

#include "machine/machine.h"
#include "machine/ram_layout.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define TIB ((uint64_t)1 << 40)

/* From here to 1 TiB AMD's CPUs have HyperTransport's own addresses */
#define HYPERTRANSPORT 0xfd00000000ULL

#define RAM_MAX	  (1ULL << 52) /* no x86 CPU has more address bits */
#define PAGE_SIZE 4096
#define SLOTS_MAX 256 /* what ACPI can describe */

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How much RAM this board puts below 4 GiB at most, if it has @size of it */
static uint64_t below_most(enum ram_board board, uint64_t size, uint64_t limit)
{
	uint64_t most;

	switch (board) {
	case RAM_BOARD_PC:
		most = limit ? limit : 7 * GIB / 2;
		return size >= most ? min(most, 3 * GIB) : most;
	case RAM_BOARD_Q35:
		most = size >= 11 * GIB / 4 ? 2 * GIB : 11 * GIB / 4;
		return limit ? min(most, limit) : most;
	case RAM_BOARD_ISAPC:
		return limit ? limit : 7 * GIB / 2;
	case RAM_BOARD_MICROVM:
		break;
	}
	return 3 * GIB;
}

/* Of the host bridge's window for PCI BARs of 64 bits */
static uint64_t pci_window(enum ram_board board)
{
	return board == RAM_BOARD_PC  ? 2 * GIB :
	       board == RAM_BOARD_Q35 ? 32 * GIB :
					0;
}

static bool has_dimms(enum ram_board board)
{
	return board == RAM_BOARD_PC || board == RAM_BOARD_Q35;
}

/* All that depends on where RAM above 4 GiB begins */
static void lay_out_above(enum ram_board board, const struct machine_options *o,
			  struct ram_layout *l)
{
	gpa_t end = l->above_4g_start + l->above_4g;

	l->ram_end = l->above_4g ? end : l->below_4g;
	if (has_dimms(board) && o->max_ram > o->ram_size) {
		l->device_start = round_up(end, GIB);
		/* A DIMM may want to begin at a whole GiB: for huge pages */
		l->device_size = o->max_ram - o->ram_size + o->ram_slots * GIB;
		end = l->device_start + l->device_size;
		l->ram_end = end;
	}
	l->end = round_up(end, GIB) + pci_window(board);
}

struct ram_layout ram_layout(enum ram_board board,
			     const struct machine_options *o)
{
	struct ram_layout l = { .above_4g_start = 4 * GIB };

	l.below_4g = min(o->ram_size,
			 below_most(board, o->ram_size, o->max_below_4g));
	l.above_4g = o->ram_size - l.below_4g;
	lay_out_above(board, o, &l);
	if (o->amd && board != RAM_BOARD_MICROVM && l.end > HYPERTRANSPORT) {
		l.above_4g_start = TIB;
		lay_out_above(board, o, &l);
	}
	return l;
}

static int check_room(enum ram_board board, const struct machine_options *o,
		      struct slotscope_error *err)
{
	error_set(err, EINVAL,
		  "make room for DIMMs: -m slots=%u,maxmem=%" PRIu64 "M",
		  o->ram_slots, o->max_ram / MIB);
	error_next(err, "give -M pc or -M q35 a maxmem= of more than "
			"size=");
	if (!has_dimms(board))
		return error_why(err, "this board takes no DIMMs");
	if (o->max_ram < o->ram_size)
		return error_why(err,
				 "that is less than the %" PRIu64
				 "M there are from the start",
				 o->ram_size / MIB);
	if (o->max_ram == o->ram_size && o->ram_slots)
		return error_why(err, "all memory is there from the start");
	if (o->max_ram % PAGE_SIZE)
		return error_why(err, "maxmem is no multiple of 4 KiB");
	if (o->ram_slots > SLOTS_MAX)
		return error_why(err, "a board has %d slots at the most",
				 SLOTS_MAX);
	*err = (struct slotscope_error){};
	return 0;
}

static int check_phys_bits(enum ram_board board,
			   const struct machine_options *o,
			   struct slotscope_error *err)
{
	struct ram_layout l = ram_layout(board, o);
	/* With 32 bits there are no BARs of 64, nor does QEMU look */
	gpa_t end = o->phys_bits > 32 && board != RAM_BOARD_MICROVM ? l.end :
								      l.ram_end;

	if (!o->phys_bits || o->phys_bits >= 64 || end <= 1ULL << o->phys_bits)
		return 0;
	error_set(err, EINVAL, "put %" PRIu64 " MiB of RAM into the machine",
		  o->ram_size / MIB);
	if (l.ram_end > 1ULL << o->phys_bits)
		error_why(err,
			  "its last byte%s would be at 0x%" PRIx64
			  ", and this CPU has %u bits of physical address",
			  l.device_size ? " (with all DIMMs)" : "",
			  l.ram_end - 1, o->phys_bits);
	else
		error_why(err,
			  "the window for PCI above it would end at 0x%" PRIx64
			  ", and this CPU has %u bits of physical address",
			  end - 1, o->phys_bits);
	return error_next(err, "use a smaller -m");
}

int ram_layout_check(enum ram_board board, const struct machine_options *o,
		     struct slotscope_error *err)
{
	int ret;

	if (!o->ram_size || o->ram_size > RAM_MAX || o->max_ram > RAM_MAX) {
		error_set(err, EINVAL, "lay out %" PRIu64 " MiB of RAM",
			  o->ram_size / MIB);
		return error_why(err, "an x86 CPU has 1 byte to 4096T");
	}
	if (o->max_below_4g > 4 * GIB) {
		error_set(err, EINVAL,
			  "put %" PRIu64 " MiB of RAM below 4 GiB "
			  "(max-ram-below-4g)",
			  o->max_below_4g / MIB);
		return error_why(err, "4G is all that fits");
	}
	if (o->max_ram || o->ram_slots) {
		ret = check_room(board, o, err);
		if (ret)
			return ret;
	}
	return check_phys_bits(board, o, err);
}
