// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/options.h"

static int parse_number(const char *text, unsigned long min, unsigned long max,
			unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno || *value < min ||
	    *value > max)
		return -EINVAL;
	return 0;
}

static int bad_value(const char *name, const char *value, const char *wanted,
		     struct slotscope_error *err)
{
	error_set(err, EINVAL, "set %s to \"%.40s\"", name, value);
	error_why(err, "it is none of those that it can have");
	return error_next(err, "give %s", wanted);
}

static int set_irqchip(const char *value, struct kvm_options *options,
		       struct slotscope_error *err)
{
	static const char *const names[] = {
		[KVM_IRQCHIP_ALL] = "on",
		[KVM_IRQCHIP_SPLIT] = "split",
		[KVM_IRQCHIP_NONE] = "off",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value, names[i])) {
			options->irqchip = i;
			options->irqchip_given = true;
			return 0;
		}
	}
	return bad_value("kernel-irqchip", value, "on, off or split", err);
}

static int set_shadow_mem(const char *value, struct kvm_options *options,
			  struct slotscope_error *err)
{
	unsigned long bytes;

	if (parse_number(value, 4096, 1UL << 40, &bytes))
		return bad_value("kvm-shadow-mem", value,
				 "a number of bytes, 4096 or more", err);
	options->shadow_mem = bytes;
	return 0;
}

static int set_ring(const char *value, struct kvm_options *options,
		    struct slotscope_error *err)
{
	unsigned long size;

	/* Which sizes KVM takes is its to say */
	if (parse_number(value, 0, 1UL << 30, &size))
		return bad_value("dirty-ring-size", value,
				 "a number of entries, such as 4096", err);
	options->dirty = size ? KVM_DIRTY_RING : KVM_DIRTY_AUTO;
	options->ring_size = size;
	return 0;
}

int kvm_option_set(const char *name, const char *value,
		   struct kvm_options *options, struct slotscope_error *err)
{
	if (!strcmp(name, "kernel-irqchip"))
		return set_irqchip(value, options, err);
	if (!strcmp(name, "kvm-shadow-mem"))
		return set_shadow_mem(value, options, err);
	if (!strcmp(name, "dirty-ring-size"))
		return set_ring(value, options, err);
	return -ENOENT;
}

static int bad_accel(const char *text, const char *why,
		     struct slotscope_error *err)
{
	error_set(err, EINVAL, "use the accelerator \"%.60s\"", text);
	error_why(err, "%s", why);
	return error_next(err, "give -accel kvm, with kernel-irqchip=, "
			       "kvm-shadow-mem= or dirty-ring-size= behind it");
}

int kvm_accel_parse(const char *text, struct kvm_options *options,
		    struct slotscope_error *err)
{
	char copy[128], *word, *save = NULL, *value;
	int ret;

	if (strlen(text) >= sizeof(copy))
		return bad_accel(text, "it is too long", err);
	strcpy(copy, text);
	word = strtok_r(copy, ",", &save);
	if (!word || strcmp(word, "kvm"))
		return bad_accel(text, "this VMM has KVM alone", err);
	while ((word = strtok_r(NULL, ",", &save))) {
		value = strchr(word, '=');
		if (!value)
			return bad_accel(text, "a property lacks its value",
					 err);
		*value++ = '\0';
		ret = kvm_option_set(word, value, options, err);
		if (ret == -ENOENT)
			return bad_accel(text, "it has no such property", err);
		if (ret)
			return ret;
	}
	return 0;
}

int kvm_dirty_parse(const char *text, struct kvm_options *options,
		    struct slotscope_error *err)
{
	if (!strcmp(text, "bitmap"))
		options->dirty = KVM_DIRTY_BITMAP;
	else if (!strcmp(text, "clear"))
		options->dirty = KVM_DIRTY_CLEAR;
	else if (!strcmp(text, "ring"))
		options->dirty = KVM_DIRTY_RING;
	else if (!strncmp(text, "ring=", 5))
		return set_ring(text + 5, options, err);
	else
		return bad_value("--dirty-log", text,
				 "bitmap, clear, ring or ring=N", err);
	return 0;
}
