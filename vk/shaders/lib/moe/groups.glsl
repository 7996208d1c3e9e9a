// The tiles of grouped products, laid out as graph.Groups says. Included after the push
// constants, groups being a U32 and tiles the most tiles.

struct Tile { uint expert, first, count; };

bool tile_in_use(uint t) { return t < groups.v[0]; }
Tile tile_at(uint t) { return Tile(groups.v[GROUP_HEADER + GROUP_TILE_WORDS * t], groups.v[GROUP_HEADER + 1 + GROUP_TILE_WORDS * t], groups.v[GROUP_HEADER + 2 + GROUP_TILE_WORDS * t]); }
uint assignment_at(uint i) { return groups.v[GROUP_HEADER + GROUP_TILE_WORDS * tiles + i]; }

// tile_pair joins tile t with the next one of its expert, for kernels that take
// two at once. It is false where t itself is the second of a pair.
bool tile_pair(uint t, out Tile tile) {
    tile = tile_at(t);
    uint earlier = 0;
    while (earlier < t && tile_at(t - 1 - earlier).expert == tile.expert) earlier++;
    if ((earlier & 1) != 0) return false;
    if (tile_in_use(t + 1) && tile_at(t + 1).expert == tile.expert) tile.count += tile_at(t + 1).count;
    return true;
}
