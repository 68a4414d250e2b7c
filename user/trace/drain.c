// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/drain.h"
#include "trace/impl.h"

/* libbpf's callback for one record, which it has taken out of the ring already */
static int take(void *arg, void *data, size_t size)
{
	struct drained *d = arg;

	/* There was room for the largest that we know */
	if (!record_queue_put(&d->queue, data, size))
		return -EPROTO;
	return record_queue_room(&d->queue, d->largest) ? 0 : -EAGAIN;
}

int drained_open(struct drained *d, const struct bpf_map *map, size_t bytes,
		 size_t largest, struct slotscope_error *err)
{
	const size_t page = sysconf(_SC_PAGESIZE);

	/* What the queue has beside a record fits into a page, too */
	if (bytes < largest + page)
		bytes = largest + page;
	bytes = (bytes + page - 1) & ~(page - 1);
	d->memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (d->memory == MAP_FAILED) {
		d->memory = NULL;
		return error_set(err, errno, "make room for %zu MiB of events",
				 bytes >> 20);
	}
	d->bytes = bytes;
	d->largest = largest;
	d->map_fd = bpf_map__fd(map);
	d->ring_bytes = bpf_map__max_entries(map);
	record_queue_init(&d->queue, d->memory, bytes);
	pthread_mutex_init(&d->lock, NULL);
	d->ring = ring_buffer__new(d->map_fd, take, d, NULL);
	if (!d->ring)
		return error_bpf(err, errno, "map the BPF ring buffer");
	return 0;
}

void drained_close(struct drained *d)
{
	if (!d->memory)
		return;
	ring_buffer__free(d->ring);
	pthread_mutex_destroy(&d->lock);
	record_queue_deinit(&d->queue);
	munmap(d->memory, d->bytes);
	*d = (struct drained){ 0 };
}

/* Take what is in the ring; 1 if some is left, for want of room */
static int fill(struct drained *d)
{
	int ret;

	pthread_mutex_lock(&d->lock);
	ret = d->failed;
	if (!ret)
		ret = record_queue_room(&d->queue, d->largest) ?
			      ring_buffer__consume(d->ring) :
			      -EAGAIN;
	d->left = ret == -EAGAIN;
	if (ret < 0 && !d->left)
		d->failed = ret;
	ret = d->left ? 1 : d->failed;
	pthread_mutex_unlock(&d->lock);
	return ret;
}

const void *drained_next(struct drained *d, struct drained_pass *pass,
			 size_t *size)
{
	const void *record;

	while (record_queue_dropped_so_far(&d->queue) >= pass->until) {
		/* What was there has been no more than has room */
		if (pass->begun && (pass->left <= 0 ||
				    (!pass->to_end &&
				     pass->taken >= d->ring_bytes + d->bytes)))
			return NULL;
		pass->begun = true;
		/* What the queue had no room for: it was read, and has */
		pass->left = fill(d);
		pass->until = record_queue_put_so_far(&d->queue);
	}
	record = record_queue_first(&d->queue, size);
	pass->taken += *size;
	return record;
}

void drained_drop(struct drained *d)
{
	bool left;

	record_queue_drop(&d->queue);
	pthread_mutex_lock(&d->lock);
	left = d->left;
	pthread_mutex_unlock(&d->lock);
	/* Nobody else may look for a while; should it fail, the next one tells */
	if (left)
		fill(d);
}

static void *run(void *arg)
{
	struct drainer *drainer = arg;
	const uint64_t one = 1;
	struct epoll_event event;
	int nr;

	pthread_setname_np(pthread_self(), "slotscope-drain");
	if (drainer->begin)
		drainer->begin();
	for (;;) {
		nr = epoll_wait(drainer->epoll_fd, &event, 1, -1);
		if (nr < 0 && errno == EINTR)
			continue;
		if (nr < 0 || event.data.fd == drainer->stop_fd)
			return NULL;
		for (int i = 0; i < DRAINER_RINGS; i++)
			if (drainer->rings[i]->ring)
				fill(drainer->rings[i]);
		(void)!write(drainer->told_fd, &one, sizeof(one));
	}
}

/* @events: EPOLLET to hear when it was filled, and not that there is something in it */
static int watch(const struct drainer *drainer, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(drainer->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int prepare(struct drainer *drainer)
{
	drainer->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	drainer->stop_fd = eventfd(0, EFD_CLOEXEC);
	drainer->told_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (drainer->epoll_fd < 0 || drainer->stop_fd < 0 ||
	    drainer->told_fd < 0 || watch(drainer, drainer->stop_fd, EPOLLIN))
		return -errno;
	for (int i = 0; i < DRAINER_RINGS; i++)
		if (drainer->rings[i]->ring &&
		    watch(drainer, drainer->rings[i]->map_fd,
			  EPOLLIN | EPOLLET))
			return -errno;
	return 0;
}

static void close_all(struct drainer *drainer)
{
	const int fds[] = { drainer->epoll_fd, drainer->stop_fd,
			    drainer->told_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int drainer_start(struct drainer *drainer,
		  struct drained *const rings[DRAINER_RINGS],
		  void (*begin)(void), struct slotscope_error *err)
{
	sigset_t all, before;
	int ret;

	*drainer = (struct drainer){ .begin = begin };
	memcpy(drainer->rings, rings, sizeof(drainer->rings));
	ret = prepare(drainer);
	if (!ret) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		ret = -pthread_create(&drainer->thread, NULL, run, drainer);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	drainer->runs = !ret;
	if (!ret)
		return 0;
	close_all(drainer);
	return error_set(err, ret, "start a thread that reads events");
}

void drainer_stop(struct drainer *drainer)
{
	const uint64_t one = 1;

	if (!drainer->runs)
		return;
	(void)!write(drainer->stop_fd, &one, sizeof(one));
	pthread_join(drainer->thread, NULL);
	close_all(drainer);
	drainer->runs = false;
}

int drainer_wait(struct drainer *drainer, int timeout_ms)
{
	/* poll() passes over a negative descriptor */
	struct pollfd told = { .fd = drainer->runs ? drainer->told_fd : -1,
			       .events = POLLIN };
	uint64_t times;
	int ret = poll(&told, 1, timeout_ms);

	if (ret < 0)
		return -errno;
	if (ret)
		(void)!read(told.fd, &times, sizeof(times));
	return 0;
}
