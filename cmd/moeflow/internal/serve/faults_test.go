package serve

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// many says a lot, so that its readers have time to do wrong.
var many = strings.Repeat("func main() { return }\n", 20)

// TestManyClients: 2,000 requests at 100 at a time, a third of which go away somewhere.
// Each of the others gets its whole answer, and nothing is left of any.
func TestManyClients(t *testing.T) {
	h, e := start(t, Options{}, many)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	var left, whole atomic.Int64
	var wg sync.WaitGroup
	left.Store(2000)
	for worker := range 100 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			for left.Add(-1) >= 0 {
				leaves, stream := random.IntN(3) == 0, random.IntN(2) == 0
				ctx, cancel := context.WithCancel(t.Context())
				q, _ := http.NewRequestWithContext(ctx, "POST", h.URL+"/v1/completions", strings.NewReader(fmt.Sprintf(`{"prompt":"x","stream":%v}`, stream)))
				if leaves && random.IntN(2) == 0 {
					time.AfterFunc(time.Duration(random.IntN(3000))*time.Microsecond, cancel)
				}
				r, err := client.Do(q)
				if err == nil && leaves {
					r.Body.Read(make([]byte, 1+random.IntN(500)))
					cancel()
				}
				if err == nil {
					b, _ := io.ReadAll(r.Body)
					r.Body.Close()
					if strings.Contains(string(b), `"finish_reason":"stop"`) {
						whole.Add(1)
					} else if !leaves {
						t.Errorf("status %d: %.200s", r.StatusCode, b)
					}
				} else if !leaves {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	client.CloseIdleConnections()
	eventually(t, func() bool { return e.open.Load() == 0 })
	if n := whole.Load(); n < 1000 {
		t.Errorf("%d whole answers", n)
	}
}

// TestClientGoes: an answer that nobody waits for any more ends, streamed or not.
func TestClientGoes(t *testing.T) {
	for _, path := range []string{"chat/completions", "completions", "messages", "responses"} {
		for _, stream := range []bool{false, true} {
			h, e := start(t, Options{}, many)
			e.none = true
			ctx, cancel := context.WithCancel(t.Context())
			body := fmt.Sprintf(`{%s,"prompt":"x","input":"x","stream":%v}`, hi, stream)
			switch path {
			case "chat/completions":
				body = fmt.Sprintf(`{%s,"stream":%v}`, hi, stream)
			case "completions":
				body = fmt.Sprintf(`{"prompt":"x","n":3,"stream":%v}`, stream)
			case "responses":
				body = fmt.Sprintf(`{"input":"x","stream":%v}`, stream)
			}
			q, _ := http.NewRequestWithContext(ctx, "POST", h.URL+"/v1/"+path, strings.NewReader(body))
			done := make(chan struct{})
			go func() {
				defer close(done)
				if r, err := http.DefaultClient.Do(q); err == nil {
					io.Copy(io.Discard, r.Body)
					r.Body.Close()
				}
			}()
			eventually(t, func() bool { return e.open.Load() > 0 })
			cancel()
			<-done
			eventually(t, func() bool { return e.open.Load() == 0 })
		}
	}
}

// TestSlowReader: a client that reads nothing holds up nobody, and is cut off.
func TestSlowReader(t *testing.T) {
	m := served(t, "qwen3-coder")
	m.Settings.MaxTokens, m.Context = 1<<20, 1<<20
	s := New(Options{WriteTimeout: 200 * time.Millisecond})
	e := &scripted{m: m, texts: []string{strings.Repeat(many, 500), "short"}}
	s.Ready(m, e)
	h := httptest.NewServer(s)
	defer h.Close()
	c, err := net.Dial("tcp", h.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.(*net.TCPConn).SetReadBuffer(4096)
	const body = `{"prompt":"x","stream":true}`
	fmt.Fprintf(c, "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	eventually(t, func() bool { return s.under.Load() == 1 })
	if r := post(t, h.URL+"/v1/completions", `{"prompt":"x"}`); !strings.Contains(r.body, "short") {
		t.Errorf("%d %s", r.status, r.body)
	}
	eventually(t, func() bool { return s.under.Load() == 0 })
	http.DefaultClient.CloseIdleConnections()
}

// TestHalfBody: bodies that end early, or never.
func TestHalfBody(t *testing.T) {
	s := New(Options{})
	m := served(t, "qwen3-coder")
	s.Ready(m, &scripted{m: m, texts: []string{"x"}})
	h := httptest.NewUnstartedServer(s)
	h.Config.ReadTimeout = 300 * time.Millisecond
	h.Start()
	defer h.Close()
	for _, ends := range []bool{true, false} {
		c, err := net.Dial("tcp", h.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"prompt\":")
		if ends {
			c.(*net.TCPConn).CloseWrite()
		}
		b, _ := io.ReadAll(c) // the server closes the connection
		if len(b) > 0 && !strings.Contains(string(b), "the body ends early") {
			t.Errorf("%s", b)
		}
		c.Close()
	}
	eventually(t, func() bool { return s.under.Load() == 0 })
}
