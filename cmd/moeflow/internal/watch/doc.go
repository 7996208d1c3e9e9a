// Package watch serves one page and a stream of events to those who look at it,
// on this machine only unless told otherwise.
//
// Events go out as server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html). One goroutine
// asks the source for them, several times a second and only while somebody
// reads; each reader has a queue of its own, and what does not fit into it is
// lost to that reader alone. So a reader that is slow, or gone, holds up neither
// the others nor what is being watched.
//
// A request must name the server by an address or as localhost: a page of another
// site whose name was made to point here (DNS rebinding) is refused.
package watch
