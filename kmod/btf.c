// SPDX-License-Identifier: GPL-2.0-only
#include <linux/btf.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "btf.h"

/* Longer chains of typedefs, or structs in structs, are a loop */
#define DEPTH 32

/* What is looked at: newer headers are longer, and the data may be older */
#define HEADER_SIZE offsetofend(struct btf_header, str_len)

/* Bytes behind a type of that kind; a kind that we do not know ends the data */
static int bytes_behind(const struct btf_type *type, u32 *bytes)
{
	u32 nr = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		*bytes = 0;
		return 0;
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		*bytes = sizeof(u32);
		return 0;
	case BTF_KIND_ARRAY:
		*bytes = sizeof(struct btf_array);
		return 0;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		*bytes = nr * sizeof(struct btf_member);
		return 0;
	case BTF_KIND_ENUM:
		*bytes = nr * sizeof(struct btf_enum);
		return 0;
	case BTF_KIND_ENUM64:
		*bytes = nr * sizeof(struct btf_enum64);
		return 0;
	case BTF_KIND_FUNC_PROTO:
		*bytes = nr * sizeof(struct btf_param);
		return 0;
	case BTF_KIND_DATASEC:
		*bytes = nr * sizeof(struct btf_var_secinfo);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* Calls for each type in order: counts them, and fills @index if there is one */
static int walk_types(const struct btf_view *view, u32 *index, u32 *nr)
{
	u32 at = 0, bytes;
	int ret;

	for (*nr = 0; at < view->types_len; ++*nr) {
		if (view->types_len - at < sizeof(struct btf_type))
			return -EINVAL;
		ret = bytes_behind(view->types + at, &bytes);
		if (ret)
			return ret;
		if (index)
			index[*nr] = at;
		at += sizeof(struct btf_type);
		if (view->types_len - at < bytes)
			return -EINVAL;
		at += bytes;
		if (!(*nr % 4096))
			cond_resched();
	}
	return 0;
}

/**
 * btf_view_init() - look into BTF data
 * @view: out: btf_view_deinit() it, unless there was an error
 * @base: what the data is the split part of; NULL if it stands alone. Stays
 * @data: as /sys/kernel/btf/ has it. Stays
 * @size: in bytes
 *
 * Return: 0, -EINVAL (not BTF, or cut off), -EOPNOTSUPP (types of a kind that
 * is not known here) or -ENOMEM.
 */
int btf_view_init(struct btf_view *view, const struct btf_view *base,
		  const void *data, size_t size)
{
	const struct btf_header *hdr = data;
	u32 nr;
	int ret;

	if (size < HEADER_SIZE || hdr->magic != BTF_MAGIC ||
	    hdr->version != BTF_VERSION || hdr->hdr_len < HEADER_SIZE ||
	    hdr->hdr_len > size)
		return -EINVAL;
	size -= hdr->hdr_len;
	if (hdr->type_off > size || hdr->type_len > size - hdr->type_off ||
	    hdr->str_off > size || hdr->str_len > size - hdr->str_off ||
	    hdr->type_off % sizeof(u32) || hdr->hdr_len % sizeof(u32))
		return -EINVAL;

	*view = (struct btf_view){
		.base = base,
		.types = data + hdr->hdr_len + hdr->type_off,
		.types_len = hdr->type_len,
		.strings = data + hdr->hdr_len + hdr->str_off,
		.strings_len = hdr->str_len,
		/* 0 is void */
		.first_id = base ? base->first_id + base->nr_types : 1,
	};
	/* Every string ends within the section if the last one does */
	if (view->strings_len && view->strings[view->strings_len - 1])
		return -EINVAL;
	ret = walk_types(view, NULL, &nr);
	if (ret)
		return ret;
	view->index = kvmalloc_array(nr, sizeof(*view->index), GFP_KERNEL);
	if (!view->index)
		return -ENOMEM;
	walk_types(view, view->index, &view->nr_types);
	return 0;
}

/**
 * btf_view_deinit() - free what btf_view_init() took
 * @view: the view
 */
void btf_view_deinit(struct btf_view *view)
{
	kvfree(view->index);
}

static const char *name_at(const struct btf_view *view, u32 offset)
{
	u32 before = view->base ? view->base->strings_len : 0;

	if (offset < before)
		return name_at(view->base, offset);
	offset -= before;
	return offset < view->strings_len ? view->strings + offset : "";
}

static const struct btf_type *type_of(const struct btf_view *view, u32 id)
{
	if (view->base && id < view->first_id)
		return type_of(view->base, id);
	if (id < view->first_id || id - view->first_id >= view->nr_types)
		return NULL;
	return view->types + view->index[id - view->first_id];
}

/* What is behind typedefs and qualifiers */
static const struct btf_type *plain_type(const struct btf_view *view, u32 id)
{
	const struct btf_type *type = type_of(view, id);
	int depth;

	for (depth = 0; type && depth < DEPTH; depth++) {
		switch (BTF_INFO_KIND(type->info)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			type = type_of(view, type->type);
			break;
		default:
			return type;
		}
	}
	return NULL;
}

static int size_of(const struct btf_view *view, u32 id, u32 *size)
{
	const struct btf_type *type;
	const struct btf_array *array;
	u32 nr = 1;
	int depth;

	for (depth = 0; depth < DEPTH; depth++) {
		type = plain_type(view, id);
		if (!type)
			return -EINVAL;
		switch (BTF_INFO_KIND(type->info)) {
		case BTF_KIND_ARRAY:
			array = (const void *)(type + 1);
			if (check_mul_overflow(nr, array->nelems, &nr))
				return -EINVAL;
			id = array->type;
			break;
		case BTF_KIND_PTR:
			*size = nr * sizeof(void *);
			return 0;
		case BTF_KIND_INT:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FLOAT:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			return check_mul_overflow(nr, type->size, size) ?
				       -EINVAL : 0;
		default:
			return -EINVAL;
		}
	}
	return -EINVAL;
}

static bool is_struct(const struct btf_type *type)
{
	return BTF_INFO_KIND(type->info) == BTF_KIND_STRUCT ||
	       BTF_INFO_KIND(type->info) == BTF_KIND_UNION;
}

static bool same_name(const char *name, const char *wanted, size_t len)
{
	return !strncmp(name, wanted, len) && !name[len];
}

/* A split part's own struct is that of its module, so it comes first */
static const struct btf_type *find_struct(const struct btf_view *view,
					  const char *name, size_t len)
{
	u32 i;

	for (; view; view = view->base) {
		for (i = 0; i < view->nr_types; i++) {
			const struct btf_type *type =
				view->types + view->index[i];

			if (BTF_INFO_KIND(type->info) == BTF_KIND_STRUCT &&
			    same_name(name_at(view, type->name_off), name, len))
				return type;
			if (!(i % 4096))
				cond_resched();
		}
	}
	return NULL;
}

/* Of members without a name, theirs are looked into too */
static const struct btf_member *find_member(const struct btf_view *view,
					    const struct btf_type *type,
					    const char *name, size_t len,
					    u32 *bits, int depth)
{
	const struct btf_member *member = (const void *)(type + 1);
	const struct btf_member *found;
	const struct btf_type *inner;
	u32 nr = BTF_INFO_VLEN(type->info), at;

	if (depth > DEPTH)
		return NULL;
	for (; nr; nr--, member++) {
		const char *its = name_at(view, member->name_off);

		at = member->offset;
		if (BTF_INFO_KFLAG(type->info)) {
			/* A bit field has no address */
			if (BTF_MEMBER_BITFIELD_SIZE(at))
				continue;
			at = BTF_MEMBER_BIT_OFFSET(at);
		}
		if (same_name(its, name, len)) {
			*bits += at;
			return member;
		}
		inner = *its ? NULL : plain_type(view, member->type);
		if (!inner || !is_struct(inner))
			continue;
		found = find_member(view, inner, name, len, bits, depth + 1);
		if (found) {
			*bits += at;
			return found;
		}
	}
	return NULL;
}

/**
 * btf_view_find() - where is a member, and how large is it?
 * @view:   the view
 * @path:   "STRUCT", or "STRUCT.MEMBER", or "STRUCT.MEMBER.MEMBER" and so on
 * @offset: out: of the member in STRUCT, in bytes
 * @size:   out: of the member, in bytes
 *
 * Return: 0, -ENOENT (there is no such struct or member) or -EINVAL (the data
 * contradicts itself).
 */
int btf_view_find(const struct btf_view *view, const char *path, u32 *offset,
		  u32 *size)
{
	size_t len = strcspn(path, ".");
	const struct btf_type *type = find_struct(view, path, len);
	const struct btf_member *member;
	u32 bits = 0;

	if (!type)
		return -ENOENT;
	*offset = 0;
	*size = type->size;
	for (path += len; *path; path += len) {
		path++;
		len = strcspn(path, ".");
		if (!type || !is_struct(type))
			return -ENOENT;
		member = find_member(view, type, path, len, &bits, 0);
		if (!member)
			return -ENOENT;
		if (bits % 8 || size_of(view, member->type, size))
			return -EINVAL;
		type = plain_type(view, member->type);
	}
	*offset = bits / 8;
	return 0;
}
