// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope version: which one this is. */
#include <stdbool.h>
#include <stdio.h>

#include <bpf/libbpf.h>
#include <elfutils/libdwfl.h>
#include <json-c/json.h>
#include <libsmartcols/libsmartcols.h>
#include <slotscope/version.h>

#include "cmd/cmd.h"
#include "cmd/version.h"
#include "host/rights.h"
#include "slotscope.h"
#include "trace/recording_format.h"

static const struct cmd_option option_table[] = { CMD_JSON("errors as JSON"),
						  CMD_COMMON };

/* As they are loaded: not those that it was built with */
static void tell_libraries(const char *names[], const char *versions[])
{
	const char *smartcols = NULL;
	int n = 0;

	scols_get_library_version(&smartcols);
	names[n] = "json-c";
	versions[n++] = json_c_version();
	names[n] = "libbpf";
	versions[n++] = libbpf_version_string() + 1; /* "v1.1" */
	names[n] = "libdw";
	versions[n++] = dwfl_version(NULL);
	names[n] = "libsmartcols";
	versions[n++] = smartcols;
	names[n] = "libseccomp";
	versions[n++] = rights_filters();
	names[n] = NULL;
}

int version_print(void)
{
	const char *names[8], *versions[8];
	bool first = true;

	puts("slotscope " SLOTSCOPE_VERSION);
	tell_libraries(names, versions);
	fputs("libraries:", stdout);
	for (int i = 0; names[i]; i++) {
		if (!versions[i])
			continue;
		printf("%s %s %s", first ? "" : ",", names[i], versions[i]);
		first = false;
	}
	printf("\nfeatures: %cseccomp, module ABI %d.%d, recordings %d, BPF for "
#if defined(__x86_64__)
	       "x86-64"
#elif defined(__aarch64__)
	       "arm64"
#else
	       "this machine"
#endif
	       "\n",
	       rights_filters() ? '+' : '-', SLOTSCOPE_MAJOR, SLOTSCOPE_MINOR,
	       RECORDING_VERSION);
	return CMD_OK;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	int opt, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0)
		if (cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	if (optind < argc)
		return cmd_usage(cmd, "extra word \"%s\"", argv[optind]);
	return version_print();
}

const struct cmd cmd_version = {
	.name = "version",
	.summary = "print the version; so do -V and --version",
	.usage = "version",
	.about = "Prints which version of slotscope this is.",
	.options = option_table,
	.ending = "Exit status: 0 printed, 3 usage or error.",
	.run = run,
};
