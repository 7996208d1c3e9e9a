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
	// Apart keeps rows of prompts and rows of generated tokens out of one step.
	Apart bool
	// Piece is the most rows of prompts in a step that has rows of generated tokens
	// too, so that a long prompt does not keep others waiting; 0 is no bound.
	Piece int
	// Keep leaves what a sequence has computed in the cache when it leaves, tokens
	// that it generated too, for prompts that go on with it. Then a sequence has its
	// pages until Leave, also where a step finished it: by then its tokens are known.
	Keep bool
}

// Request is a sequence that wants to join.
type Request struct {
	ID     kvcache.ID
	Prompt []int32
	// Generate is how many tokens to sample at most; the context may end the
	// sequence earlier. 0 only reads the prompt.
	Generate int
	// OnDevice says that sampled tokens stay on the device and feed the next
	// step there. Otherwise the sequence waits for Push after each.
	OnDevice bool
}

// Scheduler packs sequences into steps. It is not safe for use by several
// goroutines at once.
type Scheduler struct {
	config  Config
	cache   *kvcache.Pool
	all     map[kvcache.ID]*sequence
	waiting []*sequence // in the order in which they are to be let in
	running []*sequence // in the order in which they were let in
	resting int         // sequences that are finished and have not left, if Keep
	slots   []bool      // in use
	turn    int         // where in running the next decode rows start
	tail    bool        // no more will join
	held    int         // steps since prompts had rows while some waited for theirs, if Apart
	learned expectation
	ending  []kvcache.ID
}

// sequence is one that waits or runs.
type sequence struct {
	Request
	chain kvcache.Chain
	ids   []int32 // the prompt and the sampled tokens that are known
	// sampled counts the rows whose token was or will be picked. Tokens are
	// known later than that.
	sampled int
	slot    int
	next    int  // position of the next row
	end     int  // position behind the last row
	entered bool // was let in before
}

// New makes a scheduler that keeps its books in cache, which is its own from
// then on but for Len and Table. Nothing may be in use there.
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
	q := &sequence{Request: r, ids: r.Prompt[:n:n], slot: -1}
	// The last token sampled needs no row.
	q.end = n + min(max(r.Generate-1, 0), s.config.Context-n)
	if q.end > s.cache.Pages()*s.cache.PageSize() {
		return fmt.Errorf("sequence %d needs %d positions, which is more than the %d of the kv cache", r.ID, q.end, s.cache.Pages()*s.cache.PageSize())
	}
	q.chain = s.cache.Chain(r.Prompt)
	s.all[r.ID] = q
	s.waiting = append(s.waiting, q)
	if s.tail {
		s.Drain()
	}
	return nil
}

// Drain says that no more sequences will join: from here on, those that have
// the most steps before them are let in first, so that the last do not run
// alone for long.
func (s *Scheduler) Drain() {
	s.tail = true
	slices.SortStableFunc(s.waiting, func(a, b *sequence) int { return b.steps() - a.steps() })
}

// steps is how many steps a sequence needs at most, about.
func (q *sequence) steps() int { return q.end - len(q.Prompt) + len(q.Prompt)/MaxRows }

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
	if q.slot < 0 {
		s.resting--
	} else {
		s.learned.add(q.sampled)
		s.stop(q)
	}
	s.release(q)
}

// Discard is Leave for a sequence whose computation went wrong: nothing of it is
// kept.
func (s *Scheduler) Discard(id kvcache.ID) {
	if s.all[id] != nil {
		s.cache.Discard(id)
	}
	s.Leave(id)
}

// rest takes the slot of a sequence that has no more rows, which keeps its pages
// until it leaves.
func (s *Scheduler) rest(q *sequence) {
	s.learned.add(q.sampled)
	s.stop(q)
	q.slot = -1
	s.resting++
}

// release gives a sequence's pages back.
func (s *Scheduler) release(q *sequence) {
	if s.config.Keep {
		s.cache.Retire(q.ID, q.ids[:min(q.next, len(q.ids))])
	} else {
		s.cache.Free(q.ID)
	}
}

// stop takes a running sequence's slot.
func (s *Scheduler) stop(q *sequence) {
	i := slices.Index(s.running, q)
	s.running = slices.Delete(s.running, i, i+1)
	if i < s.turn {
		s.turn--
	}
	s.slots[q.slot] = false
}

// Push gives a token that was sampled for a sequence, in the order of positions.
// A sequence that has left takes it silently, as does one that samples on the
// device: it needs it only if it has to be computed again.
func (s *Scheduler) Push(id kvcache.ID, token int32) error {
	q := s.all[id]
	if q == nil {
		return nil
	}
	if q.known() >= q.sampled {
		return fmt.Errorf("sequence %d waits for no token", id)
	}
	q.ids = append(q.ids, token)
	return nil
}

// known is how many of the sampled tokens are known.
func (q *sequence) known() int { return len(q.ids) - len(q.Prompt) }

// prefills tells whether the next row is one whose token was given, and not
// just sampled.
func (q *sequence) prefills() bool { return q.next < len(q.Prompt)+q.sampled-1 || q.sampled == 0 }

// decodes tells whether the sequence has everything but its last token behind
// it, and the device or the host knows that.
func (q *sequence) decodes() bool {
	return !q.prefills() && q.next < q.end && (q.OnDevice || q.next < len(q.ids))
}

// Waiting is the number of sequences that have not been let in, or had to give
// their place up.
func (s *Scheduler) Waiting() int { return len(s.waiting) }

// Running is the number of sequences that have been let in, with those whose
// last row the last step held.
func (s *Scheduler) Running() int { return len(s.running) }
