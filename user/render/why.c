// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/json_value.h"
#include "render/document.h"
#include "render/past.h"
#include "render/text.h"
#include "render/why.h"
#include "view/json.h"
#include "view/names.h"

static void line(FILE *out, const char *label, const char *text)
{
	char first[32];

	snprintf(first, sizeof(first), "  %-9s", label);
	text_wrap(out, first, 11, text);
}

/* What came of it: in JSON, and in words. One question has one answer */
struct outcome {
	const char *verdict;
	const char *says;
};

static struct outcome outcome_of(const struct stop *stop)
{
	if (stop->cannot)
		return (struct outcome){ "stopped",
					 "it cannot go on for that" };
	if (stop->asleep)
		return (struct outcome){ "waits", "it waits for a page" };
	/* That it is in KVM_RUN alone does not tell that it moves: it may have halted */
	if (stop->went_on && !stop->has_exit && !stop->event)
		return (struct outcome){
			"not-stopped",
			"it is not stopped for what memory is, as far as is "
			"seen"
		};
	if (stop->went_on)
		return (struct outcome){ "goes-on", "it went on" };
	if (stop->where == VCPU_OUTSIDE)
		return (struct outcome){
			"not-run",
			"its VMM does not run it; not for what memory is, as "
			"far as is seen"
		};
	return (struct outcome){ "unknown", "nobody saw whether it went on" };
}

static void print_one(FILE *out, const struct why_document *document,
		      const struct stop *stop)
{
	char words[STOP_SAY_MAX], first[64], next[128];

	snprintf(first, sizeof(first), "vCPU %d", stop->vcpu);
	if (stop->tid)
		snprintf(first, sizeof(first), "vCPU %d (thread %d)",
			 stop->vcpu, stop->tid);
	snprintf(first + strlen(first), sizeof(first) - strlen(first), ": ");
	text_wrap(out, first, 4, stop_say(words, stop));
	if (stop->chain[0])
		line(out, "the way", stop->chain);
	if (stop->breaks != LINK_UNKNOWN)
		line(out, "breaks",
		     stop->breaks == LINK_WHOLE ?
			     "nowhere, as it is now" :
			     chain_link_name(stop->breaks));
	line(out, "so", outcome_of(stop).says);
	if (!stop->gpa_known)
		return;
	snprintf(next, sizeof(next), "`slotscope addr gpa:0x%" PRIx64 " %s`",
		 stop->gpa, document->source);
	line(out, "next", next);
}

void render_why(FILE *out, const struct why_document *document)
{
	const struct stops *stops = document->stops;

	if (!stops->nr)
		fputs("nothing is known of any vCPU\n", out);
	for (size_t i = 0; i < stops->nr; i++) {
		if (i)
			fputc('\n', out);
		print_one(out, document, &stops->items[i]);
	}
	render_past(out, document->past);
}

static int put_exit(struct json_object *obj, const struct slot_exit *exit)
{
	struct json_object *out = json_object_new_object();
	const char *error = strerrorname_np(-exit->result);
	int ret = 0;

	if (out) {
		ret |= json_put_str(out, "reason",
				    slot_exit_reason_names[exit->reason]);
		if (exit->reason == SLOT_EXIT_MMIO)
			ret |= json_put_bool(out, "write", exit->write);
		if (exit->flags)
			ret |= json_put_hex(out, "flags", exit->flags);
		if (exit->rip)
			ret |= json_put_hex(out, "rip", exit->rip);
		if (exit->result && error)
			ret |= json_put_str(out, "errno", error);
	}
	return ret | json_put(obj, "exit", out);
}

static struct json_object *stop_to_json(const struct stop *stop)
{
	struct json_object *obj = json_object_new_object();
	char words[STOP_SAY_MAX];
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_s64(obj, "vcpu", stop->vcpu);
	if (stop->tid)
		ret |= json_put_u64(obj, "tid", stop->tid);
	ret |= json_put_str(obj, "verdict", outcome_of(stop).verdict);
	ret |= json_put_str(obj, "sentence", stop_say(words, stop));
	ret |= json_put_bool(obj, "asleep", stop->asleep);
	if (stop->has_exit)
		ret |= put_exit(obj, &stop->exit);
	if (stop->event)
		ret |= json_put_u64(obj, "seq", stop->event->seq);
	if (stop->gpa_known)
		ret |= json_put_hex(obj, "gpa", stop->gpa);
	if (stop->hva)
		ret |= json_put_hex(obj, "hva", stop->hva);
	if (stop->slot)
		ret |= json_put_s64(obj, "slot_id", stop->slot->id);
	ret |= json_put_str(obj, "chain", stop->chain);
	ret |= json_put_str(obj, "breaks", chain_link_name(stop->breaks));
	if (!ret)
		return obj;
	json_object_put(obj);
	return NULL;
}

int render_why_json(FILE *out, const struct why_document *document)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *array = json_object_new_array();
	int ret = obj && array ? 0 : -1;

	for (size_t i = 0; i < document->stops->nr && !ret; i++)
		ret = json_add(array, stop_to_json(&document->stops->items[i]));
	if (!ret)
		ret = json_put_u64(obj, "version", SLOTSCOPE_JSON_VERSION);
	if (!ret && document->vm)
		ret = json_put(obj, "vm", vm_id_to_json(document->vm));
	if (!ret && document->past)
		ret = json_put(obj, "history", past_to_json(document->past));
	ret |= json_put(obj, "vcpus", array);
	if (!ret)
		return render_document(out, obj);
	json_object_put(obj);
	return render_document(out, NULL);
}
