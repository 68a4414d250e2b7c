/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where members of structs are, by BTF data. Pure: it is handed the data, and
 * believes none of its offsets.
 */
#ifndef SLOTSCOPE_BTF_H
#define SLOTSCOPE_BTF_H

#include <linux/types.h>

/**
 * struct btf_view - BTF data that can be looked into
 * @base:      of which this is the split part; NULL if it stands alone
 * @types:     the section of types
 * @types_len: in bytes
 * @strings:   the section of strings
 * @strings_len: in bytes
 * @index:     where in @types the type of @first_id + i begins
 * @first_id:  of the first type of its own
 * @nr_types:  types of its own
 */
struct btf_view {
	const struct btf_view *base;
	const void *types;
	u32 types_len;
	const char *strings;
	u32 strings_len;
	u32 *index;
	u32 first_id;
	u32 nr_types;
};

int btf_view_init(struct btf_view *view, const struct btf_view *base,
		  const void *data, size_t size);
void btf_view_deinit(struct btf_view *view);

int btf_view_find(const struct btf_view *view, const char *path, u32 *offset,
		  u32 *size);

#endif
