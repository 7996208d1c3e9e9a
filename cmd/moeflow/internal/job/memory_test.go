package job

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"testing"
)

// generated is a stream of n prompts, made as they are read.
type generated struct{ i, n int }

func (g *generated) Read(p []byte) (int, error) {
	if g.i == g.n {
		return 0, io.EOF
	}
	g.i++
	return copy(p, fmt.Sprintf("{\"id\":\"prompt number %d\",\"prompt\":\"x%d\"}\n", g.i, g.i)), nil
}

// TestMemory: a hundred thousand prompts leave no more behind than what the
// package promises, four and about twenty bytes each.
func TestMemory(t *testing.T) {
	const prompts, early = 100_000, 10_000
	out := Stream("nowhere", io.Discard)
	j := &Job{Settings: testSettings(t, JSONL), Source: NewSource("generated", &generated{n: prompts}), Output: out, Total: -1}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var before, after uint64
	j.Observe = func(p Progress) {
		switch {
		case p.Done == early && before == 0:
			before = heap()
		case p.Done == prompts-1 && after == 0:
			after = heap()
		}
	}
	p, err := j.Run(context.Background(), &fake{tok: j.Tokenizer, width: 64})
	if err != nil || p.Done != prompts {
		t.Fatalf("%v after %+v", err, p)
	}
	t.Logf("heap after %d prompts %d KiB, after %d %d KiB", early, before>>10, prompts, after>>10)
	if after > before+8<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
}
