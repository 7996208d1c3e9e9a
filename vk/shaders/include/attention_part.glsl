// What workgroups of attention_split tell each other: for each slot group *
// head_dim sums, then for each head the largest score and the total weight
// against it; and how many slots are done.
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Part { float v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Done { uint v[]; };
