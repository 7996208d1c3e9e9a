// A unit of Q5_K taken apart, to be multiplied with several rows.
struct Weight { uvec4 part[4]; vec2 even, odd; };

Weight unit_open(Unit w, uint u) {
    Weight v;
    v.part[0] = (w.a & 0x0f0f0f0fu) | (w.ha << 4 & 0x10101010u);
    v.part[1] = (w.b & 0x0f0f0f0fu) | (w.hb << 4 & 0x10101010u);
    v.part[2] = (w.a >> 4 & 0x0f0f0f0fu) | (w.ha << 3 & 0x10101010u);
    v.part[3] = (w.b >> 4 & 0x0f0f0f0fu) | (w.hb << 3 & 0x10101010u);
    const vec4 m = scale_mins(w.head, u & 3);
    v.even = m.xz;
    v.odd = m.yw;
    return v;
}
#include "decode/scale_min_dot.glsl"
