/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory model: QEMU's, in C spelling. Regions form a graph; each address
 * space renders the part of it that hangs below its root into a flat view;
 * listeners are told what changed between one view and the next.
 *
 * Pure. The library does no I/O, keeps no global state and allocates no guest
 * memory: RAM is handed in, as a pointer or only as the number that some other
 * process uses for it.
 *
 * What must be known to use it:
 *
 * - Lifetime. Every object belongs to one struct memory_model and goes with it
 *   at the latest. A region lives as long as it has references: its creator's
 *   (given back by memory_region_unref()), its container's, that of each alias
 *   of it, that of each address space rooted in it, and that of each flat view
 *   that shows it. A region that is mapped or aliased so outlives its creator.
 * - Threads. One thread at a time changes a model; the caller sees to that. Any
 *   thread may take a flat view, read it and drop it, meanwhile: a view never
 *   changes once it is published, and a reader sees all of a commit or nothing.
 * - Errors. A function that can refuse returns 0 or a negative errno value and
 *   fills @err; the model is then as it was before the call. Nothing aborts.
 *   Each can return -ENOMEM, and each that leads to a commit -ELOOP, if regions
 *   are nested more than 1000 deep, or -E2BIG, if aliases of aliases multiply
 *   to millions of ranges; the other values are listed with it.
 * - Transactions. A change takes effect on views and listeners at the end of
 *   the outermost transaction; without one, before the call returns. Listener
 *   callbacks must not change the model.
 *
 * Addresses, offsets and sizes are in bytes. The rules, unless another source
 * is named, are those of QEMU 7.2 (docs/devel/memory.rst and its behaviour).
 */
#ifndef SLOTSCOPE_MEMORY_H
#define SLOTSCOPE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <slotscope/error.h>
#include <slotscope/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A size or an end address: 0 to 2^64, inclusive */
__extension__ typedef unsigned __int128 memory_size_t;

/* All of a 64-bit address space */
#define MEMORY_SIZE_2_64 ((memory_size_t)1 << 64)

struct memory_model;
struct memory_region;
struct address_space;
struct flat_view;
struct memory_listener;
struct memory_observer;

/* Who wants to know of writes to RAM; bits of a dirty log mask */
enum {
	DIRTY_MEMORY_VGA = 1U << 0,  /* a display; set per region */
	DIRTY_MEMORY_CODE = 1U << 1, /* TCG; all RAM of a model with .tcg */
	DIRTY_MEMORY_MIGRATION = 1U << 2, /* while global dirty logging is on */
};

/*
 * The model
 */

/**
 * struct memory_model_options - what differs between machines; all 0 is QEMU
 * 7.2 with KVM on a host and a guest of 4 KiB pages
 * @page_size:	 the guest's page size, in bytes; a power of 2; 0 means 4096
 * @ram_align:	 alignment of RAMBlock offsets, in bytes; a power of 2; 0 means
 *		 64 pages (QEMU since 2.9); QEMU 2.8 used one page
 * @tcg:	 RAM is watched for code too (DIRTY_MEMORY_CODE)
 * @full_render: render every view whole at each commit, as QEMU does, and tell
 *		 listeners of every range (region_nop for what stayed). Slow, and
 *		 the oracle for the fast way
 * @observer:	 follows what happens inside, see struct memory_observer; NULL
 */
struct memory_model_options {
	uint64_t page_size;
	uint64_t ram_align;
	bool tcg;
	bool full_render;
	const struct memory_observer *observer;
};

/**
 * memory_model_create() - make an empty model
 * @options: NULL for the defaults
 *
 * Errors: -EINVAL for a page size or alignment that is no power of 2.
 */
int memory_model_create(const struct memory_model_options *options,
			struct memory_model **out, struct slotscope_error *err);

/**
 * memory_model_destroy() - free a model and all that is in it
 * @model: NULL is allowed
 *
 * Listeners are dropped without being told. Regions are destroyed whatever
 * references they still have; their destructors run. No other thread may use
 * the model or hold one of its views.
 */
void memory_model_destroy(struct memory_model *model);

/**
 * memory_model_begin() - open a transaction; they nest
 */
void memory_model_begin(struct memory_model *model);

/**
 * memory_model_commit() - close a transaction
 *
 * The outermost one renders, if anything in it made that necessary, and tells
 * the listeners: begin to each listener of the model; then for each address
 * space what went (region_del), then what came, stayed or changed (region_add,
 * region_nop, log_start, log_stop), then its ioeventfds; then commit to each.
 *
 * Errors: -EINVAL without an open transaction. After -ENOMEM, -ELOOP or -E2BIG
 * nobody was told anything and the transaction is still open: call it again,
 * once there is memory, or the regions show less.
 */
int memory_model_commit(struct memory_model *model,
			struct slotscope_error *err);

/**
 * memory_global_dirty_log_start() - log writes to all migratable RAM
 * @flags: who asks; one bit each, any meaning. Logging lasts until the last bit
 *	   is stopped
 *
 * Errors: -EINVAL if @flags is 0.
 */
int memory_global_dirty_log_start(struct memory_model *model, uint32_t flags,
				  struct slotscope_error *err);

/**
 * memory_global_dirty_log_stop() - undo it
 *
 * While the VM is paused (memory_model_set_running()) the stop is put off until
 * it runs again, or the same bits are started again.
 *
 * Errors: -EINVAL if a bit of @flags was not started.
 */
int memory_global_dirty_log_stop(struct memory_model *model, uint32_t flags,
				 struct slotscope_error *err);

/**
 * memory_global_dirty_log_sync() - have all listeners fetch dirty pages now
 *
 * Calls log_sync for each range with a dirty log mask.
 */
void memory_global_dirty_log_sync(struct memory_model *model);

/**
 * memory_model_set_running() - tell whether the VM runs; a new model's does
 */
int memory_model_set_running(struct memory_model *model, bool running,
			     struct slotscope_error *err);

/*
 * RAMBlock
 */

enum {
	RAM_SHARED = 1U << 0, /* mapped MAP_SHARED: another process may look */
	RAM_RESIZABLE = 1U << 1, /* ram_block_resize() is allowed */
	RAM_MIGRATABLE = 1U
			 << 2,	/* part of the VM's state; see dirty logging */
	RAM_READONLY = 1U << 3, /* the backing cannot be written */
};

/**
 * struct ram_block_options - where RAM comes from; all 0 is private memory of
 * which nothing is known
 * @host:	its memory, if this process may read and write it: as much as it
 *		may grow to. Must outlast the block. NULL: accesses through the
 *		model fail
 * @hva:	its address in the VMM. Taken from @host if that is not NULL;
 *		otherwise only a number, never dereferenced; 0 if not known
 * @max_size:	bytes that it may grow to; 0 means no more than its size
 * @page_size:	bytes of a host page here, a power of 2; 0 means 4096
 * @flags:	RAM_*
 * @fd:		the file it is mapped from, plus 1; 0 for none. Not closed
 * @guest_memfd: the guest_memfd behind its private pages, plus 1; 0 for none.
 *		Not closed
 * @idstr:	its name in a migration stream; copied. NULL: the region's name
 * @resized:	told after ram_block_resize(); may be NULL
 * @opaque:	for @resized
 * @block:	take this block, made by ram_block_create(), instead of making one;
 *		all else here is then ignored
 */
struct ram_block_options {
	void *host;
	hva_t hva;
	uint64_t max_size;
	uint64_t page_size;
	uint32_t flags;
	int fd;
	int guest_memfd;
	const char *idstr;
	void (*resized)(void *opaque, const char *idstr, uint64_t size);
	void *opaque;
	struct ram_block *block;
};

/**
 * struct ram_block - a piece of guest RAM
 * @idstr:	 its name
 * @offset:	 its place in the ram_addr_t space that dirty bitmaps use, in
 *		 bytes. The smallest gap that fits is chosen (find_ram_offset)
 * @used_length: bytes in use, in whole host pages
 * @max_length:	 bytes that it may grow to, in whole host pages
 * @page_size:	 of the host, here
 * @flags:	 RAM_*
 * @fd:		 -1 if none
 * @guest_memfd: -1 if none
 * @hva:	 0 if not known
 * @host:	 NULL if not accessible from here
 * @region:	 whose RAM it is; NULL while there is none
 *
 * Read it; never write to it.
 */
struct ram_block {
	char *idstr;
	uint64_t offset;
	uint64_t used_length;
	uint64_t max_length;
	uint64_t page_size;
	uint32_t flags;
	int fd;
	int guest_memfd;
	hva_t hva;
	void *host;
	struct memory_region *region;
};

/**
 * ram_block_create() - make RAM that no region shows yet
 *
 * memory_region_create_ram() does this by itself. The block goes with the region
 * that takes it.
 *
 * Errors: those of memory_region_create_ram().
 */
int ram_block_create(struct memory_model *model, const char *name,
		     uint64_t size, const struct ram_block_options *options,
		     struct ram_block **out, struct slotscope_error *err);

/**
 * ram_block_destroy() - free a block that no region took; NULL is allowed
 *
 * Errors: -EBUSY if one did.
 */
int ram_block_destroy(struct ram_block *block, struct slotscope_error *err);

/**
 * ram_block_resize() - change a block's used length, and its region's size
 * @size: bytes; the block rounds it up to host pages, the region keeps it
 *
 * Errors: -EINVAL for 0 or more than max_length, or for a block without
 * RAM_RESIZABLE whose pages would change.
 */
int ram_block_resize(struct ram_block *block, uint64_t size,
		     struct slotscope_error *err);

/** ram_block_set_migratable() - set or clear RAM_MIGRATABLE; renders nothing */
void ram_block_set_migratable(struct ram_block *block, bool migratable);

/** ram_block_first() - the biggest RAMBlock, or NULL; for ram_block_next() */
struct ram_block *ram_block_first(const struct memory_model *model);
/** ram_block_next() - the next smaller one; among equals the older is first */
struct ram_block *ram_block_next(const struct ram_block *block);

/**
 * ram_block_from_offset() - the block that holds a ram_addr_t, or NULL
 *
 * The block found last is looked at first.
 */
struct ram_block *ram_block_from_offset(struct memory_model *model,
					uint64_t ram_addr);

/**
 * ram_block_from_hva() - the block that holds an address of the VMM, or NULL
 * @offset: bytes into the block; may be NULL
 */
struct ram_block *ram_block_from_hva(struct memory_model *model, hva_t hva,
				     uint64_t *offset);

/*
 * MemoryRegion
 */

enum memtx_result {
	MEMTX_OK = 0,
	MEMTX_ERROR = 1U << 0,	      /* the device refused */
	MEMTX_DECODE_ERROR = 1U << 1, /* nothing there */
};

enum memory_endian {
	MEMORY_ENDIAN_NATIVE, /* the guest's: little, unless said otherwise */
	MEMORY_ENDIAN_LITTLE,
	MEMORY_ENDIAN_BIG,
};

/**
 * struct memory_region_ops - how a device answers
 * @read:	fill @data with @size bytes from @addr, an offset in the region;
 *		NULL: reads are unassigned
 * @write:	the other way; NULL: writes are unassigned
 * @endian:	byte order of @data's meaning
 * @valid:	what the guest may do: access sizes in bytes (max 0: any, and an
 *		access through the model is cut to 4), unaligned or not, and, if
 *		accepts is set, what it says. Anything else is
 *		MEMTX_DECODE_ERROR
 * @impl:	what @read and @write can do; the model splits or widens
 *		accesses (0 means 1 to 4)
 */
struct memory_region_ops {
	enum memtx_result (*read)(void *opaque, uint64_t addr,
				  unsigned int size, uint64_t *data);
	enum memtx_result (*write)(void *opaque, uint64_t addr,
				   unsigned int size, uint64_t data);
	enum memory_endian endian;
	struct {
		unsigned int min_access_size;
		unsigned int max_access_size;
		bool unaligned;
		bool (*accepts)(void *opaque, uint64_t addr, unsigned int size,
				bool is_write);
	} valid;
	struct {
		unsigned int min_access_size;
		unsigned int max_access_size;
		bool unaligned;
	} impl;
};

/**
 * struct memory_region_info - what a region is
 * @name:	may be empty; names repeat
 * @owner:	for people and `info mtree -o`: "dev id=vga"; NULL if none
 * @parent:	likewise, of the region itself: "obj path=/machine"; NULL if none
 * @container:	where it is mapped; NULL if nowhere
 * @addr:	offset in @container; kept, without effect, while not mapped
 * @size:	bytes
 * @priority:	among its siblings; higher hides lower
 * @alias:	the region that this one shows; NULL if it is no alias
 * @alias_offset: where in @alias it begins
 * @ram_block:	NULL if there is no RAM behind it
 * @enabled:	otherwise it and all below it is hidden
 * @terminates:	answers accesses itself; false for containers and aliases
 * @ram:	RAM or ROM: the guest reads (and writes) memory
 * @rom_device:	memory for reads while @romd_mode, a device for writes
 * @romd_mode:	true for all regions but ROM devices switched off
 * @ram_device:	RAM that is a device's (a mapped BAR)
 * @iommu:	translates instead of answering
 * @readonly:	writes are dropped; handed down to all below it
 * @nonvolatile: handed down to all below it
 * @dirty_log_mask: DIRTY_MEMORY_* as set on this region alone; what takes
 *		effect is told by memory_region_dirty_log_mask()
 * @opaque:	as given for its ops
 */
struct memory_region_info {
	const char *name;
	const char *owner;
	const char *parent;
	struct memory_region *container;
	gpa_t addr;
	memory_size_t size;
	int32_t priority;
	struct memory_region *alias;
	uint64_t alias_offset;
	struct ram_block *ram_block;
	bool enabled;
	bool terminates;
	bool ram;
	bool rom_device;
	bool romd_mode;
	bool ram_device;
	bool iommu;
	bool readonly;
	bool nonvolatile;
	uint8_t dirty_log_mask;
	void *opaque;
};

/**
 * memory_region_info() - what a region is, now
 *
 * Return: the region's own record: it changes as the region does, and lives as
 * long. Never NULL.
 */
const struct memory_region_info *
memory_region_info(const struct memory_region *region);

/**
 * memory_region_create() - make a container: only what is put in it shows
 * @name: copied; NULL is ""
 * @size: up to 2^64
 * @out:  the new region, not mapped anywhere; its first reference is the
 *	  caller's. So for all memory_region_create_*()
 *
 * Errors: -EOVERFLOW if @size is above 2^64.
 */
int memory_region_create(struct memory_model *model, const char *name,
			 memory_size_t size, struct memory_region **out,
			 struct slotscope_error *err);

/**
 * memory_region_create_io() - make a device's registers
 * @ops:    must outlive the region; NULL reserves the range: nothing answers
 * @opaque: handed to @ops
 *
 * Errors: -EOVERFLOW if @size is above 2^64. So for aliases and IOMMUs.
 */
int memory_region_create_io(struct memory_model *model, const char *name,
			    memory_size_t size,
			    const struct memory_region_ops *ops, void *opaque,
			    struct memory_region **out,
			    struct slotscope_error *err);

/**
 * memory_region_create_ram() - make RAM, and its RAMBlock
 * @size: bytes, not 0. The block rounds it up to host pages, the region not
 * @ram:  where it comes from; NULL for the defaults
 *
 * Errors: -EINVAL for size 0, a page size that is no power of 2, a size above
 * max_size, or one that with its address reaches above 2^64; -EBUSY if another
 * region has the block; -ENOSPC if no gap in the ram_addr_t space is large
 * enough. So for all that have RAM.
 */
int memory_region_create_ram(struct memory_model *model, const char *name,
			     uint64_t size, const struct ram_block_options *ram,
			     struct memory_region **out,
			     struct slotscope_error *err);

/** memory_region_create_rom() - make RAM that the guest cannot write */
int memory_region_create_rom(struct memory_model *model, const char *name,
			     uint64_t size, const struct ram_block_options *ram,
			     struct memory_region **out,
			     struct slotscope_error *err);

/**
 * memory_region_create_rom_device() - make memory for reads, registers for
 * writes; see memory_region_set_romd()
 */
int memory_region_create_rom_device(struct memory_model *model,
				    const char *name, uint64_t size,
				    const struct ram_block_options *ram,
				    const struct memory_region_ops *ops,
				    void *opaque, struct memory_region **out,
				    struct slotscope_error *err);

/**
 * memory_region_create_ram_device() - make RAM that belongs to a device
 *
 * The guest's instructions reach it directly; accesses through the model are
 * made with the guest's own access sizes and alignment.
 */
int memory_region_create_ram_device(struct memory_model *model,
				    const char *name, uint64_t size,
				    const struct ram_block_options *ram,
				    struct memory_region **out,
				    struct slotscope_error *err);

/**
 * memory_region_create_alias() - show a part of another region once more
 * @target: holds a reference to it. Need not be mapped
 * @offset: in @target; what lies beyond its end shows nothing
 *
 * Where @target itself is mapped has no influence on what the alias shows.
 *
 * Errors: -EINVAL if @target is of another model.
 */
int memory_region_create_alias(struct memory_model *model, const char *name,
			       struct memory_region *target, uint64_t offset,
			       memory_size_t size, struct memory_region **out,
			       struct slotscope_error *err);

enum {
	IOMMU_READ = 1U << 0,
	IOMMU_WRITE = 1U << 1,
};

/**
 * struct iommu_tlb_entry - where an access through an IOMMU goes
 * @target: the address space that it goes to; NULL: nowhere
 * @iova:   offset in the IOMMU's region, of the mapping's first byte
 * @translated: its guest address in @target
 * @mask:   size of the mapping minus 1; a power of 2 minus 1
 * @perm:   IOMMU_*; 0: not mapped
 */
struct iommu_tlb_entry {
	struct address_space *target;
	gpa_t iova;
	gpa_t translated;
	uint64_t mask;
	unsigned int perm;
};

/**
 * struct iommu_ops - how an IOMMU answers
 * @translate: fill @entry for an access to @addr, an offset in the region
 */
struct iommu_ops {
	void (*translate)(void *opaque, gpa_t addr, bool is_write,
			  struct iommu_tlb_entry *entry);
};

/**
 * memory_region_create_iommu() - make a window that translates
 * @ops: must outlive the region; NULL: nothing is mapped
 */
int memory_region_create_iommu(struct memory_model *model, const char *name,
			       memory_size_t size, const struct iommu_ops *ops,
			       void *opaque, struct memory_region **out,
			       struct slotscope_error *err);

/** memory_region_ref() - take a reference. Return: @region */
struct memory_region *memory_region_ref(struct memory_region *region);

/**
 * memory_region_unref() - give one back; the last one destroys the region
 * @region: NULL is allowed
 *
 * Its children are then unmapped (one transaction), its RAMBlock freed and its
 * destructor called. A region cannot go while it is mapped, aliased, a root or
 * shown in a view: each holds a reference. What a view held that a reader dropped
 * last goes with the next change of the model, in that change's thread.
 */
void memory_region_unref(struct memory_region *region);

/** memory_region_refs() - how many references there are; for tests */
unsigned int memory_region_refs(const struct memory_region *region);

/**
 * memory_region_set_destructor() - be told when a region goes
 * @destroy: called once, last, with @opaque. Free RAM's host memory here
 */
void memory_region_set_destructor(struct memory_region *region,
				  void (*destroy)(void *opaque), void *opaque);

/**
 * memory_region_set_owner() - say whose it is; see struct memory_region_info
 * @owner:  copied; NULL for none
 * @parent: copied; NULL for none
 */
int memory_region_set_owner(struct memory_region *region, const char *owner,
			    const char *parent, struct slotscope_error *err);

/**
 * memory_region_add_subregion() - map a region, where no sibling is
 * @container: not an alias
 * @offset:    in @container; what lies beyond its end, or beyond 2^64, is cut
 *	       off
 *
 * Gets priority 0. May lie over or under siblings that were mapped with
 * memory_region_add_subregion_overlap(), not over others.
 *
 * Errors: -EBUSY if @region is mapped already, -EEXIST if it would overlap a
 * sibling, -ELOOP if @container is @region or shown by it, -EINVAL if
 * @container is an alias or of another model.
 */
int memory_region_add_subregion(struct memory_region *container,
				uint64_t offset, struct memory_region *region,
				struct slotscope_error *err);

/**
 * memory_region_add_subregion_overlap() - map a region, over or under siblings
 * @priority: higher hides lower; among equals the one mapped last hides
 *
 * Errors: as above, but for -EEXIST.
 */
int memory_region_add_subregion_overlap(struct memory_region *container,
					uint64_t offset, int32_t priority,
					struct memory_region *region,
					struct slotscope_error *err);

/**
 * memory_region_del_subregion() - unmap a region
 *
 * Errors: -ENOENT if @region is not mapped in @container.
 */
int memory_region_del_subregion(struct memory_region *container,
				struct memory_region *region,
				struct slotscope_error *err);

/** memory_region_set_enabled() - show or hide it, with all below it */
int memory_region_set_enabled(struct memory_region *region, bool enabled,
			      struct slotscope_error *err);

/**
 * memory_region_set_readonly() - drop writes, to it and to all below it
 *
 * KVM learns of a RAM region's own flag only: a read-only alias of RAM (PAM)
 * is "rom" in the view and an ordinary slot.
 */
int memory_region_set_readonly(struct memory_region *region, bool readonly,
			       struct slotscope_error *err);

/** memory_region_set_nonvolatile() - mark it, and all below it */
int memory_region_set_nonvolatile(struct memory_region *region,
				  bool nonvolatile,
				  struct slotscope_error *err);

/**
 * memory_region_set_romd() - switch a ROM device between memory and registers
 *
 * Errors: -EINVAL if it is none.
 */
int memory_region_set_romd(struct memory_region *region, bool romd_mode,
			   struct slotscope_error *err);

/**
 * memory_region_set_log() - want to know of writes to a RAM region, or no more
 *
 * Counts: as many stops as starts. Shows as DIRTY_MEMORY_VGA.
 *
 * Errors: -EINVAL for more stops than starts.
 */
int memory_region_set_log(struct memory_region *region, bool log,
			  struct slotscope_error *err);

/**
 * memory_region_set_size() - change the size of a region without RAM, or what
 * of its RAM is shown
 *
 * Errors: -EOVERFLOW above 2^64; -EINVAL if @region has RAM and @size is larger
 * than that; -EEXIST as for memory_region_add_subregion().
 */
int memory_region_set_size(struct memory_region *region, memory_size_t size,
			   struct slotscope_error *err);

/**
 * memory_region_set_address() - move it within its container
 *
 * As if unmapped and mapped again: it is then the newest among its siblings.
 * While not mapped: only noted.
 *
 * Errors: -EEXIST as for memory_region_add_subregion().
 */
int memory_region_set_address(struct memory_region *region, uint64_t addr,
			      struct slotscope_error *err);

/**
 * memory_region_set_alias_offset() - let an alias show another part
 *
 * Errors: -EINVAL if it is no alias.
 */
int memory_region_set_alias_offset(struct memory_region *region,
				   uint64_t offset,
				   struct slotscope_error *err);

/**
 * memory_region_add_coalescing() - let writes to a range be batched
 * @offset: in the region
 *
 * Takes effect at once, also within a transaction.
 */
int memory_region_add_coalescing(struct memory_region *region, uint64_t offset,
				 uint64_t size, struct slotscope_error *err);

/** memory_region_clear_coalescing() - batch none of its writes any more */
void memory_region_clear_coalescing(struct memory_region *region);

/**
 * struct memory_ioeventfd - a write that signals instead of exiting
 * @addr:  offset in the region; a guest address when given to a listener
 * @size:  bytes of the write, up to 8; 0 for any
 * @match_data: only if @data is written
 * @fd:    the eventfd. Only a number here
 */
struct memory_ioeventfd {
	uint64_t addr;
	uint32_t size;
	bool match_data;
	uint64_t data;
	int fd;
};

/**
 * memory_region_add_eventfd() - have a write signal an eventfd
 *
 * Errors: -EEXIST if it is there already, -EINVAL if @size is none of 0, 1, 2,
 * 4, 8.
 */
int memory_region_add_eventfd(struct memory_region *region,
			      const struct memory_ioeventfd *eventfd,
			      struct slotscope_error *err);

/** memory_region_del_eventfd() - no more; -ENOENT if there is none */
int memory_region_del_eventfd(struct memory_region *region,
			      const struct memory_ioeventfd *eventfd,
			      struct slotscope_error *err);

/**
 * memory_region_dirty_log_mask() - who wants to know of writes, all in all
 *
 * Return: its own mask, and MIGRATION for migratable RAM while global dirty
 * logging is on, and CODE for RAM under TCG.
 */
uint8_t memory_region_dirty_log_mask(const struct memory_region *region);

/**
 * memory_region_first_child() - the first of a container's children, or NULL
 *
 * In the order in which they are rendered: highest priority first, among
 * equals the newest.
 */
struct memory_region *
memory_region_first_child(const struct memory_region *container);
/** memory_region_next_sibling() - the next in that order, or NULL */
struct memory_region *
memory_region_next_sibling(const struct memory_region *region);

/** memory_region_first() - the oldest region, or NULL; for memory_region_next() */
struct memory_region *memory_region_first(const struct memory_model *model);
/** memory_region_next() - the one made after it, or NULL */
struct memory_region *memory_region_next(const struct memory_region *region);

/*
 * AddressSpace
 */

/**
 * address_space_create() - let something see memory: CPUs, a device, I/O ports
 * @name: copied
 * @root: holds a reference
 *
 * Errors: -EINVAL if @root is of another model.
 */
int address_space_create(struct memory_model *model, const char *name,
			 struct memory_region *root, struct address_space **out,
			 struct slotscope_error *err);

/**
 * address_space_destroy() - take it away
 *
 * Errors: -EBUSY while it has listeners.
 */
int address_space_destroy(struct address_space *as,
			  struct slotscope_error *err);

/** address_space_name() - as given; lives as long as @as */
const char *address_space_name(const struct address_space *as);
/** address_space_root() - as given; without a reference for the caller */
struct memory_region *address_space_root(const struct address_space *as);
/** address_space_model() - the model that it belongs to */
struct memory_model *address_space_model(const struct address_space *as);

/** address_space_first() - the oldest, or NULL; for address_space_next() */
struct address_space *address_space_first(const struct memory_model *model);
/** address_space_next() - the one made after it, or NULL */
struct address_space *address_space_next(const struct address_space *as);

/*
 * FlatView
 */

/**
 * struct flat_range - one stretch of a flat view: one region, without a break
 * @region:	what is there; always one that terminates
 * @addr:	guest address of its first byte
 * @size:	bytes
 * @offset_in_region: of the first byte
 * @dirty_log_mask: DIRTY_MEMORY_*, when the view was rendered
 * @romd_mode:	of @region, then
 * @readonly:	of @region or of anything that it is shown through
 * @nonvolatile: likewise
 * @own_readonly: of @region itself, then: what KVM and accesses go by
 */
struct flat_range {
	struct memory_region *region;
	gpa_t addr;
	memory_size_t size;
	uint64_t offset_in_region;
	uint8_t dirty_log_mask;
	bool romd_mode;
	bool readonly;
	bool nonvolatile;
	bool own_readonly;
	bool ends_leaf; /* private */
};

/**
 * address_space_get_flat_view() - take the current view; any thread may
 *
 * Return: a view with a reference for the caller, see flat_view_unref(). Never
 * NULL. It stays as it is, whatever is committed meanwhile.
 */
const struct flat_view *address_space_get_flat_view(struct address_space *as);

/** flat_view_ref() - take one more reference; any thread may. Return: @view */
const struct flat_view *flat_view_ref(const struct flat_view *view);

/** flat_view_unref() - give it back; any thread may. NULL is allowed */
void flat_view_unref(const struct flat_view *view);

/**
 * flat_view_root() - the region it was rendered from; NULL for the empty view
 *
 * Not always an address space's root: a root that shows just one other region,
 * whole, is skipped, and address spaces that lead to the same region share one
 * view.
 */
struct memory_region *flat_view_root(const struct flat_view *view);

/** flat_view_nr() - how many ranges it has */
size_t flat_view_nr(const struct flat_view *view);

/** flat_view_first() - the lowest range, or NULL; for flat_view_next() */
const struct flat_range *flat_view_first(const struct flat_view *view);
/** flat_view_next() - the next higher range, or NULL */
const struct flat_range *flat_view_next(const struct flat_view *view,
					const struct flat_range *range);

/** flat_view_lookup() - the range that holds @addr, or NULL */
const struct flat_range *flat_view_lookup(const struct flat_view *view,
					  gpa_t addr);

#define flat_view_for_each(range, view)                \
	for ((range) = flat_view_first(view); (range); \
	     (range) = flat_view_next(view, range))

/**
 * flat_view_hash() - FNV-1a-64 over all ranges, to compare views by
 * @id: gives the number by which a region goes into the hash
 *
 * Over the text that fixtures' api.log defines ("mr=%d off=%x ...").
 */
uint64_t flat_view_hash(const struct flat_view *view,
			int (*id)(void *opaque,
				  const struct memory_region *region),
			void *opaque);

/**
 * flat_view_slot_state() - what KVM should have: the MODEL of one address space
 * @view:  the only source; no slot table and no request is asked
 * @as_id: KVM's number for the address space; must be below @state->nr_as
 * @state: initialised; the slots are added and sorted, @as_id is covered and
 *	   coverage.fields set. Call it once for each address space
 *
 * One slot for each range that is RAM, ROM, a RAM device, or a ROM device in
 * ROM mode, with its true edges also where they are no page's. Read-only is the
 * region's own. Not covered: ids, dirty logging, generations, hidden slots; in a
 * slot without an address in the VMM also that.
 *
 * Return: 0, -ENOMEM, or -EINVAL for an @as_id that @state does not have.
 */
int flat_view_slot_state(const struct flat_view *view, uint16_t as_id,
			 struct slot_state *state);

/*
 * Access
 *
 * Any thread may read and write through an address space. Each access is made in
 * the view that is current when it begins; a region's ops may so be called while
 * a commit takes that region out of the view, but not once it was destroyed.
 */

/**
 * address_space_read() - read guest memory
 * @buf: filled with @len bytes; zeros where nothing answers
 *
 * RAM, ROM and ROM devices in ROM mode are copied. Anything else is asked, in
 * pieces of the sizes and the alignment that it takes. An IOMMU's window leads
 * into another address space.
 *
 * Return: MEMTX_OK, or the results of all pieces that failed, together.
 * MEMTX_ERROR for RAM that is not accessible from here (no host pointer).
 */
unsigned int address_space_read(struct address_space *as, gpa_t addr, void *buf,
				uint64_t len);

/**
 * address_space_write() - write guest memory
 *
 * Writes to a region that is itself read-only are dropped, and told by
 * MEMTX_DECODE_ERROR, as in QEMU. Through a read-only alias of RAM they go to
 * the RAM: KVM lets the guest do so too.
 */
unsigned int address_space_write(struct address_space *as, gpa_t addr,
				 const void *buf, uint64_t len);

/** address_space_rw() - one of both */
unsigned int address_space_rw(struct address_space *as, gpa_t addr, void *buf,
			      uint64_t len, bool is_write);

/**
 * typedef ram_written_fn - bytes of RAM were written to through the model
 * @region: the RAM's; memory_region_dirty_log_mask() says who wants to know
 * @offset: of the first byte in @region
 * @len:    bytes
 *
 * Called by the thread that wrote, after it did.
 */
typedef void (*ram_written_fn)(void *opaque, const struct memory_region *region,
			       uint64_t offset, uint64_t len);

/**
 * memory_model_on_ram_written() - hear of writes to RAM
 * @written: NULL: no more
 *
 * Of all that this header's functions write: a device's DMA, which no dirty log
 * of KVM's has. What the guest or a bare pointer writes is not seen here. To be set
 * while no other thread accesses memory.
 */
void memory_model_on_ram_written(struct memory_model *model,
				 ram_written_fn written, void *opaque);

/**
 * struct memory_mapping - guest memory as a host pointer
 * @host: the memory itself, or a copy (the bounce buffer) of what is no RAM
 * @len:	bytes of it; may be fewer than asked for
 *
 * The rest is private. Holds the view, and so the region, until unmapped.
 */
struct memory_mapping {
	void *host;
	uint64_t len;
	struct address_space *as;
	const struct flat_view *view;
	const struct memory_region *region; /* if not bounced */
	gpa_t addr; /* in @as; in @region if not bounced */
	bool is_write;
	bool bounced;
};

/**
 * address_space_map() - reach guest memory by a pointer
 * @len: bytes wanted, not 0
 *
 * What is no RAM is copied through the model's one bounce buffer, of one page:
 * read here, or written by address_space_unmap().
 *
 * Return: 0; -EAGAIN while somebody else has the bounce buffer; -ENXIO if
 * nothing answers there; -EINVAL for length 0; -ENOMEM.
 */
int address_space_map(struct address_space *as, gpa_t addr, uint64_t len,
		      bool is_write, struct memory_mapping *out);

/**
 * address_space_unmap() - give it back
 * @written: bytes that were written; 0 for a mapping to read
 *
 * Return: MEMTX_*, of the write from the bounce buffer.
 */
unsigned int address_space_unmap(struct memory_mapping *mapping,
				 uint64_t written);

/**
 * struct memory_region_cache - a place that is accessed again and again
 * @len: bytes that it covers; may be fewer than asked for
 *
 * The rest is private. It stays what it was when it was made: make it anew after
 * a commit that may have moved it.
 */
struct memory_region_cache {
	uint64_t len;
	const struct flat_view *view;
	const struct flat_range *range;
	uint64_t offset;
};

/**
 * memory_region_cache_init() - look a place up once
 *
 * Return: 0, -ENXIO if nothing answers there, -EINVAL for length 0.
 */
int memory_region_cache_init(struct memory_region_cache *cache,
			     struct address_space *as, gpa_t addr, uint64_t len,
			     bool is_write);
/** memory_region_cache_deinit() - give it back, and the view that it holds */
void memory_region_cache_deinit(struct memory_region_cache *cache);

/**
 * memory_region_cache_rw() - access it
 * @offset: from its beginning
 *
 * Return: MEMTX_*; MEMTX_DECODE_ERROR beyond its end.
 */
unsigned int memory_region_cache_rw(const struct memory_region_cache *cache,
				    uint64_t offset, void *buf, uint64_t len,
				    bool is_write);

/*
 * MemoryListener
 */

/**
 * struct memory_region_section - a part of a region, at its place
 * @address_space:   where
 * @view:	     in which view of it: the old one for what goes, the new one
 *		     for what comes. Valid during the callback
 * @region:	     what; NULL in the sections of eventfd_add and eventfd_del
 * @offset_within_region: of its first byte
 * @offset_within_address_space: guest address of its first byte
 * @size:	     bytes
 * @readonly:	     as in struct flat_range
 * @nonvolatile:     likewise
 */
struct memory_region_section {
	struct address_space *address_space;
	const struct flat_view *view;
	struct memory_region *region;
	uint64_t offset_within_region;
	gpa_t offset_within_address_space;
	memory_size_t size;
	bool readonly;
	bool nonvolatile;
};

/**
 * struct memory_listener_ops - what a listener wants to be told; any may be NULL
 * @begin:	a commit begins. For every listener of the model, in ascending
 *		priority (as @commit)
 * @commit:	it is over
 * @region_add:	a section is there; ascending priority
 * @region_del:	a section is gone; descending priority. All that goes is told
 *		before anything that comes
 * @region_nop:	a section is as it was, though the change touched it: a part of
 *		it was rendered anew, or its dirty log mask is another (log_start
 *		or log_stop follows). Ascending priority
 * @nop_all:	call region_nop in each commit for every section that stayed. QEMU
 *		does so for all listeners; here only one that makes its table anew
 *		between begin and commit (as vhost does) asks for it, since it
 *		makes each commit cost what stands there, not what changed
 * @log_start:	the section's dirty log mask got new bits
 * @log_stop:	bits were taken out of it
 * @log_sync:	fetch what is dirty
 * @log_clear:	forget what is dirty
 * @log_global_start: global dirty logging began; before the sections are told
 * @log_global_stop:  it ended; after the sections were told
 * @eventfd_add: at this guest address; descending priority
 * @eventfd_del: ascending priority
 * @coalesced_io_add: writes to @addr, @size may be batched
 * @coalesced_io_del: no more
 *
 * A callback must not change the model. It may take references.
 */
struct memory_listener_ops {
	void (*begin)(void *opaque);
	void (*commit)(void *opaque);
	void (*region_add)(void *opaque,
			   const struct memory_region_section *section);
	void (*region_del)(void *opaque,
			   const struct memory_region_section *section);
	void (*region_nop)(void *opaque,
			   const struct memory_region_section *section);
	bool nop_all;
	void (*log_start)(void *opaque,
			  const struct memory_region_section *section,
			  uint8_t old_mask, uint8_t new_mask);
	void (*log_stop)(void *opaque,
			 const struct memory_region_section *section,
			 uint8_t old_mask, uint8_t new_mask);
	void (*log_sync)(void *opaque,
			 const struct memory_region_section *section);
	void (*log_clear)(void *opaque,
			  const struct memory_region_section *section);
	void (*log_global_start)(void *opaque);
	void (*log_global_stop)(void *opaque);
	void (*eventfd_add)(void *opaque,
			    const struct memory_region_section *section,
			    const struct memory_ioeventfd *eventfd);
	void (*eventfd_del)(void *opaque,
			    const struct memory_region_section *section,
			    const struct memory_ioeventfd *eventfd);
	void (*coalesced_io_add)(void *opaque,
				 const struct memory_region_section *section,
				 gpa_t addr, memory_size_t size);
	void (*coalesced_io_del)(void *opaque,
				 const struct memory_region_section *section,
				 gpa_t addr, memory_size_t size);
};

/**
 * flat_view_find_section() - what answers an access to @addr
 * @out: the whole section that @addr lies in. Its address_space is NULL; it is
 *	 valid as long as the caller holds @view, and has no reference of its own
 *
 * By the view's dispatch tree, as all accesses through an address space go: a few
 * steps, however many sections there are. flat_view_lookup() finds the same by
 * binary search, as a place in the view's order.
 *
 * Return: false if nothing answers there.
 */
bool flat_view_find_section(const struct flat_view *view, gpa_t addr,
			    struct memory_region_section *out);

/**
 * memory_region_find() - what is shown of a part of a region
 * @addr: in @region
 * @size: bytes
 * @out:  the lowest section that the part touches, cut to it. Its region has a
 *	  reference for the caller, its view is NULL
 *
 * Looks in the first address space whose root is above @region; what is shown
 * need not be @region itself.
 *
 * Return: false if there is no such address space, or nothing is shown.
 */
bool memory_region_find(struct memory_region *region, uint64_t addr,
			memory_size_t size, struct memory_region_section *out);

/**
 * memory_region_clear_dirty() - tell listeners that dirty bits were taken over
 * @start: in @region
 *
 * Calls log_clear for what is shown of it, in every address space.
 */
void memory_region_clear_dirty(struct memory_region *region, uint64_t start,
			       memory_size_t size);

enum {
	IOMMU_NOTIFY_MAP = 1U << 0,
	IOMMU_NOTIFY_UNMAP = 1U << 1,
};

/**
 * struct iommu_notifier - who wants to know what an IOMMU maps
 * @flags:  IOMMU_NOTIFY_*
 * @start:  of the range of interest, in the IOMMU's region
 * @end:    its last byte
 * @notify: called for each change that lies within the range
 *
 * Owned by the caller; must stay until it is unregistered.
 */
struct iommu_notifier {
	unsigned int flags;
	gpa_t start;
	gpa_t end;
	void (*notify)(struct iommu_notifier *notifier,
		       const struct iommu_tlb_entry *entry);
	struct iommu_notifier *next; /* private */
};

/**
 * memory_region_register_iommu_notifier() - be told of an IOMMU's changes
 * @region: the IOMMU's, or an alias of it
 *
 * Errors: -EINVAL if it is no IOMMU's, for unknown flags or none, or a range
 * that ends before it begins.
 */
int memory_region_register_iommu_notifier(struct memory_region *region,
					  struct iommu_notifier *notifier,
					  struct slotscope_error *err);

/** memory_region_unregister_iommu_notifier() - -ENOENT if it was not there */
int memory_region_unregister_iommu_notifier(struct memory_region *region,
					    struct iommu_notifier *notifier,
					    struct slotscope_error *err);

/**
 * memory_region_notify_iommu() - tell of a mapping made (perm) or gone (no perm)
 *
 * Errors: -EINVAL if @region is no IOMMU's, or @entry reaches out of the range
 * of a notifier that it touches: that one could not be told the truth.
 */
int memory_region_notify_iommu(struct memory_region *region,
			       const struct iommu_tlb_entry *entry,
			       struct slotscope_error *err);

/**
 * memory_listener_register() - listen to an address space
 * @name:     copied
 * @priority: see the callbacks; among equals the one registered first goes first
 * @ops:      must outlive the listener
 *
 * It is told at once what is there: begin, log_global_start if that is on, for
 * each section region_add and, if it has a dirty log mask, log_start; commit.
 * Within a transaction it is told what was there before, as all others were.
 */
int memory_listener_register(struct address_space *as, const char *name,
			     int priority,
			     const struct memory_listener_ops *ops,
			     void *opaque, struct memory_listener **out,
			     struct slotscope_error *err);

/**
 * memory_listener_unregister() - stop listening
 * @listener: NULL is allowed
 *
 * It is told that everything goes: begin, for each section log_stop (if it has
 * a dirty log mask) and region_del, commit.
 */
void memory_listener_unregister(struct memory_listener *listener);

/** memory_listener_name() - as given; lives as long as @listener */
const char *memory_listener_name(const struct memory_listener *listener);
/** memory_listener_priority() - as given */
int memory_listener_priority(const struct memory_listener *listener);
/** memory_listener_address_space() - what it listens to */
struct address_space *
memory_listener_address_space(const struct memory_listener *listener);

/** memory_listener_first() - of all address spaces, lowest priority first */
struct memory_listener *memory_listener_first(const struct memory_model *model);
/** memory_listener_next() - the next higher priority, or NULL */
struct memory_listener *
memory_listener_next(const struct memory_listener *listener);

/*
 * Observing
 */

enum memory_event_kind {
	MEMORY_EVENT_RAM_BLOCK,	    /* a RAMBlock is made: name, block */
	MEMORY_EVENT_REGION,	    /* a region is made: name, what, region */
	MEMORY_EVENT_MAP,	    /* region goes into container, at addr */
	MEMORY_EVENT_UNMAP,	    /* region goes out of container */
	MEMORY_EVENT_ENABLE,	    /* region is shown, or hidden */
	MEMORY_EVENT_READONLY,	    /* writes to region are dropped, or not */
	MEMORY_EVENT_ADDRESS_SPACE, /* is made: name, as, root as region */
	MEMORY_EVENT_COMMIT,	    /* the end of a transaction; it renders */
	MEMORY_EVENT_VIEW,	    /* as: old_view gives way to new_view */
	MEMORY_EVENT_LISTEN,	    /* listener is registered to as */
	MEMORY_EVENT_REPLAY,	    /* listener is told what is there */
	MEMORY_EVENT_CALL, /* listener's callback, with a section or without */
};

enum memory_region_kind {
	MEMORY_REGION_CONTAINER,
	MEMORY_REGION_IO,
	MEMORY_REGION_IOMMU,
	MEMORY_REGION_RAM, /* and ROM */
	MEMORY_REGION_ROM_DEVICE,
	MEMORY_REGION_ALIAS,
};

/**
 * struct memory_event - what happens; fields that @kind does not name are NULL
 *
 * Of what is being made, the object is NULL before, and after if it was refused.
 */
struct memory_event {
	enum memory_event_kind kind;
	const char *name;
	enum memory_region_kind what;
	const struct ram_block *block;
	const struct memory_region *region;
	const struct memory_region *container;
	uint64_t addr;
	struct address_space *as;
	const struct flat_view *old_view;
	const struct flat_view *new_view;
	const struct memory_listener *listener;
	const char *callback; /* "region_add" */
	const struct memory_region_section *section;
};

/**
 * struct memory_observer - follows what happens inside, to tell people
 * @begin:  it begins
 * @end:    it is over; @event is the one of @begin, with what was made. They nest
 * @opaque: given to both
 *
 * Neither may change the model. Without an observer nothing is spent on it but a
 * test.
 */
struct memory_observer {
	void (*begin)(void *opaque, const struct memory_event *event);
	void (*end)(void *opaque, const struct memory_event *event);
	void *opaque;
};

#ifdef __cplusplus
}
#endif

#endif
