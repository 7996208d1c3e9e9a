package grammar

import "fmt"

// Matcher follows one text through a grammar. It is used by one goroutine at a
// time.
type Matcher struct {
	g     *Grammar
	n     *node
	ended bool
}

// NewMatcher begins a text.
func (g *Grammar) NewMatcher() *Matcher { return &Matcher{g: g, n: g.root} }

// Clone is a matcher at the same place, independent of m.
func (m *Matcher) Clone() *Matcher { c := *m; return &c }

// Accept goes on by a token. One that may not follow is an error that changes
// nothing.
func (m *Matcher) Accept(id int32) error {
	v := m.g.v
	if m.ended {
		return errEnded
	}
	if id < 0 || int(id) >= len(v.texts) {
		return fmt.Errorf("token %d is outside the vocabulary of %d", id, len(v.texts))
	}
	for _, end := range v.ends {
		if id == end {
			if !m.n.end {
				return fmt.Errorf("token %d ends the text, which is not complete", id)
			}
			m.ended = true
			return nil
		}
	}
	if v.texts[id] == "" {
		return fmt.Errorf("token %d has no text", id)
	}
	return m.AcceptText(v.texts[id])
}

// AcceptText goes on by the bytes of a text. If it may not follow, that is an
// error which changes nothing.
func (m *Matcher) AcceptText(text string) error {
	if m.ended {
		return errEnded
	}
	g := m.g
	g.mu.Lock()
	defer g.mu.Unlock()
	g.work = 0
	b := newBuilder(g)
	n := m.n
	for i := range len(text) {
		if n = g.step(n, text[i], b); n == nil {
			if err := g.failure(); err != nil {
				return err
			}
			return fmt.Errorf("%q may not follow behind %q", text[i:], text[:i])
		}
	}
	if err := g.failure(); err != nil {
		return err
	}
	m.n = n
	return nil
}

// CanEnd tells whether the text is complete as it is.
func (m *Matcher) CanEnd() bool { return m.n.end }

// MustEnd tells whether the text is complete and nothing can follow.
func (m *Matcher) MustEnd() bool { return m.ended || m.n.end && len(m.n.entries) == 0 }

// Mask sets the bits of the tokens that may come next, those that end a text
// among them where it is complete. mask has Vocabulary.Words words. An error says
// that a bound of the grammar is reached, or that no token fits.
func (m *Matcher) Mask(mask []uint32) error {
	g := m.g
	if len(mask) != g.v.words {
		return fmt.Errorf("a mask of %d words, want %d", len(mask), g.v.words)
	}
	if m.ended {
		return errEnded
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.work = 0
	copy(mask, g.mask(m.n))
	if err := g.failure(); err != nil {
		return err
	}
	for _, w := range mask {
		if w != 0 {
			return nil
		}
	}
	return errDead
}

// ForcedText is the text that must come next whatever the model wants, "" if there
// is a choice.
func (m *Matcher) ForcedText() string {
	g := m.g
	g.mu.Lock()
	defer g.mu.Unlock()
	g.work = 0
	var text []byte
	b := newBuilder(g)
	for n := m.n; n != nil && !n.end && len(text) < maxForced; {
		c, ok := g.only(n)
		if !ok {
			break
		}
		text = append(text, c)
		n = g.step(n, c, b)
	}
	return string(text)
}

// maxForced bounds the text that ForcedText looks ahead.
const maxForced = 256

// only is the one byte that may follow in a state.
func (g *Grammar) only(n *node) (c byte, ok bool) {
	for _, e := range n.entries {
		for _, a := range g.at(e.cell).arcs {
			if a.lo != a.hi || ok && a.lo != c {
				return 0, false
			}
			c, ok = a.lo, true
		}
	}
	return c, ok
}
