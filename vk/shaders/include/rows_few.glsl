// Products of a few rows of activations with many weight rows: FEW rows at a
// time lie in shared memory as fixed point, and a weight is loaded and unpacked
// once for all of them. The lanes of a subgroup share out a weight row's units,
// as many lanes as a power of two divides the units; the rest of the subgroup
// has other outputs. The order of a row's sum depends on k and the subgroup's
// size alone. Included after fixed.glsl's includes, FIXED being FEW * K.
const uint FEW = 4, ROW_UNITS = K / 64, AHEAD = 3;

uint few_lanes() { return min(ROW_UNITS & (~ROW_UNITS + 1), gl_SubgroupSize); }

// few_take stores row r of a pass, elements 8 * i on, as fixed point; i counts
// eights of all rows.
void few_take(uint64_t row, uint i) {
    const uint e = i % (K / 8);
    fixed_put(i, F32x4(row).v[2 * e], F32x4(row).v[2 * e + 1]);
}

// few_dot adds the products of one weight row's units with all rows.
vec4 few_dot(uint64_t row, uint rows) {
    const uint lanes = few_lanes(), first = gl_SubgroupInvocationID % lanes;
    vec4 sum = vec4(0);
    for (uint j = first; j < ROW_UNITS; j += AHEAD * lanes) {
        Unit units[AHEAD];
        [[unroll]] for (uint a = 0; a < AHEAD; a++)
            if (j + a * lanes < ROW_UNITS) units[a] = unit_load(row, j + a * lanes);
        [[unroll]] for (uint a = 0; a < AHEAD; a++) {
            const uint u = j + a * lanes;
            if (u >= ROW_UNITS) break;
            [[unroll]] for (uint r = 0; r < FEW; r++)
                if (r < rows) sum[r] += unit_dot(units[a], u, r * ROW_UNITS + u);
        }
    }
    for (uint mask = lanes / 2; mask > 0; mask /= 2) sum += subgroupShuffleXor(sum, mask);
    return sum;
}

// few_dots does so for two weight rows at once.
void few_dots(uint64_t a, uint64_t b, uint rows, out vec4 of_a, out vec4 of_b) {
    const uint lanes = few_lanes(), first = gl_SubgroupInvocationID % lanes;
    of_a = of_b = vec4(0);
    for (uint u = first; u < ROW_UNITS; u += lanes) {
        const Unit x = unit_load(a, u), y = unit_load(b, u);
        [[unroll]] for (uint r = 0; r < FEW; r++) {
            if (r >= rows) break;
            of_a[r] += unit_dot(x, u, r * ROW_UNITS + u);
            of_b[r] += unit_dot(y, u, r * ROW_UNITS + u);
        }
    }
    for (uint mask = lanes / 2; mask > 0; mask /= 2) {
        of_a += subgroupShuffleXor(of_a, mask);
        of_b += subgroupShuffleXor(of_b, mask);
    }
}
