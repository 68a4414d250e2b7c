// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The text of /proc/PID/maps, as Documentation/filesystems/proc.rst of the
 * kernel describes it: addresses never go backwards, every line ends in a
 * newline, and a newline in a path is written \012. In smaps lines "Key: value"
 * follow each of those. An address begins with a digit or a small letter, a key
 * with a capital.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/view.h>

#include "base/grow.h"
#include "view/names.h"

/* What is left of one line */
struct cursor {
	const char *at;
	const char *end;
};

void host_map_init(struct host_map *map)
{
	memset(map, 0, sizeof(*map));
}

void host_map_deinit(struct host_map *map)
{
	for (size_t i = 0; i < map->nr; i++)
		free(map->ranges[i].path);
	free(map->ranges);
	memset(map, 0, sizeof(*map));
}

/* A number without sign, in at most 64 bits: strtoull() would take more */
static bool take_number(struct cursor *line, unsigned int base, uint64_t max,
			uint64_t *out)
{
	const char *begin = line->at;
	unsigned int digit;
	uint64_t value = 0;
	char c;

	for (; line->at < line->end; line->at++) {
		c = *line->at;
		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else
			break;
		if (digit >= base)
			return false;
		if (value > (max - digit) / base)
			return false;
		value = value * base + digit;
	}
	*out = value;
	return line->at > begin;
}

static bool take_char(struct cursor *line, char c)
{
	if (line->at == line->end || *line->at != c)
		return false;
	line->at++;
	return true;
}

/* One letter of "rwxp": @set, or @clear in its place */
static bool take_flag(struct cursor *line, char set, char clear, bool *out)
{
	*out = take_char(line, set);
	return *out || take_char(line, clear);
}

/* Return: 0, -EINVAL or -ENOMEM; only with 0 there is a path to free */
static int parse_line(struct cursor line, struct host_range *range)
{
	uint64_t major;
	uint64_t minor;
	bool exec;

	memset(range, 0, sizeof(*range));
	if (!take_number(&line, 16, UINT64_MAX, &range->start) ||
	    !take_char(&line, '-') ||
	    !take_number(&line, 16, UINT64_MAX, &range->end) ||
	    !take_char(&line, ' ') ||
	    !take_flag(&line, 'r', '-', &range->read) ||
	    !take_flag(&line, 'w', '-', &range->write) ||
	    !take_flag(&line, 'x', '-', &exec) ||
	    !take_flag(&line, 's', 'p', &range->shared) ||
	    !take_char(&line, ' ') ||
	    !take_number(&line, 16, UINT64_MAX, &range->offset) ||
	    !take_char(&line, ' ') ||
	    !take_number(&line, 16, UINT32_MAX, &major) ||
	    !take_char(&line, ':') ||
	    !take_number(&line, 16, UINT32_MAX, &minor) ||
	    !take_char(&line, ' ') ||
	    !take_number(&line, 10, UINT64_MAX, &range->inode) ||
	    range->start >= range->end)
		return -EINVAL;
	range->dev_major = major;
	range->dev_minor = minor;
	range->file = range->inode ? HOST_FILE_UNKNOWN : HOST_FILE_NONE;
	/* then blanks up to a column, if there is a path at all */
	if (line.at < line.end && *line.at != ' ')
		return -EINVAL;
	while (take_char(&line, ' '))
		;
	if (line.at == line.end)
		return 0;
	if (memchr(line.at, '\0', line.end - line.at))
		return -EINVAL;
	range->path = strndup(line.at, line.end - line.at);
	return range->path ? 0 : -ENOMEM;
}

static bool take_word(struct cursor *line, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(line->end - line->at) < len || memcmp(line->at, word, len))
		return false;
	line->at += len;
	return true;
}

static void take_blanks(struct cursor *line)
{
	while (take_char(line, ' '))
		;
}

/* The two letters of each flag; which they are in user/view/names.c, too */
static uint32_t parse_vm_flags(struct cursor line)
{
	uint32_t flags = 0;

	for (take_blanks(&line); line.at < line.end; take_blanks(&line)) {
		for (int i = 0; i < HOST_VM_FLAGS; i++) {
			if (line.end - line.at >= 2 &&
			    !memcmp(line.at, host_vm_flag_names[i], 2))
				flags |= 1U << i;
		}
		while (line.at < line.end && *line.at != ' ')
			line.at++;
	}
	return flags;
}

/* A line of smaps that says more of @range; what we have no use for is let go */
static int parse_detail(struct cursor line, struct host_range *range)
{
	uint64_t *value;

	range->detailed = true;
	if (take_word(&line, "VmFlags:")) {
		range->vm_flags = parse_vm_flags(line);
		return 0;
	}
	if (take_word(&line, "THPeligible:")) {
		take_blanks(&line);
		range->thp = take_char(&line, '0') ? HOST_THP_NO : HOST_THP_YES;
		return 0;
	}
	if (take_word(&line, "KernelPageSize:"))
		value = &range->page_size;
	else if (take_word(&line, "Anonymous:") && !range->shared &&
		 range->inode)
		value = &range->copied;
	else
		return 0;
	take_blanks(&line);
	if (!take_number(&line, 10, UINT64_MAX >> 10, value) ||
	    !take_word(&line, " kB"))
		return -EINVAL;
	*value <<= 10;
	return 0;
}

static bool is_detail(const struct cursor *line)
{
	return line->at < line->end && *line->at >= 'A' && *line->at <= 'Z';
}

static int add_range(struct host_map *map, size_t *cap,
		     const struct host_range *range)
{
	struct host_range *ranges;

	ranges = grown(map->ranges, map->nr, cap, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	map->ranges = ranges;
	ranges[map->nr++] = *range;
	return 0;
}

/* Return: 0, -EINVAL (@why says more) or -ENOMEM */
static int parse_text(struct host_map *map, struct cursor line, size_t len,
		      size_t *number, const char **why)
{
	struct host_range range;
	size_t cap = 0;
	int ret;

	for (*number = 1; len; ++*number) {
		line.end = memchr(line.at, '\n', len);
		if (!line.end) {
			map->truncated = true;
			return 0;
		}
		/* a prompt, say, where the text was copied from a terminal */
		if (line.end == line.at) {
			line.at++;
			len--;
			continue;
		}
		*why = "it is no line of a maps file";
		if (is_detail(&line) && map->nr) {
			ret = parse_detail(line, &map->ranges[map->nr - 1]);
			if (ret)
				return ret;
			len -= line.end + 1 - line.at;
			line.at = line.end + 1;
			continue;
		}
		ret = parse_line(line, &range);
		if (ret)
			return ret;
		*why = "its addresses go backwards";
		ret = -EINVAL;
		if (!map->nr || range.start >= map->ranges[map->nr - 1].end)
			ret = add_range(map, &cap, &range);
		if (ret) {
			free(range.path);
			return ret;
		}
		len -= line.end + 1 - line.at;
		line.at = line.end + 1;
	}
	return 0;
}

int host_map_parse(struct host_map *map, const char *text, size_t len,
		   struct slotscope_error *err)
{
	struct cursor line = { .at = text };
	const char *why;
	size_t number;
	int ret;

	host_map_init(map);
	ret = parse_text(map, line, len, &number, &why);
	if (!ret)
		return 0;
	host_map_deinit(map);
	error_set(err, ret, "read line %zu of the VMM's memory map", number);
	return ret == -EINVAL ? error_why(err, "%s", why) : ret;
}

int host_map_copy(const struct host_map *map, struct host_map *out)
{
	struct host_range range;
	size_t cap = 0;
	int ret = 0;

	*out = *map;
	out->ranges = NULL;
	out->nr = 0;
	for (size_t i = 0; i < map->nr && !ret; i++) {
		range = map->ranges[i];
		range.path = range.path ? strdup(range.path) : NULL;
		ret = map->ranges[i].path && !range.path ?
			      -ENOMEM :
			      add_range(out, &cap, &range);
		if (ret)
			free(range.path);
	}
	return ret;
}

size_t host_map_from(const struct host_map *map, hva_t hva)
{
	size_t low = 0;
	size_t high = map->nr;
	size_t mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (map->ranges[mid].end <= hva)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct host_range *host_map_find(const struct host_map *map, hva_t hva)
{
	size_t at = host_map_from(map, hva);

	if (at == map->nr || hva < map->ranges[at].start)
		return NULL;
	return &map->ranges[at];
}

static bool has_end(const struct host_range *range)
{
	if (range->vm_flags & (HOST_PFN | HOST_IO))
		return false;
	return range->file == HOST_FILE_REGULAR ||
	       range->file == HOST_FILE_BLOCK;
}

uint64_t host_range_reach(const struct host_range *range)
{
	uint64_t size = range->end - range->start;
	uint64_t left;

	if (!has_end(range))
		return size;
	left = range->reach > range->offset ? range->reach - range->offset : 0;
	return left < size ? left : size;
}

bool host_range_same_memory(const struct host_range *a,
			    const struct host_range *b)
{
	if (a->shared != b->shared || a->inode != b->inode)
		return false;
	if (!a->inode)
		return true;
	return a->dev_major == b->dev_major && a->dev_minor == b->dev_minor &&
	       a->start - a->offset == b->start - b->offset;
}
