package job

import (
	"sync"
	"time"
)

// Progress is how far a job has come.
type Progress struct {
	Total   int // prompts, -1 where that is not known
	Earlier int // prompts that had their result before this job began
	Done    int // results of this job, those with errors too
	Errors  int // those with errors
	Failed  int // those of Errors where the engine failed: a resumed job computes them again
	// Tokens of the results of this job.
	PromptTokens, CachedTokens, CompletionTokens int
	Load                                         Load
	Elapsed                                      time.Duration
}

// Left is the time that the rest will take if prompts go on as fast; ok is false
// where that cannot be told.
func (p *Progress) Left() (left time.Duration, ok bool) {
	if p.Total < 0 || p.Done == 0 {
		return 0, false
	}
	rest := max(0, p.Total-p.Earlier-p.Done)
	return time.Duration(float64(p.Elapsed) / float64(p.Done) * float64(rest)), true
}

// meter counts, and tells its observer.
type meter struct {
	mu      sync.Mutex
	p       Progress
	start   time.Time
	observe func(Progress) // may be nil
}

func (m *meter) change(f func(*Progress)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.p)
	m.p.Elapsed = time.Since(m.start)
	if m.observe != nil {
		m.observe(m.p)
	}
}

func (m *meter) now() Progress {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.p.Elapsed = time.Since(m.start)
	return m.p
}
