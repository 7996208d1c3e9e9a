package vk

import (
	"runtime"
	"sync/atomic"
	"testing"
)

// TestExtensionsWhileCollecting asks for extensions and queue families while the
// garbage collector runs all the time: lists that the binding fills are freed by
// it under the reader's hands.
func TestExtensionsWhileCollecting(t *testing.T) {
	in, dev, _ := chosen(t, nil)
	var done atomic.Bool
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for !done.Load() {
			runtime.GC()
		}
	}()
	families := len(queueFamilies(dev))
	for range 300 {
		if !hasExtension(dev, "VK_KHR_maintenance1") || hasExtension(dev, "VK_none_such") || len(queueFamilies(dev)) != families {
			t.Error("the lists changed")
			break
		}
	}
	done.Store(true)
	<-stopped
	in.close()
}
