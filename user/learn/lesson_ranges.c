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

/* What to think of, by what is wrong first */
static const char *hint(unsigned int lesson,
			const struct ranges_difference *difference)
{
	switch (lesson) {
	case 3:
		if (difference->differ == RANGES_OFFSET)
			return "An alias that begins at an offset of its target shows "
			       "that part: how much of pc.ram is shown already below "
			       "4 GiB?";
		return "With 3.5 GiB or more QEMU's pc puts 3 GiB below the hole, and "
		       "what is left from 4 GiB on.";
	case 4:
		if (difference->differ == RANGES_WHAT ||
		    difference->differ == RANGES_EXTRA)
			return "A priority counts among siblings alone, those in one "
			       "container; of equals the one mapped last is above; "
			       "where a container has nothing, what is below it shows.";
		return "Go from 0 upwards and ask at each edge of a region who is seen "
		       "from there on.";
	default:
		if (difference->deed == RANGE_DELETED)
			return "A slot that keeps its range stays; one of which an end "
			       "moves, or that is cut, goes whole. Write down the flat "
			       "view before and after, and compare.";
		return "Neighbours of one region whose offsets continue each other are "
		       "one range. Write down the flat view after the commit.";
	}
}

void learn_ranges(unsigned int lesson, const char *answer,
		  struct learn_word *out)
{
	static const char *const right[] = {
		[3] = "what is not below the hole lies from 4 GiB on, and is found at "
		      "its offset in the same RAMBlock: the slot's host address is "
		      "that of the block and this offset",
		[4] = "that is the flat view",
		[5] = "the deletions come first, then what is added; one register of "
		      "one byte had KVM change four slots",
	};
	char text[RANGES_SAY_MAX];
	struct ranges_difference difference;
	struct slotscope_error err = {};
	struct scene_played played;
	const struct ranges *wanted;
	struct ranges given;
	struct scene scene;

	if (ranges_from_text(answer, &given, &err)) {
		learn_say(out, LEARN_CANNOT, "%s: %s; %s", err.tried, err.why,
			  err.next);
		return;
	}
	if (!learn_scene(lesson, &scene) ||
	    scene_play(&scene, 4096, &played, &err)) {
		learn_say(out, LEARN_CANNOT, "%s: %s", err.tried, err.why);
		return;
	}
	wanted = lesson == 5 ? &played.requests : &played.after;
	if (lesson == 5 && given.nr && !ranges_have_deeds(&given))
		learn_say(
			out, LEARN_WRONG,
			"say of each range what becomes of its slot: del or add");
	else if (ranges_compare(&given, wanted, &difference))
		learn_say(out, LEARN_RIGHT, "%s", right[lesson]);
	else
		learn_say(out, LEARN_WRONG, "%s. %s",
			  ranges_difference_say(text, &difference, false),
			  hint(lesson, &difference));
}
