// Arguments of the rope_attention kernels that wait by themselves. Included after
// sync/sync.glsl.
#define PUSH_freqs F32
#include "push.glsl"
#include "sync/sync_main.glsl"
