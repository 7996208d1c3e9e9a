package batch

import "slices"

// expectation is how many tokens a sequence is expected to generate: half more
// than those before did on average, where recent ones count most.
type expectation struct {
	mean  float64
	known bool
}

func (e *expectation) add(generated int) {
	if !e.known {
		e.mean, e.known = float64(generated), true
	}
	e.mean += (float64(generated) - e.mean) / 32
}

// pagesAtEnd is how many pages a sequence is expected to have at its end: at
// most what it may, and at least a page more than it is sure to have.
func (s *Scheduler) pagesAtEnd(q *sequence) int {
	end, size := q.end, s.cache.PageSize()
	if s.learned.known {
		sure := max(len(q.ids), q.next) + size
		end = min(end, max(sure, len(q.Prompt)+int(1.5*s.learned.mean)))
	}
	return (end + size - 1) / size
}

// admit lets in waiting sequences while there are slots and the pages that they
// and the running ones are expected to need. One that has to wait for pages
// holds up those behind it, so that a long one gets its turn. One whose prompt
// begins with pages that a running sequence is about to compute waits for
// those, and others may pass it.
func (s *Scheduler) admit(step *Step) {
	for i := 0; i < len(s.waiting) && len(s.running) < len(s.slots); {
		q := s.waiting[i]
		most := len(q.ids) - 1 // whose last row's logits are wanted
		shared, claimed := s.cache.Match(&q.chain, most)
		if claimed || q.known() < q.sampled {
			i++
			continue
		}
		size := s.cache.PageSize()
		free := (s.cache.FreePositions() - s.cache.Idle(&q.chain, most)) / size
		if len(s.running) > 0 && free < s.owed()+s.pagesAtEnd(q)-shared/size {
			return
		}
		s.waiting = slices.Delete(s.waiting, i, i+1)
		s.enter(step, q, most)
	}
}

// owed is how many more pages the running sequences are expected to take.
func (s *Scheduler) owed() int {
	n := 0
	for _, q := range s.running {
		n += max(0, s.pagesAtEnd(q)-len(s.cache.Table(q.ID)))
	}
	return n
}

// enter gives a sequence its slot and the pages that it shares.
func (s *Scheduler) enter(step *Step, q *sequence, most int) {
	if s.config.Keep {
		q.next = s.cache.Resume(q.ID, &q.chain, most, len(s.slots) == 1)
	} else {
		q.next = s.cache.Share(q.ID, &q.chain, most)
	}
	s.cache.Claim(q.ID, &q.chain)
	if !q.entered {
		q.entered = true
		step.Entered = append(step.Entered, Entered{q.ID, q.next})
	}
	q.slot = s.freeSlot()
	s.slots[q.slot] = true
	s.running = append(s.running, q)
}

// freeSlot is the first free slot.
func (s *Scheduler) freeSlot() int { return slices.Index(s.slots, false) }

// evict makes the sequence that was let in last give up its place and pages. It
// is the first to be let in again, and computes again what it had. The sequence
// let in first never has to, so there is always one that gets to its end.
func (s *Scheduler) evict() {
	q := s.running[len(s.running)-1]
	s.stop(q)
	s.release(q)
	q.slot, q.next = -1, 0
	s.waiting = slices.Insert(s.waiting, 0, q)
}
