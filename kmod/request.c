// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include <slotscope.h>

#include "request.h"

/**
 * request_get() - read a struct that begins with its size
 * @req:   where it goes; zeroed beyond what the caller gave
 * @known: size of the struct as this module knows it, in bytes
 * @first: its size in the first version
 * @from:  the caller's struct
 * @size:  out: the size that the caller gave, for request_put()
 *
 * Return: 0, -EFAULT, -EINVAL or -E2BIG, as the uapi header says.
 */
int request_get(void *req, u32 known, u32 first, void __user *from, u32 *size)
{
	if (get_user(*size, (u32 __user *)from))
		return -EFAULT;
	if (*size < first)
		return -EINVAL;
	/* Also bounds the time that looking for zeros takes */
	if (*size > SLOTSCOPE_SIZE_MAX)
		return -E2BIG;
	return copy_struct_from_user(req, known, from, *size);
}

/**
 * request_put() - write back as much of a struct as the caller knows
 * @to:    the caller's struct
 * @size:  as request_get() gave it: the caller's memory may have changed since
 * @req:   what is written
 * @known: size of the struct as this module knows it, in bytes
 *
 * Return: 0 or -EFAULT.
 */
int request_put(void __user *to, u32 size, const void *req, u32 known)
{
	return copy_to_user(to, req, min(size, known)) ? -EFAULT : 0;
}

/**
 * record_size_check() - may a caller's records be so large?
 * @size:  bytes of one, as the caller says
 * @first: their size in the first version
 *
 * Return: 0 or -EINVAL.
 */
int record_size_check(u32 size, u32 first)
{
	if (size < first || size > SLOTSCOPE_SIZE_MAX || !IS_ALIGNED(size, 8))
		return -EINVAL;
	return 0;
}

/**
 * records_put() - write an array of records that the caller knows as @size large
 * @to:      address of the caller's array
 * @size:    bytes of one of the caller's records, checked
 * @records: what is written; may be NULL if there are none
 * @known:   bytes of one record here
 * @nr:      how many
 *
 * Return: 0 or -EFAULT.
 */
int records_put(u64 to, u32 size, const void *records, u32 known, u32 nr)
{
	void __user *user = u64_to_user_ptr(to);
	u32 both = min(size, known);

	if (size == known) {
		if (copy_to_user(user, records, (size_t)nr * known))
			return -EFAULT;
		return 0;
	}
	for (; nr; nr--, user += size, records += known) {
		if (copy_to_user(user, records, both))
			return -EFAULT;
		if (size > both && clear_user(user + both, size - both))
			return -EFAULT;
		cond_resched();
	}
	return 0;
}
