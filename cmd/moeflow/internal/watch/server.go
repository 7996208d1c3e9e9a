package watch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Server serves a page and its events.
type Server struct {
	listener net.Listener
	public   bool
	http     *http.Server
	page     []byte
	hub      *hub
	served   sync.WaitGroup
}

// errPublic says that an address would let other machines in.
var errPublic = errors.New("is not an address of this machine alone, such as 127.0.0.1:0")

// Check tells what is wrong with an address of the form host:port. Unless public
// is set, the host must be localhost or a loopback address.
func Check(addr string, public bool) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not host:port", addr)
	}
	if _, err := net.LookupPort("tcp", port); err != nil || port == "" {
		return fmt.Errorf("%q has no port of 0 to 65535", addr)
	}
	if ip, err := netip.ParseAddr(host); !public && host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s %w", addr, errPublic)
	}
	return nil
}

// Listen takes an address, port 0 being any that is free. Nothing is served yet.
func Listen(addr string, public bool) (*Server, error) {
	if err := Check(addr, public); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &Server{listener: l, public: public}
	if a, ok := l.Addr().(*net.TCPAddr); !public && (!ok || !a.IP.IsLoopback()) { // what localhost stands for here
		l.Close()
		return nil, fmt.Errorf("%s %w", addr, errPublic)
	}
	return s, nil
}

// URL is where the page is.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() + "/" }

// Serve begins to serve a page and the events of a source.
func (s *Server) Serve(page []byte, src Source) {
	s.page, s.hub = page, newHub(src)
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	s.served.Go(func() { s.http.Serve(s.listener) })
}

// Close tells the readers that it is over and ends. No goroutine is left, and
// the source is not asked again.
func (s *Server) Close() error {
	if s.http == nil {
		return s.listener.Close()
	}
	s.hub.close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) { // a reader that takes nothing
		err = s.http.Close()
	}
	s.served.Wait()
	s.hub.readers.Wait()
	return err
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "frame-ancestors 'none'")
	switch {
	case !s.allowed(r.Host):
		http.Error(w, "open this page by its address, "+s.URL(), http.StatusMisdirectedRequest)
	case r.Method != http.MethodGet:
		h.Set("Allow", "GET")
		http.Error(w, "only GET is served", http.StatusMethodNotAllowed)
	case r.URL.Path == "/":
		h.Set("Content-Type", "text/html; charset=utf-8")
		w.Write(s.page)
	case r.URL.Path == "/events":
		s.hub.serve(w, r)
	default:
		http.NotFound(w, r)
	}
}

// allowed tells whether a Host header names this server as only its own pages
// do: an address cannot be made to point elsewhere, a name can.
func (s *Server) allowed(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (s.public || ip.IsLoopback())
}
