// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "view/fault_kind.h"

static const char *const names[KVM_FAULT_KINDS] = {
	[KVM_FAULT_NONE] = "none",
	[KVM_FAULT_SKIP_SLOT] = "skip-slot",
	[KVM_FAULT_UNMAP] = "unmap",
	[KVM_FAULT_IGNORE_REFUSAL] = "ignore-refusal",
	[KVM_FAULT_WRONG_HVA] = "wrong-hva",
	[KVM_FAULT_SHORT_SLOT] = "short-slot",
	[KVM_FAULT_READ_ONLY] = "read-only",
	[KVM_FAULT_LATE_DELETE] = "late-delete",
};

int kvm_fault_parse(const char *name, enum kvm_fault_kind *kind,
		    struct slotscope_error *err)
{
	for (size_t i = 0; i < KVM_FAULT_KINDS; i++) {
		if (!strcmp(name, names[i])) {
			*kind = (enum kvm_fault_kind)i;
			return 0;
		}
	}
	error_set(err, EINVAL, "read the fault \"%.40s\"", name);
	error_why(err, "there is no such fault");
	return error_next(err,
			  "give skip-slot, unmap, ignore-refusal, wrong-hva, "
			  "short-slot, read-only or late-delete");
}

const char *kvm_fault_name(enum kvm_fault_kind kind)
{
	return names[kind];
}

enum kvm_fault_kind kvm_fault_of_seed(uint64_t seed)
{
	const uint64_t kinds = KVM_FAULT_KINDS - 1;
	uint64_t turn = (seed + kinds - 1) / kinds;

	/* 1 to 7, 8 to 14, ... have all kinds, where each seven begins is by chance */
	turn = (turn + 1) * 0x9e3779b97f4a7c15;
	turn ^= turn >> 32;
	turn *= 0xbf58476d1ce4e5b9;
	return (enum kvm_fault_kind)(1 + (seed * 3 + (turn >> 32)) % kinds);
}
