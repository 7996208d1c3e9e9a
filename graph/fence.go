package graph

// fence puts a barrier before a dispatch that conflicts with an earlier one since the
// last barrier: both touch the same memory, and one of them writes it. A backend
// starts every segment with a barrier, so the first dispatch of a segment needs none.
// Where kernels can wait by themselves, they do so instead.
func fence(u *unit) error {
	for _, s := range u.segs {
		start := s.First
		for i := s.First; i < s.Last; i++ {
			u.calls[i].Barrier = false
			for j := start; j < i; j++ {
				if overlap(u.tensors, &u.calls[j], &u.calls[i]) {
					u.calls[i].Barrier = true
					start = i
					break
				}
			}
		}
		if u.opts.Counters {
			u.count(s)
		}
	}
	return nil
}

// count replaces barriers by waits. The dispatches between two barriers are a group.
// Where all dispatches of a group and of the group before it report, those of the
// later group wait for every report so far, and the barrier goes. This covers earlier
// groups too: a dispatch that reports has itself waited for all groups before its own.
func (u *unit) count(s Segment) {
	var reports tally
	ends := make([]tally, s.Last-s.First) // the reports when a dispatch's group is done
	hard := s.First                       // the first dispatch since the last barrier
	for first := s.First; first < s.Last; {
		last := first + 1
		for last < s.Last && !u.calls[last].Barrier {
			last++
		}
		group := u.calls[first:last]
		soft := first > s.First && u.calls[first].Barrier && allSignal(group) && allSignal(u.groupBefore(s, first))
		own := reports
		for i := range group {
			own.add(&group[i])
			if soft {
				group[i].Wait = uint32(reports.all)
			}
		}
		if !soft {
			hard = first
		}
		for i := first; i < last; i++ {
			ends[i-s.First] = own
			if soft {
				u.calls[i].Early, u.calls[i].EarlySide = u.early(i, hard, ends[hard-s.First:])
			}
		}
		if reports = own; reports.all > maxReports {
			return
		}
		if soft {
			group[0].Barrier = false
		}
		first = last
	}
}

// tally counts reports: all, and those made aside as well.
type tally struct{ all, aside uint64 }

// add counts the reports of a dispatch.
func (r *tally) add(d *Dispatch) {
	if !d.Signals {
		return
	}
	r.all += d.WorkgroupCount()
	if d.SignalsSide {
		r.aside += d.WorkgroupCount()
	}
}

// early is how many reports dispatch i must see before it reads its early arguments:
// all reports up to the end of the group that wrote them, or only those made aside if
// every dispatch of that group that wrote them reports aside. ends has the reports at
// the end of each dispatch's group, from dispatch hard on. What was written before
// dispatch hard is behind a barrier and can be read at once.
func (u *unit) early(i, hard int, ends []tally) (reports uint32, aside bool) {
	reads := u.readsEarly(i)
	last := -1
	for j := i - 1; j >= hard && len(reads.Args) > 0; j-- {
		if last >= 0 && u.calls[j].Wait != u.calls[last].Wait {
			break
		}
		if !overlap(u.tensors, &u.calls[j], &reads) {
			continue
		}
		if last < 0 {
			last, aside = j, true
		}
		aside = aside && u.calls[j].SignalsSide
	}
	switch {
	case last < 0:
		return 0, false
	case aside:
		return uint32(ends[last-hard].aside), true
	}
	return uint32(ends[last-hard].all), false
}

// readsEarly is a dispatch that reads what the kernel of dispatch i takes early
// and no more.
func (u *unit) readsEarly(i int) Dispatch {
	var out Dispatch
	d := &u.calls[i]
	info, _ := u.opts.Kernels.Lookup(d.Kernel)
	for _, k := range info.Early {
		out.Args = append(out.Args, Arg{d.Args[k].Tensor, Read})
	}
	return out
}

// maxReports keeps the counter in its 32 bits.
const maxReports = 1 << 31

func allSignal(group []Dispatch) bool {
	for i := range group {
		if !group[i].Signals {
			return false
		}
	}
	return len(group) > 0
}

// groupBefore is the group that ends before dispatch i: back to a barrier, a
// change of what is waited for, or the segment's start.
func (u *unit) groupBefore(s Segment, i int) []Dispatch {
	first := i - 1
	for first > s.First && !u.calls[first].Barrier && u.calls[first].Wait == u.calls[first-1].Wait {
		first--
	}
	return u.calls[first:i]
}

// overlap is conflict seen on memory: activations that share bytes of the arena
// conflict even when they are different tensors.
func overlap(tensors []Tensor, a, b *Dispatch) bool {
	for _, x := range a.Args {
		for _, y := range b.Args {
			if (x.Access|y.Access)&Write == 0 || x.Tensor == NoTensor || y.Tensor == NoTensor {
				continue
			}
			if x.Tensor == y.Tensor || sharesMemory(&tensors[x.Tensor], &tensors[y.Tensor]) {
				return true
			}
		}
	}
	return false
}

func sharesMemory(a, b *Tensor) bool {
	return a.Role == Activation && b.Role == Activation &&
		a.Offset < b.Offset+b.Bytes && b.Offset < a.Offset+a.Bytes
}
