// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "machine/board.h"
#include "machine/i8042.h"

#define DATA_PORT    0x60
#define COMMAND_PORT 0x64

enum {
	STATUS_FULL = 0x01, /* something to read */
	STATUS_SYSTEM = 0x04,
	STATUS_COMMAND = 0x08,
	STATUS_UNLOCKED = 0x10,
};

enum {
	CMD_READ_MODE = 0x20,
	CMD_WRITE_MODE = 0x60,
	CMD_AUX_OFF = 0xa7,
	CMD_AUX_ON = 0xa8,
	CMD_AUX_TEST = 0xa9,
	CMD_SELF_TEST = 0xaa,
	CMD_KBD_TEST = 0xab,
	CMD_KBD_OFF = 0xad,
	CMD_KBD_ON = 0xae,
	CMD_READ_OUTPORT = 0xd0,
	CMD_WRITE_OUTPORT = 0xd1,
	CMD_WRITE_AUX = 0xd4,
	CMD_A20_OFF = 0xdd,
	CMD_A20_ON = 0xdf,
	CMD_PULSE =
		0xf0, /* and up: lines of the output port, low for a moment */
};

enum {
	MODE_KBD_OFF = 0x10,
	MODE_AUX_OFF = 0x20,
	OUTPORT_RESET = 0x01,
	OUTPORT_A20 = 0x02,
};

enum { KBD_ACK = 0xfa, KBD_OK = 0xaa, KBD_RESET = 0xff, KBD_IDENTIFY = 0xf2 };

static void push(struct i8042 *kbd, uint8_t byte)
{
	if (kbd->nr < I8042_QUEUE)
		kbd->queue[kbd->nr++] = byte;
}

static uint8_t pop(struct i8042 *kbd)
{
	uint8_t byte = kbd->queue[0];

	if (!kbd->nr)
		return 0;
	kbd->nr--;
	memmove(kbd->queue, kbd->queue + 1, kbd->nr);
	return byte;
}

static void set_outport(struct i8042 *kbd, uint8_t value)
{
	const struct machine_ops *ops = kbd->m->ops;

	kbd->outport = value;
	if (!(value & OUTPORT_RESET) && ops->reset)
		ops->reset(ops->opaque);
}

/* A keyboard that takes whatever it is told */
static void tell_keyboard(struct i8042 *kbd, uint8_t byte)
{
	push(kbd, KBD_ACK);
	if (byte == KBD_RESET) {
		push(kbd, KBD_OK);
	} else if (byte == KBD_IDENTIFY) {
		push(kbd, 0xab);
		push(kbd, 0x83);
	}
}

static void take_data(struct i8042 *kbd, uint8_t byte)
{
	uint8_t command = kbd->command;

	kbd->command = 0;
	switch (command) {
	case 0:
		tell_keyboard(kbd, byte);
		break;
	case CMD_WRITE_MODE:
		kbd->mode = byte;
		break;
	case CMD_WRITE_OUTPORT:
		set_outport(kbd, byte);
		break;
	default: /* CMD_WRITE_AUX: no mouse is there to answer */
		break;
	}
}

static void take_command(struct i8042 *kbd, uint8_t command)
{
	kbd->command = 0;
	switch (command) {
	case CMD_READ_MODE:
		push(kbd, kbd->mode);
		break;
	case CMD_WRITE_MODE:
	case CMD_WRITE_OUTPORT:
	case CMD_WRITE_AUX:
		kbd->command = command;
		break;
	case CMD_AUX_OFF:
		kbd->mode |= MODE_AUX_OFF;
		break;
	case CMD_AUX_ON:
		kbd->mode &= ~MODE_AUX_OFF;
		break;
	case CMD_KBD_OFF:
		kbd->mode |= MODE_KBD_OFF;
		break;
	case CMD_KBD_ON:
		kbd->mode &= ~MODE_KBD_OFF;
		break;
	case CMD_SELF_TEST:
		push(kbd, 0x55);
		break;
	case CMD_AUX_TEST:
	case CMD_KBD_TEST:
		push(kbd, 0x00);
		break;
	case CMD_READ_OUTPORT:
		push(kbd, kbd->outport);
		break;
	case CMD_A20_OFF:
		kbd->outport &= ~OUTPORT_A20;
		break;
	case CMD_A20_ON:
		kbd->outport |= OUTPORT_A20;
		break;
	default:
		if (command >= CMD_PULSE && !(command & OUTPORT_RESET))
			set_outport(kbd, kbd->outport & ~OUTPORT_RESET);
		kbd->outport |= OUTPORT_RESET;
		break;
	}
}

static enum memtx_result data_read(void *opaque, uint64_t addr,
				   unsigned int size, uint64_t *data)
{
	*data = pop(opaque);
	return MEMTX_OK;
}

static enum memtx_result data_write(void *opaque, uint64_t addr,
				    unsigned int size, uint64_t data)
{
	take_data(opaque, data);
	return MEMTX_OK;
}

static enum memtx_result status_read(void *opaque, uint64_t addr,
				     unsigned int size, uint64_t *data)
{
	const struct i8042 *kbd = opaque;

	*data = STATUS_UNLOCKED | STATUS_SYSTEM | (kbd->nr ? STATUS_FULL : 0) |
		(kbd->command ? STATUS_COMMAND : 0);
	return MEMTX_OK;
}

static enum memtx_result command_write(void *opaque, uint64_t addr,
				       unsigned int size, uint64_t data)
{
	take_command(opaque, data);
	return MEMTX_OK;
}

static const struct memory_region_ops data_ops = {
	.read = data_read,
	.write = data_write,
	.endian = MEMORY_ENDIAN_LITTLE,
	.impl = { .min_access_size = 1, .max_access_size = 1 },
};

static const struct memory_region_ops command_ops = {
	.read = status_read,
	.write = command_write,
	.endian = MEMORY_ENDIAN_LITTLE,
	.impl = { .min_access_size = 1, .max_access_size = 1 },
};

int i8042_init(struct i8042 *kbd, struct machine *m,
	       struct slotscope_error *err)
{
	const struct board_io ports[] = {
		{ "i8042-data", DATA_PORT, 1, 0, &data_ops, kbd, NULL, false },
		{ "i8042-cmd", COMMAND_PORT, 1, 0, &command_ops, kbd, NULL,
		  false },
	};
	int ret;

	kbd->m = m;
	ret = board_add_io(m, m->system_io, &ports[0], NULL, err);
	return ret ? ret : board_add_io(m, m->system_io, &ports[1], NULL, err);
}

void i8042_reset(struct i8042 *kbd)
{
	kbd->mode = 0x01 | 0x02 | STATUS_SYSTEM;
	kbd->outport = OUTPORT_RESET | OUTPORT_A20;
	kbd->command = 0;
	kbd->nr = 0;
}
