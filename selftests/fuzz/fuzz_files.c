// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: any text as each of the files that slotscope check takes. The first byte
 * chooses the reader. What is taken is put to use.
 */
#include <stdlib.h>
#include <string.h>

#include "base/pasted.h"
#include "qemu/text_model.h"
#include "view/json.h"
#include "view/log_text.h"
#include "view/model_json.h"
#include "view/slots_table.h"
#include "view/slots_text.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void requests(const char *text, size_t len)
{
	const struct vm_id vm = { .serial = 1 };
	struct slotscope_error err = {};
	struct slot_state state;
	struct slot_log log;

	slot_log_init(&log);
	if (!log_text_read(text, len, &log, &err)) {
		must(!fold(&log, &vm, &state));
		slot_state_deinit(&state);
	} else {
		must(err.code && err.tried[0]);
	}
	slot_log_deinit(&log);
}

static void mtree(const char *text, size_t len)
{
	struct slotscope_error err = {};
	struct text_model model = {};
	struct slot_forecast *list;
	struct slot_state state;
	size_t nr;

	if (!text_model_add(&model, "f", text, len, &err)) {
		if (!text_model_state(&model, NULL, &state, &err)) {
			must(!text_model_forecast(&model, &list, &nr));
			free(list);
		}
		slot_state_deinit(&state);
	}
	text_model_deinit(&model);
}

static void model(const char *text, size_t len)
{
	struct slotscope_error err = {};
	struct json_object *obj;
	struct slot_state state;

	if (json_from_text(text, len, &obj, &err))
		return;
	model_from_json(obj, &state, &err);
	slot_state_deinit(&state);
	json_object_put(obj);
}

static void slots(const char *text, size_t len)
{
	struct slotscope_error err = {};
	struct slot_state state;
	size_t clean_len;
	char *clean;

	slots_table_read(text, len, &state, &err);
	slot_state_deinit(&state);
	clean = pasted_clean(text, len, &clean_len);
	must(clean && clean_len <= len);
	slot_state_init(&state, PARTY_KERNEL);
	must(!slot_state_set_nr_as(&state, 8));
	slots_from_text(clean, &state, &err);
	slot_state_deinit(&state);
	free(clean);
}

static void maps(const char *text, size_t len)
{
	struct slotscope_error err = {};
	struct host_map map, copy;

	if (host_map_parse(&map, text, len, &err))
		return;
	must(!host_map_copy(&map, &copy) && copy.nr == map.nr);
	host_map_deinit(&copy);
	host_map_deinit(&map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *, size_t) = {
		requests, mtree, model, slots, maps,
	};
	const size_t nr = sizeof(readers) / sizeof(readers[0]);

	if (size)
		readers[data[0] % nr]((const char *)data + 1, size - 1);
	return 0;
}
