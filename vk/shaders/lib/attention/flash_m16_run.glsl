// m16_main is the flash kernels for few rows.

// m16_run is the attention of the queries with a query_end, all of one sequence,
// over its positions before last.
void m16_run(uint64_t row, uint pages, uint last, uint first) {
    HALVES(gl_MatrixUseA) query[D / 16];
    SUMS sums[D / 16];
    row_top = NOTHING;
    row_sum = 0;
    // Each subgroup brings the queries, two lanes a query.
    [[unroll]] for (uint i = 0; i < EIGHTS / 2; i++) {
        const uint e = 2 * i + m16_side();
        const vec4 a = FLASH_FLOATS(row).v[2 * e], b = FLASH_FLOATS(row).v[2 * e + 1];
        kv_tile[m16_kv() + m16_query() * KV_PITCH + e] = uvec4(packHalf2x16(a.xy), packHalf2x16(a.zw), packHalf2x16(b.xy), packHalf2x16(b.zw));
    }
    subgroupBarrier();
    [[unroll]] for (uint j = 0; j < D / 16; j++) {
        coopMatLoad(query[j], kv_tile, m16_kv() + 2 * j, KV_PITCH, gl_CooperativeMatrixLayoutRowMajor);
        sums[j] = SUMS(0.0);
    }
    uint t = SLICE * FLASH_UNIFORM(gl_SubgroupID);
    if (t < last) rows_fetch(pages, t, last, first);
    for (; t < last; t += SPLIT_K * SLICE) {
        subgroupBarrier();
        rows_store();
        subgroupBarrier();
        if (t + SPLIT_K * SLICE < last) rows_fetch(pages, t + SPLIT_K * SLICE, last, first);
        SUMS s = SUMS(0.0);
        [[unroll]] for (uint j = 0; j < D / 16; j++) {
            HALVES(gl_MatrixUseB) key;
            coopMatLoad(key, kv_tile, m16_kv() + 2 * j, KV_PITCH, gl_CooperativeMatrixLayoutColumnMajor);
            s = coopMatMulAdd(query[j], key, s);
        }
        coopMatStore(s, score_tile, m16_scores(), SCORE_PITCH, gl_CooperativeMatrixLayoutRowMajor);
        subgroupBarrier();
        const float fade = m16_softmax(t);
        if (subgroupMin(fade) < 1.0) SCALE_SUMS(fade)
        subgroupBarrier();
        HALVES(gl_MatrixUseA) weight;
        coopMatLoad(weight, score_tile, m16_scores() + SCORE_SIZE, WEIGHT_PITCH, gl_CooperativeMatrixLayoutRowMajor);
        [[unroll]] for (uint j = 0; j < D / 16; j++) {
            HALVES(gl_MatrixUseB) value;
            coopMatLoad(value, kv_tile, m16_kv() + KV_SIZE + 2 * j, KV_PITCH, gl_CooperativeMatrixLayoutRowMajor);
            sums[j] = coopMatMulAdd(weight, value, sums[j]);
        }
    }
    const float part = m16_share();
    SCALE_SUMS(part)
    // The subgroups' sums in the place of keys and values.
    [[unroll]] for (uint j = 0; j < D / 16; j++)
        coopMatStore(sums[j], kv_tile, m16_kv() + 4 * j, D / 4, gl_CooperativeMatrixLayoutRowMajor);
    barrier();
    for (uint e = gl_LocalInvocationID.x; e < QUERIES * D / 4; e += gl_WorkGroupSize.x) {
        const uint i = e / (D / 4), c = e % (D / 4);
        vec4 v = vec4(0);
        [[unroll]] for (uint s = 0; s < SPLIT_K; s++) v += uintBitsToFloat(kv_tile[s * 2 * KV_SIZE + e]);
        if (query_end[i] > 0) put4(i, 4 * c, v);
    }
    barrier();
}

void m16_main() {
    const uint h = gl_WorkGroupID.x, group = heads / kv_heads, active_rows = FLASH_UNIFORM(step.v[STEP_ROWS]), i = gl_LocalInvocationID.x;
    share = FLASH_QUERIES % group == 0 ? group : 1;
    first_head = h / share * share;
    first_row = gl_WorkGroupID.y * FLASH_QUERIES + h % share * (FLASH_QUERIES / share);
    if (first_row >= active_rows) return;
    const uint rows = min(FLASH_QUERIES / share, active_rows - first_row), queries = rows * share, q0 = min(m16_query() / share, rows - 1);
    const uint64_t row = at(q, first_row + q0, heads * D) + (first_head + m16_query() % share) * D * 4;
    uint position = 0;
    if (i < queries) {
        position = step_row(step, first_row + i / share, ROW_POSITION);
        query_pages[i] = step_row(step, first_row + i / share, ROW_PAGES);
    }
    barrier();
    for (uint r = 0; r < queries;) {
        const uint pages = FLASH_UNIFORM(query_pages[r]);
        uint end = r;
        while (end < queries && query_pages[end] == pages) end++;
        if (i < QUERIES) query_end[i] = i >= r && i < end ? position + 1 : 0;
        barrier();
        uint last = 0;
        for (uint j = r; j < end; j++) last = max(last, FLASH_UNIFORM(query_end[j]));
        m16_run(row, pages, last, h / group * D);
        r = end;
    }
}
