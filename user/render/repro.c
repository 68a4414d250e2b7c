// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "render/repro.h"
#include "render/text.h"

static const char plain_head[] = "#include <errno.h>\n"
				 "#include <fcntl.h>\n"
				 "#include <linux/kvm.h>\n"
				 "#include <stdio.h>\n"
				 "#include <stdlib.h>\n"
				 "#include <string.h>\n"
				 "#include <sys/ioctl.h>\n"
				 "#include <sys/mman.h>\n"
				 "#include <unistd.h>\n";

static const char kselftest_head[] = "#ifndef _GNU_SOURCE\n"
				     "#define _GNU_SOURCE\n"
				     "#endif\n"
				     "#include \"world.h\"\n";

/* Of <linux/kvm.h> since 6.8, under names of its own: a header may be older */
static const char common[] =
	"\n"
	"struct region2 {\n"
	"\t__u32 slot, flags;\n"
	"\t__u64 gpa, size, hva, gmem_offset;\n"
	"\t__u32 gmem_fd, pad1;\n"
	"\t__u64 pad2[14];\n"
	"};\n"
	"\n"
	"struct gmem {\n"
	"\t__u64 size, flags, reserved[6];\n"
	"};\n"
	"\n"
	"#define SET_REGION2 _IOW(KVMIO, 0x49, struct region2)\n"
	"#define CREATE_GMEM _IOWR(KVMIO, 0xd4, struct gmem)\n"
	"#define CAP_GMEM    234\n"
	"\n"
	"/* As they were asked for, and what KVM answered: 0 or an errno */\n"
	"static const struct request {\n"
	"\tunsigned long long event;\n"
	"\tint region2, gmem, result;\n"
	"\t__u32 slot, flags;\n"
	"\t__u64 gpa, size, hva, gmem_offset;\n"
	"} requests[] = {\n";

static const char mapping[] =
	"\n"
	"#define NR(list) (sizeof(list) / sizeof((list)[0]) - 1)\n"
	"#define HVA_END 0x7ffffffff000ULL\n"
	"\n"
	"/* Host memory that was mapped there; each piece is mapped anew */\n"
	"static struct piece {\n"
	"\t__u64 first, size;\n"
	"\tchar *now;\n"
	"} pieces[NR(requests) + 1];\n"
	"static unsigned int nr_pieces;\n"
	"\n"
	"static int can_map(const struct request *r)\n"
	"{\n"
	"\treturn r->size && r->size < 1ULL << 45 && r->hva < HVA_END &&\n"
	"\t       HVA_END - r->hva >= r->size;\n"
	"}\n"
	"\n"
	"/* Pieces that touch are one: their places to each other stay */\n"
	"static void join(const struct request *r)\n"
	"{\n"
	"\t__u64 first = r->hva & ~4095ULL;\n"
	"\t__u64 end = (r->hva + r->size + 4095) & ~4095ULL;\n"
	"\tunsigned int i;\n"
	"\n"
	"\tfor (i = 0; i < nr_pieces;) {\n"
	"\t\tstruct piece *p = &pieces[i];\n"
	"\n"
	"\t\tif (p->first > end || p->first + p->size < first) {\n"
	"\t\t\ti++;\n"
	"\t\t\tcontinue;\n"
	"\t\t}\n"
	"\t\tif (p->first + p->size > end)\n"
	"\t\t\tend = p->first + p->size;\n"
	"\t\tif (p->first < first)\n"
	"\t\t\tfirst = p->first;\n"
	"\t\t*p = pieces[--nr_pieces];\n"
	"\t\ti = 0;\n"
	"\t}\n"
	"\tpieces[nr_pieces].first = first;\n"
	"\tpieces[nr_pieces++].size = end - first;\n"
	"}\n"
	"\n"
	"static void map_pieces(void)\n"
	"{\n"
	"\tunsigned int i;\n"
	"\n"
	"\tfor (i = 0; i < NR(requests); i++)\n"
	"\t\tif (can_map(&requests[i]))\n"
	"\t\t\tjoin(&requests[i]);\n"
	"\tfor (i = 0; i < nr_pieces; i++) {\n"
	"\t\tpieces[i].now = mmap(NULL, pieces[i].size,\n"
	"\t\t\t\t     PROT_READ | PROT_WRITE,\n"
	"\t\t\t\t     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,\n"
	"\t\t\t\t     -1, 0);\n"
	"\t\tif (pieces[i].now == MAP_FAILED) {\n"
	"\t\t\tperror(\"mmap\");\n"
	"\t\t\texit(3);\n"
	"\t\t}\n"
	"\t}\n"
	"}\n"
	"\n"
	"static __u64 hva_of(const struct request *r)\n"
	"{\n"
	"\tunsigned int i;\n"
	"\n"
	"\tfor (i = 0; i < nr_pieces && can_map(r); i++)\n"
	"\t\tif (r->hva >= pieces[i].first &&\n"
	"\t\t    r->hva - pieces[i].first < pieces[i].size)\n"
	"\t\t\treturn (__u64)(unsigned long)pieces[i].now +\n"
	"\t\t\t       (r->hva - pieces[i].first);\n"
	"\treturn r->hva;\n"
	"}\n"
	"\n"
	"/* A guest_memfd for each that there was, as large as it was used */\n"
	"static int gmem_of(int vm, int number)\n"
	"{\n"
	"\tstatic int known[NR(requests) + 1][2];\n"
	"\tstatic unsigned int nr;\n"
	"\tstruct gmem gmem = {};\n"
	"\tunsigned int i;\n"
	"\n"
	"\tif (number < 0)\n"
	"\t\treturn number;\n"
	"\tfor (i = 0; i < nr; i++)\n"
	"\t\tif (known[i][0] == number)\n"
	"\t\t\treturn known[i][1];\n"
	"\tfor (i = 0; i < NR(requests); i++)\n"
	"\t\tif (requests[i].gmem == number && !requests[i].result &&\n"
	"\t\t    requests[i].gmem_offset + requests[i].size > gmem.size)\n"
	"\t\t\tgmem.size = requests[i].gmem_offset + requests[i].size;\n"
	"\tif (!gmem.size)\n"
	"\t\treturn -1;\n"
	"\tknown[nr][0] = number;\n"
	"\tknown[nr][1] = ioctl(vm, CREATE_GMEM, &gmem);\n"
	"\treturn known[nr++][1];\n"
	"}\n"
	"\n"
	"static int make(int vm, const struct request *r, __u64 hva)\n"
	"{\n"
	"\tstruct region2 region = { .slot = r->slot, .flags = r->flags,\n"
	"\t\t.gpa = r->gpa, .size = r->size, .hva = hva };\n"
	"\n"
	"\tif (r->region2) {\n"
	"\t\tregion.gmem_fd = gmem_of(vm, r->gmem);\n"
	"\t\tregion.gmem_offset = r->gmem_offset;\n"
	"\t}\n"
	"\tif (!ioctl(vm, r->region2 ? SET_REGION2 : KVM_SET_USER_MEMORY_REGION,\n"
	"\t\t   &region))\n"
	"\t\treturn 0;\n"
	"\treturn errno;\n"
	"}\n"
	"\n"
	"static int make_all(int vm)\n"
	"{\n"
	"\tint result, other = 0;\n"
	"\tunsigned int i;\n"
	"\n"
	"\tmap_pieces();\n"
	"\tfor (i = 0; i < NR(requests); i++) {\n"
	"\t\tresult = make(vm, &requests[i], hva_of(&requests[i]));\n"
	"\t\tif (result == requests[i].result)\n"
	"\t\t\tcontinue;\n"
	"\t\tprintf(\"# request %u (event %llu): %s, and was %s\\n\", i,\n"
	"\t\t       requests[i].event, strerror(result),\n"
	"\t\t       strerror(requests[i].result));\n"
	"\t\tother++;\n"
	"\t}\n"
	"\treturn other;\n"
	"}\n";

static const char plain_end[] =
	"\n"
	"/* KVM tells no slots; but nothing goes where one is: try its first and last page */\n"
	"static int is_there(int vm, const struct slot *slot)\n"
	"{\n"
	"\tstatic char page[8192];\n"
	"\t__u64 at = ((__u64)(unsigned long)page + 4095) & ~4095ULL;\n"
	"\tstruct request probe = { .slot = PROBE | (slot->slot & 0xffff0000),\n"
	"\t\t.size = 4096 };\n"
	"\tint first, last;\n"
	"\n"
	"\tprobe.gpa = slot->gpa;\n"
	"\tfirst = make(vm, &probe, at);\n"
	"\tprobe.gpa = slot->gpa + slot->size - 4096;\n"
	"\tlast = make(vm, &probe, at);\n"
	"\treturn first == EEXIST && last == EEXIST;\n"
	"}\n"
	"\n"
	"int main(void)\n"
	"{\n"
	"\tint kvm = open(\"/dev/kvm\", O_RDWR | O_CLOEXEC);\n"
	"\tint vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);\n"
	"\tunsigned int i, nr = NR(slots);\n"
	"\tint other;\n"
	"\n"
	"\t/* Some VMs alone can have a guest_memfd */\n"
	"\tif (vm >= 0 && GMEM && ioctl(vm, KVM_CHECK_EXTENSION, CAP_GMEM) <= 0) {\n"
	"\t\tclose(vm);\n"
	"\t\tvm = ioctl(kvm, KVM_CREATE_VM, 1);\n"
	"\t}\n"
	"\tif (vm < 0) {\n"
	"\t\tperror(\"make a VM\");\n"
	"\t\treturn 3;\n"
	"\t}\n"
	"\tother = make_all(vm);\n"
	"\tfor (i = 0; i < nr; i++) {\n"
	"\t\tif (is_there(vm, &slots[i]))\n"
	"\t\t\tcontinue;\n"
	"\t\tprintf(\"# no slot at 0x%llx\\n\", slots[i].gpa);\n"
	"\t\tother++;\n"
	"\t}\n"
	"\tprintf(\"%s: %u requests, %u slots at the end\\n\",\n"
	"\t       other ? \"differs\" : \"the same\", (unsigned int)NR(requests),\n"
	"\t       (unsigned int)NR(slots));\n"
	"\treturn !!other;\n"
	"}\n";

static void write_request(FILE *out, const struct repro_request *one)
{
	const struct slot_request *request = &one->request;

	fprintf(out,
		"\t{ %" PRIu64 ", %d, %d, %d, 0x%x, 0x%x, 0x%" PRIx64
		"ULL, 0x%" PRIx64 "ULL, 0x%" PRIx64 "ULL, 0x%" PRIx64
		"ULL },\n",
		one->seq, request->region2, request->gmem_fd, -request->result,
		request->slot, request->flags, request->gpa, request->size,
		request->hva, request->gmem_offset);
}

/* A number that no request uses */
static uint32_t free_number(const struct repro *repro)
{
	bool taken = true;
	uint32_t id;

	for (id = 500; taken && id; id--) {
		taken = false;
		for (size_t i = 0; i < repro->nr && !taken; i++)
			taken = (repro->requests[i].request.slot & 0xffff) ==
				id;
		if (!taken)
			return id;
	}
	return 501;
}

static bool any_gmem(const struct repro *repro)
{
	for (size_t i = 0; i < repro->nr; i++)
		if (repro->requests[i].request.gmem_fd >= 0)
			return true;
	return false;
}

static void write_slots(FILE *out, const struct repro *repro)
{
	fprintf(out,
		"\n#define PROBE %u /* no slot's number */\n"
		"#define GMEM  %d\n"
		"\n/* What is there at the end */\n"
		"static const struct slot {\n"
		"\t__u32 slot;\n"
		"\t__u64 gpa, size;\n"
		"} slots[] = {\n",
		free_number(repro), any_gmem(repro));
	for (size_t i = 0; i < repro->end.nr_slots; i++) {
		const struct slot *slot = &repro->end.slots[i];

		fprintf(out,
			"\t{ 0x%x, 0x%" PRIx64 "ULL, 0x%" PRIx64 "ULL },\n",
			(uint32_t)slot->as_id << 16 | (uint16_t)slot->id,
			slot->gpa, slot->size);
	}
	fputs("\t{ 0 }\n};\n", out);
}

static void write_test(FILE *out, const struct repro *repro)
{
	const struct slot_state *end = &repro->end;

	fputs("\nstatic void same_slots(void)\n"
	      "{\n"
	      "\tint vm = vm_create();\n"
	      "\n"
	      "\tASSERT_EQ(make_all(vm), 0);\n"
	      "\tASSERT_MEMSLOTS(vm,\n",
	      out);
	for (size_t i = 0; i < end->nr_slots; i++) {
		const struct slot *slot = &end->slots[i];

		fprintf(out,
			"\t\t{ .slot = 0x%x, .flags = 0x%x,\n"
			"\t\t  .guest_phys_addr = 0x%" PRIx64
			"ULL, .memory_size = 0x%" PRIx64
			"ULL,\n\t\t  .any = SLOTSCOPE_ANY_HVA },\n",
			(uint32_t)slot->as_id << 16 | (uint16_t)slot->id,
			slot->flags, slot->gpa, slot->size);
	}
	fputs("\t);\n"
	      "\tclose(vm);\n"
	      "}\n"
	      "\n"
	      "int main(void)\n"
	      "{\n"
	      "\tstatic const struct ktap_case cases[] = {\n"
	      "\t\tKTAP_CASE(same_slots),\n"
	      "\t};\n"
	      "\n"
	      "\tworld_need();\n"
	      "\treturn KTAP_RUN(cases);\n"
	      "}\n",
	      out);
}

void render_repro(FILE *out, const struct repro *repro, const char *from,
		  enum repro_form form)
{
	char name[128];

	/* It stands in a comment: nothing may end that */
	text_clean(name, sizeof(name), 100, from);
	for (char *at = name; (at = strstr(at, "*/"));)
		*at = ' ';
	fprintf(out,
		"/* SPDX-License-Identifier: GPL-2.0-or-later */\n"
		"/*\n * Written by slotscope repro, from %s: %zu request%s",
		name, repro->nr, repro->nr == 1 ? "" : "s");
	if (repro->dropped)
		fprintf(out, ", without %zu that its end does not need",
			repro->dropped);
	fputs(".\n", out);
	if (repro->left_out || repro->lost)
		fprintf(out,
			" * It may end otherwise: %" PRIu64
			" events were lost, and %" PRIu64
			" requests could not be read.\n",
			repro->lost, repro->left_out);
	if (repro->late)
		fputs(" * It may end otherwise: nothing tells how it began.\n",
		      out);
	fputs(form == REPRO_PLAIN ?
		      " *\n *\tcc -o repro FILE && ./repro\n" :
		      " * For tools/testing/selftests/slotscope.\n",
	      out);
	fputs(" */\n", out);
	fputs(form == REPRO_PLAIN ? plain_head : kselftest_head, out);
	fputs(common, out);
	for (size_t i = 0; i < repro->nr; i++)
		write_request(out, &repro->requests[i]);
	fputs("\t{ 0 }\n};\n", out);
	fputs(mapping, out);
	if (form == REPRO_KSELFTEST) {
		write_test(out, repro);
		return;
	}
	write_slots(out, repro);
	fputs(plain_end, out);
}
