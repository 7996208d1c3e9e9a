// Sine and cosine of an angle given in turns. The built-in functions may be
// wrong by 2^-11; these Taylor sums are right to a float's last bits.

// turn_fraction gives position * (hi + lo) in turns, less whole turns, where
// hi + lo is the rotation a position. The product's rounding error is found by
// the fused multiplication and added back, so large positions lose nothing.
float turn_fraction(float position, float hi, float lo) {
    precise float p = position * hi;
    precise float e = fma(position, hi, -p);
    precise float t = (p - floor(p)) + (e + position * lo);
    return t;
}

// turn_cos_sin gives (cos, sin) of t turns, |t| <= 2.
vec2 turn_cos_sin(float t) {
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
