/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table that slotscope slots prints, read again. Pure. */
#ifndef VIEW_SLOTS_TABLE_H
#define VIEW_SLOTS_TABLE_H

#include <slotscope/error.h>
#include <slotscope/view.h>

/** slots_table_is() - does a text have such a table? By its head */
bool slots_table_is(const char *text, size_t len);

/**
 * slots_table_read() - KERNEL as it was printed; or TRACED, if the table says so
 * @text: need not end with NUL; as pasted
 * @out:  initialised here, also after an error; the caller deinits
 *
 * The table ends with a line for each address space. Without one it is cut off; of a
 * line that was left out there is a loss. What is printed of a recording says behind
 * that what it is, and where it may be wrong.
 *
 * Return: 0, -ENOMEM, or -EINVAL (@err names the line).
 */
int slots_table_read(const char *text, size_t len, struct slot_state *out,
		     struct slotscope_error *err);

#endif
