// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "narrate/fields.h"

struct field {
	char name[32];
	char value[112];
	const char *usual;
};

struct instance {
	const char *type;
	char name[112];
	size_t first, nr; /* its fields */
};

struct narrate_fields {
	struct instance *instances;
	size_t nr_instances, cap_instances;
	struct field *fields;
	size_t nr_fields, cap_fields;
	bool lost; /* no memory: what is here cannot be compared */
};

/* Make room for one more; NULL if there is none */
static void *grow(void *list, size_t nr, size_t *cap, size_t size)
{
	size_t more = *cap ? 2 * *cap : 16;

	if (nr < *cap)
		return list;
	list = reallocarray(list, more, size);
	if (list)
		*cap = more;
	return list;
}

void narrate_struct(struct narrate_fields *f, const char *type, const char *fmt,
		    ...)
{
	struct instance *list = grow(f->instances, f->nr_instances,
				     &f->cap_instances, sizeof(*list));
	va_list ap;

	if (!list) {
		f->lost = true;
		return;
	}
	f->instances = list;
	list += f->nr_instances++;
	list->type = type;
	list->first = f->nr_fields;
	list->nr = 0;
	va_start(ap, fmt);
	vsnprintf(list->name, sizeof(list->name), fmt, ap);
	va_end(ap);
}

void narrate_field(struct narrate_fields *f, const char *name,
		   const char *usual, const char *fmt, ...)
{
	struct field *list =
		grow(f->fields, f->nr_fields, &f->cap_fields, sizeof(*list));
	va_list ap;

	if (!list || f->lost) {
		f->lost = true;
		return;
	}
	f->fields = list;
	list += f->nr_fields++;
	f->instances[f->nr_instances - 1].nr++;
	snprintf(list->name, sizeof(list->name), "%s", name);
	list->usual = usual;
	va_start(ap, fmt);
	vsnprintf(list->value, sizeof(list->value), fmt, ap);
	va_end(ap);
}

struct narrate_fields *narrate_list(narrate_watch *watch, const void *object)
{
	struct narrate_fields *f;

	if (!watch || !object)
		return NULL;
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	watch(object, f);
	return f;
}

void narrate_fields_free(struct narrate_fields *f)
{
	if (!f)
		return;
	free(f->instances);
	free(f->fields);
	free(f);
}

/* Lists of the same watch are in the same order: look on from @hint */
static const struct instance *find(const struct narrate_fields *f,
				   const struct instance *like, size_t *hint)
{
	size_t i, at;

	for (i = 0; f && i < f->nr_instances; i++) {
		at = (*hint + i) % f->nr_instances;
		if (strcmp(f->instances[at].type, like->type) ||
		    strcmp(f->instances[at].name, like->name))
			continue;
		*hint = at + 1;
		return &f->instances[at];
	}
	return NULL;
}

static const struct field *find_field(const struct narrate_fields *f,
				      const struct instance *in,
				      const char *name)
{
	size_t i;

	for (i = 0; in && i < in->nr; i++)
		if (!strcmp(f->fields[in->first + i].name, name))
			return &f->fields[in->first + i];
	return NULL;
}

#define DIFF_MAX 32

static void add(struct narrate_change *change, struct narrate_diff *diff,
		const char *field, const char *before, const char *after)
{
	if (change->nr == DIFF_MAX)
		return;
	diff[change->nr++] = (struct narrate_diff){ field, before, after };
}

/* @was and @is: the same structure in each list; one of them may be NULL */
static void
tell_one(const struct narrate_fields *before, const struct instance *was,
	 const struct narrate_fields *after, const struct instance *is,
	 void (*tell)(void *opaque, const struct narrate_change *change),
	 void *opaque)
{
	const struct instance *any = is ? is : was;
	struct narrate_diff diff[DIFF_MAX];
	struct narrate_change change = {
		.type = any->type,
		.name = any->name,
		.how = !was ? NARRATE_MADE :
		       is   ? NARRATE_CHANGED :
			      NARRATE_GONE,
		.diff = diff,
	};
	const struct field *a, *b;
	size_t i;

	for (i = 0; was && i < was->nr; i++) {
		a = &before->fields[was->first + i];
		b = find_field(after, is, a->name);
		if (b ? strcmp(a->value, b->value) :
			!a->usual || strcmp(a->value, a->usual))
			add(&change, diff, a->name, a->value,
			    b ? b->value : NULL);
	}
	for (i = 0; is && i < is->nr; i++) {
		b = &after->fields[is->first + i];
		if (!find_field(before, was, b->name) &&
		    (!b->usual || strcmp(b->value, b->usual)))
			add(&change, diff, b->name, NULL, b->value);
	}
	if (change.how != NARRATE_CHANGED || change.nr)
		tell(opaque, &change);
}

void narrate_compare(const struct narrate_fields *before,
		     const struct narrate_fields *after,
		     void (*tell)(void *opaque,
				  const struct narrate_change *change),
		     void *opaque)
{
	const struct instance *one;
	size_t i, hint = 0;

	if ((before && before->lost) || (after && after->lost))
		return;
	for (i = 0; before && i < before->nr_instances; i++) {
		one = &before->instances[i];
		if (!find(after, one, &hint))
			tell_one(before, one, NULL, NULL, tell, opaque);
	}
	hint = 0;
	for (i = 0; after && i < after->nr_instances; i++) {
		one = &after->instances[i];
		tell_one(before, find(before, one, &hint), after, one, tell,
			 opaque);
	}
}
