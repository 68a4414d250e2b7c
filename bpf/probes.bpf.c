// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Static probes (USDT) that a followed process comes by */
#include "state.h"

#include <linux/ptrace.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

static __always_inline void
arg_read(struct pt_regs *ctx, struct probe_record *rec, int at, __u32 *nr_texts)
{
	long value = 0, len;

	rec->args[at] = 0;
	if (at >= rec->nr_args)
		return;
	if (bpf_usdt_arg(ctx, at, &value)) {
		rec->unread |= 1 << at;
		return;
	}
	if (!(rec->is_text & 1 << at)) {
		rec->args[at] = value;
		return;
	}
	if (*nr_texts >= PROBE_TEXTS)
		return;
	len = bpf_probe_read_user_str(rec->texts[*nr_texts], PROBE_TEXT,
				      (void *)value);
	if (len < 0)
		rec->unread |= 1 << at;
	else
		++*nr_texts;
}

SEC("usdt")
int probe_hit(struct pt_regs *ctx)
{
	struct probe_record *rec;
	__u32 nr_texts = 0;
	long cookie;

	if (!current_is_followed() ||
	    (filter.tgid && filter.tgid != bpf_get_current_pid_tgid() >> 32))
		return 0;
	rec = record_reserve(struct probe_record, RECORD_PROBE, 0,
			     bpf_ktime_get_ns());
	if (!rec)
		return 0;
	rec->head.duration_ns = 0;
	cookie = bpf_usdt_cookie(ctx);
	rec->kind = (__u32)cookie;
	rec->is_text = cookie >> 32;
	rec->nr_args = bpf_usdt_arg_cnt(ctx);
	rec->unread = 0;
	__builtin_memset(rec->texts, 0, sizeof(rec->texts));
#pragma unroll
	for (int i = 0; i < PROBE_ARGS; i++)
		arg_read(ctx, rec, i, &nr_texts);
	record_submit(rec);
	return 0;
}
