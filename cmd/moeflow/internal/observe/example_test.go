package observe_test

import (
	"context"
	"fmt"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/cmd/moeflow/internal/observe"
	"moeflow/gguf/quant"
	"moeflow/graph/backend"
	"moeflow/stages/ref"
	"moeflow/stages/sample"
)

// How often experts are chosen for a prompt of two tokens and two tokens behind
// it, the last of which is not computed.
func ExampleExperts() {
	m, err := model.Open("../../../../models/tiny-go-q4_k_m.gguf")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	var counts observe.Experts
	e, err := engine.Open(m, engine.Options{
		Load:    engine.Load{Open: func(bool) (backend.Device, error) { return ref.NewDevice(), nil }},
		Plans:   engine.Plans{KVType: quant.F16, Context: 64, CountExperts: true},
		Observe: engine.Observe{Observers: []func(*engine.Engine) (engine.Observer, error){counts.Attach}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close()
	if _, err := generate.One(context.Background(), e, generate.Request{IDs: []int32{1, 2}, MaxTokens: 2, Sampling: sample.Greedy(), IgnoreEOG: true}); err != nil {
		fmt.Println(err)
		return
	}
	c, err := counts.Counts()
	fmt.Println(c.PrefillTokens, c.DecodeTokens, err)
	// Output: 2 1 <nil>
}
