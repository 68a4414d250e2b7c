// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdlib.h>

#include "base/json_value.h"
#include "base/size_text.h"
#include "qemu/slot_pages.h"
#include "render/forecast.h"
#include "render/text.h"

/* Of the hosts that there are: x86, arm64 with each of its three */
static const uint64_t page_sizes[] = { 4 << 10, 16 << 10, 64 << 10 };
#define NR_SIZES (sizeof(page_sizes) / sizeof(page_sizes[0]))

static const char *rights_of(enum range_slot what)
{
	switch (what) {
	case RANGE_SLOT:
		return "rw";
	case RANGE_SLOT_READONLY:
		return "ro";
	case RANGE_SLOT_EITHER:
		return "rw or ro, which the text does not tell";
	case RANGE_NO_SLOT:
		return "no memory";
	default:
		return "memory or registers, which the text does not tell";
	}
}

static void say_pages(FILE *line, const struct mtree_range *range,
		      uint64_t page_size)
{
	uint64_t first, last;

	fprintf(line, "%s: ", SIZE_IN_TEXT(page_size));
	switch (slot_pages(range, page_size, &first, &last)) {
	case SLOT_PAGES_EXACT:
		fputs("the whole range", line);
		return;
	case SLOT_PAGES_SMALLER:
		fprintf(line, "%" PRIx64 "-%" PRIx64, first, last);
		return;
	case SLOT_PAGES_ASKEW:
		fputs("refused, as guest and host address differ within the "
		      "page",
		      line);
		return;
	default:
		fputs("none", line);
	}
}

static void say_one(FILE *out, const struct slot_forecast *one,
		    uint64_t page_size)
{
	const struct mtree_range *range = one->range;
	bool contradicts;
	char *text = NULL;
	size_t len;
	FILE *line = open_memstream(&text, &len);

	if (!line)
		return;
	if (one->as_id)
		fprintf(line, "address space %u: ", one->as_id);
	fprintf(line, "%" PRIx64 "-%" PRIx64 " %s", range->first, range->last,
		range->name);
	if (range->offset)
		fprintf(line, "+%" PRIx64, range->offset);
	fprintf(line, " (%s), %s\n", mtree_kind_name(range->kind),
		rights_of(one->what));
	for (size_t i = 0; i < NR_SIZES && one->what != RANGE_NO_SLOT; i++) {
		fputs(i ? "; " : "", line);
		say_pages(line, range, page_sizes[i]);
	}
	if (one->what != RANGE_NO_SLOT)
		fputc('\n', line);
	fputs(slot_mark(range, one->what, page_size, &contradicts), line);
	if (!fclose(line))
		text_wrap(out, "  ", 6, text);
	free(text);
}

void render_forecast(FILE *out, const struct slot_forecast *list, size_t nr,
		     uint64_t page_size)
{
	if (!nr)
		return;
	text_wrap(out, "", 0,
		  "slots that a QEMU makes of this flat view, by the page size "
		  "of the host; the mark \"KVM\" is QEMU's own slot table:");
	for (size_t i = 0; i < nr; i++)
		say_one(out, &list[i], page_size);
	fputc('\n', out);
}

static struct json_object *pages_to_json(const struct mtree_range *range,
					 uint64_t page_size)
{
	struct json_object *obj = json_object_new_object();
	uint64_t first = 0, last = 0;
	enum slot_pages pages = slot_pages(range, page_size, &first, &last);
	bool slot = pages == SLOT_PAGES_EXACT || pages == SLOT_PAGES_SMALLER;
	int ret = obj ? 0 : -1;

	ret |= json_put_u64(obj, "page_size", page_size);
	ret |= slot ? json_put_hex(obj, "gpa", first) :
		      json_put_null(obj, "gpa");
	ret |= slot ? json_put_hex(obj, "size", last - first + 1) :
		      json_put_null(obj, "size");
	ret |= json_put_bool(obj, "refused", pages == SLOT_PAGES_ASKEW);
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}

static struct json_object *one_to_json(const struct slot_forecast *one,
				       uint64_t page_size)
{
	const struct mtree_range *range = one->range;
	struct json_object *obj = json_object_new_object();
	struct json_object *slots = json_object_new_array();
	bool contradicts;
	const char *why = slot_mark(range, one->what, page_size, &contradicts);
	int ret = obj && slots ? 0 : -1;

	for (size_t i = 0; i < NR_SIZES && one->what != RANGE_NO_SLOT && !ret;
	     i++)
		ret = json_add(slots, pages_to_json(range, page_sizes[i]));
	if (ret) {
		json_object_put(slots);
		json_object_put(obj);
		return NULL;
	}
	ret |= json_put_u64(obj, "as_id", one->as_id);
	ret |= json_put_hex(obj, "first", range->first);
	ret |= json_put_hex(obj, "last", range->last);
	ret |= json_put_str(obj, "name", range->name);
	ret |= json_put_hex(obj, "offset", range->offset);
	ret |= json_put_str(obj, "kind", mtree_kind_name(range->kind));
	ret |= json_put_str(obj, "what", rights_of(one->what));
	ret |= json_put_bool(obj, "marked", range->kvm);
	ret |= json_put_str(obj, "mark_why", why);
	ret |= json_put_bool(obj, "contradicts", contradicts);
	ret |= json_put(obj, "slots", slots);
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}

struct json_object *forecast_to_json(const struct slot_forecast *list,
				     size_t nr, uint64_t page_size)
{
	struct json_object *array = json_object_new_array();
	int ret = array ? 0 : -1;

	for (size_t i = 0; i < nr && !ret; i++)
		ret = json_add(array, one_to_json(&list[i], page_size));
	if (!ret)
		return array;
	json_object_put(array);
	return NULL;
}
