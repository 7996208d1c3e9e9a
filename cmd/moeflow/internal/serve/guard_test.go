package serve

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/openai"
)

func TestReady(t *testing.T) {
	s := New(Options{})
	h := httptest.NewServer(s)
	defer h.Close()
	for _, path := range []string{"/health", "/readyz", "/v1/models"} {
		if r := send(t, "GET", h.URL+path, ""); r.status != 503 || !strings.Contains(r.body, `"message":"the model is loading"`) || r.header.Get("Retry-After") == "" {
			t.Errorf("%s while loading: %d %s", path, r.status, r.body)
		}
	}
	if r := post(t, h.URL+"/v1/completions", `{"prompt":"x"}`); r.status != 503 {
		t.Errorf("a request while loading: %d %s", r.status, r.body)
	}
	if r := send(t, "GET", h.URL+"/livez", ""); r.status != 200 {
		t.Errorf("/livez: %d", r.status)
	}
	m := served(t, "qwen3-coder")
	m.Aliases = []string{"other/name"}
	s.Ready(m, &scripted{m: m})
	for _, path := range []string{"/health", "/readyz"} {
		if r := send(t, "GET", h.URL+path, ""); r.status != 200 {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	list := decode[struct{ Data, Models []card }](t, send(t, "GET", h.URL+"/v1/models", "").body)
	if len(list.Data) != 2 || len(list.Models) != 2 || list.Data[0].ID != "coder" || list.Data[1].ID != "other/name" || list.Data[0].MaxModelLen != 2048 {
		t.Errorf("%+v", list)
	}
	if r := send(t, "GET", h.URL+"/v1/models/other/name", ""); r.status != 200 {
		t.Errorf("one model: %d %s", r.status, r.body)
	}
	if r := send(t, "GET", h.URL+"/v1/models/none", ""); r.status != 404 {
		t.Errorf("no model: %d %s", r.status, r.body)
	}
	s.Unready("the server is shutting down")
	if r := send(t, "GET", h.URL+"/health", ""); r.status != 503 || !strings.Contains(r.body, "shutting down") {
		t.Errorf("at the end: %d %s", r.status, r.body)
	}
}

func TestKeys(t *testing.T) {
	var log bytes.Buffer
	h, _ := start(t, Options{Keys: []string{"first", "second"}, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}, "x")
	for _, c := range []struct {
		header, value string
		status        int
	}{
		{"X", "", 401}, {"Authorization", "Bearer first", 200}, {"Authorization", "bearer second", 200}, {"Authorization", "Bearer firs", 401},
		{"Authorization", "first", 401}, {"X-Api-Key", "second", 200}, {"X-Api-Key", "", 401},
	} {
		if r := send(t, "GET", h.URL+"/v1/models", "", c.header, c.value); r.status != c.status {
			t.Errorf("%s %s: %d %s", c.header, c.value, r.status, r.body)
		}
	}
	if r := send(t, "GET", h.URL+"/health", ""); r.status != 200 {
		t.Errorf("health needs a key: %d", r.status)
	}
	h.Close()
	if s := log.String(); strings.Contains(s, "second") || !strings.Contains(s, "status=401") {
		t.Errorf("the log has a key, or no failure: %s", s)
	}
}

func TestHost(t *testing.T) {
	h, _ := start(t, Options{Local: true}, "x")
	for host, want := range map[string]int{"localhost:1": 200, "LOCALHOST": 200, "127.0.0.1:80": 200, "[::1]:80": 200, "evil.example": 421, "10.0.0.1": 421, "localhost.evil.example:80": 421} {
		if r := send(t, "GET", h.URL+"/v1/models", "", "Host", host); r.status != want {
			t.Errorf("Host %s: %d, want %d", host, r.status, want)
		}
	}
	open, _ := start(t, Options{}, "x")
	if r := send(t, "GET", open.URL+"/v1/models", "", "Host", "my.example"); r.status != 200 {
		t.Errorf("%d", r.status)
	}
}

func TestOrigins(t *testing.T) {
	for _, c := range []struct {
		origins []string
		want    string
	}{{nil, ""}, {[]string{"https://a.example"}, "https://a.example"}, {[]string{"*"}, "*"}, {[]string{"https://b.example"}, ""}} {
		h, _ := start(t, Options{Origins: c.origins}, "x")
		r := send(t, "OPTIONS", h.URL+"/v1/chat/completions", "", "Origin", "https://a.example", "Access-Control-Request-Method", "POST")
		if got := r.header.Get("Access-Control-Allow-Origin"); got != c.want {
			t.Errorf("%v: %q, want %q", c.origins, got, c.want)
		}
	}
}

func TestPanic(t *testing.T) {
	h, e := start(t, Options{}, "x")
	e.texts = nil // which the engine of the test cannot bear
	if r := post(t, h.URL+"/v1/completions", `{"prompt":"x"}`); r.status != 500 || !strings.Contains(r.body, "internal_error") || strings.Contains(r.body, "goroutine") {
		t.Errorf("%d %s", r.status, r.body)
	}
	e.texts = []string{"well"}
	if b := decode[openai.Body](t, post(t, h.URL+"/v1/completions", `{"prompt":"x"}`).body); *b.Choices[0].Text != "well" {
		t.Errorf("afterwards: %+v", b)
	}
}
