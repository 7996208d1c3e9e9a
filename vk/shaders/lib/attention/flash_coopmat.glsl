// Attention for a tile of FLASH_ROWS queries by matrix units, 16 by 16 by 16,
// and subgroups of 32: those of the heads of one kv head for as many rows as
// that makes, or, where their number divides no tile, of one head. Two subgroups
// have the same sixteen queries: each multiplies them by half of the keys, turns
// the scores of half of them into weights, and has half of the sums' elements.
// Keys and values pass through shared memory as halves, 32 positions at a time:
// while a tile's scores become weights, the next tile's are multiplied, and what
// comes after is on its way from memory. Running maxima and sums (Dao,
// flash-attention 2, arXiv 2307.08691). Four invocations look after a query's
// scores. Included after FLASH_ROWS, kv.glsl, kv_f16.glsl, attention/cache.glsl and the
// push constants.
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#define HALVES(use) coopmat<float16_t, gl_ScopeSubgroup, 16, 16, use>
#define SUMS coopmat<float, gl_ScopeSubgroup, 16, 16, gl_MatrixUseAccumulator>
const uint FLASH_LANES = 4 * FLASH_ROWS, FLASH_TILE = 32, EIGHTS = D / 8;
const uint KV_PITCH = EIGHTS + 1, SCORE_PITCH = FLASH_TILE / 4 + 1, WEIGHT_PITCH = FLASH_TILE / 8 + 1; // in sixteen bytes
const uint KV_SIZE = FLASH_TILE * KV_PITCH, KV_EIGHTS = FLASH_TILE * EIGHTS, LOADS = (KV_EIGHTS + FLASH_LANES - 1) / FLASH_LANES;
const float NOTHING = uintBitsToFloat(0xff800000u); // minus infinity
// A row's weights are against a maximum that may be short of the true one by
// this many powers of two: so sums seldom need to be faded, and halves hold it.
const float SHORT = 6;

shared uvec4 kv_tile[2 * KV_SIZE]; // keys, then values
shared uvec4 score_tile[FLASH_ROWS * SCORE_PITCH]; // and sometimes rows' factors
shared uvec4 weight_tile[FLASH_ROWS * WEIGHT_PITCH];
shared uint place[4 * FLASH_TILE]; // cache rows of four tiles
shared uint row_end[FLASH_ROWS];   // how many positions a row sees
shared uint row_pages[FLASH_ROWS]; // of its sequence
shared uint fades[2];              // whether any row's sums fade, of even and odd tiles

HALVES(gl_MatrixUseA) query[D / 16];
SUMS flash_sums[D / 32], next_scores;
KV_RAW next_k[LOADS], next_v[LOADS];
float row_top, row_sum; // the sum is of this invocation's scores

uint flash_row() { return gl_LocalInvocationID.x >> 2; }
uint flash_side() { return gl_LocalInvocationID.x & 3; }
uint flash_band() { return gl_LocalInvocationID.x >> 6 << 4; } // the subgroup's first query
uint flash_fma() { return gl_LocalInvocationID.x >> 5 & 1; }

// flash_sync makes what a subgroup wrote to shared memory visible to it, and
// unlike subgroupBarrier waits for nothing else.
void flash_sync() { controlBarrier(gl_ScopeSubgroup, gl_ScopeSubgroup, gl_StorageSemanticsShared, gl_SemanticsAcquireRelease); }

// flash_queries brings the tile's rows, four invocations per row, as many at a
// time as there is room for.
void flash_queries(uint64_t row) {
    [[unroll]] for (uint b = 0; b < FLASH_ROWS; b += 2 * FLASH_TILE) {
        const bool now = FLASH_ROWS == 2 * FLASH_TILE || flash_band() / (2 * FLASH_TILE) * (2 * FLASH_TILE) == b;
        if (now)
            for (uint i = flash_side(); i < EIGHTS; i += 4) {
                const vec4 x = F32x4(row).v[2 * i], y = F32x4(row).v[2 * i + 1];
                kv_tile[(flash_row() - b) * KV_PITCH + i] = uvec4(packHalf2x16(x.xy), packHalf2x16(x.zw), packHalf2x16(y.xy), packHalf2x16(y.zw));
            }
        barrier();
        if (now)
            [[unroll]] for (uint j = 0; j < D / 16; j++)
                coopMatLoad(query[j], kv_tile, (flash_band() - b) * KV_PITCH + 2 * j, KV_PITCH, gl_CooperativeMatrixLayoutRowMajor);
        barrier();
    }
    [[unroll]] for (uint j = 0; j < D / 32; j++) flash_sums[j] = SUMS(0.0);
}

// FLASH_LOAD asks for tile n of a cache, FLASH_STORE waits for it.
#define FLASH_LOAD(to, cache, n) \
    [[unroll]] for (uint l = 0; l < LOADS; l++) { \
        const uint e = gl_LocalInvocationID.x + FLASH_LANES * l; \
        if (KV_EIGHTS % FLASH_LANES == 0 || e < KV_EIGHTS) \
            to[l] = kv_raw8(cache_row(cache, place[((n) & 3) * FLASH_TILE + e / EIGHTS], kv_heads * D), first + 8 * (e % EIGHTS)); \
    }
#define FLASH_STORE(from, tile) \
    [[unroll]] for (uint l = 0; l < LOADS; l++) { \
        const uint e = gl_LocalInvocationID.x + FLASH_LANES * l; \
        if (KV_EIGHTS % FLASH_LANES == 0 || e < KV_EIGHTS) \
            kv_tile[(tile) * KV_SIZE + e / EIGHTS * KV_PITCH + e % EIGHTS] = kv_halves(from[l]); \
    }

void flash_scores() {
    next_scores = SUMS(0.0);
    [[unroll]] for (uint j = 0; j < D / 16; j++) {
        HALVES(gl_MatrixUseB) key;
        coopMatLoad(key, kv_tile, 16 * flash_fma() * KV_PITCH + 2 * j, KV_PITCH, gl_CooperativeMatrixLayoutColumnMajor);
        next_scores = coopMatMulAdd(query[j], key, next_scores);
    }
}

void flash_store_scores() {
    coopMatStore(next_scores, score_tile, flash_band() * SCORE_PITCH + 4 * flash_fma(), SCORE_PITCH, gl_CooperativeMatrixLayoutRowMajor);
}

// flash_factor multiplies each row of the sums by its invocations' factor. Which
// invocation has which element of the sums is the device's secret, so the
// factors go through memory as a matrix.
void flash_factor(float factor) {
    score_tile[flash_row() * 4 + flash_side()] = uvec4(floatBitsToUint(factor));
    barrier();
    SUMS f;
    coopMatLoad(f, score_tile, flash_band() * 4, 4, gl_CooperativeMatrixLayoutRowMajor);
    [[unroll]] for (uint j = 0; j < D / 32; j++) flash_sums[j] = flash_sums[j] * f;
    barrier();
}

void flash_values() {
    [[unroll]] for (uint n = 0; n < FLASH_TILE / 16; n++) {
        HALVES(gl_MatrixUseA) weight;
        coopMatLoad(weight, weight_tile, flash_band() * WEIGHT_PITCH + 2 * n, WEIGHT_PITCH, gl_CooperativeMatrixLayoutRowMajor);
        [[unroll]] for (uint j = 0; j < D / 32; j++) {
            HALVES(gl_MatrixUseB) value;
            coopMatLoad(value, kv_tile, KV_SIZE + 16 * n * KV_PITCH + flash_fma() * (D / 16) + 2 * j, KV_PITCH, gl_CooperativeMatrixLayoutRowMajor);
            flash_sums[j] = coopMatMulAdd(weight, value, flash_sums[j]);
        }
    }
}

// flash_out gives the rows' elements to store(row, element, value).
void flash_out(uint rows) {
    const uint c = gl_SubgroupInvocationID & 15, mine = (gl_LocalInvocationID.x >> 5) * 64;
    const float sum = row_sum + subgroupShuffleXor(row_sum, 1);
    flash_factor(1.0 / (sum + subgroupShuffleXor(sum, 2)));
    [[unroll]] for (uint j = 0; j < D / 32; j++) {
        coopMatStore(flash_sums[j], score_tile, mine, 4, gl_CooperativeMatrixLayoutRowMajor);
        flash_sync();
        for (uint r = gl_SubgroupInvocationID >> 4; r < 16 && flash_band() + r < rows; r += 2)
            store(flash_band() + r, flash_fma() * (D / 2) + 16 * j + c, uintBitsToFloat(score_tile[mine + 4 * r + (c >> 2)][c & 3]));
        flash_sync();
    }
}
