// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include <gelf.h>

#include "unwind/go_elf.h"

bool go_elf_table(Elf *elf, struct go_table *table)
{
	Elf_Scn *section = NULL;
	bool found = false;
	uint64_t text = 0;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return false;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr head;
		const char *name;
		const Elf_Data *data;

		if (!gelf_getshdr(section, &head))
			continue;
		name = elf_strptr(elf, names, head.sh_name);
		if (!name || head.sh_type == SHT_NOBITS)
			continue;
		if (!strcmp(name, ".text"))
			text = head.sh_addr;
		if (strcmp(name, ".gopclntab") &&
		    strcmp(name, ".data.rel.ro.gopclntab"))
			continue;
		data = elf_rawdata(section, NULL);
		found = data && data->d_buf &&
			go_table_read(table, data->d_buf, data->d_size);
	}
	if (found && !table->text)
		table->text = text;
	return found;
}
