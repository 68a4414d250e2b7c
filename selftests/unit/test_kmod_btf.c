// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the module thinks that members are, by BTF made here, type for type as the
 * kernel's Documentation/bpf/btf.rst has it. In the lab it sees the kernel's own alone,
 * which is never wrong: what it must not believe is here.
 */
#include <linux/btf.h>

#include "host_make.h"

typedef uint64_t u64;
typedef uint32_t u32;

#define offsetofend(type, member) \
	(offsetof(type, member) + sizeof(((type *)0)->member))
#define cond_resched() ((void)0)

#include "../../kmod/btf.c"

/* BTF as it is made: types and strings apart, until they are put together */
struct made {
	char types[2048];
	u32 types_len;
	char strings[512];
	u32 strings_len;
	u32 strings_before; /* those of the part that this one is split off */
	u32 nr;		    /* of types, with those before */
};

static void begin(struct made *made, const struct made *base)
{
	*made = (struct made){ 0 };
	if (base) {
		made->strings_before = base->strings_len;
		made->nr = base->nr;
	} else {
		made->strings_len = 1;
	}
}

static void put(struct made *made, const void *data, u32 len)
{
	assert_true(made->types_len + len <= sizeof(made->types));
	memcpy(made->types + made->types_len, data, len);
	made->types_len += len;
}

static u32 string(struct made *made, const char *text)
{
	u32 at = made->strings_len, len = strlen(text) + 1;

	if (len == 1)
		return 0;
	assert_true(at + len <= sizeof(made->strings));
	memcpy(made->strings + at, text, len);
	made->strings_len += len;
	return made->strings_before + at;
}

/* Return: its id */
static u32 type(struct made *made, const char *name, u32 kind, u32 nr,
		u32 size_or_type)
{
	struct btf_type new = {
		.name_off = string(made, name),
		.info = kind << 24 | nr,
		.size = size_or_type,
	};

	put(made, &new, sizeof(new));
	return ++made->nr;
}

static u32 integer(struct made *made, const char *name, u32 size)
{
	u32 id = type(made, name, BTF_KIND_INT, 0, size), bits = size * 8;

	put(made, &bits, sizeof(bits));
	return id;
}

static u32 array(struct made *made, u32 of, u32 nr)
{
	struct btf_array behind = { .type = of, .nelems = nr };
	u32 id = type(made, "", BTF_KIND_ARRAY, 0, 0);

	put(made, &behind, sizeof(behind));
	return id;
}

static void member(struct made *made, const char *name, u32 of, u32 bits)
{
	struct btf_member new = { string(made, name), of, bits };

	put(made, &new, sizeof(new));
}

/* Put together, in memory of exactly its size */
static char *finish(const struct made *made, size_t *size)
{
	struct btf_header hdr = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(hdr),
		.type_len = made->types_len,
		.str_off = made->types_len,
		.str_len = made->strings_len,
	};
	char *data;

	*size = sizeof(hdr) + made->types_len + made->strings_len;
	data = malloc(*size);
	memcpy(data, &hdr, sizeof(hdr));
	memcpy(data + sizeof(hdr), made->types, made->types_len);
	memcpy(data + sizeof(hdr) + made->types_len, made->strings,
	       made->strings_len);
	return data;
}

/*
 * struct outer {
 *	int a;				at 0
 *	int flag : 3;			a bit field
 *	myint *pointers[3][2];		at 8
 *	union {				at 56
 *		long b;
 *		struct { int c; int d; };
 *	};
 *	const volatile myint e;		at 64
 *	struct inner arch;		at 72
 * };
 */
static void make_outer(struct made *made)
{
	u32 i, l, alias, pointer, pairs, pointers, pair, both, constant, moved,
		inner;

	begin(made, NULL);
	i = integer(made, "int", 4);
	l = integer(made, "long", 8);
	alias = type(made, "myint", BTF_KIND_TYPEDEF, 0, i);
	pointer = type(made, "", BTF_KIND_PTR, 0, alias);
	pairs = array(made, pointer, 2);
	pointers = array(made, pairs, 3);
	pair = type(made, "", BTF_KIND_STRUCT, 2, 8);
	member(made, "c", i, 0);
	member(made, "d", i, 32);
	both = type(made, "", BTF_KIND_UNION, 2, 8);
	member(made, "b", l, 0);
	member(made, "", pair, 0);
	moved = type(made, "", BTF_KIND_VOLATILE, 0, alias);
	constant = type(made, "", BTF_KIND_CONST, 0, moved);
	inner = type(made, "inner", BTF_KIND_STRUCT, 2, 16);
	member(made, "x", l, 0);
	member(made, "y", i, 64);
	/* A typedef of the same name, and a longer one, come first */
	type(made, "outer", BTF_KIND_TYPEDEF, 0, l);
	type(made, "outermost", BTF_KIND_STRUCT, 0, 7);
	/* BTF_INFO_KFLAG: offsets have the size of bit fields above them */
	type(made, "outer", BTF_KIND_STRUCT, 6 | 1U << 31, 88);
	member(made, "a", i, 0);
	member(made, "flag", i, 3 << 24 | 32);
	member(made, "pointers", pointers, 64);
	member(made, "", both, 56 * 8);
	member(made, "e", constant, 64 * 8);
	member(made, "arch", inner, 72 * 8);
}

static void expect(const struct btf_view *view, const char *path, u32 offset,
		   u32 size)
{
	u32 its_offset = ~0U, its_size = ~0U;

	assert_int_equal(btf_view_find(view, path, &its_offset, &its_size), 0);
	assert_int_equal(its_offset, offset);
	assert_int_equal(its_size, size);
}

static void expect_none(const struct btf_view *view, const char *path,
			int error)
{
	u32 offset, size;

	assert_int_equal(btf_view_find(view, path, &offset, &size), error);
}

static void members_are_found(void **unused)
{
	struct btf_view view;
	struct made made;
	size_t size;
	char *data;

	make_outer(&made);
	data = finish(&made, &size);
	assert_int_equal(btf_view_init(&view, NULL, data, size), 0);
	expect(&view, "outer", 0, 88);
	expect(&view, "outer.a", 0, 4);
	expect(&view, "outer.pointers", 8, 48);
	expect(&view, "outer.b", 56, 8);
	expect(&view, "outer.c", 56, 4);
	expect(&view, "outer.d", 60, 4);
	expect(&view, "outer.e", 64, 4);
	expect(&view, "outer.arch", 72, 16);
	expect(&view, "outer.arch.x", 72, 8);
	expect(&view, "outer.arch.y", 80, 4);
	expect(&view, "outermost", 0, 7);
	expect_none(&view, "out", -ENOENT);
	expect_none(&view, "outer.point", -ENOENT);
	expect_none(&view, "outer.flag", -ENOENT);
	expect_none(&view, "outer.a.b", -ENOENT);
	expect_none(&view, "outer.arch.z", -ENOENT);
	btf_view_deinit(&view);
	free(data);
}

/* A module's BTF goes on where vmlinux's ends, types and names */
static void what_is_split_off(void **unused)
{
	struct btf_view base, view;
	struct made first, made;
	char *first_data, *data;
	size_t size;

	make_outer(&first);
	first_data = finish(&first, &size);
	assert_int_equal(btf_view_init(&base, NULL, first_data, size), 0);
	begin(&made, &first);
	type(&made, "kvm", BTF_KIND_STRUCT, 2, 24);
	/* id 1 is int, of the first part; the last is outer */
	member(&made, "count", 1, 64);
	member(&made, "own", made.nr + 1, 128);
	type(&made, "inner", BTF_KIND_STRUCT, 1, 99);
	member(&made, "z", 1, 0);
	data = finish(&made, &size);
	assert_int_equal(btf_view_init(&view, &base, data, size), 0);
	expect(&view, "kvm", 0, 24);
	expect(&view, "kvm.count", 8, 4);
	expect(&view, "kvm.own.z", 16, 4);
	/* the module's own, and not the one before it */
	expect(&view, "inner", 0, 99);
	expect_none(&view, "inner.x", -ENOENT);
	expect(&view, "outer.arch.x", 72, 8);
	btf_view_deinit(&view);
	btf_view_deinit(&base);
	free(data);
	free(first_data);
}

/* Types that refer to themselves, to nothing, or are too many to be counted */
static void what_cannot_be(void **unused)
{
	struct btf_view view;
	struct made made;
	u32 loop, pair;
	size_t size;
	char *data;

	begin(&made, NULL);
	integer(&made, "int", 4);
	loop = type(&made, "loop", BTF_KIND_TYPEDEF, 0, 2);
	array(&made, 3, 1);
	array(&made, array(&made, 1, 1U << 31), 2);
	pair = made.nr;
	type(&made, "all", BTF_KIND_STRUCT, 8, 8);
	member(&made, "typedef", loop, 0);
	member(&made, "array", 3, 0);
	member(&made, "huge", pair, 0);
	member(&made, "beyond", 1000, 0);
	member(&made, "void", 0, 0);
	member(&made, "bit", 1, 3);
	member(&made, "", made.nr, 8);
	member(&made, "last", 1, 16);
	data = finish(&made, &size);
	assert_int_equal(btf_view_init(&view, NULL, data, size), 0);
	expect_none(&view, "all.typedef", -EINVAL);
	expect_none(&view, "all.array", -EINVAL);
	expect_none(&view, "all.huge", -EINVAL);
	expect_none(&view, "all.beyond", -EINVAL);
	expect_none(&view, "all.void", -EINVAL);
	expect_none(&view, "all.bit", -EINVAL);
	expect_none(&view, "all.none", -ENOENT);
	btf_view_deinit(&view);
	free(data);
}

static int init_with(char *data, size_t size,
		     void (*change)(struct btf_header *))
{
	struct btf_view view;
	char *copy = malloc(size);
	int ret;

	memcpy(copy, data, size);
	change((struct btf_header *)copy);
	ret = btf_view_init(&view, NULL, copy, size);
	if (!ret)
		btf_view_deinit(&view);
	free(copy);
	return ret;
}

static void nothing(struct btf_header *hdr)
{
}

static void other_magic(struct btf_header *hdr)
{
	hdr->magic = 0x9feb;
}

static void other_version(struct btf_header *hdr)
{
	hdr->version++;
}

static void short_header(struct btf_header *hdr)
{
	hdr->hdr_len -= 4;
	hdr->type_off += 4;
	hdr->str_off += 4;
}

static void long_header(struct btf_header *hdr)
{
	hdr->hdr_len = 1 << 30;
}

static void types_beyond(struct btf_header *hdr)
{
	hdr->type_off = -4U;
}

static void types_too_long(struct btf_header *hdr)
{
	hdr->type_len = hdr->str_off + hdr->str_len + 4;
}

static void types_overlong(struct btf_header *hdr)
{
	hdr->type_off = 8;
	hdr->type_len = -4U;
}

static void strings_beyond(struct btf_header *hdr)
{
	hdr->str_off = -1U;
}

static void strings_too_long(struct btf_header *hdr)
{
	hdr->str_len++;
}

static void strings_that_do_not_end(struct btf_header *hdr)
{
	hdr->str_len--;
}

static void types_not_aligned(struct btf_header *hdr)
{
	hdr->type_off = 2;
}

static void type_cut_off(struct btf_header *hdr)
{
	hdr->type_len -= 4;
}

static void half_a_type_more(struct btf_header *hdr)
{
	hdr->type_len += 4;
}

static void unknown_kind(struct btf_header *hdr)
{
	((struct btf_type *)(hdr + 1))->info = 31U << 24;
}

static void headers_are_not_believed(void **unused)
{
	static void (*const wrong[])(struct btf_header * hdr) = {
		other_magic,	   other_version,
		short_header,	   long_header,
		types_beyond,	   types_too_long,
		types_overlong,	   strings_beyond,
		strings_too_long,  strings_that_do_not_end,
		types_not_aligned, type_cut_off,
		half_a_type_more,
	};
	struct made made;
	size_t size, i;
	char *data;

	make_outer(&made);
	data = finish(&made, &size);
	assert_int_equal(init_with(data, size, nothing), 0);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(init_with(data, size, wrong[i]), -EINVAL);
	assert_int_equal(init_with(data, size, unknown_kind), -EOPNOTSUPP);
	free(data);
}

static void look_at(const char *data, size_t size)
{
	static const char *const paths[] = { "outer",	     "outer.pointers",
					     "outer.d",	     "outer.e",
					     "outer.arch.y", "inner.none" };
	struct btf_view view;
	u32 offset, bytes;
	size_t i;

	/* Malloc'ed, and so aligned as vmalloc'ed data is */
	if (btf_view_init(&view, NULL, data, size))
		return;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		btf_view_find(&view, paths[i], &offset, &bytes);
	btf_view_deinit(&view);
}

/* Whatever it says, nothing beyond its end is read, and it comes to an end */
static void anything_else(void **unused)
{
	struct made made;
	size_t size;
	char *data;

	make_outer(&made);
	data = finish(&made, &size);
	hostile(data, size, look_at);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_found),
		cmocka_unit_test(what_is_split_off),
		cmocka_unit_test(what_cannot_be),
		cmocka_unit_test(headers_are_not_believed),
		cmocka_unit_test(anything_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
