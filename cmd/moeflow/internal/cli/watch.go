package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/observe"
	"moeflow/cmd/moeflow/internal/watch"
	"moeflow/graph"
	"moeflow/graph/export"
)

// watchFlags is --watch and --http: a page that shows the run live.
type watchFlags struct {
	any    bool
	addr   string
	public bool
	server *watch.Server
}

func (f *watchFlags) add(fl *pflag.FlagSet) {
	fl.BoolVar(&f.any, "watch", false, "show the run live in a browser, at a free port of this machine")
	fl.StringVar(&f.addr, "http", "", "the same at an address, such as 127.0.0.1:8080")
	fl.BoolVar(&f.public, "http-public", false, "let --http take an address that other machines can reach")
}

func (f *watchFlags) on() bool { return f.any || f.addr != "" }

// open takes the address.
func (f *watchFlags) open(a *app) error {
	addr := f.addr
	switch {
	case f.any && addr != "":
		return usage{fmt.Errorf("--watch and --http exclude each other")}
	case f.public && addr == "":
		return usage{fmt.Errorf("--http-public needs --http")}
	case !f.on():
		return nil
	case f.any:
		addr = "127.0.0.1:0"
	}
	if err := watch.Check(addr, f.public); err != nil {
		if watch.Check(addr, true) == nil {
			err = fmt.Errorf("%w; --http-public lets other machines see the run", err)
		}
		return usage{fmt.Errorf("--http: %w", err)}
	}
	s, err := watch.Listen(addr, f.public)
	if err != nil {
		return fmt.Errorf("--http: %w", err)
	}
	if f.server = s; f.public {
		fmt.Fprintf(a.Err, "warning: whoever reaches %s can watch this run\n", s.URL())
	}
	return nil
}

// options cuts the plan at every stage, unless another cut was asked for by
// name: what is in one segment cannot be told apart while it runs.
func (f *watchFlags) options(a *app, o *engine.Options) {
	if !f.on() {
		return
	}
	for _, s := range a.set {
		if strings.HasPrefix(strings.TrimSpace(s), "pipeline.granularity") {
			return
		}
	}
	o.Plans.Granularity = graph.PerStage
}

// serve starts the page for an engine.
func (f *watchFlags) serve(e *engine.Engine, live *observe.Live, counts *observe.Experts, stderr io.Writer) error {
	if f.server == nil {
		return nil
	}
	var page bytes.Buffer
	err := export.Write(&page, e.Plans[0], export.Options{Format: "html", Level: "stage", Title: e.Model.Name(), Device: e.Device.Name, Live: true})
	if err != nil {
		return err
	}
	l := &liveSource{e: e, live: live, counts: counts}
	f.server.Serve(page.Bytes(), watch.Source{Hello: l.hello, Tick: l.tick})
	fmt.Fprintf(stderr, "watch at %s\n", f.server.URL())
	return nil
}

// stop ends the server and forgets it.
func (f *watchFlags) stop() error {
	if f.server == nil {
		return nil
	}
	s := f.server
	f.server = nil
	return s.Close()
}
