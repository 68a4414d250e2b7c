// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs without .eh_frame: files made here, and stacks as they would stand there. A
 * Go program has its own table, as "Go 1.2 Runtime Symbol Information" and the header of
 * runtime's pcHeader tell its form; another one has frame pointers at best.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "unwind/go_table.h"
#include "unwind/unwind.h"

#if defined(__x86_64__)

#define TEXT	 0x1000 /* where .text is in each file */
#define TEXT_LEN 0x1000
#define BASE	 0x500000 /* where the file is mapped */
#define STACK	 0x7ffe00001000

#define MAGIC_1_18 0xfffffff0
#define MAGIC_1_20 0xfffffff1
#define LAST	   1
#define MOVES	   2

struct bytes {
	uint8_t at[8192];
	size_t nr;
};

static void put(struct bytes *b, uint64_t value, unsigned int len)
{
	assert_true(b->nr + len <= sizeof(b->at));
	for (unsigned int i = 0; i < len; i++)
		b->at[b->nr++] = value >> 8 * i;
}

static void put_text(struct bytes *b, const char *text)
{
	do
		put(b, *text, 1);
	while (*text++);
}

/* @frame: once its first @enter bytes have made room; 0: it makes none */
struct function {
	const char *name;
	uint64_t start, size;
	unsigned int enter;
	uint64_t frame;
	unsigned int flags;
};

static const struct function go_functions[] = {
	{ "runtime.first", 0x00, 0x20, 4, 0x10, 0 },
	{ "syscall.leaf", 0x20, 0x10, 0, 0, 0 },
	{ "main.(*VM).inner", 0x30, 0x40, 4, 0x18, 0 },
	{ "main.outer", 0x70, 0x150, 7, 0x1238, 0 },
	{ "runtime.other", 0x1c0, 0x40, 4, 0x20, MOVES },
	{ "runtime.goexit", 0x200, 0x10, 0, 0, LAST },
};

#define NR_GO (sizeof(go_functions) / sizeof(go_functions[0]))

static void put_varint(struct bytes *b, uint32_t value)
{
	for (; value >= 0x80; value >>= 7)
		put(b, (value & 0x7f) | 0x80, 1);
	put(b, value, 1);
}

/* The value rises by @by, and holds for @code bytes: a number's sign is its lowest bit */
static void put_step(struct bytes *b, int32_t by, uint32_t code)
{
	put_varint(b, by < 0 ? ((uint32_t)-by << 1) - 1 : (uint32_t)by << 1);
	put_varint(b, code);
}

/* Header, names, steps, functions; @text: as the header has it */
static void go_table_make(struct bytes *b, uint32_t magic, uint64_t text)
{
	uint32_t names[NR_GO], steps[NR_GO];
	size_t at_names, at_steps, at_functions, record;

	*b = (struct bytes){ 0 };
	put(b, magic, 4);
	put(b, 0, 2);
	put(b, 1, 1); /* the least instruction */
	put(b, 8, 1);
	put(b, NR_GO, 8);
	put(b, 0, 8);
	put(b, text, 8);
	for (int i = 0; i < 5; i++)
		put(b, 0, 8); /* filled below */
	at_names = b->nr;
	put_text(b, "");
	for (size_t i = 0; i < NR_GO; i++) {
		names[i] = b->nr - at_names;
		put_text(b, go_functions[i].name);
	}
	at_steps = b->nr;
	put(b, 0, 1);
	for (size_t i = 0; i < NR_GO; i++) {
		const struct function *f = &go_functions[i];

		steps[i] = b->nr - at_steps;
		/* From -1 to 0; up, and down again for its last instruction */
		put_step(b, 1, f->enter ? f->enter : f->size);
		if (f->enter) {
			put_step(b, f->frame, f->size - f->enter - 1);
			put_step(b, -(int32_t)f->frame, 1);
		}
		put(b, 0, 1);
	}
	while (b->nr % 8)
		put(b, 0, 1);
	at_functions = b->nr;
	record = 8 * NR_GO + 4;
	for (size_t i = 0; i < NR_GO; i++) {
		put(b, go_functions[i].start, 4);
		put(b, record + 44 * i, 4);
	}
	put(b, go_functions[NR_GO - 1].start + go_functions[NR_GO - 1].size, 4);
	for (size_t i = 0; i < NR_GO; i++) {
		put(b, go_functions[i].start, 4);
		put(b, names[i], 4);
		put(b, 0, 8);
		put(b, steps[i], 4);
		put(b, 0, 8);
		put(b, 0, 8);
		if (magic == MAGIC_1_20)
			put(b, 77, 4); /* the line it begins in */
		put(b, 0, 1);
		put(b, go_functions[i].flags, 1);
		put(b, 0, magic == MAGIC_1_20 ? 2 : 6);
	}
	for (int i = 0; i < 5; i++) {
		const size_t at[] = { at_names, 0, 0, at_steps, at_functions };

		memcpy(b->at + 32 + 8 * i, &at[i], 8);
	}
}

static void each_function(void **state)
{
	static const uint32_t magics[] = { MAGIC_1_18, MAGIC_1_20 };
	struct go_function found;
	struct go_table table;
	static struct bytes b;

	(void)state;
	for (int m = 0; m < 2; m++) {
		go_table_make(&b, magics[m], 0x401000);
		assert_true(go_table_read(&table, b.at, b.nr));
		assert_int_equal(table.text, 0x401000);
		for (size_t i = 0; i < NR_GO; i++) {
			const struct function *f = &go_functions[i];

			for (uint64_t j = 0; j < f->size; j++) {
				uint64_t want =
					j >= f->enter && j < f->size - 1 ?
						f->frame :
						0;

				assert_true(go_table_find(
					&table, 0x401000 + f->start + j,
					&found));
				assert_string_equal(found.name, f->name);
				assert_int_equal(found.start,
						 0x401000 + f->start);
				assert_int_equal(found.frame, want);
				assert_int_equal(found.last, f->flags == LAST);
				assert_int_equal(found.moves,
						 f->flags == MOVES);
			}
		}
		assert_false(go_table_find(&table, 0x400fff, &found));
		assert_false(go_table_find(&table, 0x401210, &found));
		assert_false(go_table_find(&table, 0, &found));
		assert_false(go_table_find(&table, UINT64_MAX, &found));
	}
	go_table_make(&b, 0xfffffffb, 0x401000); /* Go 1.2's */
	assert_false(go_table_read(&table, b.at, b.nr));
}

/* Whatever is in it: nothing beyond its end is read, and it ends (ASan) */
static void spoiled_tables(void **state)
{
	struct go_function found;
	struct go_table table;
	static struct bytes b;
	size_t whole;

	(void)state;
	go_table_make(&b, MAGIC_1_18, 0x401000);
	whole = b.nr;
	for (size_t len = 0; len < whole; len++) {
		uint8_t *copy = malloc(len ? len : 1);

		memcpy(copy, b.at, len);
		if (go_table_read(&table, copy, len))
			for (uint64_t at = 0x401000; at < 0x401210; at += 7)
				go_table_find(&table, at, &found);
		free(copy);
	}
	for (size_t bit = 0; bit < whole * 8; bit++) {
		uint8_t *copy = malloc(whole);

		memcpy(copy, b.at, whole);
		copy[bit / 8] ^= 1 << bit % 8;
		if (go_table_read(&table, copy, whole))
			for (uint64_t at = 0x401000; at < 0x401210; at += 7)
				go_table_find(&table, at, &found);
		free(copy);
	}
}

/* A file to be mapped whole, with .text and another section or two */
static char path[] = "/tmp/slotscope-unwind-XXXXXX";

struct section {
	const char *name;
	uint32_t type;
	const struct bytes *bytes;
	uint32_t link;
	uint64_t entry;
};

static void file_make(const struct section *sections, int nr)
{
	static uint8_t file[65536];
	Elf64_Ehdr head = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(head),
		.e_ehsize = sizeof(head),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = nr + 3,
		.e_shstrndx = nr + 2,
	};
	Elf64_Phdr load = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_filesz = TEXT + TEXT_LEN,
		.p_memsz = TEXT + TEXT_LEN,
		.p_align = 0x1000,
	};
	Elf64_Shdr table[8] = { { 0 } };
	struct bytes names = { { 0 }, 1 };
	uint64_t at = TEXT + TEXT_LEN;
	int fd;

	memset(file, 0, sizeof(file));
	table[1] = (Elf64_Shdr){
		.sh_name = names.nr,
		.sh_type = SHT_PROGBITS,
		.sh_flags = SHF_ALLOC | SHF_EXECINSTR,
		.sh_addr = TEXT,
		.sh_offset = TEXT,
		.sh_size = TEXT_LEN,
		.sh_addralign = 16,
	};
	put_text(&names, ".text");
	for (int i = 0; i < nr; i++) {
		table[2 + i] = (Elf64_Shdr){
			.sh_name = names.nr,
			.sh_type = sections[i].type,
			.sh_offset = at,
			.sh_size = sections[i].bytes->nr,
			.sh_link = sections[i].link,
			.sh_info = sections[i].link ? 1 : 0,
			.sh_addralign = 8,
			.sh_entsize = sections[i].entry,
		};
		put_text(&names, sections[i].name);
		memcpy(file + at, sections[i].bytes->at, sections[i].bytes->nr);
		at = (at + sections[i].bytes->nr + 7) & ~7ULL;
	}
	table[nr + 2] = (Elf64_Shdr){
		.sh_name = names.nr,
		.sh_type = SHT_STRTAB,
		.sh_offset = at,
		.sh_addralign = 1,
	};
	put_text(&names, ".shstrtab");
	table[nr + 2].sh_size = names.nr;
	memcpy(file + at, names.at, names.nr);
	at = (at + names.nr + 7) & ~7ULL;
	head.e_shoff = at;
	memcpy(file, &head, sizeof(head));
	memcpy(file + sizeof(head), &load, sizeof(load));
	memcpy(file + at, table, sizeof(table[0]) * (nr + 3));
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, sizeof(file)), sizeof(file));
	close(fd);
}

static int open_path(const struct host_range *range, void *arg)
{
	int fd = open(range->path, O_RDONLY | O_CLOEXEC);

	(void)arg;
	return fd < 0 ? -errno : fd;
}

/* The file is mapped at BASE; the stack's words are @words. @bp: the frame pointer */
static void unwind(uint64_t pc, uint64_t bp, const uint64_t *words, size_t nr,
		   struct slot_stack *out)
{
	struct host_range ranges[] = {
		{ .start = BASE,
		  .end = BASE + TEXT + TEXT_LEN,
		  .read = true,
		  .inode = 17,
		  .path = path },
		{ .start = STACK, .end = STACK + 0x100000, .read = true },
	};
	const struct host_map map = { .ranges = ranges, .nr = 2 };
	const struct stack_sample sample = {
		.tgid = 7,
		.tid = 7,
		.regs = { [4] = bp, [16] = pc, [17] = 0x33, [19] = STACK },
		.sp = STACK,
		.bytes = (const uint8_t *)words,
		.len = nr * sizeof(*words),
	};
	struct unwinder *u = unwinder_new(open_path, NULL);

	assert_non_null(u);
	assert_int_equal(unwinder_map(u, &map), 0);
	unwinder_stack(u, &sample, out);
	unwinder_free(u);
}

#define AT(offset) (BASE + TEXT + (offset))

/* Where each call of the chain returns to: goexit, outer, inner, and the leaf */
static size_t go_stack(uint64_t words[1024])
{
	size_t at = 0;

	memset(words, 0x11, 1024 * sizeof(*words));
	words[at++] = AT(0x30 + 20); /* the leaf has no frame */
	at += 0x18 / 8;
	words[at++] = AT(0x70 + 90);
	at += 0x1238 / 8;
	words[at++] = AT(0x200 + 1);
	return at;
}

static void go_programs(void **state)
{
	static const char *const want[] = { "syscall.leaf", "main.(*VM).inner",
					    "main.outer", "runtime.goexit" };
	static const uint64_t offsets[] = { 5, 20, 90, 1 };
	static const uint64_t starts[] = { 0x20, 0x30, 0x70, 0x200 };
	static uint64_t words[1024];
	static struct bytes table;
	struct section section = { ".gopclntab", SHT_PROGBITS, &table, 0, 0 };
	struct slot_stack stack;
	size_t nr = go_stack(words);

	(void)state;
	/* By itself, and loaded anywhere: then the header knows not where .text is */
	for (int pie = 0; pie < 2; pie++) {
		section.name = pie ? ".data.rel.ro.gopclntab" : ".gopclntab";
		go_table_make(&table, MAGIC_1_20, pie ? 0 : TEXT);
		file_make(&section, 1);
		unwind(AT(0x25), 0, words, nr, &stack);
		assert_int_equal(stack.end, STACK_WHOLE);
		assert_int_equal(stack.nr, 4);
		for (size_t i = 0; i < 4; i++) {
			const struct stack_frame *frame = &stack.frames[i];

			assert_string_equal(frame->name, want[i]);
			assert_int_equal(frame->name_offset, offsets[i]);
			assert_int_equal(frame->offset,
					 TEXT + starts[i] + offsets[i]);
			assert_string_equal(frame->file, path);
			assert_false(frame->guess);
		}
		slot_stack_deinit(&stack);
	}
	/* Each piece of it has as many frames as lie in it */
	for (size_t len = 0; len < nr; len++) {
		unwind(AT(0x25), 0, words, len, &stack);
		assert_int_equal(stack.nr, len < 1 ? 1 : len < 5 ? 2 : 3);
		assert_int_equal(stack.end, STACK_CUT);
		slot_stack_deinit(&stack);
	}
	/* On to another stack, whatever lies in this one; and to code that is none of Go's */
	words[0] = AT(0x1c0 + 9);
	words[1 + 0x20 / 8] = AT(0x200 + 1);
	unwind(AT(0x25), 0, words, nr, &stack);
	assert_int_equal(stack.nr, 2);
	assert_string_equal(stack.frames[1].name, "runtime.other");
	assert_int_equal(stack.end, STACK_NO_TABLE);
	slot_stack_deinit(&stack);
	words[0] = AT(0x800);
	unwind(AT(0x25), 0, words, nr, &stack);
	assert_int_equal(stack.nr, 1);
	assert_int_equal(stack.end, STACK_NO_TABLE);
	slot_stack_deinit(&stack);
}

static void put_symbol(struct bytes *symbols, struct bytes *names,
		       const char *name, uint64_t start, uint64_t size)
{
	put(symbols, names->nr, 4);
	put(symbols, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 1);
	put(symbols, 0, 1);
	put(symbols, 1, 2);
	put(symbols, TEXT + start, 8);
	put(symbols, size, 8);
	put_text(names, name);
}

/* Assembly, or C without tables: by the frame pointers, each said to be a guess */
static void frame_pointers(void **state)
{
	struct bytes symbols = { { 0 }, sizeof(Elf64_Sym) },
		     names = { { 0 }, 1 };
	const struct section sections[] = {
		{ ".symtab", SHT_SYMTAB, &symbols, 3, sizeof(Elf64_Sym) },
		{ ".strtab", SHT_STRTAB, &names, 0, 0 },
	};
	uint64_t words[32];
	struct slot_stack stack;

	(void)state;
	put_symbol(&symbols, &names, "ask", 0x10, 0x20);
	put_symbol(&symbols, &names, "middle", 0x40, 0x40);
	put_symbol(&symbols, &names, "begin", 0x80, 0x40);
	file_make(sections, 2);
	memset(words, 0x11, sizeof(words));
	words[3] = STACK + 10 * 8; /* the frame pointer of who called, and */
	words[4] = AT(0x44);	   /* where it goes on */
	words[10] = 0;
	words[11] = AT(0x99);
	words[12] = 0;
	unwind(AT(0x15), STACK + 3 * 8, words, 32, &stack);
	assert_true(stack.nr >= 3);
	assert_string_equal(stack.frames[0].name, "ask");
	assert_false(stack.frames[0].guess);
	assert_string_equal(stack.frames[1].name, "middle");
	assert_true(stack.frames[1].guess);
	assert_string_equal(stack.frames[2].name, "begin");
	assert_int_equal(stack.frames[2].name_offset, 0x19);
	assert_true(stack.frames[2].guess);
	assert_int_equal(stack.nr, 3);
	/* A register that is used for something else leads nowhere, and no frame is made up */
	slot_stack_deinit(&stack);
	unwind(AT(0x15), 0x1234, words, 32, &stack);
	assert_int_equal(stack.nr, 1);
	assert_int_equal(stack.end, STACK_NO_TABLE);
	slot_stack_deinit(&stack);
}

static int file_begin(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	return fd < 0;
}

static int file_end(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_function),
		cmocka_unit_test(spoiled_tables),
		cmocka_unit_test(go_programs),
		cmocka_unit_test(frame_pointers),
	};

	return cmocka_run_group_tests(tests, file_begin, file_end);
}

#else

int main(void)
{
	puts("1..0 # SKIP the registers of this architecture are not known here");
	return 0;
}

#endif
