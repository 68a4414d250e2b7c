// SPDX-License-Identifier: GPL-2.0-or-later
/* -smp: how many vCPUs, in the words that QEMU has for it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "machine/keyval.h"
#include "machine/options.h"

#define CPUS_MAX 255 /* that an xAPIC can name */

/* From the outermost; a guest is told of none of them here */
enum { SOCKETS, DIES, CLUSTERS, CORES, THREADS, LEVELS };

static const char *const level_names[LEVELS] = {
	[SOCKETS] = "sockets", [DIES] = "dies",	      [CLUSTERS] = "clusters",
	[CORES] = "cores",     [THREADS] = "threads",
};

/* A count of @kv; 0: it is not there */
static int take_count(struct keyval *kv, const char *key, uint64_t *count,
		      struct slotscope_error *err)
{
	const char *text = keyval_take(kv, key);
	int ret;

	if (!text)
		return 0;
	ret = keyval_take_number(kv, key, count, err);
	if (ret || (*count >= 1 && *count <= CPUS_MAX))
		return ret;
	keyval_bad(kv, key, text, err);
	error_why(err, "it is none of 1 to %d", CPUS_MAX);
	return error_next(err, "give -smp N, the number of vCPUs");
}

static uint64_t product(const uint64_t *levels)
{
	uint64_t vcpus = 1;
	int i;

	for (i = 0; i < LEVELS; i++)
		vcpus *= levels[i] ? levels[i] : 1;
	return vcpus;
}

/*
 * As QEMU since 6.2: of what is left out cores are filled in first, then sockets,
 * then threads. Without a number of vCPUs they follow from the rest.
 */
static uint64_t count_vcpus(uint64_t *levels, uint64_t cpus)
{
	static const int order[] = { CORES, SOCKETS, THREADS };
	size_t i;

	for (i = 0; cpus && i < sizeof(order) / sizeof(order[0]); i++) {
		if (levels[order[i]])
			continue;
		levels[order[i]] = cpus / product(levels);
		break;
	}
	return product(levels);
}

int config_smp(struct machine_config *c, const char *text,
	       struct slotscope_error *err)
{
	uint64_t levels[LEVELS] = {}, cpus = 0, max = 0, all;
	struct keyval kv;
	int i, ret = keyval_parse(&kv, "-smp", text, "cpus", err);

	if (!ret && !kv.nr)
		ret = keyval_missing(&kv, "cpus", err);
	if (!ret)
		ret = take_count(&kv, "cpus", &cpus, err);
	if (!ret)
		ret = take_count(&kv, "maxcpus", &max, err);
	for (i = 0; i < LEVELS && !ret; i++)
		ret = take_count(&kv, level_names[i], &levels[i], err);
	if (!ret)
		ret = keyval_done(&kv, err);
	if (ret)
		return ret;
	all = count_vcpus(levels, max ? max : cpus);
	error_set(err, EINVAL, "use -smp %.80s", text);
	error_next(err, "give -smp N alone: guests are not told of sockets "
			"and cores here");
	if (levels[CLUSTERS] > 1)
		return error_why(err, "no PC has clusters");
	if (all != (max ? max : cpus ? cpus : all))
		return error_why(err,
				 "sockets, dies, cores and threads multiply "
				 "to %" PRIu64 ", not to %" PRIu64,
				 all, max ? max : cpus);
	if (all > CPUS_MAX)
		return error_why(err, "those are %" PRIu64 " vCPUs; %d can be",
				 all, CPUS_MAX);
	if (cpus && cpus != all)
		return error_why(err,
				 "maxcpus=%" PRIu64 " is not cpus=%" PRIu64
				 ": no vCPU is plugged here",
				 all, cpus);
	*err = (struct slotscope_error){};
	c->kvm->nr_cpus = all;
	return 0;
}
