package vk

import (
	"strings"
	"unsafe"

	vulkan "github.com/goki/vulkan"
)

// chain is the feature structures of Vulkan 1.0 to 1.3 linked by their next
// pointers, in C memory. free gives it back.
type chain struct {
	f10 vulkan.PhysicalDeviceFeatures2
	f11 vulkan.PhysicalDeviceVulkan11Features
	f12 vulkan.PhysicalDeviceVulkan12Features
	f13 vulkan.PhysicalDeviceVulkan13Features
	// tail is what the last structure points to: extensions' structures in C
	// memory, which the caller frees.
	tail unsafe.Pointer
}

// link puts the structures into C memory and returns the head.
func (c *chain) link(api uint32) unsafe.Pointer {
	c.f12.SType = vulkan.StructureTypePhysicalDeviceVulkan12Features
	if api >= 1<<22|3<<12 {
		c.f13.SType = vulkan.StructureTypePhysicalDeviceVulkan13Features
		c.f13.PNext = c.tail
		ref, _ := c.f13.PassRef()
		c.f12.PNext = unsafe.Pointer(ref)
	} else {
		c.f12.PNext = c.tail
	}
	ref12, _ := c.f12.PassRef()
	c.f11.SType, c.f11.PNext = vulkan.StructureTypePhysicalDeviceVulkan11Features, unsafe.Pointer(ref12)
	ref11, _ := c.f11.PassRef()
	c.f10.SType, c.f10.PNext = vulkan.StructureTypePhysicalDeviceFeatures2, unsafe.Pointer(ref11)
	ref10, _ := c.f10.PassRef()
	return unsafe.Pointer(ref10)
}

func (c *chain) read() {
	c.f10.Deref()
	c.f10.Features.Deref()
	c.f11.Deref()
	c.f12.Deref()
	c.f13.Deref()
}

func (c *chain) free() {
	c.f10.Free()
	c.f11.Free()
	c.f12.Free()
	c.f13.Free()
}

func readFeatures(d vulkan.PhysicalDevice, api uint32) features {
	var c chain
	head := c.link(api)
	getFeatures(d, head)
	c.read()
	defer c.free()
	on := func(b vulkan.Bool32) bool { return b == vulkan.True }
	return features{
		addresses: on(c.f12.BufferDeviceAddress), timeline: on(c.f12.TimelineSemaphore), scalar: on(c.f12.ScalarBlockLayout),
		int64: on(c.f10.Features.ShaderInt64), storage16: on(c.f11.StorageBuffer16BitAccess),
		int16: on(c.f10.Features.ShaderInt16), storage8: on(c.f12.StorageBuffer8BitAccess),
		float16: on(c.f12.ShaderFloat16), int8: on(c.f12.ShaderInt8),
		sizeControl: on(c.f13.SubgroupSizeControl), fullSubgroups: on(c.f13.ComputeFullSubgroups), dot: on(c.f13.ShaderIntegerDotProduct), maintenance4: on(c.f13.Maintenance4),
		memoryModel: on(c.f12.VulkanMemoryModel) && on(c.f12.VulkanMemoryModelDeviceScope),
	}
}

// enable builds the chain that turns a device's features on.
func (f features) enable(c *chain, api uint32) unsafe.Pointer {
	b := func(on bool) vulkan.Bool32 {
		if on {
			return vulkan.True
		}
		return vulkan.False
	}
	c.f12.BufferDeviceAddress, c.f12.TimelineSemaphore, c.f12.ScalarBlockLayout = b(f.addresses), b(f.timeline), b(f.scalar)
	c.f12.StorageBuffer8BitAccess, c.f12.ShaderFloat16, c.f12.ShaderInt8 = b(f.storage8), b(f.float16), b(f.int8)
	c.f11.StorageBuffer16BitAccess = b(f.storage16)
	c.f10.Features.ShaderInt64, c.f10.Features.ShaderInt16 = b(f.int64), b(f.int16)
	c.f13.SubgroupSizeControl, c.f13.ComputeFullSubgroups, c.f13.ShaderIntegerDotProduct = b(f.sizeControl), b(f.fullSubgroups), b(f.dot)
	c.f13.Maintenance4 = b(f.maintenance4)
	c.f12.VulkanMemoryModel, c.f12.VulkanMemoryModelDeviceScope = b(f.memoryModel), b(f.memoryModel)
	return c.link(api)
}

// names lists what is there, and what is missing of the required ones.
func (f features) names() (have []string, problem string) {
	var lack []string
	for _, x := range []struct {
		name           string
		have, required bool
	}{
		{"bufferDeviceAddress", f.addresses, true}, {"timelineSemaphore", f.timeline, true},
		{"scalarBlockLayout", f.scalar, true}, {"shaderInt64", f.int64, true},
		{"storageBuffer16BitAccess", f.storage16, true},
		{"subgroup arithmetic", f.arithmetic, true}, {"subgroup shuffle", f.shuffle, true}, {"subgroup ballot", f.ballot, true},
		{"shaderInt16", f.int16, false},
		{"storageBuffer8BitAccess", f.storage8, false}, {"shaderFloat16", f.float16, false}, {"shaderInt8", f.int8, false},
		{"subgroupSizeControl", f.sizeControl, false}, {"computeFullSubgroups", f.fullSubgroups, false},
		{"shaderIntegerDotProduct", f.dot, false}, {"maintenance4", f.maintenance4, false},
		{"vulkanMemoryModel", f.memoryModel, false},
	} {
		if x.have {
			have = append(have, x.name)
		} else if x.required {
			lack = append(lack, x.name)
		}
	}
	if len(lack) > 0 {
		problem = "lacks " + strings.Join(lack, ", ") + ": install a newer driver or choose another device"
	}
	return have, problem
}
