//go:build !cgo

package enginetest

import (
	"testing"

	"moeflow/graph/backend"
)

// usual opens the reference, since there is no Vulkan without cgo.
func usual(testing.TB) func(bool) (backend.Device, error) { return OpenReference }
