package shaders_test

import (
	"encoding/binary"
	"math"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/vk/shaders"
)

// halfError is the relative error of rounding to a half.
const halfError = 1.0 / (1 << 11)

// largestHalf bounds what kernels store as halves.
const largestHalf = 65504

// halved bounds what half inputs add to sums of w·x. An activation is off by
// halfError of itself or of the smallest normal half, or, where its row was
// scaled to fit, of what is that small against the row's largest; a weight,
// made of a scale and an offset that are halves themselves, by three halfErrors
// of its block's largest. magnitude raises weights by a quarter of that.
func (c *testCase) halved(x, output string) ([]float64, error) {
	m := *c
	m.args = nil
	for _, a := range c.args {
		if a.name == x {
			f := a.decode()
			k := int(a.shape[0])
			for i := 0; i < len(f); i += k {
				top := 0.0
				for _, v := range f[i : i+k] {
					top = max(top, math.Abs(float64(v)))
				}
				for j := range f[i : i+k] {
					f[i+j] = float32(math.Abs(float64(f[i+j])) + max(1.0/(1<<14), top/(1<<29)))
				}
			}
			a.typ, a.data = quant.F32, f32Bytes(f)
		}
		if a.name == "res" {
			a.data = make([]byte, len(a.data))
		}
		m.args = append(m.args, a)
	}
	mag, err := m.magnitude(output)
	for i := range mag {
		mag[i] *= 13 * halfError
	}
	return mag, err
}

// withF16 adds cases for kernels whose inputs are halves: some whose inputs
// halves hold exactly, so that the bound is that of float sums and one wrong
// element shows, and one with activations that no half can hold.
func withF16(cases []testCase, k graph.Kernel, x, y string, weights ...string) []testCase {
	if shaders.Precision(k) != "f16" {
		return cases
	}
	out := cases
	for _, c := range cases {
		c := c
		c.name += " exact"
		c.args = append([]tensor(nil), c.args...)
		for i, a := range c.args {
			switch {
			case a.name == x:
				c.args[i] = a.halves()
			case contains(weights, a.name):
				c.args[i] = a.powers()
			}
		}
		width := int(c.params[0])
		c.bound = map[string]func([]float64) ([]float64, error){y: func([]float64) ([]float64, error) {
			// The sums of matrix units are cut off, not rounded.
			float := c
			float.partOf = &graph.Kernel{Op: c.kernel.Op, Type: c.kernel.Type}
			if len(weights) == 2 {
				return float.gated(graph.OpGroupedGEMM, 16*width)
			}
			return float.sums(y, 16*width)(nil)
		}}
		out = append(out, c)
	}
	last := cases[len(cases)-1]
	last.name += " large"
	last.args = append([]tensor(nil), last.args...)
	for i, a := range last.args {
		if a.name == x {
			f := a.decode()
			for j := 0; j < len(f); j += 7 * int(a.shape[0]) / 3 {
				f[j] = 3e6
			}
			f[len(f)-1] = -7e4
			last.args[i].data = f32Bytes(f)
		}
	}
	last.bound = map[string]func([]float64) ([]float64, error){y: func([]float64) ([]float64, error) {
		if len(weights) == 2 {
			return last.gated(graph.OpGroupedGEMM, int(last.params[0]))
		}
		return last.sumsRounded(x, y, int(last.params[0]))(nil)
	}}
	return append(out, last)
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// halves rounds a float tensor to numbers that halves hold.
func (t tensor) halves() tensor {
	f := t.decode()
	for i, v := range f {
		f[i] = quant.F16ToF32(quant.F32ToF16(max(-60000, min(60000, v))))
	}
	return tensor{t.name, t.typ, t.shape, f32Bytes(f)}
}

// powers gives a tensor of a block type scales that are powers of two, so that
// halves hold its elements.
func (t tensor) powers() tensor {
	data := append([]byte(nil), t.data...)
	for b := 0; b < len(data); b += t.typ.BlockBytes() {
		for _, at := range halves[t.typ] {
			d := float32(1.0 / 64)
			if data[b+at]&1 != 0 && at == 0 {
				d = -d
			}
			binary.LittleEndian.PutUint16(data[b+at:], quant.F32ToF16(d))
		}
		if t.typ == quant.Q6_K { // scales of seven bits make elements of eleven
			for i := range data[b+192 : b+208] {
				data[b+192+i] = byte(int8(data[b+192+i]) >> 1)
			}
		}
	}
	return tensor{t.name, t.typ, t.shape, data}
}

// takeF16 makes a case one of a kernel whose activations are halves: inputs
// are rounded beforehand, and an output may be off by its rounding.
func (c testCase) takeF16(args []int) testCase {
	c.args = append([]tensor(nil), c.args...)
	for _, i := range args {
		a := &c.args[i]
		var data []byte
		if c.kernel.Op.Access(i) == graph.Read {
			for _, f := range a.halves().decode() {
				data = binary.LittleEndian.AppendUint16(data, quant.F32ToF16(f))
			}
			a.typ, a.data = quant.F16, data
			continue
		}
		for range count(a.shape) {
			data = binary.LittleEndian.AppendUint16(data, 0x7ead) // a NaN of its own
		}
		a.typ, a.data = quant.F16, data
		inner, bounds := c.bound[a.name], map[string]func([]float64) ([]float64, error){}
		for name, f := range c.bound {
			bounds[name] = f
		}
		bounds[a.name] = func(want []float64) ([]float64, error) {
			tol, err := inner(want)
			for j := range tol {
				tol[j] += math.Abs(want[j])*halfError + 1.0/(1<<24) + max(0, math.Abs(want[j])-largestHalf)
			}
			return tol, err
		}
		c.bound = bounds
	}
	return c
}

func rmsNormF16Cases(k graph.Kernel) []testCase {
	out := rmsNormCases(k)
	for i := range out {
		c := &out[i]
		half := c.args[3]
		half.name = "half"
		c.args = append(c.args, half)
		c.bound = map[string]func([]float64) ([]float64, error){"y": c.bound["y"], "half": c.bound["y"]}
	}
	return out
}
