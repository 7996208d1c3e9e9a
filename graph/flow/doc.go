// Package flow runs a plan's segments as goroutines joined by channels.
//
// Each segment is a goroutine that receives a graph.Ticket, submits its part of
// the step to the backend and passes the ticket on. It does not wait for the
// device: the backend orders a segment's work after that of the one before. A
// last goroutine waits for finished steps and hands them to Done in order.
package flow
