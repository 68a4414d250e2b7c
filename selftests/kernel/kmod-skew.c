// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module of one version and the program of another, both ways: old-modules/ has
 * what really was. What an older module cannot tell is said to be not known.
 */
#include <sys/wait.h>

#include "host/module.h"
#include "host/vm_fds.h"

#include "kmod-test.h"

#define SLOTSCOPE "build/user/slotscope"

static const struct version {
	const char *name;
	unsigned int minor;
} versions[] = { { "1.0", 0 }, { "1.1", 1 }, { "1.2", 2 } };

#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static char *memory;
static struct slotscope_error err;

static void load(const char *where)
{
	__module_unload(MODULE_NAME);
	ASSERT(!__module_load(where, MODULE_NAME),
	       "load build/%s/RELEASE/" MODULE_NAME
	       ".ko: %s (make -C selftests/kernel/old-modules KDIR=...)",
	       where, strerror(errno));
}

/* A VMM with seven slots, one of them logged, at descriptor 20 */
static void be_vmm(void)
{
	int vm = __vm_create(), i;

	for (i = 0; i < 7; i++)
		if (__vm_set(vm, i, i == 2 ? KVM_MEM_LOG_DIRTY_PAGES : 0,
			     i * MIB, MIB, memory + i * MIB))
			_exit(1);
	dup2(vm, 20);
	close(vm);
}

static void expect_slots(int module, int vm)
{
	struct slot_state state, now;
	int i;

	ASSERT_EQ(module_snapshot(module, vm, &state, &err), 0);
	ASSERT_EQ(state.nr_slots, 7);
	for (i = 0; i < 7; i++) {
		EXPECT_EQ(state.slots[i].id, i);
		EXPECT_EQ(state.slots[i].gpa, i * MIB);
		EXPECT_EQ(state.slots[i].size, MIB);
		EXPECT_EQ(state.slots[i].hva, (uintptr_t)memory + i * MIB);
		EXPECT_EQ(state.slots[i].flags, i == 2 ? SLOT_LOG_DIRTY : 0);
	}
	ASSERT_EQ(module_generations(module, vm, &now, &err), 0);
	EXPECT(module_same_moment(&state, &now), "another moment");
	slot_state_deinit(&state);
	slot_state_deinit(&now);
}

/* What came later is refused with what to do, each by its name */
static void expect_later(int module, int vm, unsigned int minor)
{
	struct stage2_mapping map;
	struct index_audit audit;
	uint32_t tables;
	uint64_t next;
	size_t nr;

	if (minor < 1) {
		EXPECT_EQ(module_owns_memory(module, vm, getpid(), &err),
			  -EOPNOTSUPP);
		EXPECT(strstr(err.why, "too old"), "why: %s", err.why);
		EXPECT(strstr(err.next, "rmmod"), "next: %s", err.next);
		EXPECT_EQ(module_audit(module, vm, &audit, &err), -EOPNOTSUPP);
		EXPECT(strstr(err.why, "version 1.0"), "why: %s", err.why);
	} else {
		EXPECT_EQ(module_owns_memory(module, vm, getpid(), &err), 0);
		EXPECT_EQ(module_audit(module, vm, &audit, &err), 0);
		EXPECT_EQ(audit.nr_slots, 7);
		EXPECT_EQ(audit.nr, 0);
	}
	index_audit_deinit(&audit);
	if (minor >= 2)
		return;
	EXPECT_EQ(module_stage2(module, vm, 0, 0, PAGE, &map, 1, &nr, &next,
				&tables, &err),
		  -ENOTTY);
	EXPECT(strstr(err.next, "rmmod"), "next: %s", err.next);
}

/* A line of the program's, in which there is this; and its exit status */
static void expect_says(const char *what, int status, const char *format, ...)
{
	char command[256], text[8192];
	va_list ap;
	FILE *out;
	size_t len;
	int ret;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	out = popen(command, "re");
	ASSERT(out, "popen: %s", strerror(errno));
	len = fread(text, 1, sizeof(text) - 1, out);
	text[len] = '\0';
	ret = pclose(out);
	EXPECT(WIFEXITED(ret) && WEXITSTATUS(ret) == status,
	       "%s: status 0x%x, not %d", command, ret, status);
	if (!EXPECT(strstr(text, what), "%s: does not say \"%s\"", command,
		    what))
		fprintf(stderr, "%s", text);
}

static void with_an_older_module(const struct version *version)
{
	struct slotscope_info info;
	struct process process;
	char where[32];
	int module, vm;
	pid_t pid;

	snprintf(where, sizeof(where), "old/%s/kmod", version->name);
	load(where);
	pid = child_start(be_vmm);
	module = module_open(&info, &err);
	ASSERT(module >= 0, "%s: %s", err.tried, err.why);
	EXPECT_EQ(info.minor, version->minor);
	ASSERT_EQ(process_open(pid, &process, &err), 0);
	vm = vm_fd_take(&process, 20, &err);
	ASSERT(vm >= 0, "%s: %s", err.tried, err.why);
	expect_slots(module, vm);
	expect_later(module, vm, version->minor);
	close(vm);
	close(module);
	process_close(&process);

	expect_says("read by the slotscope module", 0,
		    SLOTSCOPE " slots --pid %d", pid);
	expect_says(" 7/0 ", 0, SLOTSCOPE " list");
	/* What it cannot tell is not known, and so told */
	expect_says(version->minor ? "agree" : "too old to tell",
		    version->minor ? 0 : 2,
		    SLOTSCOPE " check --no-trace --pid %d", pid);
	child_end(pid);
	AWAIT(vendor_users() <= 0);
	load("kmod");
}

static void an_older_module(void)
{
	size_t i;

	for (i = 0; i < VERSIONS; i++)
		with_an_older_module(&versions[i]);
}

static void an_older_program(void)
{
	char command[64];
	size_t i;

	load("kmod");
	for (i = 0; i < VERSIONS; i++) {
		snprintf(command, sizeof(command), "build/old/%s/client 1>&2",
			 versions[i].name);
		EXPECT_EQ(system(command), 0);
	}
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(an_older_module),
		KTAP_CASE(an_older_program),
	};

	need_module_and_kvm();
	memory = guest_memory(16 * MIB);
	return KTAP_RUN(cases);
}
