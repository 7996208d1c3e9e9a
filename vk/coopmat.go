package vk

import (
	"fmt"
	"unsafe"

	vulkan "github.com/goki/vulkan"
)

// matrixExtension lets a subgroup multiply matrices together, on a GPU's matrix
// units (tensor cores).
const matrixExtension = "VK_KHR_cooperative_matrix"

// subgroupScope is VK_SCOPE_SUBGROUP_KHR.
const subgroupScope = 3

// component is VkComponentTypeKHR.
type component uint32

const (
	half   component = 0
	single component = 1
)

func (c component) String() string {
	names := [...]string{"f16", "f32", "f64", "s8", "s16", "s32", "s64", "u8", "u16", "u32", "u64"}
	if int(c) < len(names) {
		return names[c]
	}
	return fmt.Sprintf("type(%d)", uint32(c))
}

// MatrixShape is a product that a device's matrix units compute: Result {M, N} =
// A {M, K} times B {K, N} plus C {M, N}.
type MatrixShape struct {
	M, N, K         uint32
	A, B, C, Result component
}

func (s MatrixShape) String() string {
	return fmt.Sprintf("%dx%dx%d %s*%s+%s", s.M, s.N, s.K, s.A, s.B, s.Result)
}

// tile16 is the shape that the kernels are written for: 16 by 16 by 16, half
// inputs, float sums.
var tile16 = MatrixShape{16, 16, 16, half, half, single, single}

// describeMatrices finds whether there are matrix units that kernels can use.
func describeMatrices(d vulkan.PhysicalDevice, info *DeviceInfo) {
	if !hasExtension(d, matrixExtension) {
		return
	}
	f := newMatrixFeatures()
	defer freeTag(unsafe.Pointer(f))
	var c chain
	c.tail = unsafe.Pointer(f)
	getFeatures(d, c.link(info.api))
	c.free()
	if f.matrices == 0 {
		return
	}
	info.Matrices = matrixShapes(d)
	for _, s := range info.Matrices {
		info.matrix = info.matrix || s == tile16
		// Of NVIDIA's devices it is known, and seen when one is opened.
		info.mma = info.mma || s == tile8 && info.vendor == vendorNVIDIA
	}
}
