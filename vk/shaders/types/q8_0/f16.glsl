#include "decode/f16_any.glsl"
