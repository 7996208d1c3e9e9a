package jinja

// loop is a for statement.
type loop struct {
	line      int
	to        expr
	items     expr
	test      expr // which items; nil is all
	recursive bool
	body      []stmt
	empty     []stmt // where there are none
}

func (l *loop) exec(f *frame) signal {
	f.line = l.line
	l.over(f, f.eval(l.items), 0)
	return goesOn
}

// over runs the body for each item of v. Like Jinja2 it looks at items one at a
// time, so that a test may depend on what the body did before.
func (l *loop) over(f *frame, v any, depth int) {
	f.alloc(loopSize)
	state := &loopState{loop: l, f: f, items: f.iterate(v), depth: depth, sized: l.test == nil}
	state.size = len(state.items)
	if l.recursive || l.test != nil {
		f.scope.keep() // for who calls the loop, or asks for its next item, later
	}
	inner := f.inner()
	for state.advance() {
		f.spend(1)
		inner = inner.again()
		inner.assign(l.to, state.current)
		inner.set("loop", state)
		if inner.body(l.body) == breaks {
			break
		}
	}
	if !state.started {
		f.inner().body(l.empty)
	}
}

// again is a frame for another round of what f is for: f itself, unless a macro
// that was made in it may still look at the variables.
func (f *frame) again() *frame {
	if f.scope.kept {
		return (&frame{f.run, f.scope.up, f.out}).inner()
	}
	clear(f.scope.vars)
	f.scope.vars = f.scope.vars[:0]
	return f
}

// loopState is the variable loop.
type loopState struct {
	*loop
	f       *frame
	items   []any // not looked at yet
	sized   bool  // size is known
	size    int
	index0  int
	depth   int
	before  any
	current any
	started bool
	peeked  []any // items that were tested, before items
	tester  *frame
	changed []any // what changed() was given last
}

// fetch returns the next item that passes the test.
func (s *loopState) fetch() (any, bool) {
	for len(s.items) > 0 {
		v := s.items[0]
		s.items = s.items[1:]
		if s.test == nil {
			return v, true
		}
		s.f.spend(1)
		if s.tester == nil {
			s.tester = s.f.inner()
		}
		s.tester = s.tester.again()
		s.tester.assign(s.to, v)
		if s.f.truth(s.tester.eval(s.test)) {
			return v, true
		}
	}
	return nil, false
}

// peek returns the item after the current one.
func (s *loopState) peek() (any, bool) {
	if len(s.peeked) == 0 {
		v, ok := s.fetch()
		if !ok {
			return nil, false
		}
		s.peeked = append(s.peeked, v)
	}
	return s.peeked[0], true
}

func (s *loopState) advance() bool {
	v, ok := s.peek()
	if !ok {
		return false
	}
	s.peeked = s.peeked[1:]
	if s.started {
		s.index0++
		s.before = s.current
	}
	s.started, s.current = true, v
	return true
}

func (s *loopState) length() int {
	if !s.sized {
		for {
			v, ok := s.fetch()
			if !ok {
				break
			}
			s.f.alloc(slotSize)
			s.peeked = append(s.peeked, v)
		}
		s.sized, s.size = true, s.index0+1+len(s.peeked)
	}
	return s.size
}

func (s *loopState) attribute(name string) any {
	switch name {
	case "index":
		return int64(s.index0 + 1)
	case "index0":
		return int64(s.index0)
	case "revindex":
		return int64(s.length() - s.index0)
	case "revindex0":
		return int64(s.length() - s.index0 - 1)
	case "length":
		return int64(s.length())
	case "depth":
		return int64(s.depth + 1)
	case "depth0":
		return int64(s.depth)
	case "first":
		return s.index0 == 0
	case "last":
		_, more := s.peek()
		return !more
	case "previtem":
		if s.index0 == 0 {
			return undefined{why: "there is no previous item"}
		}
		return s.before
	case "nextitem":
		if v, ok := s.peek(); ok {
			return v
		}
		return undefined{why: "there is no next item"}
	case "cycle":
		return function(func(f *frame, a args) any {
			if len(a.pos) == 0 {
				f.fail("no items for cycling given")
			}
			return a.pos[s.index0%len(a.pos)]
		})
	case "changed":
		return function(func(f *frame, a args) any {
			same := s.changed != nil && f.equal(list(s.changed), list(a.pos))
			f.slots(len(a.pos))
			s.changed = append([]any{}, a.pos...)
			return !same
		})
	}
	return undefined{why: "'loop' has no attribute %[1]s", about: name}
}

// call is loop(items) in a recursive loop.
func (s *loopState) call(f *frame, a args) any {
	if !s.recursive {
		f.fail("the loop must have the 'recursive' marker to be called")
	}
	if len(a.pos) != 1 {
		f.fail("loop() takes one argument")
	}
	f.enter()
	defer f.leave()
	b := f.buffer()
	s.over(&frame{f.run, s.f.scope, b}, a.pos[0], s.depth+1)
	return b.String()
}
