package serve

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"moeflow/cmd/moeflow/internal/generate"
)

// meters are what /metrics tells, by the names that vLLM has for them, so that
// dashboards that exist show this server too.
type meters struct {
	handler                       http.Handler
	prompt, made, queries, hits   *prometheus.CounterVec
	ended                         *prometheus.CounterVec
	first, between, whole, queued *prometheus.HistogramVec
}

// label is on every metric.
const label = "model_name"

func (s *Server) newMeters() *meters {
	reg := prometheus.NewRegistry()
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vllm:" + name, Help: help}, append([]string{label}, labels...))
		reg.MustRegister(c)
		return c
	}
	seconds := func(name, help string, from float64) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "vllm:" + name, Help: help, Buckets: prometheus.ExponentialBuckets(from, 2, 16)}, []string{label})
		reg.MustRegister(h)
		return h
	}
	reg.MustRegister(&gauges{s: s})
	return &meters{
		handler: promhttp.HandlerFor(reg, promhttp.HandlerOpts{}),
		prompt:  counter("prompt_tokens_total", "Tokens of prompts."),
		made:    counter("generation_tokens_total", "Generated tokens."),
		queries: counter("prefix_cache_queries", "Tokens of prompts that were looked up in the kv cache."),
		hits:    counter("prefix_cache_hits", "Tokens of prompts that were in the kv cache."),
		ended:   counter("request_success_total", "Answers that ended, by the reason.", "finished_reason"),
		first:   seconds("time_to_first_token_seconds", "From the request to its first token.", 0.001),
		between: seconds("inter_token_latency_seconds", "Between two tokens of an answer.", 0.0005),
		whole:   seconds("e2e_request_latency_seconds", "From the request to the end of its answer.", 0.01),
		queued:  seconds("request_queue_time_seconds", "That a request waited for its turn.", 0.0001),
	}
}

// gauges are read from the engine when somebody asks.
type gauges struct{ s *Server }

var (
	runningDesc = prometheus.NewDesc("vllm:num_requests_running", "Requests that are computed.", []string{label}, nil)
	waitingDesc = prometheus.NewDesc("vllm:num_requests_waiting", "Requests that wait for their turn.", []string{label}, nil)
	cacheDesc   = prometheus.NewDesc("vllm:kv_cache_usage_perc", "Share of the kv cache that requests hold, 0 to 1.", []string{label}, nil)
)

func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	to <- runningDesc
	to <- waitingDesc
	to <- cacheDesc
}

func (g *gauges) Collect(to chan<- prometheus.Metric) {
	m, e, err := g.s.serving()
	if err != nil {
		return
	}
	stats := e.Stats()
	for _, v := range []struct {
		d *prometheus.Desc
		x float64
	}{{runningDesc, float64(stats.Running)}, {waitingDesc, float64(stats.Waiting)}, {cacheDesc, stats.CacheUsed}} {
		to <- prometheus.MustNewConstMetric(v.d, prometheus.GaugeValue, v.x, m.Settings.Model)
	}
}

// metrics tells all of it.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) *apiError {
	s.meters.handler.ServeHTTP(w, r)
	return nil
}

// seen counts a token of an answer.
func (t *turn) seen(a *answer) {
	now, name := time.Now(), t.m.Settings.Model
	if t.made++; t.first == 0 {
		t.first = now.Sub(t.begin)
		t.s.meters.first.WithLabelValues(name).Observe(t.first.Seconds())
	}
	if !a.last.IsZero() {
		t.s.meters.between.WithLabelValues(name).Observe(now.Sub(a.last).Seconds())
	}
	a.last = now
}

// counted counts an answer that has ended.
func (t *turn) counted(r *generate.Result) {
	m, name := t.s.meters, t.m.Settings.Model
	m.prompt.WithLabelValues(name).Add(float64(r.Prompt))
	m.made.WithLabelValues(name).Add(float64(len(r.IDs)))
	m.queries.WithLabelValues(name).Add(float64(r.Prompt))
	m.hits.WithLabelValues(name).Add(float64(r.Reused))
	m.whole.WithLabelValues(name).Observe(time.Since(t.begin).Seconds())
	m.queued.WithLabelValues(name).Observe(r.Queued.Seconds())
	t.cached = max(t.cached, r.Reused)
	reason := string(r.Finish)
	switch {
	case r.Err != nil:
		reason = "error"
	case r.Finish == generate.FinishCancel:
		reason = "abort"
	}
	m.ended.WithLabelValues(name, reason).Inc()
}
