package serve

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestKeyLimits(t *testing.T) {
	h, _ := start(t, Options{Keys: []string{"a", "b"}, KeyRate: 2}, "x")
	ask := func(key string) reply {
		return post(t, h.URL+"/v1/completions", `{"prompt":"x"}`, "Authorization", "Bearer "+key)
	}
	for i, want := range []int{200, 200, 429} {
		if r := ask("a"); r.status != want {
			t.Errorf("request %d: %d %s", i, r.status, r.body)
		} else if wait, err := strconv.Atoi(r.header.Get("Retry-After")); want == 429 && (err != nil || wait < 1 || wait > 30 || !strings.Contains(r.body, "rate_limit_exceeded")) {
			t.Errorf("Retry-After %d, %v: %s", wait, err, r.body)
		}
	}
	if r := ask("b"); r.status != 200 {
		t.Errorf("another key: %d", r.status)
	}
	if r := send(t, "GET", h.URL+"/v1/models", "", "Authorization", "Bearer a"); r.status != 200 {
		t.Errorf("the list of models counts: %d", r.status)
	}
}

func TestParallelLimit(t *testing.T) {
	h, e := start(t, Options{KeyParallel: 1}, "x")
	e.hold = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		q, _ := http.NewRequestWithContext(ctx, "POST", h.URL+"/v1/completions", strings.NewReader(`{"prompt":"x"}`))
		if r, err := http.DefaultClient.Do(q); err == nil {
			r.Body.Close()
		}
	}()
	eventually(t, func() bool { return e.open.Load() == 1 })
	if r := post(t, h.URL+"/v1/completions", `{"prompt":"x"}`); r.status != 429 || !strings.Contains(r.body, "too_many_parallel_requests") {
		t.Errorf("%d %s", r.status, r.body)
	}
	cancel() // a client that goes away ends its request
	<-ended
	eventually(t, func() bool { return e.open.Load() == 0 })
	close(e.hold)
	eventually(t, func() bool { return post(t, h.URL+"/v1/completions", `{"prompt":"x"}`).status == 200 })
}

// eventually waits until something is so, and no longer than any machine needs.
func eventually(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never came to that")
		}
	}
}

func TestMetrics(t *testing.T) {
	h, _ := start(t, Options{}, "a b c d e f g h")
	post(t, h.URL+"/v1/completions", `{"prompt":"one two three four","max_tokens":5}`)
	post(t, h.URL+"/v1/completions", `{"prompt":"x"}`)
	r := send(t, "GET", h.URL+"/metrics", "")
	for _, want := range []string{
		`vllm:num_requests_running{model_name="coder"} 0`, `vllm:num_requests_waiting{model_name="coder"} 0`, `vllm:kv_cache_usage_perc{model_name="coder"} 0`,
		`vllm:request_success_total{finished_reason="length",model_name="coder"} 1`, `vllm:request_success_total{finished_reason="stop",model_name="coder"} 1`,
		`vllm:time_to_first_token_seconds_count{model_name="coder"} 2`, `vllm:e2e_request_latency_seconds_count{model_name="coder"} 2`,
		`vllm:request_queue_time_seconds_count{model_name="coder"} 2`, `vllm:inter_token_latency_seconds_bucket{model_name="coder",le="0.0005"}`,
		`vllm:generation_tokens_total{model_name="coder"}`, `vllm:prompt_tokens_total{model_name="coder"}`,
		`vllm:prefix_cache_queries{model_name="coder"}`, `vllm:prefix_cache_hits{model_name="coder"}`,
	} {
		if !strings.Contains(r.body, want) {
			t.Errorf("no %s in %s", want, r.body)
		}
	}
}

func TestDrain(t *testing.T) {
	s := New(Options{})
	if !s.Drain(t.Context()) {
		t.Error("a server without requests has some")
	}
	s.under.Add(1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if s.Drain(ctx) {
		t.Error("a request is under way")
	}
}
