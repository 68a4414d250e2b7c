// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said of a recording that has a VM's past: no more than it proves */
#include "render/past.h"
#include "render_make.h"

#define SECOND 1000000000ULL

/* Without a clock that is known, so that no time zone is in it; however it is wrapped */
static void says(const struct told_past *told, const char *words)
{
	char line[400] = "", *save;
	struct printed p;

	print_begin(&p);
	render_past(p.out, told);
	assert_for_people(print_end(&p));
	for (char *word = strtok_r(p.text, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save))
		snprintf(line + strlen(line), sizeof(line) - strlen(line),
			 "%s%s", *line ? " " : "", word);
	assert_string_equal(line, words);
	free(p.text);
}

static void words(void **unused)
{
	struct told_past told = {
		.file = "f.rec",
		.now_ns = 100 * SECOND,
		.past = { .state = PAST_WHOLE, .from_ns = 40 * SECOND },
	};

	(void)unused;
	says(NULL, "");
	says(&told,
	     "history: from f.rec, from 60.000 s ago and on to now, with "
	     "nothing in between");
	told.past.created = true;
	told.past.end_ns = 90 * SECOND;
	told.past.blind_ns = 5 * SECOND;
	says(&told, "history: from f.rec, from 60.000 s ago, when the VM was "
		    "made, to 10.000 s ago; no slot changed from then on to "
		    "now, of what KVM refused meanwhile some may be missing");
	told.past.state = PAST_GAP;
	says(&told, "history: from f.rec, from 60.000 s ago, when the VM was "
		    "made, to 10.000 s ago; of what happened from then on to "
		    "now some is missing");
	told.past.unseen = 1;
	says(&told, "history: from f.rec, from 60.000 s ago, when the VM was "
		    "made, to 10.000 s ago; 1 change from then on to now "
		    "nobody saw");
	told.why = "of elsewhere";
	says(&told, "history: not from f.rec: of elsewhere");
	told.why = NULL;
	told.past.state = PAST_UNNAMED;
	told.file = "g.rec";
	says(&told, "history: not from g.rec: it has a VM of this process, and "
		    "does not tell at which descriptor: its recorder was "
		    "older, or saw requests alone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
