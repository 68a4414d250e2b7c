/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words for our enums, the same in JSON and on the screen */
#ifndef VIEW_NAMES_H
#define VIEW_NAMES_H

#include <slotscope/view.h>

#define SLOT_FIELD_NAMES 9

extern const char *const slot_event_type_names[SLOT_EVENT_TYPES];
extern const char *const slot_change_kind_names[SLOT_FLAGS_ONLY + 1];
extern const char *const slot_call_kind_names[SLOT_CALL_KINDS];
extern const char *const slot_vcpu_kind_names[SLOT_VCPU_KINDS];
extern const char *const slot_exit_reason_names[SLOT_EXIT_REASONS];
extern const char *const slot_mapping_kind_names[SLOT_MAPPING_KINDS];
extern const char *const slot_fault_kind_names[SLOT_FAULT_KINDS];
extern const char *const slot_lost_reason_names[SLOT_LOST_REASONS];
/* by bit number of enum slot_field */
extern const char *const slot_field_names[SLOT_FIELD_NAMES];

/* As smaps spells them; by bit of host_range.vm_flags */
extern const char *const host_vm_flag_names[HOST_VM_FLAGS];
#define HOST_FILE_NAMES (HOST_FILE_DEVICE + 1)
extern const char *const host_file_names[HOST_FILE_NAMES];

/* Which index, and what of it; 0 has none */
extern const char *const index_fault_names[INDEX_FAULT_KINDS];

#endif
