// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MODEL of a real QEMU, held against two things that it is not made of: what
 * QEMU asked of KVM (its own trace), and the mappings of its process.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtree_fixture.h"

#include "qemu/hva.h"
#include "qemu/model.h"

#define QEMU "qemu-system-x86_64"

struct vm {
	pid_t pid;
	char dir[32];
	char socket[64];
	char trace[64];
	struct qmp *q;
};

static bool have_qemu(void)
{
	return system("command -v " QEMU " >/dev/null 2>&1") == 0;
}

static bool have_kvm(void)
{
	int fd = open("/dev/kvm", O_RDWR);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static struct qmp *connect_to(struct vm *vm)
{
	struct slotscope_error err = { 0 };
	struct qmp *q;
	int i;

	for (i = 0; i < 600; i++) {
		int ret = qmp_open(vm->socket, 30000, NULL, &q, &err);

		if (!ret)
			return q;
		if (ret != -ENOENT && ret != -ECONNREFUSED)
			break;
		if (waitpid(vm->pid, NULL, WNOHANG))
			fail_msg("QEMU ended at once");
		poll(NULL, 0, 50);
	}
	fail_msg("%s: %s", err.tried, err.why);
	return NULL;
}

/* @args: words, split at spaces */
static void vm_start(struct vm *vm, const char *args)
{
	char qmp[96], *copy = strdup(args), *word, *save;
	char *argv[64] = { QEMU,       "-nodefaults",
			   "-display", "none",
			   "-qmp",     qmp,
			   "-trace",   "kvm_set_user_memory",
			   "-D",       vm->trace };
	int n = 10;

	strcpy(vm->dir, "/tmp/slotscope.XXXXXX");
	assert_non_null(mkdtemp(vm->dir));
	snprintf(vm->socket, sizeof(vm->socket), "%s/qmp", vm->dir);
	snprintf(vm->trace, sizeof(vm->trace), "%s/trace", vm->dir);
	snprintf(qmp, sizeof(qmp), "unix:%s,server=on,wait=off", vm->socket);
	for (word = strtok_r(copy, " ", &save); word && n < 63;
	     word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	vm->pid = fork();
	assert_return_code(vm->pid, errno);
	if (!vm->pid) {
		/* Goes when the test does, however that ends */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		execvp(QEMU, argv);
		_exit(127);
	}
	free(copy);
	vm->q = connect_to(vm);
}

static void vm_stop(struct vm *vm)
{
	qmp_close(vm->q);
	kill(vm->pid, SIGKILL);
	waitpid(vm->pid, NULL, 0);
	unlink(vm->socket);
	unlink(vm->trace);
	rmdir(vm->dir);
}

static struct slot_state model_of(struct vm *vm)
{
	struct slotscope_error err = { 0 };
	struct slot_state s;
	char *notes;
	size_t len;
	struct qemu_model_options options = {
		.notes = open_memstream(&notes, &len), .tries = 50
	};
	int ret = qemu_model_read(vm->q, &options, &s, &err);

	fclose(options.notes);
	if (ret)
		fail_msg("%s: %s", err.tried, err.why);
	/* All could be learnt, and our rendering of the tree equals QEMU's */
	assert_string_equal(notes, "");
	free(notes);
	return s;
}

/* Every slot's memory is mapped in QEMU, as far as it reaches */
static void assert_mapped(struct vm *vm, const struct slot_state *s)
{
	struct slotscope_error err = { 0 };
	struct host_map map;
	char path[64], *text;
	size_t i, len;

	snprintf(path, sizeof(path), "/proc/%d/maps", vm->pid);
	text = read_file(path, &len);
	assert_non_null(text);
	host_map_init(&map);
	assert_int_equal(host_map_parse(&map, text, len, &err), 0);
	free(text);
	for (i = 0; i < s->nr_slots; i++) {
		const struct slot *slot = &s->slots[i];
		const struct host_range *r = host_map_find(&map, slot->hva);

		if (!r || !r->read || r->end < slot->hva + slot->size)
			fail_msg("%s at 0x%" PRIx64
				 ": not mapped at 0x%" PRIx64,
				 slot->name, slot->gpa, slot->hva);
	}
	host_map_deinit(&map);
}

static char *mtree_of(struct vm *vm)
{
	struct slotscope_error err = { 0 };
	char *text;

	assert_int_equal(qmp_hmp(vm->q, "info mtree -f", &text, &err), 0);
	return text;
}

/*
 * The first address space, by the simplest reading of what QEMU prints. Frees
 * @text
 */
static void assert_equals_text(char *text, const struct slot_state *s)
{
	char *line, *save, kind[16], name[64];
	uint64_t first, last;
	bool in_memory = false;
	size_t n = 0;

	for (line = strtok_r(text, "\r\n", &save); line;
	     line = strtok_r(NULL, "\r\n", &save)) {
		if (!strncmp(line, "FlatView", 8))
			in_memory = false;
		if (!strncmp(line, " AS \"memory\"", 12))
			in_memory = true;
		if (!in_memory ||
		    sscanf(line,
			   " %" SCNx64 "-%" SCNx64 " (prio %*d, %15[^)]): %63s",
			   &first, &last, kind, name) != 4 ||
		    !strcmp(kind, "i/o"))
			continue;
		assert_true(n < s->nr_slots);
		assert_int_equal(s->slots[n].gpa, first);
		assert_int_equal(s->slots[n].size, last - first + 1);
		assert_string_equal(s->slots[n].name, name);
		n++;
	}
	free(text);
	assert_true(n == s->nr_slots || s->slots[n].as_id == 1);
}

static void test_tcg(void **state)
{
	struct slot_state s;
	struct vm vm;
	size_t i;

	if (!have_qemu())
		skip();
	vm_start(&vm,
		 "-accel tcg -M pc,nvdimm=on -m 128M,slots=2,maxmem=8G -S "
		 "-vga std -object memory-backend-ram,id=nv,size=64M "
		 "-device nvdimm,memdev=nv -device ivshmem-plain,memdev=iv "
		 "-object memory-backend-ram,id=iv,size=1M,share=on");
	assert_int_equal(qmp_peer(vm.q), vm.pid);
	s = model_of(&vm);
	assert_equals_text(mtree_of(&vm), &s);
	assert_mapped(&vm, &s);
	for (i = 0; i < s.nr_slots; i++) {
		const char *name = s.slots[i].name;
		bool rom = !strcmp(name, "pc.bios") || !strcmp(name, "pc.rom");

		assert_int_equal(s.slots[i].flags, rom ? SLOT_READONLY : 0);
	}
	slot_state_deinit(&s);
	vm_stop(&vm);
}

/* What QEMU asked KVM for, slot by slot: the last word on each */
struct asked {
	uint32_t slot, flags;
	uint64_t gpa, size, hva;
};

static size_t read_trace(struct vm *vm, struct asked *asked, size_t max)
{
	size_t len, i, nr = 0;
	char *text = read_file(vm->trace, &len), *line, *save;
	struct asked a;

	assert_non_null(text);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line,
			   "kvm_set_user_memory Slot#%" SCNu32
			   " flags=0x%" SCNx32 " gpa=0x%" SCNx64
			   " size=0x%" SCNx64 " ua=0x%" SCNx64 " ret=0",
			   &a.slot, &a.flags, &a.gpa, &a.size, &a.hva) != 5)
			continue;
		for (i = 0; i < nr && asked[i].slot != a.slot; i++)
			;
		assert_true(i < max);
		asked[i] = a;
		nr = i == nr ? nr + 1 : nr;
	}
	free(text);
	return nr;
}

/*
 * Every slot that QEMU asked for is in MODEL, with its read-only flag and host
 * address, and nothing else is
 */
static void assert_equals_trace(const struct asked *asked, size_t nr,
				const struct slot_state *s)
{
	size_t i, live = 0;

	for (i = 0; i < nr; i++) {
		const struct slot *slot;

		if (!asked[i].size)
			continue;
		live++;
		slot = slot_state_find(s, asked[i].slot >> 16, asked[i].gpa);
		if (!slot || slot->gpa != asked[i].gpa ||
		    slot->size != asked[i].size || slot->hva != asked[i].hva ||
		    slot->flags != (asked[i].flags & SLOT_READONLY))
			fail_msg("slot %u at 0x%" PRIx64 " is not in MODEL so",
				 asked[i].slot, asked[i].gpa);
	}
	assert_true(live > 0);
	assert_int_equal(live, s->nr_slots);
}

static void test_kvm_at_reset(void **state)
{
	struct asked asked[256];
	struct slot_state s;
	struct vm vm;

	if (!have_qemu() || !have_kvm())
		skip();
	vm_start(&vm, "-accel kvm -M pc -m 64M -vga std -S");
	s = model_of(&vm);
	assert_equals_text(mtree_of(&vm), &s);
	assert_equals_trace(asked, read_trace(&vm, asked, 256), &s);
	assert_mapped(&vm, &s);
	slot_state_deinit(&s);
	vm_stop(&vm);
}

/* Has the firmware left RAM that is shown read-only (PAM)? */
static bool has_pam_rom(struct vm *vm)
{
	char *text = mtree_of(vm), *line, *save;
	bool found = false;

	for (line = strtok_r(text, "\r\n", &save); line;
	     line = strtok_r(NULL, "\r\n", &save))
		found |= strstr(line, ", rom): pc.ram") != NULL;
	free(text);
	return found;
}

static void assert_running(struct vm *vm)
{
	struct slotscope_error err = { 0 };
	struct json_object *result, *status;

	assert_int_equal(
		qmp_command(vm->q, "query-status", NULL, &result, &err), 0);
	assert_true(json_object_object_get_ex(result, "status", &status));
	assert_string_equal(json_object_get_string(status), "running");
	json_object_put(result);
}

/*
 * While and after firmware runs: RAM shown read-only has a slot that is not,
 * and the VM was not stopped
 */
static void test_kvm_with_firmware(void **state)
{
	struct asked before[256], after[256];
	struct slot_state s;
	char *text;
	size_t nr;
	struct vm vm;
	int i;

	if (!have_qemu() || !have_kvm())
		skip();
	vm_start(&vm, "-accel kvm -M q35 -m 64M -vga std");
	for (i = 0; i < 1200 && !has_pam_rom(&vm); i++) {
		/* Memory moves: a MODEL all the same, if not the last one */
		s = model_of(&vm);
		assert_true(s.nr_slots > 0);
		slot_state_deinit(&s);
		poll(NULL, 0, 100);
	}
	assert_true(has_pam_rom(&vm));
	/* Compare what was read while QEMU asked for nothing */
	for (i = 0; i < 1200; i++) {
		memset(before, 0, sizeof(before));
		memset(after, 0, sizeof(after));
		nr = read_trace(&vm, before, 256);
		s = model_of(&vm);
		text = mtree_of(&vm);
		if (read_trace(&vm, after, 256) == nr &&
		    !memcmp(before, after, sizeof(before)))
			break;
		slot_state_deinit(&s);
		free(text);
		poll(NULL, 0, 100);
	}
	assert_true(i < 1200);
	assert_equals_text(text, &s);
	assert_equals_trace(before, nr, &s);
	assert_mapped(&vm, &s);
	assert_running(&vm);
	slot_state_deinit(&s);
	vm_stop(&vm);
}

static void test_monitor_held(void **state)
{
	struct slotscope_error err = { 0 };
	struct qmp *second;
	struct vm vm;

	if (!have_qemu())
		skip();
	vm_start(&vm, "-accel tcg -M none -S");
	assert_int_equal(qmp_open(vm.socket, 300, NULL, &second, &err),
			 -ETIMEDOUT);
	assert_non_null(strstr(err.next, "one client at a time"));
	vm_stop(&vm);
}

static void test_vmm_killed(void **state)
{
	struct slotscope_error err = { 0 };
	struct slot_state s;
	struct vm vm;
	int ret;

	if (!have_qemu())
		skip();
	vm_start(&vm, "-accel tcg -M pc -m 64M -S");
	kill(vm.pid, SIGKILL);
	ret = qemu_model_read(vm.q, NULL, &s, &err);
	assert_true(ret == -ECONNRESET || ret == -EPIPE);
	assert_non_null(strstr(err.why, "closed"));
	slot_state_deinit(&s);
	vm_stop(&vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "test_tcg (needs " QEMU ")", test_tcg, NULL, NULL, NULL },
		{ "test_kvm_at_reset (needs " QEMU " and /dev/kvm)",
		  test_kvm_at_reset, NULL, NULL, NULL },
		{ "test_kvm_with_firmware (needs " QEMU " and /dev/kvm)",
		  test_kvm_with_firmware, NULL, NULL, NULL },
		{ "test_monitor_held (needs " QEMU ")", test_monitor_held, NULL,
		  NULL, NULL },
		{ "test_vmm_killed (needs " QEMU ")", test_vmm_killed, NULL,
		  NULL, NULL },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
