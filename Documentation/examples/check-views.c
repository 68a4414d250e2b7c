// SPDX-License-Identifier: GPL-2.0-or-later
/* What a VMM means beside what KVM holds: a slot too short is found, and told. */
#include <stdio.h>
#include <stdlib.h>
#include <slotscope/check.h>

static void must(int r)
{
	if (r) {
		fprintf(stderr, "cannot go on: error %d\n", -r);
		exit(3);
	}
}

static void fill(struct slot_state *state, enum party_id party, uint64_t size,
		 const char *name)
{
	const struct slot slot = {
		.id = party == PARTY_KERNEL ? 0 : -1,
		.gpa = 0,
		.size = size,
		.hva = 0x7f0000000000,
		.gmem_fd = -1,
		.name = (char *)name, /* copied */
	};

	slot_state_init(state, party);
	must(slot_state_set_nr_as(state, 1));
	state->as[0].covered = true;
	state->coverage.fields = SLOT_FIELD_GPA | SLOT_FIELD_SIZE |
				 SLOT_FIELD_HVA | SLOT_FIELD_READONLY;
	must(slot_state_add(state, &slot));
	slot_state_sort(state);
}

int main(void)
{
	struct slot_state model, kernel;
	const struct view views[] = {
		{ .party = PARTY_MODEL, .slots = &model },
		{ .party = PARTY_KERNEL, .slots = &kernel },
	};
	const struct check_input input = { .views = views, .nr_views = 2 };
	struct comparison comparison;
	size_t i;
	int status;

	fill(&model, PARTY_MODEL, 64 << 20, "pc.ram");
	fill(&kernel, PARTY_KERNEL, 32 << 20, NULL);
	must(crosscheck(&input, &comparison));
	for (i = 0; i < comparison.findings.nr; i++) {
		const struct finding *f = &comparison.findings.items[i];

		printf("%s %llx+%llx: %s\n", finding_id_name(f->id),
		       (unsigned long long)f->gpa, (unsigned long long)f->size,
		       f->sentence);
	}
	status = findings_exit_status(&comparison.findings);
	comparison_deinit(&comparison);
	slot_state_deinit(&kernel);
	slot_state_deinit(&model);
	return status;
}
