/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why KVM refuses a request: from the slots before it and the request alone,
 * which errno, which rule, and who the other party is. Pure and blind: the rules
 * never see the result that they are asked about.
 *
 *	request_foresee(&before, &request, &limits, &foresight);
 *	if (foresight.nr == 1)
 *		the request will return foresight.may[0].error
 *
 * The rules stand in the order in which the kernel tests them, so the first one
 * that is broken names the errno. Where the state or the limits cannot tell
 * whether a rule is broken, both ways are followed: there are several outcomes
 * then. What no state can tell is not among them: no memory (ENOMEM), arguments
 * that cannot be read (EFAULT), a VM of another process (EIO).
 *
 * Documentation/errno-rules.md has the rules as a table, with the kernel
 * functions to read on.
 */
#ifndef SLOTSCOPE_RULES_H
#define SLOTSCOPE_RULES_H

#include <slotscope/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In the kernel's order; the first one broken decides */
enum request_rule {
	RULE_REGION2,	       /* the kernel knows the ioctl */
	RULE_V1_FLAGS,	       /* guest_memfd, and what is new, need REGION2 */
	RULE_SLOT_ID,	       /* an id that userspace may use */
	RULE_FLAGS,	       /* flags that KVM knows */
	RULE_GMEM_CAP,	       /* guest_memfd on a VM that can have it */
	RULE_GMEM_DIRTY,       /* no dirty log with guest_memfd */
	RULE_GMEM_READONLY,    /* no read-only guest_memfd */
	RULE_READONLY_CAP,     /* read-only on a VM that can have it */
	RULE_SIZE_ALIGN,       /* whole pages */
	RULE_GPA_ALIGN,	       /* at a page */
	RULE_HVA_ALIGN,	       /* at a page */
	RULE_HVA_RANGE,	       /* within user space, untagged */
	RULE_GMEM_ALIGN,       /* at a page of the file */
	RULE_GMEM_WRAP,	       /* offset and size do not wrap */
	RULE_AS_ID,	       /* an address space that the VM has */
	RULE_GPA_WRAP,	       /* gpa + size is a 64-bit number */
	RULE_MAX_PAGES,	       /* pages fit in KVM's limit for a slot */
	RULE_DELETE_ABSENT,    /* what is deleted is there */
	RULE_TOTAL_PAGES,      /* pages of all slots can be counted */
	RULE_GMEM_IMMUTABLE,   /* a slot is not changed to guest_memfd */
	RULE_HVA_CHANGED,      /* a slot keeps its host address */
	RULE_SIZE_CHANGED,     /* ... its size */
	RULE_READONLY_CHANGED, /* ... its read-only flag */
	RULE_GMEM_DROPPED,     /* ... its guest_memfd */
	RULE_OVERLAP,	       /* nothing else lies there */
	RULE_GMEM_FD,	       /* the descriptor is open */
	RULE_GMEM_FOREIGN,     /* ... a guest_memfd of this VM */
	RULE_GMEM_END,	       /* ... and long enough */
	RULE_GMEM_BOUND,       /* ... and not bound there to another slot */
	RULE_GPA_RANGE,	       /* an address that the guest can have */
	REQUEST_RULES,
	/* Not broken: what becomes of the request */
	REQUEST_CREATES = REQUEST_RULES,
	REQUEST_DELETES,
	REQUEST_MOVES,
	REQUEST_REFLAGS, /* dirty log on or off; guest_memfd dropped, if that is let through */
	REQUEST_NOTHING, /* all is as it was */
	REQUEST_OUTCOMES,
};

/* What a kernel, or one VM, can do */
enum request_can { CAN_UNKNOWN, CAN_NOT, CAN };

/**
 * struct request_gmem - a guest_memfd
 * @fd:	  descriptor, in the process that asks
 * @ours: it is one, and of the VM that is asked; @size means nothing otherwise
 * @open: the descriptor stands for some file
 * @size: bytes
 */
struct request_gmem {
	int32_t fd;
	bool open;
	bool ours;
	uint64_t size;
};

/**
 * struct request_limits - what this kernel allows, for this VM
 * @page_size:	  of the host, bytes; 0 counts as 4096
 * @nr_slots:	  ids that userspace may use (KVM_CAP_NR_MEMSLOTS); 0: not known
 * @nr_as:	  address spaces (KVM_CAP_MULTI_ADDRESS_SPACE); 0: not known
 * @max_pages:	  pages of one slot; 0: not known
 * @hva_end:	  hva + size may be this and no more; 0: not known
 * @gpa_last:	  the last guest address that a slot may hold; 0: not known
 * @gpa_error:	  the errno for what lies beyond; EINVAL on x86, EFAULT on arm64
 * @gmem_bound_error: the errno for a part of a guest_memfd that has a slot: EINVAL
 *		  in the first kernels that have them, EEXIST in newer; 0: not known
 * @gmem_drop:	  a slot can lose its guest_memfd: the first kernels forgot to refuse
 * @region2:	  KVM_SET_USER_MEMORY_REGION2 (KVM_CAP_USER_MEMORY2)
 * @readonly:	  KVM_MEM_READONLY on this VM (KVM_CAP_READONLY_MEM)
 * @guest_memfd:  KVM_MEM_GUEST_MEMFD on this VM (KVM_CAP_GUEST_MEMFD)
 * @gmem:	  descriptors of which the caller knows what they are, no two for one
 *		  file; borrowed. Of one that is not among them nothing is known
 * @nr_gmem:	  their number
 *
 * kvm_limits_probe() of user/kvm asks the running kernel. All zero means that
 * nothing is known.
 */
struct request_limits {
	uint64_t page_size;
	uint32_t nr_slots;
	uint32_t nr_as;
	uint64_t max_pages;
	hva_t hva_end;
	gpa_t gpa_last;
	int gpa_error;
	int gmem_bound_error;
	enum request_can gmem_drop;
	enum request_can region2;
	enum request_can readonly;
	enum request_can guest_memfd;
	const struct request_gmem *gmem;
	size_t nr_gmem;
};

/**
 * struct request_outcome - one thing that may come of a request
 * @rule:  the rule that is broken, or REQUEST_CREATES and so on
 * @error: 0 or a negative errno
 * @other: the other party: the slot in the way; the slot itself as it is, where
 *	   it may not be changed so. NULL if there is none, or none is known.
 *	   Borrowed from the state
 * @more:  how many more slots are in the way
 */
struct request_outcome {
	enum request_rule rule;
	int error;
	const struct slot *other;
	size_t more;
};

/**
 * struct request_foresight - what may come of a request
 * @may: in the kernel's order. One: it is certain
 */
struct request_foresight {
	struct request_outcome may[REQUEST_OUTCOMES];
	size_t nr;
};

/**
 * request_foresee() - what will KVM answer?
 * @before:  the slots at the time; in any order. NULL: nothing is known of them.
 *	     Its coverage is heeded: what it cannot speak for is not decided
 * @request: @result is not looked at, and @unread is not set
 * @limits:  what is not known there is not decided
 *
 * Costs O(n) in the number of slots.
 */
void request_foresee(const struct slot_state *before,
		     const struct slot_request *request,
		     const struct request_limits *limits,
		     struct request_foresight *out);

/**
 * request_foresight_keep() - leave out what a known result rules out
 *
 * Return: how many outcomes are left. 0: the rules do not explain that result.
 */
size_t request_foresight_keep(struct request_foresight *foresight, int result);

/** request_rule_name() - "overlap", "hva-align", "creates", ... */
const char *request_rule_name(enum request_rule rule);

/** request_rule_function() - the kernel's function that tests the rule */
const char *request_rule_function(enum request_rule rule);

/* With the names of all rules in it */
#define REQUEST_SAY_MAX 768

/**
 * request_outcome_say() - an outcome in a sentence, without a full stop
 *
 * "slot 3 at 0x0-0x9ffff (640 KiB) is in the way (rule overlap)"
 */
const char *request_outcome_say(char buf[REQUEST_SAY_MAX],
				const struct slot_request *request,
				const struct request_limits *limits,
				const struct request_outcome *outcome);

/**
 * request_explain() - why a request came to what it came to
 * @result: what the ioctl returned: a negative errno
 *
 * The rules foresee, and what they foresee is held against @result. The sentence
 * says which rule it was; or which ones it may have been; or that no rule on
 * slots explains it, and what else may.
 *
 * Return: true if it was one certain rule.
 */
bool request_explain(const struct slot_state *before,
		     const struct slot_request *request, int result,
		     const struct request_limits *limits,
		     char buf[REQUEST_SAY_MAX]);

#ifdef __cplusplus
}
#endif

#endif
