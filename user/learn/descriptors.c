// SPDX-License-Identifier: GPL-2.0-or-later
/* Lesson 1: which descriptor is what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learn/lesson.h"

#define FDS_MAX 64

/**
 * struct said - one word of the answer
 * @role: "kvm", "vm", "vcpu", "slots"
 */
struct said {
	const char *role;
	enum kvm_fd_kind kind;
	const char *what;
	int fds[FDS_MAX];
	size_t nr;
};

static struct said *role_of(struct said *said, const char *word, size_t len)
{
	for (; said->role; said++)
		if (strlen(said->role) == len && !memcmp(said->role, word, len))
			return said;
	return NULL;
}

/* "5" or "5,6,7" */
static bool read_fds(const char *text, struct said *said)
{
	char *end;

	for (said->nr = 0; said->nr < FDS_MAX; text = end + 1) {
		long fd = strtol(text, &end, 10);

		if (end == text || fd < 0 || fd > 1 << 20)
			return false;
		said->fds[said->nr++] = (int)fd;
		if (*end != ',')
			return !*end;
	}
	return false;
}

static bool read_word(const char *word, struct said *all,
		      struct learn_word *out)
{
	const char *equals = strchr(word, '=');
	struct said *said =
		equals ? role_of(all, word, (size_t)(equals - word)) : NULL;

	if (said && read_fds(equals + 1, said))
		return true;
	learn_say(
		out, LEARN_CANNOT,
		"\"%.60s\" cannot be read: write kvm=FD, vm=FD, vcpu=FD (several "
		"with commas) or slots=FD, with the numbers of descriptors",
		word);
	return false;
}

static enum kvm_fd_kind kind_of(const struct kvm_fd *fds, size_t nr, int fd)
{
	for (size_t i = 0; i < nr; i++)
		if (fds[i].fd == fd)
			return fds[i].kind;
	return KVM_FD_OTHER;
}

static const char *name_of(enum kvm_fd_kind kind)
{
	switch (kind) {
	case KVM_FD_DEV:
		return "/dev/kvm";
	case KVM_FD_VM:
		return "a VM";
	case KVM_FD_VCPU:
		return "a vCPU";
	default:
		return "none of KVM's";
	}
}

static bool holds(const struct said *said, const struct kvm_fd *fds, size_t nr,
		  struct learn_word *out)
{
	size_t wanted = 0;

	if (!said->nr) {
		learn_say(out, LEARN_WRONG, "%s= is not among what you say: %s",
			  said->role, said->what);
		return false;
	}
	for (size_t i = 0; i < said->nr; i++) {
		enum kvm_fd_kind kind = kind_of(fds, nr, said->fds[i]);

		for (size_t j = 0; j < i; j++) {
			if (said->fds[j] != said->fds[i])
				continue;
			learn_say(out, LEARN_WRONG,
				  "descriptor %d is there twice", said->fds[i]);
			return false;
		}
		if (kind == said->kind)
			continue;
		if (!strcmp(said->role, "slots"))
			learn_say(
				out, LEARN_WRONG,
				"descriptor %d is %s: KVM_SET_USER_MEMORY_REGION is "
				"not made on that. Whose memory is it that a slot is "
				"part of: of all VMs, of one, or of one vCPU?",
				said->fds[i], name_of(kind));
		else
			learn_say(
				out, LEARN_WRONG,
				"descriptor %d, which you call %s, is something "
				"else: look at what the links in /proc/PID/fd name",
				said->fds[i], said->role);
		return false;
	}
	for (size_t i = 0; i < nr; i++)
		wanted += fds[i].kind == said->kind;
	if (said->kind != KVM_FD_VCPU || said->nr >= wanted)
		return true;
	learn_say(
		out, LEARN_WRONG,
		"those are vCPUs, but not all of them: how many did --smp ask for?");
	return false;
}

void learn_descriptors(const struct kvm_fd *fds, size_t nr_fds,
		       char *const *words, size_t nr, struct learn_word *out)
{
	struct said all[] = {
		{ .role = "kvm",
		  .kind = KVM_FD_DEV,
		  .what = "the descriptor of KVM itself" },
		{ .role = "vm",
		  .kind = KVM_FD_VM,
		  .what = "what KVM_CREATE_VM returned" },
		{ .role = "vcpu",
		  .kind = KVM_FD_VCPU,
		  .what = "what KVM_CREATE_VCPU returned, each time" },
		{ .role = "slots",
		  .kind = KVM_FD_VM,
		  .what = "the one that KVM_SET_USER_MEMORY_REGION is made on" },
		{}
	};

	for (size_t i = 0; i < nr; i++)
		if (!read_word(words[i], all, out))
			return;
	for (const struct said *said = all; said->role; said++)
		if (!holds(said, fds, nr_fds, out))
			return;
	learn_say(
		out, LEARN_RIGHT,
		"KVM is asked by /dev/kvm, memory belongs to the VM, and registers and "
		"KVM_RUN to a vCPU");
}
