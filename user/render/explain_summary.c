// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/plural.h"
#include "render/explain_summary.h"
#include "render/text.h"

/* A function or a request; @name lives as long as the program */
struct explain_counted {
	char name[64];
	unsigned int first; /* step */
	unsigned int times;
	unsigned int failed;
};

struct explain_field {
	char name[48];
	char *value;
};

struct explain_object {
	char type[40];
	char name[128];
	bool named;
	bool gone;
	struct explain_field *fields;
	size_t nr;
	size_t cap;
};

static void count(struct explain_summary *s, struct explain_counted **list,
		  size_t *nr, size_t *cap, const char *name, unsigned int step,
		  bool failed)
{
	struct explain_counted *items = *list;
	size_t i = 0;

	while (i < *nr && strcmp(items[i].name, name) != 0)
		i++;
	if (i == *nr) {
		items = grown(*list, *nr, cap, sizeof(*items));
		if (!items) {
			s->nomem = true;
			return;
		}
		*list = items;
		items[(*nr)++] = (struct explain_counted){ .first = step };
		snprintf(items[i].name, sizeof(items[i].name), "%s", name);
	}
	items[i].times++;
	items[i].failed += failed;
}

static struct explain_object *object_of(struct explain_summary *s,
					const struct narrate_change *change)
{
	struct explain_object *objects, *new;

	for (size_t i = 0; i < s->nr_objects; i++)
		if (!s->objects[i].gone &&
		    !strcmp(s->objects[i].type, change->type) &&
		    !strcmp(s->objects[i].name, change->name))
			return &s->objects[i];
	objects = grown(s->objects, s->nr_objects, &s->cap_objects,
			sizeof(*objects));
	if (!objects)
		return NULL;
	s->objects = objects;
	new = &objects[s->nr_objects++];
	*new = (struct explain_object){};
	snprintf(new->type, sizeof(new->type), "%s", change->type);
	new->named = change->named;
	snprintf(new->name, sizeof(new->name), "%s", change->name);
	return new;
}

static int set_field(struct explain_object *object, const char *name,
		     const char *value)
{
	struct explain_field *fields;
	char *copy = value ? strdup(value) : NULL;
	size_t i = 0;

	if (value && !copy)
		return -ENOMEM;
	while (i < object->nr && strcmp(object->fields[i].name, name) != 0)
		i++;
	if (i == object->nr) {
		fields = grown(object->fields, object->nr, &object->cap,
			       sizeof(*fields));
		if (!fields) {
			free(copy);
			return -ENOMEM;
		}
		object->fields = fields;
		fields[object->nr++] = (struct explain_field){};
		snprintf(fields[i].name, sizeof(fields[i].name), "%s", name);
	}
	free(object->fields[i].value);
	object->fields[i].value = copy;
	return 0;
}

static void change(struct explain_summary *s,
		   const struct narrate_change *change)
{
	struct explain_object *object = object_of(s, change);
	const struct narrate_diff *diff = change->diff;

	if (!object) {
		s->nomem = true;
		return;
	}
	if (change->how == NARRATE_GONE) {
		object->gone = true;
		return;
	}
	/* Of an AddressSpace it is told where it was made, and not each time */
	for (; diff < change->diff + change->nr; diff++)
		if (!diff->usual && strcmp(diff->field, "current_map") != 0 &&
		    set_field(object, diff->field, diff->after))
			s->nomem = true;
}

void explain_summary_add(struct explain_summary *s,
			 const struct narrate_event *event)
{
	const struct narrate_call *call = event->call;

	switch (event->kind) {
	case NARRATE_ENTER:
		s->nr_steps++;
		count(s, &s->functions, &s->nr_functions, &s->cap_functions,
		      event->step->function, event->nr, false);
		break;
	case NARRATE_CALL:
		if (!call->request)
			break;
		s->nr_calls++;
		count(s, &s->requests, &s->nr_requests, &s->cap_requests,
		      call->request, event->nr, call->error);
		break;
	case NARRATE_CHANGE:
		change(s, event->change);
		break;
	case NARRATE_LEAVE:
		break;
	}
}

/* What a VM is made of; a section is told, and is not kept */
static bool is_listed(const struct explain_object *object)
{
	return !object->gone && (!strcmp(object->type, "RAMBlock") ||
				 !strcmp(object->type, "AddressSpace") ||
				 !strcmp(object->type, "KVMSlot"));
}

static void print_object(FILE *out, const struct explain_object *object)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return;
	fprintf(f, object->named ? "%s \"%s\":" : "%s %s:", object->type,
		object->name);
	for (size_t i = 0; i < object->nr; i++)
		if (object->fields[i].value)
			fprintf(f, "%s %s %s", i ? "," : "",
				object->fields[i].name,
				object->fields[i].value);
	if (!fclose(f))
		text_wrap(out, "  ", 6, text);
	free(text);
}

static void print_counted(FILE *out, const char *head,
			  const struct explain_counted *list, size_t nr,
			  bool step)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return;
	for (size_t i = 0; i < nr; i++) {
		fputs(i ? ", " : "", f);
		if (step)
			fprintf(f, "%u %s()", list[i].first, list[i].name);
		else
			fputs(list[i].name, f);
		if (list[i].times > 1)
			fprintf(f, " x%u", list[i].times);
		if (list[i].failed)
			fprintf(f, " (%u failed)", list[i].failed);
	}
	if (!fclose(f))
		text_wrap(out, head, 2, text);
	free(text);
}

int explain_summary_print(FILE *out, const struct explain_summary *s)
{
	fprintf(out,
		"\nOn one page: %u step%s that were told, %u request%s to KVM\n",
		s->nr_steps, plural(s->nr_steps), s->nr_calls,
		plural(s->nr_calls));
	print_counted(out, "the way, by the first step of each function: ",
		      s->functions, s->nr_functions, true);
	print_counted(out, "requests: ", s->requests, s->nr_requests, false);
	fputs("what there is then:\n", out);
	for (size_t i = 0; i < s->nr_objects; i++)
		if (is_listed(&s->objects[i]))
			print_object(out, &s->objects[i]);
	if (!s->nomem)
		return 0;
	fputs("  ... and what there was no memory for\n", out);
	return -ENOMEM;
}

void explain_summary_deinit(struct explain_summary *s)
{
	for (size_t i = 0; i < s->nr_objects; i++) {
		for (size_t k = 0; k < s->objects[i].nr; k++)
			free(s->objects[i].fields[k].value);
		free(s->objects[i].fields);
	}
	free(s->objects);
	free(s->functions);
	free(s->requests);
	*s = (struct explain_summary){};
}
