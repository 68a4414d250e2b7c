// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "narrate/fields.h"

struct field {
	char name[32];
	char value[112];
	const char *usual;
	bool words;
	bool refers;
	const void *object;
};

struct instance {
	const char *type;
	char name[112];
	bool named;
	const void *object;
	size_t first, nr; /* its fields */
};

struct narrate_fields {
	struct instance *instances;
	size_t nr_instances, cap_instances;
	struct field *fields;
	size_t nr_fields, cap_fields;
	bool lost; /* no memory: what is here cannot be compared */
};

void narrate_struct(struct narrate_fields *f, const char *type, const char *fmt,
		    ...)
{
	struct instance *list = grown(f->instances, f->nr_instances,
				      &f->cap_instances, sizeof(*list));
	va_list ap;

	if (!list) {
		f->lost = true;
		return;
	}
	f->instances = list;
	list += f->nr_instances++;
	*list = (struct instance){ .type = type, .first = f->nr_fields };
	va_start(ap, fmt);
	vsnprintf(list->name, sizeof(list->name), fmt, ap);
	va_end(ap);
}

void narrate_field(struct narrate_fields *f, const char *name,
		   const char *usual, const char *fmt, ...)
{
	struct field *list =
		grown(f->fields, f->nr_fields, &f->cap_fields, sizeof(*list));
	va_list ap;

	if (!list || f->lost) {
		f->lost = true;
		return;
	}
	f->fields = list;
	list += f->nr_fields++;
	f->instances[f->nr_instances - 1].nr++;
	*list = (struct field){ .usual = usual };
	snprintf(list->name, sizeof(list->name), "%s", name);
	va_start(ap, fmt);
	vsnprintf(list->value, sizeof(list->value), fmt, ap);
	va_end(ap);
}

void narrate_named(struct narrate_fields *f, const char *type,
		   const void *object, const char *name)
{
	narrate_struct(f, type, "%s", name);
	narrate_object(f, object);
	if (!f->lost)
		f->instances[f->nr_instances - 1].named = true;
}

void narrate_object(struct narrate_fields *f, const void *object)
{
	if (!f->lost)
		f->instances[f->nr_instances - 1].object = object;
}

void narrate_words(struct narrate_fields *f, const char *name,
		   const char *usual, const char *words)
{
	narrate_field(f, name, usual, "%s", words);
	if (!f->lost)
		f->fields[f->nr_fields - 1].words = true;
}

void narrate_ref(struct narrate_fields *f, const char *name, const char *usual,
		 const void *object, const char *object_name)
{
	narrate_field(f, name, usual, "%s", object ? object_name : "NULL");
	if (f->lost)
		return;
	f->fields[f->nr_fields - 1].refers = true;
	f->fields[f->nr_fields - 1].object = object;
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

/* One of @before and @after may be NULL */
static void add(struct narrate_change *change, struct narrate_diff *diff,
		const struct field *before, const struct field *after,
		bool usual)
{
	const struct field *any = after ? after : before;

	if (change->nr == DIFF_MAX)
		return;
	diff[change->nr++] = (struct narrate_diff){
		.field = any->name,
		.before = before ? before->value : NULL,
		.after = after ? after->value : NULL,
		.words = any->words,
		.refers = any->refers,
		.usual = usual,
		.before_object = before ? before->object : NULL,
		.after_object = after ? after->object : NULL,
	};
}

static bool is_usual(const struct field *field)
{
	return field->usual && !strcmp(field->value, field->usual);
}

static bool same_value(const struct field *a, const struct field *b)
{
	return !strcmp(a->value, b->value) && a->object == b->object;
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
		.named = any->named,
		.object = any->object,
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
		if (b ? !same_value(a, b) : !is || !is_usual(a))
			add(&change, diff, a, b, !is && is_usual(a));
	}
	for (i = 0; is && i < is->nr; i++) {
		b = &after->fields[is->first + i];
		if (!find_field(before, was, b->name) && (!was || !is_usual(b)))
			add(&change, diff, NULL, b, !was && is_usual(b));
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
