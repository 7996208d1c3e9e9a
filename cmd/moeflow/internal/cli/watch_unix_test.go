//go:build unix

package cli

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// watched starts a long run in a process of its own and gives the page's URL.
func watched(t *testing.T, args ...string) (*exec.Cmd, string) {
	t.Helper()
	c := childCommand(append([]string{"run", "--completion", "-p", goPrompt, "-n", "1900", "--ignore-eos"}, args...)...)
	errs, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	startChild(t, c)
	r := bufio.NewReader(errs)
	line, err := r.ReadString('\n')
	url, found := strings.CutPrefix(strings.TrimSpace(line), "watch at ")
	if !found {
		t.Fatalf("stderr begins %q, %v", line, err)
	}
	go io.Copy(io.Discard, r)
	return c, url
}

// TestWatch follows a run as its page does: what works, how deep the channels
// are, which experts are chosen, how long dispatches take, and the end.
func TestWatch(t *testing.T) {
	c, url := watched(t, "--watch")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	page, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(page.Body)
	page.Body.Close()
	if err != nil || page.StatusCode != 200 || !strings.Contains(string(text), "EventSource") || !strings.Contains(string(text), "blk.0.experts") {
		t.Errorf("the page: %d, %d bytes, %v", page.StatusCode, len(text), err)
	}
	stream, err := client.Get(url + "events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	lines.Buffer(nil, 1<<20)
	var s seenEvents
	name := ""
	for lines.Scan() {
		if n, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			name = n
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		s.take(t, name, data)
		if s.interrupted || !s.enough() {
			continue
		}
		s.interrupted = true
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	if name != "end" || !s.enough() {
		t.Errorf("the last event is %q, %v; %+v", name, lines.Err(), s)
	}
	c.Wait()
	if code := c.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, wanted 130", code)
	}
}

// seenEvents is what a run's events have shown.
type seenEvents struct {
	hello       liveHello
	working     map[int]bool // segments
	decoding    bool
	rate        float64
	chosen      uint64
	times       int
	interrupted bool
}

func (s *seenEvents) enough() bool {
	return len(s.working) >= 2 && s.decoding && s.rate > 0 && s.chosen > 0 && s.times > 0
}

func (s *seenEvents) take(t *testing.T, name, data string) {
	t.Helper()
	var err error
	switch name {
	case "hello":
		err = json.Unmarshal([]byte(data), &s.hello)
		last := 0
		for _, x := range s.hello.Segments {
			if x.First != last || x.Last <= x.First || x.Name == "" {
				t.Errorf("segment %+v after dispatch %d", x, last)
			}
			last = x.Last
		}
		if len(s.hello.Segments) < 10 || s.hello.Layers < 2 || len(s.hello.Counts) != s.hello.Layers || len(s.hello.Counts[0]) != s.hello.Experts {
			t.Errorf("hello %s", data)
		}
		s.working = map[int]bool{}
	case "state":
		var x liveState
		err = json.Unmarshal([]byte(data), &x)
		n := len(s.hello.Segments)
		if len(x.Busy) != n+1 || len(x.Depths) != n+2 || x.Segment < -1 || x.Segment >= n {
			t.Errorf("state %s of %d segments", data, n)
		}
		if x.Segment >= 0 {
			s.working[x.Segment] = true
		}
		s.decoding = s.decoding || x.Running && x.Phase == "decode" && x.Rows == 1
		s.rate = max(s.rate, x.TokenRate)
	case "experts":
		var x [][]uint64
		err = json.Unmarshal([]byte(data), &x)
		first := uint64(0)
		for l, layer := range x {
			sum := uint64(0)
			for _, n := range layer {
				sum += n
			}
			if l == 0 {
				first = sum
			}
			if sum != first || sum%uint64(s.hello.TopK) != 0 { // every token passes every layer
				t.Errorf("layer %d has %d choices, layer 0 has %d", l, sum, first)
			}
			s.chosen += sum
		}
	case "times":
		var x []int64
		err = json.Unmarshal([]byte(data), &x)
		if segs := s.hello.Segments; len(x) != segs[len(segs)-1].Last {
			t.Errorf("%d times of %d dispatches", len(x), segs[len(segs)-1].Last)
		}
		s.times++
	}
	if err != nil {
		t.Errorf("%s: %v in %s", name, err, data)
	}
}
