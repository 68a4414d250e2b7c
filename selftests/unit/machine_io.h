/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest does: ports, configuration space, memory. */
#ifndef MACHINE_IO_H
#define MACHINE_IO_H

#include "machine/pci.h"
#include "machine_make.h"

static void out(struct built *b, uint16_t port, uint32_t value,
		unsigned int size)
{
	address_space_write(b->machine.io, port, &value, size);
}

static uint32_t in(struct built *b, uint16_t port, unsigned int size)
{
	uint32_t value = 0;

	address_space_read(b->machine.io, port, &value, size);
	return value;
}

static void config_at(struct built *b, unsigned int devfn, unsigned int offset)
{
	out(b, 0xcf8, 0x80000000 | devfn << 8 | (offset & 0xfc), 4);
}

static inline void config_out(struct built *b, unsigned int devfn,
			      unsigned int offset, uint32_t value,
			      unsigned int size)
{
	config_at(b, devfn, offset);
	out(b, 0xcfc + (offset & 3), value, size);
}

static inline uint32_t config_in(struct built *b, unsigned int devfn,
				 unsigned int offset, unsigned int size)
{
	config_at(b, devfn, offset);
	return in(b, 0xcfc + (offset & 3), size);
}

/* The name of what is at @addr, and where in it; "" if nothing is */
static inline const char *what_is(struct address_space *as, gpa_t addr,
				  uint64_t *offset, bool *readonly)
{
	const struct flat_view *view = address_space_get_flat_view(as);
	const struct flat_range *r = flat_view_lookup(view, addr);
	const char *name = "";

	if (r) {
		name = memory_region_info(r->region)->name;
		if (offset)
			*offset = r->offset_in_region + (addr - r->addr);
		if (readonly)
			*readonly = r->readonly;
	}
	flat_view_unref(view);
	return name;
}

static inline const char *name_at(struct built *b, gpa_t addr)
{
	return what_is(b->machine.memory, addr, NULL, NULL);
}

static inline const char *port_at(struct built *b, uint16_t port)
{
	return what_is(b->machine.io, port, NULL, NULL);
}

#endif
