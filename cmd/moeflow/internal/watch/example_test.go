package watch_test

import (
	"bufio"
	"fmt"
	"net/http"

	"moeflow/cmd/moeflow/internal/watch"
)

func Example() {
	s, err := watch.Listen("127.0.0.1:0", false)
	if err != nil {
		fmt.Println(err)
		return
	}
	s.Serve([]byte("<!DOCTYPE html>…"), watch.Source{
		Hello: func() []watch.Event { return []watch.Event{{Name: "hello", Data: "tokens"}} },
		Tick:  func(n uint64) []watch.Event { return nil },
	})
	defer s.Close()
	r, err := http.Get(s.URL() + "events")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Body.Close()
	line, _ := bufio.NewReader(r.Body).ReadString('\n')
	fmt.Print(line)
	// Output: event: hello
}
