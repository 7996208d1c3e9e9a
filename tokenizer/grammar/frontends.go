package grammar

import (
	"errors"
	"fmt"
)

// Regexp compiles a regular expression, in the syntax of ECMA-262, that must match
// the whole text. An error says what of it is not served.
func Regexp(v *Vocabulary, pattern string) (*Grammar, error) {
	g := newGrammar(v)
	e, err := g.x.regexp(pattern, plainText, true)
	if err != nil {
		return nil, err
	}
	if !g.x.live(e) {
		if err := g.failure(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("pattern %q: no text matches it", pattern)
	}
	return g, g.begin(g.pattern(e))
}

// Choice compiles to any one of some texts.
func Choice(v *Vocabulary, texts []string) (*Grammar, error) {
	if len(texts) == 0 {
		return nil, errors.New("a choice of no texts")
	}
	size := 0
	for _, t := range texts {
		size += len(t)
	}
	if size > maxSource {
		return nil, fmt.Errorf("a choice of %d bytes, want at most %d", size, maxSource)
	}
	g := newGrammar(v)
	return g, g.begin(g.pattern(g.x.texts(texts)))
}
