// SPDX-License-Identifier: GPL-2.0-or-later
/* -object memory-backend-*: what it says. No system call is made here. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine/backend.h"

static const char *const kinds[] = {
	[BACKEND_RAM] = "memory-backend-ram",
	[BACKEND_FILE] = "memory-backend-file",
	[BACKEND_MEMFD] = "memory-backend-memfd",
};

static const char *const policies[] = {
	[BACKEND_POLICY_DEFAULT] = "default",
	[BACKEND_POLICY_PREFERRED] = "preferred",
	[BACKEND_POLICY_BIND] = "bind",
	[BACKEND_POLICY_INTERLEAVE] = "interleave",
};

#define PAGE_SIZE 4096ULL /* of guests */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static int parse_kind(struct keyval *kv, struct backend_options *o,
		      struct slotscope_error *err)
{
	const char *text = keyval_take(kv, "qom-type");
	size_t i;

	if (!text)
		return keyval_missing(kv, "qom-type", err);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(text, kinds[i]))
			continue;
		o->kind = i;
		return 0;
	}
	keyval_bad(kv, "qom-type", text, err);
	return error_why(err, "the kinds of objects are memory-backend-ram, "
			      "memory-backend-file and memory-backend-memfd");
}

/* "1" or "0-3" */
static int parse_nodes(struct keyval *kv, struct backend_options *o,
		       struct slotscope_error *err)
{
	const char *text = keyval_take(kv, "host-nodes");
	unsigned long first, last;
	char *end;

	if (!text)
		return 0;
	first = last = strtoul(text, &end, 10);
	if (isdigit((unsigned char)text[0]) && *end == '-' &&
	    isdigit((unsigned char)end[1]))
		last = strtoul(end + 1, &end, 10);
	if (isdigit((unsigned char)text[0]) && !*end && first <= last &&
	    last < BACKEND_NODES) {
		for (; first <= last; first++)
			o->host_nodes |= 1ULL << first;
		return 0;
	}
	keyval_bad(kv, "host-nodes", text, err);
	return error_why(err,
			 "it is no number of a host's node below %d, "
			 "nor two with '-' between them",
			 BACKEND_NODES);
}

static int parse_policy(struct keyval *kv, struct backend_options *o,
			struct slotscope_error *err)
{
	const char *text = keyval_take(kv, "policy");
	size_t i;
	int ret;

	for (i = 0; text && i < ARRAY_SIZE(policies); i++)
		if (!strcmp(text, policies[i]))
			o->policy = i;
	if (text && strcmp(text, policies[o->policy])) {
		keyval_bad(kv, "policy", text, err);
		return error_why(err, "the policies are default, preferred, "
				      "bind and interleave");
	}
	ret = parse_nodes(kv, o, err);
	if (ret || !o->host_nodes == (o->policy == BACKEND_POLICY_DEFAULT))
		return ret;
	keyval_bad(kv, "policy", policies[o->policy], err);
	return error_why(err, o->host_nodes ?
				      "host-nodes= needs another policy" :
				      "it needs host-nodes=");
}

static int parse_file(struct keyval *kv, struct backend_options *o,
		      struct slotscope_error *err)
{
	const char *path = keyval_take(kv, "mem-path");

	if (!path || !*path)
		return keyval_missing(kv, "mem-path", err);
	if (strlen(path) >= sizeof(o->mem_path)) {
		keyval_bad(kv, "mem-path", path, err);
		return error_why(err, "the path is too long");
	}
	strcpy(o->mem_path, path);
	return 0;
}

static int parse_memfd(struct keyval *kv, struct backend_options *o,
		       struct slotscope_error *err)
{
	int ret = keyval_take_bool(kv, "hugetlb", &o->hugetlb, err);

	if (!ret)
		ret = keyval_take_size(kv, "hugetlbsize", &o->hugetlb_size,
				       err);
	if (ret || !o->hugetlb_size)
		return ret;
	if (!o->hugetlb) {
		keyval_bad(kv, "hugetlbsize", "...", err);
		return error_why(err, "it needs hugetlb=on");
	}
	if (o->hugetlb_size & (o->hugetlb_size - 1)) {
		error_set(err, EINVAL, "use hugetlbsize=%llu of %s",
			  (unsigned long long)o->hugetlb_size, kv->what);
		return error_why(err, "it is no power of 2");
	}
	return 0;
}

static int parse_size_and_id(struct keyval *kv, struct backend_options *o,
			     struct slotscope_error *err)
{
	int ret = keyval_take_id(kv, "id", o->id, sizeof(o->id), err);

	if (!ret && !o->id[0])
		ret = keyval_missing(kv, "id", err);
	if (!ret)
		ret = keyval_take_size(kv, "size", &o->size, err);
	if (ret)
		return ret;
	if (o->size && o->size <= 1ULL << 52) {
		o->size = (o->size + PAGE_SIZE - 1) & -PAGE_SIZE;
		return 0;
	}
	if (o->size) {
		keyval_bad(kv, "size", "...", err);
		return error_why(err, "no x86 CPU can address so much");
	}
	return keyval_missing(kv, "size", err);
}

int backend_parse(struct keyval *kv, struct backend_options *o,
		  struct slotscope_error *err)
{
	int ret;

	*o = (struct backend_options){ .reserve = true };
	ret = parse_kind(kv, o, err);
	if (!ret)
		ret = parse_size_and_id(kv, o, err);
	if (ret)
		return ret;
	/* A memfd has nothing else to offer */
	o->share = o->kind == BACKEND_MEMFD;
	if (o->kind == BACKEND_FILE)
		ret = parse_file(kv, o, err);
	else if (o->kind == BACKEND_MEMFD)
		ret = parse_memfd(kv, o, err);
	if (!ret)
		ret = keyval_take_bool(kv, "share", &o->share, err);
	if (!ret)
		ret = keyval_take_bool(kv, "prealloc", &o->prealloc, err);
	if (!ret)
		ret = keyval_take_bool(kv, "reserve", &o->reserve, err);
	if (!ret)
		ret = parse_policy(kv, o, err);
	return ret ? ret : keyval_done(kv, err);
}
