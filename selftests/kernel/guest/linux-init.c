// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PID 1 of the Linux that a nested QEMU runs in kernel/check-linux.sh, linked
 * statically: all that its initramfs has, beside the modules of the kernel's that
 * /list names. It writes to memory all the time, switches on what it is shown on the
 * PCI bus that no driver wants, and says on the console how much memory there is.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PCI   "/sys/bus/pci/devices"
#define PAGE  4096
#define PAGES 1024

static char written[PAGES * PAGE];

/* Return: the first line of a file, without its end; "" if there is none */
static const char *first_line(const char *dir, const char *name,
			      const char *file)
{
	static char line[128];
	char path[512];
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s/%s", dir, name, file);
	line[0] = '\0';
	in = fopen(path, "re");
	if (in && fgets(line, sizeof(line), in))
		line[strcspn(line, "\n")] = '\0';
	if (in)
		fclose(in);
	return line;
}

static void load_modules(void)
{
	char name[128];
	FILE *list = fopen("/list", "re");
	int fd;

	while (list && fscanf(list, "%127s", name) == 1) {
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
			printf("guest: %s: %m\n", name);
		close(fd);
	}
	if (list)
		fclose(list);
}

/* QEMU's ivshmem is memory, class 0x0500, and Linux has no driver for it */
static void switch_on(void)
{
	const struct dirent *entry;
	DIR *dir = opendir(PCI);
	char path[512];
	int fd;

	while (dir && (entry = readdir(dir))) {
		if (strcmp(first_line(PCI, entry->d_name, "class"),
			   "0x050000") ||
		    strcmp(first_line(PCI, entry->d_name, "enable"), "0"))
			continue;
		snprintf(path, sizeof(path), PCI "/%s/enable", entry->d_name);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0 && write(fd, "1", 1) == 1)
			printf("guest: %s is on\n", entry->d_name);
		close(fd);
	}
	if (dir)
		closedir(dir);
}

/* Blocks of memory of which Linux makes use */
static int online(void)
{
	static const char memory[] = "/sys/devices/system/memory";
	const struct dirent *entry;
	DIR *dir = opendir(memory);
	int nr = 0;

	while (dir && (entry = readdir(dir)))
		nr += !strncmp(entry->d_name, "memory", 6) &&
		      !strcmp(first_line(memory, entry->d_name, "state"),
			      "online");
	if (dir)
		closedir(dir);
	return nr;
}

int main(void)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	long total, last = 0;
	int blocks, last_blocks = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	load_modules();
	printf("guest: up\n");
	for (char n = 1;; n++) {
		for (size_t i = 0; i < PAGES; i++)
			written[i * PAGE] = n;
		switch_on();
		blocks = online();
		if (sscanf(first_line("/proc", ".", "meminfo"), "MemTotal: %ld",
			   &total) == 1 &&
		    (total != last || blocks != last_blocks)) {
			printf("guest: %ld kB, %d blocks\n", total, blocks);
			last = total;
			last_blocks = blocks;
		}
		nanosleep(&pause, NULL);
	}
}
