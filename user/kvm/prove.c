// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/userfaultfd.h>

#include "kvm/loaded.h"
#include "kvm/prove.h"
#include "kvm/region2.h"

/* Numbers that nobody else is likely to ask for, or a bug to make up */
#define PROOF_GPA    0x5ca1ab000ULL
#define PROOF_GPA_TO 0x0ddba1000ULL

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

int kvm_proof_init(struct kvm_proof *proof, struct slotscope_error *err)
{
	int cap;

	*proof = (struct kvm_proof){ .vm_fd = -1 };
	proof->dev_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (proof->dev_fd < 0) {
		error_set(err, errno, "open /dev/kvm");
		if (err->code != ENOENT && err->code != ENODEV &&
		    err->code != ENXIO)
			return -err->code;
		err->code = ENODEV;
		return kvm_not_loaded(err);
	}
	cap = ioctl(proof->dev_fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS);
	if (cap <= 0) {
		error_set(err, cap < 0 ? errno : ENODEV,
			  "ask KVM how many memslots it has");
		goto close;
	}
	proof->nr_slots = cap;
	cap = ioctl(proof->dev_fd, KVM_CHECK_EXTENSION,
		    KVM_CAP_MULTI_ADDRESS_SPACE);
	proof->nr_as = cap > 0 ? cap : 1;
	/* One more, which nobody may touch */
	proof->memory =
		mmap(NULL, (KVM_PROOF_PAGES + 1) * page_size(), PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (proof->memory == MAP_FAILED) {
		error_set(err, errno, "map %d pages", KVM_PROOF_PAGES + 1);
		goto close;
	}
	if (mprotect(proof->memory, KVM_PROOF_PAGES * page_size(),
		     PROT_READ | PROT_WRITE)) {
		error_set(err, errno, "make pages of our own writable");
		munmap(proof->memory, (KVM_PROOF_PAGES + 1) * page_size());
		goto close;
	}
	return 0;

close:
	close(proof->dev_fd);
	return -err->code;
}

void kvm_proof_deinit(struct kvm_proof *proof)
{
	kvm_proof_destroy_vm(proof);
	munmap(proof->memory, (KVM_PROOF_PAGES + 1) * page_size());
	close(proof->dev_fd);
}

int kvm_proof_create_vm(struct kvm_proof *proof, struct slotscope_error *err)
{
	kvm_proof_destroy_vm(proof);
	proof->nr_steps = 0;
	do
		proof->vm_fd = ioctl(proof->dev_fd, KVM_CREATE_VM, 0);
	while (proof->vm_fd < 0 && errno == EINTR);
	if (proof->vm_fd >= 0)
		return 0;
	error_set(err, errno, "create a VM of our own, to try with");
	if (err->code == EBUSY)
		error_next(err, "is another hypervisor using the hardware?");
	return -err->code;
}

void kvm_proof_destroy_vm(struct kvm_proof *proof)
{
	if (proof->vm_fd >= 0)
		close(proof->vm_fd);
	proof->vm_fd = -1;
}

/* Issue @want, note it with what came of it; @kind: if it is a change */
static struct slot_request *ask(struct kvm_proof *proof,
				const struct slot_request *want)
{
	struct kvm_proof_step *step = &proof->steps[proof->nr_steps++];
	struct kvm_userspace_memory_region2 region = {
		.slot = want->slot,
		.flags = want->flags,
		.guest_phys_addr = want->gpa,
		.memory_size = want->size,
		.userspace_addr = want->hva,
		.guest_memfd_offset = want->gmem_offset,
		.guest_memfd = want->gmem_fd,
	};
	int ret = ioctl(proof->vm_fd,
			want->region2 ? KVM_SET_USER_MEMORY_REGION2 :
					KVM_SET_USER_MEMORY_REGION,
			want->unread ? NULL : &region);

	*step = (struct kvm_proof_step){ .request = *want };
	step->request.result = ret ? -errno : 0;
	return &step->request;
}

static struct slot slot_of(const struct slot_request *request)
{
	return (struct slot){
		.id = request->slot,
		.gpa = request->gpa,
		.size = request->size,
		.hva = request->hva,
		.flags = request->flags,
		.gmem_fd = -1,
	};
}

/* The same, for a request that is to succeed and change @old into @want */
static int change(struct kvm_proof *proof, enum slot_change_kind kind,
		  const struct slot_request *old,
		  const struct slot_request *want, struct slotscope_error *err)
{
	static const char *const verbs[] = {
		[SLOT_CREATE] = "create",
		[SLOT_DELETE] = "delete",
		[SLOT_MOVE] = "move",
		[SLOT_FLAGS_ONLY] = "change the flags of",
	};
	static const struct slot none = { .id = -1, .gmem_fd = -1 };
	const struct slot_request *asked = ask(proof, want);
	struct kvm_proof_step *step = &proof->steps[proof->nr_steps - 1];

	if (asked->result)
		return error_set(err, asked->result,
				 "%s a slot of a VM made to try the tracer on",
				 verbs[kind]);
	step->changed = true;
	step->change.kind = kind;
	step->change.before = old ? slot_of(old) : none;
	step->change.after = want->size ? slot_of(want) : none;
	return 0;
}

int kvm_proof_ask_one(struct kvm_proof *proof, struct slotscope_error *err)
{
	const struct slot_request create = {
		.slot = KVM_PROOF_SLOT,
		.gpa = PROOF_GPA,
		.size = KVM_PROOF_PAGES * page_size(),
		.hva = (uintptr_t)proof->memory,
		.gmem_fd = -1,
	};

	return change(proof, SLOT_CREATE, NULL, &create, err);
}

/* KVM's ABI, here since a build machine's headers may be older */
#define PRE_FAULT_MEMORY   _IOWR(KVMIO, 0xd5, struct pre_fault_memory)
#define CREATE_GUEST_MEMFD _IOWR(KVMIO, 0xd4, struct create_guest_memfd)

struct pre_fault_memory {
	uint64_t gpa;
	uint64_t size;
	uint64_t flags;
	uint64_t padding[5];
};

struct create_guest_memfd {
	uint64_t size;
	uint64_t flags;
	uint64_t reserved[6];
};

/* Where a vCPU begins: on x86 below 4 GiB, elsewhere at 0 */
#if defined(__x86_64__)
#define FIRST_GPA 0xfffff000ULL
#else
#define FIRST_GPA 0ULL
#endif

static int run_once(int fd, struct kvm_run *run, bool exit_at_once)
{
	run->immediate_exit = exit_at_once;
	return ioctl(fd, KVM_RUN, 0);
}

/*
 * With immediate_exit KVM_RUN comes back before the guest does anything; without, the
 * guest needs memory which is not there. Which of the two KVM refuses does not matter:
 * what it does is told, or not.
 */
static int run_vcpu(struct kvm_proof *proof, struct slotscope_error *err)
{
	struct pre_fault_memory none = { .gpa = KVM_PROOF_PRE_FAULT };
	int size = ioctl(proof->dev_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	int fd = ioctl(proof->vm_fd, KVM_CREATE_VCPU, KVM_PROOF_VCPU);
	struct kvm_run *run = MAP_FAILED;

	if (fd >= 0 && size > 0)
		run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			   0);
	if (run == MAP_FAILED) {
		error_set(err, errno, "make a vCPU to try the tracer on");
		if (fd >= 0)
			close(fd);
		return -err->code;
	}
	run_once(fd, run, true);
	proof->pre_fault_result = ioctl(fd, PRE_FAULT_MEMORY, &none) ? -errno :
								       0;
	if (proof->with_faults)
		run_once(fd, run, false);
	munmap(run, size);
	close(fd);
	return 0;
}

static char *page_of(const struct kvm_proof *proof, int page)
{
	return (char *)proof->memory + page * page_size();
}

/* A slot where the vCPU begins, over memory that nobody may touch */
static int add_nothing(struct kvm_proof *proof, struct slotscope_error *err)
{
	const struct slot_request request = {
		.slot = KVM_PROOF_SLOT + 1,
		.gpa = FIRST_GPA,
		.size = page_size(),
		.hva = (uintptr_t)page_of(proof, KVM_PROOF_PAGES),
		.gmem_fd = -1,
	};

	proof->fault_gpa = FIRST_GPA;
	return change(proof, SLOT_CREATE, NULL, &request, err);
}

/* Who touches it there is not answered, and does not wait: EFAULT */
static void touch_by_uffd(struct kvm_proof *proof)
{
	char *page = page_of(proof, KVM_PROOF_UFFD_PAGE);
	struct uffdio_api api = { .api = UFFD_API,
				  .features = UFFD_FEATURE_SIGBUS };
	struct uffdio_register range = {
		.range = { (uintptr_t)page, page_size() },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	int zero = fd < 0 ? -1 : open("/dev/zero", O_RDONLY | O_CLOEXEC);

	if (zero < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &range))
		goto close_both;
	proof->with_uffd = true;
	if (proof->with_faults && read(zero, page, 1) == 1)
		proof->with_uffd = false; /* it was there: nobody was asked */
close_both:
	if (zero >= 0)
		close(zero);
	if (fd >= 0)
		close(fd);
}

static int change_mappings(struct kvm_proof *proof, struct slotscope_error *err)
{
	const int rw = PROT_READ | PROT_WRITE;
	const int anon = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	void *spare = mmap(NULL, page_size(), rw, anon, -1, 0);

	if (spare == MAP_FAILED ||
	    madvise(page_of(proof, KVM_PROOF_DROPPED_PAGE), page_size(),
		    MADV_DONTNEED) ||
	    mprotect(page_of(proof, KVM_PROOF_PROTECTED_PAGE), page_size(),
		     rw) ||
	    mmap(page_of(proof, KVM_PROOF_MAPPED_PAGE), page_size(), rw,
		 anon | MAP_FIXED, -1, 0) == MAP_FAILED ||
	    mremap(spare, page_size(), page_size(),
		   MREMAP_MAYMOVE | MREMAP_FIXED,
		   page_of(proof, KVM_PROOF_MOVED_PAGE)) == MAP_FAILED)
		return error_set(err, errno, "map some pages of our own anew");
	return 0;
}

/* One that no slot has; a KVM without them refuses */
static void close_gmem(struct kvm_proof *proof)
{
	struct create_guest_memfd args = { .size = page_size() };
	int fd = ioctl(proof->vm_fd, CREATE_GUEST_MEMFD, &args);
	struct stat st;

	if (fd < 0)
		return;
	if (!fstat(fd, &st)) {
		proof->gmem_dev = st.st_dev;
		proof->gmem_ino = st.st_ino;
	}
	close(fd);
}

/* What is no request, while the slot logs dirty pages */
static int ask_more(struct kvm_proof *proof, struct slotscope_error *err)
{
	uint64_t bitmap = 0;
	struct kvm_dirty_log log = { .slot = KVM_PROOF_SLOT };
	int ret = 0;

	log.dirty_bitmap = &bitmap;
	close_gmem(proof);
	if (proof->with_calls && ioctl(proof->vm_fd, KVM_GET_DIRTY_LOG, &log))
		return error_set(err, errno,
				 "get the dirty log of a VM made to try the "
				 "tracer on");
	if (proof->with_mapping)
		ret = change_mappings(proof, err);
	if (!ret && (proof->with_mapping || proof->with_faults))
		touch_by_uffd(proof);
	if (!ret && proof->with_faults)
		ret = add_nothing(proof, err);
	return !ret && proof->with_vcpu ? run_vcpu(proof, err) : ret;
}

int kvm_proof_ask(struct kvm_proof *proof, struct slotscope_error *err)
{
	const struct slot_request base = {
		.slot = KVM_PROOF_SLOT,
		.gpa = PROOF_GPA,
		.size = KVM_PROOF_PAGES * page_size(),
		.hva = (uintptr_t)proof->memory,
		.gmem_fd = -1,
	};
	struct slot_request past_limit = base, odd_size = base, newer = base;
	struct slot_request unreadable = { .gmem_fd = -1, .unread = true };
	struct slot_request flags = base, moved, gone;
	int ret;

	past_limit.slot = 0xffff;
	ask(proof, &past_limit);
	odd_size.size--;
	ask(proof, &odd_size);
	ask(proof, &unreadable);
	/* On kernels that do not have it, it is refused: that must be told, too */
	newer.region2 = true;
	newer.slot = 0xffff;
	newer.gmem_offset = 0x123000;
	ask(proof, &newer);

	ret = change(proof, SLOT_CREATE, NULL, &base, err);
	if (ret)
		return ret;
	flags.flags = KVM_MEM_LOG_DIRTY_PAGES;
	ret = change(proof, SLOT_FLAGS_ONLY, &base, &flags, err);
	if (ret)
		return ret;
	ret = ask_more(proof, err);
	if (ret)
		return ret;
	moved = flags;
	moved.gpa = PROOF_GPA_TO;
	ret = change(proof, SLOT_MOVE, &flags, &moved, err);
	if (ret)
		return ret;
	ask(proof, &moved);
	gone = moved;
	gone.size = 0;
	ret = change(proof, SLOT_DELETE, &moved, &gone, err);
	return !ret && proof->with_frees ? kvm_proof_ask_one(proof, err) : ret;
}
