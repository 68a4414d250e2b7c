// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where each region stands, what of it is seen, and why not the rest. The oracle is the
 * model's own flat view, which is another program's (QEMU's) for the fixtures' trees.
 */
#include <errno.h>

#include <slotscope/mtree.h>

#include "memory_make.h"
#include "mtree_fixture.h"
#include "memory/places.h"

/* "first-last seen; first-last why by; ..." of the first place of that region */
static const char *told(const struct places *places, const char *name)
{
	static char text[1024];
	const struct place_piece *piece;
	const struct place *place = NULL;
	size_t len = 0;

	for (size_t i = 0; i < places->nr && !place; i++)
		if (!strcmp(memory_region_info(places->list[i].region)->name,
			    name))
			place = &places->list[i];
	assert_non_null(place);
	text[0] = '\0';
	if (place->off)
		return "off";
	if (place->empty)
		return "empty";
	for (size_t i = 0; i < place->nr_pieces; i++) {
		piece = &places->pieces[place->pieces + i];
		len += snprintf(text + len, sizeof(text) - len,
				"%s%llx-%llx %s%s%s", i ? "; " : "",
				(unsigned long long)piece->first,
				(unsigned long long)piece->last,
				place_why_name(piece->why),
				piece->by == PLACE_NONE ? "" : " ",
				piece->by == PLACE_NONE ?
					"" :
					memory_region_info(
						places->list[piece->by].region)
						->name);
	}
	return text;
}

static const struct place *place_of(const struct places *places,
				    const char *name)
{
	for (size_t i = 0; i < places->nr; i++)
		if (!strcmp(memory_region_info(places->list[i].region)->name,
			    name))
			return &places->list[i];
	fail_msg("no place of %s", name);
	return NULL;
}

static int by_first(const void *a, const void *b)
{
	const struct place_piece *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* What is seen of all places is the flat view: region, place, offset */
static void assert_is_flat_view(const struct places *places,
				struct address_space *as)
{
	const struct flat_view *view = address_space_get_flat_view(as);
	struct place_piece *seen = calloc(places->nr_pieces + 1, sizeof(*seen));
	const struct flat_range *range;
	const struct place_piece *piece;
	const struct place *place;
	size_t nr = 0, at = 0;
	uint64_t next;

	for (size_t i = 0; i < places->nr; i++) {
		place = &places->list[i];
		for (size_t p = 0; p < place->nr_pieces; p++) {
			piece = &places->pieces[place->pieces + p];
			/* the pieces tile the place */
			assert_true(piece->first ==
				    (p ? piece[-1].last + 1 : place->first));
			assert_true(piece->last >= piece->first);
			assert_true((piece->by == PLACE_NONE) ==
				    (piece->why == PLACE_SEEN));
			if (p + 1 == place->nr_pieces)
				assert_true(piece->last == place->last);
			if (piece->why != PLACE_SEEN)
				continue;
			seen[nr] = *piece;
			seen[nr++].by = i;
		}
	}
	qsort(seen, nr, sizeof(*seen), by_first);
	flat_view_for_each(range, view) {
		/* one region may be seen through several aliases in a row */
		for (next = range->addr; next - range->addr < range->size;
		     next = seen[at++].last + 1) {
			assert_true(at < nr);
			place = &places->list[seen[at].by];
			assert_true(seen[at].first == next);
			assert_ptr_equal(place->region, range->region);
			assert_true(next - place->first + place->offset ==
				    range->offset_in_region +
					    (next - range->addr));
			if (seen[at].last == UINT64_MAX)
				break;
		}
	}
	assert_true(at + (nr && seen[nr - 1].last == UINT64_MAX) >= nr);
	free(seen);
	flat_view_unref(view);
}

static void check_tree(const char *dir, const char *file)
{
	struct mtree_tree tree;
	struct memory_model *model;
	struct address_space *as;
	struct places places;
	size_t len, nr = 0;
	char path[256], *text;

	snprintf(path, sizeof(path), "selftests/fixtures/%s/%s", dir, file);
	text = read_file(path, &len);
	assert_non_null(text);
	MUST(mtree_tree_parse(text, len, &tree, &error));
	MUST(mtree_build(&tree, MTREE_REFUSE_MISSING, NULL, &model, &error));
	for (as = address_space_first(model); as; as = address_space_next(as)) {
		MUST(places_find(address_space_root(as), &places, &error));
		assert_is_flat_view(&places, as);
		nr += places.nr;
		places_deinit(&places);
	}
	assert_true(nr > 100);
	memory_model_destroy(model);
	mtree_tree_deinit(&tree);
	free(text);
}

static void what_is_seen_is_qemus_flat_view(void **unused)
{
	check_tree("mtree/q35-kvm-smm", "mtree-Do.txt");
	check_tree("pc/pc-nodefaults", "mtree-Do.txt");
}

static struct places find(struct memory_region *root)
{
	struct places places;

	MUST(places_find(root, &places, &error));
	return places;
}

static void why_it_is_hidden(void **unused)
{
	struct memory_model *model = make_model();
	struct memory_region *root = make_container(model, "root", 0x100000);
	struct memory_region *ram = make_ram(model, "ram", 0x8000, 0);
	struct memory_region *over = make_io(model, "over", 0x1000);
	struct memory_region *old = make_io(model, "old", 0x2000);
	struct memory_region *new = make_io(model, "new", 0x1000);
	struct memory_region *beside = make_io(model, "beside", 0x1000);
	struct memory_region *in = make_io(model, "in", 0x1000);
	struct memory_region *deep = make_io(model, "deep", 0x800);
	struct memory_region *off = make_io(model, "off", 0x1000);
	struct address_space *as = make_as(model, "as", root);
	struct places places;

	map(root, 0, 0, ram);
	map(root, 0x2000, 1, over);
	map(root, 0x3000, 1, beside);
	map(root, 0x10000, 0, old);
	map(root, 0x10000, 0, new);
	map(old, 0x1000, 0, in);
	map(in, 0, 0, deep);
	map(root, 0x4000, 5, off);
	MUST(memory_region_set_enabled(off, false, &error));
	places = find(root);
	assert_string_equal(told(&places, "ram"),
			    "0-1fff seen; 2000-2fff priority over; "
			    "3000-3fff priority beside; 4000-7fff seen");
	assert_string_equal(told(&places, "over"), "2000-2fff seen");
	assert_string_equal(told(&places, "old"),
			    "10000-10fff newer new; 11000-11fff subregion in");
	/* Of "old" it is all one, whatever is in what is in it */
	assert_string_equal(told(&places, "in"),
			    "11000-117ff subregion deep; 11800-11fff seen");
	assert_true(place_of(&places, "in")->order <
		    place_of(&places, "old")->order);
	assert_string_equal(told(&places, "off"), "off");
	assert_is_flat_view(&places, as);
	places_deinit(&places);
	memory_model_destroy(model);
}

/* What an alias does not show, and what its container has no room for */
static void what_is_cut_off(void **unused)
{
	struct memory_model *model = make_model();
	struct memory_region *root = make_container(model, "root", 0x10000);
	struct memory_region *ram = make_ram(model, "ram", 0x8000, 0);
	struct memory_region *alias =
		make_alias("alias", model, ram, 0x2000, 0x1000);
	struct memory_region *long_one = make_io(model, "long", 0x8000);
	struct memory_region *gone = make_io(model, "gone", 0x1000);
	struct memory_region *off = make_alias("off", model, ram, 0, 0x1000);
	struct address_space *as = make_as(model, "as", root);
	const struct place *place;
	struct places places;

	map(root, 0x1000, 0, alias);
	map(root, 0xc000, 0, long_one);
	map(root, 0x20000, 0, gone);
	map(root, 0x3000, 0, off);
	MUST(memory_region_set_enabled(off, false, &error));
	places = find(root);
	/* What is disabled shows nothing */
	assert_false(
		places.list[place_of(&places, "off") - places.list + 1].shown);
	place = place_of(&places, "ram");
	assert_true(place->shown);
	assert_true(place->first == 0x1000 && place->last == 0x1fff);
	assert_true(place->offset == 0x2000);
	assert_true(place->before == 0x2000 && place->behind == 0x5000);
	assert_string_equal(told(&places, "ram"), "1000-1fff seen");
	place = place_of(&places, "long");
	assert_true(!place->before && place->behind == 0x4000);
	assert_true(place->last == 0xffff);
	assert_string_equal(told(&places, "gone"), "empty");
	assert_true(place_of(&places, "gone")->before == 0x1000);
	assert_is_flat_view(&places, as);
	places_deinit(&places);
	memory_model_destroy(model);
}

/* Whose priority counts is not that of the two regions, but of what they are in */
static void priorities_of_containers_count(void **unused)
{
	struct memory_model *model = make_model();
	struct memory_region *root = make_container(model, "root", 0x10000);
	struct memory_region *front = make_container(model, "front", 0x10000);
	struct memory_region *behind = make_container(model, "behind", 0x10000);
	struct memory_region *low = make_io(model, "low", 0x1000);
	struct memory_region *high = make_io(model, "high", 0x1000);
	struct places places;

	make_as(model, "as", root);
	map(root, 0, 1, front);
	map(root, 0, 0, behind);
	map(front, 0, -5, low);
	map(behind, 0, 7, high);
	places = find(root);
	assert_string_equal(told(&places, "low"), "0-fff seen");
	assert_string_equal(told(&places, "high"), "0-fff priority front");
	places_deinit(&places);
	memory_model_destroy(model);
}

static void all_addresses(void **unused)
{
	struct memory_model *model = make_model();
	struct memory_region *root = make_io(model, "root", MEMORY_SIZE_2_64);
	struct memory_region *top = make_io(model, "top", 0x1000);
	struct places places;

	make_as(model, "as", root);
	map(root, UINT64_MAX - 0xfff, 0, top);
	places = find(root);
	assert_string_equal(told(&places, "root"),
			    "0-ffffffffffffefff seen; "
			    "fffffffffffff000-ffffffffffffffff subregion top");
	places_deinit(&places);
	memory_model_destroy(model);
}

/* Each level shows the one beneath twice */
static void more_than_can_be_listed(void **unused)
{
	struct memory_model *model = make_model();
	struct memory_region *below = make_ram(model, "ram", 0x1000, 0);
	struct memory_region *level;
	struct places places;

	for (int i = 0; i < 17; i++) {
		level = make_container(model, "level", 0x1000);
		map(level, 0, 1, make_alias("one", model, below, 0, 0x1000));
		map(level, 0, 0, make_alias("two", model, below, 0, 0x1000));
		below = level;
	}
	REFUSED(E2BIG, places_find(below, &places, &error));
	assert_non_null(strstr(error.why, "aliases"));
	places_deinit(&places);
	memory_model_destroy(model);
}

static void deeper_than_the_model_goes(void **unused)
{
	struct memory_model *model = make_model();
	struct memory_region *below = make_ram(model, "ram", 0x1000, 0);
	struct memory_region *level;
	struct places places;

	for (int i = 0; i < 1001; i++) {
		level = make_container(model, "level", 0x1000);
		map(level, 0, 0, below);
		below = level;
	}
	REFUSED(ELOOP, places_find(below, &places, &error));
	places_deinit(&places);
	memory_model_destroy(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_seen_is_qemus_flat_view),
		cmocka_unit_test(why_it_is_hidden),
		cmocka_unit_test(what_is_cut_off),
		cmocka_unit_test(priorities_of_containers_count),
		cmocka_unit_test(all_addresses),
		cmocka_unit_test(more_than_can_be_listed),
		cmocka_unit_test(deeper_than_the_model_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
