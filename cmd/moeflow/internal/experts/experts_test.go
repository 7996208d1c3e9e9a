package experts

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// random is n tokens that choose top_k experts at random in every layer.
func random(layers, experts, topK, n int) *Counts {
	c, r := New(layers, experts, topK), rand.New(rand.NewPCG(1, 2))
	c.Model, c.Device, c.PrefillTokens, c.DecodeTokens = `a<b>&"c`, "a device", uint64(n), uint64(n)
	for l := range layers {
		for range n {
			for _, e := range r.Perm(experts)[:topK] {
				c.Prefill[l][e]++
			}
			for _, e := range r.Perm(experts)[:topK] {
				c.Decode[l][e]++
			}
		}
	}
	return c
}

// TestRandomChoice: what is chosen at random has the coefficient of variation
// that random choice should have, and nearly all of the entropy.
func TestRandomChoice(t *testing.T) {
	c := random(4, 128, 8, 1000)
	for l, counts := range c.Layers() {
		load := Of(counts, c.TopK)
		if load.Choices != 2*1000*8 || load.Unused != 0 {
			t.Errorf("layer %d: %d choices, %d unused", l, load.Choices, load.Unused)
		}
		if math.Abs(load.CV/load.CVUniform-1) > 0.2 || load.EntropyShare < 0.999 || load.EntropyShare > 1 {
			t.Errorf("layer %d: CV %.4f, random choice %.4f; entropy %.4f of the most", l, load.CV, load.CVUniform, load.EntropyShare)
		}
	}
}

func TestExtremes(t *testing.T) {
	for _, c := range []struct {
		counts []uint64
		topK   int
		want   Load
	}{
		{nil, 1, Load{}},
		{[]uint64{0, 0}, 1, Load{Unused: 2}},
		{[]uint64{7}, 1, Load{Choices: 7, MaxOverMean: 1, EntropyShare: 1}},
		{[]uint64{5, 5, 5, 5}, 4, Load{Choices: 20, MaxOverMean: 1, Entropy: 2, EntropyShare: 1}},
		{[]uint64{16, 0, 0, 0}, 1, Load{Choices: 16, Unused: 3, MaxOverMean: 4, CV: math.Sqrt(3), CVUniform: math.Sqrt(0.75 / 4)}},
	} {
		if got := Of(c.counts, c.topK); got != c.want {
			t.Errorf("%v: %+v, wanted %+v", c.counts, got, c.want)
		}
	}
}

func TestJSON(t *testing.T) {
	c := random(3, 6, 2, 50)
	var b strings.Builder
	if err := c.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal([]byte(b.String()), &r); err != nil {
		t.Fatal(err)
	}
	if r.Model != c.Model || r.Layers != 3 || r.Experts != 6 || r.TopK != 2 || r.PrefillTokens != 50 || r.DecodeTokens != 50 || r.Choices != 100*3*2 {
		t.Errorf("%+v", r)
	}
	for l, x := range r.PerLayer {
		if x.Layer != l || x.Load.Choices != 200 || len(x.Prefill) != 6 || len(x.Decode) != 6 || x.Prefill[2] != c.Prefill[l][2] || x.Decode[5] != c.Decode[l][5] {
			t.Errorf("layer %d: %+v", l, x)
		}
	}
}

// TestSVG: the picture parses, stays small, and has a cell for every expert
// that was chosen.
func TestSVG(t *testing.T) {
	for _, c := range []*Counts{random(48, 128, 8, 200), random(1, 1, 1, 1), New(2, 4, 1), New(0, 0, 1)} {
		var b strings.Builder
		if err := c.WriteSVG(&b); err != nil {
			t.Fatal(err)
		}
		d := xml.NewDecoder(strings.NewReader(b.String()))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v in %.300s", err, b.String())
			}
		}
		chosen := 0
		for _, counts := range c.Layers() {
			for _, n := range counts {
				if n > 0 {
					chosen++
				}
			}
		}
		if got := len(regexp.MustCompile(`h-\d+z`).FindAllString(b.String(), -1)); got != chosen {
			t.Errorf("%d cells, wanted %d", got, chosen)
		}
		if b.Len() > 250_000 {
			t.Errorf("the picture has %d bytes", b.Len())
		}
	}
}

func TestLevels(t *testing.T) {
	last := 0
	for times := 0.0; times < 6; times += 0.01 {
		l := level(times)
		if l < max(1, last) || l > steps {
			t.Fatalf("%.2f × the mean is level %d after %d", times, l, last)
		}
		last = l
	}
	if level(1) == level(2) || last != steps {
		t.Errorf("levels of 1 and 2: %d %d; the last %d", level(1), level(2), last)
	}
}
