// Waiting for the dispatches before by a counter in memory instead of a
// barrier. Every workgroup adds one to the counter when it is done, and waits
// at first until as many are done as there are workgroups in the dispatches
// that it follows; so what needs no result of theirs, above all the loading of
// weights, goes ahead meanwhile. Workgroups start in the order of their
// dispatches, so those that are waited for are running or done. A kernel that
// includes this has SYNC as the first member of its push constants, calls
// sync_wait before it reads any activation, or sync_early before it reads those
// that its header names as early and sync_wait before all others, and sync_done,
// in every workgroup and every invocation, after its last write. A kernel whose
// header says that it reports aside calls sync_done_side instead: it counts to
// a second counter as well, for readers that need nothing else of what runs beside
// it. Where sync is 0 there are barriers and nothing is waited for.
#extension GL_KHR_memory_scope_semantics : require

#define SYNC uint64_t sync; uint sync_until; uint sync_first;

// What the dispatches before wrote must not come from a cache.
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Counter { uint done; };
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent readonly buffer Act { float v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 16) coherent readonly buffer Act4 { vec4 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent readonly buffer ActU { uint v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 16) coherent readonly buffer ActU4 { uvec4 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent writeonly buffer PutF32 { float v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 16) coherent writeonly buffer PutF32x4 { vec4 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent writeonly buffer PutU32 { uint v[]; };
