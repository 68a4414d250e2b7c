// SPDX-License-Identifier: GPL-2.0-or-later
/* The names of the classes of events */
#include <errno.h>
#include <string.h>

#include "trace/tracer.h"

const char *const tracer_class_names[TRACER_CLASSES] = {
	"calls", "vcpus", "mmio", "windows", "mappings", "faults", "frees",
};

/* The class of a name, of @len bytes; 0 if there is none */
static unsigned int class_of(const char *name, size_t len)
{
	if (len == 3 && !strncmp(name, "all", len))
		return TRACER_CLASSES_ALL;
	for (int i = 0; i < TRACER_CLASSES; i++)
		if (strlen(tracer_class_names[i]) == len &&
		    !strncmp(tracer_class_names[i], name, len))
			return 1U << i;
	return 0;
}

int tracer_classes_parse(const char *text, unsigned int *classes,
			 struct slotscope_error *err)
{
	*classes = 0;
	for (;;) {
		size_t len = strcspn(text, ",");
		unsigned int class = class_of(text, len);

		if (!class) {
			error_set(err, EINVAL,
				  "look for class of events \"%.*s\"",
				  len > 80 ? 80 : (int)len, text);
			error_why(err, "there is none of that name");
			return error_next(err, "name some of calls, vcpus, "
					       "mmio, windows, mappings, "
					       "faults, frees, with commas "
					       "between; or all");
		}
		*classes |= class;
		if (!text[len])
			return 0;
		text += len + 1;
	}
}
