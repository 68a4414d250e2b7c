/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens inside the memory model, as steps of the creation path. */
#ifndef SLOTSCOPE_NARRATE_MEMORY_H
#define SLOTSCOPE_NARRATE_MEMORY_H

#include <slotscope/memory.h>

/** narrate_memory - for memory_model_options.observer */
extern const struct memory_observer narrate_memory;

/**
 * narrate_memory_model() - the model whose events this thread has seen, or NULL
 *
 * For the thread that changes it, during a step: that reads it as it is then.
 */
struct memory_model *narrate_memory_model(void);

#endif
