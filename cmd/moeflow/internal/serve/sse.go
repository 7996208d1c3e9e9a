package serve

import (
	"encoding/json"
	"net/http"
	"time"
)

// events writes server-sent events. It begins the answer with the first one.
type events struct {
	w     http.ResponseWriter
	c     *http.ResponseController
	most  time.Duration // how long a write may take
	begun bool
	err   error // of a write: the client has gone, or reads nothing
}

func (s *Server) events(w http.ResponseWriter) *events {
	return &events{w: w, c: http.NewResponseController(w), most: s.o.WriteTimeout}
}

func (e *events) begin() {
	if e.begun {
		return
	}
	e.begun = true
	h := e.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no") // proxies that would collect the events do not
	e.w.WriteHeader(http.StatusOK)
}

// send writes an event with data as JSON, and a name if it has one.
func (e *events) send(name string, data any) {
	b, err := json.Marshal(data)
	if err != nil {
		e.err = err
		return
	}
	e.write(name, b)
}

// write writes an event.
func (e *events) write(name string, data []byte) {
	if e.err != nil {
		return
	}
	e.begin()
	e.c.SetWriteDeadline(time.Now().Add(e.most)) // where the connection has none, nothing is lost
	buf := make([]byte, 0, len(data)+len(name)+32)
	if name != "" {
		buf = append(append(append(buf, "event: "...), name...), '\n')
	}
	buf = append(append(append(buf, "data: "...), data...), "\n\n"...)
	_, e.err = e.w.Write(buf)
}

// flush hands what was written to the client. Before that there is no answer yet, and
// flushing would begin one.
func (e *events) flush() {
	if !e.begun {
		return
	}
	if err := e.c.Flush(); e.err == nil {
		e.err = err
	}
}
