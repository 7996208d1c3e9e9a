package batch

import (
	"fmt"
	"slices"

	"moeflow/stages/kvcache"
)

// Config bounds a Scheduler.
type Config struct {
	// Context is the most positions of a sequence.
	Context int
	// Sequences is the most sequences that run at once: the number of slots.
	Sequences int
	// OnDevice says that sampled tokens stay on the device and feed the next
	// step there. Otherwise a sequence waits for Push after each sampled row.
	OnDevice bool
}

// Request is a sequence that wants to join.
type Request struct {
	ID     kvcache.ID
	Prompt []int32
	// Generate is how many tokens to sample at most; the context may end the
	// sequence earlier. 0 only reads the prompt.
	Generate int
	// AllLogits asks for the logits of every row of the prompt instead of the
	// last only.
	AllLogits bool
}

// Scheduler packs sequences into steps. It is not safe for use by several
// goroutines at once.
type Scheduler struct {
	config  Config
	cache   *kvcache.Pool
	all     map[kvcache.ID]*sequence
	waiting []*sequence // first come, first served
	running []*sequence // in the order in which they were let in
	slots   []bool      // in use
	promise int         // pages that running sequences own or were promised
	turn    int         // where in running the decode rows start
	ending  []kvcache.ID
}

// sequence is one that waits or runs.
type sequence struct {
	Request
	slot  int
	next  int   // position of the next row
	end   int   // position behind the last row
	pages int   // promised
	token int32 // the token at next, once known, where it is not the prompt's
	known bool  // token holds
}

// New makes a scheduler that keeps its books in cache, which is its own from
// then on but for Len and Table.
func New(c Config, cache *kvcache.Pool) (*Scheduler, error) {
	if c.Context < 1 || c.Sequences < 1 {
		return nil, fmt.Errorf("context of %d positions for %d sequences at once, want at least one of each", c.Context, c.Sequences)
	}
	if got, want := cache.FreePositions(), cache.Pages()*cache.PageSize(); got != want {
		return nil, fmt.Errorf("kv cache has %d of %d positions free, want an unused one", got, want)
	}
	return &Scheduler{config: c, cache: cache, all: map[kvcache.ID]*sequence{}, slots: make([]bool, c.Sequences)}, nil
}

// Join lets a sequence wait for its turn. Prompt is not copied and must not
// change until the sequence has left. An empty prompt, one longer than the
// context, a sequence that could never fit the kv cache and an ID in use are
// errors.
func (s *Scheduler) Join(r Request) error {
	n := len(r.Prompt)
	switch {
	case n == 0:
		return fmt.Errorf("the prompt of sequence %d is empty, want at least one token", r.ID)
	case n > s.config.Context:
		return fmt.Errorf("the prompt of sequence %d has %d tokens, which is more than the context length of %d", r.ID, n, s.config.Context)
	case r.Generate < 0:
		return fmt.Errorf("sequence %d is to generate %d tokens, want at least 0", r.ID, r.Generate)
	case s.all[r.ID] != nil:
		return fmt.Errorf("sequence %d has joined already", r.ID)
	}
	q := &sequence{Request: r, slot: -1}
	// The last token sampled needs no row.
	q.end = n + min(max(r.Generate-1, 0), s.config.Context-n)
	q.pages = (q.end + s.cache.PageSize() - 1) / s.cache.PageSize()
	if q.pages > s.cache.Pages() {
		return fmt.Errorf("sequence %d needs %d positions, which is more than the %d of the kv cache", r.ID, q.end, s.cache.Pages()*s.cache.PageSize())
	}
	s.all[r.ID] = q
	s.waiting = append(s.waiting, q)
	return nil
}

// Leave ends a sequence, waiting or running, at any time between two calls of
// Next. One that is not there is no error.
func (s *Scheduler) Leave(id kvcache.ID) {
	q := s.all[id]
	if q == nil {
		return
	}
	delete(s.all, id)
	if i := slices.Index(s.waiting, q); i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
		return
	}
	i := slices.Index(s.running, q)
	s.running = slices.Delete(s.running, i, i+1)
	if i < s.turn {
		s.turn--
	}
	s.slots[q.slot] = false
	s.promise -= q.pages
	s.cache.Free(id)
}

// Push gives the token that was sampled for a sequence, where tokens do not
// stay on the device. A sequence that has left takes it silently.
func (s *Scheduler) Push(id kvcache.ID, token int32) error {
	q := s.all[id]
	if q == nil || q.next >= q.end {
		return nil
	}
	if s.config.OnDevice || q.next < len(q.Prompt) || q.known {
		return fmt.Errorf("sequence %d waits for no token", id)
	}
	q.token, q.known = token, true
	return nil
}

// Next takes the next step of at most maxRows rows. Its rows hold their places
// in the kv cache when it returns, so the tables of their sequences are those
// to give to the device.
func (s *Scheduler) Next(maxRows int) (Step, error) {
	for _, id := range s.ending {
		s.Leave(id)
	}
	s.ending = nil
	s.admit()
	var step Step
	if n := len(s.running); n > 0 {
		// Where the rows do not do for all, the next step goes on behind the
		// last that had one.
		first := s.turn % n
		for i := range n {
			at := (first + i) % n
			if q := s.running[at]; len(step.Rows) < maxRows && s.decodes(q) {
				if err := s.take(&step, q, 1); err != nil {
					return step, err
				}
				s.turn = at + 1
			}
		}
	}
	for _, q := range s.running {
		if n := min(len(q.Prompt)-q.next, maxRows-len(step.Rows)); n > 0 {
			if err := s.take(&step, q, n); err != nil {
				return step, err
			}
		}
	}
	s.ending = step.Finished
	return step, nil
}

// decodes tells whether the sequence has its prompt behind it and knows its
// next token.
func (s *Scheduler) decodes(q *sequence) bool {
	return q.next >= len(q.Prompt) && q.next < q.end && (s.config.OnDevice || q.known)
}

// admit lets in waiting sequences while there are slots and the pages for all
// that they may become. One that has to wait holds up those behind it, so that
// a long one gets its turn.
func (s *Scheduler) admit() {
	for len(s.waiting) > 0 && len(s.running) < len(s.slots) {
		q := s.waiting[0]
		if s.promise+q.pages > s.cache.Pages() {
			return
		}
		s.waiting = s.waiting[1:]
		s.promise += q.pages
		q.slot = slices.Index(s.slots, false)
		s.slots[q.slot] = true
		s.running = append(s.running, q)
	}
}

// take adds the next n rows of a sequence to the step.
func (s *Scheduler) take(step *Step, q *sequence, n int) error {
	if err := s.cache.Append(q.ID, n); err != nil {
		return err
	}
	for range n {
		row := Row{Seq: q.ID, Slot: q.slot, Position: q.next}
		switch {
		case q.next < len(q.Prompt):
			row.Token = q.Prompt[q.next]
		case s.config.OnDevice:
			row.Sampled = true
		default:
			row.Token, q.known = q.token, false
		}
		row.Sample = q.next >= len(q.Prompt)-1 && q.Generate > 0
		row.Logits = row.Sample || q.AllLogits
		q.next++
		step.Rows = append(step.Rows, row)
	}
	if q.next == q.end {
		step.Finished = append(step.Finished, q.ID)
	}
	return nil
}

// Waiting is the number of sequences that have not been let in yet.
func (s *Scheduler) Waiting() int { return len(s.waiting) }

// Running is the number of sequences that have been let in, with those whose
// last row the last step held.
func (s *Scheduler) Running() int { return len(s.running) }
