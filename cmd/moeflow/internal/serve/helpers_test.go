package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/openai"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/stages/sample"
	"moeflow/tokenizer/chat"
	"moeflow/tokenizer/toolcall"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scripted is an engine that answers with prepared texts, one after the other, and
// the last one again and again.
type scripted struct {
	m     *Model
	texts []string
	pick  func(prompt string) string // not nil: the answer to a prompt, instead of texts
	fail  error                      // of Submit
	lost  error                      // of the result, behind the tokens
	hold  chan struct{}              // not nil: a token is given for each value
	none  bool                       // no token is ever given
	slow  bool                       // the first token comes a while behind the prompt

	mu    sync.Mutex
	asked []generate.Request
	open  atomic.Int64 // requests that have not ended
}

// script is a request's events.
type script struct {
	ready chan struct{}
	mu    sync.Mutex
	list  []generate.Event
}

func (s *script) Ready() <-chan struct{} { return s.ready }

func (s *script) Take() []generate.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.list
	s.list = nil
	return out
}

func (s *script) add(e generate.Event) {
	s.mu.Lock()
	s.list = append(s.list, e)
	s.mu.Unlock()
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

func (e *scripted) Stats() generate.Stats { return generate.Stats{Running: int(e.open.Load())} }

func (e *scripted) Submit(ctx context.Context, r generate.Request) (Stream, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fail != nil {
		return nil, e.fail
	}
	var text string
	if e.pick != nil {
		text = e.pick(e.m.Settings.Tokenizer.Decode(r.IDs, true))
	} else {
		text = e.texts[min(len(e.asked), len(e.texts)-1)]
	}
	e.asked = append(e.asked, r)
	s := &script{ready: make(chan struct{}, 1)}
	e.open.Add(1)
	go e.run(ctx, s, r, text)
	return s, nil
}

// run gives the tokens of a text and the result.
func (e *scripted) run(ctx context.Context, s *script, r generate.Request, text string) {
	defer e.open.Add(-1)
	s.add(generate.Event{Prefilled: len(r.IDs)})
	if e.slow { // so that the reader takes the first event alone
		time.Sleep(5 * time.Millisecond)
	}
	res := generate.Result{Finish: generate.FinishStop, Prompt: len(r.IDs), Reused: len(r.IDs) / 2, Err: e.lost}
	if e.none {
		<-ctx.Done()
	}
	for _, id := range e.m.Settings.Tokenizer.Encode(text, true) {
		if e.hold != nil {
			select {
			case <-e.hold:
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			break
		}
		res.IDs = append(res.IDs, id)
		t := generate.Token{LogProb: generate.LogProb{ID: id, LogProb: -0.5}}
		if r.LogProbs {
			for i := range r.Top {
				t.Top = append(t.Top, generate.LogProb{ID: int32(i), LogProb: -1})
			}
			res.Tokens = append(res.Tokens, t)
		}
		stop := r.Stop != nil && r.Stop(id)
		s.add(generate.Event{Token: &t})
		if stop {
			break
		}
		if len(res.IDs) == r.MaxTokens {
			res.Finish = generate.FinishLength
			break
		}
	}
	if ctx.Err() != nil {
		res.Finish = generate.FinishCancel
	}
	s.add(generate.Event{Result: &res})
}

// last is the request that the engine got last.
func (e *scripted) last() generate.Request {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked[len(e.asked)-1]
}

// prompt is the text of the prompt of a request.
func (e *scripted) prompt() string { return e.m.Settings.Tokenizer.Decode(e.last().IDs, true) }

// served is a model with a chat template of the test data: its tokenizer is that of
// the shipped model.
func served(t testing.TB, template string) *Model {
	t.Helper()
	source, err := os.ReadFile("../../../../tokenizer/chat/testdata/templates/" + template + ".jinja")
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := chat.New(string(source), chat.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &Model{Context: 2048, Created: 1700000000, Format: toolcall.FormatOf(string(source)), Middle: &Middle{1, 2, 3},
		Settings: openai.Settings{Model: "coder", Tokenizer: testmodel.Tiny(t).Tokenizer, Template: tmpl, Sampling: sample.Greedy(), MaxTokens: 1024}}
}

// start serves Qwen3-Coder's template with prepared answers.
func start(t testing.TB, o Options, texts ...string) (*httptest.Server, *scripted) {
	t.Helper()
	return startModel(t, o, served(t, "qwen3-coder"), texts...)
}

func startModel(t testing.TB, o Options, m *Model, texts ...string) (*httptest.Server, *scripted) {
	t.Helper()
	s := New(o)
	e := &scripted{m: m, texts: texts}
	s.Ready(m, e)
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		h.Close()
	})
	return h, e
}

// reply is an answer to a request.
type reply struct {
	status int
	header http.Header
	body   string
}

func send(t testing.TB, method, url, body string, headers ...string) reply {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			q.Host = headers[i+1]
		}
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{r.StatusCode, r.Header, string(b)}
}

func post(t testing.TB, url, body string, headers ...string) reply {
	t.Helper()
	return send(t, "POST", url, body, headers...)
}

// decode reads JSON.
func decode[T any](t testing.TB, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

// sent is a server-sent event.
type sent struct{ name, data string }

// eventsOf reads server-sent events.
func eventsOf(t testing.TB, r reply) []sent {
	t.Helper()
	if r.status != 200 || !strings.HasPrefix(r.header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("status %d, type %s: %s", r.status, r.header.Get("Content-Type"), r.body)
	}
	var out []sent
	var e sent
	for sc := bufio.NewScanner(strings.NewReader(r.body)); sc.Scan(); {
		switch line := sc.Text(); {
		case line == "":
			out = append(out, e)
			e = sent{}
		case strings.HasPrefix(line, "event: "):
			e.name = line[7:]
		case strings.HasPrefix(line, "data: "):
			e.data = line[6:]
		default:
			t.Fatalf("line %q", line)
		}
	}
	return out
}

// chunksOf reads the chunks of a stream up to [DONE].
func chunksOf(t testing.TB, r reply) []openai.Body {
	t.Helper()
	list := eventsOf(t, r)
	if n := len(list); n == 0 || list[n-1].data != "[DONE]" {
		t.Fatalf("the stream does not end with [DONE]: %s", r.body)
	}
	var out []openai.Body
	for _, e := range list[:len(list)-1] {
		out = append(out, decode[openai.Body](t, e.data))
	}
	return out
}
