// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unwinding: this program is what is unwound, by a copy of its registers and of its
 * stack. What the frames are to be is known by who called whom, and by dladdr() and
 * dl_iterate_phdr(), which know nothing of the unwinder.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "unwind/regs.h"
#include "unwind/unwind.h"
#include "view_make.h"

#if defined(__x86_64__)

#define STACK_MAX (1U << 18)

/* What is known of the thread at the moment that is unwound */
static struct stack_sample sample;
static uint8_t stack_bytes[STACK_MAX];
static struct host_map map;

static void read_maps(void)
{
	struct slotscope_error err = { 0 };
	static char text[1 << 20];
	FILE *file = fopen("/proc/self/maps", "r");
	size_t len;

	assert_non_null(file);
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	assert_int_equal(host_map_parse(&map, text, len, &err), 0);
}

/* A frame of its own, and no frame pointer */
#define CHAIN                                                       \
	__attribute__((noinline, optimize("omit-frame-pointer,O2"), \
		       no_sanitize("address", "undefined")))

static CHAIN void take_sample(void)
{
	static const int places[] = { REG_R15, REG_R14, REG_R13, REG_R12,
				      REG_RBP, REG_RBX, REG_R11, REG_R10,
				      REG_R9,  REG_R8,	REG_RAX, REG_RCX,
				      REG_RDX, REG_RSI, REG_RDI, -1,
				      REG_RIP, -1,	REG_EFL, REG_RSP };
	static ucontext_t here;
	const struct host_range *stack;
	volatile const uint8_t *from;

	getcontext(&here);
	sample = (struct stack_sample){ .tgid = getpid(), .tid = getpid() };
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (places[i] >= 0)
			sample.regs[i] = here.uc_mcontext.gregs[places[i]];
	sample.regs[17] = 0x33;
	sample.sp = here.uc_mcontext.gregs[REG_RSP];
	read_maps();
	stack = host_map_find(&map, sample.sp);
	sample.len = stack->end - sample.sp;
	if (sample.len > sizeof(stack_bytes))
		sample.len = sizeof(stack_bytes);
	from = (const uint8_t *)sample.sp;
	for (size_t i = 0; i < sample.len; i++)
		stack_bytes[i] = from[i];
	sample.bytes = stack_bytes;
}

static volatile int sink;

CHAIN void unwind_inner(void (*call)(void));
CHAIN void unwind_middle(void (*call)(void));
CHAIN void unwind_outer(void (*call)(void));

CHAIN void unwind_inner(void (*call)(void))
{
	call();
	sink++;
}

CHAIN void unwind_middle(void (*call)(void))
{
	volatile uint64_t room[37];

	room[5] = sink;
	unwind_inner(call);
	sink += room[5];
}

CHAIN void unwind_outer(void (*call)(void))
{
	unwind_middle(call);
	sink++;
}

static int open_path(const struct host_range *range, void *arg)
{
	size_t *opened = arg;
	int fd = open(range->path, O_RDONLY | O_CLOEXEC);

	*opened += 1;
	return fd < 0 ? -errno : fd;
}

static size_t opened;

static struct unwinder *unwinder(void)
{
	struct unwinder *u = unwinder_new(open_path, &opened);

	assert_non_null(u);
	assert_int_equal(unwinder_map(u, &map), 0);
	return u;
}

static size_t place_of(const struct slot_stack *stack, const char *name)
{
	for (size_t i = 0; i < stack->nr; i++)
		if (stack->frames[i].name &&
		    !strcmp(stack->frames[i].name, name))
			return i;
	fail_msg("no frame is %s", name);
	return 0;
}

static void who_called_whom(void **state)
{
	struct slot_stack stack;
	struct unwinder *u;
	size_t at;

	(void)state;
	unwind_outer(take_sample);
	u = unwinder();
	assert_int_equal(unwinder_stack(u, &sample, &stack), 0);
	assert_int_equal(stack.end, STACK_WHOLE);
	assert_string_equal(stack.frames[0].name, "take_sample");
	assert_string_equal(stack.frames[1].name, "unwind_inner");
	assert_string_equal(stack.frames[2].name, "unwind_middle");
	assert_string_equal(stack.frames[3].name, "unwind_outer");
	assert_string_equal(stack.frames[4].name, "who_called_whom");
	/* By way of a library without our tables, to where a process begins */
	at = place_of(&stack, "main");
	assert_true(at > 5);
	assert_string_equal(stack.frames[stack.nr - 1].name, "_start");
	for (size_t i = 0; i < stack.nr; i++)
		assert_false(stack.frames[i].guess);
	slot_stack_deinit(&stack);
	unwinder_free(u);
	host_map_deinit(&map);
}

/* The build-id that the file's own note has, as it is mapped */
static int find_note(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct stack_frame *want = arg;

	(void)size;
	if (info->dlpi_addr != want->offset)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		const char *at = (char *)info->dlpi_addr + ph->p_vaddr;
		const char *end = at + ph->p_memsz;

		while (ph->p_type == PT_NOTE && at < end) {
			const ElfW(Nhdr) *note = (const void *)at;
			const char *name = at + sizeof(*note);
			const char *desc = name + ((note->n_namesz + 3) & ~3U);

			if (note->n_type == NT_GNU_BUILD_ID &&
			    !strcmp(name, "GNU")) {
				want->nr_build_id = note->n_descsz;
				memcpy(want->build_id, desc, note->n_descsz);
				return 1;
			}
			at = desc + ((note->n_descsz + 3) & ~3U);
		}
	}
	return 0;
}

static void where_it_is_in_its_file(void **state)
{
	struct slot_stack stack;
	struct unwinder *u;
	size_t nr_ids = 0;

	(void)state;
	unwind_outer(take_sample);
	u = unwinder();
	assert_int_equal(unwinder_stack(u, &sample, &stack), 0);
	for (size_t i = 0; i < stack.nr; i++) {
		const struct stack_frame *frame = &stack.frames[i];
		struct stack_frame want = { 0 };
		Dl_info info;
		char *path;

		/* dladdr() finds a file by an address in the process */
		want.offset = 0;
		if (i >= 1 && i <= 3) {
			static void *const functions[] = { unwind_inner,
							   unwind_middle,
							   unwind_outer };

			assert_true(dladdr(functions[i - 1], &info));
			want.offset = (uintptr_t)info.dli_fbase;
			assert_int_equal(frame->offset - frame->name_offset,
					 (uintptr_t)functions[i - 1] -
						 want.offset);
			path = realpath("/proc/self/exe", NULL);
			assert_string_equal(frame->file, path);
			free(path);
			dl_iterate_phdr(find_note, &want);
			assert_int_equal(frame->nr_build_id, want.nr_build_id);
			assert_memory_equal(frame->build_id, want.build_id,
					    want.nr_build_id);
			nr_ids += want.nr_build_id > 0;
		}
		assert_non_null(frame->file);
	}
	assert_int_equal(nr_ids, 3);
	slot_stack_deinit(&stack);
	unwinder_free(u);
	host_map_deinit(&map);
}

/* Each piece of the stack gives as many frames as lie in it, and says it is cut */
static void cut_stacks(void **state)
{
	size_t whole, last = 0, cuts = 0, full;
	struct slot_stack stack, all;
	struct unwinder *u;

	(void)state;
	unwind_outer(take_sample);
	u = unwinder();
	full = sample.len;
	assert_int_equal(unwinder_stack(u, &sample, &all), 0);
	whole = all.nr;
	for (size_t len = 0; len <= full; len += len < 4096 ? 8 : full / 8) {
		sample.len = len;
		assert_int_equal(unwinder_stack(u, &sample, &stack), 0);
		assert_true(stack.nr >= last && stack.nr <= whole);
		if (stack.nr < whole) {
			assert_int_equal(stack.end, STACK_CUT);
			cuts += stack.nr > last;
		}
		last = stack.nr;
		for (size_t i = 0; i < stack.nr; i++) {
			assert_int_equal(stack.frames[i].offset,
					 all.frames[i].offset);
		}
		slot_stack_deinit(&stack);
	}
	assert_true(cuts >= 4);
	slot_stack_deinit(&all);
	unwinder_free(u);
	host_map_deinit(&map);
}

/* Code that was made at run time: no file, no table. It calls what it is given */
static __attribute__((noinline)) void run_made_code(void *at)
{
	/* push rbp; mov rbp, rsp; call rdi; pop rbp; ret */
	static const uint8_t code[] = { 0x55, 0x48, 0x89, 0xe5,
					0xff, 0xd7, 0x5d, 0xc3 };
	struct slot_stack stack;
	void (*made)(void (*)(void));
	struct unwinder *u;
	void *page;

	page = mmap(at, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS |
			    (at ? MAP_FIXED_NOREPLACE : 0),
		    -1, 0);
	if (at && page == MAP_FAILED)
		return; /* something else is there */
	assert_true(page != MAP_FAILED);
	memcpy(page, code, sizeof(code));
	made = (void (*)(void (*)(void)))page;
	made(take_sample);
	u = unwinder();
	assert_int_equal(unwinder_stack(u, &sample, &stack), 0);
	assert_true(stack.nr >= 2);
	assert_string_equal(stack.frames[0].name, "take_sample");
	assert_false(stack.frames[1].guess);
	assert_null(stack.frames[1].file);
	assert_null(stack.frames[1].name);
	assert_int_equal(stack.frames[1].nr_build_id, 0);
	assert_int_equal(stack.frames[1].offset, (uintptr_t)page + 6);
	/* Its frame pointer may lead on; then it is said to be a guess */
	if (stack.nr > 2) {
		assert_true(stack.frames[2].guess);
		assert_string_equal(stack.frames[2].name, "run_made_code");
	} else {
		assert_int_equal(stack.end, STACK_NO_TABLE);
	}
	slot_stack_deinit(&stack);
	unwinder_free(u);
	host_map_deinit(&map);
	munmap(page, 4096);
}

/* Anywhere; and where it touches what is of a file, its zeroes too */
static void code_without_a_table(void **state)
{
	struct host_map before = { 0 };
	size_t i;

	(void)state;
	run_made_code(NULL);
	read_maps();
	before = map;
	map = (struct host_map){ 0 };
	for (i = 0; i < before.nr; i++) {
		run_made_code((void *)(before.ranges[i].start - 4096));
		run_made_code((void *)before.ranges[i].end);
	}
	host_map_deinit(&before);
}

/* A frame where nothing was mapped, as far as the unwinder was told */
static void unknown_mappings(void **state)
{
	struct slot_stack stack;
	struct host_map part = { 0 };
	struct unwinder *u;
	size_t before;
	char *program;

	(void)state;
	unwind_outer(take_sample);
	u = unwinder_new(open_path, &opened);
	assert_non_null(u);
	/* Without the program itself */
	part.ranges = calloc(map.nr, sizeof(*part.ranges));
	part.nr = 0;
	program = realpath("/proc/self/exe", NULL);
	for (size_t i = 0; i < map.nr; i++)
		if (!map.ranges[i].path || strcmp(map.ranges[i].path, program))
			part.ranges[part.nr++] = map.ranges[i];
	assert_true(part.nr < map.nr);
	assert_int_equal(unwinder_map(u, &part), 0);
	assert_int_equal(unwinder_stack(u, &sample, &stack), 1);
	assert_int_equal(stack.end, STACK_NO_TABLE);
	slot_stack_deinit(&stack);
	/* Told of all, it knows all, and opens no file twice */
	assert_int_equal(unwinder_map(u, &map), 0);
	assert_int_equal(unwinder_stack(u, &sample, &stack), 0);
	assert_int_equal(stack.end, STACK_WHOLE);
	slot_stack_deinit(&stack);
	before = opened;
	assert_int_equal(unwinder_map(u, &map), 0);
	assert_int_equal(unwinder_stack(u, &sample, &stack), 0);
	assert_int_equal(opened, before);
	slot_stack_deinit(&stack);
	free(part.ranges);
	free(program);
	unwinder_free(u);
	host_map_deinit(&map);
}

static void what_is_lost(void **state)
{
	static const enum stack_end ends[] = { STACK_RING_FULL, STACK_UNREAD };
	struct slot_stack stack;
	struct unwinder *u;

	(void)state;
	unwind_outer(take_sample);
	u = unwinder();
	for (size_t i = 0; i < 2; i++) {
		sample.lost = ends[i];
		assert_int_equal(unwinder_stack(u, &sample, &stack), 0);
		assert_int_equal(stack.end, ends[i]);
		assert_true(slot_stack_lost(&stack));
		assert_int_equal(stack.nr, 0);
	}
	/* A 32-bit program has other registers */
	sample.lost = 0;
	sample.regs[17] = 0x23;
	assert_int_equal(unwinder_stack(u, &sample, &stack), 0);
	assert_int_equal(stack.end, STACK_FOREIGN);
	assert_true(slot_stack_lost(&stack));
	/* Registers that lead nowhere */
	sample.regs[17] = 0x33;
	sample.regs[4] = 0;
	sample.regs[16] = 8;
	sample.regs[19] = 16;
	assert_int_equal(unwinder_stack(u, &sample, &stack), 1);
	assert_int_equal(stack.nr, 1);
	assert_int_equal(stack.end, STACK_NO_TABLE);
	slot_stack_deinit(&stack);
	unwinder_free(u);
	host_map_deinit(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_called_whom),
		cmocka_unit_test(where_it_is_in_its_file),
		cmocka_unit_test(cut_stacks),
		cmocka_unit_test(code_without_a_table),
		cmocka_unit_test(unknown_mappings),
		cmocka_unit_test(what_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	puts("1..0 # SKIP the registers of this architecture are not known here");
	return 0;
}

#endif
