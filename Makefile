# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope: the top of the house. Each target is a line to a part's own Makefile.
# 'make help' lists them.

# Debian's users have no sbin in their PATH; depmod, modprobe and bpftool are there
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin
PREFIX ?= /usr/local
VERSION := $(shell sed -n 's/^.define SLOTSCOPE_VERSION "\(.*\)"/\1/p' include/slotscope/version.h)
KDIR ?= /lib/modules/$(shell uname -r)/build

all: user

help:
	@echo 'make demo     install what is needed, boot the lab, check a real QEMU and our own VMM'
	@echo 'make check    all tests (T=WORD: those whose name has WORD; K="6.12": on these kernels)'
	@echo 'make unit     the unit tests for which something has changed since they passed'
	@echo 'make check-long  what takes long: 10 million random calls of the memory model,'
	@echo '              a million random steps of a VM that is checked, and the tests that'
	@echo '              selftests/long names'
	@echo 'make hunt     every machine and device of QEMU, and of the newest, led through a life'
	@echo '              under check --watch; hours (T=WORD: those whose kind and name have it)'
	@echo 'make lab-debug-kernel  kernels that watch themselves (KASAN, lockdep, kmemleak, ...; KCSAN),'
	@echo '              for the lab; twenty minutes the first time, more on a busy machine'
	@echo 'make check-debug  the tests of the module and of the BPF programs on them that'
	@echo '              selftests/debug names (T=WORD), with 20,000 hostile calls each (CALLS=N)'
	@echo 'make coverage  which lines of user/ the unit tests reach'
	@echo 'make fuzz     fuzz all that reads what others wrote, a minute each (SECONDS=N)'
	@echo 'make mutants  break the module in each of many ways; name those that its tests do not notice'
	@echo 'make bench    what changes of the memory model, a VM and its slots cost'
	@echo 'make          the slotscope program, build/user/slotscope'
	@echo 'make kmod     the module, against KDIR ($(KDIR))'
	@echo 'make lint     what reviewers'\'' tools say: selftests/lint -l lists them'
	@echo 'make compile_commands  build/compile_commands.json, for clangd and its like'
	@echo 'make install  programs, library, headers, man pages, completion and documents under'
	@echo '              PREFIX ($(PREFIX)); DESTDIR works'
	@echo 'make install-module  the module, for KDIR'
	@echo 'make install-dkms  what DKMS builds the module from, in /usr/src'
	@echo 'make uninstall, make uninstall-module  remove what those have brought'
	@echo 'make dist     build/dist/slotscope-$(VERSION).tar.gz, of what is committed'
	@echo 'make deb      Debian packages, in build/deb, from that'
	@echo 'make deps     install the Debian packages that the above need'
	@echo 'make clean    remove build/ (not the cache of kernels: selftests/vm/README.md)'

deps:
	@selftests/deps

demo: deps
	@selftests/demo/run

check: deps
	@selftests/run $(foreach k,$(K),-k $(k)) $(T)

unit: deps
	@selftests/run -u unit/ tsan/

check-long: deps
	@SLOTSCOPE_RANDOM_CALLS=10000000 selftests/run unit/test_memory_random
	@SLOTSCOPE_RANDOM_STEPS=1000000 selftests/run unit/test_check_steps
	@selftests/run -L $(foreach k,$(K),-k $(k))

# What comes of it: Documentation/found.md
hunt: deps user
	@mkdir -p build/hunt
	@one=0; selftests/hunt/run -o build/hunt/debian $(T) || one=$$?; \
		qemu=$$(selftests/vm/fetch --qemu) && \
		selftests/hunt/run -q "$$qemu" -o build/hunt/newest $(T) && exit $$one

lab-debug-kernel: deps
	@selftests/vm/debug-kernel debug debug-kcsan

check-debug: deps
	@selftests/check-debug $(T)

coverage: deps
	@selftests/coverage

mutants: deps
	@selftests/mutants/run $(T)

fuzz: deps
	@$(MAKE) --no-print-directory -C selftests/fuzz

bench:
	@selftests/deps bench
	@$(MAKE) --no-print-directory -C selftests/bench

user:
	@$(MAKE) --no-print-directory -C user

bpf:
	@$(MAKE) --no-print-directory -C bpf

kmod:
	@$(MAKE) --no-print-directory -C kmod KDIR=$(KDIR)

lint: deps
	@selftests/lint

# Where clangd looks by itself; no tool is needed to make it
compile_commands:
	@mkdir -p build
	@lines=$$(for d in user selftests; do \
		$(MAKE) --no-print-directory -s -C $$d commands || exit; done) && \
		printf '[\n%s\n]\n' "$${lines%,}" >build/commands.$$$$ && \
		mv build/commands.$$$$ build/compile_commands.json

install: user
	@$(MAKE) --no-print-directory -C user install PREFIX=$(PREFIX)
	@$(MAKE) --no-print-directory -C Documentation install PREFIX=$(PREFIX)
	@$(MAKE) --no-print-directory -C bindings install PREFIX=$(PREFIX)

docs:
	@$(MAKE) --no-print-directory -C Documentation

# Where DKMS looks for what it builds from; "make install" is for machines without DKMS
DKMS_SOURCE = $(DESTDIR)/usr/src/slotscope-$(VERSION)
install-dkms:
	install -d $(DKMS_SOURCE)/kmod/compat $(DKMS_SOURCE)/include/uapi
	install -m 644 kmod/Kbuild kmod/Makefile kmod/*.mk kmod/*.[ch] $(DKMS_SOURCE)/kmod
	install -m 644 kmod/compat/*.[ch] $(DKMS_SOURCE)/kmod/compat
	install -m 644 include/uapi/*.h $(DKMS_SOURCE)/include/uapi
	sed 's/#MODULE_VERSION#/$(VERSION)/' kmod/dkms.conf > $(DKMS_SOURCE)/dkms.conf

# Of what is committed: the same commit gives the same bytes. Sign it, and publish both:
# gpg --armor --detach-sign build/dist/slotscope-VERSION.tar.gz
TARBALL = build/dist/slotscope-$(VERSION).tar.gz
dist:
	@git rev-parse --git-dir >/dev/null
	@git diff --quiet HEAD || echo 'make dist: what is not committed is not in it' >&2
	@mkdir -p build/dist
	@git archive --format=tar --prefix=slotscope-$(VERSION)/ HEAD | gzip -9n >$(TARBALL)
	@cd build/dist && sha256sum $(notdir $(TARBALL))

# In a folder of its own, from the tarball alone, as a build daemon does it
deb: dist
	@rm -rf build/deb && mkdir -p build/deb
	@tar -xzf $(TARBALL) -C build/deb
	@cd build/deb/slotscope-$(VERSION) && \
		env -u MAKEFLAGS -u MAKELEVEL -u BUILD dpkg-buildpackage -us -uc -j$$(nproc)
	@ls build/deb/*.deb

# What "make install" with the same PREFIX and DESTDIR brings, by doing so elsewhere; and
# the folders that are empty then, but for those that are there before anything is
uninstall: user
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	$(MAKE) -s --no-print-directory install DESTDIR="$$dir" >"$$dir/.log" && rm "$$dir/.log" && \
	(cd "$$dir" && find . ! -type d -printf '%P\0') | (cd "$(DESTDIR)/" && xargs -0 rm -f) && \
	(cd "$$dir$(PREFIX)" && find . -depth -mindepth 1 -type d -printf '%P\n') | \
	grep -vxE 'bin|include|lib|share|share/(doc|man)' | \
	(cd "$(DESTDIR)$(PREFIX)" 2>/dev/null && xargs -r rmdir --ignore-fail-on-non-empty 2>/dev/null; :)

install-module: kmod
	@$(MAKE) --no-print-directory -C kmod install KDIR=$(KDIR)

uninstall-module:
	@$(MAKE) --no-print-directory -C kmod uninstall KDIR=$(KDIR)

clean:
	rm -rf build

.PHONY: all help deps demo check unit check-long hunt lab-debug-kernel check-debug coverage mutants bench fuzz user bpf kmod lint compile_commands docs dist deb install install-dkms uninstall install-module uninstall-module clean
