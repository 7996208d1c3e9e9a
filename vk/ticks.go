package vk

import (
	"encoding/binary"
	"fmt"
	"time"
	"unsafe"

	vulkan "github.com/goki/vulkan"

	"moeflow/graph"
	"moeflow/graph/backend"
)

// Ticks gives when each dispatch of a slot's last step ran, in the order of
// Plan.Dispatches. Begin is when all before it was done, so a dispatch that runs
// beside the one before begins when that ends. The step must have been waited
// for. The runtime must have been opened with Timestamps.
func (p *Program) Ticks(slot int) ([]backend.Ticks, error) {
	if !p.r.opts.Timestamps || slot < 0 || slot >= len(p.slots) {
		return nil, fmt.Errorf("plan %s has no timestamps of slot %d", p.plan.Name, slot)
	}
	p.mu.Lock()
	ran := p.ran[slot]
	p.mu.Unlock()
	if !ran {
		return nil, fmt.Errorf("plan %s has run no step in slot %d to have timed", p.plan.Name, slot)
	}
	tick := func(i int) uint64 { return binary.LittleEndian.Uint64(p.slots[slot].ticks.data[8*i:]) }
	out := make([]backend.Ticks, 0, len(p.plan.Dispatches))
	for k, s := range p.plan.Segments {
		for i := s.First; i < s.Last; i++ {
			out = append(out, backend.Ticks{Begin: tick(i + k), End: tick(i + k + 1)})
		}
	}
	return out, nil
}

// Times gives how long each dispatch of a slot's last step took on the device:
// the differences of Ticks.
func (p *Program) Times(slot int) ([]time.Duration, error) {
	ticks, err := p.Ticks(slot)
	if err != nil {
		return nil, err
	}
	out := make([]time.Duration, len(ticks))
	for i, t := range ticks {
		out[i] = time.Duration(p.r.d.nanoseconds(t))
	}
	return out, nil
}

// nanoseconds is how long lies between two ticks.
func (d *device) nanoseconds(t backend.Ticks) float64 {
	return float64((t.End-t.Begin)&(1<<d.stamps-1)) * float64(d.info.period)
}

// queryPool makes a pool of so many timestamps.
func (d *device) queryPool(count uint32) (vulkan.QueryPool, error) {
	qi := vulkan.QueryPoolCreateInfo{SType: vulkan.StructureTypeQueryPoolCreateInfo, QueryType: vulkan.QueryTypeTimestamp, QueryCount: count}
	var pool vulkan.QueryPool
	err := failed("make a query pool", vulkan.CreateQueryPool(d.handle, &qi, nil, &pool))
	return pool, err
}

// readTicks waits for and reads the first timestamps of a pool.
func (d *device) readTicks(pool vulkan.QueryPool, ticks []uint64) error {
	const flags = vulkan.QueryResultFlags(vulkan.QueryResult64Bit | vulkan.QueryResultWaitBit)
	return failed("read timestamps", vulkan.GetQueryPoolResults(d.handle, pool, 0, uint32(len(ticks)),
		uint64(8*len(ticks)), unsafe.Pointer(&ticks[0]), 8, flags))
}

// Progress tells how many segments of a step are done on the device: after the
// step's Wait, and before any submit, none is known. It does not wait and may be
// called at any time. The runtime must have been opened with Timestamps.
func (p *Program) Progress(t graph.Ticket) (int, error) {
	value, r := semaphoreValue(p.r.d.handle, p.r.line.semaphore)
	if err := failed("ask for progress", r); err != nil {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, v := range p.marks[t.Step] {
		if v <= value {
			n++
		}
	}
	return n, nil
}

const calibratedTimestamps = "VK_EXT_calibrated_timestamps"

// Clock compares the clocks now: it reads the device's between two readings of
// the host's, several times, and keeps the closest pair. Without
// VK_EXT_calibrated_timestamps that takes submits, which wait for all work on
// the device: then it must be idle. The runtime must have been opened with
// Timestamps.
func (p *Program) Clock() (backend.Clock, error) {
	d := p.r.d
	if !p.r.opts.Timestamps {
		return backend.Clock{}, fmt.Errorf("%s was opened without timestamps", d.info.Name)
	}
	read := func() (uint64, error) {
		tick, r := deviceTicks(d.handle)
		return tick, failed("read the device's clock", r)
	}
	if !d.clock {
		pool, err := d.queryPool(1)
		if err != nil {
			return backend.Clock{}, err
		}
		defer vulkan.DestroyQueryPool(d.handle, pool, nil)
		read = func() (uint64, error) {
			if err := d.once(p.r.line, func(cb vulkan.CommandBuffer) {
				vulkan.CmdResetQueryPool(cb, pool, 0, 1)
				vulkan.CmdWriteTimestamp(cb, vulkan.PipelineStageBottomOfPipeBit, pool, 0)
			}); err != nil {
				return 0, err
			}
			tick := []uint64{0}
			err := d.readTicks(pool, tick)
			return tick[0], err
		}
	}
	best := backend.Clock{Within: time.Hour, Period: float64(d.info.period), Bits: d.stamps, How: calibratedTimestamps}
	if best.Idle = !d.clock; best.Idle {
		best.How = "a submit between two readings of the host's clock"
	}
	for range 8 {
		before := time.Now()
		tick, err := read()
		if err != nil {
			return backend.Clock{}, err
		}
		if half := time.Since(before) / 2; half < best.Within {
			best.Tick, best.Host, best.Within = tick, before.Add(half), half
		}
	}
	return best, nil
}
