// What every kernel needs: extensions, the local size, views of memory behind
// an address, and the step buffer. Addresses come as push constants; there are
// no descriptors. Included before anything else.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference2 : require
#extension GL_EXT_scalar_block_layout : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_shuffle : require

// The host must always set constant 0; any multiple of the subgroup size does.
layout(local_size_x_id = 0) in;

layout(buffer_reference, scalar, buffer_reference_align = 4) restrict readonly buffer U32 { uint v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) restrict readonly buffer F32 { float v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 16) restrict readonly buffer F32x4 { vec4 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) restrict writeonly buffer OutF32 { float v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) restrict writeonly buffer OutU32 { uint v[]; };

#include "core/layout.glsl"

uint step_row(U32 step, uint row, uint word) { return step.v[STEP_HEADER + STEP_ROW_WORDS * row + word]; }

// at gives the address of element i of a tensor of 4-byte elements. Rows are
// counted in 64 bits: tensors may be larger than 4 GiB.
uint64_t at(uint64_t base, uint row, uint width) { return base + uint64_t(row) * width * 4; }

bool is_nan(float v) { return (floatBitsToUint(v) & 0x7fffffffu) > 0x7f800000u; }
