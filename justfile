# Each recipe calls a script, so `just` itself is a convenience, not a need.

# List the recipes.
default:
    @just --list

# Install what is missing and build bin/moeflow.
build:
    ./scripts/build

# Build, then run the shipped model on a prompt.
quickstart:
    ./scripts/quickstart

# Run every test; a skipped one is a failure.
test:
    ./scripts/test

# The quick checks: format, vet, imports, budgets.
lint:
    ./scripts/lint

# Run every fuzz target for a while.
fuzz time="30s":
    ./scripts/fuzz {{time}}

# 100,000 prompts in one batch: every result there, and memory flat.
soak count="100000" *args:
    ./scripts/soak {{count}} {{args}}

# moeflow and llama.cpp side by side on one model; LIB is the folder of
# llama.cpp's libraries (see tools/peer/README.md). Needs numpy.
bench-peer lib model *args:
    ./scripts/build
    python3 tools/peer/side_by_side.py bin/moeflow {{lib}} {{model}} --prompts 0 --bench {{args}}

# Compile changed kernels; needs glslang 16. `just gen -all` compiles all.
gen *args:
    ./scripts/gen {{args}}
