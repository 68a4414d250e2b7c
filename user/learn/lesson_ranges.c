// SPDX-License-Identifier: GPL-2.0-or-later
/* Lessons 3, 4 and 5: what follows from a machine's regions. */
#include <stdio.h>
#include <string.h>

#include "learn/lesson.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static void hole_scene(struct scene *s)
{
	size_t ram = scene_region(s, SCENE_RAM, "pc.ram", 3584 * MIB);
	size_t low = scene_alias(s, "ram-below-4g", ram, 0, 3 * GIB);
	size_t high = scene_alias(s, "ram-above-4g", ram, 3 * GIB, 512 * MIB);

	scene_map(s, 0, 0, low, 0);
	scene_map(s, 0, 4 * GIB, high, 0);
	s->asked = s->nr_steps;
}

static void priority_scene(struct scene *s)
{
	size_t ram = scene_region(s, SCENE_RAM, "ram", 0x10000);
	size_t bios = scene_region(s, SCENE_ROM, "bios", 0x4000);
	size_t apic = scene_region(s, SCENE_IO, "apic", 0x1000);
	size_t pci = scene_region(s, SCENE_CONTAINER, "pci", 0x8000);
	size_t vga = scene_region(s, SCENE_IO, "vga", 0x2000);
	size_t optrom = scene_region(s, SCENE_ROM, "optrom", 0x2000);

	scene_map(s, 0, 0, ram, 0);
	scene_map(s, 0, 0xe000, bios, 0);
	scene_map(s, 0, 0x9000, apic, 0);
	scene_map(s, 0, 0x6000, pci, 1);
	scene_map(s, pci, 0x1000, vga, 0);
	scene_map(s, pci, 0x2000, optrom, 5);
	s->asked = s->nr_steps;
}

static void pam_scene(struct scene *s)
{
	size_t ram = scene_region(s, SCENE_RAM, "pc.ram", 128 * MIB);
	size_t low = scene_alias(s, "ram-below-4g", ram, 0, 128 * MIB);
	size_t pci = scene_region(s, SCENE_CONTAINER, "pci", 0);
	size_t rom = scene_region(s, SCENE_ROM, "pc.rom", 0x20000);
	size_t bios = scene_region(s, SCENE_ROM, "pc.bios", 0x40000);
	size_t isa = scene_alias(s, "isa-bios", bios, 0x20000, 0x20000);
	size_t pam_c = scene_alias(s, "pam-pci-c", pci, 0xc0000, 0x20000);
	size_t pam_e = scene_alias(s, "pam-pci-e", pci, 0xe0000, 0x10000);
	size_t pam_f = scene_alias(s, "pam-pci-f", pci, 0xf0000, 0x10000);
	size_t ram_f = scene_alias(s, "pam-ram-f", ram, 0xf0000, 0x10000);

	scene_map(s, 0, 0, low, 0);
	scene_map(s, 0, 0, pci, -1);
	scene_map(s, pci, 0xc0000, rom, 1);
	scene_map(s, pci, 0xe0000, isa, 1);
	scene_map(s, 0, 0xc0000, pam_c, 1);
	scene_map(s, 0, 0xe0000, pam_e, 1);
	scene_map(s, 0, 0xf0000, pam_f, 1);
	scene_step(s, SCENE_HIDE, ram_f, 0);
	scene_map(s, 0, 0xf0000, ram_f, 1);
	s->asked = s->nr_steps;
	scene_step(s, SCENE_HIDE, pam_f, 0);
	scene_step(s, SCENE_SHOW, ram_f, 0);
}

bool learn_scene(unsigned int lesson, struct scene *out)
{
	memset(out, 0, sizeof(*out));
	scene_region(out, SCENE_CONTAINER, "system", 0);
	switch (lesson) {
	case 3:
		hole_scene(out);
		return true;
	case 4:
		priority_scene(out);
		return true;
	case 5:
		pam_scene(out);
		return true;
	default:
		return false;
	}
}

static const struct scene_region *region_named(const struct scene *scene,
					       const char *name, size_t *place)
{
	for (size_t i = 0; i < scene->nr_regions; i++) {
		if (strcasecmp(scene->regions[i].name, name) != 0)
			continue;
		*place = i;
		return &scene->regions[i];
	}
	return NULL;
}

/* Does each range name a region that can be seen? */
static bool names_are_sound(const struct scene *scene,
			    const struct ranges *given, struct learn_word *out)
{
	for (size_t i = 0; i < given->nr; i++) {
		const struct range *range = &given->items[i];
		const struct scene_region *region;
		size_t place;

		if (!range->name[0] && range->deed == RANGE_DELETED)
			continue;
		if (!range->name[0]) {
			learn_say(
				out, LEARN_CANNOT,
				"what is at 0x%llx? Say which region, and its "
				"offset: FIRST-LAST NAME+OFFSET",
				(unsigned long long)range->first);
			return false;
		}
		region = region_named(scene, range->name, &place);
		if (!region)
			learn_say(out, LEARN_WRONG, "no region is called %s",
				  range->name);
		else if (region->kind == SCENE_ALIAS)
			learn_say(
				out, LEARN_WRONG,
				"%s is an alias, which shows nothing of its own: "
				"name the region that it shows",
				range->name);
		else if (region->kind == SCENE_CONTAINER)
			learn_say(
				out, LEARN_WRONG,
				"%s is a container, which shows nothing of its own "
				"(rule 3 of lesson 4): what is in it, or below it?",
				range->name);
		else
			continue;
		return false;
	}
	return true;
}

static const struct scene_step *mapped(const struct scene *scene, size_t region)
{
	for (size_t i = 0; i < scene->nr_steps; i++)
		if (scene->steps[i].kind == SCENE_MAP &&
		    scene->steps[i].region == region)
			return &scene->steps[i];
	return NULL;
}

/* Which rule of lesson 4 says who is seen, of two that lie there */
static const char *rule_broken(const struct scene *scene, const char *said,
			       const char *seen)
{
	const struct scene_step *a, *b;
	size_t place;

	a = region_named(scene, said, &place) ? mapped(scene, place) : NULL;
	b = region_named(scene, seen, &place) ? mapped(scene, place) : NULL;
	if (!a || !b || a->container != b->container)
		return "Rule 1: a priority counts among siblings alone; that of a "
		       "container stands for all in it.";
	if (a->priority != b->priority)
		return "Rule 1: which of two siblings has the higher priority?";
	return "Rule 2: of equals, which was mapped last?";
}

static const char *view_hint(const struct scene *scene,
			     const struct ranges_difference *d)
{
	switch (d->differ) {
	case RANGES_WHAT:
		return rule_broken(scene, d->given->name, d->wanted->name);
	case RANGES_OFFSET:
		return "Rule 4: a part keeps its offset: how far from the region's "
		       "begin is this address?";
	case RANGES_CUT:
		return "Rule 5.";
	case RANGES_ENDS:
		return d->given->last > d->wanted->last ?
			       "Something else is seen before that end: rules 1 and 2." :
			       "What do you think is above it from there on? Rules 1 "
			       "to 3.";
	default:
		return "Go from 0 upwards and ask at each edge of a region who is seen "
		       "from there on.";
	}
}

/* What to think of, by what is wrong first */
static const char *hint(unsigned int lesson, const struct scene *scene,
			const struct ranges_difference *difference)
{
	if (lesson == 4)
		return view_hint(scene, difference);
	if (difference->differ == RANGES_OFFSET)
		return "The offset is that of the address from where the region, or "
		       "the alias that shows it, is mapped, and what the alias begins "
		       "at added.";
	if (lesson == 3)
		return "With 3.5 GiB or more QEMU's pc puts 3 GiB below the hole, and "
		       "what is left from 4 GiB on.";
	if (difference->deed == RANGE_DELETED)
		return "A slot that keeps its range stays; one of which an end moves, "
		       "or that is cut, goes whole. Write down the flat view before "
		       "and after, and compare.";
	return "Neighbours of one region whose offsets continue each other are one "
	       "range. Write down the flat view after the commit.";
}

void learn_ranges(unsigned int lesson, const char *answer,
		  struct learn_word *out)
{
	static const char *const right[] = {
		[3] = "what is not below the hole lies from 4 GiB on, and is found at "
		      "its offset in the same RAMBlock: the slot's host address is "
		      "that of the block and this offset",
		[4] = "that is the flat view",
		[5] = "two slots go and two come, for one register of one byte. KVM is "
		      "asked for the deletions first, in whatever order you wrote them",
	};
	char text[RANGES_SAY_MAX];
	struct ranges_difference difference;
	struct slotscope_error err = {};
	struct scene_played played;
	const struct ranges *wanted;
	struct ranges given;
	struct scene scene;

	if (ranges_from_text(answer, &given, &err)) {
		learn_cannot(out, &err);
		return;
	}
	if (!learn_scene(lesson, &scene) ||
	    scene_play(&scene, 4096, &played, &err)) {
		learn_cannot(out, &err);
		return;
	}
	wanted = lesson == 5 ? &played.requests : &played.after;
	if (lesson == 5 && given.nr && !ranges_have_deeds(&given))
		learn_say(
			out, LEARN_CANNOT,
			"what becomes of the slots? del FIRST-LAST, del ..., add "
			"FIRST-LAST NAME+OFFSET, add ...");
	else if (!names_are_sound(&scene, &given, out))
		return;
	else if (ranges_compare(&given, wanted, &difference))
		learn_say(out, LEARN_RIGHT, "%s", right[lesson]);
	else
		learn_say(out, LEARN_WRONG, "%s. %s",
			  ranges_difference_say(text, &difference, false),
			  hint(lesson, &scene, &difference));
}
