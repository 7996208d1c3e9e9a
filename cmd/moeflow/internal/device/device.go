package device

import (
	"moeflow/graph"
	"moeflow/graph/backend"
	"moeflow/vk"
)

// Opener gives what the engine opens its device by: the device that the options
// name, with timestamps if the engine asks for them.
func Opener(o vk.Options) func(timestamps bool) (backend.Device, error) {
	return func(timestamps bool) (backend.Device, error) {
		o := o
		o.Timestamps = o.Timestamps || timestamps
		r, err := vk.Open(o)
		if err != nil {
			return nil, err
		}
		return runtime{r}, nil
	}
}

// Info is what the engine needs to know of a Vulkan device.
func Info(d *vk.DeviceInfo) backend.Info {
	return backend.Info{Name: d.Name, Kind: d.Kind, Memory: d.Memory, Free: d.Free, Processors: d.Processors,
		Capabilities: d.Capabilities(), Ordered: d.Ordered()}
}

// runtime is a Vulkan runtime as a backend.Device; Bandwidth, MatrixRate and
// Close are the runtime's own.
type runtime struct{ *vk.Runtime }

var _ backend.Measured = runtime{}

// Programs of the runtime time their dispatches.
var _ backend.Timed = (*vk.Program)(nil)

func (r runtime) Info() backend.Info {
	i := r.Runtime.Info()
	return Info(&i)
}

func (r runtime) Upload(weights []backend.Weight, progress func(done, all uint64)) error {
	ws := make([]vk.Weight, len(weights))
	for i, w := range weights {
		ws[i] = vk.Weight(w)
	}
	return r.Runtime.Upload(ws, progress)
}

func (r runtime) Load(plans []*graph.Plan, slots int) ([]backend.Program, error) {
	progs, err := r.Runtime.Load(plans, slots)
	if err != nil {
		return nil, err
	}
	out := make([]backend.Program, len(progs))
	for i, p := range progs {
		out[i] = p
	}
	return out, nil
}
