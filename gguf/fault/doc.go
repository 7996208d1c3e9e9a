// Package fault reads memory that a file is mapped to and that can go away: the
// file is cut short by another program, or its disk fails.
//
// The system tells a program so by a signal that ends it. Read has Go make a panic
// of the signal instead, and returns an error. Code outside Go (a C function that
// is handed the memory) is not covered: copy in Go first.
package fault
