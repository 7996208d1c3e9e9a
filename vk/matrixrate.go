package vk

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"

	vulkan "github.com/goki/vulkan"

	"moeflow/gguf/quant"
	"moeflow/graph/backend"
	"moeflow/vk/shaders"
)

// MatrixRate measures how fast the device's matrix units multiply, in TFLOP/s
// with a multiplication and an addition counted as two: the best of several
// launches of a kernel whose matrices, of halves with float sums, 16 by 16 by 16,
// never leave the registers. It is 0 where the device has no matrix units that the
// kernels use. The device must have nothing else to do.
func (r *Runtime) MatrixRate() (float64, error) {
	if !r.d.info.matrixRate() {
		return 0, nil
	}
	m := rateProbe{r: r, rounds: rateRounds}
	defer m.close()
	if err := m.prepare(); err != nil {
		return 0, err
	}
	best := 0.0
	for range 3 {
		// Workgroups of the last turn have the device to themselves; how many
		// these are depends on the number of multiprocessors, which is not known.
		for _, groups := range []uint32{rateGroups, rateGroups * 17 / 16, rateGroups * 9 / 8, rateGroups * 5 / 4} {
			seconds, err := m.launch(groups)
			if err != nil {
				return 0, err
			}
			best = max(best, rateFLOPs(groups, m.rounds)/seconds/1e12)
		}
	}
	return best, nil
}

const (
	rateLocal     = 256 // invocations of kernels/probe/matrix_rate.comp's workgroups
	rateSubgroups = 8   // of 32
	rateSums      = 8   // products a round and subgroup
	rateGroups    = 2048
	rateRounds    = 1024 // as many keep all sums exact: see rateOperands
)

// matrixRate tells whether kernels/probe/matrix_rate.comp runs, as its header's needs say.
func (i *DeviceInfo) matrixRate() bool {
	has := i.Capabilities()
	for _, need := range []string{"gpu", "coopmat", "subgroup32", "float16"} {
		if !slices.Contains(has, need) {
			return false
		}
	}
	return true
}

// rateFLOPs is how many operations a launch does.
func rateFLOPs(groups, rounds uint32) float64 {
	return 2 * 16 * 16 * 16 * rateSums * rateSubgroups * float64(groups) * float64(rounds)
}

// rateProbe is a measurement of the matrix units.
type rateProbe struct {
	r        *Runtime
	rounds   uint32
	heap     *heap
	ab, y    buffer
	pool     vulkan.QueryPool
	pipeline vulkan.Pipeline
}

func (m *rateProbe) prepare() error {
	d := m.r.d
	if d.stamps == 0 {
		return fmt.Errorf("the compute queue of %s has no timestamps to measure matrix units with", d.info.Name)
	}
	m.heap = newHeap(d)
	host, err := m.heap.alloc("the matrices that measure the matrix units", toDevice, []want{{"ab", 2 * rateRows * rateWidth}})
	if err != nil {
		return err
	}
	m.ab = host[0]
	for i, v := range rateOperands() {
		binary.LittleEndian.PutUint16(m.ab.data[2*i:], quant.F32ToF16(float32(v)/8))
	}
	sums, err := m.heap.alloc("the measurement's sums", onDevice, []want{{"y", 4 * 256 * rateSubgroups * rateGroups * 5 / 4}})
	if err != nil {
		return err
	}
	m.y = sums[0]
	if m.pool, err = d.queryPool(2); err != nil {
		return err
	}
	code, err := shaders.MatrixRate()
	if err != nil {
		return err
	}
	m.pipeline, err = m.r.pipes.compile("matrix_rate", code, []uint32{rateLocal})
	return err
}

// launch is the seconds that so many workgroups take.
func (m *rateProbe) launch(groups uint32) (float64, error) {
	d := m.r.d
	push := binary.LittleEndian.AppendUint64(nil, m.ab.address)
	push = binary.LittleEndian.AppendUint64(push, m.y.address)
	push = binary.LittleEndian.AppendUint32(push, m.rounds)
	err := d.once(m.r.line, func(cb vulkan.CommandBuffer) {
		vulkan.CmdResetQueryPool(cb, m.pool, 0, 2)
		vulkan.CmdBindPipeline(cb, vulkan.PipelineBindPointCompute, m.pipeline)
		vulkan.CmdPushConstants(cb, d.layout, computeStage, 0, uint32(len(push)), unsafe.Pointer(&push[0]))
		vulkan.CmdWriteTimestamp(cb, vulkan.PipelineStageBottomOfPipeBit, m.pool, 0)
		vulkan.CmdDispatch(cb, groups, 1, 1)
		vulkan.CmdWriteTimestamp(cb, vulkan.PipelineStageBottomOfPipeBit, m.pool, 1)
		fence(cb)
	})
	if err != nil {
		return 0, err
	}
	ticks := make([]uint64, 2)
	if err := d.readTicks(m.pool, ticks); err != nil {
		return 0, err
	}
	took := d.nanoseconds(backend.Ticks{Begin: ticks[0], End: ticks[1]})
	if took == 0 {
		return 0, fmt.Errorf("the timestamps of %s stand still", d.info.Name)
	}
	return took / 1e9, nil
}

func (m *rateProbe) close() {
	if m.pipeline != vulkan.NullPipeline {
		vulkan.DestroyPipeline(m.r.d.handle, m.pipeline, nil)
	}
	if m.pool != vulkan.NullQueryPool {
		vulkan.DestroyQueryPool(m.r.d.handle, m.pool, nil)
	}
	if m.heap != nil {
		m.heap.close()
	}
}

const (
	rateRows  = 32 // of the operands: sixteen of the left matrices, sixteen of the right
	rateWidth = 64 // of such a row: four left matrices, two right ones and nothing
)

// rateOperands are the operands in eighths, from -8 to 8 and different everywhere
// as a model's are. Their products are whole 64ths of at most 64, so that sums
// of 8·16·rateRounds of them stay below 2^24 of these: exact in float32.
func rateOperands() []int {
	out := make([]int, rateRows*rateWidth)
	x := uint32(1)
	for i := range out {
		x = x*1664525 + 1013904223
		if i/rateWidth < 16 || i%rateWidth < 32 {
			out[i] = int(x>>24)%17 - 8
		}
	}
	return out
}
