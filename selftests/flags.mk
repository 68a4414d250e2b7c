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
CFLAGS += $(if $(SAN),$(if $(filter thread,$(SAN)),$(TSAN_FLAGS),$(SAN_FLAGS)))

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(patsubst $(TOP)/%,%,$(2)))
