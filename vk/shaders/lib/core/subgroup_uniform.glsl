// subgroup_uniform is a value that all of a subgroup have. A compiler cannot know it of what comes
// from memory, or of gl_SubgroupID, and where it does not, every exchange between
// invocations in a branch or loop is compiled twice: for all of them and for some.
#ifndef SUBGROUP_UNIFORM
#define SUBGROUP_UNIFORM
#extension GL_KHR_shader_subgroup_ballot : require
uint subgroup_uniform(uint v) { return subgroupBroadcastFirst(v); }
#endif
