package backend

import (
	"context"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

// Device holds a model's weights and its plans. Its methods are for one goroutine
// at a time. Close frees everything. A Device may stand for several: a program is
// run segment by segment, so Load is free to place each segment where it will.
type Device interface {
	// Info describes the device.
	Info() Info
	// Upload copies weights to the device. progress, which may be nil, is called
	// with bytes; the data is not used after Upload returns.
	Upload(weights []Weight, progress func(done, all uint64)) error
	// Load makes each plan ready to run with so many slots. State tensors are
	// shared by all plans and slots, by name, and start zeroed.
	Load(plans []*graph.Plan, slots int) ([]Program, error)
	Close() error
}

// Weight is a tensor's bytes in host memory, as in a file.
type Weight struct {
	Name string
	Data []byte
	Type quant.Type
}

// Program is a plan on a device. Submit and Wait may be called from several
// goroutines; a slot must not be used for a step before its last step is done.
type Program interface {
	// Input is the memory of an input tensor of a slot, which the host may write
	// while no step of the slot runs.
	Input(slot int, name string) ([]byte, error)
	// Submit enqueues one segment of a step behind the step's segment before and
	// does not wait. The segments of a step are submitted in order.
	Submit(segment int, t graph.Ticket) error
	// Wait returns when the step is done, or with the context's error.
	Wait(ctx context.Context, t graph.Ticket) error
	// Read is a tensor of Plan.Reads as the step left it, valid after Wait of a
	// step whose ticket asked for it, until the slot's next step.
	Read(slot int, id graph.TensorID) ([]byte, error)
}

// Info describes a device.
type Info struct {
	Name   string
	Kind   string // discrete, integrated, virtual, cpu, other
	Memory uint64 // bytes for models; 0 if nothing bounds them
	Free   uint64 // bytes of these that are left; 0 if unknown
	// Processors is the number of multiprocessors, 0 if unknown.
	Processors uint32
	// Capabilities names what kernels may ask of the device.
	Capabilities []string
	// Ordered tells that the device starts the workgroups of a queue in the order
	// of its dispatches, so that a later one may wait for an earlier one.
	Ordered bool
}

// Measured is a device that can measure itself.
type Measured interface {
	// Bandwidth is the memory's in GB/s, bytes read and written.
	Bandwidth() (float64, error)
	// MatrixRate is the matrix units' in TFLOP/s, 0 where there are none.
	MatrixRate() (float64, error)
}
