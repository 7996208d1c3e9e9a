// Package vk runs a graph.Plan on a Vulkan device.
//
// Runtime is the façade: it opens a device, uploads weights and loads plans. A
// Program is one plan on the device, with command buffers that were recorded
// once for each segment and slot and are replayed at each step. Arguments of a
// kernel are 64-bit buffer addresses in its push constants, so there are no
// descriptors and no limit on a tensor's size but the device's memory.
package vk
