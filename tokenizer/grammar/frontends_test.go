package grammar

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestRegexp(t *testing.T) {
	v := vocabularyOf(t)
	r := rand.New(rand.NewPCG(5, 6))
	for _, c := range []struct {
		pattern   string
		good, bad []string
	}{
		{`[a-c]{2,3}|x\d+`, []string{"ab", "abc", "x10"}, []string{"a", "abca", "x", "yab"}},
		{`\p{Lu}[^\s"]*`, []string{"Éa\\b", "A"}, []string{"é", "A b", `A"`}},
		{`(?=.*\d)\w+`, []string{"a1", "7"}, []string{"ab"}},
		{`(?:foo\b|ba) ?r`, []string{"foo r", "bar", "ba r"}, []string{"foor", "foo"}},
	} {
		g, err := Regexp(v, c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		for _, text := range c.good {
			if m := g.NewMatcher(); m.AcceptText(text) != nil || !m.CanEnd() {
				t.Errorf("%s does not match %q", c.pattern, text)
			}
			checkPrefixes(t, g, text, r)
		}
		for _, text := range c.bad {
			if m := g.NewMatcher(); m.AcceptText(text) == nil && m.CanEnd() {
				t.Errorf("%s matches %q", c.pattern, text)
			}
		}
	}
	for _, bad := range []string{`(a`, `a)`, `[a`, `*a`, `(a)\1`, `(?<=a)b`, `[b-a]`, `a{3,2}`, `(?=b)a`, `a\`, `a{99999999}`} {
		if _, err := Regexp(v, bad); err == nil {
			t.Errorf("%s is no error", bad)
		}
	}
}

func TestChoice(t *testing.T) {
	v := vocabularyOf(t)
	texts := []string{"yes", "yesterday", "no", `"q"`}
	g, err := Choice(v, texts)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range append(slices.Clone(texts), "", "ye", "noo") {
		m := g.NewMatcher()
		if ok := m.AcceptText(text) == nil && m.CanEnd(); ok != slices.Contains(texts, text) {
			t.Errorf("%q: %v", text, ok)
		}
	}
	m := g.NewMatcher()
	if err := m.AcceptText("n"); err != nil || m.ForcedText() != "o" {
		t.Errorf("behind n %q is forced (%v), want o", m.ForcedText(), err)
	}
	if err := m.AcceptText("o"); err != nil || !m.MustEnd() {
		t.Errorf("behind no something may follow")
	}
	if _, err := Choice(v, nil); err == nil {
		t.Error("a choice of nothing is no error")
	}
}
