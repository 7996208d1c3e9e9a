// Package device opens a Vulkan device as the backend that the engine runs on.
// It is the one place that knows both, so that everything else builds and tests
// without Vulkan.
package device
