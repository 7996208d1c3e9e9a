// Package shaders embeds the compiled kernels and finds them by Kernel; data
// only.
//
// A kernel is a file of kernels/<family>, or an instance in one, compiled once per type
// that has all files that the kernel includes: types/<type> is part of the include path,
// and types/CONTRACT.md says what is in there. What kernels share lies in lib/. All arguments are addresses in the push constants, in the order
// of graph's op table, followed by the op's parameters; there are no
// descriptors. Specialization constant 0 is the local size and must always be
// set; constants 1, 2, … are the parameters that KernelInfo.Spec names. The
// entry point is main.
//
// A device needs the features bufferDeviceAddress, shaderInt64,
// storageBuffer16BitAccess and scalarBlockLayout, and the subgroup operations
// basic, arithmetic and shuffle in compute.
//
// The .spv files are made by
//
//	go run ./vk/shaders/gen -glslang PATH
//
// and a test of gen fails where one is older than its sources.
package shaders
