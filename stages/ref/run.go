package ref

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"moeflow/graph"
)

// Run is one plan with memory for all its tensors.
type Run struct {
	plan   *graph.Plan
	values []*value
}

// New gives a plan memory. inputs holds, by tensor name and as little-endian
// bytes in the tensor's own type, every Weight without Data of its own and the
// initial contents of any other tensor; what is not named starts zeroed. The
// bytes of a kv cache are kept and written in place.
func New(p *graph.Plan, inputs map[string][]byte) (*Run, error) {
	r := &Run{plan: p, values: make([]*value, len(p.Tensors))}
	for i := range p.Tensors {
		t := &p.Tensors[i]
		data := inputs[t.Name]
		if data == nil {
			data = t.Data
		}
		if data == nil && t.Role == graph.Weight {
			return nil, fmt.Errorf("plan %s: no data for weight %s", p.Name, t)
		}
		var err error
		if r.values[i], err = newValue(t, data); err != nil {
			return nil, fmt.Errorf("plan %s: %w", p.Name, err)
		}
	}
	return r, r.prepare()
}

// prepare computes what depends on weights alone.
func (r *Run) prepare() error {
	for i := range r.plan.Prepare {
		if err := r.dispatch(&r.plan.Prepare[i]); err != nil {
			return fmt.Errorf("plan %s: %s: %w", r.plan.Name, r.plan.Prepare[i].Kernel, err)
		}
	}
	return nil
}

// Floats is the tensor's contents in float64, nil if it is not of floats. A
// tensor of a quantized type is decoded.
func (r *Run) Floats(id graph.TensorID) ([]float64, error) { return r.values[id].all() }

// Words is the contents of an index tensor.
func (r *Run) Words(id graph.TensorID) []uint32 { return r.values[id].words }

// Bytes is the contents of any tensor as a device would hold it.
func (r *Run) Bytes(id graph.TensorID) []byte { return r.values[id].store() }

// call is one dispatch on its way.
type call struct {
	op     graph.Op
	args   []*value // nil where absent
	params []uint32
	step   step
}

// eval computes one dispatch of an operation that fuses no others.
type eval func(*call) error

var evals = map[graph.Op]eval{
	graph.OpEmbed:             embed,
	graph.OpRMSNorm:           rmsNorm,
	graph.OpRMSNormF16:        rmsNormF16,
	graph.OpLinear:            linear,
	graph.OpRopeStore:         ropeStore,
	graph.OpAttention:         attention,
	graph.OpTopK:              topK,
	graph.OpExpertLinear:      expertLinear,
	graph.OpSwiGLU:            swiGLU,
	graph.OpExpertDown:        expertDown,
	graph.OpAbsorbRouter:      absorbRouter,
	graph.OpMoESort:           moeSort,
	graph.OpGroupedGEMM:       groupedGEMM,
	graph.OpGroupedGEMMSwiGLU: groupedGEMMSwiGLU,
	graph.OpExpertCombine:     expertCombine,
	graph.OpExpertCount:       expertCount,
	graph.OpGather:            gather,
	graph.OpArgMax:            argMax,
	graph.OpArgMaxPartial:     argMaxPartial,
	graph.OpArgMaxFinal:       argMaxFinal,
	graph.OpSamplePartials:    samplePartials,
	graph.OpSampleDraw:        sampleDraw,
	graph.OpRouterScale:       routerScale,
	graph.OpRowScale:          rowScale,
	graph.OpToQ16:             toQ16,
	graph.OpFromQ16:           fromQ16,
}

// Run computes the dispatches first <= i < last.
func (r *Run) Run(first, last int) error {
	for i := first; i < last; i++ {
		if err := r.dispatch(&r.plan.Dispatches[i]); err != nil {
			return fmt.Errorf("plan %s: dispatch %d, %s: %w", r.plan.Name, i, r.plan.Dispatches[i].Kernel, err)
		}
	}
	return nil
}

func (r *Run) dispatch(d *graph.Dispatch) error {
	op := d.Kernel.Op
	names := op.ArgNames()
	if len(d.Args) != len(names) || len(d.Params) != len(op.Params()) {
		return fmt.Errorf("%d arguments and %d parameters, wanted %d and %d", len(d.Args), len(d.Params), len(names), len(op.Params()))
	}
	c := &call{op: op, params: d.Params}
	for i, a := range d.Args {
		var v *value
		switch {
		case a.Tensor >= 0 && int(a.Tensor) < len(r.values):
			v = r.values[a.Tensor]
		case !op.Optional(i):
			return fmt.Errorf("argument %s is absent", names[i])
		}
		c.args = append(c.args, v)
	}
	var err error
	if c.step, err = newStep(c.args[0].words); err != nil {
		return err
	}
	return c.eval()
}

func (c *call) uint(i int) int      { return int(c.params[i]) }
func (c *call) float(i int) float64 { return float64(math.Float32frombits(c.params[i])) }

// parallel calls f for 0 <= i < n, some at once, and returns the first error.
func parallel(n int, f func(i int) error) error {
	workers := min(runtime.GOMAXPROCS(0), n)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w * n / workers; i < (w+1)*n/workers && errs[w] == nil; i++ {
				errs[w] = f(i)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
