package watch

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Event is something that readers are told: its name, and what becomes JSON.
type Event struct {
	Name string
	Data any
}

// Source is asked for events, always by the same goroutine.
type Source struct {
	// Hello gives what a new reader gets first.
	Hello func() []Event
	// Tick gives what all readers get, every interval while there are any. n
	// counts up from 1. Before the first reader is greeted it is called with 0,
	// and what it gives then goes to nobody.
	Tick func(n uint64) []Event
}

const (
	interval    = 100 * time.Millisecond
	queue       = 64              // messages that wait for a slow reader
	mostReaders = 16              // at a time
	patience    = 5 * time.Second // with a reader that takes nothing
)

// hub gives a source's events to readers.
type hub struct {
	src   Source
	join  chan joining
	leave chan chan []byte
	quit  chan struct{}
	ended chan struct{}

	mu      sync.Mutex
	closed  bool
	readers sync.WaitGroup
}

// joining is a reader's queue, and where it learns whether there is room for it.
type joining struct {
	queue chan []byte
	room  chan bool
}

func newHub(src Source) *hub {
	h := &hub{src: src, join: make(chan joining), leave: make(chan chan []byte), quit: make(chan struct{}), ended: make(chan struct{})}
	go h.run()
	return h
}

// close ends the hub's goroutine and closes the readers' queues.
func (h *hub) close() {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.quit)
	}
	h.mu.Unlock()
	<-h.ended
}

// enter counts a reader, unless the hub is closed.
func (h *hub) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.readers.Add(1)
	}
	return !h.closed
}

func (h *hub) run() {
	defer close(h.ended)
	all := map[chan []byte]bool{}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for n := uint64(0); ; {
		select {
		case <-h.quit:
			for r := range all {
				offer(r, message(Event{"end", nil}))
				close(r)
			}
			return
		case j := <-h.join:
			if j.room <- len(all) < mostReaders; len(all) >= mostReaders {
				continue
			}
			if len(all) == 0 {
				h.src.Tick(0) // what came while nobody looked
			}
			all[j.queue] = true
			for _, e := range h.src.Hello() {
				offer(j.queue, message(e))
			}
		case r := <-h.leave:
			delete(all, r)
		case <-tick.C:
			if len(all) == 0 {
				continue
			}
			n++
			for _, e := range h.src.Tick(n) {
				m := message(e)
				for r := range all {
					offer(r, m)
				}
			}
		}
	}
}

// offer gives a reader a message if there is room for it.
func offer(r chan<- []byte, m []byte) {
	select {
	case r <- m:
	default:
	}
}

// message is an event as it goes over the wire. JSON has no line ends of its own.
func message(e Event) []byte {
	data, err := json.Marshal(e.Data)
	if err != nil {
		data = []byte("null")
	}
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", e.Name, data)
}

// serve sends events to one reader until it or the hub goes away.
func (h *hub) serve(w http.ResponseWriter, r *http.Request) {
	if !h.enter() {
		http.Error(w, "the run has ended", http.StatusServiceUnavailable)
		return
	}
	defer h.readers.Done()
	mine := joining{make(chan []byte, queue), make(chan bool, 1)}
	select {
	case h.join <- mine:
	case <-h.ended:
		http.Error(w, "the run has ended", http.StatusServiceUnavailable)
		return
	}
	if !<-mine.room {
		http.Error(w, fmt.Sprintf("%d readers are here already", mostReaders), http.StatusServiceUnavailable)
		return
	}
	defer func() {
		select {
		case h.leave <- mine.queue:
		case <-h.ended:
		}
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	c := http.NewResponseController(w)
	for {
		select {
		case <-r.Context().Done():
			return
		case m, ok := <-mine.queue:
			if !ok {
				return
			}
			c.SetWriteDeadline(time.Now().Add(patience))
			if _, err := w.Write(m); err != nil || c.Flush() != nil {
				return
			}
		}
	}
}
