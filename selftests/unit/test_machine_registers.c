// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registers that move memory, by the datasheets: what a guest writes, and what is
 * to be seen at an address then.
 */
#include "machine/i440fx.h"
#include "machine/mch.h"

#include "machine_io.h"

#define HOST PCI_DEVFN(0, 0)
#define LPC  PCI_DEVFN(31, 0)
#define AHCI PCI_DEVFN(31, 2)
#define IDE  PCI_DEVFN(1, 1)
#define PM   PCI_DEVFN(1, 3)

static void start(struct built *b, const struct machine_class *class)
{
	static const struct machine_options o = {
		.ram_size = 32 * MIB,
		.nr_cpus = 3,
		.irqchip = MACHINE_IRQCHIP_ON,
		.smm = true,
		.vga_window = true,
		.bios_size = PC_BIOS_SIZE_DEFAULT,
	};

	*b = (struct built){ .real = true, .no_log = true };
	assert_int_equal(build(b, class, &o), 0);
}

static void assert_at(struct built *b, gpa_t addr, const char *name,
		      bool readonly)
{
	bool is_readonly = !readonly;

	assert_string_equal(
		what_is(b->machine.memory, addr, NULL, &is_readonly), name);
	assert_int_equal(is_readonly, readonly);
}

/* 4 bytes at 0xcf8 are the address, though 0xcf9 alone is the reset register */
static void config_address_is_whole(void **unused)
{
	struct built b;

	start(&b, &machine_pc);
	out(&b, 0xcf8, 0x80000e00, 4);
	assert_int_equal(in(&b, 0xcf8, 4), 0x80000e00);
	assert_int_equal(b.resets, 0);
	out(&b, 0xcf8, 0x80, 1); /* no part of it */
	assert_int_equal(in(&b, 0xcf8, 4), 0x80000e00);
	out(&b, 0xcf9, 0x02, 1);
	assert_int_equal(b.resets, 0);
	out(&b, 0xcf9, 0x06, 1);
	assert_int_equal(b.resets, 1);
	assert_int_equal(config_in(&b, HOST, 0, 4), 0x12378086);
	assert_int_equal(config_in(&b, PCI_DEVFN(7, 0), 0, 4), 0xffffffff);
	out(&b, 0xcf8, 0x80010000, 4); /* bus 1 */
	assert_int_equal(in(&b, 0xcfc, 4), 0xffffffff);
	out(&b, 0xcf8, 0, 4); /* not enabled */
	assert_int_equal(in(&b, 0xcfc, 4), 0xffffffff);
	destroy(&b);
}

static void pam_switches(const struct machine_class *class, unsigned int pam0)
{
	struct built b;
	unsigned int i;

	start(&b, class);
	assert_at(&b, 0xf0000, "pc.bios", true);
	config_out(&b, HOST, pam0, 0x10, 1);
	assert_at(&b, 0xf0000, "pc.ram", true);
	assert_at(&b, 0xfffff, "pc.ram", true);
	config_out(&b, HOST, pam0, 0x30, 1);
	assert_at(&b, 0xf0000, "pc.ram", false);
	/* Lower half of a byte: the lower 16 KiB */
	for (i = 0; i < 6; i++) {
		gpa_t low = 0xc0000 + 0x8000 * i, high = low + 0x4000;
		const char *rom = i < 4 ? "pc.rom" : "pc.bios";

		config_out(&b, HOST, pam0 + 1 + i, 0x03, 1);
		assert_at(&b, low, "pc.ram", false);
		assert_at(&b, high - 1, "pc.ram", false);
		assert_at(&b, high, rom, true);
		config_out(&b, HOST, pam0 + 1 + i, 0x10, 1);
		assert_at(&b, low, rom, true);
		assert_at(&b, high, "pc.ram", true);
		/* Bits that are not there */
		config_out(&b, HOST, pam0 + 1 + i, 0xff, 1);
		assert_int_equal(config_in(&b, HOST, pam0 + 1 + i, 1), 0x33);
	}
	out(&b, 0xcf9, 0x06, 1);
	assert_int_equal(machine_reset(&b.machine, &(struct slotscope_error){}),
			 0);
	assert_at(&b, 0xf0000, "pc.bios", true);
	assert_at(&b, 0xc0000, "pc.rom", true);
	destroy(&b);
}

static void pam_of_pc(void **unused)
{
	pam_switches(&machine_pc, I440FX_PAM0);
}

static void pam_of_q35(void **unused)
{
	pam_switches(&machine_q35, MCH_PAM0);
}

static bool smm_sees(struct built *b, struct address_space *smram, gpa_t addr)
{
	(void)b;
	return !strcmp(what_is(smram, addr, NULL, NULL), "pc.ram");
}

static struct address_space *add_smram(struct built *b)
{
	struct slotscope_error err = {};
	struct address_space *as;

	assert_int_equal(address_space_create(b->machine.model, "smram",
					      b->machine.smram, &as, &err),
			 0);
	return as;
}

static void smram_opens_and_locks(const struct machine_class *class,
				  unsigned int reg)
{
	struct address_space *smram;
	struct built b;

	start(&b, class);
	smram = add_smram(&b);
	assert_string_equal(name_at(&b, 0xa0000), "vga-lowmem");
	assert_false(smm_sees(&b, smram, 0xa0000));
	config_out(&b, HOST, reg, SMRAM_D_OPEN | SMRAM_G_SMRAME, 1);
	assert_at(&b, 0xa0000, "pc.ram", false);
	assert_true(smm_sees(&b, smram, 0xa0000));
	assert_true(smm_sees(&b, smram, 0xbffff));
	config_out(&b, HOST, reg, SMRAM_G_SMRAME, 1);
	assert_string_equal(name_at(&b, 0xa0000), "vga-lowmem");
	assert_true(smm_sees(&b, smram, 0xa0000));
	/* Locked: open no more, whatever is written, until the next reset */
	config_out(&b, HOST, reg, SMRAM_D_OPEN | SMRAM_D_LCK | SMRAM_G_SMRAME,
		   1);
	assert_string_equal(name_at(&b, 0xa0000), "vga-lowmem");
	config_out(&b, HOST, reg, SMRAM_D_OPEN, 1);
	assert_int_equal(config_in(&b, HOST, reg, 1),
			 SMRAM_D_LCK | SMRAM_G_SMRAME | SMRAM_C_BASE_SEG);
	assert_string_equal(name_at(&b, 0xa0000), "vga-lowmem");
	assert_true(smm_sees(&b, smram, 0xa0000));
	assert_int_equal(machine_reset(&b.machine, &(struct slotscope_error){}),
			 0);
	assert_false(smm_sees(&b, smram, 0xa0000));
	config_out(&b, HOST, reg, SMRAM_D_OPEN, 1);
	assert_at(&b, 0xa0000, "pc.ram", false);
	destroy(&b);
}

static void smram_of_pc(void **unused)
{
	smram_opens_and_locks(&machine_pc, I440FX_SMRAM);
}

static void smram_of_q35(void **unused)
{
	smram_opens_and_locks(&machine_q35, MCH_SMRAM);
}

static void high_smram_and_tseg(void **unused)
{
	static const struct {
		uint8_t bits;
		uint64_t size;
	} sizes[] = {
		{ 0, MIB }, { 2, 2 * MIB }, { 4, 8 * MIB }, { 6, 16 * MIB }
	};
	struct address_space *smram;
	struct built b;
	uint64_t at;
	size_t i;

	start(&b, &machine_q35);
	smram = add_smram(&b);
	config_out(&b, HOST, MCH_ESMRAMC, ESMRAMC_H_SMRAME, 1);
	config_out(&b, HOST, MCH_SMRAM, SMRAM_D_OPEN | SMRAM_G_SMRAME, 1);
	assert_string_equal(what_is(b.machine.memory, 0xfeda0000, &at, NULL),
			    "pc.ram");
	assert_int_equal(at, 0xa0000);
	assert_true(smm_sees(&b, smram, 0xfeda0000));
	assert_false(smm_sees(&b, smram, 0xa0000));
	config_out(&b, HOST, MCH_SMRAM, SMRAM_G_SMRAME, 1);
	assert_string_equal(name_at(&b, 0xfeda0000), "");
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		gpa_t tseg = 32 * MIB - sizes[i].size;

		config_out(&b, HOST, MCH_ESMRAMC, sizes[i].bits | ESMRAMC_T_EN,
			   1);
		assert_string_equal(name_at(&b, tseg - 1), "pc.ram");
		assert_string_equal(name_at(&b, tseg), "tseg-blackhole");
		assert_string_equal(name_at(&b, 32 * MIB - 1),
				    "tseg-blackhole");
		assert_string_equal(what_is(smram, tseg, &at, NULL), "pc.ram");
		assert_int_equal(at, tseg);
		assert_true(smm_sees(&b, smram, 32 * MIB - 1));
		assert_false(smm_sees(&b, smram, tseg - 1));
	}
	config_out(&b, HOST, MCH_ESMRAMC, 0, 1);
	assert_string_equal(name_at(&b, 32 * MIB - 1), "pc.ram");
	assert_false(smm_sees(&b, smram, 32 * MIB - 1));
	/* How large the last one is can be asked */
	config_out(&b, HOST, MCH_EXT_TSEG_MBYTES, 0xffff, 2);
	assert_int_equal(config_in(&b, HOST, MCH_EXT_TSEG_MBYTES, 2), 16);
	destroy(&b);
}

static void bars_move(void **unused)
{
	const unsigned int bar = PCI_BAR0 + 4 * 5;
	struct built b;

	start(&b, &machine_q35);
	config_out(&b, AHCI, bar, 0xffffffff, 4);
	assert_int_equal(config_in(&b, AHCI, bar, 4), 0xfffff000);
	config_out(&b, AHCI, bar, 0xe0000000, 4);
	assert_string_equal(name_at(&b, 0xe0000000), ""); /* not enabled */
	config_out(&b, AHCI, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_string_equal(name_at(&b, 0xe0000fff), "ahci");
	config_out(&b, AHCI, bar, 0xe1234567, 4);
	assert_string_equal(name_at(&b, 0xe0000000), "");
	assert_string_equal(name_at(&b, 0xe1234000), "ahci");
	/* Byte by byte it is there at each step, somewhere */
	config_out(&b, AHCI, bar + 3, 0xd1, 1);
	assert_string_equal(name_at(&b, 0xd1234000), "ahci");
	/* RAM hides what a guest puts over it; the APICs hide it too */
	config_out(&b, AHCI, bar, 0x00100000, 4);
	assert_string_equal(name_at(&b, 0x00100000), "pc.ram");
	config_out(&b, AHCI, bar, 0xfee00000, 4);
	assert_string_equal(name_at(&b, 0xfee00000), "kvm-apic-msi");
	/* It hides firmware, which has a lower priority, as in QEMU */
	config_out(&b, AHCI, bar, 0xfffc0000, 4);
	assert_string_equal(name_at(&b, 0xfffc0000), "ahci");
	assert_string_equal(name_at(&b, 0xfffc1000), "pc.bios");
	/* Its end would wrap; and 0 means not yet placed */
	config_out(&b, AHCI, bar, 0xfffff000, 4);
	assert_string_equal(name_at(&b, 0xfffff000), "pc.bios");
	config_out(&b, AHCI, bar, 0, 4);
	assert_string_equal(name_at(&b, 0), "pc.ram");
	config_out(&b, AHCI, bar, 0xe0000000, 4);
	config_out(&b, AHCI, PCI_COMMAND, 0, 2);
	assert_string_equal(name_at(&b, 0xe0000000), "");
	destroy(&b);
}

static void io_bars_move(void **unused)
{
	const unsigned int bar = PCI_BAR0 + 4 * 4;
	struct built b;

	start(&b, &machine_pc);
	config_out(&b, IDE, bar, 0xffffffff, 4);
	assert_int_equal(config_in(&b, IDE, bar, 4), 0xfffffff1);
	config_out(&b, IDE, bar, 0xc000, 4);
	config_out(&b, IDE, PCI_COMMAND, PCI_COMMAND_IO, 2);
	assert_string_equal(port_at(&b, 0xc00f), "piix-bmdma-container");
	assert_string_equal(port_at(&b, 0xc010), "io");
	config_out(&b, IDE, bar, 0x1c000, 4); /* no such port */
	assert_string_equal(port_at(&b, 0xc000), "io");
	destroy(&b);
}

static void config_space_in_memory(void **unused)
{
	struct built b;
	uint32_t id = 0;

	start(&b, &machine_q35);
	assert_string_equal(name_at(&b, 0xb0000000), "");
	config_out(&b, HOST, MCH_PCIEXBAR, 0xb0000001, 4);
	assert_string_equal(name_at(&b, 0xbfffffff), "pcie-mmcfg-mmio");
	address_space_read(b.machine.memory, 0xb0000000 | LPC << 12, &id, 4);
	assert_int_equal(id, 0x29188086);
	/* Beyond the 256 bytes of PCI, and on buses that are not there */
	address_space_read(b.machine.memory, 0xb0000100, &id, 4);
	assert_int_equal(id, 0xffffffff);
	address_space_read(b.machine.memory, 0xb0100000, &id, 4);
	assert_int_equal(id, 0xffffffff);
	/* 128 MiB, elsewhere, by a write through the window itself */
	id = 0xe0000003;
	address_space_write(b.machine.memory, 0xb0000000 + MCH_PCIEXBAR, &id,
			    4);
	assert_string_equal(name_at(&b, 0xb0000000), "");
	assert_string_equal(name_at(&b, 0xe7ffffff), "pcie-mmcfg-mmio");
	assert_string_equal(name_at(&b, 0xe8000000), "");
	destroy(&b);
}

struct dma {
	uint32_t control, length;
	uint64_t address;
};

static void fw_cfg_by_dma(void **unused)
{
	struct dma dma = { __builtin_bswap32(5 << 16 | 8 | 2),
			   __builtin_bswap32(2), __builtin_bswap64(0x2000) };
	struct built b;
	uint16_t cpus = 0xeeee;

	start(&b, &machine_pc);
	out(&b, 0x510, 0, 2);
	assert_int_equal(in(&b, 0x511, 1), 'Q');
	assert_int_equal(in(&b, 0x511, 1), 'E');
	assert_int_equal(in(&b, 0x514, 4), __builtin_bswap32(0x51454d55));
	address_space_write(b.machine.memory, 0x1000, &dma, sizeof(dma));
	out(&b, 0x518, __builtin_bswap32(0x1000), 4);
	address_space_read(b.machine.memory, 0x2000, &cpus, 2);
	assert_int_equal(cpus, 3);
	address_space_read(b.machine.memory, 0x1000, &dma, sizeof(dma));
	assert_int_equal(dma.control, 0);
	/* Into ROM: an error, and the ROM as it was */
	dma.control = __builtin_bswap32(8 | 2);
	dma.address = __builtin_bswap64(0xfffc0000);
	address_space_write(b.machine.memory, 0x1000, &dma, sizeof(dma));
	out(&b, 0x518, __builtin_bswap32(0x1000), 4);
	address_space_read(b.machine.memory, 0x1000, &dma, sizeof(dma));
	assert_int_equal(dma.control, __builtin_bswap32(1));
	/* A request that is nowhere */
	out(&b, 0x518, 0xffffffff, 4);
	destroy(&b);
}

/* A device takes each access of a transfer on its own, so of 4 GiB a billion */
static void fw_cfg_reads_to_ram_alone(void **unused)
{
	struct dma dma = { __builtin_bswap32(5 << 16 | 8 | 2),
			   __builtin_bswap32(2),
			   __builtin_bswap64(0xb0000090) };
	struct built b;

	start(&b, &machine_q35);
	config_out(&b, HOST, MCH_PCIEXBAR, 0xb0000001, 4);
	address_space_write(b.machine.memory, 0x1000, &dma, sizeof(dma));
	out(&b, 0x518, __builtin_bswap32(0x1000), 4);
	address_space_read(b.machine.memory, 0x1000, &dma, sizeof(dma));
	assert_int_equal(dma.control, __builtin_bswap32(1));
	destroy(&b);
}

static void power_management(void **unused)
{
	struct built b;

	start(&b, &machine_pc);
	config_out(&b, PM, 0x40, 0x600, 2);
	assert_string_equal(port_at(&b, 0x608), "io");
	config_out(&b, PM, 0x80, 1, 1);
	assert_string_equal(port_at(&b, 0x608), "acpi-tmr");
	b.now = 1000000000ULL;
	assert_int_equal(in(&b, 0x608, 4), 3579545);
	/* 24 bits: 4.69 s, and from 64 bits of nanoseconds without overflow */
	b.now = 100000ULL * 1000000000;
	assert_int_equal(in(&b, 0x608, 4), 357954500000ULL & 0xffffff);
	out(&b, 0xb2, 0x42, 1);
	assert_int_equal(b.smis, 0);
	config_out(&b, PM, 0x58, 1U << 25, 4);
	out(&b, 0xb2, 0x42, 1);
	assert_int_equal(b.smis, 1);
	assert_true(b.smi_first);
	out(&b, 0xb2, 0xf1, 1);
	assert_int_equal(in(&b, 0x604, 2), 1);
	out(&b, 0x604, 0x2001, 2);
	assert_int_equal(b.shutdowns, 1);
	config_out(&b, PM, 0x40, 0x1000, 2);
	assert_string_equal(port_at(&b, 0x608), "io");
	assert_string_equal(port_at(&b, 0x1008), "acpi-tmr");
	destroy(&b);
}

static void cmos_tells_sizes(void **unused)
{
	const struct machine_options o = { .ram_size = 5 * GIB,
					   .nr_cpus = 4,
					   .bios_size = PC_BIOS_SIZE_DEFAULT };
	static const struct {
		uint8_t index, value;
	} wanted[] = {
		{ 0x15, 0x80 }, { 0x16, 0x02 }, /* 640 KiB */
		{ 0x17, 0x00 }, { 0x18, 0xfc }, /* 63 MiB, the most */
		{ 0x34, 0x00 }, { 0x35, 0xbf }, /* 3 GiB - 16 MiB */
		{ 0x5b, 0x00 }, { 0x5c, 0x80 }, { 0x5d, 0x00 }, /* 2 GiB */
		{ 0x5f, 3 },	{ 0x0d, 0x80 },
	};
	struct built b = {};
	size_t i;

	assert_int_equal(build(&b, &machine_pc, &o), 0);
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		out(&b, 0x70, wanted[i].index | 0x80, 1);
		assert_int_equal(in(&b, 0x71, 1), wanted[i].value);
	}
	destroy(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_address_is_whole),
		cmocka_unit_test(pam_of_pc),
		cmocka_unit_test(pam_of_q35),
		cmocka_unit_test(smram_of_pc),
		cmocka_unit_test(smram_of_q35),
		cmocka_unit_test(high_smram_and_tseg),
		cmocka_unit_test(bars_move),
		cmocka_unit_test(io_bars_move),
		cmocka_unit_test(config_space_in_memory),
		cmocka_unit_test(fw_cfg_by_dma),
		cmocka_unit_test(fw_cfg_reads_to_ram_alone),
		cmocka_unit_test(power_management),
		cmocka_unit_test(cmos_tells_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
