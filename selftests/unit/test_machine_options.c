// SPDX-License-Identifier: GPL-2.0-or-later
/* -M, -m, -smp, -object and -numa: what they mean, and which of them cannot be. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/options.h"
#include "machine/pc.h"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static struct kvm_options kvm;

/* "-m 1G -object ..." one by one, then whether they fit each other */
static int parse(struct machine_config *c, struct machine_options *o,
		 const char *line, struct slotscope_error *err)
{
	static const struct {
		const char *option;
		int (*parse)(struct machine_config *c, const char *text,
			     struct slotscope_error *err);
	} options[] = {
		{ "-M", config_machine },     { "-m", config_memory },
		{ "-object", config_object }, { "-numa", config_numa },
		{ "-smp", config_smp },
	};
	const size_t nr = sizeof(options) / sizeof(options[0]);
	char copy[512], *word, *save = NULL;
	size_t i;
	int ret = 0;

	kvm = (struct kvm_options){};
	*c = (struct machine_config){ .kvm = &kvm };
	*err = (struct slotscope_error){};
	assert_true(strlen(line) < sizeof(copy));
	strcpy(copy, line);
	for (word = strtok_r(copy, " ", &save); word && !ret;
	     word = strtok_r(NULL, " ", &save)) {
		for (i = 0; i < nr && strcmp(word, options[i].option);)
			i++;
		assert_true(i < nr);
		word = strtok_r(NULL, " ", &save);
		assert_non_null(word);
		ret = options[i].parse(c, word, err);
	}
	if (!ret)
		ret = config_finish(c, o, err);
	assert_int_equal(ret, -err->code);
	return ret;
}

static struct machine_config config;
static struct machine_options options;

static void good(const char *line)
{
	struct slotscope_error err;

	if (parse(&config, &options, line, &err))
		fail_msg("%s: %s: %s", line, err.tried, err.why);
}

static void reads_sizes(void **unused)
{
	static const struct {
		const char *line;
		uint64_t size, max;
		unsigned int slots;
	} cases[] = {
		{ "", 128 * MIB, 0, 0 },
		{ "-m 1", MIB, 0, 0 },
		{ "-m 256M", 256 * MIB, 0, 0 },
		{ "-m size=256M", 256 * MIB, 0, 0 },
		{ "-m 1048577K", 1073750016, 0, 0 },
		{ "-m 1G,slots=4,maxmem=8G", GIB, 8 * GIB, 4 },
		{ "-m 1G,maxmem=8G", GIB, 8 * GIB, 0 },
		{ "-m maxmem=8G,size=1G", GIB, 8 * GIB, 0 },
		{ "-m slots=2,maxmem=1G", 128 * MIB, GIB, 2 },
		{ "-m 1G -m slots=2,maxmem=2G", GIB, 2 * GIB, 2 },
		{ "-m 6T", 6 * KIB * GIB, 0, 0 },
		/* QEMU 7.2 made RAM of these sizes of the same words */
		{ "-m 1.5G", 1536 * MIB, 0, 0 },
		{ "-m 1.G", GIB, 0, 0 },
		{ "-m 1.0", MIB, 0, 0 },
		{ "-m 1.9999999999M", 2 * MIB, 0, 0 },
		{ "-m 0x10", 16 * MIB, 0, 0 },
		{ "-m 0x10M", 16 * MIB, 0, 0 },
		{ "-m 010", 10 * MIB, 0, 0 },
		{ "-m 64M,slots=2,maxmem=1.5G", 64 * MIB, 1536 * MIB, 2 },
		{ "-m size=64M,slots=2,maxmem=1G", 64 * MIB, GIB, 2 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		good(cases[i].line);
		assert_int_equal(options.ram_size, cases[i].size);
		assert_int_equal(options.max_ram, cases[i].max);
		assert_int_equal(options.ram_slots, cases[i].slots);
		assert_int_equal(options.nr_nodes, 0);
		assert_null(options.ram_name);
	}
}

/* "info cpus" of QEMU 7.2 counted as many, of the same words */
static void counts_vcpus(void **unused)
{
	static const struct {
		const char *line;
		unsigned int cpus;
	} cases[] = {
		{ "-smp 2", 2 },
		{ "-smp 0x2", 2 },
		{ "-smp cpus=2", 2 },
		{ "-smp 255", 255 },
		{ "-smp 2,sockets=1,cores=2,threads=1", 2 },
		{ "-smp 2,cores=2", 2 },
		{ "-smp 2,sockets=1", 2 },
		{ "-smp 2,dies=2", 2 },
		{ "-smp 2,dies=1", 2 },
		{ "-smp 2,clusters=1", 2 },
		{ "-smp cores=2", 2 },
		{ "-smp sockets=2,cores=2,threads=2", 8 },
		{ "-smp maxcpus=4", 4 },
		{ "-smp maxcpus=4,cores=2", 4 },
		{ "-smp 4,maxcpus=4", 4 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		good(cases[i].line);
		assert_int_equal(kvm.nr_cpus, cases[i].cpus);
	}
}

static void reads_machines(void **unused)
{
	good("-M pc");
	assert_ptr_equal(config.class, &machine_pc);
	assert_false(config.smm_given);
	good("-M max-ram-below-4g=1G -m 2G");
	assert_ptr_equal(config.class, &machine_pc);
	assert_int_equal(options.max_below_4g, GIB);
	good("-M pc,smm=off,accel=kvm");
	assert_true(config.smm_given && !config.smm);
	good("-M pc,smm=on");
	assert_true(config.smm_given && config.smm);
	good("-M type=pc,smm=auto");
	assert_false(config.smm_given);
}

static void reads_backends(void **unused)
{
	const struct backend_options *b = &config.objects[0];

	good("-object memory-backend-ram,id=m.0_x-y,size=1G");
	assert_int_equal(config.nr_objects, 1);
	assert_int_equal(b->kind, BACKEND_RAM);
	assert_string_equal(b->id, "m.0_x-y");
	assert_int_equal(b->size, GIB);
	assert_true(!b->share && !b->prealloc && b->reserve && !b->hugetlb);
	/* Its RAM is not this object, only because there is one */
	assert_null(options.ram_name);
	assert_int_equal(options.ram_size, 128 * MIB);

	good("-object memory-backend-file,id=f,size=5000,mem-path=/a,,b=c,"
	     "share=on,prealloc=yes,reserve=off");
	assert_int_equal(b->kind, BACKEND_FILE);
	assert_int_equal(b->size, 8 * KIB);
	assert_string_equal(b->mem_path, "/a,b=c");
	assert_true(b->share && b->prealloc && !b->reserve);

	good("-object memory-backend-memfd,id=f,size=4M,hugetlb=on,"
	     "hugetlbsize=2M,share=off,policy=bind,host-nodes=1-3");
	assert_int_equal(b->kind, BACKEND_MEMFD);
	assert_true(!b->share && b->hugetlb);
	assert_int_equal(b->hugetlb_size, 2 * MIB);
	assert_int_equal(b->policy, BACKEND_POLICY_BIND);
	assert_int_equal(b->host_nodes, 0xe);
	good("-object memory-backend-memfd,id=f,size=4M");
	assert_true(b->share);

	good("-M pc,memory-backend=m -object memory-backend-ram,id=m,size=3G");
	assert_string_equal(options.ram_name, "m");
	assert_int_equal(options.ram_size, 3 * GIB);
}

static void reads_nodes(void **unused)
{
	good("-numa node,nodeid=1,memdev=b,cpus=0-1 -numa node,memdev=a "
	     "-object memory-backend-ram,id=a,size=1G "
	     "-object memory-backend-ram,id=b,size=2G");
	assert_int_equal(options.nr_nodes, 2);
	assert_string_equal(options.nodes[0].name, "a");
	assert_int_equal(options.nodes[0].size, GIB);
	assert_string_equal(options.nodes[1].name, "b");
	assert_int_equal(options.nodes[1].size, 2 * GIB);
	assert_int_equal(options.ram_size, 3 * GIB);
}

#define RAM_A	 "-object memory-backend-ram,id=a,size=1G "
#define OBJECT	 "-object memory-backend-ram,id=a,size=1G,"
#define OBJECT_F "-object memory-backend-file,id=a,size=1G,"
#define OBJECT_M "-object memory-backend-memfd,id=a,size=1G,"

static void refuses_nonsense(void **unused)
{
	/* The error has to name the option, and say what is wrong */
	static const struct {
		const char *line, *tried, *why;
	} bad[] = {
		{ "-M nonsense", "\"nonsense\"", "no such board" },
		{ "-M pc,q35", "\"q35\" of -M", "name=value" },
		{ "-M pc,bogus=1", "bogus=1 of -M", "knows no bogus=" },
		{ "-M pc,smm=maybe", "smm=maybe", "on nor off" },
		{ "-M pc,accel=tcg", "accel=tcg", "kvm" },
		{ "-M pc,max-ram-below-4g=5G", "max-ram-below-4g", "4G" },
		{ "-M pc,max-ram-below-4g=lots", "max-ram-below-4g=lots",
		  "number" },
		{ "-M pc,memory-backend=zip", "zip", "no object" },
		{ "-M pc,memory-backend=a -m 2G " RAM_A, "\"a\"", "-m has" },
		{ "-m 1.5", "\"1.5\"", "a fraction needs" },
		{ "-m 1048576.5B", "1048576.5B", "a fraction needs" },
		{ "-m .5G", ".5G", "no number" },
		{ "-m 1e3M", "1e3M", "none of K, M, G" },
		{ "-m 1.5e3M", "1.5e3M", "none of K, M, G" },
		{ "-m 1..5M", "1..5M", "none of K, M, G" },
		{ "-m 0x1.8M", "0x1.8M", "none of K, M, G" },
		{ "-m 0x", "\"0x\"", "no number" },
		{ "-m 16E", "16E", "2^64" },
		{ "-m 15.99999999999999999999E", "15.9", "2^64" },
		{ "-m 15.9999E", "15.9999E", "address" },
		{ "-m 1G,", "", "" }, /* as in QEMU: fine */
		{ "-m 1G,bogus=1", "bogus=1 of -m", "knows no" },
		{ "-m 1G,slots=4", "slots=4", "less than" },
		{ "-m 1G,slots=no,maxmem=2G", "slots=no", "number" },
		{ "-m 1G,slots=-1,maxmem=2G", "slots=-1", "number" },
		{ "-m 1G,slots=4294967296,maxmem=2G", "slots=", "256" },
		{ "-m 1G,slots=1,maxmem=x", "maxmem=x", "number" },
		{ "-m 2G,slots=1,maxmem=1G", "maxmem=1024M", "less than" },
		{ "-object memory-backend-foo,id=a,size=1G",
		  "memory-backend-foo", "memory-backend-memfd" },
		{ "-object id=a,size=1G", "-object", "qom-type= is missing" },
		{ "-object memory-backend-ram,size=1G", "-object",
		  "id= is missing" },
		{ "-object memory-backend-ram,id=a", "-object",
		  "size= is missing" },
		{ "-object memory-backend-ram,id=a,size=0", "-object",
		  "size= is missing" },
		{ "-object memory-backend-ram,id=a,size=9000T",
		  "size=", "address" },
		{ "-object memory-backend-ram,id=a,size=16E", "size=16E",
		  "2^64" },
		{ "-object memory-backend-ram,id=1a,size=1G", "id=1a",
		  "letter" },
		{ "-object memory-backend-ram,id=a/b,size=1G", "id=a/b",
		  "letter" },
		{ "-object memory-backend-ram,id=pc.rom,size=1G", "pc.rom",
		  "the board has" },
		{ OBJECT "share", "\"share\"", "name=value" },
		{ OBJECT "share=2", "share=2", "on nor off" },
		{ OBJECT "mem-path=/x", "mem-path=/x", "knows no" },
		{ OBJECT "hugetlb=on", "hugetlb=on", "knows no" },
		{ OBJECT "policy=bind", "policy=bind", "needs host-nodes=" },
		{ OBJECT "host-nodes=0", "policy=default", "another policy" },
		{ OBJECT "policy=worst,host-nodes=0", "policy=worst",
		  "policies are" },
		{ OBJECT "policy=bind,host-nodes=64", "host-nodes=64",
		  "below 64" },
		{ OBJECT "policy=bind,host-nodes=3-1", "host-nodes=3-1",
		  "below 64" },
		{ OBJECT "policy=bind,host-nodes=-1", "host-nodes=-1",
		  "below 64" },
		{ OBJECT_F "share=on", "-object", "mem-path= is missing" },
		{ OBJECT_F "mem-path=", "-object", "mem-path= is missing" },
		{ OBJECT_M "hugetlbsize=2M", "hugetlbsize", "hugetlb=on" },
		{ OBJECT_M "hugetlb=on,hugetlbsize=3M", "hugetlbsize=3145728",
		  "power of 2" },
		{ RAM_A RAM_A, "\"a\"", "already" },
		{ "-smp 0", "cpus=0 of -smp", "1 to 255" },
		{ "-smp cpus=256", "cpus=256 of -smp", "1 to 255" },
		{ "-smp cpus=", "cpus= of -smp", "number" },
		{ "-smp 1K", "cpus=1K of -smp", "number" },
		{ "-smp 1.5", "cpus=1.5 of -smp", "number" },
		{ "-smp 2,sockets=0", "sockets=0 of -smp", "1 to 255" },
		{ "-smp 2,bogus=1", "bogus=1 of -smp", "knows no bogus=" },
		{ "-smp 2,cores=3", "-smp 2,cores=3", "to 3, not to 2" },
		{ "-smp 3,sockets=2", "-smp 3,sockets=2", "to 2, not to 3" },
		{ "-smp 2,clusters=2", "clusters=2", "no PC has" },
		{ "-smp 2,maxcpus=4", "maxcpus=4", "plugged" },
		{ "-smp 4,maxcpus=2", "maxcpus=2", "plugged" },
		{ "-smp cores=16,sockets=16", "cores=16", "256 vCPUs" },
		{ "-numa dist,src=0", "type=dist", "node" },
		{ "-numa node", "-numa", "memdev= is missing" },
		{ "-numa node,mem=1G", "-numa", "memdev= is missing" },
		{ "-numa node,memdev=a", "memdev=a", "no object" },
		{ "-numa node,memdev=a,nodeid=16 " RAM_A, "node 16", "16" },
		{ "-numa node,memdev=a,nodeid=x " RAM_A, "nodeid=x", "number" },
		{ "-numa node,memdev=a,nodeid=3 " RAM_A, "nodes 0 to 3",
		  "no node 0" },
		{ "-numa node,memdev=a,nodeid=0 -numa node,memdev=a,nodeid=0 ",
		  "node 0", "already" },
		{ "-numa node,memdev=a -numa node,memdev=a " RAM_A,
		  "nodes 0 to 1", "same memdev=a" },
		{ "-numa node,memdev=a -m 2G " RAM_A, "nodes 0 to 0",
		  "-m has" },
		{ "-M memory-backend=a -numa node,memdev=a " RAM_A,
		  "nodes 0 to 0", "all RAM already" },
		{ "-M memory-backend=b -object "
		  "memory-backend-ram,id=b,size=8K",
		  "8 KiB", "1M" },
	};
	struct slotscope_error err;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (!bad[i].tried[0]) {
			good(bad[i].line);
			continue;
		}
		if (!parse(&config, &options, bad[i].line, &err))
			fail_msg("%s was taken", bad[i].line);
		if (!strstr(err.tried, bad[i].tried) ||
		    !strstr(err.why, bad[i].why))
			fail_msg("%s: \"%s\": \"%s\"", bad[i].line, err.tried,
				 err.why);
	}
}

static void holds_what_is_long(void **unused)
{
	static char text[KEYVAL_TEXT + 64];
	struct slotscope_error err = {};
	size_t i;

	/* One pair too large, then too many */
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "memory-backend-ram,id=", 22);
	config = (struct machine_config){};
	assert_int_equal(config_object(&config, text, &err), -EINVAL);
	for (i = 0; i <= KEYVAL_MAX; i++)
		memcpy(text + 4 * i, "a=1,", 4);
	text[4 * i] = '\0';
	assert_int_equal(config_object(&config, text, &err), -EINVAL);
	assert_non_null(strstr(err.why, "more than"));
	for (i = 0; i < BACKENDS_MAX; i++) {
		snprintf(text, sizeof(text),
			 "memory-backend-ram,id=m%zu,size=4K", i);
		err = (struct slotscope_error){};
		assert_int_equal(config_object(&config, text, &err), 0);
	}
	assert_int_equal(config_object(&config,
				       "memory-backend-ram,id=b,size=4K", &err),
			 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(counts_vcpus),
		cmocka_unit_test(reads_machines),
		cmocka_unit_test(reads_backends),
		cmocka_unit_test(reads_nodes),
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(holds_what_is_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
