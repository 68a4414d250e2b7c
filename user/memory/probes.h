/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USDT probes of the memory model, provider "slotscope": a tracer can follow a
 * change from the region to the request. A probe that nobody watches is one nop.
 *
 *   bpftrace -e 'usdt:./slotscope:slotscope:request { printf("%d %lx+%lx\n",
 *		  arg0, arg1, arg2); }' -c './slotscope vm -M pc'
 *
 * Without systemtap-sdt-dev there are none. 128-bit sizes are given as their
 * lower 64 bits: 0 for 2^64.
 */
#ifndef SLOTSCOPE_MEMORY_PROBES_H
#define SLOTSCOPE_MEMORY_PROBES_H

#if __has_include(<sys/sdt.h>)
/* In registers: libbpf 1.1 understands no operand with an index, (%rdx,%rax,8) */
#define STAP_SDT_ARG_CONSTRAINT nr
#include <sys/sdt.h>
#define PROBE1(name, a)		 DTRACE_PROBE1(slotscope, name, a)
#define PROBE2(name, a, b)	 DTRACE_PROBE2(slotscope, name, a, b)
#define PROBE3(name, a, b, c)	 DTRACE_PROBE3(slotscope, name, a, b, c)
#define PROBE4(name, a, b, c, d) DTRACE_PROBE4(slotscope, name, a, b, c, d)
#else
#define PROBE1(name, a)		 ((void)(a))
#define PROBE2(name, a, b)	 ((void)(a), (void)(b))
#define PROBE3(name, a, b, c)	 ((void)(a), (void)(b), (void)(c))
#define PROBE4(name, a, b, c, d) ((void)(a), (void)(b), (void)(c), (void)(d))
#endif

/*
 * region_map(region name, container name, offset, size)
 * region_unmap(region name, container name)
 * region_change(region name): any attribute
 * begin(depth before)
 * commit(rendered?)
 * render(root's name, ranges of the view, windows; 0 for all of it)
 * section_add(region name, address space name, address, size)
 * section_del(region name, address space name, address, size)
 * listener_call(listener name, function name): region_add, region_nop, ...
 * request(slot word, gpa, size, flags): KVM_SET_USER_MEMORY_REGION is next
 */

#endif
