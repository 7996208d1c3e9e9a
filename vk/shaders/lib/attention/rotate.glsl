// Sine and cosine of an angle given in turns. The built-in functions may be
// wrong by 2^-11; these Taylor sums are right to a float's last bits.

// rotate_fraction gives position * (hi + lo) in turns, less whole turns, where
// hi + lo is the rotation a position and position < 2^24. Position and hi are
// each split in halves of twelve bits, whose products are exact, so that large
// positions lose nothing; not every device has a fused multiplication.
float rotate_fraction(uint position, float hi, float lo) {
    const vec2 p = vec2(position & 0xfff000u, position & 0xfffu);
    precise vec2 h;
    h.x = uintBitsToFloat(floatBitsToUint(hi) & 0xfffff000u);
    h.y = hi - h.x;
    precise vec4 exact = vec4(p * h.x, p * h.y);
    precise vec4 part = exact - floor(exact);
    precise float t = ((part.x + part.y) + (part.z + part.w)) + float(position) * lo;
    return t;
}

// rotate_cos_sin gives (cos, sin) of t turns, |t| <= 8.
vec2 rotate_cos_sin(float t) {
    precise float quarters = t * 4.0;
    precise float nearest = floor(quarters + 0.5);
    precise float x = (quarters - nearest) * 1.57079632679489662; // within +-pi/4
    const float y = x * x;
    const float s = x * (1.0 + y * (-1.0 / 6 + y * (1.0 / 120 + y * (-1.0 / 5040 + y * (1.0 / 362880)))));
    const float c = 1.0 + y * (-0.5 + y * (1.0 / 24 + y * (-1.0 / 720 + y * (1.0 / 40320 - y * (1.0 / 3628800)))));
    const int q = int(nearest) & 3;
    const vec2 v = (q & 1) == 0 ? vec2(c, s) : vec2(-s, c);
    return (q & 2) == 0 ? v : -v;
}
