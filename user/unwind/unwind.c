// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elfutils/libdwfl.h>

#include "base/grow.h"
#include "unwind/go_elf.h"
#include "unwind/regs.h"
#include "unwind/unwind.h"

#define DEBUG_DIR "/usr/lib/debug/.build-id"

/**
 * struct unwinder - private
 * @self:    our own file: tells libdwfl the architecture
 * @ranges:  what is mapped, by address; paths are owned
 * @sample:  that is being unwound, and
 * @regs:    its registers, and
 * @out:     what it has become so far
 * @cap:     for how many frames there is room
 * @tabled:  the last frame has an unwind table
 * @failed:  memory was asked for since the last frame that is not there
 * @beyond:  and some of it lies further up the stack than was copied
 * @unknown: a frame lies where nothing is mapped
 * @nomem:   memory ran out
 */
struct unwinder {
	unwind_open_fn open;
	void *arg;
	Dwfl *dwfl;
	Dwfl_Callbacks callbacks;
	Elf *self;
	int self_fd;
	struct host_range *ranges;
	size_t nr;
	const struct stack_sample *sample;
	struct dwarf_regs regs;
	struct slot_stack *out;
	size_t cap;
	bool attached, tabled, failed, beyond, unknown, nomem;
};

static const struct host_range *range_at(const struct unwinder *u,
					 uint64_t addr)
{
	const struct host_map map = { .ranges = u->ranges, .nr = u->nr };

	return host_map_find(&map, addr);
}

static bool same_file(const struct host_range *a, const struct host_range *b)
{
	return a->inode == b->inode && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor && a->path && b->path &&
	       !strcmp(a->path, b->path);
}

/* libdwfl's callback: the file of a module that unwinder_map() has told of */
static int find_elf(Dwfl_Module *mod, void **userdata, const char *name,
		    Dwarf_Addr base, char **file_name, Elf **elf)
{
	struct unwinder *u = *userdata;
	const struct host_range *range = range_at(u, base);
	int fd;

	(void)mod;
	(void)name;
	(void)elf;
	if (!range)
		return -1;
	fd = u->open(range, u->arg);
	if (fd < 0)
		return -1;
	*file_name = strdup(range->path);
	return fd;
}

/* And its debuginfo: here, by build-id; never by the network */
static int find_debuginfo(Dwfl_Module *mod, void **userdata, const char *name,
			  Dwarf_Addr base, const char *file_name,
			  const char *link, GElf_Word crc, char **out)
{
	char path[sizeof(DEBUG_DIR) + 2 * STACK_BUILD_ID_MAX + 16];
	const unsigned char *id;
	GElf_Addr vaddr;
	int nr, len, fd;

	(void)userdata;
	(void)name;
	(void)base;
	(void)file_name;
	(void)link;
	(void)crc;
	nr = dwfl_module_build_id(mod, &id, &vaddr);
	if (nr < 2 || nr > STACK_BUILD_ID_MAX)
		return -1;
	len = snprintf(path, sizeof(path), DEBUG_DIR "/%02x/", id[0]);
	for (int i = 1; i < nr; i++)
		len += snprintf(path + len, sizeof(path) - len, "%02x", id[i]);
	snprintf(path + len, sizeof(path) - len, ".debug");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		*out = strdup(path);
	return fd;
}

struct unwinder *unwinder_new(unwind_open_fn open_file, void *arg)
{
	struct unwinder *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	elf_version(EV_CURRENT);
	u->open = open_file;
	u->arg = arg;
	u->callbacks.find_elf = find_elf;
	u->callbacks.find_debuginfo = find_debuginfo;
	u->self_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	u->self = elf_begin(u->self_fd, ELF_C_READ, NULL);
	u->dwfl = dwfl_begin(&u->callbacks);
	if (u->self && u->dwfl)
		return u;
	unwinder_free(u);
	return NULL;
}

static void free_ranges(struct host_range *ranges, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		free(ranges[i].path);
	free(ranges);
}

void unwinder_free(struct unwinder *u)
{
	if (!u)
		return;
	if (u->dwfl)
		dwfl_end(u->dwfl);
	elf_end(u->self);
	if (u->self_fd >= 0)
		close(u->self_fd);
	free_ranges(u->ranges, u->nr);
	free(u);
}

static bool take_ranges(struct unwinder *u, const struct host_map *map)
{
	struct host_range *ranges = calloc(map->nr + 1, sizeof(*ranges));
	size_t nr;

	for (nr = 0; ranges && nr < map->nr; nr++) {
		ranges[nr] = map->ranges[nr];
		if (!map->ranges[nr].path)
			continue;
		ranges[nr].path = strdup(map->ranges[nr].path);
		if (!ranges[nr].path)
			break;
	}
	if (!ranges || nr < map->nr) {
		free_ranges(ranges, nr);
		return false;
	}
	free_ranges(u->ranges, u->nr);
	u->ranges = ranges;
	u->nr = nr;
	return true;
}

/* A file's mappings, from its beginning on, are one module */
static bool report(struct unwinder *u, size_t *at)
{
	const struct host_range *first = &u->ranges[*at];
	uint64_t end = first->end;
	Dwfl_Module *mod;
	void **userdata;

	while (++*at < u->nr && same_file(first, &u->ranges[*at]) &&
	       u->ranges[*at].offset)
		end = u->ranges[*at].end;
	mod = dwfl_report_module(u->dwfl, first->path, first->start, end);
	if (!mod)
		return false;
	dwfl_module_info(mod, &userdata, NULL, NULL, NULL, NULL, NULL, NULL);
	*userdata = u;
	return true;
}

static bool read_word(struct unwinder *u, uint64_t addr, uint64_t *result)
{
	const struct stack_sample *sample = u->sample;
	const struct host_range *stack = range_at(u, u->regs.sp);
	uint64_t at = addr - sample->sp;

	if (addr >= sample->sp && sample->len >= sizeof(*result) &&
	    at <= sample->len - sizeof(*result)) {
		memcpy(result, sample->bytes + at, sizeof(*result));
		return true;
	}
	u->failed = true;
	u->beyond |= addr >= sample->sp && stack && addr < stack->end;
	return false;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr addr, Dwarf_Word *result,
			void *arg)
{
	(void)dwfl;
	return read_word(arg, addr, result);
}

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread)
{
	(void)dwfl;
	(void)arg;
	(void)thread;
	return 0; /* there is but the one that is asked for */
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread)
{
	(void)dwfl;
	(void)tid;
	*thread = arg;
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	struct unwinder *u = arg;
	Dwarf_Word regs[DWARF_REGS];

	for (size_t i = 0; i < u->regs.nr; i++)
		regs[i] = u->regs.regs[i];
	dwfl_thread_state_register_pc(thread, u->regs.pc);
	return dwfl_thread_state_registers(thread, 0, u->regs.nr, regs);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = read_memory,
	.set_initial_registers = set_registers,
};

int unwinder_map(struct unwinder *u, const struct host_map *map)
{
	bool ok = take_ranges(u, map);
	size_t at = 0;

	if (!ok)
		return -ENOMEM;
	dwfl_report_begin(u->dwfl);
	while (ok && at < u->nr) {
		if (u->ranges[at].inode && u->ranges[at].path &&
		    !u->ranges[at].offset)
			ok = report(u, &at);
		else
			at++;
	}
	ok &= !dwfl_report_end(u->dwfl, NULL, NULL);
	if (ok && !u->attached)
		u->attached = dwfl_attach_state(u->dwfl, u->self, getpid(),
						&thread_callbacks, u);
	return ok && u->attached ? 0 : -ENOMEM;
}

static bool covers(Dwarf_CFI *cfi, Dwarf_Addr addr)
{
	Dwarf_Frame *frame = NULL;
	bool found = cfi && !dwarf_cfi_addrframe(cfi, addr, &frame);

	free(frame);
	return found;
}

static bool has_table(Dwfl_Module *mod, Dwarf_Addr addr)
{
	Dwarf_Addr bias = 0;
	Dwarf_CFI *cfi = dwfl_module_eh_cfi(mod, &bias);

	if (covers(cfi, addr - bias))
		return true;
	cfi = dwfl_module_dwarf_cfi(mod, &bias);
	return covers(cfi, addr - bias);
}

static bool find_go(Dwfl_Module *mod, Dwarf_Addr addr, struct go_function *out)
{
	struct go_table table;
	GElf_Addr bias;
	Elf *elf = mod ? dwfl_module_getelf(mod, &bias) : NULL;

	return elf && go_elf_table(elf, &table) &&
	       go_table_find(&table, addr - bias, out);
}

/*
 * The function that has @addr in it, by a symbol that says how long it is, or by Go's
 * own table
 */
static void name_frame(Dwfl_Module *mod, Dwarf_Addr addr,
		       struct stack_frame *frame)
{
	struct go_function go;
	GElf_Off offset;
	GElf_Addr bias;
	GElf_Sym sym;
	const char *name = dwfl_module_addrinfo(mod, addr, &offset, &sym, NULL,
						NULL, NULL);

	if (name && *name && offset < sym.st_size) {
		frame->name = strdup(name);
		frame->name_offset = offset;
	} else if (find_go(mod, addr, &go)) {
		dwfl_module_getelf(mod, &bias);
		frame->name = strdup(go.name);
		frame->name_offset = addr - bias - go.start;
	}
}

/* Not if it is another kind of file, or could not be opened */
static bool is_program(Dwfl_Module *mod)
{
	GElf_Addr bias;

	return mod && dwfl_module_getelf(mod, &bias);
}

static bool place_frame(Dwfl_Module *mod, Dwarf_Addr pc,
			struct stack_frame *frame)
{
	const unsigned char *id;
	const char *path;
	GElf_Addr vaddr, bias;
	int nr;

	dwfl_module_getelf(mod, &bias);
	path = dwfl_module_info(mod, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	frame->file = strdup(path);
	frame->offset = pc - bias;
	nr = dwfl_module_build_id(mod, &id, &vaddr);
	if (nr > 0 && nr <= STACK_BUILD_ID_MAX) {
		frame->nr_build_id = nr;
		memcpy(frame->build_id, id, nr);
	}
	return frame->file;
}

/*
 * The module that has @addr. libdwfl rounds its ends up, and gives a module for
 * what lies beside it, too.
 */
static Dwfl_Module *module_at(const struct unwinder *u, Dwarf_Addr addr)
{
	const struct host_range *range = range_at(u, addr), *first;
	Dwfl_Module *mod = dwfl_addrmodule(u->dwfl, addr);
	Dwarf_Addr start;

	if (!mod || !range)
		return NULL;
	dwfl_module_info(mod, NULL, &start, NULL, NULL, NULL, NULL, NULL);
	first = range_at(u, start);
	return first && same_file(first, range) ? mod : NULL;
}

/* @addr: in the function; @pc may be behind its end. False: no memory */
static bool add_frame(struct unwinder *u, Dwfl_Module *mod, Dwarf_Addr pc,
		      Dwarf_Addr addr, bool guess)
{
	struct slot_stack *out = u->out;
	struct stack_frame *frame, *frames;

	frames = grown(out->frames, out->nr, &u->cap, sizeof(*frames));
	if (!frames) {
		u->nomem = true;
		return false;
	}
	out->frames = frames;
	frame = &frames[out->nr++];
	*frame = (struct stack_frame){ .offset = pc, .guess = guess };
	u->unknown |= !range_at(u, addr);
	if (!is_program(mod))
		return true;
	u->nomem |= !place_frame(mod, pc, frame);
	name_frame(mod, addr, frame);
	if (frame->name)
		frame->name_offset += pc - addr;
	return !u->nomem;
}

static int take_frame(Dwfl_Frame *state, void *arg)
{
	struct unwinder *u = arg;
	struct slot_stack *out = u->out;
	bool innermost, guess;
	Dwfl_Module *mod;
	Dwarf_Addr pc, addr;

	if (!dwfl_frame_pc(state, &pc, &innermost))
		return DWARF_CB_ABORT;
	if (out->nr == STACK_FRAMES_MAX) {
		out->end = STACK_DEEP;
		return DWARF_CB_ABORT;
	}
	/* What a call returns to may be the next function already */
	addr = innermost ? pc : pc - 1;
	mod = module_at(u, addr);
	/*
	 * libdwfl goes on by the frame pointer where a table does not help. If
	 * there is none, it may be right; else what the table asks for is not
	 * there.
	 */
	guess = out->nr && !u->tabled;
	if (out->nr && (guess ? !is_program(mod) : u->failed))
		return DWARF_CB_ABORT;
	u->tabled = mod && has_table(mod, addr);
	u->failed = false;
	u->beyond = false;
	return add_frame(u, mod, pc, addr, guess) ? DWARF_CB_OK :
						    DWARF_CB_ABORT;
}

/*
 * Go programs have no .eh_frame, and no .debug_frame once they are stripped; and their
 * frame pointers pass over whoever calls a function without a frame, as those are that
 * make system calls. Their own table tells both. False: there is none for the innermost.
 */
static bool unwind_go(struct unwinder *u)
{
	struct slot_stack *out = u->out;
	uint64_t pc = u->regs.pc, sp = u->regs.sp;
	struct go_function go;

	for (;;) {
		Dwarf_Addr addr = out->nr ? pc - 1 : pc;
		Dwfl_Module *mod = module_at(u, addr);

		if (!find_go(mod, addr, &go) || has_table(mod, addr)) {
			if (out->nr)
				out->end = STACK_NO_TABLE;
			return out->nr;
		}
		if (out->nr == STACK_FRAMES_MAX) {
			out->end = STACK_DEEP;
			return true;
		}
		if (!add_frame(u, mod, pc, addr, false) || go.last)
			return true;
		sp += go.frame;
		if (go.moves || !read_word(u, sp, &pc)) {
			out->end = u->beyond ? STACK_CUT : STACK_NO_TABLE;
			return true;
		}
		sp += sizeof(pc);
	}
}

int unwinder_stack(struct unwinder *u, const struct stack_sample *sample,
		   struct slot_stack *out)
{
	bool by_go;
	int ret;

	*out = (struct slot_stack){ .end = sample->lost };
	u->regs = (struct dwarf_regs){ 0 };
	if (sample->lost)
		return 0;
	if (!regs_to_dwarf(sample, &u->regs)) {
		out->end = STACK_FOREIGN;
		return 0;
	}
	u->sample = sample;
	u->out = out;
	u->cap = 0;
	u->failed = false;
	u->beyond = false;
	u->unknown = false;
	u->nomem = false;
	by_go = unwind_go(u);
	ret = by_go ? 0 :
		      dwfl_getthread_frames(u->dwfl, sample->tid, take_frame,
					    u);
	if (u->nomem) {
		slot_stack_deinit(out);
		return -ENOMEM;
	}
	/* A return address that cannot be read counts as none with libdwfl */
	if (!by_go && (ret || u->failed) && out->end != STACK_DEEP)
		out->end = u->beyond ? STACK_CUT : STACK_NO_TABLE;
	if (!out->nr)
		out->end = STACK_UNREAD;
	return u->unknown;
}
