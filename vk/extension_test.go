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
	in, err := openInstance(nil)
	if err != nil {
		t.Fatal(err)
	}
	devs, infos, err := in.describe()
	if err != nil {
		t.Fatal(err)
	}
	i, err := choose(infos, "auto")
	if err != nil {
		t.Fatal(err)
	}
	var done atomic.Bool
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for !done.Load() {
			runtime.GC()
		}
	}()
	families := len(queueFamilies(devs[i]))
	for range 300 {
		if !hasExtension(devs[i], "VK_KHR_maintenance1") || hasExtension(devs[i], "VK_none_such") || len(queueFamilies(devs[i])) != families {
			t.Error("the lists changed")
			break
		}
	}
	done.Store(true)
	<-stopped
	in.close()
}
