// SPDX-License-Identifier: GPL-2.0-or-later
/* Flat views of info mtree: differences for people, all as JSON. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"
#include "base/plural.h"
#include "render/document.h"
#include "render/mtree.h"
#include "render/side_by_side.h"
#include "render/text.h"
#include "render/tree_json.h"
#include "view/json.h"

static int compare_names(const void *a, const void *b)
{
	const struct mtree_flatview_as *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The order of address spaces does not count, and must not look as if it did */
static void print_sorted(FILE *out, const struct mtree_flatview *view,
			 bool owned)
{
	struct mtree_flatview sorted = *view;

	sorted.as = calloc(view->nr_as + 1, sizeof(*sorted.as));
	if (!sorted.as) {
		mtree_flatview_print(out, view, owned);
		return;
	}
	if (view->nr_as)
		memcpy(sorted.as, view->as, view->nr_as * sizeof(*view->as));
	qsort(sorted.as, view->nr_as, sizeof(*sorted.as), compare_names);
	mtree_flatview_print(out, &sorted, owned);
	free(sorted.as);
}

/* NULL if memory ran out; "" for no view */
static char *print(const struct mtree_flatview *view, bool owned)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	if (view)
		print_sorted(f, view, owned);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

static void print_names(FILE *out, const struct mtree_flatview *view)
{
	char name[64];
	size_t i;

	for (i = 0; i < view->nr_as; i++) {
		text_clean(name, sizeof(name), sizeof(name) - 1,
			   view->as[i].name);
		fprintf(out, "%s %s", i ? "," : "", name);
	}
}

static int print_difference(FILE *out, const struct mtree_difference *d,
			    bool owned)
{
	char *ours = print(d->a, owned), *theirs = print(d->b, owned);
	const struct side_by_side texts = {
		.left = ours,
		.right = theirs,
		.left_title = "ours",
		.right_title = "QEMU's",
		.differing = true,
	};
	int ret = -ENOMEM;

	fputs("the view of", out);
	print_names(out, d->a);
	fputs(": differs\n", out);
	if (ours && theirs)
		ret = render_side_by_side(out, &texts);
	free(theirs);
	free(ours);
	return ret;
}

static void print_alone(FILE *out, const struct mtree_difference *d)
{
	const struct mtree_flatview *view = d->a ? d->a : d->b;

	fputs("not compared: the view of", out);
	if (view->nr_as)
		print_names(out, view);
	else
		fprintf(out, " %s", view->root ? "a root" : "what has no head");
	fprintf(out, ", which only %s has\n",
		d->a ? "the tree" : "the text of info mtree -f");
}

int render_mtree_comparison(FILE *out, const struct mtree_result *result)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < result->nr && !ret; i++)
		ret = print_difference(out, &result->differences[i],
				       result->owned);
	if (!result->nr_compared)
		fputs("no view that both have\n", out);
	else if (!result->nr)
		fprintf(out, "%zu flat view%s, all equal\n",
			result->nr_compared, plural(result->nr_compared));
	for (; i < result->nr + result->nr_alone; i++)
		print_alone(out, &result->differences[i]);
	return ret;
}

static struct json_object *as_json(const struct mtree_flatview_as *as)
{
	struct json_object *obj = json_object_new_object();
	int ret = obj ? 0 : -1;

	ret |= json_put_str(obj, "name", as->name);
	ret |= json_put_str(obj, "root", as->root);
	ret |= json_put_str(obj, "alias", as->alias);
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}

static struct json_object *range_json(const struct mtree_range *range,
				      bool owned)
{
	struct json_object *obj = json_object_new_object();
	int ret = obj ? 0 : -1;

	ret |= json_put_hex(obj, "first", range->first);
	ret |= json_put_hex(obj, "last", range->last);
	ret |= json_put_s64(obj, "priority", range->priority);
	ret |= json_put_str(obj, "kind", mtree_kind_name(range->kind));
	ret |= json_put_bool(obj, "nonvolatile", range->nonvolatile);
	ret |= json_put_str(obj, "name", range->name);
	ret |= json_put_hex(obj, "offset", range->offset);
	if (owned) {
		ret |= json_put_str(obj, "owner", range->owner);
		ret |= json_put_str(obj, "parent", range->parent);
	}
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}

static struct json_object *view_json(const struct mtree_flatview *view,
				     bool owned)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *spaces = json_object_new_array();
	struct json_object *ranges = json_object_new_array();
	int ret = obj && spaces && ranges ? 0 : -1;
	size_t i;

	for (i = 0; i < view->nr_as && !ret; i++)
		ret = json_add(spaces, as_json(&view->as[i]));
	for (i = 0; i < view->nr_ranges && !ret; i++)
		ret = json_add(ranges, range_json(&view->ranges[i], owned));
	if (ret) {
		json_object_put(ranges);
		json_object_put(spaces);
		json_object_put(obj);
		return NULL;
	}
	ret |= json_put(obj, "address_spaces", spaces);
	ret |= json_put_str(obj, "root", view->root);
	ret |= json_put(obj, "ranges", ranges);
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}

static struct json_object *views_json(const struct mtree_flatviews *views,
				      bool owned)
{
	struct json_object *list = json_object_new_array();
	int ret = list ? 0 : -1;
	size_t i;

	for (i = 0; i < views->nr && !ret; i++)
		ret = json_add(list, view_json(&views->views[i], owned));
	if (!ret)
		return list;
	json_object_put(list);
	return NULL;
}

static int put_side(struct json_object *obj, const char *member,
		    const struct mtree_flatview *view, bool owned)
{
	if (!view)
		return json_put_null(obj, member);
	return json_put(obj, member, view_json(view, owned));
}

static struct json_object *differences_json(const struct mtree_result *result,
					    size_t first, size_t nr)
{
	struct json_object *list = json_object_new_array(), *obj;
	int ret = list ? 0 : -1;
	size_t i;

	for (i = first; i < first + nr && !ret; i++) {
		const struct mtree_difference *d = &result->differences[i];

		obj = json_object_new_object();
		if (!obj || put_side(obj, "ours", d->a, result->owned) ||
		    put_side(obj, "theirs", d->b, result->owned)) {
			json_object_put(obj);
			obj = NULL;
		}
		ret = json_add(list, obj);
	}
	if (!ret)
		return list;
	json_object_put(list);
	return NULL;
}

static struct json_object *notes_json(const char *notes)
{
	struct json_object *list = json_object_new_array();
	int ret = list ? 0 : -1;
	size_t len;

	for (; notes && *notes && !ret; notes += len + !!notes[len]) {
		len = strcspn(notes, "\n");
		ret = json_add(list,
			       json_object_new_string_len(notes, (int)len));
	}
	if (!ret)
		return list;
	json_object_put(list);
	return NULL;
}

int render_mtree_json(FILE *out, const struct mtree_result *result)
{
	struct json_object *root = json_object_new_object();
	int ret = root ? 0 : -1;

	ret |= json_put_u64(root, "version", SLOTSCOPE_JSON_VERSION);
	if (result->theirs) {
		ret |= json_put_bool(root, "equal",
				     result->nr_compared && !result->nr);
		ret |= json_put_u64(root, "nr_compared", result->nr_compared);
		ret |= json_put_u64(root, "nr_ours", result->ours->nr);
		ret |= json_put_u64(root, "nr_theirs", result->theirs->nr);
		ret |= json_put(root, "differences",
				differences_json(result, 0, result->nr));
		ret |= json_put(root, "not_compared",
				differences_json(result, result->nr,
						 result->nr_alone));
	} else {
		ret |= json_put(root, "flat_views",
				views_json(result->ours, result->owned));
	}
	ret |= json_put(root, "tree", model_tree_to_json(&result->tree));
	ret |= json_put(root, "assumed", notes_json(result->notes));
	if (ret) {
		json_object_put(root);
		root = NULL;
	}
	return render_document(out, root);
}
