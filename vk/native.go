package vk

// The binding wraps the functions of Vulkan 1.0. This file adds the five later
// ones that the runtime needs, found through the loader, and submits without
// the binding's copies, since that happens at every step.

/*
#cgo linux LDFLAGS: -ldl
#include <stdint.h>
#include <stddef.h>
#ifdef _WIN32
#include <windows.h>
static void *open_loader(void) { return (void *)LoadLibraryA("vulkan-1.dll"); }
static void *find(void *lib, const char *name) { return (void *)GetProcAddress((HMODULE)lib, name); }
#else
#include <dlfcn.h>
#ifdef __APPLE__
#define LOADER "libvulkan.1.dylib"
#else
#define LOADER "libvulkan.so.1"
#endif
static void *open_loader(void) { return dlopen(LOADER, RTLD_LAZY); }
static void *find(void *lib, const char *name) { return dlsym(lib, name); }
#endif

typedef void (*any_fn)(void);
typedef any_fn (*get_fn)(void *instance, const char *name);
static void (*p_features)(void *, void *);
static void (*p_properties)(void *, void *);
static void (*p_memory)(void *, void *);
static uint64_t (*p_address)(void *, const void *);
static int (*p_wait)(void *, const void *, uint64_t);
static int (*p_submit)(void *, uint32_t, const void *, void *);

static int native_load(void *instance) {
	void *lib = open_loader();
	get_fn get = lib ? (get_fn)find(lib, "vkGetInstanceProcAddr") : NULL;
	if (!get) return 0;
	p_features = (void (*)(void *, void *))get(instance, "vkGetPhysicalDeviceFeatures2");
	p_properties = (void (*)(void *, void *))get(instance, "vkGetPhysicalDeviceProperties2");
	p_memory = (void (*)(void *, void *))get(instance, "vkGetPhysicalDeviceMemoryProperties2");
	p_address = (uint64_t(*)(void *, const void *))get(instance, "vkGetBufferDeviceAddress");
	p_wait = (int (*)(void *, const void *, uint64_t))get(instance, "vkWaitSemaphores");
	p_submit = (int (*)(void *, uint32_t, const void *, void *))get(instance, "vkQueueSubmit");
	return p_features && p_properties && p_memory && p_address && p_wait && p_submit;
}

static void native_features(void *device, void *chain) { p_features(device, chain); }
static void native_properties(void *device, void *chain) { p_properties(device, chain); }
static void native_memory(void *device, void *chain) { p_memory(device, chain); }

// The structures below are laid out as vulkan_core.h has them.
struct address_info { uint32_t type; const void *next; void *buffer; };
struct wait_info { uint32_t type; const void *next; uint32_t flags, count; void *const *semaphores; const uint64_t *values; };
struct timeline { uint32_t type; const void *next; uint32_t waits; const uint64_t *wait; uint32_t signals; const uint64_t *signal; };
struct submit {
	uint32_t type; const void *next;
	uint32_t waits; void *const *wait; const uint32_t *stages;
	uint32_t commands; void *const *command;
	uint32_t signals; void *const *signal;
};

static uint64_t native_address(void *device, void *buffer) {
	struct address_info i = {1000244001, NULL, buffer};
	return p_address(device, &i);
}

static int native_wait(void *device, void *semaphore, uint64_t value, uint64_t ns) {
	struct wait_info i = {1000207004, NULL, 0, 1, &semaphore, &value};
	return p_wait(device, &i, ns);
}

// native_submit waits on the device for one value of the semaphore (0: none)
// and signals another behind the command buffers.
static int native_submit(void *queue, void *semaphore, uint64_t wait, uint64_t signal, uint32_t n, void *const *commands) {
	const uint32_t stage = 0x10000; // all commands
	struct timeline t = {1000207003, NULL, wait != 0, &wait, 1, &signal};
	struct submit s = {4, &t, wait != 0, &semaphore, &stage, n, commands, 1, &semaphore};
	return p_submit(queue, 1, &s, NULL);
}
*/
import "C"

import (
	"unsafe"

	vulkan "github.com/goki/vulkan"
)

// loadNative finds the functions; false means that the loader lacks one.
func loadNative(i vulkan.Instance) bool { return C.native_load(unsafe.Pointer(i)) != 0 }

func getFeatures(d vulkan.PhysicalDevice, chain unsafe.Pointer) {
	C.native_features(unsafe.Pointer(d), chain)
}

func getProperties(d vulkan.PhysicalDevice, chain unsafe.Pointer) {
	C.native_properties(unsafe.Pointer(d), chain)
}

func getMemory(d vulkan.PhysicalDevice, chain unsafe.Pointer) {
	C.native_memory(unsafe.Pointer(d), chain)
}

// bufferAddress is the device address of a buffer.
func bufferAddress(d vulkan.Device, b vulkan.Buffer) uint64 {
	return uint64(C.native_address(unsafe.Pointer(d), unsafe.Pointer(b)))
}

// waitSemaphore waits for a timeline value, up to ns nanoseconds.
func waitSemaphore(d vulkan.Device, s vulkan.Semaphore, value, ns uint64) vulkan.Result {
	return vulkan.Result(C.native_wait(unsafe.Pointer(d), unsafe.Pointer(s), C.uint64_t(value), C.uint64_t(ns)))
}

// submit enqueues command buffers behind value wait of the semaphore (0: no
// wait) and signals value signal when they are done.
func submit(q vulkan.Queue, s vulkan.Semaphore, wait, signal uint64, commands []vulkan.CommandBuffer) vulkan.Result {
	return vulkan.Result(C.native_submit(unsafe.Pointer(q), unsafe.Pointer(s), C.uint64_t(wait), C.uint64_t(signal),
		C.uint32_t(len(commands)), (*unsafe.Pointer)(unsafe.Pointer(&commands[0]))))
}
