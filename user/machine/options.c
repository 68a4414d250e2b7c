// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kvm/options.h"
#include "machine/options.h"
#include "machine/ram.h"

#define RAM_DEFAULT (128ULL << 20) /* QEMU's */

static int find_class(struct machine_config *c, const char *name,
		      struct slotscope_error *err)
{
	char names[128] = "";
	size_t i, len = 0;

	c->class = machine_find(name);
	if (c->class)
		return 0;
	for (i = 0; machine_classes[i]; i++)
		len += snprintf(names + len, sizeof(names) - len, "%s%s",
				i ? ", " : "", machine_classes[i]->name);
	error_set(err, EINVAL, "build the machine \"%.40s\"", name);
	error_why(err, "there is no such board");
	return error_next(err, "the boards for -M are %s", names);
}

static int take_smm(struct machine_config *c, struct keyval *kv,
		    struct slotscope_error *err)
{
	const char *text = keyval_take(kv, "smm");

	if (!text)
		return 0;
	c->smm_given = strcmp(text, "auto");
	return c->smm_given ? keyval_take_bool(kv, "smm", &c->smm, err) : 0;
}

/* What is KVM's, -M takes too, as QEMU does */
static int take_kvm(struct machine_config *c, struct keyval *kv,
		    struct slotscope_error *err)
{
	size_t i;
	int ret;

	for (i = 0; c->kvm && i < kv->nr; i++) {
		if (kv->pairs[i].taken)
			continue;
		ret = kvm_option_set(kv->pairs[i].key, kv->pairs[i].value,
				     c->kvm, err);
		if (ret && ret != -ENOENT)
			return ret;
		kv->pairs[i].taken = !ret;
	}
	return 0;
}

int config_machine(struct machine_config *c, const char *text,
		   struct slotscope_error *err)
{
	struct keyval kv;
	const char *type, *accel;
	int ret = keyval_parse(&kv, "-M", text, "type", err);

	if (ret)
		return ret;
	type = keyval_take(&kv, "type");
	/* -M without a board sets options of the default one */
	if (type || !*text)
		ret = find_class(c, type ? type : "", err);
	if (!ret)
		ret = keyval_take_size(&kv, "max-ram-below-4g",
				       &c->max_below_4g, err);
	if (!ret)
		ret = keyval_take_id(&kv, "memory-backend", c->memory_backend,
				     sizeof(c->memory_backend), err);
	if (!ret)
		ret = take_smm(c, &kv, err);
	accel = keyval_take(&kv, "accel");
	if (!ret && accel && strcmp(accel, "kvm")) {
		keyval_bad(&kv, "accel", accel, err);
		ret = error_why(err, "kvm is the only one here");
	}
	if (!ret)
		ret = take_kvm(c, &kv, err);
	return ret ? ret : keyval_done(&kv, err);
}

int config_memory(struct machine_config *c, const char *text,
		  struct slotscope_error *err)
{
	uint64_t slots = c->ram_slots;
	const char *size;
	struct keyval kv;
	int ret = keyval_parse(&kv, "-m", text, "size", err);

	if (ret)
		return ret;
	size = keyval_take(&kv, "size");
	if (size || !*text)
		ret = ram_parse_size(size ? size : "", &c->ram_size, err);
	if (!ret)
		ret = keyval_take_size(&kv, "maxmem", &c->max_ram, err);
	if (!ret)
		ret = keyval_take_number(&kv, "slots", &slots, err);
	/* The board says how many are too many; its number is narrower */
	c->ram_slots = slots < UINT32_MAX ? slots : UINT32_MAX;
	return ret ? ret : keyval_done(&kv, err);
}

static struct backend_options *find_object(struct machine_config *c,
					   const char *id)
{
	size_t i;

	for (i = 0; i < c->nr_objects; i++)
		if (!strcmp(c->objects[i].id, id))
			return &c->objects[i];
	return NULL;
}

int config_object(struct machine_config *c, const char *text,
		  struct slotscope_error *err)
{
	struct backend_options object;
	struct keyval kv;
	int ret = keyval_parse(&kv, "-object", text, "qom-type", err);

	if (!ret)
		ret = backend_parse(&kv, &object, err);
	if (ret)
		return ret;
	error_set(err, EINVAL, "make the object \"%s\"", object.id);
	if (find_object(c, object.id))
		return error_why(err, "there is one of that name already");
	if (c->nr_objects == BACKENDS_MAX)
		return error_why(err, "there are %d of them already",
				 BACKENDS_MAX);
	*err = (struct slotscope_error){};
	c->objects[c->nr_objects++] = object;
	return 0;
}

static int first_free_node(const struct machine_config *c)
{
	int i;

	for (i = 0; i < MACHINE_NODES_MAX && c->nodes[i][0];)
		i++;
	return i;
}

int config_numa(struct machine_config *c, const char *text,
		struct slotscope_error *err)
{
	uint64_t node = first_free_node(c);
	char memdev[BACKEND_ID_SIZE] = "";
	const char *type;
	struct keyval kv;
	int ret = keyval_parse(&kv, "-numa", text, "type", err);

	if (ret)
		return ret;
	type = keyval_take(&kv, "type");
	if (!type || strcmp(type, "node")) {
		keyval_bad(&kv, "type", type ? type : "", err);
		return error_why(err, "memory needs \"node\" alone");
	}
	ret = keyval_take_number(&kv, "nodeid", &node, err);
	if (!ret)
		ret = keyval_take_id(&kv, "memdev", memdev, sizeof(memdev),
				     err);
	if (!ret && !memdev[0])
		ret = keyval_missing(&kv, "memdev", err);
	/* Which CPUs are near is told by ACPI, of which there is none here */
	keyval_take(&kv, "cpus");
	if (!ret)
		ret = keyval_done(&kv, err);
	if (ret)
		return ret;
	error_set(err, EINVAL, "make the NUMA node %" PRIu64, node);
	if (node >= MACHINE_NODES_MAX)
		return error_why(err, "there are %d at the most",
				 MACHINE_NODES_MAX);
	if (c->nodes[node][0])
		return error_why(err, "it is there already (nodeid=)");
	*err = (struct slotscope_error){};
	strcpy(c->nodes[node], memdev);
	return 0;
}

static int no_backend(const char *option, const char *id,
		      struct slotscope_error *err)
{
	error_set(err, EINVAL, "use the memory backend %s%s", option, id);
	error_why(err, "there is no object of that name");
	return error_next(err, "give -object memory-backend-ram,id=%s,size=...",
			  id);
}

/* RAM is this object; without -m it is as large */
static int finish_backend(struct machine_config *c,
			  struct machine_options *options,
			  struct slotscope_error *err)
{
	const struct backend_options *object;

	if (!c->memory_backend[0])
		return 0;
	options->ram_name = c->memory_backend;
	object = find_object(c, c->memory_backend);
	if (!object)
		return no_backend("memory-backend=", c->memory_backend, err);
	if (!c->ram_size)
		c->ram_size = object->size;
	if (c->ram_size == object->size)
		return 0;
	error_set(err, EINVAL, "use the memory backend \"%s\" as RAM",
		  object->id);
	error_why(err, "it has %" PRIu64 " KiB, and -m has %" PRIu64,
		  object->size >> 10, c->ram_size >> 10);
	return error_next(err, "give both the same size, or no -m");
}

static int finish_nodes(struct machine_config *c,
			struct machine_options *options,
			struct slotscope_error *err)
{
	const struct backend_options *object;
	uint64_t total = 0;
	size_t i, j, last = 0;

	for (i = 0; i < MACHINE_NODES_MAX; i++)
		if (c->nodes[i][0])
			last = i + 1;
	for (i = 0; i < last; i++) {
		error_set(err, EINVAL, "make NUMA nodes 0 to %zu", last - 1);
		if (!c->nodes[i][0])
			return error_why(err, "there is no node %zu", i);
		for (j = 0; j < i; j++)
			if (!strcmp(c->nodes[i], c->nodes[j]))
				return error_why(err,
						 "nodes %zu and %zu have the "
						 "same memdev=%s",
						 j, i, c->nodes[i]);
		object = find_object(c, c->nodes[i]);
		if (!object)
			return no_backend("memdev=", c->nodes[i], err);
		options->nodes[i].name = object->id;
		options->nodes[i].size = object->size;
		total += object->size;
	}
	*err = (struct slotscope_error){};
	options->nr_nodes = last;
	if (!last)
		return 0;
	if (!c->ram_size)
		c->ram_size = total;
	error_set(err, EINVAL, "make NUMA nodes 0 to %zu", last - 1);
	if (c->memory_backend[0])
		return error_why(err, "memory-backend= of -M is all RAM "
				      "already");
	if (c->ram_size != total)
		return error_why(err,
				 "they have %" PRIu64
				 " KiB together, and -m has %" PRIu64,
				 total >> 10, c->ram_size >> 10);
	*err = (struct slotscope_error){};
	return 0;
}

/* A name that the board gives to memory of its own */
static int check_names(const struct machine_config *c,
		       struct slotscope_error *err)
{
	static const char *const taken[] = { "pc.bios", "pc.rom" };
	size_t i, j;

	for (i = 0; i < c->nr_objects; i++) {
		for (j = 0; j < sizeof(taken) / sizeof(taken[0]); j++) {
			if (strcmp(c->objects[i].id, taken[j]))
				continue;
			error_set(err, EINVAL, "make the object \"%s\"",
				  taken[j]);
			return error_why(err, "the board has memory of that "
					      "name");
		}
	}
	return 0;
}

int config_finish(struct machine_config *c, struct machine_options *options,
		  struct slotscope_error *err)
{
	int ret;

	if (!c->class)
		c->class = machine_find("pc");
	*options = (struct machine_options){};
	if (c->kvm && !c->kvm->irqchip_given && c->class->split_irqchip)
		c->kvm->irqchip = KVM_IRQCHIP_SPLIT;
	ret = check_names(c, err);
	if (!ret)
		ret = finish_backend(c, options, err);
	if (!ret)
		ret = finish_nodes(c, options, err);
	if (ret)
		return ret;
	if (!c->ram_size)
		c->ram_size = RAM_DEFAULT;
	if (c->ram_size < RAM_SIZE_MIN) {
		error_set(err, EINVAL, "make RAM of %" PRIu64 " KiB",
			  c->ram_size >> 10);
		return error_why(err, "a PC needs 1M at least");
	}
	options->ram_size = c->ram_size;
	options->max_ram = c->max_ram;
	options->ram_slots = c->ram_slots;
	options->max_below_4g = c->max_below_4g;
	/* Known before there is KVM; physical bits are not, yet */
	return ram_layout_check(c->class->ram_board, options, err);
}
