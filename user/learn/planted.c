// SPDX-License-Identifier: GPL-2.0-or-later
/* Lesson 8: was the fault found that was planted? */
#include <stdlib.h>
#include <string.h>

#include "learn/lesson.h"
#include "view/fault_kind.h"

/* With -m 5G: what faults act on, RAM above 4 GiB */
#define FIRST 0x100000000ULL
#define LAST  0x17fffffffULL
#define HALF  0x140000000ULL
#define HOLE  (2ULL << 20)

/* What would be seen if it were that one */
static const char *const evidence[KVM_FAULT_KINDS] = {
	[KVM_FAULT_NONE] = "all would agree",
	[KVM_FAULT_SKIP_SLOT] =
		"there would be no request for that range at all",
	[KVM_FAULT_UNMAP] =
		"KERNEL would have the slot, and BACKING nothing under a "
		"part of it",
	[KVM_FAULT_IGNORE_REFUSAL] =
		"a request for that range would have failed, and "
		"the VM run on",
	[KVM_FAULT_WRONG_HVA] =
		"MODEL and KERNEL would have other host addresses for "
		"the same range",
	[KVM_FAULT_SHORT_SLOT] =
		"KERNEL would have a slot that ends before MODEL's "
		"range does",
	[KVM_FAULT_READ_ONLY] = "MODEL would say rw and KERNEL ro",
	[KVM_FAULT_LATE_DELETE] =
		"the slot would have been made, and the last request "
		"for its number would have size 0",
};

static void wrong_place(enum kvm_fault_kind kind, uint64_t *first,
			uint64_t *last)
{
	*first = FIRST;
	*last = LAST;
	if (kind == KVM_FAULT_SHORT_SLOT)
		*first = HALF;
	if (kind == KVM_FAULT_UNMAP) {
		*first = HALF;
		*last = HALF + HOLE - 1;
	}
}

void learn_fault(uint64_t seed, char *const *words, size_t nr,
		 struct learn_word *out)
{
	enum kvm_fault_kind kind = kvm_fault_of_seed(seed), said;
	struct slotscope_error err = {};
	uint64_t at, first, last;
	const char *text;
	char *end;

	if (nr != 2) {
		learn_say(
			out, LEARN_CANNOT,
			"say behind the process which kind of fault it is, and the "
			"guest address where memory is wrong first");
		return;
	}
	if (kvm_fault_parse(words[0], &said, &err)) {
		learn_cannot(out, &err);
		return;
	}
	text = !strncmp(words[1], "gpa:", 4) ? words[1] + 4 : words[1];
	at = strtoull(text, &end, 16);
	if (end == text || (*end && *end != '-' && *end != '+')) {
		learn_say(out, LEARN_CANNOT,
			  "\"%.40s\" is no guest address: a hexadecimal number",
			  words[1]);
		return;
	}
	wrong_place(kind, &first, &last);
	if (said != kind)
		learn_say(
			out, LEARN_WRONG,
			"it is not %s: %s. Look at the table of `slotscope check` "
			"again, and at the requests from the VM's start",
			words[0], evidence[said]);
	else if (at < first || at > last)
		learn_say(
			out, LEARN_WRONG,
			"%s it is, but nothing is wrong at 0x%llx: which range is not "
			"called agree?",
			words[0], (unsigned long long)at);
	else
		learn_say(
			out, LEARN_RIGHT,
			"%s it is, and 0x%llx is one of the addresses that it "
			"concerns. Numbers 1 to 7 have all seven kinds",
			words[0], (unsigned long long)at);
}
