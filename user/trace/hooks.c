// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which BPF programs to use. Kernels differ in what may be hooked, and attaching
 * may succeed in vain, so each job has several candidates, and the first that
 * tells requests of our own exactly gets it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "base/plural.h"
#include "trace/impl.h"

/* A kernel function, and its type: 0 while none was found */
struct function {
	const char *name;
	int id;
};

static int by_name(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* What candidates hook, each once, in order of names */
static size_t list_functions(struct function *functions)
{
	size_t nr = 0, kept = 0;

	for (size_t i = 0; i < nr_hook_candidates; i++)
		if (hook_candidates[i].nr_params)
			functions[nr++] =
				(struct function){ hook_candidates[i].target,
						   0 };
	qsort(functions, nr, sizeof(*functions), by_name);
	for (size_t i = 0; i < nr; i++)
		if (!kept || by_name(&functions[kept - 1], &functions[i]))
			functions[kept++] = functions[i];
	return kept;
}

/* To look for one takes as long as to look for all: libbpf has no index of names */
static void find_types(const struct btf *btf, struct function *functions,
		       size_t nr)
{
	const size_t types = btf ? btf__type_cnt(btf) : 0;
	size_t left = nr;

	for (size_t i = 1; i < types && left; i++) {
		const struct btf_type *type = btf__type_by_id(btf, i);
		struct function key, *found;

		if (!btf_is_func(type))
			continue;
		key.name = btf__name_by_offset(btf, type->name_off);
		found = key.name ? bsearch(&key, functions, nr, sizeof(key),
					   by_name) :
				   NULL;
		if (!found || found->id)
			continue;
		found->id = (int)i;
		left--;
	}
}

static int function_id(const struct function *functions, size_t nr,
		       const char *name)
{
	const struct function key = { .name = name };
	const struct function *found =
		bsearch(&key, functions, nr, sizeof(key), by_name);

	return found && found->id ? found->id : -1;
}

static unsigned int function_params(const struct btf *btf, int id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	return btf_vlen(btf__type_by_id(btf, type->type));
}

/* The kernel's own copy of a module's BTF, as a descriptor; below 0 if none */
static int module_btf_fd(const char *module)
{
	uint32_t id = 0;

	while (!bpf_btf_get_next_id(id, &id)) {
		char name[64] = "";
		struct bpf_btf_info info = {
			.name = (uintptr_t)name,
			.name_len = sizeof(name),
		};
		uint32_t size = sizeof(info);
		int fd = bpf_btf_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &size) &&
		    info.kernel_btf && !strcmp(name, module))
			return fd;
		close(fd);
	}
	return -1;
}

static bool has_member(const struct btf *btf, const struct btf_type *type,
		       const char *name)
{
	const struct btf_member *member = btf_members(type);

	for (int i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, member[i].name_off), name))
			return true;
	return false;
}

/*
 * The kernel tells how many hits of a kprobe were missed (3acf8ace6823 "bpf: Add
 * missed value to kprobe perf link info", 6.7) since it counts a kprobe's programs
 * that it skips, too (dd8657894c11 "bpf: Count missed stats in trace_call_bpf", of
 * the same series): an unnamed struct in struct bpf_link_info.
 */
static bool counts_skips(const struct btf *btf)
{
	for (uint32_t i = 1; btf && i < btf__type_cnt(btf); i++) {
		const struct btf_type *type = btf__type_by_id(btf, i);

		if (btf_is_struct(type) && !type->name_off &&
		    has_member(btf, type, "func_name") &&
		    has_member(btf, type, "missed"))
			return true;
	}
	return false;
}

/*
 * Where the functions are. KVM is a module, or built in: then its BTF is the
 * kernel's.
 */
static void find_functions(struct tracer *t)
{
	struct btf *vmlinux = btf__load_vmlinux_btf();
	struct btf *kvm = vmlinux ? btf__load_module_btf("kvm", vmlinux) : NULL;
	const struct btf *btf = kvm ? kvm : vmlinux;
	struct function functions[TRACER_MAX_HOOKS];
	const size_t nr = list_functions(functions);

	find_types(btf, functions, nr);
	t->counts_skips = counts_skips(vmlinux);
	t->nr_kernel_types = vmlinux ? btf__type_cnt(vmlinux) : 0;
	t->kvm_btf_fd = kvm ? module_btf_fd("kvm") : 0;
	for (size_t i = 0; i < nr_hook_candidates; i++) {
		const struct hook_candidate *c = &hook_candidates[i];
		struct tracer_hook *hook = &t->report.hooks[i];
		unsigned int params;

		if (!c->nr_params)
			continue;
		t->function_ids[i] = function_id(functions, nr, c->target);
		params = t->function_ids[i] > 0 ?
				 function_params(btf, t->function_ids[i]) :
				 c->nr_params;
		if (params != c->nr_params)
			hook_settle(hook, TRACER_HOOK_ABSENT,
				    "it takes %u parameter%s, not %u", params,
				    plural(params), c->nr_params);
		else if (c->method == TRACER_FENTRY &&
			 (t->function_ids[i] <= 0 || t->kvm_btf_fd < 0))
			hook_settle(hook, TRACER_HOOK_ABSENT,
				    "the kernel's BTF has no function %s",
				    c->target);
	}
	btf__free(kvm);
	btf__free(vmlinux);
}

/* Whose programs are being loaded; libbpf asks from within the loading */
static __thread const struct tracer *loading;

/*
 * libbpf would look through all of the kernel's BTF for each program; we know
 * where it belongs.
 */
static int aim(struct bpf_program *program, struct bpf_prog_load_opts *opts,
	       long unused)
{
	const struct tracer *t = loading;

	(void)unused;
	for (size_t i = 0; t && i < nr_hook_candidates; i++)
		for (int j = 0; j < HOOK_PROGRAMS; j++)
			if (hook_program(t, i, j) == program) {
				/* The kernel's own come before a module's */
				opts->attach_btf_obj_fd =
					t->function_ids[i] <
							t->nr_kernel_types ?
						0 :
						t->kvm_btf_fd;
				opts->attach_btf_id = t->function_ids[i];
				return 0;
			}
	return -ENOENT;
}

/*
 * These sections are ours, so nobody else's programs come to aim(). They stay:
 * libbpf 1.1 is not able to forget the last one (it goes on with freed memory).
 */
static void register_sections(void)
{
	DECLARE_LIBBPF_OPTS(libbpf_prog_handler_opts, opts,
			    .prog_prepare_load_fn = aim);

	libbpf_register_prog_handler("slotscope.fentry/", BPF_PROG_TYPE_TRACING,
				     BPF_TRACE_FENTRY, &opts);
	libbpf_register_prog_handler("slotscope.fexit/", BPF_PROG_TYPE_TRACING,
				     BPF_TRACE_FEXIT, &opts);
}

int hooks_open(struct tracer *t)
{
	static pthread_once_t registered = PTHREAD_ONCE_INIT;

	pthread_once(&registered, register_sections);
	t->skel = slotscope_bpf__open();
	return t->skel ? 0 : -errno;
}

int hooks_load(struct tracer *t)
{
	int ret;

	loading = t;
	ret = slotscope_bpf__load(t->skel);
	loading = NULL;
	if (t->kvm_btf_fd > 0)
		close(t->kvm_btf_fd);
	t->kvm_btf_fd = -1;
	return ret;
}

/* What this kernel lacks to take programs of a kind; NULL if nothing */
static const char *lacking(enum tracer_method method)
{
	static const enum bpf_prog_type types[TRACER_METHODS] = {
		[TRACER_FENTRY] = BPF_PROG_TYPE_TRACING,
		[TRACER_KPROBE] = BPF_PROG_TYPE_KPROBE,
		[TRACER_TRACEPOINT] = BPF_PROG_TYPE_TRACEPOINT,
		[TRACER_RAW_TRACEPOINT] = BPF_PROG_TYPE_RAW_TRACEPOINT,
		[TRACER_UPROBE] = BPF_PROG_TYPE_KPROBE,
	};

	if (method == TRACER_ITERATOR)
		return NULL;
	if (libbpf_probe_bpf_prog_type(types[method], NULL) != 1)
		return "the kernel takes no BPF programs of this kind "
		       "(CONFIG_BPF_EVENTS, CONFIG_DYNAMIC_FTRACE)";
	/* Without it libbpf would use tracefs, where probes outlive us */
	if (method == TRACER_KPROBE &&
	    access("/sys/bus/event_source/devices/kprobe", F_OK))
		return "the kernel has no kprobes (CONFIG_KPROBE_EVENTS)";
	if (method == TRACER_UPROBE &&
	    access("/sys/bus/event_source/devices/uprobe", F_OK))
		return "the kernel has no uprobes (CONFIG_UPROBE_EVENTS)";
	if (method == TRACER_TRACEPOINT &&
	    access("/sys/kernel/tracing/events/syscalls", F_OK) &&
	    access("/sys/kernel/debug/tracing/events/syscalls", F_OK))
		return "tracefs is not mounted (`mount -t tracefs tracefs "
		       "/sys/kernel/tracing`), or the kernel has no "
		       "CONFIG_FTRACE_SYSCALLS";
	return NULL;
}

/* A kretprobe has no room for all threads that are in such a call at once */
static bool lasts(enum tracer_job job)
{
	return job == TRACER_RUNS || job == TRACER_VCPU_CALLS ||
	       job == TRACER_FAULTS || job == TRACER_USERFAULTS;
}

/* The same job by the same method on another function, which the kernel has */
static const char *earlier_choice(const struct tracer *t, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (hook_candidates[j].job == hook_candidates[i].job &&
		    hook_candidates[j].method == hook_candidates[i].method &&
		    t->report.hooks[j].state == TRACER_HOOK_UNUSED &&
		    t->function_ids[j] > 0)
			return hook_candidates[j].target;
	return NULL;
}

static bool is_to_be_avoided(const struct tracer *t, size_t i)
{
	const char *target = t->options.avoid_target;

	return t->options.avoid & 1U << hook_candidates[i].method ||
	       (target && !strcmp(target, hook_candidates[i].target));
}

/*
 * One program that cannot be loaded fails all of them: leave out those that
 * this kernel is known not to take. What is loaded for nothing costs time.
 */
void hooks_choose(struct tracer *t)
{
	const char *lacks[TRACER_METHODS];
	bool faults = false;

	for (int i = 0; i < TRACER_METHODS; i++)
		lacks[i] = lacking(i);
	/* Iterators alone are of no function */
	if (!t->options.no_hooks)
		find_functions(t);
	t->preempts = kernel_preempts();
	/* It goes with whichever of two hooks is there */
	bpf_program__set_autoload(t->skel->progs.vcpu_gone, false);
	for (size_t i = 0; i < nr_hook_candidates; i++) {
		struct tracer_hook *hook = &t->report.hooks[i];
		const char *earlier = earlier_choice(t, i);

		if (is_to_be_avoided(t, i))
			hook_settle(hook, TRACER_HOOK_ABSENT,
				    "it is to be avoided");
		else if (lacks[hook->method])
			hook_settle(hook, TRACER_HOOK_ABSENT, "%s",
				    lacks[hook->method]);
		else if (earlier && hook->state == TRACER_HOOK_UNUSED)
			hook_settle(hook, TRACER_HOOK_ABSENT,
				    "for kernels without %s, and this has it",
				    earlier);
		else if (hook->method == TRACER_FENTRY && t->preempts &&
			 !lasts(hook->job) && hook->state == TRACER_HOOK_UNUSED)
			hook_settle(hook, TRACER_HOOK_UNUSED,
				    "second choice: this kernel preempts it, "
				    "and skips calls that come meanwhile");
		for (int j = 0; j < HOOK_PROGRAMS; j++) {
			struct bpf_program *program = hook_program(t, i, j);
			bool load = hook->state == TRACER_HOOK_UNUSED &&
				    hook_job_asked(t, hook->job) &&
				    (hook->job == TRACER_WALK ||
				     !t->options.no_hooks);

			faults |= program && load &&
				  (hook->job == TRACER_FAULTS ||
				   hook->job == TRACER_USERFAULTS);
			if (program)
				bpf_program__set_autoload(
					program,
					load || (program ==
							 t->skel->progs
								 .vcpu_gone &&
						 bpf_program__autoload(
							 program)));
		}
	}
	/* It tells what those have seen; without them there may be no such iterator */
	bpf_program__set_autoload(t->skel->progs.faults_told, faults);
}

static void detach(struct tracer *t, size_t hook)
{
	for (int i = 0; i < HOOK_PROGRAMS; i++) {
		bpf_link__destroy(t->links[hook][i]);
		t->links[hook][i] = NULL;
	}
}

struct detaching {
	struct tracer *tracer;
	size_t hook;
	pthread_t thread;
	bool apart;
};

static void *detach_apart(void *arg)
{
	const struct detaching *detaching = arg;

	detach(detaching->tracer, detaching->hook);
	return NULL;
}

/*
 * To detach one takes no work, but some grace periods of RCU, in which the kernel waits
 * for all processors: so they are waited for together, as far as the kernel lets us.
 * Those of one hook go one after the other, the beginning first.
 */
void hooks_detach(struct tracer *t)
{
	struct detaching all[TRACER_MAX_HOOKS];
	size_t nr = 0;

	for (size_t i = 0; i < nr_hook_candidates; i++)
		for (int j = 0; j < HOOK_PROGRAMS; j++) {
			if (!t->links[i][j])
				continue;
			all[nr++] =
				(struct detaching){ .tracer = t, .hook = i };
			break;
		}
	for (size_t i = 0; i + 1 < nr; i++)
		all[i].apart = !pthread_create(&all[i].thread, NULL,
					       detach_apart, &all[i]);
	for (size_t i = 0; i < nr; i++)
		if (!all[i].apart)
			detach(t, all[i].hook);
	for (size_t i = 0; i < nr; i++)
		if (all[i].apart)
			pthread_join(all[i].thread, NULL);
}

/* The end first: a call's beginning without its end would look like a loss */
static bool attach(struct tracer *t, size_t hook)
{
	for (int i = HOOK_PROGRAMS - 1; i >= 0; i--) {
		struct bpf_program *program = hook_program(t, hook, i);

		if (!program)
			continue;
		log_forget();
		t->links[hook][i] = bpf_program__type(program) ==
						    BPF_PROG_TYPE_TRACING ?
					    bpf_program__attach_trace(program) :
					    bpf_program__attach(program);
		if (t->links[hook][i])
			continue;
		hook_settle(&t->report.hooks[hook], TRACER_HOOK_REFUSED,
			    "%s%s%s", strerror(errno),
			    log_cause()[0] ? "; libbpf: " : "", log_cause());
		detach(t, hook);
		return false;
	}
	return true;
}

/*
 * The next candidate for @job that attaches; -1 if none is left.
 *
 * fentry costs a VMM the least. But where the kernel preempts a program, it
 * skips the same program for whoever runs there meanwhile: a request is lost
 * now and then (2 % of those of three busy threads on one slow processor). A
 * kprobe's program is not preempted. And to detach fentry takes a tenth of a second
 * a function, in which the kernel waits for all tasks: for one look, kprobes come
 * first where what they skip is counted.
 */
static int try_next(struct tracer *t, enum tracer_job job)
{
	static const enum tracer_method orders[2][TRACER_ITERATOR] = {
		{ TRACER_FENTRY, TRACER_KPROBE, TRACER_TRACEPOINT,
		  TRACER_RAW_TRACEPOINT },
		{ TRACER_KPROBE, TRACER_FENTRY, TRACER_TRACEPOINT,
		  TRACER_RAW_TRACEPOINT },
	};
	const enum tracer_method *order =
		orders[(t->preempts || (t->options.brief && t->counts_skips)) &&
		       !lasts(job)];

	if (!hook_job_asked(t, job))
		return -1;

	for (int m = 0; m < TRACER_ITERATOR; m++)
		for (size_t i = 0; i < nr_hook_candidates; i++)
			if (hook_candidates[i].job == job &&
			    hook_candidates[i].method == order[m] &&
			    t->report.hooks[i].state == TRACER_HOOK_UNUSED &&
			    attach(t, i))
				return i;
	return -1;
}

/* What our own thread did is what the proof did; give only that to the judge */
static size_t collect(struct tracer *t, struct slot_event *events, size_t max)
{
	const struct slot_event *event;
	size_t nr = 0;

	while ((event = stream_next(&t->stream)))
		if (event->tgid == getpid() && event->tid == gettid() &&
		    nr < max)
			events[nr++] = *event;
	return nr;
}

static int run_proof(struct tracer *t, struct kvm_proof *proof, int *vm_fd,
		     struct slotscope_error *err)
{
	int ret = kvm_proof_create_vm(proof, err);

	*vm_fd = proof->vm_fd;
	if (!ret)
		ret = kvm_proof_ask(proof, err);
	kvm_proof_destroy_vm(proof);
	return ret ? ret : ring_drain(t, missed_count, err);
}

/* What is to be known of a hook that is used */
static const char *weakness(const struct tracer *t, size_t hook)
{
	enum tracer_method method = hook_candidates[hook].method;

	if (hook_candidates[hook].job != TRACER_REQUESTS)
		return "";
#if defined(__x86_64__) || defined(__aarch64__)
	/* ftrace_get_syscall_nr(): their numbers are not the kernel's own */
	if (method == TRACER_TRACEPOINT)
		return "the kernel shows no call by a 32-bit entry there: of "
		       "such requests only what they change is told";
#endif
	if (method != TRACER_FENTRY && !t->counts_skips)
		return "the kernel does not count calls that it skips: only "
		       "what such a request changes tells of it";
	return "";
}

/* Of what the process did, or of one that it makes now */
static bool told(struct tracer *t, enum tracer_job job,
		 const struct slot_event *events, size_t nr,
		 const struct kvm_proof *proof, int vm_fd, char *why,
		 size_t size)
{
	if (job == TRACER_PROCESSES)
		return followed_proved(t, why, size);
	return proof_told(job, events, nr, proof, vm_fd, why, size);
}

/* Trials of a hook that told nothing as another process may have had our VM */
#define LATE_TRIALS 3

/* Of the end of a VM: who walks descriptors holds it for a moment, and it ends later */
static bool may_be_late(enum tracer_job job)
{
	return job == TRACER_DESTRUCTION || job == TRACER_FREES;
}

int hooks_prove(struct tracer *t, struct kvm_proof *proof,
		struct slotscope_error *err)
{
	int trials[TRACER_MAX_HOOKS] = { 0 };
	/* Jobs on trial, by the candidate; -1: settled one way or the other */
	int trial[TRACER_WALK];
	struct slot_event events[64];
	bool again;

	for (int job = 0; job < TRACER_WALK; job++)
		trial[job] = try_next(t, job);
	do {
		int vm_fd, ret = run_proof(t, proof, &vm_fd, err);
		size_t nr;

		if (ret)
			return ret;
		nr = collect(t, events, sizeof(events) / sizeof(events[0]));
		again = false;
		for (int job = 0; job < TRACER_WALK; job++) {
			char why[128];
			int hook = trial[job];

			if (hook < 0)
				continue;
			trials[hook]++;
			trial[job] = -1;
			if (told(t, job, events, nr, proof, vm_fd, why,
				 sizeof(why))) {
				hook_settle(&t->report.hooks[hook],
					    TRACER_HOOK_USED, "%s",
					    weakness(t, hook));
				continue;
			}
			if (may_be_late(job) && trials[hook] < LATE_TRIALS) {
				trial[job] = hook;
				again = true;
				continue;
			}
			hook_settle(&t->report.hooks[hook],
				    TRACER_HOOK_UNPROVEN, "attached, but %s",
				    why);
			detach(t, hook);
			trial[job] = try_next(t, job);
			again |= trial[job] >= 0;
		}
	} while (again);
	return probes_prove(t, err);
}

#define MEASURED_ROUNDS 4

/* What is done for the first time takes long for other reasons: it was done before */
int hooks_measure(struct tracer *t, struct kvm_proof *proof,
		  struct slotscope_error *err)
{
	struct slot_event events[64];
	char why[128];
	int ret = 0, vm_fd, fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	if (fd < 0)
		return 0; /* a kernel that does not count: it is not known */
	for (int i = 0; !ret && i < MEASURED_ROUNDS; i++) {
		ret = run_proof(t, proof, &vm_fd, err);
		collect(t, events, sizeof(events) / sizeof(events[0]));
		if (tracer_hook_used(&t->report, TRACER_PROCESSES))
			followed_proved(t, why, sizeof(why));
	}
	close(fd);
	for (size_t i = 0; i < nr_hook_candidates; i++) {
		struct tracer_hook *hook = &t->report.hooks[i];

		for (int j = 0; j < HOOK_PROGRAMS; j++) {
			struct bpf_program *program = hook_program(t, i, j);
			struct bpf_prog_info info = {};
			uint32_t size = sizeof(info);

			if (!program || hook->state != TRACER_HOOK_USED ||
			    bpf_obj_get_info_by_fd(bpf_program__fd(program),
						   &info, &size))
				continue;
			hook->runs += info.run_cnt;
			hook->run_ns += info.run_time_ns;
		}
	}
	return ret;
}
