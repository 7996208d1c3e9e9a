package serve

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/rs/cors"

	"moeflow/cmd/moeflow/internal/openai"
)

// record is what is known of a request when it has ended.
type record struct {
	id     string
	err    *apiError
	turn   *turn
	status int
}

type recordKey struct{}

func recordOf(ctx context.Context) *record {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		return r
	}
	return &record{}
}

func requestID(ctx context.Context) string  { return recordOf(ctx).id }
func note(ctx context.Context, e *apiError) { recordOf(ctx).err = e }
func noteTurn(ctx context.Context, t *turn) { recordOf(ctx).turn = t }

// randomID is a name that nobody guesses.
func randomID() string {
	var b [12]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// guarded puts around all endpoints what every request passes.
func (s *Server) guarded(next http.Handler) http.Handler {
	shared := cors.New(cors.Options{AllowedOrigins: s.o.Origins, AllowedMethods: []string{"GET", "POST"}, AllowedHeaders: []string{"*"},
		ExposedHeaders: []string{"X-Request-Id", "Retry-After"}, AllowOriginFunc: s.noOrigins()})
	next = shared.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec, begin := &record{id: "req_" + randomID()}, time.Now()
		r = r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
		h := w.Header()
		h.Set("X-Request-Id", rec.id)
		h.Set("Request-Id", rec.id) // Anthropic's name
		h.Set("X-Content-Type-Options", "nosniff")
		sw := &statusWriter{ResponseWriter: w}
		s.under.Add(1)
		defer s.under.Add(-1)
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				s.o.Log.Error("a request panicked", "request", rec.id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				rec.err = &apiError{status: http.StatusInternalServerError, code: "internal_error", message: "the server failed on this request"}
				if sw.status == 0 {
					s.fail(sw, r, rec.err)
				}
			}
			rec.status = sw.status
			s.log(r, rec, time.Since(begin))
		}()
		if s.o.Local && !isLocal(r.Host) {
			s.fail(sw, r, &apiError{status: http.StatusMisdirectedRequest, code: "wrong_host", message: "Host is " + openai.Quoted(r.Host) + ", want an address of this machine, such as localhost"})
			return
		}
		next.ServeHTTP(sw, r)
	})
}

// noOrigins refuses all origins if none is allowed: an empty list would allow all.
func (s *Server) noOrigins() func(string) bool {
	if len(s.o.Origins) > 0 {
		return nil
	}
	return func(string) bool { return false }
}

// isLocal tells whether a Host header names this machine: an address cannot be made
// to point elsewhere, a name can.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// allowed tells whether a request has a key, if one is needed. How long it takes
// tells nothing of the keys.
func (s *Server) allowed(r *http.Request) bool {
	if len(s.o.Keys) == 0 {
		return true
	}
	given := sha256.Sum256([]byte(keyOf(r)))
	found := 0
	for _, k := range s.o.Keys {
		want := sha256.Sum256([]byte(k))
		found |= subtle.ConstantTimeCompare(given[:], want[:])
	}
	return found == 1
}

// keyOf is the key that a request gives, in OpenAI's header or in Anthropic's.
func keyOf(r *http.Request) string {
	if scheme, key, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "bearer") {
		return strings.TrimSpace(key)
	}
	return r.Header.Get("X-Api-Key")
}

func unauthorized(r *http.Request) *apiError {
	what := "no API key was given"
	if keyOf(r) != "" {
		what = "the API key is not one of this server's"
	}
	return &apiError{status: http.StatusUnauthorized, code: "invalid_api_key", message: what + ": want the header Authorization: Bearer KEY, or X-Api-Key: KEY"}
}

// log writes the line of a request that has ended.
func (s *Server) log(r *http.Request, rec *record, took time.Duration) {
	level, attrs := slog.LevelInfo, []slog.Attr{slog.String("request", rec.id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", rec.status), slog.Duration("took", took.Round(time.Microsecond))}
	if t := rec.turn; t != nil {
		attrs = append(attrs, slog.String("model", t.m.Settings.Model), slog.Int("prompt_tokens", len(t.ids)), slog.Int("cached_tokens", t.cached), slog.Int("tokens", t.made), slog.Duration("first_token", t.first.Round(time.Microsecond)))
	}
	if rec.err != nil {
		attrs = append(attrs, slog.String("error", rec.err.message))
	}
	switch {
	case rec.status >= 500:
		level = slog.LevelError
	case rec.turn == nil && rec.status < 400:
		level = slog.LevelDebug // such as what looks whether the server lives
	}
	s.o.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
