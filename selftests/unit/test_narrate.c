// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps, what they changed, and how the memory model's events become steps. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/kvm.h>

#include <slotscope/memory.h>

#include "kvm/ioctl.h"
#include "narrate/memory.h"
#include "narrate/narrate.h"
#include "render/explain.h"

/* What was told, a short line an event */
static char told[16384];
static size_t told_len;

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	told_len +=
		vsnprintf(told + told_len, sizeof(told) - told_len, fmt, ap);
	va_end(ap);
	assert_true(told_len < sizeof(told));
}

static void listen(void *opaque, const struct narrate_event *e)
{
	const struct narrate_change *c = e->change;
	size_t i;

	switch (e->kind) {
	case NARRATE_ENTER:
		say("%u in %u depth %u %s(%s)%s%s\n", e->nr, e->in, e->depth,
		    e->step->function, e->subject,
		    e->first == e->nr ? "" : " again",
		    e->folded ? " folded" : "");
		break;
	case NARRATE_LEAVE:
		say("end %u\n", e->nr);
		break;
	case NARRATE_CALL:
		say("%u: %s = %ld\n", e->nr, e->call->text, e->call->result);
		break;
	case NARRATE_CHANGE:
		say("%u: %c%s %s", e->nr,
		    c->how == NARRATE_MADE    ? '+' :
		    c->how == NARRATE_CHANGED ? '~' :
						'-',
		    c->type, c->name);
		for (i = 0; i < c->nr; i++)
			say(c->diff[i].usual ? " (%s:%s>%s)" : " %s:%s>%s",
			    c->diff[i].field,
			    c->diff[i].before ? c->diff[i].before : "",
			    c->diff[i].after ? c->diff[i].after : "");
		say("\n");
		break;
	}
}

static const struct narrator listener = { .tell = listen };

static int start(void **state)
{
	told_len = 0;
	told[0] = '\0';
	narrate_to(&listener);
	return 0;
}

static int stop(void **state)
{
	narrate_to(NULL);
	return 0;
}

struct thing {
	int size;
	int colour; /* 0 is usual */
	bool there;
};

static unsigned int watched;

static void watch(const void *object, struct narrate_fields *f)
{
	const struct thing *thing = object;

	watched++;
	if (!thing->there)
		return;
	narrate_struct(f, "Thing", "%d", 7);
	narrate_field(f, "size", NULL, "%d", thing->size);
	narrate_field(f, "colour", "0", "%d", thing->colour);
}

static void work(struct thing *thing, int size, int colour, bool there)
{
	NARRATE(KVM_INIT, watch, thing, "%d", size);

	*thing = (struct thing){ size, colour, there };
}

static void nobody_listens(void **state)
{
	struct thing thing = {};

	narrate_to(NULL);
	watched = 0;
	work(&thing, 1, 0, true);
	assert_int_equal(watched, 0);
	assert_string_equal(told, "");
}

static void changes(void **state)
{
	struct thing thing = {};

	work(&thing, 1, 0, true); /* the usual colour people need not be told */
	work(&thing, 1, 3, true); /* but its change is */
	work(&thing, 1, 3, true); /* nothing */
	work(&thing, 1, 3, false);
	assert_string_equal(told, "1 in 0 depth 0 kvm_init(1)\n"
				  "1: +Thing 7 size:>1 (colour:>0)\n"
				  "end 1\n"
				  "2 in 0 depth 0 kvm_init(1) again\n"
				  "2: ~Thing 7 colour:0>3\n"
				  "end 2\n"
				  "3 in 0 depth 0 kvm_init(1) again\n"
				  "end 3\n"
				  "4 in 0 depth 0 kvm_init(1) again\n"
				  "4: -Thing 7 size:1> colour:3>\n"
				  "end 4\n");
}

static int inner(void)
{
	struct narrate_call call = {
		.name = "ioctl", .fd = 3, .text = "x", .result = -1, .error = 5
	};
	NARRATE(KVM_CREATE_VM, NULL, NULL, "%s", "");

	errno = EXDEV;
	narrate_call(&call);
	return errno;
}

static void nests(void **state)
{
	{
		NARRATE(KVM_INIT, NULL, NULL, "%s", "");
		assert_int_equal(inner(), EXDEV);
		inner();
	}
	assert_string_equal(told, "1 in 0 depth 0 kvm_init()\n"
				  "2 in 1 depth 1 kvm_init()\n"
				  "2: x = -1\n"
				  "end 2\n"
				  "3 in 1 depth 1 kvm_init() again\n"
				  "3: x = -1\n"
				  "end 3\n"
				  "end 1\n");
}

static void pam(void)
{
	NARRATE(INIT_PAM, NULL, NULL, "%s", "");

	inner();
}

/* Of the second, no step is told; but its calls are, as the step's own */
static void folds(void **state)
{
	pam();
	pam();
	inner();
	assert_string_equal(told, "1 in 0 depth 0 init_pam()\n"
				  "2 in 1 depth 1 kvm_init()\n"
				  "2: x = -1\n"
				  "end 2\n"
				  "end 1\n"
				  "3 in 0 depth 0 init_pam() again folded\n"
				  "3: x = -1\n"
				  "end 3\n"
				  "4 in 0 depth 0 kvm_init() again\n"
				  "4: x = -1\n"
				  "end 4\n");
}

/* The story may end within steps: who comes after begins at the outside */
static void ends(void **state)
{
	{
		NARRATE(KVM_INIT, NULL, NULL, "%s", "");
		narrate_end();
		inner();
	}
	assert_string_equal(told, "1 in 0 depth 0 kvm_init()\n");
	start(state);
	inner();
	assert_string_equal(told, "1 in 0 depth 0 kvm_init()\n"
				  "1: x = -1\n"
				  "end 1\n");
}

static void table_is_whole(void **state)
{
	size_t i;

	for (i = 0; i < NR_NARRATE; i++) {
		const struct narrate_step *step = &narrate_steps[i];

		if (!step->function || !step->file || !step->says)
			fail_msg("step %zu is not in the table", i);
	}
}

static void memory_events(void **state)
{
	const struct memory_model_options options = {
		.observer = &narrate_memory,
	};
	struct slotscope_error err = {};
	struct memory_region *root, *ram, *bad;
	struct memory_model *model;
	struct address_space *as;

	assert_int_equal(memory_model_create(&options, &model, &err), 0);
	assert_int_equal(
		memory_region_create(model, "root", 0x10000, &root, &err), 0);
	assert_int_equal(address_space_create(model, "as", root, &as, &err), 0);
	assert_int_equal(memory_region_create_ram(model, "ram", 0x2000, NULL,
						  &ram, &err),
			 0);
	/* Refused: the step ends, and made nothing */
	assert_int_not_equal(
		memory_region_create_ram(model, "bad", 0, NULL, &bad, &err), 0);
	start(state);
	assert_int_equal(memory_region_add_subregion(root, 0x1000, ram, &err),
			 0);
	assert_string_equal(
		told,
		"1 in 0 depth 0 memory_region_add_subregion(\"root\", 0x1000, \"ram\")\n"
		"2 in 1 depth 1 memory_region_transaction_commit()\n"
		"3 in 2 depth 2 address_space_set_flatview(\"as\")\n"
		"3: ~FlatView  root:NULL>root nr:0>1\n"
		"3: +FlatRange 0x1000-0x2fff mr:>ram offset_in_region:>0x0 "
		"(readonly:>false) romd_mode:>true dirty_log_mask:>0\n"
		"end 3\n"
		"end 2\n"
		"1: ~MemoryRegion ram container:NULL>root addr:0x0>0x1000\n"
		"end 1\n");
	start(state);
	assert_int_not_equal(
		memory_region_create_ram(model, "bad", 0, NULL, &bad, &err), 0);
	assert_string_equal(told,
			    "1 in 0 depth 0 memory_region_init_ram(\"bad\")\n"
			    "end 1\n");
	memory_model_destroy(model);
}

static void requests(void **state)
{
	struct kvm_userspace_memory_region region = {
		.slot = 3,
		.flags = KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES,
		.guest_phys_addr = 0x1000,
		.memory_size = 8192,
		.userspace_addr = 0x7f0000000000,
	};
	char text[256];

	assert_string_equal(kvm_ioctl_text(text, sizeof(text),
					   KVM_SET_USER_MEMORY_REGION,
					   (uintptr_t)&region),
			    "KVM_SET_USER_MEMORY_REGION");
	/* As strace 6.1 has it */
	assert_string_equal(text,
			    "KVM_SET_USER_MEMORY_REGION, {slot=3, "
			    "flags=KVM_MEM_LOG_DIRTY_PAGES|KVM_MEM_READONLY, "
			    "guest_phys_addr=0x1000, memory_size=8192, "
			    "userspace_addr=0x7f0000000000}");
	kvm_ioctl_text(text, sizeof(text), KVM_CHECK_EXTENSION, 3);
	assert_string_equal(text, "KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY");
	kvm_ioctl_text(text, sizeof(text), KVM_CHECK_EXTENSION, 0x7777);
	assert_string_equal(text,
			    "KVM_CHECK_EXTENSION, 0x7777 /* KVM_CAP_??? */");
	assert_null(kvm_ioctl_text(text, sizeof(text), 0x1234, 5));
	assert_string_equal(text, "0x1234, 0x5");
	/* No room: cut, and ended */
	kvm_ioctl_text(text, 20, KVM_SET_USER_MEMORY_REGION,
		       (uintptr_t)&region);
	assert_int_equal(strlen(text), 19);
}

/* Names may hold anything, and be long: lines stay narrow and printable */
static void text_is_clean(void **state)
{
	char name[600], *text, *line, *next;
	struct narrate_diff diff = { .field = "field",
				     .before = name,
				     .after = "after" };
	struct narrate_change change = {
		.type = "Thing",
		.name = name,
		.how = NARRATE_CHANGED,
		.diff = &diff,
		.nr = 1,
	};
	struct narrate_event event = {
		.kind = NARRATE_ENTER,
		.nr = 1,
		.first = 1,
		.depth = 40,
		.step = &narrate_steps[NARRATE_KVM_INIT],
		.subject = name,
	};
	struct explain explain = {};
	size_t len;

	memset(name, 'x', sizeof(name));
	memcpy(name, "\033[31m\n\xff", 7);
	name[sizeof(name) - 1] = '\0';
	explain.out = open_memstream(&text, &len);
	explain_text(&explain, &event);
	event.kind = NARRATE_CHANGE;
	event.change = &change;
	explain_text(&explain, &event);
	fclose(explain.out);
	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, '\xff'));
	for (line = text; (next = strchr(line, '\n')); line = next + 1)
		assert_true(next - line < 100);
	free(text);
}

/* In JSON a value is what it is, and a structure has a number while it is there */
static void json_values(void **state)
{
	static const int region, other;
	struct narrate_diff diff[] = {
		{ .field = "a", .before = "0", .after = "7" },
		{ .field = "b", .after = "true" },
		{ .field = "c", .after = "2^64" },
		{ .field = "d", .after = "7", .words = true },
		{ .field = "e", .after = "0x1000" },
		{ .field = "big", .after = "18446744073709551615" },
		{ .field = "f",
		  .before = "NULL",
		  .after = "true",
		  .refers = true,
		  .after_object = &other },
	};
	struct narrate_change change = {
		.type = "MemoryRegion",
		.name = "pc.ram",
		.named = true,
		.object = &region,
		.how = NARRATE_CHANGED,
		.diff = diff,
		.nr = sizeof(diff) / sizeof(diff[0]),
	};
	struct narrate_event event = {
		.kind = NARRATE_CHANGE,
		.nr = 3,
		.step = &narrate_steps[NARRATE_KVM_INIT],
		.change = &change,
	};
	struct explain explain = { .time_ns = 12 };
	size_t len;
	char *text;

	explain.out = open_memstream(&text, &len);
	explain_json(&explain, &event);
	change.nr = 0;
	change.how = NARRATE_GONE;
	explain_json(&explain, &event);
	change.how = NARRATE_MADE; /* another, at the same address */
	explain_json(&explain, &event);
	explain_deinit(&explain);
	fclose(explain.out);
#define HEAD                                               \
	"{\"event\":\"change\",\"step\":3,\"time_ns\":12," \
	"\"structure\":\"MemoryRegion\",\"id\":"
	assert_string_equal(
		text, HEAD
		"2,\"name\":\"pc.ram\",\"how\":\"changed\",\"fields\":["
		"{\"field\":\"a\",\"before\":0,\"after\":7},"
		"{\"field\":\"b\",\"before\":null,\"after\":true},"
		"{\"field\":\"c\",\"before\":null,"
		"\"after\":\"0x10000000000000000\"},"
		"{\"field\":\"d\",\"before\":null,\"after\":\"7\"},"
		"{\"field\":\"e\",\"before\":null,\"after\":\"0x1000\"},"
		"{\"field\":\"big\",\"before\":null,"
		"\"after\":\"18446744073709551615\"},"
		"{\"field\":\"f\",\"before\":null,\"after\":\"true\","
		"\"before_id\":null,\"after_id\":1}]}\n" HEAD
		"2,\"name\":\"pc.ram\",\"how\":\"gone\",\"fields\":[]}\n" HEAD
		"3,\"name\":\"pc.ram\",\"how\":\"new\",\"fields\":[]}\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_listens, start, stop),
		cmocka_unit_test_setup_teardown(changes, start, stop),
		cmocka_unit_test_setup_teardown(nests, start, stop),
		cmocka_unit_test_setup_teardown(folds, start, stop),
		cmocka_unit_test_setup_teardown(ends, start, stop),
		cmocka_unit_test(table_is_whole),
		cmocka_unit_test_setup_teardown(memory_events, start, stop),
		cmocka_unit_test(requests),
		cmocka_unit_test(text_is_clean),
		cmocka_unit_test(json_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
