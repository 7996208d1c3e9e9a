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

# Compile changed kernels; needs glslang 16. `just gen -all` compiles all.
gen *args:
    ./scripts/gen {{args}}
