package sample

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// TestAdjust: which token is the largest after each change, by hand.
func TestAdjust(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	with := func(change func(*Params)) Params {
		p := Greedy()
		change(&p)
		return p
	}
	frequency := with(func(p *Params) { p.FrequencyPenalty = 0.5 })
	presence := with(func(p *Params) { p.PresencePenalty = 1.5 })
	repeat := with(func(p *Params) { p.RepeatPenalty, p.RepeatLastN = 4, 2 })
	for _, c := range []struct {
		name string
		p    Params
		row  Row
		want int32
	}{
		{"a bias", with(func(p *Params) { p.Bias = []Bias{{2, 3.5}} }), Row{Logits: []float32{4, 3, 1}}, 2},
		{"a bias comes before the repeat penalty, which then divides", with(func(p *Params) {
			p.Bias, p.RepeatPenalty = []Bias{{0, 4}}, 4 // 3/4, where -1*4+4 would be 0
		}), Row{Logits: []float32{-1, 0.5}, History: []int32{0}, Prompt: 1}, 0},
		{"frequency counts", frequency, Row{Logits: []float32{4, 3.2}, History: []int32{0, 0}}, 1},
		{"frequency counts the answer alone", frequency, Row{Logits: []float32{4, 3.2}, History: []int32{0, 0}, Prompt: 1}, 0},
		{"presence does not count", presence, Row{Logits: []float32{4, 2.4}, History: []int32{0, 0, 0}}, 0},
		{"presence counts once", presence, Row{Logits: []float32{4, 2.6}, History: []int32{0, 0, 0}}, 1},
		{"presence leaves the prompt alone", presence, Row{Logits: []float32{4, 2.6}, History: []int32{0}, Prompt: 1}, 0},
		{"the repeat penalty counts the prompt", repeat, Row{Logits: []float32{4, 3, 1}, History: []int32{0, 2}, Prompt: 2}, 1},
		{"the repeat penalty looks back 2", repeat, Row{Logits: []float32{4, 3, 1}, History: []int32{0, 2, 2}, Prompt: 2}, 0},
		{"repeat before presence", with(func(p *Params) { p.RepeatPenalty, p.PresencePenalty = 2, 1 }), // 4/2-1 = 1
			Row{Logits: []float32{4, 1.2}, History: []int32{0}}, 1},
		{"a mask", Greedy(), Row{Logits: []float32{4, nan, inf, 1, 2}, Allowed: Mask{1<<3 | 1<<4}}, 4},
		{"a bias does not allow", with(func(p *Params) { p.Bias = []Bias{{0, 100}} }), Row{Logits: []float32{4, 1, 2}, Allowed: Mask{6}}, 2},
	} {
		s, err := New(c.p, len(c.row.Logits))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // nothing lasts from one pick to the next
			if id, err := s.Pick(c.row); err != nil || id != c.want {
				t.Errorf("%s: picked %d (%v), want %d", c.name, id, err, c.want)
			}
		}
	}
}

func TestAdjustErrors(t *testing.T) {
	logits := []float32{1, 2, float32(math.NaN())}
	s, err := New(Params{Temperature: 1, TopP: 1, RepeatPenalty: 1, PresencePenalty: 1}, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		row  Row
		want string
	}{
		{Row{Logits: logits, Allowed: Mask{4}}, "not finite: that of token 2 is NaN"},
		{Row{Logits: logits, Allowed: Mask{0}}, "no token is allowed"},
		{Row{Logits: logits, Allowed: Mask{1, 1}}, "a mask of 2 words, want 1 for 3 tokens"},
		{Row{Logits: logits[:2], Allowed: Mask{1}}, "2 logits, want one for each of 3"},
		{Row{Logits: logits, History: []int32{1}, Prompt: 2}, "a prompt of 2 tokens in a history of 1"},
		{Row{Logits: logits, History: []int32{1, 7}}, "token 7 of the history is outside"},
	} {
		_, err := s.Pick(c.row)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(c.want, "finite") != errors.Is(err, ErrNotFinite) {
			t.Errorf("%+v: %v, want %q", c.row, err, c.want)
		}
	}
	// The error before left nothing behind.
	if id, err := s.Pick(Row{Logits: []float32{1, 2, -90}, Allowed: Mask{1}}); id != 0 || err != nil {
		t.Errorf("after an error: %d, %v", id, err)
	}
}
