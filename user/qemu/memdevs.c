// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "qemu/memdevs.h"

#define OWNER "obj path=/objects/"

int memdevs_read(struct qmp *q, struct json_object **out,
		 struct slotscope_error *err)
{
	int ret = qmp_command(q, "query-memdev", NULL, out, err);

	if (ret != -EREMOTEIO)
		return ret;
	*out = NULL;
	memset(err, 0, sizeof(*err));
	return 0;
}

static bool has_id(struct json_object *memdev, const char *id)
{
	struct json_object *value;

	return json_object_is_type(memdev, json_type_object) &&
	       json_object_object_get_ex(memdev, "id", &value) &&
	       json_object_is_type(value, json_type_string) &&
	       !strcmp(json_object_get_string(value), id);
}

enum slot_share memdevs_share(struct json_object *memdevs, const char *owner)
{
	struct json_object *memdev, *share;
	const char *id;

	if (!memdevs || !owner || strncmp(owner, OWNER, strlen(OWNER)) ||
	    !json_object_is_type(memdevs, json_type_array))
		return SLOT_SHARE_UNKNOWN;
	id = owner + strlen(OWNER);
	for (size_t i = 0; i < json_object_array_length(memdevs); i++) {
		memdev = json_object_array_get_idx(memdevs, i);
		if (!has_id(memdev, id))
			continue;
		/* QEMU tells since 6.1 */
		if (!json_object_object_get_ex(memdev, "share", &share) ||
		    !json_object_is_type(share, json_type_boolean))
			break;
		return json_object_get_boolean(share) ? SLOT_SHARE_ON :
							SLOT_SHARE_OFF;
	}
	return SLOT_SHARE_UNKNOWN;
}
