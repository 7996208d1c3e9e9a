package cli

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// How long a command has to end by itself once it is asked to, and how long its
// last words may take after that: together under a second.
const (
	graceTime = 400 * time.Millisecond
	wordsTime = 250 * time.Millisecond
)

// signals gives the context of a command. An interrupt, a request to terminate or
// a hang-up cancels it; a second one, or one that the command has not followed
// within graceTime and its patience, has it say its last words and ends the process:
// a command may wait for something that knows no context, such as a driver that
// compiles. stop ends the watch.
func (a *app) signals() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	sig, done := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(sig, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(sig, syscall.SIGHUP)
	}
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-sig:
			cancel()
		case <-done:
			return
		}
		select {
		case <-sig:
		case <-time.After(graceTime + time.Duration(a.patience.Load())):
		case <-done:
			return
		}
		a.last.say()
		os.Exit(exitInterrupted)
	})
	return ctx, func() {
		signal.Stop(sig)
		close(done)
		watch.Wait()
		cancel()
	}
}

// interruptSelf interrupts the command as a terminal would.
func interruptSelf() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		p.Signal(os.Interrupt)
	}
}

// lastWords is what must be done before the process may end: files completed or
// taken back, the user told. Commands add to it when they begin something and
// remove that when they have ended it.
type lastWords struct {
	mu    sync.Mutex
	words []*func()
}

// add adds f, which may be called while the command still runs, from another
// goroutine.
func (l *lastWords) add(f func()) (remove func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := &f
	l.words = append(l.words, w)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for i, x := range l.words {
			if x == w {
				l.words = append(l.words[:i], l.words[i+1:]...)
				return
			}
		}
	}
}

// say calls all that was added, the newest first, for at most wordsTime.
func (l *lastWords) say() {
	said := make(chan struct{})
	go func() {
		defer close(said)
		l.mu.Lock()
		defer l.mu.Unlock()
		for i := len(l.words) - 1; i >= 0; i-- {
			(*l.words[i])()
		}
		l.words = nil
	}()
	select {
	case <-said:
	case <-time.After(wordsTime):
	}
}
