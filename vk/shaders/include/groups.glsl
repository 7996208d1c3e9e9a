// The tiles of grouped products; see graph/groups.go. Included after the push
// constants, groups being a U32 and tiles the most tiles.
const uint GROUP_TILE = 64;

struct Tile { uint expert, first, count; };

bool tile_in_use(uint t) { return t < groups.v[0]; }
Tile tile_at(uint t) { return Tile(groups.v[4 + 3 * t], groups.v[5 + 3 * t], groups.v[6 + 3 * t]); }
uint place_at(uint i) { return groups.v[4 + 3 * tiles + i]; }
