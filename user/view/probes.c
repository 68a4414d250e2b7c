// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <string.h>

#include "view/probes.h"

/*
 * user/memory/probes.h says where ours stand. QEMU's are those of its trace-events
 * (accel/kvm, softmmu), where it is configured with --enable-trace-backends=dtrace:
 * kvm_set_user_memory is come by after the ioctl, and has nine arguments since it
 * names the guest_memfd (9.1).
 */
const struct probe_kind probe_kinds[] = {
	{ "slotscope", "begin", "d", "transaction begins, %0 around it",
	  PROBE_LEVEL_TRANSACTION },
	{ "slotscope", "region_map", "ttxx", "region %0 into %1 at %2+%3",
	  PROBE_LEVEL_REGION },
	{ "slotscope", "region_unmap", "tt", "region %0 out of %1",
	  PROBE_LEVEL_REGION },
	{ "slotscope", "region_change", "t", "region %0 changes",
	  PROBE_LEVEL_REGION },
	{ "slotscope", "commit", "d", "commit", PROBE_LEVEL_REGION },
	{ "slotscope", "render", "tdd", "render %0: %1 ranges, windows %2",
	  PROBE_LEVEL_VIEW },
	{ "slotscope", "section_add", "ttxx", "section %0 into %1 at %2+%3",
	  PROBE_LEVEL_SECTION },
	{ "slotscope", "section_del", "ttxx", "section %0 out of %1 at %2+%3",
	  PROBE_LEVEL_SECTION },
	{ "slotscope", "listener_call", "tt", "listener %0: %1",
	  PROBE_LEVEL_LISTENER },
	{ "slotscope", "request", "xxxx", "slot word %0 for %1+%2 flags %3",
	  PROBE_LEVEL_REQUEST },
	{ "slotscope", "proof", "tx", "proof %0 %1", PROBE_LEVEL_TRANSACTION },
	{ "qemu", "flatview_new", "xx", "flat view %0 of root %1",
	  PROBE_LEVEL_VIEW },
	{ "qemu", "flatview_destroy", "xx", "flat view %0 of root %1 goes",
	  PROBE_LEVEL_VIEW },
	{ "qemu", "global_dirty_changed", "x", "global dirty logging: %0",
	  PROBE_LEVEL_VIEW },
	{ "qemu", "kvm_set_user_memory", "xxxxxd",
	  "slot word %0 flags %1 for %2+%3 @%4: KVM said %5",
	  PROBE_LEVEL_REQUEST },
	{ "qemu", "kvm_set_user_memory", "ddxxxxdxd",
	  "slot %0/%1 flags %2 for %3+%4 @%5 guest_memfd %6 %7: KVM said %8",
	  PROBE_LEVEL_REQUEST },
};

const size_t nr_probe_kinds = sizeof(probe_kinds) / sizeof(probe_kinds[0]);

const struct probe_kind *probe_kind_find(const char *provider, const char *name,
					 size_t nr_args)
{
	for (size_t i = 0; i < nr_probe_kinds; i++)
		if (!strcmp(probe_kinds[i].provider, provider) &&
		    !strcmp(probe_kinds[i].name, name) &&
		    strlen(probe_kinds[i].form) == nr_args)
			return &probe_kinds[i];
	return NULL;
}

/* What is known of a probe that was come by; or NULL */
static const struct probe_kind *kind_of(const struct slot_probe *probe)
{
	return probe_kind_find(probe->provider, probe->name,
			       strlen(probe->form));
}

const char *slot_probe_form_fault(const char *form)
{
	size_t texts = 0;

	if (strspn(form, "txd?") != strlen(form) ||
	    strlen(form) > SLOT_PROBE_ARGS)
		return "is none of at most nine of t, x, d and ?";
	for (; *form; form++)
		texts += *form == 't';
	return texts > SLOT_PROBE_TEXTS ? "has more texts than are kept" : NULL;
}

unsigned int probe_level(const struct slot_probe *probe)
{
	const struct probe_kind *kind = kind_of(probe);

	return kind ? kind->level : 0;
}

static void print_arg(FILE *out, const struct slot_probe *probe, size_t at)
{
	size_t text = 0;

	switch (probe->form[at]) {
	case 't':
		for (size_t i = 0; i < at; i++)
			text += probe->form[i] == 't';
		/* One that fills its place may have been longer */
		if (text < SLOT_PROBE_TEXTS)
			fprintf(out, "%s%s", probe->texts[text],
				strlen(probe->texts[text]) ==
						SLOT_PROBE_TEXT - 1 ?
					"..." :
					"");
		break;
	case 'x':
		fprintf(out, "0x%" PRIx64, probe->args[at]);
		break;
	case 'd':
		fprintf(out, "%" PRId64, (int64_t)probe->args[at]);
		break;
	default:
		fputs("(unread)", out);
	}
}

void probe_print(FILE *out, const struct slot_probe *probe)
{
	const struct probe_kind *kind = kind_of(probe);
	size_t nr = strlen(probe->form);

	if (!kind) {
		fprintf(out, "%s:%s", probe->provider, probe->name);
		for (size_t i = 0; i < nr; i++) {
			fputc(' ', out);
			print_arg(out, probe, i);
		}
		return;
	}
	for (const char *at = kind->says; *at; at++) {
		if (*at != '%') {
			fputc(*at, out);
			continue;
		}
		at++;
		print_arg(out, probe, *at - '0');
	}
}
