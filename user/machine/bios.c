// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/bios.h"
#include "machine/firmware.h"
#include "narrate/narrate.h"

static int check(struct bios *bios, uint64_t unit, uint64_t max,
		 struct slotscope_error *err)
{
	struct stat st;

	if (fstat(bios->fd, &st))
		return error_set(err, errno, "look at the firmware %s",
				 bios->path);
	if (S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (uint64_t)st.st_size <= max && st.st_size % unit == 0) {
		bios->size = st.st_size;
		return 0;
	}
	error_set(err, EINVAL, "use %s as firmware", bios->path);
	if (!S_ISREG(st.st_mode))
		error_why(err, "it is not a file");
	else if ((uint64_t)st.st_size > max)
		error_why(err, "it has %jd bytes; there is room for %" PRIu64,
			  (intmax_t)st.st_size, max);
	else
		error_why(err,
			  "it has %jd bytes, which is no multiple of %" PRIu64,
			  (intmax_t)st.st_size, unit);
	return error_next(err,
			  "give a firmware image for PCs, such as Debian's "
			  "/usr/share/seabios/bios-256k.bin, or no -bios");
}

/*
 * As QEMU's -bios: a name without a directory is also looked for where Debian
 * installs firmware. Without O_NONBLOCK a FIFO would have us wait for its writer.
 */
static int open_file(const char *path)
{
	static const char *const folders[] = { "/usr/share/seabios",
					       "/usr/share/qemu" };
	char full[512];
	size_t i;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (fd >= 0 || errno != ENOENT || strchr(path, '/'))
			return fd;
		snprintf(full, sizeof(full), "%s/%s", folders[i], path);
		fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	return fd;
}

int bios_open(const char *path, uint64_t unit, uint64_t max, uint64_t own_size,
	      struct bios *bios, struct slotscope_error *err)
{
	int ret;

	*bios = (struct bios){ .path = path, .fd = -1, .size = own_size };
	if (!path)
		return 0;
	bios->fd = open_file(path);
	if (bios->fd < 0) {
		error_set(err, errno, "open the firmware %s", path);
		return error_next(err, "check the path after -bios; "
				       "bios-256k.bin is of package seabios");
	}
	ret = check(bios, unit, max, err);
	if (ret)
		bios_close(bios);
	return ret;
}

static int load_file(const struct bios *bios, char *dst,
		     struct slotscope_error *err)
{
	uint64_t done = 0;
	ssize_t n;

	while (done < bios->size) {
		n = read(bios->fd, dst + done, bios->size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, errno, "read the firmware %s",
					 bios->path);
		if (n == 0) {
			error_set(err, EIO, "read the firmware %s", bios->path);
			return error_why(err, "it became shorter meanwhile");
		}
		done += n;
	}
	return 0;
}

int bios_load(const struct bios *bios, void *dst, bool in_ram,
	      struct slotscope_error *err)
{
	size_t size = firmware_end - firmware_start;
	char *own;
	NARRATE(BIOS_LOAD, NULL, NULL, "%s, %" PRIu64 " bytes",
		bios->path ? bios->path : "our own", bios->size);

	if (bios->fd >= 0)
		return load_file(bios, dst, err);
	/* As an empty flash chip, with the program at its end */
	memset(dst, 0xff, bios->size - size);
	own = (char *)dst + bios->size - size;
	memcpy(own, firmware_start, size);
	own[firmware_in_ram - firmware_start] = in_ram;
	return 0;
}

void bios_close(struct bios *bios)
{
	if (bios->fd >= 0)
		close(bios->fd);
	bios->fd = -1;
}
