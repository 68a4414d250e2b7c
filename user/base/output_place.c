// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/output_place.h"

/* As Linux has it (path_resolution(7)) */
#define LINKS_MAX 40

struct walk {
	struct output_place *place;
	char rest[PATH_MAX]; /* of the path */
	unsigned int links;
	bool last;
};

static bool trusted(uid_t uid)
{
	return !uid || uid == geteuid();
}

static void enter(struct output_place *place, int folder)
{
	if (place->folder >= 0)
		close(place->folder);
	place->folder = folder;
}

/* The rest may begin anew: a path, or what a link says */
static int begin(struct walk *w)
{
	const int fd = open(*w->rest == '/' ? "/" : ".",
			    O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	enter(w->place, fd);
	return 0;
}

/* Cut the next name off. 1: it is the last; 0: another follows */
static int take_name(struct walk *w)
{
	const char *at = w->rest + strspn(w->rest, "/");
	const size_t len = strcspn(at, "/");
	const char *next = at + len + strspn(at + len, "/");

	if (!len)
		return *w->rest ? -EISDIR : -ENOENT;
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(w->place->name, at, len);
	w->place->name[len] = '\0';
	if (!*next && at[len])
		return -EISDIR;
	memmove(w->rest, next, strlen(next) + 1);
	return !*w->rest;
}

/* What a link says stands in front of the rest */
static int follow(struct walk *w, int link)
{
	char text[PATH_MAX];
	const ssize_t len = readlinkat(link, "", text, sizeof(text));
	const size_t rest = strlen(w->rest);

	if (len < 0)
		return -errno;
	if (++w->links > LINKS_MAX)
		return -ELOOP;
	if (!len)
		return -ENOENT;
	if ((size_t)len + 1 + rest >= sizeof(w->rest))
		return -ENAMETOOLONG;
	memmove(w->rest + len + !!rest, w->rest, rest + 1);
	memcpy(w->rest, text, len);
	if (rest)
		w->rest[len] = '/';
	return *w->rest == '/' ? begin(w) : 0;
}

static bool is_proc(int folder)
{
	struct statfs fs;

	return !fstatfs(folder, &fs) && fs.f_type == PROC_SUPER_MAGIC;
}

static int enter_behind_proc(struct output_place *place)
{
	const int fd = openat(place->folder, place->name,
			      O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	enter(place, fd);
	return 0;
}

static int step_link(struct walk *w, int link, const struct stat *st, bool last)
{
	struct output_place *place = w->place;

	if (!trusted(st->st_uid)) {
		place->why = "a link on the way there is another user's";
		return -EPERM;
	}
	if (!is_proc(place->folder))
		return follow(w, link);
	place->proc = last;
	return last ? 1 : enter_behind_proc(place);
}

/* By one name. 1: the place is found */
static int step(struct walk *w)
{
	struct output_place *place = w->place;
	const int last = take_name(w);
	struct stat st;
	int fd, ret;

	if (last < 0)
		return last;
	if (last && !w->last)
		return 1;
	fd = openat(place->folder, place->name,
		    O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return last && errno == ENOENT ? 1 : -errno;
	if (fstat(fd, &st)) {
		ret = -errno;
	} else if (S_ISLNK(st.st_mode)) {
		ret = step_link(w, fd, &st, last);
	} else if (last) {
		ret = 1;
	} else {
		enter(place, fd);
		return 0;
	}
	close(fd);
	return ret;
}

int output_place(struct output_place *place, const char *path, bool last)
{
	struct walk w = { .place = place, .last = last };
	int ret;

	*place = (struct output_place){ .folder = -1 };
	if (strlen(path) >= sizeof(w.rest))
		return -ENAMETOOLONG;
	strcpy(w.rest, path);
	ret = begin(&w);
	while (!ret)
		ret = step(&w);
	if (ret > 0)
		return 0;
	output_place_end(place);
	return ret;
}

void output_place_end(struct output_place *place)
{
	enter(place, -1);
}

/* As fs.protected_regular and fs.protected_fifos have it, whatever they are set to */
static int check_trap(struct output_place *place, int fd)
{
	struct stat folder, file;
	bool shared;

	if (place->proc)
		return 0;
	if (fstat(place->folder, &folder) || fstat(fd, &file))
		return -errno;
	shared = folder.st_mode & S_ISVTX &&
		 folder.st_mode & (S_IWGRP | S_IWOTH);
	if (shared && !trusted(file.st_uid) && file.st_uid != folder.st_uid)
		place->why = "it is another user's, in a folder where "
			     "everybody may put one";
	else if ((shared || !trusted(folder.st_uid)) && S_ISREG(file.st_mode) &&
		 file.st_nlink > 1)
		place->why = "it has another name, too, and others may write "
			     "to its folder";
	return place->why ? -EPERM : 0;
}

int output_place_open(struct output_place *place)
{
	const int fd = openat(place->folder, place->name,
			      O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC |
				      (place->proc ? 0 : O_NOFOLLOW));
	int ret;

	if (fd < 0 && errno == ENXIO)
		place->why = "it is a FIFO that nobody reads, or a socket";
	if (fd < 0)
		return -errno;
	ret = check_trap(place, fd);
	if (!ret && fcntl(fd, F_SETFL, 0))
		ret = -errno;
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

int output_place_make(struct output_place *place, mode_t mode)
{
	const int fd = openat(
		place->folder, place->name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	return fd >= 0 ? fd : -errno;
}

int output_why(struct slotscope_error *err, const char *why)
{
	if (!why)
		return error_next(err, "name a file that can be made");
	error_why(err, "%s", why);
	return error_next(err, err->code == ENXIO ?
				       "start its reader first" :
				       "name a file in a folder of your own, "
				       "by a way of your own");
}
