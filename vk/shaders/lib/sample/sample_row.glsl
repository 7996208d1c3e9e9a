// What an output row asks of the sampler, and sizes: see graph.SampleRow. Included
// after the push constants, which have n, the size of the vocabulary, and the
// address of the buffer sampling.
const uint PARTIAL = ARGMAX_PARTIAL, CANDIDATES = SAMPLE_CANDIDATES, MERGED = PARTIAL / 2;
const uint LIKELIEST = SAMPLE_LIKELIEST, RECENT = SAMPLE_RECENT;
const uint MOST_PARTIALS = MERGED / LIKELIEST; // so that all of them are merged
const uint ROW_WORDS = SAMPLE_ROW_WORDS, PROBS_WORDS = SAMPLE_PROBS_WORDS;
// A partial's words: the largest logit, its id, two sums, the largest logit and the
// sum before any change, then candidates and likeliest as pairs of logit and id.
const uint LARGEST = 0, LARGEST_ID = 1, SUM = 2, SUM_HOT = 3, RAW_LARGEST = 4, RAW_SUM = 5;
const uint LIST = 6, RAW_LIST = LIST + 2 * CANDIDATES, PARTIAL_WORDS = SAMPLE_PARTIAL_WORDS;
const float LEAST = uintBitsToFloat(0xff800000u); // minus infinity

uint row_uint(uint j, uint word) { return sampling.v[ROW_WORDS * j + word]; }
float row_float(uint j, uint word) { return uintBitsToFloat(row_uint(j, word)); }

bool row_masked(uint j) { return (row_uint(j, 0) & SAMPLE_MASKED) != 0; }
bool row_wants_probs(uint j) { return (row_uint(j, 0) & SAMPLE_PROBS) != 0; }
float row_temperature(uint j) { return row_float(j, 1); }
float row_scale(uint j) { return min(1 / row_temperature(j), 1e30); } // finite, for the largest's 0
uint row_top_k(uint j) { return row_uint(j, 2) < n ? row_uint(j, 2) : 0; } // 0: all
float row_top_p(uint j) { return row_float(j, 3); }
float row_min_p(uint j) { return row_float(j, 4); }
float row_draw(uint j) { return row_float(j, 8); }
uint row_likeliest(uint j) { return min(row_uint(j, 13), LIKELIEST); }

uint partial_count() { return (n + PARTIAL - 1) / PARTIAL; }

// row_plain: the draw is from all tokens.
bool row_plain(uint j) { return row_top_k(j) == 0 && row_top_p(j) >= 1 && row_min_p(j) <= 0; }

// row_candidates is how many tokens of each partial are looked at together.
uint row_candidates(uint j) {
    const uint k = row_top_k(j), most = min(CANDIDATES, MERGED / partial_count());
    if (row_temperature(j) == 0 || row_plain(j)) return 1;
    return k > 0 && k <= most ? k : most;
}

// before is the order of tokens: larger logits first, then lower ids.
bool before(float a, uint a_id, float b, uint b_id) { return a > b || (a == b && a_id < b_id); }
