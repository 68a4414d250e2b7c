/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of QMP: answers and events. */
#ifndef SLOTSCOPE_MACHINE_QMP_JSON_H
#define SLOTSCOPE_MACHINE_QMP_JSON_H

struct json_object;

/**
 * qmp_wrap() - { @name: @value }, or NULL if there is no memory for it
 *
 * Takes @value, which may be NULL for the same reason: so such calls can be nested.
 */
struct json_object *qmp_wrap(const char *name, struct json_object *value);

/** qmp_line() - @object as a line, malloc'd, or NULL; puts @object */
char *qmp_line(struct json_object *object);

/**
 * qmp_event() - the line of an event that happens now, malloc'd, or NULL
 * @data: taken; NULL: the event has none
 */
char *qmp_event(const char *name, struct json_object *data);

#endif
