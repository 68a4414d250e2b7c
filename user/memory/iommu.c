// SPDX-License-Identifier: GPL-2.0-or-later
/* IOMMU regions: who is told of what they map. */
#include <errno.h>

#include "memory/region.h"

static struct memory_region *behind_aliases(struct memory_region *region)
{
	while (region->info.alias)
		region = region->info.alias;
	return region;
}

static int refused(struct slotscope_error *err, int code,
		   const struct memory_region *region, const char *why)
{
	error_set(err, code, "watch or tell what IOMMU region %s maps",
		  region->name);
	return error_why(err, "%s", why);
}

int memory_region_register_iommu_notifier(struct memory_region *region,
					  struct iommu_notifier *notifier,
					  struct slotscope_error *err)
{
	region = behind_aliases(region);
	if (!region->info.iommu)
		return refused(err, EINVAL, region, "it is no IOMMU's");
	if (!notifier->flags ||
	    notifier->flags & ~(IOMMU_NOTIFY_MAP | IOMMU_NOTIFY_UNMAP))
		return refused(err, EINVAL, region,
			       "the notifier's flags are none or unknown");
	if (notifier->start > notifier->end)
		return refused(err, EINVAL, region,
			       "the notifier's range ends before it begins");
	notifier->next = region->iommu_notifiers;
	region->iommu_notifiers = notifier;
	return 0;
}

int memory_region_unregister_iommu_notifier(struct memory_region *region,
					    struct iommu_notifier *notifier,
					    struct slotscope_error *err)
{
	struct iommu_notifier **link;

	region = behind_aliases(region);
	for (link = &region->iommu_notifiers; *link; link = &(*link)->next) {
		if (*link == notifier) {
			*link = notifier->next;
			return 0;
		}
	}
	return refused(err, ENOENT, region, "the notifier is not registered");
}

int memory_region_notify_iommu(struct memory_region *region,
			       const struct iommu_tlb_entry *entry,
			       struct slotscope_error *err)
{
	unsigned int what = entry->perm ? IOMMU_NOTIFY_MAP : IOMMU_NOTIFY_UNMAP;
	gpa_t last = entry->iova + entry->mask;
	struct iommu_notifier *n, *next;

	if (!region->info.iommu)
		return refused(err, EINVAL, region, "it is no IOMMU's");
	for (n = region->iommu_notifiers; n; n = n->next)
		if (n->start <= last && n->end >= entry->iova &&
		    (entry->iova < n->start || last > n->end))
			return refused(err, EINVAL, region,
				       "a change reaches out of a notifier's "
				       "range");
	for (n = region->iommu_notifiers; n; n = next) {
		/* It may unregister itself */
		next = n->next;
		if (n->start <= last && n->end >= entry->iova &&
		    n->flags & what)
			n->notify(n, entry);
	}
	return 0;
}
