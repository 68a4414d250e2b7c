// SPDX-License-Identifier: GPL-2.0-or-later
/* Lessons 2, 6 and 7: what a learner's program did, and if that is what was asked for. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "check/refusals.h"
#include "learn/lesson.h"

#define PAGE 0x1000ULL

/*
 * The source
 */

/* Behind a comment or a string that begins here; else @s itself */
static const char *skip_no_code(const char *s)
{
	const char *end;

	if (s[0] == '/' && s[1] == '*') {
		end = strstr(s + 2, "*/");
		return end ? end + 2 : s + strlen(s);
	}
	if (s[0] == '/' && s[1] == '/')
		return s + strcspn(s, "\n");
	if (*s == '"') {
		for (s++; *s && *s != '"' && *s != '\n'; s++)
			if (*s == '\\' && s[1])
				s++;
		return *s == '"' ? s + 1 : s;
	}
	return s;
}

bool learn_source(const char *source, struct learn_word *out)
{
	static const char mark[] = "FILL_IN";
	size_t left = 0, line = 1, first = 0;
	const char *s = source, *next;

	while (*s) {
		next = skip_no_code(s);
		if (next == s) {
			if (!strncmp(s, mark, sizeof(mark) - 1)) {
				first = left++ ? first : line;
				next = s + sizeof(mark) - 1;
			} else {
				next = s + 1;
			}
		}
		for (; s < next; s++)
			line += *s == '\n';
	}
	if (!left)
		return true;
	learn_say(out, LEARN_UNFINISHED,
		  "%zu place%s still say%s FILL_IN, the first in line %zu",
		  left, left == 1 ? "" : "s", left == 1 ? "s" : "", first);
	return false;
}

int learn_runs(unsigned int lesson, unsigned int run, unsigned int args[8])
{
	/* Twice, with other numbers: what is written into the program shows */
	static const unsigned int slot[][1] = { { 41 }, { 6 } };
	static const unsigned int dirty[][3] = { { 2, 5, 6 }, { 7, 0, 3 } };

	if (lesson == 2 && run < 2) {
		args[0] = slot[run][0];
		return 1;
	}
	if (lesson == 7 && run < 2) {
		memcpy(args, dirty[run], sizeof(dirty[run]));
		return 3;
	}
	return lesson == 6 && !run ? 0 : -1;
}

/*
 * What it did
 */

static const struct slot_event *next_request(const struct slot_log *log,
					     size_t *i)
{
	while (*i < log->nr) {
		const struct slot_event *event = &log->events[(*i)++];

		if (event->type == SLOT_EVENT_REQUEST && !event->request.unread)
			return event;
	}
	return NULL;
}

static bool made_vm(const struct slot_log *log)
{
	for (size_t i = 0; i < log->nr; i++)
		if (log->events[i].type == SLOT_EVENT_VM_CREATE)
			return true;
	return false;
}

/* The request that made the slot which holds these bytes in the end; NULL: none */
static const struct slot_request *slot_at(const struct slot_log *log, gpa_t gpa,
					  uint64_t size)
{
	const struct slot_request *found = NULL;
	const struct slot_event *event;
	size_t i = 0;

	while ((event = next_request(log, &i))) {
		const struct slot_request *request = &event->request;

		if (request->result)
			continue;
		/* The same number again: gone, moved or changed */
		if (found && request->slot == found->slot)
			found = NULL;
		if (request->size && gpa >= request->gpa &&
		    gpa + size <= request->gpa + request->size)
			found = request;
	}
	return found;
}

/* The first refusal, in words; false: all was taken */
static bool refused(const struct learn_ran *ran, char *words, size_t size)
{
	struct refusals refusals = { .limits = ran->limits };
	struct refusal refusal;
	bool found = false;

	for (size_t i = 0; i < ran->log->nr && !found; i++) {
		const struct slot_event *event = &ran->log->events[i];

		if (refusals_take(&refusals, event, &refusal) != 1)
			continue;
		found = true;
		snprintf(words, size,
			 "its request for slot %" PRIu32 " at 0x%" PRIx64
			 ", 0x%" PRIx64 " bytes, failed with %s: %s",
			 event->request.slot, event->request.gpa,
			 event->request.size,
			 strerrorname_np(-event->request.result),
			 refusal.words);
	}
	refusals_deinit(&refusals);
	return found;
}

/* The last line that it printed */
static const char *last_line(const struct learn_ran *ran, char line[120])
{
	const char *text = ran->output ? ran->output : "";
	size_t len = strlen(text), begin;

	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	for (begin = len; begin && text[begin - 1] != '\n'; begin--)
		;
	snprintf(line, 120, "%.*s",
		 (int)(len - begin > 119 ? 119 : len - begin), text + begin);
	return line;
}

/* What every program is to do: make a VM, and end well */
static bool is_sound(const struct learn_ran *ran, struct learn_word *out)
{
	char line[120];

	if (!made_vm(ran->log)) {
		learn_say(
			out, LEARN_WRONG,
			"it made no VM (its last line: \"%s\"). Which descriptor does "
			"KVM_CREATE_VM take, and which one does it return?",
			last_line(ran, line));
		return false;
	}
	if (!ran->ended) {
		learn_say(
			out, LEARN_WRONG,
			"it did not end: does its guest come to hlt, and is KVM_RUN "
			"called only while it is to run on?");
		return false;
	}
	return true;
}

static bool ended_well(const struct learn_ran *ran, struct learn_word *out)
{
	char line[120];

	if (WIFEXITED(ran->status) && !WEXITSTATUS(ran->status))
		return true;
	if (WIFEXITED(ran->status))
		learn_say(out, LEARN_WRONG, "it ended with status %d (\"%s\")",
			  WEXITSTATUS(ran->status), last_line(ran, line));
	else
		learn_say(out, LEARN_WRONG, "it was killed by SIG%s (\"%s\")",
			  sigabbrev_np(WTERMSIG(ran->status)),
			  last_line(ran, line));
	return false;
}

/*
 * Lesson 2
 */

static bool has_page(const struct learn_ran *ran, gpa_t gpa, const char *what,
		     struct learn_word *out)
{
	char line[120];

	if (slot_at(ran->log, gpa, PAGE))
		return true;
	learn_say(out, LEARN_WRONG,
		  "no slot of it has the page at guest address 0x%" PRIx64
		  ", where the guest %s (it printed: \"%s\"). What are "
		  "guest_phys_addr and memory_size of each request?",
		  gpa, what, last_line(ran, line));
	return false;
}

/* An address of the guest where one of the program should be? */
static bool mixes_addresses(const struct learn_ran *ran, struct learn_word *out)
{
	static const gpa_t pages[] = { 0x1000, 0x8000 };

	for (size_t i = 0; i < 2; i++) {
		const struct slot_request *slot =
			slot_at(ran->log, pages[i], PAGE);

		if (!slot || slot->hva != slot->gpa)
			continue;
		learn_say(out, LEARN_WRONG,
			  "the slot at 0x%" PRIx64
			  " has userspace_addr 0x%" PRIx64
			  ": which address is that to be, the guest's or this "
			  "program's?",
			  slot->gpa, slot->hva);
		return true;
	}
	return false;
}

/* Which descriptor? The message names the ioctl that failed */
static bool wrong_descriptor(const struct learn_ran *ran,
			     struct learn_word *out)
{
	char line[120];

	last_line(ran, line);
	if (strncmp(line, "KVM_", 4) != 0 ||
	    (!strstr(line, "Inappropriate ioctl") &&
	     !strstr(line, "Bad file") && strncmp(line, "KVM_CREATE", 10) != 0))
		return false;
	learn_say(out, LEARN_WRONG,
		  "\"%s\": which of the three descriptors does that take?",
		  line);
	return true;
}

static void judge_slot(const struct learn_ran *ran, struct learn_word *out)
{
	const char *said = strstr(ran->output, "the guest said ");
	char words[REFUSAL_SAY_MAX + 160], line[120];
	unsigned long value;

	if (refused(ran, words, sizeof(words))) {
		learn_say(out, LEARN_WRONG, "%s", words);
		return;
	}
	if (wrong_descriptor(ran, out) ||
	    !has_page(ran, 0x1000, "begins", out) ||
	    !has_page(ran, 0x8000, "reads", out) || mixes_addresses(ran, out))
		return;
	if (!said) {
		learn_say(
			out, LEARN_WRONG,
			"the guest said nothing (the program: \"%s\"): is the page "
			"with its code the one that it finds at 0x1000?",
			last_line(ran, line));
		return;
	}
	value = strtoul(said + strlen("the guest said "), NULL, 10);
	if (value != (ran->args[0] + 1) % 256) {
		learn_say(
			out, LEARN_WRONG,
			"run with %u on its command line, the guest said %lu: is "
			"data_page what the guest finds at 0x8000, and does it have "
			"that number?",
			ran->args[0], value);
		return;
	}
	if (ended_well(ran, out))
		learn_say(
			out, LEARN_RIGHT,
			"the guest reached two pages of this process, by two slots");
}

/*
 * Lesson 6
 */

static const struct {
	enum request_rule rule;
	const char *hint;
} rules[] = {
	{ RULE_SLOT_ID,
	  "how many slots may a VMM have (KVM_CAP_NR_MEMSLOTS)?" },
	{ RULE_FLAGS, "which bits of flags mean something?" },
	{ RULE_SIZE_ALIGN, "what is half a page?" },
	{ RULE_GPA_ALIGN, "where does a page of the guest begin?" },
	{ RULE_HVA_ALIGN, "where does a page of ours begin?" },
	{ RULE_GPA_WRAP, "what is behind the last of 2^64 addresses?" },
	{ RULE_DELETE_ABSENT, "size 0 deletes: what, if there is nothing?" },
	{ RULE_HVA_CHANGED, "slot 0 stands: what of it may not be another?" },
	{ RULE_SIZE_CHANGED, "slot 0 stands: what else may not be another?" },
	{ RULE_READONLY_CHANGED, "of the two flags, which may not change?" },
	{ RULE_OVERLAP, "what may two slots not have in common?" },
};

#define NR_RULES (sizeof(rules) / sizeof(rules[0]))

static void judge_errno(const struct learn_ran *ran, struct learn_word *out)
{
	struct refusals refusals = { .limits = ran->limits };
	char missing[LEARN_SAY_MAX / 2] = "";
	bool seen[REQUEST_OUTCOMES] = {};
	const char *hint = NULL, *where = NULL;
	struct refusal refusal;
	size_t provoked = 0;

	for (size_t i = 0; i < ran->log->nr; i++)
		if (refusals_take(&refusals, &ran->log->events[i], &refusal) ==
			    1 &&
		    refusal.known)
			seen[refusal.rule] = true;
	refusals_deinit(&refusals);
	/* By the older ioctl newer kernels refuse what it never had before they look */
	seen[RULE_FLAGS] |= seen[RULE_V1_FLAGS];
	for (size_t i = 0; i < NR_RULES; i++) {
		size_t len = strlen(missing);

		if (seen[rules[i].rule]) {
			provoked++;
			continue;
		}
		if (!hint) {
			hint = rules[i].hint;
			where = request_rule_function(rules[i].rule);
		}
		snprintf(missing + len, sizeof(missing) - len, "%s%s",
			 len ? ", " : "", request_rule_name(rules[i].rule));
	}
	if (hint)
		learn_say(
			out, LEARN_WRONG,
			"broken so far: %zu of %zu rules. Left: %s. Of the first of "
			"these: %s Linux tests it in %s()",
			provoked, NR_RULES, missing, hint, where);
	else if (ended_well(ran, out))
		learn_say(out, LEARN_RIGHT,
			  "all %zu rules were broken, each by a "
			  "request of its own",
			  NR_RULES);
}

/*
 * Lesson 7
 */

/* "dirty: 2 5" of the numbers that it was given */
static void wanted_line(const struct learn_ran *ran, char *out, size_t size)
{
	snprintf(out, size, "dirty:");
	for (unsigned int page = 0; page < 8; page++)
		for (size_t i = 0; i < ran->nr_args; i++)
			if (ran->args[i] == page)
				snprintf(out + strlen(out), size - strlen(out),
					 " %u", page);
}

/* How often the log of this slot was told; another slot's is in @other */
static size_t fetches(const struct learn_ran *ran, uint32_t slot, long *other)
{
	const char *line = ran->calls ? ran->calls : "";
	unsigned long of;
	size_t n = 0;
	char *end;
	long ret;

	*other = -1;
	for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		of = strtoul(line, &end, 10);
		ret = strtol(end, NULL, 10);
		if (of != slot)
			*other = (long)of;
		else if (!ret)
			n++;
	}
	return n;
}

static bool fetched_twice(const struct learn_ran *ran, uint32_t slot,
			  struct learn_word *out)
{
	long other;
	size_t n = fetches(ran, slot, &other);

	if (other >= 0) {
		learn_say(
			out, LEARN_WRONG,
			"it asks for the log of slot %ld, which has none: which slot "
			"has the data?",
			other);
		return false;
	}
	if (!ended_well(ran, out))
		return false;
	if (n < 2)
		learn_say(
			out, LEARN_WRONG,
			"KVM %s the log of slot %" PRIu32
			", and it is to be fetched twice: what is printed must be "
			"what KVM says",
			n ? "told once" : "never told", slot);
	return n >= 2;
}

static void judge_dirty(const struct learn_ran *ran, struct learn_word *out)
{
	const struct slot_request *data = slot_at(ran->log, 0x8000, 8 * PAGE);
	char words[REFUSAL_SAY_MAX + 160], first[64];
	const char *second;

	if (refused(ran, words, sizeof(words))) {
		learn_say(out, LEARN_WRONG, "%s", words);
		return;
	}
	if (!data) {
		learn_say(
			out, LEARN_WRONG,
			"no slot of it has 0x8000 to 0xffff, where the data is");
		return;
	}
	if (!(data->flags & SLOT_LOG_DIRTY)) {
		learn_say(
			out, LEARN_WRONG,
			"slot %" PRIu32 " was made with flags 0x%" PRIx32
			": KVM logs no write to it, and has no log to fetch. Which "
			"flag of struct kvm_userspace_memory_region asks for one?",
			data->slot, data->flags);
		return;
	}
	if (wrong_descriptor(ran, out) || !fetched_twice(ran, data->slot, out))
		return;
	wanted_line(ran, first, sizeof(first));
	if (strncmp(ran->output, first, strlen(first)) != 0 ||
	    ran->output[strlen(first)] != '\n') {
		learn_say(
			out, LEARN_WRONG,
			"the guest wrote to pages %s, and what was printed first is "
			"\"%.*s\": of which slot is the log that you fetch, and where "
			"does KVM write it to?",
			first + strlen("dirty: "),
			(int)strcspn(ran->output, "\n"), ran->output);
		return;
	}
	second = ran->output + strlen(first) + 1;
	if (strncmp(second, "dirty:\n", 7) != 0)
		learn_say(
			out, LEARN_WRONG,
			"the second time \"%.*s\" was printed, and nothing was "
			"written in between: KVM_GET_DIRTY_LOG forgets what it tells",
			(int)strcspn(second, "\n"), second);
	else
		learn_say(
			out, LEARN_RIGHT,
			"the log has what the guest wrote, and is empty once it was "
			"fetched");
}

void learn_program(unsigned int lesson, const struct learn_ran *ran,
		   struct learn_word *out)
{
	if (!is_sound(ran, out))
		return;
	if (lesson == 2)
		judge_slot(ran, out);
	else if (lesson == 6)
		judge_errno(ran, out);
	else if (lesson == 7)
		judge_dirty(ran, out);
	else
		learn_say(out, LEARN_CANNOT, "this lesson asks for no program");
}
