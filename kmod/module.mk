# SPDX-License-Identifier: GPL-2.0-only
# Builds the modules of one directory for one kernel, outside of that directory.
# Set before this is included:
#   SRC      the directory with Kbuild and the sources
#   WHERE    its place below build/; products go to build/WHERE/RELEASE/

TOP := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
BUILD ?= $(TOP)/build
KDIR ?= /lib/modules/$(shell uname -r)/build

ifneq ($(MAKECMDGOALS),clean)
# What vermagic and uname -r say; Debian's kernel.release says something else.
RELEASE := $(shell sed -n 's/^\#define UTS_RELEASE "\(.*\)"/\1/p' \
	$(KDIR)/include/generated/utsrelease.h 2>/dev/null)
ifeq ($(RELEASE),)
$(error $(KDIR) has no configured kernel headers. For the running kernel: \
apt-get install linux-headers-$(shell uname -r). For another: make KDIR=DIR)
endif
endif

OUT := $(BUILD)/$(WHERE)/$(RELEASE)
SOURCES := $(patsubst $(SRC)/%,%,$(wildcard $(addprefix $(SRC)/,\
	Kbuild *.c *.h compat/*.c compat/*.h)))
KBUILD = $(MAKE) -C $(KDIR) M=$(OUT) SLOTSCOPE_UAPI=$(TOP)/include/uapi

all: links
	+$(KBUILD) modules
	$(SIGN)

# A key to sign with; its certificate, if that is not in the same PEM file. With Secure
# Boot the kernel loads nothing unsigned: Documentation/secure-boot.md
KMOD_SIGN_KEY ?=
KMOD_SIGN_CERT ?= $(KMOD_SIGN_KEY)
SIGN_HASH = $(or $(shell sed -n 's/^CONFIG_MODULE_SIG_HASH="\(.*\)"/\1/p' \
	$(KDIR)/.config 2>/dev/null),sha256)
SIGN = $(if $(filter kmod,$(WHERE)),$(if $(KMOD_SIGN_KEY),$(KDIR)/scripts/sign-file $(SIGN_HASH) \
	$(abspath $(KMOD_SIGN_KEY)) $(abspath $(KMOD_SIGN_CERT)) $(OUT)/slotscope.ko))

# Kbuild leaves its products beside its sources. Links keep the source tree
# clean, and let one tree be built for several kernels. (MO= does so since 6.13.)
links:
	@mkdir -p $(OUT) $(addprefix $(OUT)/,$(sort $(dir $(SOURCES))))
	@$(foreach f,$(SOURCES),ln -sfn $(SRC)/$(f) $(OUT)/$(f);)

# kbuild knows a root to install below as INSTALL_MOD_PATH, everybody else as DESTDIR
INSTALL_MOD_PATH ?= $(DESTDIR)

install: all
	+$(KBUILD) INSTALL_MOD_PATH=$(INSTALL_MOD_PATH) modules_install

# In whatever form it was installed: compressed, where the kernel wants it so
uninstall:
	rm -f $(INSTALL_MOD_PATH)/lib/modules/$(RELEASE)/updates/slotscope.ko*
	$(if $(INSTALL_MOD_PATH),,depmod $(RELEASE))

clean:
	rm -rf $(BUILD)/$(WHERE)

.PHONY: all links install uninstall clean
