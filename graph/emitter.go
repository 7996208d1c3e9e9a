package graph

import (
	"fmt"
	"math"

	"moeflow/gguf/quant"
)

// Emitter is what Lower sees: it makes temporaries and appends calls.
type Emitter struct {
	u    *unit
	node int
	err  error
}

// Rows is the row count of the bucket.
func (e *Emitter) Rows() uint64 { return uint64(e.u.g.Layout.Rows) }

// Outs is the most output rows of a step.
func (e *Emitter) Outs() uint64 { return uint64(e.u.g.Layout.Outs) }

// Step is the edge of the step buffer.
func (e *Emitter) Step() TensorID { return 0 }

// Out is the stage's output i.
func (e *Emitter) Out(i int) TensorID { return e.u.nodes[e.node].outs[i] }

// Tensor describes an edge.
func (e *Emitter) Tensor(id TensorID) Tensor { return e.u.tensors[id] }

// Temp makes an activation that only this stage uses.
func (e *Emitter) Temp(name string, typ quant.Type, shape ...uint64) TensorID {
	e.u.tensors = append(e.u.tensors, Tensor{
		Name: e.u.nodes[e.node].Name + "/" + name, Shape: shape, Type: typ, Role: Activation})
	return TensorID(len(e.u.tensors) - 1)
}

// Args are the arguments of a call in the order of the op's table row.
type Args []TensorID

// Call appends one call. args and params follow the op's table row: each argument's
// size is checked against its axes, each parameter to fit its 32-bit place. The work
// follows from them.
func (e *Emitter) Call(op Op, args Args, params ...float64) {
	info := ops[op]
	d := Dispatch{Node: e.node, Kernel: Kernel{Op: op}}
	if len(args) != len(info.args) || len(params) != len(info.params) {
		e.fail("%s takes %d arguments and %d parameters, got %d and %d", op, len(info.args), len(info.params), len(args), len(params))
		return
	}
	for i, id := range args {
		if id == NoTensor && !info.args[i].optional {
			e.fail("%s: argument %s is absent", op, info.args[i].name)
			return
		}
		d.Args = append(d.Args, Arg{Tensor: id, Access: info.args[i].access})
	}
	for i, p := range op.Params() {
		if p.Float {
			d.Params = append(d.Params, math.Float32bits(float32(params[i])))
			continue
		}
		if params[i] < 0 || params[i] > math.MaxUint32 || params[i] != math.Trunc(params[i]) {
			e.fail("%s: parameter %s = %v is not a 32-bit count", op, p.Name, params[i])
			return
		}
		d.Params = append(d.Params, uint32(params[i]))
	}
	if err := e.u.extent(&d, 0); err != nil {
		e.fail("%w", err)
		return
	}
	e.u.calls = append(e.u.calls, d)
}

// extent sets a call's work and rows, which follow from its arguments and parameters.
// Where no argument has rows, they are those given, or, if that is 0, the last axis of
// the work.
func (u *unit) extent(d *Dispatch, rows uint32) error {
	ids := make([]TensorID, len(d.Args))
	for i, a := range d.Args {
		ids[i] = a.Tensor
	}
	a, err := bind(d.Kernel.Op, u.elements(ids), d.Params)
	if err != nil {
		return err
	}
	if d.Work, err = a.workOf(); err != nil {
		return err
	}
	if d.Rows = rows; rows == 0 {
		d.Rows = d.Work[max(0, len(a.op.axes)-1)]
	}
	if n, ok := a.bound["rows"]; ok {
		d.Rows = uint32(n)
	}
	return nil
}

// elements is the sizes of tensors, 0 where there is none.
func (u *unit) elements(ids []TensorID) []uint64 {
	out := make([]uint64, len(ids))
	for i, id := range ids {
		if id != NoTensor {
			out[i], _ = u.tensors[id].Shape.Elements() // what does not fit 64 bits is found by sizeAll
		}
	}
	return out
}

func (e *Emitter) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf(format, args...)
	}
}
