// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/names.h"

const char *const slot_event_type_names[SLOT_EVENT_TYPES] = {
	[SLOT_EVENT_VM_CREATE] = "vm-create",
	[SLOT_EVENT_VM_DESTROY] = "vm-destroy",
	[SLOT_EVENT_BASE] = "base",
	[SLOT_EVENT_BASE_END] = "base-end",
	[SLOT_EVENT_REQUEST] = "request",
	[SLOT_EVENT_CHANGE] = "change",
	[SLOT_EVENT_EXIT] = "exit",
	[SLOT_EVENT_LOST] = "lost",
	[SLOT_EVENT_CALL] = "kvm-call",
	[SLOT_EVENT_VCPU] = "vcpu",
	[SLOT_EVENT_MAPPING] = "mapping",
	[SLOT_EVENT_UNKNOWN] = "unknown",
	[SLOT_EVENT_FAULT] = "fault",
	[SLOT_EVENT_GMEM_CLOSE] = "gmem-close",
	[SLOT_EVENT_PROCESS_EXIT] = "process-exit",
	[SLOT_EVENT_FREE] = "free",
	[SLOT_EVENT_PROBE] = "probe",
};

const char *const slot_change_kind_names[SLOT_FLAGS_ONLY + 1] = {
	[SLOT_CREATE] = "create",
	[SLOT_DELETE] = "delete",
	[SLOT_MOVE] = "move",
	[SLOT_FLAGS_ONLY] = "flags",
};

const char *const slot_call_kind_names[SLOT_CALL_KINDS] = {
	[SLOT_CALL_DIRTY_LOG] = "get-dirty-log",
	[SLOT_CALL_CLEAR_DIRTY_LOG] = "clear-dirty-log",
	[SLOT_CALL_RESET_RINGS] = "reset-dirty-rings",
	[SLOT_CALL_GUEST_MEMFD] = "create-guest-memfd",
	[SLOT_CALL_ATTRIBUTES] = "set-memory-attributes",
	[SLOT_CALL_PRE_FAULT] = "pre-fault-memory",
};

const char *const slot_vcpu_kind_names[SLOT_VCPU_KINDS] = {
	[SLOT_VCPU_CREATE] = "create",
	[SLOT_VCPU_ENTER] = "enter",
	[SLOT_VCPU_LEAVE] = "leave",
};

const char *const slot_exit_reason_names[SLOT_EXIT_REASONS] = {
	[SLOT_EXIT_MMIO] = "mmio",
	[SLOT_EXIT_MEMORY_FAULT] = "memory-fault",
	[SLOT_EXIT_INTERNAL_ERROR] = "internal-error",
	[SLOT_EXIT_SHUTDOWN] = "shutdown",
	[SLOT_EXIT_ERRNO] = "errno",
};

const char *const slot_mapping_kind_names[SLOT_MAPPING_KINDS] = {
	[SLOT_MAPPING_UNMAP] = "unmap",
	[SLOT_MAPPING_CLEAR] = "clear",
	[SLOT_MAPPING_PROTECT] = "protect",
	[SLOT_MAPPING_OTHER] = "other",
	[SLOT_MAPPING_MAP] = "map",
	[SLOT_MAPPING_UFFD] = "userfaultfd",
	[SLOT_MAPPING_UFFD_END] = "userfaultfd-end",
};

const char *const slot_fault_kind_names[SLOT_FAULT_KINDS] = {
	[SLOT_FAULT_WAITS] = "waits",
	[SLOT_FAULT_SERVED] = "served",
	[SLOT_FAULT_FAILED] = "failed",
};

const char *const slot_lost_reason_names[SLOT_LOST_REASONS] = {
	[SLOT_LOST_RING_FULL] = "ring-full",
	[SLOT_LOST_MISSED] = "missed",
	[SLOT_LOST_MAP_FULL] = "map-full",
	[SLOT_LOST_UNREAD] = "unread",
	[SLOT_LOST_CUT] = "cut",
	[SLOT_LOST_GAP] = "gap",
	[SLOT_LOST_DAMAGED] = "damaged",
	[SLOT_LOST_DROPPED] = "dropped",
	[SLOT_LOST_FILTERED] = "filtered",
};

const char *const slot_field_names[SLOT_FIELD_NAMES] = {
	"id",	     "gpa",	    "size",   "hva",	    "readonly",
	"log-dirty", "guest-memfd", "hidden", "generation",
};

_Static_assert(SLOT_FIELDS_ALL == (1U << SLOT_FIELD_NAMES) - 1,
	       "a name for each field");

const char *const host_vm_flag_names[HOST_VM_FLAGS] = {
	"um", "uw", "ui", "pf", "io", "de", "ht",
};

const char *const host_file_names[HOST_FILE_NAMES] = {
	[HOST_FILE_UNKNOWN] = "unknown", [HOST_FILE_NONE] = "none",
	[HOST_FILE_REGULAR] = "regular", [HOST_FILE_BLOCK] = "block",
	[HOST_FILE_DEVICE] = "device",
};

const char *const index_fault_names[INDEX_FAULT_KINDS] = {
	[INDEX_SLOT] = "slot",
	[INDEX_ID_HASH] = "id-hash",
	[INDEX_GFN_TREE] = "gfn-tree",
	[INDEX_GFN_ORDER] = "gfn-order",
	[INDEX_HVA_TREE] = "hva-tree",
	[INDEX_HVA_RANGE] = "hva-range",
	[INDEX_HVA_ORDER] = "hva-order",
	[INDEX_SETS] = "sets",
	[INDEX_NR_PAGES] = "nr-pages",
	[INDEX_LOOP] = "loop",
	[INDEX_NR_DIRTY_LOGGING] = "nr-dirty-logging",
};
