#version 460
#extension GL_GOOGLE_include_directive : require
// topk_gate_up whose outputs become 16-bit fixed point as soon as a
// workgroup has made its own, so that topk_down_q16, of which every
// workgroup needs all of them, has only to copy them.
//
// Arguments are those of topk_gate_up.comp, but for y U32, laid out as
// graph.StoreQ16 writes it. A scale is that of sixteen outputs, of which a workgroup
// makes three times as many.
//
// op: topk_gate_up_q16
// tile: 48 1 1
// local: 8 subgroups
// spec: k experts
// needs: gpu dot warps8
// rows: 1 1
// requires: k%256 k<=8192 n%16 experts<=256 top_k<=8
// precision: q16
// sync: counter
// early: logits
#include "core/common.glsl"
#include "moe/topk_gate_up_args.glsl"
#include "act/q16_emit.glsl"

shared vec4 made[TILE / 4];

void emit(uint r, uint s, uint o, float v) {
    const uint i = o - gl_WorkGroupID.x * TILE;
    made[i / 4][i % 4] = v;
}

void emitted(uint r, uint s) {
    barrier();
    if (gl_SubgroupID != 0) return;
    const uint first = gl_WorkGroupID.x * TILE / 4, before = s * (n / 4);
    [[unroll]] for (uint j = 0; j < TILE / 4; j += SUB) {
        const uint i = j + gl_SubgroupInvocationID;
        const vec4 v = made[min(i, TILE / 4 - 1)];
        q16_emit(y + uint64_t(r) * q16_bytes(n * top_k), n * top_k / 16, before + first + i, v, i < TILE / 4 && first + i < n / 4);
    }
}
#include "moe/topk_gate_up_main.glsl"
