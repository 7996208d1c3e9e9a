package vk

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	vulkan "github.com/goki/vulkan"

	"moeflow/gguf/fault"
	"moeflow/gguf/quant"
	"moeflow/vk/shaders"
)

// Weight is a tensor's bytes in host memory, as in a file.
type Weight struct {
	Name string
	Data []byte
	Type quant.Type
}

// StoredBytes is the size of a tensor of a type on the device, bytes being its
// size in a file: blocks may be padded there.
func StoredBytes(t quant.Type, bytes uint64) uint64 {
	file, stored := uint64(t.BlockBytes()), uint64(shaders.Stored(t))
	if file == stored {
		return bytes
	}
	return bytes / file * stored
}

// copyTo fills dst with the tensor as it is stored on the device, from byte at
// on. Data may be a map of a file that goes away: then the error names the weight.
func (w *Weight) copyTo(dst []byte, at uint64) error {
	err := w.read(dst, at)
	if err != nil {
		err = fmt.Errorf("weight %s: %w", w.Name, err)
	}
	return err
}

func (w *Weight) read(dst []byte, at uint64) error {
	file, stored := uint64(w.Type.BlockBytes()), uint64(shaders.Stored(w.Type))
	if file == stored {
		src := w.Data[at : at+uint64(len(dst))]
		return parts(src, len(dst), func(from, to int) { copy(dst[from:to], src[from:to]) })
	}
	return parts(w.Data, len(dst), func(from, to int) {
		for from < to {
			block, in := (at+uint64(from))/stored, (at+uint64(from))%stored
			n := min(int(stored-in), to-from)
			if in < file {
				copy(dst[from:min(to, from+int(file-in))], w.Data[block*file+in:(block+1)*file])
			}
			from += n
		}
	})
}

const (
	stageBytes = 64 << 20 // one staging buffer
	stageRing  = 3        // of them: one fills while others are copied
	copiers    = 4        // goroutines that fill one
)

// upload copies weights into device memory and keeps them under their names.
func (h *heap) upload(s *timeline, ws []Weight, progress func(done, total uint64)) (map[string]buffer, error) {
	wants := make([]want, len(ws))
	var total, done uint64
	for i, w := range ws {
		wants[i] = want{"weight " + w.Name, StoredBytes(w.Type, uint64(len(w.Data)))}
		total += wants[i].size
	}
	bufs, err := h.alloc("weights", onDevice, wants)
	if err != nil {
		return nil, err
	}
	named := make(map[string]buffer, len(ws))
	st := stager{h: newHeap(h.d), s: s, size: stageBytes}
	defer st.close()
	for i, w := range ws {
		named[w.Name] = bufs[i]
		if bufs[i].data != nil { // the host sees the device's memory: no detour
			err = w.copyTo(bufs[i].data, 0)
		} else {
			err = st.copy(bufs[i], &w)
		}
		if err != nil {
			return nil, err
		}
		if done += wants[i].size; progress != nil {
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
	size    uint64 // of one staging buffer
	ring    []buffer
	busy    [stageRing]uint64 // the timeline value that frees each
	cbs     [stageRing]vulkan.CommandBuffer
	slot    int
	fill    uint64
	pending []transfer
}

type transfer struct {
	to       buffer
	from, at uint64 // offsets in the staging buffer and in to
	n        uint64
}

func (t *stager) copy(to buffer, w *Weight) error {
	if t.ring == nil {
		var err error
		if t.ring, err = t.h.alloc("staging buffers", toHost, slices.Repeat([]want{{"a staging buffer", t.size}}, stageRing)); err != nil {
			return err
		}
	}
	for at := uint64(0); at < to.size; {
		if t.fill == t.size {
			if err := t.submit(); err != nil {
				return err
			}
		}
		n := min(to.size-at, t.size-t.fill)
		if err := w.copyTo(t.ring[t.slot].data[t.fill:t.fill+n], at); err != nil {
			return err
		}
		t.pending = append(t.pending, transfer{to, t.fill, at, n})
		t.fill, at = min(t.size, (t.fill+n+15)/16*16), at+n
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
			copyBuffer(cb, from.handle, p.to.handle, from.offset+p.from, p.to.offset+p.at, p.n)
		}
	})
	if err != nil {
		return err
	}
	if t.busy[t.slot], err = t.s.submit(0, []vulkan.CommandBuffer{cb}); err != nil {
		t.h.d.drop([]vulkan.CommandBuffer{cb})
		return err
	}
	t.cbs[t.slot] = cb
	t.slot, t.fill, t.pending = (t.slot+1)%stageRing, 0, nil
	return t.release(t.slot)
}

// release waits until a staging buffer is free.
func (t *stager) release(slot int) error {
	if t.busy[slot] == 0 {
		return nil
	}
	err := t.s.wait(t.busy[slot])
	t.h.d.drop([]vulkan.CommandBuffer{t.cbs[slot]})
	t.busy[slot] = 0
	return err
}

func (t *stager) flush() error {
	err := t.submit()
	for i := range stageRing {
		if e := t.release(i); err == nil {
			err = e
		}
	}
	return err
}

// close waits for copies that an error left on their way.
func (t *stager) close() {
	for i := range stageRing {
		t.release(i)
	}
	t.h.close()
}

// parts calls f, which reads src, for parts of n bytes. Where there are many,
// several goroutines do so: reading the page cache and writing uncached memory are
// bound by latency on one core.
func parts(src []byte, n int, f func(from, to int)) error {
	const least = 1 << 20
	if n < least {
		return fault.Read(src, func() { f(0, n) })
	}
	var wg sync.WaitGroup
	var errs [copiers]error
	part := (n + copiers - 1) / copiers
	for i := range errs {
		wg.Go(func() {
			errs[i] = fault.Read(src, func() { f(min(i*part, n), min((i+1)*part, n)) })
		})
	}
	wg.Wait()
	return cmp.Or(errs[:]...)
}
