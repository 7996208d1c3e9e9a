package graph

// Groups is how OpMoESort lays out its result, in 32-bit words:
//
//	word 0                 tiles in use
//	word 1..3              zero
//	word 4 + 3·t           tile t: expert, first place in the list, count
//	word 4 + 3·Tiles       the list of places, row·top_k + slot
//
// Tiles are in the order of their experts; words of tiles and places that are
// not in use mean nothing. A grid has Tiles workgroups along its last axis, so
// that it can be recorded before the routing is known: an expert has at most
// one tile that is not full.
type Groups struct {
	Tiles  uint64 // the most tiles there can be
	Places uint64 // the most places
}

// GroupTile is how many places of an expert a workgroup of a grouped product
// takes at most.
const GroupTile = 64

// GroupHeader and GroupTileWords are the sizes of the parts before the list.
const (
	GroupHeader    = 4
	GroupTileWords = 3
)

// NewGroups is the layout for rows of top_k slots each.
func NewGroups(experts, topK, rows uint64) Groups {
	places := topK * rows
	return Groups{Tiles: min(experts, places) + places/GroupTile, Places: places}
}

// ListAt is the offset of the list of places, in words.
func (g Groups) ListAt() uint64 { return GroupHeader + GroupTileWords*g.Tiles }

// Words is the size of the whole.
func (g Groups) Words() uint64 { return g.ListAt() + g.Places }
