# SPDX-License-Identifier: GPL-2.0-only
# One CASE; see Makefile.

HERE := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
SRC := $(abspath $(HERE)/../../../kmod)
WHERE := kmod-altered
include $(SRC)/module.mk

OUT := $(BUILD)/$(WHERE)/$(RELEASE)/$(CASE)
export SLOTSCOPE_ALTER := $(HERE)/alter $(CASE)
export SLOTSCOPE_ALTERED := $(OUT)/altered
export SLOTSCOPE_KBUILD := $(SRC)/Kbuild

# Instead of the module's own, which it includes
all: altered-kbuild
altered-kbuild: links
	@ln -sfn $(HERE)/Kbuild $(OUT)/Kbuild

.PHONY: altered-kbuild
