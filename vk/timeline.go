package vk

import (
	"context"
	"math"
	"sync"
	"time"
	"unsafe"

	vulkan "github.com/goki/vulkan"
)

// timeline is the device's one timeline semaphore: each submit signals the next
// value. Submits on one queue signal in order, so a value also says that all
// earlier work is done. It owns the semaphore.
type timeline struct {
	d         *device
	semaphore vulkan.Semaphore
	mu        sync.Mutex // guards the queue and value
	value     uint64
}

func newTimeline(d *device) (*timeline, error) {
	kind := vulkan.SemaphoreTypeCreateInfo{SType: vulkan.StructureTypeSemaphoreTypeCreateInfo, SemaphoreType: vulkan.SemaphoreTypeTimeline}
	ref, _ := kind.PassRef()
	ci := vulkan.SemaphoreCreateInfo{SType: vulkan.StructureTypeSemaphoreCreateInfo, PNext: unsafe.Pointer(ref)}
	var s vulkan.Semaphore
	err := failed("make a timeline semaphore", vulkan.CreateSemaphore(d.handle, &ci, nil, &s))
	ci.Free()
	kind.Free()
	return &timeline{d: d, semaphore: s}, err
}

// submit enqueues command buffers behind value after (0: behind nothing but the
// queue's order) and returns the value that they signal.
func (t *timeline) submit(after uint64, cbs []vulkan.CommandBuffer) (uint64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := failed("submit to "+t.d.info.Name, submit(t.d.queue, t.semaphore, after, t.value+1, cbs)); err != nil {
		return 0, err
	}
	t.value++
	return t.value, nil
}

// wait blocks until the device has reached a value.
func (t *timeline) wait(value uint64) error {
	return failed("wait for "+t.d.info.Name, waitSemaphore(t.d.handle, t.semaphore, value, math.MaxUint64))
}

// waitContext does so in slices, so that a cancelled context ends it.
func (t *timeline) waitContext(ctx context.Context, value uint64) error {
	const slice = 50 * time.Millisecond
	for {
		r := waitSemaphore(t.d.handle, t.semaphore, value, uint64(slice))
		if r != vulkan.Timeout {
			return failed("wait for "+t.d.info.Name, r)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

func (t *timeline) close() { vulkan.DestroySemaphore(t.d.handle, t.semaphore, nil) }
