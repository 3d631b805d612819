# Rules to build and test a plugin in C. A plugin's Makefile says NAME, KIND (record_check, drift_test or metric)
# and SDK (this folder), and includes this file.
#
# The compiler is clang with a libc for WebAssembly: `make WASI_SDK=/opt/wasi-sdk` (https://github.com/WebAssembly/wasi-sdk,
# nothing else is needed), or on Debian clang, lld, wasi-libc and libclang-rt-dev-wasm32 of one version, and the
# wasm-component-ld that every Rust toolchain has.

BINDINGS := $(SDK)/bindings/$(subst _,-,$(KIND))
BUILD ?= build
OUT ?= $(NAME).wasm
TARGET := wasm32-wasi

ifdef WASI_SDK
WASM_CC ?= $(WASI_SDK)/bin/clang
WASM_LD ?= $(WASI_SDK)/bin/wasm-ld
COMPONENT_LD ?= $(WASI_SDK)/bin/wasm-component-ld
TARGET := wasm32-wasip1
else
WASM_CC ?= $(or $(shell command -v clang),$(lastword $(sort $(wildcard /usr/bin/clang-[0-9][0-9]))),clang)
WASM_LD ?= $(or $(shell command -v wasm-ld),$(lastword $(sort $(wildcard /usr/bin/wasm-ld-*))),wasm-ld)
RUST_BIN := $(shell rustc --print sysroot 2>/dev/null)/lib/rustlib/$(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')/bin
COMPONENT_LD ?= $(or $(shell command -v wasm-component-ld),$(RUST_BIN)/wasm-component-ld)
endif

WASM_CFLAGS := --target=$(TARGET) -Wno-deprecated -O2 -std=c11 -Wall -Wextra -Wno-unused-parameter $(CFLAGS_EXTRA)
SOURCES := plugin.c $(SDK)/driftline_plugin.c $(SDK)/$(KIND).c $(SDK)/wasi.c $(BINDINGS)/driftline.c
OBJECTS := $(addprefix $(BUILD)/,$(notdir $(SOURCES:.c=.o)))
HEADERS := $(SDK)/driftline_plugin.h $(SDK)/describe.h $(BINDINGS)/driftline.h $(BUILD)/page.h
vpath %.c . $(SDK) $(BINDINGS)

.PHONY: build test clean
build: $(OUT)

# The page as a C string.
$(BUILD)/page.h: page.md
	@mkdir -p $(BUILD)
	sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n"/' page.md > $@

$(BUILD)/%.o: %.c $(HEADERS)
	@command -v $(WASM_CC) > /dev/null || { echo "no clang: install the WASI SDK and say make WASI_SDK=DIR, or apt-get install clang lld wasi-libc libclang-rt-dev-wasm32"; exit 1; }
	$(WASM_CC) $(WASM_CFLAGS) -I $(BUILD) -I $(SDK) -I $(BINDINGS) -c $< -o $@

# Linked by hand: a driver would ask for the linker by a name of its own.
$(OUT): $(OBJECTS)
	@command -v $(COMPONENT_LD) > /dev/null || { echo "no wasm-component-ld: it is in the WASI SDK and in every Rust toolchain (https://rustup.rs)"; exit 1; }
	$(COMPONENT_LD) --wasm-ld-path $(WASM_LD) --wasi-adapter none --no-entry --gc-sections --strip-all \
	  $(OBJECTS) $(BINDINGS)/driftline_component_type.o \
	  -L $(dir $(shell $(WASM_CC) --target=$(TARGET) -Wno-deprecated $(CFLAGS_EXTRA) -print-file-name=libc.a)) -lc -lm \
	  $(shell $(WASM_CC) --target=$(TARGET) -Wno-deprecated $(CFLAGS_EXTRA) -print-libgcc-file-name) -o $@

# Natively, with whatever C compiler there is.
test: $(HEADERS)
	$(CC) -O1 -g -std=c11 -Wall -Wextra -Wno-unused-parameter -fsanitize=address,undefined -fno-sanitize-recover \
	  -I $(BUILD) -I $(SDK) -I $(BINDINGS) plugin.c $(SDK)/driftline_plugin.c test_plugin.c -lm -o $(BUILD)/test
	$(BUILD)/test

clean:
	rm -rf $(BUILD) $(OUT)
