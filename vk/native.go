package vk

// The binding wraps the functions of Vulkan 1.0. This file adds the later ones
// that the runtime needs, found through the loader. It also calls six of 1.0
// itself: queue submits, because they happen at every step, and those that take
// or fill a slice of structures (pipelines, barriers, copies, a device's
// extensions and queue families), because the binding leaves the C copy of such a
// slice to the garbage collector, which may free it while it is still in use.

/*
#cgo linux LDFLAGS: -ldl
#include <stdint.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
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
static int (*p_pipelines)(void *, void *, uint32_t, const void *, const void *, void **);
static void (*p_barrier)(void *, uint32_t, uint32_t, uint32_t, uint32_t, const void *, uint32_t, const void *, uint32_t, const void *);
static void (*p_copy)(void *, void *, void *, uint32_t, const void *);
static int (*p_counter)(void *, void *, uint64_t *);
static any_fn (*p_device_fn)(void *, const char *);
static int (*p_domains)(void *, uint32_t *, uint32_t *);
static int (*p_matrices)(void *, uint32_t *, void *); // NULL where no device has it
static int (*p_extensions)(void *, const char *, uint32_t *, void *);
static void (*p_families)(void *, uint32_t *, void *);

// native_load finds the loader's own functions, which serve every instance, so
// once is enough; but what an extension adds the loader must be asked for by
// each instance, or it has nowhere to pass the call on to.
static int native_load(void *instance) {
	static get_fn get;
	if (!get) {
		void *lib = open_loader();
		get = lib ? (get_fn)find(lib, "vkGetInstanceProcAddr") : NULL;
	}
	if (!get) return 0;
	p_matrices = (int (*)(void *, uint32_t *, void *))get(instance, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
	if (p_copy) return 1;
	p_features = (void (*)(void *, void *))get(instance, "vkGetPhysicalDeviceFeatures2");
	p_properties = (void (*)(void *, void *))get(instance, "vkGetPhysicalDeviceProperties2");
	p_memory = (void (*)(void *, void *))get(instance, "vkGetPhysicalDeviceMemoryProperties2");
	p_address = (uint64_t(*)(void *, const void *))get(instance, "vkGetBufferDeviceAddress");
	p_wait = (int (*)(void *, const void *, uint64_t))get(instance, "vkWaitSemaphores");
	p_submit = (int (*)(void *, uint32_t, const void *, void *))get(instance, "vkQueueSubmit");
	p_pipelines = (int (*)(void *, void *, uint32_t, const void *, const void *, void **))get(instance, "vkCreateComputePipelines");
	p_barrier = (void (*)(void *, uint32_t, uint32_t, uint32_t, uint32_t, const void *, uint32_t, const void *, uint32_t, const void *))get(instance, "vkCmdPipelineBarrier");
	p_counter = (int (*)(void *, void *, uint64_t *))get(instance, "vkGetSemaphoreCounterValue");
	p_device_fn = (any_fn(*)(void *, const char *))get(instance, "vkGetDeviceProcAddr");
	p_extensions = (int (*)(void *, const char *, uint32_t *, void *))get(instance, "vkEnumerateDeviceExtensionProperties");
	p_families = (void (*)(void *, uint32_t *, void *))get(instance, "vkGetPhysicalDeviceQueueFamilyProperties");
	p_domains = (int (*)(void *, uint32_t *, uint32_t *))get(instance, "vkGetPhysicalDeviceCalibrateableTimeDomainsEXT");
	if (!(p_extensions && p_families && p_counter && p_device_fn && p_features && p_properties && p_memory && p_address && p_wait && p_submit && p_pipelines && p_barrier)) return 0;
	p_copy = (void (*)(void *, void *, void *, uint32_t, const void *))get(instance, "vkCmdCopyBuffer");
	return p_copy != NULL;
}

static void native_features(void *device, void *chain) { p_features(device, chain); }
static void native_properties(void *device, void *chain) { p_properties(device, chain); }
static void native_memory(void *device, void *chain) { p_memory(device, chain); }

// The structures below are laid out as vulkan_core.h has them.
struct extension { char name[256]; uint32_t version; };
struct family { uint32_t flags, count, stamps, width, height, depth; };

struct sm_builtins { uint32_t type; void *next; uint32_t count, warps; };

// native_processors is how many multiprocessors a device of NVIDIA's has; the
// device must have VK_NV_shader_sm_builtins.
static uint32_t native_processors(void *device) {
	struct sm_builtins sm = {1000154001, NULL, 0, 0};
	// VkPhysicalDeviceProperties2, which has less than a kilobyte behind its head.
	struct { uint32_t type; void *next; char rest[2048]; } all = {1000059001, &sm, {0}};
	p_properties(device, &all);
	return sm.count;
}

// native_extension tells whether a device has an extension.
static int native_extension(void *device, const char *name) {
	uint32_t n = 0;
	int has = 0;
	if (p_extensions(device, NULL, &n, NULL) < 0 || n == 0) return 0;
	struct extension *list = calloc(n, sizeof *list);
	if (list && p_extensions(device, NULL, &n, list) >= 0)
		for (uint32_t i = 0; i < n; i++) has |= strncmp(list[i].name, name, sizeof list[i].name) == 0;
	free(list);
	return has;
}

// native_families fills up to n queue families and returns how many there are.
static uint32_t native_families(void *device, uint32_t n, struct family *families) {
	p_families(device, &n, n ? families : NULL);
	return n;
}

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

// native_counter is a timeline semaphore's value.
static int native_counter(void *device, void *semaphore, uint64_t *out) { return p_counter(device, semaphore, out); }

// native_calibrates tells whether the device's own clock (domain 0) can be read.
// Only for devices with VK_EXT_calibrated_timestamps.
static int native_calibrates(void *physical) {
	uint32_t n = 16, list[16];
	if (!p_domains || p_domains(physical, &n, list) < 0) return 0;
	for (uint32_t i = 0; i < n; i++)
		if (list[i] == 0) return 1;
	return 0;
}

struct time_info { uint32_t type; const void *next; uint32_t domain; };

// native_ticks reads the device's clock, on devices that calibrate.
static int native_ticks(void *device, uint64_t *out) {
	int (*read)(void *, uint32_t, const void *, uint64_t *, uint64_t *) =
		(int (*)(void *, uint32_t, const void *, uint64_t *, uint64_t *))p_device_fn(device, "vkGetCalibratedTimestampsEXT");
	struct time_info i = {1000184000, NULL, 0};
	uint64_t deviation;
	return read ? read(device, 1, &i, out, &deviation) : -7;
}

struct memory_barrier { uint32_t type; const void *next; uint32_t src, dst; };
struct copy { uint64_t from, to, n; };

static void native_barrier(void *commands, uint32_t from, uint32_t to, uint32_t src, uint32_t dst) {
	struct memory_barrier b = {46, NULL, src, dst};
	p_barrier(commands, from, to, 0, 1, &b, 0, NULL, 0, NULL);
}

static void native_copy(void *commands, void *src, void *dst, uint64_t from, uint64_t to, uint64_t n) {
	struct copy c = {from, to, n};
	p_copy(commands, src, dst, 1, &c);
}

// VK_KHR_cooperative_matrix, which the binding does not know.
struct matrix_features { uint32_t type; void *next; uint32_t matrices, robust; };
struct matrix_shape { uint32_t type; void *next; uint32_t m, n, k, a, b, c, result, saturates, scope; };

static struct matrix_features *native_matrix_features(void) {
	struct matrix_features *f = calloc(1, sizeof *f);
	f->type = 1000506000;
	return f;
}

// native_matrices fills up to n shapes and returns how many there are.
static uint32_t native_matrices(void *device, uint32_t n, struct matrix_shape *shapes) {
	for (uint32_t i = 0; i < n; i++) shapes[i] = (struct matrix_shape){.type = 1000506001};
	return p_matrices && p_matrices(device, &n, n ? shapes : NULL) >= 0 ? n : 0;
}

struct entry { uint32_t id, offset; size_t size; };
struct specialization { uint32_t n; const struct entry *entries; size_t size; const void *data; };
struct required_size { uint32_t type; void *next; uint32_t size; };
struct stage {
	uint32_t type; const void *next;
	uint32_t flags, stage; void *module; const char *name; const struct specialization *spec;
};
struct pipeline { uint32_t type; const void *next; uint32_t flags; struct stage stage; void *layout, *base; int32_t index; };

// native_pipeline makes one compute pipeline whose specialization constants
// 0 .. n-1 are consts. subgroup is its required subgroup size, 0 to leave that
// to the driver.
static int native_pipeline(void *device, void *cache, void *layout, void *module, uint32_t flags, uint32_t subgroup,
                           uint32_t n, const uint32_t *consts, void **out) {
	struct entry entries[16];
	if (n > 16) return -3;
	for (uint32_t i = 0; i < n; i++) entries[i] = (struct entry){i, 4 * i, 4};
	struct specialization spec = {n, entries, 4 * n, consts};
	struct required_size size = {1000225001, NULL, subgroup};
	struct pipeline p = {29, NULL, 0, {18, subgroup ? &size : NULL, flags, 0x20, module, "main", &spec}, layout, NULL, -1};
	return p_pipelines(device, cache, 1, &p, NULL, out);
}
*/
import "C"

import (
	"unsafe"

	vulkan "github.com/goki/vulkan"
)

// loadNative finds the functions; false means that the loader lacks one.
func loadNative(i vulkan.Instance) bool { return C.native_load(unsafe.Pointer(i)) != 0 }

// processors is how many multiprocessors a device says it has, or 0.
func processors(d vulkan.PhysicalDevice) uint32 {
	if !hasExtension(d, "VK_NV_shader_sm_builtins") {
		return 0
	}
	return uint32(C.native_processors(unsafe.Pointer(d)))
}

func getFeatures(d vulkan.PhysicalDevice, chain unsafe.Pointer) {
	C.native_features(unsafe.Pointer(d), chain)
}

func getProperties(d vulkan.PhysicalDevice, chain unsafe.Pointer) {
	C.native_properties(unsafe.Pointer(d), chain)
}

func getMemory(d vulkan.PhysicalDevice, chain unsafe.Pointer) {
	C.native_memory(unsafe.Pointer(d), chain)
}

// hasExtension tells whether a device has an extension.
func hasExtension(d vulkan.PhysicalDevice, name string) bool {
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	return C.native_extension(unsafe.Pointer(d), c) != 0
}

// queueFamily is what a queue family can do and how many bits its timestamps have.
type queueFamily struct{ flags, stamps uint32 }

func queueFamilies(d vulkan.PhysicalDevice) []queueFamily {
	n := C.native_families(unsafe.Pointer(d), 0, nil)
	if n == 0 {
		return nil
	}
	raw := make([]C.struct_family, n)
	var out []queueFamily
	for _, f := range raw[:min(n, C.native_families(unsafe.Pointer(d), n, &raw[0]))] {
		out = append(out, queueFamily{uint32(f.flags), uint32(f.stamps)})
	}
	return out
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

// semaphoreValue is how far a timeline semaphore has come.
func semaphoreValue(d vulkan.Device, s vulkan.Semaphore) (uint64, vulkan.Result) {
	var out C.uint64_t
	r := C.native_counter(unsafe.Pointer(d), unsafe.Pointer(s), &out)
	return uint64(out), vulkan.Result(r)
}

// calibrates tells whether a device with VK_EXT_calibrated_timestamps lets the
// host read its own clock.
func calibrates(d vulkan.PhysicalDevice) bool { return C.native_calibrates(unsafe.Pointer(d)) != 0 }

// deviceTicks reads the device's clock through VK_EXT_calibrated_timestamps.
func deviceTicks(d vulkan.Device) (uint64, vulkan.Result) {
	var out C.uint64_t
	r := C.native_ticks(unsafe.Pointer(d), &out)
	return uint64(out), vulkan.Result(r)
}

// barrier records a global memory barrier.
func barrier(cb vulkan.CommandBuffer, from, to vulkan.PipelineStageFlags, src, dst vulkan.AccessFlags) {
	C.native_barrier(unsafe.Pointer(cb), C.uint32_t(from), C.uint32_t(to), C.uint32_t(src), C.uint32_t(dst))
}

// copyBuffer records a copy of n bytes.
func copyBuffer(cb vulkan.CommandBuffer, src, dst vulkan.Buffer, from, to, n uint64) {
	C.native_copy(unsafe.Pointer(cb), unsafe.Pointer(src), unsafe.Pointer(dst), C.uint64_t(from), C.uint64_t(to), C.uint64_t(n))
}

// createPipeline compiles a module with specialization constants 0, 1, ….
// flags are those of its stage; subgroup is its required subgroup size or 0.
func createPipeline(d *device, cache vulkan.PipelineCache, module vulkan.ShaderModule, flags, subgroup uint32, consts []uint32) (vulkan.Pipeline, vulkan.Result) {
	var out unsafe.Pointer
	r := C.native_pipeline(unsafe.Pointer(d.handle), unsafe.Pointer(cache), unsafe.Pointer(d.layout), unsafe.Pointer(module),
		C.uint32_t(flags), C.uint32_t(subgroup), C.uint32_t(len(consts)), (*C.uint32_t)(unsafe.Pointer(&consts[0])), &out)
	return vulkan.Pipeline(out), vulkan.Result(r)
}

// matrixFeatures is the extension's feature structure in C memory, to be linked
// into a chain and freed with freeTag.
type matrixFeatures = C.struct_matrix_features

func newMatrixFeatures() *matrixFeatures { return C.native_matrix_features() }

// matrixShapes lists the shapes that a device's matrix units multiply.
func matrixShapes(d vulkan.PhysicalDevice) []MatrixShape {
	n := C.native_matrices(unsafe.Pointer(d), 0, nil)
	if n == 0 {
		return nil
	}
	raw := make([]C.struct_matrix_shape, n)
	n = C.native_matrices(unsafe.Pointer(d), n, &raw[0])
	var out []MatrixShape
	for _, r := range raw[:n] {
		if r.scope == subgroupScope {
			out = append(out, MatrixShape{uint32(r.m), uint32(r.n), uint32(r.k), component(r.a), component(r.b), component(r.c), component(r.result)})
		}
	}
	return out
}

// newTag makes a pointer that C may hold as a key, for freeTag to free.
func newTag() unsafe.Pointer { return C.malloc(1) }

func freeTag(tag unsafe.Pointer) { C.free(tag) }
