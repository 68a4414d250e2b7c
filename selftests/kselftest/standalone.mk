# SPDX-License-Identifier: GPL-2.0-or-later
# What lib.mk of a kernel tree does, where there is none.

OUTPUT ?= $(CURDIR)
PROGS := $(addprefix $(OUTPUT)/,$(TEST_GEN_PROGS))

all: $(PROGS)

$(OUTPUT)/%: %.c $(wildcard *.h uapi/*.h)
	mkdir -p $(OUTPUT)
	$(CC) $(CFLAGS) $(LDFLAGS) $< $(LDLIBS) -o $@

# Status 4 is a skip
run_tests: all
	@bad=0; for t in $(PROGS); do \
		echo "# selftests: slotscope: $${t##*/}"; \
		$$t; s=$$?; [ $$s = 0 ] || [ $$s = 4 ] || bad=1; \
	done; exit $$bad

install: all
	$(if $(INSTALL_PATH),,$(error set INSTALL_PATH to use install))
	mkdir -p $(INSTALL_PATH)
	cp $(PROGS) config settings $(INSTALL_PATH)/

clean:
	rm -f $(PROGS)

.PHONY: all run_tests install clean
