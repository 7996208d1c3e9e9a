package device_test

import (
	"fmt"

	"moeflow/cmd/moeflow/internal/device"
	"moeflow/vk"
)

func ExampleInfo() {
	d := device.Info(&vk.DeviceInfo{Name: "some card", Kind: "discrete", Processors: 132, Subgroup: 32})
	fmt.Println(d.Name, d.Kind, d.Processors, d.Capabilities)
	// Output: some card discrete 132 [gpu subgroup32]
}
