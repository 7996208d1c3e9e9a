package vk

import (
	"errors"
	"fmt"

	vulkan "github.com/goki/vulkan"
)

// Errors that a caller may want to tell apart.
var (
	ErrNoVulkan   = errors.New("no Vulkan library found: install the GPU vendor's driver and libvulkan1 (the Vulkan loader)")
	ErrNoDevice   = errors.New("no Vulkan device found: install the GPU vendor's driver, or mesa-vulkan-drivers to run on the CPU")
	ErrDeviceLost = errors.New("the device was lost: the driver reset it or it was removed; start again, and see the system's log")
)

// MemoryError says that something does not fit the device.
type MemoryError struct {
	What       string // a purpose, or the tensor's name where Single is set
	Need, Have uint64 // bytes wanted, and bytes that would fit
	Single     bool   // Have is the most that one allocation may have
}

func (e *MemoryError) Error() string {
	need, have := float64(e.Need)/(1<<30), float64(e.Have)/(1<<30)
	if e.Single {
		return fmt.Sprintf("%s needs %.2f GiB in one piece, the device allows %.2f GiB: choose a smaller context or another device", e.What, need, have)
	}
	return fmt.Sprintf("%s need %.2f GiB of device memory, %.2f GiB are free: choose a smaller context, a smaller model or another device", e.What, need, have)
}

// failed turns a Vulkan result into an error that says what was attempted.
func failed(what string, r vulkan.Result) error {
	switch r {
	case vulkan.Success:
		return nil
	case vulkan.ErrorDeviceLost:
		return fmt.Errorf("%s: %w", what, ErrDeviceLost)
	case vulkan.ErrorOutOfDeviceMemory:
		return fmt.Errorf("%s: the device is out of memory: close other programs on it, or choose a smaller context.length", what)
	case vulkan.ErrorOutOfHostMemory:
		return fmt.Errorf("%s: the host is out of memory", what)
	case vulkan.ErrorIncompatibleDriver:
		return fmt.Errorf("%s: %w", what, ErrNoDevice)
	case vulkan.ErrorLayerNotPresent:
		return fmt.Errorf("%s: the validation layers are not installed: install vulkan-validationlayers", what)
	}
	return fmt.Errorf("%s: %w (code %d)", what, vulkan.Error(r), r)
}
