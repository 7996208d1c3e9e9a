// Matrices of 16 by 16 on matrix units, a subgroup's each. What names a matrix
// is a macro and no function: an index must be a constant, or the matrices leave
// the registers. ROWS and COLUMNS say how a matrix lies in memory; from and
// stride count elements of the array, whatever their type.
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#define HALVES_A coopmat<float16_t, gl_ScopeSubgroup, 16, 16, gl_MatrixUseA>
#define HALVES_B coopmat<float16_t, gl_ScopeSubgroup, 16, 16, gl_MatrixUseB>
#define SUMS coopmat<float, gl_ScopeSubgroup, 16, 16, gl_MatrixUseAccumulator>
#define ROWS gl_CooperativeMatrixLayoutRowMajor
#define COLUMNS gl_CooperativeMatrixLayoutColumnMajor
#define NO_SUMS SUMS(0.0)
#define LOAD_A(m, array, from, stride, layout) coopMatLoad(m, array, from, stride, layout);
#define LOAD_B(m, array, from, stride, layout) coopMatLoad(m, array, from, stride, layout);
#define LOAD_SUMS(m, array, from, stride) coopMatLoad(m, array, from, stride, ROWS);
#define STORE_SUMS(m, array, from, stride) coopMatStore(m, array, from, stride, ROWS);
#define MULTIPLY(sums, a, b) sums = coopMatMulAdd(a, b, sums);
#define SCALE(sums, f) sums = sums * f;
