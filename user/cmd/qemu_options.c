// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <string.h>

#include "cmd/qemu_options.h"

/**
 * struct kind - options that make no sense here for one reason
 * @names: with blanks between them
 * @next:  what to do in their place with slotscope vm
 */
struct kind {
	const char *names;
	const char *next;
};

static const struct kind kinds[] = {
	{ "enable-kvm no-kvm", "leave it out: KVM is all there is" },
	{ "nodefaults no-user-config vga nographic display",
	  "leave it out: there are no default devices, and no display; --debugcon "
	  "shows what the firmware says, --vga-window has the memory of a card" },
	{ "vnc spice sdl gtk curses full-screen g alt-grab k",
	  "leave it out: there is no display; --debugcon shows what the firmware "
	  "says" },
	{ "drive blockdev hda hdb hdc hdd cdrom fda fdb sd mtdblock boot snapshot "
	  "virtfs fsdev",
	  "leave it out: there are no disks, this VMM runs firmware alone" },
	{ "pflash kernel initrd append dtb option-rom L",
	  "what runs in the guest is named by --bios FILE alone" },
	{ "netdev nic net", "leave it out: there is no network" },
	{ "serial parallel chardev monitor mon qmp-pretty",
	  "the monitor is QMP, at --qmp ADDRESS; it takes HMP commands, too" },
	{ "device",
	  "DIMMs are plugged by the monitor's device_add pc-dimm; other "
	  "devices there are none" },
	{ "mem-path", "have --object memory-backend-file,id=ram,mem-path=PATH,"
		      "size=SIZE and -M pc,memory-backend=ram" },
	{ "mem-prealloc", "have --object memory-backend-ram,id=ram,prealloc=on,"
			  "size=SIZE and -M pc,memory-backend=ram" },
	{ "cpu", "leave it out: its vCPUs have what KVM supports" },
	{ "S", "write --paused" },
	{ "s gdb", "there is no gdb stub: --step waits before each step of the "
		   "VM's making" },
	{ "name uuid",
	  "leave it out: a VM is named by its process: slotscope list" },
	{ "daemonize pidfile runas chroot sandbox run-with",
	  "let a shell or systemd do that" },
	{ "incoming only-migratable", "there is no migration" },
	{ "D d trace dfilter",
	  "slotscope trace shows its requests, --explain its "
	  "steps" },
	{ "usb usbdevice audio audiodev soundhw rtc global set smbios acpitable "
	  "fw_cfg tpmdev watchdog icount no-reboot no-shutdown no-hpet no-acpi "
	  "readconfig writeconfig plugin semihosting overcommit msg",
	  "leave it out: this VMM is about memory; slotscope vm --help" },
};

/* Those that our own VMM has, too */
static const char ours[] = "M machine m smp accel object numa bios qmp";

static bool has_word(const char *words, const char *word)
{
	const size_t len = strlen(word);

	while (*words) {
		if (!strncmp(words, word, len) &&
		    (words[len] == ' ' || !words[len]))
			return len;
		words += strcspn(words, " ");
		words += strspn(words, " ");
	}
	return false;
}

const char *qemu_option(const char *name, bool vm)
{
	const char *next = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !next; i++)
		if (has_word(kinds[i].names, name))
			next = kinds[i].next;
	if (vm)
		return next;
	if (!next && !has_word(ours, name))
		return NULL;
	return "give it to the VMM: slotscope check -- qemu-system-x86_64 ...; our "
	       "own is slotscope vm";
}
