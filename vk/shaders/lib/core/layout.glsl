// Written by vk/shaders/gen. Do not edit.
// The numbers that Go and the kernels share: package graph says what they mean.
#define STEP_HEADER 8u
#define STEP_ROWS 0u
#define STEP_OUTS 1u
#define STEP_OUTS_AT 2u
#define STEP_PAGES_AT 3u
#define STEP_ROW_WORDS 4u
#define ROW_TOKEN 0u
#define ROW_POSITION 1u
#define ROW_PAGES 2u
#define ROW_SLOT 3u
#define FROM_SAMPLED 2147483648u
#define NO_TOKEN 4294967295u
#define GROUP_HEADER 4u
#define GROUP_TILE_WORDS 3u
#define GROUP_TILE 64u
#define SYNC_SIDE 2147483648u
#define SYNC_SIDE_AT 128u
#define ATTENTION_SPLITS 32u
#define ATTENTION_COUNTERS 1024u
#define ARGMAX_PARTIAL 4096u
#define RENORMALIZE_ABSORBED 2u
#define Q16_MAX 32512.0
