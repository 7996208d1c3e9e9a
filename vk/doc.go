// Package vk runs a graph.Plan on a Vulkan device.
//
// Runtime is the façade: it opens a device, uploads weights and loads plans. A
// Program is one plan on the device, with command buffers that were recorded
// once for each segment and slot and are replayed at each step. Arguments of a
// kernel are 64-bit buffer addresses in its push constants, so there are no
// descriptors and no limit on a tensor's size but the device's memory.
//
// All work goes to one queue and signals one timeline semaphore. A segment
// waits on the device for the segment before it, and starts with a barrier over
// everything earlier on the queue, so steps that overlap in time see each
// other's state in the order in which their segments were submitted: a step
// that reads in its first segment what the step before writes in its last must
// not be submitted sooner. The host waits only in Program.Wait.
//
// A Runtime's methods are for one goroutine at a time; a Program's Submit and
// Wait may be called from several. A device needs Vulkan 1.2 and the features
// that Devices reports as required; anything newer is used where it is there.
package vk
