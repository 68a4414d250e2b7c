// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The JSON forms against the texts that Documentation/json.md promises, there
 * and back, and against hostile input.
 */
#include <errno.h>
#include <sys/sysmacros.h>

#include "view_make.h"
#include "view/json.h"
#include "view/stack.h"

static const struct slot none = { .id = -1, .gmem_fd = -1 };

static void assert_text(struct json_object *obj, const char *want)
{
	struct json_object *parsed = json_tokener_parse(want);

	assert_non_null(obj);
	assert_non_null(parsed);
	/* not by text: the order of members is no promise */
	if (!json_object_equal(obj, parsed))
		fail_msg("got %s, want %s",
			 json_object_to_json_string_ext(obj, 0), want);
	json_object_put(parsed);
	json_object_put(obj);
}

static struct json_object *event_to_json(const struct slot_event *event)
{
	struct json_text text = { 0 };
	struct json_writer w;

	json_writer_init(&w, json_text_put, &text);
	slot_event_write_json(&w, NULL, event);
	json_writer_flush(&w);
	return json_text_tree(&text);
}

static struct json_object *state_to_json(const struct slot_state *state)
{
	struct json_text text = { 0 };
	struct json_writer w;

	json_writer_init(&w, json_text_put, &text);
	slot_state_write_json(&w, NULL, state);
	json_writer_flush(&w);
	return json_text_tree(&text);
}

static void event_to_text(const struct slot_event *event, const char *want)
{
	assert_text(event_to_json(event), want);
}

#define HEAD                                                         \
	"\"seq\":7,\"time_ns\":7000,\"duration_ns\":0,\"serial\":1," \
	"\"tgid\":100,\"tid\":101,\"comm\":\"vmm\","

static void events_as_text(void **unused)
{
	struct slot_event event = event_of(SLOT_EVENT_VM_CREATE, 7);

	event.vm = (struct vm_id){
		.tgid = 100, .start_time = 5, .fd = 9, .serial = 1
	};
	strcpy(event.vm.boot_id, "3f2a");
	event_to_text(&event, "{" HEAD "\"type\":\"vm-create\",\"vm-create\":{"
			      "\"boot_id\":\"3f2a\",\"tgid\":100,"
			      "\"start_time\":5,\"fd\":9,\"serial\":1}}");

	event = event_of(SLOT_EVENT_BASE_END, 7);
	event.base_end.as_id = 1;
	event.base_end.generation = 77;
	event_to_text(&event, "{" HEAD "\"type\":\"base-end\",\"base-end\":{"
			      "\"as_id\":1,\"generation\":77}}");
	event.base_end.start_time = 5;
	event.base_end.fd = -1;
	event_to_text(&event, "{" HEAD "\"type\":\"base-end\",\"base-end\":{"
			      "\"as_id\":1,\"generation\":77,"
			      "\"start_time\":5,\"fd\":-1}}");

	event = event_of(SLOT_EVENT_REQUEST, 7);
	event.request = (struct slot_request){
		.slot = 0x10003,
		.flags = 0x80000002,
		.gpa = 0xfffc0000,
		.size = 0x40000,
		.hva = 0xfffffffffffff000,
		.gmem_fd = -1,
		.result = -22,
	};
	event_to_text(&event, "{" HEAD "\"type\":\"request\",\"request\":{"
			      "\"region2\":false,\"slot\":\"0x10003\","
			      "\"as_id\":1,\"id\":3,"
			      "\"flags\":\"0x80000002\",\"gpa\":\"0xfffc0000\","
			      "\"size\":\"0x40000\","
			      "\"hva\":\"0xfffffffffffff000\","
			      "\"result\":-22,\"errno\":\"EINVAL\"}}");

	event.request = (struct slot_request){ .unread = true,
					       .region2 = true,
					       .result = -14 };
	event_to_text(&event, "{" HEAD "\"type\":\"request\",\"request\":{"
			      "\"region2\":true,\"unread\":true,"
			      "\"result\":-14,\"errno\":\"EFAULT\"}}");

	event = event_of(SLOT_EVENT_CHANGE, 7);
	event.change.kind = SLOT_CREATE;
	event.change.before = none;
	event.change.after =
		slot_of(0, 3, 0xe0000, 0x20000, HVA, SLOT_READONLY);
	event.change.after.hidden = true;
	event.change.generation = 6;
	event.change.generation_before = 4;
	event_to_text(&event, "{" HEAD "\"type\":\"change\",\"change\":{"
			      "\"kind\":\"create\",\"old\":null,\"new\":{"
			      "\"as_id\":0,\"id\":3,\"gpa\":\"0xe0000\","
			      "\"size\":\"0x20000\",\"hva\":\"0x7f0000000000\","
			      "\"flags\":\"0x2\",\"hidden\":true},"
			      "\"generation\":6,\"generation_before\":4,"
			      "\"result\":0}}");

	event.call = 3;
	event.change.generation_before = 0;
	event_to_text(&event, "{" HEAD "\"call\":3,\"type\":\"change\","
			      "\"change\":{"
			      "\"kind\":\"create\",\"old\":null,\"new\":{"
			      "\"as_id\":0,\"id\":3,\"gpa\":\"0xe0000\","
			      "\"size\":\"0x20000\",\"hva\":\"0x7f0000000000\","
			      "\"flags\":\"0x2\",\"hidden\":true},"
			      "\"generation\":6,\"result\":0}}");

	/* host address 0 is one: what is not known is null */
	event.change.after = slot_of(0, 3, 0, 0x20000, 0, SLOT_GUEST_MEMFD);
	event.change.after.gmem_offset = 0x1000;
	event.change.after.gmem_dev = makedev(0, 15);
	event.change.after.gmem_ino = 77;
	event_to_text(&event,
		      "{" HEAD "\"call\":3,\"type\":\"change\",\"change\":{"
		      "\"kind\":\"create\",\"old\":null,\"new\":{"
		      "\"as_id\":0,\"id\":3,\"gpa\":\"0x0\","
		      "\"size\":\"0x20000\",\"hva\":\"0x0\","
		      "\"flags\":\"0x4\",\"gmem_offset\":\"0x1000\","
		      "\"gmem_dev_major\":0,\"gmem_dev_minor\":15,"
		      "\"gmem_inode\":\"0x4d\"},"
		      "\"generation\":6,\"result\":0}}");

	event = event_of(SLOT_EVENT_EXIT, 7);
	event.exit.gpa = 0xfee00000;
	event.exit.len = 4;
	event.exit.write = true;
	event_to_text(&event, "{" HEAD "\"type\":\"exit\",\"exit\":{"
			      "\"reason\":\"mmio\",\"vcpu\":0,"
			      "\"gpa\":\"0xfee00000\",\"len\":4,"
			      "\"write\":true,\"flags\":\"0x0\","
			      "\"rip\":\"0x0\",\"result\":0}}");

	event = event_of(SLOT_EVENT_CALL, 7);
	event.kvm_call.slot = 0x10003;
	event.kvm_call.pages = 5;
	event_to_text(&event, "{" HEAD "\"type\":\"kvm-call\",\"kvm-call\":{"
			      "\"kind\":\"get-dirty-log\","
			      "\"slot\":\"0x10003\",\"as_id\":1,\"id\":3,"
			      "\"start\":\"0x0\","
			      "\"size\":\"0x0\",\"flags\":\"0x0\","
			      "\"pages\":5,\"result\":0}}");

	event = event_of(SLOT_EVENT_VCPU, 7);
	event.vcpu.kind = SLOT_VCPU_ENTER;
	event.vcpu.id = 3;
	event.vcpu.generation = 8;
	event_to_text(&event, "{" HEAD "\"type\":\"vcpu\",\"vcpu\":{"
			      "\"kind\":\"enter\",\"id\":3,"
			      "\"generation\":8}}");

	event = event_of(SLOT_EVENT_MAPPING, 7);
	event.mapping.kind = SLOT_MAPPING_UNMAP;
	event.mapping.hva = 0x7000;
	event.mapping.size = 0x1000;
	event.mapping.slot = 2;
	event.mapping.syscall = -1;
	event_to_text(&event, "{" HEAD "\"type\":\"mapping\",\"mapping\":{"
			      "\"kind\":\"unmap\",\"hva\":\"0x7000\","
			      "\"size\":\"0x1000\",\"as_id\":0,"
			      "\"slot\":2,\"syscall\":-1}}");

	event.mapping.kind = SLOT_MAPPING_UFFD;
	event.mapping.uffd = 5;
	event.mapping.result = -12;
	event_to_text(
		&event,
		"{" HEAD "\"type\":\"mapping\",\"mapping\":{"
		"\"kind\":\"userfaultfd\",\"hva\":\"0x7000\","
		"\"size\":\"0x1000\",\"as_id\":0,"
		"\"slot\":2,\"result\":-12,\"errno\":\"ENOMEM\",\"uffd\":\"0x5\","
		"\"syscall\":-1}}");

	event = event_of(SLOT_EVENT_FAULT, 7);
	event.fault.kind = SLOT_FAULT_FAILED;
	event.fault.vcpu = 3;
	event.fault.gpa = 0x5000;
	event.fault.hva = 0x7000;
	event.fault.result = -14;
	event_to_text(&event,
		      "{" HEAD "\"type\":\"fault\",\"fault\":{"
		      "\"kind\":\"failed\",\"vcpu\":3,"
		      "\"gpa\":\"0x5000\",\"hva\":\"0x7000\","
		      "\"uffd\":false,\"result\":-14,\"errno\":\"EFAULT\"}}");

	event = event_of(SLOT_EVENT_GMEM_CLOSE, 7);
	event.gmem_close.dev = makedev(0, 15);
	event.gmem_close.ino = 77;
	event_to_text(&event,
		      "{" HEAD "\"type\":\"gmem-close\",\"gmem-close\":{"
		      "\"gmem_dev_major\":0,\"gmem_dev_minor\":15,"
		      "\"gmem_inode\":\"0x4d\"}}");

	event = event_of(SLOT_EVENT_PROCESS_EXIT, 7);
	event.process_exit.status = 0x300;
	event_to_text(&event, "{" HEAD "\"type\":\"process-exit\","
			      "\"process-exit\":{\"status\":768}}");

	event = event_of(SLOT_EVENT_FREE, 7);
	event.freed = slot_of(1, 2, 0x3000, 0x1000, HVA, SLOT_READONLY);
	event_to_text(&event, "{" HEAD "\"type\":\"free\",\"free\":{"
			      "\"as_id\":1,\"id\":2,\"gpa\":\"0x3000\","
			      "\"size\":\"0x1000\","
			      "\"hva\":\"0x7f0000000000\","
			      "\"flags\":\"0x2\"}}");

	event = event_of(SLOT_EVENT_PROBE, 7);
	event.probe = (struct slot_probe){
		.provider = "qemu",
		.name = "one",
		.form = "tx?d",
		.texts = { "0x10" },
		.args = { 0, 0x20, 0, UINT64_MAX },
	};
	event_to_text(&event, "{" HEAD "\"type\":\"probe\",\"probe\":{"
			      "\"provider\":\"qemu\",\"name\":\"one\","
			      "\"form\":\"tx?d\",\"arg0\":\"0x10\","
			      "\"arg1\":\"0x20\",\"arg3\":-1}}");

	event = event_of(SLOT_EVENT_LOST, 7);
	event.lost.reason = SLOT_LOST_MAP_FULL;
	event.lost.count = 12;
	event_to_text(&event, "{" HEAD "\"type\":\"lost\",\"lost\":{"
			      "\"reason\":\"map-full\",\"count\":12}}");
}

/* Through text, as a recording would */
static int event_from_text(const char *text, struct slot_event *event,
			   struct slotscope_error *err)
{
	struct json_object *obj = json_tokener_parse(text);
	int ret = slot_event_from_json(obj, event, err);

	json_object_put(obj);
	return ret;
}

static void events_there_and_back(void **unused)
{
	struct slot_event events[SLOT_EVENT_TYPES];
	struct slotscope_error err = { 0 };
	struct json_object *obj;
	struct slot_event back;

	memset(events, 0, sizeof(events));
	for (int type = 0; type < SLOT_EVENT_TYPES; type++)
		events[type] = event_of(type, UINT64_MAX - 1);
	events[SLOT_EVENT_VM_CREATE].vm.fd = -1;
	events[SLOT_EVENT_VM_DESTROY].vm.serial = UINT64_MAX - 1;
	events[SLOT_EVENT_BASE].base =
		slot_of(UINT16_MAX, 32767, 0xfffffffffffff000, 0x1000,
			0xfffffffffffff000, SLOT_LOG_DIRTY | SLOT_INVALID);
	events[SLOT_EVENT_BASE].base.gmem_fd = 0;
	events[SLOT_EVENT_BASE].base.gmem_offset = 0x8000000000000000;
	events[SLOT_EVENT_BASE].base.gmem_dev = makedev(UINT32_MAX, UINT32_MAX);
	events[SLOT_EVENT_BASE].base.gmem_ino = UINT64_MAX;
	events[SLOT_EVENT_BASE].base.gmem = SLOT_GMEM_OPEN;
	events[SLOT_EVENT_BASE].base.unknown = SLOT_FIELDS_ALL &
					       ~SLOT_FIELD_HVA;
	events[SLOT_EVENT_BASE_END].base_end.start_time = UINT64_MAX - 1;
	events[SLOT_EVENT_BASE_END].base_end.fd = INT32_MAX;
	events[SLOT_EVENT_REQUEST].request = (struct slot_request){
		.region2 = true,
		.slot = UINT32_MAX,
		.flags = UINT32_MAX,
		.gpa = UINT64_MAX,
		.size = UINT64_MAX,
		.hva = UINT64_MAX,
		.gmem_fd = INT32_MIN,
		.gmem_offset = UINT64_MAX,
		.result = -4095,
	};
	events[SLOT_EVENT_CHANGE].change.kind = SLOT_MOVE;
	events[SLOT_EVENT_CHANGE].change.before =
		slot_of(1, 5, 0, 0x1000, HVA, 0);
	events[SLOT_EVENT_CHANGE].change.after =
		slot_of(1, 5, 0x1000, 0x1000, HVA, 0);
	events[SLOT_EVENT_MAPPING].mapping = (struct slot_mapping){
		.kind = SLOT_MAPPING_UFFD,
		.uffd = UINT32_MAX,
		.result = -4095,
		.slot = -1,
		.syscall = -1,
	};
	events[SLOT_EVENT_FAULT].fault = (struct slot_fault){
		.kind = SLOT_FAULT_FAILED,
		.vcpu = -1,
		.gpa = SLOT_GPA_UNKNOWN,
		.hva = UINT64_MAX,
		.uffd = true,
		.result = -4095,
	};
	events[SLOT_EVENT_GMEM_CLOSE].gmem_close =
		(struct slot_gmem_close){ makedev(UINT32_MAX, UINT32_MAX),
					  UINT64_MAX };
	events[SLOT_EVENT_PROCESS_EXIT].process_exit.status = UINT16_MAX;
	events[SLOT_EVENT_FREE].freed = slot_of(1, 5, 0, 0x1000, HVA, 0);
	events[SLOT_EVENT_PROBE].probe = (struct slot_probe){
		.provider = "slotscope",
		.name = "region_map",
		.form = "tx?dtxxxd",
		.texts = { "pc.ram", "system" },
		.args = { 0, UINT64_MAX, 0, UINT64_MAX, 0, 2, 3, 4, 5 },
	};
	events[SLOT_EVENT_LOST].serial = 0;
	for (int type = 0; type < SLOT_EVENT_TYPES; type++) {
		obj = event_to_json(&events[type]);
		assert_int_equal(
			event_from_text(json_object_to_json_string_ext(obj, 0),
					&back, &err),
			0);
		json_object_put(obj);
		assert_memory_equal(&back, &events[type], sizeof(back));
	}
}

/* What a VMM calls itself must not break the document */
static void names_become_valid_utf8(void **unused)
{
	struct slot_event event = event_of(SLOT_EVENT_EXIT, 1);
	struct slotscope_error err = { 0 };
	struct json_object *obj;
	struct json_object *comm;
	struct slot_event back;

	/* no NUL at the end, a quote, an escape, and bytes that are no UTF-8 */
	memcpy(event.comm, "\x1b[2J\"\xff\xfe\xc3\xa9\xed\xa0\x80\xc0\xaf.",
	       16);
	obj = event_to_json(&event);
	assert_true(json_object_object_get_ex(obj, "comm", &comm));
	assert_string_equal(json_object_get_string(comm),
			    "\x1b[2J\"\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9"
			    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
			    "\xef\xbf\xbd\xef\xbf\xbd.");
	/* coming back it is cut to what fits, between characters */
	assert_int_equal(slot_event_from_json(obj, &back, &err), 0);
	assert_string_equal(back.comm,
			    "\x1b[2J\"\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9");
	json_object_put(obj);
}

static const char good_request[] =
	"{\"seq\":1,\"time_ns\":5,\"type\":\"request\",\"request\":{"
	"\"region2\":false,\"slot\":\"0x0\",\"flags\":\"0x0\",\"gpa\":\"0x0\","
	"\"size\":\"0x1000\",\"hva\":\"0x1000\",\"result\":0}}";

/* @good with the first @from made @to must be refused, naming @member */
static void refuse_event(const char *good, const char *from, const char *to,
			 const char *member)
{
	struct slotscope_error err = { 0 };
	const char *at = strstr(good, from);
	struct slot_event event;
	char text[1024];

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, to,
		 at + strlen(from));
	if (event_from_text(text, &event, &err) != -EINVAL)
		fail_msg("took %s", text);
	assert_int_equal(err.code, EINVAL);
	if (!strstr(err.why, member))
		fail_msg("\"%s\" does not name %s in %s", err.why, member,
			 text);
}

static void hostile_events_are_refused(void **unused)
{
	static const char change[] =
		"{\"seq\":1,\"time_ns\":5,\"type\":\"change\",\"change\":{"
		"\"kind\":\"move\",\"old\":{\"as_id\":0,\"id\":1,"
		"\"gpa\":\"0x0\",\"size\":\"0x1000\",\"hva\":null},"
		"\"new\":{\"as_id\":0,\"id\":1,\"gpa\":\"0x5000\","
		"\"size\":\"0x1000\",\"hva\":null},"
		"\"generation\":4,\"result\":0}}";
	const char *good = good_request;
	struct slotscope_error err = { 0 };
	struct slot_event event;

	assert_int_equal(event_from_text(good, &event, &err), 0);
	assert_int_equal(event_from_text(change, &event, &err), 0);
	assert_int_equal(event_from_text("[]", &event, &err), -EINVAL);
	assert_int_equal(event_from_text("null", &event, &err), -EINVAL);
	assert_int_equal(event_from_text("{}", &event, &err), -EINVAL);

	refuse_event(good, "\"seq\":1,", "", "\"seq\"");
	refuse_event(good, "\"seq\":1", "\"seq\":0", "\"seq\"");
	refuse_event(good, "\"seq\":1", "\"seq\":-1", "\"seq\"");
	refuse_event(good, "\"seq\":1", "\"seq\":1.5", "\"seq\"");
	refuse_event(good, "\"seq\":1", "\"seq\":\"1\"", "\"seq\"");
	refuse_event(good, "\"seq\":1", "\"seq\":null", "\"seq\"");
	refuse_event(good, "\"seq\":1", "\"seq\":[1]", "\"seq\"");
	refuse_event(good, "\"seq\":1", "\"seq\":18446744073709551616",
		     "\"seq\"");
	refuse_event(good, "\"request\"", "\"sneeze\"", "\"type\"");
	refuse_event(good, "\"request\"", "7", "\"type\"");
	refuse_event(good, "\"request\"", "\"exit\"", "\"exit\"");
	refuse_event(good, "\"gpa\":\"0x0\"", "\"gpa\":0", "\"request.gpa\"");
	refuse_event(good, "\"gpa\":\"0x0\"", "\"gpa\":\"0\"",
		     "\"request.gpa\"");
	refuse_event(good, "\"gpa\":\"0x0\"", "\"gpa\":\"0x\"",
		     "\"request.gpa\"");
	refuse_event(good, "\"gpa\":\"0x0\"", "\"gpa\":\"0x-1\"",
		     "\"request.gpa\"");
	refuse_event(good, "\"gpa\":\"0x0\"", "\"gpa\":\"0x1g\"",
		     "\"request.gpa\"");
	refuse_event(good, "\"gpa\":\"0x0\"", "\"gpa\":\"0x1\\u0000\"",
		     "\"request.gpa\"");
	refuse_event(good, "\"gpa\":\"0x0\"", "\"gpa\":\"0x10000000000000000\"",
		     "\"request.gpa\"");
	refuse_event(good, "\"slot\":\"0x0\"", "\"slot\":\"0x100000000\"",
		     "\"request.slot\"");
	refuse_event(good, "\"region2\":false", "\"region2\":0",
		     "\"request.region2\"");
	refuse_event(good, "\"region2\":false", "\"region2\":true",
		     "\"request.gmem_fd\"");
	refuse_event(good, "\"result\":0", "\"result\":1",
		     "\"request.result\"");
	refuse_event(good, "\"result\":0", "\"result\":-5000",
		     "\"request.result\"");
	refuse_event(change, "\"kind\":\"move\"", "\"kind\":\"grow\"",
		     "\"change.kind\"");
	refuse_event(change, "\"id\":1", "\"id\":-2", "\"change.old.id\"");
	refuse_event(change, "\"id\":1", "\"id\":2", "\"change.new\"");
	refuse_event(change, "\"size\":\"0x1000\"", "\"size\":\"0x0\"",
		     "\"change.old.size\"");
	refuse_event(change, "\"gpa\":\"0x0\"",
		     "\"gpa\":\"0xffffffffffffffff\"", "\"change.old.size\"");
	refuse_event(change, "\"as_id\":0", "\"as_id\":65536",
		     "\"change.old.as_id\"");
}

static const char good_state[] =
	"{\"version\":1,\"view\":\"kernel\","
	"\"vm\":{\"boot_id\":\"\",\"tgid\":42,\"start_time\":7,\"fd\":9,"
	"\"serial\":0},"
	"\"coverage\":{\"fields\":[\"id\",\"gpa\",\"size\"],\"since_ns\":0,"
	"\"at_ns\":5,\"lost\":1,\"truncated\":true,\"blind\":[{\"as_id\":0,"
	"\"gpa\":\"0x1000\",\"size\":\"0x2000\",\"why\":\"cut\"}]},"
	"\"whole_life\":false,\"gone\":false,\"walked\":true,"
	"\"address_spaces\":[{\"covered\":true,\"generation\":12,"
	"\"updating\":true},{\"covered\":true,\"generation\":3,"
	"\"updating\":false,\"torn\":true}],"
	"\"slots\":[{\"as_id\":0,\"id\":null,\"gpa\":\"0x0\","
	"\"size\":\"0x1001\",\"hva\":null,\"flags\":\"0x2\","
	"\"unknown\":[\"hva\"],\"name\":\"pc.ram\",\"offset\":\"0x10\","
	"\"seq\":3}]}";

static void states_there_and_back(void **unused)
{
	struct json_object *obj = json_tokener_parse(good_state);
	struct slotscope_error err = { 0 };
	struct slot_state state;

	assert_int_equal(slot_state_from_json(obj, &state, &err), 0);
	json_object_put(obj);
	assert_int_equal(state.party, PARTY_KERNEL);
	assert_int_equal(state.vm.tgid, 42);
	assert_int_equal(state.coverage.fields,
			 SLOT_FIELD_ID | SLOT_FIELD_GPA | SLOT_FIELD_SIZE);
	assert_int_equal(state.coverage.lost, 1);
	assert_true(state.coverage.truncated);
	assert_true(state.walked);
	assert_int_equal(state.coverage.nr_blind, 1);
	assert_string_equal(state.coverage.blind[0].why, "cut");
	assert_int_equal(state.nr_as, 2);
	assert_int_equal(state.as[0].generation, 12);
	assert_true(state.as[0].updating);
	assert_false(state.as[0].torn);
	assert_true(state.as[1].torn);
	assert_int_equal(state.nr_slots, 1);
	assert_int_equal(state.slots[0].id, -1);
	assert_int_equal(state.slots[0].unknown, SLOT_FIELD_HVA);
	assert_string_equal(state.slots[0].name, "pc.ram");
	assert_int_equal(state.slots[0].offset, 0x10);
	assert_text(state_to_json(&state), good_state);
	slot_state_deinit(&state);
}

static void refuse_state(const char *from, const char *to, const char *member)
{
	struct slotscope_error err = { 0 };
	const char *at = strstr(good_state, from);
	struct json_object *obj;
	struct slot_state state;
	char text[2048];

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good_state),
		 good_state, to, at + strlen(from));
	obj = json_tokener_parse(text);
	assert_non_null(obj);
	if (slot_state_from_json(obj, &state, &err) != -EINVAL)
		fail_msg("took %s", text);
	if (!strstr(err.why, member))
		fail_msg("\"%s\" does not name %s", err.why, member);
	assert_null(state.slots);
	json_object_put(obj);
}

static void hostile_states_are_refused(void **unused)
{
	refuse_state("\"version\":1", "\"version\":2", "\"version\"");
	refuse_state("\"version\":1,", "", "\"version\"");
	refuse_state("\"kernel\"", "\"colonel\"", "\"view\"");
	refuse_state("\"fd\":9", "\"fd\":-2", "\"vm.fd\"");
	refuse_state("\"boot_id\":\"\"", "\"boot_id\":\"../../etc\"",
		     "\"vm.boot_id\"");
	refuse_state("[\"id\",", "[\"ie\",", "\"coverage.fields\"");
	refuse_state("[\"id\",", "[1,", "\"coverage.fields\"");
	refuse_state("\"size\":\"0x2000\"", "\"size\":\"0x0\"",
		     "\"coverage.blind[0].size\"");
	refuse_state("[{\"covered\"", "[5,{\"covered\"",
		     "\"address_spaces[0]\"");
	refuse_state("\"as_id\":0,\"id\"", "\"as_id\":2,\"id\"",
		     "\"slots[0].as_id\"");
	refuse_state("\"0x1001\"", "\"0x0\"", "\"slots[0].size\"");
	refuse_state("\"name\":\"pc.ram\"", "\"name\":5", "\"slots[0].name\"");
	refuse_state("\"name\":\"pc.ram\"", "\"name\":\"a\\u0000b\"",
		     "\"slots[0].name\"");
	refuse_state("\"slots\":[", "\"slots\":{},\"x\":[", "\"slots\"");
}

static int take_example(const char *kind, struct json_object *obj,
			struct slotscope_error *err)
{
	struct slot_event event;
	struct slot_state state;
	int ret;

	if (!strcmp(kind, "event"))
		return slot_event_from_json(obj, &event, err);
	assert_string_equal(kind, "state");
	ret = slot_state_from_json(obj, &state, err);
	slot_state_deinit(&state);
	return ret;
}

/* What the description shows is what is read: its examples, by their kind */
static void the_description_is_true(void **unused)
{
	struct slotscope_error err = { 0 };
	struct json_object *obj;
	char text[4096] = "";
	char line[1024];
	char kind[16] = "";
	size_t examples = 0;
	FILE *file = fopen("Documentation/json.md", "r");

	if (!file) {
		print_message("# SKIP not run from the project's root\n");
		skip();
	}
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "```json %15s", kind) == 1) {
			text[0] = '\0';
		} else if (kind[0] && !strncmp(line, "```", 3)) {
			obj = json_tokener_parse(text);
			if (take_example(kind, obj, &err))
				fail_msg("%s: %s", text, err.why);
			json_object_put(obj);
			kind[0] = '\0';
			examples++;
		} else if (kind[0]) {
			assert_true(strlen(text) + strlen(line) < sizeof(text));
			strcat(text, line);
		}
	}
	fclose(file);
	assert_int_equal(examples, 4);
}

/* Stacks: as json.md has them, there and back, and what must be refused */
static int stack_from_text(const char *text, struct slot_stack *stack)
{
	struct slotscope_error err = { 0 };
	struct json_object *obj = json_tokener_parse(text);
	int ret;

	assert_non_null(obj);
	ret = slot_stack_from_json(obj, stack, &err);
	json_object_put(obj);
	return ret;
}

static void stacks_there_and_back(void **unused)
{
	static const char *const texts[] = {
		"{\"id\":3,\"end\":\"whole\",\"frames\":[{\"file\":"
		"\"/usr/bin/vmm\",\"build_id\":\"00ff9541\",\"offset\":"
		"\"0x7f5b39\",\"name\":\"f\",\"name_offset\":\"0x12\"},"
		"{\"offset\":\"0xffffffffffffffff\",\"guess\":true}]}",
		"{\"id\":18446744073709551614,\"end\":\"gone\",\"frames\":[]}",
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct json_text text = { 0 };
		struct slot_stack stack;
		struct json_writer w;

		assert_int_equal(stack_from_text(texts[i], &stack), 0);
		json_writer_init(&w, json_text_put, &text);
		slot_stack_write_json(&w, NULL, &stack);
		json_writer_flush(&w);
		assert_string_equal(text.text, texts[i]);
		free(text.text);
		if (!i) {
			assert_int_equal(stack.id, 3);
			assert_int_equal(stack.nr, 2);
			assert_int_equal(stack.frames[0].nr_build_id, 4);
			assert_memory_equal(stack.frames[0].build_id,
					    "\x00\xff\x95\x41", 4);
			assert_true(stack.frames[1].guess);
			assert_null(stack.frames[1].file);
		}
		slot_stack_deinit(&stack);
	}
}

static void hostile_stacks_are_refused(void **unused)
{
	static const char *const texts[] = {
		"{}",
		"{\"id\":0,\"end\":\"whole\",\"frames\":[]}",
		"{\"id\":1,\"end\":\"x\",\"frames\":[]}",
		"{\"id\":1,\"end\":\"whole\"}",
		"{\"id\":1,\"end\":\"gone\",\"frames\":[{\"offset\":\"0x1\"}]}",
		"{\"id\":1,\"end\":\"cut\",\"frames\":[{}]}",
		"{\"id\":1,\"end\":\"cut\",\"frames\":[{\"offset\":\"0x1\","
		"\"build_id\":\"0\"}]}",
		"{\"id\":1,\"end\":\"cut\",\"frames\":[{\"file\":\"a\","
		"\"offset\":\"0x1\",\"build_id\":\"0g\"}]}",
	};
	char many[8192] = "{\"id\":1,\"end\":\"cut\",\"frames\":[";
	struct slot_stack stack;

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (stack_from_text(texts[i], &stack) != -EINVAL)
			fail_msg("taken for a stack: %s", texts[i]);
	for (int i = 0; i < STACK_FRAMES_MAX + 1; i++)
		strcat(many,
		       i ? ",{\"offset\":\"0x1\"}" : "{\"offset\":\"0x1\"}");
	strcat(many, "]}");
	assert_int_equal(stack_from_text(many, &stack), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_as_text),
		cmocka_unit_test(events_there_and_back),
		cmocka_unit_test(names_become_valid_utf8),
		cmocka_unit_test(hostile_events_are_refused),
		cmocka_unit_test(states_there_and_back),
		cmocka_unit_test(hostile_states_are_refused),
		cmocka_unit_test(stacks_there_and_back),
		cmocka_unit_test(hostile_stacks_are_refused),
		cmocka_unit_test(the_description_is_true),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
