// The multiplications of flash.glsl by matrix units, 16 by 16 by 16. A subgroup
// of 32 has sixteen rows.
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#define HALVES(use) coopmat<float16_t, gl_ScopeSubgroup, 16, 16, use>
#define SUMS coopmat<float, gl_ScopeSubgroup, 16, 16, gl_MatrixUseAccumulator>
HALVES(gl_MatrixUseA) query[D / 16];
SUMS flash_sums[D / 16];

void flash_sync() { subgroupBarrier(); }

// flash_queries brings the tile's rows, two invocations a row.
void flash_queries(uint64_t row) {
    const uint side = gl_LocalInvocationID.x & 1;
    for (uint i = side; i < EIGHTS; i += 2) {
        const vec4 a = F32x4(row).v[2 * i], b = F32x4(row).v[2 * i + 1];
        kv_tile[flash_row() * KV_PITCH + i] = uvec4(packHalf2x16(a.xy), packHalf2x16(a.zw), packHalf2x16(b.xy), packHalf2x16(b.zw));
    }
    flash_sync();
    [[unroll]] for (uint j = 0; j < D / 16; j++) {
        coopMatLoad(query[j], kv_tile, (flash_row() & ~15u) * KV_PITCH + 2 * j, KV_PITCH, gl_CooperativeMatrixLayoutRowMajor);
        flash_sums[j] = SUMS(0.0);
    }
    barrier();
}

void flash_scores() {
    [[unroll]] for (uint n = 0; n < FLASH_TILE / 16; n++) {
        SUMS s = SUMS(0.0);
        [[unroll]] for (uint j = 0; j < D / 16; j++) {
            HALVES(gl_MatrixUseB) key;
            coopMatLoad(key, kv_tile, 16 * n * KV_PITCH + 2 * j, KV_PITCH, gl_CooperativeMatrixLayoutColumnMajor);
            s = coopMatMulAdd(query[j], key, s);
        }
        coopMatStore(s, score_tile, flash_mine() + 4 * n, SCORE_PITCH, gl_CooperativeMatrixLayoutRowMajor);
    }
    flash_sync();
}

// flash_factor multiplies each row of the sums by its invocations' factor. Which
// invocation has which element of the sums is the device's secret, so the
// factors go through memory as a matrix.
void flash_factor(float factor) {
    const uint from = flash_mine() + 16 * WEIGHT_PITCH, mine = from + (flash_row() & 15) * 4 + 2 * (gl_LocalInvocationID.x & 1);
    score_tile[mine] = uvec4(floatBitsToUint(factor));
    score_tile[mine + 1] = uvec4(floatBitsToUint(factor));
    flash_sync();
    SUMS f;
    coopMatLoad(f, score_tile, from, 4, gl_CooperativeMatrixLayoutRowMajor);
    [[unroll]] for (uint j = 0; j < D / 16; j++) flash_sums[j] = flash_sums[j] * f;
    flash_sync();
}

void flash_fade(float fade) {
    if (subgroupMin(fade) < 1.0) flash_factor(fade);
}

void flash_values() {
    [[unroll]] for (uint q = 0; q < FLASH_TILE / 16; q++) {
        HALVES(gl_MatrixUseA) weight;
        coopMatLoad(weight, score_tile, flash_mine() + 2 * q, WEIGHT_PITCH, gl_CooperativeMatrixLayoutRowMajor);
        [[unroll]] for (uint j = 0; j < D / 16; j++) {
            HALVES(gl_MatrixUseB) value;
            coopMatLoad(value, kv_tile, 16 * q * KV_PITCH + 2 * j, KV_PITCH, gl_CooperativeMatrixLayoutRowMajor);
            flash_sums[j] = coopMatMulAdd(weight, value, flash_sums[j]);
        }
    }
}

// flash_out gives the rows' elements to put(row, element, value).
void flash_out(uint rows) {
    const uint c = gl_SubgroupInvocationID & 15, top = flash_row() & ~15u;
    flash_factor(1.0 / row_sum);
    [[unroll]] for (uint j = 0; j < D / 16; j++) {
        coopMatStore(flash_sums[j], score_tile, flash_mine(), 4, gl_CooperativeMatrixLayoutRowMajor);
        flash_sync();
        for (uint r = gl_SubgroupInvocationID >> 4; r < 16 && top + r < rows; r += 2)
            put(top + r, 16 * j + c, uintBitsToFloat(score_tile[flash_mine() + 4 * r + (c >> 2)][c & 3]));
        flash_sync();
    }
}
