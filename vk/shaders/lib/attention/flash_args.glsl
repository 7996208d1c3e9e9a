// What the flash kernels take. Included after D and FLASH_TILE.
// A kernel that waits by itself has more in front, and views of its own of what
// the dispatches before wrote; it may also take fewer queries per workgroup.
#ifndef FLASH_FLOATS
#define FLASH_FLOATS F32x4
#define FLASH_HALF8 kv_half8
#define FLASH_ACCESS restrict
#define FLASH_QUERIES 16
#define FLASH_UNIFORM(v) v
#endif
#include "push.glsl"
const float head[1] = float[1](0); // kv.glsl stores from here; these kernels do not
#define KV_WIDTH (kv_heads * D)
#include "kv.glsl"
#include "kv_f16.glsl"
#include "attention/cache.glsl"
uint share, first_head, first_row; // query i of the tile is of head first_head + i % share, row first_row + i / share
