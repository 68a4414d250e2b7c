// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/maps.h"
#include "host/module.h"
#include "host/vcpus.h"
#include "session/glance.h"

/* What one walk told of the VMs of a process: by descriptor */
struct walked {
	struct slot_state *states;
	bool *owned;
	size_t nr;
};

static void walk(const struct glancer *glancer, const struct process *process,
		 struct walked *out)
{
	struct slotscope_error ignored = {};

	*out = (struct walked){};
	kernel_view_read_all(glancer->kernel, process, &out->states,
			     &out->owned, &out->nr, &ignored);
}

static void walked_deinit(struct walked *walked)
{
	for (size_t i = 0; i < walked->nr; i++)
		slot_state_deinit(&walked->states[i]);
	free(walked->states);
	free(walked->owned);
}

static int by_fd(const void *key, const void *state)
{
	const int fd = *(const int *)key;
	const int other = ((const struct slot_state *)state)->vm.fd;

	return (fd > other) - (fd < other);
}

static struct slot_state *find(const struct walked *walked, int fd)
{
	return walked->nr ? bsearch(&fd, walked->states, walked->nr,
				    sizeof(*walked->states), by_fd) :
			    NULL;
}

/* Which errors say that the VM is not there any more */
static bool is_end(int code)
{
	return code == ESRCH || code == ENOENT || code == EBADF ||
	       code == EBADFD;
}

/* Are the slots' host addresses this process's? As kernel_view_owns_memory() */
static int take_slots(const struct glancer *glancer,
		      const struct process *process,
		      const struct walked *walked, struct glance *vm)
{
	struct slotscope_error ignored = {};
	struct slot_state *state = find(walked, vm->id.fd);

	if (state) {
		vm->state = *state;
		vm->state.vm.serial = vm->id.serial;
		memset(state, 0, sizeof(*state));
		state->vm.fd = vm->id.fd;
		vm->have = true;
		return walked->owned[state - walked->states];
	}
	vm->have = !kernel_view_read(glancer->kernel, process, &vm->id,
				     &vm->state, &vm->why);
	vm->ended = !vm->have && is_end(vm->why.code);
	return vm->have ? kernel_view_owns_memory(glancer->kernel, process,
						  &vm->id, &ignored) :
			  0;
}

/* Those of all VMs, for their addresses; the slots are borrowed */
static int join(const struct glance *vms, size_t nr, struct slot_state *out)
{
	size_t all = 0;

	slot_state_init(out, PARTY_KERNEL);
	for (size_t i = 0; i < nr; i++)
		all += vms[i].have ? vms[i].state.nr_slots : 0;
	out->slots = calloc(all + 1, sizeof(*out->slots));
	if (!out->slots)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		if (!vms[i].have || !vms[i].state.nr_slots)
			continue;
		memcpy(&out->slots[out->nr_slots], vms[i].state.slots,
		       vms[i].state.nr_slots * sizeof(*out->slots));
		out->nr_slots += vms[i].state.nr_slots;
	}
	return 0;
}

static int read_map(const struct process *process, const struct glance *vms,
		    size_t nr, struct host_map *out,
		    struct slotscope_error *err)
{
	struct slot_state joined;
	int ret = join(vms, nr, &joined);

	host_map_init(out);
	if (!ret)
		ret = host_map_read(process, &joined, out, err);
	free(joined.slots);
	return ret == -ENOMEM ? ret : 0;
}

static void settle(const struct glancer *glancer, const struct process *process,
		   const struct walked *after, struct glance *vm)
{
	const struct slot_state *state = find(after, vm->id.fd);
	struct slotscope_error ignored = {};
	struct slot_state read;

	if (state) {
		vm->settled = module_same_moment(&vm->state, state);
		return;
	}
	vm->settled = !kernel_view_generations(glancer->kernel, process,
					       &vm->id, &read, &ignored) &&
		      module_same_moment(&vm->state, &read);
	slot_state_deinit(&read);
}

int glance_judge(const struct check_input *input, struct top_look *look)
{
	struct comparison comparison;
	struct check_rows rows;
	int ret = crosscheck(input, &comparison);

	if (!ret) {
		ret = check_rows(&comparison, &rows);
		if (!ret)
			ret = top_judge(&comparison, &rows, look);
		check_rows_deinit(&rows);
	}
	comparison_deinit(&comparison);
	return ret;
}

/* @owned: as of kernel_view_owns_memory() */
static int judge(const struct glancer *glancer, struct glance *vm,
		 const struct host_map *map, const char *no_map, int owned,
		 const struct vcpu_word *vcpus, size_t nr_vcpus)
{
	struct slot_state traced;
	struct view views[3] = {
		{ .party = PARTY_TRACED },
		{ .party = PARTY_KERNEL, .slots = &vm->state },
		{ .party = PARTY_BACKING },
	};
	const struct check_input input = {
		.vcpus = vcpus,
		.nr_vcpus = nr_vcpus,
		.views = glancer->follow ? views : &views[1],
		.nr_views = glancer->follow ? 3 : 2,
		.log = vm->log,
		.serial = vm->id.serial,
		.page_size = sysconf(_SC_PAGESIZE),
		.unsettled = vm->settled ? NULL :
					   "its slots changed while they were "
					   "looked at",
	};
	int ret = 0;

	slot_state_init(&traced, PARTY_TRACED);
	if (glancer->follow && vm->log) {
		ret = fold_until(vm->log, &vm->id, &vm->state, &traced);
		views[0].slots = &traced;
	}
	if (owned == 1 && !no_map)
		views[2].map = map;
	else if (owned == 1)
		views[2].unread = no_map;
	else if (owned == -EOPNOTSUPP)
		views[2].none = "nothing here tells whose memory it is";
	else
		views[2].unread = "the process did not make the VM";
	if (!ret)
		ret = glance_judge(&input, &vm->look);
	slot_state_deinit(&traced);
	return ret;
}

static int judge_all(const struct glancer *glancer,
		     const struct process *process, struct glance *vms,
		     size_t nr, const int *owned, const struct host_map *map,
		     const char *no_map)
{
	struct slotscope_error ignored = {};
	struct vcpu_word *vcpus = NULL;
	struct walked after = {};
	size_t nr_vcpus = 0;
	int ret = 0;

	if (nr == 1 && vms->alone && vms->have)
		vms->look.asked =
			!vcpus_read(process, &vcpus, &nr_vcpus, &ignored);

	walk(glancer, process, &after);
	for (size_t i = 0; i < nr; i++)
		if (vms[i].have)
			settle(glancer, process, &after, &vms[i]);
	walked_deinit(&after);
	if (glancer->catch_up)
		ret = glancer->catch_up(glancer->owner, &ignored);
	for (size_t i = 0; i < nr && !ret; i++) {
		if (!vms[i].have)
			continue;
		top_count(&vms[i].state, &vms[i].look);
		ret = judge(glancer, &vms[i], map, no_map, owned[i], vcpus,
			    nr_vcpus);
	}
	free(vcpus);
	return ret;
}

int glance_at(const struct glancer *glancer, const struct process *process,
	      struct glance *vms, size_t nr)
{
	const uint64_t now = clock_now();
	const bool held = process_stopped(process);
	struct slotscope_error no_map = {};
	int *owned = calloc(nr + 1, sizeof(*owned));
	struct walked before = {};
	struct host_map map;
	int ret;

	for (size_t i = 0; i < nr; i++)
		vms[i].look = (struct top_look){ .at_ns = now,
						 .verdict = TOP_UNKNOWN,
						 .held = held };
	if (!owned)
		return -ENOMEM;
	walk(glancer, process, &before);
	for (size_t i = 0; i < nr; i++)
		owned[i] = take_slots(glancer, process, &before, &vms[i]);
	walked_deinit(&before);
	ret = read_map(process, vms, nr, &map, &no_map);
	if (!ret)
		ret = judge_all(glancer, process, vms, nr, owned, &map,
				no_map.code ? no_map.why : NULL);
	host_map_deinit(&map);
	free(owned);
	return ret;
}

void glance_deinit(struct glance *glance)
{
	slot_state_deinit(&glance->state);
	glance->have = false;
}
