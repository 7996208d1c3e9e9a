// Package npy reads and writes NumPy arrays: .npy files of float32 and int32,
// and .npz archives of them.
//
// Arrays are little endian and in C order (the last dimension fastest), as
// NumPy writes them on common machines; anything else is an error that says
// what was found. Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
package npy
