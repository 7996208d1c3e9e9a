// lane_scaled is the part of a block's product that groups 2 j and 2 j + 1 make,
// of which part are the products of the integers. Included after decode/scale_min.glsl
// and gemv/lanes.glsl.
float lane_scaled(uvec4 head, uint j, vec2 part) {
    const vec2 even = scale_min(head, 2 * j), odd = scale_min(head, 2 * j + 1);
    return even.x * part.x - even.y * (lane_sum[4 * j] + lane_sum[4 * j + 1]) +
           (odd.x * part.y - odd.y * (lane_sum[4 * j + 2] + lane_sum[4 * j + 3]));
}
