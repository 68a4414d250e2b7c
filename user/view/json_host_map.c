// SPDX-License-Identifier: GPL-2.0-or-later
/* Details of a mapping as JSON */
#include "base/json_value.h"
#include "view/json.h"
#include "view/names.h"

int host_range_details_to_json(const struct host_range *range,
			       struct json_object *obj)
{
	int ret = 0;

	if (range->file > HOST_FILE_NONE)
		ret |= json_put_str(obj, "file_type",
				    host_file_names[range->file]);
	if (range->file == HOST_FILE_REGULAR || range->file == HOST_FILE_BLOCK)
		ret |= json_put_hex(obj, "reach", range->reach);
	if (range->page_size)
		ret |= json_put_hex(obj, "page_size", range->page_size);
	if (range->detailed)
		ret |= json_put_bits(obj, "vm_flags", host_vm_flag_names,
				     HOST_VM_FLAGS, range->vm_flags);
	if (range->thp)
		ret |= json_put_bool(obj, "thp", range->thp == HOST_THP_YES);
	if (range->copied)
		ret |= json_put_hex(obj, "copied", range->copied);
	return ret;
}
