package watch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server of counting events.
func serve(t *testing.T, src Source) *Server {
	t.Helper()
	s, err := Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	s.Serve([]byte("the page"), src)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func counting(data any) Source {
	return Source{
		Hello: func() []Event { return []Event{{"hello", "you"}} },
		Tick:  func(n uint64) []Event { return []Event{{"count", map[string]any{"n": n, "data": data}}} },
	}
}

// get asks and returns the answer's code, header and body.
func get(t *testing.T, method, url, host string) (int, http.Header, string) {
	t.Helper()
	q, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		q.Host = host
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, r.Header, string(b)
}

func TestPage(t *testing.T) {
	s := serve(t, counting(nil))
	code, h, body := get(t, "GET", s.URL(), "")
	if code != 200 || body != "the page" || !strings.HasPrefix(h.Get("Content-Type"), "text/html") || h.Get("Cache-Control") != "no-store" || h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%d %v %q", code, h, body)
	}
	if code, _, _ := get(t, "GET", s.URL()+"other", ""); code != 404 {
		t.Errorf("another path: %d", code)
	}
	if code, h, _ := get(t, "POST", s.URL(), ""); code != 405 || h.Get("Allow") != "GET" {
		t.Errorf("POST: %d", code)
	}
}

// TestHosts: names that could be made to point here are refused, for the page
// and for the events.
func TestHosts(t *testing.T) {
	s := serve(t, counting(nil))
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:99": 200, "127.0.0.1": 200, "127.0.0.1:8080": 200, "[::1]:80": 200, "[::1]": 200,
		"evil.example": 421, "evil.example:80": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "192.168.1.5": 421, "0.0.0.0": 421,
	} {
		if code, _, body := get(t, "GET", s.URL(), host); code != want || (code != 200) == (body == "the page") {
			t.Errorf("host %s: %d %q, wanted %d", host, code, body, want)
		}
	}
	if code, _, body := get(t, "GET", s.URL()+"events", "evil.example"); code != 421 || strings.Contains(body, "event:") {
		t.Errorf("events for another host: %d %q", code, body)
	}
	s.public = true
	for host, want := range map[string]int{"192.168.1.5:80": 200, "[fd00::1]:80": 200, "localhost": 200, "evil.example": 421} {
		if code, _, _ := get(t, "GET", s.URL(), host); code != want {
			t.Errorf("public, host %s: %d, wanted %d", host, code, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:0": "", "localhost:8080": "", "[::1]:1": "", "127.9.9.9:1": "",
		"0.0.0.0:0": "not an address of this machine alone", ":8080": "not an address of this machine alone", "10.0.0.1:1": "not an address of this machine alone",
		"example.org:1": "not an address of this machine alone", "[::]:1": "not an address of this machine alone",
		"8080": "is not host:port", "": "is not host:port", "127.0.0.1:x": "has no port", "127.0.0.1:70000": "has no port", "127.0.0.1:": "has no port",
	} {
		err := Check(addr, false)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, wanted %q", addr, err, want)
		}
		if err := Check(addr, true); (err != nil) != (want == "is not host:port" || want == "has no port") {
			t.Errorf("%s, public: %v", addr, err)
		}
	}
	s, err := Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(s.listener.Addr().String(), false); err == nil {
		t.Error("an address was taken twice")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// reader reads events one by one.
type reader struct {
	*bufio.Reader
	close func()
}

func events(t *testing.T, s *Server) reader {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	q, err := http.NewRequestWithContext(ctx, "GET", s.URL()+"events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(q)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", r.StatusCode, r.Header)
	}
	return reader{bufio.NewReader(r.Body), func() { cancel(); r.Body.Close() }}
}

// next is the next event's name and data.
func (r reader) next() (name, data string, err error) {
	var lines []string
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", "", err
		}
		if line == "\n" {
			break
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "event: ") || !strings.HasPrefix(lines[1], "data: ") {
		return "", "", fmt.Errorf("%q is no event", lines)
	}
	return lines[0][7:], lines[1][6:], nil
}

// TestEvents: a reader is greeted, then told of every tick, and of the end.
func TestEvents(t *testing.T) {
	s := serve(t, counting("two\nlines"))
	r := events(t, s)
	defer r.close()
	if name, data, err := r.next(); name != "hello" || data != `"you"` || err != nil {
		t.Errorf("%s %s %v", name, data, err)
	}
	for n := 1; n <= 3; n++ {
		if name, data, err := r.next(); name != "count" || data != fmt.Sprintf(`{"data":"two\nlines","n":%d}`, n) || err != nil {
			t.Errorf("%s %s %v", name, data, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for {
		name, _, err := r.next()
		if name == "end" {
			break
		}
		if err != nil {
			t.Fatalf("%v before the end", err)
		}
	}
	if _, _, err := r.next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

// TestNobodyLooks: the source is asked only while somebody reads.
func TestNobodyLooks(t *testing.T) {
	var ticks atomic.Int64
	src := counting(nil)
	tick := src.Tick
	src.Tick = func(n uint64) []Event { ticks.Add(1); return tick(n) }
	s := serve(t, src)
	time.Sleep(3 * interval)
	if n := ticks.Load(); n != 0 {
		t.Errorf("%d ticks without a reader", n)
	}
	r := events(t, s)
	for range 3 {
		if _, _, err := r.next(); err != nil {
			t.Fatal(err)
		}
	}
	r.close()
	time.Sleep(5 * interval)
	n := ticks.Load()
	time.Sleep(4 * interval)
	if now := ticks.Load(); now != n || n == 0 {
		t.Errorf("%d ticks, %d after the reader went", now, n)
	}
}

// TestSlowReader: one that takes nothing loses events, and holds up neither the
// others nor the end.
func TestSlowReader(t *testing.T) {
	s := serve(t, counting(strings.Repeat("x", 1<<20))) // more than the system buffers
	c, err := net.Dial("tcp", s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	r := events(t, s)
	defer r.close()
	start := time.Now()
	for range 20 {
		if _, _, err := r.next(); err != nil {
			t.Fatal(err)
		}
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("20 events took %v", d)
	}
	start = time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if d := time.Since(start); d > 3*time.Second {
		t.Errorf("the end took %v", d)
	}
}

func TestManyReaders(t *testing.T) {
	s := serve(t, counting(nil))
	for range mostReaders {
		r := events(t, s)
		defer r.close()
		if name, _, err := r.next(); name != "hello" || err != nil {
			t.Fatal(err)
		}
	}
	if code, _, body := get(t, "GET", s.URL()+"events", ""); code != 503 || !strings.Contains(body, "16 readers") {
		t.Errorf("one too many: %d %q", code, body)
	}
}
