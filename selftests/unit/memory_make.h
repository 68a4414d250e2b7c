/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short hands of the tests of the memory model: what must not fail */
#ifndef SLOTSCOPE_TEST_MEMORY_MAKE_H
#define SLOTSCOPE_TEST_MEMORY_MAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <slotscope/memory.h>

#define MUST(call) must(call, #call)

static struct slotscope_error error;

static inline void must(int r, const char *what)
{
	if (r)
		fail_msg("%s: %d: %s: %s", what, r, error.tried, error.why);
}

/* A call that must be refused: with this code, a reason, and no more */
#define REFUSED(wanted, call)                         \
	do {                                          \
		memset(&error, 0, sizeof(error));     \
		assert_int_equal(call, -(wanted));    \
		assert_int_equal(error.code, wanted); \
		assert_true(*error.tried);            \
		assert_true(*error.why);              \
	} while (0)

static inline struct memory_model *make_model(void)
{
	struct memory_model *model;

	MUST(memory_model_create(NULL, &model, &error));
	return model;
}

static inline struct memory_region *
make_container(struct memory_model *model, const char *name, memory_size_t size)
{
	struct memory_region *region;

	MUST(memory_region_create(model, name, size, &region, &error));
	return region;
}

static inline struct memory_region *
make_io(struct memory_model *model, const char *name, memory_size_t size)
{
	struct memory_region *region;

	MUST(memory_region_create_io(model, name, size, NULL, NULL, &region,
				     &error));
	return region;
}

static inline struct memory_region *
make_ram(struct memory_model *model, const char *name, uint64_t size, hva_t hva)
{
	struct ram_block_options ram = { .hva = hva };
	struct memory_region *region;

	MUST(memory_region_create_ram(model, name, size, &ram, &region,
				      &error));
	return region;
}

static inline struct memory_region *
make_alias(const char *name, struct memory_model *model,
	   struct memory_region *target, uint64_t offset, memory_size_t size)
{
	struct memory_region *region;

	MUST(memory_region_create_alias(model, name, target, offset, size,
					&region, &error));
	return region;
}

static inline struct address_space *make_as(struct memory_model *model,
					    const char *name,
					    struct memory_region *root)
{
	struct address_space *as;

	MUST(address_space_create(model, name, root, &as, &error));
	return as;
}

static inline void map(struct memory_region *container, uint64_t offset,
		       int32_t priority, struct memory_region *region)
{
	MUST(memory_region_add_subregion_overlap(container, offset, priority,
						 region, &error));
}

static inline void unmap(struct memory_region *container,
			 struct memory_region *region)
{
	MUST(memory_region_del_subregion(container, region, &error));
}

/*
 * What an address space shows, as text: "start-end name+offset flags" for each
 * range, in hexadecimal, joined by "; "
 */
static inline const char *shown(struct address_space *as)
{
	const struct flat_view *view = address_space_get_flat_view(as);
	static char text[4096];
	const struct flat_range *range;
	size_t len = 0;

	text[0] = '\0';
	flat_view_for_each(range, view)
		len += snprintf(
			text + len, sizeof(text) - len,
			"%s%llx-%llx %s+%llx%s%s%s%s", len ? "; " : "",
			(unsigned long long)range->addr,
			(unsigned long long)(range->addr + range->size - 1),
			memory_region_info(range->region)->name,
			(unsigned long long)range->offset_in_region,
			range->readonly ? " ro" : "",
			range->nonvolatile ? " nv" : "",
			range->romd_mode ? "" : " romd-off",
			range->dirty_log_mask ? " log" : "");
	flat_view_unref(view);
	return text;
}

#endif
