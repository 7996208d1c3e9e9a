package vk

import (
	"fmt"
	"strings"
	"sync"
	"unsafe"

	"github.com/goki/vgpu/vkinit"
	vulkan "github.com/goki/vulkan"
)

const (
	leastVersion    = 1<<22 | 2<<12 // Vulkan 1.2, what a device must have
	apiVersion      = 1<<22 | 3<<12 // Vulkan 1.3, what is used where a device has it
	validationLayer = "VK_LAYER_KHRONOS_validation\x00"
	debugReport     = "VK_EXT_debug_report\x00"
)

// instance is a Vulkan instance and, with validation, its message callback.
// It owns both; close frees them.
type instance struct {
	handle   vulkan.Instance
	callback vulkan.DebugReportCallback
	tag      unsafe.Pointer // key of its listener, nil without validation
}

// loading guards the library's global function table.
var loading sync.Mutex

// openInstance loads the library and makes an instance. onMessage, if not nil,
// turns on the validation layers and gets each of their warnings and errors.
func openInstance(onMessage func(string)) (*instance, error) {
	loading.Lock()
	defer loading.Unlock()
	if err := vkinit.LoadVulkan(); err != nil {
		return nil, ErrNoVulkan
	}
	app := vulkan.ApplicationInfo{SType: vulkan.StructureTypeApplicationInfo, ApiVersion: apiVersion,
		PApplicationName: "moeflow\x00", PEngineName: "moeflow\x00"}
	info := vulkan.InstanceCreateInfo{SType: vulkan.StructureTypeInstanceCreateInfo, PApplicationInfo: &app}
	if onMessage != nil {
		info.EnabledLayerCount, info.PpEnabledLayerNames = 1, []string{validationLayer}
		info.EnabledExtensionCount, info.PpEnabledExtensionNames = 1, []string{debugReport}
	}
	var h vulkan.Instance
	err := failed("create a Vulkan instance", vulkan.CreateInstance(&info, nil, &h))
	info.Free()
	if err != nil {
		return nil, err
	}
	in := &instance{handle: h}
	if err := vulkan.InitInstance(h); err != nil || !loadNative(h) {
		in.close()
		return nil, fmt.Errorf("the Vulkan library is older than 1.2: install a newer libvulkan1")
	}
	if onMessage != nil {
		if err := in.listen(onMessage); err != nil {
			in.close()
			return nil, err
		}
	}
	return in, nil
}

func (in *instance) listen(onMessage func(string)) error {
	flags := vulkan.DebugReportFlags(vulkan.DebugReportErrorBit | vulkan.DebugReportWarningBit | vulkan.DebugReportPerformanceWarningBit)
	tag := newTag()
	listeners.Lock()
	listeners.by[tag] = onMessage
	listeners.Unlock()
	in.tag = tag
	var cb vulkan.DebugReportCallback
	info := vulkan.DebugReportCallbackCreateInfo{SType: vulkan.StructureTypeDebugReportCallbackCreateInfo, Flags: flags,
		PUserData: tag, PfnCallback: heard}
	err := failed("listen to the validation layers", vulkan.CreateDebugReportCallback(in.handle, &info, nil, &cb))
	info.Free()
	in.callback = cb
	return err
}

// listeners get the messages of their instances. There is one table because the
// binding has room for one callback in a program.
var listeners = struct {
	sync.Mutex
	by map[unsafe.Pointer]func(string)
}{by: map[unsafe.Pointer]func(string){}}

func heard(_ vulkan.DebugReportFlags, _ vulkan.DebugReportObjectType, _ uint64, _ uint64, _ int32, _ string, msg string, tag unsafe.Pointer) vulkan.Bool32 {
	listeners.Lock()
	f := listeners.by[tag]
	listeners.Unlock()
	if f != nil {
		f(strings.Clone(msg)) // the message's memory is the layer's
	}
	return vulkan.False
}

func (in *instance) close() {
	if in.callback != vulkan.NullDebugReportCallback {
		vulkan.DestroyDebugReportCallback(in.handle, in.callback, nil)
	}
	vulkan.DestroyInstance(in.handle, nil)
	if in.tag != nil {
		listeners.Lock()
		delete(listeners.by, in.tag)
		listeners.Unlock()
		freeTag(in.tag)
	}
}

// physical lists the instance's devices.
func (in *instance) physical() ([]vulkan.PhysicalDevice, error) {
	var n uint32
	if err := failed("list Vulkan devices", vulkan.EnumeratePhysicalDevices(in.handle, &n, nil)); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, ErrNoDevice
	}
	devs := make([]vulkan.PhysicalDevice, n)
	err := failed("list Vulkan devices", vulkan.EnumeratePhysicalDevices(in.handle, &n, devs))
	return devs[:n], err
}
