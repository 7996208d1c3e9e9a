// silu(a) = a / (1 + exp(-a)). Where exp overflows the quotient is a zero,
// which is what the function tends to.
float silu(float a) { return a / (1.0 + exp(-a)); }
