# SPDX-License-Identifier: GPL-2.0-or-later
# Compiler flags and output folder, shared by user/ and selftests/.
# TOP must be set to the project's root before this is included.

BUILD ?= $(TOP)/build
export BUILD

CC := gcc
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 -Wall -Wextra -Werror -Wstrict-prototypes \
	  -Wmissing-prototypes -Wshadow -Wno-unused-parameter \
	  -D_GNU_SOURCE -I$(TOP)/include -I$(TOP)/include/uapi -I$(TOP)/user

SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
TSAN_FLAGS := -fsanitize=thread -fno-omit-frame-pointer
# What is warned of is a matter of the real build's flags
COV_FLAGS := -O0 --coverage -w
# SAN=1, SAN=thread, SAN=coverage: objects of their own, below build/
SAN_OUT_1 := san
SAN_OUT_thread := tsan
SAN_OUT_coverage := cov
SAN_FLAGS_1 := $(SAN_FLAGS)
SAN_FLAGS_thread := $(TSAN_FLAGS)
SAN_FLAGS_coverage := $(COV_FLAGS)
CFLAGS += $(SAN_FLAGS_$(SAN))

# A comma in an argument of a function
, := ,
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(patsubst $(TOP)/%,%,$(2)))
