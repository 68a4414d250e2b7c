// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/grow.h"
#include "base/path.h"
#include "session/probed.h"

#define OUR_VMM "slotscope-vm"

void probed_deinit(struct probed *probed)
{
	free(probed->files);
	*probed = (struct probed){};
}

/* Was it looked at before? From now on it was. 1, 0, or -ENOMEM */
static int known(struct probed *probed, const struct stat *st)
{
	struct probed_file *more;

	for (size_t i = 0; i < probed->nr; i++)
		if (probed->files[i].dev == st->st_dev &&
		    probed->files[i].ino == st->st_ino)
			return 1;
	more = grown(probed->files, probed->nr, &probed->cap, sizeof(*more));
	if (!more)
		return -ENOMEM;
	probed->files = more;
	more[probed->nr++] = (struct probed_file){ st->st_dev, st->st_ino };
	return 0;
}

int probed_file(struct probed *probed, struct tracer *tracer, const char *path,
		struct slotscope_error *err)
{
	struct slotscope_error none = {};
	struct stat st;
	size_t nr, unwatched;
	int ret;

	if (stat(path, &st))
		return error_set(err, errno, "look for static probes in %.160s",
				 path);
	ret = known(probed, &st);
	if (ret)
		return ret < 0 ? error_set(err, ENOMEM, "watch static probes") :
				 0;
	ret = tracer_watch_probes(tracer, path, &nr, &unwatched, &none);
	if (ret && ret != -ENOENT) {
		*err = none;
		return ret;
	}
	probed->nr_probes += nr;
	probed->unwatched += unwatched;
	if (unwatched)
		probed->why = none;
	return nr;
}

static int of_our_vmm(struct probed *probed, struct tracer *tracer,
		      struct slotscope_error *err)
{
	char path[PATH_MAX + sizeof(OUR_VMM)];
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);
	char *slash;

	if (len < 0)
		return 0;
	path[len] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, OUR_VMM);
	return access(path, R_OK) ? 0 : probed_file(probed, tracer, path, err);
}

int probed_command(struct probed *probed, struct tracer *tracer,
		   const char *name, struct slotscope_error *err)
{
	char path[PATH_MAX];
	struct stat own, st;
	int ret, nr = 0;

	if (!path_find(name, strlen(name), path, sizeof(path)) ||
	    access(path, R_OK))
		return 0; /* its start will say why */
	/* Until it starts, what is to become the command is us */
	if (!stat("/proc/self/exe", &own) && !stat(path, &st) &&
	    own.st_dev == st.st_dev && own.st_ino == st.st_ino)
		nr = of_our_vmm(probed, tracer, err);
	if (nr < 0)
		return nr;
	ret = probed_file(probed, tracer, path, err);
	if (ret < 0)
		return ret;
	if (!stat("/proc/self/exe", &own) && known(probed, &own) < 0)
		return error_set(err, ENOMEM, "watch static probes");
	return nr + ret;
}

int probed_late(struct probed *probed, struct tracer *tracer, char *path,
		size_t size, struct slotscope_error *err)
{
	struct tracer_process *processes;
	size_t nr;
	int ret = tracer_followed(tracer, &processes, &nr, err), found = 0;

	for (size_t i = 0; ret >= 0 && i < nr; i++) {
		struct slotscope_error gone = {};
		char exe[32];
		ssize_t len;

		snprintf(exe, sizeof(exe), "/proc/%d/exe", processes[i].tgid);
		ret = probed_file(probed, tracer, exe, &gone);
		if (ret < 0 && ret != -ENOMEM) {
			ret = 0; /* it has ended, or may not be read */
			continue;
		}
		if (ret > 0 && !found) {
			len = readlink(exe, path, size - 1);
			path[len < 0 ? 0 : len] = '\0';
		}
		if (ret < 0)
			*err = gone;
		else
			found += ret;
	}
	free(processes);
	return ret < 0 ? ret : found;
}
