// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/debugcon.h"
#include "machine/firmware.h"

void debugcon_flush(struct debugcon *con)
{
	if (!con->len)
		return;
	con->text[con->len] = '\0';
	con->len = 0;
	con->line(con->opaque, con->text);
}

void debugcon_putc(struct debugcon *con, uint8_t c)
{
	if (c == '\r')
		return;
	if (c == '\n') {
		debugcon_flush(con);
		return;
	}
	con->text[con->len++] = c >= ' ' && c < 0x7f ? (char)c : '.';
	if (con->len == sizeof(con->text) - 1)
		debugcon_flush(con);
}

static enum memtx_result port_read(void *opaque, uint64_t addr,
				   unsigned int size, uint64_t *data)
{
	*data = DEBUGCON_PRESENT;
	return MEMTX_OK;
}

static enum memtx_result port_write(void *opaque, uint64_t addr,
				    unsigned int size, uint64_t data)
{
	const struct machine_ops *ops = opaque;

	if (ops->debugcon)
		ops->debugcon(ops->opaque, data);
	return MEMTX_OK;
}

int debugcon_add(struct machine *m, struct slotscope_error *err)
{
	static const struct memory_region_ops port_ops = {
		.read = port_read,
		.write = port_write,
		.valid = { .min_access_size = 1, .max_access_size = 1 },
	};
	struct memory_region *port;
	int ret;

	ret = memory_region_create_io(m->model, "isa-debugcon", 1, &port_ops,
				      (void *)m->ops, &port, err);
	if (ret)
		return ret;
	return memory_region_add_subregion(m->system_io, DEBUGCON_PORT, port,
					   err);
}
