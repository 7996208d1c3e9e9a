package ref

import (
	"fmt"

	"moeflow/graph"
	"moeflow/graph/backend"
)

// Device computes plans in plain Go, in float64: a backend for tests, without a
// GPU and without Vulkan. It has no capabilities, so only kernels that run
// anywhere are chosen for it; it takes any other plan too.
type Device struct{ weights map[string][]byte }

// NewDevice makes a device without weights.
func NewDevice() *Device { return &Device{weights: map[string][]byte{}} }

// Info describes the device. Nothing bounds its memory.
func (d *Device) Info() backend.Info { return backend.Info{Name: "reference in Go", Kind: "cpu"} }

// Upload keeps the weights, which must not change before Close.
func (d *Device) Upload(weights []backend.Weight, progress func(done, all uint64)) error {
	var done, all uint64
	for _, w := range weights {
		all += uint64(len(w.Data))
	}
	for _, w := range weights {
		if _, twice := d.weights[w.Name]; twice || len(w.Data) == 0 {
			return fmt.Errorf("weight %s is empty or was uploaded before", w.Name)
		}
		d.weights[w.Name] = w.Data
		if done += uint64(len(w.Data)); progress != nil {
			progress(done, all)
		}
	}
	return nil
}

// Load is the function Load with the device's weights.
func (d *Device) Load(plans []*graph.Plan, slots int) ([]backend.Program, error) {
	progs, err := Load(plans, d.weights, slots)
	if err != nil {
		return nil, err
	}
	out := make([]backend.Program, len(progs))
	for i, p := range progs {
		out[i] = p
	}
	return out, nil
}

// Close forgets the weights.
func (d *Device) Close() error {
	d.weights = nil
	return nil
}
