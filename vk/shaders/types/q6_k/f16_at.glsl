// half_at is where a part of a unit begins in its row.
uint half_at(uint u, uint part) { return 128 * (u >> 1) + 32 * part + 16 * (u & 1); }
