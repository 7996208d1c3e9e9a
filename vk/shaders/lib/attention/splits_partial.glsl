// What workgroups of attention_splitkv tell each other: for each split group *
// head_dim sums, then for each head the largest score and the total weight
// against it; and how many splits are done.
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Part { float v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Done { uint v[]; };
