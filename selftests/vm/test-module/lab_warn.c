// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that misbehaves on demand, for the lab's own test: a guest whose
 * kernel warns, dies or hangs must not pass.
 */
#include <linux/irqflags.h>
#include <linux/module.h>

static char *act = "none";
module_param(act, charp, 0444);
MODULE_PARM_DESC(act, "what to do at load: none, warn, oops, spin");

static int __init lab_warn_init(void)
{
	if (!strcmp(act, "warn")) {
		WARN(1, "lab_warn: as asked\n");
	} else if (!strcmp(act, "oops")) {
		/* not a constant: the compiler would see through it */
		int *volatile nowhere = NULL;

		*nowhere = 1;
	} else if (!strcmp(act, "spin")) {
		local_irq_disable();
		for (;;)
			cpu_relax();
	}
	return 0;
}
module_init(lab_warn_init);

static void __exit lab_warn_exit(void)
{
}
module_exit(lab_warn_exit);

MODULE_DESCRIPTION("Warns, dies or hangs on demand, to test slotscope's lab");
MODULE_LICENSE("GPL");
