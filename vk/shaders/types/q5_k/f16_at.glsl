// half_at is where a part of a unit begins in its row.
uint half_at(uint u, uint part) { return 64 * u + 16 * part; }
