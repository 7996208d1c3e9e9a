package generate

import "time"

// collect waits for the oldest step in flight and takes its tokens.
func (l *Loop) collect() error {
	f := &l.flights[l.collected%len(l.flights)]
	t, err := l.e.Next()
	l.collected++
	if err != nil {
		return err
	}
	for _, p := range f.prompts {
		if !p.m.ended {
			p.m.to.prefilled(p.tokens)
		}
	}
	begin := l.e.Begin()
	if err := l.pick.pick(t, f.picks); err != nil {
		return err
	}
	for i := range f.picks {
		k := &f.picks[i]
		if k.m.ended { // the step was begun before that was known
			continue
		}
		l.e.Picked(k.token.ID, k.m.device, begin, t)
		begin = l.e.Begin()
		if err := l.accept(k); err != nil {
			return err
		}
	}
	clear(f.picks)
	clear(f.prompts)
	l.counts.Steps++
	l.tell()
	if l.o.OnStep != nil {
		l.o.OnStep(l.counts)
	}
	return nil
}

// accept adds a token to its request, or ends the request.
func (l *Loop) accept(k *pick) error {
	m, id := k.m, k.token.ID
	if k.err != nil {
		l.finish(m, "", k.err)
		return nil
	}
	if err := l.s.Push(m.id, id); err != nil {
		return err
	}
	if m.first.IsZero() {
		m.first = time.Now()
	} else {
		m.res.Steps++
	}
	if !m.IgnoreEOG && l.e.Model.Tokenizer.IsEOG(id) {
		l.finish(m, FinishStop, nil)
		return nil
	}
	m.ids = append(m.ids, id)
	l.counts.Generated++
	if m.LogProbs {
		m.res.Tokens = append(m.res.Tokens, k.token)
	}
	stop := m.Stop != nil && m.Stop(id)
	m.to.token(k.token)
	switch {
	case stop:
		l.finish(m, FinishStop, nil)
	case len(m.ids)-len(m.IDs) >= m.MaxTokens || len(m.ids) > l.context:
		l.finish(m, FinishLength, nil)
	default:
		m.allow()
	}
	return nil
}
