//go:build cgo

package enginetest

import (
	"flag"
	"testing"

	"moeflow/cmd/moeflow/internal/device"
	"moeflow/graph/backend"
	"moeflow/vk"
)

// noLayers is for a machine with a GPU and without the validation layers.
var noLayers = flag.Bool("nolayers", false, "run without the validation layers")

// usual opens the Vulkan device under validation.
func usual(t testing.TB) func(bool) (backend.Device, error) {
	return device.Opener(vk.Options{Validation: !*noLayers, OnMessage: func(s string) { t.Errorf("validation: %s", s) }})
}
