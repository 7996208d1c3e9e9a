package batch

import (
	"slices"

	"moeflow/stages/kvcache"
)

// Step is one pass through the model.
type Step struct {
	// Rows are the tokens, decode rows first. Rows of one sequence stand
	// together, positions rising. None means that nothing can be done now.
	Rows []Row
	// Outs is how many rows have Sample.
	Outs int
	// Pages is how many pages the sequences of the rows have, those that
	// several share counted for each.
	Pages int
	// Finished lists the sequences whose last row this is. They have left: the
	// next call of Next gives their slots and pages to others; with Config.Keep their
	// slots only, and Leave gives the pages.
	Finished []kvcache.ID
	// Entered lists the sequences that were let in for the first time.
	Entered []Entered
}

// Entered is a sequence that was let in.
type Entered struct {
	ID     kvcache.ID
	Shared int // positions of its prompt that were in the cache
}

// Row is one token at one position of a sequence.
type Row struct {
	Seq      kvcache.ID
	Slot     int // the sequence's place among those running, as long as it runs
	Position int
	// Token is the id, unless Sampled.
	Token int32
	// Sampled marks a row whose token is the one last sampled for Slot, which
	// only the device knows yet.
	Sampled bool
	// Sample asks to pick a token from the row's logits: the one at Position+1.
	Sample bool
}

// Limits bound a step.
type Limits struct {
	Rows  int // tokens
	Outs  int // rows with Sample
	Pages int // Step.Pages; a sequence alone may always have all of its own
}

// Next makes the next step, in the memory of the one that is passed, of at most
// prompts if it has rows of prompts, and decode if not. Its rows hold their places
// in the kv cache when it returns, so the tables of their sequences are those to
// give to the device, and the device must compute it before any that Next makes
// later.
func (s *Scheduler) Next(step *Step, prompts, decode Limits) error {
	*step = Step{Rows: step.Rows[:0], Finished: step.Finished[:0], Entered: step.Entered[:0]}
	for _, id := range s.ending {
		if q := s.all[id]; q != nil && s.config.Keep {
			s.rest(q)
		} else {
			s.Leave(id)
		}
	}
	s.ending = s.ending[:0]
	for {
		s.admit(step)
		starved, err := s.fill(step, prompts, decode)
		if err != nil {
			return err
		}
		if len(step.Rows) > 0 {
			s.ending = append(s.ending, step.Finished...)
			return nil
		}
		// What is known or left soon may change that.
		if !starved || len(s.running) < 2 || s.resting > 0 || slices.ContainsFunc(s.running, func(q *sequence) bool { return q.known() < q.sampled }) {
			return nil
		}
		s.evict()
	}
}

// fill makes a step. short tells that a sequence got no rows for want
// of pages.
func (s *Scheduler) fill(step *Step, prompts, decode Limits) (short bool, err error) {
	if !s.makeRoom() {
		return true, nil
	}
	if !s.config.Apart {
		most := decode
		if s.prompted() > 0 {
			most = prompts
		}
		if err := s.decode(step, most); err != nil {
			return false, err
		}
		return s.prefill(step, most, both)
	}
	if n := s.prompted(); n > 0 {
		// Not a step for every prompt that comes, while there is other work.
		if s.held++; n >= prompts.Rows/2 || s.held > patience || s.idle() {
			s.held = 0
			if short, err = s.prefill(step, prompts, given); err != nil || len(step.Rows) > 0 {
				return short, err
			}
		}
	}
	if err := s.decode(step, decode); err != nil {
		return short, err
	}
	again, err := s.prefill(step, decode, generated)
	return short || again, err
}

// patience is how many decode steps prompts wait for others, to share a step.
const patience = 8

// prompted is how many rows of prompts a step could have now.
func (s *Scheduler) prompted() int {
	n := 0
	for _, q := range s.running {
		n += max(0, len(q.Prompt)-q.next)
	}
	return n
}

// idle tells whether there are no rows of generated tokens.
func (s *Scheduler) idle() bool {
	return !slices.ContainsFunc(s.running, func(q *sequence) bool {
		return q.decodes() || q.prefills() && q.next >= len(q.Prompt)
	})
}

// makeRoom evicts sequences until there are pages for the next decode
// rows. It tells whether there are: where sequences are about to leave, they are
// waited for instead.
func (s *Scheduler) makeRoom() bool {
	for {
		want := 0
		for _, q := range s.running {
			if q.decodes() && q.next == len(s.cache.Table(q.ID))*s.cache.PageSize() {
				want += s.cache.PageSize()
			}
		}
		switch {
		case want <= s.cache.FreePositions():
			return true
		case s.resting > 0:
			return false
		case len(s.running) < 2:
			return true
		}
		s.evict()
	}
}

// decode takes a row of every sequence that generates. Where a step does not do
// for all, the next one goes on behind the last that had one.
func (s *Scheduler) decode(step *Step, most Limits) error {
	n, first := len(s.running), s.turn
	for i := range n {
		at := (first + i) % n
		q := s.running[at]
		if !q.decodes() {
			continue
		}
		if len(step.Rows) >= most.Rows || step.Outs >= most.Outs || !s.listed(step, q, 1, most) {
			break
		}
		if err := s.take(step, q, 1); err != nil {
			return err
		}
		s.turn = at + 1
	}
	return nil
}

// part is what of the rows that were computed before, or whose tokens were
// given, prefill takes: a sequence that had to give its place up has both.
type part int

const (
	both part = iota
	given
	generated
)

// rest is how many rows of a part a sequence has to compute at once.
func (q *sequence) rest(p part) int {
	switch {
	case !q.prefills() || p == generated && q.next < len(q.Prompt):
		return 0
	case p == given:
		return max(0, len(q.Prompt)-q.next)
	}
	return len(q.ids) - q.next
}

// prefill fills the step up with pieces of prompts, oldest first. short tells
// that a sequence got none for want of pages.
func (s *Scheduler) prefill(step *Step, most Limits, p part) (short bool, err error) {
	if n := len(step.Rows); n > 0 && s.config.Piece > 0 {
		most.Rows = min(most.Rows, n+s.config.Piece)
	}
	for _, q := range s.running {
		want := q.rest(p)
		if want == 0 {
			continue
		}
		n := min(want, most.Rows-len(step.Rows))
		room := len(s.cache.Table(q.ID))*s.cache.PageSize() - q.next + s.cache.FreePositions()
		if n > room {
			n, short = room, short || room == 0
		}
		if n > 0 && q.next+n == len(q.ids) && step.Outs >= most.Outs && q.Generate > 0 {
			n--
		}
		if n <= 0 || !s.listed(step, q, n, most) {
			continue
		}
		if err := s.take(step, q, n); err != nil {
			return short, err
		}
	}
	return short, nil
}

// listed tells whether the list of pages has room for those of a sequence.
func (s *Scheduler) listed(step *Step, q *sequence, n int, most Limits) bool {
	size := s.cache.PageSize()
	return step.Pages == 0 || step.Pages+(q.next+n+size-1)/size <= most.Pages
}

// take adds the next n rows of a sequence to the step.
func (s *Scheduler) take(step *Step, q *sequence, n int) error {
	if err := s.cache.Append(q.ID, n); err != nil {
		return err
	}
	for range n {
		row := Row{Seq: q.ID, Slot: q.slot, Position: q.next}
		if q.next < len(q.ids) {
			row.Token = q.ids[q.next]
		} else {
			row.Sampled = true
		}
		// Of rows that are computed again, the next token is sampled already.
		if q.next+1 == len(q.Prompt)+q.sampled && q.Generate > 0 {
			row.Sample = true
			q.sampled++
			step.Outs++
		}
		q.next++
		step.Rows = append(step.Rows, row)
	}
	step.Pages += len(s.cache.Table(q.ID))
	s.cache.Publish(q.ID)
	if q.next == q.end {
		step.Finished = append(step.Finished, q.ID)
	}
	return nil
}
