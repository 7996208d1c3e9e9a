// Package trace writes what happened when, as a file that Perfetto
// (ui.perfetto.dev) and Chrome's about:tracing open.
//
// The format is the JSON object form of trace events
// (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU):
// rows are threads of processes, slices have a begin and an end and nest by time,
// instants are single moments, and arrows join two slices. Times are microseconds
// since the file was created.
//
// Events go to the file as they come, so a long run takes no memory, and after
// every write the file is complete: whatever ends the program leaves a file that
// opens. A pipe gets its end when the trace is closed. A limit on the size keeps a
// trace from filling a disk.
package trace
