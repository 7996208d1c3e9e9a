package serve

import (
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limits bound what one key may ask for, so that one client cannot take everything.
type limits struct {
	perMinute, parallel int // 0: no bound

	mu    sync.Mutex
	users map[string]*user // by key: there are no more than keys
}

// user is what a key has under way.
type user struct {
	rate  *rate.Limiter
	under int
}

// enter lets a request of a key in; leave has to be called when it has ended.
func (l *limits) enter(key string) (leave func(), bad *apiError) {
	if l.perMinute <= 0 && l.parallel <= 0 {
		return func() {}, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.users[key]
	if u == nil {
		u = &user{rate: rate.NewLimiter(rate.Inf, 0)}
		if l.perMinute > 0 {
			u.rate = rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)
		}
		l.users[key] = u
	}
	if l.parallel > 0 && u.under >= l.parallel {
		return nil, &apiError{status: http.StatusTooManyRequests, code: "too_many_parallel_requests", message: "this key has as many requests under way as it may: wait for one to end", retry: 1}
	}
	if now := time.Now(); !u.rate.AllowN(now, 1) {
		wait := int(math.Ceil((1 - u.rate.TokensAt(now)) / float64(u.rate.Limit())))
		return nil, &apiError{status: http.StatusTooManyRequests, code: "rate_limit_exceeded", message: "this key has sent as many requests as it may in a minute", retry: max(1, wait)}
	}
	u.under++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		u.under--
	}, nil
}
