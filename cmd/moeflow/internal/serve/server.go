package serve

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"moeflow/cmd/moeflow/internal/openai"
)

// Options say who is served and within which bounds. What is 0 gets a default.
type Options struct {
	Keys []string // one of which a request has to give; none: everybody is served
	// Local says that only this machine reaches the server: then a Host header has
	// to name it, so that no page of the web can send requests through a browser.
	Local   bool
	Origins []string // of pages that may send requests; "*" is all
	Strict  bool     // other names of models than ours are errors
	MaxBody int64    // bytes; 32 MiB
	// KeyRate is how many requests a key may send in a minute, KeyParallel how many it
	// may have under way; 0: no bound.
	KeyRate, KeyParallel int
	WriteTimeout         time.Duration // that a client may take to read what is written; 60 s
	Log                  *slog.Logger  // nil: nothing is logged
}

// Server answers requests. Its methods may be called from any goroutine.
type Server struct {
	o       Options
	handler http.Handler
	meters  *meters
	limits  limits
	under   atomic.Int64 // requests

	mu     sync.RWMutex
	model  *Model
	engine Engine
	why    string // why no requests are taken, while none are
}

// New makes a server, which answers 503 until Ready is called.
func New(o Options) *Server {
	if o.MaxBody <= 0 {
		o.MaxBody = 32 << 20
	}
	if o.WriteTimeout <= 0 {
		o.WriteTimeout = time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{o: o, why: "the model is loading"}
	s.meters = s.newMeters()
	s.limits = limits{perMinute: o.KeyRate, parallel: o.KeyParallel, users: map[string]*user{}}
	s.handler = s.guarded(s.routes())
	return s
}

// Ready lets requests in, which are answered by a model on an engine.
func (s *Server) Ready(m *Model, e Engine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.model, s.engine, s.why = m, e, ""
}

// Unready refuses requests from now on, and says why. Those under way go on.
func (s *Server) Unready(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engine, s.why = nil, why
}

// Drain waits until no request is under way, or until ctx ends, and tells whether
// none is.
func (s *Server) Drain(ctx context.Context) bool {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for s.under.Load() > 0 {
		select {
		case <-look.C:
		case <-ctx.Done():
			return s.under.Load() == 0
		}
	}
	return true
}

// serving is the model and its engine.
func (s *Server) serving() (*Model, Engine, *apiError) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.engine == nil {
		return nil, nil, &apiError{status: http.StatusServiceUnavailable, code: "not_ready", message: s.why, retry: 5}
	}
	return s.model, s.engine, nil
}

// handler answers a request, or says what is wrong with it.
type handler func(w http.ResponseWriter, r *http.Request) *apiError

// route is a line of the table of endpoints.
type route struct {
	method, path string
	open         bool // without a key
	h            handler
}

// table is the table of endpoints.
func (s *Server) table() []route {
	return []route{
		{"GET", "/livez", true, s.live},
		{"GET", "/readyz", true, s.health},
		{"GET", "/health", true, s.health},
		{"GET", "/v1/health", true, s.health},
		{"GET", "/metrics", false, s.metrics},
		{"GET", "/v1/models", false, s.models},
		{"GET", "/v1/models/{name...}", false, s.oneModel},
		{"POST", "/v1/chat/completions", false, s.completions(openai.Chat)},
		{"POST", "/v1/completions", false, s.completions(openai.Text)},
		{"POST", "/v1/responses", false, s.responses},
		{"POST", "/v1/messages", false, s.messages},
		{"POST", "/v1/messages/count_tokens", false, s.countTokens},
		{"POST", "/tokenize", false, s.tokenize},
		{"POST", "/detokenize", false, s.detokenize},
		{"POST", "/apply-template", false, s.applyTemplate},
	}
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.table() {
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, q *http.Request) {
			if !r.open && !s.allowed(q) {
				s.fail(w, q, unauthorized(q))
				return
			}
			leave, err := func() {}, (*apiError)(nil)
			if r.method == "POST" {
				leave, err = s.limits.enter(keyOf(q))
			}
			if err == nil {
				defer leave()
				err = r.h(w, q)
			}
			if err != nil {
				s.fail(w, q, err)
			}
		})
	}
	// What is not served says so, rather than that nothing is there.
	for _, path := range []string{"/v1/embeddings", "/v1/images/", "/v1/audio/", "/v1/moderations", "/v1/files", "/v1/batches", "/v1/fine_tuning/", "/v1/assistants", "/v1/threads"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, q *http.Request) {
			s.fail(w, q, badRequest("unsupported_endpoint", "", q.URL.Path+" is not served: this server generates text"))
		})
	}
	mux.HandleFunc("/", s.unknown)
	return mux
}

// unknown answers requests that no line of the table has.
func (s *Server) unknown(w http.ResponseWriter, q *http.Request) {
	for _, r := range s.table() {
		if r.path == q.URL.Path {
			w.Header().Set("Allow", r.method)
			s.fail(w, q, &apiError{status: http.StatusMethodNotAllowed, message: q.URL.Path + " takes " + r.method + ", not " + openai.Shortened(q.Method)})
			return
		}
	}
	s.fail(w, q, &apiError{status: http.StatusNotFound, message: openai.Shortened(q.URL.Path) + " is not served"})
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }
