// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is the quiz right? quiz-real FROM TO: problems of these seeds are put to a real KVM.
 * Of a scene it is asked for all slots, in order, and none may be refused; then what
 * stands at and beside the edges of each must be what the quiz says. Of a request it
 * must answer what the quiz says. Prints TAP.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "learn/quiz.h"

static int vm;

static int ask(uint32_t slot, uint32_t flags, uint64_t gpa, uint64_t size,
	       uint64_t hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = hva,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

static void forget(void)
{
	for (uint32_t slot = 0; slot < RANGES_MAX; slot++)
		ask(slot, 0, 0, 0, 0);
}

/* Does KVM have a slot on this page? A new one there says so */
static bool stands(uint64_t page)
{
	int ret = ask(RANGES_MAX + 1, 0, page, 0x1000, 0x7e0000000000);

	if (!ret)
		ask(RANGES_MAX + 1, 0, 0, 0, 0);
	return ret == -EEXIST;
}

static bool has(const struct ranges *ranges, uint64_t page)
{
	for (size_t i = 0; i < ranges->nr; i++)
		if (page >= ranges->items[i].first &&
		    page <= ranges->items[i].last)
			return true;
	return false;
}

static bool scene_holds(const struct quiz *quiz)
{
	const struct scene_played *played = &quiz->played;

	for (size_t i = 0; i < played->nr_all; i++) {
		const struct kvm_slot_request *r = &played->all[i];

		if (ask(r->slot, r->flags, r->gpa, r->size, r->hva))
			return false;
	}
	for (size_t i = 0; i < played->slots.nr; i++) {
		const struct range *r = &played->slots.items[i];
		uint64_t end = r->last + 1;

		if (!stands(r->first) || !stands(end - 0x1000) ||
		    stands(end) != has(&played->slots, end) ||
		    (r->first &&
		     stands(r->first - 0x1000) !=
			     has(&played->slots, r->first - 0x1000)))
			return false;
	}
	return true;
}

static bool request_holds(const struct quiz_request *q)
{
	for (size_t i = 0; i < q->nr; i++) {
		const struct slot *slot = &q->slots[i];

		if (ask(slot->id, slot->flags, slot->gpa, slot->size,
			slot->hva))
			return false;
	}
	return ask(q->request.slot, q->request.flags, q->request.gpa,
		   q->request.size, q->request.hva) == q->outcome.error;
}

int main(int argc, char **argv)
{
	uint64_t from = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
	uint64_t to = argc > 2 ? strtoull(argv[2], NULL, 0) : from;
	size_t asked[QUIZ_KINDS] = {}, wrong[QUIZ_KINDS] = {};
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int failed = 0;

	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0) {
		printf("1..0 # SKIP no KVM: %s\n", strerror(errno));
		return 0;
	}
	for (uint64_t seed = from; seed < to; seed++) {
		struct slotscope_error err = {};
		struct quiz quiz;
		bool holds;

		if (quiz_make(seed, 1 + seed % 5, ~0U, &quiz, &err)) {
			printf("Bail out! seed %" PRIu64 ": %s: %s\n", seed,
			       err.tried, err.why);
			return 1;
		}
		holds = quiz.kind == QUIZ_ERRNO ? request_holds(&quiz.ask) :
						  scene_holds(&quiz);
		forget();
		asked[quiz.kind]++;
		wrong[quiz.kind] += !holds;
		if (!holds)
			printf("# seed %" PRIu64 ", problem %" PRIu64 "\n",
			       seed, quiz.number);
	}
	for (size_t kind = 0; kind < QUIZ_KINDS; kind++) {
		bool ok = asked[kind] && !wrong[kind];

		printf("%sok %zu - %s: KVM agrees with %zu of %zu\n",
		       ok ? "" : "not ", kind + 1,
		       quiz_kind_name((enum quiz_kind)kind),
		       asked[kind] - wrong[kind], asked[kind]);
		failed |= !ok;
	}
	printf("1..%d\n", QUIZ_KINDS);
	close(vm);
	close(kvm);
	return failed;
}
