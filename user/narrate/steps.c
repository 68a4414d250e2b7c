// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each step is. Functions and files are those of QEMU 7.2 and Linux 6.1,
 * where each was looked up; articles mean QEMU 1.x.
 */
#include "narrate/narrate.h"

#define KVM_ALL "accel/kvm/kvm-all.c"
#define MEMORY	"softmmu/memory.c"
#define PHYSMEM "softmmu/physmem.c"

const struct narrate_step narrate_steps[NR_NARRATE] = {
	[NARRATE_CONFIGURE_ACCELERATORS] = {
		"configure_accelerators", "softmmu/vl.c",
		"configure_accelerator", NULL,
		"Decides who runs the guest's instructions. An accelerator is a "
		"class with a function that sets the machine up for it; here "
		"it is KVM.",
	},
	[NARRATE_KVM_INIT] = {
		"kvm_init", KVM_ALL, NULL,
		"virt/kvm/kvm_main.c kvm_dev_ioctl()",
		"Opens /dev/kvm, makes sure that it speaks version 12 of the "
		"API, and asks how many memslots there are. One KVMState stands "
		"for the VM from here on.",
	},
	[NARRATE_KVM_CREATE_VM] = {
		"kvm_init", KVM_ALL, NULL,
		"virt/kvm/kvm_main.c kvm_dev_ioctl_create_vm(); "
		"virt/kvm/kvm_main.c kvm_create_vm()",
		"KVM_CREATE_VM makes a struct kvm, without memory and without "
		"vCPUs, and returns a descriptor for it. It may be "
		"interrupted (EINTR), and is tried again then.",
		.part = "the VM",
	},
	[NARRATE_KVM_CHECK_EXTENSIONS] = {
		"kvm_check_extension_list", KVM_ALL, NULL,
		"virt/kvm/kvm_main.c kvm_vm_ioctl_check_extension_generic(); "
		"arch/x86/kvm/x86.c kvm_vm_ioctl_check_extension()",
		"KVM is known by its capabilities, never by its version. Without "
		"those asked for here a VMM gives up.",
	},
	[NARRATE_KVM_ARCH_INIT] = {
		"kvm_arch_init", "target/i386/kvm/kvm.c", NULL,
		"arch/x86/kvm/x86.c kvm_arch_vm_ioctl()",
		"What x86 needs before the first vCPU: addresses for pages of "
		"KVM's own (identity map and TSS, for real mode on Intel), where "
		"neither RAM nor firmware will be.",
	},
	[NARRATE_KVM_IRQCHIP_CREATE] = {
		"kvm_irqchip_create", KVM_ALL, NULL,
		"arch/x86/kvm/x86.c kvm_arch_vm_ioctl(); "
		"arch/x86/kvm/ioapic.c kvm_ioapic_init()",
		"Moves the interrupt controllers into the kernel: PIC, I/O APIC "
		"and local APICs (on), the local APICs alone (split), or "
		"none (off).",
	},
	[NARRATE_KVM_DIRTY_INIT] = {
		"kvm_init", KVM_ALL, NULL,
		"virt/kvm/kvm_main.c kvm_vm_ioctl_enable_cap_generic()",
		"Chooses how dirty pages will be found. With manual protection, "
		"looking at a slot's bitmap and clearing it are two requests.",
		.part = "dirty logging",
	},
	[NARRATE_KVM_GET_SUPPORTED_CPUID] = {
		"get_supported_cpuid", "target/i386/kvm/kvm.c", NULL,
		"arch/x86/kvm/cpuid.c kvm_dev_ioctl_get_cpuid()",
		"Asks what CPU KVM can show. It says E2BIG until there is room "
		"for the whole list.",
	},
	[NARRATE_KVM_MEMORY_LISTENER_REGISTER] = {
		"kvm_memory_listener_register", KVM_ALL, NULL, NULL,
		"From now on KVM hears of each change of guest memory: an empty "
		"table of KVMSlots, and a MemoryListener that will fill it.",
	},
	[NARRATE_CPU_EXEC_INIT_ALL] = {
		"cpu_exec_init_all", PHYSMEM, NULL, NULL,
		"Sets up what all machines have in common: the list of RAMBlocks, "
		"and the two address spaces of an x86 machine. QEMU 7.2 does this "
		"just before it opens KVM.",
	},
	[NARRATE_MEMORY_MAP_INIT] = {
		"memory_map_init", PHYSMEM, NULL, NULL,
		"Makes the two regions that all others go into, \"system\" for "
		"memory and \"io\" for ports, and an AddressSpace on top of each.",
	},
	[NARRATE_ADDRESS_SPACE_INIT] = {
		"address_space_init", MEMORY, NULL, NULL,
		"An AddressSpace is what somebody sees of a tree of regions, for "
		"instance a CPU. It keeps the tree's FlatView.",
	},
	[NARRATE_MEMORY_LISTENER_REGISTER] = {
		"memory_listener_register", MEMORY, NULL, NULL,
		"Puts a MemoryListener into the list of those that are told of "
		"changes of an AddressSpace, by priority.",
	},
	[NARRATE_LISTENER_ADD_ADDRESS_SPACE] = {
		"listener_add_address_space", MEMORY, NULL, NULL,
		"A new listener is told what is there already: region_add for "
		"each FlatRange of the FlatView.",
	},
	[NARRATE_REGION_INIT] = {
		"memory_region_init", MEMORY, NULL, NULL,
		"A container: a MemoryRegion that shows nothing but what is put "
		"into it.",
	},
	[NARRATE_REGION_INIT_IO] = {
		"memory_region_init_io", MEMORY, NULL, NULL,
		"A MemoryRegion that a device answers for: no RAM, so no slot. An "
		"access by the guest leaves KVM (KVM_EXIT_MMIO, KVM_EXIT_IO).",
	},
	[NARRATE_REGION_INIT_RAM] = {
		"memory_region_init_ram", MEMORY, NULL, NULL,
		"A MemoryRegion with memory behind it, which a RAMBlock "
		"describes. The guest does not see it before it is mapped.",
	},
	[NARRATE_REGION_INIT_ROM_DEVICE] = {
		"memory_region_init_rom_device", MEMORY, NULL, NULL,
		"Memory for reads, a device for writes: flash.",
	},
	[NARRATE_REGION_INIT_ALIAS] = {
		"memory_region_init_alias", MEMORY, NULL, NULL,
		"A window onto a part of another MemoryRegion. So one piece of RAM "
		"can show at several places, and be split around a hole.",
	},
	[NARRATE_REGION_SET_READONLY] = {
		"memory_region_set_readonly", MEMORY, NULL, NULL,
		"Writes are dropped from now on: ROM. A slot made of it has "
		"KVM_MEM_READONLY.",
	},
	[NARRATE_QEMU_RAM_ALLOC] = {
		"qemu_ram_alloc", PHYSMEM, NULL, NULL,
		"Makes the RAMBlock: host memory, and a place for it in the "
		"space of ram_addr_t, by which dirty bitmaps are indexed. The "
		"list of them, ram_list, begins with the largest: "
		"qemu_get_ram_block(), which goes from a ram_addr_t to its "
		"block, tries the last one found (mru_block), then that order.",
	},
	[NARRATE_QEMU_ANON_RAM_ALLOC] = {
		"qemu_anon_ram_alloc", "util/oslib-posix.c",
		"kvm_vmalloc, which called posix_memalign",
		"mm/mmap.c do_mmap()",
		"Reserves host memory, aligned to 2 MiB, so that KVM can use huge "
		"pages. No page of it is there before it is touched. QEMU does "
		"this within qemu_ram_alloc().",
	},
	[NARRATE_REGION_ADD_SUBREGION] = {
		"memory_region_add_subregion", MEMORY, NULL, NULL,
		"Maps a MemoryRegion into a container, at an offset. Where regions "
		"overlap, the higher priority shows.",
	},
	[NARRATE_REGION_DEL_SUBREGION] = {
		"memory_region_del_subregion", MEMORY, NULL, NULL,
		"Takes a MemoryRegion out of its container.",
	},
	[NARRATE_REGION_CHANGE] = {
		"memory_region_set_enabled", MEMORY, NULL, NULL,
		"Shows a MemoryRegion and all below it, or hides it.",
	},
	[NARRATE_TRANSACTION_COMMIT] = {
		"memory_region_transaction_commit", MEMORY, NULL, NULL,
		"The end of a change. Each AddressSpace that it touched is "
		"rendered anew, and its listeners are told what differs.",
	},
	[NARRATE_SET_FLATVIEW] = {
		"address_space_set_flatview", MEMORY,
		"address_space_update_topology", NULL,
		"The tree of regions, seen from above, is a FlatView: a sorted "
		"list of FlatRanges that do not overlap. Its "
		"AddressSpaceDispatch, a tree too, finds the section of an "
		"address; ranges of less than a page share a subpage. The new one "
		"takes the old one's place, and address_space_update_topology_pass() "
		"tells the listeners what differs, in two passes: first all that "
		"goes, then all that comes.",
	},
	[NARRATE_REGION_ADD] = {
		"kvm_region_add", KVM_ALL, "region_add", NULL,
		"KVM's listener is told that a FlatRange has come. "
		"section_from_flat_range() makes a MemoryRegionSection of it: "
		"which part of which region is where.",
	},
	[NARRATE_REGION_DEL] = {
		"kvm_region_del", KVM_ALL, "region_del", NULL,
		"KVM's listener is told that a FlatRange is gone. All that goes is "
		"told before anything that comes: slots must not overlap.",
	},
	[NARRATE_KVM_SET_PHYS_MEM] = {
		"kvm_set_phys_mem", KVM_ALL, NULL, NULL,
		"Turns the section into a KVMSlot, cut to whole pages. What is no "
		"RAM gets none.",
	},
	[NARRATE_KVM_SET_USER_MEMORY_REGION] = {
		"kvm_set_user_memory_region", KVM_ALL, NULL,
		"virt/kvm/kvm_main.c kvm_vm_ioctl_set_memory_region(); "
		"virt/kvm/kvm_main.c __kvm_set_memory_region(); "
		"virt/kvm/kvm_main.c kvm_set_memslot()",
		"KVM_SET_USER_MEMORY_REGION with a kvm_userspace_memory_region. In "
		"the kernel it becomes a kvm_memory_slot: base_gfn and npages are "
		"the guest's side, userspace_addr is ours.",
	},
	[NARRATE_KVM_IOEVENTFD] = {
		"kvm_set_ioeventfd_mmio", KVM_ALL, NULL,
		"virt/kvm/eventfd.c kvm_ioeventfd()",
		"A write of the guest there only signals an eventfd, without "
		"leaving KVM.",
	},
	[NARRATE_KVM_COALESCE_MMIO] = {
		"kvm_coalesce_mmio_region", KVM_ALL, NULL,
		"virt/kvm/coalesced_mmio.c "
		"kvm_vm_ioctl_register_coalesced_mmio()",
		"Writes of the guest there may wait in a ring until it leaves "
		"KVM for another reason.",
	},
	[NARRATE_BOARD_INIT] = {
		"machine_run_board_init", "hw/core/machine.c", NULL, NULL,
		"The board's own function builds the machine: RAM, firmware, "
		"CPUs, devices.",
	},
	[NARRATE_PC_INIT1] = {
		"pc_init1", "hw/i386/pc_piix.c", NULL, NULL,
		"The board \"pc\": i440FX and PIIX3. \"isapc\" comes through here "
		"too, and gets no PCI.",
	},
	[NARRATE_PC_Q35_INIT] = {
		"pc_q35_init", "hw/i386/pc_q35.c", NULL, NULL,
		"The board \"q35\": PCI Express, of 2007.",
	},
	[NARRATE_MICROVM_INIT] = {
		"microvm_machine_state_init", "hw/i386/microvm.c", NULL, NULL,
		"The board \"microvm\": as little as a guest can live with.",
	},
	[NARRATE_PC_MEMORY_INIT] = {
		"pc_memory_init", "hw/i386/pc.c", NULL, NULL,
		"Lays RAM out. pc.ram is one region, and the guest sees it through "
		"aliases: ram-below-4g up to the hole for PCI and firmware, "
		"ram-above-4g for what did not fit.",
	},
	[NARRATE_MICROVM_MEMORY_INIT] = {
		"microvm_memory_init", "hw/i386/microvm.c", NULL, NULL,
		"Lays RAM out as a PC does: aliases ram-below-4g and "
		"ram-above-4g of one region, around the hole for devices and "
		"firmware.",
	},
	[NARRATE_PC_SYSTEM_FIRMWARE_INIT] = {
		"pc_system_firmware_init", "hw/i386/pc_sysfw.c",
		"part of pc_memory_init", NULL,
		"pc.bios: the firmware's ROM ends at 4 GiB, where the first "
		"instruction is. Its last 128 KiB show below 1 MiB once more "
		"(isa-bios).",
	},
	[NARRATE_BIOS_MAP] = {
		"x86_bios_rom_init", "hw/i386/x86.c", NULL, NULL,
		"The firmware's ROM, pc.bios, ends at 4 GiB, where the first "
		"instruction is. Its last 128 KiB show below 1 MiB once more.",
		.part = "the region",
	},
	[NARRATE_BIOS_LOAD] = {
		"x86_bios_rom_init", "hw/i386/x86.c", "bios_name, in pc_memory_init",
		NULL, "Reads the bios into the memory of pc.bios.",
	},
	[NARRATE_I440FX_INIT] = {
		"i440fx_init", "hw/pci-host/i440fx.c", NULL, NULL,
		"The host bridge. It maps PCI below all else, and can show RAM or "
		"PCI between 640 KiB and 1 MiB: SMRAM and PAM.",
	},
	[NARRATE_MCH_REALIZE] = {
		"mch_realize", "hw/pci-host/q35.c", NULL, NULL,
		"The host bridge of q35. As that of pc, and it can hide RAM at "
		"the top from all but SMM (TSEG).",
	},
	[NARRATE_INIT_PAM] = {
		"init_pam", "hw/pci-host/pam.c", NULL, NULL,
		"One range that a PAM register switches: four aliases on one "
		"place, of which one is enabled.",
		.fold = true,
	},
	[NARRATE_REGISTER_SMRAM_LISTENER] = {
		"register_smram_listener", "target/i386/kvm/kvm.c", NULL,
		"arch/x86/include/asm/kvm_host.h kvm_arch_vcpu_memslots_id(); "
		"include/linux/kvm_host.h kvm_vcpu_memslots()",
		"Gives KVM a second AddressSpace, for vCPUs in System Management "
		"Mode: the system's memory, and over it the SMRAM that only they "
		"see, once the firmware has closed it. KVM knows its slots by "
		"numbers from 65536 (1 << 16) on.",
	},
	[NARRATE_KVM_PIT] = {
		"kvm_pit_realizefn", "hw/i386/kvm/i8254.c", NULL,
		"arch/x86/kvm/i8254.c kvm_create_pit()",
		"The timer of 1981 in the kernel, beside the interrupt "
		"controllers.",
	},
	[NARRATE_KVM_IRQ_ROUTING] = {
		"kvm_pc_setup_irq_routing", "hw/i386/kvm/ioapic.c", NULL,
		"virt/kvm/irqchip.c kvm_set_irq_routing()",
		"Ties interrupt lines (GSIs) to pins of PIC and I/O APIC. A PC "
		"has its timer on line 0 of the one and 2 of the other.",
	},
	[NARRATE_X86_CPUS_INIT] = {
		"x86_cpus_init", "hw/i386/x86.c", "pc_cpus_init", NULL,
		"Makes the vCPUs, and the AddressSpace through which each sees "
		"memory.",
	},
	[NARRATE_KVM_INIT_VCPU] = {
		"kvm_init_vcpu", KVM_ALL, NULL,
		"virt/kvm/kvm_main.c kvm_vm_ioctl_create_vcpu(); "
		"arch/x86/kvm/x86.c kvm_arch_vcpu_create()",
		"A vCPU is a descriptor, and a kvm_run: a page or more that we "
		"share with KVM, where it says why the guest was left.",
	},
	[NARRATE_KVM_ARCH_INIT_VCPU] = {
		"kvm_arch_init_vcpu", "target/i386/kvm/kvm.c", NULL,
		"arch/x86/kvm/cpuid.c kvm_vcpu_ioctl_set_cpuid2()",
		"Says what CPU the guest sees: the answers of CPUID.",
	},
	[NARRATE_KVM_ARCH_GET_REGISTERS] = {
		"kvm_arch_get_registers", "target/i386/kvm/kvm.c", NULL,
		"arch/x86/kvm/x86.c kvm_arch_vcpu_ioctl(); "
		"arch/x86/kvm/x86.c kvm_vcpu_reset()",
		"Reads the registers that KVM gave the vCPU: those of a CPU "
		"after reset. The first instruction is 16 bytes below 4 GiB.",
	},
	[NARRATE_KVM_IRQCHIP_GET] = {
		"kvm_pic_get", "hw/i386/kvm/i8259.c", NULL,
		"arch/x86/kvm/x86.c kvm_vm_ioctl_get_irqchip()",
		"Reads timer and interrupt controllers as they are at power on, "
		"so that a reset can bring that back.",
	},
	[NARRATE_KVM_CPU_EXEC] = {
		"kvm_cpu_exec", KVM_ALL, NULL,
		"virt/kvm/kvm_main.c kvm_vcpu_ioctl(); "
		"arch/x86/kvm/x86.c kvm_arch_vcpu_ioctl_run()",
		"The guest runs, until KVM needs us: KVM_RUN returns then. Here "
		"the creation path ends.",
	},
};
