package vk

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"

	vulkan "github.com/goki/vulkan"

	"moeflow/vk/shaders"
)

// tile8 is the shape of the products whose operands kernels put together in
// registers: see kernels/include/fragment.glsl.
var tile8 = MatrixShape{16, 8, 16, half, half, single, single}

// fragment is an element of a lane's part of a matrix, for lane 4g + t: row
// g + 8·down, column 2t + across; rows and columns change places for the right
// operand.
type fragment struct{ down, across int }

// mmaLanes is what the kernels rely on, for the left operand {16, 16}, the
// right one {16, 8} and the sums {16, 8}.
var mmaLanes = [3]struct {
	width int
	turn  bool
	parts []fragment
}{
	{16, false, []fragment{{0, 0}, {0, 1}, {0, 8}, {0, 9}, {1, 0}, {1, 1}, {1, 8}, {1, 9}}},
	{8, true, []fragment{{0, 0}, {0, 1}, {0, 8}, {0, 9}}},
	{8, false, []fragment{{0, 0}, {0, 1}, {1, 0}, {1, 1}}},
}

// mmaNumbers is what kernels/probe/mma_layout.comp writes where the layout is that one.
func mmaNumbers() []float32 {
	var out []float32
	for _, m := range mmaLanes {
		for _, p := range m.parts {
			for lane := range 32 {
				row, col := lane/4+8*p.down, lane%4*2+p.across
				if m.turn {
					row, col = col, row
				}
				out = append(out, float32(row*m.width+col))
			}
		}
	}
	return out
}

// probeMMA tells whether the device's lanes hold the elements of matrices that
// mmaLanes says, which only the device itself can tell.
func (r *Runtime) probeMMA() (bool, error) {
	seen, err := r.mmaSeen()
	return err == nil && slices.Equal(seen, mmaNumbers()), err
}

// mmaSeen is what kernels/probe/mma_layout.comp writes.
func (r *Runtime) mmaSeen() ([]float32, error) {
	h := newHeap(r.d)
	defer h.close()
	out := make([]float32, len(mmaNumbers()))
	host, err := h.alloc("the places of matrix elements", toHost, []want{{"y", uint64(4 * len(out))}})
	if err != nil {
		return nil, err
	}
	code, err := shaders.MMALayout()
	if err != nil {
		return nil, err
	}
	pipeline, err := r.pipes.compile("mma_layout", code, []uint32{64})
	if err != nil {
		return nil, err
	}
	defer vulkan.DestroyPipeline(r.d.handle, pipeline, nil)
	push := binary.LittleEndian.AppendUint64(nil, host[0].address)
	err = r.d.once(r.line, func(cb vulkan.CommandBuffer) {
		vulkan.CmdBindPipeline(cb, vulkan.PipelineBindPointCompute, pipeline)
		vulkan.CmdPushConstants(cb, r.d.layout, computeStage, 0, uint32(len(push)), unsafe.Pointer(&push[0]))
		vulkan.CmdDispatch(cb, 1, 1, 1)
		fence(cb)
	})
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(host[0].data[4*i:]))
	}
	return out, nil
}
