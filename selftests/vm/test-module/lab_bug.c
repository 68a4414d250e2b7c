// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module with one bug of each kind that the debug kernel is to see, for the
 * lab's own test: it would be of no use if it were silent.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

static char *act = "none";
module_param(act, charp, 0444);
MODULE_PARM_DESC(act, "which bug");

struct with_timer {
	struct timer_list timer;
};

static DEFINE_MUTEX(one);
static DEFINE_MUTEX(other);
static DEFINE_SPINLOCK(spinning);
static int __rcu *pointer;
/* What the compiler does not see through */
static volatile int size = 24;

static void use_after_free(void)
{
	volatile char *p = kmalloc(size, GFP_KERNEL);

	kfree((void *)p);
	pr_info("lab_bug: %d\n", p[3]);
}

static void out_of_bounds(void)
{
	volatile char *p = kmalloc(size, GFP_KERNEL);

	pr_info("lab_bug: %d\n", p[size]);
	kfree((void *)p);
}

static void lock_order(void)
{
	mutex_lock(&one);
	mutex_lock(&other);
	mutex_unlock(&other);
	mutex_unlock(&one);
	mutex_lock(&other);
	mutex_lock(&one);
	mutex_unlock(&one);
	mutex_unlock(&other);
}

static void sleep_in_atomic(void)
{
	spin_lock(&spinning);
	msleep(20);
	spin_unlock(&spinning);
}

static void no_rcu(void)
{
	pr_info("lab_bug: %p\n", rcu_dereference(pointer));
}

static void leak(void)
{
	int i;

	/* Of many, some word on a stack may still look like one */
	for (i = 0; i < 20; i++)
		if (!kmalloc(size, GFP_KERNEL))
			return;
}

static void never(struct timer_list *timer)
{
}

static void free_active_timer(void)
{
	struct with_timer *p = kmalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return;
	timer_setup(&p->timer, never, 0);
	mod_timer(&p->timer, jiffies + 1000 * HZ);
	kfree(p);
}

static void shift(void)
{
	pr_info("lab_bug: %d\n", 1 << (size + 10));
}

/* Enough for a tool that looks at one access in some thousands */
#define RACE_STEPS 200000

static u8 shared[8];

static void race_here(struct work_struct *work)
{
	int i;

	for (i = 0; i < RACE_STEPS; i++) {
		shared[0] = shared[0] + 1;
		barrier(); /* or gcc makes one addition of all */
	}
}

/* It is the kernel's own function that races; that two call it at once is ours */
static void race_below(struct work_struct *work)
{
	int i;

	for (i = 0; i < RACE_STEPS; i++)
		if (kstrtou8(i & 1 ? "17" : "68", 10, &shared[0]))
			return;
}

/* Each on a processor of its own */
static void race(work_func_t step)
{
	static struct work_struct works[2];
	int i;

	for (i = 0; i < ARRAY_SIZE(works); i++) {
		INIT_WORK(&works[i], step);
		schedule_work_on(i, &works[i]);
	}
	for (i = 0; i < ARRAY_SIZE(works); i++)
		flush_work(&works[i]);
}

static void race_of_ours(void)
{
	race(race_here);
}

static void race_through_the_kernel(void)
{
	race(race_below);
}

static const struct {
	const char *name;
	void (*run)(void);
} bugs[] = {
	{ "use-after-free", use_after_free },
	{ "out-of-bounds", out_of_bounds },
	{ "lock-order", lock_order },
	{ "sleep", sleep_in_atomic },
	{ "rcu", no_rcu },
	{ "leak", leak },
	{ "timer", free_active_timer },
	{ "shift", shift },
	{ "race", race_of_ours },
	{ "race-below", race_through_the_kernel },
};

static int __init lab_bug_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bugs); i++) {
		if (strcmp(act, bugs[i].name))
			continue;
		bugs[i].run();
		return 0;
	}
	return strcmp(act, "none") ? -EINVAL : 0;
}
module_init(lab_bug_init);

static void __exit lab_bug_exit(void)
{
}
module_exit(lab_bug_exit);

MODULE_DESCRIPTION("Has a bug on demand, to test slotscope's debug kernel");
MODULE_LICENSE("GPL");
