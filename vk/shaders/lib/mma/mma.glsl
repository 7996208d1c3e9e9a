// Products of 16 by 8 by 16 whose operands are put together in registers. Of a
// subgroup of 32, lane 4g + t holds
//
//   a[0], a[1]  row g,     columns 2t, 2t + 1      a[2], a[3]  columns 2t + 8, 2t + 9
//   a[4], a[5]  row g + 8, columns 2t, 2t + 1      a[6], a[7]  columns 2t + 8, 2t + 9
//   b[0], b[1]  rows 2t, 2t + 1 of column g        b[2], b[3]  rows 2t + 8, 2t + 9
//   c[0], c[1]  row g, columns 2t, 2t + 1          c[2], c[3]  row g + 8, likewise
//
// which the specification leaves open: a device has the capability fragments where
// kernels/fragments.comp found it so. Which element of k a column of a and a row of b
// stand for is free, as long as both agree.
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require

#define MMA_A coopmat<float16_t, gl_ScopeSubgroup, 16, 16, gl_MatrixUseA>
#define MMA_B coopmat<float16_t, gl_ScopeSubgroup, 16, 8, gl_MatrixUseB>
#define MMA_SUMS coopmat<float, gl_ScopeSubgroup, 16, 8, gl_MatrixUseAccumulator>

// Macros, since a matrix stays in registers only in the function that has it.
#define MMA_PAIR(m, i, word) { const f16vec2 pair_ = unpackFloat2x16(word); m[i] = pair_.x; m[(i) + 1] = pair_.y; }
#define MMA_MULTIPLY(sums, a, b) sums = coopMatMulAdd(a, b, sums);
