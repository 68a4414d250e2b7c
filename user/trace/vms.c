// SPDX-License-Identifier: GPL-2.0-or-later
/* Which VMs there are, what slots they have: as ids, states and BASE events */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/impl.h"

static struct vm_id vm_from_walk(const struct tracer *t,
				 const struct walk_record *rec)
{
	struct vm_id vm = {
		.tgid = rec->tgid,
		.start_time = rec->start_ns / t->stream.ns_per_tick,
		.fd = rec->fd,
		/* Without hooks nobody sees VMs go, and numbers are re-used */
		.serial = t->options.no_hooks ? 0 : rec->serial,
	};

	memcpy(vm.boot_id, t->stream.boot_id, sizeof(vm.boot_id));
	return vm;
}

/* Descriptors of one VM side by side: those of its VMM first, then the lowest */
static int by_vm(const void *a, const void *b)
{
	const struct walk_record *x = a, *y = b;

	if (x->serial != y->serial)
		return x->serial < y->serial ? -1 : 1;
	if ((x->flags ^ y->flags) & WALK_OWNER)
		return x->flags & WALK_OWNER ? -1 : 1;
	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

static int by_process(const void *a, const void *b)
{
	const struct walk_record *x = a, *y = b;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

/* The same VM through another descriptor: the slots are with one of them */
static void merge(struct walk_record *kept, const struct walk_record *other)
{
	if (!(kept->flags & WALK_AGAIN))
		return;
	memcpy(kept->as, other->as, sizeof(kept->as));
	kept->nr_as = other->nr_as;
	kept->flags = (kept->flags & WALK_OWNER) |
		      (other->flags & ~(uint32_t)WALK_OWNER);
}

/* One record a VM; serial 0 is that of all for which there was no room */
static int find_all(struct tracer *t, pid_t tgid, bool slots, struct walk *walk,
		    struct slotscope_error *err)
{
	const struct walk_request request = {
		.tgid = tgid == TRACER_FOLLOWED ? 0 : tgid,
		.fd = -1,
		.slots = slots,
		.followed = tgid == TRACER_FOLLOWED,
	};
	size_t nr = 0;
	int ret = walk_run(t, &request, walk, err);

	if (ret || !walk->nr)
		return ret;
	qsort(walk->vms, walk->nr, sizeof(*walk->vms), by_vm);
	for (size_t i = 0; i < walk->nr; i++)
		if (!nr || !walk->vms[i].serial ||
		    walk->vms[i].serial != walk->vms[nr - 1].serial)
			walk->vms[nr++] = walk->vms[i];
		else
			merge(&walk->vms[nr - 1], &walk->vms[i]);
	walk->nr = nr;
	qsort(walk->vms, nr, sizeof(*walk->vms), by_process);
	return 0;
}

int tracer_list(struct tracer *t, pid_t tgid, struct vm_id **vms,
		size_t *nr_vms, struct slotscope_error *err)
{
	struct walk walk = { 0 };
	int ret = need_walk(t, err);

	*vms = NULL;
	*nr_vms = 0;
	if (!ret)
		ret = find_all(t, tgid, false, &walk, err);
	if (!ret && walk.nr) {
		*vms = calloc(walk.nr, sizeof(**vms));
		if (!*vms)
			ret = error_set(err, ENOMEM, "list VMs");
	}
	for (size_t i = 0; !ret && i < walk.nr; i++)
		(*vms)[(*nr_vms)++] = vm_from_walk(t, &walk.vms[i]);
	free(walk.vms);
	return ret;
}

static int error_several(struct slotscope_error *err, const struct walk *walk)
{
	char list[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < walk->nr && len < sizeof(list); i++)
		len += snprintf(list + len, sizeof(list) - len, "%s%d",
				i ? ", " : "", walk->vms[i].fd);
	error_set(err, EEXIST, "find the VM of process %u", walk->vms->tgid);
	error_why(err, "it has %zu, at descriptors %s", walk->nr, list);
	return error_next(err, "say which descriptor");
}

static int error_no_vm(struct slotscope_error *err, pid_t tgid, int fd)
{
	if (fd >= 0) {
		error_set(err, ENOENT,
			  "find a VM at descriptor %d of process "
			  "%d",
			  fd, tgid);
		return error_why(err, "that descriptor is not open, or is not "
				      "a VM's");
	}
	error_set(err, ENOENT, "find a VM of process %d", tgid);
	return error_why(err, "there is no such process, or none of its "
			      "descriptors is a VM's");
}

int tracer_find_vm(struct tracer *t, pid_t tgid, int fd, struct vm_id *vm,
		   struct slotscope_error *err)
{
	const struct walk_request request = { .tgid = tgid, .fd = fd };
	struct walk walk = { 0 };
	int ret = need_walk(t, err);

	if (!ret)
		ret = fd < 0 ? find_all(t, tgid, false, &walk, err) :
			       walk_run(t, &request, &walk, err);
	if (ret)
		;
	else if (!walk.nr)
		ret = error_no_vm(err, tgid, fd);
	else if (walk.nr > 1)
		ret = error_several(err, &walk);
	else
		*vm = vm_from_walk(t, walk.vms);
	free(walk.vms);
	return ret;
}

int tracer_owns_memory(struct tracer *t, const struct vm_id *vm,
		       struct slotscope_error *err)
{
	const struct walk_request request = { .tgid = vm->tgid, .fd = vm->fd };
	struct walk walk = { 0 };
	int ret = need_walk(t, err);

	if (!ret)
		ret = walk_run(t, &request, &walk, err);
	if (!ret && !walk.nr)
		ret = error_no_vm(err, vm->tgid, vm->fd);
	if (!ret)
		ret = !!(walk.vms->flags & WALK_OWNER);
	free(walk.vms);
	return ret;
}

/* A walk that was overtaken may have missed any, and found what is freed */
static int set_torn(struct slot_state *out, uint16_t as_id)
{
	out->as[as_id].torn = true;
	return coverage_add_blind(&out->coverage, as_id, 0, UINT64_MAX,
				  "its slots changed faster than they could "
				  "be walked");
}

static int add_slots(struct tracer *t, const struct walk_record *rec,
		     struct slot_state *out)
{
	int ret = slot_state_set_nr_as(out, rec->nr_as);

	for (uint32_t i = 0; !ret && i < rec->nr_as; i++) {
		const struct walk_as *as = &rec->as[i];

		out->as[i].covered = true;
		out->as[i].generation = as->after & ~GENERATION_UPDATING;
		out->as[i].updating = as->after & GENERATION_UPDATING;
		if (as->before != as->after) {
			ret = set_torn(out, i);
			continue;
		}
		for (uint32_t j = 0; !ret && j < as->nr; j++) {
			struct slot slot = slot_from_record(
				&t->stream, &t->walked[as->first + j]);

			/* It does not fit what we know of KVM */
			if (!slot.size || slot.as_id != i)
				out->coverage.truncated = true;
			else
				ret = slot_state_add(out, &slot);
			if (ret == -EINVAL) {
				out->coverage.truncated = true;
				ret = 0;
			}
		}
	}
	slot_state_sort(out);
	return ret;
}

static int state_from_walk(struct tracer *t, const struct walk_record *rec,
			   struct slot_state *out)
{
	int ret;

	out->vm = vm_from_walk(t, rec);
	out->walked = true;
	out->coverage.fields = SLOT_FIELDS_ALL;
	out->coverage.truncated = rec->flags & WALK_OVERFLOW;
	ret = add_slots(t, rec, out);
	out->coverage.at_ns = clock_now();
	return ret;
}

int tracer_snapshot(struct tracer *t, const struct vm_id *vm,
		    enum party_id party, struct slot_state *out,
		    struct slotscope_error *err)
{
	struct walk walk = { 0 };
	int ret;

	slot_state_init(out, party);
	ret = need_walk(t, err);
	if (!ret)
		ret = walk_slots(t, vm->tgid, vm->fd, walk_moved, &walk, err);
	if (!ret && (!walk.nr || (vm->serial && !t->options.no_hooks &&
				  walk.vms->serial != vm->serial)))
		ret = error_no_vm(err, vm->tgid, vm->fd);
	if (!ret) {
		ret = state_from_walk(t, walk.vms, out);
		if (ret)
			error_set(err, ret, "keep the slots of a VM");
	}
	free(walk.vms);
	return ret;
}

int tracer_snapshots(struct tracer *t, pid_t tgid, enum party_id party,
		     struct slot_state **states, bool **owned, size_t *nr,
		     struct slotscope_error *err)
{
	struct walk walk = { 0 };
	struct slot_state *out;
	int ret = need_walk(t, err);

	*states = NULL;
	*nr = 0;
	if (owned)
		*owned = NULL;
	if (!ret)
		ret = find_all(t, tgid, true, &walk, err);
	if (!ret && walk.nr) {
		*states = calloc(walk.nr, sizeof(**states));
		if (owned)
			*owned = calloc(walk.nr, sizeof(**owned));
		if (!*states || (owned && !*owned))
			ret = error_set(err, ENOMEM, "keep the slots of VMs");
	}
	for (size_t i = 0; !ret && i < walk.nr; i++) {
		if (walk_moved(&walk.vms[i]) ||
		    walk.vms[i].flags & (WALK_OVERFLOW | WALK_AGAIN))
			continue;
		if (owned)
			(*owned)[*nr] = walk.vms[i].flags & WALK_OWNER;
		out = &(*states)[(*nr)++];
		slot_state_init(out, party);
		ret = state_from_walk(t, &walk.vms[i], out);
		if (ret)
			error_set(err, ret, "keep the slots of VMs");
	}
	free(walk.vms);
	return ret;
}

/*
 * The generation of the last change that the walked slots include. While a
 * change waits for KVM's readers, its set of slots is the active one already,
 * under the generation before it: a VM that changes all the time is seldom in
 * another state. It will be told with the next one. Only deletions and moves
 * have a first set, where the slot is but INVALID; that set does not include
 * them yet.
 */
static uint64_t base_generation(const struct tracer *t,
				const struct walk_record *rec,
				const struct walk_as *as)
{
	uint64_t generation = as->after & ~GENERATION_UPDATING;

	if (!(as->after & GENERATION_UPDATING))
		return generation;
	for (uint32_t i = 0; i < as->nr; i++)
		if (t->walked[as->first + i].flags & SLOT_INVALID)
			return generation;
	return generation + rec->nr_as;
}

static bool is_whole(const struct walk_record *vm)
{
	return !walk_torn(vm) && !(vm->flags & (WALK_LOCKED | WALK_OVERFLOW));
}

/* Tell one VM's slots as events */
static int base_events(struct tracer *t, const struct walk_record *rec)
{
	struct slot_event event = {
		.time_ns = clock_now(),
		.serial = rec->serial,
		.tgid = rec->tgid,
		.tid = rec->tgid,
	};
	int ret = 0;

	memcpy(event.comm, rec->comm, sizeof(event.comm));
	for (uint32_t i = 0; !ret && i < rec->nr_as; i++) {
		event.type = SLOT_EVENT_BASE;
		for (uint32_t j = 0; !ret && j < rec->as[i].nr; j++) {
			event.base = slot_from_record(
				&t->stream, &t->walked[rec->as[i].first + j]);
			if (event.base.size)
				ret = stream_event(&t->stream, &event);
		}
		event.type = SLOT_EVENT_BASE_END;
		event.base_end.as_id = i;
		event.base_end.generation =
			base_generation(t, rec, &rec->as[i]);
		event.base_end.start_time =
			rec->start_ns / t->stream.ns_per_tick;
		event.base_end.fd = rec->fd;
		if (!ret)
			ret = stream_event(&t->stream, &event);
	}
	/*
	 * A change that began before our hooks were there and is not over is
	 * told neither by them nor here. It holds the lock.
	 */
	if (!ret && !is_whole(rec))
		ret = stream_lose(&t->stream, SLOT_LOST_MISSED, 1,
				  event.time_ns);
	return ret;
}

static int base_one(struct tracer *t, const struct walk_record *found,
		    struct slotscope_error *err)
{
	struct walk walk = { 0 };
	int ret = walk_slots(t, found->tgid, found->fd, walk_torn, &walk, err);

	/* Gone, or another one there meanwhile: nothing to tell */
	if (!ret && walk.nr && walk.vms->serial == found->serial &&
	    base_events(t, walk.vms))
		ret = error_set(err, ENOMEM, "keep the slots of a VM");
	free(walk.vms);
	return ret;
}

/*
 * One walk serves most: each one costs as much as there are descriptors. What it
 * did not get whole is walked alone.
 */
int base_all(struct tracer *t, struct slotscope_error *err)
{
	struct walk walk = { 0 };
	size_t again = 0;
	int ret;

	if (!tracer_hook_used(&t->report, TRACER_WALK))
		return 0;
	ret = find_all(t, t->options.tgid ? TRACER_FOLLOWED : 0, true, &walk,
		       err);
	for (size_t i = 0; !ret && i < walk.nr; i++) {
		/* One that came after the hooks is told by them */
		if (!walk.vms[i].serial || walk.vms[i].flags & WALK_CREATED)
			continue;
		ring_told(t, walk.vms[i].serial);
		if (!is_whole(&walk.vms[i]))
			walk.vms[again++] = walk.vms[i];
		else if (base_events(t, &walk.vms[i]))
			ret = error_set(err, ENOMEM, "keep the slots of a VM");
	}
	for (size_t i = 0; !ret && i < again; i++)
		ret = base_one(t, &walk.vms[i], err);
	free(walk.vms);
	return ret;
}

int base_serial(struct tracer *t, pid_t tgid, uint64_t serial)
{
	struct slotscope_error err;
	struct walk walk = { 0 };
	int ret;

	if (!tracer_hook_used(&t->report, TRACER_WALK))
		return 0;
	ret = find_all(t, tgid, false, &walk, &err);
	for (size_t i = 0; !ret && i < walk.nr; i++)
		if (walk.vms[i].serial == serial)
			ret = base_one(t, &walk.vms[i], &err);
	free(walk.vms);
	return ret;
}
