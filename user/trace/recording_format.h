/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the writer and the reader of recordings have in common */
#ifndef TRACE_RECORDING_FORMAT_H
#define TRACE_RECORDING_FORMAT_H

/* "format" in the first line */
#define RECORDING_FORMAT "slotscope-recording"

#endif
