// Package graph describes a computation as stages joined by edges and compiles
// it into a Plan: validate → infer → fuse → lower → order → place → fence →
// check, a table of passes, one file a pass.
//
// A Stage never sees a device. It checks shapes (Infer) and appends calls
// (Lower); Compile turns the stages of a Graph into a Plan, which is data: a
// printable list of dispatches with kernels, grids, memory offsets and
// barriers. Package vk runs a Plan on a device and package stages/ref computes
// the same dispatches in plain Go.
package graph
