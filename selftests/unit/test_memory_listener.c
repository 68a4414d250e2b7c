// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is told what, and in which order */
#include <errno.h>

#include "memory_make.h"

/* All listeners of a test write into one log */
static char story[4096];

static void tell(const char *fmt, ...)
{
	size_t len = strlen(story);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(story + len, sizeof(story) - len, fmt, ap);
	va_end(ap);
}

static const char *who(const void *opaque)
{
	return opaque;
}

static void section(const void *opaque, const char *what,
		    const struct memory_region_section *s)
{
	tell("%s:%s %s@%llx ", who(opaque), what,
	     memory_region_info(s->region)->name,
	     (unsigned long long)s->offset_within_address_space);
}

static void on_begin(void *o)
{
	tell("%s:begin ", who(o));
}

static void on_commit(void *o)
{
	tell("%s:commit ", who(o));
}

static void on_add(void *o, const struct memory_region_section *s)
{
	section(o, "add", s);
}

static void on_del(void *o, const struct memory_region_section *s)
{
	section(o, "del", s);
}

static void on_nop(void *o, const struct memory_region_section *s)
{
	section(o, "nop", s);
}

static void on_start(void *o, const struct memory_region_section *s,
		     uint8_t from, uint8_t to)
{
	section(o, "start", s);
	tell("%d>%d ", from, to);
}

static void on_stop(void *o, const struct memory_region_section *s,
		    uint8_t from, uint8_t to)
{
	section(o, "stop", s);
	tell("%d>%d ", from, to);
}

static void on_sync(void *o, const struct memory_region_section *s)
{
	section(o, "sync", s);
}

static void on_clear(void *o, const struct memory_region_section *s)
{
	section(o, "clear", s);
	tell("+%llx ", (unsigned long long)s->size);
}

static void on_global_start(void *o)
{
	tell("%s:global-start ", who(o));
}

static void on_global_stop(void *o)
{
	tell("%s:global-stop ", who(o));
}

static void on_eventfd_add(void *o, const struct memory_region_section *s,
			   const struct memory_ioeventfd *e)
{
	tell("%s:+fd%d@%llx ", who(o), e->fd, (unsigned long long)e->addr);
}

static void on_eventfd_del(void *o, const struct memory_region_section *s,
			   const struct memory_ioeventfd *e)
{
	tell("%s:-fd%d@%llx ", who(o), e->fd, (unsigned long long)e->addr);
}

static void on_coalesced_add(void *o, const struct memory_region_section *s,
			     gpa_t addr, memory_size_t size)
{
	tell("%s:+co@%llx+%llx ", who(o), (unsigned long long)addr,
	     (unsigned long long)size);
}

static void on_coalesced_del(void *o, const struct memory_region_section *s,
			     gpa_t addr, memory_size_t size)
{
	tell("%s:-co@%llx+%llx ", who(o), (unsigned long long)addr,
	     (unsigned long long)size);
}

static const struct memory_listener_ops all_ops = {
	.begin = on_begin,
	.commit = on_commit,
	.region_add = on_add,
	.region_del = on_del,
	.log_start = on_start,
	.log_stop = on_stop,
	.log_sync = on_sync,
	.log_clear = on_clear,
	.log_global_start = on_global_start,
	.log_global_stop = on_global_stop,
	.eventfd_add = on_eventfd_add,
	.eventfd_del = on_eventfd_del,
	.coalesced_io_add = on_coalesced_add,
	.coalesced_io_del = on_coalesced_del,
};

static struct memory_listener *listen(struct address_space *as, int priority,
				      const char *name)
{
	struct memory_listener *listener;

	MUST(memory_listener_register(as, name, priority, &all_ops,
				      (void *)name, &listener, &error));
	return listener;
}

static void expect(const char *text)
{
	assert_string_equal(story, text);
	story[0] = '\0';
}

struct board {
	struct memory_model *model;
	struct memory_region *system;
	struct address_space *as;
};

static void make_board(struct board *b)
{
	story[0] = '\0';
	b->model = make_model();
	b->system = make_container(b->model, "system", 0x100000);
	map(b->system, 0, -100, make_container(b->model, "floor", 0));
	map(b->system, 0, -100, make_container(b->model, "floor", 0));
	b->as = make_as(b->model, "as", b->system);
}

/* Additions go up in priority, deletions down; all goes before anything comes */
static void test_order(void **state)
{
	struct memory_region *a, *b;
	struct board board;

	make_board(&board);
	listen(board.as, 10, "B");
	listen(board.as, 0, "A");
	listen(board.as, 10, "C");
	expect("B:begin B:commit A:begin A:commit C:begin C:commit ");
	a = make_io(board.model, "a", 0x1000);
	b = make_io(board.model, "b", 0x1000);
	map(board.system, 0x2000, 0, a);
	expect("A:begin B:begin C:begin A:add a@2000 B:add a@2000 C:add a@2000 "
	       "A:commit B:commit C:commit ");
	memory_model_begin(board.model);
	map(board.system, 0x1000, 0, b);
	unmap(board.system, a);
	expect("");
	MUST(memory_model_commit(board.model, &error));
	expect("A:begin B:begin C:begin C:del a@2000 B:del a@2000 A:del a@2000 "
	       "A:add b@1000 B:add b@1000 C:add b@1000 A:commit B:commit "
	       "C:commit ");
	memory_model_destroy(board.model);
}

/* What needs a commit, and what does not */
static void test_pending(void **state)
{
	struct memory_region *off, *box;
	struct board b;

	make_board(&b);
	listen(b.as, 0, "L");
	off = make_io(b.model, "off", 0x1000);
	box = make_container(b.model, "box", 0x1000);
	MUST(memory_region_set_enabled(off, false, &error));
	/* Unconditional, though it is nowhere */
	expect("L:begin L:commit L:begin L:commit ");
	map(b.system, 0, 0, off);
	MUST(memory_region_set_readonly(off, true, &error));
	MUST(memory_region_set_nonvolatile(off, true, &error));
	MUST(memory_region_set_log(off, true, &error));
	MUST(memory_region_set_address(off, 0x1000, &error));
	unmap(b.system, off);
	expect("");
	MUST(memory_region_set_enabled(off, false, &error));
	MUST(memory_region_set_size(off, 0x1000, &error));
	expect("");
	MUST(memory_region_set_size(off, 0x800, &error));
	expect("L:begin L:commit ");
	MUST(memory_region_set_readonly(box, true, &error));
	expect("L:begin L:commit ");
	/* Nested: the outermost end counts */
	memory_model_begin(b.model);
	memory_model_begin(b.model);
	MUST(memory_region_set_readonly(box, false, &error));
	MUST(memory_model_commit(b.model, &error));
	expect("");
	MUST(memory_model_commit(b.model, &error));
	expect("L:begin L:commit ");
	memory_model_begin(b.model);
	MUST(memory_model_commit(b.model, &error));
	expect("");
	memory_model_destroy(b.model);
}

/* What stayed is told where the change reached it; or all of it, if asked for */
static void test_nop(void **state)
{
	static const struct memory_listener_ops touched = {
		.begin = on_begin,
		.region_add = on_add,
		.region_del = on_del,
		.region_nop = on_nop,
		.log_start = on_start,
	};
	struct memory_listener_ops all = touched;
	struct memory_listener *listener;
	struct memory_region *a, *hidden;
	struct address_space *other;
	struct board b;

	make_board(&b);
	a = make_ram(b.model, "a", 0x1000, 0);
	hidden = make_io(b.model, "hidden", 0x800);
	map(b.system, 0x1000, 0, a);
	map(b.system, 0x2000, 0, make_io(b.model, "b", 0x1000));
	other = make_as(b.model, "other", make_io(b.model, "o", 8));
	MUST(memory_listener_register(b.as, "T", 0, &touched, (void *)"T",
				      &listener, &error));
	story[0] = '\0';
	map(b.system, 0x1800, -1, hidden);
	expect("T:begin T:nop a@1000 ");
	map(b.system, 0x8000, 0, make_io(b.model, "c", 8));
	expect("T:begin T:add c@8000 ");
	MUST(memory_region_set_log(a, true, &error));
	expect("T:begin T:nop a@1000 T:start a@1000 0>1 ");
	MUST(memory_region_set_enabled(make_io(b.model, "x", 1), false,
				       &error));
	expect("T:begin ");
	/* QEMU's way; also in an address space where nothing happened */
	all.nop_all = true;
	MUST(memory_listener_register(b.as, "A", 1, &all, (void *)"A",
				      &listener, &error));
	MUST(memory_listener_register(other, "O", 2, &all, (void *)"O",
				      &listener, &error));
	story[0] = '\0';
	unmap(b.system, hidden);
	expect("T:begin A:begin O:begin T:nop a@1000 A:nop a@1000 A:nop b@2000 "
	       "A:nop c@8000 O:nop o@0 ");
	memory_listener_unregister(listener);
	map(b.system, 0x1800, 1, hidden);
	story[0] = '\0';
	unmap(b.system, hidden);
	expect("T:begin A:begin A:del a@1000 T:del a@1000 A:del hidden@1800 "
	       "T:del hidden@1800 T:add a@1000 A:add a@1000 A:nop b@2000 "
	       "A:nop c@8000 ");
	memory_model_destroy(b.model);
}

/* Registered late: told of all that is there. Gone: told that it goes */
static void test_replay(void **state)
{
	struct memory_listener *l;
	struct memory_region *ram;
	struct board b;

	make_board(&b);
	ram = make_ram(b.model, "ram", 0x1000, 0);
	map(b.system, 0x1000, 0, ram);
	map(b.system, 0x4000, 0, make_io(b.model, "io", 8));
	MUST(memory_region_set_log(ram, true, &error));
	l = listen(b.as, 0, "L");
	expect("L:begin L:add ram@1000 L:start ram@1000 0>1 L:add io@4000 "
	       "L:commit ");
	memory_listener_unregister(l);
	expect("L:begin L:stop ram@1000 1>0 L:del ram@1000 L:del io@4000 "
	       "L:commit ");
	assert_null(memory_listener_first(b.model));
	memory_model_destroy(b.model);
}

/* A change of the mask is no change of the range */
static void test_dirty_log(void **state)
{
	struct memory_region *ram, *rom;
	struct board b;

	make_board(&b);
	ram = make_ram(b.model, "ram", 0x2000, 0);
	rom = make_ram(b.model, "rom", 0x1000, 0);
	map(b.system, 0x1000, 0, ram);
	map(b.system, 0x8000, 0, rom);
	listen(b.as, 1, "H");
	listen(b.as, 0, "L");
	story[0] = '\0';
	ram_block_set_migratable(memory_region_info(ram)->ram_block, true);
	MUST(memory_region_set_log(ram, true, &error));
	expect("L:begin H:begin L:start ram@1000 0>1 H:start ram@1000 0>1 "
	       "L:commit H:commit ");
	/* Twice on, once off: still on */
	MUST(memory_region_set_log(ram, true, &error));
	MUST(memory_region_set_log(ram, false, &error));
	expect("");
	MUST(memory_global_dirty_log_start(b.model, 1, &error));
	expect("L:global-start H:global-start L:begin H:begin L:start ram@1000 "
	       "1>5 H:start ram@1000 1>5 L:commit H:commit ");
	MUST(memory_global_dirty_log_start(b.model, 2, &error));
	expect("");
	memory_global_dirty_log_sync(b.model);
	expect("L:sync ram@1000 H:sync ram@1000 ");
	memory_region_clear_dirty(ram, 0x800, 0x1000);
	expect("L:clear ram@1800 +1000 H:clear ram@1800 +1000 ");
	MUST(memory_region_set_log(ram, false, &error));
	expect("L:begin H:begin H:stop ram@1000 5>4 L:stop ram@1000 5>4 "
	       "L:commit H:commit ");
	MUST(memory_global_dirty_log_stop(b.model, 1, &error));
	expect("");
	/* Paused: put off, until it runs or is wanted again */
	MUST(memory_model_set_running(b.model, false, &error));
	MUST(memory_global_dirty_log_stop(b.model, 2, &error));
	expect("");
	MUST(memory_global_dirty_log_start(b.model, 2, &error));
	expect("");
	MUST(memory_model_set_running(b.model, true, &error));
	expect("");
	MUST(memory_model_set_running(b.model, false, &error));
	MUST(memory_global_dirty_log_stop(b.model, 2, &error));
	MUST(memory_model_set_running(b.model, true, &error));
	expect("L:begin H:begin H:stop ram@1000 4>0 L:stop ram@1000 4>0 "
	       "L:commit H:commit H:global-stop L:global-stop ");
	memory_model_destroy(b.model);
}

static void test_tcg(void **state)
{
	struct memory_model_options options = { .tcg = true };
	struct memory_model *model;
	struct memory_region *ram;

	MUST(memory_model_create(&options, &model, &error));
	ram = make_ram(model, "ram", 0x1000, 0);
	assert_int_equal(memory_region_dirty_log_mask(ram), DIRTY_MEMORY_CODE);
	assert_int_equal(memory_region_dirty_log_mask(make_io(model, "io", 1)),
			 0);
	memory_model_destroy(model);
}

/* Shown, hidden, moved; a change of eventfds alone renders nothing */
static void test_eventfds(void **state)
{
	struct memory_ioeventfd five = { .addr = 4, .size = 2, .fd = 5 };
	struct memory_ioeventfd four = { .addr = 0, .size = 4, .fd = 4 };
	struct memory_ioeventfd any = { .addr = 4, .size = 0, .fd = 9 };
	struct memory_region *io;
	struct board b;

	make_board(&b);
	io = make_io(b.model, "io", 0x10);
	map(b.system, 0x1000, 0, io);
	listen(b.as, 1, "H");
	listen(b.as, 0, "L");
	story[0] = '\0';
	memory_model_begin(b.model);
	MUST(memory_region_add_eventfd(io, &five, &error));
	MUST(memory_region_add_eventfd(io, &four, &error));
	expect("");
	MUST(memory_model_commit(b.model, &error));
	/* By address; to add goes down in priority, to delete up */
	expect("H:+fd4@1000 L:+fd4@1000 H:+fd5@1004 L:+fd5@1004 ");
	MUST(memory_region_set_address(io, 0x2000, &error));
	expect("L:begin H:begin H:del io@1000 L:del io@1000 L:add io@2000 "
	       "H:add io@2000 L:-fd4@1000 H:-fd4@1000 L:-fd5@1004 H:-fd5@1004 "
	       "H:+fd4@2000 L:+fd4@2000 H:+fd5@2004 L:+fd5@2004 L:commit "
	       "H:commit ");
	/* Size 0 means any that is there */
	MUST(memory_region_del_eventfd(io, &any, &error));
	expect("L:-fd5@2004 H:-fd5@2004 ");
	MUST(memory_region_set_enabled(io, false, &error));
	expect("L:begin H:begin H:del io@2000 L:del io@2000 L:-fd4@2000 "
	       "H:-fd4@2000 L:commit H:commit ");
	memory_model_destroy(b.model);
}

/* Cut to what is shown; told before the region goes and after it came */
static void test_coalesced(void **state)
{
	struct memory_region *io, *over;
	struct board b;

	make_board(&b);
	io = make_io(b.model, "io", 0x100);
	over = make_io(b.model, "over", 0x20);
	map(b.system, 0x1000, 0, io);
	listen(b.as, 0, "L");
	story[0] = '\0';
	MUST(memory_region_add_coalescing(io, 0x10, 0x40, &error));
	expect("L:+co@1010+40 ");
	map(b.system, 0x1020, 1, over);
	expect("L:begin L:-co@1010+40 L:del io@1000 L:add io@1000 "
	       "L:+co@1010+10 L:add over@1020 L:add io@1040 L:+co@1040+10 "
	       "L:commit ");
	memory_region_clear_coalescing(io);
	expect("L:-co@1010+10 L:-co@1040+10 ");
	memory_model_destroy(b.model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_nop),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_dirty_log),
		cmocka_unit_test(test_tcg),
		cmocka_unit_test(test_eventfds),
		cmocka_unit_test(test_coalesced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
