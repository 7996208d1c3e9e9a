#include "half_any.glsl"
