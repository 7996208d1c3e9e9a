package graph

import "fmt"

// check verifies the finished plan: every activation is written before it is read,
// nothing else was written to its memory in between, every conflict has a barrier or a
// wait, and the segments cover all dispatches.
func check(u *unit) error {
	if err := u.checkValues(); err != nil {
		return err
	}
	next := 0
	for _, s := range u.segs {
		if s.First != next || s.Last <= s.First {
			return fmt.Errorf("segment %s covers dispatches %d to %d, wanted to start at %d", s.Name, s.First, s.Last, next)
		}
		next = s.Last
		start := s.First
		var reports, before uint64
		for i := s.First; i < s.Last; i++ {
			if u.calls[i].Barrier {
				start = i
			}
			d := &u.calls[i]
			if i > s.First && d.Wait != u.calls[i-1].Wait || d.Barrier {
				before = reports
			}
			if d.Signals {
				reports += d.WorkgroupCount()
			}
			if uint64(d.Wait) > before || d.Wait > 0 && !d.Signals {
				return fmt.Errorf("dispatch %d (%s) waits for %d reports, %d come before it", i, d.Kernel, d.Wait, before)
			}
			if err := u.checkEarly(s, i); err != nil {
				return err
			}
			if d.Wait > 0 && uint64(d.Wait) == before && u.reported(start, i) {
				start = u.waiters(i)
			}
			for j := start; j < i; j++ {
				if overlap(u.tensors, &u.calls[j], &u.calls[i]) {
					return fmt.Errorf("dispatches %d (%s) and %d (%s) conflict without a barrier", j, u.calls[j].Kernel, i, u.calls[i].Kernel)
				}
			}
		}
	}
	if next != len(u.calls) {
		return fmt.Errorf("segments cover %d of %d dispatches", next, len(u.calls))
	}
	return nil
}

// checkEarly verifies that the early arguments of dispatch i of a segment are written
// once the number of reports in Early is reached. Every dispatch since the last barrier
// that writes one of them must be among those that have reported by then, with all
// dispatches that wait for the same number as it does, since their order is open.
func (u *unit) checkEarly(s Segment, i int) error {
	d := &u.calls[i]
	if !d.EarlySide && d.Early > d.Wait {
		return fmt.Errorf("dispatch %d (%s) waits for %d reports at first, for %d then", i, d.Kernel, d.Early, d.Wait)
	}
	if before := u.reportsOf(s, i, i-1).aside; d.EarlySide && uint64(d.Early) > before {
		return fmt.Errorf("dispatch %d (%s) waits for %d reports aside, %d come before it", i, d.Kernel, d.Early, before)
	}
	barrier := i
	for barrier > s.First && !u.calls[barrier].Barrier {
		barrier--
	}
	reads := u.readsEarly(i)
	for j := barrier; j < i && len(reads.Args) > 0; j++ {
		if !overlap(u.tensors, &u.calls[j], &reads) {
			continue
		}
		reports := u.reportsOf(s, i, j)
		need, aside := reports.all, ""
		if d.EarlySide {
			need, aside = u.asideAfter(s, i, j), " aside"
		}
		if uint64(d.Early) < need {
			return fmt.Errorf("dispatch %d (%s) reads early what dispatch %d (%s) writes, after %d reports%s of %d",
				i, d.Kernel, j, u.calls[j].Kernel, d.Early, aside, need)
		}
	}
	return nil
}

// reportsOf counts the reports of the dispatches up to j, and of those between j and i
// that wait for the same number as j.
func (u *unit) reportsOf(s Segment, i, j int) tally {
	var out tally
	for k := s.First; k < i && (k <= j || u.calls[k].Wait == u.calls[j].Wait); k++ {
		out.add(&u.calls[k])
	}
	return out
}

// asideAfter is the number of reports aside that proves that dispatch j is done: those up
// to j if it reports aside, or those up to the first dispatch that waits for j and
// reports aside. Without any, it is more than there can be.
func (u *unit) asideAfter(s Segment, i, j int) uint64 {
	done := u.reportsOf(s, i, j).all
	for k := j; k < i; k++ {
		if u.calls[k].SignalsSide && (k == j || uint64(u.calls[k].Wait) >= done) {
			return u.reportsOf(s, i, k).aside
		}
	}
	return maxReports + 1
}

// reported tells whether all dispatches from start to the first one that waits
// as i does report.
func (u *unit) reported(start, i int) bool {
	return allSignal(u.calls[start:max(start+1, u.waiters(i))])
}

// waiters is the first of the dispatches up to i that wait for the same.
func (u *unit) waiters(i int) int {
	for i > 0 && u.calls[i-1].Wait == u.calls[i].Wait && !u.calls[i].Barrier {
		i--
	}
	return i
}

// checkValues replays the plan on the arena and keeps in owner which tensors' values
// are intact.
func (u *unit) checkValues() error {
	var owner []TensorID // tensors whose value is intact
	for i := range u.calls {
		d := &u.calls[i]
		for k, a := range d.Args {
			if a.Tensor == NoTensor || u.tensors[a.Tensor].Role != Activation || a.Access&Read == 0 {
				continue
			}
			intact := false
			for _, o := range owner {
				intact = intact || o == a.Tensor
			}
			if !intact {
				return fmt.Errorf("dispatch %d (%s) reads %s as %s, which nothing wrote or something overwrote",
					i, d.Kernel, u.tensors[a.Tensor].Name, d.Kernel.Op.ArgNames()[k])
			}
		}
		for _, a := range d.Args {
			if a.Tensor == NoTensor || a.Access&Write == 0 {
				continue
			}
			t := &u.tensors[a.Tensor]
			if t.Role == Weight || t.Role == Input || t.Role == Derived {
				return fmt.Errorf("dispatch %d (%s) writes %s, which is read-only", i, d.Kernel, t)
			}
			if t.Role != Activation {
				continue
			}
			kept := owner[:0]
			for _, o := range owner {
				if !sharesMemory(&u.tensors[o], t) {
					kept = append(kept, o)
				}
			}
			owner = append(kept, a.Tensor)
		}
	}
	return nil
}
