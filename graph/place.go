package graph

import "sort"

// life is the span of barrier groups during which an activation's memory must
// not be used for anything else.
type life struct {
	id          TensorID
	first, last int
}

// place gives every activation an offset in the arena. Lifetimes are counted in
// barrier groups, not dispatches: what runs without a barrier between runs at
// once, so a tensor's memory is free only in the groups after its last use.
// Larger tensors are placed first, each at the lowest offset that is free
// throughout its life.
func place(u *unit) error {
	lives := u.lives()
	sort.SliceStable(lives, func(i, j int) bool {
		a, b := u.tensors[lives[i].id].Bytes, u.tensors[lives[j].id].Bytes
		if a != b {
			return a > b
		}
		return lives[i].first < lives[j].first
	})
	used := map[TensorID]bool{}
	for _, l := range lives {
		used[l.id] = true
	}
	for i := range u.tensors { // what fusion left without a use takes no memory
		if t := &u.tensors[i]; t.Role == Activation && !used[TensorID(i)] {
			t.Bytes = 0
		}
	}
	var placed []life
	for _, l := range lives {
		var busy []life
		for _, p := range placed {
			if p.first <= l.last && l.first <= p.last {
				busy = append(busy, p)
			}
		}
		sort.Slice(busy, func(i, j int) bool { return u.tensors[busy[i].id].Offset < u.tensors[busy[j].id].Offset })
		at := uint64(0)
		for _, b := range busy {
			if at+aligned(u.tensors[l.id].Bytes) <= u.tensors[b.id].Offset {
				break
			}
			at = max(at, u.tensors[b.id].Offset+aligned(u.tensors[b.id].Bytes))
		}
		u.tensors[l.id].Offset = at
		u.arena = max(u.arena, at+aligned(u.tensors[l.id].Bytes))
		placed = append(placed, l)
	}
	return nil
}

func aligned(n uint64) uint64 { return (n + Alignment - 1) / Alignment * Alignment }

// lives finds the barrier groups in which each activation is used.
func (u *unit) lives() []life {
	at := map[TensorID]int{}
	var lives []life
	group, start := 0, 0
	for i := range u.calls {
		for j := start; j < i; j++ {
			if conflict(&u.calls[j], &u.calls[i]) {
				group, start = group+1, i
				break
			}
		}
		if u.startsSegment(i) && start != i {
			group, start = group+1, i
		}
		for _, a := range u.calls[i].Args {
			if a.Tensor == NoTensor || u.tensors[a.Tensor].Role != Activation {
				continue
			}
			k, ok := at[a.Tensor]
			if !ok {
				k = len(lives)
				at[a.Tensor] = k
				lives = append(lives, life{a.Tensor, group, group})
			}
			lives[k].last = group
		}
	}
	return lives
}

func (u *unit) startsSegment(i int) bool {
	for k := range u.segs {
		if u.segs[k].First == i {
			return true
		}
	}
	return false
}
