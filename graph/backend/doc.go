// Package backend says what running plans needs of a device: interfaces, which the
// Vulkan runtime and the reference in plain Go both satisfy. A device holds
// weights and makes programs of plans; a program runs the segments of steps.
// What only some devices can do (timing, measuring themselves) has interfaces of
// its own, which a caller asks for by a type assertion.
package backend
