/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a guest was when it could not run on, in the model's words. */
#ifndef SLOTSCOPE_KVM_PLACE_H
#define SLOTSCOPE_KVM_PLACE_H

#include <slotscope/memory.h>

#include "kvm/vcpu.h"

#define PLACE_TEXT 160

/**
 * place_of_gpa() - "0xa0000 (vga-lowmem, a device's registers)"
 * @text: PLACE_TEXT bytes. What the view that is current shows there
 *
 * Return: true if it is memory, which KVM can have in a slot.
 */
bool place_of_gpa(struct address_space *as, gpa_t gpa, char *text);

/**
 * place_of_vcpu() - where its next instruction is, likewise
 *
 * Its page tables are asked too, if it has any: by KVM_TRANSLATE. In its own
 * thread, or while it is paused.
 */
bool place_of_vcpu(const struct vcpu *cpu, char *text);

#endif
