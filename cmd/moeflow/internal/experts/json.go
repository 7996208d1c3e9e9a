package experts

import (
	"encoding/json"
	"io"
)

type report struct {
	Model         string  `json:"model"`
	Device        string  `json:"device"`
	Layers        int     `json:"layers"`
	Experts       int     `json:"experts"`
	TopK          int     `json:"top_k"`
	PrefillTokens uint64  `json:"prefill_tokens"`
	DecodeTokens  uint64  `json:"decode_tokens"`
	Choices       uint64  `json:"choices"` // tokens × layers × top_k
	PerLayer      []layer `json:"per_layer"`
}

type layer struct {
	Layer   int      `json:"layer"`
	Load    Load     `json:"load"` // of prefill and decode together
	Prefill []uint64 `json:"prefill"`
	Decode  []uint64 `json:"decode"`
}

// WriteJSON writes the counts and the load of every layer.
func (c *Counts) WriteJSON(w io.Writer) error {
	r := report{Model: c.Model, Device: c.Device, Layers: len(c.Prefill), TopK: c.TopK,
		PrefillTokens: c.PrefillTokens, DecodeTokens: c.DecodeTokens, PerLayer: []layer{}}
	for l, counts := range c.Layers() {
		r.Experts = len(counts)
		load := Of(counts, c.TopK)
		r.Choices += load.Choices
		r.PerLayer = append(r.PerLayer, layer{Layer: l, Load: load, Prefill: c.Prefill[l], Decode: c.Decode[l]})
	}
	return json.NewEncoder(w).Encode(r)
}
