package vk

import (
	"sync"

	vulkan "github.com/goki/vulkan"
)

// Weight is a tensor's bytes in host memory.
type Weight struct {
	Name string
	Data []byte
}

const (
	stageBytes = 64 << 20 // one staging buffer
	stages     = 3        // of them: one fills while others are copied
	copiers    = 4        // goroutines that fill one
)

// upload copies weights into device memory and keeps them under their names.
func (h *heap) upload(s *timeline, ws []Weight, progress func(done, total uint64)) (map[string]buffer, error) {
	sizes := make([]uint64, len(ws))
	var total, done uint64
	for i, w := range ws {
		sizes[i] = uint64(len(w.Data))
		total += sizes[i]
	}
	bufs, err := h.alloc("weights", onDevice, sizes)
	if err != nil {
		return nil, err
	}
	named := make(map[string]buffer, len(ws))
	st := stager{h: &heap{d: h.d, used: map[string]uint64{}}, s: s}
	defer st.close()
	for i, w := range ws {
		named[w.Name] = bufs[i]
		if bufs[i].data != nil { // the host sees the device's memory: no detour
			copyParallel(bufs[i].data, w.Data)
		} else if err := st.copy(bufs[i], w.Data); err != nil {
			return nil, err
		}
		if done += sizes[i]; progress != nil {
			progress(done, total)
		}
	}
	return named, st.flush()
}

// stager copies through a ring of host-visible buffers: while the device copies
// one, the host fills the next. Small tensors share a buffer and a submit.
type stager struct {
	h       *heap
	s       *timeline
	ring    []buffer
	busy    [stages]uint64 // the timeline value that frees each
	cbs     [stages]vulkan.CommandBuffer
	slot    int
	fill    uint64
	pending []transfer
}

type transfer struct {
	to       buffer
	from, at uint64 // offsets in the staging buffer and in to
	n        uint64
}

func (t *stager) copy(to buffer, data []byte) error {
	if t.ring == nil {
		var err error
		if t.ring, err = t.h.alloc("staging", toHost, []uint64{stageBytes, stageBytes, stageBytes}); err != nil {
			return err
		}
	}
	for at := uint64(0); at < uint64(len(data)); {
		if t.fill == stageBytes {
			if err := t.submit(); err != nil {
				return err
			}
		}
		n := min(uint64(len(data))-at, stageBytes-t.fill)
		copyParallel(t.ring[t.slot].data[t.fill:t.fill+n], data[at:at+n])
		t.pending = append(t.pending, transfer{to, t.fill, at, n})
		t.fill, at = min(stageBytes, (t.fill+n+15)/16*16), at+n
	}
	return nil
}

// submit sends the filled buffer off and makes the next one free.
func (t *stager) submit() error {
	if len(t.pending) == 0 {
		return nil
	}
	from := t.ring[t.slot]
	cb, err := t.h.d.record(func(cb vulkan.CommandBuffer) {
		for _, p := range t.pending {
			vulkan.CmdCopyBuffer(cb, from.handle, p.to.handle, 1, []vulkan.BufferCopy{{
				SrcOffset: vulkan.DeviceSize(from.offset + p.from), DstOffset: vulkan.DeviceSize(p.to.offset + p.at), Size: vulkan.DeviceSize(p.n)}})
		}
	})
	if err != nil {
		return err
	}
	t.cbs[t.slot] = cb
	if t.busy[t.slot], err = t.s.submit(0, []vulkan.CommandBuffer{cb}); err != nil {
		return err
	}
	t.slot, t.fill, t.pending = (t.slot+1)%stages, 0, nil
	return t.release(t.slot)
}

// release waits until a staging buffer is free.
func (t *stager) release(slot int) error {
	if t.busy[slot] == 0 {
		return nil
	}
	err := t.s.wait(t.busy[slot])
	vulkan.FreeCommandBuffers(t.h.d.handle, t.h.d.pool, 1, []vulkan.CommandBuffer{t.cbs[slot]})
	t.busy[slot] = 0
	return err
}

func (t *stager) flush() error {
	err := t.submit()
	for i := range stages {
		if e := t.release(i); err == nil {
			err = e
		}
	}
	return err
}

func (t *stager) close() { t.h.close() }

// copyParallel copies with several goroutines where it is worth it: reading the
// page cache and writing uncached memory are bound by latency on one core.
func copyParallel(dst, src []byte) {
	const least = 1 << 20
	if len(src) < least {
		copy(dst, src)
		return
	}
	var wg sync.WaitGroup
	part := (len(src) + copiers - 1) / copiers
	for at := 0; at < len(src); at += part {
		end := min(at+part, len(src))
		wg.Go(func() { copy(dst[at:end], src[at:end]) })
	}
	wg.Wait()
}
