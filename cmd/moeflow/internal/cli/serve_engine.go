package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/cmd/moeflow/internal/serve"
	"moeflow/configs"
)

// serving is a server with the engine that answers.
type serving struct {
	*app
	cfg    *configs.Config
	server *serve.Server
	log    *slog.Logger
	url    string
}

const (
	// servePiece is the most rows of prompts in a step that has generated tokens of
	// other requests too: these wait for no more than that.
	servePiece = 512
	// mostReopen is how often an engine that failed soon is opened again, and
	// steady how long it has to run to have failed not soon.
	mostReopen = 3
	steady     = time.Minute
	// lastEvents is how long clients have to read the end of what was cancelled.
	lastEvents = 500 * time.Millisecond
)

// run answers requests until ctx ends, or until the engine fails again and again.
func (x *serving) run(ctx context.Context) error {
	for failed := 0; ; failed++ {
		since := time.Now()
		err := x.once(ctx, failed == 0)
		if err == nil {
			return errInterrupted
		}
		if lost := new(lostEngine); !errors.As(err, &lost) && failed == 0 || ctx.Err() != nil {
			return err
		}
		if time.Since(since) > steady {
			failed = 0
		}
		if failed == mostReopen {
			return fmt.Errorf("the engine failed %d times: %w", failed+1, err)
		}
		x.server.Unready("the engine failed and is opened again: " + oneLine(err))
		x.log.Error("the engine failed and is opened again", "error", oneLine(err))
		select {
		case <-time.After(time.Second << failed):
		case <-ctx.Done():
			return errInterrupted
		}
	}
}

// lostEngine is an error of an engine that was open.
type lostEngine struct{ error }

func (l *lostEngine) Unwrap() error { return l.error }

// once opens an engine and answers requests with it. nil: ctx has ended, and all
// requests have too.
func (x *serving) once(ctx context.Context, first bool) error {
	e, done, err := x.start(x.cfg, func(o *engine.Options, _ *model.Model) {
		o.Plans.Batch, o.Plans.Sequences, o.Plans.Alone = true, x.cfg.Server.Sequences, true
	})
	if err != nil {
		return err
	}
	l, err := generate.Start(e, generate.Options{Keep: !x.cfg.Compute.Deterministic, Waiting: x.cfg.Server.MaxQueue, Piece: servePiece})
	if err != nil {
		return errors.Join(err, done())
	}
	drain := time.Duration(x.cfg.Server.Drain) * time.Second
	x.patience.Store(int64(drain + lastEvents + 2*time.Second))
	x.server.Ready(serveModel(x.cfg, e), loopEngine{l})
	if first {
		fmt.Fprintf(x.Err, "listening on %s\n", x.url)
		notifySystemd("READY=1")
	}
	select {
	case <-ctx.Done():
		notifySystemd("STOPPING=1")
		x.server.Unready("the server is shutting down")
		x.drain(drain)
	case <-l.Done():
	}
	err = l.Close()
	if ctx.Err() != nil {
		x.drain(lastEvents)
	}
	closed := done()
	if err != nil {
		return &lostEngine{errors.Join(err, closed)}
	}
	return closed
}

// drain gives the requests under way some time to end.
func (x *serving) drain(most time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	x.server.Drain(ctx)
}

// endServer ends the connections: their requests have ended.
func endServer(h *http.Server, served chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), lastEvents)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil {
		h.Close()
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// notifySystemd tells systemd how far the process is, if systemd asked for it.
func notifySystemd(state string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return // nobody listens, so nobody waits
	}
	defer c.Close()
	c.Write([]byte(state))
}
