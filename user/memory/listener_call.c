// SPDX-License-Identifier: GPL-2.0-or-later
/* Calling listeners: one way for all callbacks, seen by probes and the observer. */
#include "memory/address_space.h"
#include "memory/listener.h"
#include "memory/observe.h"
#include "memory/probes.h"

static const struct {
	const char *name;
	bool reverse; /* by descending priority */
} callbacks[] = {
	[LISTENER_BEGIN] = { "begin", false },
	[LISTENER_COMMIT] = { "commit", false },
	[LISTENER_REGION_ADD] = { "region_add", false },
	[LISTENER_REGION_DEL] = { "region_del", true },
	[LISTENER_REGION_NOP] = { "region_nop", false },
	[LISTENER_LOG_START] = { "log_start", false },
	[LISTENER_LOG_STOP] = { "log_stop", true },
	[LISTENER_LOG_SYNC] = { "log_sync", false },
	[LISTENER_LOG_CLEAR] = { "log_clear", false },
	[LISTENER_LOG_GLOBAL_START] = { "log_global_start", false },
	[LISTENER_LOG_GLOBAL_STOP] = { "log_global_stop", true },
	[LISTENER_EVENTFD_ADD] = { "eventfd_add", true },
	[LISTENER_EVENTFD_DEL] = { "eventfd_del", false },
	[LISTENER_COALESCED_ADD] = { "coalesced_io_add", false },
	[LISTENER_COALESCED_DEL] = { "coalesced_io_del", true },
};

static void tell_observer(const struct memory_listener *listener,
			  const struct listener_call *call, bool end)
{
	const struct memory_event event = {
		.kind = MEMORY_EVENT_CALL,
		.as = listener->as,
		.listener = listener,
		.callback = callbacks[call->callback].name,
		.section = call->section,
	};

	if (end)
		observe_end(listener->as->model, &event);
	else
		observe_begin(listener->as->model, &event);
}

/* One of the listener's functions, as what it takes */
struct function {
	void (*plain)(void *opaque);
	void (*section)(void *opaque,
			const struct memory_region_section *section);
	void (*masks)(void *opaque, const struct memory_region_section *section,
		      uint8_t old_mask, uint8_t new_mask);
	void (*eventfd)(void *opaque,
			const struct memory_region_section *section,
			const struct memory_ioeventfd *eventfd);
	void (*coalesced)(void *opaque,
			  const struct memory_region_section *section,
			  gpa_t addr, memory_size_t size);
};

static struct function function_of(const struct memory_listener_ops *ops,
				   enum listener_callback callback)
{
	switch (callback) {
	case LISTENER_BEGIN:
		return (struct function){ .plain = ops->begin };
	case LISTENER_COMMIT:
		return (struct function){ .plain = ops->commit };
	case LISTENER_REGION_ADD:
		return (struct function){ .section = ops->region_add };
	case LISTENER_REGION_DEL:
		return (struct function){ .section = ops->region_del };
	case LISTENER_REGION_NOP:
		return (struct function){ .section = ops->region_nop };
	case LISTENER_LOG_START:
		return (struct function){ .masks = ops->log_start };
	case LISTENER_LOG_STOP:
		return (struct function){ .masks = ops->log_stop };
	case LISTENER_LOG_SYNC:
		return (struct function){ .section = ops->log_sync };
	case LISTENER_LOG_CLEAR:
		return (struct function){ .section = ops->log_clear };
	case LISTENER_LOG_GLOBAL_START:
		return (struct function){ .plain = ops->log_global_start };
	case LISTENER_LOG_GLOBAL_STOP:
		return (struct function){ .plain = ops->log_global_stop };
	case LISTENER_EVENTFD_ADD:
		return (struct function){ .eventfd = ops->eventfd_add };
	case LISTENER_EVENTFD_DEL:
		return (struct function){ .eventfd = ops->eventfd_del };
	case LISTENER_COALESCED_ADD:
		return (struct function){ .coalesced = ops->coalesced_io_add };
	case LISTENER_COALESCED_DEL:
		return (struct function){ .coalesced = ops->coalesced_io_del };
	}
	return (struct function){ 0 };
}

void listener_call(const struct memory_listener *l,
		   const struct listener_call *call)
{
	struct function fn = function_of(l->ops, call->callback);

	if (!fn.plain && !fn.section && !fn.masks && !fn.eventfd &&
	    !fn.coalesced)
		return;
	PROBE2(listener_call, l->name, callbacks[call->callback].name);
	tell_observer(l, call, false);
	if (fn.plain)
		fn.plain(l->opaque);
	else if (fn.section)
		fn.section(l->opaque, call->section);
	else if (fn.masks)
		fn.masks(l->opaque, call->section, call->old_mask,
			 call->new_mask);
	else if (fn.eventfd)
		fn.eventfd(l->opaque, call->section, call->eventfd);
	else
		fn.coalesced(l->opaque, call->section, call->addr, call->size);
	tell_observer(l, call, true);
}

void listeners_call(const struct address_space *as,
		    const struct listener_call *call)
{
	const struct memory_listener *l;

	if (callbacks[call->callback].reverse) {
		TAILQ_FOREACH_REVERSE(l, &as->listeners, listener_list, as_link)
			listener_call(l, call);
	} else {
		TAILQ_FOREACH(l, &as->listeners, as_link)
			listener_call(l, call);
	}
}

void listener_call_plain(const struct memory_listener *listener,
			 enum listener_callback callback)
{
	listener_call(listener,
		      &(struct listener_call){ .callback = callback });
}

void listener_call_section(const struct memory_listener *listener,
			   enum listener_callback callback,
			   const struct memory_region_section *section)
{
	listener_call(listener, &(struct listener_call){ .callback = callback,
							 .section = section });
}

void listeners_call_section(const struct address_space *as,
			    enum listener_callback callback,
			    const struct memory_region_section *section)
{
	listeners_call(as, &(struct listener_call){ .callback = callback,
						    .section = section });
}
