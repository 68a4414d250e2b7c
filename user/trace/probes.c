// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Static probes (USDT) of programs: nops that the kernel makes breakpoints of while
 * somebody watches. Which there are a program's notes tell; those that we know are
 * watched. That this kernel tells of them, arguments and all, one of our own proves.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/grow.h"
#include "trace/impl.h"
#include "view/probes.h"

#define NOTES	    ".note.stapsdt"
#define NOTE_TYPE   3
#define NOTE_OWNER  "stapsdt"
#define PROOF_TEXT  "a probe of our own"
#define PROOF_VALUE 0x5107ULL

/* By place in probe_kinds[] */
#define KINDS_MAX 64

struct found {
	bool there[KINDS_MAX];
};

/* Three addresses, then three texts: provider, name, arguments */
static void take_note(const char *desc, size_t len, size_t address,
		      struct found *found)
{
	const char *provider = desc + 3 * address, *end = desc + len;
	const char *name, *args;

	if (len <= 3 * address || end[-1])
		return;
	name = provider + strlen(provider) + 1;
	args = name < end ? name + strlen(name) + 1 : end;
	if (args >= end)
		return;
	for (size_t i = 0; i < nr_probe_kinds && i < KINDS_MAX; i++)
		found->there[i] |= !strcmp(probe_kinds[i].provider, provider) &&
				   !strcmp(probe_kinds[i].name, name);
}

static void take_notes(Elf *elf, Elf_Data *data, struct found *found)
{
	size_t address = gelf_getclass(elf) == ELFCLASS64 ? 8 : 4;
	size_t offset = 0, name, desc;
	GElf_Nhdr note;

	while ((offset = gelf_getnote(data, offset, &note, &name, &desc)))
		if (note.n_type == NOTE_TYPE &&
		    note.n_namesz == sizeof(NOTE_OWNER) &&
		    !memcmp((char *)data->d_buf + name, NOTE_OWNER,
			    sizeof(NOTE_OWNER)))
			take_note((char *)data->d_buf + desc, note.n_descsz,
				  address, found);
}

/* Which of the probes that we know stand in a program */
static int find_probes(const char *path, struct found *found,
		       struct slotscope_error *err)
{
	Elf_Scn *section = NULL;
	size_t names;
	Elf *elf;
	int fd;

	*found = (struct found){};
	elf_version(EV_CURRENT);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "look for static probes in %.160s",
				 path);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && !elf_getshdrstrndx(elf, &names))
		while ((section = elf_nextscn(elf, section))) {
			GElf_Shdr header;
			const char *name =
				gelf_getshdr(section, &header) ?
					elf_strptr(elf, names, header.sh_name) :
					NULL;
			Elf_Data *data = name && !strcmp(name, NOTES) ?
						 elf_getdata(section, NULL) :
						 NULL;

			if (data)
				take_notes(elf, data, found);
		}
	elf_end(elf);
	close(fd);
	return 0;
}

/* How the program is told which probe it is, and which arguments are texts */
static uint64_t cookie_of(size_t kind)
{
	const char *form = probe_kinds[kind].form;
	uint64_t texts = 0;

	for (size_t i = 0; form[i]; i++)
		texts |= (uint64_t)(form[i] == 't') << i;
	return texts << 32 | kind;
}

static struct bpf_link *watch(struct tracer *t, const char *path, size_t kind)
{
	DECLARE_LIBBPF_OPTS(bpf_usdt_opts, opts,
			    .usdt_cookie = cookie_of(kind));

	log_forget();
	return bpf_program__attach_usdt(t->skel->progs.probe_hit, -1, path,
					probe_kinds[kind].provider,
					probe_kinds[kind].name, &opts);
}

static int add_link(struct tracer *t, struct bpf_link *link)
{
	struct bpf_link **more = grown(t->probe_links, t->nr_probe_links,
				       &t->cap_probe_links, sizeof(*more));

	if (!more)
		return -ENOMEM;
	t->probe_links = more;
	more[t->nr_probe_links++] = link;
	return 0;
}

static size_t proof_kind(void)
{
	for (size_t i = 0; i < nr_probe_kinds; i++)
		if (!strcmp(probe_kinds[i].name, "proof"))
			return i;
	return nr_probe_kinds;
}

int tracer_watch_probes(struct tracer *t, const char *path, size_t *nr,
			size_t *unwatched, struct slotscope_error *err)
{
	struct found found;
	int ret;

	*nr = 0;
	*unwatched = 0;
	if (!tracer_hook_used(&t->report, TRACER_PROBES)) {
		error_set(err, ENOTSUP, "watch the static probes of %.160s",
			  path);
		error_why(err, "%s",
			  hook_of_job(&t->report, TRACER_PROBES)->why);
		return error_next(err, "slotscope doctor says what this kernel "
				       "lacks");
	}
	ret = find_probes(path, &found, err);
	for (size_t i = 0; !ret && i < nr_probe_kinds && i < KINDS_MAX; i++) {
		struct bpf_link *link;

		/* Those of one name are one */
		if (!found.there[i] || i == proof_kind() ||
		    (i &&
		     !strcmp(probe_kinds[i].name, probe_kinds[i - 1].name)))
			continue;
		link = watch(t, path, i);
		if (!link) {
			/* The others are told all the same */
			error_bpf(err, errno,
				  "watch the static probe %s of %.120s",
				  probe_kinds[i].name, path);
			++*unwatched;
			continue;
		}
		if (add_link(t, link)) {
			bpf_link__destroy(link);
			return error_set(err, ENOMEM, "watch static probes");
		}
		++*nr;
	}
	if (ret || *nr || *unwatched)
		return ret;
	error_set(err, ENOENT, "watch the static probes of %.160s", path);
	error_why(err, "it has none that we know");
	return error_next(err, "a slotscope built with systemtap-sdt-dev has "
			       "them, and a QEMU that was configured with "
			       "--enable-trace-backends=dtrace");
}

void probes_close(struct tracer *t)
{
	for (size_t i = 0; i < t->nr_probe_links; i++)
		bpf_link__destroy(t->probe_links[i]);
	free(t->probe_links);
	t->probe_links = NULL;
	t->nr_probe_links = 0;
}

#if __has_include(<sys/sdt.h>)
#define STAP_SDT_ARG_CONSTRAINT nr
#include <sys/sdt.h>

static void pass_probe(const char *text, uint64_t value)
{
	DTRACE_PROBE2(slotscope, proof, text, value);
}

/* Which file are we from? By the address of one of our functions */
static int find_ourselves(struct dl_phdr_info *info, size_t size, void *path)
{
	uintptr_t here = (uintptr_t)find_ourselves;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + part->p_vaddr;

		if (part->p_type != PT_LOAD || here < begin ||
		    here - begin >= part->p_memsz)
			continue;
		*(const char **)path = info->dlpi_name[0] ? info->dlpi_name :
							    "/proc/self/exe";
		return 1;
	}
	return 0;
}

/* The one event that passing by is to have left */
static bool proof_probe_told(struct tracer *t, char *why, size_t size)
{
	const struct slot_event *event;
	size_t seen = 0, right = 0;

	while ((event = stream_next(&t->stream))) {
		const struct slot_probe *probe = &event->probe;

		if (event->type != SLOT_EVENT_PROBE)
			continue;
		seen++;
		right += event->tid == gettid() && !strcmp(probe->form, "tx") &&
			 !strcmp(probe->texts[0], PROOF_TEXT) &&
			 probe->args[1] == PROOF_VALUE;
	}
	if (seen == 1 && right == 1)
		return true;
	snprintf(why, size,
		 "told a probe of our own %zu times, %zu times right", seen,
		 right);
	return false;
}

int probes_prove(struct tracer *t, struct slotscope_error *err)
{
	struct tracer_hook *hook = hook_of_job(&t->report, TRACER_PROBES);
	const char *path = "/proc/self/exe";
	struct bpf_link *link;
	char why[96];
	int ret;

	if (!t->options.probes || hook->state != TRACER_HOOK_UNUSED)
		return 0;
	dl_iterate_phdr(find_ourselves, &path);
	link = watch(t, path, proof_kind());
	if (!link) {
		hook_settle(hook, TRACER_HOOK_REFUSED, "%s%s%s",
			    strerror(errno), log_cause()[0] ? "; libbpf: " : "",
			    log_cause());
		return 0;
	}
	pass_probe(PROOF_TEXT, PROOF_VALUE);
	ret = ring_drain(t, NULL, err);
	if (!ret && proof_probe_told(t, why, sizeof(why)))
		hook_settle(hook, TRACER_HOOK_USED, "%s", "");
	else if (!ret)
		hook_settle(hook, TRACER_HOOK_UNPROVEN, "attached, but %s",
			    why);
	bpf_link__destroy(link);
	return ret;
}
#else
int probes_prove(struct tracer *t, struct slotscope_error *err)
{
	struct tracer_hook *hook = hook_of_job(&t->report, TRACER_PROBES);

	(void)err;
	if (t->options.probes && hook->state == TRACER_HOOK_UNUSED)
		hook_settle(hook, TRACER_HOOK_ABSENT,
			    "this slotscope was built without sys/sdt.h "
			    "(systemtap-sdt-dev)");
	return 0;
}
#endif
