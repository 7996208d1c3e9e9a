package generate

import (
	"cmp"
	"context"

	"moeflow/cmd/moeflow/internal/engine"
)

// One answers a single request, by a loop of its own.
func One(ctx context.Context, e *engine.Engine, r Request) (Result, error) {
	l, err := Start(e, Options{})
	if err != nil {
		return Result{}, err
	}
	s, err := l.Submit(ctx, r)
	if err != nil {
		l.Close()
		return Result{}, err
	}
	res := s.Result()
	return res, cmp.Or(res.Err, l.Close())
}
